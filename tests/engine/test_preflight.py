"""The check over real Ray nodes, with a real all-reduce between them."""

from __future__ import annotations

import json
import shutil

import pytest

from jupyter_crater import api, errors
from jupyter_crater.cli import main
from jupyter_crater.engines import environment

pytestmark = pytest.mark.engine
NAME = "preflighted"


def prepare(**parameters):
    return api.prepare(
        "deepseek-r1-distributed",
        name=NAME,
        backend="local",
        parameters={"gpu": "V100-32GB"} | parameters,
    )


def test_every_node_is_looked_at_and_an_all_reduce_goes_between_them(
    real_state, engine_environment
):
    checks = prepare().preflight(timeout=120, progress=lambda status: None)
    found = {(c.node, c.check): c for c in checks}
    assert {c.state for c in checks} == {"ok"}
    for node in ("head", "worker-0"):
        assert "of weights in 1 file" in found[node, "model"].found
        assert "GiB" in found[node, "shm"].found
    assert f"ray {engine_environment.versions['ray']}" in found["all", "versions"].found
    assert "64 MiB over 2 ranks by gloo" in found["all", "all-reduce"].found
    assert NAME not in {j.name.removesuffix("-preflight") for j in api.jobs()}, "it is gone again"


def test_a_model_that_lacks_a_shard_stops_the_launch_and_the_log_is_kept(
    real_state, engine_environment, tmp_path, capsys
):
    model = tmp_path / "model"
    shutil.copytree(environment.embedded_model_folder(), model)
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors"}}
    (model / "model.safetensors.index.json").write_text(json.dumps(index))
    words = ["launch", "deepseek-r1-distributed", "--name", NAME, "--preflight", "--json"]
    code = main([*words, "--set", f"model={model}"])
    said = json.loads(capsys.readouterr().out)
    assert code == 3
    assert said["error"] == "PreflightFailed"
    assert "missing or unreadable: model-00001-of-00002.safetensors" in said["message"]
    assert {c["check"] for c in said["checks"] if c["state"] == "error"} == {"model"}
    with pytest.raises(errors.JobNotFound):
        api.job(NAME)
    assert f"{NAME}-preflight" not in [j.name for j in api.jobs()], "it holds no node any more"
    kept = real_state / "preflights" / f"{NAME}-preflight.log"
    assert str(kept) in said["hint"]
    assert "missing or unreadable" in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
