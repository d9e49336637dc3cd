"""Files that are replaced in one step: a reader sees the old or the new, never half of one."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REMEMBERED = 100
"""Setups that a memory keeps, those written last: of each a file of 4 KiB at most."""


def write(path: Path, data: dict[str, Any] | str) -> None:
    """Replace a file in one step; a crash or a full disk leaves the old one."""
    text = data if isinstance(data, str) else json.dumps(data, indent=1)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(3)}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def read(path: Path) -> dict[str, Any] | None:
    """A JSON object, or None where the file is missing or damaged (a full disk, a crash)."""
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """An exclusive lock between processes; the kernel drops it with its holder.

    Whoever holds it may unlink the file: a waiter that wakes up on an unlinked one starts again.
    The folder is the caller's to make: one that was deleted must not come back by a lock in it.
    """
    while True:
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                same = path.stat().st_ino == os.fstat(file.fileno()).st_ino
            except FileNotFoundError:
                same = False
            if same:
                yield
                return


@contextmanager
def memory(folder: Path) -> Iterator[None]:
    """Write into a folder with a file per setup, alone; beyond :data:`REMEMBERED` the oldest go."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock(folder / "lock"):
        yield
        known = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
        for old in known[:-REMEMBERED]:
            old.unlink()
