"""What GPUs a cluster has and how many are free: pure over nodes and pods, quotas where no more is told."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from ...catalog import gpus
from ...errors import CraterError, ParameterError
from . import kinds
from .client import Client

_PRODUCT = "nvidia.com/gpu.product"
_GPU = re.compile(r"^(?:nvidia|amd)\.com/|gpu", re.IGNORECASE)
_NOT_GPU = re.compile(r"\.(?:product|memory|count)$|gpumem|gpucores")

Row = dict[str, Any]


def ask(client: Client, namespace: str) -> Row:
    """``{"source", "message", "nodes", "gpus", "quotas"}``; rights decide how much of it is known.

    ``source``: "nodes" (free ones are counted), "nodes without pods" (free is null), "quota" or
    "unknown". Each of ``nodes`` is ``{"node", "gpu", "kind", "resource", "total", "free",
    "memory_gib", "compute_capability", "open"}``: ``kind`` is "whole", "mig" or "shared" (a
    time-sliced card is counted in replicas and can't carry tensor parallel); ``open`` is false where
    nothing is placed now. ``gpus`` sums them by type; ``largest_free`` is what one node has.
    Never an error: what may not be asked is unknown.
    """
    quotas = _quotas(_try(client, kinds.QUOTAS.path(namespace)) or [])
    found = _try(client, kinds.NODES.path(None))
    if found is None:
        source = "quota" if quotas else "unknown"
        text = "You may not list the cluster's nodes" + (
            "; your quota stands below." if quotas else ", and no quota names GPUs."
        )
        return {"source": source, "message": text, "nodes": [], "gpus": [], "quotas": quotas}
    running = "status.phase!=Succeeded,status.phase!=Failed"
    pods = _try(client, kinds.PODS.path(None), fieldSelector=running)
    rows = of_nodes(found, pods)
    source = "nodes" if pods is not None else "nodes without pods"
    text = "" if pods is not None else "You may not list all pods: how many are free is unknown."
    return {
        "source": source,
        "message": text,
        "nodes": rows,
        "gpus": by_type(rows),
        "quotas": quotas,
    }


def _try(client: Client, path: str, **params: str) -> list[dict[str, Any]] | None:
    try:
        return client.items(path, **params)[0]
    except CraterError:
        return None


def of_nodes(nodes: Iterable[Row], pods: Iterable[Row] | None) -> list[Row]:
    """One row for each node and GPU resource."""
    used = _used(pods) if pods is not None else None
    found = []
    for node in nodes:
        name = node["metadata"]["name"]
        labels = node["metadata"].get("labels") or {}
        allocatable = (node.get("status") or {}).get("allocatable") or {}
        for resource, amount in sorted(allocatable.items()):
            if not is_gpu(resource) or not (total := _count(amount)):
                continue
            taken = None if used is None else used[name, resource]
            found.append(
                {
                    "node": name,
                    **_type(resource, labels),
                    "resource": resource,
                    "total": total,
                    "free": None if taken is None else max(0, total - taken),
                    "open": _open(node),
                }
            )
    return found


def is_gpu(resource: str) -> bool:
    return bool(_GPU.search(resource)) and not _NOT_GPU.search(resource)


def _count(amount: Any) -> int:
    text = str(amount)
    return int(text) if text.isdecimal() else 0


def _open(node: Row) -> bool:
    """Whether the scheduler places anything there: ready, and not being drained."""
    if (node.get("spec") or {}).get("unschedulable"):
        return False
    conditions = (node.get("status") or {}).get("conditions") or []
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def _type(resource: str, labels: dict[str, str]) -> Row:
    product = labels.get(_PRODUCT, "")
    slice_ = re.search(r"mig-(\d+g\.\d+gb)", f"{resource} {product}", re.IGNORECASE)
    shared = (
        product.endswith("-SHARED")
        or resource.endswith(".shared")
        or labels.get("nvidia.com/gpu.sharing-strategy") in ("time-slicing", "mps")
        or _count(labels.get("nvidia.com/gpu.replicas", 1)) > 1
    )
    kind = "mig" if slice_ else "shared" if shared else "whole"
    word = re.sub(r"-SHARED$|-MIG-\S+$", "", product) or resource.rpartition("/")[2]
    memory = _count(labels.get("nvidia.com/gpu.memory", 0)) / 1024 or None
    capability = labels.get("nvidia.com/gpu.compute.major")
    if capability:
        capability += "." + labels.get("nvidia.com/gpu.compute.minor", "0")
    name = word
    if word not in ("gpu", "gpu.shared"):
        try:
            card = gpus.find(word.replace("-", " ") if product else word)
            name, memory = card.name, memory or card.memory_gib
            capability = capability or card.capability
        except ParameterError:
            pass  # a card that the catalog doesn't know has the name that the node gives it
    if slice_:
        name, memory = f"{name} MIG {slice_[1]}", memory if product.endswith(slice_[1]) else None
    return {
        "gpu": None if name == "gpu" else name,
        "kind": kind,
        "memory_gib": round(memory, 1) if memory else None,
        "compute_capability": capability,
    }


def _used(pods: Iterable[Row]) -> defaultdict[tuple[str, str], int]:
    """GPUs that pods hold, by node and resource: what is requested counts, used or not."""
    found: defaultdict[tuple[str, str], int] = defaultdict(int)
    for pod in pods:
        spec = pod.get("spec") or {}
        node = spec.get("nodeName")
        if not node or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            continue
        together: defaultdict[str, int] = defaultdict(int)
        for container in spec.get("containers") or []:
            for resource, amount in _limits(container).items():
                together[resource] += amount
        for container in spec.get("initContainers") or []:  # one after the other, before the rest
            for resource, amount in _limits(container).items():
                together[resource] = max(together[resource], amount)
        for resource, amount in together.items():
            found[node, resource] += amount
    return found


def _limits(container: Row) -> dict[str, int]:
    resources = container.get("resources") or {}
    both = (resources.get("requests") or {}) | (resources.get("limits") or {})
    return {name: _count(amount) for name, amount in both.items() if is_gpu(name)}


def by_type(rows: Iterable[Row]) -> list[Row]:
    """Sums over open nodes, the most first."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = (row["gpu"], row["kind"], row["resource"])
        first = {k: row[k] for k in ("gpu", "kind", "resource", "memory_gib", "compute_capability")}
        known = found.setdefault(
            key, first | {"total": 0, "free": 0, "nodes": 0, "per_node": 0, "largest_free": 0}
        )
        known["total"] += row["total"]
        known["nodes"] += 1
        known["per_node"] = max(known["per_node"], row["total"])
        if row["free"] is None:
            known["free"] = known["largest_free"] = None
        elif row["open"] and known["free"] is not None:
            known["free"] += row["free"]
            known["largest_free"] = max(known["largest_free"], row["free"])
    return sorted(found.values(), key=lambda r: (-r["total"], str(r["gpu"])))


def _quotas(documents: Iterable[Row]) -> list[Row]:
    """Quotas that speak of GPUs: ``{"quota", "resource", "hard", "used", "free"}``."""
    found = []
    for document in documents:
        status = document.get("status") or {}
        hard = status.get("hard") or (document.get("spec") or {}).get("hard") or {}
        for key, amount in sorted(hard.items()):
            resource = key.removeprefix("requests.").removeprefix("limits.")
            if not is_gpu(resource):
                continue
            used = _count((status.get("used") or {}).get(key, 0))
            found.append(
                {
                    "quota": document["metadata"]["name"],
                    "resource": resource,
                    "hard": _count(amount),
                    "used": used,
                    "free": max(0, _count(amount) - used),
                }
            )
    return found
