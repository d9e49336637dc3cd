"""Waiting for a phase, and telling each step on the way."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from .errors import InputError, JobFailed, WaitTimeout
from .spec import AWAY, ENDED, PHASES, JobStatus

Progress = Callable[[JobStatus], None]


def wait(look: Callable[[], JobStatus], until: str, timeout: float | None, tell: Progress) -> None:
    """Look until it is there; see :meth:`jupyter_crater.handle.Job.wait`."""
    if until not in PHASES:
        raise InputError(f"No phase {until!r}.", hint=f"Phases: {', '.join(PHASES)}.")
    started = time.monotonic()
    while True:
        status = look()
        tell(status)
        if reached(status, until):
            return
        if status.ended:
            raise over(status)
        if timeout is not None and time.monotonic() - started > timeout:
            raise WaitTimeout(
                f"Waited {timeout:g} s for {status.name!r} to be {until}; it is {status.phase}"
                f"{f' ({status.message})' if status.message else ''}.",
                hint="The job goes on; `job.status()` or `jupyter crater status` shows it.",
            )
        time.sleep(0.2)


def reached(status: JobStatus, until: str) -> bool:
    if status.phase == until:
        return True
    if status.phase in ENDED or status.phase in AWAY:
        return False
    return until not in ENDED and PHASES.index(status.phase) > PHASES.index(until)


def over(status: JobStatus) -> JobFailed:
    """The error of whoever wants something of a job that has ended."""
    why = status.message or status.reason or "without a reason"
    return JobFailed(
        f"{status.name!r} is {status.phase}: {why}",
        name=status.name,
        reason=status.reason or status.phase,
        hint=f"Its logs are kept: job.logs(), or `jupyter crater logs {status.name}`.",
    )


class PrintedProgress:
    """A line for each new phase and each new step of it."""

    def __init__(self) -> None:
        self._last = ""
        self._late = False
        self._started = time.monotonic()
        # Notebooks paint stderr red, as if each step were an error.
        self._stream = sys.stdout if "ipykernel" in sys.modules else sys.stderr

    def __call__(self, status: JobStatus) -> None:
        line = f"{status.phase}" + (f": {status.message}" if status.message else "")
        if line != self._last:
            self._last, self._late = line, False
            self._write(status, line)
        late = status.forecast.late if status.forecast else None
        if late and not self._late:
            self._late = True
            self._write(status, late)

    def _write(self, status: JobStatus, line: str) -> None:
        elapsed = time.monotonic() - self._started
        self._stream.write(f"{elapsed:6.1f} s  {status.name}  {line}\n")
        self._stream.flush()
