"""Schemas as a strict API server reads them: an unknown field is an error, not a lost wish."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate

DATA = Path(__file__).parents[2] / "data" / "kubernetes"
CRDS = {
    ("batch.volcano.sh/v1alpha1", "Job"): "batch.volcano.sh_jobs",
    ("ray.io/v1", "RayJob"): "ray.io_rayjobs",
}
KINDS = ("Job", "RayJob", "Secret", "Service", "NetworkPolicy", "Ingress", "Pod")
# successPolicy is on by default since 1.31.
KUBERNETES = ("1.31", "1.37")


def problems(document: dict[str, Any], *, unknown: bool = False) -> list[str]:
    """What is wrong with the fields of a document, its pod templates included.

    Args:
        unknown: unknown fields are none of it.
    """
    key = (document["apiVersion"], document["kind"])
    if key in CRDS:
        found = [
            f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
            for error in crd(CRDS[key]).iter_errors(document)
            if not (unknown and error.validator == "additionalProperties")
        ]
        # Volcano's definition leaves the pods open; a RayJob's can be older than the cluster.
        for where, template in templates(document["spec"]):
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, **template}
            pod["metadata"] = {"name": "x", **template.get("metadata", {})}
            found += [f"{where}: {problem}" for problem in core(pod, unknown=unknown)]
        meta = {"apiVersion": "v1", "kind": "Pod", "metadata": document["metadata"]}
        return found + core(meta, unknown=unknown)
    return core(document, unknown=unknown)


def core(document: dict[str, Any], *, unknown: bool = False) -> list[str]:
    found = []
    for version in KUBERNETES:
        try:
            kubernetes_validate.validate(document, version, strict=not unknown)
        except kubernetes_validate.ValidationError as error:
            path = "/".join(map(str, error.absolute_path))
            found.append(f"{version} {path}: {error.message}")
    return found


def templates(spec: Any, where: str = "spec") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every pod template below a spec."""
    if isinstance(spec, dict):
        for key, value in spec.items():
            if key == "template" and "spec" in value:
                yield f"{where}/{key}", value
            else:
                yield from templates(value, f"{where}/{key}")
    elif isinstance(spec, list):
        for index, value in enumerate(spec):
            yield from templates(value, f"{where}/{index}")


def definition_of(name: str) -> dict[str, Any]:
    return json.loads(gzip.decompress((DATA / "crds" / f"{name}.json.gz").read_bytes()))


@cache
def crd(name: str) -> jsonschema.Draft202012Validator:
    (version,) = definition_of(name)["spec"]["versions"]
    schema = _strict(version["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}  # checked as a core object's
    return jsonschema.Draft202012Validator(schema)


def _strict(schema: Any) -> Any:
    """An OpenAPI v3 schema of a CRD as JSON Schema in which no field is unknown."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {
        key: {name: _strict(sub) for name, sub in value.items()}
        if key == "properties"
        else _strict(value)
        for key, value in schema.items()
        if not key.startswith("x-kubernetes-")
    }
    if schema.get("x-kubernetes-int-or-string"):
        found["type"] = ["integer", "string"]
    elif schema.get("nullable"):
        found["type"] = [found["type"], "null"]
    closed = "properties" in found and "additionalProperties" not in found
    if closed and not schema.get("x-kubernetes-preserve-unknown-fields"):
        found["additionalProperties"] = False
    return found
