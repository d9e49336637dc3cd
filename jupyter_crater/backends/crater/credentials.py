"""Where a session's tokens are kept: the keyring where there is one, else a file of mode 0600.

Passwords are never kept. The environment (``JUPYTER_CRATER_USERNAME`` and ``…_PASSWORD``, with
``JUPYTER_CRATER_METHOD`` "normal" or "ldap") logs in without any of this, for hubs and CI.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from ... import config, files

SERVICE = "jupyter_crater"


@dataclass(frozen=True)
class Credentials:
    """A session. Access tokens live an hour, refresh tokens seven days (HS256 JWTs both)."""

    username: str
    account: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    method: str = "normal"

    def renewed(self, access: str, refresh: str) -> Credentials:
        return replace(self, access=access, refresh=refresh)


def from_environment() -> tuple[str, str, str] | None:
    """Username, password and method, where the environment has them."""
    username, password = (
        os.environ.get(f"{config.PREFIX}{word}") for word in ("USERNAME", "PASSWORD")
    )
    if not username or not password:
        return None
    return username, password, os.environ.get(f"{config.PREFIX}METHOD", "normal")


def file() -> Path:
    return config.state() / "crater" / "sessions.json"


def load(url: str) -> Credentials | None:
    """The session at that platform, or None."""
    text: Any = None
    if (ring := _keyring()) is not None:
        with suppress(ring.errors.KeyringError, ValueError):  # locked, or not ours
            stored = ring.get_password(SERVICE, url)
            text = json.loads(stored) if stored else None
    text = text or (files.read(file()) or {}).get(url)
    try:
        return Credentials(**text) if text else None
    except TypeError:  # another version's fields: as good as none
        return None


def save(url: str, credentials: Credentials | None) -> None:
    """Keep the session; None forgets it."""
    ring = _keyring()
    if ring is not None:
        with suppress(ring.errors.KeyringError):  # locked: the file does as well
            if credentials is not None:
                ring.set_password(SERVICE, url, json.dumps(asdict(credentials)))
                return
            if ring.get_password(SERVICE, url):
                ring.delete_password(SERVICE, url)
    path = file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with files.lock(path.with_suffix(".lock")):
        everything = files.read(path) or {}
        everything.pop(url, None)
        if credentials is not None:
            everything[url] = asdict(credentials)
        files.write(path, everything)


def _keyring() -> ModuleType | None:
    """The keyring, where one is installed and has a place to store (a headless machine has none)."""
    try:
        ring = import_module("keyring")
    except ImportError:
        return None
    import_module("keyring.errors")
    return None if ring.get_keyring().priority <= 0 else ring
