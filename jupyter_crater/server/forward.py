"""The engine of an own job under Jupyter's own address, so that it is reached behind a hub too.

A boundary, not a tunnel: only what an OpenAI client and a monitor ask for passes, only the headers
named here pass, and the engine's key is added on this side, so no page ever holds it.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import httpx
from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import url_path_join
from tornado import web

from .. import api
from ..addresses import by_proxy
from ..errors import BackendUnavailable, InputError
from ..handle import Job
from .nodelay import stream_at_once
from .routes import PLACES, Handler

FORWARD = "forward(?:@(?P<backend>[a-z]{1,20}))?"
PASSED = r"(?P<rest>v1/.+|health|metrics|version)"
INWARD = ("Accept", "Content-Type")
OUTWARD = ("Content-Type", "Retry-After", "X-Request-Id")
OWN = frozenset({"backend", "token", "_xsrf"})
"""Of the query: Jupyter's words and ours, not the engine's."""

READ_S = 600.0
"""An engine may compute for minutes before it says the first word."""


class ForwardHandler(Handler):
    """``jobs/NAME/forward[@BACKEND]/v1/…``: streams what the engine says, as it says it.

    The backend stands in the path as well, since a client's base URL can't carry a query.
    """

    def initialize(self, clients: dict[bool, httpx.AsyncClient]) -> None:
        self.clients = clients

    @web.authenticated
    @authorized
    async def get(self, name: str, rest: str | None, backend: str | None = None) -> None:
        if rest is None:  # the base: who opens it in a browser sees that it answers
            self.redirect(f"{self.request.path}/v1/models")
            return
        await self.serve(name, rest, backend)

    @web.authenticated
    @authorized
    async def post(self, name: str, rest: str | None, backend: str | None = None) -> None:
        if rest is None:
            raise web.HTTPError(HTTPStatus.METHOD_NOT_ALLOWED)
        await self.serve(name, rest, backend)

    async def serve(self, name: str, rest: str, backend: str | None) -> None:
        backend = backend or self.get_query_argument("backend", "")
        try:
            await self.until_closed(self.pass_on(name, rest, backend), "a forwarded request")
        except Exception as error:
            if self._headers_written:
                raise  # cut off, as the engine's own answer was
            self.fail(error)

    async def pass_on(self, name: str, rest: str, backend: str) -> None:
        path = checked(rest)
        base, key = await asyncio.to_thread(reach, name, backend)
        query = [each for each in parse_qsl(self.request.query, True) if each[0] not in OWN]
        headers = {h: self.request.headers[h] for h in INWARD if h in self.request.headers}
        # Not compressed: a compressor holds back what is to stream.
        headers["Accept-Encoding"] = "identity"
        if key:
            headers["Authorization"] = f"Bearer {key}"
        client = self.clients[by_proxy(base)]
        request = client.build_request(
            self.request.method or "GET",
            f"{base}/{path}{'?' + urlencode(query) if query else ''}",
            headers=headers,
            content=self.request.body if self.request.method == "POST" else None,
        )
        try:
            answer = await client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise BackendUnavailable(
                f"The engine of {name!r} does not answer: {type(error).__name__}.",
                hint="`job.status()` tells its phase.",
            ) from error
        try:
            self.head(answer)
            stream_at_once(self)
            async for chunk in answer.aiter_raw():
                self.write(chunk)
                await self.flush()
        finally:
            await answer.aclose()
        self.finish(set_content_type=self._headers.get("Content-Type"))

    def head(self, answer: httpx.Response) -> None:
        self.set_status(answer.status_code)
        for header in OUTWARD:
            if header in answer.headers:
                self.set_header(header, answer.headers[header])
        if "Content-Type" not in answer.headers:
            self.set_header("Content-Type", "application/octet-stream")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")
        # Whatever an engine says, as a page of Jupyter's origin it may do nothing.
        self.set_header("Content-Security-Policy", "sandbox")


def checked(path: str) -> str:
    """The path as it is sent on, quoted anew.

    Raises:
        InputError: it could leave what is passed on.
    """
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\\" in path or not path.isprintable():
        raise InputError(f"No path of an engine: {path!r}.")
    return "/".join(quote(part, safe=":@") for part in parts)


def reach(name: str, backend: str) -> tuple[str, str | None]:
    """Base URL and key of the engine of an own job.

    Raises:
        JobNotFound, BackendUnavailable: nothing to forward to.
        InputError: the job offers no OpenAI service.
    """
    job = Job(api.backend_of(backend or None), name)
    if job.spec.service is None:
        raise InputError(f"{name!r} offers no OpenAI service.")
    return job.reach()


def routes(
    base_url: str, *, read: float = READ_S
) -> list[tuple[str, type[ForwardHandler], dict[str, Any]]]:
    """What tornado takes."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
    timeout = httpx.Timeout(60, connect=10, read=read)
    clients = {
        env: httpx.AsyncClient(timeout=timeout, limits=limits, trust_env=env)
        for env in (False, True)
    }
    pattern = url_path_join(base_url, "crater/jobs", PLACES["NAME"], f"{FORWARD}(?:/{PASSED})?")
    return [(pattern, ForwardHandler, {"clients": clients})]
