"""A JobSpec as a form of the platform, and its creation, exactly once.

The form's JSON is stored with the job word for word; our record of the job stands in it under
``jupyter_crater``, which the platform's pages ignore. So a job can be cloned there, and found here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx

from ...catalog import engines, gpus
from ...engines import start_command
from ...engines.scripts import head_script, task_script, worker_script
from ...errors import (
    BackendError,
    CraterError,
    InputError,
    NotSupported,
)
from ...spec import NEW_SECRET, SCHEMA, JobSpec, Resources, Task, Volume
from . import templates
from .request import Names, image_here
from .templates import Form

RECORD = "jupyter_crater"
MOUNT = "/jupyter-crater"
FOLDER = "user/.jupyter-crater"
API_KEY, CLIENT_KEY, RAY_TOKEN = "api-key", "client-key", "ray-token"
MODEL_HOST, MODEL_PORT = "CRATER_MODEL_IP", "CRATER_MODEL_PORT"
"""Variables of the platform's Open WebUI template; the platform itself knows nothing of them."""

# What Volcano's pytorch plugin sets counts pods, vLLM reads it as ranks; its MASTER_ADDR is
# <job>-master-0.<job>, which names every pod of the job.
_RAY = """\
export CRATER_HEAD="$MASTER_ADDR"
POD_IP=$(python3 -c 'import socket; print(socket.gethostbyname(socket.gethostname()))') || exit 1
export POD_IP VLLM_HOST_IP="$POD_IP"
unset RANK WORLD_SIZE MASTER_PORT
"""
_FROM_FILE = """\
{name}=$(cat {file}) && [ -n "${name}" ] || {{ echo "jupyter-crater: {file} can't be read" >&2; exit 1; }}
export {name}
"""


@dataclass(frozen=True)
class Target:
    """The engine that a client talks to."""

    url: str
    key: str | None


@dataclass
class Plan:
    """What will be created: the form, and the files that it mounts from the user's storage."""

    form: Form
    files: dict[str, str] = field(default_factory=dict, repr=False)


def plan(
    spec: JobSpec,
    name: str,
    here: Names,
    resources: list[dict[str, Any]],
    *,
    keyed: bool = True,
    target: Target | None = None,
) -> Plan:
    """The form that runs ``spec`` at this installation.

    Args:
        keyed: False where the user's storage can't be written: the engine is open then.

    Raises:
        InputError: no image, data or GPU of that name here; nothing was created.
        NotSupported: volumes or secrets that the platform has no way for.
    """
    if len(name) > 40:
        raise InputError(f"{name!r} is too long: the platform's job names have 1 to 40 characters.")
    number = new_id()
    made = Plan(Form(name, {"version": templates.VERSION, "type": "custom", "data": {}}))
    exports = _exports(spec, made, keyed=keyed, target=target)
    # The address comes first, where people look for it.
    env: dict[str, str] = {spec.connect.env: target.url} if target and spec.connect else {}
    for task in reversed(spec.tasks):  # the head's win: variables are job-wide here
        env |= task.env
    if spec.lease_seconds:
        env["CRATER_LEASE_SECONDS"] = str(spec.lease_seconds)
    if target and spec.connect:
        env[spec.connect.env] = target.url
        if MODEL_HOST in env:
            address = httpx.URL(target.url)
            env[MODEL_HOST], env[MODEL_PORT] = address.host, str(address.port or 80)
    distributed = len(spec.tasks) > 1
    made.form.content["type"] = "pytorch" if distributed else "custom"
    mounts = _mounts(spec, here)
    if made.files:
        folder = f"{FOLDER}/{number}"
        mounts.append({"type": 1, "subPath": folder, "mountPath": MOUNT})
    data: dict[str, Any] = {
        "jobName": name,
        "envs": [{"name": k, "value": v} for k, v in env.items() if v],
        "volumeMounts": mounts,
        "forwards": [],
        "alertEnabled": False,
        "nodeSelector": {"enable": False, "mode": "include", "nodes": []},
    }
    if distributed:
        if [t.name for t in spec.tasks] != ["head", "worker"] or not spec.ray:
            raise NotSupported("On Crater a job of several tasks is a Ray head and its workers.")
        # Forwards made with such a job would balance over all pods: the head's is made later.
        data["ps"] = _task(spec, spec.tasks[0], "master", exports, here, resources)
        data["worker"] = _task(spec, spec.tasks[1], "worker", exports, here, resources)
    else:
        data["task"] = _task(spec, spec.main, "training", exports, here, resources)
        data["task"]["shell"] = "sh"
        data["cpuPinningEnabled"], data["scheduleType"] = False, 1
        if spec.service is None:  # an engine is exposed on demand, and only with a key
            data["forwards"] = [{"name": letters(f.name), "port": f.port} for f in spec.forwards]
    made.form.content["data"] = data
    made.form.content[RECORD] = {
        "schema": SCHEMA,
        "id": number,
        "name": name,
        "open": spec.service is not None and API_KEY not in made.files,
        "spec": spec.to_json(),
    }
    return made


def _exports(spec: JobSpec, made: Plan, *, keyed: bool, target: Target | None) -> str:
    """Shell lines that put secrets of mounted files into the environment; nowhere else they are."""
    wanted: dict[str, str] = {}
    if spec.service and spec.service.key and keyed:
        made.files[API_KEY] = secrets.token_urlsafe(32)
        wanted["VLLM_API_KEY"] = API_KEY
    if spec.ray and keyed:
        made.files[RAY_TOKEN] = secrets.token_hex(32)
        wanted["RAY_AUTH_TOKEN"] = RAY_TOKEN
    if target and target.key and spec.connect:
        if not keyed:
            raise BackendError("The key of that engine can't be handed over: no storage to mount.")
        made.files[CLIENT_KEY] = target.key
        wanted[spec.connect.key_env] = CLIENT_KEY
    for task in spec.tasks:
        for variable, key in task.secret_env.items():
            if key.startswith(NEW_SECRET) and keyed:
                made.files[key] = secrets.token_urlsafe(32)
            if key not in made.files:
                raise NotSupported(
                    f"{variable}: this backend has no secret {key!r}.",
                    hint="Put the value into a file of your storage and read it in the command.",
                )
            wanted[variable] = key
    text = "".join(_FROM_FILE.format(name=n, file=f"{MOUNT}/{f}") for n, f in wanted.items())
    return text + ("export RAY_AUTH_MODE=token\n" if "RAY_AUTH_TOKEN" in wanted else "")


def _task(
    spec: JobSpec,
    task: Task,
    name: str,
    exports: str,
    here: Names,
    resources: list[dict[str, Any]],
) -> dict[str, Any]:
    image = task.image
    if not image and spec.engine:
        image = engines.find(spec.engine.engine, spec.engine.version)[0].image
    if not image:
        raise InputError(f"Task {task.name!r} names no image.", hint="Set the image parameter.")
    return {
        "taskName": name,
        "replicas": task.replicas,
        "resource": _resource(task.resources, resources),
        "image": {"imageLink": image_here(image, here.images), "archs": ["linux/amd64"]},
        "command": exports + _script(spec, task),
        "workingDir": "/",
        "ports": [{"name": letters(p.name), "port": p.port} for p in task.ports],
    }


def _script(spec: JobSpec, task: Task) -> str:
    if task is not spec.main:
        return _RAY + worker_script(spec, task)
    command = list(task.command)
    if not command and spec.engine:
        command = [*start_command(spec.engine.model_copy(update={"host": "0.0.0.0"}))]  # noqa: S104 - a pod's network; /v1 asks for the key
    elif not command and spec.raw_command:
        command = ["/bin/sh", "-c", spec.raw_command]
    if not command:
        raise InputError("There is no start command.", hint="Set the command parameter.")
    if spec.ray is None:
        return task_script(spec, task, command)
    hosts = ["@HEAD@", *(f"@WORKER@{n}" for t in spec.tasks[1:] for n in range(t.replicas))]
    text = head_script(spec, command, names=hosts)
    # The job's name is made by the server: the pods' names are known only inside.
    text = text.replace("@HEAD@", '"$(uname -n)"')
    return _RAY + text.replace("@WORKER@", '"${MASTER_ADDR#*.}"-worker-')


def new_id() -> str:
    """A mark by which a job is known again, whatever the server called it."""
    return secrets.token_hex(6)


def _resource(wanted: Resources, rows: list[dict[str, Any]]) -> dict[str, Any]:
    gpu: dict[str, Any] = {"count": 0}
    if wanted.gpus:
        gpu = {"count": wanted.gpus, "model": gpu_resource(wanted.gpu, rows)}
    rdma = next(iter(wanted.rdma), None)
    network = {"enabled": True, "model": rdma} if rdma else {"enabled": False}
    return {
        "cpu": max(1, round(wanted.cpu or 1)),
        "memory": max(1, round(wanted.memory_gib or 1)),
        "gpu": gpu,
        "network": network,
        "vgpu": {"enabled": False},
    }


def gpu_resource(gpu: str | None, rows: list[dict[str, Any]]) -> str:
    """The platform's resource for a GPU type, told by its label ("NVIDIA V100 32GB").

    Raises:
        InputError: there is none; those of the platform are listed.
    """
    found = [row for row in rows if row.get("type") in ("gpu", None)]
    if gpu is None and len(found) == 1:
        return str(found[0]["name"])
    for row in found:
        if gpu and (row["name"] == gpu or _same_gpu(gpu, row.get("label") or row["name"])):
            return str(row["name"])
    labels = ", ".join(row.get("label") or row["name"] for row in found)
    raise InputError(
        f"This platform has no GPU {gpu!r}." if gpu else "Several GPU types: which one?",
        hint=f"There are: {labels or 'none'}.",
    )


def _same_gpu(gpu: str, label: str) -> bool:
    try:
        return gpus.find(gpu).name == gpus.find(label).name
    except CraterError:
        return False


def _mounts(spec: JobSpec, here: Names) -> list[dict[str, Any]]:
    volumes = {v.mount_path: v for task in spec.tasks for v in task.volumes}
    mounts = [_mount(v, here) for v in volumes.values() if v.kind != "empty-dir"]
    model = spec.engine.model if spec.engine else ""
    covered = any(model == p or model.startswith(f"{p.rstrip('/')}/") for p in volumes)
    if model.startswith("/") and not covered:
        # The platform's models are mounted by name: the folder's name is the model's.
        name = model.rstrip("/").rsplit("/", 1)[-1]
        mounts.append(_dataset(name, model.rstrip("/"), here))
    return mounts


def _mount(volume: Volume, here: Names) -> dict[str, Any]:
    source = "/".join(filter(None, (volume.source, volume.sub_path)))
    if volume.kind != "claim" or not source:
        raise NotSupported(f"Volume {volume.name!r}: Crater mounts its storage and data sets only.")
    if source.split("/")[0] in ("user", "account", "public"):
        return {"type": 1, "subPath": source, "mountPath": volume.mount_path}
    return _dataset(source, volume.mount_path, here)


def _dataset(name: str, path: str, here: Names) -> dict[str, Any]:
    if name not in here.datasets:
        known = ", ".join(here.datasets) or "none"
        raise InputError(
            f"This platform has no data set or model {name!r} for you.",
            hint=f"There are: {known}. A folder is mounted by user/…, account/… or public/….",
        )
    number = here.datasets[name]
    return {"type": 2, "datasetID": number, "subPath": str(number), "mountPath": path}


def letters(name: str) -> str:
    """The platform's rule of forward names: 1-20 small letters."""
    return "".join(c for c in name.lower() if c.isascii() and c.isalpha())[:20] or "port"
