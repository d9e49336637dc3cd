"""Stop, delete, extend: and waiting until the pods are really gone."""

from __future__ import annotations

import shutil
import time
from typing import Any

from ... import files, processes
from ...errors import (
    BackendError,
    BackendUnavailable,
    CraterError,
    InputError,
    JobNotFound,
    NewerSchema,
    NotFound,
    NotSupported,
    PermissionDenied,
)
from . import ends, kinds, logs, record
from .cluster import Cluster
from .kinds import Kind
from .observe import Seen
from .record import Record

GONE_S = 150.0
"""Bound on waiting for pods to end: they are given 60 s to do so, and a node takes its time."""
STEP_S = 0.5


def _kind(job: Record) -> Kind:
    return kinds.CARRIERS[job.carrier]


def stop(cluster: Cluster, name: str) -> None:
    """End the pods; the workload stays, with its spec, and so does what its logs said.

    Raises:
        PermissionDenied: a stop needs rights that a delete doesn't; the hint says so.
        BackendError: pods are still there after GONE_S seconds; named, with their nodes.
    """
    job, workload = cluster.find(name, fresh=True)
    if ends.over(job, workload):
        return
    keep_logs(cluster, cluster.seen(name))
    path = _kind(job).path(cluster.namespace, name)
    note = {"metadata": {"annotations": {record.STOPPED: f"{time.time():.0f}"}}}
    try:
        if job.carrier == "volcano":
            cluster.client.patch(path, note)
            try:
                cluster.client.post(kinds.COMMANDS.path(cluster.namespace), _abort(name, workload))
            except CraterError:
                cluster.client.patch(path, {"metadata": {"annotations": {record.STOPPED: None}}})
                raise
        else:
            cluster.client.patch(path, note | {"spec": {"suspend": True}})
    except PermissionDenied as error:
        raise PermissionDenied(
            error.message, hint=f"`jupyter crater delete {name}` needs no such right."
        ) from error
    _wait_for_pods(cluster, name, GONE_S)


def _abort(name: str, workload: dict[str, Any]) -> dict[str, Any]:
    """What vcctl posts: Volcano's controller carries it out and removes it."""
    meta = workload["metadata"]
    owner = {
        "apiVersion": workload["apiVersion"],
        "kind": workload["kind"],
        "name": name,
        "uid": meta["uid"],
        "controller": True,
    }
    return {
        "apiVersion": kinds.COMMANDS.version,
        "kind": kinds.COMMANDS.kind,
        "metadata": {"generateName": f"{name}-abort-", "ownerReferences": [owner]},
        "action": "AbortJob",
        "target": owner,
    }


def delete(cluster: Cluster, name: str, *, bound: float = GONE_S, folder: bool = True) -> None:
    """Remove the workload and everything of it, and wait until its pods are gone.

    Args:
        folder: this user's notes of it, too (a new attempt keeps them).

    Raises:
        JobNotFound: there is no such job.
        BackendError: something is still there; the message says what holds it.
    """
    job: Record | None = None
    try:
        workload = cluster.found(name, fresh=True)[0]
        job, workload = cluster.find(name)
    except JobNotFound:
        if not _beside(cluster, name, keyed=False):
            raise
        return  # what a launch left that the server's end broke off
    except (InputError, NewerSchema):
        pass  # whatever it says of itself, it can go
    kind, uid = kinds.of(workload), workload["metadata"]["uid"]
    options = {
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "propagationPolicy": "Foreground",
        "preconditions": {"uid": uid},
    }
    path = kind.path(cluster.namespace, name)
    try:
        cluster.client.delete(path, options)
    except NotFound:
        pass
    _beside(cluster, name, keyed=job is not None and _keyed(job))
    deadline = time.monotonic() + bound
    while (held := _there(cluster, kind, name, uid)) is not None:
        if time.monotonic() > deadline:
            raise _held(name, held, _alive(cluster, name), bound)
        time.sleep(STEP_S)
    _wait_for_pods(cluster, name, max(1.0, deadline - time.monotonic()))
    cluster.forget(name)
    if folder:
        _remove_folder(cluster, name)


def _there(cluster: Cluster, kind: Kind, name: str, uid: str) -> dict[str, Any] | None:
    try:
        found = cluster.client.get(kind.path(cluster.namespace, name))
    except NotFound:
        return None
    return found if found["metadata"]["uid"] == uid else None


def _held(
    name: str, workload: dict[str, Any], alive: list[dict[str, Any]], bound: float
) -> BackendError:
    holders = list(workload["metadata"].get("finalizers") or [])
    odd = [f for f in holders if f not in ("foregroundDeletion", "orphan")]
    if odd:
        return BackendError(
            f"{name!r} is deleted, but for {bound:.0f} s the finalizer {', '.join(odd)} has held it.",
            hint="Whoever set it has to clean up and take it off; ask who runs the cluster.",
        )
    if alive:  # a foreground deletion waits for them
        return _not_ended(name, alive, bound)
    return BackendError(
        f"{name!r} is being deleted, and after {bound:.0f} s something of it is still there.",
        hint=f"kubectl get pods -l {record.JOB}={name} shows what; deleting again goes on waiting.",
    )


def _keyed(job: Record) -> bool:
    service = job.spec.service
    return bool(service and service.key) or any(t.secret_env for t in job.spec.tasks)


def _beside(cluster: Cluster, name: str, *, keyed: bool) -> bool:
    """Remove secret, services, policy, ingress, also where they have no owner; whether any was there.

    Args:
        keyed: the job has a secret: one without our labels is its own as well (made by hand).
    """
    found = False
    for kind in (kinds.SECRETS, kinds.SERVICES, kinds.POLICIES, kinds.INGRESSES):
        for title in (name, f"{name}-api") if kind is kinds.SERVICES else (name,):
            path = kind.path(cluster.namespace, title)
            try:
                if not (keyed and kind is kinds.SECRETS):  # deleting needs no right to read it
                    there = cluster.client.get(path)
                    if (there["metadata"].get("labels") or {}).get(record.JOB) != name:
                        continue
                cluster.client.delete(path)
                found = True
            except (NotFound, PermissionDenied):
                continue
    return found


def _wait_for_pods(cluster: Cluster, name: str, bound: float) -> None:
    """Until no pod of the job runs any more.

    Raises:
        BackendError: some still do; named, with node and what holds them.
    """
    deadline = time.monotonic() + bound
    while alive := _alive(cluster, name):
        if time.monotonic() > deadline:
            raise _not_ended(name, alive, bound)
        time.sleep(STEP_S)


def _alive(cluster: Cluster, name: str) -> list[dict[str, Any]]:
    return [
        p
        for p in cluster.pods.read(name, fresh=True)
        if (p.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
    ]


def _not_ended(name: str, alive: list[dict[str, Any]], bound: float) -> BackendError:
    return BackendError(
        f"After {bound:.0f} s pods of {name!r} have not ended: "
        f"{'; '.join(_still(p) for p in alive)}.",
        hint="A node that doesn't answer keeps its pods until it is back or removed.",
    )


def _still(pod: dict[str, Any]) -> str:
    meta = pod["metadata"]
    node = (pod.get("spec") or {}).get("nodeName") or "no node"
    holders = meta.get("finalizers") or []
    held = f", held by the finalizer {', '.join(holders)}" if holders else ""
    return f"{meta['name']} on {node}{held}"


def _remove_folder(cluster: Cluster, name: str) -> None:
    folder = cluster.job_folder(name)
    processes.end_recorded(folder / "forward.json", grace=2)
    shutil.rmtree(folder, ignore_errors=True)


# -- attempts --------------------------------------------------------------------------------------


def keep_logs(cluster: Cluster, seen: Seen) -> None:
    """The pods' logs into the user's folder, before the pods go: best effort, bounded."""
    try:
        found = list(logs.now(cluster.client, cluster.namespace, seen, task=None, previous=False))
    except BackendUnavailable:
        found = []
    if not found:
        return
    folder = cluster.job_folder(seen.name)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    rows = [{"t": o.time, "task": o.task, "index": o.index, "line": o.message} for o in found]
    data = {"schema": 1, "attempt": seen.record.attempt, "lines": rows[-100_000:]}
    files.write(folder / f"attempt-{seen.record.attempt}.json", data)


def kept_logs(cluster: Cluster, name: str, attempt: int) -> list[dict[str, Any]]:
    """The lines kept of an attempt: ``{"t", "task", "index", "line"}``."""
    found = files.read(cluster.job_folder(name) / f"attempt-{attempt}.json") or {}
    return list(found.get("lines") or []) if found.get("schema") == 1 else []


# -- the lease -------------------------------------------------------------------------------------


def extend(cluster: Cluster, seen: Seen, seconds: float) -> float:
    """Move the lease's end: on the head's pod, whose script reads it, and on the workload.

    Raises:
        NotSupported: it has no lease, or has ended.
        PermissionDenied: pods may not be changed here.
    """
    if seen.spec.lease_seconds is None or seen.over:
        what = "has ended" if seen.over else "has no lease: it runs until it is stopped"
        raise NotSupported(f"{seen.name!r} {what}.", hint="`launch(…, lease='8h')` gives one.")
    head = next((p for p in seen.pods if p.task == seen.spec.main.name), None)
    if head is None:
        raise NotSupported(
            f"{seen.name!r} has no pod yet: its lease begins when its head starts.",
            hint="Extend it once it is scheduled.",
        )
    start = seen.lease or time.time() + seen.spec.lease_seconds
    until = max(start, time.time()) + seconds
    note = {"metadata": {"annotations": {record.LEASE_UNTIL: f"{until:.0f}"}}}
    cluster.client.patch(kinds.PODS.path(cluster.namespace, head.name), note)
    cluster.client.patch(_kind(seen.record).path(cluster.namespace, seen.name), note)
    return float(f"{until:.0f}")
