"""Observations as text to search: cleaned of colours and prefixes, each line traceable."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from ..spec import EngineSettings, Observation

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
# As syslog, cat -v and pages that drop the escape write them.
_CODED_ANSI = re.compile(r"(?:#033|\^\[|\ufffd)\[[0-9;]*m|\[\d{1,2}(?:;\d{1,2})*m")
_LEVEL = r"(DEBUG|INFO|WARNING|WARN|ERROR|ERR|CRITICAL|FATAL|PANIC|SUCC)"
_PREFIX = re.compile(
    r"\s*(?:"
    + "|".join(
        (
            r"\w{3} +\d+ +\d\d:\d\d:\d\d(?:\.\d+)? (?:\| |[\w.-]+ [\w.-]+(?:\[\d+\])?: )",  # syslog
            r"[IWEF]\d{4} [\d:.]+ +\d+ [\w./]+\.go:\d+\] ?",  # klog: events of all kinds are its INFO
            r"([IWEF])\d{4} [\d:.]+ +\d+ [\w./]+:\d+\] ?",  # glog
            r"(?:\[[\w ]+\]:)?\[([IWEF])\d* (?:[\d:.]+ )?[\w/.]+:\d+\] ?(?:\[c10d\] )?",  # torch
            r"- " + _LEVEL + r" - (?:\[?[\w.]+\]? - )?",  # logging
            r"\d+ [\w.]+ " + _LEVEL + r":?\s+(?:\[[^\]]*\]\s)?",  # kserve
            r"\| *" + _LEVEL + r" *\| [\w.<>:]+ - ",  # loguru
            r"\S+-std(?:out|err) MODEL_LOG - ",  # TorchServe
            r"\w{8,}\[(?:info|warn|warning|error|debug)\]:?\s?",  # RunPod
            r"time=\"[^\"]*\" level=(\w+) msg=\"?",
            r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?(?:\s+std(?:out|err) [FP])?\s*",
            r"\[\d{4}-\d\d-\d\d[T ][\d:.,]+Z?\]\s*",
            r"\[\d{4}-\d\d-\d\d [\d:,.]+ ([IWEFDC]) \d+ \d+\](?: \(\w+\))? [\w.]+:\d+:\s*",
            r"\[\d+\.\d+\]\s",
            r"\[\s*(?:rank|Rank ?)\d+\]:?\s?",
            r"[\w.-]+\s+\|\s",  # docker compose
            r"\([\w:.-]+(?: ?[\w.]+=[^()\s]+,?)+\)\s?",  # (EngineCore pid=1), (RayWorkerWrapper pid=1, ip=…)
            r"\((?:raylet|gcs_server|autoscaler|head|worker)[^()]*\)\s?",
            _LEVEL + r":\s+",
            _LEVEL
            + r"\s+(?:\d\d-\d\d|\d{4}-\d\d-\d\d)[ T][\d:.,]+Z?(?: \[[^\]]*\]| [\w./]+:\d+\])?\s?",
            _LEVEL + r"\s+[\w./]+\.py:\d+\s+--\s*",
            r"\[(?:Normal|Warning)\] ",  # an event: its Warning is the loud kind
            r"\[(?i:" + _LEVEL + r")\s*\]\s+(?:\(\w+\)\s)?",
            r"\[resource\.labels[^\]]*\]\s*",
        )
    )
    + ")"
)
_QUIET = frozenset({"DEBUG", "INFO", "WARNING", "WARN", "SUCC", "I", "W", "D"})
_RAISED = re.compile(r"(?:\w+\.)*\w+(?:Error|Exception): ")
# NCCL's own level; vLLM's look-ups on the hub (tried again, raised if they matter); and the attention
# that it goes without on an older GPU.
_CHATTY = re.compile(
    r"\bNCCL (?:INFO|TRACE|VERSION) |^Error retrieving [\w ]+: |^Cannot use FA version \d"
)
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,6})\d*)?(Z?)")
_SETTINGS = {
    "tensor_parallel": r"tensor[_-]parallel[_-]size|-tp",
    "pipeline_parallel": r"pipeline[_-]parallel[_-]size|-pp",
    "gpu_memory_utilization": r"gpu[_-]memory[_-]utilization",
    "max_num_seqs": r"max[_-]num[_-]seqs",
    "max_model_len": r"max[_-]model[_-]len",
}
_LINE = 10_000
"""Characters of a line that are searched; what programs write by mistake has no end."""
_KEYS = ("log", "message", "msg", "textPayload", "Msg", "note")


class Line(NamedTuple):
    """A line to search, and where it came from."""

    text: str
    quiet: bool
    seen: Observation


def plain(raw: str) -> tuple[str, bool]:
    """The line without colours and prefixes, and whether its writer called it INFO or WARNING."""
    text = _CODED_ANSI.sub("", _ANSI.sub("", raw)).rstrip("\r\n")
    text = text.rsplit("\r", 1)[-1]  # what a progress bar left standing
    if text.startswith("{") and text.rstrip().endswith("}"):
        text = _of_json(text)
    level = ""
    while found := _PREFIX.match(text):
        if not found.end():
            break
        level = next((g for g in found.groups() if g), level)
        text = text[found.end() :]
    quiet = level.upper() in _QUIET and not _RAISED.match(text)  # a wrapper's INFO, a child's error
    return text, quiet or bool(_CHATTY.search(text))


def _of_json(text: str) -> str:
    try:
        record = json.loads(text)
    except ValueError:
        return text
    found = next((record[k] for k in _KEYS if isinstance(record.get(k), str)), text)
    for key, value in record.items():  # zap's, klog's: the message says where, the error what
        if isinstance(value, str) and key.lower().endswith(("error", "err", "status.reason")):
            found = f"{found}: {value}"
    reason = record.get("reason") or record.get("Reason")
    return f"{reason}: {found}" if isinstance(reason, str) else str(found).rstrip("\n")


def from_log(text: str, *, task: str = "head") -> list[Observation]:
    """The lines of a log file as observations.

    Times are those that lines begin with (a date with a year; taken as UTC); a line without one
    has that of the line before, 0.0 where none was seen.
    """
    time, found = 0.0, []
    for raw in text.splitlines():
        if stamp := _STAMP.search(raw[:200]):
            day, clock, part, _ = stamp.groups()
            try:
                when = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC)
            except ValueError:
                when = None
            if when is not None:
                time = max(time, when.timestamp() + float(f"0.{part or 0}"))
        found.append(Observation(time, "log", "", raw, task))
    return found


def _small(text: str) -> str:
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)  # "İ" has two


def _sentence(seen: Observation) -> str:
    """What a rule reads of an observation that is no log line."""
    if seen.kind == "exit":
        how = "signal" if "signal" in seen.data else "exit code"
        number = seen.data.get("signal", seen.data.get("code", ""))
        part = f"{seen.data['part']}: " if seen.data.get("part") else ""
        return f"{part}{seen.reason} ({how} {number}) {seen.message}"
    if seen.kind == "phase":
        return f"{seen.data.get('code', '')}: {seen.message}"
    return f"{seen.reason}: {seen.message}"


@dataclass(frozen=True, slots=True)
class Stream:
    """The lines of one source in order: one log of one task, or all that isn't a log."""

    task: str | None
    is_log: bool
    lines: tuple[Line, ...]
    text: str
    starts: tuple[int, ...]
    lower: str
    """The text in small letters, as long as the text."""
    loud: str
    """The same without the lines that call themselves INFO or WARNING: most of a log are such."""
    stages: dict[int, str] = field(default_factory=dict, compare=False)
    """What the engine did at these offsets: a dozen rules ask it of the same lines."""

    @classmethod
    def of(cls, task: str | None, seen: Sequence[Observation], *, is_log: bool) -> Stream:
        lines: list[Line] = []
        for one in seen:
            text, quiet = plain(one.message[:_LINE]) if is_log else (_sentence(one), False)
            lines.append(Line(text, quiet, one))
        starts, at = [], 0
        for line in lines:
            starts.append(at)
            at += len(line.text) + 1
        text = "\n".join(x.text for x in lines)
        loud = "\n".join(x.text for x in lines if not x.quiet)
        return cls(task, is_log, tuple(lines), text, tuple(starts), _small(text), _small(loud))

    def settings(self) -> EngineSettings | None:
        """Engine settings as its start command or its own lines give them, None without any."""
        found = {
            name: match[1]
            for name, pattern in _SETTINGS.items()
            if (match := re.search(rf"(?:{pattern})['\"]?(?:\s*[=:]\s*|\s+)([\d.]*\d)", self.text))
        }
        try:
            return EngineSettings.model_validate({"model": ""} | found) if found else None
        except ValueError:  # a value that was refused is no help
            return None

    def line_at(self, offset: int) -> int:
        return max(0, bisect_right(self.starts, offset) - 1)

    def before(self, offset: int, lines: int) -> str:
        """The text of up to ``lines`` lines before the one that ``offset`` lies in."""
        last = self.line_at(offset)
        return "\n".join(x.text for x in self.lines[max(0, last - lines) : last + 1])


def streams(observations: Iterable[Observation]) -> list[Stream]:
    """One stream per log (task, index, previous container), and one of all that isn't a log."""
    logs: dict[tuple[str, int, bool], list[Observation]] = {}
    rest: list[Observation] = []
    for seen in observations:
        if seen.kind == "log":
            key = (seen.task or "", seen.index or 0, bool(seen.data.get("previous")))
            logs.setdefault(key, []).append(seen)
        elif seen.kind in ("event", "exit", "task", "phase"):
            rest.append(seen)
    found = [Stream.of(None, sorted(rest, key=lambda o: o.time), is_log=False)] if rest else []
    return found + [Stream.of(k[0] or None, v, is_log=True) for k, v in logs.items()]
