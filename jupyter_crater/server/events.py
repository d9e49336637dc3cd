"""Job changes as Jupyter Events: one watch per backend, however many tabs look at it.

JupyterLab holds one websocket for events anyway; a page that hears of a change asks for that job,
and re-reads the list when it comes back. What is told is no more than a name and a phase.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Protocol

from .. import calls
from ..errors import CraterError

SCHEMA_ID = "https://events.jupyter.org/jupyter_crater/job/v1"
SCHEMA: dict[str, Any] = {
    "$id": SCHEMA_ID,
    "version": "1",
    "title": "A job changed",
    "description": "A job of jupyter_crater came, changed or went.",
    "personal-data": True,
    "type": "object",
    "required": ["backend", "name", "change", "phase"],
    "additionalProperties": False,
    "properties": {
        "backend": {"type": "string", "title": "Where it runs"},
        "name": {"type": "string", "title": "Its name"},
        "change": {"enum": ["created", "changed", "deleted"], "title": "What happened"},
        "phase": {"type": ["string", "null"], "title": "Its phase now; null when it is gone"},
    },
}

POLL_S = 1.0
SHARE = 10
"""A look is followed by a pause of so many times its own length, at least POLL_S."""
REST_S = 120.0
"""A backend whose list nobody has asked for this long is watched no more: pages ask every 30 s."""

Seen = dict[str, tuple[Any, ...]]


class Logger(Protocol):
    """What is used of jupyter_events.EventLogger."""

    def register_event_schema(self, schema: dict[str, Any]) -> None: ...
    def emit(self, *, schema_id: str, data: dict[str, Any]) -> Any: ...


def seen(jobs: list[dict[str, Any]]) -> Seen:
    """Of each job what a list shows of it, its phase first."""
    what = ("phase", "reason", "message", "head_ip", "url", "attempt", "lease")
    return {job["name"]: tuple(job.get(key) for key in what) for job in jobs}


def changes(before: Seen, now: Seen) -> list[dict[str, Any]]:
    """``{"name", "change", "phase"}`` of each job that differs."""
    found: list[dict[str, Any]] = []
    for name, state in now.items():
        if before.get(name) != state:
            change = "changed" if name in before else "created"
            found.append({"name": name, "change": change, "phase": state[0]})
    gone = [name for name in before if name not in now]
    return found + [{"name": name, "change": "deleted", "phase": None} for name in gone]


class Watches:
    """Which backends are watched, and since when nobody asked for them."""

    def __init__(self, logger: Logger, *, poll: float = POLL_S, rest: float = REST_S) -> None:
        logger.register_event_schema(SCHEMA)
        self._logger = logger
        self._poll, self._rest = poll, rest
        self._asked: dict[str, float] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def asked(self, backend: str, jobs: list[dict[str, Any]]) -> None:
        """A page has read the list of a backend: from now on it is told what changes."""
        self._asked[backend] = time.monotonic()
        if backend not in self._tasks:
            task = asyncio.create_task(self._watch(backend, seen(jobs)))
            self._tasks[backend] = task
            task.add_done_callback(lambda _: self._tasks.pop(backend, None))

    def close(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()

    async def _watch(self, backend: str, before: Seen) -> None:
        pause = self._poll
        while True:
            await asyncio.sleep(pause)
            if time.monotonic() - self._asked[backend] > self._rest:
                return
            began = time.monotonic()
            try:
                answer = await calls.call("jobs.list", {"backend": backend})
            except CraterError:
                pass  # away for now; the pages see it in their own lists
            else:
                now = seen(answer["jobs"])
                for change in changes(before, now):
                    data = {"backend": backend, **change}
                    self._logger.emit(schema_id=SCHEMA_ID, data=data)
                before = now
            pause = max(self._poll, SHARE * (time.monotonic() - began))
