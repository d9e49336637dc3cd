"""The rules on the labelled table: real logs and logs re-rendered from public issues."""

from __future__ import annotations

import re

import pytest

from jupyter_crater.diagnosis import RULES, diagnose, from_log
from jupyter_crater.diagnosis.redact import MASK
from tests.diagnosis.confusion import main, score
from tests.diagnosis.table import Case, cases

TABLE = cases()


def test_confusion_is_within_the_bounds(capsys):
    assert main() == 0
    assert "wrong at high confidence 0" in capsys.readouterr().out


def test_most_right_cards_are_sure_of_themselves():
    failing = [c for c in TABLE if c.expect]
    right, high, wrong_high, _ = score(failing)
    assert high >= 0.8 * right
    assert wrong_high == 0


@pytest.mark.parametrize("case", TABLE, ids=lambda c: c.name)
def test_evidence_is_lines_of_the_log(case: Case):
    lines = {o.message for o in case.observations if o.kind != "exit"}
    exits = [o.message for o in case.observations if o.kind == "exit" and o.message]
    for card in diagnose(case.observations):
        assert card.evidence
        for evidence in card.evidence:
            known = evidence.line in lines or MASK in evidence.line
            # An exit is told with its code before its last line.
            assert known or any(evidence.line.endswith(x) for x in exits)


MISSED = {
    "INIT-WAITS-WHILE-HEAD-PREPARES": "a worker that waits two minutes looks like one that waits in vain"
}


def _healthy():
    for case in TABLE:
        if case.expect is None:
            missed = case.name in MISSED
            marks = [pytest.mark.xfail(reason=MISSED[case.name])] if missed else []
            yield pytest.param(case, id=case.name, marks=marks)


@pytest.mark.parametrize("case", list(_healthy()))
def test_nothing_failed_gives_no_card(case: Case):
    assert diagnose(case.observations) == []


@pytest.mark.parametrize("case", [c for c in TABLE if c.expect], ids=lambda c: c.name)
def test_wrapping_colours_and_prefixes_change_nothing(case: Case):
    """What terminals, compose, CRI and log shippers do to a line."""
    before = case.answer()
    for dress in (_coloured, _container_runtime, _compose):
        dressed = [
            o for line in case.observations for o in _dressed(line, dress) if line.kind == "log"
        ] + [o for o in case.observations if o.kind != "log"]
        after = next(iter(diagnose(dressed)), None)
        assert (before and before.id) == (after and after.id), dress.__name__


def _dressed(line, dress):
    return from_log(dress(line.message), task=line.task)


def _coloured(line: str) -> str:
    return re.sub(r"^(\S+)", "\x1b[36m\\1\x1b[0m", line) + "\x1b[K"


def _container_runtime(line: str) -> str:
    return f"2026-11-23T22:00:01.123456789Z stderr F {line}"


def _compose(line: str) -> str:
    return f"vllm-1  | {line}"


def test_ids_are_unique_and_hides_name_rules():
    ids = [r.id for r in RULES]
    assert len(set(ids)) == len(ids) >= 30
    assert {h for r in RULES for h in r.hides} <= set(ids)


def test_every_sign_compiles_and_matches_no_empty_text():
    for rule in RULES:
        for sign in rule.signs:
            assert not sign.compiled().search(""), (rule.id, sign.pattern)
