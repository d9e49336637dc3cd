"""``size``."""

from __future__ import annotations

import argparse
from typing import Any

from .. import api
from ..errors import InputError, ParameterError
from .output import Output
from .parser import SETTINGS

_SETTINGS = (*SETTINGS, "enforce_eager", "engine", "engine_version")


def size(options: argparse.Namespace, out: Output) -> int:
    """0 where it fits and is legal, else 3; the plan is printed in both cases."""
    settings = _of_command(options.command) if options.command else {}
    settings |= {k: v for k in _SETTINGS if (v := getattr(options, k)) is not None}
    model = options.model or settings.pop("model", None)
    settings.pop("model", None)
    if model is None:
        raise ParameterError("model", "Which model? --model is missing.", hint="--model ID|FOLDER")
    if options.gpu is None and (options.gpu_memory is None or options.compute_capability is None):
        raise ParameterError(
            "gpu",
            "Which GPU? --gpu is missing.",
            hint="--gpu V100-32GB, or --gpu-memory GIB with --compute-capability X.Y",
        )
    plan = api.size(
        model,
        gpu=options.gpu or "custom",
        gpu_memory=options.gpu_memory,
        compute_capability=options.compute_capability,
        nodes=options.nodes,
        gpus_per_node=options.gpus_per_node,
        **settings,
    )
    data = plan.to_json()
    out.result(data, str(plan))
    return 0 if data["fits"] and data["legal"] else 3


def _of_command(text: str) -> dict[str, Any]:
    """The settings of a start command, as keywords of ``size``."""
    from ..engines import parse_command

    parsed = parse_command(text)
    if parsed.settings is None:
        raise InputError(
            f"--command can't be read as settings: {parsed.because}.",
            hint="Give the vLLM command alone, e.g. 'vllm serve MODEL --tensor-parallel-size 4'.",
        )
    told = parsed.settings.model_dump(exclude_defaults=True)
    for name in ("host", "port", "served_model_name", "reasoning_parser"):
        told.pop(name, None)
    # A command says 1 by leaving it out; nothing is searched then.
    told.setdefault("tensor_parallel", 1)
    told.setdefault("pipeline_parallel", 1)
    return told
