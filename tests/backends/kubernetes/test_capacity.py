"""GPUs by type and node: what is free, what is a slice, and what may not be known."""

from __future__ import annotations

from jupyter_crater import calls
from jupyter_crater.backends.kubernetes import capacity
from jupyter_crater.backends.kubernetes.backend import KubernetesBackend

from .playing import api, backend

__all__ = ["api", "backend"]


def node(name, resources, labels=None, *, ready=True, drained=False):
    product = {"nvidia.com/gpu.product": "Tesla-V100-SXM2-32GB", "nvidia.com/gpu.memory": "32768"}
    capability = {"nvidia.com/gpu.compute.major": "7", "nvidia.com/gpu.compute.minor": "0"}
    return {
        "metadata": {"name": name, "labels": product | capability if labels is None else labels},
        "spec": {"unschedulable": True} if drained else {},
        "status": {
            "allocatable": {"cpu": "64"} | resources,
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        },
    }


def pod(node_name, gpus, resource="nvidia.com/gpu", phase="Running", init=0):
    limits = {"limits": {resource: str(gpus)}}
    first = [{"resources": {"limits": {resource: str(init)}}}] if init else []
    return {
        "metadata": {"name": f"p-{node_name}-{gpus}-{phase}"},
        "spec": {
            "nodeName": node_name,
            "containers": [{"resources": limits}],
            "initContainers": first,
        },
        "status": {"phase": phase},
    }


def test_free_is_what_nobody_asked_for():
    nodes = [node("a", {"nvidia.com/gpu": "8"}), node("b", {"nvidia.com/gpu": "8"}, drained=True)]
    pods = [pod("a", 3), pod("a", 2, phase="Succeeded"), pod("a", 1, init=4), pod(None, 8)]
    rows = capacity.of_nodes(nodes, pods)
    assert [(r["node"], r["gpu"], r["total"], r["free"], r["open"]) for r in rows] == [
        ("a", "V100-32GB", 8, 1, True),  # 3, and 4 for the pod's start
        ("b", "V100-32GB", 8, 8, False),
    ]
    assert rows[0]["compute_capability"] == "7.0"
    (total,) = capacity.by_type(rows)
    assert (total["total"], total["free"], total["largest_free"], total["nodes"]) == (16, 1, 1, 2)


def test_slices_and_shared_cards_stand_apart():
    a100 = {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"}
    mixed = node("m", {"nvidia.com/mig-1g.10gb": "7", "nvidia.com/gpu": "1"}, a100)
    shared = {"nvidia.com/gpu.product": "Tesla-T4-SHARED", "nvidia.com/gpu.replicas": "4"}
    single = {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB-MIG-3g.40gb"}
    nodes = [
        mixed,
        node("one", {"nvidia.com/gpu": "2"}, single),
        node("s", {"nvidia.com/gpu": "4"}, shared),
    ]
    rows = capacity.of_nodes(nodes, [])
    kinds = {(r["node"], r["resource"]): (r["gpu"], r["kind"]) for r in rows}
    assert kinds == {
        ("m", "nvidia.com/gpu"): ("A100-80GB", "whole"),
        ("m", "nvidia.com/mig-1g.10gb"): ("A100-80GB MIG 1g.10gb", "mig"),
        ("one", "nvidia.com/gpu"): ("A100-80GB MIG 3g.40gb", "mig"),
        ("s", "nvidia.com/gpu"): ("T4", "shared"),
    }


def test_types_by_resource_name():
    (row,) = capacity.of_nodes([node("a", {"nvidia.com/v100": "4"}, {})], [])
    assert row["gpu"].startswith("V100")
    (row,) = capacity.of_nodes([node("a", {"nvidia.com/gpu": "4"}, {})], [])
    assert row["gpu"] is None, "nobody says which card it is"


def test_over_http_and_by_rights(api):
    api.put("v1/nodes", node("a", {"nvidia.com/gpu": "8"}))
    api.put("v1/pods", pod("a", 3))
    quota = {"requests.nvidia.com/gpu": "4", "pods": "10"}
    used = {"requests.nvidia.com/gpu": "1"}
    api.put(
        "v1/resourcequotas", {"metadata": {"name": "q"}, "status": {"hard": quota, "used": used}}
    )
    found = KubernetesBackend().capacity()
    assert (found["source"], found["gpus"][0]["free"]) == ("nodes", 5)
    api.denied = {("list", "pods")}
    found = KubernetesBackend().capacity()
    assert (found["source"], found["gpus"][0]["free"]) == ("nodes without pods", None)
    api.denied = {("list", "nodes")}
    found = KubernetesBackend().capacity()
    assert (found["source"], found["quotas"][0]["free"]) == ("quota", 3)
    api.denied |= {("list", "resourcequotas")}
    found = calls.capacity({"backend": "kubernetes"})
    assert found["capacity"]["source"] == "unknown"
    assert "may not list the cluster's nodes" in found["capacity"]["message"]
