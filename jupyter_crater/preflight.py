"""Preflight: run the check of a job's nodes as a short job of its own, and read what it says."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from . import config
from .backends.base import Backend
from .diagnosis.redact import redact
from .engines.preflight import Check, name as name_of, read, spec as spec_of
from .errors import NotFound, PreflightFailed, WaitTimeout
from .files import write
from .handle import Job
from .spec import JobSpec, JobStatus
from .waiting import PrintedProgress, Progress

_POLL_S = 0.5
_SILENT = frozenset({"queued", "scheduled", "pulling"})
"""Phases that have no log yet."""


def run(
    backend: Backend,
    spec: JobSpec,
    name: str,
    *,
    gpus: bool,
    timeout: float,
    progress: Progress | None = None,
) -> list[Check]:
    """Check the nodes that a job is going to have; see :meth:`jupyter_crater.api.Prepared.preflight`.

    Returns:
        What was looked at, none of it an error; empty where the job lives already.

    Raises:
        PreflightFailed, WaitTimeout: the check's job is gone, its log is kept.
    """
    if _lives(backend, name):
        return []  # nothing would start: submit attaches or tells the differences
    check = spec_of(spec, gpus=gpus)
    job = Job(backend, name_of(name))
    try:
        backend.submit(check, job.name, asked=check, changes=())
        status, lines = _wait(job, timeout, progress or PrintedProgress())
        checks, done = read(lines)
        bad = [c for c in checks if c.state == "error"]
        if done and not bad:
            return checks
        raise _refused(name, job, status, checks, bad, lines)
    finally:
        _remove(job)  # Ctrl-C included: it holds GPUs that nobody waits for


def _lives(backend: Backend, name: str) -> bool:
    try:
        return not backend.status(name).ended
    except NotFound:
        return False


def _remove(job: Job) -> None:
    try:
        job.delete()
    except NotFound:
        return  # it was never made


def _wait(job: Job, timeout: float, progress: Progress) -> tuple[JobStatus, list[str]]:
    """Until the check has told all or its job is over: the status and the whole log."""
    deadline = time.monotonic() + timeout
    lines: list[str] = []
    while True:
        status = job.status()
        progress(status)
        if status.phase not in _SILENT:
            lines = list(job.logs()) or lines  # a log may go with its pod
        if status.ended or read(lines)[1]:
            return status, lines
        if time.monotonic() > deadline:
            raise WaitTimeout(
                f"The check of the nodes was not over within {timeout:g} s; it was {status.phase}"
                f"{f' ({status.message})' if status.message else ''}.",
                hint=f"Its log, as far as it came: {_keep(job.name, lines)}."
                if lines
                else "Launch without preflight to wait in the queue with the job itself.",
            )
        time.sleep(_POLL_S)


def _refused(
    name: str,
    job: Job,
    status: JobStatus,
    checks: Sequence[Check],
    bad: Sequence[Check],
    lines: Sequence[str],
) -> PreflightFailed:
    if bad:
        found = "\n".join(f"  {c.node}: {c.check}: {c.found}" for c in bad)
        text, advice = f"The nodes are not ready for {name!r}:\n{found}", f"{bad[0].advice}."
    else:
        why = status.message or status.reason or status.phase
        text = f"The check of the nodes for {name!r} did not come to its end: {why}"
        cards = job.diagnose()
        advice = f"{cards[0].title}. {cards[0].explanation}" if cards else "Its log says more."
    hint = f"{advice} Its log: {_keep(job.name, lines)}" if lines else advice
    return PreflightFailed(text, checks=[c.to_json() for c in checks], hint=hint)


def _keep(name: str, lines: Sequence[str]) -> Path:
    path = config.state() / "preflights" / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, "".join(f"{redact(line)}\n" for line in lines))
    return path
