"""Which requests take a proxy of the environment: one rule for all who ask an engine."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from jupyter_crater import metrics
from jupyter_crater.addresses import by_proxy, past_proxy
from jupyter_crater.clients import webui
from jupyter_crater.clients.watch import Target, probe
from jupyter_crater.server import forward
from jupyter_crater.spec import Connect


@pytest.mark.parametrize(
    ("url", "told", "given"),
    [
        ("http://127.0.0.1:8000", False, False),
        ("https://localhost:8000", False, False),
        ("http://10.0.0.7:8000", False, True),
        ("http://r1.example.org", False, True),
        ("https://r1.example.org", True, True),
    ],
)
def test_who_takes_a_proxy(url, told, given):
    assert by_proxy(url) is told
    assert by_proxy(url, given=True) is given


def test_hosts_are_added_to_those_that_take_none():
    env = {"NO_PROXY": "example.org"}
    assert past_proxy(env, "10.0.0.7")["no_proxy"] == "example.org,127.0.0.1,localhost,10.0.0.7"


@pytest.fixture
def server():
    """Answers as an engine does, and keeps what it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["Authorization"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"data": []}' if "models" in self.path else b"vllm:x 1\n")

        def log_message(self, *_):
            return

    # Another address than 127.0.0.1, as a pod's is.
    with ThreadingHTTPServer(("127.0.0.2", 0), Handler) as found:
        found.asked = asked
        Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


@pytest.fixture
def proxy(server, monkeypatch):
    """The environment names a proxy: the server itself, which is then asked for whole addresses."""
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.2:{server.server_port}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


def test_a_jobs_plain_address_is_no_proxys(server, proxy):
    pod = f"http://127.0.0.2:{server.server_port}"
    assert probe(Target(f"{pod}/v1", "k"), "r1").ok
    metrics.fetch(pod, "k")
    assert server.asked == [("/v1/models", "Bearer k"), ("/metrics", "Bearer k")]


def test_a_given_address_goes_as_the_environment_says(server, proxy):
    assert probe(Target("http://engine.example.org/v1", "k"), "it", given=True).ok
    assert server.asked == [("http://engine.example.org/v1/models", "Bearer k")]


def test_open_webui_goes_the_same_way():
    pod = Target("http://10.0.0.7:8000/v1", "k")
    env = webui.settings({"HTTP_PROXY": "http://p:1"}, data="d", port=1)
    found = webui.target_settings(env, Connect(job="r1"), pod)
    assert found["no_proxy"] == found["NO_PROXY"] == "127.0.0.1,localhost,10.0.0.7"
    assert "no_proxy" not in webui.target_settings(env, Connect(url=pod.url), pod)


def test_the_engine_proxy_goes_the_same_way():
    ((_, _, settings),) = forward.routes("/")
    assert {env: client.trust_env for env, client in settings["clients"].items()} == {
        False: False,
        True: True,
    }
