"""A job's log lines, as its people read them."""

from __future__ import annotations

from collections.abc import Iterator

from .spec import Observation


class Logs:
    """Log lines: iterate them, or show them as text."""

    def __init__(self, observations: Iterator[Observation], follow: bool) -> None:
        self._observations = observations
        self._follow = follow

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Task and text of each line."""
        for each in self._observations:
            task = f"{each.task}-{each.index}" if each.task == "worker" else str(each.task)
            yield task, each.message

    def __iter__(self) -> Iterator[str]:
        for task, text in self.pairs():
            yield f"[{task}] {text}"

    def __str__(self) -> str:
        return "\n".join(self)

    def __repr__(self) -> str:
        if self._follow:
            return "<Logs, followed: iterate them (`for line in job.logs(follow=True)`)>"
        return str(self)
