"""The words of a diagnosis, and of the rules that make one."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ..spec import EngineSettings, JobSpec
    from .text import Line, Stream

Confidence = Literal["high", "medium", "low"]
_LETTER = re.compile(r"\\.|\(\?P[<=]\w+|[A-Z]")
"""A capital of a pattern, or what holds one that is none: an escape, a group's name."""
CAUSE, SYMPTOM, CONSEQUENCE = 0, 1, 2
"""What a rule names: why it failed; a failure that something else may explain; what follows."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One line as it was logged (secrets masked); ``time`` in epoch seconds, None if unknown."""

    task: str | None
    time: float | None
    line: str


@dataclass(frozen=True, slots=True)
class Fix:
    """What to do about it; ``set`` holds settings for the next attempt, {}: something to do."""

    label: str
    set: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        words = ", ".join(f"{k} = {'unset' if v is None else v}" for k, v in self.set.items())
        return f"{self.label} [{words}]" if words else self.label


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One likely cause, as the ``diagnose`` contract writes it."""

    id: str
    title: str
    confidence: Confidence
    evidence: tuple[Evidence, ...]
    explanation: str
    fixes: tuple[Fix, ...] = ()
    links: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "confidence": self.confidence,
            "evidence": [{"task": e.task, "time": e.time, "line": e.line} for e in self.evidence],
            "explanation": self.explanation,
            "fixes": [{"label": f.label, "set": dict(f.set)} for f in self.fixes],
            "links": list(self.links),
        }

    def within(self, names: Collection[str]) -> Diagnosis:
        """The same where only ``names`` can be set: other fixes say in words what they would set."""
        return replace(
            self,
            fixes=tuple(f if f.set.keys() <= set(names) else Fix(str(f)) for f in self.fixes),
        )


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a sign was found: the match, its stream, and the job it is about (if known)."""

    match: re.Match[str]
    stream: Stream
    spec: JobSpec | None = None

    def __getitem__(self, group: str) -> str | None:
        """A named group of the sign, None where it has none or did not take part."""
        if group not in self.match.re.groupindex:
            return None
        begin, end = self.match.span(group)  # the match may be of the text in small letters
        return self.stream.text[begin:end] if begin >= 0 else None

    @property
    def line(self) -> Line:
        """The line that it begins in."""
        return self.stream.lines[self.stream.line_at(self.match.start())]

    def number(self, group: str) -> float | None:
        found = self[group]
        return float(found.replace(",", "")) if found else None

    @property
    def settings(self) -> EngineSettings | None:
        """The job's; of a log alone what the engine said of itself when it started."""
        return self.spec.engine if self.spec else self.stream.settings()


@dataclass(frozen=True, slots=True)
class Sign:
    """A text that gives a rule away.

    ``pattern`` is a regex in which a space stands for any white space, line ends included (logs
    are wrapped), and " ?" for white space or none; case does not matter (releases differ in it).
    Lines that the program itself calls INFO or WARNING count only with ``quiet``;
    ``where`` may look closer.
    """

    pattern: str
    confidence: Confidence = "high"
    quiet: bool = False
    where: Callable[[Hit], bool] | None = None

    @property
    def cased(self) -> bool:
        """Whether a part of it asks for its own capitals, as ``(?-i:Evicted)``."""
        return "(?-i:" in self.pattern

    def compiled(self) -> re.Pattern[str]:
        """For :attr:`.Stream.lower`, which is faster than to ignore case; where ``cased`` for its text."""
        text = self.pattern.replace(" ?", r"\s*").replace(" ", r"\s+")
        if self.cased:
            return re.compile(text, re.IGNORECASE)
        return re.compile(_LETTER.sub(lambda m: m[0].lower() if len(m[0]) == 1 else m[0], text))


Fixes = tuple[Fix, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of failure.

    Attributes:
        transient: seen on the way to every healthy job too; counts only while nothing of the
            task's own came later.
        waits: the task only waits for others: what failed in them explains it.
        hides: ids that are the same failure said less exactly.
    """

    id: str
    title: str
    explanation: str
    signs: tuple[Sign, ...]
    fixes: Fixes | Callable[[Hit], Fixes] = ()
    level: int = CAUSE
    transient: bool = False
    waits: bool = False
    hides: tuple[str, ...] = ()
    links: tuple[str, ...] = ()

    def fixes_for(self, hit: Hit) -> Fixes:
        return self.fixes(hit) if callable(self.fixes) else self.fixes
