"""On any cluster: the double as a process of its own, or ``pytest --kubeconfig FILE``.

Everything goes through the API; the namespace is the context's, and what is made is removed again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid

import pytest

from jupyter_crater.backends import kubernetes as k8s
from jupyter_crater.backends.kubernetes import kinds
from jupyter_crater.backends.kubernetes.backend import KubernetesBackend
from jupyter_crater.errors import ConflictError, JobNotFound
from jupyter_crater.spec import Forward, JobSpec, Provenance, Task

from ...waiting import until
from .playing import as_a_new_process, ours
from .small_cluster import ROOT, elsewhere


@pytest.fixture(scope="module")
def kubeconfig(request, tmp_path_factory):
    """The file given, else one that leads to the double as a process of its own."""
    given = request.config.getoption("--kubeconfig")
    if given:
        yield given
        return
    with elsewhere(tmp_path_factory.mktemp("cluster")) as file:
        yield str(file)


@pytest.fixture
def backend(kubeconfig, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", kubeconfig)
    monkeypatch.setenv("JUPYTER_CRATER_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("JUPYTER_CRATER_STATE", str(tmp_path / "state"))
    (tmp_path / "config.toml").touch()
    as_a_new_process()
    made = KubernetesBackend(carrier="kubernetes")
    yield made
    as_a_new_process()
    until(lambda: not ours(), seconds=20, what="the end of every thread")


@pytest.fixture
def name(backend):
    made = f"crater-test-{uuid.uuid4().hex[:6]}"
    yield made
    try:
        backend.delete(made)
    except JobNotFound:
        pass


def submit(backend, spec, name):
    return backend.submit(spec, name, asked=spec, changes=[])


def test_a_job_is_made_found_and_removed(backend, name, distributed):
    assert not submit(backend, distributed, name).attached
    assert submit(backend, distributed, name).attached
    assert name in backend.names()
    assert backend.spec(name) == distributed
    found = backend.status(name)
    assert found.phase in ("queued", "scheduled", "pulling")
    secret = backend.cluster.client.get(kinds.SECRETS.path(backend.cluster.namespace, name))
    assert secret["metadata"]["ownerReferences"][0]["kind"] == "Job"
    backend.delete(name)
    with pytest.raises(JobNotFound):
        backend.status(name)
    for kind, title in (
        (kinds.SECRETS, name),
        (kinds.POLICIES, name),
        (kinds.SERVICES, f"{name}-api"),
    ):
        labels = {"labelSelector": f"jupyter-crater/job={name}"}
        rows, _ = backend.cluster.client.items(kind.path(backend.cluster.namespace), **labels)
        assert rows == [], title


def test_other_values_are_refused(backend, name, distributed):
    submit(backend, distributed, name)
    values = distributed.provenance.model_copy(update={"values": {"gpus_per_node": 2}})
    with pytest.raises(ConflictError, match="gpus_per_node"):
        submit(backend, distributed.model_copy(update={"provenance": values}), name)


def test_documents_posted_as_kubectl_does(backend, name, distributed):
    here = backend.cluster
    for document in k8s.manifests(distributed, name, carrier="kubernetes"):
        here.client.post(kinds.of(document).path(here.namespace), document)
    assert KubernetesBackend().status(name).template == "deepseek-r1-distributed"
    until(lambda: name in backend.names(), what="it is listed")
    assert backend.spec(name) == distributed


def test_what_the_cluster_has(backend):
    assert "kubernetes" in backend.cluster.carriers()
    assert backend.capacity()["source"] in ("nodes", "nodes without pods", "quota", "unknown")


@pytest.mark.cluster
def test_pods_run_and_answer(backend, name):
    """One small pod with a port, from launch to a connection through the API server."""
    spec = JobSpec(
        kind="custom",
        title="A small page",
        tasks=(
            Task(
                name="main",
                image=os.environ.get("CRATER_TEST_IMAGE", "python:3.12-slim"),
                command=("python3", "-m", "http.server", "8080"),
            ),
        ),
        forwards=(Forward(name="page", task="main", port=8080),),
        provenance=Provenance(template="custom", version="1"),
    )
    submit(backend, spec, name)
    until(lambda: backend.status(name).phase == "serving", seconds=300, what="the pod")
    with backend.connect(name) as sock:
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.0 200")
    backend.stop(name)
    assert backend.status(name).phase == "stopped"


def test_the_option_runs_all_of_these_elsewhere(tmp_path):
    """``--kubeconfig`` leads to a server that this process did not make; pods run there."""
    this = "tests/backends/kubernetes/test_real.py"
    but = f"--deselect={this}::{test_the_option_runs_all_of_these_elsewhere.__name__}"
    with elsewhere(tmp_path) as file:
        command = [sys.executable, "-m", "pytest", this, "--kubeconfig", str(file)]
        ran = subprocess.run(
            [*command, but, "-q", "-p", "no:cacheprovider"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=200,
        )
    assert ran.returncode == 0, ran.stdout
    assert "5 passed" in ran.stdout
