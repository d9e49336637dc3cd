"""Reading the truth back: what a vLLM log says of its memory, kept for the next estimate.

Pure functions over log lines of runner V0 (0.6 - 0.9), V1 and V2; a line may carry any prefix.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import NewerSchema
from .setup import Setup

__all__ = ["Measured", "keep", "load", "read"]

SCHEMA = 1
_N = r"([\d.]+)"
# Who speaks: every "(Worker_TP1 pid=…)" that stands before the line.
_WORKER = re.compile(r"\((?:Ray|Worker|VllmWorker|EngineCore)[^()]*\)")
_WEIGHTS = re.compile(rf"(?:Model loading took|[Ll]oading model weights took) {_N} (GiB|GB)")
_V0 = re.compile(
    rf"model weights take {_N} ?GiB; non_torch_memory takes {_N} ?GiB; PyTorch activation peak memory "
    rf"takes {_N} ?GiB; the rest of the memory reserved for KV Cache is {_N} ?GiB"
)
_V0_BUDGET = re.compile(
    rf"total_gpu_memory \({_N} ?GiB\) x gpu_memory_utilization \({_N}\) = {_N} ?GiB"
)
_USAGE = re.compile(
    rf"Free memory on device \({_N}/{_N} GiB\) on startup\. Desired GPU memory utilization is "
    rf"\({_N}, {_N} GiB\)\. Actual usage is {_N} GiB for weights?, {_N} GiB for peak activation, "
    rf"{_N} GiB for non-torch memory, and {_N} GiB for CUDAGraph"
)
_KV = re.compile(rf"Available KV cache memory: {_N} GiB")
_TOKENS = re.compile(r"[GC]PU KV cache size: ([\d,]+) tokens")
_V0_BLOCKS = re.compile(r"# (?!CPU)\w+ blocks: (\d+)")
_CONCURRENCY = re.compile(rf"Maximum concurrency for ([\d,]+) tokens per request: {_N}x")
_GRAPHS = re.compile(rf"Graph capturing finished in \d+ secs?, took {_N} GiB")
_VERSION = re.compile(
    r"(?:LLM engine|LLM API server version|vLLM API server version|version) \(?v?(\d+\.\d+\.\d+\S*?)\)?(?: |$)"
)
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
    """What the lines of one start say. Unknown lines are passed over; later starts overwrite."""
    m = Measured()
    workers: dict[str, set[str]] = {}

    def add(name: str, line: str, *values: tuple[list[float], str]) -> None:
        """Append, unless this very worker said it already (a second start begins anew)."""
        worker = " ".join(_WORKER.findall(line))
        seen = workers.setdefault(name, set())
        if worker and worker in seen:
            seen.clear()
            for target, _ in values:
                target.clear()
        seen.add(worker)
        for target, value in values:
            target.append(float(value))

    for line in lines:
        if match := _VERSION.search(line):
            m.version = m.version or match[1].rstrip(")")
        if match := _WEIGHTS.search(line):
            add("weights", line, (m.weights_gib, match[1]))
        elif match := _V0.search(line):
            add(
                "v0",
                line,
                (m.other_gib, match[2]),
                (m.activations_gib, match[3]),
                (m.kv_cache_gib, match[4]),
            )
        elif match := _USAGE.search(line):
            m.total_gib, m.gpu_memory_utilization = float(match[2]), float(match[3])
            add(
                "usage",
                line,
                (m.activations_gib, match[6]),
                (m.other_gib, match[7]),
            )
        elif match := _KV.search(line):
            add("kv", line, (m.kv_cache_gib, match[1]))
        elif match := _GRAPHS.search(line):
            add("graphs", line, (m.cuda_graphs_gib, match[1]))
        if match := _V0_BUDGET.search(line):
            m.total_gib, m.gpu_memory_utilization = float(match[1]), float(match[2])
        if match := _TOKENS.search(line):
            m.tokens = int(match[1].replace(",", ""))
        if match := _V0_BLOCKS.search(line):
            m.blocks = int(match[1])
            m.tokens = m.blocks * _BLOCK
        if match := _CONCURRENCY.search(line):
            m.max_model_len = int(match[1].replace(",", ""))
            m.max_concurrency = float(match[2])
    return m


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
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    document = {"schema": SCHEMA, "key": _key(s), "when": when} | m.to_json()
    handle, name = tempfile.mkstemp(dir=folder, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as f:
        json.dump(document, f, indent=1)
    path = _file(folder, s)
    Path(name).replace(path)
    return path


def load(folder: Path, s: Setup) -> dict[str, Any] | None:
    """What was kept for exactly this setup, or None; an unreadable file counts as none.

    Raises:
        NewerSchema: written by a newer version.
    """
    try:
        document = json.loads(_file(folder, s).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or not document.get("tokens"):
        return None
    if document.get("schema", 0) > SCHEMA:
        raise NewerSchema(
            f"A measurement was kept with schema {document['schema']}; this knows {SCHEMA}."
        )
    return document
