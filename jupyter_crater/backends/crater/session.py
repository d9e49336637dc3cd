"""``login``, ``logout``, ``whoami``, ``switch``: what the CLI's verbs call."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from ...errors import PermissionDenied
from . import credentials
from .client import Client

ROLES = {1: "guest", 2: "user", 3: "admin"}


@dataclass(frozen=True)
class Who:
    """Who one is at a platform, and as which account one acts."""

    url: str
    username: str
    nickname: str
    account: str
    role: str
    version: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"schema": 1} | asdict(self)


def login(
    url: str,
    username: str,
    password: str,
    method: str = "normal",
    *,
    transport: httpx.BaseTransport | None = None,
) -> Who:
    """Log in and keep the tokens (never the password).

    Args:
        method: "normal" or "ldap".

    Raises:
        AuthenticationError: wrong username or password.
        PermissionDenied: the platform has that method switched off.
    """
    with closing(Client(url, transport=transport)) as client:
        mode = client.public("GET", "/api/auth/mode") or {}
        if method == "ldap" and mode.get("enableLdap") is False:
            raise PermissionDenied("This platform has no LDAP login.", hint="method='normal'")
        if method == "normal" and mode.get("enableNormalLogin") is False:
            raise PermissionDenied("This platform logs in by LDAP only.", hint="method='ldap'")
        return _who(client.url, client.login(username, password, method))


def logout(url: str) -> bool:
    """Forget the tokens here; whether there were any. The server has no way to revoke them."""
    url = url.rstrip("/")
    known = credentials.load(url) is not None
    credentials.save(url, None)
    return known


def whoami(url: str, *, transport: httpx.BaseTransport | None = None) -> Who:
    """Who the stored session is, as the server sees it.

    Raises:
        AuthenticationError: there is none, or it has ended.
    """
    with closing(Client(url, transport=transport)) as client:
        client.get("/context/quota")  # `auth/check` answers 200 with null to a stranger
        return _who(client.url, client.get("/api/auth/check") or {})


def switch(url: str, account: str, *, transport: httpx.BaseTransport | None = None) -> Who:
    """Act as another account; jobs of the old one are seen again after switching back.

    Raises:
        InputError: no such account of yours; the hint lists them.
    """
    with closing(Client(url, transport=transport)) as client:
        return _who(client.url, client.switch(account))


def _who(url: str, data: dict[str, Any]) -> Who:
    user, context = data.get("user") or {}, data.get("context") or {}
    return Who(
        url=url,
        username=user.get("name", ""),
        nickname=user.get("nickname", ""),
        account=context.get("queue", ""),
        role=ROLES.get(context.get("rolePlatform", 0), "unknown"),
        version=(data.get("version") or {}).get("appVersion"),
    )
