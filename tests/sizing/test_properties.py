"""What must hold for any arrangement, tried on many."""

import math

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from jupyter_crater import sizing
from jupyter_crater.catalog import engines, gpus, models
from jupyter_crater.sizing.fit import evaluate

few = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))

MODELS = st.sampled_from([m.id for m in models.all()])
GPUS = st.sampled_from([g for g in gpus.all() if g.vendor == "nvidia" and g.memory_gib > 10])
VERSIONS = st.sampled_from([e.version for e in engines.all() if e.engine == "vllm"])
LAYOUTS = st.tuples(st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2, 3]))


def fit(model, gpu, version, layout=(1, 1), **changes):
    tp, pp = layout
    setup = sizing.resolve(
        models.find(model),
        gpu,
        gpus_per_node=tp * pp,
        tensor_parallel=tp,
        pipeline_parallel=pp,
        version=version,
        **changes,
    )
    return evaluate(setup)


@few
@given(MODELS, VERSIONS, LAYOUTS, st.floats(12, 200), st.floats(0, 50))
def test_more_memory_never_turns_fits_into_does_not(model, version, layout, memory, more):
    # the same card with more memory: the defaults may grow with it, so they are held
    held = {"max_num_batched_tokens": 4096, "max_num_seqs": 256, "max_model_len": 4096}
    small, large = (
        fit(model, gpus.find("H100-80GB", memory_gib=m), version, layout, **held)
        for m in (memory, memory + more)
    )
    assert large.fits >= small.fits
    assert large.blocks >= small.blocks


@few
@given(MODELS, GPUS, VERSIONS, LAYOUTS, st.integers(1, 131072), st.integers(1, 131072))
def test_more_context_never_lowers_need(model, gpu, version, layout, a, b):
    short, long = sorted((a, b))
    one, other = (fit(model, gpu, version, layout, max_model_len=n) for n in (short, long))
    assert one.layout.request_blocks(short) <= other.layout.request_blocks(long)
    taken = [
        max(s.weights.value + s.activations.value + s.other.value for s in f.stages)
        for f in (one, other)
    ]
    if one.setup.chunked_prefill == other.setup.chunked_prefill:  # V0 switches it on above 32,768
        assert taken[0] <= taken[1]
        assert one.fits >= other.fits


@few
@given(MODELS, GPUS, VERSIONS, LAYOUTS)
def test_parts_and_bands_are_in_order(model, gpu, version, layout):
    f = fit(model, gpu, version, layout)
    for stage in f.stages:
        charged = stage.graphs.value if stage.graphs_charged else 0
        used = stage.weights.value + stage.activations.value + stage.other.value + charged
        assert math.isclose(stage.available.value, stage.budget - used, abs_tol=1)
        for band in (stage.weights, stage.activations, stage.other, stage.graphs, stage.available):
            assert band.low <= band.value <= band.high
    assert f.low_tokens <= f.tokens <= f.high_tokens
    assert f.longest <= max(f.max_model_len, f.setup.model.max_position)


@few
@given(MODELS, GPUS, VERSIONS, LAYOUTS, st.sampled_from(["half", "bfloat16"]))
def test_every_fix_of_an_error_removes_it(model, gpu, version, layout, dtype):
    asked = {
        "gpu": gpu.name,
        "engine_version": version,
        "gpus_per_node": layout[0] * layout[1],
        "tensor_parallel": layout[0],
        "pipeline_parallel": layout[1],
        "dtype": dtype,
    }
    for finding in sizing.size(model, **asked).errors:
        for fix in finding.fixes:
            changes = {k: tuple(v) if isinstance(v, list) else v for k, v in fix.set.items()}
            if "image" in changes:
                continue
            after = sizing.size(model, **asked | changes)
            assert finding.rule not in [f.rule for f in after.errors], (finding, fix)


@few
@given(MODELS, GPUS, st.integers(1, 2), st.sampled_from([1, 2, 3, 4, 8]))
def test_a_searched_layout_is_legal_and_uses_what_it_says(model, gpu, nodes, each):
    plan = sizing.size(model, gpu=gpu.name, nodes=nodes, gpus_per_node=each)
    rules = {f.rule for f in plan.errors}
    assert not rules & {"heads", "vocabulary", "kv-heads", "intermediate", "experts", "layers"}
    assert plan.setup.gpus <= nodes * each
    document = plan.to_json()
    assert [r["rank"] for r in document["per_gpu"]] == list(range(plan.setup.gpus))
