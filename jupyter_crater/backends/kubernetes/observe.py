"""A job's objects as observations: a pure function, the same for every carrier."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ...spec import JobSpec, Observation
from . import ends, waiting
from .pods import View, views, when
from .record import LEASE_UNTIL, Record


@dataclass(frozen=True)
class Seen:
    """Everything that the cluster shows of one job at one moment.

    Attributes:
        workload: Volcano Job, RayJob or Job.
        events: those about the workload, its pods and its PodGroup.
        group: Volcano's PodGroup, where there is one.
        fine: what the head's log was read to mean so far.
        notes: what this process saw happen (the head moved, the connection was lost).
    """

    record: Record
    workload: dict[str, Any]
    pods: list[View] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    group: dict[str, Any] | None = None
    fine: list[Observation] = field(default_factory=list)
    notes: list[Observation] = field(default_factory=list)

    @property
    def spec(self) -> JobSpec:
        return self.record.spec

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def over(self) -> bool:
        return ends.over(self.record, self.workload)

    @property
    def head(self) -> View | None:
        """The pod that serves."""
        wanted = self.spec.service.task if self.spec.service else self.spec.main.name
        return next((p for p in self.pods if p.task == wanted), None)

    @property
    def lease(self) -> float | None:
        """When the lease ends (epoch seconds); None: none, or its head did not start yet."""
        if self.spec.lease_seconds is None:
            return None
        head = next((p for p in self.pods if p.task == self.spec.main.name), None)
        notes = head.document["metadata"].get("annotations") or {} if head else {}
        for told in (notes.get(LEASE_UNTIL), self.record.lease_until):
            if told and str(told).replace(".", "", 1).isdigit():
                return float(told)
        return head.running + self.spec.lease_seconds if head and head.running else None

    @property
    def starting(self) -> bool:
        """Its head runs and the engine isn't known to serve: the log has more to say."""
        head = self.head
        return (
            head is not None
            and head.phase == "running"
            and not self.over
            and not (head.ready and self.record.carrier != "kuberay")
            and not _served(self)
        )


def seen_of(
    job: Record,
    workload: dict[str, Any],
    pods: list[dict[str, Any]],
    *,
    events: list[dict[str, Any]] | None = None,
    group: dict[str, Any] | None = None,
    fine: list[Observation] | None = None,
    notes: list[Observation] | None = None,
) -> Seen:
    """The job of these objects; ``events`` may hold those of others, too."""
    cluster = str((workload.get("status") or {}).get("rayClusterName") or "")
    found = views(pods, job, cluster=cluster)
    about = {p.name for p in found} | {job.name, cluster}
    if group:
        about.add(group["metadata"]["name"])
    mine = [e for e in events or [] if subject(e) in about]
    return Seen(job, workload, found, mine, group, fine or [], notes or [])


def subject(event: dict[str, Any]) -> str:
    return str((event.get("involvedObject") or event.get("regarding") or {}).get("name") or "?")


def observations(seen: Seen, *, now: float) -> list[Observation]:
    """What was seen, in the words that all backends share."""
    job, created = seen.record, seen.record.created or now
    attempt = {"attempt": job.attempt}
    found = [Observation(created, "phase", "queued", data=attempt)]
    found += [_event(e, created) for e in seen.events]
    found += seen.notes
    for pod in seen.pods:
        found += _pod(pod, created, ended=seen.over)
    found += _phases(seen, created, now)
    held = any(o.reason == "waiting-for-workers" and o.data.get("code") for o in found)
    # Which pod is missing, and why, tells more than the head's count of nodes.
    found += [o for o in seen.fine if not (held and o.reason == "workers")]
    named = any("rank" in o.data for o in found if o.kind == "event")
    end = ends.end(job, seen.workload, seen.pods, now=now, named=named, lease=seen.lease)
    if end is not None:
        # The end was seen last, whatever the clocks of the nodes said of what came before.
        latest = max((o.time for o in found), default=created)
        return [*found, replace(end, time=max(end.time, min(latest, now)))]
    state = ends.state_of(job, seen.workload)
    if seen.workload["metadata"].get("deletionTimestamp"):
        found.append(Observation(now, "phase", "stopping", _deleting(seen, now)))
    elif state == "ending":
        found.append(Observation(now, "phase", "stopping", "waiting for its pods to end"))
    elif state == "restarting":
        found.append(Observation(now, "phase", "restarting", _restarting(seen)))
    return found


def _event(event: dict[str, Any], created: float) -> Observation:
    stamp = event.get("lastTimestamp") or event.get("eventTime") or event.get("firstTimestamp")
    line = str(event.get("message") or event.get("note") or "")
    count = int(event.get("count") or (event.get("series") or {}).get("count") or 1)
    data = {"type": event.get("type", "Normal"), "about": subject(event)}
    if count > 1:
        data["count"] = count
    return Observation(
        when(stamp) or created, "event", str(event.get("reason") or ""), line, data=data
    )


def _pod(pod: View, created: float, *, ended: bool) -> Iterator[Observation]:
    told = {"node": pod.node, "ip": pod.ip, "restarts": pod.restarts}
    moment = pod.running or pod.scheduled or pod.created or created
    phase = {"creating": "pending", "terminating": "stopping"}.get(pod.phase, pod.phase)
    yield Observation(moment, "task", phase, "", pod.task, pod.index, told)
    if pod.death is not None:
        kind = "signalled" if (pod.death.exit_code or 0) > 128 else "exited"
        data: dict[str, Any] = {"code": pod.death.exit_code}
        if kind == "signalled":
            data["signal"] = int(pod.death.exit_code or 128) - 128
        time = pod.death.time or moment
        yield Observation(time, "exit", kind, pod.death.text, pod.task, pod.index, data)
        if pod.death.rank == 0:
            data = {"rank": 0}
            yield Observation(
                time, "event", pod.death.code, pod.death.text, pod.task, pod.index, data
            )


def _phases(seen: Seen, created: float, now: float) -> Iterator[Observation]:
    """The coarse phases, by conditions and states; the log adds the fine ones."""
    spec, pods = seen.spec, seen.pods
    waits = [p for p in pods if p.phase in ("pending", "creating", "pulling")]
    placed = [p for p in pods if p.scheduled or p.node]
    head = seen.head
    if not seen.over and (waits or len(pods) < spec.nodes):
        if _served(seen):
            yield Observation(now, "phase", "restarting", _incomplete(seen))
            return
        if head is not None and head.running and spec.ray:
            yield Observation(head.running, "phase", "starting-ray")
            yield from _waits(seen, "waiting-for-workers", head.running, now)
            return
    if len(pods) < spec.nodes or len(placed) < len(pods):
        if not seen.over:
            yield from _waits(seen, "queued", created, now)
        return
    # Scheduler and node have clocks of their own: nothing runs before it is placed.
    placed_at = [p.scheduled or p.created or created for p in pods]
    scheduled = min([max(placed_at), *(p.running for p in pods if p.running)])
    line = ", ".join(f"{p.label} ({p.node})" for p in pods if p.node)
    yield Observation(scheduled, "phase", "scheduled", line)
    if waits:
        pulls = [e for e in seen.events if e.get("reason") in ("Pulling", "BackOff", "Failed")]
        pulling = any(p.phase == "pulling" for p in waits) or any(
            subject(e) in {p.name for p in waits} for e in pulls
        )
        if not seen.over:
            yield from _waits(seen, "pulling" if pulling else "scheduled", scheduled, now)
        return
    running = [p.running for p in pods if p.running]
    if len(running) < len(pods):
        if lost := [p for p in pods if p.phase == "unknown"]:
            yield _lost(lost[0], now)
        return
    began = max(running)
    pulled = _pulled(seen)
    if pulled is not None and scheduled <= pulled <= began:
        yield Observation(pulled, "phase", "pulling")
    yield Observation(began, "phase", _first(spec))
    if lost := [p for p in pods if p.phase == "unknown"]:
        yield _lost(lost[0], now)
        return
    yield from _serving(seen, began, now)


def _served(seen: Seen) -> bool:
    return any(o.kind == "phase" and o.reason == "serving" for o in seen.fine)


def _incomplete(seen: Seen) -> str:
    up = {p.label for p in seen.pods if p.phase == "running"}
    return f"{len(up)} of {seen.spec.nodes} pods run"


def _pulled(seen: Seen) -> float | None:
    stamps = [_event(e, 0).time for e in seen.events if e.get("reason") == "Pulling"]
    return min((s for s in stamps if s), default=None)


def _first(spec: JobSpec) -> str:
    """All pods run: of a job that offers nothing that is all one can see."""
    if spec.service is None and not spec.forwards:
        return "serving"
    return "starting-ray" if spec.ray else "starting-engine"


def _serving(seen: Seen, began: float, now: float) -> Iterator[Observation]:
    head = seen.head
    # KubeRay's readiness is Ray's: there only the engine's own log says that it serves.
    if head is None or (seen.record.carrier == "kuberay" and seen.spec.ray):
        return
    if head.ready:
        yield Observation(max(began, head.ready_since or began), "phase", "serving")
    elif head.was_ready and seen.spec.service and head.phase == "running":
        text = f"{head.label} runs, but its engine does not answer /health."
        yield Observation(now, "phase", "unreachable", text, data={"code": "not-responding"})


def _lost(pod: View, now: float) -> Observation:
    text = f"Nothing is heard of {pod.label}: its node {pod.node} does not answer the cluster."
    return Observation(now, "phase", "unreachable", text, data={"code": "node-lost"})


def _waits(seen: Seen, phase: str, since: float, now: float) -> Iterator[Observation]:
    why = why_waiting(seen)
    if why is None:
        missing = seen.spec.nodes - len(seen.pods)
        text = f"{missing} of {seen.spec.nodes} pods not made yet" if missing > 0 else ""
        yield Observation(since, "phase", phase, text, data={"attempt": seen.record.attempt})
        return
    phase = "pulling" if why.code == "image" else phase
    data = {"attempt": seen.record.attempt, "code": why.code}
    yield Observation(since, "phase", phase, data=data)
    # Said now: a timeline tells the latest word of the phase that it is in.
    yield Observation(now, "phase", phase, why.text, data=data)


def why_waiting(seen: Seen) -> waiting.Why | None:
    """Why pods are not there, not placed or not started: what decides comes first."""
    found = [
        w
        for p in seen.pods
        if p.phase in ("pending", "creating", "pulling")
        for w in waiting.of_pod(p.document)
    ]
    found += waiting.of_workload(seen.workload)
    if seen.group is not None:
        found += waiting.of_group(seen.group)
    running = {p.name for p in seen.pods if p.phase == "running"}
    latest = sorted(seen.events, key=lambda e: _event(e, 0).time)[-20:]
    found += [w for e in latest if subject(e) not in running and (w := waiting.of_event(e))]
    return waiting.best(found)


def _deleting(seen: Seen, now: float) -> str:
    """A deletion that lasts has somebody who was to clean up and doesn't."""
    meta = seen.workload["metadata"]
    since = now - (when(meta.get("deletionTimestamp")) or now)
    holders = [f for f in meta.get("finalizers") or [] if f not in ("foregroundDeletion", "orphan")]
    if holders and since > 60:
        return f"deleted {since / 60:.0f} min ago, but held by the finalizer {', '.join(holders)}"
    return "being deleted"


def _restarting(seen: Seen) -> str:
    status = seen.workload.get("status") or {}
    count = status.get("retryCount") or status.get("failed") or 0
    death = ends.first_death(seen.pods)
    most = seen.spec.max_restarts
    if count:
        return f"restart {count} of {most}: {death.text}" if death else f"restart {count} of {most}"
    return f"all pods start anew: {death.text}" if death else "all pods start anew"
