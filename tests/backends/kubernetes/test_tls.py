"""Over TLS, as every real API server speaks: certificate checked, requests and forwards alike."""

from __future__ import annotations

import ssl
import subprocess

import pytest
import yaml

from jupyter_crater.backends.kubernetes import access, portforward
from jupyter_crater.backends.kubernetes.client import Client
from jupyter_crater.errors import BackendUnavailable

from .memory import Memory
from .scripted import status
from .test_forward import engine, talk

__all__ = ["engine"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=double", "-addext", "subjectAltName=IP:127.0.0.1,DNS:other.name"),
            *("-keyout", str(folder / "key"), "-out", str(folder / "ca.crt")),
        ],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture
def api(certificate, tmp_path, monkeypatch):
    made = Memory()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "ca.crt", certificate / "key")
    made.server.socket = context.wrap_socket(made.server.socket, server_side=True)
    made.url = made.url.replace("http:", "https:")

    def configure(**cluster):
        tree = {
            "current-context": "d",
            "clusters": [{"name": "c", "cluster": {"server": made.url} | cluster}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "d", "context": {"cluster": "c", "user": "u"}}],
        }
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump(tree))
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
        return access.open_access()

    made.configure = configure
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.parametrize(
    "trust",
    [
        lambda folder: {"certificate-authority": str(folder / "ca.crt")},
        lambda folder: {
            "certificate-authority": str(folder / "ca.crt"),
            "tls-server-name": "other.name",
        },
        lambda folder: {"insecure-skip-tls-verify": True},
    ],
)
def test_requests_and_forwards(api, certificate, engine, trust):
    found = api.configure(**trust(certificate))
    api.targets["p"] = engine
    assert Client(found).items("/api/v1/namespaces/default/pods")[0] == []
    with portforward.open_port(found, "default", "p", 8000) as sock:
        large = b"x" * 300_000
        assert talk(sock, large) == large


def test_a_server_that_nobody_vouches_for(api, monkeypatch):
    found = api.configure()
    with pytest.raises(BackendUnavailable, match="certificate verify failed"):
        Client(found).get("/api/v1/namespaces/default/pods")
    with pytest.raises(BackendUnavailable, match="certificate verify failed"):
        portforward.open_port(found, "default", "p", 8000)


def test_a_client_certificate_is_renewed(api, certificate, tmp_path, monkeypatch):
    """As logins that last an hour do; the server knows one until the connection ends."""
    seen = []
    accept = api.server.get_request

    def get_request():
        request, address = accept()
        seen.append(dict(pair for (pair,) in request.getpeercert()["subject"])["commonName"])
        return request, address

    api.server.get_request = get_request
    api.server.socket.context.verify_mode = ssl.CERT_REQUIRED
    api.server.socket.context.load_verify_locations(certificate / "ca.crt")
    for name in ("one", "two"):
        sign = [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-CA", str(certificate / "ca.crt"), "-CAkey", str(certificate / "key")),
            *("-subj", f"/CN={name}", "-keyout", str(tmp_path / f"{name}.key")),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
            *("-out", str(tmp_path / f"{name}.crt")),
        ]
        subprocess.run(sign, check=True, capture_output=True)
    found = api.configure(**{"certificate-authority": str(certificate / "ca.crt")})
    tree = yaml.safe_load((tmp_path / "kubeconfig").read_text())

    def login(name):
        tree["users"][0]["user"] = {
            "client-certificate": str(tmp_path / f"{name}.crt"),
            "client-key": str(tmp_path / f"{name}.key"),
        }
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump(tree))

    login("one")
    found = access.open_access()
    client = Client(found)
    path = "/api/v1/namespaces/default/pods"
    assert client.items(path)[0] == []
    login("two")
    api.fault = lambda *_: status(401, "Unauthorized") if seen[-1] == "one" else None
    assert client.items(path)[0] == []
    assert seen == ["one", "two"]
