"""Objects of a cluster → phases, tasks and reasons; pure, for every carrier."""

from __future__ import annotations

import pytest

from jupyter_crater.backends.kubernetes import observe, record, said
from jupyter_crater.spec import Observation
from jupyter_crater.timeline import reduce

from . import objects as o


def line(seen, after=200.0):
    now = o.T0 + after
    return reduce(observe.observations(seen, now=now), now=now)


def volcano(spec, phase="Running", pods=(), **more):
    state = {"phase": phase, "lastTransitionTime": o.stamp(100)}
    workload = o.workload_of(spec, "volcano", status={"state": state}, **more.pop("meta", {}))
    return o.seen(workload, pods, **more)


def test_no_pods_yet(distributed):
    found = line(volcano(distributed, "Pending"))
    assert (found.phase, found.message) == ("queued", "2 of 2 pods not made yet")


def test_waiting_for_gpus_tells_numbers(distributed):
    text = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."
    pods = [o.pending(o.head(), text), o.pending(o.worker(), text)]
    found = line(volcano(distributed, "Pending", pods))
    assert (found.phase, found.reason) == ("queued", "scheduler")
    assert found.message == (
        "None of 3 nodes has room now: 3 with too few free GPUs (nvidia.com/gpu)."
    )
    assert found.head_ip is None


def test_pulling_and_its_trouble(distributed):
    pods = [o.creating(o.head()), o.creating(o.worker())]
    assert line(volcano(distributed, "Pending", pods)).phase == "scheduled"
    pulls = [o.event("r1-head-0", "Pulling", 'Pulling image "lab/vllm:1"', type_="Normal")]
    assert line(volcano(distributed, "Pending", pods, events=pulls)).phase == "pulling"
    pods[1] = o.creating(o.worker(), "ImagePullBackOff", "manifest unknown")
    found = line(volcano(distributed, "Pending", pods))
    assert (found.phase, found.reason) == ("pulling", "image")
    assert "the registry has no such image" in found.message


def test_from_running_to_serving(distributed):
    pods = [o.head(), o.worker(at=12)]
    found = line(volcano(distributed, pods=pods))
    assert (found.phase, found.head_ip) == ("starting-ray", "10.0.0.7")
    assert [(t.task, t.node, t.phase) for t in found.tasks] == [
        ("head", "n1", "running"),
        ("worker", "n2", "running"),
    ]
    found = line(volcano(distributed, pods=[o.head(ready=True), o.worker()]))
    assert [e.phase for e in found.entries] == ["queued", "scheduled", "starting-ray", "serving"]
    assert found.entries[-1].started == o.T0 + 70


def test_the_log_gives_the_fine_phases(distributed):
    text = [
        (20, "jupyter-crater: waiting for nodes: 1 of 2 nodes, 4 of 8 GPUs; missing: r1-worker-0"),
        (30, "jupyter-crater: all nodes have joined: 2 of 2 nodes, 8 of 8 GPUs"),
        (40, "INFO 11-24 12:00:00 gpu_model_runner.py:1] Starting to load model x"),
        (50, "INFO 11-24 12:00:00 x.py:1] Model loading took 15.3 GB"),
    ]
    fine = [m.observation(o.T0 + t, "head", 0) for t, words in text for m in said.meanings(words)]
    found = line(volcano(distributed, pods=[o.head(), o.worker()], fine=fine))
    assert [e.phase for e in found.entries] == [
        "queued",
        "scheduled",
        "starting-ray",
        "waiting-for-workers",
        "starting-engine",
        "loading-weights",
        "warming-up",
    ]
    assert found.facts["weights_gib"] == 15.3


def test_the_head_runs_and_a_worker_waits(distributed):
    text = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."
    pods = [o.head(), o.pending(o.worker(), text)]
    said_ = said.meanings("jupyter-crater: waiting for nodes: 1 of 2 nodes, 4 of 8 GPUs")
    fine = [m.observation(o.T0 + 20, "head", 0) for m in said_]
    found = line(volcano(distributed, pods=pods, fine=fine))
    assert (found.phase, found.reason) == ("waiting-for-workers", "scheduler")
    assert "too few free GPUs" in found.message


def test_an_engine_that_stopped_answering(distributed):
    found = line(volcano(distributed, pods=[o.head(started=True), o.worker()]))
    assert (found.phase, found.reason) == ("unreachable", "not-responding")


def test_a_lost_node(distributed):
    lost = o.worker()
    lost["status"]["conditions"][1]["reason"] = "NodeStatusUnknown"
    found = line(volcano(distributed, pods=[o.head(ready=True), lost]))
    assert (found.phase, found.reason) == ("unreachable", "node-lost")
    assert "node n2" in found.message


def disrupted(document, reason):
    target = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": reason,
        "lastTransitionTime": o.stamp(90),
    }
    document["status"]["conditions"].append(target)
    return o.ended(document, 143)


@pytest.mark.parametrize(
    ("dead", "code", "words"),
    [
        (
            lambda: o.ended(o.worker(), 137, "OOMKilled"),
            "oom-killed",
            "worker-0 (n2) used more memory than it may (its limit is 64Gi)",
        ),
        (lambda: o.ended(o.worker(), 3), "exited", "worker-0 (n2) ended with exit code 3"),
        (
            lambda: disrupted(o.worker(), "PreemptionByScheduler"),
            "preempted",
            "a job of higher priority took its place",
        ),
        (
            lambda: disrupted(o.worker(), "DeletionByTaintManager"),
            "node-lost",
            "closed or stopped answering",
        ),
        (
            lambda: (
                o.worker()
                | {
                    "status": {
                        "phase": "Failed",
                        "reason": "Evicted",
                        "message": "The node was low on resource: memory.",
                    }
                }
            ),
            "evicted",
            "The node was low on resource: memory.",
        ),
    ],
)
def test_who_died_first_and_why(distributed, dead, code, words):
    # The head follows the dead worker with an exit code of its own.
    pods = [o.ended(o.head(), 1, at=99), dead()]
    if code == "exited":
        pods[0] = o.ended(o.head(), 1, at=101)
    found = line(volcano(distributed, "Terminated", pods))
    assert (found.phase, found.reason) == ("failed", code)
    assert words in found.message


def test_the_log_names_a_cause_better_than_an_exit_code(distributed):
    fine = [
        m.observation(o.T0 + 50, "head", 0)
        for m in said.meanings(
            "ValueError: Bfloat16 is only supported on GPUs with compute capability"
        )
    ]
    pods = [o.ended(o.head(), 1), o.ended(o.worker(), 1, at=101)]
    found = line(volcano(distributed, "Terminated", pods, fine=fine))
    assert (found.phase, found.reason) == ("failed", "bfloat16-unsupported")


def test_a_stop_and_a_lease(distributed):
    note = {record.STOPPED: str(o.T0 + 90)}
    workload = o.workload_of(distributed, "volcano", status={"state": {"phase": "Aborting"}})
    workload["metadata"]["annotations"] |= note
    assert line(o.seen(workload)).phase == "stopping"
    workload["status"]["state"]["phase"] = "Aborted"
    assert line(o.seen(workload)).phase == "stopped"
    state = {"phase": "Completed", "lastTransitionTime": o.stamp(8 * 3600 + 12)}
    done = o.workload_of(distributed, "volcano", status={"state": state})
    found = line(o.seen(done, [o.ended(o.head(), 0, "Completed")]), after=9 * 3600)
    assert (found.phase, found.message) == ("stopped", "head has ended.")
    kept = o.ended(o.head(), 0, "Completed")
    kept["metadata"]["annotations"] = {record.LEASE_UNTIL: str(int(o.T0) + 8 * 3600 + 10)}
    found = line(o.seen(done, [kept]), after=9 * 3600)
    assert (found.reason, found.message) == ("lease-over", "Its lease has passed.")


def test_a_restart(distributed):
    spec = distributed.model_copy(update={"max_restarts": 2})
    status = {"state": {"phase": "Restarting"}, "retryCount": 1}
    found = line(o.seen(o.workload_of(spec, "volcano", status=status), [o.head()]))
    assert (found.phase, found.message) == ("restarting", "restart 1 of 2")


def test_a_deletion_that_hangs_names_the_finalizer(distributed):
    meta = {"deletionTimestamp": o.stamp(10), "finalizers": ["example.com/backup"]}
    found = line(volcano(distributed, meta=meta), after=310)
    assert found.phase == "stopping"
    assert "example.com/backup" in found.message


# -- the other carriers ----------------------------------------------------------------------------


def indexed(index, **options):
    labels = {"batch.kubernetes.io/job-completion-index": str(index)}
    return o.pod(f"r1-{index}-x", labels, **options)


def test_plain_kubernetes_tells_head_and_worker_by_index(distributed):
    seen = o.seen(o.workload_of(distributed, "kubernetes"), [indexed(1), indexed(0, ready=True)])
    assert [(p.task, p.index) for p in seen.pods] == [("head", 0), ("worker", 0)]
    assert line(seen).phase == "serving"


@pytest.mark.parametrize(
    ("conditions", "phase", "reason"),
    [
        ([{"type": "Complete", "status": "True"}], "stopped", None),
        (
            [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "late"}],
            "failed",
            "DeadlineExceeded",
        ),
    ],
)
def test_plain_kubernetes_ends(distributed, conditions, phase, reason):
    found = line(
        o.seen(o.workload_of(distributed, "kubernetes", status={"conditions": conditions}))
    )
    assert (found.phase, found.reason) == (phase, reason)


def test_kueue_holds_a_job_back(distributed):
    workload = o.workload_of(distributed, "kubernetes")
    workload["spec"]["suspend"] = True
    workload["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = "lab"
    found = line(o.seen(workload))
    assert (found.phase, found.reason) == ("queued", "held")


def ray(name, kind, cluster="r1-abc", **options):
    labels = {record.TASK: kind, "ray.io/cluster": cluster, "ray.io/node-type": kind}
    return o.pod(name, labels, **options)


def test_kuberay_is_not_serving_because_ray_is_ready(distributed):
    status = {"jobDeploymentStatus": "Running", "jobStatus": "RUNNING", "rayClusterName": "r1-abc"}
    workload = o.workload_of(distributed, "kuberay", status=status)
    pods = [
        ray("old-head", "head", cluster="r1-old", ready=True),
        ray("r1-abc-head", "head", ready=True),
        ray("r1-abc-w-zz", "worker", ready=True),
    ]
    seen = o.seen(workload, pods)
    assert seen.head.name == "r1-abc-head"
    assert seen.starting
    assert line(seen).phase == "starting-ray"
    fine = [Observation(o.T0 + 150, "phase", "serving")]
    seen = o.seen(workload, pods, fine=fine)
    assert line(seen).phase == "serving"
    assert not seen.starting


@pytest.mark.parametrize(
    ("status", "phase", "reason"),
    [
        (
            {"jobDeploymentStatus": "Failed", "reason": "AppFailed", "message": "exit 1"},
            "failed",
            "AppFailed",
        ),
        (
            {"jobDeploymentStatus": "ValidationFailed", "message": "no"},
            "failed",
            "ValidationFailed",
        ),
        ({"jobDeploymentStatus": "Complete", "jobStatus": "SUCCEEDED"}, "stopped", None),
        ({"jobDeploymentStatus": "Retrying"}, "restarting", None),
        ({"jobDeploymentStatus": "Suspending"}, "stopping", None),
    ],
)
def test_kuberay_ends(distributed, status, phase, reason):
    found = line(o.seen(o.workload_of(distributed, "kuberay", status=status)))
    assert (found.phase, found.reason) == (phase, reason)


def test_a_pod_missing_from_a_job_that_served(distributed):
    fine = [Observation(o.T0 + 60, "phase", "serving")]
    found = line(volcano(distributed, pods=[o.head(ready=True)], fine=fine))
    assert (found.phase, found.message) == ("restarting", "1 of 2 pods run")


@pytest.mark.parametrize(
    ("carrier", "running", "done"),
    [
        ("kubernetes", {"active": 2}, {"conditions": [{"type": "Suspended", "status": "True"}]}),
        ("kuberay", {"jobDeploymentStatus": "Suspending"}, {"jobDeploymentStatus": "Suspended"}),
    ],
)
def test_a_stop_by_suspending_is_no_queue(distributed, carrier, running, done):
    workload = o.workload_of(distributed, carrier, status=running)
    workload["spec"]["suspend"] = True
    workload["metadata"]["annotations"][record.STOPPED] = str(o.T0 + 90)
    assert line(o.seen(workload)).phase == "stopping"
    workload["status"] = done
    found = line(o.seen(workload))
    assert (found.phase, found.message) == ("stopped", "Stopped.")
