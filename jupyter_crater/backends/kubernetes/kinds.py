"""The kinds of objects that this backend reads and writes: where they lie in the API."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    version: str
    """As an object's ``apiVersion`` says it."""
    kind: str
    plural: str

    def path(self, namespace: str | None, name: str | None = None, sub: str | None = None) -> str:
        root = f"/apis/{self.version}" if "/" in self.version else f"/api/{self.version}"
        parts = [root, *(["namespaces", namespace] if namespace else []), self.plural]
        return "/".join([*parts, *([name] if name else []), *([sub] if sub else [])])

    @property
    def group(self) -> str:
        """The API group as RBAC names it; "" for the core."""
        return self.version.rpartition("/")[0]


PODS = Kind("v1", "Pod", "pods")
EVENTS = Kind("v1", "Event", "events")
SECRETS = Kind("v1", "Secret", "secrets")
SERVICES = Kind("v1", "Service", "services")
NODES = Kind("v1", "Node", "nodes")
QUOTAS = Kind("v1", "ResourceQuota", "resourcequotas")
POLICIES = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
INGRESSES = Kind("networking.k8s.io/v1", "Ingress", "ingresses")
JOBS = Kind("batch/v1", "Job", "jobs")
VOLCANO_JOBS = Kind("batch.volcano.sh/v1alpha1", "Job", "jobs")
POD_GROUPS = Kind("scheduling.volcano.sh/v1beta1", "PodGroup", "podgroups")
COMMANDS = Kind("bus.volcano.sh/v1alpha1", "Command", "commands")
RAY_JOBS = Kind("ray.io/v1", "RayJob", "rayjobs")
REVIEWS = Kind("authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews")

CARRIERS = {"volcano": VOLCANO_JOBS, "kuberay": RAY_JOBS, "kubernetes": JOBS}
"""Carrier → kind of its workload, in the order in which they are preferred."""

_ALL = (SECRETS, SERVICES, POLICIES, INGRESSES, *CARRIERS.values())


def of(document: dict[str, object]) -> Kind:
    """The kind of an object that is ours to make."""
    return next(
        k for k in _ALL if (k.version, k.kind) == (document["apiVersion"], document["kind"])
    )
