"""Bytes of weights on one rank, tensor by tensor, as vLLM lays them out and PyTorch allocates them.

Shapes: vllm ``model_executor/models/{llama,qwen2,qwen3_moe,gemma3,deepseek_v2,gpt_oss}.py`` and
``layers/{linear,vocab_parallel_embedding,rotary_embedding}.py``, read from 0.6.6 to 0.33.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ..catalog.models import ModelInfo, Quantization

MIB = 2**20


def allocated(size: float, *, whole: bool = False) -> int:
    """Bytes that PyTorch's caching allocator counts for one tensor of ``size`` bytes.

    Blocks are multiples of 512 B; from 10 MiB on a segment is a multiple of 2 MiB and what is left
    of it stays attached when it is at most 1 MiB, and with ``whole`` (vLLM loads with
    max_split_size_mb 20 since 0.21) always from 20 MiB on [c10/cuda/CUDACachingAllocator.cpp].
    """
    block = -(-int(size) // 512) * 512
    if block < 10 * MIB:
        return block
    segment = -(-block // (2 * MIB)) * 2 * MIB
    return segment if segment - block <= MIB or (whole and block >= 20 * MIB) else block


def pad(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple


_EMBEDS_EVERYWHERE = ("Gemma2", "Gemma3", "GptOss", "Mixtral", "Qwen2Moe", "Qwen3Moe")
"""Models that build the embedding on every pipeline stage [model_executor/models, 0.8.5 to 0.33]."""
_HEAD_EVERYWHERE = ("GptOss", "Mixtral", "Qwen2Moe", "Qwen3Moe")
"""The same of the LM head [0.6.6 to 0.33]; DeepSeek's until 0.8."""


@lru_cache(maxsize=1024)
def stage_layers(layers: int, stages: int, version: tuple[int, ...] = (0, 8)) -> tuple[int, ...]:
    """Layers of each pipeline stage: the remainder goes to the stages before the last.

    Before 0.8 all of it went to the last. [vllm ``distributed/utils.py:get_pp_indices``]
    """
    counts = [layers // stages] * stages
    if version < (0, 8):
        counts[-1] += layers % stages
        return tuple(counts)
    for i in range(2, layers % stages + 2):
        counts[-i] += 1
    return tuple(counts)


def has_latent_cache(version: tuple[int, ...]) -> bool:
    """Whether that version keeps DeepSeek's latent (MLA), or keys and values of every head."""
    return version >= (0, 7, 1)


def _linear(out: int, into: int, width: float, quant: Quantization | None) -> Iterator[float]:
    """Bytes of one linear weight of ``out`` × ``into`` and of its scales."""
    if quant is None:
        yield out * into * width
        return
    yield out * into * quant.bits / 8
    if quant.block:
        yield 4 * pad(out, quant.block) * pad(into, quant.block) / quant.block**2
    elif quant.method == "bitsandbytes":
        yield out * into * 4 / 64 / 4  # absmax is itself quantised to 8 bits
    elif quant.bits < 8:
        groups = out * into / (quant.group or into)
        yield groups * 2
        if not quant.symmetric:
            yield groups * quant.bits / 8
    elif quant.method != "fp8":
        yield out * 4  # one fp32 scale per output channel


@dataclass(frozen=True, slots=True)
class _Padded:
    """Dimensions of gpt-oss experts as the MXFP4 kernel wants them: w13 is (2 × inner) × hidden_in,
    w2 is hidden_out × inner_in; scales are padded by vLLM (hidden, inner), not by the kernel."""

    hidden: int
    inner: int
    hidden_in: int
    hidden_out: int
    inner_in: int

    def tensors(self, count: int) -> Iterator[float]:
        yield count * 2 * self.inner * self.hidden_in / 2
        yield count * 2 * self.inner * self.hidden / 32
        yield count * self.hidden_out * self.inner_in / 2
        yield count * self.hidden_out * self.inner / 32
        yield count * 2 * self.inner * 4  # biases, in fp32
        yield count * self.hidden_out * 4


def _mxfp4_dims(
    model: ModelInfo, cut: int, cc: tuple[int, int], version: tuple[int, ...]
) -> _Padded | None:
    """Padded experts, each cut in ``cut`` parts [vllm ``fused_moe/oracle/mxfp4.py``].

    What the Triton layout pads is fitted on four logs.
    """
    if model.moe is None:
        return None
    h, width = model.hidden, model.moe.intermediate // cut
    if cc >= (9, 0) and cc < (10, 0) and version >= (0, 11):
        align = 128 if version >= (0, 20) else 256  # Triton pads the reduced dimension
        inner = width if cut == 1 else pad(width, 128)
        return _Padded(h, inner, pad(h, align), h, pad(width, align))
    h, inner = pad(h, 256), pad(width, 128 if cc < (10, 0) else 256)  # Marlin, TRT-LLM
    return _Padded(h, inner, h, h, inner)


def _absorbed(
    m: ModelInfo, heads: int, width: float, quant: Quantization | None, version: tuple[int, ...]
) -> Iterator[float]:
    """What MLA keeps of its projections in another shape, beside the loaded ones.

    Until 0.7.3 whole products: W_Q·W_UK and W_UV·W_O, requantised where the model is fp8, and the
    dequantised kv_b [attention/backends/mla/utils.py]. From 0.8 on W_UK_T and W_UV
    [layers/attention/mla_attention.py]; since 0.22 one of the two shares the memory of kv_b
    [one 0.26 log].
    """
    a = m.mla
    if a is None or not has_latent_cache(version):
        return
    kv_b = a.kv_lora * heads * (a.nope + a.v)
    if version >= (0, 8):
        yield kv_b * width * (0.5 if version >= (0, 22) else 1.0)
        return
    into = a.q_lora or m.hidden
    fp8 = quant if quant and quant.bits == 8 else None
    yield into * heads * a.rope * width
    yield from _linear(heads * a.kv_lora, into, width, fp8)
    yield from _linear(heads * a.kv_lora, m.hidden, width, fp8)
    if fp8:
        yield kv_b * (4 if version < (0, 7, 3) else width)


def _attention(
    m: ModelInfo, tp: int, width: float, quant: Quantization | None, version: tuple[int, ...]
) -> Iterator[float]:
    h, d, heads = m.hidden, m.head_dim, m.heads // tp
    if quant and quant.experts_only:
        quant = None
    if m.mla:
        a = m.mla
        per_head = a.nope + a.rope
        if a.q_lora:
            yield from _linear(a.q_lora + a.kv_lora + a.rope, h, width, quant)  # fused, replicated
            yield a.q_lora * width
            yield from _linear(heads * per_head, a.q_lora, width, quant)
        else:
            yield from _linear(heads * per_head, h, width, quant)
            yield from _linear(a.kv_lora + a.rope, h, width, quant)
        yield a.kv_lora * width
        yield from _linear(heads * (a.nope + a.v), a.kv_lora, width, quant)
        yield from _linear(h, heads * a.v, width, quant)
        yield from _absorbed(m, heads, width, quant, version)
        return
    kv = max(1, m.kv_heads // tp)  # fewer KV heads than ranks: replicated
    yield from _linear((heads + 2 * kv) * d, h, width, quant)
    if m.qkv_bias:
        yield (heads + 2 * kv) * d * width
    yield from _linear(h, heads * d, width, quant)
    if m.o_bias:
        yield h * width
    if m.qk_norm:
        yield d * width
        yield d * width


def _dense(m: ModelInfo, tp: int, width: float, quant: Quantization | None) -> Iterator[float]:
    inner = m.intermediate // tp
    yield from _linear(2 * inner, m.hidden, width, quant)
    yield from _linear(m.hidden, inner, width, quant)
    if m.mlp_bias:
        yield 2 * inner * width
        yield m.hidden * width


def _sparse(
    m: ModelInfo,
    tp: int,
    width: float,
    quant: Quantization | None,
    expert_parallel: bool,
    padded: _Padded | None,
) -> Iterator[float]:
    e = m.moe
    if e is None:
        return
    count = e.experts // tp if expert_parallel else e.experts
    inner = e.intermediate if expert_parallel else e.intermediate // tp
    h = m.hidden
    if padded:
        yield from padded.tensors(count)
    else:
        yield from (count * n for n in _linear(2 * inner, h, width, quant))
        yield from (count * n for n in _linear(h, inner, width, quant))
        if m.mlp_bias:
            yield count * (2 * inner + h) * width
    yield e.experts * m.hidden * width
    if "V3" in m.architecture:
        yield e.experts * 4
    if e.shared_intermediate:
        shared = e.shared_intermediate // tp
        shared_quant = None if quant and quant.experts_only else quant
        yield from _linear(2 * shared, m.hidden, width, shared_quant)
        yield from _linear(m.hidden, shared, width, shared_quant)
    if e.shared_gate:
        yield m.hidden * width


def _reused(tensors: list[float], model: ModelInfo) -> int:
    """Bytes attached to tensors that take a block which building the RoPE cache left behind.

    Its fp32 halves and their concatenation are freed after the first layer's attention; a block of
    20 MiB or more is handed out whole to the next tensor at most 20 MiB smaller.
    """
    half = model.rope[0][0] * model.rope[0][1] * 2 if model.rope else 0
    free = [size for size in (half, half, 2 * half) if size >= 20 * MIB]
    extra = 0
    for size in tensors if free else ():
        need = allocated(size, whole=True)
        fits = [block for block in free if need <= block < size + 20 * MIB and size >= 20 * MIB]
        if fits:
            free.remove(min(fits))
            extra += min(fits) - need
    return extra


@dataclass(frozen=True, slots=True)
class _Parts:
    """Bytes of a layer's attention and norms, of its dense or sparse feed-forward, and of the rest."""

    attention: int
    dense: int
    sparse: int
    reused: int
    embedding: int
    norm: int
    rope: int


@lru_cache(maxsize=4096)
def _parts(
    m: ModelInfo,
    tp: int,
    width: float,
    quant: Quantization | None,
    expert_parallel: bool,
    cc: tuple[int, int],
    version: tuple[int, ...],
) -> _Parts:
    whole = version >= (0, 21)
    padded = None
    if quant and quant.method == "mxfp4":
        padded = _mxfp4_dims(m, 1 if expert_parallel else tp, cc, version)
    base = [*_attention(m, tp, width, quant, version), *[m.hidden * width] * m.norms_per_layer]
    dense = [] if m.moe and not m.moe.first_dense else list(_dense(m, tp, width, quant))
    sparse = list(_sparse(m, tp, width, quant, expert_parallel, padded))

    def total(tensors: list[float]) -> int:
        return sum(allocated(size, whole=whole and padded is None) for size in tensors)

    order = [*(dense or sparse), *[*base, *(sparse or dense)] * 3]
    return _Parts(
        attention=total(base),
        dense=total(dense),
        sparse=total(sparse),
        reused=_reused(order, m) if whole else 0,
        embedding=allocated(pad(m.vocab, 64) // tp * m.hidden * width, whole=whole),
        norm=allocated(m.hidden * width),
        rope=sum(allocated(positions * dim * width) for positions, dim in m.rope),
    )


def rank_bytes(
    model: ModelInfo,
    *,
    tensor_parallel: int = 1,
    pipeline_parallel: int = 1,
    stage: int = 0,
    width: float = 2,
    quantization: Quantization | None = None,
    expert_parallel: bool = False,
    compute_capability: tuple[int, int] = (9, 0),
    version: tuple[int, ...] = (0, 26),
) -> int:
    """Bytes of weights on one rank after loading, with RoPE caches and allocator rounding.

    Args:
        stage: pipeline stage, from 0; all ranks of a stage hold the same.
        width: bytes per unquantised weight.
        version: engine version, for what a release changed (allocator, MLA copies, gpt-oss).
    """
    m, last = model, stage == pipeline_parallel - 1
    p = _parts(
        m, tensor_parallel, width, quantization, expert_parallel, compute_capability, version
    )
    counts = stage_layers(m.layers, pipeline_parallel, version)
    count = counts[stage]
    dense = max(0, min(count, m.moe.first_dense - sum(counts[:stage]))) if m.moe else count
    total = count * p.attention + dense * p.dense + (count - dense) * p.sparse + p.reused + p.rope
    everywhere = m.architecture.startswith(_EMBEDS_EVERYWHERE)
    heads = m.architecture.startswith(_HEAD_EVERYWHERE)
    heads = heads or (m.architecture.startswith("Deepseek") and version < (0, 8))
    if stage == 0 or everywhere or (last and m.tied):
        total += p.embedding
    if (last or heads) and not m.tied:
        total += p.embedding
    if last:
        total += p.norm
    if stage == 0 or m.architecture.startswith("Gemma3"):
        total += int(m.vision_parameters * width)
    return total
