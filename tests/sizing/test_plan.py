"""The document, its faces, the search and the speeds."""

import json

import pytest

from jupyter_crater import sizing
from jupyter_crater.catalog import gpus, models
from jupyter_crater.errors import DoesNotFit, ModelNotFound, ParameterError
from jupyter_crater.spec import (
    EngineSettings,
    JobSpec,
    Port,
    Provenance,
    Ray,
    Resources,
    Service,
    Task,
)

KEYS = {
    *("schema", "model", "gpu", "nodes", "gpus_per_node", "tensor_parallel", "pipeline_parallel"),
    *("dtype", "max_model_len", "max_num_seqs", "max_num_batched_tokens", "gpu_memory_utilization"),
    *(
        "engine",
        "fits",
        "legal",
        "per_gpu",
        "kv_cache",
        "findings",
        "alternatives",
        "speed",
        "assumed",
    ),
}
PER_GPU = {
    *("rank", "stage", "weights_gib", "activations_gib", "cuda_graphs_gib", "other_gib"),
    *("kv_cache_gib", "budget_gib"),
}
KV = {"tokens", "blocks", "bytes_per_token", "max_concurrency", "low_tokens", "high_tokens"}
M32 = "DeepSeek-R1-Distill-Qwen-32B"


def test_the_document_has_the_contracts_keys():
    document = sizing.size(M32, gpu="V100-32GB", gpus_per_node=2).to_json()
    assert json.loads(json.dumps(document)) == document
    assert set(document) >= KEYS
    assert document["schema"] == 1
    assert {"id", "parameters", "layers"} <= set(document["model"])
    assert {"name", "memory_gib", "compute_capability"} == set(document["gpu"])
    assert document["gpu"]["compute_capability"] == "7.0"
    assert {"name", "version", "image"} <= set(document["engine"])
    assert all(set(r) >= PER_GPU for r in document["per_gpu"])
    assert set(document["kv_cache"]) >= KV
    finding = document["findings"][0]
    assert set(finding) == {"rule", "severity", "message", "because", "fixes"}
    assert all(set(fix) == {"label", "set"} for f in document["findings"] for fix in f["fixes"])


def test_text_and_html_say_the_same_and_survive_untrusted_notebooks():
    plan = sizing.size(M32, gpu="V100-32GB", gpus_per_node=2)
    text, html = str(plan), plan._repr_html_()
    for said in ("Does not fit", "30.73", "28.57", "Use 4 GPUs: TP 4 × PP 1"):
        assert said in text
        assert said in html
    for forbidden in ("<script", "<style", "class=", "onclick", "javascript:"):
        assert forbidden not in html


def test_what_a_model_is_called_cannot_inject_html(tmp_path):
    config = models._bundle()["Qwen/Qwen3-8B"]["config"]
    evil = models.from_config(config, "<img src=x onerror=alert(1)>")
    html = sizing.plan(evil, gpus.find("H100-80GB"))._repr_html_()
    assert "<img" not in html


def test_auto_length_is_what_fits():
    plan = sizing.size(M32, gpu="H100-80GB", max_model_len=-1)
    assert plan.fits
    assert 32768 < plan.fit.max_model_len < 131072
    over = sizing.size(M32, gpu="H100-80GB", max_model_len=plan.fit.max_model_len + 32)
    assert not over.fits


def test_alternatives_rank_the_pool_and_say_why_the_others_fail():
    plan = sizing.size(
        M32, gpu="V100-32GB", dtype="half", nodes=2, gpus_per_node=4, max_model_len=32768
    )
    found = plan.alternatives
    assert [f["fits"] for f in found] == sorted((f["fits"] for f in found), reverse=True)
    assert (found[0]["gpus"], found[0]["tensor_parallel"]) == (4, 4)
    assert all(f["because"] for f in found if not f["fits"])
    assert {(f["tensor_parallel"], f["pipeline_parallel"]) for f in found} >= {
        (4, 2),
        (1, 8),
        (2, 1),
    }
    assert not any(f["tensor_parallel"] == 3 for f in found)


def test_all_bundled_gpus_can_be_searched():
    setup = sizing.size(M32, gpu="H100-80GB").setup
    found = sizing.anywhere(setup, gpus.all(), max_model_len=32768)
    best = {}
    for option in found:
        if option.fits:
            best.setdefault(option.gpu, option.gpus)
    assert best["H200"] == 1
    assert best["V100-32GB"] == 4 or best["V100-32GB"] == 3
    assert best["L4"] == 5 or best["L4"] == 4 or best["L4"] == 8
    assert "P100-16GB" not in {o.gpu for o in found}


def test_speed_is_given_in_bands():
    speed = sizing.size(
        M32, gpu="V100-32GB", dtype="half", gpus_per_node=4, max_model_len=32768
    ).speed
    one = speed["decode_one_stream_tokens_per_second"]
    assert one["low"] < 30 < one["high"] * 1.1  # 15.4 GiB at 60 % of 900 GB/s
    assert speed["cold_start_seconds"]["low"] < speed["cold_start_seconds"]["high"]
    assert speed["prefill_tokens_per_second"]["low"] < speed["prefill_tokens_per_second"]["high"]
    moe = sizing.size("Qwen3-30B-A3B", gpu="H100-80GB", max_model_len=8192).speed
    dense = sizing.size("Qwen2.5-32B-Instruct", gpu="H100-80GB", max_model_len=8192).speed
    name = "decode_one_stream_tokens_per_second"
    assert moe[name]["low"] > 4 * dense[name]["high"]


def test_an_unknown_card_has_no_speed():
    plan = sizing.size("Qwen3-8B", gpu="X", gpu_memory=80, compute_capability="9.0")
    assert set(plan.speed) == {"cold_start_seconds"}


@pytest.mark.parametrize(
    ("settings", "parameter"),
    [
        ({"max_model_len": 0}, "max_model_len"),
        ({"max_model_len": "long"}, "max_model_len"),
        ({"gpu_memory_utilization": 1.2}, "gpu_memory_utilization"),
        ({"gpu_memory_utilization": 0}, "gpu_memory_utilization"),
        ({"gpu_memory_utilization": "most"}, "gpu_memory_utilization"),
        ({"kv_cache_memory_bytes": -1}, "kv_cache_memory_bytes"),
        ({"tensor_parallel": -1}, "tensor_parallel"),
        ({"gpus_per_node": 0}, "gpus_per_node"),
        ({"dtype": "int3"}, "dtype"),
        ({"kv_cache_dtype": "fp3"}, "kv_cache_dtype"),
        ({"quantization": "zip"}, "quantization"),
        ({"engine": "tgi"}, "engine"),
        ({"engine_version": "new"}, "engine_version"),
        ({"max_model_length": 8192}, "max_model_length"),
        ({"gpu": "Voodoo2"}, "gpu"),
    ],
)
def test_contradictory_input_names_the_field(settings, parameter):
    with pytest.raises(ParameterError) as caught:
        sizing.size("Qwen3-8B", **{"gpu": "H100-80GB"} | settings)
    assert caught.value.parameter == parameter


def test_an_unknown_model_is_not_found():
    with pytest.raises(ModelNotFound):
        sizing.size("no-such-model", gpu="H100-80GB")


def test_what_was_assumed_is_listed():
    said = " ".join(sizing.size("Qwen3-8B", gpu="V100", gpus_per_node=2).assumed)
    for part in (
        "newest recommended",
        "'V100' taken as V100-32GB",
        "estimate within 0.3 GiB",
        "TP 2",
    ):
        assert part in said
    old = sizing.size("Qwen3-8B", gpu="H100-80GB", engine_version="0.4.1")
    assert any("not covered" in a for a in old.assumed)


def spec(**changes):
    engine = {
        "model": "/models/DeepSeek-R1-Distill-Qwen-32B",
        "version": "0.8.5.post1",
        "dtype": "half",
        "max_model_len": 32768,
        "max_num_seqs": 128,
        "gpu_memory_utilization": 0.9,
        "tensor_parallel": 4,
        "pipeline_parallel": 2,
        "trust_remote_code": True,
        "disable_custom_all_reduce": True,
    }
    gpu = Resources(gpu="nvidia.com/v100", gpus=4, cpu=16, memory_gib=32)
    return JobSpec(
        kind="engine",
        title="seed",
        tasks=(
            Task(
                name="head",
                resources=gpu,
                env={"NCCL_DEBUG": "TRACE"},
                ports=(Port(name="http", port=8000),),
            ),
            Task(name="worker", resources=gpu),
        ),
        ray=Ray(),
        service=Service(task="head", served_model_name="r1", key=None),
        engine=EngineSettings(**engine | changes),
        provenance=Provenance(template="seed", version="1"),
    )


def test_a_job_is_checked_with_what_surrounds_the_engine():
    plan = sizing.check(spec())
    assert plan.fits
    assert plan.legal
    assert (plan.setup.nodes, plan.setup.gpus_per_node) == (2, 4)
    rules = {f.rule for f in plan.findings}
    assert rules >= {"no-key", "nccl-debug", "shared-memory", "trust-remote-code"}
    plan.raise_for_errors()


def test_a_job_that_cannot_run_is_refused_with_its_fixes():
    plan = sizing.check(spec(dtype="bfloat16", tensor_parallel=3))
    with pytest.raises(DoesNotFit) as caught:
        plan.raise_for_errors()
    assert {f["rule"] for f in caught.value.findings} >= {"dtype-capability", "heads"}
    assert "--dtype half" in caught.value.hint


def test_a_client_job_has_no_plan():
    client = JobSpec(
        kind="client",
        title="ui",
        tasks=(Task(name="main"),),
        provenance=Provenance(template="ui", version="1"),
    )
    assert sizing.check(client) is None
