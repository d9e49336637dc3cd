"""What --dry-run and export need: the documents, with no cluster anywhere."""

from __future__ import annotations

import pytest

from jupyter_crater.backends import kubernetes as k8s
from jupyter_crater.backends.kubernetes import access
from jupyter_crater.backends.kubernetes.backend import KubernetesBackend
from jupyter_crater.errors import InputError


@pytest.fixture(autouse=True)
def own_configuration(monkeypatch, tmp_path):
    file = tmp_path / "config.toml"
    file.touch()
    monkeypatch.setenv("JUPYTER_CRATER_CONFIG", str(file))
    monkeypatch.setenv("JUPYTERHUB_USER", "ana")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "no-kubeconfig"))
    monkeypatch.setattr(access, "ACCOUNT", tmp_path)
    return file


def test_documents_without_a_cluster(distributed):
    backend = KubernetesBackend(namespace="team", carrier="volcano", queue="gpu")
    spec, changes = backend.prepare(distributed, "r1", given=frozenset())
    assert (spec, changes) == (distributed, [])
    documents = backend.manifest(spec, "r1")
    assert {d["metadata"]["namespace"] for d in documents} == {"team"}
    assert documents[-1]["spec"]["queue"] == "gpu"
    record = k8s.read(documents)
    assert (record.owner, record.spec) == ("ana", distributed)
    assert not [d for d in documents if d["kind"] == "Secret"]


def test_the_configuration_fills_what_nobody_said(distributed, own_configuration):
    own_configuration.write_text('[kubernetes]\nnamespace = "lab"\ncarrier = "kuberay"\n')
    backend = KubernetesBackend()
    assert backend.arguments == {}
    workload = backend.manifest(distributed, "r1")[-1]
    assert (workload["kind"], workload["metadata"]["namespace"]) == ("RayJob", "lab")


def test_bad_input_is_told_before_anything(distributed):
    with pytest.raises(InputError, match="Which carrier"):
        KubernetesBackend().prepare(distributed, "r1", given=frozenset())
    with pytest.raises(InputError, match="too long"):
        KubernetesBackend(carrier="kuberay").prepare(distributed, "r" * 50, given=frozenset())


def test_what_needs_a_cluster_says_so(distributed):
    backend = KubernetesBackend(carrier="volcano")
    with pytest.raises(InputError, match="no Kubernetes cluster"):
        backend.submit(distributed, "r1", asked=distributed, changes=[])
    with pytest.raises(InputError, match="no Kubernetes cluster"):
        backend.names()
