import runpy
from pathlib import Path

GENERATE = Path(__file__).parents[2] / "docs" / "diagnosis" / "generate.py"


def test_a_page_per_rule_made_from_the_rules():
    assert runpy.run_path(str(GENERATE))["stale"]() == [], "run python docs/diagnosis/generate.py"
