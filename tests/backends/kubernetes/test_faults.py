"""The fault table: what goes wrong, what status says of it within 5 s, and that delete leaves nothing.

Each row of ``LIVING`` strikes a serving or starting job; each of ``SUBMITTING`` strikes a submit.
"""

from __future__ import annotations

import copy
import itertools
import socket
import time
from dataclasses import dataclass

import pytest

from jupyter_crater.backends.kubernetes import client as client_module, reach
from jupyter_crater.backends.kubernetes.backend import KubernetesBackend
from jupyter_crater.errors import (
    AuthenticationError,
    BackendUnavailable,
    ConflictError,
    DoesNotFit,
    InputError,
    JobNotFound,
    NotFound,
    PermissionDenied,
)

from ...waiting import until
from .memory import now
from .playing import Play, api, as_a_new_process, backend, play
from .scripted import Answer, status

__all__ = ["api", "backend", "play"]
pytestmark = pytest.mark.slow
WORKLOADS = "batch.volcano.sh/v1alpha1/jobs"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Bounds of minutes as bounds of seconds: what is tested is that they hold."""
    monkeypatch.setattr(client_module, "RETRY_S", 1.5)
    monkeypatch.setattr(client_module, "SILENCE_S", 1.5)


def submit(backend, spec):
    return backend.submit(spec, "r1", asked=spec, changes=[])


def on_create(api, answer, *, plural="jobs", times=10**6, dry=False):
    """Answer so many creations of a kind."""
    left = [times]

    def fault(method, path, query):
        hit = method == "POST" and path.endswith(f"/{plural}") and ("dryRun" in query) == dry
        if hit and left[0]:
            left[0] -= 1
            return answer() if callable(answer) else answer
        return None

    api.fault = fault


# -- while it is submitted -------------------------------------------------------------------------


def down(api):
    api.down = True


def dies_after_the_first_object(api):
    def die():
        api.down = True
        return Answer(cut=True)

    on_create(api, die, plural="services")


def somebody_is_faster(api):
    def other():
        body = api.request.body
        theirs = body | {"metadata": body["metadata"] | {"annotations": {}}}
        api.put(WORKLOADS, theirs)
        return status(409, "AlreadyExists", "jobs r1 already exists")

    on_create(api, other, times=1)


QUOTA = (
    "jobs is forbidden: exceeded quota: team, requested: requests.nvidia.com/gpu=8, "
    "used: requests.nvidia.com/gpu=4, limited: requests.nvidia.com/gpu=8"
)
REFUSED = 'admission webhook "validatejob.volcano.sh" denied the request: unable to find queue gpu'

SUBMITTING = {
    "the API server is down": (down, BackendUnavailable, "can't be reached"),
    "it dies between two objects": (dies_after_the_first_object, BackendUnavailable, "can't be"),
    "somebody else makes the job meanwhile": (somebody_is_faster, ConflictError, "somebody else"),
    "a quota refuses the workload": (
        lambda api: on_create(api, status(403, "Forbidden", QUOTA)),
        DoesNotFit,
        "4 of 8 in use, 8 more asked for",
    ),
    "a webhook refuses the dry run": (
        lambda api: on_create(api, status(403, "Forbidden", REFUSED), dry=True),
        InputError,
        "unable to find queue gpu",
    ),
    "a right is missing": (
        lambda api: api.denied.add(("create", "services")),
        PermissionDenied,
        "create services",
    ),
    "the token is not taken, nor a new one": (
        lambda api: setattr(api, "fault", lambda *_: status(401, "Unauthorized", "expired")),
        AuthenticationError,
        "Log in again",
    ),
    "the server is busy and stays so": (
        lambda api: on_create(api, status(429, "TooMany", "busy", headers={"Retry-After": "1"})),
        BackendUnavailable,
        "is busy",
    ),
    "the carrier is uninstalled meanwhile": (
        lambda api: on_create(api, status(404, "NotFound", "no matches for kind Job")),
        NotFound,
        "no matches",
    ),
}


def test_delete_removes_what_a_broken_submit_left(api, backend, distributed):
    backend.names()
    dies_after_the_first_object(api)
    with pytest.raises(BackendUnavailable):
        submit(backend, distributed)
    api.down, api.fault = False, lambda *_: None
    assert api.objects
    backend.delete("r1")
    assert api.objects == {}
    with pytest.raises(JobNotFound):
        backend.delete("r1")


@pytest.mark.parametrize("what", SUBMITTING)
def test_a_submit_that_fails_leaves_nothing(api, backend, distributed, what):
    strike, error, words = SUBMITTING[what]
    backend.names()  # it was well until now
    strike(api)
    with pytest.raises(error, match=words) as caught:
        submit(backend, distributed)
    if api.down and api.objects:
        assert "left over" in caught.value.hint, "what can't be taken back is told"
        api.down, api.fault = False, lambda *_: None
        submit(backend, distributed)  # and is no hindrance
        return
    ours = [k for k, d in api.objects.items() if (d["metadata"].get("annotations") or {}) != {}]
    assert [k for k in ours if k[0] != WORKLOADS] == []


def test_the_server_dies_at_any_request_of_a_submit(api, backend, distributed, monkeypatch):
    """At the first, the second, … until one submit needs no more: told, nothing left, or what is."""
    monkeypatch.setattr(client_module, "RETRY_S", 0.3)
    backend.names()
    for number in itertools.count(1):
        left = [number]

        def fault(method, path, query, left=left):
            left[0] -= "watch" not in query
            if left[0] == 0:
                api.down = True
                return Answer(cut=True)
            return None

        api.fault = fault
        failed = None
        try:
            submit(backend, distributed)
        except BackendUnavailable as error:
            failed = error
        api.down, api.fault = False, lambda *_: None
        if failed is None:
            assert len(api.names(WORKLOADS)) == 1
            if left[0] > 0:
                break
        elif api.objects:
            assert "left over" in failed.hint
            submit(backend, distributed)  # is no hindrance
            assert len(api.names(WORKLOADS)) == 1
        if api.objects:
            backend.delete("r1")
        assert api.objects == {}
    assert number > 15, "every request of a submit had its turn"


RECOVERED = {
    "429 with Retry-After": lambda api: on_create(
        api, status(429, "TooMany", "busy", headers={"Retry-After": "0.2"}), times=2
    ),
    "the answer to a creation is lost": lambda api: on_create(
        api,
        lambda: (
            api._verb("POST", WORKLOADS, "team", None, {}, api.request.body),
            Answer(cut=True),
        )[1],
        times=1,
    ),
    "the request is lost before it is carried out": lambda api: on_create(
        api, Answer(cut=True), times=1
    ),
    "one 401, then the renewed token is taken": lambda api: on_create(
        api, status(401, "Unauthorized"), times=1, dry=True
    ),
}


@pytest.mark.parametrize("what", RECOVERED)
def test_a_submit_that_recovers(api, backend, distributed, what):
    backend.names()
    RECOVERED[what](api)
    assert not submit(backend, distributed).attached
    assert len(api.names(WORKLOADS)) == 1
    assert backend.names() == ["r1"]


# -- while it runs ---------------------------------------------------------------------------------


@dataclass
class Row:
    """``strike`` does it; then status has this phase, this reason and these words."""

    strike: object
    phase: str = "serving"
    reason: str | None = None
    words: str = ""
    starting: bool = False
    """Strike before the pods run."""
    back: object = None
    """Undo it: then it serves again."""


def pod_of(play: Play, name):
    return copy.deepcopy(play.api.get("v1/pods", f"r1-{name}"))


def cut_watches(api, play):
    api.dropped += 1
    later(api, play)


def later(api, play):
    """A change that only a working watch shows."""
    play.run("worker-0", ip="10.9.9.9")


def silent(api, play):
    """The connections stay, and nothing comes any more: as behind a lost NAT entry."""
    real = api._watch
    api._watch = real

    def stuck(plural, query):
        yield 30

    api.bookmark_s = 30
    api._watch = stuck
    api.dropped += 1
    time.sleep(0.3)
    api._watch = real
    api.bookmark_s = 0.3
    later(api, play)


def expired(api, play):
    api.dropped += 1
    later(api, play)
    api.compact()


def unauthorized(api, play):
    left = [3]

    def fault(method, path, query):
        if "watch" in query and left[0]:
            left[0] -= 1
            return status(401, "Unauthorized", "token expired")
        return None

    api.fault = fault
    api.dropped += 1
    later(api, play)


def throttled(api, play):
    left = [2]

    def fault(method, path, query):
        if "watch" in query and left[0]:
            left[0] -= 1
            return status(429, "TooMany", "later", headers={"Retry-After": "0.2"})
        return None

    api.fault = fault
    api.dropped += 1
    later(api, play)


def garbage(api, play):
    left = [2]

    def fault(method, path, query):
        if "watch" in query and left[0]:
            left[0] -= 1
            return Answer(stream=['{"type": "MODIF'])
        return None

    api.fault = fault
    api.dropped += 1
    later(api, play)


def evicted(api, play):
    told = {"reason": "Evicted", "message": "The node was low on resource: ephemeral-storage."}
    play.change("worker-0", phase="Failed", containerStatuses=[], **told)
    play.state("Terminated")


def oom(api, play):
    play.die("worker-0", 137, "OOMKilled")
    time.sleep(0.05)
    play.die("head-0", 1)
    play.state("Terminated")


def preempted(api, play):
    why = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
    why["lastTransitionTime"] = now()
    found = pod_of(play, "worker-0")["status"]["conditions"]
    play.die("worker-0", 143, conditions=[*found, why])
    play.state("Terminated")


def node_lost(api, play):
    found = pod_of(play, "worker-0")["status"]["conditions"]
    lost = {"type": "Ready", "status": "False", "reason": "NodeStatusUnknown"}
    play.change("worker-0", conditions=[found[0], lost | {"lastTransitionTime": now()}])


def exit_with_cause(api, play):
    api.say("r1-head-0", "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB")
    play.die("head-0", 1)
    play.state("Terminated")


def moved(api, play):
    play.run("head-0", ip="10.7.7.7")
    play.ready()


def unready(api, play):
    play.ready(status="False")


def restarting(api, play):
    for pod in play.each():
        api.drop("v1/pods", f"r1-{pod}")
    play.state("Restarting")


def vanished_pod(api, play):
    play.change("worker-0", phase="Unknown", reason="NodeLost")


def waiting(reason, message):
    def strike(api, play):
        for pod in play.each():
            found = pod_of(play, pod)
            found["spec"]["nodeName"] = "n1"
            state = {"waiting": {"reason": reason, "message": message}}
            placed = {"type": "PodScheduled", "status": "True", "lastTransitionTime": now()}
            name = found["spec"]["containers"][0]["name"]
            found["status"] |= {
                "conditions": [placed],
                "containerStatuses": [{"name": name, "image": "lab/x", "state": state}],
            }
            api.put("v1/pods", found)

    return strike


def told(reason, message, about="r1"):
    def strike(api, play):
        event = {
            "metadata": {"name": "r1.1"},
            "involvedObject": {"name": about},
            "reason": reason,
            "message": message,
            "type": "Warning",
            "lastTimestamp": now(),
        }
        api.put("v1/events", event)

    return strike


def skewed(seconds):
    """The node's clock is ahead, or behind."""

    def strike(api, play):
        found = pod_of(play, "head-0")
        stamp = now(seconds)
        for condition in found["status"]["conditions"]:
            condition["lastTransitionTime"] = stamp
        found["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = stamp
        api.put("v1/pods", found)
        later(api, play)

    return strike


def servers_clock(seconds):
    """The API server's clock, which stamps what is made, is ahead or behind."""

    def strike(api, play):
        found = copy.deepcopy(play.workload)
        found["metadata"]["creationTimestamp"] = now(seconds)
        api.put(WORKLOADS, found)
        for pod in play.each():
            one = pod_of(play, pod)
            one["metadata"]["creationTimestamp"] = now(seconds)
            api.put("v1/pods", one)
        later(api, play)

    return strike


def away(api, play):
    api.down = True


def return_(api, play):
    api.down = False


def finalizer(api, play):
    found = copy.deepcopy(play.workload)
    found["metadata"]["finalizers"] = ["example.com/backup"]
    found["metadata"]["deletionTimestamp"] = now(-120)
    api.put(WORKLOADS, found)


def unfinalizer(api, play):
    found = copy.deepcopy(play.workload)
    found["metadata"].pop("finalizers")
    found["metadata"].pop("deletionTimestamp")
    api.put(WORKLOADS, found)


PULL = 'Back-off pulling image "lab/x": manifest unknown'
FAILED_CREATE = f"Error creating pod: {QUOTA}"
LIVING = {
    "watch cut": Row(cut_watches, words="10.9.9.9"),
    "watch cut silently": Row(silent, words="10.9.9.9"),
    "410 mid-watch": Row(expired, words="10.9.9.9"),
    "401 mid-watch": Row(unauthorized, words="10.9.9.9"),
    "429 on the watch": Row(throttled, words="10.9.9.9"),
    "half a line on the watch": Row(garbage, words="10.9.9.9"),
    "API server away": Row(
        away, "unreachable", "api-unreachable", "Nothing was heard", back=return_
    ),
    "clock of a node ahead": Row(skewed(3600), words="10.9.9.9"),
    "clock of a node behind": Row(skewed(-7200), words="10.9.9.9"),
    "clock of the server ahead": Row(servers_clock(3600), words="10.9.9.9"),
    "clock of the server behind": Row(servers_clock(-7200), words="10.9.9.9"),
    "pod evicted": Row(evicted, "failed", "evicted", "ephemeral-storage"),
    "OOM-killed worker": Row(oom, "failed", "oom-killed", "used more memory than it may"),
    "preempted": Row(preempted, "failed", "preempted", "higher priority"),
    "node lost": Row(node_lost, "unreachable", "node-lost", "node-worker-0", back=later),
    "pod unknown": Row(vanished_pod, "unreachable", "node-lost", "node-worker-0"),
    "engine ran out of GPU memory": Row(
        exit_with_cause, "failed", "gpu-out-of-memory", "CUDA out of"
    ),
    "head restarted elsewhere": Row(moved, words="10.7.7.7"),
    "engine does not answer": Row(
        unready, "unreachable", "not-responding", back=lambda a, p: p.ready()
    ),
    "gang restarted": Row(restarting, "restarting"),
    "finalizer holds": Row(finalizer, "stopping", None, "example.com/backup", back=unfinalizer),
    "pull back-off": Row(
        waiting("ImagePullBackOff", PULL), "pulling", "image", "no such image", starting=True
    ),
    "secret missing": Row(
        waiting("CreateContainerConfigError", 'secret "hf" not found'),
        "scheduled",
        "config",
        'secret "hf" not found',
        starting=True,
    ),
    "no room": Row(
        lambda _, p: p.unschedulable("0/9 nodes are available: 9 Insufficient nvidia.com/gpu."),
        "queued",
        "scheduler",
        "None of 9 nodes",
        starting=True,
    ),
    "quota refuses the pods": Row(
        told("FailedCreate", FAILED_CREATE), "queued", "quota", "4 of 8 in use", starting=True
    ),
    "volume missing": Row(
        told("FailedMount", 'persistentvolumeclaim "models" not found', "r1-head-0"),
        "queued",
        "volume",
        '"models" not found',
        starting=True,
    ),
    "pods not allowed": Row(
        told("FailedCreate", "pods is forbidden: violates PodSecurity"),
        "queued",
        "permission",
        "PodSecurity",
        starting=True,
    ),
}


def watched(backend):
    """It serves, and every watch that tells of it is open."""
    mirrors = (backend.cluster.pods, backend.cluster._workloads["volcano"])

    def both():
        found = backend.status("r1").phase == "serving"
        return found and all(m._thread is not None for m in mirrors)

    until(both, seconds=20, what="serving, and watched")


def text_of(found):
    return " ".join([found.message, found.reason or "", *(str(t.ip) for t in found.tasks)])


@pytest.mark.parametrize("what", LIVING)
def test_fault(api, backend, play, distributed, what):
    row = LIVING[what]
    submit(backend, distributed)
    if row.starting:
        play.pods()
        until(lambda: len(backend.cluster.pods.read("r1")) == 2, what="the pods")
    else:
        play.serve()
        watched(backend)
    row.strike(api, play)

    def holds(row=row):
        found = backend.status("r1")
        known = (found.phase, found.reason) == (row.phase, row.reason)
        return known and row.words in text_of(found) and found

    until(holds, seconds=5, what=f"{row.phase} {row.reason} {row.words}")
    if row.back is not None:
        row.back(api, play)
        until(lambda: backend.status("r1").phase == "serving", seconds=5, what="it serves again")
    backend.delete("r1")
    assert {k for k in api.objects if k[0] != "v1/events"} == set()
    assert not backend.cluster.job_folder("r1").exists()


def test_somebody_else_deletes_it(api, backend, play, distributed):
    submit(backend, distributed)
    play.serve()
    until(lambda: backend.status("r1").phase == "serving", what="serving")
    with api.changed:
        api._delete(WORKLOADS, "r1", play.workload)

    def gone():
        try:
            backend.status("r1")
        except JobNotFound:
            return True
        return False

    until(gone, seconds=5, what="it is gone")


def test_the_right_to_look_is_taken_away(api, backend, play, distributed):
    submit(backend, distributed)
    play.serve()
    watched(backend)
    api.denied = {("list", "jobs"), ("watch", "jobs")}
    api.dropped += 1

    def refused():
        try:
            backend.status("r1")
        except PermissionDenied:
            return True
        return False

    until(refused, seconds=5, what="the refusal, and not 'no such job'")


def aborting(api, play):
    """Volcano's controller, which ends the pods and the job when it is told to."""

    def controller(method, path, query):
        if method == "POST" and path.endswith("/commands"):
            for pod in play.each():
                api.drop("v1/pods", f"r1-{pod}")
            play.state("Aborted")

    api.fault = controller


STEPS = {
    "stop": lambda b: b.stop("r1"),
    "extend": lambda b: b.extend("r1", 60),
    "delete": lambda b: b.delete("r1"),
    "logs": lambda b: next(b.log("r1")),
    "the key": lambda b: b.reach("r1").key,
    "a connection": lambda b: b.connect("r1").close(),
    "a first look": lambda b: (as_a_new_process(), KubernetesBackend().status("r1")),
}


@pytest.mark.parametrize("what", STEPS)
def test_a_step_while_the_server_is_away(api, backend, play, distributed, monkeypatch, what):
    """It says so, and works once the server is back; nothing is left."""
    monkeypatch.setattr(reach, "BACKOFF_S", 1.0)
    submit(backend, distributed)
    play.serve()
    aborting(api, play)
    api.say("r1-head-0", "a line")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        api.targets["r1-head-0"] = listener.getsockname()
        watched(backend)
        api.down = True
        with pytest.raises(BackendUnavailable):
            STEPS[what](backend)
        api.down = False
        STEPS[what](backend)
    if what != "delete":
        KubernetesBackend().delete("r1")
    assert {k for k in api.objects if k[0] != "bus.volcano.sh/v1alpha1/commands"} == set()
