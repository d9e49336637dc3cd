"""Whether a launch attaches to a living job of that name: the same words on every backend."""

from __future__ import annotations

import json
from typing import Any

from ..errors import ConflictError
from ..spec import JobSpec


def check(name: str, running: JobSpec, asked: JobSpec, phase: str, owner: str = "") -> None:
    """Attach only to what was asked for.

    Raises:
        ConflictError: the living job has another template, other given values, or talks to another
            service; each is named.
    """
    was, now = _told(running), _told(asked)
    rows = [
        (key, was.get(key, "(default)"), now.get(key, "(default)"))
        for key in sorted(was.keys() | now.keys())
        if _json(was.get(key)) != _json(now.get(key))
    ]
    if rows:
        text = "\n".join(f"  {key}: {a} → {b}" for key, a, b in rows)
        raise ConflictError(
            f"A job {name!r}{f' of {owner}' if owner else ''} is {phase} with other values:\n{text}",
            differences=rows,
            hint=f"Stop it first (`jupyter crater stop {name}`), give the same values to attach, "
            "another name, or new=True for a second job.",
        )


def _told(spec: JobSpec) -> dict[str, Any]:
    found = dict(spec.provenance.values) | {"template": spec.provenance.template}
    return found | ({"connect": spec.connect.told} if spec.connect else {})


def _json(value: Any) -> str:
    """A tuple that was written and read is a list."""
    return json.dumps(value, sort_keys=True, default=str)
