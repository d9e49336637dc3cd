"""Thin routes: who may ask, in which words, and how an error becomes a status. No logic.

All are authenticated, authorized (resource ``crater``) and keep Jupyter's XSRF check.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from http import HTTPStatus
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.iostream import StreamClosedError

from .. import calls, errors
from .events import Watches
from .nodelay import stream_at_once

STATUS: dict[type[errors.CraterError], HTTPStatus] = {
    errors.ConflictError: HTTPStatus.CONFLICT,
    errors.InputError: HTTPStatus.BAD_REQUEST,
    errors.DoesNotFit: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.PreflightFailed: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.BackendUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.PermissionDenied: HTTPStatus.FORBIDDEN,
    # Not 401: that is between the browser and Jupyter.
    errors.AuthenticationError: HTTPStatus.BAD_GATEWAY,
    errors.BackendError: HTTPStatus.BAD_GATEWAY,
    errors.NewerSchema: HTTPStatus.CONFLICT,
    errors.WaitTimeout: HTTPStatus.GATEWAY_TIMEOUT,
}


def status_of(error: BaseException) -> HTTPStatus:
    """The HTTP status of an error: that of its nearest class in STATUS."""
    for each in type(error).__mro__:
        if each in STATUS:
            return STATUS[each]
    return HTTPStatus.INTERNAL_SERVER_ERROR


class Handler(APIHandler):
    """What our routes share: whose resource they are, and work that ends with its connection."""

    auth_resource = "crater"
    work: asyncio.Task[None] | None = None

    async def until_closed(self, work: Coroutine[Any, Any, None], what: str) -> None:
        self.work = asyncio.create_task(work)
        try:
            await self.work
        except (asyncio.CancelledError, StreamClosedError):
            self.log.debug("jupyter_crater: %s was ended by the client", what)

    def on_connection_close(self) -> None:
        if self.work:
            self.work.cancel()

    def fail(self, error: Exception) -> None:
        self.set_status(status_of(error))
        self.finish(calls.error_json(error))


class CraterHandler(Handler):
    """Calls by verb: ``{"GET": "job.get"}``; each route is this class and a table."""

    def initialize(self, verbs: dict[str, str], watches: Watches | None = None) -> None:
        self.verbs = verbs
        self.watches = watches

    @web.authenticated
    @authorized
    async def get(self, **path: str) -> None:
        await self.serve("GET", path)

    @web.authenticated
    @authorized
    async def post(self, **path: str) -> None:
        await self.serve("POST", path)

    @web.authenticated
    @authorized
    async def delete(self, **path: str) -> None:
        await self.serve("DELETE", path)

    async def serve(self, verb: str, path: dict[str, str]) -> None:
        method = self.verbs.get(verb)
        if method is None:
            raise web.HTTPError(HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            params = self.params(path)
            if method in calls.STREAMS:
                await self.stream(calls.stream(method, params))
                return
            result = await calls.call(method, params)
            if method == "jobs.list" and self.watches and params.get("backend"):
                self.watches.asked(str(params["backend"]), result["jobs"])
        except Exception as error:  # noqa: BLE001 - the one place where errors become statuses
            self.fail(error)
            return
        if result is None:
            self.set_status(HTTPStatus.NO_CONTENT)
            self.finish()
        else:
            self.finish(result)

    def params(self, path: dict[str, str]) -> dict[str, Any]:
        """Body, query and what the path names, which counts most."""
        try:
            body = self.get_json_body() or {}
        except web.HTTPError:
            raise errors.InputError("The request's body is not JSON.") from None
        if not isinstance(body, dict):
            raise errors.InputError("The request's body has to be a JSON object.")
        query = {key: self.get_query_argument(key) for key in self.request.query_arguments}
        return body | query | path

    async def stream(self, items: AsyncGenerator[dict[str, Any]]) -> None:
        """Newline-delimited JSON, flushed item by item; a closed connection ends the work."""
        self.set_header("Content-Type", "application/x-ndjson")
        self.set_header("Cache-Control", "no-cache")
        self.set_header("X-Accel-Buffering", "no")
        stream_at_once(self)
        await self.until_closed(self.write_items(items), "a stream")

    async def write_items(self, items: AsyncGenerator[dict[str, Any]]) -> None:
        async with aclosing(items):
            try:
                async for item in items:
                    await self.write_item(item)
            except (StreamClosedError, asyncio.CancelledError):
                raise
            except Exception as error:
                if not self._headers_written:
                    raise
                await self.write_item(calls.error_json(error))

    async def write_item(self, item: dict[str, Any]) -> None:
        self.write(json.dumps(item) + "\n")
        await self.flush()


ROUTES: dict[str, dict[str, str]] = {
    "versions": {"GET": "versions"},
    "capacity": {"GET": "capacity"},
    "catalog": {"GET": "catalog"},
    "size": {"POST": "size"},
    "templates": {"GET": "templates.list"},
    "templates/ID": {"GET": "template.get"},
    "templates/ID/check": {"POST": "template.check"},
    "templates/ID/parse": {"POST": "template.parse"},
    "jobs": {"GET": "jobs.list", "POST": "launch"},
    "jobs/NAME": {"GET": "job.get", "DELETE": "job.delete"},
    "jobs/NAME/memory": {"GET": "job.memory"},
    "jobs/NAME/events": {"GET": "job.events"},
    "jobs/NAME/diagnoses": {"GET": "job.diagnose"},
    "jobs/NAME/report": {"GET": "job.report"},
    "jobs/NAME/link": {"POST": "job.link"},
    "jobs/NAME/relaunch": {"POST": "job.relaunch"},
    "jobs/NAME/log": {"POST": "job.log"},
    "jobs/NAME/stop": {"POST": "job.stop"},
    "jobs/NAME/extend": {"POST": "job.extend"},
    "jobs/NAME/chat": {"POST": "chat.send"},
}

PLACES = {"NAME": "(?P<name>[a-z0-9-]{1,63})", "ID": "(?P<id>[A-Za-z0-9._-]{1,100})"}
"""What stands for itself in a path, by the call's parameter that it becomes."""


def pattern(path: str) -> str:
    """The path as a regular expression."""
    return "/".join(PLACES.get(part, part) for part in path.split("/"))


def routes(
    base_url: str, watches: Watches | None = None
) -> list[tuple[str, type[CraterHandler], dict[str, Any]]]:
    """What tornado takes."""
    return [
        (
            url_path_join(base_url, "crater", pattern(path)),
            CraterHandler,
            {"verbs": verbs, "watches": watches},
        )
        for path, verbs in ROUTES.items()
    ]
