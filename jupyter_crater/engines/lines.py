"""What a log line of vLLM or Ray means: a phase, progress, a measured fact, or a failure.

A failure's code is the id of the diagnosis that names it: a status and a card say the same word.

Read from real logs of vLLM 0.6 to 0.32 (V0 and V1, CPU and GPU) and Ray 2.40 to 2.60, see
tests/data/logs. Log lines are untrusted text: they are matched and shown, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..catalog.engines import removed_flags
from ..spec import Observation, ObservationKind

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PREFIX = re.compile(
    r"^(?:\[\d+\.\d+\]\s*)?(?:\([\w:.]+ pid=\d+(?:, ip=[\d.:a-f]+)?\)\s*)*"
    r"(?:(?:DEBUG|INFO|WARNING|ERROR|CRITICAL) \d\d-\d\d \d\d:\d\d:\d\d (?:\[?[\w./]+:\d+\] ?)?)?"
    r"(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+\s+[A-Z]+ [\w.]+:\d+ -- )?"  # Ray's own
)
SERVES = re.compile(r"Avg (?:prompt|generation) throughput|\" 200 OK")
"""What only an engine that serves logs; the lines of its start are gone from a long log."""


def plain(line: str) -> str:
    """The line without colours, process prefixes and its logger's stamp."""
    return _PREFIX.sub("", _ANSI.sub("", line)).strip()


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a line means; :meth:`observation` makes it one of a task."""

    kind: ObservationKind
    reason: str
    message: str = ""
    data: dict[str, Any] = field(default_factory=dict)

    def observation(
        self, time: float, task: str | None = None, index: int | None = None
    ) -> Observation:
        return Observation(time, self.kind, self.reason, self.message, task, index, self.data)


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    make: Callable[[re.Match[str], str], Meaning]


def _phase(pattern: str, phase: str) -> _Rule:
    return _Rule(re.compile(pattern), lambda _m, _line: Meaning("phase", phase))


def _progress(pattern: str, what: str, words: str) -> _Rule:
    def make(match: re.Match[str], _line: str) -> Meaning:
        data = {"done": int(match[1]), "total": int(match[2]), "unit": what}
        return Meaning("progress", what, match.expand(words), data)

    return _Rule(re.compile(pattern), make)


def _compiling(pattern: str, words: str) -> _Rule:
    """torch.compile tells its steps, not how many are left."""
    return _Rule(
        re.compile(pattern),
        lambda match, _line: Meaning("progress", "compile", match.expand(words)),
    )


def _fact(pattern: str, name: str, unit: str) -> _Rule:
    def make(match: re.Match[str], line: str) -> Meaning:
        value = float(match[1].replace(",", ""))
        return Meaning("fact", name, plain(line), {"value": value, "unit": unit})

    return _Rule(re.compile(pattern), make)


# Facts before phases: a line that is both tells its figure, and the phase follows from it.
_RULES: tuple[_Rule, ...] = (
    _progress(r"checkpoint shards:\s+\d+% Completed \| (\d+)/(\d+)", "shards", r"shards \1/\2"),
    _progress(r"Capturing (?:CUDA|cuda|cudagraph).*?\|\s*(\d+)/(\d+)", "graphs", r"graphs \1/\2"),
    _compiling(
        r"Using cache directory: .* for vLLM's torch\.compile", "compiling: tracing the model"
    ),
    _compiling(r"Dynamo bytecode transform time: ([\d.]+) s", r"compiling: traced in \1 s"),
    _compiling(
        r"Compiling a graph for (.*?),? takes ([\d.]+) s", r"compiling: graph for \1 in \2 s"
    ),
    _fact(r"[Mm]odel loading took ([\d.]+) Gi?B", "weights_gib", "GiB"),
    _fact(r"Loading model weights took ([\d.]+) GB", "weights_gib", "GiB"),
    _fact(r"Loading weights took ([\d.]+) seconds", "load_seconds", "s"),
    _fact(r"torch\.compile takes ([\d.]+) s", "compile_seconds", "s"),
    _fact(r"torch\.compile took ([\d.]+) s", "compile_seconds", "s"),
    _fact(r"Available KV cache memory: (-?[\d.]+) GiB", "kv_cache_gib", "GiB"),
    _fact(r"reserved for KV Cache is (-?[\d.]+)GiB", "kv_cache_gib", "GiB"),
    _fact(r"\(([\d.]+)/[\d.]+\) GiB for KV cache", "kv_cache_gib", "GiB"),
    _fact(r"PyTorch activation peak memory takes ([\d.]+)GiB", "activations_gib", "GiB"),
    _fact(r"(?:GPU|CPU) KV cache size: ([\d,]+) tokens", "kv_cache_tokens", "tokens"),
    _fact(r"# (?:GPU|cuda|CUDA) blocks: (\d+)", "kv_cache_blocks", "blocks"),
    _fact(r"Maximum concurrency for [\d,]+ tokens per request: ([\d.]+)x", "max_concurrency", "x"),
    _fact(r"Graph capturing finished in .*?took ([\d.]+) GiB", "cuda_graphs_gib", "GiB"),
    _fact(r"init engine \(.*\) took ([\d.]+) s", "init_engine_seconds", "s"),
    _phase(r"non-default args: |args: Namespace\(|vLLM API server version", "starting-engine"),
    _phase(r"Initializing an? (?:V1 )?LLM engine", "starting-engine"),
    _phase(r"Starting to load model|Loading model from scratch", "loading-weights"),
    _phase(r"Application startup complete", "serving"),
)
# What follows from a fact: the weights are there, so the engine warms up.
_AFTER = {"weights_gib": "warming-up", "load_seconds": "warming-up"}


@dataclass(frozen=True, slots=True)
class _Failure:
    code: str
    pattern: re.Pattern[str]
    rank: int
    """0 names the cause, 1 a general error of the engine, 2 a consequence of something else."""


def _failures(rank: int, *rows: tuple[str, str]) -> tuple[_Failure, ...]:
    return tuple(_Failure(code, re.compile(pattern), rank) for code, pattern in rows)


_FAILURES: tuple[_Failure, ...] = (
    *_failures(
        0,
        ("bfloat16-unsupported", r"Bfloat16 is only supported on GPUs with compute capability"),
        ("heads-not-divisible", r"attention heads \(\d+\) must be divisible by tensor parallel"),
        ("dimension-not-divisible", r"\d+ is not divisible by \d+"),
        ("port-in-use", r"Address already in use"),
        (
            "gpu-memory-taken",
            r"Free memory on device .*is less than desired GPU memory utilization",
        ),
        ("gpu-out-of-memory", r"CUDA out of memory|OutOfMemoryError: "),
        ("kv-cache-too-small", r"To serve at least one request with the model's max seq len"),
        ("kv-cache-too-small", r"is larger than the maximum number of tokens that can be stored"),
        ("kv-cache-too-small", r"No available memory for the cache blocks"),
        ("context-too-long", r"User-specified max_model_len .*is greater than the derived"),
        ("placement-group-pending", r"Cannot provide a placement group"),
        (
            "too-few-gpus",
            r"[Ww]orld size .*(?:larger|greater) than the (?:number of )?available GPUs",
        ),
        (
            "ray-process-died",
            r"^\w+ \[exit code=-?\d+\]|Raylet is terminated\. Termination is unex",
        ),
        ("ray-token", r"Authentication token is missing or incorrect|InvalidAuthToken"),
        ("head-unreachable", r"Failed to connect to Ray cluster|Could not find any running Ray"),
        ("ray-local-nodes", r"Multi-node Ray clusters are not supported"),
        ("ray-version-mismatch", r"Version mismatch: The cluster was started with"),
        ("unknown-flag", r"error: unrecognized arguments: |error: argument .*: "),
        (
            "reasoning-parser",
            r"could not locate think start/end tokens|[Rr]easoning parser:? .*(?:not found|chose from)",
        ),
        ("batched-tokens-too-few", r"max_num_batched_tokens \(\d+\) is smaller than max_model_len"),
        ("weights-broken", r"SafetensorError: |Consistency check failed"),
        ("model-gated", r"gated repo|Access to model .* is restricted"),
        (
            "model-not-found",
            r"HFValidationError: |LocalEntryNotFoundError: |RepositoryNotFoundError",
        ),
        ("model-not-found", r"not a (?:valid model identifier|local folder)|no file named config"),
        ("remote-code-needed", r"(?:argument|option|set) `?trust_remote_code=True"),
        ("unknown-architecture", r"Model architectures? \[.*\] (?:are|is) not supported"),
        ("gpu-arch-unsupported", r"no kernel image is available for execution"),
        (
            "driver-too-old",
            r"NVIDIA driver on your system is too old|CUDA driver version is insuff",
        ),
        ("disk-full", r"No space left on device"),
        ("nccl-error", r"NCCL error|ncclUnhandledCudaError|ncclSystemError|ncclRemoteError"),
        ("invalid-setting", r"^Value error, |^Input should be "),
    ),
    *_failures(
        1,
        ("worker-died", r"RayWorkerProc rank=\[\d+\] died unexpectedly"),
        ("worker-died", r"ActorDiedError|The actor died because|Worker proc .* died unexpectedly"),
        ("engine-step-timeout", r"RPC call to \w+ timed out"),
        (
            "engine-error",
            r"^(?:[\w.]*\.)?\w*(?:Error|Exception): (?!Engine core initialization|EngineCore encountered)",
        ),
    ),
    *_failures(
        2,
        ("engine-died", r"EngineDeadError|EngineCore encountered (?:an issue|a fatal error)"),
        ("head-unreachable", r"Failed to (?:connect to GCS at|get cluster ID from GCS)"),
        (
            "placement-group-pending",
            r"required GPUs exceeds|Waiting for creating a placement group",
        ),
        ("engine-died", r"Engine core (?:initialization failed|proc .* died)"),
    ),
)
# Those of a running engine that it does not come back from.
_FATAL = frozenset({"ray-process-died", "worker-died", "engine-step-timeout", "engine-died"})

_REMOVED = _Failure("removed-flag", re.compile(r"(--[\w-]+)"), 0)

# One cheap look before any of the above: most lines of a log mean nothing here.
_MARKS = (
    *("args: ", "API server version", "LLM engine", "load model", "from scratch", "startup comp"),
    *("shards:", "Capturing", "oading took", "weights took", "torch.compile", "ynamo bytecode"),
    *("Compiling a graph", "KV ", "blocks:"),
    *("concurrency for", "init engine", "rror", "xception", "died", "Graph capturing"),
    *("placement group", "available GPUs", "No space left", "compute capability", "gated repo"),
    *("divisible", "already in use", "out of memory", "InvalidAuthToken", "token is missing"),
    *("trust_remote_code=True`", "not supported", "Input should", "think start/end"),
    *("easoning parser", "max_num_batched", "timed out", "kernel image"),
    *("driver", "NCCL", "nccl-error", "not a valid", "Ray cluster", "Version mismatch"),
    *("max seq len",),
    *("[exit code=", "Raylet is term", "GCS", "required GPUs", "activation peak"),
    *("cache blocks", "max_model_len", "Free memory on"),
)


def _cause(line: str) -> tuple[_Failure, str] | None:
    text = plain(line)
    if text.startswith(("File ", "raise ", "^", "WARNING")):
        return None
    failure = next((f for f in _FAILURES if f.pattern.search(text)), None)
    if failure is None:
        return None
    if failure.code == "unknown-flag" and {*_REMOVED.pattern.findall(text)} & {*removed_flags()}:
        failure = _REMOVED
    text = text.removeprefix("Value error, ")
    text = re.sub(r" \[type=\w+, input_value=.*$", "", text)
    return failure, text


def read_line(line: str) -> list[Meaning]:
    """What a line means: nothing for most, or several things (a figure and the phase it begins)."""
    if not any(mark in line for mark in _MARKS):
        return []
    found = [rule.make(match, line) for rule in _RULES if (match := rule.pattern.search(line))]
    found += [Meaning("phase", _AFTER[m.reason]) for m in found if m.reason in _AFTER]
    if found or " WARNING " in line:
        return found
    cause = _cause(line)
    if cause is None:
        return []
    failure, text = cause
    data: dict[str, Any] = {"rank": failure.rank}
    if failure.code in _FATAL:
        data["fatal"] = True
    return [Meaning("event", failure.code, text, data)]


def decisive(lines: Iterable[str]) -> tuple[str, str] | None:
    """The cause of a failure: (machine word, the line without its prefixes), or None.

    The first line of the strongest kind: what names the cause comes before what it led to, and a
    traceback is printed again by each process that hears of it.
    """
    best: tuple[int, str, str] | None = None
    before = line = ""
    for following in lines:
        before, line = line, following
        if " WARNING " in line or not any(mark in line for mark in _MARKS):
            continue
        found = _cause(line)
        if found is None:
            continue
        failure, text = found
        if failure.code == "invalid-setting" and plain(before).isidentifier():
            text = f"{plain(before)}: {text}"  # pydantic names the field in a line of its own
        if best is None or failure.rank < best[0]:
            best = (failure.rank, failure.code, text)
    return (best[1], best[2]) if best else None
