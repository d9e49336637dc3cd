"""The answer: one plan with its findings, alternatives and speed, as JSON, text and HTML."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ..errors import DoesNotFit
from . import report
from .fit import Fit, evaluate
from .memory import GIB, Band, StageMemory
from .rules import Context, Finding, apply
from .search import pool
from .setup import Setup
from .speed import speed

SCHEMA = 1


@dataclass(frozen=True, repr=False)
class Plan:
    """What a setup needs, whether it fits and is legal, and what would be better.

    Sizes are GiB (2**30 bytes). A cell's last line shows HTML, a
    console text.
    """

    fit: Fit
    findings: tuple[Finding, ...]
    assumed: tuple[str, ...]
    measured: dict[str, Any] | None = None

    @property
    def setup(self) -> Setup:
        return self.fit.setup

    @property
    def fits(self) -> bool:
        """Memory: weights load, and one request of max_model_len fits every rank."""
        return self.fit.fits

    @property
    def legal(self) -> bool:
        """No error finding."""
        return not self.errors

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity == "error")

    @cached_property
    def alternatives(self) -> list[dict[str, Any]]:
        """Layouts of the same pool, best first, then some failing ones with the reason."""
        found = pool(self.setup)
        good = [o for o in found if o.fits][:24]
        return [o.to_json() for o in (*good, *[o for o in found if not o.fits][-12:])]

    @cached_property
    def speed(self) -> dict[str, Any]:
        return speed(self.fit)

    def raise_for_errors(self) -> None:
        """Refuse what cannot run.

        Raises:
            DoesNotFit: with every error finding and its fixes.
        """
        if not self.errors:
            return
        first = self.errors[0]
        more = f" (and {len(self.errors) - 1} more)" if len(self.errors) > 1 else ""
        labels = [fix.label for finding in self.errors for fix in finding.fixes]
        raise DoesNotFit(
            f"{first.message} {first.because}{more}",
            findings=[f.to_json() for f in self.errors],
            hint="What would help: " + "; ".join(labels) + "." if labels else None,
        )

    def to_json(self) -> dict[str, Any]:
        """The ``size`` document of the contracts."""
        s, f = self.setup, self.fit
        m = s.model
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "model": {
                "id": m.id,
                "architecture": m.architecture,
                "parameters": m.parameters,
                "layers": m.layers,
                "hidden_size": m.hidden,
                "heads": m.heads,
                "kv_heads": m.kv_heads,
                "max_position": m.max_position,
                "stored_bytes": m.stored_bytes,
                "source": m.source,
            },
            "gpu": {
                "name": s.gpu.name,
                "memory_gib": s.gpu.memory_gib,
                "compute_capability": s.gpu.capability,
            },
            "nodes": s.nodes,
            "gpus_per_node": s.gpus_per_node,
            "tensor_parallel": s.tensor_parallel,
            "pipeline_parallel": s.pipeline_parallel,
            "dtype": s.dtype,
            "quantization": s.quantization.method if s.quantization else None,
            "max_model_len": f.max_model_len,
            "max_num_seqs": s.max_num_seqs,
            "max_num_batched_tokens": s.max_num_batched_tokens,
            "gpu_memory_utilization": s.gpu_memory_utilization,
            "engine": {
                "name": s.entry.engine,
                "version": s.version,
                "image": s.entry.image,
                "entry": s.entry.version,
                "runner": s.runner,
            },
            "fits": self.fits,
            "legal": self.legal,
            "per_gpu": [
                {"rank": stage * s.tensor_parallel + i, "stage": stage} | _parts(r)
                for stage, r in enumerate(f.stages)
                for i in range(s.tensor_parallel)
            ],
            "kv_cache": {
                "tokens": f.tokens,
                "blocks": f.blocks,
                "bytes_per_token": f.bytes_per_token,
                "max_concurrency": round(f.concurrency, 2),
                "low_tokens": f.low_tokens,
                "high_tokens": f.high_tokens,
                "longest_request": f.longest,
            },
            "findings": [finding.to_json() for finding in self.findings],
            "alternatives": self.alternatives,
            "speed": self.speed,
            "assumed": list(self.assumed),
        }
        if self.measured is not None:
            document["measured"] = self.measured
        return document

    def __repr__(self) -> str:
        return report.text(self)

    def _repr_html_(self) -> str:
        return report.html(self)


def _gib(band: Band) -> float:
    return round(band.value / GIB, 3)


def _parts(r: StageMemory) -> dict[str, Any]:
    return {
        "weights_gib": _gib(r.weights),
        "activations_gib": _gib(r.activations),
        "cuda_graphs_gib": _gib(r.graphs),
        "cuda_graphs_charged": r.graphs_charged,
        "other_gib": _gib(r.other),
        "kv_cache_gib": round(max(0.0, r.available.value) / GIB, 3),
        "budget_gib": round(r.budget / GIB, 3),
    }


def plan_of(
    s: Setup,
    context: Context | None = None,
    *,
    because: tuple[str, ...] = (),
    measured: dict[str, Any] | None = None,
) -> Plan:
    """The plan of a setup: pure; ``measured`` is what :mod:`~.measured` kept of a start like it."""
    fit = evaluate(s)
    said: tuple[str, ...] = ()
    if measured:
        assumption = f"KV cache as measured {measured['when']}"
        fit, said = _as_measured(fit, measured), (assumption,)
    return Plan(fit, apply(fit, context), (*s.assumed, *because, *said), measured)


def _as_measured(fit: Fit, measured: dict[str, Any]) -> Fit:
    """The fit with the tokens that a start of the same setup printed."""
    tokens, length = measured["tokens"], fit.max_model_len
    groups = fit.layout.full_groups + fit.layout.sliding_groups
    if fit.layout.printed == "concurrency":
        blocks = round(tokens / length * fit.layout.request_blocks(length))
    else:
        blocks = tokens // fit.layout.block * groups
    return replace(
        fit,
        blocks=blocks,
        tokens=tokens,
        low_tokens=tokens,
        high_tokens=tokens,
        concurrency=measured.get("max_concurrency") or fit.layout.concurrency(blocks, length),
        loads=True,
        longest=max(fit.longest, length),
    )
