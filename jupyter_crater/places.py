"""The words for where a job runs, and the backend that each of them makes."""

from __future__ import annotations

from dataclasses import dataclass

from . import backends, config
from .backends.base import Backend


class _Named:
    def make(self) -> Backend:
        return backends.make(type(self).__name__.lower(), **vars(self))


@dataclass(frozen=True)
class Local(_Named):
    """This machine: real Ray nodes and real vLLM on its CPU, or its GPU if it has one."""


@dataclass(frozen=True)
class Kubernetes(_Named):
    """A Kubernetes cluster; what is None comes from the configuration or the kubeconfig."""

    context: str | None = None
    namespace: str | None = None
    carrier: str | None = None
    queue: str | None = None


@dataclass(frozen=True)
class Crater(_Named):
    """A Crater platform; what is None comes from the configuration."""

    url: str | None = None
    account: str | None = None


@dataclass(frozen=True)
class Made:
    """A backend that is there already, in the place of the words that make one."""

    place: Backend

    def make(self) -> Backend:
        return self.place


Place = Local | Kubernetes | Crater | Made


def backend_of(backend: str | Place | None = None) -> Backend:
    """The backend that an argument, the configuration or the default names.

    Raises:
        InputError: no such backend.
    """
    if backend is None:
        backend = config.load().backend or "local"
    if isinstance(backend, str):
        return backends.make(backend)
    return backend.make()
