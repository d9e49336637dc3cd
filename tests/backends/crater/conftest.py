"""Every test speaks HTTP to a Crater server: the double in this process, or ``--crater-url URL``
with JUPYTER_CRATER_USERNAME and JUPYTER_CRATER_PASSWORD. Tests that turn the double's screws (the
fixture ``world``) are left out there: nobody makes a real platform refuse or forget for a test.
"""

from __future__ import annotations

import os

import pytest

from jupyter_crater.backends.crater.client import Client
from jupyter_crater.backends.crater.observe import Poller
from tests.doubles.crater_server import App, InProcess, seed

URL = "https://crater.example.com"


@pytest.fixture(scope="session")
def crater_url(request):
    return request.config.getoption("--crater-url")


@pytest.fixture(autouse=True)
def _own_state(tmp_path, monkeypatch, crater_url):
    monkeypatch.setenv("JUPYTER_CRATER_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("JUPYTER_CRATER_CONFIG", raising=False)
    if not crater_url:
        for word in ("USERNAME", "PASSWORD", "METHOD"):
            monkeypatch.delenv(f"JUPYTER_CRATER_{word}", raising=False)


@pytest.fixture
def _world(crater_url):
    return None if crater_url else seed()


@pytest.fixture
def world(_world):
    """The double's inside; only there."""
    if _world is None:
        pytest.skip("needs the double's inside; this run speaks to a server alone")
    return _world


@pytest.fixture
def transport(_world):
    return InProcess(App(_world)) if _world else None


@pytest.fixture
def url(crater_url):
    return crater_url or URL


@pytest.fixture
def login():
    """Username and password."""
    return (
        os.environ.get("JUPYTER_CRATER_USERNAME", "alice"),
        os.environ.get("JUPYTER_CRATER_PASSWORD", "wonderland"),
    )


@pytest.fixture
def client(url, transport, login):
    found = Client(url, transport=transport, pause=lambda _s: None)
    found.login(*login)
    yield found
    found.close()


@pytest.fixture
def backend(url, client):
    """The backend over that client."""
    from jupyter_crater.backends.crater.backend import CraterBackend

    return CraterBackend(url=url, client=client, poller=Poller(interval=0.0), pause=client._pause)
