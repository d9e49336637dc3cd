"""The parts of a running attempt: their processes, their logs, and a probe of the engine's health."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from ... import processes

LOG_MAX_BYTES = 50 * 2**20
ENGINE, COMMAND = MAIN = ("vLLM server", "start command")
"""Titles of the part that the job is for: it serves, or is a command that just runs."""


@dataclass
class Log:
    """A log file that grows: new whole lines a call, and a bound on its size."""

    path: Path
    offset: int = 0
    rest: bytes = b""

    def read(self) -> list[str]:
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                data = file.read(2**20)
        except OSError:
            return []
        if not data:
            return []
        self.offset += len(data)
        *lines, self.rest = (self.rest + data).split(b"\n")
        if len(self.rest) > 64 * 1024:  # a line without end is cut, not collected
            lines.append(self.rest)
            self.rest = b""
        return [line.decode(errors="replace") for line in lines]

    def rotate(self) -> None:
        """Copy and truncate: the writer has the file open (O_APPEND) and goes on in it."""
        if self.offset > LOG_MAX_BYTES:
            shutil.copyfile(self.path, self.path.with_name(self.path.name + ".1"))
            os.truncate(self.path, 0)
            self.offset, self.rest = 0, b""


@dataclass
class Part:
    """One child process of the supervisor with its log."""

    title: str
    """As people call it: "Ray head", "Ray worker 0", :data:`ENGINE`."""
    task: str
    index: int
    process: subprocess.Popen[bytes]
    log: Log
    lines: list[str] = field(default_factory=list)
    """The last lines, for the decisive one."""

    def new_lines(self) -> list[str]:
        lines = self.log.read()
        self.lines = (self.lines + lines)[-2000:]
        self.log.rotate()
        return lines

    def record(self) -> dict[str, Any]:
        pid = self.process.pid
        return {"title": self.title, "pid": pid, "ticks": processes.ticks(pid)}

    def last_line(self) -> str:
        return next((line for line in reversed(self.lines) if line.strip()), "")


def start(
    title: str,
    command: Sequence[str],
    *,
    task: str,
    index: int = 0,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    stdout: int | None = None,
) -> Part:
    """Start a part in a process group of its own, writing to its log by itself.

    The log does not pass through the supervisor: the part outlives it and keeps writing.
    """
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        process = subprocess.Popen(
            # Nicer than the notebook: a rehearsal must not make JupyterLab stutter.
            ["nice", "-n", "5", *command],
            stdin=subprocess.DEVNULL,
            stdout=descriptor if stdout is None else stdout,
            stderr=descriptor,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)
    return Part(title, task, index, process, Log(log))


def describe_exit(who: str, code: int, last: str = "") -> str:
    """What became of a part, and the line that says why where one does."""
    if last and code < 0:
        return f"{who} was killed by signal {-code}: {last}"
    if last:
        return f"{who} ended with exit code {code}: {last}"
    return (
        f"{who} was killed by signal {-code}."
        if code < 0
        else f"{who} ended with exit code {code}."
    )


class Health(threading.Thread):
    """Asks the engine's /health again and again, since a stopped engine would block the asker."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True, name="health")
        self.port = port
        self.status: int | None = None
        """Last HTTP status; None: no answer."""
        self.ok_at: float | None = None
        """When it last said 200 (monotonic)."""
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            self.status = self._ask()
            if self.status == 200:
                self.ok_at = time.monotonic()
            self.ended.wait(1.0 if self.ok_at else 0.1)

    def _ask(self) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=3)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


def tree(parts: Sequence[Part]) -> list[psutil.Process]:
    """The parts' processes and everything below them."""
    found = []
    for part in parts:
        try:
            found.append(psutil.Process(part.process.pid))
        except psutil.Error:
            continue
    return processes.with_descendants(found)


def stopped(parts: Sequence[Part]) -> tuple[str, str] | None:
    """(title of the part, "pid (name)") of a process that was stopped (SIGSTOP, a debugger)."""
    for part in parts:
        if part.process.poll() is not None:
            continue
        for each in tree([part]):
            try:
                if each.status() == psutil.STATUS_STOPPED:
                    return part.title, f"{each.pid} ({each.name()})"
            except psutil.Error:
                continue
    return None
