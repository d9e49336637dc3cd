"""Objects of a job in the shapes that a cluster shows: made from our own manifests, with a status."""

from __future__ import annotations

import copy
from datetime import UTC, datetime

from jupyter_crater.backends import kubernetes as k8s
from jupyter_crater.backends.kubernetes import observe, record

T0 = 1_700_000_000.0


def stamp(seconds: float) -> str:
    return datetime.fromtimestamp(T0 + seconds, UTC).isoformat().replace("+00:00", "Z")


def workload_of(spec, carrier, name="r1", status=None, **meta):
    document = copy.deepcopy(k8s.manifests(spec, name, carrier=carrier, namespace="team")[-1])
    document["metadata"] |= {"uid": "u1", "creationTimestamp": stamp(0), "resourceVersion": "1"}
    document["metadata"] |= meta
    return document | {"status": status or {}}


def pod(name, labels, *, phase="Running", at=10.0, ready=False, started=False, node="n1", **status):
    """A pod that was made at 1 s, placed at 2 s and runs since ``at``."""
    containers = [{"name": "head", "resources": {"limits": {"memory": "64Gi"}}}]
    state = {"running": {"startedAt": stamp(at)}} if phase == "Running" else {}
    conditions = [
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": stamp(2)},
        {
            "type": "Ready",
            "status": "True" if ready else "False",
            "lastTransitionTime": stamp(at + 60),
        },
    ]
    found = {
        "phase": phase,
        "podIP": "10.0.0.7",
        "conditions": conditions,
        "containerStatuses": [
            {"name": "head", "state": state, "restartCount": 0, "started": started or ready}
        ],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "labels": {record.JOB: "r1"} | labels,
            "creationTimestamp": stamp(1),
        },
        "spec": {"nodeName": node, "containers": containers},
        "status": found | status,
    }


def head(**options):
    return pod("r1-head-0", {record.TASK: "head", "volcano.sh/task-index": "0"}, **options)


def worker(index=0, **options):
    labels = {record.TASK: "worker", "volcano.sh/task-index": str(index)}
    return pod(f"r1-worker-{index}", labels, node="n2", **options)


def pending(document, message, reason="Unschedulable"):
    document = copy.deepcopy(document)
    document["spec"].pop("nodeName", None)
    condition = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
    document["status"] = {"phase": "Pending", "conditions": [condition]}
    return document


def creating(document, reason="ContainerCreating", message=""):
    document = copy.deepcopy(document)
    state = {"waiting": {"reason": reason, "message": message}}
    document["status"] |= {
        "phase": "Pending",
        "containerStatuses": [{"name": "head", "image": "lab/vllm:1", "state": state}],
    }
    return document


def ended(document, code=1, reason="Error", at=100.0):
    document = copy.deepcopy(document)
    gone = {"exitCode": code, "reason": reason, "finishedAt": stamp(at)}
    document["status"]["phase"] = "Failed" if code else "Succeeded"
    document["status"]["containerStatuses"][0]["state"] = {"terminated": gone}
    return document


def event(name, reason, message, *, at=5.0, type_="Warning"):
    return {
        "involvedObject": {"name": name},
        "reason": reason,
        "message": message,
        "type": type_,
        "lastTimestamp": stamp(at),
    }


def seen(workload, pods=(), **more):
    return observe.seen_of(record.read(workload), workload, list(pods), **more)
