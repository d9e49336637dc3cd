"""Fixtures of all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from jupyter_crater import api, processes
from jupyter_crater.backends.local import store

# The machine that runs the tests may be busy: slowness is for benchmarks to tell.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

STAND_IN = Path(__file__).parent / "doubles" / "stand_in"


def pytest_addoption(parser):
    parser.addoption("--crater-url", help="tests/backends/crater: speak to this Crater server")
    parser.addoption("--kubeconfig", help="tests/backends/kubernetes/test_real.py: on this cluster")


def pytest_collection_modifyitems(config, items):
    """What needs running pods is chosen only where there is a cluster that runs them."""
    if config.getoption("--kubeconfig"):
        return
    left = [item for item in items if item.get_closest_marker("cluster")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if not item.get_closest_marker("cluster")]


@pytest.fixture
def state(tmp_path, monkeypatch):
    """An empty state folder; at the end nothing of any job in it may be running."""
    monkeypatch.setenv("JUPYTER_CRATER_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("JUPYTER_CRATER_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").touch()
    yield tmp_path / "state"
    folders = [store.find(name) for name in store.names()]
    sessions = [r for f in folders for a in f.attempts() for r in a.run().get("parts", [])]
    for folder in folders:
        api.job(folder.name).delete()
    assert [p for f in folders for p in processes.marked(f.marker)] == []
    assert processes.of_sessions(sessions) == []


@pytest.fixture
def stand_in(state, monkeypatch):
    """Ray and vLLM stood in for: the process tree is real, the answers are not."""
    monkeypatch.setenv("JUPYTER_CRATER_STAND_IN", str(STAND_IN))
    return monkeypatch


@pytest.fixture
def launch(stand_in):
    """Launch the main template on stand-ins and wait until it serves."""

    def run(wait: bool = True, **options):
        job = api.launch("deepseek-r1-distributed", backend="local", **options)
        if wait:
            job.wait(timeout=60, progress=lambda status: None)
        return job

    return run


@pytest.fixture(scope="session")
def engine_environment():
    """The real engine environment of this user, made once a machine (in about a minute)."""
    from jupyter_crater.engines import environment

    return environment.install()
