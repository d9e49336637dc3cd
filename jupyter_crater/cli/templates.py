"""``templates`` and ``show``."""

from __future__ import annotations

import argparse
from typing import Any

from .. import api, templating
from .output import Output
from .select import place


def templates(options: argparse.Namespace, out: Output) -> None:
    found = api.templates()
    document: dict[str, Any] = {"schema": 1, "templates": [t.to_json() for t in found]}
    text = out.table(
        ["TEMPLATE", "VERSION", "KIND", "TITLE"],
        [[t.id, t.version, t.kind, t.title] for t in found],
    )
    where = place(options)
    listed = getattr(api.backend_of(where), "templates", None) if where else None
    if listed is not None:  # a platform with templates of its own
        forms = listed()
        document["platform"] = [
            {
                "id": f.id,
                "name": f.name,
                "type": f.type,
                "owner": f.owner,
                "description": f.describe,
            }
            for f in forms
        ]
        rows = [[str(f.id), f.name, f.type, f.owner or "", f.describe] for f in forms]
        text += "\n\n" + out.table(["ID", "ON THE PLATFORM", "TYPE", "OWNER", "DESCRIPTION"], rows)
    out.result(document, text)
    for each in templating.broken():
        out.note(f"Left out: {each.error}")


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
