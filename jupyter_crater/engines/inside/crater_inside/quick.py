"""Imports without the garbage collector."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quick_imports() -> Iterator[None]:
    """What is imported in the block stays for good: the collector needn't look at it, then or later.

    5000 modules make it run again and again over all of them: 5.6 s of CPU instead of 7.3 for vLLM.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
