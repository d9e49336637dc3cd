"""The functions that a notebook, the CLI and the server call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import backends, config, forwards, handle
from .backends.base import Backend
from .errors import (
    ConflictError,
    DoesNotFit,
    InputError,
    ModelNotFound,
    NotSupported,
)
from .handle import Job
from .spec import Connect, JobSpec, Observation, Ray, Service, check_name

if TYPE_CHECKING:
    from .engines import Parsed
    from .engines.preflight import Check
    from .templating import Template

LEASE_MIN_S = 60
CLUSTER_LEASE_S = 8 * 3600


@dataclass(frozen=True)
class Local:
    """This machine: real Ray nodes and real vLLM on its CPU, or its GPU if it has one."""

    def make(self) -> Backend:
        return backends.make("local")


@dataclass(frozen=True)
class Kubernetes:
    """A Kubernetes cluster; what is None comes from the configuration or the kubeconfig."""

    context: str | None = None
    namespace: str | None = None
    carrier: str | None = None
    queue: str | None = None

    def make(self) -> Backend:
        return backends.make("kubernetes", **_given(self))


@dataclass(frozen=True)
class Crater:
    """A Crater platform; what is None comes from the configuration."""

    url: str | None = None
    account: str | None = None

    def make(self) -> Backend:
        return backends.make("crater", **_given(self))


@dataclass(frozen=True)
class Made:
    """A backend that is there already, in the place of the words that make one."""

    place: Backend

    def make(self) -> Backend:
        return self.place


Place = Local | Kubernetes | Crater | Made


def _given(place: Place) -> dict[str, Any]:
    return {k: v for k, v in vars(place).items() if v is not None}


def backend_of(backend: str | Place | None = None) -> Backend:
    """The backend that an argument, the configuration or the default names.

    Raises:
        InputError: no such backend.
    """
    if backend is None:
        backend = config.load().backend or "local"
    if isinstance(backend, str):
        return backends.make(backend)
    return backend.make()


def templates() -> list[Template]:
    """All templates: built-in ones, those of the user's folders, those of installed packages."""
    from . import templating

    return templating.templates()


def template(id: str) -> Template:  # noqa: A002 - contract
    """One template.

    Raises:
        TemplateNotFound: with the nearest id.
    """
    from . import templating

    return templating.template(id)


def size(model: str, *, gpu: str, nodes: int = 1, gpus_per_node: int = 1, **settings: Any) -> Any:
    """How a model fits on GPUs: a Plan with memory per GPU, KV cache and findings.

    See :func:`jupyter_crater.sizing.size` for the settings; ``tensor_parallel`` and
    ``pipeline_parallel`` are searched where they are not given.
    """
    from . import sizing

    settings.setdefault("measurements", handle.measurements())
    return sizing.size(model, gpu=gpu, nodes=nodes, gpus_per_node=gpus_per_node, **settings)


def jobs(backend: str | Place | None = None) -> list[Job]:
    """All jobs of this user on a backend, newest first."""
    place = backend_of(backend)
    return [Job(place, name) for name in place.names()]


def job(name: str, backend: str | Place | None = None) -> Job:
    """The job of that name.

    Raises:
        JobNotFound: with the nearest name.
    """
    place = backend_of(backend)
    place.status(name)
    return Job(place, name)


@dataclass(frozen=True)
class Prepared:
    """A launch that was checked and not yet started."""

    backend: Backend
    name: str
    asked: JobSpec
    spec: JobSpec
    changes: Sequence[Observation]
    plan: Any
    """The Plan of what was asked for, or None where it can't be sized."""

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """Findings that don't forbid the launch."""
        findings = self.plan.to_json()["findings"] if self.plan is not None else []
        return [f for f in findings if f["severity"] != "info"]

    def documents(self) -> list[dict[str, Any]]:
        """What a submit would create."""
        return self.backend.manifest(self.spec, self.name)

    def submit(self) -> Job:
        """Create the job, or attach to the living one with the same values."""
        self.backend.submit(self.spec, self.name, asked=self.asked, changes=self.changes)
        if self.spec.service and self.backend.address(self.name) is None:
            forwards.ensure(self.backend, self.name)
        return Job(self.backend, self.name)

    def preflight(
        self, *, timeout: float = 1800, progress: handle.Progress | None = None
    ) -> list[Check]:
        """Run a short job on the same nodes, with a check in place of the engine, and wait for it.

        Looked at on every node: the model's folder, /dev/shm, GPUs and driver, the versions of
        python, ray, torch and the engine; between them: an all-reduce (NCCL where GPUs are). Its
        job is NAME-preflight, deleted when it is over. Nothing is run where the job lives already.

        Args:
            timeout: seconds, the wait in a queue included.
            progress: as in :meth:`Job.wait`.

        Raises:
            PreflightFailed: with all checks, what to do for the first that failed, and where the
                log is kept.
            WaitTimeout: it did not end in time; it was deleted.
        """
        from . import preflight

        # A rehearsal's "GPUs" are shares of the CPU.
        return preflight.run(
            self.backend,
            self.spec,
            self.name,
            gpus=not self.changes,
            timeout=timeout,
            progress=progress,
        )


def prepare(
    template: str | Template,
    *,
    name: str | None = None,
    new: bool = False,
    backend: str | Place | None = None,
    connect: Job | Connect | str | None = None,
    lease: str | float | None = None,
    force: bool = False,
    raw_command: bool = False,
    parameters: Mapping[str, Any] | None = None,
) -> Prepared:
    """Everything of a launch that can go wrong before something is created.

    Raises:
        TemplateNotFound, ParameterError, ModelNotFound, PortTaken, InputError: bad input.
        DoesNotFit: an error finding (and not ``force``), or this machine is too small.
    """
    from . import templating

    place = backend_of(backend)
    chosen = templating.template(template) if isinstance(template, str) else template
    given = dict(parameters or {})
    asked = chosen.render(given)
    asked = _settle_command(asked, place, raw_command=raw_command)
    if connect is not None:
        asked = _connected(asked, connect, place)
    asked = asked.model_copy(update={"lease_seconds": _lease(place, lease)})
    job_name = _name(place, name or chosen.id, new=new)
    plan = _plan(asked, place)
    if plan is not None and place.name != "local" and not force:
        refuse(plan.to_json()["findings"])
    spec, changes = place.prepare(asked, job_name, given=frozenset(given))
    return Prepared(place, job_name, asked, spec, changes, plan)


def launch(
    template: str | Template,
    *,
    name: str | None = None,
    new: bool = False,
    backend: str | Place | None = None,
    connect: Job | str | None = None,
    lease: str | float | None = None,
    wait: bool = False,
    force: bool = False,
    preflight: bool = False,
    raw_command: bool = False,
    **parameters: Any,
) -> Job:
    """Launch a job from a template, or attach to the living one of that name and values.

    Returns at once; ``job.wait()`` waits and tells the steps.

    Args:
        template: a template's id.
        name: the job's name (DNS-1123); default: the template's id.
        new: a second job beside a living one (``-2``, ``-3`` … is added to the name).
        backend: "local", "kubernetes", "crater", or e.g. ``Kubernetes(namespace=…)``.
        connect: for clients: the job they talk to.
        lease: how long it may run ("8h", "none"); on clusters 8 h unless told, locally no end.
        wait: return when it serves.
        force: launch in spite of error findings.
        preflight: run a check on the job's nodes first, and wait for it; see
            :meth:`Prepared.preflight`.
        raw_command: allow a template's own shell command to run on this machine.
        **parameters: those of the template; ``crater.template(id).schema()`` lists them.

    Raises:
        InputError, DoesNotFit, NotFound: see :func:`prepare`; nothing was created then.
        ConflictError: a living job of that name has other values; they are listed.
        PreflightFailed: a check found an error; the job itself was not created.
    """
    prepared = prepare(
        template,
        name=name,
        new=new,
        backend=backend,
        connect=connect,
        lease=lease,
        force=force,
        raw_command=raw_command,
        parameters=parameters,
    )
    if preflight:
        prepared.preflight()
    job = prepared.submit()
    return job.wait() if wait else job


def relaunch(
    job: Job | str,
    *,
    backend: str | Place | None = None,
    lease: str | float | None = None,
    force: bool = False,
    raw_command: bool = False,
    **changes: Any,
) -> Job:
    """Launch an ended job again with other values: its next attempt, the logs of the last are kept.

    ``crater.relaunch(job, **job.diagnose()[0].fixes[0].set)`` applies a fix.

    Args:
        job: the job, or its name on ``backend``.
        lease: another one than it had.
        force, raw_command: as in :func:`launch`.
        **changes: parameters of its template, laid over those it was launched with.

    Raises:
        ConflictError: it has not ended.
        InputError, DoesNotFit, NotFound: see :func:`prepare`; nothing was created then.
    """
    if isinstance(job, str):
        place, name = backend_of(backend), job
    else:
        place, name = job.place, job.name
    spec, status = place.spec(name), place.status(name)
    if not status.ended:
        raise ConflictError(
            f"{name!r} is {status.phase}: a new attempt begins when this one has ended.",
            hint=f"Stop it first (`jupyter crater stop {name}`).",
        )
    return prepare(
        spec.provenance.template,
        name=name,
        backend=Made(place),
        connect=spec.connect,
        lease=lease or spec.lease_seconds or "none",
        force=force,
        raw_command=raw_command,
        parameters=spec.provenance.values | changes,
    ).submit()


def refuse(findings: Sequence[dict[str, Any]]) -> None:
    """Raise for error findings.

    Raises:
        DoesNotFit: with all of them and the fixes of the first.
    """
    errors = [f for f in findings if f["severity"] == "error"]
    if not errors:
        return
    text = "\n".join(f"  {f['rule']}: {f['message']}" for f in errors)
    fixes = "; ".join(fix["label"] for f in errors for fix in f["fixes"])
    raise DoesNotFit(
        f"This would not work:\n{text}",
        findings=errors,
        hint=(f"Fixes: {fixes}. " if fixes else "") + "force=True launches it all the same.",
    )


def _settle_command(spec: JobSpec, place: Backend, *, raw_command: bool) -> JobSpec:
    """A start command given as text or list becomes settings where it can be parsed back.

    Raises:
        InputError: it can't, and would run as it is on this machine without leave.
    """
    if spec.engine is not None or spec.kind == "client":
        return spec
    from . import engines

    text = spec.raw_command
    if text is None:
        text = engines.command_text(spec.main.command)
    parsed = engines.parse_command(text)
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
    """The same job with settings in place of its command: now it can be sized and rehearsed."""
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
    tasks = [
        t.model_copy(update={"command": (), "env": dict(t.env) | parsed.env, "ports": t.ports})
        for t in tasks
    ]
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


def _connected(spec: JobSpec, connect: Job | Connect | str, place: Backend) -> JobSpec:
    """The spec with what it talks to: a job of ours, with its port and key's name, or an address.

    Raises:
        InputError: nothing that this template, or a client on that backend, can talk to.
        JobNotFound: no such job.
    """
    if spec.connect is None:
        raise InputError("This template has nothing to connect: `connect` is for client templates.")
    if isinstance(connect, Connect):
        target = connect
    elif isinstance(connect, Job):
        target = Connect(job=connect.name, backend=connect.backend, arguments=_where(connect.place))
    else:
        target = Connect(url=connect) if "://" in connect else Connect(job=connect)
    if target.url and not _is_address(target.url):
        raise InputError(
            f"{target.url!r} is no address of a service.",
            hint="It looks like http://HOST:PORT/v1; its key comes by JUPYTER_CRATER_CONNECT_KEY.",
        )
    here = target.backend in (None, place.name)
    if (here and target.arguments not in ({}, _where(place))) or (
        not here and place.name != "local"
    ):
        raise NotSupported(
            f"A client on {place.name} can't reach {target.told}.",
            hint="Launch it where that job is, or on this machine, which reaches both.",
        )
    update: dict[str, Any] = {"job": target.job, "backend": target.backend, "url": target.url}
    update["arguments"] = {} if here else target.arguments
    if target.job is not None:
        update |= {"backend": target.backend or place.name}
        there = place if here else backends.make(str(target.backend), **target.arguments)
        update |= _service_of(target.job, there)
    return spec.model_copy(update={"connect": spec.connect.model_copy(update=update)})


def _where(place: Backend) -> dict[str, Any]:
    """What tells a backend's place from others of its kind; how it carries jobs doesn't."""
    return {k: v for k, v in place.arguments.items() if k not in ("carrier", "queue")}


def _service_of(name: str, place: Backend) -> dict[str, Any]:
    """Port and key's name of the job that a client talks to; nothing where they can't be asked for."""
    try:
        service = place.spec(name).service
    except NotSupported:  # a manifest is made without asking the cluster
        return {}
    if service is None:
        raise InputError(f"{name!r} offers no OpenAI service that a client could talk to.")
    return {"port": service.port, "key": service.key}


def _is_address(url: str) -> bool:
    parts = urlsplit(url)
    try:
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain and port_ok


def _lease(place: Backend, lease: str | float | None) -> int | None:
    if lease is not None:
        if lease == "none":
            return None
        if (found := handle.seconds(lease)) < LEASE_MIN_S:
            raise InputError(f"A lease has to be at least a minute, not {lease!r}.")
        return found
    default = config.load().lease
    if default is not None:
        return default or None
    return None if place.name == "local" else CLUSTER_LEASE_S


def _name(place: Backend, wanted: str, *, new: bool) -> str:
    check_name(wanted)
    if not new:
        return wanted
    taken = set(place.names())
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}-{number}" in taken:
        number += 1
    return check_name(f"{wanted}-{number}")


def _plan(asked: JobSpec, place: Backend) -> Any:
    """The plan of what was asked for; None where the engine or the GPU is not known."""
    if asked.engine is None or asked.main.resources.gpu is None:
        return None
    from . import sizing

    try:
        return sizing.check(asked, measurements=handle.measurements())
    except ModelNotFound:
        # A rehearsal may put the embedded model in place of one that nobody can look up here.
        if place.name == "local":
            return None
        raise


def picker(template: str = "") -> Any:
    """Choose a template (or begin with this one), see whether it fits, launch it."""
    return handle.view("picker")(name=template)


def calculator(**values: Any) -> Any:
    """Model × GPU × counts, live; ``values`` are those of :func:`size` (``model`` too)."""
    return handle.view("calculator")(values=values)


def panel(job: str = "") -> Any:
    """All jobs, live, with this one open."""
    return handle.view("panel")(name=job)


__all__ = [
    "Crater",
    "Kubernetes",
    "Local",
    "Prepared",
    "backend_of",
    "calculator",
    "job",
    "jobs",
    "launch",
    "panel",
    "picker",
    "prepare",
    "refuse",
    "size",
    "template",
    "templates",
]
