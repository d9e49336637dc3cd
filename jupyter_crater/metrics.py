"""The engine's ``/metrics`` (Prometheus text) → the few figures that a person looks at.

Names of vLLM V1 (0.8 to 0.33), V0 (0.6 to 0.10) and SGLang; read in their metrics modules and in a
real answer of vLLM 0.32 (tests/data/metrics). Several engines of one server (data parallel) are
added up, their KV use is averaged.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from .addresses import by_proxy

_SAMPLE = re.compile(r"(?m)^([A-Za-z_:][\w:]*)(\{[^\n]*\})?[ \t]+(\S+)")
# Figure → (names in any dialect, how samples of several engines go together).
_GAUGES: dict[str, tuple[tuple[str, ...], str]] = {
    "running": (("vllm:num_requests_running", "sglang:num_running_reqs"), "sum"),
    "waiting": (("vllm:num_requests_waiting", "sglang:num_queue_reqs"), "sum"),
    "kv_use": (
        ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc", "sglang:token_usage"),
        "mean",
    ),
}
_COUNTERS = {
    "prompt_tokens": ("vllm:prompt_tokens_total", "sglang:prompt_tokens_total"),
    "generation_tokens": ("vllm:generation_tokens_total", "sglang:generation_tokens_total"),
    "preemptions": ("vllm:num_preemptions_total",),
    "requests": ("vllm:request_success_total", "sglang:num_requests_total"),
}
# Histograms give a mean: of all requests by themselves, of an interval by `between`.
_MEANS = {
    "ttft": ("vllm:time_to_first_token_seconds", "sglang:time_to_first_token_seconds"),
    "tpot": (
        "vllm:inter_token_latency_seconds",
        "vllm:time_per_output_token_seconds",
        "sglang:inter_token_latency_seconds",
        "sglang:time_per_output_token_seconds",
    ),
    "queue_time": ("vllm:request_queue_time_seconds",),
}


BOUND_S = 1.0
"""Figures are a courtesy: no status waits longer for them."""


def fetch(url: str, key: str | None = None, *, bound: float = BOUND_S) -> dict[str, float] | None:
    """The figures of the engine at ``url``; None where it gives none in time."""
    import httpx

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        env = by_proxy(url)
        answer = httpx.get(f"{url}/metrics", headers=headers, timeout=bound, trust_env=env)
    except httpx.HTTPError:
        return None
    return (parse(answer.text) or None) if answer.status_code == httpx.codes.OK else None


def as_text(figures: Mapping[str, float]) -> str:
    """One line for people: "2 running, 0 waiting, KV cache 3 %, first token after 0.21 s"."""
    parts = [(f"{figures[name]:.0f} {name}") for name in ("running", "waiting") if name in figures]
    if "kv_use" in figures:
        parts.append(f"KV cache {100 * figures['kv_use']:.0f} %")
    if "ttft" in figures:
        parts.append(f"first token after {figures['ttft']:.2f} s")
    if figures.get("tpot"):
        parts.append(f"{1 / figures['tpot']:.1f} tokens/s a request")
    return ", ".join(parts)


def parse(text: str) -> dict[str, float]:
    """The figures of one answer of ``/metrics``; those that it does not hold are left out.

    ``running`` and ``waiting`` (requests), ``kv_use`` (0 to 1), ``ttft``, ``tpot`` and
    ``queue_time`` (seconds, mean since the start), and the counters ``prompt_tokens``,
    ``generation_tokens``, ``requests``, ``preemptions``; ``ttft_sum`` and the like are what
    :func:`between` needs. Text that is no metrics gives {}.
    """
    samples = _samples(text)
    found: dict[str, float] = {}
    for figure, (names, together) in _GAUGES.items():
        if values := _first(samples, names):
            found[figure] = math.fsum(values) / (len(values) if together == "mean" else 1)
    for figure, counters in _COUNTERS.items():
        if values := _first(samples, counters):
            found[figure] = math.fsum(values)
    for figure, histograms in _MEANS.items():
        for name in histograms:
            total, count = samples.get(f"{name}_sum"), samples.get(f"{name}_count")
            if total and count:
                found[f"{figure}_sum"], found[f"{figure}_count"] = (
                    math.fsum(total),
                    math.fsum(count),
                )
                if found[f"{figure}_count"] > 0:
                    found[figure] = found[f"{figure}_sum"] / found[f"{figure}_count"]
                break
    return found


def between(
    before: Mapping[str, float], after: Mapping[str, float], seconds: float
) -> dict[str, float]:
    """The figures of an interval between two parsed answers, ``seconds`` apart.

    Adds ``tokens_per_second`` (generated) and ``prompt_tokens_per_second`` to the latest gauges;
    ``ttft`` and ``tpot`` are then means of the interval alone, left out where no request ended in
    it. An engine that was started again in between counts from zero.
    """
    found = {k: v for k, v in after.items() if k in _GAUGES}
    for figure, rate in (
        ("generation_tokens", "tokens_per_second"),
        ("prompt_tokens", "prompt_tokens_per_second"),
    ):
        if figure in after and seconds > 0:
            found[rate] = _grown(before, after, figure) / seconds
    for figure in _MEANS:
        count = _grown(before, after, f"{figure}_count")
        if count > 0:
            found[figure] = _grown(before, after, f"{figure}_sum") / count
    return found


def _grown(before: Mapping[str, float], after: Mapping[str, float], figure: str) -> float:
    now, then = after.get(figure, 0.0), before.get(figure, 0.0)
    return now - then if now >= then else now


def _samples(text: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for name, _, value in _SAMPLE.findall(text):
        try:
            number = float(value)
        except ValueError:
            continue
        if math.isfinite(number):
            found.setdefault(name, []).append(number)
    return found


def _first(samples: Mapping[str, list[float]], names: tuple[str, ...]) -> list[float]:
    return next((samples[n] for n in names if n in samples), [])
