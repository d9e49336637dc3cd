"""How a job ended, or is ending: by its workload's own words, and by the pod that died first."""

from __future__ import annotations

from typing import Any

from ...spec import Observation
from . import record
from .pods import View, when
from .record import Record

_VOLCANO_ENDING = {"Completing", "Aborting", "Terminating"}


def state_of(job: Record, workload: dict[str, Any]) -> str:
    """ "", "restarting", "held", "ending", "completed", "failed" or "stopped", by the carrier's words."""
    status, spec = workload.get("status") or {}, workload.get("spec") or {}
    asked = stopped_at(workload) is not None
    if job.carrier == "volcano":
        phase = str((status.get("state") or {}).get("phase") or "")
        if phase == "Aborted" or (phase == "Terminated" and asked):
            return "stopped"
        known = {"Completed": "completed", "Failed": "failed", "Terminated": "failed"}
        known |= dict.fromkeys(_VOLCANO_ENDING, "ending") | {"Restarting": "restarting"}
        return known.get(phase, "ending" if asked else "")
    if job.carrier == "kuberay":
        return _rayjob(status, spec, asked=asked)
    conditions = {
        c.get("type") for c in status.get("conditions") or [] if c.get("status") == "True"
    }
    if "Complete" in conditions:
        return "completed"
    if "Failed" in conditions:
        return "stopped" if asked else "failed"
    if asked:
        return "ending" if status.get("active") or status.get("terminating") else "stopped"
    if "SuccessCriteriaMet" in conditions or "FailureTarget" in conditions:
        return "ending"
    return "held" if spec.get("suspend") else ""


def _rayjob(status: dict[str, Any], spec: dict[str, Any], *, asked: bool) -> str:
    phase = status.get("jobDeploymentStatus") or ""
    if phase == "Complete":
        return {"STOPPED": "stopped", "FAILED": "failed"}.get(
            status.get("jobStatus", ""), "completed"
        )
    if phase in ("Failed", "ValidationFailed"):
        return "stopped" if asked else "failed"
    if phase == "Suspended":
        return "stopped" if asked else "held"
    if phase == "Suspending" or asked:
        return "ending"
    if phase == "Retrying":
        return "restarting"
    return "held" if spec.get("suspend") else ""


def stopped_at(workload: dict[str, Any]) -> float | None:
    """When somebody asked for a stop."""
    notes = workload["metadata"].get("annotations") or {}
    try:
        return float(notes[record.STOPPED])
    except (KeyError, ValueError):
        return None


def over(job: Record, workload: dict[str, Any]) -> bool:
    return state_of(job, workload) in ("completed", "failed", "stopped")


def end(
    job: Record,
    workload: dict[str, Any],
    pods: list[View],
    *,
    now: float,
    named: bool,
    lease: float | None,
) -> Observation | None:
    """The end as one observation, None while it lives.

    Args:
        named: whether the logs already name a cause: then an exit code is none.
        lease: end of its lease, epoch seconds.
    """
    state = state_of(job, workload)
    if state in ("", "restarting", "held", "ending"):
        return None
    time = _ended_at(job, workload, pods) or now
    if state == "stopped":
        return Observation(stopped_at(workload) or time, "phase", "stopped", "Stopped.")
    if state == "completed":
        if lease is not None and time >= lease - 30:
            data = {"code": "lease-over"}
            return Observation(time, "phase", "stopped", "Its lease has passed.", data=data)
        return Observation(time, "phase", "stopped", f"{job.spec.main.name} has ended.")
    death = first_death(pods)
    if death is not None and death.rank == 0:
        return Observation(time, "phase", "failed", death.text, data={"code": death.code})
    if named:
        return Observation(time, "phase", "failed")
    code, text = _words(job, workload)
    if death is not None and code not in _OF_ITS_OWN:
        code, text = death.code, death.text
    return Observation(time, "phase", "failed", text, data={"code": code})


_OF_ITS_OWN = {
    "DeadlineExceeded",
    "PreRunningDeadlineExceeded",
    "ValidationFailed",
    "SubmissionFailed",
}
"""Reasons that no pod's death explains."""


def first_death(pods: list[View]) -> Any:
    """The death that the others follow: one with a cause, else the earliest."""
    found = [p.death for p in pods if p.death is not None]
    return min(found, key=lambda d: (d.rank, d.time or 1e18), default=None)


def _ended_at(job: Record, workload: dict[str, Any], pods: list[View]) -> float | None:
    status = workload.get("status") or {}
    stamps = [status.get("completionTime"), status.get("endTime")]
    stamps.append((status.get("state") or {}).get("lastTransitionTime"))
    stamps += [
        c.get("lastTransitionTime")
        for c in status.get("conditions") or []
        if c.get("type") in ("Complete", "Failed") or (c.get("status") in ("Completed", "Failed"))
    ]
    found = [t for t in map(when, stamps) if t is not None]
    if not found:
        found = [p.death.time for p in pods if p.death and p.death.time]
    return max(found, default=None)


def _words(job: Record, workload: dict[str, Any]) -> tuple[str, str]:
    """The carrier's own reason and message for a failure."""
    status = workload.get("status") or {}
    if job.carrier == "volcano":
        state = status.get("state") or {}
        phase = str(state.get("phase") or "Failed")
        line = str(state.get("message") or state.get("reason") or "")
        text = f"Volcano ended the job: {line}."
        return phase.lower(), text if line else "Volcano ended the job: a task failed."
    if job.carrier == "kuberay":
        phase = str(status.get("jobDeploymentStatus") or "")
        reason = phase if phase == "ValidationFailed" else str(status.get("reason") or phase)
        line = str(status.get("message") or "")
        return reason, line or f"KubeRay ended the job: {reason}."
    failed: dict[str, Any] = next(
        (c for c in status.get("conditions") or [] if c.get("type") == "Failed"), {}
    )
    reason = str(failed.get("reason") or "failed")
    line = str(failed.get("message") or "")
    return reason, line or "The job failed."
