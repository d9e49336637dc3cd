"""A door: a page on 127.0.0.1 that signs one browser in, once, and is gone.

Open WebUI takes a session from a cookie ``token`` when its page ``/auth`` opens. Cookies know no
ports, so a page on another port of 127.0.0.1 may set it: this one does, for whoever has its random
path, the first time only and within a minute, and leads on. The token comes by the environment,
which only this user can read, and the address that others see has none in it.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__" and os.fork():  # before the imports: the caller waits for this exit
    os._exit(0)

import hmac
import secrets
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from .. import config, processes

OPEN_S = 60.0
COOKIE_S = 30
"""The page copies the cookie into its own storage as it loads; it isn't needed for longer."""
TOKEN = "JUPYTER_CRATER_DOOR"  # noqa: S105 - the variable's name


def make(url: str, token: str) -> str:
    """An address that opens ``url`` (an Open WebUI) signed in, once.

    Raises:
        BackendError: the process did not start.
    """
    folder = config.state()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    words = processes.spawn_detached(
        "jupyter_crater.clients.door", [url], cwd=folder, env={TOKEN: token}
    )
    _, port, path = words.split()
    return f"http://127.0.0.1:{port}/{path}"


class Door(HTTPServer):
    """Answers one request for its path; all others get 404 and change nothing."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.url, self.token = url, token
        self.path = secrets.token_urlsafe(24)
        self.used = False
        self.timeout = 0.5

    def until_over(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.used and time.monotonic() < end:
            self.handle_request()


class _Page(BaseHTTPRequestHandler):
    server: Door
    timeout = 5
    """Of a connection that says nothing (browsers open some in advance)."""

    def do_GET(self) -> None:
        door = self.server
        port = door.server_address[1]
        mine = hmac.compare_digest(self.path.encode(), f"/{door.path}".encode())
        # Another name for 127.0.0.1 is a rebinding: its cookies would be another site's.
        if not mine or self.headers.get("Host") != f"127.0.0.1:{port}":
            self.send_error(404)
            return
        door.used = True
        self.send_response(303)
        self.send_header("Location", f"{door.url}/auth")
        cookie = f"token={door.token}; Path=/; Max-Age={COOKIE_S}; SameSite=Lax"
        self.send_header("Set-Cookie", cookie)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: the path is a secret while it lives."""


if __name__ == "__main__":
    os.setsid()
    door = Door(sys.argv[1], os.environ.pop(TOKEN))
    processes.ready(f"{door.server_address[1]} {door.path}", Path(os.devnull))
    door.until_over(OPEN_S)
