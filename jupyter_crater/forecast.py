"""How long until it serves, and whether it has been quiet for longer than usual.

Pure functions over earlier starts of the same setup, and the one file that remembers them. A start
is kept by whoever first sees it serve, so it outlives the job, which may be deleted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from . import files
from .spec import PHASES, Forecast, JobSpec, JobStatus, Observation, TimelineEntry

KEPT = 8
"""Earlier starts of one setup; a machine's habits change."""

_SERVING = PHASES.index("serving")
_QUIET_S = {
    "pulling": 600,
    "starting-ray": 60,
    "waiting-for-workers": 120,
    "starting-engine": 180,
    "loading-weights": 300,
    "warming-up": 400,
}
"""Seconds without a word that are still usual where no earlier start is known.

Chosen, not measured: about ten times the longest gap (32 s) in the logs of starts in
tests/data/logs, which have no slow disk, cold torch.compile or image to pull.
A queue has no such bound: it waits for others.
"""

Start = dict[str, Any]
"""``{"id", "seconds": {phase: s}, "quiet": {phase: s}}`` of one start."""


def setup(spec: JobSpec, backend: str, machine: str) -> dict[str, Any]:
    """What makes two starts comparable: model, engine and its layout, backend, machine.

    Args:
        machine: the host's name where the job runs here, else "".
    """
    engine = spec.engine
    gpu = spec.main.resources.gpu
    return {
        "backend": backend,
        "machine": machine or f"{spec.main.resources.gpus} x {gpu}",
        "nodes": spec.nodes,
        "image": spec.main.image,
        "engine": engine.model_dump(mode="json", exclude={"port", "host"}) if engine else None,
        "command": spec.raw_command,
    }


def path(folder: Path, setup: dict[str, Any]) -> Path:
    digest = hashlib.sha256(json.dumps(setup, sort_keys=True, default=str).encode()).hexdigest()
    return folder / f"{digest[:24]}.json"


def earlier(file: Path) -> list[Start]:
    found = (files.read(file) or {}).get("starts", [])
    return [s for s in found if isinstance(s, dict) and isinstance(s.get("seconds"), dict)]


def keep(file: Path, start: Start) -> None:
    """Remember a start, once however many look at it."""
    with files.memory(file.parent):
        known = earlier(file)
        if all(s.get("id") != start["id"] for s in known):
            files.write(file, {"starts": [*known, start][-KEPT:]})


def start_of(status: JobStatus, observations: Iterable[Observation]) -> Start | None:
    """What this start took, or None where it wasn't seen whole, or went a crooked way."""
    entries = status.timeline
    if status.phase != "serving" or not entries or entries[-1].phase != "serving":
        return None
    if any(e.phase in ("unknown", "unreachable", "restarting") for e in entries):
        return None
    before = [e for e in entries if PHASES.index(e.phase) < _SERVING]
    if not before:
        return None
    times = sorted(o.time for o in observations)
    seconds: dict[str, float] = {}
    quiet: dict[str, float] = {}
    for entry in before:
        ended = entry.ended or entry.started
        seconds[entry.phase] = round(seconds.get(entry.phase, 0) + ended - entry.started, 2)
        marks = [entry.started, *(t for t in times if entry.started < t < ended), ended]
        gap = max(b - a for a, b in pairwise(marks))
        quiet[entry.phase] = round(max(quiet.get(entry.phase, 0), gap), 2)
    which = f"{status.name} {status.created:.3f} {status.attempt}"
    # Its digest: what is remembered outlives the job, and isn't about it.
    return {
        "id": hashlib.sha256(which.encode()).hexdigest()[:16],
        "seconds": seconds,
        "quiet": quiet,
    }


def forecast(
    status: JobStatus,
    starts: Sequence[Start],
    *,
    now: float,
    cold_start: tuple[float, float] | None = None,
) -> Forecast | None:
    """What to expect of a job on its way to serving; None once it is there, has ended, or is lost.

    Args:
        starts: earlier ones of the same setup.
        cold_start: seconds (low, high) by sizing, for want of earlier starts.
    """
    if not status.timeline or status.phase not in PHASES[:_SERVING]:
        return None
    entry = status.timeline[-1]
    quiet = max(0.0, now - max(entry.started, status.changed or 0))
    late = _late(status.phase, quiet, starts)
    if starts:
        left = [_left(s, entry, now) for s in starts]
        source = "1 earlier start" if len(starts) == 1 else f"{len(starts)} earlier starts"
        return Forecast(low=min(left), high=max(left), source=source, late=late)
    if cold_start is not None and status.phase != "queued":
        begun = next((e.started for e in status.timeline if e.phase != "queued"), entry.started)
        low, high = (max(0.0, round(s - (now - begun), 1)) for s in cold_start)
        return Forecast(low=low, high=high, source="sizing's cold start", late=late)
    return Forecast(late=late) if late else None


def words(found: Forecast | None) -> str:
    """One line for people: what is left, and a silence that is unusual; "" where nothing is known."""
    if found is None:
        return ""
    said = []
    if found.high is not None and found.low is not None:
        if found.high <= 0:
            said.append(f"longer than {found.source}")
        elif found.high - found.low < 0.2 * found.high or round(found.low) <= 1:
            said.append(f"about {_span(found.high)} left ({found.source})")
        else:
            said.append(f"{_span(found.low)} to {_span(found.high)} left ({found.source})")
    return ". ".join([*said, *([found.late] if found.late else [])])


def _left(start: Start, entry: TimelineEntry, now: float) -> float:
    """Seconds that an earlier start still needed at this point; later phases count whole."""
    seconds: dict[str, float] = start["seconds"]
    now_left = max(0.0, seconds.get(entry.phase, 0) - (now - entry.started))
    at = PHASES.index(entry.phase)
    later = sum(s for phase, s in seconds.items() if PHASES.index(phase) > at)
    return round(now_left + later, 1)


def _late(phase: str, quiet: float, starts: Sequence[Start]) -> str | None:
    known = [s["quiet"][phase] for s in starts if phase in s.get("quiet", {})]
    if known:
        usual = max(known)
        if quiet > max(2 * usual, usual + 15):
            return f"Nothing new for {_span(quiet)}; earlier starts: {_span(usual)} at most."
        return None
    bound = _QUIET_S.get(phase)
    if bound is not None and quiet > bound:
        return f"Nothing new for {_span(quiet)}; more than {_span(bound)} is unusual here."
    return None


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
