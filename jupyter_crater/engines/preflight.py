"""Preflight: the job's own nodes, images and volumes with a check in place of the engine.

Pure functions: the JobSpec of the check out of the job's, and the check's lines out of a log. What
runs on the nodes is ``inside/crater_inside/preflight.py``, carried as text.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any, Literal

from ..errors import BackendError
from ..spec import JobSpec

LEASE_S = 3600
"""A check that nobody waits for any more ends by itself."""

LINGER_S = 120
"""How long it stays when it is through: Crater and Kubernetes may drop a log with its pod."""

_LINE = "crater-check "
_END = "CRATER_PREFLIGHT"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at on one node ("all": between them)."""

    node: str
    check: str
    state: Literal["ok", "warning", "error"]
    found: str
    advice: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def name(job: str) -> str:
    """Of the check's job: within the 63 characters of a DNS-1123 label."""
    return f"{job[:53].rstrip('-')}-preflight"


def spec(job: JobSpec, *, gpus: bool = True) -> JobSpec:
    """The same tasks on the same nodes, running the check instead of the engine.

    Args:
        job: what is going to be launched.
        gpus: look for the GPUs that it asks for.
    """
    asked = {
        "ray": job.ray is not None,
        "nodes": job.nodes,
        "gpus_per_node": job.main.resources.gpus if gpus else 0,
        "shm_gib": job.main.resources.shm_gib,
        "model": job.engine.model if job.engine else None,
        "linger_s": LINGER_S,
    }
    script = files("jupyter_crater.engines").joinpath("inside/crater_inside/preflight.py")
    command = (
        f"python3 - {shlex.quote(json.dumps(asked))} <<'{_END}'\n"
        f"{script.read_text(encoding='utf-8')}\n{_END}\n"
    )
    main = job.main
    tasks = tuple(
        task.model_copy(update={"command": (), "secret_env": {}, "ports": ()})
        if task.name == main.name
        else task
        for task in job.tasks
    )
    return job.model_copy(
        update={
            "kind": "custom",
            "title": f"{job.title}: preflight",
            "tasks": tasks,
            "service": None,
            "forwards": (),
            "engine": None,
            "connect": None,
            "raw_command": command,
            "lease_seconds": LEASE_S,
            "max_restarts": 0,
        }
    )


def read(lines: Iterable[str]) -> tuple[list[Check], bool]:
    """The checks that a log tells of, and whether it tells of their end.

    Raises:
        BackendError: a line is not one of ours: another program wrote it.
    """
    found: list[Check] = []
    done = False
    for line in lines:
        _, mark, data = line.partition(_LINE)
        if not mark:
            continue
        try:
            values = json.loads(data)
            if values.get("done"):
                done = True
            else:
                found.append(Check(**values))
        except (ValueError, TypeError, AttributeError) as error:
            raise BackendError(f"The check's log can't be read: {line[:200]!r}.") from error
    return found, done
