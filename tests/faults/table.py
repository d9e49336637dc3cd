"""Part × signal × phase: strike a living job, and write down what its status said, and when."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

import jupyter_crater as crater
from jupyter_crater import files, processes
from jupyter_crater.backends.local import store
from jupyter_crater.backends.local.backend import leftovers
from jupyter_crater.handle import Job

NAME = "deepseek-r1-distributed"
KILL, STOP = signal.SIGKILL, signal.SIGSTOP
ROWS = "JUPYTER_CRATER_FAULT_ROWS"
TOLD_S = 5.0
CLIENT_S = 25.0
"""Goals, which the page's last column is about; a test waits for WAIT_S."""
WAIT_S = 60.0


@dataclass(frozen=True)
class Fault:
    """One row: what is struck, when, and what has to be said.

    Attributes:
        phase: the phase in which it is struck.
        says: reason of the status, None: nothing is wrong with the job.
        ends: phase that the job comes to in the end; None: it goes on.
        env: manners of the stand-ins that hold the job in that phase.
        real: "" (stand-ins for all), "Ray" (``serve`` stands in), "vLLM" (nothing stands in).
    """

    part: str
    number: int
    phase: str
    says: str | None
    ends: str | None
    env: dict[str, str] = field(default_factory=dict)
    real: str = ""

    @property
    def id(self) -> str:
        kind = f"-real-{self.real}" if self.real else ""
        return f"{self.part}-{self.number.name}-{self.phase}{kind}".replace(" ", "-").lower()


HANGS = "hangs"


@dataclass
class Row:
    """What was seen."""

    fault: Fault
    phase: str = ""
    reason: str | None = None
    message: str = ""
    told_s: float = 0.0
    ended: str | None = None
    client: str = ""
    client_s: float | None = None
    left: int = 0

    @property
    def ok(self) -> bool:
        told, over = self.reason == self.fault.says, self.ended == self.fault.ends
        return told and over and self.client != HANGS and self.left == 0

    @property
    def in_time(self) -> bool:
        return self.told_s <= TOLD_S and (self.client_s or 0) <= CLIENT_S

    def cells(self) -> list[str]:
        f = self.fault
        said = f"{self.phase}, {self.reason}" if self.reason else self.phase
        client = f"{self.client} after {self.client_s:.1f} s" if self.client_s else self.client
        return [
            f"{f.part}{f' (real {f.real})' if f.real else ''}",
            f.number.name,
            f.phase,
            f"{said} after {self.told_s:.1f} s",
            self.ended or "goes on",
            client or "–",
            "✓" if self.ok and self.in_time else "✗",
        ]


HEAD = ["part", "signal", "struck in", "status says", "in the end", "streaming client", ""]

LOADING = {"CRATER_STAND_IN_LOAD_S": "60"}
WAITING = {"CRATER_STAND_IN_JOIN": "never", "CRATER_STAND_IN_LOAD_S": "60"}


def _rows() -> list[Fault]:
    rows = []
    for phase, env in (
        ("waiting-for-workers", WAITING),
        ("starting-engine", LOADING),
        ("serving", {}),
    ):
        for part, code in (
            ("Ray head", "ray-head"),
            ("Ray worker 0", "ray-worker-0"),
            ("vLLM server", "engine"),
        ):
            rows.append(Fault(part, KILL, phase, f"{code}-died", "failed", env))
            title = part.lower().replace(" ", "-")
            # That a stop which stays ends the job is waited for once, while it serves.
            ends = "failed" if phase == "serving" else None
            rows.append(Fault(part, STOP, phase, f"{title}-stopped", ends, env))
        rows.append(Fault("supervisor", KILL, phase, "supervisor-lost", "failed", env))
        rows.append(Fault("supervisor", STOP, phase, "supervisor-stopped", None, env))
        rows.append(Fault("launcher", KILL, phase, None, None, env))
    rows += [
        Fault("launcher", STOP, "serving", None, None),
        Fault("engine core", KILL, "serving", "engine-died", "failed"),
        Fault("engine core", STOP, "serving", "vllm-server-stopped", "failed"),
        Fault("forward", KILL, "serving", None, None),
        Fault("forward", STOP, "serving", None, None),
        Fault("Ray head", KILL, "serving", "ray-head-died", "failed", real="Ray"),
        Fault("Ray worker 0", KILL, "serving", "ray-worker-0-died", "failed", real="Ray"),
        Fault(
            "Ray head", STOP, "starting-engine", "ray-head-stopped", "failed", LOADING, real="Ray"
        ),
        Fault("rank 1", KILL, "serving", "worker-died", "failed", real="vLLM"),
        Fault("engine core", KILL, "serving", "engine-died", "failed", real="vLLM"),
        Fault("Ray worker 0", KILL, "serving", "ray-worker-0-died", "failed", real="vLLM"),
        Fault("vLLM server", STOP, "serving", "vllm-server-stopped", "failed", real="vLLM"),
    ]
    return rows


FAULTS = _rows()


def victim(fault: Fault, job: Job, launcher: psutil.Process) -> psutil.Process:
    folder = store.find(job.name)
    run = folder.current().run()
    if fault.part == "supervisor":
        return psutil.Process(run["pid"])
    if fault.part == "launcher":
        return launcher
    if fault.part == "forward":
        return psutil.Process(files.read(folder.path / "forward.json")["pid"])
    if fault.part == "rank 1":
        rank = files.read(folder.current().folder / "ranks" / "rank-1.json")
        assert rank is not None
        return psutil.Process(rank["pid"])
    title = "vLLM server" if fault.part == "engine core" else fault.part
    part = psutil.Process(next(p["pid"] for p in run["parts"] if p["title"] == title))
    if fault.part != "engine core":
        return part
    if fault.real == "vLLM":
        return next(c for c in part.children(recursive=True) if "EngineCor" in c.name())
    return part.children()[0]


class Client(threading.Thread):
    """Streams an answer without end, and says how that ended and when."""

    def __init__(self, url: str, key: str, model: str) -> None:
        super().__init__(daemon=True)
        self.url, self.key, self.model = url, key, model
        self.first = threading.Event()
        self.ended: str | None = None
        self.ended_at = 0.0

    def run(self) -> None:
        body = {
            "model": self.model,
            "stream": True,
            "max_tokens": 1500,
            "ignore_eos": True,
            "messages": [{"role": "user", "content": "Tell a story."}],
        }
        try:
            with httpx.stream(
                "POST",
                f"{self.url}/v1/chat/completions",
                json=body,
                headers={"Authorization": f"Bearer {self.key}"},
                timeout=120,
            ) as answer:
                for line in answer.iter_lines():
                    self.first.set()
                    if '"error"' in line:
                        self.ended = "an error in the stream"
                        break
                else:
                    self.ended = "its end"
        except httpx.HTTPError as error:
            self.ended = type(error).__name__
        finally:
            self.ended_at = time.monotonic()
            self.first.set()


def strike(fault: Fault, job: Job, launcher: psutil.Process) -> Row:
    """Strike, watch, clean up. The job is deleted at the end."""
    row = Row(fault)
    folder = store.find(job.name)
    client = None
    if fault.phase == "serving" and fault.part != "launcher":
        client = Client(job.url, str(job.api_key), job.model)
        client.start()
        assert client.first.wait(60)
    target = victim(fault, job, launcher)
    struck = time.monotonic()
    os.kill(target.pid, fault.number)
    _told(row, job, struck)
    deadline = struck + 2 * WAIT_S
    if fault.ends:
        _until(lambda: job.status().ended, deadline)
        status = job.status()
        row.ended = status.phase if status.ended else None
    elif fault.part == "forward":
        assert httpx.get(f"{job.url}/health", timeout=10).status_code == 200
    if client is not None and (fault.ends or fault.part == "forward"):
        if fault.part != "supervisor":
            client.join(max(0.0, deadline - time.monotonic()))
            row.client = client.ended or HANGS
            row.client_s = (client.ended_at or time.monotonic()) - struck
        else:
            row.client = "goes on" if client.is_alive() else str(client.ended)
    if fault.number == STOP and psutil.pid_exists(target.pid):
        os.kill(target.pid, signal.SIGCONT)
    assert str(job.logs()), "its logs can be read"
    attempts = folder.attempts()
    job.delete()
    row.left = sum(len(leftovers(folder, a)) for a in attempts)
    sessions = [r for a in attempts for r in a.run().get("parts", [])]
    row.left += len(processes.of_sessions(sessions))
    return row


def _told(row: Row, job: Job, struck: float) -> None:
    wanted = row.fault.says
    while True:
        status = job.status()
        row.phase, row.reason, row.message = status.phase, status.reason, status.message
        row.told_s = time.monotonic() - struck
        if wanted is not None and status.reason == wanted:
            return
        if row.told_s > (WAIT_S if wanted is not None else 3.0):
            return
        time.sleep(0.1)


def _until(condition: Callable[[], bool], deadline: float) -> None:
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)


def wait_for_phase(job: Job, phase: str) -> None:
    _until(lambda: job.phase == phase or job.status().ended, time.monotonic() + 180)
    assert job.phase == phase, job.status()


def keep(row: Row) -> None:
    """Append the row where ``python -m tests.faults`` collects them, if it does."""
    path = os.environ.get(ROWS)
    if path:
        with Path(path).open("a") as file:
            file.write(json.dumps(row.cells()) + "\n")


def found(name: str = NAME) -> Job:
    return crater.job(name, "local")
