"""Observations → phases: a pure function over what a backend saw, the same for all backends.

Phases only go forward within an attempt, except into and out of ``restarting``; one that nobody
observed is never made up. Observations of several sources may come slightly out of order. An end is
final until a ``queued`` phase says that a later attempt begins (``data["attempt"]``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .spec import ENDED, PHASES, Observation, Phase, RehearsalChange, TaskStatus, TimelineEntry

_ORDER = {phase: number for number, phase in enumerate(PHASES)}
_FREE = frozenset({"unknown", "unreachable", "restarting"})
"""Phases after which any other may follow."""


@dataclass(frozen=True)
class Timeline:
    """What the observations say together.

    Attributes:
        reason: machine word of a failure or an end, None while all is well.
        message: the same for people, or the latest progress of the phase.
        progress: the latest progress of the running phase, None where there is none.
        facts: measured values by name, the last one each.
        attempt: the attempt that all of this is about.
        changed: when something was last heard of it, epoch seconds.
    """

    phase: Phase = "unknown"
    reason: str | None = None
    message: str = ""
    entries: tuple[TimelineEntry, ...] = ()
    tasks: tuple[TaskStatus, ...] = ()
    head_ip: str | None = None
    progress: Observation | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    rehearsal: tuple[RehearsalChange, ...] = ()
    attempt: int = 1
    changed: float | None = None


def reduce(observations: Iterable[Observation], *, now: float) -> Timeline:
    """The timeline of the latest attempt.

    Args:
        observations: in any order; sorted by time, those of one time stay as they came.
        now: epoch seconds; observations of the future (a clock that jumped) count as now.
    """
    everything = sorted(observations, key=lambda o: min(o.time, now))
    attempt, ordered = _latest_attempt(everything)
    phases = _phases(ordered, now)
    phase: Phase = phases[-1].phase if phases else "unknown"
    last = _last_of_phase(ordered, phase)
    progress = _progress(ordered, phases[-1].started) if phases and phase not in ENDED else None
    tasks = _tasks(ordered, ended=phase in ENDED)
    cause = _cause(ordered) if phase == "failed" else None
    message = (last.message if last else "") or (cause.message if cause else "")
    if progress is not None:
        message = progress.message or message
    return Timeline(
        phase=phase,
        reason=_reason(last, cause),
        message=message,
        entries=tuple(phases),
        tasks=tasks,
        head_ip=next((t.ip for t in tasks if t.task in ("head", "main") and t.ip), None),
        progress=progress,
        facts={
            o.reason: o.data["value"] for o in ordered if o.kind == "fact" and "value" in o.data
        },
        rehearsal=tuple(
            RehearsalChange(
                setting=o.reason,
                asked=o.data.get("asked"),
                used=o.data.get("used"),
                because=o.message,
            )
            for o in everything
            if o.kind == "rehearsal"
        ),
        attempt=attempt,
        changed=min(ordered[-1].time, now) if ordered else None,
    )


def _latest_attempt(ordered: list[Observation]) -> tuple[int, list[Observation]]:
    attempt, since = 1, 0
    for position, seen in enumerate(ordered):
        if seen.kind == "phase" and seen.reason == "queued":
            number = seen.data.get("attempt", 1)
            if number > attempt:
                attempt, since = number, position
    return attempt, ordered[since:]


def _cause(ordered: list[Observation]) -> Observation | None:
    """The first event of the strongest rank (0 names a cause, 2 is a consequence)."""
    events = [o for o in ordered if o.kind == "event" and "rank" in o.data]
    return min(events, key=lambda o: o.data["rank"], default=None)


def _reason(last: Observation | None, cause: Observation | None) -> str | None:
    """The word of whoever saw the end; without one, that of the decisive line of the logs."""
    code = last.data.get("code") if last else None
    return code or (cause.reason if cause else None)


def _phases(ordered: list[Observation], now: float) -> list[TimelineEntry]:
    entries: list[TimelineEntry] = []
    for seen in ordered:
        if seen.kind != "phase" or seen.reason not in _ORDER:
            continue
        phase: Phase = seen.reason
        if entries and not _may_follow(entries[-1].phase, phase):
            continue
        if entries and entries[-1].phase == phase:
            if seen.message and not entries[-1].detail:
                entries[-1] = entries[-1].model_copy(update={"detail": seen.message})
            continue
        started = min(seen.time, now)
        if entries:
            entries[-1] = entries[-1].model_copy(update={"ended": started})
        ended = started if phase in ENDED else None
        entries.append(
            TimelineEntry(phase=phase, started=started, ended=ended, detail=seen.message)
        )
    return entries


def _may_follow(before: Phase, after: Phase) -> bool:
    if before in ENDED:
        return False
    return before in _FREE or _ORDER[after] >= _ORDER[before]


def _last_of_phase(ordered: list[Observation], phase: Phase) -> Observation | None:
    """The first word on an end is its cause; of a running phase the last word counts."""
    of_phase = [o for o in ordered if o.kind == "phase" and o.reason == phase]
    if not of_phase:
        return None
    return of_phase[0] if phase in ENDED else of_phase[-1]


def _progress(ordered: list[Observation], since: float) -> Observation | None:
    found = [o for o in ordered if o.kind == "progress" and o.time >= since]
    return found[-1] if found else None


def _tasks(ordered: list[Observation], *, ended: bool) -> tuple[TaskStatus, ...]:
    tasks: dict[tuple[str, int], TaskStatus] = {}
    for seen in ordered:
        if seen.kind != "task" or not seen.task:
            continue
        key = (seen.task, seen.index or 0)
        known = tasks.get(key) or TaskStatus(task=key[0], index=key[1])
        told = {k: seen.data[k] for k in ("node", "ip", "restarts") if seen.data.get(k) is not None}
        tasks[key] = known.model_copy(update={"phase": seen.reason} | told)
    if ended:  # whoever saw the end didn't say it of each task again
        tasks = {
            k: t.model_copy(update={"phase": "ended"}) if t.phase in ("running", "pending") else t
            for k, t in tasks.items()
        }
    return tuple(sorted(tasks.values(), key=lambda t: (t.task != "head", t.task, t.index)))
