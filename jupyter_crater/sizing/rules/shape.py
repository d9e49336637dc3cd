"""What divides and what doesn't: heads, vocabulary, layers, experts, GPUs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..fit import Fit
from ..setup import Setup
from ..weights import pad
from .base import Context, Finding, Fix, error, info, rule, warning


def divides(s: Setup, tp: int) -> bool:
    """Whether every dimension of the model splits over ``tp`` ranks."""
    m = s.model
    if m.heads % tp or pad(m.vocab, 64) % tp or not _kv_ok(s, tp):
        return False
    if not m.moe or m.moe.first_dense:
        inner = m.intermediate % tp == 0 and _group_ok(s, m.intermediate // tp)
        if not inner:
            return False
    if not m.moe:
        return True
    cut = m.moe.experts if s.expert_parallel else m.moe.intermediate
    return cut % tp == 0 and m.moe.shared_intermediate % tp == 0


def _kv_ok(s: Setup, tp: int) -> bool:
    kv = s.model.kv_heads
    return s.model.mla is not None or kv % tp == 0 or tp % kv == 0


def _group_ok(s: Setup, size: int) -> bool:
    q = s.quantization
    if q is None or q.experts_only:
        return True
    align = q.block or (q.group if q.bits < 8 else 0)
    return not align or size % align == 0


def legal_tensor_parallel(s: Setup) -> list[int]:
    """Tensor parallel sizes up to 16 that the model allows."""
    return [tp for tp in range(1, 17) if divides(s, tp)]


def split(gpus: int, tp: int) -> dict[str, Any]:
    """The settings that cut ``gpus`` ranks into stages of ``tp``."""
    return {"tensor_parallel": tp, "pipeline_parallel": gpus // tp}


def _fixes(s: Setup) -> tuple[Fix, ...]:
    """Layouts on the same number of GPUs first, then the nearest legal tensor parallel size."""
    gpus, legal = s.gpus, legal_tensor_parallel(s)
    same = [tp for tp in reversed(legal) if gpus % tp == 0 and gpus // tp <= s.model.layers]
    fixes = [
        Fix(f"Use TP {tp} × PP {gpus // tp} on the same {gpus} GPUs", split(gpus, tp))
        for tp in same[:1]
    ]
    lower = [tp for tp in legal if tp < s.tensor_parallel]
    if lower and (not same or lower[-1] != same[0]):
        fixes.append(Fix(f"Use TP {lower[-1]}", {"tensor_parallel": lower[-1]}))
    return tuple(fixes)


def _uneven(s: Setup, message: str, count: int) -> Iterator[Finding]:
    """The finding for ``count`` of something that doesn't divide by the tensor parallel size."""
    tp = s.tensor_parallel
    if count % tp:
        yield error(
            message,
            f"{count:,} % {tp} = {count % tp}; vLLM refuses to start.",
            _fixes(s),
        )


@rule("heads", "Attention heads must divide by the tensor parallel size")
def heads(fit: Fit, context: Context) -> Iterator[Finding]:
    """vLLM stops with "Total number of attention heads (N) must be divisible by tensor parallel
    size" [`config/model.py`]. A 32B Qwen has 40 heads: 3 and 6 are illegal, 2, 4, 5 and 8 pass."""
    s, count = fit.setup, fit.setup.model.heads
    message = f"Tensor parallel {s.tensor_parallel} does not divide the {count} attention heads."
    yield from _uneven(s, message, count)


@rule("vocabulary", "The padded vocabulary must divide by the tensor parallel size")
def vocabulary(fit: Fit, context: Context) -> Iterator[Finding]:
    """The embedding is padded to a multiple of 64 and cut into equal parts
    [`layers/vocab_parallel_embedding.py`]. It is the padded size that must divide: granite's 49,155
    becomes 49,216 and splits over 2. Qwen's 152,064 does not split over 5."""
    s, padded = fit.setup, pad(fit.setup.model.vocab, 64)
    message = (
        f"Tensor parallel {s.tensor_parallel} does not divide the padded vocabulary of {padded:,}."
    )
    yield from _uneven(s, message, padded)


@rule("kv-heads", "KV heads must divide by the tensor parallel size, or the other way round")
def kv_heads(fit: Fit, context: Context) -> Iterator[Finding]:
    """With more ranks than KV heads each head is kept on several ranks (legal, but the copies cost
    KV cache); otherwise the KV heads must split evenly [`layers/linear.py: QKVParallelLinear`]."""
    s = fit.setup
    kv, tp = s.model.kv_heads, s.tensor_parallel
    if not _kv_ok(s, tp):
        yield error(
            f"Tensor parallel {tp} does not fit {kv} KV heads.",
            f"Neither {kv} % {tp} nor {tp} % {kv} is 0.",
            _fixes(s),
        )
    elif s.model.mla is None and tp > kv:
        yield info(
            f"Each of the {kv} KV heads is kept on {tp // kv} ranks.",
            "Beyond one rank per KV head, more tensor parallelism adds no KV cache.",
        )


@rule("intermediate", "The MLP must divide by the tensor parallel size")
def intermediate(fit: Fit, context: Context) -> Iterator[Finding]:
    """The MLP's inner dimension is cut by tensor parallelism; with quantized weights each part must
    also hold whole scale groups (AWQ and GPTQ: the group size, block fp8: 128)."""
    s, width, tp = fit.setup, fit.setup.model.intermediate, fit.setup.tensor_parallel
    if tp == 1 or (s.model.moe and not s.model.moe.first_dense):
        return
    message = f"Tensor parallel {tp} does not divide the MLP of {width:,}."
    yield from _uneven(s, message, width)
    if width % tp == 0 and not _group_ok(s, width // tp):
        yield error(
            f"Tensor parallel {tp} cuts the quantization's groups of the MLP.",
            f"{width // tp:,} per rank is no multiple of a group.",
            _fixes(s),
        )


@rule("experts", "Experts must divide by the tensor parallel size")
def experts(fit: Fit, context: Context) -> Iterator[Finding]:
    """Without expert parallelism every expert is cut by tensor parallelism; with it each rank holds
    whole experts, and their number must divide. Shared experts are always cut."""
    s, e = fit.setup, fit.setup.model.moe
    if e is None:
        return
    tp, shared = s.tensor_parallel, e.shared_intermediate
    if s.expert_parallel:
        message = f"Tensor parallel {tp} does not divide the {e.experts} experts."
        yield from _uneven(s, message, e.experts)
    else:
        message = f"Tensor parallel {tp} does not divide the experts' width of {e.intermediate:,}."
        yield from _uneven(s, message, e.intermediate)
    message = f"Tensor parallel {tp} does not divide the shared experts' width of {shared:,}."
    yield from _uneven(s, message, shared)


@rule("layers", "At least one layer per pipeline stage")
def layers(fit: Fit, context: Context) -> Iterator[Finding]:
    """Pipeline parallelism cuts the layers into stages; a stage without a layer has no KV cache and
    vLLM cannot start it [`distributed/utils.py: get_pp_indices`]."""
    s = fit.setup
    if s.pipeline_parallel > s.model.layers:
        yield error(
            f"{s.pipeline_parallel} pipeline stages for {s.model.layers} layers.",
            "Every stage needs at least one layer.",
            (Fix("One stage per layer at most", {"pipeline_parallel": s.model.layers}),),
        )


@rule("gpu-count", "TP × PP is the number of GPUs")
def gpu_count(fit: Fit, context: Context) -> Iterator[Finding]:
    """vLLM starts tensor parallel × pipeline parallel ranks, one per GPU. With fewer GPUs it waits
    for a placement group (30 minutes over Ray) or stops at once; GPUs beyond that stay idle."""
    s = fit.setup
    have = s.nodes * s.gpus_per_node
    if s.gpus == have:
        return
    legal = [tp for tp in reversed(legal_tensor_parallel(s)) if have % tp == 0]
    legal = [tp for tp in legal if tp <= s.gpus_per_node] or legal
    fixes = [
        Fix(f"Use all {have} GPUs: TP {tp} × PP {have // tp}", split(have, tp))
        for tp in legal[:1]
        if have // tp <= s.model.layers
    ]
    if s.gpus > have:
        per_node = -(-s.gpus // s.nodes)
        fixes.append(Fix(f"Ask for {per_node} GPUs per node", {"gpus_per_node": per_node}))
    yield Finding(
        "",
        "error" if s.gpus > have else "warning",
        f"TP {s.tensor_parallel} × PP {s.pipeline_parallel} is {s.gpus} ranks; "
        f"there are {have} GPUs.",
        "One rank runs on each GPU." if s.gpus > have else f"{have - s.gpus} GPUs stay idle.",
        tuple(fixes),
    )


@rule("tensor-parallel-across-nodes", "Tensor parallelism across nodes is slow")
def tensor_parallel_across_nodes(fit: Fit, context: Context) -> Iterator[Finding]:
    """Tensor parallelism exchanges every layer's output twice per token. Inside a node that is
    NVLink or PCIe; across nodes it is the network, and NCCL takes about 0.9 GiB more per GPU.
    Pipeline parallelism between nodes sends one hidden state per stage."""
    s = fit.setup
    if s.nodes > 1 and s.tensor_parallel > s.gpus_per_node and s.gpus > 1:
        inside = [
            tp for tp in legal_tensor_parallel(s) if tp <= s.gpus_per_node and s.gpus % tp == 0
        ]
        fixes = [
            Fix(f"Use TP {tp} inside a node and PP {s.gpus // tp} between them", split(s.gpus, tp))
            for tp in inside[-1:]
            if s.gpus // tp <= s.model.layers
        ]
        yield warning(
            f"Tensor parallel {s.tensor_parallel} spans nodes of {s.gpus_per_node} GPUs.",
            "Two all-reduces per layer and token then cross the network.",
            tuple(fixes),
        )
