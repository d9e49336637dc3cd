"""What a rule is: a function over a fit and its context that yields findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..fit import Fit

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Fix:
    """Changed settings (keywords of ``size`` or parts of the job) that remove a finding."""

    label: str
    set: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or worth knowing, why, and what would be right."""

    rule: str
    severity: Severity
    message: str
    because: str
    fixes: tuple[Fix, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "severity": self.severity,
            "message": self.message,
            "because": self.because,
            "fixes": [{"label": f.label, "set": f.set} for f in self.fixes],
        }


def error(message: str, because: str, fixes: tuple[Fix, ...] = ()) -> Finding:
    """A finding that forbids the launch; the rule's id is filled in by :func:`rule`."""
    return Finding("", "error", message, because, fixes)


def warning(message: str, because: str, fixes: tuple[Fix, ...] = ()) -> Finding:
    return Finding("", "warning", message, because, fixes)


def info(message: str, because: str, fixes: tuple[Fix, ...] = ()) -> Finding:
    return Finding("", "info", message, because, fixes)


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of the job around the engine; None: not known, and no rule speaks of it.

    Attributes:
        image: the container image, where it isn't the entry's own.
        key: whether the service asks for an API key.
        shm_gib: size of /dev/shm in a task, GiB; 0.0625 is what container runtimes give.
        env: environment of the start command.
        containers: the tasks run in containers.
    """

    image: str | None = None
    key: bool | None = None
    shm_gib: float | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    containers: bool = False


Check = Callable[[Fit, Context], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A check with its id; its docstring is its page in docs/sizing/rules."""

    id: str
    title: str
    check: Check


def without(extra: tuple[str, ...], flag: str) -> list[str]:
    """Arguments without a flag and what follows it up to the next flag."""
    kept, dropping = [], False
    for arg in extra:
        if arg.startswith("--"):
            dropping = arg.partition("=")[0] == flag
        if not dropping:
            kept.append(arg)
    return kept


RULES: dict[str, Rule] = {}


def rule(id_: str, title: str) -> Callable[[Check], Check]:
    """Register a check under its id."""

    def register(check: Check) -> Check:
        RULES[id_] = Rule(id_, title, check)
        return check

    return register
