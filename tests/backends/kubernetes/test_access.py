"""Which cluster and as whom, from kubeconfig files; no server is asked."""

from __future__ import annotations

import sys

import pytest
import yaml
from kubernetes.config import incluster_config

from jupyter_crater.backends.kubernetes import access
from jupyter_crater.errors import AuthenticationError, ConfigError


def kubeconfig(user, current="lab"):
    named = {"name": "lab", "context": {"cluster": "c", "user": "u", "namespace": "team"}}
    other = {"name": "home", "context": {"cluster": "c", "user": "u"}}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [named, other],
        **({"current-context": current} if current else {}),
    }


@pytest.fixture
def write(tmp_path, monkeypatch):
    file = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(file))

    def put(user, **options):
        file.write_text(yaml.safe_dump(kubeconfig(user, **options)))
        return file

    return put


def test_the_current_context_or_the_one_named(write):
    write({"token": "abc"})
    found = access.open_access()
    assert (found.server, found.namespace, found.context) == ("http://127.0.0.1:1", "team", "lab")
    assert found.headers() == {"authorization": "Bearer abc"}
    assert access.open_access("home").namespace == "default"


def test_a_wrong_context_names_the_nearest(write):
    write({"token": "abc"})
    with pytest.raises(ConfigError, match="no context 'labb'") as caught:
        access.open_access("labb")
    assert "'lab'" in caught.value.hint


def test_no_current_context(write):
    write({"token": "abc"}, current=None)
    with pytest.raises(ConfigError, match="no current context") as caught:
        access.open_access()
    assert "lab, home" in caught.value.hint
    assert access.open_access("lab").namespace == "team"


def test_no_cluster_at_all(monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setattr(access, "ACCOUNT", tmp_path)
    with pytest.raises(ConfigError, match="no Kubernetes cluster"):
        access.open_access()


def test_a_broken_file(write):
    write({}).write_text("a: [")
    with pytest.raises(ConfigError, match="can't be read"):
        access.open_access()


def plugin(tmp_path, text):
    script = tmp_path / "login.py"
    script.write_text(text)
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": [str(script)],
            "interactiveMode": "Never",
        }
    }


COUNTING = """\
import json, pathlib
count = pathlib.Path(__file__).with_suffix(".count")
number = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(number))
kind = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
print(json.dumps(kind | {"status": {"token": f"t{number}"}}))
"""


def test_a_login_plugin_is_asked_again_on_renewal(write, tmp_path):
    write(plugin(tmp_path, COUNTING))
    found = access.open_access()
    before = found.headers()["authorization"]
    assert found.headers()["authorization"] == before
    found.renew()
    assert found.headers()["authorization"] != before


def test_a_login_plugin_that_fails(write, tmp_path):
    write(plugin(tmp_path, "raise SystemExit('no such user')"))
    with pytest.raises(AuthenticationError, match="login to the cluster"):
        access.open_access().headers()


def test_scopes_tell_namespaces_apart(write):
    write({"token": "abc"})
    found = access.open_access()
    assert found.scope("a") != found.scope("b")
    assert found.scope("a") == access.open_access("home").scope("a")


@pytest.fixture
def in_a_pod(monkeypatch, tmp_path):
    """The service account's files, as the kubelet mounts and rotates them."""
    account = tmp_path / "account"
    account.mkdir()
    (account / "token").write_text("t1")
    (account / "ca.crt").write_text("a certificate")
    (account / "namespace").write_text("team\n")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(access, "ACCOUNT", account)
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(account / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(account / "ca.crt"))
    return account


def test_inside_a_cluster(in_a_pod):
    found = access.open_access()
    assert (found.server, found.namespace, found.context) == ("https://10.0.0.1:443", "team", None)
    assert found.inside
    assert found.headers()["authorization"].lower() == "bearer t1"
    (in_a_pod / "token").write_text("t2")
    found.renew()
    assert found.headers()["authorization"].lower() == "bearer t2"


@pytest.mark.parametrize(
    ("host", "inside"),
    [("127.0.0.1", True), ("127.0.0.10", False), ("127.0.0", False), ("", False)],
)
def test_a_kubeconfig_in_a_pod_of_that_cluster(write, monkeypatch, host, inside):
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    write({"token": "abc"})
    assert access.open_access().inside is inside


def test_a_login_that_leads_elsewhere_is_not_taken(in_a_pod, write):
    """A kubeconfig that appears meanwhile is another cluster's."""
    (in_a_pod.parent / "kubeconfig").unlink(missing_ok=True)
    found = access.open_access()
    write({"token": "of another cluster"})
    with pytest.raises(AuthenticationError, match="leads to"):
        found.renew()
    assert found.headers()["authorization"].lower() == "bearer t1"
