"""Tutorial 03 in a kernel of its own: without a cluster, and against one that is played."""

from __future__ import annotations

import base64
import threading
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.doubles.openai_server import OpenAIServer

from .playing import PLURALS, Play, api
from .test_capacity import node

__all__ = ["api"]
NOTEBOOK = Path(__file__).parents[3] / "notebooks" / "03-on-kubernetes.ipynb"
NAME = "deepseek-r1-distributed"


def run(folder: Path, *, cluster: bool) -> str:
    """What its cells said."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells = [
        c
        for c in notebook.cells
        if c.cell_type == "code" and (cluster or "cluster" not in c.metadata.get("tags", []))
    ]
    NotebookClient(notebook, timeout=90, resources={"metadata": {"path": str(folder)}}).execute()
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found.append(output.get("text", ""))
            found.append(str(output.get("data", {}).get("text/plain", "")))
    return "\n".join(found)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in ("XDG_CONFIG_HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))


def test_without_a_cluster(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    shown = run(tmp_path, cluster=False)
    assert "starts only if all 2 pods can; queue: default" in shown
    assert "ray.io/v1 RayJob HTTPMode" in shown
    assert "('NetworkPolicy', 'deepseek-r1-distributed')" in shown


@pytest.mark.slow
def test_on_a_cluster(api, tmp_path):
    api.put("v1/nodes", node("a", {"nvidia.com/gpu": "8"}))
    play = Play(api, NAME)
    with OpenAIServer(key=None, model="DeepSeek-R1-Distill-Qwen-32B") as engine:

        def start():
            play.serve()
            secret = api.get("v1/secrets", NAME)["data"]
            engine.key = base64.b64decode(secret["api-key"]).decode()
            api.targets[f"{NAME}-head-0"] = ("127.0.0.1", engine.port)

        def controllers(method, path, query):
            if method == "POST" and path.endswith("/jobs") and "dryRun" not in query:
                threading.Timer(1, start).start()
            if method == "POST" and path.endswith("/commands"):
                for pod in play.each():
                    api.drop("v1/pods", f"{NAME}-{pod}")
                play.state("Aborted")

        api.fault = controllers
        shown = run(tmp_path, cluster=True)
    assert "'gpu': 'V100-32GB'" in shown
    assert "10.0.0.7 http://127.0.0.1:" in shown
    assert "word1 word2" in shown, "the engine answered through the forward"
    assert "stopped" in shown
    assert api.names(PLURALS["volcano"]) == []
    assert {
        k for k in api.objects if k[0] not in ("v1/nodes", "bus.volcano.sh/v1alpha1/commands")
    } == set()
