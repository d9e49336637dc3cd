"""Every rule: a setup where it fires, one where it doesn't; and what a fix is worth."""

import re
import runpy
from pathlib import Path

import pytest

from jupyter_crater import sizing
from jupyter_crater.sizing import RULES, Context

H100 = {"model": "Qwen3-8B", "gpu": "H100-80GB", "max_model_len": 8192}
QWEN32 = {"model": "DeepSeek-R1-Distill-Qwen-32B", "gpu": "H100-80GB", "max_model_len": 8192}
V100 = {"model": "Qwen2.5-7B-Instruct", "gpu": "V100-32GB", "dtype": "half", "max_model_len": 8192}
MOE = {"model": "Qwen3-30B-A3B", "gpu": "H100-80GB", "max_model_len": 8192}
AWQ = {"model": "Qwen2.5-32B-Instruct-AWQ", "max_model_len": 8192}
TWO_NODES = {"nodes": 2, "gpus_per_node": 2}

# rule: (fires, severity, does not fire)
CASES = {
    "dtype-capability": (V100 | {"dtype": "bfloat16"}, "error", V100),
    "engine-capability": (V100 | {"engine_version": "0.32.0"}, "error", V100),
    "engine-slow": (V100 | {"engine_version": "0.11.2"}, "warning", V100),
    "v0-chunked-prefill": (
        V100 | {"extra": ("--enable-chunked-prefill",)},
        "error",
        V100 | {"extra": ("--enable-chunked-prefill=False",)},
    ),
    "v0-prefix-caching": (V100 | {"extra": ("--enable-prefix-caching",)}, "error", V100),
    "quantization-hardware": (AWQ | {"gpu": "V100-32GB"}, "error", AWQ | {"gpu": "A100-80GB"}),
    "fp16-overflow": (
        H100 | {"model": "gemma-2-9b-it", "dtype": "half"},
        "warning",
        H100 | {"model": "gemma-2-9b-it"},
    ),
    "estimate-only": (H100 | {"engine": "sglang"}, "warning", H100),
    "heads": (QWEN32 | {"gpus_per_node": 3, "tensor_parallel": 3}, "error", QWEN32),
    "vocabulary": (
        QWEN32 | {"gpus_per_node": 5, "tensor_parallel": 5},
        "error",
        H100 | {"model": "granite-3.1-8b-instruct", "gpus_per_node": 2, "tensor_parallel": 2},
    ),
    "kv-heads": (
        H100 | {"model": "phi-4", "gpus_per_node": 4, "tensor_parallel": 4},
        "error",
        H100 | {"model": "phi-4", "gpus_per_node": 2, "tensor_parallel": 2},
    ),
    "intermediate": (
        AWQ | {"gpu": "A100-80GB", "gpus_per_node": 16, "tensor_parallel": 16},
        "error",
        AWQ | {"gpu": "A100-80GB", "gpus_per_node": 8, "tensor_parallel": 8},
    ),
    "experts": (
        MOE | {"gpus_per_node": 5, "tensor_parallel": 5},
        "error",
        MOE | {"gpus_per_node": 4, "tensor_parallel": 4},
    ),
    "layers": (
        H100 | {"gpus_per_node": 40, "pipeline_parallel": 40, "tensor_parallel": 1},
        "error",
        H100,
    ),
    "gpu-count": (
        H100 | {"gpus_per_node": 2, "tensor_parallel": 4},
        "error",
        H100 | {"gpus_per_node": 2},
    ),
    "tensor-parallel-across-nodes": (
        H100 | TWO_NODES | {"tensor_parallel": 4},
        "warning",
        H100 | TWO_NODES | {"tensor_parallel": 2},
    ),
    "memory": (QWEN32 | {"gpu": "L40S"}, "error", QWEN32),
    "context": (
        QWEN32 | {"max_model_len": 131072, "gpu_memory_utilization": 0.9},
        "error",
        QWEN32,
    ),
    "max-model-len": (H100 | {"max_model_len": 65536}, "error", H100),
    "max-num-seqs": (H100 | {"engine_version": "0.19.0"}, "info", H100),
    "gpu-memory-utilization": (H100 | {"gpu_memory_utilization": 0.999}, "error", H100),
    "image-without-ray": (
        H100 | TWO_NODES | {"engine_version": "0.26.0"},
        "error",
        H100 | TWO_NODES | {"engine_version": "0.17.1"},
    ),
    "ray-without-authentication": (
        H100 | TWO_NODES | {"engine_version": "0.17.1"},
        "warning",
        H100,
    ),
    "unknown-flag": (
        H100 | {"engine_version": "0.8.5", "kv_cache_memory_bytes": 10 * 2**30},
        "error",
        H100 | {"engine_version": "0.26.0", "kv_cache_memory_bytes": 10 * 2**30},
    ),
    "trust-remote-code": (H100 | {"trust_remote_code": True}, "warning", H100),
    "no-key": (
        H100 | {"context": Context(key=False)},
        "warning",
        H100 | {"context": Context(key=True)},
    ),
    "shared-memory": (
        H100 | {"gpus_per_node": 2, "context": Context(containers=True)},
        "warning",
        H100 | {"gpus_per_node": 2, "context": Context(containers=True, shm_gib=8)},
    ),
    "nccl-debug": (
        H100 | {"context": Context(env={"NCCL_DEBUG": "TRACE"})},
        "warning",
        H100 | {"context": Context(env={"NCCL_DEBUG": "WARN"})},
    ),
}


TOLD = runpy.run_path(str(Path(__file__).parents[2] / "docs/told.py"))["texts"]()


def translated(text):
    """Whether the views find the sentence that a text was made from."""
    parts = ([re.escape(part) for part in re.split(r"\{\d\}", told)] for told in TOLD)
    return any(re.fullmatch("(.+?)".join(each), text) for each in parts)


def findings(settings):
    return sizing.size(**settings).findings


def of(settings, rule):
    return [f for f in findings(settings) if f.rule == rule]


def test_every_rule_has_a_case():
    assert set(CASES) == set(RULES)


@pytest.mark.parametrize("rule", CASES)
def test_it_fires(rule):
    fires, severity, _ = CASES[rule]
    found = of(fires, rule)
    assert [f.severity for f in found] == [severity]
    assert all(map(translated, (found[0].message, found[0].because)))
    assert all(translated(fix.label) for fix in found[0].fixes)
    assert all(map(translated, sizing.size(**CASES[rule][0]).assumed))


@pytest.mark.parametrize("rule", CASES)
def test_it_does_not_fire(rule):
    assert of(CASES[rule][2], rule) == []


def applied(settings, fix):
    """The settings with a fix applied, or None where the fix is a change of the job around them."""
    changes = dict(fix.set)
    if {"api_key", "shm_gib", "env", "image"} & set(changes):
        return None
    if "extra" in changes:
        changes["extra"] = tuple(changes["extra"])
    if "engine" in changes or "engine_version" in changes:
        settings = {k: v for k, v in settings.items() if k not in ("engine", "engine_version")}
    return settings | changes


@pytest.mark.parametrize("rule", CASES)
def test_applying_a_fix_removes_its_finding(rule):
    fires = CASES[rule][0]
    for fix in of(fires, rule)[0].fixes:
        if (fixed := applied(fires, fix)) is not None:
            assert not [f for f in of(fixed, rule) if f.severity != "info"], fix.label


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_page_of_its_own_words(rule):
    assert len((RULES[rule].check.__doc__ or "").split()) > 15
    assert RULES[rule].title


def test_a_custom_image_is_not_judged():
    settings = H100 | TWO_NODES | {"engine_version": "0.26.0"}
    assert not of(settings | {"context": Context(image="ours/vllm-ray:1")}, "image-without-ray")
    assert of(
        settings | {"context": Context(image="vllm/vllm-openai:v0.26.0")}, "image-without-ray"
    )


def test_idle_gpus_are_a_warning():
    found = of(
        H100 | {"gpus_per_node": 4, "tensor_parallel": 2, "pipeline_parallel": 1}, "gpu-count"
    )
    assert [f.severity for f in found] == ["warning"]


def test_graphs_on_top_of_a_high_limit_are_a_warning():
    found = of(H100 | {"gpu_memory_utilization": 0.985}, "gpu-memory-utilization")
    assert [f.severity for f in found] == ["warning"]
    assert not of(
        H100 | {"gpu_memory_utilization": 0.985, "enforce_eager": True}, "gpu-memory-utilization"
    )


def test_a_missing_kernel_and_a_slow_one_differ():
    assert of(AWQ | {"gpu": "T4", "dtype": "half"}, "quantization-hardware") == []
    fp8 = of(H100 | {"gpu": "A100-80GB", "quantization": "fp8"}, "quantization-hardware")
    assert [f.severity for f in fp8] == ["info"]
    kv = of(H100 | {"gpu": "T4", "dtype": "half", "kv_cache_dtype": "fp8"}, "quantization-hardware")
    assert [f.severity for f in kv] == ["error"]


def test_amd_is_estimate_only():
    found = of(H100 | {"gpu": "MI300X"}, "engine-capability")
    assert [f.severity for f in found] == ["warning"]


def test_the_cheapest_fix_comes_first_where_the_sampler_is_what_costs():
    tight = QWEN32 | {
        "engine_version": "0.16.0",
        "gpu_memory_utilization": 0.84,
        "max_model_len": 4096,
    }
    found = of(tight, "memory") or of(tight, "context")
    assert found[0].fixes[0].set == {"max_num_seqs": 128}


def test_a_flag_goes_with_its_value():
    settings = H100 | {"extra": ("--swap-space", "4", "--seed=1"), "engine_version": "0.26.0"}
    assert of(settings, "unknown-flag")[0].fixes[0].set == {"extra": ["--seed=1"]}
