"""What a cluster's job becomes on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_crater import errors, templating
from jupyter_crater.backends.local import machine
from jupyter_crater.backends.local.rehearsal import rehearse
from jupyter_crater.engines import start_command

CONFIG = {"num_attention_heads": 9, "num_hidden_layers": 30, "max_position_embeddings": 8192}


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 2)
    monkeypatch.setattr(machine, "free_memory_gib", lambda: 20.0)


def run(template: str = "deepseek-r1-distributed", **given):
    spec = templating.template(template).render(given)
    return rehearse(
        spec, given=frozenset(given), embedded=Path("/embedded"), embedded_config=CONFIG
    )


def by_setting(changes):
    return {c.reason: (c.data["asked"], c.data["used"]) for c in changes}


def test_the_seed_becomes_two_stages_of_the_embedded_model():
    spec, changes = run()
    assert spec.engine.model == "/embedded"
    assert (spec.engine.tensor_parallel, spec.engine.pipeline_parallel) == (1, 2)
    assert [(t.name, t.replicas, t.resources.gpus) for t in spec.tasks] == [
        ("head", 1, 1),
        ("worker", 1, 1),
    ]
    rows = by_setting(changes)
    assert rows["model"] == ("/models/DeepSeek-R1-Distill-Qwen-32B", "SmolLM2-135M-Instruct")
    assert rows["tensor_parallel"] == (4, 1)
    assert "pipeline_parallel" not in rows, "it is what was asked"
    assert rows["trust_remote_code"] == (True, False)
    assert rows["reasoning_parser"] == ("deepseek_r1", None)
    assert rows["max_model_len"] == (32768, 2048)
    assert rows["dtype"] == ("half", "bfloat16")
    assert all(c.message for c in changes), "every change says why"


def test_every_changed_setting_is_listed():
    spec, changes = run()
    asked = templating.template("deepseek-r1-distributed").render({}).engine
    rows = by_setting(changes)
    hidden = {"served_model_name", "distributed_executor_backend", "kv_cache_memory_bytes"}
    for field in type(asked).model_fields:
        if getattr(asked, field) != getattr(spec.engine, field) and field not in hidden:
            assert field in rows, field


def test_given_values_are_honoured():
    spec, changes = run(pipeline_parallel=3, max_num_seqs=64, max_model_len=4096, dtype="float32")
    assert spec.engine.pipeline_parallel == 3
    assert spec.engine.max_num_seqs == 64
    assert spec.engine.max_model_len == 4096
    assert spec.engine.dtype == "float32"
    assert [(t.name, t.replicas) for t in spec.tasks] == [("head", 1), ("worker", 2)]
    assert not {"pipeline_parallel", "max_num_seqs", "max_model_len"} & by_setting(changes).keys()


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"tensor_parallel": 2}, errors.ParameterError, "does not divide the 9 attention heads"),
        ({"pipeline_parallel": 31}, errors.ParameterError, "30 layers"),
        ({"pipeline_parallel": 30}, errors.DoesNotFit, "too many for 2 cores"),
        ({"max_model_len": 9000}, errors.ParameterError, "8192"),
        ({"model": "/no/such/folder"}, errors.ModelNotFound, "No model folder /no/such/folder"),
    ],
)
def test_what_cannot_be_is_refused_with_what_would_be_right(given, error, words):
    with pytest.raises(error, match=words) as caught:
        run(**given)
    assert caught.value.hint


def test_a_folder_without_config_is_no_model(tmp_path):
    with pytest.raises(errors.ModelNotFound, match=r"no config\.json"):
        run(model=str(tmp_path))


def test_a_local_model_is_served_as_it_is(tmp_path):
    (tmp_path / "config.json").write_text(
        '{"num_attention_heads": 8, "num_hidden_layers": 4, "max_position_embeddings": 4096}'
    )
    spec, changes = run(model=str(tmp_path), tensor_parallel=2)
    assert spec.engine.model == str(tmp_path)
    assert "model" not in by_setting(changes)
    assert spec.engine.tensor_parallel == 2
    assert not spec.engine.trust_remote_code, "a template's default is no wish"
    spec, _ = run(model=str(tmp_path), trust_remote_code=True)
    assert spec.engine.trust_remote_code, "asked for, for a model of the user's own"


def test_a_hub_id_is_used_where_the_cache_has_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    spec, changes = run(model="some/model")
    assert spec.engine.model == "/embedded"
    assert "model" in by_setting(changes)
    snapshot = tmp_path / "models--some--model" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text('{"num_attention_heads": 8, "num_hidden_layers": 4}')
    spec, changes = run(model="some/model")
    assert spec.engine.model == str(snapshot)
    assert "model" not in by_setting(changes)


@pytest.mark.parametrize("model", ["Qwen/Qwen2.5-7B", "Qwen2.5-7B"])
def test_a_model_that_is_not_here_is_rehearsed_and_that_is_said(tmp_path, monkeypatch, model):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    spec, changes = run("vllm-single", model=model)
    (said,) = [c for c in changes if c.reason == "model"]
    assert said.data == {"asked": model, "used": "SmolLM2-135M-Instruct"}
    assert "the one you gave is not on this machine" in said.message
    assert spec.service.served_model_name == "SmolLM2-135M-Instruct", "no client takes it for it"
    (said,) = [c for c in run("vllm-single")[1] if c.reason == "model"]
    assert "you gave" not in said.message


def test_too_little_memory(monkeypatch):
    monkeypatch.setattr(machine, "free_memory_gib", lambda: 1.0)
    with pytest.raises(errors.DoesNotFit, match=r"1\.0 GiB are free"):
        run()


def test_single_node_needs_no_ray():
    spec, _ = run("vllm-single")
    assert spec.ray is None
    assert [t.name for t in spec.tasks] == ["main"]
    assert spec.engine.tensor_parallel == 1


def test_flags_are_those_of_the_engine_that_runs_here(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "model.safetensors").write_bytes(b"x")
    asked = templating.template("vllm-single").render({"engine_version": "0.8.5"}).engine
    assert "--enable-reasoning" in start_command(
        asked.model_copy(update={"reasoning_parser": "deepseek_r1"})
    )
    spec, changes = run(
        "vllm-single", model=str(tmp_path), reasoning_parser="deepseek_r1", engine_version="0.8.5"
    )
    command = start_command(spec.engine)
    assert "--reasoning-parser" in command
    assert "--enable-reasoning" not in command
    assert by_setting(changes)["version"][0] == "0.8.5"


def test_a_templates_length_gives_way_to_a_shorter_model(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    spec, changes = run("vllm-single", model=str(tmp_path))
    assert spec.engine.max_model_len == 8192
    assert by_setting(changes)["max_model_len"][1] == 8192
    spec, _ = run("vllm-single", model=str(tmp_path), max_model_len=100_000)
    assert spec.engine.max_model_len == 100_000, "what was asked by name is the engine's to refuse"
