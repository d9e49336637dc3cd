"""Fixes with numbers: what to set, worked out from the line that was found and the job's settings."""

from __future__ import annotations

import re

from ..catalog.engines import removed_flags
from .conditions import flags
from .model import Fix, Fixes, Hit

_OWN_NODE = re.compile(r"'node:([\d.]+)': 0\.001")
_OTHERS = Fix("end the other processes on that GPU (`nvidia-smi` names them)")


def _fix(label: str, **settings: object) -> Fix:
    return Fix(label, settings)


def _lower_utilization(hit: Hit) -> Fix:
    now = (hit.settings and hit.settings.gpu_memory_utilization) or 0.9
    return _fix(
        f"leave more of the GPU free (now {now:g})", gpu_memory_utilization=round(now - 0.05, 2)
    )


def _fewer_sequences(hit: Hit) -> Fix:
    now = hit.number("sequences") or (hit.settings and hit.settings.max_num_seqs) or 256
    return _fix(f"fewer sequences at once (now {now:g})", max_num_seqs=max(1, int(now) // 2))


def _more_gpus(hit: Hit) -> Fix:
    now = hit.settings.tensor_parallel if hit.settings else 1
    return _fix(f"spread the weights over {now * 2} GPUs", tensor_parallel=now * 2)


def loading(hit: Hit) -> Fixes:
    return (
        _more_gpus(hit),
        _fix("weights of half the size", quantization="fp8"),
        _fix("a smaller or quantized model: `jupyter crater size` tells which fits"),
    )


def profiling(hit: Hit) -> Fixes:
    return (
        _fix("smaller batches of prompt tokens", max_num_batched_tokens=2048),
        _fewer_sequences(hit),
    )


def kv(hit: Hit) -> Fixes:
    fits = hit.number("fits")
    need, have, asked = hit.number("need"), hit.number("have"), hit.number("asked")
    if not fits and need and have and asked:
        fits = asked * have / need
    found = []
    if fits and fits >= 1:
        length = int(fits) // 16 * 16 or int(fits)  # a KV block holds 16 tokens
        found.append(_fix(f"a context of {length} tokens fits", max_model_len=length))
    elif hit.settings and hit.settings.max_model_len:
        half = hit.settings.max_model_len // 2
        found.append(_fix("a shorter context", max_model_len=max(half, 1)))
    now = (hit.settings and hit.settings.gpu_memory_utilization) or 0.9
    if now < 0.95:
        found.append(_fix(f"give vLLM more of the GPU (now {now:g})", gpu_memory_utilization=0.95))
    return (
        *found,
        _fix("a KV cache of half the size (needs FP8 support)", kv_cache_dtype="fp8"),
        _more_gpus(hit),
    )


def free(hit: Hit) -> Fixes:
    free, total = hit.number("free"), hit.number("total")
    found = [_OTHERS]
    if free and total:
        fits = int(free / total * 100 - 1) / 100
        if fits >= 0.1:
            found.append(_fix("take only what is free", gpu_memory_utilization=fits))
    return tuple(found)


def host(hit: Hit) -> Fixes:
    now = hit.spec and hit.spec.main.resources.memory_gib
    more = (
        _fix(f"more memory per pod (now {now:g} GiB)", memory_gib=now * 2)
        if now
        else _fix("more memory per pod")
    )
    return more, _fix("load with fewer processes at once (`--max-parallel-loading-workers 1`)")


def setting(hit: Hit) -> Fixes:
    field = hit["field"]
    return (_fix(f"change {field}" if field else "change the setting that the line names"),)


def removed(hit: Hit) -> Fixes:
    gone = removed_flags()
    return tuple(
        _fix(f"leave {f} out (instead: {gone[f]})" if gone[f] else f"leave {f} out")
        for f in flags(hit)
        if f in gone
    )


def unknown(hit: Hit) -> Fixes:
    which = ", ".join(flags(hit)) or hit["flag"]
    return (
        _fix(
            f"correct or leave out {which} in the start command"
            if which
            else "correct or leave out the flag in the start command"
        ),
        _fix("`vllm serve --help=all` of the same image lists the flags it knows"),
    )


def divisors(hit: Hit) -> Fixes:
    heads, parts = hit.number("heads"), hit.number("parts")
    if not heads or not parts:
        return (_fix("a tensor parallel size that divides it", tensor_parallel=1),)
    best = max(n for n in range(1, int(parts)) if heads % n == 0) if parts > 1 else 1
    found = [_fix(f"a tensor parallel size that divides {heads:g}", tensor_parallel=best)]
    if hit.settings and best > 1:
        whole = hit.settings.tensor_parallel * hit.settings.pipeline_parallel
        if whole % best == 0:
            found.append(
                _fix("keep all GPUs", tensor_parallel=best, pipeline_parallel=whole // best)
            )
    return tuple(found)


def stages(hit: Hit) -> Fixes:
    layers, stages = hit.number("layers"), hit.number("stages")
    if not layers or not stages:
        return (_fix("fewer pipeline stages", pipeline_parallel=1),)
    best = max(n for n in range(1, int(stages) + 1) if layers % n == 0 and n <= layers)
    return (_fix(f"{best} stages divide {layers:g} layers", pipeline_parallel=best),)


def gpus(hit: Hit) -> Fixes:
    have, wanted = hit.number("have"), hit.number("wanted")
    if not have or not wanted:
        return (_fix("as many ranks as the node has GPUs, or more nodes"),)
    return (
        _fix(
            f"use the {have:g} GPUs that are there", tensor_parallel=int(have), pipeline_parallel=1
        ),
        *(
            (_fix(f"{wanted:g} GPUs in the node", gpus_per_node=int(wanted)),)
            if wanted <= 8
            else ()
        ),
        _fix("spread it over several nodes: the template deepseek-r1-distributed"),
    )


def length(hit: Hit) -> Fixes:
    derived = hit.number("derived")
    return (
        _fix(f"the model's own {derived:g} tokens", max_model_len=int(derived))
        if derived
        else _fix("a max_model_len the model knows"),
        _fix("longer than trained, at your own risk: VLLM_ALLOW_LONG_MAX_MODEL_LEN=1"),
    )


def old_gpu(hit: Hit) -> Fixes:
    now = hit["have"] or hit["arch"]
    old = now and float(now) / (1 if "." in now else 10) < 7.5
    found = [_fix("a GPU type that the image was built for")]
    if old or not now:
        found.insert(
            0,
            _fix("on V100 and older: the last engine made for them", engine_version="0.8.5.post1"),
        )
    return tuple(found)


def shm(hit: Hit) -> Fixes:
    now = (hit.spec and hit.spec.main.resources.shm_gib) or 0
    return _fix("a larger /dev/shm", shm_gib=max(8.0, now * 2)), _fix(
        "NCCL_SHM_DISABLE=1 in the tasks' env (slower)"
    )


def missing_gpus(hit: Hit) -> Fixes:
    asked = (
        hit.number("asked")
        or (hit["specs"] or "").count("'GPU': ")
        or (hit.settings and hit.settings.tensor_parallel * hit.settings.pipeline_parallel)
    )
    found = [
        _fix(
            f"see whether every worker runs and has joined ({asked:g} GPUs): `ray status` in the head"
            if asked
            else "see whether every worker runs and has joined: `ray status` in the head"
        ),
        _fix("make tensor × pipeline parallel size the number of GPUs that Ray has"),
    ]
    # vLLM asks for its own node by address; a node with two of them is known to Ray by the other.
    if own := _OWN_NODE.search(hit.stream.text):
        found.append(
            _fix(
                f"if `ray list nodes` shows no {own[1]}: VLLM_HOST_IP must be the address that Ray knows"
            )
        )
    return tuple(found)


def port(hit: Hit) -> Fixes:
    taken = hit.number("port")
    found = [_fix("end what listens there (an earlier attempt?)")]
    if taken and taken < 65535:
        found.insert(0, _fix(f"another port than {taken:g}", port=int(taken) + 1))
    else:
        found.insert(0, _fix("another port", port=8001))
    return tuple(found)


def sampler(hit: Hit) -> Fixes:
    return _fewer_sequences(hit), _lower_utilization(hit)


def capturing(hit: Hit) -> Fixes:
    eager = _fix("no CUDA graphs (slower)", enforce_eager=True)
    return _lower_utilization(hit), _fewer_sequences(hit), eager


def cache(hit: Hit) -> Fixes:
    return _lower_utilization(hit), _OTHERS


def serving(hit: Hit) -> Fixes:
    return _lower_utilization(hit), *profiling(hit)


def any_gpu_memory(hit: Hit) -> Fixes:
    return *serving(hit), _more_gpus(hit)


def no_stages(hit: Hit) -> Fixes:
    now = hit.settings
    ranks = now.tensor_parallel * now.pipeline_parallel if now else 2
    return (_fix("tensor parallelism only", pipeline_parallel=1, tensor_parallel=ranks),)


def batched_tokens(hit: Hit) -> Fixes:
    need = int(hit["need"] or 8192)
    return (_fix("as many as one request has", max_num_batched_tokens=need),)
