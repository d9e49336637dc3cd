"""A client on this machine: what differs from the cluster's, and where its page is."""

from __future__ import annotations

import os
import time
from typing import Any

from ...errors import InputError, NotSupported
from ...spec import CONNECT_KEY_VARIABLE, JobSpec, Observation

WEB = "web"
OPEN_WEBUI = ("bash", "start.sh")
"""How its image starts it."""
SPARED = ("ENABLE_TITLE_GENERATION", "ENABLE_TAGS_GENERATION", "ENABLE_FOLLOW_UP_GENERATION")


def prepare(
    spec: JobSpec, *, given: frozenset[str], cuda: bool
) -> tuple[JobSpec, list[Observation]]:
    """The spec for this machine. A rehearsed engine gets no requests beside the user's own.

    Raises:
        InputError: nothing to connect to.
        NotSupported: it is no Open WebUI, the only client that is installed here.
    """
    if (command := spec.main.command) not in ((), OPEN_WEBUI):
        raise NotSupported(
            f"This machine runs Open WebUI only, and this template starts {' '.join(command)!r}.",
            hint="Launch it on a cluster, where its image is.",
        )
    if spec.connect is None or not (spec.connect.job or spec.connect.url):
        raise InputError(
            "A client needs something to connect to.",
            hint="connect=JOB (--connect JOB) names a job, or give an address: http://HOST:PORT/v1.",
        )
    asked = {k for k in SPARED if spec.main.env.get(k) == "true"}
    rehearsed = spec.connect.backend == "local" and not cuda
    if not asked or not rehearsed or "background_requests" in given:
        return spec, []
    main = spec.main.model_copy(update={"env": spec.main.env | dict.fromkeys(asked, "false")})
    because = "titles, tags and follow-ups ask the model 3 to 4 times more for each message"
    change = Observation(
        time.time(),
        "rehearsal",
        "background_requests",
        because,
        data={"asked": True, "used": False},
    )
    return spec.model_copy(update={"tasks": (main,)}), [change]


def address_of(spec: JobSpec) -> tuple[str | None, str | None]:
    """A free address and its key, from the environment: it stands in no spec and no record."""
    url = spec.connect.url if spec.connect else None
    return url, os.environ.get(CONNECT_KEY_VARIABLE) if url else None


def page(ports: dict[str, Any]) -> str | None:
    """The page of a client by the ports of its run record."""
    return f"http://127.0.0.1:{ports[WEB]}" if ports.get(WEB) else None
