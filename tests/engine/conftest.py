"""One real job (real Ray, real vLLM, the embedded model) for all tests of this folder."""

from __future__ import annotations

import os

import pytest

import jupyter_crater as crater
from jupyter_crater import processes
from jupyter_crater.backends.local import store

NAME = "deepseek-r1-distributed"


@pytest.fixture(scope="session")
def real_state(tmp_path_factory):
    """A state folder for the session; nothing of its jobs may be left at the end."""
    folder = tmp_path_factory.mktemp("state")
    config = folder / "config.toml"
    config.touch()
    before = {k: os.environ.get(k) for k in ("JUPYTER_CRATER_STATE", "JUPYTER_CRATER_CONFIG")}
    os.environ |= {"JUPYTER_CRATER_STATE": str(folder), "JUPYTER_CRATER_CONFIG": str(config)}
    yield folder
    found = [store.find(name) for name in store.names()]
    sessions = [r for f in found for a in f.attempts() for r in a.run().get("parts", [])]
    for each in found:
        crater.job(each.name).delete()
    assert processes.of_sessions(sessions) == []
    for key, value in before.items():
        os.environ.pop(key) if value is None else os.environ.update({key: value})


@pytest.fixture(scope="session")
def real_job(real_state, engine_environment):
    """The main job, serving: as the first tutorial launches it."""
    job = crater.launch(NAME, gpu="V100-32GB", backend="local")
    return job.wait(timeout=300)
