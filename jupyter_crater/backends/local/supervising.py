"""The life of one attempt, whatever runs in it: what is written down, watched, tried anew, ended.

What a job starts and looks at is its own supervisor's (supervisor.py; jupyter_crater.clients).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from ... import processes
from ...errors import Cancelled, CraterError
from ...spec import Observation
from . import ending, parts, store
from .parts import Part

T = TypeVar("T")

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
    """Runs one attempt from its environment to the last process."""

    def __init__(self, folder: store.Folder, attempt: store.Attempt) -> None:
        self.folder, self.attempt, self.spec = folder, attempt, attempt.spec()
        self.parts: list[Part] = []
        self.health: parts.Health | None = None
        self.stop_requested = False
        self.install_cancel = threading.Event()
        self.shm: set[str] = set()
        self.slow_checks_at = 0.0
        self.current = ""
        self.stopped_since: float | None = None

    # What a job's own supervisor says

    def _run(self) -> None:
        """Start the parts and watch over them until :class:`Ended`."""
        raise NotImplementedError

    def _died(self, part: Part, code: int) -> NoReturn:
        """Why a part that ended ends the attempt."""
        raise NotImplementedError

    def _heard(self, part: Part, line: str, *, ended: bool) -> None:
        """A new line of a part's log; ``ended``: one of its last."""

    def _check(self) -> None:
        """What is looked at every two seconds, besides what holds for any part."""

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
            if taken and stolen < PORT_STARTS - 1 and not self._given("port", "ray_port"):
                stolen += 1
                message = "A port was taken meanwhile: another one is tried."
            elif left and not taken:
                left -= 1
                message = f"Starting again (the last try) after: {outcome.message}"
                if left:
                    message = (
                        f"Starting again ({left} more after this one) after: {outcome.message}"
                    )
            else:
                break
            self.phase("restarting", message)
            self._take_down(gently=False)
            self._forget_parts()
        # Told before it is done: taking a gang down may take seconds, and readers wait for the reason.
        self.phase("stopping", outcome.message, code=outcome.code)
        self._take_down(gently=outcome.phase == "stopped")
        code = {"code": outcome.code}
        last = Observation(time.time(), "phase", outcome.phase, outcome.message, data=code)
        self.attempt.record_end(last)

    def _outcome(self) -> Ended:
        """Run one gang until something ends it."""
        try:
            self._run()
        except Ended as ended:
            return ended
        except CraterError as error:
            line = str(error)
            return Ended("failed", type(error).__name__, line)
        except Exception as error:  # noqa: BLE001 - the job must end with a reason in any case
            traceback.print_exc()
            line = f"{type(error).__name__}: {error}"
            return Ended("failed", "supervisor-error", line)
        return Ended("failed", "supervisor-error", "The supervisor ended without a word.")

    def _given(self, *parameters: str) -> bool:
        return not self.attempt.asked().provenance.values.keys().isdisjoint(parameters)

    def _wanted_port(self, parameter: str, port: int) -> int | None:
        """The port that the user gave by name; a template's default is not a wish."""
        return port if self._given(parameter) else None

    def _forget_parts(self) -> None:
        self.parts, self.health, self.stopped_since = [], None, None

    def _installed(self, find: Callable[[], T | None], make: Callable[..., T], what: str) -> T:
        """A managed environment, made if it is missing, with its progress told as ours."""
        if (found := find()) is not None:
            return found
        self.phase("pulling", f"Preparing the environment of {what}, once.")
        made: Future[T] = Future()

        def tell(p: Any) -> None:
            self.note("progress", "pull", p.message, step=p.step, done=p.done, total=p.total)

        def work() -> None:  # not an executor's: the interpreter's end would wait for it
            try:
                made.set_result(make(tell, self.install_cancel))
            except BaseException as error:  # noqa: BLE001 - handed to the main thread
                made.set_exception(error)

        threading.Thread(target=work, daemon=True).start()
        self.pump(until=made.done, bound=None)
        try:
            return made.result()
        except Cancelled:
            self.end("stopped", "stopped", f"Stopped while the environment of {what} was made.")

    def _start(
        self, title: str, command: list[str], env: dict[str, str], *, log: str, **more: Any
    ) -> Part:
        file, folder = self.attempt.logs / f"{log}.log", self.attempt.folder
        part = parts.start(title, command, log=file, env=env, cwd=folder, **more)
        self.parts.append(part)
        self.attempt.write_run(parts=[p.record() for p in self.parts])
        if log not in ("nodes", "engine"):
            self.note("task", "running", task=part.task, index=part.index, ip="127.0.0.1")
        return part

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
            self._heard(part, line, ended=ended)

    def _part_ended(self, part: Part, code: int) -> NoReturn:
        time.sleep(0.1)  # its last lines are on their way to the file
        self._read_log(part, ended=True)
        how = "signalled" if code < 0 else "exited"
        last = part.last_line()
        self.note("exit", how, last, task=part.task, index=part.index, code=code, part=part.title)
        self._died(part, code)

    def _slow_checks(self) -> None:
        if not self.attempt.folder.is_dir():
            self.end("stopped", "folder-removed", "The job's folder was removed.")
        lease = self.attempt.run().get("lease")
        if lease and time.time() > lease:
            self.end("stopped", "lease-ended", "The lease is over; `extend` would have moved it.")
        self._stopped_parts()
        self._check()

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

    # The end

    def _on_stop(self, *_: Any) -> None:
        self.stop_requested = True
        self.install_cancel.set()

    def _take_down(self, *, gently: bool) -> None:
        if self.health:
            self.health.ended.set()
        sessions = self.attempt.run().get("parts", [])
        ending.take_down(self.parts, sessions, self.shm, grace=10.0 if gently else 3.0)


def main(arguments: list[str], make: Callable[[store.Folder, store.Attempt], Supervisor]) -> None:
    """Detach, say who runs, and run: ``python -m … FOLDER ATTEMPT``, ready line on stdout."""
    os.setsid()
    folder = store.Folder(Path(arguments[0]))
    attempt = store.Attempt(folder.path / "attempts" / arguments[1])
    processes.become_subreaper()
    own = processes.own_identity()
    attempt.write_run(**own, host=store.host(), boot_id=store.boot_id())
    processes.ready("", attempt.logs / "supervisor.log")
    make(folder, attempt).run()
