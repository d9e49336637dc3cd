"""Labels and annotations: how a job is written onto its objects, and read back from them alone."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...errors import InputError, JobNotFound
from ...spec import JobSpec
from . import kinds
from .options import Carrier, Options

PREFIX = "jupyter-crater"
JOB = f"{PREFIX}/job"
TASK = f"{PREFIX}/task"
CLIENT_OF = f"{PREFIX}/client-of"
SPEC = f"{PREFIX}/spec"
OWNER = f"{PREFIX}/owner"
TEMPLATE = f"{PREFIX}/template"
VERSION = f"{PREFIX}/template-version"
VALUES = f"{PREFIX}/values"
ATTEMPT = f"{PREFIX}/attempt"
LEASE_UNTIL = f"{PREFIX}/lease-until"
STOPPED = f"{PREFIX}/stopped"
SECRET = f"{PREFIX}/make-secret"
MANAGED_BY = "app.kubernetes.io/managed-by"
# The API server refuses objects whose annotations are larger (keys and values together).
ANNOTATIONS_LIMIT = 256 * 1024
WORKLOADS = {(kind.version, kind.kind): carrier for carrier, kind in kinds.CARRIERS.items()}


@dataclass(frozen=True, slots=True)
class Record:
    """All that an object on the cluster tells of its job.

    Attributes:
        values_hash: of the given values, to tell "the same job again" from another one.
        lease_until: end of the lease as annotated (epoch seconds); None: counted from the start.
        created: epoch seconds; None for a manifest that was not submitted yet.
        uid: of the workload, for owner references; None for a manifest.
    """

    spec: JobSpec
    name: str
    namespace: str | None
    carrier: Carrier
    owner: str
    attempt: int
    values_hash: str
    lease_until: float | None
    created: float | None
    uid: str | None


def values_hash(spec: JobSpec) -> str:
    """16 hex digits over template, its version and the given values."""
    text = json.dumps(spec.provenance.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def label(value: str) -> str:
    """``value`` as a legal label value (63 of ``[A-Za-z0-9_.-]``); the annotation has it in full."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", value)[:63].strip("-_.")


def labels(
    spec: JobSpec, name: str, options: Options, *, task: str | None = None
) -> dict[str, str]:
    """The labels of every object of a job; with ``task`` those of that task's pods."""
    engine = spec.engine
    found = {
        "app.kubernetes.io/name": engine.engine if engine else label(spec.provenance.template),
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/version": label(engine.version or "") if engine else "",
        "app.kubernetes.io/component": label(task or ""),
        MANAGED_BY: PREFIX,
        JOB: name,
        TEMPLATE: label(spec.provenance.template),
        VERSION: label(spec.provenance.version),
        VALUES: values_hash(spec),
        OWNER: label(options.owner),
        ATTEMPT: str(options.attempt),
        TASK: label(task or ""),
        CLIENT_OF: spec.connect.job if task and spec.connect and spec.connect.job else "",
    }
    return {key: value for key, value in found.items() if value}


def notes(spec: JobSpec, options: Options) -> dict[str, str]:
    """The annotations of the workload: the whole spec, and what labels can't hold in full.

    Raises:
        InputError: larger than the API server takes.
    """
    found = {
        SPEC: json.dumps(spec.to_json(), separators=(",", ":"), sort_keys=True),
        OWNER: options.owner,
        TEMPLATE: spec.provenance.template,
        VERSION: spec.provenance.version,
    }
    if options.lease_until is not None:
        found[LEASE_UNTIL] = str(options.lease_until)
    size = sum(len(k) + len(v.encode()) for k, v in found.items())
    if size > ANNOTATIONS_LIMIT:
        raise InputError(
            f"The job's description takes {size} bytes; Kubernetes takes {ANNOTATIONS_LIMIT} in "
            "annotations.",
            hint="Put long texts into a file on a volume.",
        )
    return {key: value for key, value in found.items() if value}


def read(documents: Iterable[Mapping[str, Any]] | Mapping[str, Any]) -> Record:
    """The job of these documents or live objects (one object will do: the workload).

    Raises:
        JobNotFound: no workload of ours among them.
        InputError: its annotations were changed into something unreadable.
        NewerSchema: written by a newer jupyter_crater.
    """
    if isinstance(documents, Mapping):
        documents = documents.get("items") or [documents]
    for document in documents:
        kind = (document.get("apiVersion", ""), document.get("kind", ""))
        meta = document.get("metadata") or {}
        notes = meta.get("annotations") or {}
        if kind in WORKLOADS and SPEC in notes:
            return _record(WORKLOADS[kind], meta, notes)
    raise JobNotFound(
        "None of these objects is a job of jupyter_crater.",
        hint=f"Its Job or RayJob carries the annotation {SPEC}.",
    )


def _record(carrier: str, meta: Mapping[str, Any], notes: Mapping[str, str]) -> Record:
    name = meta["name"]
    try:
        data = json.loads(notes[SPEC])
        spec = JobSpec.from_json(data if isinstance(data, dict) else {})
        until = float(notes[LEASE_UNTIL]) if notes.get(LEASE_UNTIL) else None
        attempt = int((meta.get("labels") or {}).get(ATTEMPT, 1))
    except ValueError as error:  # json, pydantic and numbers alike
        raise InputError(
            f"The annotations of {name!r} are no job description any more: {error}",
            hint="They were edited; delete the job and launch it again.",
        ) from error
    created = meta.get("creationTimestamp")
    if isinstance(created, str):
        created = datetime.fromisoformat(created)
    return Record(
        spec=spec,
        name=name,
        namespace=meta.get("namespace"),
        carrier=carrier,  # type: ignore[arg-type]  # the values of WORKLOADS
        owner=notes.get(OWNER, ""),
        attempt=attempt,
        values_hash=(meta.get("labels") or {}).get(VALUES, ""),
        lease_until=until,
        created=created.timestamp() if created else None,
        uid=meta.get("uid"),
    )
