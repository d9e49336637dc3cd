"""What sizing and earlier starts let expect of a job: its memory, and when it serves."""

from __future__ import annotations

import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING

from . import config, forecast
from .backends.base import Backend
from .errors import CraterError
from .spec import AWAY, JobSpec, JobStatus

if TYPE_CHECKING:
    from .sizing import Plan
    from .sizing.measured import Measured

_kept_starts: set[tuple[str, str, float, int]] = set()
"""Starts that this process has remembered: only spares reading the file again."""


def measurements() -> Path:
    """Where measurements of real starts are kept for later estimates."""
    return config.state() / "measurements"


def asked_of(place: Backend, name: str) -> JobSpec:
    """What was asked for; a rehearsal runs something else."""
    asked = getattr(place, "asked", place.spec)
    return asked(name)


def plan(asked: JobSpec) -> Plan | None:
    """The memory plan of what is asked for; None where the engine or the GPU is not known."""
    if asked.engine is None:
        return None
    from . import sizing

    return sizing.check(asked, measurements=measurements())


def measured(place: Backend, name: str) -> Measured | None:
    """What the engine's log says of its memory, kept for the next plan unless this is a rehearsal."""
    from .sizing import measured

    engine = place.spec(name).engine
    if engine is None:
        return None
    found = measured.read(o.message for o in place.log(name))
    asked = asked_of(place, name)
    estimate = plan(asked) if asked.engine == engine else None
    if estimate is not None:
        measured.keep(measurements(), estimate.setup, found)
    return found


def expected(place: Backend, status: JobStatus) -> JobStatus:
    """The status with what earlier starts let expect; a start seen whole is remembered."""
    known = (place.name, status.name, status.created, status.attempt)
    if status.ended or known in _kept_starts or status.phase in AWAY:
        return status
    try:
        machine = platform.node() if place.name == "local" else ""
        setup = forecast.setup(place.spec(status.name), place.name, machine)
        file = forecast.path(config.state() / "starts", setup)
        if status.phase == "serving":
            _kept_starts.add(known)
            start = forecast.start_of(status, place.observations(status.name))
            if start is not None:
                forecast.keep(file, start)
            return status
        starts = forecast.earlier(file)
        cold = None if starts else _cold_start(place, status.name)
    except (CraterError, OSError):  # nobody loses a status for want of a guess
        return status
    guess = forecast.forecast(status, starts, now=time.time(), cold_start=cold)
    return status.model_copy(update={"forecast": guess})


def _cold_start(place: Backend, name: str) -> tuple[float, float] | None:
    """Sizing's band; a rehearsal runs another model on another machine, so it has none."""
    if place.name == "local":
        return None
    asked = asked_of(place, name)
    try:
        found = plan(asked)
    except CraterError:
        found = None
    if found is None:
        return None
    band = found.speed["cold_start_seconds"]
    return float(band["low"]), float(band["high"])
