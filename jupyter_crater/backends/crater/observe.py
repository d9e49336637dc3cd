"""What the platform tells of a job, as observations; and how often it is asked."""

from __future__ import annotations

import base64
import binascii
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Any

from ...engines.lines import SERVES, read_line
from ...errors import BackendError, BackendUnavailable, CraterError, NotFound
from ...spec import JobSpec, Observation
from .client import Client
from .submit import RECORD

QUICK_S, SLOW_S = 2.0, 10.0
"""The platform's own pages ask every 10 s; a job that changes is asked for more often."""
TAIL_LINES = 5000
OVER = frozenset({"Completed", "Failed", "Terminated", "Aborted", "Deleted", "Freed", "Cancelled"})
_WAITING = ("", "Prequeue", "Pending")
_TASKS = {"master": "head", "default0": "main"}
REAPED_AFTER_S = 4 * 86400
"""The platform's cleaner warns after four days of running and releases a day later."""


class Poller:
    """The last answers of one session, shared by all jobs and threads of this process.

    An answer is kept ``interval`` seconds; each time it hasn't changed a little longer, up to 10 s.
    """

    def __init__(self, interval: float = QUICK_S) -> None:
        self._interval = interval
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, float, Any]] = {}
        self.kept: dict[str, Any] = {}
        """What never changes (a job's record), by job."""

    def ask(self, key: str, fetch: Callable[[], Any]) -> Any:
        with self._lock:  # one request for all who ask at once
            now = time.monotonic()
            at, interval, value = self._known.get(key, (-1e9, self._interval, None))
            if now - at < interval:
                return value
            new = fetch()
            grown = min(SLOW_S, interval * 1.5) if at > 0 and new == value else self._interval
            self._known[key] = (now, grown, new)
            return new

    def forget(self) -> None:
        """After we changed something."""
        with self._lock:
            self._known.clear()


_POLLERS: dict[tuple[str, str], Poller] = {}


def shared(url: str, account: str) -> Poller:
    """The one poller of this process for an account."""
    return _POLLERS.setdefault((url, account), Poller())


@dataclass
class Seen:
    """Everything read of one attempt of a job at one moment."""

    row: dict[str, Any]
    record: dict[str, Any]
    attempt: int = 1
    pods: list[dict[str, Any]] = field(default_factory=list)
    waiting: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Pod → its container's waiting state, where an image can't be pulled."""
    restarts: dict[str, int] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    logs: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    answers: bool | None = None
    """What the engine's own /health said; None where it can't be reached from here."""

    @property
    def spec(self) -> JobSpec:
        return JobSpec.from_json(self.record["spec"])

    @property
    def jobname(self) -> str:
        return str(self.row["jobName"])

    @property
    def over(self) -> bool:
        return self.row["status"] in OVER

    @property
    def head(self) -> dict[str, Any] | None:
        """The pod that serves: ``…-master-0``, or the only one."""
        return next((p for p in self.pods if task_of(p["name"])[0] in ("head", "main")), None)


def record_of(client: Client, poller: Poller, jobname: str) -> dict[str, Any] | None:
    """Our record in a job's template, None for a job that isn't ours. It never changes."""
    if jobname not in poller.kept:
        try:
            text = client.get(f"/vcjobs/{jobname}/template") or ""
            record = json.loads(text).get(RECORD)
        except (ValueError, AttributeError):
            record = None
        except NotFound:
            return None  # the record is written a moment after the job
        poller.kept[jobname] = record if isinstance(record, dict) else None
    found: dict[str, Any] | None = poller.kept[jobname]
    return found


def task_of(pod: str) -> tuple[str, int]:
    """Task and index of a pod named ``<job>-<task>-<index>``."""
    _, task, index = pod.rsplit("-", 2)
    return _TASKS.get(task, task), int(index)


def _wanted(task: str | None, pod: str) -> bool:
    """A task ("worker") or one pod of it ("worker-0"); None: all."""
    name, index = task_of(pod)
    return task in (None, name, f"{name}-{index}")


def look(client: Client, seen: Seen) -> Seen:
    """Read pods, containers, events and logs of a job that isn't over."""
    job = seen.jobname
    try:
        seen.pods = sorted(client.rows(f"/vcjobs/{job}/pods"), key=lambda p: str(p["name"]))
    except NotFound:
        return seen  # gone between two requests
    for pod in seen.pods:
        containers = _containers(client, pod)
        for container in containers:
            waiting = (container.get("state") or {}).get("waiting")
            if waiting and "Pull" in str(waiting.get("reason")):
                seen.waiting[pod["name"]] = waiting
            seen.restarts[pod["name"]] = int(container.get("restartCount") or 0)
        if pod["phase"] == "Running" and containers:
            seen.logs[pod["name"]] = _log(client, pod, containers[0]["name"])
    if seen.row["status"] == "Pending":
        try:
            seen.events = client.rows(f"/vcjobs/{job}/event")
        except BackendError:
            seen.events = []
    return seen


def _containers(client: Client, pod: dict[str, Any]) -> list[dict[str, Any]]:
    path = f"/namespaces/{pod['namespace']}/pods/{pod['name']}/containers"
    try:
        rows = (client.get(path) or {}).get("containers") or []
    except (BackendError, NotFound):
        return []
    return [r for r in rows if r.get("name") and not r.get("isInitContainer")]


def _log(
    client: Client, pod: dict[str, Any], container: str, *, previous: bool = False
) -> list[tuple[float, str]]:
    path = f"/namespaces/{pod['namespace']}/pods/{pod['name']}/containers/{container}/log"
    more = {"previous": "true"} if previous else {}
    try:
        data = client.get(path, tailLines=TAIL_LINES, timestamps="true", **more)
    except (BackendError, NotFound):
        return []  # "failed to get log": the container waits
    return [
        _stamped(line)
        for line in base64.b64decode(data or "").decode(errors="replace").splitlines()
    ]


def _stamped(line: str) -> tuple[float, str]:
    stamp, _, text = line.partition(" ")
    try:
        return seconds(stamp) or time.time(), text
    except ValueError:
        return time.time(), line


def seconds(stamp: str | None) -> float | None:
    """Epoch seconds of an RFC 3339 stamp (nanoseconds allowed), None for none."""
    return datetime.fromisoformat(stamp).timestamp() if stamp else None


# -- observations --------------------------------------------------------------------------------


def observations(seen: Seen, *, now: float) -> list[Observation]:
    """What was seen, in the words that all backends share: a pure function."""
    row, spec, status = seen.row, seen.spec, seen.row["status"]
    created = seconds(row.get("createdAt")) or now
    started, ended = seconds(row.get("startedAt")), seconds(row.get("completedAt"))
    found = [
        Observation(created, "phase", "queued", _queued(status), data={"attempt": seen.attempt})
    ]
    if seen.record.get("open"):
        text = "The engine asks for no key: every pod of the cluster that reaches it can use it."
        found.append(Observation(created, "event", "open-engine", text))
    found += _pods(seen, created, now)
    if started is not None:
        found.append(Observation(started, "phase", _first_phase(spec)))
    for pod, lines in seen.logs.items():
        task, index = task_of(pod)
        for moment, line in lines:
            found += [m.observation(moment, task, index) for m in read_line(line)]
        serves = next((at for at, line in lines if SERVES.search(line)), None)
        if spec.service and serves is not None:
            found.append(Observation(serves, "phase", "serving"))
    if seen.answers:
        found.append(Observation(now, "phase", "serving"))
    if status == "Restarting":
        found.append(Observation(now, "phase", "restarting", "a pod was evicted"))
    if status in ("Completing", "Aborting", "Terminating"):
        line = status
        found.append(Observation(now, "phase", "stopping", line))
    if seen.over:
        found.append(_end(status, ended or started or created))
    else:
        found += _reaping(row, started, now)
    return found


def _queued(status: str) -> str:
    if status == "Prequeue":
        return "The platform holds the job back until your usage is below your quota (prequeue)."
    return "waiting for nodes"


def _first_phase(spec: JobSpec) -> str:
    """All pods run: of a job without a service that is all one can see."""
    if spec.service is None:
        return "serving"
    return "starting-ray" if spec.ray else "starting-engine"


def _pods(seen: Seen, created: float, now: float) -> Iterator[Observation]:
    for event in seen.events:
        reason, line = str(event.get("reason") or ""), str(event.get("message") or "")
        moment = seconds(event.get("lastTimestamp")) or created
        yield Observation(moment, "event", reason, line)
    if any(pod["nodename"] for pod in seen.pods) and seen.row["status"] in _WAITING:
        yield Observation(created, "phase", "scheduled")
    for pod in seen.pods:
        task, index = task_of(pod["name"])
        told = {"node": pod["nodename"] or None, "ip": pod["ip"] or None}
        told["restarts"] = seen.restarts.get(pod["name"], 0)
        phase = {"Succeeded": "succeeded"}.get(pod["phase"], str(pod["phase"]).lower())
        if waiting := seen.waiting.get(pod["name"]):
            line = waiting.get("message") or waiting["reason"]
            yield Observation(now, "phase", "pulling", line)
            yield Observation(now, "event", str(waiting["reason"]), line, task, index, {"rank": 0})
            phase = "pulling"
        yield Observation(now, "task", phase, "", task, index, told)


def _end(status: str, moment: float) -> Observation:
    failed = {"Failed": "the job failed", "Terminated": "a task failed, so the job was ended"}
    if status in failed:
        text = failed[status]
        return Observation(moment, "phase", "failed", text, data={"code": status.lower()})
    stopped = {
        "Freed": "The platform released the job (idle, too old, or cleaned up).",
        "Completed": "The head ended.",
        "Deleted": "Stopped.",
    }
    data = {"code": "released"} if status == "Freed" else {}
    text = stopped.get(status, status)
    return Observation(moment, "phase", "stopped", text, data=data)


def _reaping(row: dict[str, Any], started: float | None, now: float) -> Iterator[Observation]:
    """The platform ends what runs long or idles; a lock holds that off."""
    if started is None:
        return
    if row.get("permanentLocked"):
        yield Observation(started, "event", "locked", "Locked: the platform won't release it.")
    elif row.get("locked"):
        until = row.get("lockedTimestamp") or "an unknown time"
        yield Observation(started, "event", "locked", f"Locked until {until}.")
    else:
        left = started + REAPED_AFTER_S - now
        label = f"{left / 3600:.0f} h left" if left > 0 else "any time now, a day after its warning"
        text = (
            f"The platform releases jobs after 4 days ({label}), and those whose GPUs idle for 2 h "
            "(with 30 minutes' notice). A lock, asked for on the job's page, holds it off."
        )
        yield Observation(started, "event", "reaping", text, data={"seconds_left": max(0.0, left)})


# -- log lines -----------------------------------------------------------------------------------


def lines(seen: Seen, client: Client, *, task: str | None, previous: bool) -> Iterator[Observation]:
    """The log lines there are now, merged by time."""
    logs = seen.logs
    if previous:
        logs = {}
        for pod in seen.pods:
            for container in _containers(client, pod)[:1]:
                logs[pod["name"]] = _log(client, pod, container["name"], previous=True)
    data = {"previous": True} if previous else {}
    found = [
        Observation(moment, "log", "", line, *task_of(pod), data=data)
        for pod, rows in logs.items()
        if _wanted(task, pod)
        for moment, line in rows
    ]
    yield from sorted(found, key=lambda o: o.time)


def follow(
    client: Client, look_again: Callable[[], Seen], *, task: str | None, stop: Event
) -> Iterator[Observation]:
    """Lines as they come, one stream a pod, until the job is over or ``stop`` is set."""
    lines_in: queue.Queue[Observation] = queue.Queue(maxsize=10_000)
    streams: dict[str, threading.Thread] = {}
    counts: dict[str, int] = {}
    looked = -1e9
    while not stop.is_set():
        if time.monotonic() - looked > QUICK_S:
            seen, looked = look_again(), time.monotonic()
            for pod in [p for p in seen.pods if p["phase"] == "Running"]:
                alive = pod["name"] in streams and streams[pod["name"]].is_alive()
                if alive or not _wanted(task, pod["name"]):
                    continue
                arguments = (client, pod, counts, lines_in, stop)
                streams[pod["name"]] = threading.Thread(
                    target=_stream, args=arguments, daemon=True, name=f"log of {pod['name']}"
                )
                streams[pod["name"]].start()
            if seen.over and not any(t.is_alive() for t in streams.values()) and lines_in.empty():
                return
        try:
            yield lines_in.get(timeout=0.25)
        except queue.Empty:
            continue


def _stream(
    client: Client,
    pod: dict[str, Any],
    counts: dict[str, int],
    out: queue.Queue[Observation],
    stop: Event,
) -> None:
    """One pod's lines. A stream begins at the first line, so those already told are skipped."""
    name = pod["name"]
    task, index = task_of(name)
    key = f"{name} {pod['ip']}"  # a restarted pod begins a log of its own
    known = counts.get(key, 0)
    try:
        for number, (moment, line) in enumerate(_raw_lines(client, pod), 1):
            if stop.is_set():
                return
            if number > known:
                out.put(Observation(moment, "log", "", line, task, index))
                counts[key] = number
    except CraterError:
        return  # whoever follows looks again and starts another stream


def _raw_lines(client: Client, pod: dict[str, Any]) -> Iterator[tuple[float, str]]:
    containers = _containers(client, pod)
    if not containers:
        return
    path = f"/namespaces/{pod['namespace']}/pods/{pod['name']}/containers"
    container = containers[0]["name"]
    try:
        for coded in client.stream(f"{path}/{container}/log/stream", timestamps="true"):
            if coded.startswith("ERROR: "):
                raise BackendUnavailable(coded)
            yield _stamped(base64.b64decode(coded, validate=True).decode(errors="replace").rstrip())
    except (CraterError, binascii.Error):
        # Long usernames may not stream their own logs (the pod's name holds them cut short).
        yield from _log(client, pod, container)
