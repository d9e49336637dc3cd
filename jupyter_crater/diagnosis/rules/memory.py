"""Memory: of the GPU by the engine's phase, the KV cache, and the host's."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..model import Fix, Fixes, Hit, Rule, Sign, fix, signs

_DOCS = "https://docs.vllm.ai/en/latest/configuration/conserving_memory/"
_OOM = (
    r"(?<!ray\.exceptions\.)OutOfMemoryError: (?!Task was)|CUDA out of memory(?! occurred when warm)"
    r"|CUDA error: out of memory|HIP out of memory|CUDA_ERROR_OUT_OF_MEMORY"
    r"|[Cc]uda failure (?:2 )?'out of memory'"
)
_TRACEBACK = "Traceback (most recent call last)"
# Frames of vLLM 0.6 to 0.33 (V0 and V1), the innermost phase first: capturing runs a dummy batch as
# profiling does, and profiling runs the sampler.
_STAGES = (
    ("sampler", r"_dummy_sampler_run|warming up sampler"),
    (
        "capturing",
        r"in (?:capture\w*|_capture_cudagraphs|profile_cudagraph_memory)\b|cuda_?graph\.capture|in capture_end",
    ),
    (
        "cache",
        r"in (?:_?allocate_kv_cache\w*|initialize_kv_cache\w*|_init_cache_engine|initialize_cache)\b",
    ),
    (
        "profiling",
        (
            r"in (?:profile_run|determine_available_memory|determine_num_available_blocks|_dummy_run"
            r"|profile_num_available_blocks)\b"
        ),
    ),
    (
        "loading",
        (
            r"in (?:load_model|load_weights|create_weights|initialize_model|_initialize_model|get_model"
            r"|process_weights_after_loading)\b"
        ),
    ),
    ("serving", r"in (?:execute_model|step|_process_engine_step|sample_tokens)\b"),
)
_MARKS = (
    ("capturing", r"Capturing (?:the model for CUDA|CUDA ?graph|cudagraphs)"),
    ("capturing", r"GPU KV cache size:|# (?:GPU|cuda) blocks:"),
    ("profiling", r"Loading (?:model )?weights took|Model loading took|model weights take"),
    ("loading", r"Starting to load model|Loading (?:safetensors|pt) checkpoint shards"),
)


def stage(hit: Hit) -> str:
    """What the engine did when memory ran out: by the traceback's frames, else by its last word."""
    text = hit.stream.before(hit.match.start(), 400)
    trace = text[text.rfind(_TRACEBACK) :] if _TRACEBACK in text else text[-6000:]
    for name, pattern in _STAGES:
        if re.search(pattern, trace):
            return name
    found = [(m.start(), n) for n, p in _MARKS for m in re.finditer(p, text)]
    return max(found)[1] if found else ""


def _is(*names: str) -> Callable[[Hit], bool]:
    return lambda hit: stage(hit) in names


def _lower_utilization(hit: Hit) -> Fix:
    now = (hit.settings and hit.settings.gpu_memory_utilization) or 0.9
    return fix(
        f"leave more of the GPU free (now {now:g})", gpu_memory_utilization=round(now - 0.05, 2)
    )


def _fewer_sequences(hit: Hit) -> Fix:
    now = hit.number("sequences") or (hit.settings and hit.settings.max_num_seqs) or 256
    return fix(f"fewer sequences at once (now {now:g})", max_num_seqs=max(1, int(now) // 2))


def _more_gpus(hit: Hit) -> Fix:
    now = hit.settings.tensor_parallel if hit.settings else 1
    return fix(f"spread the weights over {now * 2} GPUs", tensor_parallel=now * 2)


def _loading(hit: Hit) -> Fixes:
    return (
        _more_gpus(hit),
        fix("weights of half the size", quantization="fp8"),
        fix("a smaller or quantized model: `jupyter crater size` tells which fits"),
    )


def _profiling(hit: Hit) -> Fixes:
    return (
        fix("smaller batches of prompt tokens", max_num_batched_tokens=2048),
        _fewer_sequences(hit),
    )


def _kv(hit: Hit) -> Fixes:
    fits = hit.number("fits")
    need, have, asked = hit.number("need"), hit.number("have"), hit.number("asked")
    if not fits and need and have and asked:
        fits = asked * have / need
    found = []
    if fits and fits >= 1:
        length = int(fits) // 16 * 16 or int(fits)  # a KV block holds 16 tokens
        found.append(fix(f"a context of {length} tokens fits", max_model_len=length))
    elif hit.settings and hit.settings.max_model_len:
        half = hit.settings.max_model_len // 2
        found.append(fix("a shorter context", max_model_len=max(half, 1)))
    now = (hit.settings and hit.settings.gpu_memory_utilization) or 0.9
    if now < 0.95:
        found.append(fix(f"give vLLM more of the GPU (now {now:g})", gpu_memory_utilization=0.95))
    return (
        *found,
        fix("a KV cache of half the size (needs FP8 support)", kv_cache_dtype="fp8"),
        _more_gpus(hit),
    )


def _free(hit: Hit) -> Fixes:
    free, total = hit.number("free"), hit.number("total")
    found = [fix("end the other processes on that GPU (`nvidia-smi` names them)")]
    if free and total:
        fits = int(free / total * 100 - 1) / 100
        if fits >= 0.1:
            found.append(fix("take only what is free", gpu_memory_utilization=fits))
    return tuple(found)


def _host(hit: Hit) -> Fixes:
    now = hit.spec and hit.spec.main.resources.memory_gib
    more = (
        fix(f"more memory per pod (now {now:g} GiB)", memory_gib=now * 2)
        if now
        else fix("more memory per pod")
    )
    return more, fix("load with fewer processes at once (`--max-parallel-loading-workers 1`)")


def _oom(stage_: str, title: str, explanation: str, fixes: Callable[[Hit], Fixes]) -> Rule:
    return Rule(
        f"oom-{stage_}",
        f"The GPU's memory ran out while {title}",
        explanation,
        (Sign(_OOM, where=_is(stage_)),),
        fixes,
        hides=("gpu-out-of-memory",),
        links=(_DOCS,),
    )


RULES = (
    Rule(
        "oom-sampler",
        "The GPU's memory ran out while warming up the sampler",
        "After the KV cache was allocated vLLM tries the sampler on max_num_seqs sequences at once; "
        "the logits of that many did not fit beside it.",
        (
            Sign(
                r"out of memory occurred when warming up (?:the )?(?:sampler|pooler) with (?P<sequences>\d+) dummy requests"
            ),
            Sign(_OOM, where=_is("sampler")),
        ),
        lambda hit: (_fewer_sequences(hit), _lower_utilization(hit)),
        hides=("gpu-out-of-memory", "oom-profiling", "oom-capturing", "oom-serving"),
        links=(_DOCS,),
    ),
    _oom(
        "loading",
        "loading the model",
        "The weights of one rank are larger than what the GPU has free.",
        _loading,
    ),
    _oom(
        "profiling",
        "measuring a full batch",
        "Before it sizes the KV cache vLLM runs one batch of max_num_batched_tokens tokens; its "
        "activations did not fit beside the weights.",
        _profiling,
    ),
    _oom(
        "capturing",
        "capturing CUDA graphs",
        "Graphs are captured after the KV cache took its share; what gpu_memory_utilization leaves "
        "free was too little for them.",
        lambda hit: (
            _lower_utilization(hit),
            _fewer_sequences(hit),
            fix("no CUDA graphs (slower)", enforce_eager=True),
        ),
    ),
    _oom(
        "cache",
        "allocating the KV cache",
        "The GPU had less free than was measured a moment before: another process took memory, or "
        "too much was promised to the KV cache.",
        lambda hit: (
            _lower_utilization(hit),
            fix("end the other processes on that GPU (`nvidia-smi` names them)"),
        ),
    ),
    _oom(
        "serving",
        "serving",
        "A step needed more than profiling had measured; what gpu_memory_utilization leaves free "
        "was too little.",
        lambda hit: (_lower_utilization(hit), *_profiling(hit)),
    ),
    Rule(
        "gpu-out-of-memory",
        "The GPU's memory ran out",
        "The lines don't tell in which phase.",
        signs(_OOM),
        lambda hit: (_lower_utilization(hit), *_profiling(hit), _more_gpus(hit)),
        links=(_DOCS,),
    ),
    Rule(
        "gpu-memory-taken",
        "The GPU is not free enough to start",
        "vLLM wants gpu_memory_utilization of the whole GPU free at its start; another process "
        "(often the engine of an earlier attempt) holds some of it.",
        (
            Sign(
                r"Free memory on device (?:cuda:\d+ )?\((?P<free>[\d.]+)/(?P<total>[\d.]+) Gi?B\) on startup is less than desired"
            ),
            Sign(r"Free memory on device [^\n]{0,60}on startup is less than desired"),
        ),
        _free,
    ),
    Rule(
        "host-memory-taken",
        "The machine's memory is not free enough to start",
        "On a CPU vLLM wants gpu_memory_utilization (despite its name) of the node's memory free at its start.",
        (
            Sign(
                r"Available memory on node \d+ \((?P<free>[\d.]+)/(?P<total>[\d.]+) GiB\) on startup is less than desired"
            ),
        ),
        _free,
    ),
    Rule(
        "gpu-memory-changed",
        "Another process changed the GPU's memory while it was measured",
        "vLLM sizes its KV cache from how free memory falls while it profiles; something else freed "
        "or took memory on the same GPU meanwhile.",
        signs(r"Error in memory profiling\. Initial"),
        (fix("start again when no other process starts or ends on that GPU"),),
    ),
    Rule(
        "kv-cache-too-small",
        "The KV cache is too small for the context length",
        "After weights and activations too little of the GPU is left for one request of max_model_len tokens.",
        (
            Sign(
                r"max seq len \((?P<asked>\d+)\), \(?(?P<need>[\d.]+) Gi?B (?:KV cache|memory) is needed,? which is"
                r" larger than the available KV cache memory \((?P<have>[\d.]+) Gi?B\)"
                r"(?:\. Based on the available memory,? the estimated maximum model length is (?P<fits>\d+))?"
            ),
            Sign(
                r"max seq len \((?P<asked>\d+)\) is larger than the maximum number of tokens that can be stored in"
                r" (?:the )?KV cache \((?P<fits>\d+)\)"
            ),
            *signs(
                r"To serve at least one request with the models?'s max seq len",
                r"No available memory for the cache blocks",
                r"estimated maximum model length is (?P<fits>\d+)",
            ),
        ),
        _kv,
        links=(_DOCS,),
    ),
    Rule(
        "host-out-of-memory",
        "A process was killed because the node's or pod's memory ran out",
        "The kernel, Kubernetes or Ray's memory monitor killed it; the rest of the job then fails for want of it.",
        (
            *signs(
                r"\bOOMKilled\b",
                r"Workers? \(tasks / actors\) killed due to memory pressure \(OOM\)",
                r"which exceeds the memory usage threshold",
                r"Task was killed due to the node running low on memory",
                r"ray\.exceptions\.OutOfMemoryError",
                r"Memory cgroup out of memory|[Oo]ut of memory: Kill(?:ed)? process|\boom-kill:|invoked oom-killer",
                r"\bSystemOOM\b|OOM[- ]killed",
                r"DefaultCPUAllocator: can't allocate memory|unable to mmap \d+ bytes from file",
            ),
            *signs(
                r"worker may have exceeded K8s pod memory limits",
                r"\(exit code 137\)|\bExit Code: 137\b|exitCode\W+137\b|\bexit(?:ed with)? (?:code|status) 137\b",
                confidence="medium",
            ),
        ),
        _host,
        links=("https://docs.ray.io/en/latest/ray-core/scheduling/ray-oom-prevention.html",),
    ),
)
