"""No template of the person who runs the tests is in sight."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-config"))
    for name in [n for n in os.environ if n.startswith("JUPYTER_CRATER_")]:
        monkeypatch.delenv(name)
