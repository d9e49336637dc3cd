"""How the ranks of a rehearsal talk."""

from __future__ import annotations

from vllm.distributed.device_communicators.cpu_communicator import CpuCommunicator


class GlooCommunicator(CpuCommunicator):
    """Over gloo, which blocks: the shared-memory way spins, and with more ranks than cores it starves
    itself (1.4 against 3.4 tokens/s at TP 3 on 2 cores); it also leaves segments in /dev/shm.
    """

    def _all_group_ranks_share_shm_group_name(self) -> bool:
        return False
