"""Launch, serve, forward, delete, again and again: the machine must be afterwards as it was before."""

from __future__ import annotations

import gc
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

import jupyter_crater as crater
from jupyter_crater import files, processes
from jupyter_crater.backends.local import store
from tests.waiting import until

from .sequences import TEMPLATE

MEMORY_MIB = 24.0
"""What the allocator may keep of a hundred launches."""


@dataclass(frozen=True)
class Resources:
    """What this process and its state folder hold."""

    files: tuple[str, ...]
    descriptors: int
    threads: int
    children: int
    memory_mib: float


def resources() -> Resources:
    gc.collect()
    me = psutil.Process()
    found = sorted(str(p) for p in store.root().rglob("*") if p.is_file())
    return Resources(
        tuple(found),
        me.num_fds(),
        threading.active_count(),
        len(me.children(recursive=True)),
        me.memory_info().rss / 2**20,
    )


def can_bind(port: int) -> bool:
    """Whether nobody listens there any more, nor holds a connection from it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def once() -> None:
    """One life of a job; nothing of it may be left.

    Raises:
        AssertionError: a process, port or folder of it is.
    """
    job = crater.launch(TEMPLATE, backend="local").wait(timeout=60, progress=lambda _: None)
    assert httpx.get(f"{job.url}/health").status_code == 200
    folder = store.find(job.name)
    run = folder.current().run()
    forward = files.read(folder.path / "forward.json")
    assert forward is not None
    marker = folder.marker
    job.delete()
    assert processes.marked(marker) == []
    assert processes.of_sessions(run["parts"]) == []
    assert processes.alive(run) is None
    assert processes.alive(forward) is None
    assert not Path(run["ray_temp"]).exists()
    for port in (*run["ports"].values(), forward["port"]):
        # The kernel closes the connections of a dead process a moment after its end.
        until(lambda port=port: can_bind(port), seconds=5, what=f"port {port} to be free")


def run(launches: int) -> tuple[Resources, Resources]:
    """So many lives after a first one, which loads modules; returns what was held before and after."""
    once()
    before = resources()
    for _ in range(launches):
        once()
    after = resources()
    same = ("files", "descriptors", "threads", "children")
    for what in same:
        assert getattr(after, what) == getattr(before, what), (what, before, after)
    assert after.memory_mib - before.memory_mib < MEMORY_MIB, (before, after)
    return before, after
