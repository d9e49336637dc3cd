"""``engine install|status|remove``."""

from __future__ import annotations

import argparse
import threading
from dataclasses import asdict
from typing import Any

from ..engines.environment import describe, find, install, remove, status
from .output import Output


def engine(options: argparse.Namespace, out: Output) -> None:
    {"install": _install, "status": _status, "remove": _remove}[options.action](out)


def _install(out: Output) -> None:
    if find() is None:
        out.note(str(describe()))
    cancel = threading.Event()

    def tell(p: Any) -> None:
        count = f" {p.done}/{p.total}" if p.total else ""
        out.progress(f"{p.step}: {p.message}{count}")

    try:
        found = install(tell, cancel)
    except KeyboardInterrupt:
        cancel.set()
        raise
    out.end_line()
    out.result({"schema": 1} | _plain(found), f"Ready: {found.root}")


def _status(out: Output) -> None:
    found = status()
    rows = [[k, "" if v is None else str(v)] for k, v in _plain(found).items()]
    out.result({"schema": 1} | _plain(found), out.table(["WHAT", "VALUE"], rows))


def _remove(out: Output) -> None:
    remove()
    out.result({"schema": 1, "removed": True}, "The engine environment is removed.")


def _plain(value: Any) -> dict[str, Any]:
    return {
        k: (v if isinstance(v, (str, int, float, dict, list, bool, type(None))) else str(v))
        for k, v in asdict(value).items()
    }
