"""The routes as an OpenAPI 3.1 document: ``python -m jupyter_crater.server.openapi`` prints it.

The page's TypeScript types are generated from it; tests hold it against the routes and against what
a running server answers.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from http import HTTPStatus
from importlib import metadata
from typing import Any, Literal

from pydantic import TypeAdapter

from ..spec import JobStatus
from . import shapes
from .routes import PLACES, ROUTES, STATUS

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """What a call takes and gives; ``stream``: such answers line by line, as they come."""

    summary: str
    answer: Any = None
    body: Any = None
    query: tuple[str, ...] = ()
    stream: bool = False


BACKEND = ("backend",)
LANGUAGE = ("language",)

OPERATIONS: dict[str, Operation] = {
    "versions": Operation("What runs here", shapes.Versions),
    "capacity": Operation("GPUs by type and node", shapes.CapacityAnswer, query=BACKEND),
    "catalog": Operation("GPUs and models to choose from", shapes.Catalog),
    "size": Operation("How many GPUs a model needs", shapes.Plan, shapes.SizeRequest),
    "templates.list": Operation("All templates, all backends", shapes.Templates, query=LANGUAGE),
    "template.get": Operation("A template and its schema", shapes.TemplateAnswer, query=LANGUAGE),
    "template.check": Operation("What a launch would be", shapes.Check, shapes.CheckRequest),
    "template.parse": Operation("A start command as values", shapes.Parsed, shapes.ParseRequest),
    "jobs.list": Operation("All jobs of a backend", shapes.Jobs, query=BACKEND),
    "launch": Operation("Launch a template", shapes.Launched, shapes.Launch),
    "job.get": Operation("A job's status", JobStatus, query=BACKEND),
    "job.delete": Operation("Stop a job and remove what it left", query=BACKEND),
    "job.memory": Operation("Predicted and measured memory", shapes.Memory, query=BACKEND),
    "job.events": Operation("What was seen of a job", shapes.Events, query=BACKEND),
    "job.diagnose": Operation("Why it failed, likeliest first", shapes.Diagnoses, query=BACKEND),
    "job.report": Operation("A redacted bundle", shapes.Report, query=BACKEND),
    "job.link": Operation("An address to open", shapes.Link, query=BACKEND),
    "job.relaunch": Operation("The next attempt", shapes.Launched, shapes.Relaunch, BACKEND),
    "job.log": Operation(
        "Its log, merged and followed", shapes.LogItem, shapes.LogRequest, BACKEND, stream=True
    ),
    "job.stop": Operation("Stop a job, keep its logs", query=BACKEND),
    "job.extend": Operation("Extend its lease", shapes.Lease, shapes.Extend, BACKEND),
    "chat.send": Operation(
        "Ask the engine", shapes.ChatItem, shapes.ChatRequest, BACKEND, stream=True
    ),
}


def document() -> Json:
    """The description of all routes, those of the engine proxy included."""
    schemas, defined = _schemas()
    paths: dict[str, Json] = {}
    for path, verbs in ROUTES.items():
        parts = path.split("/")
        named = [part.lower() for part in parts if part in PLACES]
        place = "/".join(f"{{{part.lower()}}}" if part in PLACES else part for part in parts)
        paths[f"/crater/{place}"] = {
            verb.lower(): _operation(method, named, schemas) for verb, method in verbs.items()
        }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "jupyter_crater",
            "description": "Authenticated, authorized (resource `crater`) and, but for GET, guarded "
            "by Jupyter's XSRF token.",
            "version": metadata.version("jupyter_crater"),
        },
        "paths": paths | _forward(),
        "components": {"schemas": dict(sorted(defined.items()))},
    }


Mode = Literal["validation", "serialization"]


def _schemas() -> tuple[dict[tuple[Any, str], Json], dict[str, Json]]:
    """A reference for each shape and way, and what they refer to."""
    wanted: list[tuple[Any, Mode, TypeAdapter[Any]]] = [
        (shapes.Error, "serialization", TypeAdapter(shapes.Error))
    ]
    for each in OPERATIONS.values():
        if each.answer is not None:
            wanted.append((each.answer, "serialization", TypeAdapter(each.answer)))
        if each.body is not None:
            wanted.append((each.body, "validation", TypeAdapter(each.body)))
    found, rest = TypeAdapter.json_schemas(wanted, ref_template="#/components/schemas/{model}")
    return {key: _plain(each) for key, each in found.items()}, _plain(rest.get("$defs", {}))


def _plain(schema: Any) -> Any:
    """Without the titles and defaults that pydantic adds, which say nothing here."""
    if isinstance(schema, dict):
        return {
            key: _plain(value)
            for key, value in schema.items()
            if key != "default" and not (key == "title" and isinstance(value, str))
        }
    return [_plain(each) for each in schema] if isinstance(schema, list) else schema


def _operation(method: str, named: list[str], schemas: dict[tuple[Any, str], Json]) -> Json:
    each = OPERATIONS[method]
    text = {"schema": {"type": "string"}}
    places = [{"name": name, "in": "path", "required": True} | text for name in named]
    asked = [{"name": name, "in": "query"} | text for name in each.query]
    failure = {"application/json": {"schema": schemas[shapes.Error, "serialization"]}}
    said: Json = {"default": {"description": _failures(), "content": failure}}
    if each.answer is None:
        said["204"] = {"description": "Done."}
    else:
        kind = "application/x-ndjson" if each.stream else "application/json"
        content = {kind: {"schema": schemas[each.answer, "serialization"]}}
        said["200"] = {"description": "Item by item." if each.stream else "Done."} | {
            "content": content
        }
    found: Json = {"operationId": method, "summary": each.summary, "parameters": places + asked}
    if each.body is not None:
        content = {"application/json": {"schema": schemas[each.body, "validation"]}}
        found["requestBody"] = {"required": True, "content": content}
    return found | {"responses": said}


def _failures() -> str:
    """Which status stands for which errors."""
    kinds: dict[HTTPStatus, list[str]] = {}
    for kind, status in STATUS.items():
        kinds.setdefault(status, []).append(kind.__name__)
    rows = [
        f"{status.value}: {', '.join(sorted(names))}" for status, names in sorted(kinds.items())
    ]
    return "; ".join([*rows, "403: Jupyter's own refusal."])


def _forward() -> dict[str, Json]:
    """The engine under Jupyter's address: what it answers is the engine's.

    ``forward@BACKEND/…`` is the same on a backend that isn't the default.
    """
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    said = {"default": {"description": "What the engine answers."}}
    paths: dict[str, Json] = {}
    for path in ("v1/{path}", "health", "metrics", "version"):
        inner = [name | {"name": "path"}] if "{path}" in path else []
        get = {"summary": "Ask the job's engine", "parameters": [name, *inner], "responses": said}
        word = path.partition("/")[0]
        place = f"/crater/jobs/{{name}}/forward/{path}"
        paths[place] = {"get": {"operationId": f"forward.{word}.get"} | get}
        paths[place]["post"] = {"operationId": f"forward.{word}.post"} | get
    return paths


def main() -> None:
    sys.stdout.write(json.dumps(document(), indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
