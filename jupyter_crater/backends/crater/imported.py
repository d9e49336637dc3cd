"""A platform's template as one of ours: it renders to a JobSpec, so it is sized and launched alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import CraterError, NotSupported, ParameterError
from ...spec import Connect, Forward, JobSpec, Port, Provenance, Resources, Task, Volume
from .submit import MODEL_HOST
from .templates import SUBMITTED, Form


@dataclass(frozen=True)
class Imported:
    """What ``crater.launch`` takes in place of a template's id.

    Its command is somebody's shell text, so it is a *raw command*: the API parses it back into
    settings where it can (then it is sized, and our head waits for its workers), else it runs as it
    is written, on this machine only with ``raw_command=True``.
    """

    form: Form
    labels: Mapping[str, str] = field(default_factory=dict)
    """Resource name → label ("NVIDIA V100 32GB") of the platform it comes from."""

    @property
    def id(self) -> str:
        """Its job's name, as a name of ours."""
        return re.sub(r"[^a-z0-9]+", "-", self.form.data["jobName"].lower()).strip("-")[:40]

    @property
    def title(self) -> str:
        return self.form.name

    @property
    def version(self) -> str:
        return str(self.form.content["version"])

    def render(self, values: Mapping[str, Any] | None = None) -> JobSpec:
        """The job of this form; ``env`` is the one value it takes, laid over the form's own.

        Raises:
            ParameterError: another value.
            NotSupported: a form that opens an editor (Jupyter, WebIDE).
        """
        form, given = self.form, dict(values or {})
        for name in given.keys() - {"env"}:
            raise ParameterError(
                name, f"A platform's template has no parameter {name!r}.", hint="It has: env."
            )
        if form.type not in SUBMITTED:
            raise NotSupported(f"Templates of type {form.type!r} open an editor on the platform.")
        task = next(iter(form.tasks.values()))
        env = {row["name"]: row["value"] for row in form.data["envs"]} | given.get("env", {})
        forwards = form.data["forwards"] if form.type == "custom" else []
        ports = {p["port"]: p["name"] for p in [*task["ports"], *forwards]}
        main = Task(
            name="main",
            image=task["image"]["imageLink"],
            env=env,
            resources=self._resources(task["resource"]),
            ports=tuple(Port(name=name, port=port) for port, name in ports.items()),
            volumes=tuple(self._volumes()),
        )
        return JobSpec(
            kind="custom",
            title=form.name,
            tasks=(main,),
            raw_command=task.get("command") or None,
            # The tutorial's convention: its first variables say where the model answers.
            connect=Connect() if MODEL_HOST in env else None,
            forwards=tuple(Forward(name=f["name"], task="main", port=f["port"]) for f in forwards),
            provenance=Provenance(
                template=f"crater/{form.name}", version=self.version, values=given
            ),
        )

    def _resources(self, resource: dict[str, Any]) -> Resources:
        from ...catalog import gpus

        gpu, network = resource.get("gpu") or {}, resource["network"]
        name = self.labels.get(gpu.get("model") or "", gpu.get("model"))
        try:
            name = gpus.find(name).name if name and gpu.get("count") else None
        except CraterError:
            pass  # kept as the platform calls it: not sized, and found again by that name
        rdma = {network["model"]: 1} if network.get("enabled") and network.get("model") else {}
        return Resources(
            gpu=name,
            gpus=gpu.get("count") or 0,
            cpu=resource["cpu"],
            memory_gib=resource["memory"],
            rdma=rdma,
        )

    def _volumes(self) -> list[Volume]:
        """Data sets by the name that their mount path ends with: ids differ between platforms."""
        found = []
        for number, mount in enumerate(self.form.data["volumeMounts"]):
            path = mount["mountPath"].rstrip("/")
            source = mount["subPath"] if mount["type"] == 1 else path.rsplit("/", 1)[-1]
            found.append(Volume(name=f"mount-{number}", mount_path=path, source=source))
        return found
