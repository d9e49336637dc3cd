"""All layouts of a pool of GPUs: which fit, which are best, why the others fail."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from ..catalog.gpus import Gpu
from .kv import Layout, layout
from .memory import GIB, stages
from .rules.shape import divides, legal_tensor_parallel
from .setup import Setup, resolve


class Option(NamedTuple):
    """One layout. ``because`` says why it fails, or is empty."""

    gpu: str
    gpus: int
    nodes: int
    tensor_parallel: int
    pipeline_parallel: int
    fits: bool
    max_model_len: int
    tokens: int
    max_concurrency: float
    decode: float
    because: str = ""

    def to_json(self) -> dict[str, Any]:
        document = self._asdict() | {"max_concurrency": round(self.max_concurrency, 2)}
        del document["decode"]
        return document

    @property
    def rank(self) -> tuple[bool, int, int, float, float]:
        """Best first: fits, fewest GPUs, longest context, most concurrency, fastest."""
        return (not self.fits, self.gpus, -self.max_model_len, -self.max_concurrency, -self.decode)


def _layouts(s: Setup, most: int) -> Iterator[tuple[int, int]]:
    legal = legal_tensor_parallel(s)
    for gpus in range(1, most + 1):
        for tp in legal:
            if gpus % tp == 0 and gpus // tp <= s.model.layers:
                yield tp, gpus // tp


@dataclass(frozen=True, slots=True)
class _Usage:
    """What a layout takes on each stage, whatever the card: bytes but the KV cache, and its cut."""

    taken: tuple[float, ...]
    weights: float
    cut: Layout
    need: int


def _usage(s: Setup) -> _Usage:
    found, cut = stages(s), layout(s)
    limit = s.max_model_len if s.max_model_len > 0 else s.model.max_position
    return _Usage(
        tuple(r.budget - r.available.value for r in found),
        sum(r.weights.value for r in found),
        cut,
        cut.request_blocks(limit),
    )


def _option(s: Setup, gpu: Gpu, u: _Usage, *, longest: bool) -> Option:
    budget = math.ceil(gpu.memory_gib * GIB * s.gpu_memory_utilization)
    available = [int(budget - taken) for taken in u.taken]
    blocks = u.cut.blocks(available) if min(available) > 0 else 0
    limit = s.max_model_len if s.max_model_len > 0 else s.model.max_position
    fits = blocks >= u.need
    length = limit
    if not fits or longest:
        pool_bytes = [blocks * size for size in u.cut.block_bytes]
        length = u.cut.longest(pool_bytes, s.model.max_position if longest else limit)
    because = ""
    if min(available) <= 0:
        because = f"{-min(available) / GIB:.1f} GiB short on each GPU"
    elif not fits:
        because = f"the KV cache holds {length:,} tokens of one request, not {limit:,}"
    return Option(
        gpu=gpu.name,
        gpus=s.gpus,
        nodes=s.nodes,
        tensor_parallel=s.tensor_parallel,
        pipeline_parallel=s.pipeline_parallel,
        fits=fits,
        max_model_len=length,
        tokens=u.cut.tokens(blocks, max(limit, 1)),
        max_concurrency=blocks / u.need,
        decode=(gpu.bandwidth_gbs or 0) * 1e9 / u.weights,
        because=because,
    )


def pool(s: Setup) -> list[Option]:
    """Every layout on up to ``nodes × gpus_per_node`` of the setup's GPU, best first."""
    found = []
    for tp, pp in _layouts(s, s.nodes * s.gpus_per_node):
        if tp > s.gpus_per_node:
            continue  # across nodes: legal, never a suggestion
        nodes = -(-tp * pp // s.gpus_per_node)
        one = s.with_(tensor_parallel=tp, pipeline_parallel=pp, nodes=nodes)
        found.append(_option(one, s.gpu, _usage(one), longest=True))
    return sorted(found, key=lambda o: o.rank)


def anywhere(s: Setup, gpus: Iterable[Gpu], most: int = 16, **settings: Any) -> list[Option]:
    """The same question for many kinds of GPU, each with the engine and defaults it would get.

    Args:
        settings: what the caller asked for, as :func:`~.setup.resolve` takes it.
    """
    found: list[Option] = []
    usages: dict[tuple[Any, ...], list[tuple[Setup, _Usage]]] = {}
    for gpu in gpus:
        if gpu.vendor != "nvidia":
            continue
        one = resolve(s.model, gpu, gpus_per_node=most, **settings)
        if not one.entry.runs_on(gpu.compute_capability):
            continue
        cc = gpu.compute_capability
        law = (one.version, one.runner, one.max_num_batched_tokens, one.max_num_seqs, one.dtype)
        link = gpu.link if one.entry.version == "0.19.1" else ""  # elsewhere it moves bands only
        key = (*law, link, cc >= (8, 0), cc >= (9, 0), cc >= (10, 0))
        if key not in usages:
            tried = [
                one.with_(tensor_parallel=tp, pipeline_parallel=pp)
                for tp, pp in _layouts(one, most)
            ]
            usages[key] = [(t, _usage(t)) for t in tried]
        found += [_option(t, gpu, usage, longest=False) for t, usage in usages[key]]
    return sorted(found, key=lambda o: o.rank)


@lru_cache(maxsize=512)
def _candidates(s: Setup, tp: int | None, pp: int | None) -> tuple[tuple[int, int], ...]:
    have = s.nodes * s.gpus_per_node
    if tp and pp:
        return ((tp, pp),)
    if tp:
        return ((tp, max(1, have // tp)),)
    sizes = [t for t in legal_tensor_parallel(s) if t <= s.gpus_per_node]
    if pp:
        per_stage = max(1, have // pp)
        return tuple((t, pp) for t in reversed(sizes) if per_stage % t == 0) or ((1, pp),)
    whole = [t for t in reversed(sizes) if have % t == 0 and have // t <= s.model.layers]
    inside = [t for t in whole if s.gpus_per_node % t == 0]
    return tuple((t, have // t) for t in inside or whole) or ((1, min(have, s.model.layers)),)


def best_layout(s: Setup, tp: int | None, pp: int | None) -> tuple[int, int, tuple[str, ...]]:
    """Tensor and pipeline parallel sizes for all GPUs of the setup, and why these.

    The largest legal TP inside a node that fits; PP between nodes and where TP is illegal.
    """
    candidates = _candidates(s, tp, pp)
    chosen = candidates[0]
    for t, p in candidates:
        one = s.with_(tensor_parallel=t, pipeline_parallel=p)
        if _option(one, s.gpu, _usage(one), longest=False).fits:
            chosen = t, p
            break
    illegal = [
        t
        for t in range(chosen[0] + 1, s.gpus_per_node + 1)
        if s.gpus_per_node % t == 0 and not divides(s, t)
    ]
    name = f"TP {chosen[0]} × PP {chosen[1]}"
    because = f"{name} chosen: the most tensor parallelism inside a node"
    if chosen != candidates[0]:
        because = f"{name} chosen: the most tensor parallelism inside a node that fits"
    if not illegal:
        return *chosen, (because,)
    assumption = f"the model does not allow TP {', '.join(map(str, illegal))}"
    return *chosen, (because, assumption)
