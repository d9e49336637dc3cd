"""All that is known of a job, for whoever looks for what is wrong with it."""

from __future__ import annotations

import time
from collections import deque

from .backends.base import Backend
from .spec import Observation

DIAGNOSED_LINES = 5000
"""Of each task's log; a cause further back has been said again since."""


def seen(place: Backend, name: str) -> list[Observation]:
    """Events, the status's own conclusion, the last lines of each task's log."""
    status = place.status(name)
    found = place.observations(name)
    codes = {o.data.get("code") for o in found}
    if status.phase == "failed" and status.reason and status.reason not in codes:
        # Nobody was left to write it down: a dead supervisor, a machine that was started anew.
        now = max((o.time for o in found), default=time.time())
        code = {"code": status.reason}
        found.append(Observation(now, "phase", "failed", status.message, data=code))
    last: dict[tuple[str | None, int | None], deque[Observation]] = {}
    for line in place.log(name):
        last.setdefault((line.task, line.index), deque(maxlen=DIAGNOSED_LINES)).append(line)
    return [*found, *(line for lines in last.values() for line in lines)]
