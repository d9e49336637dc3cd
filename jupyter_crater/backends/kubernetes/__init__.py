"""The Kubernetes backend: a JobSpec as the objects that a cluster runs, and read back from them.

Everything here but :mod:`.backend` is a pure function of its arguments; nothing talks to a cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from ...errors import InputError, nearest
from ...spec import JobSpec
from . import beside, record
from .admission import check
from .beside import new_secret, secret_keys
from .options import Carrier, Ingress, Options, Peer
from .record import Record, read
from .rules import findings
from .text import to_yaml
from .workload import workload

__all__ = [
    "Carrier",
    "Ingress",
    "Options",
    "Peer",
    "Record",
    "check",
    "findings",
    "manifests",
    "new_secret",
    "owned",
    "read",
    "secret_keys",
    "to_yaml",
]


def manifests(
    spec: JobSpec,
    name: str,
    *,
    carrier: Carrier,
    namespace: str | None = None,
    options: Options | None = None,
    secret: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """All objects of the job in the order of creation, the workload last.

    Args:
        namespace: written into every object; None leaves it to whoever applies them.
        secret: values of the job's Secret (:func:`new_secret`). None leaves the Secret out, as in
            an export: keys stand in no file. The workload's annotations then say how to make it.

    Raises:
        InputError: a name, value or combination that the cluster would refuse.
        NotSupported: this carrier can't carry that job.
    """
    options = options or Options()
    if carrier not in get_args(Carrier):
        close = nearest(carrier, get_args(Carrier))
        raise InputError(
            f"Unknown carrier {carrier!r}." + (f" Nearest: {close!r}." if close else ""),
            hint=f"One of {', '.join(get_args(Carrier))}.",
        )
    main = workload(carrier, spec, name, options)
    keys = secret_keys(spec, options, main["kind"])
    if keys and secret is None:
        main["metadata"]["annotations"][record.SECRET] = beside.how_to_make(name, keys)
    found = [*beside.documents(spec, name, options, main, secret), main]
    if namespace:
        for document in found:
            document["metadata"]["namespace"] = namespace
    if problems := check(found):
        raise InputError(
            f"The cluster would refuse {name!r}: {problems[0]}",
            hint="\n".join(problems[1:]) or None,
        )
    return found


def owned(documents: list[dict[str, Any]], workload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The documents with an owner reference to the created workload: they go when it goes."""
    meta = workload["metadata"]
    owner = {
        "apiVersion": workload["apiVersion"],
        "kind": workload["kind"],
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": False,
        "blockOwnerDeletion": False,
    }
    return [
        document | {"metadata": document["metadata"] | {"ownerReferences": [owner]}}
        for document in documents
        if document["kind"] != workload["kind"] or document["apiVersion"] != workload["apiVersion"]
    ]
