"""Creation of a job, exactly once: the platform's own way of creating is not idempotent."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ...errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailable,
    CraterError,
    DoesNotFit,
    NotFound,
)
from . import request
from .client import Client, CreationUnknown
from .submit import FOLDER, RECORD, Plan

SEEN_WITHIN_S = 10.0
"""The server writes a job's record up to 3 s after it was created."""


def check_limits(client: Client, body: dict[str, Any]) -> None:
    """The quota, before anything is created.

    Raises:
        DoesNotFit: with each exceeded resource.
    """
    total: dict[str, Any] = {}
    for task in body.get("tasks") or [body | {"replicas": 1}]:
        for key, text in task["resource"].items():
            amount = int(str(text).removesuffix("Gi")) * task["replicas"]
            total[key] = total.get(key, 0) + amount
    asked = {k: f"{v}Gi" if k == "memory" else str(v) for k, v in total.items()}
    answer = client.post("/context/resource-limit-check", {"requestedResources": asked}) or {}
    if answer.get("enabled") and answer.get("exceeded"):
        rows = [
            f"{r['resource']}: {asked.get(r['resource'])} asked, {r['used']} used of {r['limit']}"
            for r in answer.get("details") or []
            if r.get("exceeded")
        ]
        raise DoesNotFit(
            "More than your quota on this platform: " + "; ".join(rows) + ".",
            hint="Stop a job, ask for less, or switch to another account.",
        )


def store(client: Client, made: Plan) -> bool:
    """Put the job's secrets into the user's storage; whether that could be done."""
    number = made.form.content[RECORD]["id"]
    try:
        for file, text in made.files.items():
            client.upload(f"{FOLDER}/{number}/{file}", text.encode())
    except (AuthenticationError, BackendUnavailable):
        raise
    except (BackendError, NotFound):
        return False
    return True


def create(
    client: Client,
    made: Plan,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> str:
    """Create the job; returns the server's name for it, once its record can be read.

    Raises:
        DoesNotFit: quota, limits, billing or admission.
        BackendError: otherwise; the mounted files are gone again then.
    """
    path, body = request.request_of(made.form)
    number = made.form.content[RECORD]["id"]
    if body["alertEnabled"]:
        body["alertEnabled"] = bool((client.get("/users/email/verified") or {}).get("verified"))
    try:
        answer = client.post(path, body)
        jobname = str(answer["metadata"]["name"])
    except CreationUnknown as error:
        found = _look(client, body["name"], number, pause)
        if found is None:
            raise CreationUnknown(
                f"{error.message} The job was not there {SEEN_WITHIN_S:g} s later.",
                hint="Launch again with the same name: a job that appears late is attached to.",
            ) from error
        return found
    except CraterError:
        if made.files:
            client.remove(f"{FOLDER}/{number}")
        raise
    _until_seen(client, jobname, pause)
    return jobname


def _look(client: Client, name: str, number: str, pause: Callable[[float], None]) -> str | None:
    """A job that our lost request created is known by the record in its template."""
    for _ in range(int(SEEN_WITHIN_S / 2) + 1):
        for row in client.rows("/vcjobs", search=name):
            text = client.get(f"/vcjobs/{row['jobName']}/template") or ""
            if row["name"] == name and number in text:
                return str(row["jobName"])
        pause(2)
    return None


def _until_seen(client: Client, jobname: str, pause: Callable[[float], None]) -> None:
    for _ in range(int(SEEN_WITHIN_S / 0.5)):
        try:
            client.get(f"/vcjobs/{jobname}/detail")
        except NotFound:
            pause(0.5)
        else:
            return


def shown(made: Plan, url: str) -> dict[str, Any]:
    """The request as a document, for --dry-run."""
    path, body = request.request_of(made.form)
    return {"method": "POST", "url": f"{url}/api/v1{path}", "body": body}
