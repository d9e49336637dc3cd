"""Where `Job.open()` finds a JupyterLab; that it opens there is tests/browser/test_chat.py."""

import httpx
import pytest

from jupyter_crater.errors import NotSupported
from jupyter_crater.widgets import opening


@pytest.fixture
def servers(monkeypatch):
    """Two servers, the first of another state folder."""
    found = [("http://127.0.0.1:1/", "one"), ("http://127.0.0.1:2/user/jo/", "two")]
    asked = []

    def get(url, params, headers, timeout, trust_env):
        assert not trust_env, "a proxy would have the token"
        asked.append((url, params, headers["Authorization"]))
        return httpx.Response(200 if "/user/jo/" in url else 404)

    monkeypatch.setattr(opening, "_servers", lambda: found)
    monkeypatch.setattr(httpx, "get", get)
    return found, asked


def test_the_server_that_knows_the_job(servers, launch):
    job = launch(wait=False)
    address = opening.lab_page(job)
    assert address == (
        "http://127.0.0.1:2/user/jo/lab?crater-job=deepseek-r1-distributed"
        "&crater-backend=local&token=two"
    )
    _, asked = servers
    assert [each[2] for each in asked] == ["token one", "token two"]


def test_without_one_it_says_what_works(servers, launch):
    found, _ = servers
    found.pop()
    with pytest.raises(NotSupported, match="No JupyterLab runs here") as refused:
        opening.lab_page(launch(wait=False))
    assert "jupyter crater chat deepseek-r1-distributed" in str(refused.value.hint)
