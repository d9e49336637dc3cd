"""What a client talks to, as it is now: the connected job's address and key, and whether it answers."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import httpx

from .. import backends, forwards
from ..addresses import by_proxy
from ..backends.base import Backend
from ..errors import BackendError, CraterError, NotFound
from ..spec import Connect, JobStatus, v1

PROBE_S = 5.0
"""A busy engine on few cores takes seconds to answer."""
EVERY_S = 1.0
CALM_S = 3.0
"""While all is well: each look is a line in the engine's log."""
MISSES = 2
"""So many looks in a row have to fail before a client that was served is told of it."""


@dataclass(frozen=True, slots=True)
class Target:
    """An OpenAI-compatible service: ``url`` ends in exactly one ``/v1``."""

    url: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """One look. ``code`` and ``message`` say why it can't be used; both empty while it can."""

    target: Target | None
    code: str = ""
    message: str = ""

    @property
    def ok(self) -> bool:
        return not self.code


def look(connect: Connect, key: str | None = None) -> Seen:
    """Where the service is, and what it answers to ``GET /v1/models`` with its key.

    ``key`` is that of a free address; a job's own key is asked of its backend.
    """
    if connect.url:
        return probe(Target(v1(connect.url), key), connect.url, given=True)
    name = str(connect.job)
    try:
        place = backends.make(connect.backend or "local", **connect.arguments)
        told = its_word(place, name)
        if not told.ok:
            return told
        url, key = forwards.reach(place, name)
    except CraterError as error:
        text = f"{name!r} can't be reached: {error.message}"
        return Seen(None, "engine-unreachable", text)
    return probe(Target(v1(url), key), name)


def its_word(place: Backend, name: str) -> Seen:
    """What the connected job says of itself; nobody is asked whether the service answers."""
    try:
        status = place.status(name)
    except NotFound:
        text = f"There is no job {name!r} any more."
        return Seen(None, "engine-missing", text)
    except CraterError as error:
        text = f"{name!r} can't be reached: {error.message}"
        return Seen(None, "engine-unreachable", text)
    return Seen(None) if status.phase == "serving" else _not_serving(name, status)


def _not_serving(name: str, status: JobStatus) -> Seen:
    why = f"{status.phase}: {status.message}" if status.message else status.phase
    if status.ended:
        text = f"{name!r} has ended ({why}); this goes on when it is launched again."
        return Seen(None, "engine-ended", text)
    text = f"Waiting for {name!r} ({why})."
    return Seen(None, "engine-not-serving", text)


def probe(target: Target, name: str, *, given: bool = False) -> Seen:
    """Ask for the models; no redirect is followed, since the key must not go elsewhere."""
    headers = {"Authorization": f"Bearer {target.key}"} if target.key else {}
    try:
        where, env = f"{target.url}/models", by_proxy(target.url, given=given)
        answer = httpx.get(where, headers=headers, timeout=PROBE_S, trust_env=env)
        models = answer.json().get("data") if answer.status_code == 200 else None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        why = str(error) or type(error).__name__
        text = f"{name!r} does not answer at {target.url}: {why}."
        return Seen(target, "engine-unreachable", text)
    except (ValueError, AttributeError):
        models = None
    if answer.status_code in (401, 403):
        text = f"{name!r} refuses a request without a key ({answer.status_code} at {target.url})."
        if target.key:
            text = f"{name!r} refuses the key it was given ({answer.status_code} at {target.url})."
        return Seen(target, "wrong-key", text)
    if not isinstance(models, list):
        text = f"No OpenAI API at {target.url}: /models answers {answer.status_code}."
        return Seen(target, "wrong-address", text)
    return Seen(target)


class Watch(threading.Thread):
    """Looks again and again: a hanging engine would block whoever has a job to watch over."""

    def __init__(self, connect: Connect, key: str | None) -> None:
        super().__init__(daemon=True, name="watch")
        self.connect, self.key = connect, key
        self.seen: Seen | None = None
        """The last look that counts; None before the first."""
        self.ended = threading.Event()
        self._missed = 0

    def run(self) -> None:
        while not self.ended.is_set():
            try:
                now = look(self.connect, self.key)
            except Exception as error:  # noqa: BLE001 - a watch that died would show an old state
                broken = BackendError(f"{type(error).__name__}: {error}")
                now = Seen(None, "engine-unreachable", broken.message)
            self._missed = 0 if now.ok else self._missed + 1
            if now.ok or self.seen is None or not self.seen.ok or self._missed >= MISSES:
                self.seen = now
            self.ended.wait(CALM_S if now.ok else EVERY_S)
