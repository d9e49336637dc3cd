"""Write the texts of Python that the views translate: `python docs/told.py [--check]`.

They are read from the source, each a whole sentence; what is filled in becomes {1}, {2} and so on.
Those of the kinds of failure are read from their tables.
"""

import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUT = ROOT / "labextension" / "tests" / "told.json"
PACKAGE = ROOT / "jupyter_crater"
FILES = (
    *sorted((PACKAGE / "sizing" / "rules").glob("*.py")),
    *(PACKAGE / "sizing" / f"{name}.py" for name in ("fit", "plan", "search", "setup")),
    *(PACKAGE / "catalog" / f"{name}.py" for name in ("engines", "gpus", "model_config", "models")),
    PACKAGE / "forecast.py",
    PACKAGE / "engines" / "embedded.py",
    PACKAGE / "engines" / "environment.py",
    PACKAGE / "engines" / "lines.py",
    *sorted((PACKAGE / "backends" / "local").glob("*.py")),
    *sorted((PACKAGE / "clients").glob("*.py")),
    *(
        PACKAGE / "backends" / "kubernetes" / f"{name}.py"
        for name in ("cluster", "ends", "observe", "pods", "said", "waiting")
    ),
    PACKAGE / "backends" / "crater" / "observe.py",
    PACKAGE / "diagnosis" / "remedies.py",
)
KINDS = sorted((PACKAGE / "diagnosis" / "kinds").glob("*.toml"))
# Which arguments of which calls people read, and the variables that such texts are kept in.
CALLS = {
    "Change": (0,),
    "Death": (1,),
    "Fix": (0,),
    "_fix": (0,),
    "Finding": (2, 3),
    "error": (0, 1),
    "warning": (0, 1),
    "info": (0, 1),
    "_compiling": (1,),
    "_progress": (2,),
    "end": (2,),
    "Ended": (2,),
    "phase": (1,),
    "report": (1,),
    "Why": (1,),
}
KEYWORDS = {("replace", "note"), ("Forecast", "source")}
# Functions that return such texts, alone or last in a tuple.
SAYING = {
    *(
        "_because",
        "_deleting",
        "_incomplete",
        "_late",
        "_queued",
        "_restarting",
        "_share",
        "_still",
        "_words",
    ),
    *("dead", "describe_exit", "quota"),
}
# Where such texts are kept by a word: values, or the second of each row.
TABLES = {"_DISRUPTIONS", "failed", "kinds", "stopped"}
HOLE = re.compile(r"\{\d\}")
NAMES = {"assumption", "because", "here", "label", "message", "source"}
# Those that hold what others said as well, which stays as it is.
LOOSE = {"line", "text"}


def template(node: ast.JoinedStr) -> str:
    text, holes = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        else:
            holes += 1
            text += f"{{{holes}}}"
    return text


def sentences(node: ast.expr) -> Iterator[str]:
    """What an expression may say."""
    match node:
        case ast.Constant(value=None):
            pass
        case ast.Constant(value=str(text)):
            yield re.sub(r"\\(\d)", r"{\1}", text)  # a pattern's groups are filled in too
        case ast.JoinedStr():
            yield template(node)
        case ast.IfExp(body=body, orelse=other) | ast.BoolOp(values=[body, other]):
            yield from sentences(body)
            yield from sentences(other)
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in NAMES | LOOSE:
            pass  # read where it is given a value
        case ast.Call(func=ast.Name(id=name)) if name in SAYING:
            pass  # read where it is defined
        case _:
            raise ValueError(f"{ast.unparse(node)} is no whole sentence: nobody can translate it")


def read(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions of a node that people read."""
    match node:
        case ast.Call(func=ast.Name(id="change"), args=[_, _, used, because]):
            if isinstance(getattr(used, "value", None), str):
                yield used
            yield because
        case ast.Call(func=ast.Attribute(value=ast.Name(id="assumed"), attr="append")):
            yield from node.args
        case (
            ast.Call(func=ast.Attribute(attr="note"), args=[ast.Constant(value=kind), _, words])
            | ast.Call(
                func=ast.Name(id="Observation"), args=[_, ast.Constant(value=kind), _, words, *_]
            )
        ) if kind in ("phase", "progress", "event"):
            yield words
        case ast.Call(
            func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self" | "work"), attr=name),
            args=args,
        ):
            yield from (args[at] for at in CALLS.get(name, ()) if at < len(args))
            yield from (k.value for k in node.keywords if (name, k.arg) in KEYWORDS)
        case ast.FunctionDef(name=name) if name in SAYING:
            for each in (n.value for n in ast.walk(node) if isinstance(n, ast.Return) and n.value):
                yield each.elts[-1] if isinstance(each, ast.Tuple) else each
        case ast.Assign(
            targets=[ast.Name(id=name)], value=ast.Tuple(elts=rows) | ast.Dict(values=rows)
        ) if name in TABLES:
            yield from (row.elts[1] if isinstance(row, ast.Tuple) else row for row in rows)
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in NAMES or (
            name == "text"
            and isinstance(value, ast.JoinedStr | ast.Constant | ast.IfExp | ast.BinOp)
        ):
            yield value
        case ast.AugAssign(target=ast.Name(id=name)) if name in NAMES:
            raise ValueError(f"{name} is put together: nobody can translate it")


def kinds() -> Iterator[str]:
    """What the cards of a diagnosis say: titles, explanations, labels of fixes."""
    for file in KINDS:
        tables = tomllib.loads(file.read_text("utf-8"))
        tables.pop("patterns", None)
        for table in tables.values():
            yield table["title"]
            yield table["explanation"]
            if not isinstance(table["fixes"], str):  # else a function of remedies.py
                yield from (f if isinstance(f, str) else f["label"] for f in table["fixes"])


def texts() -> list[str]:
    found = set(kinds())
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            try:
                found.update(text for part in read(node) for text in sentences(part))
            except ValueError as error:
                line = getattr(node, "lineno", 0)
                raise SystemExit(f"{file}:{line}: {error}") from None
    wordy = (t for t in found if re.search(r"[a-z]", HOLE.sub("", t)))
    return sorted(t for t in wordy if " " in t or t.endswith("."))


def main() -> int:
    wanted = json.dumps(texts(), ensure_ascii=False, indent=2) + "\n"
    if "--check" in sys.argv:
        if OUT.exists() and OUT.read_text("utf-8") == wanted:
            return 0
        print("tests/told.json is not what Python says: run make docs", file=sys.stderr)
        return 1
    OUT.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
