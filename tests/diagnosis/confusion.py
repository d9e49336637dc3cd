"""Print how the rules do on the labelled cases: ``python -m tests.diagnosis.confusion``."""

from __future__ import annotations

import sys
from collections import Counter

from .table import Case, cases

NONE = "(nothing)"


def score(table: list[Case]) -> tuple[int, int, int, Counter[tuple[str, str, str]]]:
    """(right, right at high confidence, wrong at high confidence, (expected, said, confidence))."""
    right = high = wrong_high = 0
    said: Counter[tuple[str, str, str]] = Counter()
    for case in table:
        answer = case.answer()
        name, sure = (answer.id, answer.confidence) if answer else (NONE, "")
        expected = name if name in case.or_else else case.expect or NONE
        said[expected, name, sure] += 1
        if name == expected:
            right += 1
            high += sure == "high"
        elif sure == "high":
            wrong_high += 1
    return right, high, wrong_high, said


def main() -> int:
    table = cases()
    for title, part in (
        ("all", table),
        ("held out", [c for c in table if c.held_out]),
    ):
        if not part:
            continue
        right, high, wrong_high, said = score(part)
        failing = sum(n for (e, s, _), n in said.items() if e == s != NONE)
        print(f"\n{title}: {len(part)} cases, {len({c.expect for c in part} - {None})} kinds")
        print(f"  right                    {right}/{len(part)} = {right / len(part):.1%}")
        print(f"  of these cards at high   {high}/{failing} = {high / max(failing, 1):.1%}")
        print(f"  wrong at high confidence {wrong_high}")
        for (expected, name, sure), count in sorted(said.items()):
            if expected != name:
                print(f"  {count} x expected {expected}: said {name} {sure}")
    print(f"\n{'expected':28} {'said':28} {'confidence':10} cases")
    for (expected, name, sure), count in sorted(score(table)[3].items()):
        print(f"{expected:28} {name:28} {sure:10} {count}")
    right, high, wrong_high, _ = score(table)
    return int(right < 0.95 * len(table) or wrong_high > 0)


if __name__ == "__main__":
    sys.exit(main())
