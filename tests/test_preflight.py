"""The check of a job's nodes: what its script finds, how it is rendered, how its log is read."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import jupyter_crater
from jupyter_crater import api
from jupyter_crater.cli import main
from jupyter_crater.engines import preflight
from jupyter_crater.errors import BackendError

SCRIPT = Path(jupyter_crater.__file__).parent / "engines/inside/crater_inside/preflight.py"


@pytest.fixture(scope="module")
def script():
    module = importlib.util.spec_from_file_location("the_check", SCRIPT)
    found = importlib.util.module_from_spec(module)
    module.loader.exec_module(found)
    return found


@pytest.fixture
def model(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"x" * 1024)
    return tmp_path


def test_a_whole_model_is_fine(script, model):
    assert script.check_model(str(model))["state"] == "ok"
    assert "from a hub" in script.check_model("Qwen/Qwen3-8B")["found"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda m: (m / "config.json").unlink(), "no config.json"),
        (lambda m: (m / "model.safetensors").unlink(), "no weights"),
        (
            lambda m: (m / "model.safetensors.index.json").write_text(
                json.dumps({"weight_map": {"a": "model.safetensors", "b": "part-2.safetensors"}})
            ),
            "missing or unreadable: part-2.safetensors",
        ),
    ],
)
def test_half_a_model_is_named(script, model, change, found):
    change(model)
    row = script.check_model(str(model))
    assert row["state"] == "error"
    assert found in row["found"]
    assert row["advice"]


def test_no_folder(script, tmp_path):
    assert script.check_model(str(tmp_path / "none"))["found"] == f"no folder {tmp_path}/none"


def test_shm_smaller_than_asked(script):
    size = os.statvfs("/dev/shm")
    gib = size.f_frsize * size.f_blocks / 2**30
    assert script.check_shm(gib)["state"] != "error"
    assert script.check_shm(2 * gib)["advice"].startswith(f"{2 * gib:g} GiB were asked for")


@pytest.fixture
def smi(tmp_path, monkeypatch):
    """An ``nvidia-smi`` that says and ends as told."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def make(text, code=0):
        file = tmp_path / "nvidia-smi"
        file.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\nexit {code}\n")
        file.chmod(0o755)

    return make


def test_gpus(script, smi):
    card = "Tesla V100-SXM2-32GB, 32768 MiB, 535.161.08"
    smi(f"{card}\n{card}")
    assert script.check_gpus(2) == script.row("gpu", "ok", f"{card}; {card}")
    assert script.check_gpus(4)["found"] == "2 of 4"
    smi("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", 9)
    row = script.check_gpus(1)
    assert row["state"] == "error"
    assert "couldn't communicate" in row["found"]


def test_versions_that_differ_between_nodes(script):
    same = {"python": "3.12.3", "ray": "2.48.0", "torch": "2.6.0"}
    patch = same | {"python": "3.12.9"}
    assert script.compare({"head": same, "worker-0": patch})["state"] == "ok"
    for other in ({"ray": "2.47.1"}, {"python": "3.11.3"}, {"vllm": "0.8.5"}):
        row = script.compare({"head": same, "worker-0": same | other})
        assert row["state"] == "error"
        assert next(iter(other)) in row["found"]


def test_alone_it_tells_each_finding_and_exits_by_them(model):
    def run(**asked):
        return subprocess.run(
            [sys.executable, "-", json.dumps(asked)],
            input=SCRIPT.read_text(),
            capture_output=True,
            text=True,
            timeout=60,
        )

    good = run(model=str(model))
    checks, done = preflight.read(good.stdout.splitlines())
    assert (good.returncode, done) == (0, True)
    assert [c.check for c in checks] == ["model", "shm", "gpu", "versions"]
    bad = run(model=str(model / "none"))
    checks, done = preflight.read(bad.stdout.splitlines())
    assert (bad.returncode, done) == (1, True)
    assert [c.check for c in checks if c.state == "error"] == ["model"]


def test_without_ray_in_the_image_it_says_so(script, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert script.main({"ray": True, "nodes": 2}) == 1
    checks, done = preflight.read(capsys.readouterr().out.splitlines())
    assert done
    assert checks[0].check == "ray"
    assert "image with Ray" in checks[0].advice


def test_reading_ignores_what_others_say_and_refuses_what_only_looks_like_ours():
    said = ["(raylet) crate", 'crater-check {"done": true, "ok": true}']
    assert preflight.read(said) == ([], True)
    assert preflight.read([]) == ([], False)
    for line in ("crater-check {", 'crater-check {"node": "head"}', "crater-check [1]"):
        with pytest.raises(BackendError, match="can't be read"):
            preflight.read([line])


def test_its_name_stays_a_label():
    assert preflight.name("a" * 63) == "a" * 53 + "-preflight"
    assert preflight.name("x" * 52 + "-y") == "x" * 52 + "-preflight"


def prepare(carrier):
    return api.prepare(
        "deepseek-r1-distributed",
        backend=jupyter_crater.Kubernetes(carrier=carrier),
        parameters={"gpu": "V100-32GB"},
    )


def test_the_check_asks_for_the_same_nodes_and_serves_nothing(state):
    prepared = prepare("volcano")
    spec = preflight.spec(prepared.spec)
    assert [(t.name, t.replicas, t.resources) for t in spec.tasks] == [
        (t.name, t.replicas, t.resources) for t in prepared.spec.tasks
    ]
    assert [t.volumes for t in spec.tasks] == [t.volumes for t in prepared.spec.tasks]
    assert spec.service is None
    assert spec.engine is None
    assert '"gpus_per_node": 4' in spec.raw_command
    assert '"gpus_per_node": 0' in preflight.spec(prepared.spec, gpus=False).raw_command


@pytest.mark.parametrize("carrier", ["volcano", "kuberay", "kubernetes"])
def test_a_cluster_gets_it_as_an_own_job_whose_script_a_shell_can_read(state, carrier):
    prepared = prepare(carrier)
    documents = prepared.backend.manifest(
        preflight.spec(prepared.spec), preflight.name(prepared.name)
    )
    text = yaml.safe_dump_all(documents)
    assert text.count("crater-check") > 0
    assert "vllm serve" not in text
    scripts = [s for s in strings(documents) if "CRATER_PREFLIGHT" in s and not s.startswith("{")]
    assert scripts
    for each in scripts:
        read = each.replace("$$(", "$(")  # as the kubelet hands it on
        said = subprocess.run(["sh", "-n"], input=read, capture_output=True, text=True, timeout=10)
        assert said.returncode == 0, said.stderr


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


def test_a_living_job_is_not_checked_again(launch, capsys):
    launch()
    words = ["launch", "deepseek-r1-distributed", "--preflight", "--json"]
    assert main(words) == 0
    assert [j.name for j in api.jobs()] == ["deepseek-r1-distributed"]
