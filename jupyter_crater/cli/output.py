"""What the CLI writes: one document on stdout, everything for people's eyes on stderr."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..errors import CraterError
    from ..spec import JobStatus

_COLOURS = {"serving": "32", "failed": "31", "stopped": "2", "unreachable": "33", "unknown": "33"}


@dataclass
class Output:
    """stdout and stderr of one verb."""

    json: bool = False
    _line: int = field(default=0, init=False)

    def document(self, data: Any) -> None:
        """The one JSON document."""
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n")

    def result(self, data: Any, text: str) -> None:
        """The same result for programs or for people."""
        if self.json:
            self.document(data)
        else:
            sys.stdout.write(text + "\n")

    def note(self, text: str) -> None:
        self.end_line()
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def error(self, error: CraterError) -> None:
        if self.json:
            self.document(error.to_dict())
        self.end_line()
        sys.stderr.write(f"{self.paint('Error', '31;1', sys.stderr)}: {error.message}\n")
        if error.hint:
            sys.stderr.write(f"{error.hint}\n")

    def progress(self, text: str) -> None:
        """One line that is written over on a terminal, a line each time into a pipe."""
        if sys.stderr.isatty():
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write("\r" + text[:width].ljust(min(self._line, width)))
            self._line = min(len(text), width)
        else:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def end_line(self) -> None:
        if self._line:
            sys.stderr.write("\n")
            self._line = 0

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        """Columns that fit the terminal: the widest give way; into a pipe nothing is cut."""
        cells = [[str(c) for c in row] for row in rows]
        widths = [max(len(r[i]) for r in [list(head), *cells]) for i in range(len(head))]
        if sys.stdout.isatty():
            room = shutil.get_terminal_size().columns - 2 * (len(head) - 1)
            while sum(widths) > room and max(widths) > 8:
                widths[widths.index(max(widths))] -= 1
        lines = []
        for number, row in enumerate([list(head), *cells]):
            parts = [_fit(c, w) for c, w in zip(row, widths, strict=True)]
            if number == 0:
                parts = [self.paint(p, "1") for p in parts]
            else:
                parts = [self.paint(p, _COLOURS.get(p.strip(), "")) for p in parts]
            lines.append("  ".join(parts).rstrip())
        return "\n".join(lines)

    def paint(self, text: str, code: str, stream: Any = None) -> str:
        stream = stream or sys.stdout
        if not code or "NO_COLOR" in os.environ or not stream.isatty():
            return text
        return f"\x1b[{code}m{text}\x1b[0m"


def _fit(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"


class WaitProgress:
    """Progress of a wait: a line a phase into a pipe, one living line on a terminal."""

    def __init__(self, out: Output) -> None:
        import time

        self._clock = time.monotonic
        self._out = out
        self._started = self._clock()
        self._last = ""
        self._late = False

    def __call__(self, status: JobStatus) -> None:
        from ..forecast import words

        line = status.phase + (f": {status.message}" if status.message else "")
        expected = words(status.forecast)
        if sys.stderr.isatty():
            line += f" · {expected}" if expected else ""
        elif line == self._last:
            late = bool(status.forecast and status.forecast.late)
            if late and not self._late:  # into a pipe it is said once
                self._out.progress(f"{self._clock() - self._started:6.1f} s  {expected}")
            self._late = late
            return
        changed = line.split(":")[0] != self._last.split(":")[0]
        if changed and self._last:
            self._out.end_line()
        self._last = line
        self._out.progress(f"{self._clock() - self._started:6.1f} s  {status.name}  {line}")
