"""A TCP connection to a pod's port through the API server: one websocket for each connection.

The package's own ``kubernetes.stream.portforward`` reads with select() (no descriptor above 1023),
holds what the other side doesn't take in memory without a bound, and copies a growing string for
each frame. Here ``websocket-client`` shakes hands (TLS, proxy, headers) and two threads carry the
frames: a slow reader slows the sender down, as in TCP.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import struct
import threading
from typing import Any
from urllib.parse import urlsplit

from ...errors import BackendUnavailable
from .access import Access
from .client import KEEPALIVE, failure_of
from .kinds import PODS

OPEN_S = 10.0
CHUNK = 64 * 1024
_BINARY, _CLOSE, _PING, _PONG = 0x2, 0x8, 0x9, 0xA


def open_port(access: Access, namespace: str, pod: str, port: int) -> socket.socket:
    """A connected socket whose other end is that port of the pod.

    Raises:
        BackendUnavailable: the server, the pod or the port does not answer.
        AuthenticationError, PermissionDenied, NotFound: the server refuses.
    """
    far = _shake_hands(access, namespace, pod, port)
    try:
        frames = _Frames(far.sock)
        _opened(frames, pod, port)
    except BaseException:
        far.shutdown()
        raise
    near, ours = socket.socketpair()
    name = f"forward to {pod}:{port}"

    def carry() -> None:
        back = threading.Thread(
            target=_inwards, args=(frames, ours), daemon=True, name=f"{name} in"
        )
        back.start()
        _outwards(frames, ours)
        back.join()
        ours.close()
        far.shutdown()

    threading.Thread(target=carry, daemon=True, name=f"{name} out").start()
    return near


def _shake_hands(access: Access, namespace: str, pod: str, port: int) -> Any:
    import websocket

    base = "ws" + access.server.removeprefix("http")
    url = f"{base}{PODS.path(namespace, pod, 'portforward')}?ports={port}"
    options: dict[str, Any] = {}
    if access.server.startswith("https"):
        options["sslopt"] = {"context": access.tls()}
        if access.tls_name:
            options["sslopt"]["server_hostname"] = access.tls_name
    if access.proxy:
        proxy = urlsplit(access.proxy)
        options |= {"http_proxy_host": proxy.hostname, "http_proxy_port": proxy.port or 80}
        options["proxy_type"] = "http"
        if proxy.username:
            options["http_proxy_auth"] = (proxy.username, proxy.password or "")
    else:
        options["http_no_proxy"] = ["*"]
    for renewed in (False, True):
        try:
            return websocket.create_connection(
                url,
                timeout=OPEN_S,
                header=[f"{k}: {v}" for k, v in access.headers().items()],
                subprotocols=["v4.channel.k8s.io"],
                suppress_origin=True,
                sockopt=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), *KEEPALIVE],
                **options,
            )
        except websocket.WebSocketBadStatusException as error:
            if error.status_code == 401 and not renewed:
                access.renew()
                continue
            raise failure_of(error.status_code, _status(error), access.server) from error
        except (OSError, websocket.WebSocketException) as error:
            raise BackendUnavailable(
                f"The API server opens no way to {pod}:{port}: {error or type(error).__name__}."
            ) from error
    raise AssertionError


def _status(error: Any) -> dict[str, Any]:
    import json

    body = getattr(error, "resp_body", None) or b""
    try:
        found = json.loads(body)
    except ValueError:
        return {"message": bytes(body).decode(errors="replace")[:300] or str(error)}
    return found if isinstance(found, dict) else {}


def _opened(frames: _Frames, pod: str, port: int) -> None:
    """Each channel begins with a frame that holds the port; a refusal comes as text on channel 1."""
    frames.timeout(OPEN_S)
    try:
        for _ in range(2):
            channel, data = frames.message()
            if len(data) != 2 or struct.unpack("<H", data)[0] != port:
                told = data.decode(errors="replace").strip() if channel == 1 else "no port told"
                raise BackendUnavailable(f"{pod}:{port} does not answer: {told}.")
    except (OSError, EOFError) as error:
        raise BackendUnavailable(f"{pod}:{port} does not answer: {error or 'cut'}.") from error
    frames.timeout(None)


class _Wire:
    """A socket that one thread reads while another writes. OpenSSL allows no two calls at once, so
    each is made without blocking and under a lock, and the waiting happens outside of it."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._using = threading.Lock()
        self.timeout: float | None = None
        sock.setblocking(False)

    def recv(self, size: int) -> bytes:
        while True:
            with self._using:
                try:
                    return self._socket.recv(size)
                except (BlockingIOError, ssl.SSLWantReadError):
                    wanted = select.POLLIN
                except ssl.SSLWantWriteError:
                    wanted = select.POLLOUT
            self._wait(wanted)

    def sendall(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            with self._using:
                try:
                    left = left[self._socket.send(left) :]
                    continue
                except (BlockingIOError, ssl.SSLWantWriteError):
                    wanted = select.POLLOUT
                except ssl.SSLWantReadError:
                    wanted = select.POLLIN
            self._wait(wanted)

    def _wait(self, wanted: int) -> None:
        poll = select.poll()  # one for each wait: two threads may not share it
        poll.register(self._socket, wanted)
        if not poll.poll(None if self.timeout is None else 1000 * self.timeout):
            raise TimeoutError("no answer")

    def end(self) -> None:
        with contextlib.suppress(OSError):
            # The plain socket's: TLS would drop its state under the other thread's feet.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Frames:
    """Websocket frames on a socket whose handshake is done (RFC 6455, client's side)."""

    def __init__(self, sock: socket.socket) -> None:
        self._wire = _Wire(sock)
        self._buffer = bytearray()
        self._sending = threading.Lock()

    def timeout(self, seconds: float | None) -> None:
        self._wire.timeout = seconds

    def message(self) -> tuple[int, bytes]:
        """The next data frame: channel and payload.

        Raises:
            EOFError: the other side closed.
        """
        while True:
            code, size = self._head()
            if code == _CLOSE:
                raise EOFError(self._take(size)[2:].decode(errors="replace"))
            if code == _PING:
                self.send(_PONG, self._take(size))
            elif code == _PONG or not size:
                self._take(size)
            else:
                return self._take(1)[0], self._take(size - 1)

    def _head(self) -> tuple[int, int]:
        first, second = self._take(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self._take(8))
        if second & 0x80:
            raise EOFError("a masked frame of a server")
        return first & 0x0F, int(size)

    def _take(self, size: int) -> bytes:
        buffer = self._buffer
        while len(buffer) < size:
            data = self._wire.recv(max(4 * CHUNK, size - len(buffer)))
            if not data:
                raise EOFError("the connection was cut")
            buffer += data
        found = bytes(memoryview(buffer)[:size])
        del buffer[:size]
        return found

    def send(self, code: int, payload: bytes) -> None:
        size = len(payload)
        head = bytes([0x80 | code])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 65536:
            head += struct.pack(">BH", 0x80 | 126, size)
        else:
            head += struct.pack(">BQ", 0x80 | 127, size)
        mask = os.urandom(4)
        # One number for the whole frame: Python's integers XOR fast.
        key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        masked = (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")
        with self._sending:
            self._wire.sendall(head + mask + masked)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.send(_CLOSE, struct.pack(">H", 1000))
        self._wire.end()


def _inwards(frames: _Frames, ours: socket.socket) -> None:
    """From the pod to us; text on channel 1 is an error, after which nothing comes."""
    try:
        while True:
            channel, data = frames.message()
            if channel != 0:
                break
            ours.sendall(data)
    except (OSError, EOFError):
        pass
    with contextlib.suppress(OSError):
        ours.shutdown(socket.SHUT_RDWR)


def _outwards(frames: _Frames, ours: socket.socket) -> None:
    """From us to the pod. A websocket can't be closed by half: its end is the whole connection's."""
    try:
        while data := ours.recv(CHUNK):
            frames.send(_BINARY, b"\x00" + data)
    except OSError:
        pass
    frames.close()
