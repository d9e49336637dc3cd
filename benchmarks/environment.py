"""The engine environment: made by us against a plain `uv pip install` of the same set."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    from uv import find_uv_bin

    from jupyter_crater.engines import environment

    locks = environment.__file__.rsplit("/", 1)[0] + "/locks"
    env = os.environ | {"UV_FIND_LINKS": os.environ.get("PIP_FIND_LINKS", "")}
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        plain = Path(folder) / "plain"
        subprocess.run([find_uv_bin(), "venv", "-q", "-p", sys.executable, plain], check=True)
        subprocess.run(
            [
                *(find_uv_bin(), "pip", "install", "-q", "-p", plain / "bin" / "python"),
                *("--overrides", f"{locks}/cpu.overrides", "-r", f"{locks}/cpu.txt"),
                "--compile-bytecode",
            ],
            check=True,
            env=env,
        )
        by_hand = time.perf_counter() - started
        os.environ["JUPYTER_CRATER_ENGINE_HOME"] = f"{folder}/ours"
        started = time.perf_counter()
        environment.install()
        ours = time.perf_counter() - started
        os.environ.pop("JUPYTER_CRATER_ENGINE_HOME")
    print(
        f"plain uv pip install --compile-bytecode {by_hand:.1f} s, ours with the embedded model converted {ours:.1f} s: "
        f"{ours / by_hand:.2f} × (goal ≤ 1.5)"
    )
