"""What runs inside the engine environment: found through PYTHONPATH, installed nowhere.

Imported by no other part of jupyter_crater, and importing none of them: only ray, vllm and torch of
the versions in engines/locks are known here.
"""

from __future__ import annotations

import os


def rehearsal_platform() -> str | None:
    """Entry point ``vllm.platform_plugins``: our platform's class, or None where a GPU does the work."""
    if os.environ.get("JUPYTER_CRATER_ENGINE_KIND") != "cpu":
        return None
    return "crater_inside.platform.RehearsalPlatform"


def bound_waits() -> None:
    """Entry point ``vllm.general_plugins``: bounds vLLM's wait for Ray's GPUs.

    Half an hour in vLLM 0.32, with no setting for it.
    """
    if seconds := os.environ.get("JUPYTER_CRATER_PLACEMENT_WAIT"):
        from vllm.v1.executor import ray_utils

        ray_utils.PG_WAIT_TIMEOUT = int(seconds)
