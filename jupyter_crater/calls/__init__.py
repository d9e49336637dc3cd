"""What a view may ask, by name: the widgets' comm and the server's routes are two wires to this.

A *call* answers once and may block (run it in a thread); a *stream* yields JSON items until it
ends or is closed. Parameters come from browsers and are checked here.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from importlib import metadata
from threading import Event, Thread
from typing import Any

from .. import api, config
from ..chat import Settings, Turn
from ..errors import BackendError, CraterError, InputError, JobNotFound, NewerSchema
from ..handle import Job
from . import launching
from .engines import engine_of, forget, kept

__all__ = ["CALLS", "STREAMS", "call", "engine_of", "error_json", "kept", "stream"]

Params = dict[str, Any]
Json = dict[str, Any]

log = logging.getLogger(__name__)

LOG_KEPT = 100_000
"""Lines that wait for a slow reader; of more, the oldest are left out and counted."""
LOG_BATCH = 2_000
LOG_PAUSE_S = 0.1
LOG_SECONDS = 60
LOG_SKIP_S = 30
"""So long may what was told before be read again, on top of the seconds that were asked for."""
VERSIONS = ("jupyter_crater", "jupyterlab", "notebook", "jupyter_server", "kubernetes")


async def call(method: str, params: Params) -> Any:
    """Answer a call in a thread.

    Raises:
        CraterError: what went wrong, in words for people.
    """
    function = CALLS.get(method)
    if function is None:
        raise InputError(f"No such call: {method!r}.")
    return await asyncio.to_thread(function, params)


def stream(method: str, params: Params) -> AsyncGenerator[Json]:
    """The items of a stream; close it to end what it does.

    Raises:
        InputError: no such stream.
    """
    function = STREAMS.get(method)
    if function is None:
        raise InputError(f"No such stream: {method!r}.")
    return function(params)


def error_json(error: BaseException) -> Json:
    """The error as it is sent to a view. What isn't ours is logged, and only its kind is told."""
    if isinstance(error, CraterError):
        return error.to_dict()
    log.error("unexpected error", exc_info=error)
    return BackendError(
        f"Something unexpected broke: {type(error).__name__}.",
        hint="The log of the kernel or of the Jupyter server has the details.",
    ).to_dict()


def _text(params: Params, name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise InputError(f"{name!r} has to be a text, not {value!r}.")
    return value


def _job(params: Params) -> Job:
    return api.job(_text(params, "name"), params.get("backend") or None)


# Calls


@config.held()
def jobs_list(params: Params) -> Json:
    place, before, found = api.backend_of(params.get("backend") or None), kept(), []
    jobs = api.jobs(api.Made(place))
    listed = {job.name for job in jobs}
    forget(each for each in before if each.backend == place.name and each.name not in listed)
    for job in jobs:
        try:
            found.append(job.status().to_json())
        except (JobNotFound, NewerSchema):
            continue  # deleted meanwhile, or of a newer version: no reason to show none
    return {"schema": 1, "jobs": found}


def job_get(params: Params) -> Json:
    return _job(params).status(metrics=True).to_json()


def job_memory(params: Params) -> Json:
    """Predicted and measured memory; what can't be had is null rather than hide the rest."""
    job = _job(params)
    return {"schema": 1, "plan": _figures(job, "plan"), "measured": _figures(job, "measured")}


def _figures(job: Job, name: str) -> Json | None:
    try:
        value = getattr(job, name)
    except CraterError:
        return None
    return None if value is None else dict(value.to_json())


def job_events(params: Params) -> Json:
    return {"schema": 1, "events": [event.to_json() for event in _job(params).events()]}


def job_diagnose(params: Params) -> Json:
    """The diagnoses, and the values that the job was launched with: a fix changes some of them."""
    job = _job(params)
    cards = [card.to_json() for card in job.diagnose()]
    return {"schema": 1, "diagnoses": cards, "values": dict(job.spec.provenance.values)}


def job_report(params: Params) -> Json:
    return {"schema": 1, "text": _job(params).report()}


def job_link(params: Params) -> Json:
    """An address to open in the browser; a client's signs in, once."""
    return {"url": _job(params).link()}


def job_stop(params: Params) -> None:
    _job(params).stop()


def job_delete(params: Params) -> None:
    job = _job(params)
    job.delete()
    forget(each for each in kept() if (each.backend, each.name) == (job.backend, job.name))


def job_extend(params: Params) -> Json:
    seconds = params.get("seconds")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds <= 0:
        raise InputError(f"'seconds' has to be a number above 0, not {seconds!r}.")
    return {"lease": _job(params).extend(seconds)}


def capacity(params: Params) -> Json:
    """Rows of GPUs by node where the backend knows them; null where it doesn't."""
    backend = api.backend_of(params.get("backend") or None)
    ask = getattr(backend, "capacity", None)
    return {"schema": 1, "backend": backend.name, "capacity": None if ask is None else ask()}


def versions(_: Params) -> Json:
    """What runs here; null: not installed."""
    return {"schema": 1, "versions": {name: _version(name) for name in VERSIONS}}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


CALLS: dict[str, Callable[[Params], Any]] = {
    "jobs.list": jobs_list,
    "job.get": job_get,
    "job.memory": job_memory,
    "job.events": job_events,
    "job.diagnose": job_diagnose,
    "job.report": job_report,
    "job.relaunch": launching.relaunch,
    "job.link": job_link,
    "job.stop": job_stop,
    "job.delete": job_delete,
    "job.extend": job_extend,
    "templates.list": launching.templates_list,
    "template.get": launching.template_get,
    "template.check": launching.template_check,
    "template.parse": launching.template_parse,
    "capacity": capacity,
    "versions": versions,
    "catalog": launching.catalog,
    "size": launching.size,
    "launch": launching.launch,
}


# Streams


async def job_log(params: Params) -> AsyncGenerator[Json]:
    """``{"lines": [{"task", "index", "text"}], "dropped": n}`` until the job ends.

    The first comes at once, be it empty: who hears nothing sits behind a proxy that holds answers
    back until they are complete. Such a reader asks for some ``seconds`` at a time; the last item
    then carries ``at``, to be given as ``after`` in the next request.
    """
    name = _text(params, "name")
    after, seconds = _log_window(params)
    previous = launching.flag(params, "previous")

    # A wrong name is said before the first item.
    backend = (await asyncio.to_thread(_job, params)).place
    # Of each line its place in its own log: how logs are merged differs from one reading to another.
    waiting: deque[tuple[str, int, Json]] = deque(maxlen=LOG_KEPT)
    stop, done = Event(), Event()
    dropped = skipped = 0
    failure: list[Exception] = []

    def read() -> None:
        nonlocal dropped, skipped
        places: dict[str, int] = {}
        try:
            for line in backend.log(name, follow=True, previous=previous, stop=stop):
                if stop.is_set():
                    return
                log_of = f"{line.task}/{line.index}"
                place = places[log_of] = places.get(log_of, 0) + 1
                if place <= after.get(log_of, 0):
                    skipped += 1
                    continue
                dropped += len(waiting) == LOG_KEPT
                said = {"task": line.task, "index": line.index, "text": line.message}
                waiting.append((log_of, place, said))
        except Exception as error:  # noqa: BLE001 - raised again where the stream is read
            failure.append(error)
        finally:
            done.set()

    def over() -> bool:
        late = time.monotonic() - began - seconds
        known = skipped >= sum(after.values()) and not waiting
        return late > LOG_SKIP_S or (late > 0 and known)

    began = time.monotonic()
    Thread(target=read, name=f"crater-log-{name}", daemon=True).start()
    told = 0
    at = dict(after)
    try:
        yield {"lines": [], "dropped": 0}
        while True:
            last = done.is_set()
            lines = [waiting.popleft() for _ in range(min(len(waiting), LOG_BATCH))]
            at |= {log_of: place for log_of, place, _ in lines}
            if lines:
                gone, told = dropped - told, dropped
                yield {"lines": [said for _, _, said in lines], "dropped": gone}
            elif last:
                break
            if over():
                yield {"lines": [], "dropped": 0, "at": at}
                return
            await asyncio.sleep(LOG_PAUSE_S)
    finally:
        stop.set()
    if failure:
        raise failure[0]


def _log_window(params: Params) -> tuple[dict[str, int], float]:
    """``after`` and ``seconds`` of a request."""
    after, seconds = params.get("after") or {}, params.get("seconds")
    if not isinstance(after, dict) or not all(isinstance(n, int) for n in after.values()):
        raise InputError("'after' has to be the 'at' of the answer before.")
    if seconds is None:
        return after, math.inf
    if not isinstance(seconds, int | float) or not 0 < seconds <= LOG_SECONDS:
        raise InputError(f"'seconds' has to be above 0 and at most {LOG_SECONDS}.")
    return after, float(seconds)


async def chat_send(params: Params) -> AsyncGenerator[Json]:
    """The deltas of an answer to ``text`` after ``turns``, and at the end ``{"turn"}``."""
    turns = Turn.list_from_json(params.get("turns"))
    turns.append(Turn(role="user", text=_text(params, "text")))
    settings = Settings.from_json(params.get("settings"))
    engine = await engine_of(_text(params, "name"), params.get("backend") or None)
    async for delta in engine.answer(turns, settings):
        yield delta.to_json()


STREAMS: dict[str, Callable[[Params], AsyncGenerator[Json]]] = {
    "job.log": job_log,
    "chat.send": chat_send,
}
