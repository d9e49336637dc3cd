"""Models: the dimensions that memory and legality follow from, read from ``config.json``.

Bundled entries, a folder, a ``config.json`` and a hub id all go through :func:`from_config`.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import InputError, ModelNotFound, nearest
from . import data
from .model_config import from_config
from .model_info import Mla, ModelInfo, Moe, Quantization

__all__ = [
    "Mla",
    "ModelInfo",
    "Moe",
    "Quantization",
    "all",
    "find",
    "from_config",
    "published_config",
]


# What ends a quantised copy's name, and how its linear weights are then stored.
_SUFFIXES: tuple[tuple[str, Quantization], ...] = (
    (r"-fp8-dynamic", Quantization("compressed-tensors", 8)),
    (r"-fp8", Quantization("fp8", 8, block=128)),
    (r"-(awq|awq-int4)", Quantization("awq", 4, 128, symmetric=False)),
    (r"-gptq-int4", Quantization("gptq", 4, 128)),
    (r"-(w4a16|quantized\.w4a16)", Quantization("compressed-tensors", 4, 128)),
    (r"-(w8a8|quantized\.w8a8|gptq-int8)", Quantization("compressed-tensors", 8)),
    (r"-bnb-4bit", Quantization("bitsandbytes", 4, 64)),
)


@cache
def _bundle() -> dict[str, dict[str, Any]]:
    return {entry["id"]: entry for entry in data("models.json")["models"]}


@cache
def _bundled(id_: str) -> ModelInfo:
    entry = _bundle()[id_]
    return replace(
        from_config(entry["config"], id_),
        stored_bytes=entry["stored_bytes"],
        source=f"bundled: {entry['source']}",
    )


@cache
def _names() -> dict[str, str]:
    """Lower-case id, short name and aliases → id."""
    names: dict[str, str] = {}
    for id_, entry in _bundle().items():
        for name in (id_, *entry.get("aliases", ())):
            names[name.lower()] = names[name.lower().rpartition("/")[2]] = id_
    return names


def all() -> tuple[ModelInfo, ...]:  # noqa: A001 - the catalogs are read as modules: models.all()
    """Every bundled model."""
    return tuple(_bundled(id_) for id_ in _bundle())


def find(ref: str | os.PathLike[str], *, hub_timeout: float = 3.0) -> ModelInfo:
    """The model behind an id, a short name, a folder, a ``config.json`` or a hub id.

    A path that is not on this machine (``/models/DeepSeek-R1-Distill-Qwen-32B``) resolves by its
    last component. The hub is asked only for an ``owner/name`` that isn't bundled.

    Raises:
        ModelNotFound: nothing of that name, a folder without config.json, the hub not reachable.
        InputError: config.json is not one, or lacks a field (named).
    """
    text = os.fspath(ref).strip()
    path = Path(text).expanduser()
    if text.endswith(".json") or path.is_dir():
        return _from_disk(path)
    short = PurePosixPath(text.rstrip("/")).name
    for name in dict.fromkeys((text, short)):
        if info := _known(name):
            return replace(info, id=short) if text.startswith(("/", "~", ".")) else info
    online = os.environ.get("HF_HUB_OFFLINE", "0") in ("", "0")
    if online and re.fullmatch(r"[\w.-]+/[\w.-]+", text):
        try:
            return _from_hub(text, hub_timeout)
        except _HubUnreachable as e:
            if cousin := _cousin(short):
                return replace(cousin, id=text)
            raise ModelNotFound(e.message, hint=e.hint) from e
    if cousin := _cousin(short):
        return cousin
    close = nearest(short.lower(), _names())
    raise ModelNotFound(
        f"Unknown model {text!r}." + (f" Nearest: {_names()[close]!r}." if close else ""),
        hint="Give a folder with config.json, a config.json, a bundled id or a hub id (owner/name).",
    )


class _HubUnreachable(ModelNotFound):
    """The hub could not be asked (it did not say no)."""


def _stem(name: str) -> str:
    short = name.lower().rpartition("/")[2]
    return re.sub(r"(-(instruct|it|chat|base|hf|thinking|\d{4}))+$", "", short)


def _cousin(name: str) -> ModelInfo | None:
    """A bundled model that differs in its training only (base, instruct, date): the same shapes."""
    for id_ in _bundle():
        if _stem(id_) == _stem(name):
            assumption = f"{name} is taken to have the shapes of {id_}"
            info = _bundled(id_)
            return replace(info, id=name, assumed=(*info.assumed, assumption))
    return None


def published_config(name: str) -> dict[str, Any]:
    """The bundled ``config.json`` fields of a model, by id, short name or alias."""
    config: dict[str, Any] = _bundle()[_names()[name.lower()]]["config"]
    return config


def _known(name: str) -> ModelInfo | None:
    lower = name.lower()
    if id_ := _names().get(lower):
        return _bundled(id_)
    for pattern, quantization in _SUFFIXES:
        if (match := re.search(pattern + "$", lower)) and (base := _known(name[: match.start()])):
            assumption = f"{name} is taken as {base.id} stored as {quantization.method} ({quantization.bits:g} bits)"
            return replace(
                base,
                id=name,
                quantization=quantization,
                stored_bytes=None,
                assumed=(*base.assumed, assumption),
            )
    return None


def _from_disk(path: Path) -> ModelInfo:
    folder = path.parent if path.suffix == ".json" else path
    file = path if path.suffix == ".json" else path / "config.json"
    try:
        config = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise ModelNotFound(
            f"There is no {file.name} in {folder}.",
            hint="Name the folder that holds config.json and the weights.",
        ) from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as e:
        raise InputError(f"{file} can't be read as JSON: {e}") from e
    if not isinstance(config, dict):
        raise InputError(f"{file} holds no JSON object, so it is no model's config.json.")
    info = from_config(config, folder.resolve().name)
    return _with_headers(info, folder)


def _with_headers(info: ModelInfo, folder: Path) -> ModelInfo:
    """What the safetensors headers say: exact bytes, and which optional tensors exist."""
    names: dict[str, int] = {}
    for file in sorted(folder.glob("*.safetensors")):
        names |= _header(file)
    if not names:
        return info
    layer = re.compile(r"layers\.(\d+)\.")
    kept = {
        name: size
        for name, size in names.items()  # the multi-token-prediction layer isn't loaded
        if not ((m := layer.search(name)) and int(m[1]) >= info.layers)
    }
    return replace(
        info,
        stored_bytes=sum(kept.values()),
        tied=info.tied if any(n.endswith("lm_head.weight") for n in kept) else True,
        qkv_bias=any(n.endswith(("q_proj.bias", "qkv_proj.bias")) for n in kept),
        qk_norm=info.qk_norm or any(n.endswith("self_attn.q_norm.weight") for n in kept),
        source="config.json and safetensors headers",
    )


def _header(file: Path) -> dict[str, int]:
    """Tensor name → bytes, from one safetensors file's header (8 bytes of length, then JSON)."""
    try:
        with file.open("rb") as f:
            length = int.from_bytes(f.read(8), "little")
            if not 2 <= length <= 100_000_000:  # the format's own bound
                raise ValueError(f"header of {length} bytes")
            header = json.loads(f.read(length))
        return {
            name: entry["data_offsets"][1] - entry["data_offsets"][0]
            for name, entry in header.items()
            if name != "__metadata__"
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as e:
        raise InputError(f"{file} is not a safetensors file: {e}") from e


def _from_hub(id_: str, timeout: float) -> ModelInfo:
    import httpx  # only a hub id needs the network

    base = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    token = os.environ.get("HF_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with httpx.Client(timeout=timeout, follow_redirects=True, headers=headers) as client:
            answer = client.get(f"{base}/{id_}/resolve/main/config.json")
            answer.raise_for_status()
            config = answer.json()
            index = client.get(f"{base}/{id_}/resolve/main/model.safetensors.index.json")
            total = index.json()["metadata"]["total_size"] if index.is_success else None
    except httpx.HTTPStatusError as e:
        why = {401: "is gated (set HF_TOKEN)", 403: "is gated", 404: "does not exist"}
        said = why.get(e.response.status_code, f"answered {e.response.status_code}")
        raise ModelNotFound(f"Model {id_!r} {said} on the hub.") from e
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as e:
        close = nearest(id_.lower().rpartition("/")[2], _names())
        raise _HubUnreachable(
            f"Model {id_!r} is not bundled and the hub could not be asked ({type(e).__name__})."
            + (f" Nearest: {_names()[close]!r}." if close else ""),
            hint="Give a folder with config.json, or the config.json itself.",
        ) from e
    return replace(from_config(config, id_), stored_bytes=total, source="config.json of the hub")
