"""Processes of a job: recognised by pid *and* start time, or by the marker in their environment."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from . import files
from .errors import BackendError

MARKER = "JUPYTER_CRATER_JOB"
_PR_SET_CHILD_SUBREAPER = 36


def is_jupyter_secret(name: str) -> bool:
    """Variables that let their holder act as the user on Jupyter; no process of a job needs them."""
    return name.startswith(("JPY_", "JUPYTERHUB_")) or name in (
        "JUPYTER_TOKEN",
        "JUPYTER_SERVER_URL",
    )


def spawn_detached(
    module: str, arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str] = {}
) -> str:
    """Start one of our modules as a process of its own; returns what it said when it was ready.

    The module calls :func:`detach`, which forks: its parent is gone at once, so it never becomes a
    zombie of a notebook kernel, and it writes one line beginning with "ready".

    Raises:
        BackendError: it did not get ready within 30 s.
    """
    inherited = {k: v for k, v in os.environ.items() if not is_jupyter_secret(k)}
    # Found from wherever the caller runs, as it was found here (a checkout, say).
    parent = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [parent, inherited.get("PYTHONPATH")]))
    try:
        result = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=inherited | {"PYTHONPATH": path} | dict(env),
            cwd=cwd,
            timeout=30,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BackendError(f"{module} did not get ready within 30 s.") from error
    said = result.stdout.decode(errors="replace")
    if not said.startswith("ready"):
        last = result.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise BackendError(f"{module} did not start: {''.join(last) or 'it said nothing'}.")
    return said


def ready(words: str, log: Path) -> None:
    """Tell :func:`spawn_detached` and let go of the caller's streams; stderr goes to ``log``."""
    print(f"ready {words}", flush=True)
    null = os.open(os.devnull, os.O_RDWR)
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for target, source in ((0, null), (1, file), (2, file)):
        os.dup2(source, target)


def become_subreaper() -> None:
    """Orphans below this process become its children, so that none escapes (prctl(2), Linux)."""
    try:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (OSError, AttributeError):
        return  # not Linux: the marker finds them


def identity(pid: int) -> dict[str, Any]:
    """A pid with its start, by both clocks: the pair isn't reused while the machine is up."""
    return {"pid": pid, "started": psutil.Process(pid).create_time(), "ticks": ticks(pid)}


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


def end_recorded(path: Path, *, grace: float) -> None:
    """End the process whose :func:`identity` stands in a file, if it still runs."""
    if (process := alive(files.read(path))) is not None:
        end([process], grace=grace)


def own_identity() -> dict[str, Any]:
    return identity(os.getpid())


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


def of_sessions(records: Iterable[dict[str, Any]]) -> list[psutil.Process]:
    """All processes in the sessions that these leaders (pid, ticks) began, the leaders gone or not.

    The marker alone is not enough: programs that rename themselves (Ray's agents, vLLM's engine
    core) write over the environment that /proc shows. A session's id isn't reused while it has
    members, and no member is older than its leader.
    """
    leaders = {int(r["pid"]): int(r["ticks"]) for r in records if r.get("ticks") is not None}
    found = []
    for pid in psutil.pids():
        try:
            leader = os.getsid(pid)
            if leader in leaders and pid != os.getpid():
                started = ticks(pid)
                if started is not None and started >= leaders[leader]:
                    found.append(psutil.Process(pid))
        except (OSError, psutil.Error):
            continue
    return [p for p in found if _running(p)]


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
        everyone = _wait(everyone, grace)
    # What they started meanwhile is found again before it is killed.
    everyone = with_descendants(everyone)
    for process in everyone:
        _signal(process, signal.SIGKILL)
    return _wait(everyone, 5)


def _wait(everyone: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Who still runs after that time. A zombie has ended: some pid 1 takes seconds to reap it."""
    deadline = time.monotonic() + seconds
    while (everyone := [p for p in everyone if _running(p)]) and time.monotonic() < deadline:
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
