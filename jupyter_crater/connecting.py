"""What a client template talks to: a job of ours, or an address."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from . import backends
from .backends.base import Backend
from .errors import InputError, NotSupported
from .handle import Job
from .spec import Connect, JobSpec


def connected(spec: JobSpec, connect: Job | Connect | str, place: Backend) -> JobSpec:
    """The spec with what it talks to: a job of ours, with its port and key's name, or an address.

    Raises:
        InputError: nothing that this template, or a client on that backend, can talk to.
        JobNotFound: no such job.
    """
    if spec.connect is None:
        raise InputError("This template has nothing to connect: `connect` is for client templates.")
    if isinstance(connect, Connect):
        target = connect
    elif isinstance(connect, Job):
        target = Connect(job=connect.name, backend=connect.backend, arguments=_where(connect.place))
    else:
        target = Connect(url=connect) if "://" in connect else Connect(job=connect)
    if target.url and not _is_address(target.url):
        raise InputError(
            f"{target.url!r} is no address of a service.",
            hint="It looks like http://HOST:PORT/v1; its key comes by JUPYTER_CRATER_CONNECT_KEY.",
        )
    here = target.backend in (None, place.name)
    if target.arguments not in ({}, _where(place)) if here else place.name != "local":
        raise NotSupported(
            f"A client on {place.name} can't reach {target.told}.",
            hint="Launch it where that job is, or on this machine, which reaches both.",
        )
    update: dict[str, Any] = {"job": target.job, "backend": target.backend, "url": target.url}
    update["arguments"] = {} if here else target.arguments
    if target.job is not None:
        there = place if here else backends.make(str(target.backend), **target.arguments)
        update |= {"backend": there.name} | _service_of(target.job, there)
    return spec.model_copy(update={"connect": spec.connect.model_copy(update=update)})


def _where(place: Backend) -> dict[str, Any]:
    """What tells a backend's place from others of its kind; how it carries jobs doesn't."""
    return {k: v for k, v in place.arguments.items() if k not in ("carrier", "queue")}


def _service_of(name: str, place: Backend) -> dict[str, Any]:
    """Port and key's name of the job that a client talks to; nothing where they can't be asked for."""
    try:
        service = place.spec(name).service
    except NotSupported:  # a manifest is made without asking the cluster
        return {}
    if service is None:
        raise InputError(f"{name!r} offers no OpenAI service that a client could talk to.")
    return {"port": service.port, "key": service.key}


def _is_address(url: str) -> bool:
    parts = urlsplit(url)
    try:
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain and port_ok
