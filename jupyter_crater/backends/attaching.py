"""Whether a launch attaches to a living job of that name: the same words on every backend."""

from __future__ import annotations

import json
from typing import Any

from ..errors import ConflictError
from ..spec import JobSpec


def check(name: str, running: JobSpec, asked: JobSpec, phase: str, owner: str = "") -> None:
    """Attach only to what was asked for.

    Raises:
        ConflictError: the living job has another template or other given values; each is named.
    """
    rows: list[tuple[str, Any, Any]] = []
    if running.provenance.template != asked.provenance.template:
        rows.append(("template", running.provenance.template, asked.provenance.template))
    was, now = running.provenance.values, asked.provenance.values
    rows += [
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


def _json(value: Any) -> str:
    """A tuple that was written and read is a list."""
    return json.dumps(value, sort_keys=True, default=str)
