"""The API double as a process of its own, with just enough of a job controller and a kubelet: the pods
of a plain Job run, answer HTTP through their port-forward, and end when the Job is suspended; there is
one node, without GPUs."""

from __future__ import annotations

import copy
import subprocess
import sys
import tempfile
import threading
import uuid
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

from .memory import Memory, now

ROOT = Path(__file__).parents[3]
JOBS = "batch/v1/jobs"


@contextmanager
def elsewhere(folder: Path):
    """Such a process; the path of a kubeconfig that leads there."""
    command = [sys.executable, "-m", "tests.backends.kubernetes.small_cluster"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as double:
        try:
            url = double.stdout.readline().strip()
            tree = {
                "current-context": "double",
                "clusters": [{"name": "c", "cluster": {"server": url}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "contexts": [{"name": "double", "context": {"cluster": "c", "user": "u"}}],
            }
            (folder / "kubeconfig").write_text(yaml.safe_dump(tree))
            yield folder / "kubeconfig"
        finally:
            double.stdin.close()


def run_pods(api: Memory, page) -> None:
    """One turn of the controllers."""
    with api.changed:
        for name in api.names(JOBS):
            job = copy.deepcopy(api.get(JOBS, name))
            meta, spec = job["metadata"], job["spec"]
            pods = [p for p in api.names("v1/pods") if _owner(api, p) == meta["uid"]]
            if spec.get("suspend") and pods:
                for pod in pods:
                    api.drop("v1/pods", pod)
                held = {"type": "Suspended", "status": "True", "lastTransitionTime": now()}
                api.put(JOBS, job | {"status": {"conditions": [held]}})
            elif not pods and not spec.get("suspend") and "deletionTimestamp" not in meta:
                for index in range(spec.get("completions") or 1):
                    pod = _pod(job, index)
                    api.targets[pod["metadata"]["name"]] = page
                    api.put("v1/pods", pod)
                api.put(JOBS, job | {"status": {"active": spec.get("completions") or 1}})


def _owner(api: Memory, pod: str) -> str:
    return (api.get("v1/pods", pod)["metadata"].get("ownerReferences") or [{"uid": ""}])[0]["uid"]


def _pod(job, index: int):
    meta, template = job["metadata"], copy.deepcopy(job["spec"]["template"])
    owner = {k: job[k] for k in ("apiVersion", "kind")} | {k: meta[k] for k in ("name", "uid")}
    number = {"batch.kubernetes.io/job-completion-index": str(index)}
    container = template["spec"]["containers"][0]
    true = {"status": "True", "lastTransitionTime": now()}
    began = {"running": {"startedAt": now()}}
    status = {
        "phase": "Running",
        "podIP": "10.0.0.7",
        "conditions": [true | {"type": "PodScheduled"}, true | {"type": "Ready"}],
        "containerStatuses": [{"name": container["name"], "started": True, "state": began}],
    }
    if "nvidia.com/gpu" in (container.get("resources") or {}).get("limits", {}):
        text = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."
        no = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": text}
        status = {"phase": "Pending", "conditions": [no]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{meta['name']}-{index}-{uuid.uuid4().hex[:5]}",
            "namespace": meta["namespace"],
            "labels": template["metadata"]["labels"] | number,
            "ownerReferences": [owner | {"controller": True, "blockOwnerDeletion": True}],
        },
        "spec": template["spec"] | ({"nodeName": "node-a"} if status["phase"] == "Running" else {}),
        "status": status,
    }


class Page(SimpleHTTPRequestHandler):
    """What every container is here."""

    def log_message(self, *words):
        pass


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        handler = partial(Page, directory=folder)
        page = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=page.serve_forever, daemon=True).start()
        api = Memory()
        ended = threading.Event()

        def control() -> None:
            while not ended.wait(0.2):
                run_pods(api, page.server_address)

        threading.Thread(target=control, daemon=True).start()
        print(api.url, flush=True)
        sys.stdin.read()
        ended.set()


if __name__ == "__main__":
    main()
