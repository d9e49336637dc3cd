"""``python -m tests.faults [PYTEST ARGUMENTS]``: strike everything, print the table, keep it in docs/."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

from .table import CLIENT_S, FAULTS, HEAD, ROWS, TOLD_S

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
INTRODUCTION = f"""# Faults

Made by `python -m tests.faults`: each row kills (SIGKILL) or stops (SIGSTOP) one real process of a
job in one phase. It is green when `status` names the part within {TOLD_S:g} s, a client that streams
an answer is not left hanging for more than {CLIENT_S:g} s, the logs can be read, and nothing runs
after `delete`. Ray and vLLM are stood in for (real process tree, no model) unless the row says "real".

A launcher is the kernel or the CLI that launched the job: its end is none of the job's business. A
dead supervisor can end nothing any more, so its engine answers on until `delete` or the next launch;
`status` says `supervisor-lost` meanwhile. A stop that lasts 12 s ends the job.

Full disk, clock jump, stolen port, half-written files, a removed folder: `tests/faults/test_faults.py`;
another host and another boot: `tests/backends/local/test_job.py`.

"""


def page(rows: list[list[str]]) -> str:
    green = sum(row[-1] == "✓" for row in rows)
    lines = [HEAD, ["---"] * len(HEAD), *rows]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"{table}\n{green} of {len(rows)} rows green; {len(FAULTS)} are defined.\n"


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows"
        os.environ[ROWS] = str(path)
        tests = f"{Path(__file__).parent / 'test_faults.py'}::test_fault"
        code = pytest.main(["-q", tests, *arguments])
        rows = [json.loads(x) for x in path.read_text().splitlines()] if path.exists() else []
    print(page(rows))
    if len(rows) == len(FAULTS):  # part of a run is no page
        PAGE.write_text(INTRODUCTION + page(rows))
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
