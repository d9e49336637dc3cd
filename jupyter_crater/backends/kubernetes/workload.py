"""The workload itself, once for each carrier: Volcano Job, KubeRay RayJob, Indexed Job."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...catalog import engines
from ...engines import scripts, start_command
from ...errors import InputError, NotSupported
from ...spec import JobSpec, Task
from . import pod, record
from .options import Options

QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
DASHBOARD = 8265
# The raylet's health is told by the node's dashboard agent, the head's also by the dashboard.
_AGENT = 52365
RAY_TOKEN_SINCE = (2, 52)
ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - inside a pod; the NetworkPolicy says who reaches it


def ray_version(spec: JobSpec, options: Options) -> str | None:
    """Ray in the job's image, as far as the options or the engine entry of that image know."""
    if options.ray_version or spec.engine is None:
        return options.ray_version
    entry, _ = engines.find(spec.engine.engine, spec.engine.version)
    return entry.ray if pod.image_of(spec, spec.main, options) == entry.image else None


def has_token(version: str | None) -> bool:
    """Whether that Ray has token authentication (since 2.52)."""
    if version is None:
        return False
    try:
        return tuple(int(n) for n in version.split(".")[:2]) >= RAY_TOKEN_SINCE
    except ValueError as error:
        raise InputError(
            f"{version!r} is no Ray version.", hint='Write it like "2.54.0".'
        ) from error


def workload(carrier: str, spec: JobSpec, name: str, options: Options) -> dict[str, Any]:
    """The object that runs the job. A job without Ray gains nothing from KubeRay (and its image
    has none): it becomes a Job there, too."""
    if carrier == "volcano":
        return _volcano(spec, name, options)
    if carrier == "kuberay" and spec.ray:
        return _kuberay(spec, name, options)
    return _indexed(spec, name, options)


def head_labels(document: dict[str, Any], name: str, spec: JobSpec) -> dict[str, str]:
    """Labels that the pod of the service (or of the main task) has and no other."""
    if document["apiVersion"] == "batch/v1" and spec.ray:
        return {record.JOB: name, "batch.kubernetes.io/job-completion-index": "0"}
    return {record.JOB: name, record.TASK: spec.service.task if spec.service else spec.main.name}


def _frame(spec: JobSpec, name: str, options: Options, head: str) -> pod.Frame:
    token = bool(spec.ray) and has_token(ray_version(spec, options))
    return pod.Frame(
        spec, name, options, env={"CRATER_HEAD": head} if spec.ray else {}, token=token
    )


def in_pod(spec: JobSpec, task: Task) -> tuple[str, ...]:
    """The start command as it runs in a pod: engines listen on every address, the NetworkPolicy
    says who reaches them.

    Raises:
        InputError: nothing to run.
    """
    command = tuple(task.command)
    main = task is spec.main
    if main and not command and spec.engine:
        command = tuple(start_command(spec.engine))
    elif main and not command and spec.raw_command:
        command = ("/bin/sh", "-c", spec.raw_command)
    if not command:
        raise InputError(
            f"Task {task.name!r} has no command, and its lease or its nodes need a start script.",
            hint="Give the command that the image starts by itself.",
        )
    if not main or spec.engine is None:
        return command
    kept: list[str] = []
    words = iter(command)
    for word in words:
        if word == "--host":
            next(words, None)
        elif not word.startswith("--host="):
            kept.append(word)
    return (*kept, "--host", ANY_ADDRESS)


def _shell(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


def _command(spec: JobSpec, task: Task) -> list[str]:
    """A task beside Ray: under the script where it serves or has a lease, else as it is."""
    known = task.command or spec.engine or spec.raw_command
    if task is spec.main and known and (spec.service or spec.lease_seconds or not task.command):
        return _shell(scripts.task_script(spec, task, in_pod(spec, task)))
    return list(task.command)


def _metadata(spec: JobSpec, name: str, options: Options) -> dict[str, Any]:
    return {
        "name": name,
        "labels": record.labels(spec, name, options),
        "annotations": record.notes(spec, options),
    }


def _volcano(spec: JobSpec, name: str, options: Options) -> dict[str, Any]:
    frame = _frame(spec, name, options, f"{name}-head-0.{name}")
    names = [f"{name}-{task.name}-{index}" for task in spec.tasks for index in range(task.replicas)]
    tasks = []
    for task in spec.tasks:
        if not spec.ray:
            command = _command(spec, task)
        elif task is spec.main:
            command = _shell(scripts.head_script(spec, in_pod(spec, task), names=names))
        else:
            command = _shell(scripts.worker_script(spec, task))
        one: dict[str, Any] = {
            "name": task.name,
            "replicas": task.replicas,
            "minAvailable": task.replicas,
            "template": pod.template(frame, task, command),
        }
        if task is spec.main:
            # Workers never end by themselves: the job is complete when its head is.
            one["policies"] = [{"event": "TaskCompleted", "action": "CompleteJob"}]
        tasks.append(one)
    # Terminate, not abort: an aborted job can be resumed, and abort is what `stop` asks for.
    action = "RestartJob" if spec.max_restarts else "TerminateJob"
    body: dict[str, Any] = {
        "schedulerName": "volcano",
        "queue": options.queue or "default",
        "minAvailable": spec.nodes,
        # The count is taken before the restart, and 0 means 3 to the webhook.
        "maxRetry": spec.max_restarts + 1,
        "plugins": {
            "svc": ["--publish-not-ready-addresses=true", "--disable-network-policy=true"],
            "env": [],
        },
        "policies": [{"events": ["PodFailed", "PodEvicted"], "action": action}],
        "tasks": tasks,
    }
    if options.priority_class:
        body["priorityClassName"] = options.priority_class
    return {
        "apiVersion": "batch.volcano.sh/v1alpha1",
        "kind": "Job",
        "metadata": _metadata(spec, name, options),
        "spec": body,
    }


def _kuberay(spec: JobSpec, name: str, options: Options) -> dict[str, Any]:
    assert spec.ray is not None
    version = ray_version(spec, options)
    groups = []
    for task in spec.tasks:
        frame = pod.Frame(
            spec,
            name,
            options,
            own_probes=_ray_probes(options, head=task is spec.main),
            # The operator lists only these on the head's Service, and asks the dashboard for jobs.
            ports={DASHBOARD: "dashboard"},
        )
        template = pod.template(frame, task, [])
        params = {"node-ip-address": "$POD_IP"} | scripts.ray_flags(task.resources)
        if task is spec.main:
            params |= {"port": str(spec.ray.port)}
            head = {"rayStartParams": params, "template": template}
        else:
            groups.append(
                {
                    "groupName": task.name,
                    "replicas": task.replicas,
                    "minReplicas": task.replicas,
                    "maxReplicas": task.replicas,
                    "rayStartParams": params,
                    "template": template,
                }
            )
    cluster: dict[str, Any] = {"headGroupSpec": head, "workerGroupSpecs": groups}
    if version:
        cluster["rayVersion"] = version
    if has_token(version):
        # The operator makes the token and hands it to every pod of the cluster it makes.
        cluster["authOptions"] = {"mode": "token"}
    metadata = _metadata(spec, name, options)
    if options.queue:
        metadata["labels"][QUEUE_LABEL] = options.queue
    # The pods' own names are random: these are for counting.
    names = [f"{task.name}-{index}" for task in spec.tasks for index in range(task.replicas)]
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayJob",
        "metadata": metadata,
        "spec": {
            # The operator posts the text to Ray, which gives it to one shell. The other modes pass
            # it through two more, which older Ray versions quote wrongly.
            "submissionMode": "HTTPMode",
            "entrypoint": scripts.job_script(spec, in_pod(spec, spec.main), names=names),
            "backoffLimit": spec.max_restarts,
            "shutdownAfterJobFinishes": True,
            "ttlSecondsAfterFinished": options.finished_seconds,
            # Counts the head's own start as well, images included.
            "preRunningDeadlineSeconds": spec.ray.wait_seconds + 600,
            "rayClusterSpec": cluster,
        },
    }


def _ray_probes(options: Options, *, head: bool) -> dict[str, Any]:
    """Ready when Ray is: the operator starts the entrypoint only once every pod is ready. Its own
    probes need wget in the image (kuberay#2063); these need python, which Ray needs as well."""
    urls = [f"http://localhost:{_AGENT}/api/local_raylet_healthz"]
    if head:
        urls.append(f"http://localhost:{DASHBOARD}/api/gcs_healthz")
    code = "import sys, urllib.request as u; [u.urlopen(x, timeout=4).read() for x in sys.argv[1:]]"
    ask = {"exec": {"command": ["python3", "-c", code, *urls]}}
    slow = {"periodSeconds": 10, "timeoutSeconds": 10, "failureThreshold": 120}
    return {
        "startupProbe": ask | slow,
        "readinessProbe": ask | {"periodSeconds": 10, "timeoutSeconds": 10, "failureThreshold": 3},
        "livenessProbe": ask | slow,
    }


def _indexed(spec: JobSpec, name: str, options: Options) -> dict[str, Any]:
    if spec.max_restarts:
        raise NotSupported(
            "A Kubernetes Job restarts pods one by one; a Ray job must restart as a whole.",
            hint="Set max_restarts to 0, or use the carrier volcano or kuberay.",
        )
    main = spec.main
    frame = _frame(spec, name, options, f"{name}-0.{name}")
    if not spec.ray:
        if len(spec.tasks) > 1:
            raise NotSupported(
                "A Kubernetes Job has one pod template: several tasks without Ray don't fit in.",
                hint="Use the carrier volcano.",
            )
        template = pod.template(frame, main, _command(spec, main))
    else:
        names = [f"{name}-{index}" for index in range(spec.nodes)]
        script = scripts.head_script(spec, in_pod(spec, main), names=names)
        if workers := [task for task in spec.tasks if task is not main]:
            _same(main, workers)
            script = scripts.by_index(script, scripts.worker_script(spec, workers[0]))
            frame = replace(frame, own_probes=_head_probes(spec, options))
        template = pod.template(frame, main, _shell(script))
        template["metadata"]["labels"].pop(record.TASK)
        template["metadata"]["labels"].pop("app.kubernetes.io/component")
    template["spec"]["subdomain"] = name
    metadata = _metadata(spec, name, options)
    if options.queue:
        metadata["labels"][QUEUE_LABEL] = options.queue
    body: dict[str, Any] = {
        "completionMode": "Indexed",
        "completions": spec.nodes,
        "parallelism": spec.nodes,
        "backoffLimit": 0,
        "template": template,
    }
    if spec.ray:
        # Done when the head is: workers would wait for a head that has left for good.
        body["successPolicy"] = {"rules": [{"succeededIndexes": "0"}]}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": body}


def _same(head: Task, workers: list[Task]) -> None:
    for task in workers:
        for what in ("image", "env", "resources", "volumes"):
            if getattr(task, what) != getattr(head, what):
                raise NotSupported(
                    f"A Kubernetes Job has one pod template, but {task.name!r} and {head.name!r} "
                    f"differ in {what}.",
                    hint="Make them equal, or use the carrier volcano or kuberay.",
                )


def _head_probes(spec: JobSpec, options: Options) -> dict[str, Any]:
    """All indexes share the template: only the head is asked for its service."""
    if not spec.service:
        return {}
    url = f"http://localhost:{spec.service.port}/health"
    code = (
        "import os, sys, urllib.request as u; "
        "os.environ['JOB_COMPLETION_INDEX'] == '0' and u.urlopen(sys.argv[1], timeout=4).read()"
    )
    return pod.wait_for({"exec": {"command": ["python3", "-c", code, url]}}, options)
