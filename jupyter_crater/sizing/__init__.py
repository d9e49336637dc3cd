"""How much memory a model needs, what is legal, and what fits, before anything is launched.

``size(model, gpu=…)`` finds the model and the GPU and searches the layout; ``plan`` is the same for
things already found; ``check`` reads a job. All return a :class:`Plan`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..catalog import gpus, models
from ..catalog.gpus import Gpu
from ..catalog.models import ModelInfo
from ..errors import ParameterError, nearest
from . import measured as _measured
from .plan import Plan, plan_of
from .rules import RULES, Context, Finding, Fix
from .search import Option, anywhere, best_layout, pool
from .setup import Setup, resolve

if TYPE_CHECKING:
    from ..spec import JobSpec

__all__ = [
    "RULES",
    "Context",
    "Finding",
    "Fix",
    "Option",
    "Plan",
    "Setup",
    "anywhere",
    "check",
    "plan",
    "pool",
    "resolve",
    "size",
]

_RENAMED = {"engine_version": "version"}


def size(
    model: str | os.PathLike[str],
    *,
    gpu: str,
    gpu_memory: float | None = None,
    compute_capability: str | float | None = None,
    **settings: Any,
) -> Plan:
    """Plan a model on GPUs by their names; the layout too is as :func:`plan` takes it.

    Args:
        model: id, short name, folder, config.json or hub id.
        gpu: any spelling; ``gpu_memory`` (GiB) and ``compute_capability`` override the catalog.
        tensor_parallel, pipeline_parallel: None: searched over all nodes × GPUs, with the reason.
        measurements: folder of :mod:`~.measured`, whose figures win over the estimate.
        settings: engine, engine_version, dtype, quantization, kv_cache_dtype,
            kv_cache_memory_bytes, max_model_len (-1: as long as fits), max_num_seqs,
            max_num_batched_tokens, gpu_memory_utilization, enforce_eager, enable_expert_parallel,
            disable_custom_all_reduce, distributed_executor_backend, trust_remote_code, extra.

    Raises:
        ModelNotFound: no such model.
        ParameterError: a setting that is unknown or can't be, an unknown GPU (it is named).
    """
    return plan(
        models.find(model),
        gpus.find(gpu, memory_gib=gpu_memory, compute_capability=compute_capability),
        **settings,
    )


def plan(
    model: ModelInfo,
    gpu: Gpu,
    *,
    nodes: int = 1,
    gpus_per_node: int = 1,
    tensor_parallel: int | None = None,
    pipeline_parallel: int | None = None,
    context: Context | None = None,
    measurements: Path | None = None,
    **settings: Any,
) -> Plan:
    """Plan a model on GPUs; settings as for :func:`size`. Reads nothing but ``measurements``."""
    settings = {_RENAMED.get(k, k): v for k, v in settings.items()}
    known = resolve.__kwdefaults__ or {}
    for name in settings:
        if name not in known:
            close = nearest(name, {*known, *_RENAMED})
            raise ParameterError(
                name,
                f"Unknown setting {name!r}." + (f" Nearest: {close!r}." if close else ""),
                hint="See help(jupyter_crater.size).",
            )
    setup = resolve(
        model,
        gpu,
        nodes=nodes,
        gpus_per_node=gpus_per_node,
        tensor_parallel=tensor_parallel or 1,
        pipeline_parallel=pipeline_parallel or 1,
        **settings,
    )
    because: tuple[str, ...] = ()
    if tensor_parallel is None or pipeline_parallel is None:
        tp, pp, why = best_layout(setup, tensor_parallel, pipeline_parallel)
        setup = setup.with_(tensor_parallel=tp, pipeline_parallel=pp)
        because = why if nodes * gpus_per_node > 1 else ()
    kept = _measured.load(measurements, setup) if measurements else None
    return plan_of(setup, context, because=because, measured=kept)


def check(spec: JobSpec, *, measurements: Path | None = None) -> Plan | None:
    """The plan of a job; None without engine settings (a client, a raw command) or kind of GPU.

    Raises:
        ModelNotFound, ParameterError: as :func:`size`.
    """
    e, main, kind = spec.engine, spec.main, spec.main.resources.gpu
    if e is None or kind is None:
        return None
    settings = e.model_dump(
        exclude={"model", "served_model_name", "host", "port", "reasoning_parser"}
    )
    layout = {k: settings.pop(k) for k in ("tensor_parallel", "pipeline_parallel")}
    ranks = [t for t in spec.tasks if t.resources.gpus]
    return plan(
        models.find(e.model),
        gpus.find(kind),
        nodes=sum(t.replicas for t in ranks) or 1,
        gpus_per_node=main.resources.gpus or 1,
        **layout,
        context=Context(
            image=main.image,
            key=spec.service.key is not None if spec.service else None,
            shm_gib=main.resources.shm_gib,
            env=main.env,
            containers=True,
        ),
        measurements=measurements,
        **settings,
    )
