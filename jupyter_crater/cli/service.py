"""``url``, ``open``, ``key``, ``ask``."""

from __future__ import annotations

import argparse
import sys

from ..errors import NotSupported
from .output import Output
from .select import job


def url(options: argparse.Namespace, out: Output) -> None:
    each = job(options)
    out.result({"schema": 1, "name": each.name, "url": each.url}, each.url)


def open_job(options: argparse.Namespace, out: Output) -> None:
    each = job(options)
    opened = each.open()
    out.result({"schema": 1, "name": each.name, "url": opened}, opened or "")


def key(options: argparse.Namespace, out: Output) -> None:
    each = job(options)
    if account := each.account:
        if sys.stdout.isatty():
            out.note(f"Signs in as {account.email}:")
        row = {"schema": 1, "name": each.name, "account": account.email, "key": account.password}
        out.result(row, account.password)
        return
    found = each.api_key
    if found is None:
        raise NotSupported(f"{each.name!r} has no API key: it is open.")
    if sys.stdout.isatty():
        out.note("Whoever has this key can use the engine:")
    out.result({"schema": 1, "name": each.name, "key": found}, found)


def ask(options: argparse.Namespace, out: Output) -> None:
    each = job(options)
    wanted = {k: getattr(options, k) for k in ("max_tokens", "temperature", "seed")}
    given = {k: v for k, v in wanted.items() if v is not None}
    answer = each.ask(options.text, system=options.system, **given)
    out.result({"schema": 1, "name": each.name, "question": options.text, "answer": answer}, answer)
