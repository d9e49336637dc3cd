"""Whether an arrangement fits: its stages, its KV cache and the longest request."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .kv import Layout, layout
from .memory import GIB, StageMemory, graphs, reserved_outside, stages
from .setup import Setup, with_length


@dataclass(frozen=True, slots=True)
class Fit:
    """The memory plan of one setup; its ranks are ``tensor_parallel`` of each stage, in order.

    Attributes:
        blocks, tokens, concurrency: as this engine version counts and prints them.
        low_tokens, high_tokens: the tokens at the ends of the memory bands.
        longest: tokens of the longest request that every rank holds; 0: none.
        max_model_len: the length planned for (what fits, for "auto").
        loads: weights and activations leave something for the KV cache on every rank.
    """

    setup: Setup
    stages: list[StageMemory]
    layout: Layout
    blocks: int
    tokens: int
    low_tokens: int
    high_tokens: int
    concurrency: float
    longest: int
    max_model_len: int
    loads: bool

    @property
    def fits(self) -> bool:
        return self.loads and self.longest >= self.max_model_len > 0

    @property
    def tightest(self) -> StageMemory:
        return min(self.stages, key=lambda r: r.available.value)

    @property
    def bytes_per_token(self) -> int:
        """KV cache bytes of one token on the rank that holds most layers."""
        return (
            max(self.layout.block_bytes)
            * (self.layout.full_groups + self.layout.sliding_groups)
            // self.layout.block
        )


def evaluate(s: Setup) -> Fit:
    """Compute the plan."""
    found, cut = stages(s), layout(s)

    def blocks_at(end: str) -> int:
        return cut.blocks([math.floor(getattr(r.available, end)) for r in found])

    blocks, low, high = blocks_at("value"), blocks_at("low"), blocks_at("high")
    limit = s.max_model_len if s.max_model_len > 0 else s.model.max_position
    pool = [blocks * size for size in cut.block_bytes]
    longest = cut.longest(pool, max(limit, s.model.max_position))
    length = min(limit, longest) if s.max_model_len == -1 else limit
    shown = max(length, 1)
    return Fit(
        setup=s,
        stages=found,
        layout=cut,
        blocks=blocks,
        tokens=cut.tokens(blocks, shown),
        low_tokens=cut.tokens(low, shown),
        high_tokens=cut.tokens(high, shown),
        concurrency=cut.concurrency(blocks, shown),
        longest=longest,
        max_model_len=length,
        loads=all(r.available.value > 0 for r in found),
    )


def highest_utilization(s: Setup) -> float:
    """The highest safe gpu_memory_utilization, in steps of 0.01.

    It passes the start-up check and leaves room for CUDA graphs that the budget isn't charged with.
    """
    total = s.gpu.memory_gib * GIB
    charged = s.runner in s.entry.graphs_charged
    on_top = 0 if charged else max(graphs(s, i).value for i in (0, s.pipeline_parallel - 1))
    return math.floor(100 * (total - reserved_outside(s) - on_top) / total) / 100


@dataclass(frozen=True, slots=True)
class Change:
    """Changed settings (keywords of ``size``) and what they are called for people."""

    label: str
    set: dict[str, Any]
    setup: Setup


def changes(s: Setup) -> Iterator[Change]:
    """What can be changed on the same GPUs, cheapest for the user first; none is checked."""
    if s.kv_cache_memory_bytes:
        yield Change(
            "Let the engine size the KV cache",
            {"kv_cache_memory_bytes": None},
            s.with_(kv_cache_memory_bytes=None),
        )
    if s.runner == "V1" and s.max_num_seqs > 128:
        yield Change(
            "Serve at most 128 sequences at once", {"max_num_seqs": 128}, s.with_(max_num_seqs=128)
        )
    best = highest_utilization(s)
    if best > s.gpu_memory_utilization and not s.kv_cache_memory_bytes:
        yield Change(
            f"Use {best:.0%} of each GPU",
            {"gpu_memory_utilization": best},
            s.with_(gpu_memory_utilization=best),
        )
    if s.max_num_batched_tokens > 2048 and s.chunked_prefill and s.runner != "V0":
        yield Change(
            "Prefill 2,048 tokens at once",
            {"max_num_batched_tokens": 2048},
            s.with_(max_num_batched_tokens=2048, max_num_seqs=min(s.max_num_seqs, 2048)),
        )
    for length in _shorter(s):
        yield Change(
            f"Limit the context to {length:,} tokens",
            {"max_model_len": length},
            with_length(s, length),
        )
    if "fp8" in s.gpu.formats and s.kv_width == 2 and s.runner != "V0":
        yield Change("Keep the KV cache in fp8", {"kv_cache_dtype": "fp8"}, s.with_(kv_width=1))


def _shorter(s: Setup) -> Iterator[int]:
    """The longest power of two that fits, else the longest multiple of 16 that does."""
    limit = s.max_model_len if s.max_model_len > 0 else s.model.max_position
    length = 1 << (limit.bit_length() - 1)
    length = length if length < limit else length // 2
    while length >= 1024:
        if evaluate(with_length(s, length)).fits:
            yield length
            return
        length //= 2
    if (longest := evaluate(s).longest // 16 * 16) >= 16:
        yield longest
