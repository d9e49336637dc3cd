import json
import struct
import subprocess
import sys

import pytest

from jupyter_crater.catalog import models
from jupyter_crater.errors import InputError, ModelNotFound, ParameterError

# Published parameter counts, from the model cards.
PUBLISHED = {
    "Llama-3.1-8B-Instruct": 8_030_261_248,
    "Qwen2.5-72B-Instruct": 72_706_203_648,
    "Qwen3-30B-A3B": 30_532_122_624,
    "DeepSeek-R1": 671_026_419_200,
    "gemma-3-27b-it": 27_432_406_640,
    "gpt-oss-20b": 20_914_757_184,
    "DeepSeek-V2-Lite-Chat": 15_706_484_224,
    "Mixtral-8x7B-Instruct-v0.1": 46_702_792_704,
    "SmolLM2-135M-Instruct": 134_515_008,
}

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "num_hidden_layers": 2,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 1000,
    "max_position_embeddings": 512,
    "torch_dtype": "bfloat16",
}


@pytest.mark.parametrize(("name", "parameters"), PUBLISHED.items())
def test_parameters_are_the_published_ones(name, parameters):
    assert models.find(name).parameters == parameters


def test_every_bundled_entry_computes_to_its_stated_count():
    for model in models.all():
        assert model.parameters == models._bundle()[model.id]["parameters"], model.id
        assert model.understood, model.id


def test_a_model_is_found_by_id_short_name_alias_and_missing_path(monkeypatch):
    whole = models.find("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B")
    assert models.find("DeepSeek-R1-Distill-Qwen-32B") == whole
    assert models.find("DEEPSEEK-r1-distill-qwen-32b") == whole
    path = models.find("/models/DeepSeek-R1-Distill-Qwen-32B")
    assert (path.id, path.layers) == ("DeepSeek-R1-Distill-Qwen-32B", 64)
    assert models.find("meta-llama/Llama-3.1-70B-Instruct").layers == 80


def test_a_quantised_copy_is_its_original_stored_otherwise():
    copy = models.find("Qwen/Qwen3-235B-A22B-FP8")
    assert (copy.quantization.method, copy.quantization.block) == ("fp8", 128)
    assert "is taken as" in copy.assumed[-1]
    assert models.find("DeepSeek-R1-AWQ").quantization.bits == 4


def test_base_instruct_and_dated_copies_have_the_same_shapes(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    dated = models.find("Qwen/Qwen3-30B-A3B-Instruct-2507")
    assert (dated.id, dated.layers) == ("Qwen/Qwen3-30B-A3B-Instruct-2507", 48)
    assert "taken to have the shapes of Qwen/Qwen3-30B-A3B" in dated.assumed[-1]
    assert models.find("gemma-2-9b").layers == 42


def test_unknown_models_name_the_nearest(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelNotFound, match="Nearest: 'Qwen/Qwen3-32B'"):
        models.find("Qwen3-32")
    with pytest.raises(ModelNotFound):
        models.find("nobody/nothing-at-all")


def test_a_folder_and_its_config(tmp_path):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "config.json").write_text(json.dumps(CONFIG))
    folder = models.find(tmp_path / "tiny")
    assert (folder.id, folder.hidden, folder.head_dim) == ("tiny", 64, 16)
    assert models.find(tmp_path / "tiny" / "config.json") == folder
    assert folder.source == "config.json"


def test_safetensors_headers_give_exact_bytes_and_what_exists(tmp_path):
    tensors = {
        "model.embed_tokens.weight": 128_000,
        "model.layers.0.self_attn.q_proj.weight": 8192,
        "model.layers.0.self_attn.q_proj.bias": 128,
        "model.layers.2.mtp.weight": 999_999,  # beyond the layers: multi-token prediction
    }
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, size in tensors.items():
        header[name] = {
            "dtype": "BF16",
            "shape": [size // 2],
            "data_offsets": [offset, offset + size],
        }
        offset += size
    text = json.dumps(header).encode()
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text)
    model = models.find(tmp_path)
    assert model.stored_bytes == 128_000 + 8192 + 128
    assert model.qkv_bias
    assert model.tied  # no lm_head
    (tmp_path / "broken.safetensors").write_bytes(b"\xff" * 8 + b"{}")
    with pytest.raises(InputError, match="not a safetensors file"):
        models.find(tmp_path)


def test_a_folder_without_config(tmp_path):
    with pytest.raises(ModelNotFound, match=r"no config\.json"):
        models.find(tmp_path)


@pytest.mark.parametrize("field", ["num_hidden_layers", "hidden_size", "vocab_size"])
def test_a_missing_field_is_named(field):
    config = {k: v for k, v in CONFIG.items() if k != field}
    with pytest.raises(ParameterError) as caught:
        models.from_config(config)
    assert caught.value.parameter == field


@pytest.mark.parametrize("value", ["many", 0, -1, True, 2.5])
def test_a_field_that_is_no_count_is_named(value):
    with pytest.raises(ParameterError, match="num_hidden_layers"):
        models.from_config(CONFIG | {"num_hidden_layers": value})


@pytest.mark.parametrize("text", ["not json", "[1, 2]"])
def test_a_config_that_is_none(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError):
        models.find(tmp_path)


def test_what_config_leaves_open_is_said():
    model = models.from_config({k: v for k, v in CONFIG.items() if k != "torch_dtype"})
    assert "bfloat16 taken" in model.assumed[0]
    odd = models.from_config(CONFIG | {"architectures": ["JambaForCausalLM"]})
    assert not odd.understood
    assert "estimate only" in odd.assumed[0]


def test_rope_caches_scale_as_vllm_builds_them():
    yarn = {
        "rope_scaling": {
            "rope_type": "yarn",
            "factor": 4.0,
            "original_max_position_embeddings": 128,
        }
    }
    assert models.from_config(CONFIG | yarn).rope == ((512, 16),)
    linear = {"rope_scaling": {"type": "linear", "factor": 8.0}}
    assert models.from_config(CONFIG | linear).rope == ((4096, 16),)
    assert models.find("gemma-3-27b-it").rope == ((1_048_576, 128), (131_072, 128))


def test_the_hub_is_asked_for_other_ids_with_a_bound(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens on the discard port
    with pytest.raises(ModelNotFound, match="hub could not be asked"):
        models.find("someone/some-model", hub_timeout=0.5)


def test_importing_the_catalog_is_cheap():
    code = (
        "import sys; import jupyter_crater.catalog.models, jupyter_crater.catalog.gpus, "
        "jupyter_crater.catalog.engines; print([m for m in ('pydantic', 'httpx') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert out.stdout.strip() == "[]", out.stderr
