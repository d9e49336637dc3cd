"""From documents to a job on the cluster: rights asked first, tried dry, then all or nothing."""

from __future__ import annotations

import secrets as random
from collections.abc import Iterable
from typing import Any

from ...errors import (
    BackendUnavailable,
    ConflictError,
    CraterError,
    InputError,
    NotFound,
    PermissionDenied,
)
from . import kinds, owned, record
from .client import AlreadyExists, AnswerLost
from .cluster import Cluster
from .kinds import Kind

LAUNCH = f"{record.PREFIX}/launch"
"""Annotation that tells objects of this submit from those of any other."""


_BACKGROUND = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}


def may(cluster: Cluster, verb: str, kind: Kind, sub: str = "", *, name: str = "") -> bool:
    """Whether the cluster allows this in the namespace; what can't be asked counts as allowed."""
    what = {
        "namespace": cluster.namespace,
        "verb": verb,
        "group": kind.group,
        "resource": kind.plural,
    }
    what |= {"subresource": sub} if sub else {}
    what |= {"name": name} if name else {}
    body = {
        "apiVersion": kinds.REVIEWS.version,
        "kind": kinds.REVIEWS.kind,
        "spec": {"resourceAttributes": what},
    }
    try:
        answer = cluster.client.post(kinds.REVIEWS.path(None), body)
    except (PermissionDenied, NotFound):
        return True
    return bool((answer.get("status") or {}).get("allowed"))


def check_rights(cluster: Cluster, documents: Iterable[dict[str, Any]]) -> None:
    """Ask for every right that the job needs, before anything is made.

    Raises:
        PermissionDenied: with all that are missing.
    """
    made = list(dict.fromkeys(kinds.of(d) for d in documents))
    wanted = [("create", kind, "") for kind in made]
    wanted += [("delete", kind, "") for kind in made]  # what is made has to go again
    wanted += [("list", made[-1], ""), ("list", kinds.PODS, "")]
    missing = [(v, k, s) for v, k, s in wanted if not may(cluster, v, k, s)]
    if missing:
        rows = [f"{v} {k.plural}{f'.{k.group}' if k.group else ''}" for v, k, _ in missing]
        raise PermissionDenied(
            f"In the namespace {cluster.namespace!r} you may not: {', '.join(rows)}.",
            hint="Nothing was made. Ask whoever runs the cluster for a role with these rights, or "
            "name another namespace.",
        )


def create(cluster: Cluster, documents: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Make all documents, the workload last, or none; returns the workload as made.

    Raises:
        InputError, DoesNotFit (quota), ConflictError, PermissionDenied: the cluster refuses it;
            then nothing is left.
        BackendUnavailable: nothing is left, or the message says what may be.
    """
    launch = random.token_hex(8)
    marked = [_marked(document, launch) for document in documents]
    for document in marked:
        _dry_run(cluster, document, name)
    made: list[dict[str, Any]] = []
    try:
        made.extend(_create(cluster, document, launch) for document in marked)
    except BaseException as error:
        left = _take_back(cluster, marked, launch, made)
        if left and isinstance(error, CraterError):
            error.hint = f"These may be left over: {', '.join(left)}. `jupyter crater delete {name}` removes them."
        raise
    workload = made[-1]
    _own(cluster, owned(marked, workload))
    return workload


def _marked(document: dict[str, Any], launch: str) -> dict[str, Any]:
    meta = document["metadata"]
    notes = (meta.get("annotations") or {}) | {LAUNCH: launch}
    return document | {"metadata": meta | {"annotations": notes}}


def _dry_run(cluster: Cluster, document: dict[str, Any], name: str) -> None:
    path = kinds.of(document).path(cluster.namespace)
    strict = {"dryRun": "All", "fieldValidation": "Strict"}
    try:
        cluster.client.post(path, document, **strict)
    except AlreadyExists:
        _clear_leftover(cluster, document, name)
        cluster.client.post(path, document, **strict)
    except InputError as error:
        # A webhook with side effects can't be asked in vain; what it says is heard at the creation.
        if "does not support dry run" not in error.message:
            raise


def _clear_leftover(cluster: Cluster, document: dict[str, Any], name: str) -> None:
    """What an earlier job of this name left goes; what is somebody else's stays.

    Raises:
        ConflictError: it is no object of a job of ours.
    """
    kind, title = kinds.of(document), document["metadata"]["name"]
    path = kind.path(cluster.namespace, title)
    try:
        there = cluster.client.get(path)
    except NotFound:
        return
    labels = there["metadata"].get("labels") or {}
    if labels.get(record.JOB) != name or kind in kinds.CARRIERS.values():
        raise ConflictError(
            f"A {kind.kind} {title!r} is in the namespace {cluster.namespace!r} already, and is no "
            "part of an ended job of ours.",
            hint="Choose another name.",
        )
    cluster.client.delete(path)


def _create(cluster: Cluster, document: dict[str, Any], launch: str) -> dict[str, Any]:
    kind, title = kinds.of(document), document["metadata"]["name"]
    try:
        return cluster.client.post(kind.path(cluster.namespace), document)
    except (AnswerLost, AlreadyExists) as error:
        # The request may have been carried out and its answer lost: the mark tells.
        try:
            there = cluster.client.get(kind.path(cluster.namespace, title))
        except NotFound:
            if isinstance(error, AnswerLost):
                return cluster.client.post(kind.path(cluster.namespace), document)
            raise error from None
        if (there["metadata"].get("annotations") or {}).get(LAUNCH) == launch:
            return there
        raise ConflictError(
            f"A {kind.kind} {title!r} was made by somebody else at the same moment.",
            hint="Launch again: it attaches if the values are the same.",
        ) from error


def _take_back(
    cluster: Cluster,
    documents: list[dict[str, Any]],
    launch: str,
    made: list[dict[str, Any]],
) -> list[str]:
    """Delete what this submit made; returns what may be left because nobody answered."""
    uids = {(kinds.of(d), d["metadata"]["name"]): d["metadata"]["uid"] for d in made}
    left: list[str] = []
    away = False
    for document in reversed(documents):
        kind, title = kinds.of(document), document["metadata"]["name"]
        path = kind.path(cluster.namespace, title)
        if away:
            left.append(f"{kind.kind} {title}")
            continue
        uid = uids.get((kind, title))
        try:
            if uid is None:  # its answer was lost, perhaps
                there = cluster.client.get(path)
                if (there["metadata"].get("annotations") or {}).get(LAUNCH) != launch:
                    continue
                uid = there["metadata"]["uid"]
            cluster.client.delete(path, _BACKGROUND | {"preconditions": {"uid": uid}})
        except NotFound:
            continue
        except CraterError as error:
            left.append(f"{kind.kind} {title}")
            away = isinstance(error, BackendUnavailable)  # waited for once is enough
    return left


def _own(cluster: Cluster, documents: list[dict[str, Any]]) -> None:
    """Hand objects to the workload, so that they go together; ``delete`` finds them by label too."""
    for document in documents:
        meta = document["metadata"]
        path = kinds.of(document).path(cluster.namespace, meta["name"])
        try:
            cluster.client.patch(path, {"metadata": {"ownerReferences": meta["ownerReferences"]}})
        except BackendUnavailable:
            return
        except CraterError:
            continue
