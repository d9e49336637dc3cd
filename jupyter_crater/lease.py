"""Leases: how long a job may hold what it runs on."""

from __future__ import annotations

from . import config
from .errors import InputError

MIN_S = 60
CLUSTER_S = 8 * 3600


def seconds(duration: str | float) -> int:
    """Seconds of "90", "45s", "8h" or "1d12h".

    Raises:
        InputError: not a duration, or not above zero.
    """
    try:
        found = config.duration(duration)
    except ValueError as error:
        raise InputError(f"A duration {error}; not {duration!r}.") from error
    if found <= 0:
        raise InputError("A duration has to be above zero.")
    return found


def granted(backend: str, asked: str | float | None) -> int | None:
    """Seconds of what was asked for, else of the configuration, else of the backend; None: no end.

    Raises:
        InputError: not a duration, or less than a minute.
    """
    if asked == "none":
        return None
    if asked is not None:
        if (found := seconds(asked)) < MIN_S:
            raise InputError(f"A lease has to be at least a minute, not {asked!r}.")
        return found
    default = config.load().lease
    if default is not None:
        return default or None
    return None if backend == "local" else CLUSTER_S
