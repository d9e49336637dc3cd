"""The double in this process (an httpx transport) or behind a socket (http.server)."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx

from .app import App


class InProcess(httpx.BaseTransport):
    """For ``httpx.Client(transport=…)``."""

    def __init__(self, app: App) -> None:
        self.app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = {k.lower(): v for k, v in request.headers.items()}
        query = parse_qs(request.url.query.decode())
        try:
            answer = self.app(request.method, request.url.path, query, headers, request.read())
        except ConnectionResetError as error:
            raise httpx.ReadError(str(error), request=request) from error
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)


def server(app: App, port: int = 0) -> ThreadingHTTPServer:
    """A server on loopback; its ``server_address`` has the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {k.lower(): v for k, v in self.headers.items()}
            query = parse_qs(parts.query)
            try:
                answer = app(self.command, parts.path, query, headers, body)
            except ConnectionResetError:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if isinstance(answer.body, bytes):
                self.send_header("content-length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
                return
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for chunk in answer.body:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *args: object) -> None:
            pass

    for verb in ("GET", "POST", "PUT", "DELETE", "MKCOL"):
        setattr(Handler, f"do_{verb}", Handler._any)
    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
