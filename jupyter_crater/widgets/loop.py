"""One event loop in a thread of its own for all views of this kernel.

The kernel's loop stands still while a cell computes; this one doesn't, so an answer streams on and
Stop works (as far as the kernel hands messages over: see View).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def loop() -> asyncio.AbstractEventLoop:
    """The running loop, started with the first view."""
    global _loop  # noqa: PLW0603 - one per process is the point
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="crater-views", daemon=True).start()
    return _loop


def start(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Run it there; the future cancels it."""
    return asyncio.run_coroutine_threadsafe(work, loop())
