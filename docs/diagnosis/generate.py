"""Write docs/diagnosis/rules/ from the rules: `python docs/diagnosis/generate.py [--check]`."""

import sys
from pathlib import Path

from jupyter_crater.diagnosis.rules import RULES, Rule

HERE = Path(__file__).parent / "rules"
LEVELS = {
    0: "Names a cause.",
    1: "May be explained by something else, and is then not shown.",
    2: "Follows from something else; shown only where nothing better was found.",
}


def page(rule: Rule) -> str:
    parts = [f"# {rule.id}", f"**{rule.title}.**", rule.explanation, LEVELS[rule.level]]
    if rule.transient:
        parts.append("Counts only while it lasts: healthy jobs pass through it too.")
    signs = "\n".join(f"- {s.confidence}: `` {s.pattern} ``" for s in rule.signs[:-1])
    signs += f"\n- what the job's backend concluded, in the word `{rule.id}`"
    parts.append(
        f"## Seen by\n\nA space stands for any white space, line ends included.\n\n{signs}"
    )
    if callable(rule.fixes):
        parts.append("## Fixes\n\nWorked out from the line that was found and the job's settings.")
    else:
        rows = "\n".join(f"- {f.label}{_settings(dict(f.set))}" for f in rule.fixes)
        parts.append(f"## Fixes\n\n{rows}")
    if rule.hides:
        links = ", ".join(f"[{i}]({i}.md)" for i in rule.hides)
        parts.append(f"## Instead of\n\n{links}")
    if rule.links:
        parts.append("## More\n\n" + "\n".join(f"- <{link}>" for link in rule.links))
    return "\n\n".join(parts) + "\n"


def _settings(settings: dict[str, object]) -> str:
    words = ", ".join(f"`{k} = {v}`" for k, v in settings.items())
    return f" ({words})" if words else ""


def index() -> str:
    rows = "\n".join(f"- [{r.id}]({r.id}.md): {r.title}" for r in sorted(RULES, key=lambda r: r.id))
    return f"# Rules\n\nMade from the code by docs/diagnosis/generate.py; do not edit.\n\n{rows}\n"


def pages() -> dict[str, str]:
    return {"index.md": index()} | {f"{rule.id}.md": page(rule) for rule in RULES}


def stale() -> list[str]:
    """Names of pages that differ from the rules, are missing, or belong to no rule."""
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
