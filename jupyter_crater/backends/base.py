"""What every backend does, as a protocol: they share words, not code."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol

from ..spec import JobSpec, JobStatus, Observation


@dataclass(frozen=True, slots=True)
class Submitted:
    """The answer to a submit: the job's name and whether it was there already (attached)."""

    name: str
    attached: bool
    attempt: int


@dataclass(frozen=True, slots=True)
class Reach:
    """Where this process reaches the job's OpenAI service, and with which key."""

    url: str | None
    """Base without ``/v1`` and without trailing slash; None: only a forward gets there from here."""
    key: str | None


@dataclass(frozen=True, slots=True)
class Account:
    """The one account of a client's page."""

    email: str
    password: str = field(repr=False)
    secret: str = field(default="", repr=False)
    """Signs its sessions; only whoever starts the page needs it."""


class Backend(Protocol):
    """One place where jobs run.

    Every method may block on I/O and is bounded; callers on an event loop use a thread. All raise
    the errors of :mod:`jupyter_crater.errors` only.
    """

    name: str

    @property
    def arguments(self) -> dict[str, Any]:
        """What :func:`jupyter_crater.backends.make` needs to make it again in another process."""
        ...

    def prepare(
        self, spec: JobSpec, name: str, *, given: frozenset[str]
    ) -> tuple[JobSpec, list[Observation]]:
        """The spec as this backend will run it, with the rehearsal changes; starts nothing.

        ``given`` names the parameters that the caller set: those are honoured or refused, the
        defaults may be scaled down.
        """
        ...

    def submit(
        self, spec: JobSpec, name: str, *, asked: JobSpec, changes: Sequence[Observation]
    ) -> Submitted:
        """Create the job or attach to the living one of that name with the same given values.

        Raises:
            ConflictError: a living job of that name has other values.
        """
        ...

    def names(self) -> list[str]:
        """All jobs of this user here, newest first."""
        ...

    def spec(self, name: str) -> JobSpec: ...

    def status(self, name: str) -> JobStatus: ...

    def observations(self, name: str) -> list[Observation]: ...

    def log(
        self,
        name: str,
        *,
        task: str | None = None,
        follow: bool = False,
        previous: bool = False,
        stop: Event | None = None,
    ) -> Iterator[Observation]:
        """Log lines, oldest first, as ``log`` observations; with ``follow`` until the job ends.

        Setting ``stop`` ends a follow from another thread, also where no line comes any more.
        """
        ...

    def reach(self, name: str, *, make: bool = True) -> Reach:
        """Where the service answers for this process.

        ``make``: have the platform offer a way where there is none; observers say no.

        Raises:
            BackendUnavailable: it answers nowhere now.
        """
        ...

    def address(self, name: str, *, make: bool = False) -> str | None:
        """The URL under which the platform itself offers the job to a browser (an ingress, say).

        None: there is none, and a forward (``forwards``) carries the user there by :meth:`connect`.
        ``make``: have the platform offer it, where it can and :meth:`connect` doesn't get there from
        here. Observers leave it out; somebody who wants to open the job asks for it.
        """
        ...

    def connect(self, name: str, port: int | None = None) -> socket.socket:
        """A TCP connection to a declared port of the job (None: its service's), for a forward.

        Raises:
            BackendUnavailable: the port does not answer now (the job may still be starting).
        """
        ...

    def stop(self, name: str) -> None:
        """End the job's processes; what it wrote stays."""
        ...

    def delete(self, name: str) -> None:
        """End the job and remove everything of it, leftovers of a dead supervisor included."""
        ...

    def extend(self, name: str, seconds: float) -> float:
        """Move the lease's end; returns the new end (epoch seconds)."""
        ...

    def manifest(self, spec: JobSpec, name: str) -> list[dict[str, Any]]:
        """What submit would create, as documents."""
        ...


def account_of(spec: JobSpec, secret: Callable[[str], str]) -> Account | None:
    """The account that a client's template makes at its page's start; None: it makes none.

    Args:
        secret: a value of the job's secret by its key.
    """
    email = spec.main.env.get("WEBUI_ADMIN_EMAIL")
    key = spec.main.secret_env.get("WEBUI_ADMIN_PASSWORD")
    return Account(email, secret(key)) if email and key else None
