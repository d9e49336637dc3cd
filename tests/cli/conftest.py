"""Run a verb as the shell does, in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from jupyter_crater.cli import main


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self):
        """The one document on stdout; anything else there fails."""
        return json.loads(self.out)


@pytest.fixture
def run(capsys):
    def call(*words: str) -> Result:
        capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as end:  # argparse's own way
            code = end.code if isinstance(end.code, int) else 1
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call
