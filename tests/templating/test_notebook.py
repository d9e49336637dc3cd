"""Tutorial 07, up to its launch; with the engine all notebooks run elsewhere."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "07-your-own-template.ipynb"


@pytest.fixture
def printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What each cell that needs no engine said."""
    for name in ("XDG_CONFIG_HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    shutil.copy(NOTEBOOK, tmp_path)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells = [
        c
        for c in notebook.cells
        if c.cell_type == "code" and "engine" not in c.metadata.get("tags", [])
    ]
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    said = []
    for cell in notebook.cells:
        texts = [o.get("text") or o["data"]["text/plain"] for o in cell.outputs]
        said.append("".join(texts))
    return said


def test_the_tutorial_says_what_it_promises(printed: list[str]) -> None:
    first, configured, written, shown, form, rendered, wrong, _, broken, repaired = printed
    assert "deepseek-r1-distributed" in first
    assert "template_folders = [" in configured
    assert "lab-chat.yaml" in written
    assert "<Template lab-chat 1: Chat for the lab>" in shown
    assert shown.endswith("False"), "trust_remote_code is fixed"
    assert "widgets.Picker object" in form
    assert "'VLLM_LOGGING_LEVEL': 'WARNING'" in rendered
    assert "vllm/vllm-openai:v0.8.5.post1" in rendered
    assert "Did you mean 'max_model_len'" in wrong
    assert "Did you mean 'INFO'" in wrong
    assert "at most 8192 tokens" in wrong
    assert "lab-eval.yaml:7: parameters.questions.minimun" in broken
    assert "lab-chat" in broken
    assert "--questions=7" in repaired
