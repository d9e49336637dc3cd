"""Waiting for what has to become true soon; every wait is bounded and says what it waited for."""

from __future__ import annotations

import time


def until(condition, *, seconds: float = 5.0, what: str = "the condition"):
    """What ``condition`` returned once it was true.

    Raises:
        AssertionError: it was not within the time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:g} s: {what}")
