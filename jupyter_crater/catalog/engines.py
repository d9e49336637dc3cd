"""Engines: entries, not version rules. What a build can run on, carries and charges."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

from ..errors import ParameterError, nearest
from . import data
from .gpus import capability

Runner = Literal["V0", "V1", "V2"]


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """One engine build and the releases it answers for.

    Attributes:
        version: the release that was read; ``first`` (inclusive) to ``until`` (exclusive) it covers.
        image: the vendor's container image of ``version``.
        ray: Ray in that image (lower bound), None where there is none (vLLM's since 0.18).
        arch: compute capabilities with CUDA code in the wheel.
        runner: model runner where neither ``v2`` nor ``v0_below`` says otherwise.
        v2: which models run on model runner V2: "none", "listed", "dense" (and listed) or "all".
        v0_below: below this compute capability the V0 engine runs instead, or None.
        sampler: top-k/top-p implementation: "sort", "triton", or FlashInfer's (cc 8.0 and above)
            from probabilities ("flashinfer") or from fp32 logits ("flashinfer-fp32").
        graphs_charged: runners that subtract an estimate of the CUDA graphs from the KV cache.
        in_flight_batches: sliding windows reserve one batch per concurrent step.
        batch_defaults: (least GPU memory in GiB, max_num_batched_tokens, max_num_seqs), largest
            first; None tokens: max_model_len, an unchunked prefill.
        tokens_printed: what "GPU KV cache size" means: "blocks" × block size, or "concurrency" ×
            max_model_len.
        dialect: how its log lines read.
        recommended_from: lowest compute capability it is recommended for; None: never.
    """

    engine: str
    version: str
    first: str
    until: str
    image: str
    ray: str | None
    extras: tuple[str, ...]
    arch: tuple[tuple[int, int], ...]
    runner: Runner
    v2: Literal["none", "listed", "dense", "all"]
    v2_architectures: tuple[str, ...]
    v0_below: tuple[int, int] | None
    sampler: Literal["sort", "triton", "flashinfer", "flashinfer-fp32"]
    graphs_charged: tuple[Runner, ...]
    in_flight_batches: bool
    gpu_memory_utilization: float
    batch_defaults: tuple[tuple[int, int | None, int], ...]
    tokens_printed: Literal["blocks", "concurrency"]
    dialect: str
    recommended_from: tuple[int, int] | None

    def runs_on(self, compute_capability: tuple[int, int]) -> bool:
        """Whether the wheel holds code for it: the same major version, no newer minor."""
        major, minor = compute_capability
        return any(a == major and b <= minor for a, b in self.arch)

    def runner_for(
        self,
        architecture: str,
        *,
        moe: bool,
        quantized: bool,
        compute_capability: tuple[int, int],
    ) -> Runner:
        """The model runner that serves such a model [vllm ``config/vllm.py:use_v2_model_runner``]."""
        if self.v0_below and compute_capability < self.v0_below:
            return "V0"
        listed = architecture in self.v2_architectures
        plain = not moe and not quantized  # what the first V2 releases asked for
        chosen = {
            "none": False,
            "listed": listed and (plain or (moe and self.version.startswith("0.24"))),
            "dense": listed or not moe,
            "all": True,
        }[self.v2]
        return "V2" if chosen else self.runner

    def covers(self, version: str) -> bool:
        return version_key(self.first) <= version_key(version) < version_key(self.until)


@lru_cache(maxsize=256)
def version_key(version: str) -> tuple[int, ...]:
    """Sortable form of a release: "0.8.5.post1" → (0, 8, 5, 1); suffixes after that are dropped.

    Raises:
        ParameterError: not a version.
    """
    match = re.match(r"v?(\d+(?:\.\d+)*)(?:\.post(\d+))?", version.strip())
    if not match:
        raise ParameterError(
            "engine_version",
            f"{version!r} is not a version.",
            value=version,
            hint='Write it like "0.26.0".',
        )
    numbers = [int(n) for n in match[1].split(".")][:3]
    return (*numbers, *[0] * (3 - len(numbers)), int(match[2] or 0))


@cache
def all() -> tuple[EngineEntry, ...]:  # noqa: A001 - the catalogs are read as modules
    """Every entry, oldest first within an engine."""
    return tuple(_read(entry) for entry in data("engines.json")["engines"])


def _read(entry: dict[str, Any]) -> EngineEntry:
    return EngineEntry(
        **entry
        | {
            "extras": tuple(entry["extras"]),
            "graphs_charged": tuple(entry["graphs_charged"]),
            "arch": tuple(capability(a) for a in entry["arch"]),
            "v2_architectures": tuple(entry["v2_architectures"]),
            "v0_below": entry["v0_below"] and capability(entry["v0_below"]),
            "recommended_from": entry["recommended_from"] and capability(entry["recommended_from"]),
            "batch_defaults": tuple(tuple(row) for row in entry["batch_defaults"]),
        }
    )


def _of(engine: str) -> list[EngineEntry]:
    if entries := [e for e in all() if e.engine == engine]:
        return entries
    known = sorted({e.engine for e in all()})
    close = nearest(engine, known)
    raise ParameterError(
        "engine",
        f"Unknown engine {engine!r}." + (f" Nearest: {close!r}." if close else ""),
        value=engine,
        hint=f"Known: {', '.join(known)}.",
    )


def find(engine: str = "vllm", version: str | None = None) -> tuple[EngineEntry, str | None]:
    """The entry that answers for a release, and what had to be assumed (a sentence) or None.

    Without a version: the newest recommended entry.

    Raises:
        ParameterError: unknown engine, or a version that is none.
    """
    entries = _of(engine)
    if version is None:
        return next(e for e in reversed(entries) if e.recommended_from), None
    key = version_key(version)
    for entry in entries:
        if entry.covers(version):
            return entry, None
    entry = entries[0] if key < version_key(entries[0].first) else entries[-1]
    assumption = f"{engine} {version} is not covered: computed as {engine} {entry.version}"
    return entry, assumption


def for_gpu(
    compute_capability: str | float | tuple[int, int], *, engine: str = "vllm", ray: bool = False
) -> EngineEntry:
    """The newest recommended entry that runs on such a GPU; with ``ray`` one whose image has Ray.

    Raises:
        ParameterError: none does (parameter "gpu").
    """
    cc = capability(compute_capability)
    fit = [e for e in _of(engine) if e.runs_on(cc) or cc == (0, 0)]
    fit = [e for e in fit if not ray or e.ray]
    if not fit:
        lowest = min(a for e in _of(engine) for a in e.arch)
        raise ParameterError(
            "gpu",
            f"No {engine} build runs on compute capability {cc[0]}.{cc[1]}.",
            hint=f"{engine} needs at least {lowest[0]}.{lowest[1]}.",
        )
    recommended = (
        e
        for e in reversed(fit)
        if e.recommended_from and (e.recommended_from <= cc or cc == (0, 0))
    )
    return next(recommended, fit[-1])


@cache
def _flags() -> dict[str, dict[str, Any]]:
    flags: dict[str, dict[str, Any]] = data("flags.json")
    return flags


def removed_flags() -> dict[str, str | None]:
    """Flags that a vLLM since 0.6 had and a later one has not; what came instead, if anything."""
    return _flags()["instead"]


def unknown_flag(flag: str, version: str) -> str | None:
    """Why a vLLM of that version doesn't know ``flag``, or None where it does (or nobody read)."""
    since, until = _flags()["flags"].get(flag, (None, None))
    key = version_key(version)
    if since and key < version_key(since):
        because = f"{flag} came with vLLM {since}."
    elif until and key >= version_key(until):
        because = f"{flag} is gone since vLLM {until}."
    else:
        return None
    return because
