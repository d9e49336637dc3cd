"""KV cache: bytes per block, blocks, tokens and concurrency, as that version counts and prints them.

[vllm ``v1/core/kv_cache_utils.py`` and ``v1/kv_cache_interface.py`` 0.11 - 0.33; V0
``worker/worker.py`` for runner V0]
"""

from __future__ import annotations

from dataclasses import dataclass

from .setup import Setup
from .weights import has_latent_cache, stage_layers


@dataclass(frozen=True, slots=True)
class Layout:
    """How the KV cache is cut: groups of layers share blocks of ``block`` tokens.

    Attributes:
        block_bytes: bytes of one block on a rank, per pipeline stage.
        full_groups, sliding_groups: groups a request holds blocks of.
    """

    block: int
    block_bytes: tuple[int, ...]
    full_groups: int
    sliding_groups: int
    window: int
    in_flight: int
    printed: str

    def request_blocks(self, length: int) -> int:
        """Blocks that one request of ``length`` tokens may hold."""
        full = -(-length // self.block)
        if not self.sliding_groups:
            return self.full_groups * full
        held = min(self.window - 1 + self.in_flight, length)
        return self.full_groups * full + self.sliding_groups * (-(-held // self.block) + 1)

    def blocks(self, available: list[int]) -> int:
        """Blocks of the pool, given bytes per stage: the least over all."""
        return max(0, min(a // b for a, b in zip(available, self.block_bytes, strict=True)))

    def concurrency(self, blocks: int, length: int) -> float:
        return blocks / self.request_blocks(length)

    def tokens(self, blocks: int, length: int) -> int:
        """Tokens as that version prints them."""
        if self.printed == "concurrency":
            return int(self.concurrency(blocks, length) * length)
        return blocks // (self.full_groups + self.sliding_groups) * self.block

    def longest(self, available: list[int], limit: int) -> int:
        """The longest request that every rank holds, at most ``limit`` tokens; 0: none."""
        blocks = self.blocks(available)
        if not self.sliding_groups:
            return min(limit, blocks // self.full_groups * self.block)
        low, high = 0, limit
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (
                (middle, high) if self.request_blocks(middle) <= blocks else (low, middle - 1)
            )
        return low


def layout(s: Setup) -> Layout:
    m, tp = s.model, s.tensor_parallel
    block = 16
    if m.mla and has_latent_cache(s.version_key):
        page_width = m.mla.kv_lora + m.mla.rope  # one latent, on every rank
        if s.kv_width == 1 and (9, 0) <= s.gpu.compute_capability < (10, 0) and s.runner != "V0":
            block = 64  # FlashMLA
    elif m.mla:
        page_width = 2 * m.heads // tp * 256  # padded for FlashAttention [models/deepseek_v3.py]
    else:
        page_width = 2 * max(1, m.kv_heads // tp) * m.head_dim
    page = block * page_width * s.kv_width
    counts = stage_layers(m.layers, s.pipeline_parallel, s.version_key)
    sliding = m.sliding if any(m.sliding) and s.runner != "V0" else (False,) * m.layers
    if s.version_key < (0, 10, 2) or "--disable-hybrid-kv-cache-manager" in s.extra:
        sliding = (False,) * m.layers
    batches = 1
    if s.entry.in_flight_batches:
        pp = s.pipeline_parallel
        batches = pp + 1 if s.runner == "V2" else 2 if pp == 1 else pp
    windowed = sum(sliding)
    full = m.layers - windowed
    size = _group_size(full, windowed, s.version_key)
    full_groups, sliding_groups = -(-full // size), -(-windowed // size)
    per_stage, start = [], 0
    for count in counts:
        here = sum(sliding[start : start + count])
        start += count
        held = [
            -(-n // groups)
            for n, groups in ((count - here, full_groups), (here, sliding_groups))
            if n
        ]
        per_stage.append(page * max(held, default=1))
    return Layout(
        block=block,
        block_bytes=tuple(per_stage),
        full_groups=full_groups,
        sliding_groups=sliding_groups,
        window=m.window,
        in_flight=batches * s.max_num_batched_tokens,
        printed=s.entry.tokens_printed if s.runner != "V0" else "blocks",
    )


def _group_size(full: int, windowed: int, version: tuple[int, ...]) -> int:
    if not full or not windowed:
        return full or windowed
    least, most = min(full, windowed), max(full, windowed)
    margin = 1.5 if version >= (0, 16) else 1.25 if version >= (0, 12) else 1.0
    return most if most < least * margin else least
