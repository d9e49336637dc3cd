"""HTTP to a Crater server: the envelope, both error generations, tokens, safe retries.

``{"code", "data", "msg"}`` comes with every answer; success is HTTP 2xx *and* code 0. Most failures
are HTTP 500 with code 99999 and a text, so errors are told apart by code first and by the beginning
of the text where a code means two things (40301, 40401), and the server's text is always kept.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from ...errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailable,
    DoesNotFit,
    InputError,
    NotFound,
    PermissionDenied,
)
from . import credentials
from .credentials import Credentials

EXPIRED = 40101
TIMEOUT_S = 10.0
RETRIES = 3
PAGE = 200  # the server's maximum

_FITS = (
    "job admission failed",
    "requested resources exceed user queue quota",
    "billing precheck blocked",
    "[作业数量超过限制]",
    "作业数量超过限制",
)
_MISSING = ("record not found", "No job template found", "Failed to get job template")
_HINTS = {
    "job admission failed": "No node is that large: ask for fewer GPUs, CPUs or GiB a node.",
    "requested resources exceed": "Ask for less, switch to another account, or ask for more quota.",
    "billing precheck blocked": "The account's points are used up: wait for the next issue.",
    "作业数量超过限制": "100 jobs run or wait already: stop some first.",
    "[作业数量超过限制]": "100 jobs run or wait already: stop some first.",
    "Email not verified": "Verify your e-mail in Crater's settings, or leave the alert off.",
}


class CreationUnknown(BackendUnavailable):
    """A request that creates something was sent and its answer never came."""


class Client:
    """One session at one server; safe to use from several threads.

    Args:
        url: base address, e.g. "https://crater.example.org".
        transport: for tests; None is the network.
        verify: path of a CA bundle, or True for the system's (``SSL_CERT_FILE`` is honoured).
    """

    def __init__(
        self,
        url: str,
        *,
        transport: httpx.BaseTransport | None = None,
        verify: str | bool = True,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._pause = pause
        self._refreshing = threading.Lock()
        self._http = httpx.Client(
            base_url=self.url, timeout=TIMEOUT_S, transport=transport, verify=verify
        )
        self._session: Credentials | None = None
        self._store = True
        # Whoever drops a client (a notebook does) drops its sockets too.
        self.close = weakref.finalize(self, self._http.close)

    # -- sessions ------------------------------------------------------------------------------

    def login(self, username: str, password: str, method: str = "normal") -> dict[str, Any]:
        """Log in and keep the tokens; returns the server's ``{context, user, …}``.

        Raises:
            AuthenticationError: wrong name or password.
            PermissionDenied: this way of logging in is off.
        """
        body = {"auth": method, "username": username, "password": password}
        data = self.public("POST", "/api/auth/login", json=body)
        self._keep(data, username, method)
        return dict(data)

    def switch(self, account: str, *, keep: bool = True) -> dict[str, Any]:
        """Act as another account (queue) from now on; without ``keep`` only this object does."""
        session = self.session()
        self._store = self._store and keep
        try:
            data = self.post("/auth/switch", {"queue": account})
        except BackendError as error:
            if "Queue not found" in error.message:
                raise InputError(
                    f"No account {account!r} that you belong to.", hint=self._accounts()
                ) from error
            raise
        self._keep(data, session.username, session.method)
        return dict(data)

    def _accounts(self) -> str:
        names = [row["name"] for row in self.rows("/accounts")]
        return f"There are: {', '.join(names) or 'none'}."

    def _keep(self, data: dict[str, Any], username: str, method: str) -> None:
        account = (data.get("context") or {}).get("queue", "")
        session = Credentials(
            username, account, data["accessToken"], data["refreshToken"], method=method
        )
        self._session = session
        self._save()

    def _save(self) -> None:
        if self._store:
            credentials.save(self.url, self._session)

    def session(self) -> Credentials:
        """The session: this object's, the stored one, or a new one from the environment."""
        if self._session is None:
            self._session = credentials.load(self.url)
        given = credentials.from_environment()
        if given and (self._session is None or self._session.username != given[0]):
            self.login(*given)
        if self._session is None:
            raise AuthenticationError(
                f"Not logged in at {self.url}.",
                hint=f"jupyter crater login --url {self.url} (or set JUPYTER_CRATER_USERNAME "
                "and JUPYTER_CRATER_PASSWORD).",
            )
        return self._session

    def _refresh(self, used: str) -> None:
        """Once for all threads that met the expired token; whoever comes later finds it done."""
        with self._refreshing:
            session = self.session()
            if session.access != used:
                return
            try:
                body = {"refreshToken": session.refresh}
                data = self.public("POST", "/api/auth/refresh", json=body)
                self._session = session.renewed(data["accessToken"], data["refreshToken"])
                self._save()
            except AuthenticationError:
                if (given := credentials.from_environment()) is None:
                    raise _login_again("The session has ended", self.url) from None
                self.login(*given)
                if session.account and self._session and self._session.account != session.account:
                    self.switch(session.account)

    # -- requests ------------------------------------------------------------------------------

    def get(self, path: str, **params: Any) -> Any:
        return self.call("GET", path, params=params)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self.call("POST", path, json=body)

    def rows(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """A list that the server may send as null (empty), as an array, or in pages."""
        found: list[dict[str, Any]] = []
        for page in range(1, 51):  # 10,000 rows: more is a server that ignores `page`
            data = self.get(path, **params, **({"page": page, "page_size": PAGE} if params else {}))
            if not isinstance(data, dict):
                return list(data or [])
            items = data.get("items") or []
            found += items
            if not items or len(found) >= int(data.get("total") or 0):
                break
        return found

    def call(self, method: str, path: str, **options: Any) -> Any:
        """A protected request; an expired token is renewed once and the request repeated."""
        session = self.session()
        full = path if path.startswith("/api/") else f"/api/v1{path}"
        for last in (False, True):
            response = self._send(method, full, token=session.access, **options)
            if not last and _code(response) == (401, EXPIRED):
                self._refresh(session.access)
                session = self.session()
                continue
            return self._data(response)
        raise AssertionError

    def public(self, method: str, path: str, **options: Any) -> Any:
        """A request without a token (``auth/…``)."""
        return self._data(self._send(method, path, token=None, **options))

    def upload(self, path: str, content: bytes) -> None:
        """Write a file of the storage, e.g. "user/folder/file" (WebDAV; folders are made)."""
        folders = path.split("/")[:-1]
        for depth in range(2, len(folders) + 1):
            self._dav("MKCOL", "/".join(folders[:depth]), ok=(200, 201, 301, 405))
        self._dav("PUT", path, ok=(200, 201, 204), content=content)

    def remove(self, path: str) -> None:
        """Delete a file or folder of the storage; gone is gone."""
        self._dav("DELETE", path, ok=(200, 204, 404))

    def download(self, path: str) -> bytes | None:
        """A file of the storage, or None where there is none."""
        response = self._dav("GET", f"download/{path}", ok=(200, 404))
        return response.content if response.status_code == 200 else None

    def _dav(
        self, method: str, path: str, *, ok: tuple[int, ...], **options: Any
    ) -> httpx.Response:
        for last in (False, True):
            token = self.session().access
            response = self._send(method, f"/api/ss/{path}", token=token, **options)
            # The storage server says 500 "invalid token" where the others say 401.
            stale = response.status_code == 401 or "invalid token" in response.text[:500]
            if stale and not last:
                self._refresh(token)
                continue
            break
        if response.status_code not in ok:
            self._data(response)
            raise BackendError(f"The storage refused {path!r}: HTTP {response.status_code}.")
        return response

    def stream(self, path: str, **params: Any) -> Iterator[str]:
        """Raw lines of a chunked answer (the log stream: no envelope)."""
        token = self.session().access
        patience = httpx.Timeout(TIMEOUT_S, read=30)
        try:
            with self._http.stream(
                "GET", f"/api/v1{path}", params=params, headers=_headers(token), timeout=patience
            ) as response:
                if "octet-stream" not in response.headers.get("content-type", ""):
                    response.read()
                    if _code(response) == (401, EXPIRED):
                        self._refresh(token)
                        raise BackendUnavailable("The token was renewed: start the stream again.")
                    self._data(response)
                yield from response.iter_lines()
        except httpx.TransportError as error:
            raise BackendUnavailable(f"The log stream broke off: {error}.") from error

    def _send(self, method: str, path: str, *, token: str | None, **options: Any) -> httpx.Response:
        """Only reading is repeated, after a broken connection or a gateway's 502-504."""
        safe = method == "GET"
        for attempt in range(RETRIES if safe else 1):
            try:
                response = self._http.request(method, path, headers=_headers(token), **options)
            except httpx.ConnectError as error:
                problem: Exception = error
                sent = False
            except httpx.TransportError as error:
                problem, sent = error, True
            else:
                if (
                    not safe
                    or response.status_code not in (502, 503, 504)
                    or attempt == RETRIES - 1
                ):
                    return response
                problem, sent = BackendUnavailable(f"HTTP {response.status_code}"), True
            if attempt < RETRIES - 1 and safe:
                self._pause(0.3 * 2**attempt)
        kind = CreationUnknown if sent and not safe else BackendUnavailable
        hint = "Is the address right, and is the platform up?"
        if "CERTIFICATE" in str(problem).upper():
            hint = "SSL_CERT_FILE names the bundle of your organisation's certificates."
        raise kind(
            f"{self.url} does not answer: {problem or type(problem).__name__}.", hint=hint
        ) from problem

    def _data(self, response: httpx.Response) -> Any:
        try:
            body = response.json()
            code, text = int(body["code"]), str(body.get("msg") or "")
        except (ValueError, KeyError, TypeError):
            raise _no_envelope(response, self.url) from None
        if response.is_success and code == 0:
            return body.get("data")
        raise error_of(response.status_code, code, text, self.url)


def _headers(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _code(response: httpx.Response) -> tuple[int, int | None]:
    try:
        return response.status_code, response.json().get("code")
    except (ValueError, AttributeError):
        return response.status_code, None


def _no_envelope(response: httpx.Response, url: str) -> BackendUnavailable:
    kind = response.headers.get("content-type", "").split(";")[0] or "nothing"
    return BackendUnavailable(
        f"{response.request.url.path} answered HTTP {response.status_code} with {kind}, "
        "not as Crater's API does.",
        hint=f"Is {url} the platform's address (a proxy or a login page may stand before it)?",
    )


def _login_again(text: str, url: str) -> AuthenticationError:
    return AuthenticationError(
        f"{text.rstrip('.')}: log in again.", hint=f"jupyter crater login --url {url}"
    )


def error_of(status: int, code: int, text: str, url: str) -> Exception:
    """The error of this package for an answer that is none; the server's text is kept."""
    hint = next((h for begin, h in _HINTS.items() if text.startswith(begin)), None)
    said = text or f"HTTP {status}, code {code}"
    if code in (40111, 40106):
        return AuthenticationError(
            f"Wrong username or password ({said}).", hint="LDAP accounts need method='ldap'."
        )
    if code == 40114 or (status == 403 and code in (40301, 40001)):
        return PermissionDenied(f"The platform refuses this way of logging in: {said}")
    if status == 401:
        return _login_again(f"Crater refused the session ({said})", url)
    if text.startswith(_FITS):
        return DoesNotFit(f"Crater refused the job: {said}", hint=hint)
    if text.startswith(_MISSING) or status == 404:
        return NotFound(f"Crater does not know it: {said}")
    if code == 40301:
        return PermissionDenied(f"Crater refused: {said}")
    if code == 40302 or code // 100 == 400:
        return InputError(f"Crater refused the request: {said}", hint=hint)
    return BackendError(f"Crater failed: {said} (HTTP {status}, code {code})", hint=hint)
