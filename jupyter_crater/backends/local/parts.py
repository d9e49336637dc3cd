"""The parts of a running attempt: their commands, their logs, and a probe of the engine's health."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from ... import processes

LOG_MAX_BYTES = 50 * 2**20
STAND_IN = "JUPYTER_CRATER_STAND_IN"
ENGINE, COMMAND = MAIN = ("vLLM server", "start command")
"""Titles of the part that the job is for: it serves, or is a command that just runs."""


def program(module: str, python: Path | None) -> list[str]:
    """How to start one of our modules in the engine environment.

    A folder named by ``JUPYTER_CRATER_STAND_IN`` may hold scripts that stand in for some of them:
    tests that need the process tree and not the answers use it, and status says so.
    """
    script = Path(os.environ.get(STAND_IN, "/nonexistent")) / f"{module}.py"
    if script.is_file():
        return [sys.executable, str(script)]
    return [str(python or sys.executable), "-m", f"crater_inside.{module}"]


def stands_in(module: str) -> bool:
    return (Path(os.environ.get(STAND_IN, "/nonexistent")) / f"{module}.py").is_file()


def ray_head(python: Path | None, *, port: int, gpus: int, temp: Path) -> list[str]:
    """A Ray head on loopback; one host needs one log monitor, and no autoscaler or dashboard."""
    return [
        *program("raycli", python),
        "start",
        "--head",
        f"--port={port}",
        f"--temp-dir={temp}",
        "--include-dashboard=false",
        "--no-monitor",
        *_ray_node("head", gpus),
    ]


def ray_worker(python: Path | None, *, port: int, gpus: int, index: int) -> list[str]:
    return [
        *program("raycli", python),
        "start",
        f"--address=127.0.0.1:{port}",
        "--include-log-monitor=false",
        *_ray_node(f"worker-{index}", gpus),
    ]


def _ray_node(label: str, gpus: int) -> list[str]:
    return [
        "--block",
        "--node-ip-address=127.0.0.1",
        f"--num-cpus={gpus}",
        f"--num-gpus={gpus}",
        f"--labels=crater-task={label}",
        "--disable-usage-stats",
        "--dashboard-agent-listen-port=0",
        "--object-store-memory=100000000",
        "--min-worker-port=0",
        "--max-worker-port=0",
    ]


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


def describe_exit(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


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


def engine_cores(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Identities of vLLM's engine cores: children of its server, known by the title they take."""
    servers = [p.process.pid for p in parts if p.title == ENGINE]
    try:
        return [
            processes.identity(each.pid)
            for server in servers
            for each in psutil.Process(server).children(recursive=True)
            if each.name().startswith("VLLM::EngineCor")  # Linux cuts a name after 15 bytes
        ]
    except psutil.Error:
        return []


def stopped(parts: Sequence[Part]) -> tuple[str, str] | None:
    """(title of the part, "pid (name)") of a process that was stopped (SIGSTOP, a debugger)."""
    for part in parts:
        if part.process.poll() is not None:
            continue
        try:
            tree = processes.with_descendants([psutil.Process(part.process.pid)])
        except psutil.Error:
            continue
        for each in tree:
            try:
                if each.status() == psutil.STATUS_STOPPED:
                    return part.title, f"{each.pid} ({each.name()})"
            except psutil.Error:
                continue
    return None
