"""What a job shows where nothing live can: lines of text, and a page of tables."""

from __future__ import annotations

import html
from typing import Any

from . import forecast, metrics
from .spec import JobStatus

MIME = "application/vnd.jupyter-crater.job+json"


def rows(status: JobStatus) -> list[tuple[str, str]]:
    """The lines that every plain display of a job shows."""
    found = [("Phase", status.phase + (f" · {status.message}" if status.message else ""))]
    expected = forecast.words(status.forecast)
    if expected:
        found.append(("Serving", expected))
    if status.rehearsal:
        found.insert(0, ("Rehearsal", rehearsal_title(status)))
    found += [
        ("Template", status.template),
        ("Backend", status.backend),
        ("Head IP", status.head_ip or "not known yet"),
        ("URL", status.url or ("none" if status.reason == "no-route" else "not forwarded now")),
    ]
    found += [
        (f"{t.task}-{t.index}", f"{t.phase}{f', node {t.node[:12]}' if t.node else ''}")
        for t in status.tasks
    ]
    if status.metrics:
        found.append(("Engine", metrics.as_text(status.metrics)))
    if status.attempt > 1:
        found.append(("Attempt", str(status.attempt)))
    return found


def rehearsal_title(status: JobStatus) -> str:
    """ "SmolLM2-135M-Instruct for DeepSeek-R1-Distill-Qwen-32B", else what is different."""
    for row in status.rehearsal:
        if row.setting == "model":
            return f"{row.used} for {str(row.asked).rstrip('/').rsplit('/', 1)[-1]}"
    return ", ".join(row.setting for row in status.rehearsal)


def as_text(status: JobStatus) -> str:
    lines = [f"Job {status.name}"]
    lines += [f"  {label:<10} {value}" for label, value in rows(status)]
    for row in status.rehearsal:
        lines.append(f"  rehearsal: {row.setting}: {row.asked} → {row.used} ({row.because})")
    return "\n".join(lines)


def as_html(status: JobStatus) -> str:
    """Tables and divs only: this is what an untrusted notebook and nbconvert still show."""

    def cells(values: tuple[str, ...], tag: str = "td") -> str:
        inner = "".join(f"<{tag}>{html.escape(v)}</{tag}>" for v in values)
        return f"<tr>{inner}</tr>"

    table = "".join(cells(row) for row in rows(status))
    timeline = "".join(
        cells((e.phase, f"{e.ended - e.started:.1f} s" if e.ended else "…", e.detail))
        for e in status.timeline
    )
    parts = [f"<div><b>{html.escape(status.name)}</b></div><table>{table}</table>"]
    if timeline:
        parts.append(f"<div>Timeline</div><table>{timeline}</table>")
    if status.rehearsal:
        head = cells(("setting", "asked", "used", "because"), "th")
        body = "".join(
            cells((r.setting, str(r.asked), str(r.used), r.because)) for r in status.rehearsal
        )
        parts.append(f"<div>Changed for the rehearsal</div><table>{head}{body}</table>")
    return "".join(parts)


def as_json(status: JobStatus) -> dict[str, Any]:
    """A snapshot, with nothing secret in it."""
    found = {"schema": 1, "name": status.name, "backend": status.backend}
    return found | {"status": status.to_json()}


def bundle(status: JobStatus) -> dict[str, Any]:
    """By MIME type: our extension renders the first live, everywhere else the HTML stands."""
    return {MIME: as_json(status), "text/html": as_html(status), "text/plain": as_text(status)}
