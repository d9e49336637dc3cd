"""``list``, ``status``, ``logs``, ``events``, ``stop``, ``delete``, ``extend``."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .. import api, config, display
from ..errors import CraterError, InputError
from ..spec import JobStatus
from .output import Output
from .select import job, place

if TYPE_CHECKING:
    from ..diagnosis import Diagnosis


@config.held()
def list_jobs(options: argparse.Namespace, out: Output) -> None:
    found: list[JobStatus] = []
    for each in api.jobs(place(options)):
        try:
            found.append(each.status())
        except CraterError as error:  # deleted meanwhile, or of a newer version
            out.note(f"{each.name}: {error.message}")
    rows = [[s.name, s.phase, s.template, s.backend, _age(s.created), s.url or ""] for s in found]
    text = (
        out.table(["NAME", "PHASE", "TEMPLATE", "BACKEND", "AGE", "URL"], rows)
        if rows
        else "No jobs. `jupyter crater templates` shows what can be launched."
    )
    out.result({"schema": 1, "jobs": [s.to_json() for s in found]}, text)


def _age(created: float) -> str:
    seconds = max(0, int(datetime.now().astimezone().timestamp() - created))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def status(options: argparse.Namespace, out: Output) -> None:
    found = job(options).status(metrics=True)
    out.result(found.to_json(), display.as_text(found))


def logs(options: argparse.Namespace, out: Output) -> None:
    lines = job(options).logs(options.task, follow=options.follow, previous=options.previous)
    if out.json:
        rows = [{"task": task, "line": line} for task, line in lines.pairs()]
        out.document({"schema": 1, "name": options.name, "lines": rows})
        return
    options.on_cancel = "No longer followed; the job goes on."
    for line in lines:
        print(line, flush=options.follow)


def events(options: argparse.Namespace, out: Output) -> None:
    found = job(options).events()
    rows = [
        [
            datetime.fromtimestamp(e.time).astimezone().strftime("%H:%M:%S"),
            e.kind,
            e.reason,
            f"{e.task}-{e.index or 0}" if e.task else "",
            e.message,
        ]
        for e in found
    ]
    out.result(
        {"schema": 1, "name": options.name, "events": [e.to_json() for e in found]},
        out.table(["TIME", "KIND", "WHAT", "TASK", "MESSAGE"], rows),
    )


def diagnose(options: argparse.Namespace, out: Output) -> int:
    """0 where nothing is wrong or a cause is found; 1 for an ended job without one."""
    from ..diagnosis import diagnose as rules, from_log

    if (options.name is None) == (options.log is None):
        raise InputError("Give a job's NAME or --log FILE, one of them.")
    if options.log:
        if options.report:
            raise InputError("--report is for a job: a log file has no spec and no status.")
        found = rules([o for path in options.log for o in from_log(_read(path), task=path)])
        failed = False
    else:
        each = job(options)
        if options.report:
            text = each.report()
            out.result({"schema": 1, "name": each.name, "report": text}, text)
            return 0
        found, failed = each.diagnose(), each.phase == "failed"
    out.result(
        {"schema": 1, "diagnoses": [d.to_json() for d in found]},
        "\n\n".join(_card(d) for d in found) or "Nothing here says that something is wrong.",
    )
    return 1 if failed and not found else 0


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.") from error


def _card(diagnosis: Diagnosis) -> str:
    lines = [f"{diagnosis.title} [{diagnosis.id}, {diagnosis.confidence} confidence]"]
    lines += [f"  {e.task or 'log'}: {e.line}" for e in diagnosis.evidence]
    lines.append(f"  {diagnosis.explanation}")
    lines += [f"  → {f}" for f in diagnosis.fixes]
    lines += [f"  {link}" for link in diagnosis.links]
    return "\n".join(lines)


def stop(options: argparse.Namespace, out: Output) -> None:
    each = job(options)
    options.on_cancel = f"The stop of {each.name} was asked for and goes on."
    out.progress(f"Stopping {each.name} …")
    each.stop()
    out.end_line()
    found = each.status()
    out.result(found.to_json(), f"{each.name} is {found.phase}; its logs are kept.")


def delete(options: argparse.Namespace, out: Output) -> None:
    each = job(options)
    out.progress(f"Deleting {each.name} …")
    each.delete()
    out.end_line()
    out.result({"schema": 1, "deleted": each.name}, f"{each.name} is deleted.")


def extend(options: argparse.Namespace, out: Output) -> None:
    each = job(options)
    end = each.extend(options.duration)
    until = datetime.fromtimestamp(end).astimezone().isoformat(timespec="seconds")
    out.result(
        {"schema": 1, "name": each.name, "lease": end}, f"{each.name} may run until {until}."
    )
