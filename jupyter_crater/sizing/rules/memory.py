"""What memory allows: weights, context, sequences, utilization."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from ..fit import Fit, changes, evaluate, highest_utilization
from ..memory import GIB, reserved_outside
from ..setup import Setup
from .base import Context, Finding, Fix, error, info, rule, warning
from .shape import legal_tensor_parallel, split


@lru_cache(maxsize=256)
def fixes_that_fit(s: Setup) -> tuple[Fix, ...]:
    """Changes, each computed to make the arrangement fit: same GPUs first, then more of them."""
    found = [Fix(c.label, c.set) for c in changes(s) if evaluate(c.setup).fits]
    more = _more_gpus(s)
    return (*found[:3], *([more] if more else []))


def _more_gpus(s: Setup) -> Fix | None:
    legal = legal_tensor_parallel(s)
    for gpus in range(s.gpus + 1, 33):
        sizes = [tp for tp in reversed(legal) if gpus % tp == 0 and tp <= max(s.gpus_per_node, 8)]
        for tp in sizes:
            pp = gpus // tp
            if pp > s.model.layers or (s.nodes > 1 and gpus % s.nodes):
                continue
            more = s.with_(tensor_parallel=tp, pipeline_parallel=pp, gpus_per_node=gpus // s.nodes)
            if evaluate(more).fits:
                nodes = {"gpus_per_node": gpus // s.nodes}
                return Fix(f"Use {gpus} GPUs: TP {tp} × PP {pp}", nodes | split(gpus, tp))
    return None


@rule("memory", "Weights and activations exceed the memory")
def memory(fit: Fit, context: Context) -> Iterator[Finding]:
    """vLLM may use total memory × gpu_memory_utilization on each GPU. What weights, the profile
    run's peak activation, memory outside PyTorch and (by version) CUDA graphs leave is the KV
    cache; where nothing is left it stops with "No available memory for the cache blocks"."""
    if fit.loads:
        return
    s, r = fit.setup, fit.tightest
    stage, total = fit.stages.index(r), s.gpu.memory_gib
    weights, activations = r.weights.value / GIB, r.activations.value / GIB
    graphs, other = (r.graphs.value if r.graphs_charged else 0) / GIB, r.other.value / GIB
    yield error(
        f"Does not fit: each of {s.gpus} × {s.gpu.name} is {-r.available.value / GIB:.1f} GiB short.",
        f"A rank of stage {stage} needs {weights:.2f} GiB for weights, {activations:.2f} for "
        f"activations, {graphs:.2f} for CUDA graphs, {other:.2f} for the rest and "
        f"{s.kv_cache_memory_bytes / GIB:.2f} for the KV cache; it has {total:g} GiB."
        if s.kv_cache_memory_bytes
        else f"A rank of stage {stage} needs {weights:.2f} GiB for weights, {activations:.2f} for "
        f"activations, {graphs:.2f} for CUDA graphs and {other:.2f} for the rest; it may use "
        f"{r.budget / GIB:.2f} GiB ({s.gpu_memory_utilization:g} × {total:g}).",
        fixes_that_fit(s),
    )


@rule("context", "The context does not fit the KV cache")
def context_fits(fit: Fit, context: Context) -> Iterator[Finding]:
    """At least one request of max_model_len tokens must fit every rank, else vLLM stops with "To
    serve at least one request with the model's max seq len …" and names the length that fits. In
    V0's unchunked profile a shorter context also lowers the peak activation."""
    s = fit.setup
    if not fit.loads or fit.fits:
        return
    need = fit.layout.request_blocks(max(fit.max_model_len, 1)) * max(fit.layout.block_bytes)
    yield error(
        f"The KV cache holds {fit.longest:,} tokens of one request; max_model_len is "
        f"{fit.max_model_len:,}.",
        f"One request needs {need / GIB:.2f} GiB on a rank that has "
        f"{max(0, fit.tightest.available.value) / GIB:.2f} GiB left.",
        fixes_that_fit(s),
    )


@rule("max-model-len", "max_model_len exceeds the model's positions")
def max_model_len(fit: Fit, context: Context) -> Iterator[Finding]:
    """vLLM refuses a max_model_len above what config.json gives (max_position_embeddings), unless
    VLLM_ALLOW_LONG_MAX_MODEL_LEN=1 says that the RoPE was stretched on purpose."""
    s = fit.setup
    if s.max_model_len > s.model.max_position:
        yield error(
            f"max_model_len {s.max_model_len:,} exceeds the {s.model.max_position:,} positions of "
            f"{s.model.id}.",
            "Beyond them its answers are noise; vLLM refuses to start.",
            (
                Fix(
                    f"Use {s.model.max_position:,} tokens",
                    {"max_model_len": s.model.max_position},
                ),
            ),
        )


@rule("max-num-seqs", "Sequences at once cost memory")
def max_num_seqs(fit: Fit, context: Context) -> Iterator[Finding]:
    """In model runner V1 the profile samples max_num_seqs sequences over the whole vocabulary on
    every rank: 10 to 38 bytes per sequence and vocabulary entry, by sampler. Fewer sequences give
    that memory to the KV cache. Runner V2's peak follows max_num_batched_tokens instead, so there
    is nothing to gain there."""
    s = fit.setup
    if (
        s.runner != "V1"
        or s.max_num_seqs <= 128
        or "max_num_seqs" in s.given
        or s.kv_cache_memory_bytes
    ):
        return
    less = evaluate(s.with_(max_num_seqs=128))
    gain = less.tightest.available.value - fit.tightest.available.value
    if gain > 0.25 * GIB:
        yield info(
            f"128 sequences at once instead of {s.max_num_seqs:,} would free {gain / GIB:.1f} GiB "
            "per GPU for the KV cache.",
            f"The profile run samples {s.max_num_seqs:,} × {s.model.vocab:,} logits.",
            (Fix("Serve at most 128 sequences at once", {"max_num_seqs": 128}),),
        )


@rule("gpu-memory-utilization", "gpu_memory_utilization leaves no room")
def gpu_memory_utilization(fit: Fit, context: Context) -> Iterator[Finding]:
    """At start vLLM checks that total × gpu_memory_utilization is free. The CUDA context (about
    0.5 GiB) and with more than one rank NCCL (about 1 GiB more) are taken by then. Where CUDA graphs
    are not charged to the budget they come on top of it, and a budget near the limit runs out of
    memory during capture."""
    s = fit.setup
    if s.kv_cache_memory_bytes:
        return
    total, budget = s.gpu.memory_gib * GIB, fit.stages[0].budget
    best = highest_utilization(s)
    if budget > total - reserved_outside(s):
        taken = reserved_outside(s) / GIB
        yield error(
            f"gpu_memory_utilization {s.gpu_memory_utilization:g} asks for more than is free at start.",
            f"The CUDA context and NCCL take {taken:.1f} GiB of {s.gpu.memory_gib:g}."
            if s.gpus > 1
            else f"The CUDA context takes {taken:.1f} GiB of {s.gpu.memory_gib:g}.",
            (Fix(f"Use {best:.2f}", {"gpu_memory_utilization": best}),),
        )
        return
    heavy = max(fit.stages, key=lambda r: r.graphs.value)
    on_top = 0 if heavy.graphs_charged else heavy.graphs.value
    if on_top and budget + reserved_outside(s) + on_top > total:
        yield warning(
            f"gpu_memory_utilization {s.gpu_memory_utilization:g} leaves little room for CUDA graphs.",
            f"They need about {on_top / GIB:.1f} GiB on top of the limit in vLLM {s.version}.",
            (Fix(f"Use {best:.2f}", {"gpu_memory_utilization": best}),),
        )
