"""The platform's job templates: ``{"version", "type", "data"}``, read, migrated, filled, written.

A form is kept as the JSON it came as: unknown keys travel along, so import and export lose nothing.
What a form says is turned into the request that the platform's own pages send.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...errors import (
    InputError,
    NotFound,
    PermissionDenied,
    TemplateError,
    TemplateNotFound,
    meant,
)
from .client import Client

VERSION = "20260707"
"""Form version of Crater since July 2026; older ones are migrated to it."""
MIGRATED = {
    "custom": ("20250317",),
    "pytorch": ("20240528",),
    "tensorflow": ("20240528",),
    "jupyter": ("20250420",),
    "webide": ("20251126",),
    "custom-emias": (),
    "jupyter-emias": (),
    "single": (),
}
SUBMITTED = {"custom": "training", "pytorch": "pytorch", "tensorflow": "tensorflow"}
HOME = "/home/${CRATER_USERNAME}"  # the only placeholder that the platform knows


@dataclass(frozen=True)
class Form:
    """A template of the platform, or one that was made here.

    Attributes:
        content: the whole ``{"version", "type", "data"}``, unknown keys included.
        id: the server's number, None before it is published.
    """

    name: str
    content: dict[str, Any]
    id: int | None = None
    describe: str = ""
    document: str = ""
    owner: str | None = None

    @property
    def type(self) -> str:
        return str(self.content["type"])

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.content["data"]
        return data

    @property
    def tasks(self) -> dict[str, dict[str, Any]]:
        """Tasks by their name on the platform; a pytorch form calls its master ``ps``."""
        if self.type == "custom":
            return {"training": self.data["task"]}
        if self.type in ("pytorch", "tensorflow"):
            first = "master" if self.type == "pytorch" else "ps"
            return {first: self.data["ps"], "worker": self.data["worker"]}
        return {}

    def to_json(self) -> str:
        """As the platform stores it, and as its pages import it from a file."""
        return json.dumps(self.content, indent=2, ensure_ascii=False)

    def filled(
        self,
        *,
        name: str | None = None,
        env: Mapping[str, str] | None = None,
        first_env: str | None = None,
    ) -> Form:
        """The form with another job name and environment.

        Args:
            first_env: value of the *first* variable (the tutorial's step: the head's address).

        Raises:
            InputError: there is no first variable.
        """
        content = copy.deepcopy(self.content)
        data = content["data"]
        rows = data["envs"]
        if name is not None:
            data["jobName"] = name
        if first_env is not None:
            if not rows:
                raise InputError(f"The template {self.name!r} has no environment variable.")
            rows[0]["value"] = first_env
        for key, value in (env or {}).items():
            row = next((r for r in rows if r["name"] == key), None)
            if row is None:
                rows.append({"name": key, "value": value})
            else:
                row["value"] = value
        return replace(self, content=content)


def parse(text: str, *, name: str = "", username: str | None = None) -> Form:
    """Read the JSON of a template, migrate an older form, fill in what forms came to have.

    Args:
        username: whose home ``/home/${CRATER_USERNAME}`` becomes, as the platform's pages do.

    Raises:
        TemplateError: no JSON, no known type or version.
    """
    if username:
        text = text.replace(HOME, f"/home/{username}")
    label = f"The template {name!r}" if name else "The template"
    try:
        content = json.loads(text)
        kind, version, data = content["type"], str(content["version"]), content["data"]
    except (ValueError, KeyError, TypeError) as error:
        raise TemplateError(
            f"{label} is no Crater template: {error}.",
            hint='It has to be JSON with "version", "type" and "data".',
        ) from error
    if kind not in MIGRATED or not isinstance(data, dict):
        raise TemplateError(
            f"{label} has the unknown type {kind!r}.",
            hint=meant(str(kind), MIGRATED, f"There are: {', '.join(MIGRATED)}."),
        )
    if version > VERSION:
        raise TemplateError(
            f"{label} has form version {version}; this jupyter_crater knows {VERSION}.",
            hint="Update jupyter_crater.",
        )
    form = Form(name, _migrated(content))
    try:
        for task in form.tasks.values():
            _complete(task)
        data.setdefault("envs", [])
        data.setdefault("volumeMounts", [])
        data["forwards"] = data.get("forwards") or []
        data.setdefault("scheduleType", 1)
        data["jobName"]
    except (KeyError, TypeError, AttributeError) as error:
        raise TemplateError(f"{label} lacks {error} in its data.") from error
    return form


def _migrated(content: dict[str, Any]) -> dict[str, Any]:
    """The platform's one migration so far: how nodes are chosen."""
    selector = content["data"].get("nodeSelector")
    if isinstance(selector, dict) and "mode" not in selector:
        excluded = selector.get("excludedNodes")
        nodes = excluded or ([selector["nodeName"]] if selector.get("nodeName") else [])
        content["data"]["nodeSelector"] = {
            "enable": bool(selector.get("enable")) and bool(nodes),
            "mode": "exclude" if excluded else "include",
            "nodes": nodes,
        }
    content["version"] = VERSION
    return content


def _complete(task: dict[str, Any]) -> None:
    image = task["image"]
    if isinstance(image, str):
        image = {"imageLink": image}
    task["image"] = image | {"archs": image.get("archs") or ["linux/amd64"]}
    task["resource"].setdefault("network", {"enabled": False})
    task["resource"].setdefault("vgpu", {"enabled": False})
    task.setdefault("ports", [])
    task.setdefault("replicas", 1)


# -- on the server -----------------------------------------------------------------------------


def listed(client: Client) -> list[Form]:
    """The platform's templates that can be read, everybody's."""
    found = []
    for row in client.rows("/jobtemplate/list"):
        try:
            found.append(_form(client, row))
        except TemplateError:
            continue  # published by a newer page, or broken: its own page can't open it either
    return found


def fetch(client: Client, which: int | str) -> Form:
    """A template by its number or its exact name.

    Raises:
        TemplateNotFound: deleted, or never there; the nearest name is the hint.
    """
    if isinstance(which, int):
        try:
            return _form(client, client.get(f"/jobtemplate/{which}"))
        except NotFound as error:
            raise TemplateNotFound(
                f"There is no template {which} on the platform (any more).", hint=error.message
            ) from error
    rows = client.rows("/jobtemplate/list")
    for row in rows:
        if row["name"] == which:
            return _form(client, row)
    hint = meant(which, [row["name"] for row in rows])
    raise TemplateNotFound(f"No template {which!r} on the platform.", hint=hint)


def _form(client: Client, row: dict[str, Any]) -> Form:
    form = parse(row["template"], name=row["name"], username=client.session().username)
    return replace(
        form,
        id=row["id"],
        describe=row.get("describe") or "",
        document=row.get("document") or "",
        owner=(row.get("userInfo") or {}).get("username"),
    )


def publish(client: Client, form: Form) -> Form:
    """Create the template, or update it where it has a number and is one's own.

    Raises:
        PermissionDenied: it is somebody else's (the server would let it through).
    """
    me = client.session().username
    text = form.to_json().replace(f"/home/{me}", HOME)
    body: dict[str, Any] = {
        "name": form.name,
        "describe": form.describe,
        "document": form.document,
        "template": text,
    }
    if form.id is None:
        number = client.post("/jobtemplate/create", body)["id"]
        return fetch(client, int(number))
    _own(client, form.id)
    if not form.describe or not form.document:
        # The server skips empty texts on update: a space is the least that clears one.
        body |= {k: body[k] or " " for k in ("describe", "document")}
    client.call("PUT", f"/jobtemplate/update/{form.id}", json=body | {"id": form.id})
    return fetch(client, form.id)


def delete(client: Client, number: int) -> None:
    """Delete one's own template.

    Raises:
        PermissionDenied: somebody else's.
    """
    _own(client, number)
    client.call("DELETE", f"/jobtemplate/delete/{number}")


def _own(client: Client, number: int) -> None:
    owner = fetch(client, number).owner
    if owner != client.session().username:
        raise PermissionDenied(
            f"The template {number} is {owner}'s.", hint="Publish a copy of your own instead."
        )
