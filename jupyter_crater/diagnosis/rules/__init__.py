"""All rules: one object per kind of failure, in files by where the failure lies."""

from __future__ import annotations

from ..model import Rule
from . import cluster, gpu, memory, ray, settings

RULES: tuple[Rule, ...] = (
    *memory.RULES,
    *settings.RULES,
    *gpu.RULES,
    *ray.RULES,
    *cluster.RULES,
)
