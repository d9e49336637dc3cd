"""A start command of a template's own becomes settings: then the job can be sized and rehearsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .backends.base import Backend
from .errors import InputError
from .spec import JobSpec, Ray, Service

if TYPE_CHECKING:
    from .engines import Parsed


def settled(spec: JobSpec, place: Backend, *, raw_command: bool) -> JobSpec:
    """A start command given as text or list becomes settings where it can be parsed back.

    Raises:
        InputError: it can't, and would run as it is on this machine without leave.
    """
    if spec.engine is not None or spec.kind == "client":
        return spec
    from .engines import command_text, parse_command

    text = spec.raw_command
    parsed = parse_command(command_text(spec.main.command) if text is None else text)
    if parsed.settings is not None:
        return _as_engine_job(spec, parsed)
    if place.name == "local" and not raw_command:
        raise InputError(
            "This template brings a command of its own, which would run on this machine as it is "
            f"({parsed.because}).",
            hint="Read it first (--dry-run --raw-command shows it); raw_command=True "
            "(--raw-command) allows it.",
        )
    return spec


def _as_engine_job(spec: JobSpec, parsed: Parsed) -> JobSpec:
    """The same job with settings in place of its command."""
    from .templating.body import model_name

    assert parsed.settings is not None
    port = parsed.settings.port or 8000
    name = parsed.settings.served_model_name or model_name(parsed.settings.model)
    settings = parsed.settings.model_copy(update={"port": port, "served_model_name": name})
    main = spec.main
    tasks = list(spec.tasks)
    ray = spec.ray
    if ray is None and parsed.ray_port is not None:
        # Only the head's command is given: the workers follow from the ranks and the GPUs a node.
        ray = Ray(port=parsed.ray_port)
        ranks = settings.tensor_parallel * settings.pipeline_parallel
        workers = max(main.replicas, -(-ranks // max(1, main.resources.gpus))) - 1
        tasks = [main.model_copy(update={"name": "head", "replicas": 1})]
        if workers:
            tasks.append(main.model_copy(update={"name": "worker", "replicas": workers}))
    tasks = [t.model_copy(update={"command": (), "env": dict(t.env) | parsed.env}) for t in tasks]
    return spec.model_copy(
        update={
            "kind": "engine",
            "engine": settings,
            "raw_command": None,
            "tasks": tuple(tasks),
            "ray": ray,
            "service": Service(task=tasks[0].name, port=port, served_model_name=name),
        }
    )
