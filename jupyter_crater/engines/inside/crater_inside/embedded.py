"""``python -m crater_inside.embedded FILE.gguf FOLDER < config.json``: a llama GGUF as a model folder.

Reading quantised weights back is gguf's work. The names and the order of rows in q and k are
undone as llama.cpp's conversion makes them (convert_hf_to_gguf.py, LlamaModel). Not done through
transformers, which takes 30 s and forgets that this tokenizer splits numbers into digits.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from safetensors.torch import save_file

OUTSIDE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}
IN_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
CONTROL = 3  # gguf.TokenType.CONTROL
SAMPLING = {"do_sample": True, "temperature": 0.2, "top_p": 0.9}
"""As SmolLM2's model card samples: at the engines' default of 1.0 so small a model rambles on."""


def name_of(tensor: str) -> str:
    """ "blk.3.attn_q.weight" → "model.layers.3.self_attn.q_proj.weight"."""
    parts = tensor.split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{IN_LAYER[parts[2]]}.{parts[3]}"
    return f"{OUTSIDE[parts[0]]}.{parts[1]}"


def unpermuted(weights: np.ndarray, heads: int) -> np.ndarray:
    """Rows in the order of the rotary embedding by halves, from llama.cpp's by pairs."""
    rows, columns = weights.shape
    return (
        weights.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(weights.shape)
    )


def weights(reader: GGUFReader, config: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The tensors by their names in transformers, as bfloat16."""
    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    tensors = {}
    for tensor in reader.tensors:
        values = dequantize(tensor.data, tensor.tensor_type)
        kind = tensor.name.split(".")[-2]
        if kind in heads:
            values = unpermuted(values, heads[kind])
        tensors[name_of(tensor.name)] = torch.from_numpy(values.copy()).to(torch.bfloat16)
    return tensors


def tokenizer(reader: GGUFReader) -> tuple[dict[str, Any], dict[str, Any]]:
    """tokenizer.json and tokenizer_config.json of a byte-level BPE with digits apart ("smollm")."""

    def field(name: str) -> Any:
        return reader.fields[f"tokenizer.{name}"].contents()

    if (found := field("ggml.pre")) != "smollm":
        raise SystemExit(f"This file's tokenizer splits text as {found!r}, not as 'smollm'.")
    tokens, kinds = field("ggml.tokens"), field("ggml.token_type")
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": token, **plain, "special": True}
            for number, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
            if kind == CONTROL
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Digits", "individual_digits": True},
                byte_level | {"use_regex": True},
            ],
        },
        "post_processor": None,
        "decoder": byte_level | {"add_prefix_space": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": field("ggml.merges"),
        },
    }
    named = {
        f"{ours}_token": tokens[field(f"ggml.{theirs}_token_id")]
        for ours, theirs in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding"))
    }
    return document, named | {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": reader.fields["llama.context_length"].contents(),
        "chat_template": field("chat_template"),
    }


def convert(source: Path, folder: Path, config: dict[str, Any]) -> None:
    """Write the model folder; ``config`` becomes its config.json."""
    reader = GGUFReader(source)
    document, settings = tokenizer(reader)
    ends = {name: config[name] for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    for name, content in (
        ("config.json", config),
        ("generation_config.json", ends | SAMPLING),
        ("tokenizer.json", document),
        ("tokenizer_config.json", settings),
    ):
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1))
    save_file(weights(reader, config), folder / "model.safetensors", {"format": "pt"})


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]), json.load(sys.stdin))
