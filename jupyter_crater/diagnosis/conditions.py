"""What a sign asks beyond its pattern: the engine's phase, the scheduler's reason, a known flag."""

from __future__ import annotations

import re

from ..catalog.engines import removed_flags
from .model import Hit

_TRACEBACK = "Traceback (most recent call last)"
# Names in frames of vLLM 0.6 to 0.33 (V0 and V1), the innermost phase first: capturing runs a dummy
# batch as profiling does, and profiling runs the sampler. A cut trace may show the call alone.
_STAGES = (
    ("sampler", r"_dummy_sampler_run|warming up sampler"),
    (
        "capturing",
        (
            r"@(?:capture\w*|_capture_cudagraphs|profile_cudagraph_memory|compile_or_warm_up_model|warm_up_model)\b"
            r"|cuda_?graph\.capture|in capture_end"
        ),
    ),
    (
        "cache",
        (
            r"@(?:_?allocate_kv_cache\w*|initialize_kv_cache\w*|_init_cache_engine|initialize_cache|initialize_from_config"
            r"|allocate_gpu_cache|_?init_memory_pool)\b"
        ),
    ),
    (
        "profiling",
        (
            r"@(?:profile_run|determine_available_memory|determine_num_available_blocks|_dummy_run"
            r"|profile_num_available_blocks|profile_memory)\b"
        ),
    ),
    (
        "loading",
        (
            r"@(?:load_model|load_weights|create_weights|initialize_model|_initialize_model|get_model"
            r"|process_weights_after_loading)\b"
        ),
    ),
    ("waking", r"@wake_up\b"),
    ("serving", r"@(?:run_busy_loop|execute_model|step|_process_engine_step|sample_tokens)\b"),
)
_MARKS = (
    ("waking", r"wake up the engine"),
    ("serving", r"Application startup complete|Avg prompt throughput: |\"POST /v1/\S+ HTTP"),
    ("capturing", r"Captur(?:ing|e) (?:the model for CUDA|(?:CUDA|cuda) ?graph|cudagraphs)"),
    ("capturing", r"GPU KV cache size:|# (?:GPU|cuda) blocks:|KV Cache is allocated"),
    (
        "profiling",
        r"Loading (?:model )?weights took|Model loading took|model weights take|Load weight end",
    ),
    (
        "loading",
        r"Starting to load model|Load weight begin|Failed to create \w+ (?:linear )?weights|Loading (?:safetensors|pt) checkpoint shards",
    ),
)

# One scheduler sentence counts every node once, by the first filter that refused it.
_REASONS = (
    (
        "volume",
        (
            r"unbound (?:immediate )?PersistentVolumeClaim|persistentvolumeclaim \S+ (?:not found|is being deleted)"
            r"|persistent volumes to bind"
            r"|non-existent pv|did not have enough free storage|ReadWriteOncePod|NoVolume\w+Conflict|NoDiskConflict|Max\w*VolumeCount"
        ),
    ),
    (
        "gpu",
        (
            r"Exceeds\w*GPU\w*|[Ii]nsufficient\s+(?!\S*(?:rdma|hca|roce|efa))"
            r"(?:[\w.-]*(?:gpu|dcu|npu|mig-)[\w./-]*|[\w-]+(?:\.[\w-]+)+/[\w.-]+)"
            r"|hami-vgpu\w*|[Cc]ard insufficient|didn't have enough \S*gpu\S*|Card(?:Insufficient|TypeMismatch)\w*|not enough gpu fitted|no enough gpu |cannot allocate all claims|resources?: GPU"
        ),
    ),
    (
        "resources",
        r"[Ii]nsufficient\s+(?:cpu|memory|ephemeral-storage|pods|hugepages\S*|\S*(?:rdma|hca|roce|efa)\S*)|[Tt]oo\s+many\s+pods|pod number exceeded|resource fit failed|node resources are not enough",
    ),
    ("ports", r"didn't have free ports|PodFitsHostPorts"),
    (
        "affinity",
        (
            r"didn't\s+(?:match|satisfy)\s+(?:Pod's\s+|the\s+|existing\s+)?(?:node\s+|pods?\s+|service\s+)?(?:affinity|anti-affinity|selector|topology|requested)"
            r"|does not satisfy the node group affinity|MatchNodeSelector|NodeAffinity|CheckServiceAffinity|MatchInterPodAffinity"
        ),
    ),
    # a volume of one zone shuts the other zones' nodes out: what its own zone lacks decides
    ("volume", r"volume node affinity conflict|no available volume zone|exceed max volume count"),
    (
        "taint",
        r"(?:untolerated\s+)?taint|PodToleratesNodeTaints|were\s+unschedulable|NodeUnschedulable",
    ),
)
_TOLD_FIRST = re.compile(
    rf"[^\n]*\n{re.escape(_TRACEBACK)}:\n((?:  [^\n]*\n)+)(?=[^\n]*out of memory)", re.IGNORECASE
)
"""A log that says the error before its trace, which ends in the same error."""
_EXPLAINED = re.compile(
    r"Worker failed with error|WorkerProc hit an exception|EngineCore failed to start"
)
_CONTROL_PLANE = re.compile(r"taint\S*\s+\{?node-role\.kubernetes\.io/(?:control-plane|master)")


def stage(hit: Hit) -> str:
    """What the engine did when memory ran out: by the traceback's frames, else by its last word."""
    known, at = hit.stream.stages, hit.match.start()
    if at not in known:
        known[at] = _stage(hit)
    return known[at]


def _stage(hit: Hit) -> str:
    text = hit.stream.before(hit.match.start(), 400)
    if told_first := _TOLD_FIRST.match(hit.stream.text, hit.match.start()):
        trace = told_first[1]
    else:
        trace = text[text.rfind(_TRACEBACK) :] if _TRACEBACK in text else text[-6000:]
    for name, pattern in _STAGES:
        if re.search(pattern.replace("@", r"(?:\bin |\.|processing method )"), trace):
            return name
    found = [(m.start(), n) for n, p in _MARKS for m in re.finditer(p, text)]
    return max(found)[1] if found else ""


def scheduler(hit: Hit) -> str:
    """Which of the scheduler's reasons decides: one that money can't move first, then the GPUs."""
    text = hit["none"] or ""
    names = [name for name, pattern in _REASONS if re.search(pattern, text)]
    if set(names) == {"taint", "affinity"} and _CONTROL_PLANE.search(text):
        return "affinity"  # a control plane is always tainted
    return next(iter(names), "")


def flags(hit: Hit) -> list[str]:
    return [w.split("=")[0] for w in (hit["flags"] or "").split() if w.startswith("--")]


def holds(condition: str, hit: Hit) -> bool:
    """Whether a sign's ``where`` is true: ``stage NAME``, ``scheduler REASON``, ``unexplained``, ``still``, ``not-running`` or ``removed-flag``."""
    kind, _, value = condition.partition(" ")
    if kind == "stage":
        return stage(hit) == value
    if kind == "scheduler":
        return scheduler(hit) == value
    if kind == "not-running":  # `kubectl describe` of a pod group tells the state before its events
        return not re.search(r"Phase:\s+Running", hit.stream.text)
    if kind == "still":  # it is said once a minute: what the log ends in, five minutes on end
        return sum(hit.match[0] in line.text.lower() for line in hit.stream.lines[-6:]) >= 5
    if kind == "unexplained":  # no rank told its own error: it did not just follow the others
        return not _EXPLAINED.search(hit.stream.before(hit.match.start(), 400))
    return any(flag in removed_flags() for flag in flags(hit))
