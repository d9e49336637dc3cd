"""What a cluster needs to know beside the JobSpec: where pods may run and who may reach them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Carrier = Literal["volcano", "kuberay", "kubernetes"]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Peer(_Options):
    """Pods that may reach the job: those of a namespace with all of these labels."""

    namespace: str
    labels: dict[str, str] = {}


class Ingress(_Options):
    """How the API port is to be reached from outside the cluster."""

    host: str
    class_name: str | None = None
    tls_secret: str | None = None
    """Secret with the certificate; without it the key crosses the network unencrypted."""
    namespace: str = "ingress-nginx"
    """Where the ingress controller's pods run; the NetworkPolicy admits them."""
    annotations: dict[str, str] = {}


class Options(_Options):
    """The cluster's side of a job. Every default is what a cluster without any policy needs."""

    owner: str = ""
    """Who launched it, in the words of whoever knows (hub user, service account)."""
    attempt: int = Field(1, ge=1)
    image: str | None = None
    """Image of tasks that name none; None: the engine entry's."""
    ray_version: str | None = None
    """Ray inside the image; None: what the engine entry says."""
    queue: str | None = None
    """Volcano queue; for the other carriers the Kueue LocalQueue."""
    priority_class: str | None = None
    pull_secrets: tuple[str, ...] = ()
    tolerations: tuple[dict[str, Any], ...] = ()
    node_selector: dict[str, str] = {}
    gpu_resource: str = "nvidia.com/gpu"
    gpu_resources: dict[str, str] = {}
    """GPU type → extended resource, where the device plugin tells types apart by resource name
    (Crater: {"V100-32GB": "nvidia.com/v100"}); those need no node label."""
    allow_host_path: bool = False
    pod_security: Literal["privileged", "baseline", "restricted"] = "privileged"
    """The Pod Security level that the namespace enforces."""
    run_as_user: int | None = Field(None, ge=0)
    startup_seconds: int = Field(6 * 3600, ge=60)
    """How long the engine may load before its pod is given up."""
    finished_seconds: int = Field(600, ge=0)
    """KubeRay: how long a finished job's pods (and their logs) stay before they are removed."""
    notebook: Peer | None = None
    """The launching notebook's pod, where this runs inside the cluster."""
    ingress: Ingress | None = None
    lease_until: int | None = None
    """Absolute end of the lease (epoch seconds); None: ``lease_seconds`` from the head's start."""
    connect_url: str | None = None
    """Base URL of the job that a client connects to; None: that job's Service in this namespace."""
