"""A forward: a small process that carries one local port to a job's service.

Plain TCP, 127.0.0.1 only, adds nothing: without the key the engine's ``/v1`` answers 401. One a job,
shared by kernel, CLI and server through its record; it ends with the job or after 30 idle minutes.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__" and os.fork():  # before the imports: the caller waits for this exit
    os._exit(0)

import asyncio
import contextlib
import json
import time
from pathlib import Path

from . import config, files, processes
from .backends import make
from .backends.base import Backend
from .errors import BackendError, BackendUnavailable, CraterError, NotFound

IDLE_S = 30 * 60
LOOK_S = 3.0


def record_path(backend: Backend, name: str) -> Path:
    """Where the forward of a job is written down: in the job's folder, if it has one here."""
    folder = getattr(backend, "state_folder", None)
    if folder is not None:
        return Path(folder(name)) / "forward.json"
    return config.state() / "forwards" / backend.name / f"{name}.json"


def url(backend: Backend, name: str) -> str | None:
    """The base URL of the job's forward if one is running, else None."""
    record = files.read(record_path(backend, name))
    forward = processes.alive(record)
    if record is None or forward is None or forward.status() == "stopped":
        return None
    return f"http://127.0.0.1:{record['port']}"


def ensure(backend: Backend, name: str) -> str:
    """The base URL of the job's forward, started if there is none.

    Raises:
        NotFound: no such job.
        BackendError: the process did not start.
    """
    path = record_path(backend, name)
    try:
        if not hasattr(
            backend, "state_folder"
        ):  # a job's own folder is there or is not to come back
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _ensure(backend, name, path)
    except (OSError, BackendError) as error:
        backend.status(name)  # NotFound, where it was deleted meanwhile
        raise BackendError(f"The forward of {name!r} did not start: {error}") from error


def reach(backend: Backend, name: str, *, make: bool = True) -> tuple[str, str | None]:
    """Base URL of the service for this process, and key; by a forward where nothing else gets there.

    Raises:
        BackendUnavailable: the service answers nowhere now, or there is no forward (``make``).
    """
    found = backend.reach(name, make=make)
    there = found.url or (ensure if make else url)(backend, name)
    if there is None:
        raise BackendUnavailable(f"{name!r} has no forward now.")
    return there, found.key


def _ensure(backend: Backend, name: str, path: Path) -> str:
    with files.lock(path.with_suffix(".lock")):
        found = url(backend, name)
        if found is not None:
            return found
        processes.end_recorded(path, grace=0)  # a stopped one
        # The same port again where it is free: a link that was copied stays true.
        last = (files.read(path) or {}).get("port", 0)
        arguments = [backend.name, json.dumps(backend.arguments), name, str(path), str(last)]
        words = processes.spawn_detached("jupyter_crater.forwards", arguments, cwd=path.parent)
        return f"http://127.0.0.1:{int(words.split()[1])}"


class Forward:
    """One listener; every connection is a connection of its own to the job."""

    def __init__(self, backend: Backend, name: str) -> None:
        self.backend = backend
        self.name = name
        self.open = 0
        self.quiet_since = time.monotonic()

    async def serve(self, port: int) -> asyncio.Server:
        try:
            return await asyncio.start_server(self._connection, "127.0.0.1", port)
        except OSError:
            return await asyncio.start_server(self._connection, "127.0.0.1", 0)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            try:
                far = await asyncio.to_thread(self.backend.connect, self.name)
            except CraterError as error:
                writer.write(_unavailable(error))
                await writer.drain()
                return
            far_reader, far_writer = await asyncio.open_connection(sock=far)
            try:
                await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
            finally:
                far_writer.close()
        except OSError:
            return  # either side went away: the other is told by the close below
        finally:
            writer.close()
            self.open -= 1
            self.quiet_since = time.monotonic()

    async def until_over(self) -> str:
        """Returns why the forward may end."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                status = await asyncio.to_thread(self.backend.status, self.name)
            except NotFound:
                return "the job is deleted"
            except CraterError as error:
                print(f"status not known: {error}", file=sys.stderr, flush=True)
            else:
                if status.ended:
                    return f"the job is {status.phase}"
            if not self.open and time.monotonic() - self.quiet_since > IDLE_S:
                return "idle"


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        with contextlib.suppress(OSError):
            if writer.can_write_eof():
                writer.write_eof()


def _unavailable(error: CraterError) -> bytes:
    """What a browser or client sees while the job isn't serving: a reason instead of a reset."""
    body = json.dumps({"error": {"message": error.message, "type": type(error).__name__}}).encode()
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 2\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


async def _main(backend: Backend, name: str, path: Path, port: int) -> None:
    os.setsid()
    forward = Forward(backend, name)
    server = await forward.serve(port)
    port = server.sockets[0].getsockname()[1]
    files.write(path, processes.own_identity() | {"schema": 1, "port": port})
    processes.ready(str(port), path.with_suffix(".log"))
    async with server:
        reason = await forward.until_over()
    print(f"ended: {reason}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    kind, words, job, record, wanted = sys.argv[1:]
    asyncio.run(_main(make(kind, **json.loads(words)), job, Path(record), int(wanted)))
