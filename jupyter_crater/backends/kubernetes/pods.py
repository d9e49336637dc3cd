"""Pods as the API shows them, read into what a job's status says of its tasks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import record
from .record import Record


def when(stamp: Any) -> float | None:
    """Epoch seconds of an RFC 3339 stamp (nanoseconds allowed), None for none or nonsense."""
    if not isinstance(stamp, str):
        return None
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Death:
    """Why a pod ended badly.

    Attributes:
        code: "oom-killed", "evicted", "preempted", "node-lost", "exited", "signalled".
        text: for people, with pod, node and numbers.
        rank: 0 names a cause, 2 is what any other fault leads to (an exit code).
    """

    code: str
    text: str
    time: float | None
    exit_code: int | None = None
    rank: int = 2


@dataclass(frozen=True, slots=True)
class View:
    """One pod of a job.

    Attributes:
        phase: "pending", "pulling", "creating", "running", "succeeded", "failed", "terminating", "unknown".
        ready: what its readiness probe last said; ``was_ready``: it had passed its start-up probe.
    """

    task: str
    index: int
    name: str
    uid: str
    phase: str
    node: str | None
    ip: str | None
    restarts: int
    ready: bool
    was_ready: bool
    container: str
    scheduled: float | None
    running: float | None
    ready_since: float | None
    created: float | None
    death: Death | None
    document: dict[str, Any]

    @property
    def label(self) -> str:
        return f"{self.task}-{self.index}" if self.task == "worker" else self.task


def views(documents: Iterable[dict[str, Any]], job: Record, *, cluster: str = "") -> list[View]:
    """The pods of the job's present attempt, the head first, one for each task and index.

    Args:
        cluster: name of the RayCluster that counts, where a RayJob had several.
    """
    found: dict[tuple[str, int], View] = {}
    documents = sorted(documents, key=lambda d: str(d["metadata"].get("creationTimestamp") or ""))
    numbers: dict[str, int] = {}
    for document in documents:
        labels = document["metadata"].get("labels") or {}
        if cluster and labels.get("ray.io/cluster") not in (None, cluster):
            continue
        task, index = _place(labels, job)
        if index is None:  # KubeRay's workers carry no number: the order of their making is theirs
            index = numbers.get(task, 0)
            numbers[task] = index + 1
        found[task, index] = _view(document, task, index)
    return sorted(found.values(), key=lambda v: (v.task != job.spec.main.name, v.task, v.index))


def _place(labels: dict[str, str], job: Record) -> tuple[str, int | None]:
    main = job.spec.main.name
    task = labels.get(record.TASK)
    number = labels.get("volcano.sh/task-index")
    if number is None:
        number = labels.get("batch.kubernetes.io/job-completion-index")
    if task is None and number is not None:  # one pod template for all: index 0 is the head
        others = [t.name for t in job.spec.tasks if t.name != main]
        index = int(number)
        return (main, 0) if index == 0 or not others else (others[0], index - 1)
    return task or main, int(number) if number is not None else None


def _view(document: dict[str, Any], task: str, index: int) -> View:
    meta, spec, status = (
        document["metadata"],
        document.get("spec") or {},
        document.get("status") or {},
    )
    conditions = {c["type"]: c for c in status.get("conditions") or [] if c.get("type")}
    containers = [c["name"] for c in spec.get("containers") or []]
    name = task if task in containers else next(iter(containers), task)
    states = {c.get("name"): c for c in status.get("containerStatuses") or []}
    container = states.get(name) or {}
    state = container.get("state") or {}
    ready = _true(conditions.get("Ready")) and not meta.get("deletionTimestamp")
    return View(
        task=task,
        index=index,
        name=meta["name"],
        uid=str(meta.get("uid") or ""),
        phase=_phase(meta, status, state, conditions),
        node=spec.get("nodeName") or None,
        ip=status.get("podIP") or None,
        restarts=int(container.get("restartCount") or 0),
        ready=ready,
        was_ready=bool(container.get("started")),
        container=name,
        scheduled=_since(conditions.get("PodScheduled")),
        running=when((state.get("running") or {}).get("startedAt")),
        ready_since=_since(conditions.get("Ready")) if ready else None,
        created=when(meta.get("creationTimestamp")),
        death=_death(document, task, index, state, conditions),
        document=document,
    )


def _true(condition: dict[str, Any] | None) -> bool:
    return bool(condition) and (condition or {}).get("status") == "True"


def _since(condition: dict[str, Any] | None) -> float | None:
    return when((condition or {}).get("lastTransitionTime")) if _true(condition) else None


def _phase(
    meta: dict[str, Any],
    status: dict[str, Any],
    state: dict[str, Any],
    conditions: dict[str, dict[str, Any]],
) -> str:
    phase = str(status.get("phase") or "Pending")
    if phase in ("Succeeded", "Failed"):
        return phase.lower()
    if phase == "Unknown" or status.get("reason") == "NodeLost":
        return "unknown"
    if meta.get("deletionTimestamp"):
        return "terminating"
    if phase == "Running" and "terminated" not in state:
        # A node that fell silent leaves its pods "Running": the node controller unreadies them.
        lost = (conditions.get("Ready") or {}).get("reason") == "NodeStatusUnknown"
        return "unknown" if lost else "running"
    if "terminated" in state:
        return "failed" if state["terminated"].get("exitCode") else "succeeded"
    waiting = (state.get("waiting") or {}).get("reason") or ""
    if "Pull" in waiting or "Image" in waiting:
        return "pulling"
    return "creating" if _true(conditions.get("PodScheduled")) else "pending"


_DISRUPTIONS = {
    "PreemptionByScheduler": ("preempted", "a job of higher priority took its place"),
    "PreemptionByKubeScheduler": ("preempted", "a job of higher priority took its place"),
    "DeletionByTaintManager": ("node-lost", "its node was closed or stopped answering"),
    "DeletionByPodGC": ("node-lost", "its node is gone"),
    "EvictionByEvictionAPI": ("evicted", "it was evicted (a node being drained, mostly)"),
    "TerminationByKubelet": ("evicted", "its node ran short of resources, or was shut down"),
}


def _death(
    document: dict[str, Any],
    task: str,
    index: int,
    state: dict[str, Any],
    conditions: dict[str, dict[str, Any]],
) -> Death | None:
    status, spec = document.get("status") or {}, document.get("spec") or {}
    who = f"{task}-{index}" if task == "worker" else task
    if spec.get("nodeName"):
        who += f" ({spec['nodeName']})"
    ended = state.get("terminated") or {}
    time = when(ended.get("finishedAt"))
    target = conditions.get("DisruptionTarget") or {}
    if _true(target):
        other = ("evicted", str(target.get("message") or "it was disrupted"))
        word, because = _DISRUPTIONS.get(str(target.get("reason")), other)
        return Death(
            word, f"{who} is gone: {because}.", when(target.get("lastTransitionTime")), rank=0
        )
    if status.get("reason") == "Evicted":
        told = str(status.get("message") or "the node ran short of resources").strip()
        return Death("evicted", f"{who} was evicted: {told}", time, rank=0)
    if status.get("reason") == "NodeLost":
        return Death("node-lost", f"{who} is gone: its node stopped answering.", time, rank=0)
    if str(status.get("reason") or "").startswith(("UnexpectedAdmission", "OutOf")):
        told = str(status.get("message") or status["reason"])
        return Death("refused-by-node", f"{who}: the node refused it: {told}", time, rank=0)
    if ended.get("reason") == "OOMKilled":
        limit = _memory_limit(spec)
        text = f"{who} used more memory than it may."
        if limit:
            text = f"{who} used more memory than it may (its limit is {limit})."
        return Death("oom-killed", text, time, 137, 0)
    code = ended.get("exitCode")
    if code or ended.get("signal"):
        number = int(code or 128 + int(ended["signal"]))
        told = str(ended.get("message") or "").strip()
        text = f"{who} ended with exit code {number}."
        if told:
            text = f"{who} ended with exit code {number}: {told.splitlines()[-1]}"
        return Death("exited", text, time, number)
    if status.get("phase") == "Failed":
        told = str(status.get("message") or status.get("reason") or "no reason given")
        return Death("exited", f"The pod of {who} failed: {told}.", time)
    return None


def _memory_limit(spec: dict[str, Any]) -> str:
    for container in spec.get("containers") or []:
        found = ((container.get("resources") or {}).get("limits") or {}).get("memory")
        if found:
            return str(found)
    return ""
