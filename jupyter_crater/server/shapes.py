"""What goes over the wire, as types: the OpenAPI description and the page's types come from these.

``status`` is :class:`~jupyter_crater.spec.JobStatus` itself; the rest is what the calls build. A
test holds real answers against them, and refuses a field that is not named here.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from pydantic import ConfigDict
from typing_extensions import TypedDict

from ..chat import Settings, Turn
from ..spec import JobStatus, RehearsalChange

Values = dict[str, Any]
"""Parameters of a template by name; ``GET templates/ID`` has their JSON Schema."""


class Closed(TypedDict):
    """With no field but those named."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]


class Answer(Closed):
    """What every document begins with."""

    schema: Literal[1]


class Error(TypedDict):
    """What went wrong and what would be right; some errors say more."""

    error: str
    message: str
    hint: str | None
    parameter: NotRequired[str]
    differences: NotRequired[list[dict[str, Any]]]
    findings: NotRequired[list[Finding]]
    checks: NotRequired[list[dict[str, Any]]]


class Jobs(Answer):
    jobs: list[JobStatus]


class Launched(Answer):
    name: str
    backend: str


class Launch(TypedDict):
    """A launch is idempotent by name."""

    id: str
    name: NotRequired[str | None]
    backend: NotRequired[str | None]
    connect: NotRequired[str | None]
    force: NotRequired[bool]
    values: NotRequired[Values]


class Relaunch(TypedDict):
    """The next attempt of an ended job, ``values`` laid over its own."""

    values: NotRequired[Values]


class Extend(TypedDict):
    """Of the lease, by so many seconds."""

    seconds: float


class Lease(Closed):
    """``lease``: when it ends, epoch seconds."""

    lease: float | None


class Link(Closed):
    """An address to open in the browser; a client's signs in, once."""

    url: str


class LogRequest(TypedDict):
    """``previous``: of containers that died, too. ``seconds``: the answer ends then, and its ``at``
    is the next request's ``after``."""

    previous: NotRequired[bool]
    seconds: NotRequired[float]
    after: NotRequired[dict[str, int]]


class LogLine(Closed):
    task: str | None
    index: int | None
    text: str


class LogItem(Closed):
    """``dropped``: lines left out since the item before, since the reader was too slow. ``at``: how
    far each log was read, in the last item of an answer that ends by its ``seconds``."""

    lines: list[LogLine]
    dropped: int
    at: NotRequired[dict[str, int]]


class ChatRequest(TypedDict):
    """The next question after ``turns``."""

    text: str
    turns: list[Turn]
    settings: NotRequired[Settings]


class ChatItem(Closed, total=False):
    """A part of the answer under way, or the finished turn. ``retract``: what came was thinking."""

    text: str
    thinking: str
    retract: bool
    turn: Turn


class Event(Closed):
    """What was seen of a job; ``time`` in epoch seconds."""

    time: float
    kind: str
    reason: NotRequired[str]
    message: NotRequired[str]
    task: NotRequired[str]
    index: NotRequired[int]
    data: NotRequired[dict[str, Any]]


class Events(Answer):
    events: list[Event]


class Fix(Closed):
    """``set``: settings for the next attempt; empty: something to do by hand."""

    label: str
    set: Values


class Finding(Closed):
    rule: str
    severity: Literal["error", "warning", "info"]
    message: str
    because: str
    fixes: list[Fix]


class Evidence(Closed):
    task: str | None
    time: float | None
    line: str


class Diagnosis(Closed):
    id: str
    title: str
    confidence: Literal["high", "medium", "low"]
    evidence: list[Evidence]
    explanation: str
    fixes: list[Fix]
    links: list[str]


class Diagnoses(Answer):
    """Likeliest first; ``values``: what the job was launched with."""

    diagnoses: list[Diagnosis]
    values: Values


class Report(Answer):
    """A bundle for a colleague, secrets masked."""

    text: str


class PlanModel(Closed):
    id: str
    architecture: str | None
    parameters: int | None
    layers: int
    hidden_size: int
    heads: int
    kv_heads: int
    max_position: int | None
    stored_bytes: int | None
    source: str | None


class PlanGpu(Closed):
    name: str
    memory_gib: float | None
    compute_capability: str | None


class PlanEngine(Closed):
    name: str
    version: str
    image: str | None
    entry: str
    runner: str


class Rank(Closed):
    """One GPU's share, GiB (2^30 bytes)."""

    rank: int
    stage: int
    weights_gib: float
    activations_gib: float
    cuda_graphs_gib: float
    cuda_graphs_charged: bool
    other_gib: float
    kv_cache_gib: float
    budget_gib: float


class KVCache(Closed):
    tokens: int
    blocks: int
    bytes_per_token: float
    max_concurrency: float
    low_tokens: int
    high_tokens: int
    longest_request: int


class Plan(Answer):
    """``fits``: the memory; ``legal``: no finding forbids it."""

    model: PlanModel
    gpu: PlanGpu
    nodes: int
    gpus_per_node: int
    tensor_parallel: int
    pipeline_parallel: int
    dtype: str
    quantization: str | None
    max_model_len: int
    max_num_seqs: int
    max_num_batched_tokens: int
    gpu_memory_utilization: float
    engine: PlanEngine
    fits: bool
    legal: bool
    per_gpu: list[Rank]
    kv_cache: KVCache
    findings: list[Finding]
    alternatives: list[dict[str, Any]]
    speed: dict[str, Any]
    assumed: list[str]
    measured: NotRequired[dict[str, Any]]


class Memory(Answer):
    """Predicted, and as the engine said; lists are by rank, GiB."""

    plan: Plan | None
    measured: dict[str, Any] | None


class Template(Closed):
    id: str
    version: str
    kind: str
    title: str
    description: str
    icon: str | None
    builtin: bool


class Templates(Answer):
    """``backends``: to choose from, the default first."""

    templates: list[Template]
    backends: list[str]


class TemplateAnswer(Closed):
    """The template and the JSON Schema of its values, with hints for a form."""

    template: Template
    schema: dict[str, Any]


class CheckRequest(TypedDict):
    values: NotRequired[Values]
    name: NotRequired[str | None]
    backend: NotRequired[str | None]
    connect: NotRequired[str | None]
    language: NotRequired[str]


class Check(Answer):
    """What a launch with these values would be, as far as the values allow."""

    errors: list[Error]
    code: str
    command: NotRequired[str]
    manifest: NotRequired[dict[str, Any] | list[dict[str, Any]]]
    plan: NotRequired[Plan | None]
    refusal: NotRequired[Error]
    rehearsal: NotRequired[list[RehearsalChange]]


class ParseRequest(TypedDict):
    command: str
    values: NotRequired[Values]


class Parsed(Closed):
    """The values that the command changes, or null and why it can't be read back."""

    values: Values | None
    because: NotRequired[str]


class GpuType(Closed):
    """What tells cards apart; ``kind``: a slice or a time-shared card is no whole one."""

    gpu: str | None
    kind: Literal["whole", "mig", "shared"]
    resource: str
    memory_gib: float | None
    compute_capability: str | None


class NodeRow(GpuType):
    """GPUs of one node; ``free`` is null where this user may not know, ``open``: jobs may be placed."""

    node: str
    total: int
    free: int | None
    open: bool


class GpuRow(GpuType):
    """The sum by type; ``per_node`` and ``largest_free``: the most that one node has."""

    total: int
    free: int | None
    nodes: int
    per_node: int
    largest_free: int | None


class QuotaRow(Closed):
    quota: str
    resource: str
    hard: int
    used: int
    free: int


class Capacity(Closed):
    """``message``: what could not be asked."""

    source: Literal["nodes", "nodes without pods", "quota", "unknown"]
    message: str
    nodes: list[NodeRow]
    gpus: list[GpuRow]
    quotas: list[QuotaRow]


class CapacityAnswer(Answer):
    """``capacity``: null where the backend does not know it."""

    backend: str
    capacity: Capacity | None


class Catalog(Answer):
    """Names to choose from; others work too."""

    gpus: list[str]
    models: list[str]


class Versions(Answer):
    """What runs here; null: not installed."""

    versions: dict[str, str | None]


class SizeRequest(TypedDict):
    """Further settings as the keywords of ``crater.size``."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]
    model: str
    gpu: str
    nodes: NotRequired[int | None]
    gpus_per_node: NotRequired[int | None]
    tensor_parallel: NotRequired[int | None]
    pipeline_parallel: NotRequired[int | None]
    max_model_len: NotRequired[int | None]
    max_num_seqs: NotRequired[int | None]
    gpu_memory_utilization: NotRequired[float | None]
