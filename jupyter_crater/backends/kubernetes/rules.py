"""What the manifests of a job tell before anything is created, as findings of the size contract."""

from __future__ import annotations

from typing import Any, Literal

from ...spec import JobSpec
from .options import Carrier, Options
from .workload import has_token, ray_version

# The release whose default Ray executor no longer needs a GPU beside `vllm serve` (RayExecutorV2).
_DRIVER_WITHOUT_GPU = "0.23"

Finding = dict[str, Any]


def findings(
    spec: JobSpec, options: Options | None = None, *, carrier: Carrier | None = None
) -> list[Finding]:
    """Findings (``rule, severity, message, because, fixes``) about image, security and placement."""
    options = options or Options()
    found = [
        *_image(spec, options),
        *_token(spec, options),
        *_security(spec, options),
        *_driver(spec),
        *_carrier(spec, carrier),
    ]
    return [finding for finding in found if finding]


def _finding(
    rule: str,
    severity: Literal["error", "warning", "info"],
    message: str,
    because: str,
    *fixes: tuple[str, dict[str, Any]],
) -> Finding:
    return {
        "rule": rule,
        "severity": severity,
        "message": message,
        "because": because,
        "fixes": [{"label": label, "set": values} for label, values in fixes],
    }


def _image(spec: JobSpec, options: Options) -> list[Finding]:
    from ...catalog import engines

    if not spec.ray or spec.engine is None or options.ray_version:
        return []
    entry, _ = engines.find(spec.engine.engine, spec.engine.version)
    image = spec.main.image or options.image or entry.image
    if image != entry.image:
        return [
            _finding(
                "image-unknown",
                "info",
                f"Whether {image} holds Ray is not known; the head ends with 'ray: not found' if "
                "it doesn't.",
                "only the engine entries' own images are known",
                ("say which Ray it holds", {"ray_version": ""}),
            )
        ]
    if entry.ray:
        return []
    with_ray = next(
        (e for e in reversed(engines.all()) if e.engine == entry.engine and e.ray), None
    )
    fixes: list[tuple[str, dict[str, Any]]] = [
        ("put Ray into the image (docs/images/Dockerfile) and name it", {"image": ""})
    ]
    if with_ray:
        label = f"use {with_ray.engine} {with_ray.version}, whose image holds Ray"
        fixes.append((label, {"engine_version": with_ray.version}))
    return [
        _finding(
            "image-without-ray",
            "error",
            f"{image} holds no Ray, which a job over {spec.nodes} nodes needs.",
            "vLLM's own images carry none since 0.18 (vllm#36170)",
            *fixes,
        )
    ]


def _token(spec: JobSpec, options: Options) -> list[Finding]:
    if not spec.ray:
        return []
    version = ray_version(spec, options)
    if has_token(version):
        return []
    which = f"Ray {version}" if version else "An unknown Ray"
    return [
        _finding(
            "ray-unauthenticated",
            "warning",
            f"{which} in the image: whoever reaches the head's Ray port runs code in the job. "
            "Only the NetworkPolicy stands before it.",
            "token authentication came with Ray 2.52; a network policy holds only where the "
            "cluster's network enforces it",
            ("use an image with Ray 2.52 or later", {"image": "", "ray_version": "2.52.0"}),
        )
    ]


def _security(spec: JobSpec, options: Options) -> list[Finding]:
    found = []
    level = options.pod_security
    if level == "restricted" and not options.run_as_user:
        found.append(
            _finding(
                "pod-security-restricted",
                "error",
                "The namespace admits only pods that don't run as root, and vLLM's image does.",
                "Pod Security Standard 'restricted': runAsNonRoot",
                ("run as another user (the image must allow it)", {"run_as_user": 1000}),
            )
        )
    if level != "privileged" and any(task.resources.rdma for task in spec.tasks):
        found.append(
            _finding(
                "rdma-without-ipc-lock",
                "error",
                f"RDMA needs the capability IPC_LOCK, which the level {level!r} doesn't admit.",
                "pinned memory beyond RLIMIT_MEMLOCK needs CAP_IPC_LOCK; baseline and restricted "
                "list the capabilities that may be added, and this is none of them",
                ("give up RDMA", {"rdma": {}}),
                ("use a namespace of level privileged", {"pod_security": "privileged"}),
            )
        )
    volumes = sorted({v.name for t in spec.tasks for v in t.volumes if v.kind == "host-path"})
    if volumes and (level != "privileged" or not options.allow_host_path):
        found.append(
            _finding(
                "host-path-not-allowed",
                "error",
                f"Volumes that are paths of the node: {', '.join(volumes)}.",
                "hostPath needs the configuration's allow_host_path and the level privileged",
            )
        )
    if options.ingress and not options.ingress.tls_secret:
        found.append(
            _finding(
                "ingress-without-tls",
                "warning",
                f"{options.ingress.host} is served without TLS: key and conversations are readable "
                "on the way.",
                "the ingress names no certificate",
            )
        )
    return found


def _driver(spec: JobSpec) -> list[Finding]:
    from ...catalog import engines

    if not spec.ray or spec.engine is None or spec.main.resources.gpus or not spec.engine.version:
        return []
    version = engines.version_key(spec.engine.version)
    if spec.engine.engine != "vllm" or version >= engines.version_key(_DRIVER_WITHOUT_GPU):
        return []
    return [
        _finding(
            "head-without-gpu",
            "error",
            f"vLLM {spec.engine.version} needs a GPU on the node where `vllm serve` runs.",
            "'Ray does not allocate any GPUs on the driver node' (vllm#12670, #12983)",
            ("give the head GPUs like the workers", {"gpus_per_node": 1}),
        )
    ]


def _carrier(spec: JobSpec, carrier: Carrier | None) -> list[Finding]:
    if carrier == "volcano" or carrier is None or spec.nodes == 1:
        return []
    return [
        _finding(
            "no-gang",
            "info",
            f"The {spec.nodes} pods are not started as one: some may hold GPUs while others wait, "
            "until the bounded wait for nodes ends the job.",
            "only Volcano (or a queue of Kueue) starts a gang",
            ("use Volcano where it is installed", {"carrier": "volcano"}),
        )
    ]
