"""Tutorial 02, as a reader runs it: it needs no engine."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "02-how-many-gpus.ipynb"


def test_the_tutorial_says_what_it_promises(tmp_path, monkeypatch):
    for name in ("XDG_CONFIG_HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("JUPYTER_CRATER_STATE", str(tmp_path / "state"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [o for c in notebook.cells for o in c.get("outputs", [])]
    shown = "\n".join(str(o.get("text") or o["data"]["text/plain"]) for o in outputs)
    for right in (
        "Does not fit: each of 2 × V100-32GB is 5.4 GiB short",
        "32768 tokens: TP 1 x PP 3, fits: False",
        "16384 tokens: TP 1 x PP 3, fits: True",
        "8 GPUs  TP 4 x PP 2  fits",
        "bfloat16 does not run on V100-32GB (compute capability 7.0)",
        "widgets.Calculator object",
    ):
        assert right in shown, shown
    assert any("application/vnd.jupyter.widget-view+json" in o.get("data", {}) for o in outputs)
