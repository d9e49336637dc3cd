"""Reading the truth back: what a vLLM log says of its memory, kept for the next estimate.

Pure functions over log lines of runner V0 (0.6 - 0.9), V1 and V2; a line may carry any prefix.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .. import files
from ..errors import NewerSchema
from .setup import Setup

SCHEMA = 1
# Who speaks: every "(Worker_TP1 pid=…)" that stands before the line.
_WORKER = re.compile(r"\((?:Ray|Worker|VllmWorker|EngineCore)[^()]*\)")
_N = r"[\d.]+"
# A group's name is the field that it fills.
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:LLM engine|API server version|version) \(?v?(?P<version>\d+\.\d+\.\d+[\w.+]*)",
        rf"(?:Model loading took|[Ll]oading model weights took) (?P<weights_gib>{_N}) G",
        # V0, in two lines
        (
            rf"total_gpu_memory \((?P<total_gib>{_N}) ?GiB\) x gpu_memory_utilization "
            rf"\((?P<gpu_memory_utilization>{_N})\)"
        ),
        (
            rf"non_torch_memory takes (?P<other_gib>{_N}) ?GiB; PyTorch activation peak memory takes "
            rf"(?P<activations_gib>{_N}) ?GiB; .* KV Cache is (?P<kv_cache_gib>\d+\.\d+)"
        ),
        r"# (?!CPU)\w+ blocks: (?P<blocks>\d+)",
        # V1 and V2
        (
            rf"Free memory on device \({_N}/(?P<total_gib>{_N}) GiB\) on startup\. Desired GPU memory "
            rf"utilization is \((?P<gpu_memory_utilization>{_N}), {_N} GiB\)\. Actual usage is {_N} GiB "
            rf"for weights?, (?P<activations_gib>{_N}) GiB for peak activation, "
            rf"(?P<other_gib>{_N}) GiB for non-torch"
        ),
        rf"Available KV cache memory: (?P<kv_cache_gib>{_N}) GiB",
        r"[GC]PU KV cache size: (?P<tokens>[\d,]+) tokens",
        (
            rf"Maximum concurrency for (?P<max_model_len>[\d,]+) tokens per request: "
            rf"(?P<max_concurrency>{_N})x"
        ),
        rf"Graph capturing finished in \d+ secs?, took (?P<cuda_graphs_gib>{_N}) GiB",
    )
)
_COUNTS = ("tokens", "blocks", "max_model_len")
_BLOCK = 16


@dataclass(slots=True)
class Measured:
    """What one start measured; lists are per rank in the order in which ranks spoke.

    vLLM prints some lines for one rank only: the lists may be of different lengths.
    """

    version: str | None = None
    weights_gib: list[float] = field(default_factory=list)
    activations_gib: list[float] = field(default_factory=list)
    other_gib: list[float] = field(default_factory=list)
    kv_cache_gib: list[float] = field(default_factory=list)
    cuda_graphs_gib: list[float] = field(default_factory=list)
    total_gib: float | None = None
    gpu_memory_utilization: float | None = None
    tokens: int | None = None
    blocks: int | None = None
    max_model_len: int | None = None
    max_concurrency: float | None = None

    def to_json(self) -> dict[str, Any]:
        return {k: v for k, v in asdict(self).items() if v not in (None, [])}


def read(lines: Iterable[str]) -> Measured:
    """What the lines of one start say. Unknown lines are passed over; a later start overwrites."""
    m = Measured()
    heard: dict[int, set[str]] = {}
    for line in lines:
        for n, pattern in enumerate(_PATTERNS):
            if not (match := pattern.search(line)):
                continue
            worker = " ".join(_WORKER.findall(line))
            spoken = heard.setdefault(n, set())
            again = bool(worker) and worker in spoken
            if again:  # this very rank said it before: a second start begins
                spoken.clear()
            spoken.add(worker)
            for name, text in match.groupdict().items():
                _note(m, name, text.replace(",", ""), again=again)
    if m.blocks is not None:
        m.tokens = m.blocks * _BLOCK
    return m


def _note(m: Measured, name: str, text: str, *, again: bool) -> None:
    known = getattr(m, name)
    if isinstance(known, list):
        if again:
            known.clear()
        known.append(float(text))
    elif name == "version":
        m.version = known or text
    else:
        setattr(m, name, int(text) if name in _COUNTS else float(text))


def _key(s: Setup) -> dict[str, Any]:
    """What a measurement is kept under: everything that moves the KV cache."""
    q = s.quantization
    return {
        "model": s.model.id.rpartition("/")[2].lower(),
        "gpu": s.gpu.name,
        "gpu_memory_gib": s.gpu.memory_gib,
        "engine": s.entry.engine,
        "version": s.version,
        "tensor_parallel": s.tensor_parallel,
        "pipeline_parallel": s.pipeline_parallel,
        "nodes": s.nodes,
        "dtype": s.dtype,
        "quantization": q.method if q else None,
        "kv_width": s.kv_width,
        "max_model_len": s.max_model_len,
        "max_num_seqs": s.max_num_seqs,
        "max_num_batched_tokens": s.max_num_batched_tokens,
        "gpu_memory_utilization": s.gpu_memory_utilization,
        "kv_cache_memory_bytes": s.kv_cache_memory_bytes,
        "enforce_eager": s.enforce_eager,
        "expert_parallel": s.expert_parallel,
        "disable_custom_all_reduce": s.disable_custom_all_reduce,
        "extra": list(s.extra),
    }


def _file(folder: Path, s: Setup) -> Path:
    text = json.dumps(_key(s), sort_keys=True)
    return folder / f"{hashlib.sha256(text.encode()).hexdigest()[:20]}.json"


def keep(folder: Path, s: Setup, m: Measured) -> Path | None:
    """Keep a measurement for the next estimate of the same setup; atomic. None: nothing to keep."""
    if not m.tokens:
        return None
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    path = _file(folder, s)
    with files.memory(folder):
        files.write(path, {"schema": SCHEMA, "key": _key(s), "when": when} | m.to_json())
    return path


def load(folder: Path, s: Setup) -> dict[str, Any] | None:
    """What was kept for exactly this setup, or None; an unreadable file counts as none.

    Raises:
        NewerSchema: written by a newer version.
    """
    document = files.read(_file(folder, s))
    if document is None or not document.get("tokens"):
        return None
    if document.get("schema", 0) > SCHEMA:
        raise NewerSchema(
            f"A measurement was kept with schema {document['schema']}; this knows {SCHEMA}."
        )
    return document
