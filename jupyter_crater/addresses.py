"""What an address says of the way there."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

HERE = ("127.0.0.1", "localhost")


def is_loopback(url: str) -> bool:
    """Whether it leads to the machine of whoever opens it."""
    return urlsplit(url).hostname in (*HERE, "::1")


def by_proxy(url: str, *, given: bool = False) -> bool:
    """Whether a request there takes a proxy of the environment (``trust_env`` of httpx).

    Plain HTTP is this machine's, a pod's or the cluster's own entry: no proxy leads there, and one
    would read the key. An address that the user gave is wherever it is, and a client's own program
    goes there as the environment says: only loopback is no proxy's.
    """
    return not is_loopback(url) and (given or not url.startswith("http://"))


def past_proxy(env: Mapping[str, str], *hosts: str) -> dict[str, str]:
    """The variables that keep a process with ``env`` from asking a proxy for ``hosts`` or loopback."""
    known = [p for p in env.get("no_proxy", env.get("NO_PROXY", "")).split(",") if p]
    value = ",".join(dict.fromkeys([*known, *HERE, *hosts]))
    return {"no_proxy": value, "NO_PROXY": value}
