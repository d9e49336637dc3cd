"""vLLM's CPU platform, taught to spread over Ray nodes (vLLM 0.32)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vllm.platforms.cpu import CpuPlatform

if TYPE_CHECKING:
    from vllm.config import VllmConfig


class RehearsalPlatform(CpuPlatform):
    """A CPU whose Ray nodes offer logical GPUs: placement as on a GPU cluster, ranks on CPU cores."""

    ray_device_key = "GPU"

    @classmethod
    def check_and_update_config(cls, vllm_config: VllmConfig) -> None:
        parallel = vllm_config.parallel_config
        if parallel.worker_cls == "auto":
            parallel.worker_cls = "crater_inside.worker.RehearsalWorker"
        super().check_and_update_config(vllm_config)
        # The CPU platform forces spawn: 13 s of imports again. The engine core starts before this
        # process has run any OpenMP region, so fork is safe.
        os.environ["VLLM_WORKER_MULTIPROC_METHOD"] = "fork"

    @classmethod
    def get_device_communicator_cls(cls) -> str:
        return "crater_inside.communicator.GlooCommunicator"
