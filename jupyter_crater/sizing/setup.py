"""One arrangement to be sized: everything that vLLM would resolve at start, resolved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from ..catalog import engines
from ..catalog.engines import EngineEntry, Runner
from ..catalog.gpus import Gpu
from ..catalog.models import ModelInfo, Quantization
from ..errors import ParameterError

_WIDTHS = {"half": 2, "float16": 2, "bfloat16": 2, "float": 4, "float32": 4, "auto": 0}
_NAMES = {"half": "float16", "float": "float32"}
_KV_ONE_BYTE = ("fp8", "fp8_e4m3", "fp8_e5m2", "fp8_inc", "int8")
_KV_SAME = ("auto", "bfloat16", "float16", "half")
_QUANTIZATIONS = {
    "fp8": Quantization("fp8", 8),
    "awq": Quantization("awq", 4, 128, symmetric=False),
    "awq_marlin": Quantization("awq", 4, 128, symmetric=False),
    "gptq": Quantization("gptq", 4, 128),
    "gptq_marlin": Quantization("gptq", 4, 128),
    "bitsandbytes": Quantization("bitsandbytes", 4, 64),
    "mxfp4": Quantization("mxfp4", 4, 32, experts_only=True),
    "compressed-tensors": Quantization("compressed-tensors", 8),
}
# An unchunked V0 profile above this length chunks by itself [0.6 - 0.9 engine/arg_utils.py].
V0_CHUNKS_ABOVE = 32768


@dataclass(frozen=True, slots=True)
class Setup:
    """What is sized, with every default filled in as the engine would.

    Attributes:
        width: bytes per unquantised weight and activation.
        kv_width: bytes per KV cache element.
        max_model_len: tokens; -1: as long as fits (``--max-model-len auto``).
        given: which of the batch settings the caller set.
        assumed: what had to be assumed, as sentences.
    """

    model: ModelInfo
    gpu: Gpu
    entry: EngineEntry
    version: str
    runner: Runner
    nodes: int
    gpus_per_node: int
    tensor_parallel: int
    pipeline_parallel: int
    dtype: str
    width: int
    quantization: Quantization | None
    kv_width: int
    max_model_len: int
    max_num_seqs: int
    max_num_batched_tokens: int
    gpu_memory_utilization: float
    kv_cache_memory_bytes: int | None = None
    enforce_eager: bool = False
    expert_parallel: bool = False
    disable_custom_all_reduce: bool = False
    distributed: str | None = None
    chunked_prefill: bool = True
    prefix_caching: bool | None = None
    trust_remote_code: bool = False
    extra: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()
    assumed: tuple[str, ...] = ()

    @property
    def version_key(self) -> tuple[int, ...]:
        return engines.version_key(self.version)

    @property
    def gpus(self) -> int:
        return self.tensor_parallel * self.pipeline_parallel

    @property
    def over_ray(self) -> bool:
        return self.distributed == "ray" or (self.distributed is None and self.nodes > 1)

    def with_(self, **changes: Any) -> Setup:
        return replace(self, **changes)


def _count(name: str, value: Any, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ParameterError(
            name, f"{name} must be a whole number of at least {least}, not {value!r}.", value=value
        )
    return value


def resolve(
    model: ModelInfo,
    gpu: Gpu,
    *,
    nodes: int = 1,
    gpus_per_node: int = 1,
    tensor_parallel: int = 1,
    pipeline_parallel: int = 1,
    engine: str = "vllm",
    version: str | None = None,
    dtype: str | None = None,
    quantization: str | None = None,
    kv_cache_dtype: str | None = None,
    kv_cache_memory_bytes: int | None = None,
    max_model_len: int | Literal["auto"] | None = None,
    max_num_seqs: int | None = None,
    max_num_batched_tokens: int | None = None,
    gpu_memory_utilization: float | None = None,
    enforce_eager: bool = False,
    enable_expert_parallel: bool = False,
    disable_custom_all_reduce: bool = False,
    distributed_executor_backend: str | None = None,
    trust_remote_code: bool = False,
    extra: tuple[str, ...] = (),
) -> Setup:
    """Fill in what the engine would; the keywords are the fields of ``spec.EngineSettings``.

    Raises:
        ParameterError: a value that cannot be, naming the setting.
    """
    for name, value in (
        ("nodes", nodes),
        ("gpus_per_node", gpus_per_node),
        ("tensor_parallel", tensor_parallel),
        ("pipeline_parallel", pipeline_parallel),
        ("max_num_seqs", max_num_seqs),
        ("max_num_batched_tokens", max_num_batched_tokens),
    ):
        if value is not None:
            _count(name, value)
    if kv_cache_memory_bytes is not None:
        _count("kv_cache_memory_bytes", kv_cache_memory_bytes, 0)
    extra = tuple(extra)
    assumed: list[str] = [*model.assumed, *([gpu.note] if gpu.note else [])]
    if version is None:
        entry = _default_entry(engine, gpu, ray=nodes > 1)
        version = entry.version
        assumed.append(f"engine: {engine} {version}, the newest recommended for this GPU")
    else:
        entry, said = engines.find(engine, version)
        assumed += [said] if said else []
    if gpu.memory_source == "estimate":
        assumed.append(f"{gpu.name}: {gpu.memory_gib:g} GiB is an estimate within 0.3 GiB")
    name, width = _dtype(dtype, model, gpu, assumed)
    quant = _quantization(quantization, model, assumed)
    runner = entry.runner_for(
        model.architecture,
        moe=model.moe is not None,
        quantized=quant is not None,
        compute_capability=gpu.compute_capability,
    )
    if max_model_len is None:
        length = model.max_position
    elif max_model_len in (-1, "auto"):
        length = -1
    else:
        length = _count("max_model_len", max_model_len)
    chunked = _chunked(extra, runner, length if length > 0 else model.max_position)
    tokens, seqs = _batch(entry, gpu, runner, length, model, chunked)
    if max_num_batched_tokens is None and runner != "V0":
        assumed.append(f"max_num_batched_tokens {tokens}, the default of this version and GPU")
    tokens = max_num_batched_tokens or tokens
    seqs = min(max_num_seqs or seqs, tokens)
    utilization = gpu_memory_utilization
    if utilization is None:
        utilization = entry.gpu_memory_utilization
    number = isinstance(utilization, int | float) and not isinstance(utilization, bool)
    if not number or not 0 < utilization <= 1:
        raise ParameterError(
            "gpu_memory_utilization",
            f"gpu_memory_utilization is a share of the GPU's memory (0 to 1), not {utilization!r}.",
            value=utilization,
        )
    given = {"max_num_seqs": max_num_seqs, "max_num_batched_tokens": max_num_batched_tokens}
    return Setup(
        model=model,
        gpu=gpu,
        entry=entry,
        version=version,
        runner=runner,
        nodes=nodes,
        gpus_per_node=gpus_per_node,
        tensor_parallel=tensor_parallel,
        pipeline_parallel=pipeline_parallel,
        dtype=name,
        width=width,
        quantization=quant,
        kv_width=_kv_width(kv_cache_dtype, width),
        max_model_len=length,
        max_num_seqs=seqs,
        max_num_batched_tokens=tokens,
        gpu_memory_utilization=float(utilization),
        kv_cache_memory_bytes=kv_cache_memory_bytes or None,
        enforce_eager=enforce_eager,
        expert_parallel=enable_expert_parallel,
        disable_custom_all_reduce=disable_custom_all_reduce,
        distributed=distributed_executor_backend,
        chunked_prefill=chunked,
        prefix_caching=_flag(extra, "--enable-prefix-caching", "--no-enable-prefix-caching"),
        trust_remote_code=trust_remote_code,
        extra=extra,
        given=frozenset(k for k, v in given.items() if v is not None),
        assumed=tuple(dict.fromkeys(assumed)),
    )


def _default_entry(engine: str, gpu: Gpu, *, ray: bool) -> EngineEntry:
    try:
        return engines.for_gpu(gpu.compute_capability, engine=engine, ray=ray)
    except ParameterError:
        return engines.find(engine)[0]  # a rule says that it doesn't run there


def _dtype(dtype: str | None, model: ModelInfo, gpu: Gpu, assumed: list[str]) -> tuple[str, int]:
    name = (dtype or "auto").lower()
    if name not in _WIDTHS:
        raise ParameterError(
            "dtype",
            f"Unknown dtype {dtype!r}.",
            value=dtype,
            hint="One of auto, half, float16, bfloat16, float32.",
        )
    if name == "auto":
        name = "bfloat16" if model.dtype == "float32" else model.dtype
        if name == "bfloat16" and (0, 0) < gpu.compute_capability < (8, 0):
            assumed.append("dtype auto would be bfloat16, which this GPU lacks: sized as such")
    name = _NAMES.get(name, name)
    return name, _WIDTHS[name]


def _kv_width(kv_cache_dtype: str | None, width: int) -> int:
    name = (kv_cache_dtype or "auto").lower()
    if name in _KV_ONE_BYTE:
        return 1
    if name in _KV_SAME:
        return width if name == "auto" else 2
    raise ParameterError(
        "kv_cache_dtype",
        f"Unknown kv_cache_dtype {kv_cache_dtype!r}.",
        value=kv_cache_dtype,
        hint=f"One of {', '.join((*_KV_SAME, *_KV_ONE_BYTE))}.",
    )


def _quantization(name: str | None, model: ModelInfo, assumed: list[str]) -> Quantization | None:
    if not name or name in ("none", "auto"):
        return model.quantization
    known = _QUANTIZATIONS.get(name)
    if known is None:
        raise ParameterError(
            "quantization",
            f"Unknown quantization {name!r}.",
            value=name,
            hint=f"One of {', '.join(_QUANTIZATIONS)}.",
        )
    if model.quantization:
        return model.quantization  # the checkpoint's own details win
    if known.bits < 8 and known.method != "bitsandbytes":
        assumed.append(f"the checkpoint of {model.id} is taken as stored in {name}, groups of 128")
    return known


def _chunked(extra: tuple[str, ...], runner: Runner, length: int) -> bool:
    asked = _flag(extra, "--enable-chunked-prefill", "--no-enable-chunked-prefill")
    return asked if asked is not None else runner != "V0" or length > V0_CHUNKS_ABOVE


def with_length(s: Setup, length: int) -> Setup:
    """The setup with another context; in V0 the profile's prefill follows it."""
    if s.runner != "V0":
        return s.with_(max_model_len=length)
    chunked = _chunked(s.extra, s.runner, length)
    tokens, seqs = _batch(s.entry, s.gpu, s.runner, length, s.model, chunked)
    if "max_num_batched_tokens" in s.given:
        tokens = s.max_num_batched_tokens
    seqs = min(s.max_num_seqs if "max_num_seqs" in s.given else seqs, tokens)
    return s.with_(
        max_model_len=length,
        chunked_prefill=chunked,
        max_num_batched_tokens=tokens,
        max_num_seqs=seqs,
    )


def _flag(extra: tuple[str, ...], on: str, off: str) -> bool | None:
    """The value of a switch that the settings have no field for."""
    value: bool | None = None
    for arg in extra:
        flag, _, text = arg.partition("=")
        if flag == on:
            value = text.lower() not in ("false", "0")
        elif flag == off:
            value = False
    return value


def _batch(
    entry: EngineEntry, gpu: Gpu, runner: Runner, length: int, model: ModelInfo, chunked: bool
) -> tuple[int, int]:
    """Default max_num_batched_tokens and max_num_seqs of an OpenAI server on this GPU."""
    if runner == "V0":
        if chunked:
            return (512 if entry.version.startswith("0.6") else 2048), 256
        return max(length if length > 0 else model.max_position, 2048), 256
    small = "A100" in gpu.name and not entry.version.startswith("0.8")
    for least, tokens, seqs in entry.batch_defaults:
        if gpu.memory_gib >= least and not (small and 0 < least < 160):
            return tokens or length, seqs
    raise AssertionError("the last row of batch_defaults starts at 0 GiB")
