"""The managed environment of a client: today Open WebUI, apart from the notebook and the engine.

Made like the engine's, by uv from a hash-locked file of this package, once for all jobs of a user,
in the folder ``clients`` of ``JUPYTER_CRATER_ENGINE_HOME``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .. import files
from . import environment, provision, source
from .environment import CLIENTS, MARKER, Description, Status

OPEN_WEBUI = "open-webui"
SIZES = (0.8, 3.0)
"""GiB to download (the wheels' sum) and on disk (2.4 measured)."""


@dataclass(frozen=True, slots=True)
class Client:
    """A Python that can run Open WebUI."""

    root: Path
    python: Path
    version: str

    @property
    def program(self) -> Path:
        return self.python.with_name(OPEN_WEBUI)


def home() -> Path:
    return source.home() / CLIENTS


def _root() -> tuple[Path, tuple[str, ...]]:
    requirements, fingerprint = source.locked(OPEN_WEBUI)
    wanted = source.Source(OPEN_WEBUI, requirements, fingerprint)
    return home() / wanted.root.name, requirements


def find() -> Client | None:
    """The environment, if it is ready: one small file is read."""
    root, _ = _root()
    marker = files.read(root / MARKER)
    if marker is None:
        return None
    return Client(root, root / "bin" / "python", marker["versions"][OPEN_WEBUI])


def describe() -> Description:
    """What :func:`install` would bring."""
    pins = source.pins(OPEN_WEBUI)
    what = f"The environment of Open WebUI {pins[OPEN_WEBUI]}"
    note = "The project's own package from PyPI, with the CPU build of torch."
    return Description("cpu", what, len(pins), *SIZES, _root()[0], note)


def status() -> Status:
    """What is there; counts the bytes on disk, so it takes a moment."""
    root, _ = _root()
    found = find()
    state = "ready" if found else "partial" if root.exists() else "missing"
    versions = {OPEN_WEBUI: found.version} if found else {}
    python = found.python if found else None
    return Status(state, "cpu", root, python, versions, environment.size_gib([root]), None)


def install(
    progress: Callable[[provision.Progress], None] | None = None,
    cancel: threading.Event | None = None,
    *,
    free: Callable[[Path], int] = provision.free_bytes,
) -> Client:
    """Make the environment, or return it if it is there; see :func:`environment.install`.

    Raises:
        DoesNotFit: not enough free disk; nothing was begun.
        EngineInstallError: this platform has no wheels, or a step failed.
        Cancelled: ``cancel`` was set.
    """
    if found := find():
        return found
    root, requirements = _root()
    provision.check_platform()
    work = provision.Work(home(), OPEN_WEBUI, progress, cancel)

    def make() -> None:
        environment.unpack(root, requirements, work)
        environment.compile_all(root / "bin" / "python", work)
        version = source.pins(OPEN_WEBUI)[OPEN_WEBUI]
        files.write(root / MARKER, {"schema": 1, "versions": {OPEN_WEBUI: version}})

    return environment.once(work, root, SIZES[1], free, find, make)


def remove() -> None:
    """Remove the environments of Open WebUI, of older versions too.

    Raises:
        EngineInstallError: another process is installing.
    """
    environment.clear(home())
