"""All rules, read from ``kinds/*.toml``: one table per kind of failure, in files by where it lies.

A table holds ``title``, ``explanation``, ``signs``, ``fixes``, and where they apply ``level``
("symptom": something else may explain it, "consequence": something else does), ``transient``,
``waits``, ``hides`` and ``links``. A sign is a pattern (see :class:`Sign`), or a table with ``pattern``,
``confidence``, ``quiet`` and ``where`` (a condition of :mod:`.conditions`); ``@NAME`` in it stands
for one of the ``[patterns]`` of the file or of one before it. A backend's conclusion in the word that
is the id is a sign of every rule. ``fixes`` is a list (a label, or a table with ``label``, ``set`` and
``clear``: settings to take back), or the name of a function of :mod:`.remedies`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import partial
from importlib.resources import files
from typing import Any

from . import remedies
from .conditions import holds
from .model import CAUSE, CONSEQUENCE, SYMPTOM, Fix, Hit, Rule, Sign

_FILES = ("memory", "settings", "gpu", "ray", "cluster")
_LEVELS = {"cause": CAUSE, "symptom": SYMPTOM, "consequence": CONSEQUENCE}


def _read() -> Iterator[Rule]:
    patterns: dict[str, str] = {}
    for name in _FILES:
        text = (files(__package__) / "kinds" / f"{name}.toml").read_text("utf-8")
        tables = tomllib.loads(text)
        patterns |= tables.pop("patterns", {})
        for id_, table in tables.items():
            yield _rule(id_, table, patterns)


def _rule(id_: str, table: dict[str, Any], patterns: dict[str, str]) -> Rule:
    fixes = table["fixes"]
    signs = tuple(_sign(s, patterns) for s in table["signs"])
    surest = signs[0].confidence if signs else "high"
    return Rule(
        id=id_,
        title=table["title"],
        explanation=table["explanation"],
        signs=(*signs, Sign(rf"(?m:^){id_}: ", surest, where=_observed)),
        fixes=getattr(remedies, fixes) if isinstance(fixes, str) else tuple(map(_fix, fixes)),
        level=_LEVELS[table.get("level", "cause")],
        transient=table.get("transient", False),
        waits=table.get("waits", False),
        hides=tuple(table.get("hides", ())),
        links=tuple(table.get("links", ())),
    )


def _observed(hit: Hit) -> bool:
    """A backend's own conclusion, in the word that is a rule's id; a log may say any word."""
    return not hit.stream.is_log


def _sign(sign: str | dict[str, Any], patterns: dict[str, str]) -> Sign:
    table: dict[str, Any] = {"pattern": sign} if isinstance(sign, str) else dict(sign)
    for name, text in patterns.items():
        table["pattern"] = table["pattern"].replace(f"@{name}", text)
    if "where" in table:
        table["where"] = partial(holds, table["where"])
    return Sign(**table)


def _fix(fix: str | dict[str, Any]) -> Fix:
    if isinstance(fix, str):
        return Fix(fix)
    return Fix(fix["label"], fix.get("set", {}) | dict.fromkeys(fix.get("clear", ())))


RULES: tuple[Rule, ...] = tuple(_read())
