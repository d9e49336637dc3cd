"""Why it waits: the texts are those of Kubernetes, Volcano and Kueue; the words are ours."""

from __future__ import annotations

import pytest

from jupyter_crater.backends.kubernetes import waiting


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (
            (
                "0/12 nodes are available: 8 Insufficient nvidia.com/gpu, 3 node(s) had untolerated taint "
                "{node-role.kubernetes.io/control-plane: }, 1 node(s) didn't match Pod's node "
                "affinity/selector. preemption: 0/12 nodes are available: 12 No preemption victims found."
            ),
            "scheduler",
            (
                "None of 12 nodes has room now: 8 with too few free GPUs (nvidia.com/gpu); 3 closed to "
                "it by a taint (node-role.kubernetes.io/control-plane); 1 without the labels it asks "
                "for (the GPU type, for instance)."
            ),
        ),
        (
            "0/1 nodes are available: 1 Insufficient memory.",
            "scheduler",
            "The only node has no room now: 1 with too little memory free.",
        ),
        (
            '0/3 nodes are available: persistentvolumeclaim "models" not found. not found',
            "volume",
            'persistentvolumeclaim "models" not found',
        ),
        (
            "2/2 tasks in gang unschedulable: pod group is not ready, 2 Pending, 2 minAvailable",
            "gang",
            "All 2 pods start together or none does, and 2 find no node yet.",
        ),
        ("queue gpu is overused", "queue", "share is in use"),
        ("something new", "scheduler", "something new"),
    ],
)
def test_the_scheduler(text, code, words):
    found = waiting.scheduler(text)
    assert found.code == code
    assert words in found.text


def test_a_quota_tells_its_numbers():
    text = (
        'pods "r1-head-0" is forbidden: exceeded quota: team, requested: '
        "requests.nvidia.com/gpu=4, used: requests.nvidia.com/gpu=6, limited: requests.nvidia.com/gpu=8"
    )
    told = waiting.quota(text)
    assert "GPUs (nvidia.com/gpu): 6 of 8 in use, 4 more asked for" in told
    assert "'team'" in told
    event = {"type": "Warning", "reason": "FailedCreate", "message": f"Error creating: {text}"}
    assert waiting.of_event(event) == waiting.Why("quota", told)
    assert waiting.quota("pods is forbidden: User cannot create") is None


@pytest.mark.parametrize(
    ("message", "words", "stuck"),
    [
        ('failed to pull: "x": not found', "no such image", True),
        ("pull access denied, repository requires authorization", "wants a login", True),
        ("dial tcp: lookup registry: no such host", "can't be reached", False),
        ("toomanyrequests: You have reached your pull rate limit", "no more pulls", False),
    ],
)
def test_an_image_that_cannot_be_pulled(message, words, stuck):
    state = {"waiting": {"reason": "ImagePullBackOff", "message": message}}
    pod = {"status": {"containerStatuses": [{"image": "lab/vllm:1", "state": state}]}}
    (why,) = waiting.of_pod(pod)
    assert (why.code, why.stuck) == ("image", stuck)
    assert words in why.text
    assert "lab/vllm:1" in why.text


def test_gates_groups_and_kueue():
    gated = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
    assert next(waiting.of_pod({"status": {"conditions": [gated]}})).code == "held"
    assert next(
        waiting.of_group({"spec": {"queue": "gpu"}, "status": {"phase": "Pending"}})
    ).text == ("It stands in the queue 'gpu', which has no room for it yet.")
    workload = {
        "metadata": {"labels": {"kueue.x-k8s.io/queue-name": "lab"}},
        "spec": {"suspend": True},
    }
    assert "'lab'" in next(waiting.of_workload(workload)).text


def test_what_waiting_does_not_help_comes_first():
    found = [
        waiting.Why("gang", "g"),
        waiting.Why("scheduler", "s"),
        waiting.Why("volume", "v", stuck=True),
    ]
    assert waiting.best(found).text == "v"
    assert waiting.best(found[:2]).text == "s"
    assert waiting.best([]) is None


def test_ordinary_events_say_nothing():
    event = {"type": "Normal", "reason": "Scheduled", "message": "Successfully assigned"}
    assert waiting.of_event(event) is None
