"""Write docs/sizing/rules/ from the rules' own words: `python docs/sizing/generate.py [--check]`."""

import inspect
import sys
from pathlib import Path

from jupyter_crater.sizing.rules import RULES, Rule

HERE = Path(__file__).parent / "rules"


def page(rule: Rule) -> str:
    words = inspect.cleandoc(rule.check.__doc__ or "")
    words = "\n".join(line.strip() for line in words.splitlines())
    return f"# {rule.id}\n\n**{rule.title}**\n\n{words}\n"


def index() -> str:
    rows = "\n".join(
        f"- [{r.id}]({r.id}.md): {r.title}" for r in sorted(RULES.values(), key=lambda r: r.id)
    )
    head = "# Rules\n\nMade from the code by docs/sizing/generate.py; do not edit.\n"
    return f"{head}\n{rows}\n"


def pages() -> dict[str, str]:
    return {"index.md": index()} | {f"{rule.id}.md": page(rule) for rule in RULES.values()}


def stale() -> list[str]:
    """Names of pages that differ from the code, are missing, or belong to no rule."""
    wanted = pages()
    have = {p.name: p.read_text("utf-8") for p in HERE.glob("*.md")}
    return sorted(n for n in {*wanted, *have} if wanted.get(n) != have.get(n))


def main() -> int:
    if "--check" in sys.argv:
        print("\n".join(stale()))
        return 1 if stale() else 0
    HERE.mkdir(exist_ok=True)
    for name in stale():
        (HERE / name).unlink(missing_ok=True)
    for name, text in pages().items():
        (HERE / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
