"""How fast it may be: bands from bandwidth, arithmetic and bytes; never points."""

from __future__ import annotations

from typing import Any

from ..catalog.models import ModelInfo
from .fit import Fit
from .memory import GIB

# Share of the data sheet's bandwidth and arithmetic that serving reaches; V100 has no FlashAttention.
_BANDWIDTH_USED = (0.5, 0.75)
_ARITHMETIC_USED = (0.3, 0.55)
_ARITHMETIC_USED_OLD = (0.15, 0.3)
_ALL_REDUCE_SECONDS = {"nvlink": (8e-6, 25e-6), "pcie": (30e-6, 90e-6), "unified": (30e-6, 90e-6)}
_STORAGE_BYTES_PER_SECOND = (0.15e9, 3e9)
# From the command to "startup complete" without weights: imports, compile, profile, graphs.
_START_SECONDS = {True: (30, 90), False: (60, 180)}


def active_share(m: ModelInfo) -> float:
    """Share of the parameters that one token passes through; 1 for a dense model."""
    if m.moe is None:
        return 1.0
    routed = (m.layers - m.moe.first_dense) * m.moe.experts * 3 * m.hidden * m.moe.intermediate
    return 1 - routed * (1 - m.moe.top_k / m.moe.experts) / m.parameters


def speed(fit: Fit) -> dict[str, Any]:
    """Bands (low, high) for one stream, for all that fit at once, for prefill and a cold start.

    decode: tokens/s [every step reads the active weights and the cache once]; prefill: tokens/s
    [2 × parameters FLOP per token]; cold_start: seconds with nothing cached.
    """
    s, m = fit.setup, fit.setup.model
    found: dict[str, Any] = {}
    stored = m.stored_bytes or s.tensor_parallel * sum(r.weights.value for r in fit.stages)
    low, high = _START_SECONDS[s.enforce_eager]
    slow, fast = _STORAGE_BYTES_PER_SECOND
    found["cold_start_seconds"] = {
        "low": round(low + stored / fast),
        "high": round(high + stored / slow),
        "because": f"{stored / 1e9:.0f} GB read at {slow / 1e9:g} to {fast / 1e9:g} GB/s, and the "
        "engine's own start",
    }
    if not fit.loads or not s.gpu.bandwidth_gbs:
        return found
    weights = sum(r.weights.value for r in fit.stages) * active_share(m)
    length = max(min(fit.max_model_len, 4096), 1)
    cache = length * fit.bytes_per_token * s.pipeline_parallel
    reduces = 2 * m.layers * (s.tensor_parallel > 1)
    batch = max(1, min(s.max_num_seqs, fit.tokens // length))
    quick, slow_link = _ALL_REDUCE_SECONDS[s.gpu.link]

    def step(share: float, latency: float, sequences: int) -> float:
        touched = min(1 / active_share(m), 1 + (sequences - 1) * 0.25) if m.moe else 1
        read = weights * touched + sequences * cache
        return read / (s.gpu.bandwidth_gbs * 1e9 * share) + reduces * latency  # type: ignore[operator]

    for name, sequences in (("decode_one_stream", 1), ("decode_all_streams", batch)):
        found[f"{name}_tokens_per_second"] = {
            "low": round(sequences / step(_BANDWIDTH_USED[0], slow_link, sequences)),
            "high": round(sequences / step(_BANDWIDTH_USED[1], quick, sequences)),
            "sequences": sequences,
        }
    if s.gpu.fp16_tflops:
        used = _ARITHMETIC_USED if s.gpu.compute_capability >= (8, 0) else _ARITHMETIC_USED_OLD
        flops = s.gpu.fp16_tflops * 1e12 * s.gpus / (2 * m.parameters * active_share(m))
        found["prefill_tokens_per_second"] = {
            "low": round(flops * used[0]),
            "high": round(flops * used[1]),
        }
    found["because"] = (
        f"{weights / GIB:.1f} GiB of weights are read per token, {s.gpu.bandwidth_gbs:g} GB/s per "
        f"GPU, {_BANDWIDTH_USED[0]:.0%} to {_BANDWIDTH_USED[1]:.0%} of it reached"
    )
    return found
