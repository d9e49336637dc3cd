"""The body of a template: values put in, then laid out as the tasks of a JobSpec.

There is no expression language. ``${name}`` alone is the typed value (null leaves the field out);
inside a text it is the value as text; ``$${`` is a literal ``${``. Structure decides the rest: a
body with ``ray`` becomes one ``head`` and N-1 ``worker``, any other one ``main``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from ..spec import (
    Connect,
    EngineSettings,
    Forward,
    JobSpec,
    Port,
    Provenance,
    Ray,
    Resources,
    Service,
    Task,
    Volume,
)
from .document import FieldPath
from .parameters import Model

OURS = frozenset({"VLLM_API_KEY", "RAY_AUTH_TOKEN", "RAY_AUTH_MODE", "JUPYTER_CRATER_JOB"})
"""Variables that backends set."""

_REFERENCE = re.compile(r"\$(\$?)\{([^{}]*)\}")  # a second $ makes it a literal
_DROP = object()


def references(body: Any, at: FieldPath = ()) -> Iterator[tuple[FieldPath, str, bool]]:
    """Every ``${name}`` below ``body``: (field, name, whether it stands alone)."""
    if isinstance(body, str):
        for match in _REFERENCE.finditer(body):
            if not match[1]:
                yield at, match[2], match[0] == body
    elif isinstance(body, dict):
        for key, value in body.items():
            yield from references(value, (*at, key))
    elif isinstance(body, list):
        for index, value in enumerate(body):
            yield from references(value, (*at, index))


def substitute(body: Any, values: Mapping[str, Any]) -> Any:
    """``body`` with every reference replaced; a null leaves its field or item out."""
    result = _substitute(body, values)
    return None if result is _DROP else result


def _substitute(body: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(body, str):
        whole = _REFERENCE.fullmatch(body)
        if whole and not whole[1]:
            value = values[whole[2]]
            return _DROP if value is None else value
        return _REFERENCE.sub(lambda m: m[0][1:] if m[1] else as_text(values[m[2]]), body)
    if isinstance(body, dict):
        pairs = ((key, _substitute(value, values)) for key, value in body.items())
        return {key: value for key, value in pairs if value is not _DROP}
    if isinstance(body, list):
        return [v for v in (_substitute(item, values) for item in body) if v is not _DROP]
    return body


def as_text(value: Any) -> str:
    """A value inside a text: texts as they are, all else as JSON spells it."""
    return value if isinstance(value, str) else json.dumps(value)


def _environment(value: Any) -> Any:
    """Numbers and truth values as text; whatever else is wrong pydantic says."""
    if not isinstance(value, dict):
        return value
    return {k: as_text(v) if isinstance(v, bool | int | float) else v for k, v in value.items()}


Environment = Annotated[dict[str, str], BeforeValidator(_environment)]


class BodyPort(Model):
    """A port that is open in the job; left out where its number is null."""

    name: str = Field(pattern=r"^[a-z]{1,20}$")  # what Crater accepts, and a DNS label
    port: int | None = Field(None, ge=1, le=65535)


class BodyService(Model):
    """An OpenAI-compatible API; left out where its model has no name."""

    port: int | None = Field(None, ge=1, le=65535)
    served_model_name: str | None = None

    @model_validator(mode="after")
    def _reachable(self) -> BodyService:
        if self.served_model_name is not None and self.port is None:
            raise ValueError("a service with a model name needs its port, too")
        return self


class Body(Model):
    """What may stand under ``job:``."""

    nodes: int = Field(1, ge=1)
    image: str | None = None
    env: Environment = Field(default_factory=dict)
    """Of every task."""
    more_env: Environment = Field(default_factory=dict)
    """The same, and wins: the place for a parameter with variables of the user's."""
    secret_env: dict[str, str] = Field(default_factory=dict)
    """Of the task that serves: variable → key of the job's secret."""
    resources: Resources = Resources()
    """Of each replica."""
    volumes: tuple[Volume, ...] = ()
    """A claim or path whose ``source`` is null isn't mounted."""
    ports: tuple[BodyPort, ...] = ()
    """More open ports than service, Ray and forwards bring with them."""
    ray: Ray | None = None
    engine: EngineSettings | None = None
    service: BodyService | None = None
    """Only where there is no ``engine``, which brings its own."""
    forwards: tuple[BodyPort, ...] = ()
    connect: Connect | None = None
    command: tuple[str, ...] = ()
    raw_command: str | None = None
    max_restarts: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _secrets_stay_secret(self) -> Body:
        if both := (self.env | self.more_env).keys() & (self.secret_env.keys() | OURS):
            raise ValueError(
                f"{', '.join(sorted(both))} is set for every job, so it can't stand in env"
            )
        return self


EngineFor = Callable[[str | None, EngineSettings, bool], tuple[str | None, str | None]]
"""(GPU name, settings, whether over Ray) → (image, engine version), each None where unknown."""


def job_spec(
    body: Body, *, kind: Any, title: str, provenance: Provenance, engine_for: EngineFor
) -> JobSpec:
    """Lay the body out as tasks.

    Of an engine the start command stays empty: ``engines`` makes it from ``JobSpec.engine``. Image
    and version that the body leaves open come from ``engine_for``, the entry of the GPU.
    """
    image, engine = body.image, body.engine
    if engine is not None:
        if image is None:
            image, version = engine_for(body.resources.gpu, engine, body.ray is not None)
            engine = engine.model_copy(update={"version": engine.version or version})
        name = engine.served_model_name or model_name(engine.model)
        engine = engine.model_copy(update={"served_model_name": name, "port": engine.port or 8000})
    serves = "head" if body.ray is not None else "main"
    service = _service(body, engine, serves)
    forwards = [Forward(name=f.name, task=serves, port=f.port) for f in body.forwards if f.port]
    ports = [
        *([Port(name="api", port=service.port)] if service else []),
        *([Port(name="ray", port=body.ray.port)] if body.ray else []),
        *(Port(name=p.name, port=p.port) for p in (*body.forwards, *body.ports) if p.port),
    ]
    common = {
        "image": image,
        "env": body.env | body.more_env,
        "resources": body.resources,
        "volumes": tuple(v for v in body.volumes if v.source is not None or v.kind == "empty-dir"),
    }
    by_number: dict[int, Port] = {}
    for port in ports:
        by_number.setdefault(port.port, port)
    tasks = [
        Task(
            name=serves,
            replicas=1 if body.ray else body.nodes,
            command=body.command,
            secret_env=body.secret_env,
            ports=tuple(by_number.values()),
            **common,
        )
    ]
    if body.ray is not None and body.nodes > 1:
        tasks.append(Task(name="worker", replicas=body.nodes - 1, **common))
    return JobSpec(
        kind=kind,
        title=title,
        tasks=tuple(tasks),
        ray=body.ray,
        service=service,
        forwards=tuple(forwards),
        engine=engine,
        raw_command=body.raw_command,
        connect=body.connect,
        max_restarts=body.max_restarts,
        provenance=provenance,
    )


def _service(body: Body, engine: EngineSettings | None, task: str) -> Service | None:
    """The engine's own service, else the one the body declares with a model name."""
    settings = engine or body.service
    if settings is None or settings.port is None or settings.served_model_name is None:
        return None
    return Service(task=task, port=settings.port, served_model_name=settings.served_model_name)


def model_name(model: str) -> str:
    """What a model is served as: of a folder its last part, else the hub id as it is."""
    if model.startswith(("/", "./", "../", "~")):
        return model.rstrip("/").rsplit("/", 1)[-1] or model
    return model
