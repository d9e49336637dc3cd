"""The functions that a notebook, the CLI and the server call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import estimates
from .errors import ConflictError
from .handle import Job
from .places import Crater, Kubernetes, Local, Made, Place, backend_of
from .prepared import Prepared, prepare, refuse
from .views import view

if TYPE_CHECKING:
    from .sizing import Plan
    from .templating import Template


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


def size(model: str, *, gpu: str, nodes: int = 1, gpus_per_node: int = 1, **settings: Any) -> Plan:
    """How a model fits on GPUs: a Plan with memory per GPU, KV cache and findings.

    See :func:`jupyter_crater.sizing.plan` for the settings; ``tensor_parallel`` and
    ``pipeline_parallel`` are searched where they are not given.
    """
    from . import sizing

    settings.setdefault("measurements", estimates.measurements())
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
    place, name = (backend_of(backend), job) if isinstance(job, str) else (job.place, job.name)
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


def picker(template: str = "") -> Any:
    """Choose a template (or begin with this one), see whether it fits, launch it."""
    return view("picker")(name=template)


def calculator(**values: Any) -> Any:
    """Model × GPU × counts, live; ``values`` are those of :func:`size` (``model`` too)."""
    return view("calculator")(values=values)


def panel(job: str = "") -> Any:
    """All jobs, live, with this one open."""
    return view("panel")(name=job)


__all__ = [
    "Crater",
    "Kubernetes",
    "Local",
    "Made",
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
    "relaunch",
    "size",
    "template",
    "templates",
]
