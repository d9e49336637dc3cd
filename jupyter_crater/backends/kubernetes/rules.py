"""What the manifests of a job tell before anything is created, as findings of the size contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from ...catalog import engines
from ...spec import JobSpec
from .options import Carrier, Options
from .pod import image_of
from .workload import has_token, ray_version

# Since then vLLM's Ray executor asks for no GPU beside `vllm serve` (RayExecutorV2 by default).
_DRIVER_WITHOUT_GPU = engines.version_key("0.23")

Finding = dict[str, Any]
Fix = tuple[str, dict[str, Any]]


def findings(
    spec: JobSpec, options: Options | None = None, *, carrier: Carrier | None = None
) -> list[Finding]:
    """Findings (``rule, severity, message, because, fixes``) about image, security and placement.

    A fix whose ``set`` is empty is something to do, not a value to change.
    """
    options = options or Options()
    found = [*_security(spec, options)]
    if spec.ray:
        found += [*_ray(spec, options), *_gang(spec, carrier)]
    return found


def _finding(
    rule: str,
    severity: Literal["error", "warning", "info"],
    message: str,
    because: str,
    *fixes: Fix,
) -> Finding:
    return {
        "rule": rule,
        "severity": severity,
        "message": message,
        "because": because,
        "fixes": [{"label": label, "set": values} for label, values in fixes],
    }


def _ray(spec: JobSpec, options: Options) -> Iterator[Finding]:
    version = ray_version(spec, options)
    if version is None and spec.engine:
        yield _no_ray(spec, options)
    if not has_token(version):
        which = f"Ray {version}" if version else "An unknown Ray"
        yield _finding(
            "ray-unauthenticated",
            "warning",
            f"{which} in the image: whoever reaches the head's Ray port runs code in the job. "
            "Only the NetworkPolicy stands before it.",
            "token authentication came with Ray 2.52; a network policy holds only where the "
            "cluster's network enforces it",
            ("use an image with Ray 2.52 or later, and say so (ray_version)", {}),
        )
    engine = spec.engine
    old = engine and engine.version and engines.version_key(engine.version) < _DRIVER_WITHOUT_GPU
    if engine and engine.engine == "vllm" and old and not spec.main.resources.gpus:
        yield _finding(
            "head-without-gpu",
            "error",
            f"vLLM {engine.version} needs a GPU on the node where `vllm serve` runs.",
            "'Ray does not allocate any GPUs on the driver node' (vllm#12670, #12983)",
            ("give the head GPUs like the workers", {"gpus_per_node": 1}),
        )


def _no_ray(spec: JobSpec, options: Options) -> Finding:
    assert spec.engine
    entry, _ = engines.find(spec.engine.engine, spec.engine.version)
    image = image_of(spec, spec.main, options)
    if image != entry.image:
        return _finding(
            "image-unknown",
            "info",
            f"Whether {image} holds Ray is not known; if not, the head ends with 'ray: not found'.",
            "only the engine entries' own images are known",
            ("say which Ray it holds (ray_version)", {}),
        )
    fixes: list[Fix] = [("put Ray into the image (docs/images/Dockerfile)", {})]
    if older := [e for e in engines.all() if e.engine == entry.engine and e.ray]:
        label = f"use {older[-1].engine} {older[-1].version}, whose image holds Ray"
        fixes.append((label, {"engine_version": older[-1].version}))
    return _finding(
        "image-without-ray",
        "error",
        f"{image} holds no Ray, which a job over {spec.nodes} nodes needs.",
        "vLLM's own images carry none since 0.18 (vllm#36170)",
        *fixes,
    )


def _gang(spec: JobSpec, carrier: Carrier | None) -> Iterator[Finding]:
    if carrier in ("kuberay", "kubernetes") and spec.nodes > 1:
        yield _finding(
            "no-gang",
            "info",
            f"The {spec.nodes} pods are not started as one: some may hold GPUs while others wait, "
            "until the bounded wait for nodes ends the job.",
            "only Volcano (or a queue of Kueue) starts a gang",
            ("use Volcano where it is installed", {"carrier": "volcano"}),
        )


def _security(spec: JobSpec, options: Options) -> Iterator[Finding]:
    level = options.pod_security
    if level == "restricted" and not options.run_as_user:
        yield _finding(
            "pod-security-restricted",
            "error",
            "The namespace admits only pods that don't run as root, and vLLM's image does.",
            "Pod Security Standard 'restricted': runAsNonRoot",
            ("run as another user (the image must allow it)", {"run_as_user": 1000}),
        )
    if level != "privileged" and any(task.resources.rdma for task in spec.tasks):
        yield _finding(
            "rdma-without-ipc-lock",
            "error",
            f"RDMA needs the capability IPC_LOCK, which the level {level!r} doesn't admit.",
            "pinned memory beyond RLIMIT_MEMLOCK needs it, and it is none of the capabilities that "
            "the Pod Security Standards below privileged let a pod add",
            ("give up RDMA", {"rdma": {}}),
            ("use a namespace of level privileged", {"pod_security": "privileged"}),
        )
    paths = sorted({v.name for t in spec.tasks for v in t.volumes if v.kind == "host-path"})
    if paths and (level != "privileged" or not options.allow_host_path):
        yield _finding(
            "host-path-not-allowed",
            "error",
            f"Volumes that are paths of the node: {', '.join(paths)}.",
            "hostPath needs the configuration's allow_host_path and the level privileged",
        )
    if options.ingress and not options.ingress.tls_secret:
        yield _finding(
            "ingress-without-tls",
            "warning",
            f"{options.ingress.host} is served without TLS: key and conversations are readable on "
            "the way.",
            "the ingress names no certificate",
        )
