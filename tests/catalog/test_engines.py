import pytest

from jupyter_crater.catalog import engines
from jupyter_crater.errors import ParameterError


def test_every_release_from_0_6_on_has_exactly_one_entry():
    for version in ("0.6.0", "0.7.3", "0.8.5.post1", "0.10.1.1", "0.10.2", "0.15.1", "0.19.1"):
        covering = [e for e in engines.all() if e.engine == "vllm" and e.covers(version)]
        assert len(covering) == 1
    firsts = [e.first for e in engines.all() if e.engine == "vllm"]
    untils = [e.until for e in engines.all() if e.engine == "vllm"]
    assert firsts[1:] == untils[:-1]  # no gap, no overlap


def test_a_release_that_nobody_covers_is_said_never_refused():
    entry, said = engines.find(version="0.5.4")
    assert entry.version == "0.6.6.post1"
    assert "0.5.4" in said
    assert engines.find(version="0.26.0")[1] is None
    assert engines.find(version="1.2")[0].version == "0.33.0"


@pytest.mark.parametrize(
    ("cc", "plain", "with_ray"),
    [
        ("7.0", "0.8.5.post1", "0.8.5.post1"),
        ("7.5", "0.26.0", "0.17.1"),
        ("9.0", "0.26.0", "0.17.1"),
    ],
)
def test_the_entry_for_a_gpu(cc, plain, with_ray):
    assert engines.for_gpu(cc).version == plain
    assert engines.for_gpu(cc, ray=True).version == with_ray


def test_pascal_runs_no_build():
    with pytest.raises(ParameterError, match=r"6\.1"):
        engines.for_gpu("6.1")


def test_arch_lists_as_found_in_the_wheels():
    assert engines.find(version="0.19.1")[0].runs_on((7, 0))
    assert not engines.find(version="0.20.0")[0].runs_on((7, 0))
    assert engines.find(version="0.26.0")[0].runs_on((8, 9))
    assert not engines.find(version="0.8.5")[0].runs_on((12, 0))
    assert not engines.find("sglang", "0.4.6")[0].runs_on((7, 0))
    assert engines.find("sglang", "0.4.6")[0].runs_on((7, 5))
    assert not engines.find("sglang", "0.5.23")[0].runs_on((7, 5))


def test_ray_is_inside_the_image_up_to_0_17():
    assert engines.find(version="0.17.1")[0].ray
    assert engines.find(version="0.18.0")[0].ray is None


@pytest.mark.parametrize(
    ("version", "architecture", "moe", "quantized", "cc", "runner"),
    [
        ("0.8.5", "LlamaForCausalLM", False, False, (9, 0), "V1"),
        ("0.8.5", "LlamaForCausalLM", False, False, (7, 0), "V0"),
        ("0.10.2", "LlamaForCausalLM", False, False, (7, 0), "V1"),
        ("0.7.2", "LlamaForCausalLM", False, False, (9, 0), "V0"),
        ("0.19.0", "Qwen3ForCausalLM", False, False, (9, 0), "V1"),
        ("0.22.0", "Qwen3ForCausalLM", False, False, (9, 0), "V2"),
        ("0.22.0", "Qwen3ForCausalLM", False, True, (9, 0), "V1"),
        ("0.23.0", "Qwen2ForCausalLM", False, False, (9, 0), "V1"),
        ("0.26.0", "Qwen2ForCausalLM", False, True, (9, 0), "V2"),
        ("0.26.0", "Qwen3MoeForCausalLM", True, False, (9, 0), "V1"),  # as the log q30a3b says
        ("0.26.0", "DeepseekV2ForCausalLM", True, False, (9, 0), "V2"),
        ("0.29.0", "Qwen3MoeForCausalLM", True, False, (9, 0), "V2"),
    ],
)
def test_the_model_runner_follows_release_and_architecture(
    version, architecture, moe, quantized, cc, runner
):
    entry = engines.find(version=version)[0]
    found = entry.runner_for(architecture, moe=moe, quantized=quantized, compute_capability=cc)
    assert found == runner


def test_unknown_engines_and_versions_name_the_field():
    with pytest.raises(ParameterError, match="'vllm'") as caught:
        engines.find("vlm")
    assert caught.value.parameter == "engine"
    with pytest.raises(ParameterError) as caught:
        engines.find("vllm", "latest")
    assert caught.value.parameter == "engine_version"


def test_flags_that_came_and_went():
    assert "0.10.2" in engines.unknown_flag("--kv-cache-memory-bytes", "0.8.5.post1")
    assert engines.unknown_flag("--kv-cache-memory-bytes", "0.26.0") is None
    assert "gone" in engines.unknown_flag("--swap-space", "0.26.0")
    assert engines.unknown_flag("--swap-space", "0.8.5") is None
    assert engines.unknown_flag("--port", "0.8.5") is None
