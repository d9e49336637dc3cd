"""What the job around the engine needs: Ray, keys, flags, shared memory, logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...catalog import engines
from ...errors import ParameterError
from ..fit import Fit
from .base import Context, Finding, Fix, error, rule, warning, without

RAY_TOKENS_SINCE = "2.52.0"


@rule("image-without-ray", "The image carries no Ray")
def image_without_ray(fit: Fit, context: Context) -> Iterator[Finding]:
    """vLLM's own images hold no Ray since 0.18 (vllm#36170): `ray start` is then "command not
    found" and several nodes never come together. The last with Ray is v0.17.1; or build one with
    `pip install ray`. An image that isn't the vendor's is not judged."""
    s = fit.setup
    own = context.image is not None and context.image != s.entry.image
    if not s.over_ray or s.entry.ray or own:
        return
    fixes = [Fix("Use an image of your own with Ray inside", {"image": "<registry>/vllm-with-ray"})]
    try:
        entry = engines.for_gpu(s.gpu.compute_capability, ray=True)
        fixes.insert(0, Fix(f"Use {entry.image}", {"engine_version": entry.version}))
    except ParameterError:
        pass
    yield error(
        f"{s.entry.image} carries no Ray, which {s.nodes} nodes need.",
        "vLLM's images have none since 0.18 (vllm#36170).",
        tuple(fixes),
    )


@rule("ray-without-authentication", "Ray has no authentication here")
def ray_without_authentication(fit: Fit, context: Context) -> Iterator[Finding]:
    """Whoever reaches Ray's port runs commands in the job. Token authentication came with Ray 2.52
    (RAY_AUTH_MODE=token); the Ray beside older vLLM has none. Keep the ports inside the job: a
    network policy, or nodes that nobody else uses."""
    s = fit.setup
    ray = s.entry.ray
    if s.over_ray and ray and engines.version_key(ray) < engines.version_key(RAY_TOKENS_SINCE):
        yield warning(
            f"The Ray beside vLLM {s.version} may be {ray}: no token authentication.",
            "Anyone who reaches its port can run commands in the job; tokens came with 2.52.",
        )


@rule("unknown-flag", "This version does not know a flag")
def unknown_flag(fit: Fit, context: Context) -> Iterator[Finding]:
    """vLLM ends with exit code 2 ("unrecognized arguments") at a flag it doesn't know. Which flags
    came and went was read from the wheels 0.8.5 to 0.32."""
    s = fit.setup
    if s.entry.engine != "vllm":
        return
    used = [a.partition("=")[0] for a in s.extra if a.startswith("--")]
    if s.kv_cache_memory_bytes:
        used.append("--kv-cache-memory-bytes")
    if s.expert_parallel:
        used.append("--enable-expert-parallel")
    for flag in dict.fromkeys(used):
        if because := engines.unknown_flag(flag, s.version):
            settings: dict[str, dict[str, Any]] = {
                "--kv-cache-memory-bytes": {"kv_cache_memory_bytes": None},
                "--enable-expert-parallel": {"enable_expert_parallel": False},
            }
            rest: dict[str, Any] = {"extra": without(s.extra, flag)}
            yield error(
                f"vLLM {s.version} does not know {flag}.",
                because,
                (Fix(f"Leave {flag} out", settings.get(flag, rest)),),
            )


@rule("trust-remote-code", "The model's own code would run")
def trust_remote_code(fit: Fit, context: Context) -> Iterator[Finding]:
    """--trust-remote-code runs Python files from the model's folder or hub page with the rights of
    the job. vLLM needs it only for architectures it doesn't implement."""
    s = fit.setup
    if s.trust_remote_code:
        needed = s.model.needs_remote_code
        yield warning(
            f"--trust-remote-code runs Python code that comes with {s.model.id}.",
            "This model needs it: read the code first."
            if needed
            else f"vLLM implements {s.model.architecture} itself; the flag is not needed.",
            () if needed else (Fix("Leave it out", {"trust_remote_code": False}),),
        )


@rule("no-key", "The service asks for no key")
def no_key(fit: Fit, context: Context) -> Iterator[Finding]:
    """Without --api-key (or VLLM_API_KEY) anyone who reaches the port can use the GPUs. /health,
    /version and /metrics answer without a key in any case."""
    if context.key is False:
        yield warning(
            "The service asks for no API key.",
            "Anyone who reaches its port can use it.",
            (Fix("Have a key made", {"api_key": True}),),
        )


@rule("shared-memory", "Shared memory is too small for several ranks")
def shared_memory(fit: Fit, context: Context) -> Iterator[Finding]:
    """Ranks of one node exchange data through /dev/shm, and container runtimes give 64 MiB: NCCL
    and vLLM's message queue then fail with "No space left on device" or a bus error (vllm#1710,
    production-stack#276)."""
    s = fit.setup
    if not context.containers or min(s.gpus, s.gpus_per_node) < 2:
        return
    have = context.shm_gib if context.shm_gib is not None else 0.0625
    if have < 1:
        yield warning(
            f"Shared memory is {have:g} GiB for {min(s.gpus, s.gpus_per_node)} ranks of a node.",
            "NCCL and vLLM's message queue need more than the 64 MiB of container runtimes.",
            (Fix("Mount 8 GiB of memory at /dev/shm", {"shm_gib": 8}),),
        )


@rule("nccl-debug", "NCCL_DEBUG=TRACE floods the log")
def nccl_debug(fit: Fit, context: Context) -> Iterator[Finding]:
    """TRACE prints every call of every rank. WARN tells what goes wrong, INFO how ranks connect."""
    if context.env.get("NCCL_DEBUG", "").upper() == "TRACE":
        yield warning(
            "NCCL_DEBUG=TRACE floods the log and slows every transfer.",
            "It prints each call of each rank.",
            (Fix("Use NCCL_DEBUG=WARN", {"env": {"NCCL_DEBUG": "WARN"}}),),
        )
