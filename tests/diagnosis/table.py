"""The labelled cases, and what the rules say of each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from jupyter_crater.diagnosis import Diagnosis, diagnose, from_log
from jupyter_crater.spec import Observation

DATA = Path(__file__).parents[1] / "data"
SHARED = Path(__file__).parents[3] / "shared" / "facts"


@dataclass(frozen=True)
class Case:
    """``expect`` None: nothing failed; ``or_else``: other kinds that would be as right.

    ``held_out``: collected after the rules were written.
    """

    name: str
    source: str
    expect: str | None
    observations: tuple[Observation, ...]
    held_out: bool = False
    or_else: tuple[str, ...] = ()

    def answer(self) -> Diagnosis | None:
        return next(iter(diagnose(self.observations)), None)


def cases() -> list[Case]:
    """All cases of ``tests/data/diagnosis/cases``.

    Real logs, texts written from the programs' sources, and logs re-rendered from public issues: the
    programs' messages in the order the thread gives, with values of our own (times, ids, addresses,
    names, paths, sizes). The source of these is marked ``(re-rendered)``.

    A file holds sections: a head ``=== NAME | EXPECTED ID or - | SOURCE [| held-out]`` (or
    ``ID/OTHER ID`` where two are as right), then the log of the head. ``--- TASK`` begins another
    task's log, ``--- TASK < FILE`` takes it from a file, ``--- events`` is followed by observations as JSON, one a line.
    """
    found = []
    for path in sorted((DATA / "diagnosis" / "cases").glob("*.txt")):
        for section in path.read_text().split("\n=== ")[1:]:
            head, _, body = section.partition("\n")
            name, kinds, source, *more = (word.strip() for word in head.split("|"))
            expect, *others = kinds.split("/")
            seen = _observations(body)
            if seen is not None:
                found.append(
                    Case(
                        name,
                        source,
                        None if expect == "-" else expect,
                        tuple(seen),
                        bool(more),
                        tuple(others),
                    )
                )
    return found


def _observations(body: str) -> list[Observation] | None:
    """The observations of a section; None where a file of it is not in this checkout."""
    found: list[Observation] = []
    text = body if body.startswith("--- ") else f"--- head\n{body}"
    parts = f"\n{text}".split("\n--- ")[1:]
    for part in parts:
        head, _, text = part.partition("\n")
        task, _, name = (word.strip() for word in head.partition("<"))
        if name:
            folders = (DATA / "logs", SHARED / "logs")
            path = next((d / name for d in folders if (d / name).is_file()), None)
            if path is None:
                return None
            text = path.read_text(errors="replace")
        if task == "events":
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
            found += [Observation.from_json({"time": 1.0 + n} | row) for n, row in enumerate(rows)]
        else:
            found += from_log(text, task=task)
    return found
