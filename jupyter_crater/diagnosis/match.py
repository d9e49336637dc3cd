"""Rules over streams: what was found, what explains what, and in which order it is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice

from ..spec import JobSpec, Observation
from .model import CAUSE, Diagnosis, Evidence, Hit, Rule, Sign
from .redact import redact
from .rules import RULES
from .text import Line, Stream, streams

_WEIGHT = {"high": 0, "medium": 1, "low": 2}
_EVIDENCE = 5
_TRIED = 300
"""Matches whose circumstances are looked at: an engine that fails at each request says it without end."""
_WORD_ENDS = re.compile(r"[\w+/=-]{12,}[\"',]*\s*$")
"""So ends a line that goes on with a secret of the line before."""
_AROUND = 100
"""Lines; a private key of 4,096 bits has 52."""
_SERVING = re.compile(
    r"Application startup complete|Uvicorn running on|server is fired up and ready"
)
_UNSTARTED = re.compile(r"Engine ?[Cc]ore (?:failed to start|initialization failed)")
_CACHED = re.compile(r"KV cache size: |# \w+ blocks: ")
_ANSWERED = re.compile(r"\"POST /\S+ HTTP/[\d.]+\" (?!401|5)\d{3}\b")
_DIED = re.compile(
    r"EngineDead|DeadError|ActorDied|died unexpectedly|EngineCore encountered|[Ee]ngine (?:process )?(?:is )?(?:dead|died)"
    r"|(?m:^)Process \S+:$|terminate called|Fatal Python error|[Cc]ore dumped|\bKilled\b|SIG(?:KILL|ABRT|SEGV|BUS)"
    r"|Segmentation fault|marked dead|terminating with uncaught|taking the entire process down"
)


@dataclass(slots=True)
class _Found:
    rule: Rule
    sign: Sign
    hit: Hit
    order: tuple[float, int]
    evidence: list[Evidence] = field(default_factory=list)


@cache
def _pattern(sign: Sign) -> re.Pattern[str]:
    return sign.compiled()


def diagnose(
    observations: Sequence[Observation], *, spec: JobSpec | None = None
) -> list[Diagnosis]:
    """What went wrong, likeliest first; empty where nothing failed.

    Args:
        observations: of all tasks and kinds; the lines of one log in their order.
        spec: the job they are about: fixes then start from its settings.

    Failures that something else explains are left out, and so is what a later success undid.
    """
    latest = _latest_attempt(observations)
    ended = any(o.kind == "exit" or (o.kind, o.reason) == ("phase", "failed") for o in latest)
    read = [_Read(stream, ended) for stream in streams(latest)]
    healthy = {r.stream.task for r in read if r.served and not r.previous}
    read = [r for r in read if not (r.previous and r.stream.task in healthy)]
    running = {r.stream.task for r in read if r.stream.is_log} | _running(observations)
    found = _sorted([f for rule in RULES if (f := _find(rule, read, spec, running))])
    sure = sum(f.sign.confidence == "high" for f in found)
    return [_told(f, alone=sure < 2) for f in found]


class _Read:
    """A stream, and since when it counts: what came before the engine served is history.

    A server that goes on after an error refused a request; it did not fail.
    """

    def __init__(self, stream: Stream, ended: bool) -> None:
        self.stream = stream
        marks = [m.end() for m in _SERVING.finditer(stream.text)] if stream.is_log else []
        if marks:  # an app that holds an engine may serve without it
            gone = max((m.end() for m in _UNSTARTED.finditer(stream.text)), default=-1)
            if gone >= 0 and not _CACHED.search(stream.text, gone):
                marks = [m for m in marks if m < gone]
        self.since = marks[-1] if marks else 0
        self.served = bool(marks)
        self.previous = bool(stream.lines and stream.lines[0].seen.data.get("previous"))
        self.alive = self.served and not (ended or _DIED.search(stream.text, self.since))
        if self.alive:
            self.since = max(
                (m.end() for m in _ANSWERED.finditer(stream.text, self.since)), default=self.since
            )


def _latest_attempt(observations: Sequence[Observation]) -> list[Observation]:
    starts = [
        o.time
        for o in observations
        if o.kind == "phase" and o.reason == "queued" and o.data.get("attempt", 1) > 1
    ]
    since = max(starts, default=None)
    return [o for o in observations if since is None or o.kind == "log" or o.time >= since]


def _running(observations: Sequence[Observation]) -> set[str | None]:
    last = {(o.task, o.index): o.reason for o in observations if o.kind == "task"}
    return {task for (task, _), state in last.items() if state in ("running", "succeeded")}


def _find(
    rule: Rule, read: Sequence[_Read], spec: JobSpec | None, running: set[str | None]
) -> _Found | None:
    best: _Found | None = None
    lines: list[Evidence] = []
    for number, one in enumerate(read):
        for sign in rule.signs:
            if one.alive and sign.confidence == "low":
                continue
            hits = (
                h for h in _hits(sign, one, spec) if not _overtaken(rule, sign, h, one, running)
            )
            hit = next(hits, None)
            if hit is None:
                continue
            lines += _lines(hit)
            # A log may have been read long after it was written: its times order nothing.
            time = float("inf") if one.stream.is_log else hit.line.seen.time
            new = _Found(rule, sign, hit, (time, number * 10**9 + hit.match.start()))
            if best is None or _WEIGHT[sign.confidence] < _WEIGHT[best.sign.confidence]:
                best = new
    if best is not None:
        seen: dict[str, Evidence] = {e.line: e for e in [*_lines(best.hit), *lines]}
        best.evidence = list(seen.values())[:_EVIDENCE]
    return best


def _hits(sign: Sign, one: _Read, spec: JobSpec | None) -> Iterator[Hit]:
    pattern = _pattern(sign)
    if not (sign.quiet or sign.cased) and not pattern.search(one.stream.loud):
        return  # the cheap look: nothing to find in the lines that count
    text = one.stream.text if sign.cased else one.stream.lower
    matches = pattern.finditer(text, one.since)
    for match in islice(matches, _TRIED) if sign.where else matches:
        hit = Hit(match, one.stream, spec)
        if (sign.quiet or not hit.line.quiet) and (sign.where is None or sign.where(hit)):
            yield hit


def _overtaken(rule: Rule, sign: Sign, hit: Hit, one: _Read, running: set[str | None]) -> bool:
    """Whether a wait of the start is over: its task ran, or the same log goes on with real work."""
    if _told_to_end(one, hit) and (sign.confidence == "low" or rule.level > CAUSE):
        return True
    if sign.confidence == "low" and one.stream.is_log:
        begun = _LOADING.search(one.stream.text, one.since)
        return begun is not None and begun.start() > hit.match.start()
    if not rule.transient:
        return False
    task = hit.line.seen.task
    if not one.stream.is_log and (bool(running) if task is None else task in running):
        return True
    if _went_on(rule, hit):
        return True
    return one.stream.is_log and bool(_WORK.search(one.stream.text, hit.match.end()))


def _told_to_end(one: _Read, hit: Hit) -> bool:
    text = one.stream.text
    asked = one.stream.is_log and _ASKED.search(text, one.since, hit.match.start())
    if not asked:
        return False
    # a front end whose own start fails ends its engine before it says why
    return one.served or _ENDED_BY_FRONT_END not in text[: asked.start()]


def _went_on(rule: Rule, hit: Hit) -> bool:
    """Whether a later event says that this step of the same pod came to its end."""
    stream, line = hit.stream, hit.line
    pod = _POD.search(line.text)  # `kubectl get events` tells of many pods, `describe` of one
    if stream.is_log and _ROLLED_OUT.search(stream.text, hit.match.start()):
        return True
    onward = next((p for prefix, p in _ONWARD if rule.id.startswith(prefix)), _STARTED)
    for found in onward.finditer(stream.text, hit.match.start()):
        later = stream.lines[stream.line_at(found.start())]
        if (later.seen.task, later.seen.index) == (line.seen.task, line.seen.index) and (
            pod is None or pod[0] in later.text
        ):
            return True
    return False


_LOADING = re.compile(r"Starting to load model|GCS is ready\.")
_ASKED = re.compile(
    r"shutdown triggered|Shutdown initiated \(timeout|received signal=SIG(?:TERM|INT)|Received signal 15|(?<!regarding )SIGTERM received|(?m:^KeyboardInterrupt$)"
)
"""The engine was told to end: what its parts say of each other afterwards is no failure."""
_ENDED_BY_FRONT_END = "send sigterm to process"
_WORK = re.compile(
    rf"{_LOADING.pattern}|Loading (?:model )?weights took|GPU KV cache size|# GPU blocks"
    r"|Connected to Ray cluster|all nodes have joined|Ray runtime started|GCS is ready"
)
_POD = re.compile(r"\bpod/\S+")
_STARTED = re.compile(
    r"\bStarted (?:with docker id|container(?! (?:init\b|wait-)))|Container started|Successfully pulled image"
)
_ROLLED_OUT = re.compile(r"deployment/\S+ is ready|successfully rolled out")
_PLACED = re.compile(
    rf"{_STARTED.pattern}|Successfully assigned|TriggeredScaleUp|pod triggered scale-up|pod group is ready"
)
_MOUNTED = re.compile(rf"{_STARTED.pattern}|(?:AttachVolume\.Attach|MountVolume\.SetUp) succeeded")
_ONWARD = (
    ("unschedulable", _PLACED),
    ("queue-", _PLACED),
    ("gang-", _PLACED),
    ("volume-unbound", _PLACED),
    ("mount-", _MOUNTED),
)
"""What a step of a pod came to, by the rule's id; a node that an autoscaler adds is on its way."""


def _shown(line: Line) -> str:
    """A log's line as it stands there; of an exit also who ended and how, not its last words alone."""
    if line.seen.kind == "exit" or not line.seen.message:
        return line.text
    return line.seen.message


def _lines(hit: Hit) -> list[Evidence]:
    """The lines that were matched; of a trace the one that the sign calls ``line``."""
    begin, end = hit.match.span("line" if hit["line"] else 0)
    first = hit.stream.line_at(begin)
    last = hit.stream.line_at(max(begin, end - 1))
    return [
        Evidence(x.seen.task, x.seen.time or None, _safe(hit.stream.lines, number))
        for number, x in enumerate(hit.stream.lines[first : min(last, first + 3) + 1], first)
    ]


def _safe(lines: Sequence[Line], number: int) -> str:
    """A line without secrets: it may be one of a key's, which only the lines around it tell."""
    alone = _shown(lines[number])
    if not _WORD_ENDS.search(alone):
        return redact(alone)
    around = [_shown(line) for line in lines[max(0, number - _AROUND) : number + _AROUND]]
    place = min(number, _AROUND)
    before = sum(text.count("\n") + 1 for text in around[:place])
    masked = redact("\n".join(around)).split("\n")
    return "\n".join(masked[before : before + alone.count("\n") + 1])


def _rank(found: _Found) -> tuple[int, tuple[float, int]]:
    """Of two that explain each other the surer one stays, then the earlier."""
    return _WEIGHT[found.sign.confidence], found.order


def _explains(by: _Found, f: _Found) -> bool:
    if by.sign.confidence == "low":
        return False
    if f.rule.waits != by.rule.waits and f.hit.line.seen.task != by.hit.line.seen.task:
        return f.rule.waits
    return (
        f.rule.id in by.rule.hides
        and _WEIGHT[by.sign.confidence] <= _WEIGHT[f.sign.confidence]
        and not (by.rule.id in f.rule.hides and _rank(f) < _rank(by))
    )


def _sorted(found: list[_Found]) -> list[_Found]:
    """Without what the others explain; causes first, then the surer, then the earlier."""
    left = [f for f in found if not any(_explains(by, f) for by in found)]
    sure = [f.rule.level for f in left if f.sign.confidence != "low"]
    level = min(sure, default=None)
    if level is not None:
        left = [f for f in left if f.rule.level <= max(level, CAUSE)]
    return sorted(left, key=lambda f: (f.rule.level, _WEIGHT[f.sign.confidence], f.order))


def _told(found: _Found, *, alone: bool) -> Diagnosis:
    """Of several sure causes, none of which explains another, each is told less surely."""
    rule = found.rule
    return Diagnosis(
        id=rule.id,
        title=rule.title,
        confidence=found.sign.confidence if alone or found.sign.confidence == "low" else "medium",
        evidence=tuple(found.evidence),
        explanation=rule.explanation,
        fixes=rule.fixes_for(found.hit),
        links=rule.links,
    )
