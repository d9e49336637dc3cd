"""The detached process that runs one attempt of a client: Open WebUI, wired to an engine it follows.

The local backend starts it where it starts its own supervisor for an engine; what holds for any
parts is shared with that one. It stands above the backends because the engine may run on any of them.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__" and os.fork():  # before the imports: the launcher waits for this exit
    os._exit(0)

import time
from typing import NoReturn

from .. import processes
from ..backends.local import parts
from ..backends.local.machine import reserved_ports
from ..backends.local.parts import Part
from ..backends.local.supervising import Supervisor, main
from ..engines import clients
from ..spec import Connect
from . import webui
from .watch import Seen, Target, Watch

START_BOUND_S = 300.0
WAIT_BOUND_S = 24 * 3600.0
"""A client whose engine doesn't come within a day is given up."""
SILENT_S = 120.0
"""A page that answers nothing for so long is broken; a busy machine is slow for less."""
TITLE = "Open WebUI"


class ClientSupervisor(Supervisor):
    """Waits for the engine, runs the client, and starts it anew when the engine has moved."""

    watch: Watch
    told: tuple[str, str] = ("", "")

    def _run(self) -> None:
        connect = self.spec.connect
        assert connect is not None
        made = self._installed(clients.find, clients.install, TITLE)
        account = self.folder.account()
        assert account is not None, "made by the launch"
        with reserved_ports(1) as free:
            wanted = self._wanted_port("port", next((f.port for f in self.spec.forwards), 0))
            port = wanted or free[0]
            self.attempt.write_run(ports={"web": port}, head_ip="127.0.0.1")
            self.watch = Watch(connect, self.folder.connect_key(connect.url))
            self.watch.start()
            try:
                data = self.folder.path / "data"
                data.mkdir(exist_ok=True, mode=0o700)
                base = webui.settings(os.environ, data, port) | self.spec.main.env
                base |= webui.account_settings(account)
                base[processes.MARKER] = self.folder.marker
                target = self._wait_for_engine()
                while True:
                    env = base | webui.target_settings(base, connect, target)
                    self._start_webui(webui.command(made.program, port), env, port)
                    target = self._serve(target)
                    self.phase("restarting", f"The engine is at {target.url} now.")
                    self._take_down(gently=True)
                    self._forget_parts()
            finally:
                self.watch.ended.set()

    def _wait_for_engine(self) -> Target:
        """Until the service answers with its key, saying what is waited for."""
        found: list[Target] = []

        def answers() -> bool:
            seen = self.watch.seen
            if seen is None:
                return False
            if seen.ok and seen.target:
                found.append(seen.target)
                return True
            self._tell(seen, "queued")
            return False

        self.phase("queued", f"Waiting for {_name(self.spec.connect)}.")
        self.pump(until=answers, bound=WAIT_BOUND_S, what=_name(self.spec.connect))
        return found[0]

    def _start_webui(self, command: list[str], env: dict[str, str], port: int) -> None:
        self.phase("starting-engine", "Open WebUI starts.")
        self._start(TITLE, command, env, log="main", task=self.spec.main.name)
        self.health = parts.Health(port)
        self.health.start()

    def _serve(self, target: Target) -> Target:
        """From its start until the engine is found elsewhere or with another key: the new target."""
        health = self.health
        assert health is not None
        self.pump(
            until=lambda: health.ok_at is not None or self._moved(target) is not None,
            bound=START_BOUND_S,
            what=TITLE,
        )
        if self._moved(target) is None:
            self.told = ("", "")
            self.phase("serving")
            self.pump(until=lambda: self._moved(target) is not None, bound=None)
        return self._moved(target) or target

    def _moved(self, target: Target) -> Target | None:
        seen = self.watch.seen
        if seen is None or not seen.ok or seen.target == target:
            return None
        return seen.target

    def _tell(self, seen: Seen, phase: str) -> None:
        """The engine's state as this job's reason; silence when nothing has changed."""
        now = (seen.code, seen.message)
        if now == self.told:
            return
        self.told = now
        if seen.ok:
            self.phase(phase)
        else:
            self.phase(phase, seen.message, code=seen.code)

    # What is looked at meanwhile

    def _check(self) -> None:
        answered = self.health.ok_at if self.health else None
        if answered is not None and time.monotonic() - answered > SILENT_S:
            text = f"{TITLE} has not answered for {time.monotonic() - answered:.0f} s."
            self.end("failed", "open-webui-unresponsive", text)
        if self.current == "serving" and self.stopped_since is None and self.watch.seen:
            self._tell(self.watch.seen, "serving")

    def _died(self, part: Part, code: int) -> NoReturn:
        last = part.last_line()
        if "address already in use" in "\n".join(part.lines[-20:]):
            line = f"{TITLE}: {last}"
            self.end("failed", "port-in-use", line)
        text = parts.describe_exit(TITLE, code, last)
        self.end("failed", "open-webui-died", text)


def _name(connect: Connect | None) -> str:
    return repr(connect.job or connect.url) if connect else "nothing"


if __name__ == "__main__":
    main(sys.argv[1:], ClientSupervisor)
