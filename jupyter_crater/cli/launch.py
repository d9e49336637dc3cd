"""``launch`` and ``export``."""

from __future__ import annotations

import argparse
import json
from typing import Any

from .. import api, display
from ..config import CARRIERS
from ..errors import InputError
from .output import Output, WaitProgress
from .select import job as job_of, place, values


def launch(options: argparse.Namespace, out: Output) -> int:
    template = api.template(options.template)
    prepared = api.prepare(
        template,
        name=options.name,
        new=options.new,
        backend=place(options),
        connect=options.connect,
        lease=options.lease,
        force=options.force,
        raw_command=options.raw_command,
        parameters=values(template, options.values),
    )
    for finding in prepared.warnings:
        out.note(f"{finding['severity']}: {finding['message']}")
    if prepared.changes:
        settings = ", ".join(c.reason for c in prepared.changes)
        out.note(f"A rehearsal on this machine, with other {settings}; the list is below.")
    if options.dry_run:
        _print(prepared.documents(), "json" if options.json else options.output)
        return 0
    announce(prepared, out)
    if options.preflight:
        checks = prepared.preflight(progress=WaitProgress(out))
        out.end_line()
        out.note(
            out.table(["NODE", "CHECK", "FOUND"], [[c.node, c.check, c.found] for c in checks])
        )
    job = prepared.submit()
    options.on_cancel = (
        f"The wait is over, the job goes on: `jupyter crater status {job.name}` shows it, "
        f"`jupyter crater stop {job.name}` ends it."
    )
    if options.wait:
        job.wait(progress=WaitProgress(out))
        out.end_line()
    status = job.status()
    out.result(status.to_json(), display.as_text(status))
    return 0


def announce(prepared: api.Prepared, out: Output) -> None:
    """What a first launch brings onto the machine is said before it starts."""
    if prepared.backend.name != "local":
        return
    from ..engines import clients, environment

    which: Any = clients if prepared.spec.kind == "client" else environment
    if which.find() is None:
        out.note(str(which.describe()))


def export(options: argparse.Namespace, out: Output) -> int:
    if (options.name is None) == (options.template is None):
        raise InputError("Give a job's NAME or --template ID, one of them.")
    if options.template:
        if options.output in CARRIERS:
            options.carrier = options.output
        template = api.template(options.template)
        parameters = values(template, options.values)
        prepared = api.prepare(template, backend=place(options), parameters=parameters, force=True)
        documents = prepared.documents()
    else:
        documents = job_of(options).manifest(options.output)
    _print(documents, "json" if options.json else "yaml")
    return 0


def _print(documents: list[dict[str, Any]], form: str) -> None:
    if form == "json":
        one = documents[0] if len(documents) == 1 else documents
        print(json.dumps(one, indent=2, ensure_ascii=False))
        return
    from ..backends.kubernetes import to_yaml

    print(to_yaml(documents), end="")
