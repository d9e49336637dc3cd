"""A job that kubectl made from an exported manifest: every face has it, from the cluster alone."""

from __future__ import annotations

import base64
import json

import httpx
import pytest
import yaml

from jupyter_crater import api as crater, cli
from tests.server.serving import TOKEN, serving

from ...waiting import until
from .playing import Play, api
from .test_forward import engine, talk

__all__ = ["api", "engine"]
NAME = "deepseek-r1-distributed"
PLURALS = {"Service": "services", "NetworkPolicy": "networkpolicies", "RayJob": "rayjobs"}


def exported(capsys, carrier) -> str:
    words = ["export", "--template", NAME, "--set", "model_volume=models", "-o", carrier]
    assert cli.main(words) == 0
    return capsys.readouterr().out


def kubectl_apply(url, text):
    """What ``kubectl apply -f`` sends: the documents, each with itself as an annotation."""
    client = {"fieldManager": "kubectl-client-side-apply", "fieldValidation": "Strict"}
    documents = list(yaml.safe_load_all(text))
    for document in documents:
        last = json.dumps(document)
        notes = document["metadata"].setdefault("annotations", {})
        notes["kubectl.kubernetes.io/last-applied-configuration"] = last
        group = document["apiVersion"]
        plural = PLURALS.get(document["kind"], "jobs")
        path = f"/{'apis' if '/' in group else 'api'}/{group}/namespaces/team/{plural}"
        made = httpx.post(url + path, json=document, params=client)
        assert made.status_code == 201, made.text
    return documents[-1]


def kubectl_create_secret(url, key):
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": NAME}}
    data = {"data": {"api-key": base64.b64encode(key).decode()}}
    path = "/api/v1/namespaces/team/secrets"
    assert httpx.post(url + path, json=body | data).status_code == 201


@pytest.mark.parametrize("carrier", ["volcano", "kuberay", "kubernetes"])
def test_it_is_listed_and_found(api, capsys, monkeypatch, tmp_path, carrier):
    text = exported(capsys, carrier)
    monkeypatch.setenv("JUPYTER_CRATER_STATE", str(tmp_path / "another"))
    kubectl_apply(api.url, text)
    assert cli.main(["list", "--backend", "kubernetes", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["jobs"]
    assert (row["name"], row["template"], row["phase"]) == (NAME, NAME, "queued")
    job = crater.job(NAME, "kubernetes")
    assert job.spec.provenance.values == {"model_volume": "models"}
    assert not list((tmp_path / "another").rglob("*.json")), "all of it is read from the cluster"
    job.delete()
    assert api.objects == {}


def test_it_is_in_the_panel_and_answers(api, capsys, monkeypatch, tmp_path, engine):
    """A Jupyter server of its own, with a state folder of its own."""
    said = kubectl_apply(api.url, exported(capsys, "volcano"))
    assert (
        "kubectl create secret generic"
        in said["metadata"]["annotations"]["jupyter-crater/make-secret"]
    )
    kubectl_create_secret(api.url, b"by-hand")
    root = tmp_path / "server"
    root.mkdir()
    with (
        serving(root) as (url, _),
        httpx.Client(
            base_url=f"{url}crater/", headers={"Authorization": f"token {TOKEN}"}, timeout=60
        ) as panel,
    ):
        where = {"backend": "kubernetes"}
        (row,) = panel.get("jobs", params=where).json()["jobs"]
        assert (row["name"], row["phase"]) == (NAME, "queued")
        play = Play(api, NAME)
        play.serve()
        api.targets[f"{NAME}-head-0"] = engine

        def serves():
            found = panel.get(f"jobs/{NAME}", params=where).json()
            return found.get("phase") == "serving" and found

        found = until(serves, seconds=20, what="what the cluster shows")
        assert found["head_ip"] == "10.0.0.7"
        assert [t["task"] for t in found["tasks"]] == ["head", "worker"]
        capsys.readouterr()
        assert cli.main(["key", NAME, "--backend", "kubernetes"]) == 0
        assert capsys.readouterr().out.strip() == "by-hand"
        job = crater.job(NAME, "kubernetes")
        with job.place.connect(NAME) as sock:
            assert talk(sock, b"hello") == b"hello"
        assert panel.delete(f"jobs/{NAME}", params=where).status_code == 204
        assert panel.get("jobs", params=where).json()["jobs"] == []
    assert api.objects == {}, "the secret that was made by hand as well"


def test_one_that_was_edited_hides_no_other(api, capsys):
    """A namespace is shared: what anybody broke is shown as broken, and can be deleted."""
    text = exported(capsys, "volcano")
    kubectl_apply(api.url, text)
    spec = "jupyter-crater/spec"
    for name, words in (("broken", "{"), ("newer", '{"schema": 99}')):
        broken = list(yaml.safe_load_all(text))[-1]
        broken["metadata"]["name"] = name
        broken["metadata"]["labels"]["jupyter-crater/job"] = name
        broken["metadata"]["annotations"][spec] = words
        api.put("batch.volcano.sh/v1alpha1/jobs", broken)
    assert cli.main(["list", "--backend", "kubernetes", "--json"]) == 0
    rows = {r["name"]: r for r in json.loads(capsys.readouterr().out)["jobs"]}
    assert {n: (r["phase"], r["reason"]) for n, r in rows.items()} == {
        NAME: ("queued", None),
        "broken": ("unknown", "unreadable"),
        "newer": ("unknown", "newer-schema"),
    }
    assert cli.main(["delete", "broken", "--backend", "kubernetes", "--json"]) == 0
    assert api.get("batch.volcano.sh/v1alpha1/jobs", "broken") is None
    assert api.get("batch.volcano.sh/v1alpha1/jobs", "newer") is not None
