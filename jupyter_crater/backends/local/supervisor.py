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
import signal
import subprocess
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import psutil

from ... import files, processes
from ...engines import decisive, read_line, start_command
from ...engines.environment import Environment, find as find_engine, install
from ...errors import Cancelled, CraterError
from ...spec import Observation
from . import parts, store
from .machine import reserved_ports
from .parts import Part

T = TypeVar("T")

NODES_BOUND_S = 180.0
"""On one machine a node joins in seconds; a cluster's half-hour would only hide a fault."""
START_BOUND_S = 900.0
SILENT_S = 20.0
"""A serving engine that says nothing on /health for so long is told as not responding."""
STOPPED_S = 12.0
"""A process of the job that stays stopped (SIGSTOP) so long hangs its clients: the job fails."""
PORT_STARTS = 3
"""A stranger may take a port between our choice and the bind; so often it is tried anew."""


class Ended(Exception):
    """The attempt is over: ``phase`` is stopped or failed."""

    def __init__(self, phase: str, code: str, message: str) -> None:
        super().__init__(message)
        self.phase, self.code, self.message = phase, code, message


class Supervisor:
    """Runs one attempt from the engine environment to the last process."""

    def __init__(self, folder: store.Folder, attempt: store.Attempt) -> None:
        self.folder = folder
        self.attempt = attempt
        self.spec = attempt.spec()
        self.parts: list[Part] = []
        self.health: parts.Health | None = None
        self.stop_requested = False
        self.install_cancel = threading.Event()
        self.ranks: dict[Path, dict[str, Any]] = {}
        self.cores: list[dict[str, Any]] = []
        self.shm: set[str] = set()
        self.ray_temp: Path | None = None
        self.lease: float | None = attempt.run().get("lease")
        self.slow_checks_at = 0.0
        self.current = ""
        self.awaited = False
        self.held: list[Observation] = []
        self.stopped_since: float | None = None

    # What is written down

    def note(self, kind: Any, reason: str = "", message: str = "", **more: Any) -> None:
        task, index = more.pop("task", None), more.pop("index", None)
        self.see(Observation(time.time(), kind, reason, message, task, index, more))

    def see(self, observation: Observation) -> None:
        try:
            self.attempt.record(observation)
        except OSError as error:  # a full disk must not end the job; the next line may fit again
            print(f"event not written: {error}: {observation}", file=sys.stderr, flush=True)

    def phase(self, phase: str, message: str = "", **data: Any) -> None:
        self.current = phase
        self.note("phase", phase, message, **data)

    def end(self, phase: str, code: str, message: str) -> NoReturn:
        raise Ended(phase, code, message)

    # The straight line

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGINT, self._on_stop)
        self.attempt.reserve_last_words()
        left = self.spec.max_restarts
        stolen = 0
        while True:
            outcome = self._outcome()
            taken = outcome.code == "port-in-use" and self.current != "serving"
            if outcome.phase != "failed" or self.stop_requested:
                break
            if taken and stolen < PORT_STARTS - 1 and not self._given_ports():
                stolen += 1
                why = "A port was taken meanwhile: another one is tried."
            elif left and not taken:
                left -= 1
                more = f"{left} more after this one" if left else "the last try"
                why = f"Starting again ({more}) after: {outcome.message}"
            else:
                break
            self.phase("restarting", why)
            self._take_down(gently=False)
            self._forget_parts()
        # Told before it is done: taking a gang down may take seconds, and readers wait for the reason.
        self.phase("stopping", outcome.message, code=outcome.code)
        self._take_down(gently=outcome.phase == "stopped")
        self.attempt.record_end(
            Observation(
                time.time(), "phase", outcome.phase, outcome.message, data={"code": outcome.code}
            )
        )

    def _outcome(self) -> Ended:
        """Run one gang until something ends it."""
        try:
            self._run()
        except Ended as ended:
            return ended
        except CraterError as error:
            return Ended("failed", type(error).__name__, str(error))
        except Exception as error:  # noqa: BLE001 - the job must end with a reason in any case
            traceback.print_exc()
            return Ended("failed", "supervisor-error", f"{type(error).__name__}: {error}")
        return Ended("failed", "supervisor-error", "The supervisor ended without a word.")

    def _given_ports(self) -> bool:
        return bool({"port", "ray_port"} & self.attempt.asked().provenance.values.keys())

    def _forget_parts(self) -> None:
        self.parts, self.health, self.ray_temp = [], None, None
        self.awaited, self.held, self.stopped_since = False, [], None
        self.ranks, self.cores = {}, []
        shutil.rmtree(self.attempt.folder / "ranks", ignore_errors=True)

    def _run(self) -> None:
        engine = self._engine_environment()
        with ExitStack() as stack:
            api_port, ray_port = stack.enter_context(reserved_ports(2))
            service = self.spec.service
            api_port = self._wanted_port("port", service.port if service else 0) or api_port
            ray = self.spec.ray
            ray_port = self._wanted_port("ray_port", ray.port if ray else 0) or ray_port
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

    def _wanted_port(self, parameter: str, port: int) -> int | None:
        """The port that the user gave by name; a template's default is not a wish."""
        given = self.attempt.asked().provenance.values
        return port if parameter in given else None

    def _engine_environment(self) -> Environment | None:
        if all(parts.stands_in(m) for m in ("raycli", "nodes", "serve")):
            self.note("rehearsal", "engine", "a test asked for it", asked="vllm", used="stand-in")
            return None
        return self._installed(find_engine, install, "the engine (Ray and vLLM)")

    def _installed(self, find: Callable[[], T | None], make: Callable[..., T], what: str) -> T:
        """A managed environment, made if it is missing, with its progress told as ours."""
        if (found := find()) is not None:
            return found
        self.phase("pulling", f"Preparing the environment of {what}, once.")
        done: list[T | BaseException] = []

        def work() -> None:
            try:
                done.append(
                    make(
                        lambda p: self.note(
                            "progress", "pull", p.message, step=p.step, done=p.done, total=p.total
                        ),
                        self.install_cancel,
                    )
                )
            except BaseException as error:  # noqa: BLE001 - handed to the main thread
                done.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self.pump(until=lambda: not thread.is_alive(), bound=None)
        result = done[0]
        if isinstance(result, Cancelled):
            self.end("stopped", "stopped", f"Stopped while the environment of {what} was made.")
        if isinstance(result, BaseException):
            raise result
        return result

    def _environment(self, engine: Environment | None) -> dict[str, str]:
        settings = self.spec.engine
        ranks_in_all = settings.tensor_parallel * settings.pipeline_parallel if settings else 1
        base = engine.process_env(os.environ, ranks=ranks_in_all) if engine else dict(os.environ)
        main = self.spec.main
        ranks = self.attempt.folder / "ranks"
        ranks.mkdir(exist_ok=True, mode=0o700)
        return (
            base
            | main.env
            | {
                processes.MARKER: self.folder.marker,
                "RAY_AUTH_MODE": "token",
                "RAY_AUTH_TOKEN_PATH": str(self.attempt.token),
                "VLLM_HOST_IP": "127.0.0.1",
                "JUPYTER_CRATER_RANKS": str(ranks),
                "JUPYTER_CRATER_PLACEMENT_WAIT": f"{self._nodes_bound():.0f}",
            }
        )

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
                    command = parts.ray_head(python, port=port, gpus=gpus, temp=self.ray_temp)
                else:
                    command = parts.ray_worker(python, port=port, gpus=gpus, index=index)
                title = "Ray head" if task is self.spec.main else f"Ray {task.name} {index}"
                name = task.name if task is self.spec.main else f"{task.name}-{index}"
                self._start(title, command, env, log=name, task=task.name, index=index)
        waiting = [
            *parts.program("nodes", python),
            f"--address=127.0.0.1:{port}",
            f"--expect={self.spec.nodes}",
            f"--timeout={self._nodes_bound():g}",
        ]
        return self._start(
            "Node wait", waiting, env, log="nodes", task="head", stdout=subprocess.PIPE
        )

    def _nodes_bound(self) -> float:
        return min(float(self.spec.ray.wait_seconds if self.spec.ray else 0), NODES_BOUND_S)

    def _start_engine(self, engine: Environment | None, port: int, env: dict[str, str]) -> None:
        python = engine.python if engine else None
        if self.spec.engine is None:
            raw = self.spec.raw_command
            command = ["sh", "-c", raw] if raw is not None else list(self.spec.main.command)
            self.phase("starting-engine", "The given command, as it is.")
        else:
            command = [*parts.program("serve", python), *self._serve_arguments(port)]
            key = self.folder.key()
            env = env | ({"VLLM_API_KEY": key} if key else {})
        title = parts.ENGINE if self.spec.service else parts.COMMAND
        self._start(title, command, env, log="engine", task=self.spec.main.name)
        if self.spec.service:
            self.health = parts.Health(port)
            self.health.start()

    def _serve_arguments(self, port: int) -> list[str]:
        """``serve MODEL …`` as ``vllm`` takes it: the settings' own flags, held to loopback."""
        settings = self.spec.engine
        assert settings is not None
        command = start_command(settings.model_copy(update={"host": "127.0.0.1", "port": port}))
        arguments = command[command.index("serve") :]
        aliases = self.attempt.document().get("served_model_aliases", [])
        if aliases and "--served-model-name" in arguments:
            at = arguments.index("--served-model-name") + 2
            arguments[at:at] = aliases
        return [*arguments, "--allowed-origins", "[]"]

    def _start(
        self, title: str, command: list[str], env: dict[str, str], *, log: str, **more: Any
    ) -> Part:
        part = parts.start(
            title,
            command,
            log=self.attempt.logs / f"{log}.log",
            env=env,
            cwd=self.attempt.folder,
            task=more["task"],
            index=more.get("index", 0),
            stdout=more.get("stdout"),
        )
        self.parts.append(part)
        self.attempt.write_run(
            parts=[
                {"title": p.title, "pid": p.process.pid, "ticks": processes.ticks(p.process.pid)}
                for p in self.parts
            ]
        )
        if log not in ("nodes", "engine"):
            self.note("task", "running", task=part.task, index=part.index, ip="127.0.0.1")
        return part

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
                        self.end(
                            "failed",
                            "workers-missing",
                            f"{names} did not join Ray within {self._nodes_bound():g} s.",
                        )
            return ready

        self.pump(until=read, bound=self._nodes_bound() + 30, what="all Ray nodes to join")
        waiting.process.wait(5)
        self.parts.remove(waiting)
        self.awaited = False
        for seen in self.held:
            self.current = seen.reason
            self.see(replace(seen, time=time.time()))

    def _node_joined(self, row: dict[str, Any], joined: int) -> None:
        total = self.spec.nodes
        self.note(
            "task",
            "running",
            task=row["task"],
            index=row["index"],
            node=row["node"],
            ip="127.0.0.1",
        )
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
        health = self.health
        self.pump(
            until=lambda: health.ok_at is not None, bound=START_BOUND_S, what="/health to answer"
        )
        self._read_ranks()
        self.cores = parts.engine_cores(self.parts)
        self.phase("serving")

    # What goes on meanwhile

    def pump(self, *, until: Callable[[], bool], bound: float | None, what: str = "") -> None:
        """Watch over the parts until a condition holds; the first thing that goes wrong ends it.

        Raises:
            Ended: stopped on request, the lease is over, a part died, or the bound is over.
        """
        deadline = time.monotonic() + bound if bound is not None else None
        while not until():
            self._tick()
            if deadline is not None and time.monotonic() > deadline:
                self.end("failed", "start-timeout", f"Waited {bound:g} s for {what}, in vain.")
            time.sleep(0.3 if self._serving() else 0.05)

    def _serving(self) -> bool:
        return self.health is not None and self.health.ok_at is not None

    def _tick(self) -> None:
        if self.stop_requested:
            self.end("stopped", "stopped", "Stopped on request.")
        # Who died before who complained: the others' logs tell of it too, without its name.
        for part in self.parts:
            code = part.process.poll()
            if code is not None and not (part.title == "Node wait" and code == 0):
                self._part_ended(part, code)
        for part in self.parts:
            self._read_log(part)
        if time.monotonic() > self.slow_checks_at:
            self.slow_checks_at = time.monotonic() + 2
            self._slow_checks()

    def _read_log(self, part: Part, *, ended: bool = False) -> None:
        for line in part.new_lines():
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
                    self._fail(part, seen.reason, seen.message)

    def _fail(self, part: Part, code: str, line: str) -> NoReturn:
        self.end("failed", code, f"{part.title}: {line}")

    def _part_ended(self, part: Part, code: int) -> NoReturn:
        time.sleep(0.1)  # its last lines are on their way to the file
        self._read_log(part, ended=True)
        how = parts.describe_exit(code)
        self.note(
            "exit",
            "signalled" if code < 0 else "exited",
            part.lines[-1] if part.lines else "",
            task=part.task,
            index=part.index,
            code=code,
            part=part.title,
        )
        if part.title in parts.MAIN:
            if self.spec.engine is None and code == 0:
                self.end("stopped", "completed", "The command ended with exit code 0.")
            found = self._verdict(part)
            if found is not None and code >= 0:
                self.end("failed", found[0], found[1])
            reason = "engine-died" if part.title == parts.ENGINE else "command-failed"
            self.end("failed", reason, f"The {part.title} {how}.")
        word = part.title.lower().replace(" ", "-")
        found = decisive(part.lines) if code >= 0 else None
        because = f": {found[1]}" if found else "."
        self.end("failed", f"{word}-died", f"{part.title} {how}{because}")

    def _slow_checks(self) -> None:
        if not self.attempt.folder.is_dir():
            self.end("stopped", "folder-removed", "The job's folder was removed.")
        lease = self.attempt.run().get("lease")
        if lease and time.time() > lease:
            self.end("stopped", "lease-ended", "The lease is over; `extend` would have moved it.")
        self._stopped_parts()
        self._stopped_forward()
        if not self._serving():
            return
        self._read_ranks()
        self._dead_core()
        self._dead_ranks()
        self.shm |= processes.shared_memory(self._tree())
        assert self.health is not None
        if self.health.status == 503:
            engine = next((p for p in self.parts if p.title in parts.MAIN), None)
            found = self._verdict(engine)
            self.end("failed", *(found or ("engine-died", "The engine says 503 on /health.")))
        silent = time.monotonic() - (self.health.ok_at or 0)
        if silent > SILENT_S:
            text = f"The vLLM server has not answered for {silent:.0f} s."
            self.end("failed", "engine-unresponsive", text)

    def _stopped_parts(self) -> None:
        """A stopped process neither works nor dies: tell it, and end the job if it stays so."""
        found = parts.stopped(self.parts)
        if found is None:
            if self.stopped_since is not None:
                self.stopped_since = None
                self.phase(self.current)
            return
        code = f"{found[0].lower().replace(' ', '-')}-stopped"
        text = f"{found[0]} was stopped (SIGSTOP): process {found[1]}."
        now = time.monotonic()
        if self.stopped_since is None:
            self.stopped_since = now
            self.phase(self.current, text, code=code)
        elif now - self.stopped_since > STOPPED_S:
            self.end("failed", code, f"{text} It did not go on within {STOPPED_S:g} s.")

    def _stopped_forward(self) -> None:
        """A stopped forward would hang its clients; the next one is a call of ``url`` away."""
        forward = processes.alive(files.read(self.folder.path / "forward.json"))
        if forward is not None and forward.status() == psutil.STATUS_STOPPED:
            processes.end([forward], grace=0)
            self.note(
                "event", "forward-ended", "The forward was stopped (SIGSTOP), so it was ended."
            )

    def _read_ranks(self) -> None:
        """Which pipeline stage runs on which Ray node: each rank says so in a file."""
        for path in (self.attempt.folder / "ranks").glob("rank-*.json"):
            row = files.read(path)
            if path in self.ranks or row is None:
                continue
            self.ranks[path] = row | {"started": 0, "ticks": processes.ticks(row["pid"])}
            message = f"rank {row['rank']} (pipeline stage {row['pp']}) on {row['node']}"
            self.note("fact", "rank-placed", message, **row)

    def _dead_core(self) -> None:
        """Ray ends the ranks of a dead core: they must not be named as the cause."""
        if any(processes.alive(row) is None for row in self.cores):
            self.end("failed", "engine-died", "The process of vLLM's engine core died.")

    def _dead_ranks(self) -> None:
        """vLLM logs a dead rank after about 5 s and hangs its clients meanwhile: look ourselves."""
        for row in self.ranks.values():
            if processes.alive(row) is None:
                text = f"The process of rank {row['rank']} (pipeline stage {row['pp']}) died."
                self.end("failed", "worker-died", text)

    def _verdict(self, part: Part | None) -> tuple[str, str] | None:
        """The decisive line; a serving engine that reports an error of its own core is dead."""
        found = decisive(part.lines) if part else None
        if found is not None and found[0] == "engine-error" and self._serving():
            return "engine-died", found[1]
        return found

    def _tree(self) -> list[psutil.Process]:
        found = []
        for part in self.parts:
            try:
                found.append(psutil.Process(part.process.pid))
            except psutil.Error:
                continue
        return processes.with_descendants(found)

    # The end

    def _on_stop(self, *_: Any) -> None:
        self.stop_requested = True
        self.install_cancel.set()

    def _take_down(self, *, gently: bool) -> None:
        """The engine first, then Ray; then whatever is left of the tree, by marker too."""
        if self.health:
            self.health.ended.set()
        tree = self._tree()
        self.shm |= processes.shared_memory(tree)
        grace = 10.0 if gently else 3.0
        engine = [p for p in self.parts if p.title in parts.MAIN]
        for group in (engine, [p for p in self.parts if p not in engine]):
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
        sessions = processes.of_sessions(self.attempt.run().get("parts", []))
        left = processes.end([*tree, *children, *sessions], grace=0)
        if left:
            print(f"not ended: {left}", file=sys.stderr, flush=True)
        for part in self.parts:
            self._drain(part)
        for name in self.shm:
            if Path(name).name.startswith(("psm_", "sem.")) or "cpushm" in name:
                Path(name).unlink(missing_ok=True)
        if self.ray_temp:
            keep_ray_logs(self.ray_temp, self.attempt.logs / "ray")
            shutil.rmtree(self.ray_temp, ignore_errors=True)

    def _drain(self, part: Part) -> None:
        part.new_lines()
        if part.process.stdout:
            part.process.stdout.close()


def keep_ray_logs(ray_temp: Path, target: Path, *, most_bytes: int = 2**20) -> None:
    """The ends of Ray's own session logs; the sockets and the rest go with the folder."""
    for path in ray_temp.glob("session_*/logs/*"):
        if path.is_symlink() or not path.is_file() or path.parent.parent.is_symlink():
            continue
        try:
            target.mkdir(exist_ok=True, mode=0o700)
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - most_bytes))
                data = file.read()
            if data:
                (target / path.name).write_bytes(data)
        except OSError:
            return  # a full disk: the job's own logs are what counts


def main(
    arguments: list[str], make: Callable[[store.Folder, store.Attempt], Supervisor] = Supervisor
) -> None:
    """Detach, say who runs, and run: ``python -m … FOLDER ATTEMPT``, ready line on stdout."""
    os.setsid()
    folder = store.Folder(Path(arguments[0]))
    attempt = store.Attempt(folder.path / "attempts" / arguments[1])
    processes.become_subreaper()
    own = processes.own_identity()
    attempt.write_run(**own, host=store.host(), boot_id=store.boot_id())
    processes.ready("", attempt.logs / "supervisor.log")
    make(folder, attempt).run()


if __name__ == "__main__":
    main(sys.argv[1:])
