"""vLLM's flags and the settings they are; one table, read in both directions.

Sources: ``vllm/engine/arg_utils.py`` and ``vllm/entrypoints/openai/cli_args.py``, 0.6.6 to 0.33.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag: its field of EngineSettings, its spellings, and how its value reads."""

    field: str
    names: tuple[str, ...]
    read: Callable[[str], Any] | None = str
    """None: a switch without a value."""

    @property
    def name(self) -> str:
        return self.names[0]


FLAGS: tuple[Flag, ...] = (
    Flag("host", ("--host",)),
    Flag("port", ("--port",), int),
    Flag("served_model_name", ("--served-model-name",)),
    Flag("dtype", ("--dtype",)),
    Flag("quantization", ("--quantization", "-q")),
    Flag("kv_cache_dtype", ("--kv-cache-dtype",)),
    Flag("kv_cache_memory_bytes", ("--kv-cache-memory-bytes", "--kv-cache-memory"), int),
    Flag("max_model_len", ("--max-model-len",), int),
    Flag("max_num_seqs", ("--max-num-seqs",), int),
    Flag("max_num_batched_tokens", ("--max-num-batched-tokens",), int),
    Flag("gpu_memory_utilization", ("--gpu-memory-utilization",), float),
    Flag("tensor_parallel", ("--tensor-parallel-size", "-tp"), int),
    Flag("pipeline_parallel", ("--pipeline-parallel-size", "-pp"), int),
    Flag("enable_expert_parallel", ("--enable-expert-parallel", "-ep"), None),
    Flag("distributed_executor_backend", ("--distributed-executor-backend",)),
    Flag("disable_custom_all_reduce", ("--disable-custom-all-reduce",), None),
    Flag("enforce_eager", ("--enforce-eager",), None),
    Flag("trust_remote_code", ("--trust-remote-code",), None),
    Flag("reasoning_parser", ("--reasoning-parser",)),
)

BY_NAME = {name: flag for flag in FLAGS for name in flag.names}

ENABLE_REASONING = "--enable-reasoning"
"""What --reasoning-parser needed beside it before 0.9 (and what 0.10 no longer knows)."""

SECRET = ("--api-key",)
"""Flags whose values belong into the environment: an argument is open to every user of a host."""
