"""One rank of a rehearsal (vLLM 0.32)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import ray
from vllm.distributed import get_pp_group, get_tp_group
from vllm.v1.worker.cpu_worker import CPUWorker


class RehearsalWorker(CPUWorker):
    """A CPU worker that can be a later pipeline stage, and says where it runs."""

    def init_device(self) -> None:
        super().init_device()
        folder = os.environ.get("JUPYTER_CRATER_RANKS")
        if folder:
            self._say_where(Path(folder))

    def _say_where(self, folder: Path) -> None:
        """Writes ``rank-N.json``: which Ray node has this stage."""
        place = {
            "rank": self.rank,
            "pp": get_pp_group().rank_in_group,
            "tp": get_tp_group().rank_in_group,
            "node": ray.get_runtime_context().get_node_id(),
            "pid": os.getpid(),
        }
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".rank-{self.rank}.{os.getpid()}"
        draft.write_text(json.dumps(place))
        draft.replace(folder / f"rank-{self.rank}.json")

    def compile_or_warm_up_model(self) -> Any:
        result = super().compile_or_warm_up_model()
        runner = self.model_runner
        # GPUModelRunner allocates these while it captures graphs, which a CPU never does; without
        # them a stage behind the first has nowhere to receive the hidden states.
        if not get_pp_group().is_first_rank and runner.intermediate_tensors is None:
            runner.intermediate_tensors = runner.model.make_empty_intermediate_tensors(
                batch_size=runner.max_num_tokens,
                dtype=runner.model_config.dtype,
                device=runner.device,
            )
        return result
