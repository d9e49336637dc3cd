"""What is legal: each rule has an id, a severity, a reason with its source, and fixes."""

from __future__ import annotations

from dataclasses import replace

from ..fit import Fit
from . import hardware, memory, service, shape
from .base import RULES, Context, Finding, Fix, Rule

__all__ = ["RULES", "Context", "Finding", "Fix", "Rule", "apply"]

_ = (hardware, memory, service, shape)  # importing them registers their rules
_ORDER = {"error": 0, "warning": 1, "info": 2}


def apply(fit: Fit, context: Context | None = None) -> tuple[Finding, ...]:
    """Every finding, errors first."""
    context = context or Context()
    found = [replace(f, rule=r.id) for r in RULES.values() for f in r.check(fit, context)]
    return tuple(sorted(found, key=lambda f: _ORDER[f.severity]))
