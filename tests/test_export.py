"""`export` and `launch --dry-run`: every carrier from the command line, and back from a job."""

from __future__ import annotations

import json

import pytest
import yaml

from jupyter_crater.cli import main

CARRIERS = {"volcano": "Job", "kuberay": "RayJob", "kubernetes": "Job"}


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_CRATER_STATE", str(tmp_path))
    monkeypatch.setenv("JUPYTER_CRATER_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").touch()


@pytest.mark.parametrize(("carrier", "kind"), CARRIERS.items())
@pytest.mark.parametrize("template", ["deepseek-r1-distributed", "vllm-single"])
def test_export_of_a_template(capsys, carrier, kind, template):
    assert main(["export", "--template", template, "-o", carrier]) == 0
    documents = list(yaml.safe_load_all(capsys.readouterr().out))
    if template == "vllm-single":
        kind = "Job"  # without Ray there is nothing for KubeRay to do
    assert kind in {d["kind"] for d in documents}
    assert "Secret" not in {d["kind"] for d in documents}, "an export carries no key"


@pytest.mark.parametrize("carrier", CARRIERS)
def test_dry_run_is_what_export_says(capsys, carrier):
    words = ["launch", "deepseek-r1-distributed", "--backend", "kubernetes", "--dry-run"]
    assert main([*words, "--carrier", carrier, "--json"]) == 0
    dry = json.loads(capsys.readouterr().out)
    assert main(["export", "--template", "deepseek-r1-distributed", "-o", carrier, "--json"]) == 0
    assert {d["kind"] for d in dry} == {d["kind"] for d in json.loads(capsys.readouterr().out)}


def test_local_dry_run_is_the_spec_as_it_would_run(capsys):
    assert main(["launch", "deepseek-r1-distributed", "--dry-run", "-o", "json"]) == 0
    out = capsys.readouterr()
    spec = json.loads(out.out)
    assert spec["name"] == "deepseek-r1-distributed"
    assert spec["engine"]["pipeline_parallel"] == 2
    assert "A rehearsal on this machine, with other model" in out.err


def test_export_wants_one_thing(capsys):
    assert main(["export"]) == 2
    assert "NAME or --template" in capsys.readouterr().err
