"""An HTTP server that says what a test tells it to: for the client's manners, not a cluster's rules."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest

from jupyter_crater.backends.kubernetes.access import Access
from jupyter_crater.backends.kubernetes.client import Client

from . import objects as o


class Answer:
    """What one request gets: a status, a body, or pieces of a stream with pauses between them."""

    def __init__(self, body=None, code=200, *, stream=None, headers=None, cut=False):
        self.body, self.code, self.stream = body, code, stream
        self.headers, self.cut = headers or {}, cut


def status(code, reason, message="because", **more):
    body = {"kind": "Status", "code": code, "reason": reason, "message": message}
    return Answer(body, code, **more)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, address):
        """A client that leaves, or a connection that is cut: what is tested here."""


class Scripted:
    def __init__(self):
        self.asked = []
        self.answer = lambda method, path, query: Answer({})
        self.request = threading.local()
        """Headers and body of the request that this thread answers."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *words):
                pass

            def _do(self):
                if self.headers.get("Upgrade") == "websocket":
                    outer.asked.append((self.command, self.path, {}, dict(self.headers), None))
                    self.close_connection = True
                    outer.upgrade(self)
                    return
                split = urlsplit(self.path)
                query = dict(parse_qsl(split.query))
                size = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(size)) if size else None
                outer.asked.append((self.command, split.path, query, dict(self.headers), body))
                outer.request.headers, outer.request.body = self.headers, body
                found = outer.answer(self.command, split.path, query)
                if found.cut:
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response(found.code)
                for key, value in found.headers.items():
                    self.send_header(key, value)
                if found.stream is not None:
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    try:
                        for piece in found.stream:
                            if isinstance(piece, int | float):
                                time.sleep(piece)
                                continue
                            text = piece if isinstance(piece, str) else json.dumps(piece) + "\n"
                            if not (data := text.encode()):
                                continue  # an empty chunk is the last one
                            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                            self.wfile.flush()
                        self.wfile.write(b"0\r\n\r\n")
                    except OSError:
                        self.close_connection = True
                    return
                data = json.dumps(found.body).encode()
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = do_DELETE = _do  # noqa: N815 - the library's words

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def requests(self, path="", **query):
        return [
            a
            for a in self.asked
            if path in a[1] and all(a[2].get(k) == v for k, v in query.items())
        ]


class Login:
    """Stands in for the package's Configuration: a token that renewing changes."""

    proxy = None
    tls_server_name = None
    cert_file = None

    def __init__(self, token="t1"):
        self.token = token

    def auth_settings(self):
        return {
            "k": {"in": "header", "key": "authorization", "value": f"Bearer {self.token}"},
        }


@pytest.fixture
def server():
    made = Scripted()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def client(server, monkeypatch):
    access = Access(server.url, "team", "lab", inside=False, _loaded=Login())
    monkeypatch.setattr(Access, "renew", lambda self: setattr(self._loaded, "token", "t2"))
    made = Client(access, silence=1.0)
    yield made
    made.close()


def items(*names, version="10", more=""):
    rows = [{"metadata": {"name": n, "resourceVersion": version}} for n in names]
    meta = {"resourceVersion": version} | ({"continue": more} if more else {})
    return Answer({"kind": "PodList", "apiVersion": "v1", "metadata": meta, "items": rows})


def event(kind, name, version, **meta):
    return {"type": kind, "object": {"metadata": {"name": name, "resourceVersion": version} | meta}}


__all__ = ["Answer", "Scripted", "client", "event", "items", "o", "server", "status"]
