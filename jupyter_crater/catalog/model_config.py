"""A model's dimensions from the fields of a Hugging Face ``config.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ParameterError
from .model_info import Mla, ModelInfo, Moe, Quantization

# Architectures whose tensors are enumerated one by one; others are computed as a plain decoder.
_PLAIN = {
    "DeepseekV2ForCausalLM",
    "DeepseekV3ForCausalLM",
    "Gemma2ForCausalLM",
    "Gemma3ForCausalLM",
    "Gemma3ForConditionalGeneration",
    "GemmaForCausalLM",
    "GptOssForCausalLM",
    "GraniteForCausalLM",
    "LlamaForCausalLM",
    "Mistral3ForConditionalGeneration",
    "MistralForCausalLM",
    "MixtralForCausalLM",
    "Phi3ForCausalLM",
    "Qwen2ForCausalLM",
    "Qwen2MoeForCausalLM",
    "Qwen3ForCausalLM",
    "Qwen3MoeForCausalLM",
}
_DTYPES = {"float16", "bfloat16", "float32"}


def from_config(config: Mapping[str, Any], id_: str = "model") -> ModelInfo:
    """A model from the fields of a Hugging Face ``config.json``.

    Raises:
        ParameterError: a needed field is missing or no number (parameter: the field).
    """
    text: Mapping[str, Any] = config.get("text_config") or config
    architecture = (config.get("architectures") or text.get("architectures") or ["unknown"])[0]
    assumed: list[str] = []

    def number(*names: str, default: int | None = None) -> int:
        for name in names:
            value = text.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
                return value
            if value is not None:
                raise ParameterError(
                    name, f"config.json of {id_}: {name!r} is {value!r}, not a count.", value=value
                )
        if default is None:
            raise ParameterError(
                names[0],
                f"config.json of {id_} has no {names[0]!r}; sizing needs it.",
                hint="Is this the config.json of a decoder language model?",
            )
        return default

    layers, hidden = number("num_hidden_layers"), number("hidden_size")
    heads = number("num_attention_heads")
    kv_heads = number("num_key_value_heads", default=heads)
    family = str(text.get("model_type") or config.get("model_type") or "")
    head_dim = number("head_dim", default=_head_dim(family, hidden // heads))
    max_position = number("max_position_embeddings", default=_max_position(family))
    mla = _mla(text)
    moe = _moe(text, family, layers)
    sliding, window = _sliding(text, family, layers)
    dtype = str(text.get("torch_dtype") or text.get("dtype") or config.get("torch_dtype") or "")
    if dtype not in _DTYPES:
        assumed.append("config.json names no dtype: bfloat16 taken")
        dtype = "bfloat16"
    understood = architecture in _PLAIN and (not text.get("layer_types") or len(sliding) == layers)
    if not understood:
        assumed.append(f"estimate only: {architecture} is computed as a plain decoder")
    vision, said = _vision(config.get("vision_config"), hidden)
    assumed += said
    dense = number("intermediate_size", default=moe.intermediate if moe else None)
    qwen = family in ("qwen2", "qwen2_moe")
    return ModelInfo(
        id=id_,
        architecture=architecture,
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=(mla.nope if mla else head_dim),
        vocab=number("vocab_size", default=262208 if "gemma3" in family else None),
        intermediate=dense,
        max_position=max_position,
        dtype=dtype,
        tied=bool(text.get("tie_word_embeddings", family.startswith("gemma"))),
        qkv_bias=bool(text.get("attention_bias", text.get("qkv_bias", qwen))),
        o_bias=bool(text.get("attention_bias")) and family in ("llama", "gpt_oss"),
        mlp_bias=bool(text.get("mlp_bias")) or family == "gpt_oss",
        qk_norm=family in ("qwen3", "qwen3_moe", "gemma3", "gemma3_text"),
        norms_per_layer=4 if family in ("gemma2", "gemma3", "gemma3_text") else 2,
        rope=_rope(text, family, max_position, mla.rope if mla else head_dim),
        window=window,
        sliding=sliding,
        moe=moe,
        mla=mla,
        quantization=_quantization(
            config.get("quantization_config") or text.get("quantization_config")
        ),
        vision_parameters=vision,
        understood=understood,
        needs_remote_code=bool(config.get("auto_map")) and architecture not in _PLAIN,
        assumed=tuple(assumed),
    )


def _head_dim(family: str, default: int) -> int:
    return {"gemma3_text": 256, "gemma2": 256, "gemma": 256, "qwen3": 128, "qwen3_moe": 128}.get(
        family, default
    )


def _max_position(family: str) -> int | None:
    # transformers leaves default values out of some config.json files
    return {"gemma3_text": 131072, "mistral": 131072}.get(family)


def _mla(text: Mapping[str, Any]) -> Mla | None:
    if not text.get("kv_lora_rank"):
        return None
    return Mla(
        q_lora=text.get("q_lora_rank") or None,
        kv_lora=int(text["kv_lora_rank"]),
        rope=int(text.get("qk_rope_head_dim", 64)),
        nope=int(text.get("qk_nope_head_dim", 128)),
        v=int(text.get("v_head_dim", 128)),
    )


def _moe(text: Mapping[str, Any], family: str, layers: int) -> Moe | None:
    experts = next(
        (text[k] for k in ("n_routed_experts", "num_local_experts", "num_experts") if text.get(k)),
        0,
    )
    if not experts:
        return None
    width = int(text.get("moe_intermediate_size") or text["intermediate_size"])
    shared = int(text.get("shared_expert_intermediate_size") or 0)
    if text.get("n_shared_experts"):
        shared = int(text["n_shared_experts"]) * width
    return Moe(
        experts=int(experts),
        intermediate=width,
        top_k=int(text.get("num_experts_per_tok") or text.get("experts_per_token") or 1),
        shared_intermediate=shared,
        shared_gate=family == "qwen2_moe",
        first_dense=min(int(text.get("first_k_dense_replace") or 0), layers),
    )


def _sliding(text: Mapping[str, Any], family: str, layers: int) -> tuple[tuple[bool, ...], int]:
    window = text.get("sliding_window") or 0
    if kinds := text.get("layer_types"):
        known = {"sliding_attention": True, "full_attention": False}
        flags = tuple(known[k] for k in kinds if k in known)
        return (flags, int(window)) if any(flags) and window else ((False,) * len(flags), 0)
    if family.startswith("gemma3"):
        pattern = int(text.get("sliding_window_pattern") or 6)
        return tuple((i + 1) % pattern != 0 for i in range(layers)), int(window or 1024)
    if family in ("gemma2", "gpt_oss"):
        return tuple(i % 2 == 0 for i in range(layers)), int(window or 4096)
    shorter = window and window < int(text.get("max_position_embeddings") or 0)
    if family in ("mistral", "phi3") and shorter and text.get("use_sliding_window") is not False:
        return (True,) * layers, int(window)
    return (False,) * layers, 0


def _rope(
    text: Mapping[str, Any], family: str, positions: int, dim: int
) -> tuple[tuple[int, int], ...]:
    """vLLM ``layers/rotary_embedding``: a linear factor lengthens the table, yarn replaces it."""
    scaling = text.get("rope_scaling") or text.get("rope_parameters") or {}
    if "full_attention" in scaling:
        scaling = scaling["full_attention"]
    kind = scaling.get("rope_type") or scaling.get("type") or "default"
    factor = float(scaling.get("factor") or 1)
    original = int(scaling.get("original_max_position_embeddings") or positions)
    rotary = int(dim * float(text.get("partial_rotary_factor") or 1))
    length = positions
    if kind == "linear":
        length = int(positions * factor)
    elif kind in ("yarn", "deepseek_yarn"):
        length = int(original * factor)
    if kind == "deepseek_yarn" or (kind == "yarn" and family.startswith("deepseek")):
        rotary *= 2  # this one is kept in fp32
    if family.startswith("gemma3") and kind == "default" and positions > 32768:
        length = 8 * positions  # every published Gemma 3 of that length scales its RoPE by 8
    caches = [(length, rotary)]
    if kind in ("longrope", "su"):
        caches.append((original, rotary))
    if family.startswith("gemma3"):
        caches.append((positions, rotary))  # the sliding layers' own RoPE
    return tuple(caches)


def _quantization(config: Mapping[str, Any] | None) -> Quantization | None:
    if not config:
        return None
    method = str(config.get("quant_method") or "unknown").lower()
    block = (config.get("weight_block_size") or [0])[0]
    if method == "mxfp4":
        return Quantization("mxfp4", 4, 32, experts_only=True)
    if method in ("fp8", "fbgemm_fp8", "ptpc_fp8"):
        return Quantization(method, 8, block=int(block))
    if method in ("gptq", "awq", "gptq_marlin", "awq_marlin"):
        return Quantization(
            method,
            float(config.get("bits") or config.get("w_bit") or 4),
            int(config.get("group_size") or config.get("q_group_size") or 128),
            symmetric=bool(config.get("sym", True)) and not config.get("zero_point", False),
        )
    if method == "bitsandbytes":
        return Quantization(method, 8 if config.get("load_in_8bit") else 4, 64)
    if method == "compressed-tensors":
        groups = config.get("config_groups") or {}
        weights = next((g.get("weights") or {} for g in groups.values()), {})
        return Quantization(
            method,
            float(weights.get("num_bits") or 8),
            int(weights.get("group_size") or 0),
            symmetric=bool(weights.get("symmetric", True)),
        )
    if method == "modelopt":
        four = "4" in str(config.get("quant_algo", ""))
        return Quantization(method, 4 if four else 8, 16 if four else 0)
    return Quantization(method, float(config.get("bits") or 8))


def _vision(config: Mapping[str, Any] | None, hidden: int) -> tuple[int, list[str]]:
    """Parameters of a vision tower with its projector, and what had to be assumed."""
    if not config:
        return 0, []
    h = int(config.get("hidden_size") or 1152)
    width = int(config.get("intermediate_size") or 4304)
    layers = int(config.get("num_hidden_layers") or 27)
    patch = int(config.get("patch_size") or 14)
    kind = str(config.get("model_type") or "")
    if "siglip" in kind:
        positions = (int(config.get("image_size") or 896) // patch) ** 2
        layer = 4 * (h * h + h) + 2 * h * width + width + h + 4 * h
        tower = layers * layer + 3 * patch**2 * h + h + positions * h + 2 * h
        return tower + h * hidden + h, []  # Gemma3MultiModalProjector: norm and one matrix
    if kind == "pixtral":
        layer = 4 * h * h + 3 * h * width + 2 * h
        tower = layers * layer + 3 * patch**2 * h + h
        merger = 4 * h * h + h  # Mistral3PatchMerger, 2 x 2 patches
        return tower + merger + h * hidden + hidden * hidden, []
    layer = 4 * h * h + 2 * h * width
    assumption = f"the vision tower ({kind or 'unknown'}) is counted as plain transformer layers"
    return layers * layer + h * hidden, [assumption]
