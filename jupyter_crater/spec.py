"""What runs (JobSpec), what was seen (Observation) and what is told (JobStatus).

A JobSpec has no word of *where*: backends turn it into processes or manifests. Sizes are GiB
(2**30 bytes), times are seconds since the epoch (UTC) unless a name says otherwise.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from .errors import InputError, NewerSchema

SCHEMA = 1

Phase = Literal[
    "queued",
    "scheduled",
    "pulling",
    "starting-ray",
    "waiting-for-workers",
    "starting-engine",
    "loading-weights",
    "warming-up",
    "serving",
    "restarting",
    "unreachable",
    "stopping",
    "stopped",
    "failed",
    "unknown",
]
PHASES: tuple[Phase, ...] = get_args(Phase)
ENDED: frozenset[Phase] = frozenset({"stopped", "failed"})
AWAY: frozenset[Phase] = frozenset({"unknown", "unreachable", "restarting", "stopping"})
"""Phases that stand behind "serving" in the order and mean that it isn't."""

_DNS_1123 = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def check_name(name: str) -> str:
    """Return ``name`` if it is a DNS-1123 label (what Kubernetes asks of names).

    Raises:
        InputError: otherwise, naming the rule and a name that would do.
    """
    if len(name) <= 63 and _DNS_1123.fullmatch(name):
        return name
    better = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")[:63].strip("-")
    raise InputError(
        f"{name!r} can't be a job's name: lower-case letters, digits and '-', at most 63, "
        "beginning and ending with a letter or digit (DNS-1123).",
        hint=f"For example {better!r}." if better else None,
    )


class _Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        # A status that is written holds every field.
        json_schema_serialization_defaults_required=True,
    )


class Resources(_Model):
    """What one replica of a task needs."""

    gpu: str | None = None
    """GPU type as the catalog spells it, e.g. "V100-32GB"; None: any."""
    gpus: int = Field(0, ge=0)
    cpu: float | None = Field(None, gt=0)
    memory_gib: float | None = Field(None, gt=0)
    shm_gib: float | None = Field(None, gt=0)
    """Size of /dev/shm; container runtimes give 64 MiB unless told."""
    rdma: dict[str, int] = {}
    """Extended resources for RDMA, e.g. {"rdma/hca": 1}."""


class Port(_Model):
    name: str
    port: int = Field(ge=1, le=65535)


class Volume(_Model):
    """A place of files in a task: a claim, a path of the node (if allowed) or scratch space."""

    name: str
    mount_path: str
    kind: Literal["claim", "host-path", "empty-dir"] = "claim"
    source: str | None = None
    """Claim name or path on the node; None for scratch space."""
    sub_path: str | None = None
    read_only: bool = True


class Task(_Model):
    """One kind of process of the job: ``head`` (1), ``worker`` (N-1), or one ``main``."""

    name: str
    replicas: int = Field(1, ge=1)
    image: str | None = None
    command: tuple[str, ...] = ()
    """The start command as a list. Empty for a Ray worker: it only joins."""
    env: dict[str, str] = {}
    secret_env: dict[str, str] = {}
    """Environment variable → key of the job's secret (values live in the backend's secret store)."""
    resources: Resources = Resources()
    ports: tuple[Port, ...] = ()
    volumes: tuple[Volume, ...] = ()


class Ray(_Model):
    """Ray around the tasks ``head`` and ``worker``: who is waited for, and for how long."""

    port: int = Field(6667, ge=1, le=65535)
    wait_seconds: int = Field(1800, ge=1)
    """Bound on the head's wait for every node; the same bound holds for a worker's wait for it."""


class Service(_Model):
    """The OpenAI-compatible service of the job."""

    task: str
    port: int = Field(8000, ge=1, le=65535)
    served_model_name: str
    key: str | None = "api-key"
    """Key of the job's secret that holds the API key; None: open (a finding says so)."""


class Forward(_Model):
    """A port that the user's browser may open."""

    name: str
    task: str
    port: int = Field(ge=1, le=65535)


class EngineSettings(_Model):
    """The settings that sizing reads and the start command is made from.

    None means: the engine's own default for that version. Names follow the ``size`` contract; the
    flags they become are the business of ``engines``.
    """

    engine: Literal["vllm", "sglang"] = "vllm"
    version: str | None = None
    """Engine version, e.g. "0.8.5.post1"; None: the entry chosen for the GPU."""
    model: str
    served_model_name: str | None = None
    dtype: str | None = None
    quantization: str | None = None
    kv_cache_dtype: str | None = None
    kv_cache_memory_bytes: int | None = Field(None, ge=0)
    max_model_len: int | None = Field(None, ge=1)
    max_num_seqs: int | None = Field(None, ge=1)
    max_num_batched_tokens: int | None = Field(None, ge=1)
    gpu_memory_utilization: float | None = Field(None, gt=0, le=1)
    tensor_parallel: int = Field(1, ge=1)
    pipeline_parallel: int = Field(1, ge=1)
    enable_expert_parallel: bool = False
    distributed_executor_backend: str | None = None
    disable_custom_all_reduce: bool = False
    enforce_eager: bool = False
    trust_remote_code: bool = False
    reasoning_parser: str | None = None
    host: str | None = None
    port: int | None = Field(None, ge=1, le=65535)
    extra: tuple[str, ...] = ()
    """Arguments that have no field here, kept word for word and in order."""


class Provenance(_Model):
    """Where the spec came from; ``values`` are the *given* ones, defaults left out."""

    template: str
    version: str
    values: dict[str, Any] = {}


CONNECT_KEY = "connect-key"
"""Key of a client's own secret that holds the key of a free address."""
CONNECT_KEY_VARIABLE = "JUPYTER_CRATER_CONNECT_KEY"
"""Holds the key of a free address (``connect="http://…/v1"``) where a client is launched."""
NEW_SECRET = "new-"  # noqa: S105 - a prefix of names
"""Keys of a job's secret beginning so are made by its backend, fresh for each job."""


class Connect(_Model):
    """A service that a client job talks to: a job of ours by name, or any address."""

    job: str | None = None
    backend: str | None = None
    arguments: dict[str, Any] = {}
    """What makes the job's backend again (context, namespace …) where it isn't the client's own."""
    url: str | None = None
    env: str = "OPENAI_API_BASE_URL"
    """The variable of the task that receives the address (ending in one ``/v1``)."""
    key_env: str = "OPENAI_API_KEY"
    port: int | None = Field(None, ge=1, le=65535)
    """The connected job's service port; None: not known, 8000."""
    key: str | None = "api-key"
    """Key of the connected job's secret; None: its service is open."""

    @property
    def told(self) -> str:
        """What it is, in a line."""
        where = " ".join(filter(None, (self.backend, *map(str, self.arguments.values()))))
        return self.url or (f"{self.job} on {where}" if where else str(self.job))


def v1(url: str) -> str:
    """The address with exactly one ``/v1`` at its end and no slash after it."""
    return url.rstrip("/").removesuffix("/v1").rstrip("/") + "/v1"


class JobSpec(_Model):
    """What runs. Rendered from a template, read by sizing, submitted by a backend."""

    schema_: int = Field(SCHEMA, alias="schema")
    kind: Literal["engine", "client", "custom"]
    title: str
    tasks: tuple[Task, ...]
    ray: Ray | None = None
    service: Service | None = None
    forwards: tuple[Forward, ...] = ()
    engine: EngineSettings | None = None
    """None for a raw command: sized only as far as known."""
    raw_command: str | None = None
    """The start command as text where it could not be parsed back into settings."""
    connect: Connect | None = None
    lease_seconds: int | None = Field(None, ge=60)
    max_restarts: int = Field(0, ge=0)
    provenance: Provenance

    @field_validator("schema_", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        if isinstance(value, int) and value > SCHEMA:
            raise NewerSchema(
                f"This job was written with schema {value}; this jupyter_crater knows {SCHEMA}.",
                hint="Update jupyter_crater in this environment.",
            )
        return value

    @model_validator(mode="after")
    def _consistent(self) -> JobSpec:
        names = [t.name for t in self.tasks]
        if len(set(names)) != len(names):
            raise ValueError(f"two tasks of one name: {names}")
        for what, task in [("service", self.service and self.service.task)] + [
            (f"forward {f.name}", f.task) for f in self.forwards
        ]:
            if task is not None and task not in names:
                raise ValueError(f"{what} names task {task!r}; there are {names}")
        if self.ray is not None and "head" not in names:
            raise ValueError("a job over Ray needs a task 'head'")
        return self

    @property
    def main(self) -> Task:
        """The task that runs the start command: ``head``, else the first."""
        return next((t for t in self.tasks if t.name == "head"), self.tasks[0])

    @property
    def nodes(self) -> int:
        """How many replicas all tasks have together."""
        return sum(t.replicas for t in self.tasks)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready, with unset values left out so that old readers see no new words."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {
            "schema": self.schema_
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> JobSpec:
        """Read what :meth:`to_json` wrote.

        Raises:
            NewerSchema: written by a newer version.
            pydantic.ValidationError: not a spec.
        """
        return cls.model_validate(data)


ObservationKind = Literal["phase", "progress", "task", "event", "exit", "log", "fact", "rehearsal"]


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that a backend saw. ``timeline`` and ``diagnosis`` are functions over lists of them.

    kind       reason                     message           data
    phase      a Phase                    detail or ""      {"code": machine word of a failure}
    progress   "pull" "workers" "shards"  text for people   {"done", "total", "unit"}
               "compile" "graphs" …
    task       "pending" "pulling"        text for people   {"node", "ip", "restarts", "rank": …}
               "running" "succeeded"
               "failed" "unknown"
    event      machine word               text for people   free (scheduler, quota, our supervisor)
    exit       "exited" "signalled"       last line         {"code"} or {"signal"}
    log        ""                         the line          {"previous": true} of a dead container
    fact       what was measured          the line          {"value": …, "unit": …}
    rehearsal  setting                    because           {"asked", "used"}
    """

    time: float
    kind: ObservationKind
    reason: str = ""
    message: str = ""
    task: str | None = None
    index: int | None = None
    data: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {k: v for k, v in asdict(self).items() if v not in (None, "", {})}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Observation:
        """Read what :meth:`to_json` wrote; unknown keys (of a newer writer) are ignored."""
        known = {k: data[k] for k in cls.__slots__ if k in data}
        return cls(**known)


class TaskStatus(_Model):
    task: str
    index: int = 0
    node: str | None = None
    """Ray's node id locally, the Kubernetes node's name on clusters."""
    ip: str | None = None
    phase: str = "unknown"
    restarts: int = 0


class TimelineEntry(_Model):
    phase: Phase
    started: float
    ended: float | None = None
    detail: str = ""


class Endpoint(_Model):
    name: str
    port: int
    url: str | None = None


class RehearsalChange(_Model):
    setting: str
    asked: Any = None
    used: Any = None
    because: str = ""


class Forecast(_Model):
    """What to expect of a job that doesn't serve yet."""

    low: float | None = None
    """Seconds until it serves, at least; None where nobody can say."""
    high: float | None = None
    source: str = ""
    """Where the figures come from, e.g. "3 earlier starts"."""
    late: str | None = None
    """It has been quiet for longer than usual: since when, and what is usual."""


class JobStatus(_Model):
    """What every face shows of a job; the ``status`` JSON of the contracts."""

    schema_: int = Field(SCHEMA, alias="schema")
    name: str
    template: str
    backend: str
    phase: Phase
    reason: str | None = None
    """Machine word, e.g. "supervisor-lost"; None while all is well."""
    message: str = ""
    """The same for people: the decisive line, or what is waited for."""
    head_ip: str | None = None
    url: str | None = None
    api_url: str | None = None
    endpoints: tuple[Endpoint, ...] = ()
    tasks: tuple[TaskStatus, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    created: float
    changed: float | None = None
    """When something was last heard of it, epoch seconds."""
    forecast: Forecast | None = None
    lease: float | None = None
    attempt: int = 1
    metrics: dict[str, float] | None = None
    rehearsal: tuple[RehearsalChange, ...] = ()

    @property
    def ended(self) -> bool:
        return self.phase in ENDED

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)
