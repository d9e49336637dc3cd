"""A cluster's job, scaled down to this machine: what is asked, what is used, and why.

Values that the caller gave are honoured or refused; a template's defaults are scaled. Only a model
that was given and isn't on this machine is rehearsed all the same, and that is said.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ... import config
from ...errors import DoesNotFit, ModelNotFound, ParameterError
from ...spec import EngineSettings, JobSpec, Observation, Resources, Task
from . import machine

EMBEDDED = "SmolLM2-135M-Instruct"
KV_BYTES = 300 * 2**20
MAX_MODEL_LEN = 2048
MAX_NUM_SEQS = 16
# Measured (PSS, vLLM 0.32 on CPU): Ray's own processes, the API server and engine core, each rank.
RAY_GIB, SERVER_GIB, RANK_GIB = 0.6, 1.2, 1.2


def change(setting: str, asked: Any, used: Any, because: str) -> Observation:
    data = {"asked": asked, "used": used}
    return Observation(time.time(), "rehearsal", setting, because, data=data)


def model_folder(model: str) -> Path | None:
    """The local folder that ``model`` names, or None where it isn't one here.

    Raises:
        ModelNotFound: a folder without config.json.
    """
    folder = Path(model).expanduser()
    if not folder.is_dir():
        named = [f / model for f in config.load().model_folders] if "/" not in model else []
        folder = next((f for f in named if f.is_dir()), folder)
    if not folder.is_dir() and model.count("/") == 1:
        folder = _cached(model) or folder
    if not folder.is_dir():
        return None
    if not (folder / "config.json").is_file():
        raise ModelNotFound(
            f"{folder} holds no config.json, so it is no model folder.",
            hint="A model folder as on the hub has config.json, tokenizer files and *.safetensors.",
        )
    return folder


def _cached(hub_id: str) -> Path | None:
    """The newest snapshot of a hub id in this machine's Hugging Face cache."""
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    base = Path(os.environ.get("HF_HUB_CACHE", home / "hub"))
    found = base.glob(f"models--{hub_id.replace('/', '--')}/snapshots/*/config.json")
    return max((p.parent for p in found), key=lambda p: p.stat().st_mtime, default=None)


def rehearse(
    spec: JobSpec, *, given: frozenset[str], embedded: Path, embedded_config: dict[str, Any]
) -> tuple[JobSpec, list[Observation]]:
    """The spec that this machine's CPU can run.

    ``embedded`` is where the embedded model is (or will be), ``embedded_config`` its config.json.

    Raises:
        ModelNotFound: a model folder was given that isn't there, or has no config.json.
        ParameterError: a given parallel size that the model or the machine can't do.
        DoesNotFit: not enough memory.
    """
    if spec.engine is None:
        return spec, []
    asked = spec.engine
    changes: list[Observation] = []
    model, model_config, weights_gib = _model(asked, given, embedded, embedded_config)
    rehearsal = model == str(embedded)
    used: dict[str, Any] = {"model": model, "version": None}
    if rehearsal and asked.model != model:
        because = "the embedded model, which a CPU can serve"
        if "model" in given:
            because = (
                "the embedded model, which a CPU can serve; the one you gave is not on this "
                "machine, and a rehearsal downloads none"
            )
        changes.append(change("model", asked.model, EMBEDDED, because))
        used["served_model_name"] = EMBEDDED
        changes += _model_bound(asked, used, given, model_config)
    elif "max_model_len" not in given:
        changes += _length_of(asked, used, model_config)
    if asked.trust_remote_code and (rehearsal or "trust_remote_code" not in given):
        used["trust_remote_code"] = False
        because = "no code of a model runs on this machine unless you ask for it"
        changes.append(change("trust_remote_code", True, False, because))
    changes += _parallel(spec, used, given, model_config)
    changes += _cpu(asked, used, given)
    if asked.version:
        because = "flags are written for the vLLM that runs here"
        changes.append(change("version", asked.version, "the engine environment's", because))
    if spec.ray and asked.distributed_executor_backend != "ray":
        used["distributed_executor_backend"] = "ray"
    settings = asked.model_copy(update=used)
    world = settings.tensor_parallel * settings.pipeline_parallel
    need = weights_gib * 1.1 + world * (RANK_GIB + KV_BYTES / machine.GIB) + SERVER_GIB
    need += RAY_GIB if spec.ray else 0
    free = machine.free_memory_gib()
    if need > free:
        raise DoesNotFit(
            f"This needs about {need:.1f} GiB of memory for {world} rank(s); {free:.1f} GiB are free "
            "(cgroup limit included).",
            hint="Stop other jobs (`jupyter crater list`), use fewer ranks or a smaller model.",
        )
    tasks, more = _tasks(spec, settings)
    update: dict[str, Any] = {"engine": settings, "tasks": tasks}
    if spec.service and settings.served_model_name:
        name = {"served_model_name": settings.served_model_name}
        update["service"] = spec.service.model_copy(update=name)
    return spec.model_copy(update=update), changes + more


def _model(
    asked: EngineSettings, given: frozenset[str], embedded: Path, embedded_config: dict[str, Any]
) -> tuple[str, dict[str, Any], float]:
    """Model folder, its config and the GiB of its weights on this machine."""
    folder = model_folder(asked.model)
    if folder is not None:
        found = json.loads((folder / "config.json").read_text())
        weights = sum(p.stat().st_size for p in folder.glob("*.safetensors"))
        return str(folder), found, weights / machine.GIB
    if "model" in given and asked.model.startswith(("/", "./", "../", "~")):
        raise ModelNotFound(
            f"No model folder {asked.model} on this machine.",
            hint="Leave `model` out to rehearse with the embedded model "
            f"{EMBEDDED}, or give a folder with config.json.",
        )
    return str(embedded), embedded_config, 0.3


def _model_bound(
    asked: EngineSettings, used: dict[str, Any], given: frozenset[str], model_config: dict[str, Any]
) -> list[Observation]:
    """Settings that belong to the big model and not to the embedded one."""
    changes = []
    longest = int(model_config.get("max_position_embeddings", 8192))
    if "max_model_len" in given and asked.max_model_len and asked.max_model_len > longest:
        raise ParameterError(
            "max_model_len",
            f"max_model_len={asked.max_model_len} is over what {EMBEDDED} can do ({longest}).",
            value=asked.max_model_len,
            hint=f"For a rehearsal leave it out (then {MAX_MODEL_LEN}) or give at most {longest}.",
        )
    if "max_model_len" not in given and (asked.max_model_len or longest) > MAX_MODEL_LEN:
        used["max_model_len"] = MAX_MODEL_LEN
        because = f"{EMBEDDED} was made for short texts, and a CPU's prefill is slow"
        changes.append(change("max_model_len", asked.max_model_len, MAX_MODEL_LEN, because))
    if asked.reasoning_parser:
        used["reasoning_parser"] = None
        because = f"{EMBEDDED} has no thinking tokens"
        changes.append(change("reasoning_parser", asked.reasoning_parser, None, because))
    if asked.quantization:
        used["quantization"] = None
        because = f"{EMBEDDED} is not quantised"
        changes.append(change("quantization", asked.quantization, None, because))
    return changes


def _length_of(
    asked: EngineSettings, used: dict[str, Any], model_config: dict[str, Any]
) -> list[Observation]:
    """A template's default length is for its own model; another one may be shorter."""
    longest = model_config.get("max_position_embeddings")
    if not longest or not asked.max_model_len or asked.max_model_len <= longest:
        return []
    used["max_model_len"] = longest
    because = "the template's default is longer than this model can do"
    return [change("max_model_len", asked.max_model_len, longest, because)]


def _parallel(
    spec: JobSpec, used: dict[str, Any], given: frozenset[str], model_config: dict[str, Any]
) -> list[Observation]:
    """TP × PP as far as this machine goes; pipeline first: its ranks wait without spinning."""
    asked = spec.engine
    assert asked is not None
    cores = machine.cores()
    tensor = asked.tensor_parallel if "tensor_parallel" in given else 1
    most_stages = max(2, cores) // tensor if tensor < max(2, cores) else 1
    pipeline = asked.pipeline_parallel
    if "pipeline_parallel" not in given:
        pipeline = max(1, min(pipeline, most_stages))
    heads = model_config.get("num_attention_heads")
    layers = model_config.get("num_hidden_layers")
    if heads and heads % tensor:
        legal = [n for n in range(1, heads + 1) if heads % n == 0]
        raise ParameterError(
            "tensor_parallel",
            f"tensor_parallel={tensor} does not divide the {heads} attention heads of the model "
            "that runs here.",
            value=tensor,
            hint=f"Legal: {legal}; left out, a rehearsal uses 1.",
        )
    if layers and pipeline > layers:
        raise ParameterError(
            "pipeline_parallel",
            f"pipeline_parallel={pipeline} is more than the model's {layers} layers.",
            value=pipeline,
            hint=f"At most {layers}; left out, a rehearsal uses {min(layers, most_stages)}.",
        )
    if tensor * pipeline > 4 * max(2, cores):
        raise DoesNotFit(
            f"tensor_parallel × pipeline_parallel = {tensor * pipeline} ranks are too many for "
            f"{cores} cores.",
            hint=f"At most {4 * max(2, cores)} here; left out, a rehearsal uses 1 × {most_stages}.",
        )
    changes = []
    for setting, was, now in (
        ("tensor_parallel", asked.tensor_parallel, tensor),
        ("pipeline_parallel", asked.pipeline_parallel, pipeline),
    ):
        if was != now:
            because = f"{cores} cores here; tensor parallel would spin on them"
            changes.append(change(setting, was, now, because))
        used[setting] = now
    return changes


def _cpu(asked: EngineSettings, used: dict[str, Any], given: frozenset[str]) -> list[Observation]:
    """What a GPU has and a CPU hasn't."""
    changes = []
    if asked.dtype not in ("bfloat16", "float32"):
        used["dtype"] = "bfloat16"
        because = "the CPU's own 16-bit format"
        changes.append(change("dtype", asked.dtype or "auto", "bfloat16", because))
    if asked.kv_cache_memory_bytes is None:
        used["kv_cache_memory_bytes"] = KV_BYTES
        because = "there is no GPU memory to take a share of; 300 MiB a rank"
        changes.append(
            change("gpu_memory_utilization", asked.gpu_memory_utilization, None, because)
        )
    used["gpu_memory_utilization"] = None
    if asked.kv_cache_dtype not in (None, "auto"):
        used["kv_cache_dtype"] = None
        because = "the CPU keeps it in the model's format"
        changes.append(change("kv_cache_dtype", asked.kv_cache_dtype, None, because))
    if "max_num_seqs" not in given and (asked.max_num_seqs or 256) > MAX_NUM_SEQS:
        used["max_num_seqs"] = MAX_NUM_SEQS
        because = "as many requests at once as a few cores can answer"
        changes.append(change("max_num_seqs", asked.max_num_seqs, MAX_NUM_SEQS, because))
    if not asked.enforce_eager:
        used["enforce_eager"] = True
        changes.append(change("enforce_eager", False, True, "compiling takes minutes on a CPU"))
    return changes


def _tasks(spec: JobSpec, settings: EngineSettings) -> tuple[tuple[Task, ...], list[Observation]]:
    """One logical GPU a rank; a pipeline stage a node, as on the cluster."""
    world = settings.tensor_parallel * settings.pipeline_parallel
    nodes = settings.pipeline_parallel if spec.ray and settings.pipeline_parallel > 1 else 1
    if spec.ray and nodes == 1 and world > 1:
        nodes = world  # tensor parallel only: still a distributed job
    per_node = -(-world // nodes)
    tasks = []
    for task in spec.tasks:
        replicas = 1 if task is spec.main else nodes - 1
        if replicas:
            resources = Resources(gpus=per_node)
            tasks.append(task.model_copy(update={"replicas": replicas, "resources": resources}))
    changes = []
    was = spec.main.resources
    gpus_asked = f"{spec.nodes} × {was.gpus} × {was.gpu or 'GPU'}"
    if was.gpus:
        because = "no GPU is used in a rehearsal"
        here = f"{nodes} Ray node(s) × {per_node} logical GPU on this CPU"
        changes.append(change("gpus", gpus_asked, here, because))
    return tuple(tasks), changes
