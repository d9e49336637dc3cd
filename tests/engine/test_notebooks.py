"""The tutorials, run as a reader runs them: in a kernel, against the real engine."""

from __future__ import annotations

from pathlib import Path

import nbclient
import nbformat
import pytest

import jupyter_crater as crater
from jupyter_crater.display import MIME
from jupyter_crater.engines import clients

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]


def run(name: str, folder: Path | None = None) -> nbformat.NotebookNode:
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    where = {"metadata": {"path": str(folder)}} if folder else {}
    client = nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3", resources=where)
    client.execute()
    return notebook


def kinds(notebook: nbformat.NotebookNode, source: str) -> set[str]:
    """What the one cell has as its output that is, or calls, `source`."""
    (found,) = [c for c in notebook.cells if c.source.partition("(")[0] == source]
    return {kind for output in found.outputs for kind in output.get("data", {})}


def texts(notebook: nbformat.NotebookNode) -> str:
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found.append(output.get("text", ""))
            found += output.get("data", {}).values()
    return "\n".join(map(str, found))


def test_committed_notebooks_have_no_outputs():
    for path in NOTEBOOKS.glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        assert not any(cell.get("outputs") for cell in notebook.cells), path.name


def test_01_the_main_job(real_job):
    notebook = run("01-the-main-job.ipynb")
    shown = texts(notebook)
    assert "force" in shown
    assert "127.0.0.1" in shown
    assert "rank 1 (pipeline stage 1)" in shown
    assert "401" in shown
    assert real_job.api_key not in shown
    assert WIDGET in kinds(notebook, "crater.picker")
    assert WIDGET in kinds(notebook, "job.chat")
    assert MIME in kinds(notebook, "job")
    (said,) = [c for c in notebook.cells if c.source.startswith("%%chat")]
    (answer,) = said.outputs
    assert "force" in answer.data["text/markdown"], "kept in the notebook"
    assert real_job.phase == "stopped", "its last cell stops the job"


def test_05_open_webui(real_state, engine_environment):
    clients.install()
    notebook = run("05-open-webui.ipynb")
    shown = texts(notebook)
    assert "Waiting for 'deepseek-r1-distributed'" in shown
    assert "http://127.0.0.1:" in shown
    assert "['SmolLM2-135M-Instruct'" in shown
    assert "'deepseek-r1-distributed' has ended (stopped" in shown
    assert "open-webui" not in [j.name for j in crater.jobs("local")], "its last cell removes it"


def test_06_when_it_goes_wrong(real_state, engine_environment):
    notebook = run("06-when-it-goes-wrong.ipynb")
    shown = texts(notebook)
    for right in (
        "Legal: [1, 3, 9]",
        "The start command has a flag or value this engine does not know [high]",
        "The KV cache is too small for the context length [high]",
        "(2, 'serving')",
        "refused: 401",
        "vLLM server: signalled (exit code -9)",
        "# too-small: failed (engine-died)",
    ):
        assert right in shown, shown
    assert {"unknown-flag", "too-small"}.isdisjoint(j.name for j in crater.jobs("local"))


def test_07_your_own_template(real_state, engine_environment, tmp_path):
    notebook = run("07-your-own-template.ipynb", tmp_path)
    shown = texts(notebook)
    assert "lab-eval.yaml:7: parameters.questions.minimun" in shown
    assert WIDGET in kinds(notebook, "crater.picker")
    assert WIDGET in kinds(notebook, "job.chat")
    assert MIME in kinds(notebook, "job")
    (asked,) = [c for c in notebook.cells if c.source.startswith("print(job.ask(")]
    assert "force" in asked.outputs[0].text
    assert "lab-chat" not in [j.name for j in crater.jobs("local")], "its last cell removes it"
