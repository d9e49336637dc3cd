"""What one rank's memory holds besides the KV cache, by the law of the engine's runner.

Constants are of four kinds, and each says which: read in source, counted from tensor shapes,
measured on a log, or fitted (then with a band). The side by side is in docs/sizing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from .setup import Setup
from .weights import rank_bytes, stage_layers

GIB = 2**30
MIB = 2**20
# Bytes per (sequence × vocabulary entry) of the profile's sampler run: logits 2, fp32 4, and
# what the implementation adds: a sort's values, indices and probabilities; fp32 probabilities and
# noise; FlashInfer's probabilities alone. Fitted within 0.02 GiB on twelve architectures.
_SAMPLER_BYTES = {"sort": 38.3, "triton": 14.43, "flashinfer": 10.0, "flashinfer-fp32": 14.43}
# Prefill tokens whose keys and values MLA decompresses at once [mla_attention.py].
_MLA_WORKSPACE_TOKENS = 64 * 1024


class Band(NamedTuple):
    """Bytes: the estimate, and the least and most that are plausible."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class StageMemory:
    """A rank of one pipeline stage; all its ranks are alike (bytes).

    ``available`` is what is left for the KV cache; below 0: it doesn't fit.
    """

    budget: int
    weights: Band
    activations: Band
    graphs: Band
    graphs_charged: bool
    other: Band
    available: Band


def _moe_workspace(s: Setup) -> float:
    """[``fused_moe.py: TritonExperts.workspace_shapes``]; gpt-oss's kernels need none."""
    e = s.model.moe
    if e is None or (s.quantization and s.quantization.method == "mxfp4"):
        return 0
    width = e.intermediate if s.expert_parallel else e.intermediate // s.tensor_parallel
    rows = s.max_num_batched_tokens * e.top_k
    h = s.model.hidden
    return rows * (max(width, h) + max(2 * width, h)) * s.width


def _mla_workspace(s: Setup) -> float:
    a = s.model.mla
    if a is None:
        return 0
    length = s.max_model_len if s.max_model_len > 0 else s.model.max_position
    tokens = min(max(8 * length, 64 * s.max_num_seqs), _MLA_WORKSPACE_TOKENS)
    return tokens * s.model.heads // s.tensor_parallel * (a.nope + a.v) * s.width


def activation(s: Setup, stage: int) -> Band:
    """Peak activation of the profile run on a rank of that stage."""
    first, last = stage == 0, stage == s.pipeline_parallel - 1
    law = {"V0": _activation_v0, "V1": _activation_v1, "V2": _activation_v2}[s.runner]
    value = law(s, first, last)
    if s.model.vision_parameters and first:
        value += s.max_num_batched_tokens * s.model.hidden * s.width
        if s.model.architecture.startswith("Gemma3"):
            value += 0.15 * GIB  # SigLIP over one image, 4,096 patches [two logs]
    slack = {"V0": 0.15, "V1": 0.03, "V2": 0.03}[s.runner] * value + 0.04 * GIB
    if s.model.moe:
        slack += 0.08 * GIB
    unsure = 0.0
    if last and s.entry.sampler == "flashinfer" and s.gpu.compute_capability >= (8, 0):
        # FlashInfer was optional then: without it the profile sorts [flashinfer#1180]
        logits = s.max_num_seqs * s.model.vocab
        unsure = max(0, logits * (_SAMPLER_BYTES["sort"] - _SAMPLER_BYTES["flashinfer"]))
    if not s.model.understood:
        slack += 0.5 * value
    return Band(value, max(0, value - slack), value + slack + unsure)


def _activation_v0(s: Setup, first: bool, last: bool) -> float:
    """Only the driver samples, and it is on the last stage's first rank [vllm#10517, vllm#13061]."""
    t, h = s.max_num_batched_tokens, s.model.hidden
    dense = s.model.moe.intermediate * s.model.moe.top_k if s.model.moe else s.model.intermediate
    forward = t * (3 * dense / s.tensor_parallel + 1.2 * h) * s.width
    if s.pipeline_parallel > 1:
        forward += 2 * t * h * s.width
    sampler = (
        s.max_num_seqs * s.model.vocab * _SAMPLER_BYTES["sort"] + t * h * s.width if last else 0
    )
    return max(forward, sampler)


def _activation_v1(s: Setup, first: bool, last: bool) -> float:
    """max(forward, sampler); the sampler sees the whole vocabulary on every rank."""
    m, t = s.model, s.max_num_batched_tokens
    hidden = t * m.hidden * s.width
    moe = _moe_workspace(s)
    forward = 4 * hidden + _mla_workspace(s) + moe
    if m.moe is None or m.moe.first_dense:
        forward = max(forward, 3 * t * m.intermediate / s.tensor_parallel * s.width + 4 * hidden)
    if not last:
        return forward + 3 * hidden
    name = s.entry.sampler
    if name.startswith("flashinfer") and s.gpu.compute_capability < (8, 0):
        name = "sort" if s.version_key < (0, 17) else "triton"
    per_logit = _SAMPLER_BYTES[name] + (s.width - 2)
    extra = 0 if name == "sort" else 64 * MIB
    sampler = s.max_num_seqs * m.vocab * per_logit + hidden + extra + moe
    return max(forward, sampler) + (0 if first else 2 * hidden)


def _activation_v2(s: Setup, first: bool, last: bool) -> float:
    """The forward pass: residual, normed and old hidden states, the MLP's gate, up and product.

    Eager, a Llama MLP drops gate_up before its down projection and a Qwen one doesn't; Gemma keeps
    one more hidden state. Compiled, what stays is the attention's output, split by TP. 32 MiB is
    cuBLAS's workspace. Counted from tensors; equal to 0.26's logs within 0.03 GiB.
    """
    m, t, tp = s.model, s.max_num_batched_tokens, s.tensor_parallel
    hidden = t * m.hidden * s.width
    inner = t * m.intermediate / tp * s.width
    if m.architecture.startswith("Gemma"):
        kept = 5.0
    elif not s.enforce_eager:
        kept = 3 + min(1, m.heads * m.head_dim / m.hidden) / tp
    else:
        kept = 3.0 if m.architecture in _FREES_GATE_UP else 4.0
    fp8 = s.quantization is not None and s.quantization.bits == 8
    blas = 0 if fp8 else 32 * MIB
    dense = 3 * inner + kept * hidden + blas
    if fp8 and m.architecture not in _FREES_GATE_UP:
        dense += inner / s.width  # the product, quantised for the down projection
    moe = _moe_workspace(s)
    forward = dense
    if m.moe:
        sparse = moe + _mla_workspace(s) + 5 * hidden + blas
        forward = max(sparse, dense) if m.moe.first_dense else sparse
    if not first and s.enforce_eager:
        forward -= hidden  # received into a buffer made before the profile
    if not last:
        return forward
    gathered = 1 if tp == 1 else 2 + 1 / tp
    logits = s.max_num_seqs * m.vocab * s.width * gathered
    sampler = logits + hidden + s.max_num_seqs * m.hidden * s.width + 35 * MIB + moe
    return max(forward, sampler)


_FREES_GATE_UP = {
    "LlamaForCausalLM",
    "Mistral3ForConditionalGeneration",
    "MistralForCausalLM",
    "Phi3ForCausalLM",
}


def graphs(s: Setup, stage: int) -> Band:
    """CUDA graphs of one rank: a base and a part per layer and captured size (fitted, ± 45 %)."""
    if s.enforce_eager or s.runner == "V0":
        # V0 captures after the KV cache, from what the limit leaves free
        value = 0.0 if s.enforce_eager else 0.4 * GIB
        return Band(value, 0, value * 2)
    top = min(2 * s.max_num_seqs, 512)
    sizes = 3 + min(top, 256) / 8 + max(0, top - 256) / 16
    layers = stage_layers(s.model.layers, s.pipeline_parallel, s.version_key)[stage]
    value = (0.4 + 0.0125 * layers * sizes / 51 + (0.35 if s.model.moe else 0)) * GIB
    return Band(value, 0.55 * value, 1.45 * value)


def other(s: Setup) -> Band:
    """Memory outside PyTorch that appears while profiling: kernels, NCCL, all-reduce workspaces."""
    v, tp, one = s.version_key, s.tensor_parallel, s.gpus == 1
    nvlink = s.gpu.link == "nvlink"
    if s.runner == "V0" and v < (0, 7):  # counted from before the CUDA context [vllm PR #10511]
        value, low, high = (0.7, 0.3, 1.9) if one else (1.4, 0.5, 3.8)
    elif s.runner == "V0":
        value, low, high = (
            (0.25, 0.1, 0.5) if one else (0.3, 0.2, 0.9) if tp > 1 else (0.07, 0, 0.4)
        )
    elif v < (0, 11):
        value, low, high = (
            (0.13, 0.1, 0.2) if one else (0.26, 0.2, 0.6) if tp > 1 else (0.07, 0, 0.3)
        )
    elif v < (0, 18):
        value, low, high = (
            (0.13, 0.1, 0.2) if one else (0.55, 0.3, 0.8) if tp > 1 else (0.07, 0, 0.3)
        )
    elif v < (0, 20):
        fused = nvlink and s.gpu.compute_capability >= (9, 0) and not s.disable_custom_all_reduce
        if one:
            value, low, high = 0.25, 0.2, 0.35
        elif tp > 1:
            value, low, high = (2.08, 1.95, 2.25) if fused else (0.35, 0.15, 1.2)
        else:
            value, low, high = 0.07, 0.05, 0.2
    else:
        value, low, high = (0.2246, 0.2, 0.3) if one else (0.066, 0.05, 0.2)
        if tp > 1 and nvlink and not s.disable_custom_all_reduce:
            high = 2.2  # where FlashInfer fuses the all-reduce; measured here without
    if s.nodes > 1 and tp > s.gpus_per_node:  # [derived from two A100 nodes over Ray]
        value, high = value + 0.9, high + 1.4
    return Band(value * GIB, low * GIB, high * GIB)


def reserved_outside(s: Setup) -> float:
    """Bytes taken before the engine's snapshot: CUDA context, and NCCL with more than one rank.

    Not charged to the budget, but ``gpu_memory_utilization`` cannot reach them. [H100 logs]
    """
    return 0.52 * GIB if s.gpus == 1 else 1.5 * GIB


def stages(s: Setup) -> list[StageMemory]:
    """A rank's memory for every pipeline stage, in order."""
    total = s.gpu.memory_gib * GIB
    budget = math.ceil(total * s.gpu_memory_utilization)
    spread = 0.3 * GIB * s.gpu_memory_utilization if s.gpu.memory_source == "estimate" else 0
    outside = other(s)
    found: list[StageMemory] = []
    alike: dict[tuple[int, bool, bool, int], StageMemory] = {}
    dense = s.model.moe.first_dense if s.model.moe else 0
    counts = stage_layers(s.model.layers, s.pipeline_parallel, s.version_key)
    last = s.pipeline_parallel - 1
    for stage, count in enumerate(counts):
        kind = (count, stage == 0, stage == last, max(0, dense - sum(counts[:stage])))
        if kind not in alike:
            alike[kind] = _stage(s, stage, budget, spread, outside)
        found.append(alike[kind])
    return found


def _stage(s: Setup, stage: int, budget: int, spread: float, outside: Band) -> StageMemory:
    loaded = rank_bytes(
        s.model,
        tensor_parallel=s.tensor_parallel,
        pipeline_parallel=s.pipeline_parallel,
        stage=stage,
        width=s.width,
        quantization=s.quantization,
        expert_parallel=s.expert_parallel,
        compute_capability=s.gpu.compute_capability,
        version=s.version_key,
    )
    slack = loaded * (0.001 if s.model.understood else 0.05)
    if s.quantization and s.quantization.block and s.model.mla:
        slack += loaded * 0.005  # DeepSeek-V3 and R1 on V0: two logs, within 0.1 %
    elif s.quantization:
        slack += loaded * (
            0.002 if s.quantization.method in ("fp8", "compressed-tensors") else 0.01
        )
    weights = Band(loaded, loaded - slack, loaded + slack)
    peak, captured = activation(s, stage), graphs(s, stage)
    charged = s.runner in s.entry.graphs_charged
    parts = (weights, peak, outside, captured) if charged else (weights, peak, outside)
    value, low, high = map(sum, zip(*parts, strict=True))
    if s.kv_cache_memory_bytes:  # the profile and the utilization are skipped; the card isn't
        kv = float(s.kv_cache_memory_bytes)
        left = s.gpu.memory_gib * GIB - reserved_outside(s) - value
        available = Band(kv, kv, kv) if kv <= left else Band(left - kv, left - kv, left - kv)
    else:
        available = Band(budget - value, budget - spread - high, budget + spread - low)
    return StageMemory(
        budget=budget,
        weights=weights,
        activations=peak,
        graphs=captured,
        graphs_charged=charged,
        other=outside,
        available=available,
    )
