"""One task of a JobSpec as a pod template, the same under every carrier."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...catalog import engines, gpus
from ...engines.scripts import SHM_GIB, leased
from ...errors import InputError, NotSupported
from ...spec import CONNECT_KEY, JobSpec, Resources, Task, Volume, v1
from . import record
from .options import Options
from .text import env_name, literal

RAY_TOKEN = "auth_token"  # noqa: S105 - the secret's key (KubeRay's word), not a token
PODINFO = "/etc/jupyter-crater"
LEASE_FILE = f"{PODINFO}/lease-until"


@dataclass(frozen=True, slots=True)
class Frame:
    """What a carrier decides about the pods it makes."""

    spec: JobSpec
    name: str
    options: Options
    env: dict[str, str] = field(default_factory=dict)
    """Variables of the carrier, e.g. where the head is."""
    token: bool = False
    """Whether Ray asks for a token that our secret holds."""
    own_probes: dict[str, Any] | None = None
    """Probes instead of those of the OpenAI service."""
    ports: dict[int, str] = field(default_factory=dict)
    """Ports of the head that the carrier looks for by name."""


def template(frame: Frame, task: Task, command: list[str]) -> dict[str, Any]:
    """The pod template of ``task`` running ``command`` (empty: what the image starts).

    Raises:
        InputError: a value that no pod can have, or a volume that is not allowed.
    """
    spec, options = frame.spec, frame.options
    notes = {}
    if task is spec.main and options.lease_until is not None:
        notes[record.LEASE_UNTIL] = str(options.lease_until)
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        # A Service called "vllm" would put VLLM_PORT=tcp://… into the engine's settings.
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 60,
        "containers": [_container(frame, task, command)],
        "volumes": _volumes(frame, task),
    }
    if options.priority_class:
        pod["priorityClassName"] = options.priority_class
    if options.pull_secrets:
        pod["imagePullSecrets"] = [{"name": name} for name in options.pull_secrets]
    if security := _pod_security(options):
        pod["securityContext"] = security
    pod |= _placement(task.resources, options)
    metadata: dict[str, Any] = {"labels": record.labels(spec, frame.name, options, task=task.name)}
    if notes:
        metadata["annotations"] = notes
    return {"metadata": metadata, "spec": pod}


def image_of(spec: JobSpec, task: Task, options: Options) -> str | None:
    """The task's image, else the options', else the engine entry's."""
    if task.image or options.image or spec.engine is None:
        return task.image or options.image
    return engines.find(spec.engine.engine, spec.engine.version)[0].image


def gpu_resource(resources: Resources, options: Options) -> str:
    """The extended resource that stands for this GPU type."""
    return options.gpu_resources.get(resources.gpu or "", options.gpu_resource)


def _container(frame: Frame, task: Task, command: list[str]) -> dict[str, Any]:
    spec, options = frame.spec, frame.options
    image = image_of(spec, task, options)
    if not image:
        raise InputError(
            f"Task {task.name!r} names no image.",
            hint="Set the image parameter, or an engine version that the catalog has an image for.",
        )
    container: dict[str, Any] = {"name": task.name, "image": image}
    if command:
        container["command"] = [literal(word, f"command of {task.name}") for word in command]
    container["env"] = _env(frame, task)
    if ports := _ports(frame, task):
        container["ports"] = ports
    container["resources"] = _resources(task.resources, options)
    container |= frame.own_probes if frame.own_probes is not None else probes(spec, task, options)
    container["volumeMounts"] = _mounts(spec, task)
    container["securityContext"] = _security(task.resources, options)
    return container


def _env(frame: Frame, task: Task) -> list[dict[str, Any]]:
    spec, name = frame.spec, frame.name
    address = {"valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    env: dict[str, dict[str, Any]] = {"POD_IP": address}
    if spec.engine or spec.raw_command or spec.ray:
        env["VLLM_HOST_IP"] = address
    plain = dict(frame.env)
    if leased(spec, task):
        plain |= {"CRATER_LEASE_FILE": LEASE_FILE, "CRATER_LEASE_SECONDS": str(spec.lease_seconds)}
    if spec.ray:
        plain["RAY_USAGE_STATS_ENABLED"] = "0"
    if frame.token:
        plain["RAY_AUTH_MODE"] = "token"
        env["RAY_AUTH_TOKEN"] = secret_key(name, RAY_TOKEN)
    if spec.service and spec.service.key and task.name == spec.service.task:
        env["VLLM_API_KEY"] = secret_key(name, spec.service.key)
    if spec.connect and task is spec.main:
        plain[spec.connect.env] = connect_url(spec, frame.options)
        if spec.connect.key_env not in task.secret_env:
            if spec.connect.job and spec.connect.key:
                env[spec.connect.key_env] = secret_key(spec.connect.job, spec.connect.key)
            elif spec.connect.url:
                env[spec.connect.key_env] = secret_key(name, CONNECT_KEY, optional=True)
    for key, value in (plain | task.env).items():
        what = f"environment of {task.name}"
        env[env_name(key, what)] = {"value": literal(value, f"{what}: {key}")}
    for key, secret in task.secret_env.items():
        env[env_name(key, f"secret environment of {task.name}")] = secret_key(name, secret)
    # A client's address comes first, where people look for it.
    first = spec.connect.env if spec.connect else None
    return [{"name": k, **env[k]} for k in sorted(env, key=lambda key: key != first)]


def secret_key(secret: str, key: str, *, optional: bool = False) -> dict[str, Any]:
    """A variable's value out of a secret; an optional one that isn't there leaves it unset."""
    reference: dict[str, Any] = {"name": secret, "key": key}
    return {"valueFrom": {"secretKeyRef": reference | ({"optional": True} if optional else {})}}


def connect_url(spec: JobSpec, options: Options) -> str:
    """The address that a client job is given: ends in exactly one ``/v1``.

    Raises:
        InputError: the spec names neither a job nor an address.
    """
    connect = spec.connect
    base = connect and (options.connect_url or connect.url)
    if connect and connect.job and not base:
        base = f"http://{connect.job}-api:{connect.port or 8000}"
    if not base:
        raise InputError(
            "A client job needs something to connect to.", hint="Give connect=JOB or an address."
        )
    return v1(base)


def _ports(frame: Frame, task: Task) -> list[dict[str, Any]]:
    spec, found = frame.spec, dict(frame.ports if task.name == "head" else {})
    if spec.service and spec.service.task == task.name:
        found[spec.service.port] = "api"
    if spec.ray and task.name == "head":
        found.setdefault(spec.ray.port, "gcs-server")  # KubeRay's word
    numbers = [p.port for p in task.ports] + [f.port for f in spec.forwards if f.task == task.name]
    for number in numbers:
        found.setdefault(number, f"port-{number}")
    return [{"name": name, "containerPort": port} for port, name in found.items()]


def gib(size: float) -> str:
    """A Kubernetes quantity: whole GiB as ``Gi``, else MiB rounded up."""
    return f"{int(size)}Gi" if size == int(size) else f"{-int(-size * 1024 // 1)}Mi"


def _resources(resources: Resources, options: Options) -> dict[str, Any]:
    wanted: dict[str, str] = {}
    if resources.cpu:
        wanted["cpu"] = f"{resources.cpu:g}"
    if resources.memory_gib:
        wanted["memory"] = gib(resources.memory_gib)
    if resources.gpus:
        wanted[gpu_resource(resources, options)] = str(resources.gpus)
    wanted |= {key: str(count) for key, count in resources.rdma.items()}
    # Equal requests and limits: nobody else's burst evicts a pod of a gang.
    return {"requests": wanted, "limits": dict(wanted)} if wanted else {}


def probes(spec: JobSpec, task: Task, options: Options) -> dict[str, Any]:
    """Ready when the service answers. No liveness: a busy engine is not a dead one, and the start
    script ends with the engine."""
    service = spec.service
    if service and service.task == task.name:
        return wait_for({"httpGet": {"path": "/health", "port": service.port}}, options)
    if ports := [f.port for f in spec.forwards if f.task == task.name]:
        # No start-up probe: nobody said that the task must ever listen.
        return {"readinessProbe": {"tcpSocket": {"port": ports[0]}} | _READY}
    return {}


_READY = {"periodSeconds": 5, "timeoutSeconds": 5, "failureThreshold": 3}


def wait_for(ask: dict[str, Any], options: Options) -> dict[str, Any]:
    tries = -(-options.startup_seconds // 10)
    patient = {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": tries}
    return {"startupProbe": ask | patient, "readinessProbe": ask | _READY}


def _volumes(frame: Frame, task: Task) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [_volume(volume, frame.options) for volume in task.volumes]
    if size := _shm(frame.spec, task):
        found.append({"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": gib(size)}})
    if leased(frame.spec, task):
        field_ref = {"fieldPath": f"metadata.annotations['{record.LEASE_UNTIL}']"}
        items = [{"path": "lease-until", "fieldRef": field_ref}]
        found.append({"name": "podinfo", "downwardAPI": {"items": items}})
    return found


def _volume(volume: Volume, options: Options) -> dict[str, Any]:
    if volume.kind == "empty-dir":
        return {"name": volume.name, "emptyDir": {}}
    if not volume.source:
        raise InputError(f"Volume {volume.name!r} ({volume.kind}) names no source.")
    if volume.kind == "claim":
        claim = {"claimName": volume.source, "readOnly": volume.read_only}
        return {"name": volume.name, "persistentVolumeClaim": claim}
    if not options.allow_host_path:
        raise NotSupported(
            f"Volume {volume.name!r} is a path of the node ({volume.source}), which this cluster's "
            "configuration does not allow.",
            hint="Use a claim (PVC), or set allow_host_path where the cluster's rules permit it.",
        )
    return {"name": volume.name, "hostPath": {"path": volume.source, "type": "Directory"}}


def _mounts(spec: JobSpec, task: Task) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for volume in task.volumes:
        mount: dict[str, Any] = {"name": volume.name, "mountPath": volume.mount_path}
        if volume.sub_path:
            mount["subPath"] = volume.sub_path
        if volume.read_only and volume.kind != "empty-dir":
            mount["readOnly"] = True
        found.append(mount)
    if _shm(spec, task):
        found.append({"name": "shm", "mountPath": "/dev/shm"})  # noqa: S108 - shared memory
    if leased(spec, task):
        found.append({"name": "podinfo", "mountPath": PODINFO, "readOnly": True})
    return found


def _shm(spec: JobSpec, task: Task) -> float | None:
    needed = spec.ray is not None or task.resources.gpus > 0
    return task.resources.shm_gib or (SHM_GIB if needed else None)


def _placement(resources: Resources, options: Options) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if options.node_selector:
        found["nodeSelector"] = dict(options.node_selector)
    tolerations = list(options.tolerations)
    if resources.gpus:
        resource = gpu_resource(resources, options)
        tolerations.append({"key": resource, "operator": "Exists", "effect": "NoSchedule"})
        if resources.gpu and resources.gpu not in options.gpu_resources:
            found["affinity"] = {"nodeAffinity": _gpu_nodes(resources.gpu)}
    if tolerations:
        found["tolerations"] = tolerations
    return found


def _gpu_nodes(gpu: str) -> dict[str, Any]:
    card = gpus.find(gpu)
    same = [
        other.smi_name.replace(" ", "-")
        for other in gpus.all()
        if other.families == card.families and other.nominal_gb == card.nominal_gb
    ]
    products = sorted({card.smi_name.replace(" ", "-"), *same} - {""}) or [record.label(gpu)]
    term = {"key": "nvidia.com/gpu.product", "operator": "In", "values": products}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [term]}]}
    return {"requiredDuringSchedulingIgnoredDuringExecution": terms}


def _pod_security(options: Options) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if options.run_as_user is not None:
        found = {"runAsUser": options.run_as_user, "fsGroup": options.run_as_user}
    if options.pod_security == "restricted":
        found |= {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    return found


def _security(resources: Resources, options: Options) -> dict[str, Any]:
    found: dict[str, Any] = {"allowPrivilegeEscalation": False}
    if options.pod_security == "restricted":
        found["capabilities"] = {"drop": ["ALL"]}
    elif resources.rdma and options.pod_security == "privileged":
        # RDMA pins memory; container runtimes limit that to 64 KiB without the capability.
        found["capabilities"] = {"add": ["IPC_LOCK"]}
    return found
