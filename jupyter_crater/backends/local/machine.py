"""What this machine has: memory (cgroup limits included), cores, free ports."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

# Below Linux's ephemeral range (32768…): no outgoing connection takes one between choice and bind.
PORTS = range(20000, 32000)
GIB = 2**30


def cores() -> int:
    """Cores this process may use (cpuset and affinity included)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cgroup_free() -> float | None:
    """Bytes left under the tightest memory limit of the cgroups (v2 and v1) above this process."""
    best: float | None = None
    for limit_name, used_name, base in (
        ("memory.max", "memory.current", Path("/sys/fs/cgroup")),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", Path("/sys/fs/cgroup/memory")),
    ):
        try:
            lines = Path("/proc/self/cgroup").read_text().splitlines()
        except OSError:
            return None
        for line in lines:
            folder = base / line.split(":", 2)[2].lstrip("/")
            while folder == base or base in folder.parents:
                try:
                    limit = float((folder / limit_name).read_text())
                    used = float((folder / used_name).read_text())
                except (OSError, ValueError):  # "max", or no such controller here
                    pass
                else:
                    if limit < 2**60:
                        best = min(best, limit - used) if best is not None else limit - used
                folder = folder.parent
    return best


def free_memory_gib() -> float:
    """GiB that a new job may take: the machine's available memory or what the cgroup leaves."""
    available = float(psutil.virtual_memory().available)
    cgroup = _cgroup_free()
    return min(available, cgroup if cgroup is not None else available) / GIB


def is_free(port: int) -> bool:
    """Whether 127.0.0.1:port can be bound now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def reserved_ports(count: int) -> Iterator[list[int]]:
    """Free ports, held against other jobs of this user until the block is left.

    A byte-range lock a port keeps our own jobs apart (the kernel drops it with the process);
    strangers are met by starting again on another port when the bind fails.
    """
    path = Path(tempfile.gettempdir()) / f"jupyter-crater-{os.getuid()}.ports"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    ports: list[int] = []
    try:
        for port in random.Random().sample(PORTS, len(PORTS)):
            if len(ports) == count:
                break
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            except OSError:
                continue
            if is_free(port):
                ports.append(port)
        yield ports
    finally:
        os.close(descriptor)
