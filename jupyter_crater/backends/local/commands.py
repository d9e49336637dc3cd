"""The commands of an attempt's parts: Ray's nodes, the wait for them, and the engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ...engines import start_command
from ...spec import EngineSettings

STAND_IN = "JUPYTER_CRATER_STAND_IN"


def program(module: str, python: Path | None) -> list[str]:
    """How to start one of our modules in the engine environment.

    A folder named by ``JUPYTER_CRATER_STAND_IN`` may hold scripts that stand in for some of them:
    tests that need the process tree and not the answers use it, and status says so.
    """
    if stands_in(module):
        return [sys.executable, str(_stand_in(module))]
    return [str(python or sys.executable), "-m", f"crater_inside.{module}"]


def stands_in(module: str) -> bool:
    return _stand_in(module).is_file()


def _stand_in(module: str) -> Path:
    return Path(os.environ.get(STAND_IN, "/nonexistent")) / f"{module}.py"


def ray_head(python: Path | None, *, port: int, gpus: int, temp: Path) -> list[str]:
    """A Ray head on loopback; one host needs one log monitor, and no autoscaler or dashboard."""
    own = [f"--port={port}", f"--temp-dir={temp}", "--include-dashboard=false", "--no-monitor"]
    return [*program("raycli", python), "start", "--head", *own, *_ray_node("head", gpus)]


def ray_worker(python: Path | None, *, port: int, gpus: int, index: int) -> list[str]:
    own = [f"--address=127.0.0.1:{port}", "--include-log-monitor=false"]
    return [*program("raycli", python), "start", *own, *_ray_node(f"worker-{index}", gpus)]


def _ray_node(label: str, gpus: int) -> list[str]:
    return [
        "--block",
        "--node-ip-address=127.0.0.1",
        f"--num-cpus={gpus}",
        f"--num-gpus={gpus}",
        f"--labels=crater-task={label}",
        "--disable-usage-stats",
        "--dashboard-agent-listen-port=0",
        "--object-store-memory=100000000",
        "--min-worker-port=0",
        "--max-worker-port=0",
    ]


def node_wait(python: Path | None, *, port: int, expect: int, timeout: float) -> list[str]:
    own = [f"--address=127.0.0.1:{port}", f"--expect={expect}", f"--timeout={timeout:g}"]
    return [*program("nodes", python), *own]


def serve(
    python: Path | None, settings: EngineSettings, *, port: int, aliases: Sequence[str]
) -> list[str]:
    """``serve MODEL …`` as ``vllm`` takes it: the settings' own flags, held to loopback."""
    command = start_command(settings.model_copy(update={"host": "127.0.0.1", "port": port}))
    arguments = command[command.index("serve") :]
    if aliases and "--served-model-name" in arguments:
        at = arguments.index("--served-model-name") + 2
        arguments[at:at] = aliases
    return [*program("serve", python), *arguments, "--allowed-origins", "[]"]
