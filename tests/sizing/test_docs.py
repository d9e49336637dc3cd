import json
import runpy
from pathlib import Path

GENERATE = Path(__file__).parents[2] / "docs" / "sizing" / "generate.py"


def test_the_rules_pages_are_what_the_code_says():
    assert runpy.run_path(str(GENERATE))["stale"]() == [], "run python docs/sizing/generate.py"


def test_the_side_by_side_stands_in_docs_with_ours_best():
    lines = (GENERATE.parent / "peers.md").read_text("utf-8").splitlines()
    for label in ("**median error**", "**worst error**"):
        cells = next(line for line in lines if label in line).split("|")[4:-1]
        values = [float(c.strip(" *%")) for c in cells if c.strip()]
        assert values[0] < min(values[1:])


def test_the_views_know_what_is_said():
    told = runpy.run_path(str(GENERATE.parents[1] / "told.py"))
    assert json.loads(told["OUT"].read_text("utf-8")) == told["texts"](), "run make docs"
