"""The detached process that runs one attempt: Ray head, Ray workers, the engine, and their end.

It outlives kernels, servers and terminals. It alone writes ``events.jsonl``; whoever asks for the
status reads that. It ends by itself when the job ends, and takes its whole process tree with it.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__" and os.fork():  # before the imports: the launcher waits for this exit
    os._exit(0)

import json
import select
import shutil
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import psutil

from ... import files, processes
from ...engines import decisive, read_line
from ...engines.environment import Environment, find as find_engine, install
from ...spec import Observation
from . import commands, ending, parts, store
from .machine import reserved_ports
from .parts import Part
from .ranks import Ranks
from .supervising import Supervisor, main

NODES_BOUND_S = 180.0
"""On one machine a node joins in seconds; a cluster's half-hour would only hide a fault."""
START_BOUND_S = 900.0
SILENT_S = 20.0
"""A serving engine that says nothing on /health for so long is told as not responding."""


class EngineSupervisor(Supervisor):
    """Ray's nodes and the engine over them, from the engine environment to the last process."""

    def __init__(self, folder: store.Folder, attempt: store.Attempt) -> None:
        super().__init__(folder, attempt)
        self.ranks = Ranks(attempt.folder / "ranks")
        self.ray_temp: Path | None = None
        self.awaited = False
        self.held: list[Observation] = []

    def _forget_parts(self) -> None:
        super()._forget_parts()
        self.ray_temp, self.awaited, self.held = None, False, []
        shutil.rmtree(self.ranks.folder, ignore_errors=True)
        self.ranks = Ranks(self.ranks.folder)

    def _take_down(self, *, gently: bool) -> None:
        super()._take_down(gently=gently)
        if self.ray_temp:
            ending.keep_ray_logs(self.ray_temp, self.attempt.logs / "ray")
            shutil.rmtree(self.ray_temp, ignore_errors=True)

    # The straight line

    def _run(self) -> None:
        engine = self._engine_environment()
        with reserved_ports(2) as free:
            service = self.spec.service
            api_port = self._wanted_port("port", service.port if service else 0) or free[0]
            ray = self.spec.ray
            ray_port = self._wanted_port("ray_port", ray.port if ray else 0) or free[1]
            self.attempt.write_run(ports={"api": api_port, "ray": ray_port}, head_ip="127.0.0.1")
            env = self._environment(engine)
            self.awaited = ray is not None
            nodes = self._start_ray(engine, ray_port, env) if ray else None
            if ray:
                # For the driver alone: the last one lets it keep 127.0.0.1, and would make a head
                # refuse other nodes.
                env |= {
                    "RAY_ADDRESS": f"127.0.0.1:{ray_port}",
                    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
                }
            self._start_engine(engine, api_port, env)
            if nodes is not None:
                self._wait_for_nodes(nodes)
            self._wait_until_serving()
            self.pump(until=lambda: False, bound=None)

    def _engine_environment(self) -> Environment | None:
        if all(commands.stands_in(m) for m in ("raycli", "nodes", "serve")):
            self.note("rehearsal", "engine", "a test asked for it", asked="vllm", used="stand-in")
            return None
        return self._installed(find_engine, install, "Ray and vLLM")

    def _environment(self, engine: Environment | None) -> dict[str, str]:
        settings = self.spec.engine
        ranks_in_all = settings.tensor_parallel * settings.pipeline_parallel if settings else 1
        base = engine.process_env(os.environ, ranks=ranks_in_all) if engine else dict(os.environ)
        self.ranks.folder.mkdir(exist_ok=True, mode=0o700)
        ours = {
            processes.MARKER: self.folder.marker,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(self.attempt.token),
            "VLLM_HOST_IP": "127.0.0.1",
            "JUPYTER_CRATER_RANKS": str(self.ranks.folder),
            "JUPYTER_CRATER_PLACEMENT_WAIT": f"{self._nodes_bound():.0f}",
        }
        return base | self.spec.main.env | ours

    def _start_ray(self, engine: Environment | None, port: int, env: dict[str, str]) -> Part:
        python = engine.python if engine else None
        # Ray's sockets live here: their paths may have 107 bytes, so the folder is short.
        self.ray_temp = Path(tempfile.mkdtemp(prefix="jc-"))
        self.attempt.write_run(ray_temp=str(self.ray_temp))
        self.phase("starting-ray", f"Ray head and {self.spec.nodes - 1} worker(s) on 127.0.0.1")
        gpus = max(1, self.spec.main.resources.gpus)
        for task in self.spec.tasks:
            for index in range(task.replicas):
                if task is self.spec.main:
                    title, name = "Ray head", task.name
                    command = commands.ray_head(python, port=port, gpus=gpus, temp=self.ray_temp)
                else:
                    title, name = f"Ray {task.name} {index}", f"{task.name}-{index}"
                    command = commands.ray_worker(python, port=port, gpus=gpus, index=index)
                self._start(title, command, env, log=name, task=task.name, index=index)
        bound = self._nodes_bound()
        wait = commands.node_wait(python, port=port, expect=self.spec.nodes, timeout=bound)
        return self._start("Node wait", wait, env, log="nodes", task="head", stdout=subprocess.PIPE)

    def _nodes_bound(self) -> float:
        return min(float(self.spec.ray.wait_seconds if self.spec.ray else 0), NODES_BOUND_S)

    def _start_engine(self, engine: Environment | None, port: int, env: dict[str, str]) -> None:
        python = engine.python if engine else None
        if self.spec.engine is None:
            raw = self.spec.raw_command
            command = ["sh", "-c", raw] if raw is not None else list(self.spec.main.command)
            self.phase("starting-engine", "The given command, as it is.")
        else:
            aliases = self.attempt.document().get("served_model_aliases", [])
            command = commands.serve(python, self.spec.engine, port=port, aliases=aliases)
            key = self.folder.key()
            env = env | ({"VLLM_API_KEY": key} if key else {})
        title = parts.ENGINE if self.spec.service else parts.COMMAND
        self._start(title, command, env, log="engine", task=self.spec.main.name)
        if self.spec.service:
            self.health = parts.Health(port)
            self.health.start()

    def _wait_for_nodes(self, waiting: Part) -> None:
        """Until every node has joined, by name; who is missing when the bound is over is the reason."""
        assert waiting.process.stdout is not None
        output = waiting.process.stdout
        joined = 0
        ready = False
        self.note("progress", "workers", done=0, total=self.spec.nodes, unit="nodes")
        buffer = b""

        def read() -> bool:
            nonlocal joined, ready, buffer
            while select.select([output], [], [], 0)[0]:
                data = os.read(output.fileno(), 65536)
                if not data:
                    break
                *lines, buffer = (buffer + data).split(b"\n")
                for line in lines:
                    row = json.loads(line)
                    if "node" in row:
                        joined += 1
                        self._node_joined(row, joined)
                    ready = ready or bool(row.get("ready"))
                    if "missing" in row:
                        names = ", ".join(row["missing"]) or "a node"
                        text = f"{names} did not join Ray within {self._nodes_bound():g} s."
                        self.end("failed", "workers-missing", text)
            return ready

        self.pump(until=read, bound=self._nodes_bound() + 30, what="Ray")
        waiting.process.wait(5)
        self.parts.remove(waiting)
        self.awaited = False
        for seen in self.held:
            self.current = seen.reason
            self.see(replace(seen, time=time.time()))

    def _node_joined(self, row: dict[str, Any], joined: int) -> None:
        total = self.spec.nodes
        where = {"node": row["node"], "ip": "127.0.0.1"}
        self.note("task", "running", task=row["task"], index=row["index"], **where)
        if joined == 1 and total > 1:
            self.phase("waiting-for-workers", f"{total - 1} worker(s)")
        message = f"{joined}/{total} nodes: {row['task']}-{row['index']} joined"
        self.note("progress", "workers", message, done=joined, total=total, unit="nodes")
        if joined == total:
            self.phase("starting-engine")

    def _wait_until_serving(self) -> None:
        if self.health is None:
            self.phase("serving", "The command runs; it offers no service to ask.")
            return
        self.pump(until=self._serving, bound=START_BOUND_S, what="/health")
        self._read_ranks()
        self.ranks.find_cores(self._main().process.pid)
        self.phase("serving")

    # What goes on meanwhile

    def _heard(self, part: Part, line: str, *, ended: bool) -> None:
        for meaning in read_line(line):
            seen = meaning.observation(time.time(), part.task, part.index)
            # Readiness is what /health says, and a serving engine begins no earlier phase.
            if seen.kind == "phase":
                if seen.reason == "serving" or self._serving():
                    continue
                if self.awaited:  # the engine starts beside the nodes: they come first
                    self.held.append(seen)
                    continue
                self.current = seen.reason
            self.see(seen)
            if seen.data.get("fatal") and self._serving() and not ended:
                line = f"{part.title}: {seen.message}"
                self.end("failed", seen.reason, line)

    def _died(self, part: Part, code: int) -> NoReturn:
        found = self._verdict(part) if code >= 0 else None
        if part.title in parts.MAIN:
            if self.spec.engine is None and code == 0:
                self.end("stopped", "completed", "The command ended with exit code 0.")
            if found is not None:
                self.end("failed", *found)
            engine = part.title == parts.ENGINE
            label = "The vLLM server" if engine else "The start command"
            text = parts.describe_exit(label, code)
            self.end("failed", "engine-died" if engine else "command-failed", text)
        word = part.title.lower().replace(" ", "-")
        text = parts.describe_exit(part.title, code, found[1] if found else "")
        self.end("failed", f"{word}-died", text)

    def _check(self) -> None:
        self._stopped_forward()
        if not self._serving():
            return
        self._read_ranks()
        if (dead := self.ranks.dead()) is not None:
            self.end("failed", *dead)
        self.shm |= processes.shared_memory(parts.tree(self.parts))
        assert self.health is not None
        if self.health.status == 503:
            if (found := self._verdict(self._main())) is not None:
                self.end("failed", *found)
            self.end("failed", "engine-died", "The engine says 503 on /health.")
        silent = time.monotonic() - (self.health.ok_at or 0)
        if silent > SILENT_S:
            text = f"The vLLM server has not answered for {silent:.0f} s."
            self.end("failed", "engine-unresponsive", text)

    def _stopped_forward(self) -> None:
        """A stopped forward would hang its clients; the next one is a call of ``url`` away."""
        forward = processes.alive(files.read(self.folder.path / "forward.json"))
        if forward is not None and forward.status() == psutil.STATUS_STOPPED:
            processes.end([forward], grace=0)
            text = "The forward was stopped (SIGSTOP), so it was ended."
            self.note("event", "forward-ended", text)

    def _main(self) -> Part:
        return next(p for p in self.parts if p.title in parts.MAIN)

    def _read_ranks(self) -> None:
        for row in self.ranks.new():
            line = f"rank {row['rank']} (pipeline stage {row['pp']}) on {row['node']}"
            self.note("fact", "rank-placed", line, **row)

    def _verdict(self, part: Part) -> tuple[str, str] | None:
        """The decisive line; a serving engine that reports an error of its own core is dead."""
        found = decisive(part.lines)
        if found is not None and found[0] == "engine-error" and self._serving():
            return "engine-died", found[1]
        return found


if __name__ == "__main__":
    main(sys.argv[1:], EngineSupervisor)
