"""HTTP to an API server: its Status errors as ours, in one place; safe retries; pages; watches."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator
from typing import Any

import httpx
from pydantic_core import from_json

from ...errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailable,
    ConflictError,
    CraterError,
    DoesNotFit,
    InputError,
    NotFound,
    PermissionDenied,
)
from .access import Access
from .waiting import quota

TIMEOUT_S = 15.0
PAGE = 500
RETRY_S = 20.0
"""How long a request goes on trying; every single wait that the server asks for is bounded by it."""
STRANGER_S = 3.0
SILENCE_S = 90.0
"""A watch without a word for longer is dead: servers send bookmarks about every minute."""
WATCH_S = 3000
MERGE = "application/merge-patch+json"

CHANCE = random.Random()
"""Of its own: a thread in the background leaves the user's seeded numbers alone."""

KEEPALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    # A cable that was pulled is noticed after 10 + 3 × 5 s rather than after two hours.
    *((socket.IPPROTO_TCP, getattr(socket, name), value)
      for name, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
      if hasattr(socket, name)),
]  # fmt: skip


class AlreadyExists(ConflictError):
    """An object of that name is there."""


class Gone(BackendError):
    """The resource version (or page) is too old: list again."""


class Busy(BackendUnavailable):
    """The server asks to be left alone for so many seconds."""

    wait = 0.0


class AnswerLost(BackendUnavailable):
    """A request that changes something was sent and its answer never came."""


class Tap(threading.Event):
    """Setting it ends a stream from another thread, also while no byte comes."""

    def __init__(self) -> None:
        super().__init__()
        self._socket: socket.socket | None = None

    def hold(self, response: httpx.Response | None) -> None:
        """Take the stream that is open now; None: it is over."""
        stream = response.extensions.get("network_stream") if response else None
        self._socket = stream.get_extra_info("socket") if stream else None
        if self.is_set():
            self.set()

    def set(self) -> None:
        super().set()
        if (held := self._socket) is not None:
            with contextlib.suppress(OSError):
                # The plain socket's: TLS would drop its state under the reader's feet.
                socket.socket.shutdown(held, socket.SHUT_RDWR)


class Client:
    """One identity at one API server; safe to use from several threads."""

    def __init__(self, access: Access, *, silence: float | None = None) -> None:
        self.access = access
        self.silence = silence or SILENCE_S
        self.requests = 0
        """Requests sent so far, retries and reconnects included."""
        self._heard = False
        self._renewing = threading.Lock()
        tls: Any = access.tls() if access.server.startswith("https") else False
        self._transport = httpx.HTTPTransport(
            verify=tls,
            proxy=access.proxy,
            socket_options=KEEPALIVE,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=10),
        )
        self._http = httpx.Client(
            transport=self._transport,
            timeout=TIMEOUT_S,
            headers={"User-Agent": "jupyter-crater"},
        )
        self.close = weakref.finalize(self, self._http.close)

    # -- requests ----------------------------------------------------------------------------------

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        return self.request("GET", path, params=params)

    def post(self, path: str, body: dict[str, Any], **params: Any) -> dict[str, Any]:
        return self.request("POST", path, body=body, params=params)

    def patch(self, path: str, body: dict[str, Any], **params: Any) -> dict[str, Any]:
        """A merge patch: what it names is set, null takes away."""
        return self.request("PATCH", path, body=body, params=params)

    def delete(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return self.request("DELETE", path, body=body)

    def text(self, path: str, **params: Any) -> str:
        return self._send("GET", path, None, params).text

    def request(
        self,
        method: str,
        path: str,
        *,
        body: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The answer's object.

        Raises:
            AlreadyExists, ConflictError, NotFound, Gone, InputError (422), DoesNotFit (quota),
            PermissionDenied, AuthenticationError, AnswerLost, BackendUnavailable.
        """
        response = self._send(method, path, body, params)
        try:
            found = from_json(response.content)  # pydantic's: lists of pods are megabytes
        except ValueError as error:
            raise BackendUnavailable(
                f"{self.access.server} does not answer like an API server "
                f"({response.headers.get('content-type', 'no type')})."
            ) from error
        return found if isinstance(found, dict) else {}

    def items(self, path: str, **params: Any) -> tuple[list[dict[str, Any]], str]:
        """All objects of a list, page by page, and the version that a watch goes on from."""
        for last in (False, True):
            found: list[dict[str, Any]] = []
            token = ""
            try:
                while True:
                    more = {"continue": token} if token else {}
                    page = self.get(path, **params, limit=PAGE, **more)
                    kind = {
                        "apiVersion": page.get("apiVersion"),
                        "kind": str(page.get("kind", "")).removesuffix("List"),
                    }
                    found += [kind | item for item in page.get("items") or []]
                    meta = page.get("metadata") or {}
                    token = meta.get("continue") or ""
                    if not token:
                        return found, str(meta.get("resourceVersion") or "")
            except Gone:  # the pages' snapshot was compacted between two of them
                if last:
                    raise
        raise AssertionError

    def _send(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        params: dict[str, Any] | None,
    ) -> httpx.Response:
        # Somebody who never answered is rather not there than busy.
        deadline = time.monotonic() + (RETRY_S if self._heard else min(RETRY_S, STRANGER_S))
        pause, renewed = 0.2, False
        while True:
            headers = self._headers(method)
            try:
                self.requests += 1
                response = self._http.request(
                    method,
                    self.access.server + path,
                    params=_words(params),
                    content=None if body is None else json.dumps(body),
                    headers=headers,
                    extensions=self._extensions(),
                )
            except httpx.TransportError as error:
                unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if not unsent and method != "GET":
                    raise AnswerLost(self._unreachable(error)) from error
                wait, failure = pause, BackendUnavailable(self._unreachable(error))
            else:
                self._heard = True
                if response.status_code < 400:
                    return response
                if response.status_code == 401 and not renewed:
                    renewed = True
                    self._renew(headers)
                    continue
                asked = _retry_after(response)
                if not _again(method, response, asked):
                    raise failure_of(response.status_code, _status(response), self.access.server)
                wait = asked or pause
                failure = BackendUnavailable(
                    f"{self.access.server} is busy (HTTP {response.status_code}): "
                    f"{_status(response).get('message') or 'no reason given'}.",
                    hint="It asked to be left alone for a while; try again later.",
                )
            if time.monotonic() + wait > deadline:
                raise failure
            time.sleep(wait)
            pause = min(4.0, pause * 2) * CHANCE.uniform(0.8, 1.2)

    def _headers(self, method: str) -> dict[str, str]:
        kind = MERGE if method == "PATCH" else "application/json"
        return {"Content-Type": kind, "Accept": "application/json"} | self.access.headers()

    def _extensions(self) -> dict[str, Any]:
        return {"sni_hostname": self.access.tls_name} if self.access.tls_name else {}

    def _renew(self, used: dict[str, str]) -> None:
        """Once for all threads whose token was refused; who comes later finds it done."""
        with self._renewing:
            if self._headers("GET").get("authorization") == used.get("authorization"):
                self.access.renew()
                if self.access.certified:
                    self._transport.close()  # open connections showed the old certificate

    def _unreachable(self, error: Exception) -> str:
        told = str(error) or type(error).__name__
        return f"The API server {self.access.server} can't be reached: {told}."

    # -- streams -----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def stream(
        self, path: str, *, silence: float | None = None, tap: Tap | None = None, **params: Any
    ) -> Iterator[Iterator[str]]:
        """The lines of a long answer; ``silence``: seconds without a byte that end it.

        Raises:
            BackendUnavailable: it was cut, or fell silent; else as :meth:`request`.
        """
        timeout = httpx.Timeout(TIMEOUT_S, read=silence)
        for renewed in (False, True):
            headers = self._headers("GET")
            try:
                self.requests += 1
                with self._http.stream(
                    "GET",
                    self.access.server + path,
                    params=_words(params),
                    headers=headers,
                    timeout=timeout,
                    extensions=self._extensions(),
                ) as response:
                    if response.status_code == 401 and not renewed:
                        response.read()
                        self._renew(headers)
                        continue
                    if response.status_code >= 400:
                        response.read()
                        failure = failure_of(
                            response.status_code, _status(response), self.access.server
                        )
                        asked = _retry_after(response)
                        if asked and isinstance(failure, BackendUnavailable):
                            busy = Busy(failure.message)
                            busy.wait = asked
                            raise busy
                        raise failure
                    if tap is not None:
                        tap.hold(response)
                    yield response.iter_lines()
                    return
            except httpx.TransportError as error:
                raise BackendUnavailable(self._unreachable(error)) from error
            finally:
                if tap is not None:
                    tap.hold(None)

    def watch(
        self,
        path: str,
        version: str,
        *,
        opened: Callable[[], None],
        tap: Tap | None = None,
        **params: Any,
    ) -> Generator[dict[str, Any]]:
        """``{"type", "object"}`` since ``version`` until the server ends the watch.

        Raises:
            Gone: the version is too old; else as :meth:`stream`.
        """
        # Not all at once: a server that restarts meets its watchers one by one.
        seconds = int(WATCH_S * CHANCE.uniform(0.8, 1.2))
        with self.stream(
            path,
            silence=self.silence,
            tap=tap,
            watch="1",
            resourceVersion=version,
            allowWatchBookmarks="true",
            timeoutSeconds=seconds,
            **params,
        ) as lines:
            opened()
            for line in lines:
                try:
                    event = json.loads(line)
                    kind, found = event["type"], event["object"]
                except (ValueError, KeyError, TypeError) as error:
                    raise BackendUnavailable("A watch was cut in the middle of a word.") from error
                if kind == "ERROR":
                    code = int(found.get("code") or 500)
                    raise failure_of(code, found, self.access.server)
                yield event


def _words(params: dict[str, Any] | None) -> dict[str, str]:
    return {k: str(v) for k, v in (params or {}).items() if v not in (None, "")}


def _status(response: httpx.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {"message": response.text[:300]}
    return found if isinstance(found, dict) else {}


def _retry_after(response: httpx.Response) -> float | None:
    try:
        return min(RETRY_S, max(0.1, float(response.headers["retry-after"])))
    except (KeyError, ValueError):
        return None


def _again(method: str, response: httpx.Response, asked: float | None) -> bool:
    """429 was not done, whatever it was; a server that is starting or overloaded says 5xx."""
    code = response.status_code
    return code == 429 or (code in (500, 502, 503, 504) and (method == "GET" or asked is not None))


def failure_of(code: int, status: dict[str, Any], server: str) -> CraterError:
    """The error that an answer of the API server means: the only place that knows its codes."""
    reason, text = str(status.get("reason") or ""), str(status.get("message") or f"HTTP {code}")
    if code == 401:
        return AuthenticationError(
            f"{server} does not know you any more: {text}.",
            hint="Log in again (`kubectl get pods` uses the same login).",
        )
    if code == 403 and (told := quota(text)):
        return DoesNotFit(told, hint="Ask for less, end another job, or ask for more quota.")
    if code in (400, 403, 422) and "admission webhook" in text and "denied the request" in text:
        return InputError(
            f"The cluster refuses this: {text.rsplit('denied the request:', maxsplit=1)[-1].strip()}"
        )
    if code == 403:
        return PermissionDenied(text, hint="Ask whoever runs the cluster for that right.")
    if code == 404:
        return NotFound(text)
    if code == 409:
        return AlreadyExists(text) if reason == "AlreadyExists" else ConflictError(text)
    if code == 410:
        return Gone(text)
    if code in (400, 422):
        return InputError(f"The cluster refuses this: {text}")
    return BackendUnavailable(f"{server} answers HTTP {code}: {text}.")
