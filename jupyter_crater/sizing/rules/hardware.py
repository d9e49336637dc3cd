"""What the GPU can't do, and which engine build runs on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...catalog import engines
from ...errors import ParameterError
from ..fit import Fit
from .base import Context, Finding, Fix, error, info, rule, warning, without

# Least compute capability per quantization method [vllm quantization/*.get_min_capability, 0.33].
_LEAST = {
    "gptq": (6, 0),
    "bitsandbytes": (7, 0),
    "compressed-tensors": (7, 0),
    "awq": (7, 5),
    "fp8": (7, 5),
    "modelopt": (7, 5),
    "mxfp4": (8, 0),
    "fbgemm_fp8": (8, 0),
}


def _works_on(cc: tuple[int, int], *, ray: bool) -> Fix | None:
    try:
        entry = engines.for_gpu(cc, ray=ray)
    except ParameterError:
        return None
    label = f"Use vLLM {entry.version} ({entry.image})"
    return Fix(label, {"engine": "vllm", "engine_version": entry.version})


@rule("dtype-capability", "bfloat16 needs compute capability 8.0")
def dtype_capability(fit: Fit, context: Context) -> Iterator[Finding]:
    """vLLM refuses bfloat16 below compute capability 8.0 (V100, T4) in every version read
    (`platforms/cuda.py`): "Bfloat16 is only supported on GPUs with compute capability of at least
    8.0". `--dtype half` runs everywhere; weights are converted while they load."""
    s = fit.setup
    if s.dtype == "bfloat16" and (0, 0) < s.gpu.compute_capability < (8, 0):
        yield error(
            f"bfloat16 does not run on {s.gpu.name} (compute capability {s.gpu.capability}).",
            "bfloat16 needs compute capability 8.0 or newer [vllm platforms/cuda.py].",
            (Fix("Use --dtype half (float16)", {"dtype": "half"}),),
        )


@rule("engine-capability", "The engine build has no code for this GPU")
def engine_capability(fit: Fit, context: Context) -> Iterator[Finding]:
    """A wheel holds CUDA code for a list of compute capabilities (read from the fat binaries).
    vLLM's carry sm_70 up to 0.19.1 and stop at 0.20.0; SGLang refuses below 7.5 in its source and
    its current kernels start at 8.0. The entry for compute capability 7.0 is vLLM 0.8.5.post1."""
    s, entry = fit.setup, fit.setup.entry
    cc = s.gpu.compute_capability
    if cc == (0, 0):
        yield warning(
            f"{s.gpu.name} is not an NVIDIA GPU: estimate only.",
            "The arch lists and memory laws here were read from CUDA builds.",
        )
    elif not entry.runs_on(cc):
        fix = _works_on(cc, ray=s.over_ray)
        held = ", ".join("{}.{}".format(*arch) for arch in entry.arch)
        yield error(
            f"{s.entry.engine} {s.version} does not run on {s.gpu.name} "
            f"(compute capability {s.gpu.capability}).",
            f"Its build holds CUDA code for {held}.",
            (fix,) if fix else (),
        )


@rule("engine-slow", "This engine runs here without its fast kernels")
def engine_slow(fit: Fit, context: Context) -> Iterator[Finding]:
    """Since 0.10.2 vLLM's V1 engine starts on compute capability 7.0 and 7.5, with FlexAttention or
    Triton attention instead of FlashAttention: it works and is slow (vllm#25528). For 7.0 the V0
    engine of 0.8.5.post1 with xFormers is the better choice."""
    s = fit.setup
    slow = (7, 0) <= s.gpu.compute_capability < (7, 5) and s.runner != "V0"
    if slow and s.entry.engine == "vllm" and s.entry.runs_on(s.gpu.compute_capability):
        fix = _works_on(s.gpu.compute_capability, ray=False)
        yield warning(
            f"vLLM {s.version} runs on {s.gpu.name}, but slowly.",
            "Its V1 engine has no FlashAttention below compute capability 8.0 (vllm#25528).",
            (fix,) if fix else (),
        )


@rule("v0-chunked-prefill", "Chunked prefill crashes on compute capability 7.0")
def v0_chunked_prefill(fit: Fit, context: Context) -> Iterator[Finding]:
    """On V100 vLLM's V0 engine crashes in chunked prefill with float16 (Triton: "mma -> mma layout
    conversion is only supported on Ampere", vllm#5533, #8024, #11352), and it switches chunked
    prefill on by itself above 32,768 tokens. So: at most 32,768 tokens, and never asked for."""
    s = fit.setup
    if s.runner != "V0" or not (0, 0) < s.gpu.compute_capability < (7, 5) or not s.chunked_prefill:
        return
    asked = any(a.startswith("--enable-chunked-prefill") for a in s.extra)
    changes: dict[str, Any] = {}
    if fit.max_model_len > 32768:
        changes["max_model_len"] = 32768
    if asked:
        changes["extra"] = without(s.extra, "--enable-chunked-prefill")
    label = "Limit the context to 32,768 tokens" if "max_model_len" in changes else "Leave it off"
    yield error(
        "Chunked prefill crashes on this GPU."
        if asked
        else "Chunked prefill crashes on this GPU, and above 32,768 tokens "
        f"vLLM {s.version} switches it on.",
        "Its Triton kernel needs Ampere or newer (vllm#5533, #8024, #11352).",
        (Fix(label, changes),),
    )


@rule("v0-prefix-caching", "Prefix caching crashes on compute capability 7.0")
def v0_prefix_caching(fit: Fit, context: Context) -> Iterator[Finding]:
    """On V100 vLLM's V0 engine crashes with prefix caching (vllm#13738, #4059): it reuses the
    Triton prefill kernel of chunked prefill."""
    s = fit.setup
    volta = (0, 0) < s.gpu.compute_capability < (7, 5)
    if s.runner == "V0" and volta and s.prefix_caching:
        yield error(
            "Prefix caching crashes on this GPU.",
            "It uses a Triton kernel that needs Ampere or newer (vllm#13738, #4059).",
            (Fix("Leave it off", {"extra": without(s.extra, "--enable-prefix-caching")}),),
        )


@rule("quantization-hardware", "The quantization needs a newer GPU")
def quantization_hardware(fit: Fit, context: Context) -> Iterator[Finding]:
    """Each quantization has a least compute capability (`get_min_capability` in vLLM's
    quantization folder): GPTQ 6.0, compressed-tensors 7.0, AWQ and fp8 7.5, MXFP4 8.0. Below 8.9
    fp8 weights are unpacked by Marlin: less memory, no faster arithmetic. An fp8 KV cache needs
    8.9, or 8.0 with a slower path."""
    s, q = fit.setup, fit.setup.quantization
    cc = s.gpu.compute_capability
    if cc == (0, 0):
        return
    if q is not None:
        least = _LEAST.get(q.method, (7, 5))
        if cc < least:
            label = "Use a GPTQ copy of the model" if q.bits <= 4 else "Use the 16-bit weights"
            yield error(
                f"{q.method} does not run on {s.gpu.name} (compute capability {s.gpu.capability}).",
                f"It needs {least[0]}.{least[1]} or newer.",
                (Fix(label, {"quantization": "gptq" if q.bits <= 4 else None}),)
                if s.model.quantization is None
                else (),
            )
        elif q.bits == 8 and "fp8" in (q.method, "fp8") and cc < (8, 9):
            yield info(
                f"fp8 weights on {s.gpu.name} save memory, but are computed in 16 bits.",
                "fp8 arithmetic needs compute capability 8.9; Marlin unpacks the weights.",
            )
    if s.kv_width == 1 and cc < (8, 0):
        yield error(
            f"An fp8 KV cache does not run on {s.gpu.name}.",
            "It needs compute capability 8.9, or 8.0 with a slower path.",
            (Fix("Keep the KV cache in 16 bits", {"kv_cache_dtype": "auto"}),),
        )


@rule("fp16-overflow", "This model overflows in float16")
def fp16_overflow(fit: Fit, context: Context) -> Iterator[Finding]:
    """Gemma 2 and 3 were trained in bfloat16 and their activations exceed float16's range: answers
    turn to nothing. Use bfloat16, or float32 where the GPU has no bfloat16."""
    s = fit.setup
    if s.dtype == "float16" and s.model.architecture.startswith(("Gemma2", "Gemma3")):
        newer = s.gpu.compute_capability >= (8, 0)
        better = "bfloat16" if newer else "float32"
        yield warning(
            f"{s.model.id} is known to overflow in float16.",
            "Its activations exceed 65,504, the largest float16.",
            (Fix(f"Use --dtype {better}", {"dtype": better}),),
        )


@rule("estimate-only", "Not understood well enough for a figure")
def estimate_only(fit: Fit, context: Context) -> Iterator[Finding]:
    """Some architectures lay their memory out in ways that no law here covers (state-space layers,
    mixed page sizes, sparse attention), and SGLang's laws were not read. The figures are then those
    of the nearest plain decoder, with wide bands."""
    s = fit.setup
    if not s.model.understood:
        yield warning(
            f"Estimate only: {s.model.architecture} is computed as a plain decoder.",
            "Its layers are not modelled one by one.",
        )
    if s.entry.engine != "vllm":
        yield warning(
            f"Estimate only: memory is computed by vLLM's laws, not {s.entry.engine}'s.",
            "Only vLLM's memory was read and measured.",
        )
