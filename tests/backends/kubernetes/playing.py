"""A cluster to play with: a server in memory, a kubeconfig that leads there, and its controllers."""

from __future__ import annotations

import copy
import threading
import uuid

import pytest
import yaml

from jupyter_crater.backends.kubernetes import cluster, record, watch
from jupyter_crater.backends.kubernetes.backend import KubernetesBackend

from ...waiting import until
from .memory import Memory, now

PLURALS = {
    "volcano": "batch.volcano.sh/v1alpha1/jobs",
    "kuberay": "ray.io/v1/rayjobs",
    "kubernetes": "batch/v1/jobs",
}


@pytest.fixture
def api(tmp_path, monkeypatch):
    """The server; ``KUBECONFIG`` leads to it, the configuration and the state are the test's own."""
    made = Memory()
    tree = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [{"name": "c", "cluster": {"server": made.url}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [
            {"name": "lab", "context": {"cluster": "c", "user": "u", "namespace": "team"}}
        ],
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(tree))
    (tmp_path / "config.toml").touch()
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.setenv("JUPYTER_CRATER_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("JUPYTER_CRATER_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("JUPYTERHUB_USER", "ana")
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr(watch, "PATIENCE_S", 0.5)
    monkeypatch.setattr(watch, "FRESH_S", 0.05)
    yield made
    as_a_new_process()
    made.close()
    until(lambda: not ours(), seconds=20, what="the end of every thread that was started here")


def as_a_new_process():
    """What this process knows of clusters is forgotten."""
    for each in set(cluster._CLUSTERS.values()):
        each.close()
    cluster._CLUSTERS.clear()


def ours():
    """Threads of the backend: watches, logs and forwards."""
    words = ("watch of", "log of", "forward to")
    return [t.name for t in threading.enumerate() if t.name.startswith(words)]


@pytest.fixture
def backend(api):
    return KubernetesBackend(carrier="volcano")


class Play:
    """What Volcano's controller, the scheduler and the kubelets do, when a test says so."""

    def __init__(self, api, name="r1", carrier="volcano"):
        self.api, self.name, self.plural = api, name, PLURALS[carrier]

    @property
    def workload(self):
        return self.api.get(self.plural, self.name)

    def state(self, phase):
        state = {"phase": phase, "lastTransitionTime": now()}
        self.api.put(self.plural, self.workload | {"status": {"state": state}})

    def pods(self):
        """Make the pods, unplaced."""
        for task in self.workload["spec"]["tasks"]:
            for index in range(task["replicas"]):
                template = copy.deepcopy(task["template"])
                labels = template["metadata"]["labels"] | {"volcano.sh/task-index": str(index)}
                owner = {
                    "apiVersion": self.workload["apiVersion"],
                    "kind": self.workload["kind"],
                    "name": self.name,
                    "uid": self.workload["metadata"]["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
                meta = {
                    "name": f"{self.name}-{task['name']}-{index}",
                    "labels": labels,
                    "ownerReferences": [owner],
                    "uid": str(uuid.uuid4()),
                    "creationTimestamp": now(),
                }
                pod = {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "metadata": meta,
                    "spec": template["spec"],
                }
                self.api.put("v1/pods", pod | {"status": {"phase": "Pending"}})

    def change(self, pod, **status):
        found = copy.deepcopy(self.api.get("v1/pods", f"{self.name}-{pod}"))
        found["status"] = found["status"] | status
        return self.api.put("v1/pods", found)

    def unschedulable(self, message):
        why = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
        for pod in self.each():
            self.change(pod, conditions=[why | {"message": message}])

    def each(self):
        names = [
            n
            for n in self.api.names("v1/pods")
            if self.api.get("v1/pods", n)["metadata"]["labels"].get(record.JOB) == self.name
        ]
        return [n.removeprefix(f"{self.name}-") for n in names]

    def run(self, *pods, ip="10.0.0.7"):
        """Place and start pods (all unless named)."""
        for pod in pods or self.each():
            found = copy.deepcopy(self.api.get("v1/pods", f"{self.name}-{pod}"))
            found["spec"]["nodeName"] = f"node-{pod}"
            container = found["spec"]["containers"][0]["name"]
            found["status"] = {
                "phase": "Running",
                "podIP": ip,
                "conditions": [self._condition("PodScheduled"), self._condition("Ready", "False")],
                "containerStatuses": [
                    {
                        "name": container,
                        "state": {"running": {"startedAt": now()}},
                        "started": False,
                    }
                ],
            }
            self.api.put("v1/pods", found)
            self.api.logs.setdefault((f"{self.name}-{pod}", "now"), [])

    def ready(self, pod="head-0", status="True"):
        found = copy.deepcopy(self.api.get("v1/pods", f"{self.name}-{pod}"))["status"]
        conditions = [found["conditions"][0], self._condition("Ready", status)]
        containers = [c | {"started": True} for c in found["containerStatuses"]]
        self.change(pod, conditions=conditions, containerStatuses=containers)

    def die(self, pod, code=1, reason="Error", **status):
        found = self.api.get("v1/pods", f"{self.name}-{pod}")["status"]
        gone = {"terminated": {"exitCode": code, "reason": reason, "finishedAt": now()}}
        containers = [c | {"state": gone} for c in found["containerStatuses"]]
        self.change(pod, phase="Failed", containerStatuses=containers, **status)

    def serve(self):
        self.pods()
        self.run()
        self.state("Running")
        self.ready()

    @staticmethod
    def _condition(kind, status="True"):
        return {"type": kind, "status": status, "lastTransitionTime": now()}


@pytest.fixture
def play(api):
    return Play(api)


__all__ = ["Play", "api", "as_a_new_process", "backend", "play"]
