"""Processes of a job: recognised by pid *and* start time, or by the marker in their environment."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil

MARKER = "JUPYTER_CRATER_JOB"
_PR_SET_CHILD_SUBREAPER = 36


def become_subreaper() -> None:
    """Orphans below this process become its children, so that none escapes (prctl(2), Linux)."""
    try:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (OSError, AttributeError):
        return  # not Linux: the marker finds them


def identity(pid: int) -> dict[str, Any]:
    """A pid with its start time: the pair isn't reused while the machine is up."""
    return {"pid": pid, "started": psutil.Process(pid).create_time()}


def alive(record: dict[str, Any] | None) -> psutil.Process | None:
    """The process of an :func:`identity`, or None if it is gone, a zombie, or another one."""
    if not record or "pid" not in record:
        return None
    try:
        process = psutil.Process(int(record["pid"]))
        # A second's slack: psutil derives the start from the boot time, which moves with the clock.
        same = abs(process.create_time() - float(record["started"])) < 2 or _same_ticks(record)
        if not same or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except (psutil.Error, OSError, KeyError, ValueError):
        return None
    return process


def ticks(pid: int) -> int | None:
    """Start time in clock ticks since boot: doesn't move when the wall clock jumps."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def _same_ticks(record: dict[str, Any]) -> bool:
    known = record.get("ticks")
    return known is not None and ticks(int(record["pid"])) == known


def own_identity() -> dict[str, Any]:
    return identity(os.getpid()) | {"ticks": ticks(os.getpid())}


def marked(marker: str) -> list[psutil.Process]:
    """All processes of this user that carry the job's marker in their environment."""
    wanted = f"{MARKER}={marker}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(psutil.Process(int(entry.name)))
        except (OSError, psutil.Error):
            continue
    return found


def with_descendants(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """The processes and everything below them, each once."""
    found: dict[int, psutil.Process] = {}
    for process in processes:
        try:
            for each in [process, *process.children(recursive=True)]:
                found.setdefault(each.pid, each)
        except psutil.Error:
            continue
    found.pop(os.getpid(), None)
    return list(found.values())


def end(processes: Iterable[psutil.Process], *, grace: float) -> list[psutil.Process]:
    """SIGTERM, ``grace`` seconds, SIGKILL; returns what is left even then.

    Stopped processes (SIGSTOP) can't act on SIGTERM and are killed by SIGKILL like the rest.
    """
    everyone = with_descendants(processes)
    if grace > 0:
        for process in everyone:
            _signal(process, signal.SIGTERM)
        _, everyone = psutil.wait_procs(everyone, timeout=grace)
    # What they started meanwhile is found again before it is killed.
    everyone = with_descendants(everyone)
    for process in everyone:
        _signal(process, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while everyone and time.monotonic() < deadline:
        everyone = [p for p in everyone if _running(p)]
        time.sleep(0.02)
    return everyone


def _running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except (psutil.Error, OSError):
        return  # gone meanwhile


def shared_memory(processes: Iterable[psutil.Process]) -> set[str]:
    """Files of /dev/shm that the processes have mapped (vLLM leaves them behind when it ends)."""
    found: set[str] = set()
    for process in processes:
        try:
            text = Path(f"/proc/{process.pid}/maps").read_text()
        except OSError:
            continue
        found |= {
            part
            for line in text.splitlines()
            if "/dev/shm/" in line and "(deleted)" not in line  # noqa: S108 - read, not written
            for part in line.split()[5:6]
        }
    return found
