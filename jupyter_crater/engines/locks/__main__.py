"""Remakes the locks from the .in files: ``python -m …engines.locks [KIND]…``.

torch's CPU builds carry a local version (``+cpu``) and lie on PyTorch's own index only. Their hashes
(torch-cpu.sha256, in the form that the index lists them) are put into the lock here, so that a
wheel handed over in a folder (UV_FIND_LINKS) and one from that index are held to the same hash, and
the lock needs no index to be made. Resolving reads a wheel's name and METADATA only, the same for
all of them, so one wheel at hand stands for the others.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import uv

HERE = Path(__file__).parent
KINDS = ("cpu", "cuda", "model", "open-webui")
CPU_TORCH = ("cpu", "open-webui")
PLATFORMS = ("x86_64", "aarch64")
PROJECT = """
[project]
name = "locks"
version = "0"
requires-python = ">=3.11,<3.14"
[tool.uv]
environments = [{}]
"""


def compile_lock(kind: str) -> str:
    """The lock of ``kind`` (one of KINDS), for Linux on x86_64 and aarch64, Python 3.11 to 3.13."""
    listed = [line.split() for line in (HERE / "torch-cpu.sha256").read_text().splitlines()]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("UV_")}
    with tempfile.TemporaryDirectory() as folder:
        environments = ", ".join(
            f"\"sys_platform == 'linux' and platform_machine == '{p}'\"" for p in PLATFORMS
        )
        Path(folder, "pyproject.toml").write_text(PROJECT.format(environments))
        links = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS")
        backend = []
        if kind in CPU_TORCH and links:
            at_hand = next(Path(links).glob("torch-*+cpu-*.whl"))
            for _, name in listed:
                Path(folder, name).symlink_to(at_hand)
            environment["UV_FIND_LINKS"] = folder
        elif kind in CPU_TORCH:
            backend = ["--torch-backend", "cpu"]
        subprocess.run(
            [
                *(uv.find_uv_bin(), "pip", "compile", f"{HERE}/{kind}.in", *backend),
                *("--universal", "--python-version", "3.11", "--generate-hashes"),
                *("--no-annotate", "--no-header", "--quiet", "--output-file", "lock"),
                *(["--no-deps"] if kind == "model" else []),
                *(["--overrides", f"{HERE}/{kind}.overrides"] if kind in CPU_TORCH else []),
            ],
            cwd=folder,
            env=environment,
            check=True,
        )
        lock = Path(folder, "lock").read_text()
    # True wherever the lock is used (environment.py checks the platform), and a third of its length.
    machines = " or ".join(f"platform_machine == '{p}'" for p in sorted(PLATFORMS))
    lock = lock.replace(f" ; ({machines}) and sys_platform == 'linux' ", " ")
    if kind in CPU_TORCH:
        known = "".join(f" \\\n    --hash=sha256:{sha256}" for sha256, _ in sorted(listed))
        lock = re.sub(r"(\ntorch==\S+)(?: \\\n    --hash=\S+)+", lambda m: m[1] + known, lock)
    return lock


if __name__ == "__main__":
    for kind in sys.argv[1:] or KINDS:
        (HERE / f"{kind}.txt").write_text(
            f"# Made by __main__.py from {kind}.in; not edited by hand.\n" + compile_lock(kind)
        )
