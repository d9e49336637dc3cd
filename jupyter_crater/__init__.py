"""Serve large language models on a shared GPU cluster from inside Jupyter: size, launch, watch, chat.

    import jupyter_crater as crater

    plan = crater.size("DeepSeek-R1-Distill-Qwen-32B", gpu="V100-32GB", nodes=2, gpus_per_node=4)
    job = crater.launch("deepseek-r1-distributed", gpu="V100-32GB")
    job.head_ip, job.url
    job.chat()

Names are loaded when they are first used, so importing this package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "Crater",
    "CraterError",
    "Job",
    "JobSpec",
    "JobStatus",
    "Kubernetes",
    "Local",
    "Plan",
    "calculator",
    "job",
    "jobs",
    "launch",
    "panel",
    "picker",
    "relaunch",
    "size",
    "template",
    "templates",
]

# Public name → the module that has it.
_HOME = dict.fromkeys(__all__, "api") | {
    "CraterError": "errors",
    "Job": "handle",
    "JobSpec": "spec",
    "JobStatus": "spec",
    "Plan": "sizing",
    "load_ipython_extension": "magic",  # what %load_ext looks up; no name for people
}

if TYPE_CHECKING:
    from .api import (
        Crater,
        Kubernetes,
        Local,
        calculator,
        job,
        jobs,
        launch,
        panel,
        picker,
        relaunch,
        size,
        template,
        templates,
    )
    from .errors import CraterError
    from .handle import Job
    from .sizing import Plan
    from .spec import JobSpec, JobStatus


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """For `jupyter labextension develop`; a wheel brings the extension as shared data."""
    return [{"src": "labextension", "dest": "jupyter-crater"}]
