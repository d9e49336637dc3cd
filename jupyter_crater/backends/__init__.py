"""The places where jobs run. Backends submit, observe, tunnel and delete; nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InputError, meant

if TYPE_CHECKING:
    from .base import Backend

NAMES = ("local", "kubernetes", "crater")


def make(name: str, **arguments: Any) -> Backend:
    """The backend of that name, in any process (a forward, a server) from the same arguments.

    Raises:
        InputError: no such backend.
    """
    if name == "local":
        from .local.backend import LocalBackend

        return LocalBackend(**arguments)
    if name == "kubernetes":
        from .kubernetes.backend import KubernetesBackend

        return KubernetesBackend(**arguments)
    if name == "crater":
        from .crater.backend import CraterBackend

        return CraterBackend(**arguments)
    hint = meant(name, NAMES, f"There are: {', '.join(NAMES)}.")
    raise InputError(f"No backend {name!r}.", hint=hint)
