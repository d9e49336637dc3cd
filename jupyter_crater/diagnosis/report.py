"""What a user pastes into an issue: spec, status, events, diagnoses and last logs, without secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from ..spec import JobSpec, JobStatus, Observation
from .match import diagnose
from .redact import MASK, SECRET_NAME, is_secret, redact, redact_env

_LINES = 200
"""Last lines of each log; what the diagnoses point at stands in the report anyway."""


def report(
    spec: JobSpec,
    status: JobStatus,
    observations: Sequence[Observation],
    logs: Iterable[Observation] = (),
    *,
    secrets: Iterable[str] = (),
) -> str:
    """A report in Markdown with every secret masked.

    Args:
        logs: ``log`` observations of all tasks, in their order (``observations`` may hold some).
        secrets: values known to be secret (the job's API key, Ray token): masked wherever they are.
    """
    everything = [*observations, *logs]
    known = {*secrets, *_values(spec)}
    cards = [d.to_json() for d in diagnose(everything, spec=spec)]
    parts = [
        f"# {status.name}: {status.phase}" + (f" ({status.reason})" if status.reason else ""),
        status.message,
        _section("Diagnoses", "json", _json(cards)),
        _section("Spec", "json", _json(_masked(spec.to_json()))),
        _section("Status", "json", _json(_masked(status.to_json()))),
        _section("Events", "", "\n".join(_event(o) for o in everything if o.kind != "log")),
    ]
    tails: dict[str, list[str]] = {}
    for seen in everything:
        if seen.kind == "log":
            before = ", previous" if seen.data.get("previous") else ""
            tails.setdefault(f"{seen.task} {seen.index or 0}{before}", []).append(seen.message)
    parts += [
        _section(f"Log of {name} (last {_LINES} lines)", "", "\n".join(lines[-_LINES:]))
        for name, lines in tails.items()
    ]
    return redact("\n\n".join(p for p in parts if p), known) + "\n"


def _values(spec: JobSpec) -> set[str]:
    """Secrets that stand in the spec itself: masked in the logs too."""
    found = {v for t in spec.tasks for k, v in t.env.items() if is_secret(k, v)}
    for words in [t.command for t in spec.tasks]:
        for flag, value in pairwise(words):
            if flag.startswith("--") and SECRET_NAME.search(flag) and not value.startswith("--"):
                found.add(value)
        found |= {
            w.partition("=")[2]
            for w in words
            if "=" in w and SECRET_NAME.search(w.partition("=")[0])
        }
    return {v for v in found if len(v) >= 4}


def _masked(data: Any, name: str = "") -> Any:
    if isinstance(data, Mapping):
        if name == "secret_env":
            return dict(data)  # names of keys, not keys
        if name == "env":
            return redact_env(data)
        return {k: _masked(v, str(k)) for k, v in data.items()}
    if isinstance(data, list | tuple):
        return [_masked(v, name) for v in data]
    if isinstance(data, str) and name not in ("key", "key_env") and SECRET_NAME.search(name):
        return MASK
    return redact(data) if isinstance(data, str) else data


def _event(seen: Observation) -> str:
    when = datetime.fromtimestamp(seen.time, UTC).isoformat(timespec="seconds")
    where = f" {seen.task}-{seen.index or 0}" if seen.task else ""
    more = f" {_json(_masked(seen.data), indent=None)}" if seen.data else ""
    return f"{when} {seen.kind}{where} {seen.reason}: {seen.message}{more}"


def _json(data: Any, *, indent: int | None = 1) -> str:
    return json.dumps(data, ensure_ascii=False, indent=indent, default=str)


def _section(title: str, kind: str, body: str) -> str:
    fence = "```"
    while fence in body:
        fence += "`"  # a log may hold Markdown
    return f"## {title}\n{fence}{kind}\n{body}\n{fence}" if body else ""
