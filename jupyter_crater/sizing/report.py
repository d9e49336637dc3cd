"""A plan for people: text, and HTML that survives an untrusted notebook (no script, no class)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from .memory import GIB

if TYPE_CHECKING:
    from .plan import Plan

_MARKS = {"error": "✗", "warning": "!", "info": "·"}
_COLOURS = {"error": "#b3261e", "warning": "#8a5a00", "info": "#3b5b7a"}
_PARTS = (
    ("weights", "#4c78a8"),
    ("activations", "#f58518"),
    ("graphs", "#b279a2"),
    ("other", "#9d755d"),
)


def _headline(plan: Plan) -> str:
    s, f = plan.setup, plan.fit
    where = f"{s.gpus} × {s.gpu.name} (TP {s.tensor_parallel} × PP {s.pipeline_parallel})"
    what = f"{s.model.id}, {s.dtype}, {f.max_model_len:,} tokens on {where}"
    if not plan.fits:
        return f"Does not fit: {what}"
    return f"{'Fits' if plan.legal else 'Fits, but is not legal'}: {what}"


def _kv_line(plan: Plan) -> str:
    f = plan.fit
    if not f.loads:
        return "No memory is left for the KV cache."
    return (
        f"KV cache {f.tokens:,} tokens ({f.low_tokens:,} to {f.high_tokens:,}), "
        f"{f.concurrency:.2f} requests of {f.max_model_len:,} tokens at once"
    )


def _rows(plan: Plan) -> list[tuple[str, list[float]]]:
    """One row per stage: the ranks of a stage are alike."""
    tp = plan.setup.tensor_parallel
    rows = []
    for stage, r in enumerate(plan.fit.stages):
        first = stage * tp
        name = f"rank {first}" if tp == 1 else f"ranks {first}-{first + tp - 1}"
        values = [r.weights.value, r.activations.value, r.graphs.value, r.other.value]
        values += [r.available.value, r.budget]
        rows.append((name, [v / GIB for v in values]))
    return rows


def _engine_line(plan: Plan) -> str:
    s = plan.setup
    return f"{s.entry.engine} {s.version}, image {s.entry.image}, model runner {s.runner}"


def _speed_line(plan: Plan) -> str:
    speeds = plan.speed
    one = speeds.get("decode_one_stream_tokens_per_second")
    start = speeds["cold_start_seconds"]
    parts = [f"{one['low']} to {one['high']} tokens/s for one stream"] if one else []
    return "; ".join([*parts, f"cold start {start['low']} to {start['high']} s"])


def text(plan: Plan) -> str:
    heads = ("GiB", "weights", "activ.", "graphs", "other", "KV", "budget")
    lines = [_headline(plan), _kv_line(plan), _engine_line(plan), ""]
    lines.append(f"{heads[0]:<12}" + "".join(f"{h:>9}" for h in heads[1:]))
    lines += [f"{name:<12}" + "".join(f"{v:>9.2f}" for v in values) for name, values in _rows(plan)]
    if not plan.fit.stages[0].graphs_charged and plan.fit.stages[0].graphs.value:
        lines.append("CUDA graphs come on top of the budget in this version.")
    for f in plan.findings:
        lines += ["", f"{_MARKS[f.severity]} {f.message} [{f.rule}]", f"  {f.because}"]
        lines += [f"  → {fix.label}" for fix in f.fixes]
    lines += ["", f"Speed: {_speed_line(plan)}"]
    if plan.assumed:
        lines += ["Assumed: " + "; ".join(plan.assumed)]
    return "\n".join(lines)


def html(plan: Plan) -> str:
    cell = "text-align:right;padding:2px 8px"
    heads = ("GiB per GPU", "weights", "activations", "CUDA graphs", "other", "KV cache", "budget")
    table = "".join(f'<th style="{cell}">{escape(h)}</th>' for h in heads)
    table = f"<tr>{table}</tr>"
    for name, values in _rows(plan):
        cells = "".join(f'<td style="{cell}">{v:.2f}</td>' for v in values)
        table += f'<tr><td style="{cell}">{escape(name)}</td>{cells}</tr>'
    parts = [
        f'<div style="font-weight:600">{escape(_headline(plan))}</div>',
        f"<div>{escape(_kv_line(plan))}</div>",
        f'<div style="opacity:.75">{escape(_engine_line(plan))}</div>',
        _bar(plan),
        f'<table style="border-collapse:collapse;margin:6px 0">{table}</table>',
    ]
    for f in plan.findings:
        fixes = "".join(f"<li>{escape(fix.label)}</li>" for fix in f.fixes)
        parts.append(
            f'<div style="border-left:3px solid {_COLOURS[f.severity]};padding-left:8px;margin:4px 0">'
            f"<b>{escape(f.message)}</b> {escape(f.because)}"
            f"{f'<ul style={chr(34)}margin:2px 0{chr(34)}>{fixes}</ul>' if fixes else ''}</div>"
        )
    parts.append(f"<div>{escape(_speed_line(plan))}</div>")
    if plan.assumed:
        said = escape("; ".join(plan.assumed))
        parts.append(f'<div style="opacity:.75">Assumed: {said}</div>')
    return f"<div>{''.join(parts)}</div>"


def _bar(plan: Plan) -> str:
    """The tightest rank as a bar; what doesn't fit is cut and said in words above."""
    r = plan.fit.tightest
    total = max(plan.setup.gpu.memory_gib * GIB, 1)
    pieces, left = "", 100.0
    shown = [(n, getattr(r, n).value, c) for n, c in _PARTS if n != "graphs" or r.graphs_charged]
    for name, value, colour in (*shown, ("KV cache", max(0.0, r.available.value), "#54a24b")):
        width = min(left, 100 * value / total)
        left -= width
        pieces += (
            f'<div title="{name} {value / GIB:.2f} GiB" '
            f'style="display:inline-block;height:12px;width:{width:.2f}%;background:{colour}"></div>'
        )
    return f'<div style="max-width:640px;border:1px solid #888;line-height:0">{pieces}</div>'
