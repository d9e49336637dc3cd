"""What our own start scripts say in a pod's log (see ``engines.scripts``), as meanings of lines."""

from __future__ import annotations

import re

from ...engines.lines import SERVES, Meaning, read_line

MARK = "jupyter-crater: "
_NODES = re.compile(r"waiting for nodes: (\d+) of (\d+) nodes")
_MISSING = re.compile(r"not all nodes joined within|no Ray head at|Ray did not start on port")


def meanings(line: str) -> list[Meaning]:
    """What a line of a head's log means: nothing for most."""
    if MARK in line:
        return _ours(line.partition(MARK)[2])
    if SERVES.search(line):
        return [Meaning("phase", "serving")]
    return read_line(line)


def _ours(text: str) -> list[Meaning]:
    if match := _NODES.match(text):
        done, total = int(match[1]), int(match[2])
        message = f"waiting for nodes: {done} of {total} nodes"
        if more := text[match.end() :]:
            message = f"waiting for nodes: {done} of {total} nodes{more}"
        data = {"done": done, "total": total, "unit": "nodes"}
        return [
            Meaning("phase", "waiting-for-workers"),
            Meaning("progress", "workers", message, data),
        ]
    if text.startswith("all nodes have joined"):
        return [Meaning("phase", "starting-engine")]
    if _MISSING.search(text):
        return [Meaning("event", "workers-missing", text, {"rank": 0})]
    if text.startswith("the lease has passed"):
        return [Meaning("event", "lease-over", text)]
    return []
