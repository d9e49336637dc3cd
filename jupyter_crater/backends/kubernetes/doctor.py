"""What this backend meets in the configured cluster, and what is in its way: for ``doctor``."""

from __future__ import annotations

from ...errors import CraterError
from . import kinds, reach, submit
from .backend import KubernetesBackend
from .cluster import Cluster

_NEEDED = (
    ("list", kinds.PODS, "", "jobs can't be looked at"),
    ("watch", kinds.PODS, "", "jobs are asked for again and again instead of watched"),
    ("get", kinds.PODS, "log", "no logs, and no fine phases of a start"),
    ("get", kinds.PODS, "portforward", "a job is reached by an ingress or inside the cluster only"),
    ("create", kinds.PODS, "portforward", "needed from Kubernetes 1.35 on, as get is"),
    ("create", kinds.SECRETS, "", "jobs can't be launched"),
    ("get", kinds.SECRETS, "", "keys are kept in your state folder instead"),
    ("patch", kinds.PODS, "", "leases can't be extended"),
    ("list", kinds.EVENTS, "", "why a job waits is told by its pods only"),
)


def look() -> tuple[str, list[str]]:
    """What there is in a line, and what is missing with what that means.

    Raises:
        ConfigError, AuthenticationError, BackendUnavailable: there is no way to the cluster.
    """
    here = KubernetesBackend().cluster
    carriers = here.carriers()
    missing = [
        f"no right to {verb} {kind.plural}{f'/{sub}' if sub else ''}: {what}"
        for verb, kind, sub, what in _NEEDED
        if not submit.may(here, verb, kind, sub)
    ]
    carrier = kinds.CARRIERS[carriers[0]]
    if not submit.may(here, "create", carrier):
        missing.append(f"no right to create {carrier.plural}.{carrier.group}: no launch")
    found = f"{here.access.server}, namespace {here.namespace}, {', '.join(carriers)}"
    way, problem = _way(here)
    if problem:
        missing.append(problem)
    return f"{found}; {way}", missing


def _way(here: Cluster) -> tuple[str, str]:
    """A connection to the first running job, tried as a forward would."""
    for workload in here.workloads():
        try:
            seen = here.seen(workload["metadata"]["name"])
        except CraterError:
            continue
        if seen.over or seen.head is None or seen.head.phase != "running":
            continue
        if problem := reach.test(here, seen):
            return "", (
                f"{seen.name} can't be reached: {problem} (a network policy or a proxy that closes "
                "websockets is in the way)"
            )
        return f"{seen.name} can be reached", ""
    return "no running job to try a forward with", ""
