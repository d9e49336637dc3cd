"""Open clients of the engines that views chat with, one a job and event loop, until the job is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from .. import api
from ..chat import Engine
from ..handle import Job


class Kept(NamedTuple):
    loop: asyncio.AbstractEventLoop
    backend: str
    name: str


_engines: dict[Kept, tuple[tuple[str, str | None], Engine]] = {}


async def engine_of(name: str, backend: str | None = None) -> Engine:
    """The job's engine, its client reused on this event loop while address and key stay.

    Raises:
        JobNotFound, BackendUnavailable, NotSupported
    """

    def look() -> tuple[Job, tuple[str, str | None]]:
        job = Job(api.backend_of(backend), name)
        return job, job.reach()

    job, reach = await asyncio.to_thread(look)
    place = Kept(asyncio.get_running_loop(), job.backend, name)
    known = _engines.get(place)
    if known is None or known[0] != reach:
        if known is not None:
            await known[1].close()
        model = await asyncio.to_thread(lambda: job.model)
        client = await asyncio.to_thread(job.async_client, max_retries=0)
        known = _engines[place] = (reach, Engine(client, model))
    return known[1]


def kept() -> list[Kept]:
    """Whose clients are open now; a list of jobs read after this tells which of them are gone."""
    return list(_engines)


def forget(gone: Iterable[Kept]) -> None:
    """Close clients, each on its own loop; callable from any thread."""
    for place in gone:
        known = _engines.pop(place, None)
        if known is not None and place.loop.is_running():
            asyncio.run_coroutine_threadsafe(known[1].close(), place.loop)
