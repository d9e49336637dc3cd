"""``templates`` and ``show``."""

from __future__ import annotations

import argparse

from .. import api
from .output import Output


def templates(_: argparse.Namespace, out: Output) -> None:
    found = api.templates()
    rows = [[t.id, t.version, t.kind, t.title] for t in found]
    out.result(
        {"schema": 1, "templates": [t.to_json() for t in found]},
        out.table(["TEMPLATE", "VERSION", "KIND", "TITLE"], rows),
    )
    for each in _broken():
        out.note(f"Left out: {each}")


def _broken() -> list[str]:
    from .. import templating

    return [str(b.error) for b in templating.broken()]


def show(options: argparse.Namespace, out: Output) -> None:
    template = api.template(options.template)
    schema = template.schema(options.language)
    rows = []
    for name, p in schema["properties"].items():
        kind = p.get("type", "")
        kind = "/".join(k for k in kind if k != "null") if isinstance(kind, list) else kind
        rows.append([name, kind, _default(p.get("default")), p.get("description", "")])
    text = [
        f"{schema['title']} ({template.id} {template.version})",
        "",
        schema["description"],
        "",
        out.table(["PARAMETER", "TYPE", "DEFAULT", "HELP"], rows),
    ]
    out.result(
        {"schema": 1} | template.to_json(options.language) | {"parameters": schema},
        "\n".join(text),
    )


def _default(value: object) -> str:
    return "" if value is None else str(value)
