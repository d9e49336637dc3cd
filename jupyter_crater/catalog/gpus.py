"""GPUs by any name: the catalog's, nvidia-smi's, a Kubernetes label's or a Crater resource's."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ..errors import ParameterError, nearest
from . import data


@dataclass(frozen=True, slots=True)
class Gpu:
    """One kind of GPU.

    Attributes:
        memory_gib: total memory as torch (``cudaMemGetInfo``) reports it, GiB; not the vendor's GB.
        compute_capability: CUDA compute capability; ``(0, 0)`` for a card that is not NVIDIA's.
        bandwidth_gbs: memory bandwidth, GB/s (10**9), data sheet; None: unknown.
        fp16_tflops: dense 16-bit matrix TFLOPS, data sheet; None: unknown.
        link: how cards of one node reach each other: "nvlink", "pcie" or "unified".
        formats: number formats with hardware of their own: fp16, bf16, fp8, fp4.
        memory_source: where ``memory_gib`` was read, or "estimate" (within 0.3 GiB).
        note: what had to be assumed to answer for this name, or None.
    """

    name: str
    memory_gib: float
    compute_capability: tuple[int, int]
    bandwidth_gbs: float | None = None
    fp16_tflops: float | None = None
    link: str = "pcie"
    formats: tuple[str, ...] = ("fp16",)
    smi_name: str = ""
    nominal_gb: int = 0
    memory_source: str = "given"
    families: tuple[str, ...] = ()
    note: str | None = None

    @property
    def vendor(self) -> str:
        return "amd" if self.smi_name.startswith("AMD") else "nvidia"

    @property
    def capability(self) -> str:
        """Compute capability as people write it, e.g. "7.0"."""
        return "{}.{}".format(*self.compute_capability)


@cache
def all() -> tuple[Gpu, ...]:  # noqa: A001 - the catalogs are read as modules: gpus.all()
    """Every GPU of the catalog."""
    return tuple(_read(entry) for entry in data("gpus.json")["gpus"])


def _read(entry: dict[str, Any]) -> Gpu:
    raw = entry["compute_capability"]
    cc = (0, 0) if raw.startswith("gfx") else capability(raw)
    lists = {name: tuple(entry[name]) for name in ("formats", "families")}
    return Gpu(**entry | lists | {"compute_capability": cc})


def capability(value: str | float | tuple[int, int]) -> tuple[int, int]:
    """A compute capability from "7.0", 7.0, "sm_70" or (7, 0).

    Raises:
        ParameterError: not a compute capability.
    """
    if isinstance(value, tuple):
        return value
    if match := re.fullmatch(r"(?:sm_?)?(\d{1,2})\.?(\d)[a-z]?", str(value).strip().lower()):
        return int(match[1]), int(match[2])
    raise ParameterError(
        "compute_capability",
        f"{value!r} is not a compute capability.",
        value=value,
        hint='Write it like "7.0" (V100), "8.0" (A100), "9.0" (H100).',
    )


# Words that say how a card is packaged, not which it is.
_NOISE = re.compile(
    r"^(nvidia|amd)\.com/|nvidia|\bamd\b|tesla|geforce|instinct|quadro|graphics|blackwell"
    r"|(server|workstation|max-q|generation)[- ]?(edition)?|sxm\d?|pcie|\boam\b|hbm\d?e?|\bac\b"
    r"|-shared$|[^a-z0-9.]"
)
_MIG = re.compile(r"[-_ ]mig[-_ ](\d)g[._](\d+)gb.*$")
_SIZE = re.compile(r"(\d+)(?:g|gb|gib)?")


def find(
    name: str,
    *,
    memory_gib: float | None = None,
    compute_capability: str | float | tuple[int, int] | None = None,
) -> Gpu:
    """The GPU of that name.

    Args:
        name: any spelling: "V100-32GB", "Tesla V100-SXM2-32GB", "NVIDIA-A100-SXM4-80GB",
            "nvidia.com/v100", "RTX 4090", MIG labels ("…-MIG-1g.10gb").
        memory_gib: total memory as torch sees it, GiB: chooses among cards of one name, then
            replaces the catalog's figure.
        compute_capability: replaces the catalog's. With ``memory_gib`` any name is accepted.

    Raises:
        ParameterError: unknown name (parameter "gpu", naming the nearest), memory that can't be.
    """
    if memory_gib is not None and not 0.5 <= memory_gib <= 2048:
        raise ParameterError(
            "gpu_memory",
            f"{memory_gib:g} GiB is no GPU's memory.",
            value=memory_gib,
            hint="Give the total in GiB (2**30 bytes), e.g. 31.7 for a V100-32GB.",
        )
    cc = None if compute_capability is None else capability(compute_capability)
    found = _lookup(name, memory_gib)
    if found is None:
        if memory_gib is not None and cc is not None:
            return Gpu(name=name, memory_gib=memory_gib, compute_capability=cc)
        close = nearest(name.lower(), {g.name.lower() for g in all()})
        known = next((g.name for g in all() if g.name.lower() == close), None)
        raise ParameterError(
            "gpu",
            f"Unknown GPU {name!r}." + (f" Nearest: {known!r}." if known else ""),
            value=name,
            hint="For another card give its memory (GiB) and compute capability as well.",
        )
    if memory_gib is not None:
        found = replace(found, memory_gib=memory_gib, memory_source="given")
    if cc is not None:
        found = replace(found, compute_capability=cc)
    return found


def _lookup(name: str, memory_gib: float | None) -> Gpu | None:
    lower = name.strip().lower()
    for gpu in all():
        if lower in (
            gpu.name.lower(),
            gpu.smi_name.lower(),
            gpu.smi_name.lower().replace(" ", "-"),
        ):
            return gpu
    slice_ = _MIG.search(lower)
    flat = _NOISE.sub("", _NOISE.sub("", _MIG.sub("", lower)))
    families = sorted({f for g in all() for f in g.families}, key=len, reverse=True)
    family = next((f for f in families if flat.startswith(f)), None)
    size = family and _SIZE.fullmatch(flat[len(family) :])
    if family is None or (flat != family and not size):
        return None
    cards = [g for g in all() if family in g.families]
    if size:
        cards = [g for g in cards if abs(g.nominal_gb - int(size[1])) <= 4]
    elif memory_gib is not None and slice_ is None:
        cards.sort(key=lambda g: abs(g.memory_gib - memory_gib))
    if not cards:
        return None
    form = "pcie" if "pcie" in lower else "nvlink" if "sxm" in lower else None
    card = next((g for g in cards if g.link == form), cards[0])
    if slice_:
        return _mig(card, int(slice_[1]), int(slice_[2]))
    if memory_gib is None and not size and len({g.nominal_gb for g in cards}) > 1:
        others = ", ".join(dict.fromkeys(g.name for g in cards if g != card))
        return replace(card, note=f"GPU {name!r} taken as {card.name} (it could be {others})")
    return card


def _mig(card: Gpu, slices: int, gb: int) -> Gpu:
    share = slices / 7
    return replace(
        card,
        name=f"{card.name} MIG {slices}g.{gb}gb",
        memory_gib=round(gb * 0.975, 2),  # 1g.10gb shows 9.75 GiB, 3g.40gb 39.25
        bandwidth_gbs=card.bandwidth_gbs and card.bandwidth_gbs * gb / card.nominal_gb,
        fp16_tflops=card.fp16_tflops and card.fp16_tflops * share,
        memory_source="estimate",
        note=f"memory of a {slices}g.{gb}gb slice taken as {gb * 0.975:g} GiB",
    )
