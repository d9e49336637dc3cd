"""A form at this installation: its ids and names, and the request that the platform's page sends."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ...errors import InputError, meant
from .client import Client
from .templates import SUBMITTED, Form


@dataclass(frozen=True)
class Names:
    """What this installation calls its data, images and resources; ids differ between them."""

    datasets: dict[str, int]
    images: tuple[str, ...]
    resources: tuple[str, ...]


def names(client: Client) -> Names:
    """Read them from the server."""
    images = (client.get("/images/available", type="custom") or {}).get("images") or []
    return Names(
        {row["name"]: row["id"] for row in client.rows("/dataset/mydataset")},
        tuple(row["imageLink"] for row in images),
        tuple(row["name"] for row in client.rows("/resources")),
    )


def adapted(form: Form, here: Names) -> Form:
    """A form of another installation with this one's ids, images and resource names.

    The last part of a mount path is taken for the name of its data set, as the platform proposes.

    Raises:
        InputError: something has no counterpart here; the nearest is the hint.
    """
    new = replace(form, content=copy.deepcopy(form.content))
    for mount in new.data["volumeMounts"]:
        if mount.get("type") != 2:
            continue
        name = mount["mountPath"].rstrip("/").rsplit("/", 1)[-1]
        if name not in here.datasets:
            raise _missing("data set or model", name, here.datasets)
        mount["datasetID"] = here.datasets[name]
        mount["subPath"] = str(here.datasets[name])
    for task in new.tasks.values():
        task["image"]["imageLink"] = image_here(task["image"]["imageLink"], here.images)
        gpu, network = task["resource"].get("gpu") or {}, task["resource"]["network"]
        for part, used in ((gpu, gpu.get("count")), (network, network.get("enabled"))):
            if used and part.get("model"):
                part["model"] = _here("resource", part["model"], here.resources)
    return new


def image_here(link: str, images: Iterable[str]) -> str:
    """The same image in this installation's registry: equal, or equal in name and tag.

    Raises:
        InputError: it is not among the available ones.
    """
    return _here("image", link, images)


def _here(what: str, name: str, known: Iterable[str]) -> str:
    known = list(known)
    if name in known:
        return name
    for other in known:
        if other.rsplit("/", 1)[-1] == name.rsplit("/", 1)[-1]:
            return other
    raise _missing(what, name, known)


def _missing(what: str, name: str, known: Iterable[str]) -> InputError:
    names = list(known)
    return InputError(
        f"This platform has no {what} {name!r} for you.",
        hint=meant(name, names, f"There are: {', '.join(names) or 'none'}."),
    )


def request_of(form: Form) -> tuple[str, dict[str, Any]]:
    """Path and body that the platform's page sends for this form.

    Raises:
        InputError: a type that isn't submitted from here, or values that the page refuses.
    """
    if form.type not in SUBMITTED:
        raise InputError(
            f"Templates of type {form.type!r} are opened on the platform's own page.",
            hint=f"From here: {', '.join(SUBMITTED)}.",
        )
    data, tasks = form.data, form.tasks
    if not 1 <= len(data["jobName"]) <= 40:
        raise InputError("The platform's job names have 1 to 40 characters.")
    rdma = {json.dumps(t["resource"]["network"], sort_keys=True) for t in tasks.values()}
    if len(rdma) > 1:
        raise InputError("The RDMA setting has to be the same on master and worker.")
    body: dict[str, Any] = {
        "name": data["jobName"],
        "volumeMounts": data["volumeMounts"],
        "envs": data["envs"],
        "forwards": data["forwards"] if form.type == "custom" else [],
        "alertEnabled": bool(data.get("alertEnabled", True)),
        "template": form.to_json(),
    }
    selector = data.get("nodeSelector") or {}
    if selector.get("enable") and selector.get("nodes"):
        operator = "NotIn" if selector.get("mode") == "exclude" else "In"
        body["selectors"] = [
            {"key": "kubernetes.io/hostname", "operator": operator, "values": selector["nodes"]}
        ]
    made = [_task_request(name, task) for name, task in tasks.items()]
    if form.type == "custom":
        body |= {k: v for k, v in made[0].items() if k not in ("name", "replicas", "ports")}
        body["cpuPinningEnabled"] = bool(data.get("cpuPinningEnabled"))
        body["scheduleType"] = data.get("scheduleType", 1)
    else:
        body["tasks"] = made
    return f"/vcjobs/{SUBMITTED[form.type]}", body


def _task_request(name: str, task: dict[str, Any]) -> dict[str, Any]:
    resource = task["resource"]
    asked = {"cpu": str(resource["cpu"]), "memory": f"{resource['memory']}Gi"}
    gpu, network = resource.get("gpu") or {}, resource["network"]
    if gpu.get("count") and gpu.get("model"):
        asked[gpu["model"]] = str(gpu["count"])
    if network.get("enabled") and network.get("model"):
        asked[network["model"]] = "1"
    for row in (resource["vgpu"].get("models") or []) if resource["vgpu"].get("enabled") else []:
        asked[row["label"]] = str(row["value"])
    made = {
        "name": name,
        "replicas": task["replicas"],
        "resource": asked,
        "image": task["image"],
        "command": task.get("command") or "",
        "workingDir": task.get("workingDir") or "/",
        "ports": task["ports"],
    }
    return made | ({"shell": task["shell"]} if task.get("shell") else {})
