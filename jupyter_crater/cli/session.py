"""``login``, ``logout``, ``whoami``, ``switch``: the session at a platform."""

from __future__ import annotations

import argparse
import os
import sys

from .. import config
from ..backends.crater import session
from ..errors import InputError
from .output import Output


def login(options: argparse.Namespace, out: Output) -> None:
    url = _url(options)
    username = options.username or os.environ.get(f"{config.PREFIX}USERNAME") or _ask("Username: ")
    method = options.method or os.environ.get(f"{config.PREFIX}METHOD", "normal")
    _tell(session.login(url, username, _password(options, username, url), method), out)


def logout(options: argparse.Namespace, out: Output) -> None:
    url = _url(options)
    known = session.logout(url)
    out.result(
        {"schema": 1, "url": url, "logged_out": known},
        f"Logged out of {url}." if known else f"There was no session at {url}.",
    )


def whoami(options: argparse.Namespace, out: Output) -> None:
    _tell(session.whoami(_url(options)), out)


def switch(options: argparse.Namespace, out: Output) -> None:
    _tell(session.switch(_url(options), options.account), out)


def _tell(who: session.Who, out: Output) -> None:
    name = f"{who.username} ({who.nickname})" if who.nickname else who.username
    out.result(who.to_json(), f"{name} as {who.account}, {who.role}, at {who.url}")


def _url(options: argparse.Namespace) -> str:
    url = options.url or config.load().crater.url
    if not url:
        raise InputError(
            "Which platform? No address is given.",
            hint="Give --url, or set crater.url in the configuration (docs/configuration.md).",
        )
    return str(url).rstrip("/")


def _password(options: argparse.Namespace, username: str, url: str) -> str:
    """From stdin, the environment or the terminal: never an argument, which others can read."""
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if known := os.environ.get(f"{config.PREFIX}PASSWORD"):
        return known
    _need_terminal("password", "--password-stdin")
    from getpass import getpass

    return getpass(f"Password of {username} at {url}: ")


def _need_terminal(what: str, option: str) -> None:
    if not sys.stdin.isatty():
        raise InputError(
            f"There is no terminal to ask for the {what}.",
            hint=f"Give {option}, or set {config.PREFIX}{what.upper()}.",
        )


def _ask(prompt: str) -> str:
    _need_terminal("username", "--username")
    sys.stderr.write(prompt)  # stdout is the document's
    sys.stderr.flush()
    return input()
