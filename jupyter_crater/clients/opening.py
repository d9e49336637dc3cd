"""What the user's browser can open of a job: never a dead link.

Open WebUI has no setting for a path to live under, so it needs an origin of its own: on the user's
own machine a port of 127.0.0.1, on a platform an address that the platform offers. Behind a
JupyterHub 127.0.0.1 is the hub's machine, not the browser's. An engine's API lives under any path:
there Jupyter's own address leads to it (jupyter_crater.server.forward).
"""

from __future__ import annotations

from typing import Any

from .. import config
from ..addresses import is_loopback
from ..backends.base import Account, Backend
from ..errors import NotSupported
from ..spec import JobStatus
from . import door, webui
from .watch import its_word

WEB = "web"
NO_ROUTE = (
    "Open WebUI can't live under a path of JupyterHub, and this platform offers the job no address "
    "of its own"
)
NO_FORWARD = "this Jupyter gives engines no address of their own (`c.Crater.forward` is off)"


def reachable(url: str | None) -> bool:
    """Whether the user's browser gets there: behind a JupyterHub loopback is another machine.

    None: nothing is there yet but a forward, which is on loopback.
    """
    return webui.hub_prefix() is None or not (url is None or is_loopback(url))


def engine(name: str, backend: str, url: str | None) -> str | None:
    """An engine's address for the user's browser: where loopback is not hers, Jupyter's route.

    None: no way leads there, or nothing is forwarded yet.
    """
    prefix = webui.hub_prefix()
    if prefix is None or (url is not None and reachable(url)):
        return url
    if not config.load().forward:
        return None
    return f"{prefix.rstrip('/')}/crater/jobs/{name}/forward@{backend}"


def check(name: str, url: str) -> None:
    """Refuse an address that would be a dead link.

    Raises:
        NotSupported: it says what the platform has to offer.
    """
    if not reachable(url):
        raise NotSupported(
            f"{name!r} runs, but your browser can't open it: {NO_ROUTE}.",
            hint="It needs an origin of its own: a host name for the job by an ingress (backend "
            "kubernetes or crater), or JupyterLab on your own machine. `job.chat()` on the engine "
            "works here as it is.",
        )


def without(status: JobStatus, why: str) -> JobStatus:
    """The status with no address, since each would be a dead link, and why."""
    endpoints = tuple(e.model_copy(update={"url": None}) for e in status.endpoints)
    update: dict[str, Any] = {"url": None, "endpoints": endpoints}
    if status.phase == "serving" and not status.reason:
        update |= {"reason": "no-route", "message": f"Your browser can't open it: {why}."}
    return status.model_copy(update=update)


def has_page(status: JobStatus) -> bool:
    return any(e.name == WEB for e in status.endpoints)


def wired(place: Backend, status: JobStatus) -> JobStatus:
    """A client on a cluster with what its engine lacks; here its supervisor says that itself."""
    known = place.name == "local" or status.phase != "serving" or status.reason
    connect = None if known or not has_page(status) else place.spec(status.name).connect
    if connect is None or not connect.job or (seen := its_word(place, connect.job)).ok:
        return status
    return status.model_copy(update={"reason": seen.code, "message": seen.message})


def shown(status: JobStatus, url: str | None) -> JobStatus:
    """The status with the address to open, or, where that is a dead link, with none and why."""
    page = has_page(status)
    if page and not reachable(url):
        return without(status, NO_ROUTE)
    if not page:
        if status.url is not None:
            return status
        if status.endpoints and (url or status.phase == "serving"):
            url = engine(status.name, status.backend, url)
            if url is None and not reachable(None):
                return without(status, NO_FORWARD)
    endpoints = tuple(
        e.model_copy(update={"url": url}) if e.name == WEB or not page else e
        for e in status.endpoints
    )
    return status.model_copy(update={"url": url, "endpoints": endpoints})


def signed_in(url: str, account: Account | None) -> str:
    """A one-time address of the page with its session.

    The page itself where there is no account, or no way to hand a session over: only pages of one
    host share cookies.
    """
    if account is None or not is_loopback(url):
        return url
    return door.make(url, webui.sign_in(url, account))
