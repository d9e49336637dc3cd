"""The seed's own case: DeepSeek-R1-Distill-Qwen-32B in float16 on V100-32GB (its FAQ, worked through)."""

import pytest

from jupyter_crater import sizing
from jupyter_crater.errors import DoesNotFit

SEED = {
    "gpu": "V100-32GB",
    "dtype": "half",
    "max_model_len": 32768,
    "max_num_seqs": 128,
    "gpu_memory_utilization": 0.90,
}


def size(nodes=1, gpus=1, **changes):
    settings = SEED | changes
    return sizing.size(
        "/models/DeepSeek-R1-Distill-Qwen-32B", nodes=nodes, gpus_per_node=gpus, **settings
    )


def figures(plan):
    stage = plan.fit.stages[0]
    return [
        round(getattr(stage, n).value / 2**30, 2) for n in ("weights", "activations", "available")
    ]


def rules(plan, severity="error"):
    return [f.rule for f in plan.findings if f.severity == severity]


def test_the_engine_for_v100_is_0_8_5_with_v0():
    plan = size(gpus=4)
    assert (plan.setup.version, plan.setup.runner) == ("0.8.5.post1", "V0")
    assert plan.setup.entry.image == "vllm/vllm-openai:v0.8.5.post1"


def test_two_cards_are_refused_with_the_figure():
    plan = size(gpus=2)
    assert not plan.fits
    assert figures(plan)[0] == 30.73
    assert rules(plan) == ["memory"]
    assert "28.57 GiB" in plan.errors[0].because
    with pytest.raises(DoesNotFit, match="short") as caught:
        plan.raise_for_errors()
    assert caught.value.findings[0]["rule"] == "memory"
    assert "Use 4 GPUs: TP 4 × PP 1" in caught.value.hint


def test_three_cards_only_as_a_pipeline_and_with_a_shorter_context():
    plan = size(gpus=3)
    assert (plan.setup.tensor_parallel, plan.setup.pipeline_parallel) == (1, 3)
    assert any("does not allow TP 3" in said for said in plan.assumed)
    assert figures(plan)[:2] == [20.56, 6.06]
    assert plan.fit.tokens == pytest.approx(22_000, rel=0.1)
    assert rules(plan) == ["context"]
    assert {"max_model_len": 16384} in [fix.set for fix in plan.errors[0].fixes]
    shorter = size(gpus=3, max_model_len=16384)
    assert shorter.fits
    assert shorter.legal
    assert figures(shorter)[1] == 3.03  # an unchunked profile: activation follows the context
    illegal = size(gpus=3, tensor_parallel=3, pipeline_parallel=1)
    assert "heads" in rules(illegal)
    assert "40 % 3 = 1" in next(f for f in illegal.errors if f.rule == "heads").because


@pytest.mark.parametrize(
    ("nodes", "gpus", "tp", "pp", "weights", "activation", "kv", "tokens", "requests"),
    [
        (1, 4, 4, 1, 15.42, 1.64, 11.2, 183_000, 5.6),
        (1, 4, 2, 2, 15.38, 3.53, 9.4, 153_000, 4.7),
        (2, 4, 4, 2, 7.72, 2.27, 18.3, 599_000, 18.3),
        (1, 8, 8, 1, 7.71, 1.01, 19.5, 639_000, 19.5),
    ],
)
def test_four_and_eight_cards_as_computed(
    nodes, gpus, tp, pp, weights, activation, kv, tokens, requests
):
    plan = size(nodes, gpus, tensor_parallel=tp, pipeline_parallel=pp)
    assert plan.fits
    assert plan.legal
    assert figures(plan) == pytest.approx([weights, activation, kv], rel=0.01)
    assert plan.fit.tokens == pytest.approx(tokens, rel=0.01)
    assert plan.fit.concurrency == pytest.approx(requests, rel=0.01)


def test_the_seeds_layout_is_the_one_that_is_searched():
    plan = size(2, 4)
    assert (plan.setup.tensor_parallel, plan.setup.pipeline_parallel) == (4, 2)


def test_bfloat16_is_refused_with_the_fix():
    for dtype in (None, "bfloat16"):
        plan = size(2, 4, dtype=dtype)
        finding = next(f for f in plan.errors if f.rule == "dtype-capability")
        assert finding.fixes[0].set == {"dtype": "half"}


@pytest.mark.parametrize(
    ("engine", "version"),
    [("sglang", None), ("sglang", "0.4.6"), ("vllm", "0.32.0"), ("vllm", "0.20.0")],
)
def test_current_engines_are_refused_with_the_one_that_works(engine, version):
    plan = size(1, 4, engine=engine, engine_version=version)
    finding = next(f for f in plan.errors if f.rule == "engine-capability")
    assert finding.fixes[0].set == {"engine": "vllm", "engine_version": "0.8.5.post1"}


def test_what_crashes_on_v100_is_refused():
    longer = size(2, 4, max_model_len=65536)
    finding = next(f for f in longer.errors if f.rule == "v0-chunked-prefill")
    assert finding.fixes[0].set == {"max_model_len": 32768}
    chunked = size(2, 4, extra=("--enable-chunked-prefill",))
    assert "v0-chunked-prefill" in rules(chunked)
    both = size(2, 4, max_model_len=65536, extra=["--enable-chunked-prefill"])
    fix = next(f for f in both.errors if f.rule == "v0-chunked-prefill").fixes[0]
    assert "v0-chunked-prefill" not in rules(size(2, 4, **fix.set))
    off = size(2, 4, max_model_len=65536, extra=("--enable-chunked-prefill=False",))
    assert "v0-chunked-prefill" not in rules(off)
    assert "v0-prefix-caching" in rules(size(2, 4, extra=("--enable-prefix-caching",)))
    assert "v0-prefix-caching" not in rules(size(2, 4))
