"""What sizing knows of a model: its dimensions, no weights."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moe:
    """Mixture of experts: routed experts of width ``intermediate``, ``top_k`` of them per token."""

    experts: int
    intermediate: int
    top_k: int
    shared_intermediate: int = 0
    shared_gate: bool = False
    first_dense: int = 0


@dataclass(frozen=True, slots=True)
class Mla:
    """Multi-head latent attention (DeepSeek): one latent of ``kv_lora`` + ``rope`` per token."""

    q_lora: int | None
    kv_lora: int
    rope: int
    nope: int
    v: int


@dataclass(frozen=True, slots=True)
class Quantization:
    """How the checkpoint's linear weights are stored.

    Attributes:
        method: vLLM's word: fp8, gptq, awq, compressed-tensors, mxfp4, bitsandbytes, modelopt …
        bits: bits per linear weight.
        group: weights per scale (0: one per output channel or tensor).
        block: side of a two-dimensional scale block, 0: none.
        symmetric: without zero points.
        experts_only: attention and shared layers stay 16-bit.
    """

    method: str
    bits: float
    group: int = 0
    block: int = 0
    symmetric: bool = True
    experts_only: bool = False


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model's dimensions; counts are of elements, ``stored_bytes`` of bytes on disk.

    Attributes:
        rope: RoPE cos/sin caches as (positions, rotary dimension), one per distinct RoPE.
        sliding: per layer, whether its attention is a sliding window.
        norms_per_layer: RMSNorms over the hidden size (4 in Gemma 2 and 3).
        vision_parameters: vision tower and projector, not split by tensor parallelism.
        understood: False where the architecture is computed as the nearest plain decoder.
        assumed: what config.json left open, as sentences.
    """

    id: str
    architecture: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    intermediate: int
    max_position: int
    dtype: str
    tied: bool = False
    qkv_bias: bool = False
    o_bias: bool = False
    mlp_bias: bool = False
    qk_norm: bool = False
    norms_per_layer: int = 2
    rope: tuple[tuple[int, int], ...] = ()
    window: int = 0
    sliding: tuple[bool, ...] = ()
    moe: Moe | None = None
    mla: Mla | None = None
    quantization: Quantization | None = None
    vision_parameters: int = 0
    stored_bytes: int | None = None
    understood: bool = True
    needs_remote_code: bool = False
    source: str = "config.json"
    assumed: tuple[str, ...] = ()

    def __hash__(self) -> int:
        """Cheap, since caches ask for it at every plan."""
        return hash((self.id, self.architecture, self.layers, self.hidden))

    @property
    def parameters(self) -> int:
        """Parameters as published: unpadded, without copies, with the vision tower."""
        h, d = self.hidden, self.head_dim
        if self.mla:
            m = self.mla
            per_head = m.nope + m.rope
            q = (
                h * m.q_lora + m.q_lora + m.q_lora * self.heads * per_head
                if m.q_lora
                else h * self.heads * per_head
            )
            kv = h * (m.kv_lora + m.rope) + m.kv_lora + m.kv_lora * self.heads * (m.nope + m.v)
            attention = q + kv + self.heads * m.v * h
        else:
            width = (self.heads + 2 * self.kv_heads) * d
            attention = width * (h + self.qkv_bias) + (self.heads * d + self.o_bias) * h
            attention += 2 * d if self.qk_norm else 0
            attention += self.heads if self.architecture == "GptOssForCausalLM" else 0  # sinks
        dense = 3 * h * self.intermediate + self.mlp_bias * (2 * self.intermediate + h)
        body = attention + self.norms_per_layer * h
        total = self.layers * body + h + self.vocab * h * (1 if self.tied else 2)
        if not self.moe:
            return total + self.layers * dense + self.vision_parameters
        e = self.moe
        expert = 3 * h * e.intermediate + self.mlp_bias * (2 * e.intermediate + h)
        router = e.experts * h + self.mlp_bias * e.experts
        correction = e.experts if "V3" in self.architecture else 0
        shared = 3 * h * e.shared_intermediate + (h if e.shared_gate else 0)
        sparse = e.experts * expert + router + correction + shared
        sparse_layers = self.layers - e.first_dense
        return total + e.first_dense * dense + sparse_layers * sparse + self.vision_parameters
