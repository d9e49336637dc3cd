"""Everything of a launch that can go wrong before something is created."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from . import estimates, forwards, lease as leases
from .backends.base import Backend
from .connecting import connected
from .errors import DoesNotFit, ModelNotFound
from .handle import Job
from .places import Place, backend_of
from .raw_command import settled
from .spec import Connect, JobSpec, Observation, check_name
from .waiting import Progress

if TYPE_CHECKING:
    from .engines.preflight import Check
    from .sizing import Plan
    from .templating import Template


@dataclass(frozen=True)
class Prepared:
    """A launch that was checked and not yet started."""

    backend: Backend
    name: str
    asked: JobSpec
    spec: JobSpec
    changes: Sequence[Observation]
    plan: Plan | None
    """Of what was asked for; None where it can't be sized."""

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

    def preflight(self, *, timeout: float = 1800, progress: Progress | None = None) -> list[Check]:
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
    asked = settled(chosen.render(given), place, raw_command=raw_command)
    if connect is not None:
        asked = connected(asked, connect, place)
    asked = asked.model_copy(update={"lease_seconds": leases.granted(place.name, lease)})
    job_name = _name(place, name or chosen.id, new=new)
    plan = _plan(asked, place)
    if plan is not None and place.name != "local" and not force:
        refuse(plan.to_json()["findings"])
    spec, changes = place.prepare(asked, job_name, given=frozenset(given))
    return Prepared(place, job_name, asked, spec, changes, plan)


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


def _name(place: Backend, wanted: str, *, new: bool) -> str:
    check_name(wanted)
    taken = set(place.names()) if new else set()
    if wanted not in taken:
        return wanted
    return check_name(next(n for n in (f"{wanted}-{i}" for i in count(2)) if n not in taken))


def _plan(asked: JobSpec, place: Backend) -> Plan | None:
    try:
        return estimates.plan(asked)
    except ModelNotFound:
        # A rehearsal may put the embedded model in place of one that nobody can look up here.
        if place.name == "local":
            return None
        raise
