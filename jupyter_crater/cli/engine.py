"""``engine install|status|remove [open-webui]``."""

from __future__ import annotations

import argparse
import threading
from dataclasses import asdict
from typing import Any

from ..engines import clients, environment
from .output import Output


def engine(options: argparse.Namespace, out: Output) -> None:
    which = {"engine": environment, "open-webui": clients}[options.environment]
    {"install": _install, "status": _status, "remove": _remove}[options.action](out, which)


def _install(out: Output, which: Any) -> None:
    if which.find() is None:
        out.note(str(which.describe()))
    cancel = threading.Event()

    def tell(p: Any) -> None:
        count = f" {p.done}/{p.total}" if p.total else ""
        out.progress(f"{p.step}: {p.message}{count}")

    try:
        found = which.install(tell, cancel)
    except KeyboardInterrupt:
        cancel.set()
        raise
    out.end_line()
    out.result({"schema": 1} | _plain(found), f"Ready: {found.root}")


def _status(out: Output, which: Any) -> None:
    found = which.status()
    rows = [[k, "" if v is None else str(v)] for k, v in _plain(found).items()]
    out.result({"schema": 1} | _plain(found), out.table(["WHAT", "VALUE"], rows))


def _remove(out: Output, which: Any) -> None:
    which.remove()
    what = "engine" if which is environment else "Open WebUI"
    out.result({"schema": 1, "removed": True}, f"The {what} environment is removed.")


def _plain(value: Any) -> dict[str, Any]:
    return {
        k: (v if isinstance(v, (str, int, float, dict, list, bool, type(None))) else str(v))
        for k, v in asdict(value).items()
    }
