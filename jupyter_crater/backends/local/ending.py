"""The end of an attempt's processes, and of what they leave on the machine."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import psutil

from ... import processes
from . import parts
from .parts import Part


def take_down(
    everyone: Sequence[Part],
    sessions: Iterable[dict[str, Any]],
    shm: Iterable[str],
    *,
    grace: float,
) -> None:
    """The engine first, then the others; then whatever is left of the tree, by session too.

    ``sessions`` are the records of the parts, ``shm`` the files of /dev/shm seen in use earlier.
    """
    tree = parts.tree(everyone)
    shm = {*shm, *processes.shared_memory(tree)}
    engine = [p for p in everyone if p.title in parts.MAIN]
    for group in (engine, [p for p in everyone if p not in engine]):
        for part in group:
            if part.process.poll() is None:
                part.process.terminate()
                part.process.send_signal(signal.SIGCONT)  # a stopped one could not obey
        deadline = time.monotonic() + grace
        for part in group:
            try:
                part.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                continue
    children = psutil.Process().children(recursive=True)
    left = processes.end([*tree, *children, *processes.of_sessions(sessions)], grace=0)
    if left:
        print(f"not ended: {left}", file=sys.stderr, flush=True)
    for part in everyone:
        part.new_lines()
        if part.process.stdout:
            part.process.stdout.close()
    for name in shm:
        if Path(name).name.startswith(("psm_", "sem.")) or "cpushm" in name:
            Path(name).unlink(missing_ok=True)


def keep_ray_logs(ray_temp: Path, target: Path) -> None:
    """The last MiB of each of Ray's own session logs; sockets and the rest go with the folder."""
    for path in ray_temp.glob("session_*/logs/*"):
        if path.is_symlink() or not path.is_file() or path.parent.parent.is_symlink():
            continue
        try:
            target.mkdir(exist_ok=True, mode=0o700)
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - 2**20))
                data = file.read()
            if data:
                (target / path.name).write_bytes(data)
        except OSError:
            return  # a full disk: the job's own logs are what counts
