"""A reverse proxy that holds every answer back until it is complete, as some in front of Jupyter do.

``X-Accel-Buffering: no`` is not heeded. What it must let through lest JupyterLab itself not run, it
does: websockets. A client that leaves ends the request on the other side.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass
class BufferingProxy:
    """Runs in a thread of its own: ``with BufferingProxy(target) as proxy: proxy.url``."""

    target: str
    port: int = 0
    held: int = 0
    """Answers that are held back now."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> BufferingProxy:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10), "the buffering proxy did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    async def _run(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._over.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place = urlsplit(self.target)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            inward, outward = await asyncio.open_connection(place.hostname, place.port)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
            return
        try:
            lines = head[:-4].split(b"\r\n")
            fields = {
                k.lower(): v.strip() for k, _, v in (row.partition(b":") for row in lines[1:])
            }
            if fields.get(b"upgrade", b"").lower() == b"websocket":
                outward.write(head)
                await asyncio.gather(copy(reader, outward), copy(inward, writer))
                return
            kept = [r for r in lines if not r.lower().startswith((b"connection:", b"keep-alive:"))]
            outward.write(b"\r\n".join([*kept, b"Connection: close", b"", b""]))
            outward.write(await reader.readexactly(int(fields.get(b"content-length", b"0"))))
            answer = asyncio.ensure_future(inward.read())  # to its end
            left = asyncio.ensure_future(reader.read())
            self.held += 1
            try:
                await asyncio.wait([answer, left], return_when=asyncio.FIRST_COMPLETED)
            finally:
                self.held -= 1
                left.cancel()
            if answer.done():
                writer.write(answer.result())
                await writer.drain()
            else:
                answer.cancel()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # either side is gone, or the proxy ends
        finally:
            outward.close()
            writer.close()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
