"""Tokens leave at once: by default a small one waits until what was sent before it is acknowledged,
and that the receiving system may put off for 40 ms (Nagle's algorithm, delayed ACK).
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from tornado.web import RequestHandler


def stream_at_once(handler: RequestHandler) -> None:
    """This answer; tornado turns it off at the end."""
    handler.request.connection.stream.set_nodelay(True)  # type: ignore[union-attr]


def kernels_at_once() -> None:
    """Every kernel's websocket: Jupyter doesn't ask for it (2.21), and has no setting."""
    from jupyter_server.services.kernels.websocket import KernelWebsocketHandler

    opened: Any = KernelWebsocketHandler.open
    if hasattr(opened, "__wrapped__"):
        return

    @wraps(opened)
    async def open_at_once(self: Any, *args: Any, **kwargs: Any) -> None:
        self.set_nodelay(True)
        await opened(self, *args, **kwargs)

    setattr(KernelWebsocketHandler, "open", open_at_once)  # noqa: B010 - mypy refuses the other
