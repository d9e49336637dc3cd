"""The refusals of a cluster, known before it is asked: names, references and admission rules.

Rules read from volcano-sh/volcano ed72c7c81 (webhooks/admission/jobs, the CRD's validations),
ray-project/kuberay feeaf72fa (utils/validation.go) and Kubernetes' API validation. The schemas
themselves (fields and their types) are the tests' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .record import ANNOTATIONS_LIMIT

VOLCANO_EVENTS = frozenset(
    {
        "*",
        "PodFailed",
        "PodEvicted",
        "PodPending",
        "Unknown",
        "TaskCompleted",
        "TaskFailed",
        "JobUpdated",
    }
)
VOLCANO_ACTIONS = frozenset(
    {
        "AbortJob",
        "RestartJob",
        "RestartTask",
        "RestartPod",
        "RestartPartition",
        "TerminateJob",
        "CompleteJob",
        "ResumeJob",
    }
)
VOLCANO_PLUGINS = frozenset(
    {"ssh", "env", "svc", "tensorflow", "mpi", "pytorch", "hcclrank", "ray"}
)
# KubeRay appends to the names of what it makes: MaxRayJobNameLength.
RAYJOB_NAME = 47
RAY_TOKEN_SINCE = (2, 52, 0)

_DNS_1123 = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_KEY = re.compile(r"(?:([^/]*)/)?([A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)")
_SECRET_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_QUANTITY = re.compile(r"\d+(\.\d+)?(m|[kMGTPE]|[KMGTPE]i)?")
_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")

Queues = Mapping[str, Mapping[str, Any]]


def check(documents: Iterable[Mapping[str, Any]], *, queues: Queues | None = None) -> list[str]:
    """What a cluster would refuse, in words; empty for documents that it takes.

    Args:
        queues: Volcano's queues by name, as objects (``spec``, ``status``); None: not known.
    """
    return [
        f"{document.get('kind')} {_name(document)}: {problem}"
        for document in documents
        for problem in _document(document, queues)
    ]


def _name(document: Mapping[str, Any]) -> str:
    return str((document.get("metadata") or {}).get("name", ""))


def _document(document: Mapping[str, Any], queues: Queues | None) -> Iterator[str]:
    meta, name, spec = document.get("metadata") or {}, _name(document), document.get("spec") or {}
    yield from _metadata(meta)
    kind = (document.get("apiVersion"), document.get("kind"))
    if kind == ("batch.volcano.sh/v1alpha1", "Job"):
        yield from _volcano(name, spec, queues)
    elif kind == ("ray.io/v1", "RayJob"):
        yield from _rayjob(name, spec)
    elif kind == ("batch/v1", "Job"):
        yield from _job(name, spec)
    elif kind == ("v1", "Service"):
        yield from _label_name(name, "a Service", _DNS_1035)
        yield from _ports(spec.get("ports") or [], "port")
    elif kind == ("v1", "Secret"):
        for key in [*(document.get("data") or {}), *(document.get("stringData") or {})]:
            if not _SECRET_KEY.fullmatch(key):
                yield f"{key!r} can't be a key of a Secret"


def _metadata(meta: Mapping[str, Any]) -> Iterator[str]:
    name = meta.get("name", "")
    if len(name) > 253 or not _SUBDOMAIN.fullmatch(name):
        yield f"name {name!r} is not a DNS-1123 subdomain"
    if (namespace := meta.get("namespace")) is not None:
        yield from _label_name(namespace, "a namespace", _DNS_1123)
    yield from _labels(meta.get("labels") or {}, "label")
    notes = meta.get("annotations") or {}
    for key in notes:
        yield from _key(key, "annotation")
    if sum(len(k.encode()) + len(v.encode()) for k, v in notes.items()) > ANNOTATIONS_LIMIT:
        yield f"annotations are larger than {ANNOTATIONS_LIMIT} bytes"


def _labels(labels: Mapping[str, str], what: str) -> Iterator[str]:
    for key, value in labels.items():
        yield from _key(key, what)
        if len(value) > 63 or not _LABEL.fullmatch(value):
            yield f"{what} {key}: {value!r} is not a label value"


def _key(key: str, what: str) -> Iterator[str]:
    match = _KEY.fullmatch(key)
    prefix = match[1] if match else None
    wrong = prefix is not None and (len(prefix) > 253 or not _SUBDOMAIN.fullmatch(prefix))
    if not match or len(match[2]) > 63 or wrong:
        yield f"{key!r} is not a {what} key"


def _label_name(name: str, what: str, pattern: re.Pattern[str]) -> Iterator[str]:
    if len(name) > 63:
        yield f"{name!r} is too long for {what}: {len(name)} characters, at most 63"
    elif not pattern.fullmatch(name):
        rule = "DNS-1035 (begins with a letter)" if pattern is _DNS_1035 else "DNS-1123"
        yield f"{name!r} is no name of {what}: {rule}"


def _volcano(name: str, spec: Mapping[str, Any], queues: Queues | None) -> Iterator[str]:
    tasks = spec.get("tasks") or []
    if not tasks:
        yield "no task"
    plugins = spec.get("plugins") or {}
    # The plugin svc makes a Service of the job's name.
    yield from _label_name(name, "a job", _DNS_1035 if "svc" in plugins else _DNS_1123)
    seen: set[str] = set()
    for task in tasks:
        task_name, replicas = task.get("name", ""), task.get("replicas", 0)
        if task_name in seen:
            yield f"two tasks of one name: {task_name!r}"
        seen.add(task_name)
        yield from _label_name(task_name, "a task", _DNS_1123)
        if (least := task.get("minAvailable")) is not None and least > replicas:
            yield f"task {task_name}: minAvailable {least} is greater than replicas {replicas}"
        yield from _label_name(f"{name}-{task_name}-{max(0, replicas - 1)}", "a pod", _DNS_1123)
        yield from _policies(task.get("policies") or [], f"task {task_name}")
        yield from _template(task.get("template") or {}, f"task {task_name}")
    total = sum(task.get("replicas", 0) for task in tasks)
    if spec.get("minAvailable", 0) > total:
        yield f"minAvailable {spec['minAvailable']} is greater than all replicas ({total})"
    yield from _policies(spec.get("policies") or [], "job")
    for plugin in plugins:
        if plugin not in VOLCANO_PLUGINS:
            yield f"unknown plugin {plugin!r}"
    yield from _order({t.get("name"): (t.get("dependsOn") or {}).get("name", []) for t in tasks})
    yield from _queue(spec.get("queue") or "default", queues)


def _policies(policies: list[Mapping[str, Any]], where: str) -> Iterator[str]:
    seen: set[Any] = set()
    for policy in policies:
        events = {*policy.get("events", []), policy.get("event")} - {None, ""}
        code = policy.get("exitCode")
        if bool(events) == (code is not None):
            yield f"{where}: a policy names either events or an exit code"
        if code == 0:
            yield f"{where}: 0 is no exit code of a failure"
        for event in sorted(events - VOLCANO_EVENTS):
            yield f"{where}: unknown event {event!r}"
        if events and policy.get("action") not in VOLCANO_ACTIONS:
            yield f"{where}: unknown action {policy.get('action')!r}"
        keys = events | ({code} if code is not None else set())
        for key in sorted(map(str, keys & seen)):
            yield f"{where}: two policies for {key}"
        seen |= keys
    if "*" in seen and len({key for key in seen if isinstance(key, str)}) > 1:
        yield f"{where}: the event '*' leaves no room for others"


def _order(after: Mapping[str, list[str]]) -> Iterator[str]:
    left = {task: {t for t in names if t in after} for task, names in after.items()}
    while ready := [task for task, names in left.items() if not names]:
        left = {t: names - set(ready) for t, names in left.items() if t not in ready}
    if left:
        yield f"dependsOn goes in a circle: {', '.join(sorted(left))}"


def _queue(name: str, queues: Queues | None) -> Iterator[str]:
    if name == "root":
        yield "no job may be in the queue 'root'"
    if queues is None:
        return
    if name not in queues:
        yield f"unknown queue {name!r}; there are {', '.join(sorted(queues))}"
        return
    state = (queues[name].get("status") or {}).get("state")
    if state != "Open":
        yield f"queue {name!r} takes no jobs: its state is {state!r}"
    children = [n for n, q in queues.items() if (q.get("spec") or {}).get("parent") == name]
    if children:
        yield f"queue {name!r} is not a leaf: it has the queues {', '.join(sorted(children))}"


def _rayjob(name: str, spec: Mapping[str, Any]) -> Iterator[str]:
    if len(name) > RAYJOB_NAME:
        yield f"{name!r} is too long for a RayJob: {len(name)} characters, at most {RAYJOB_NAME}"
    yield from _label_name(name, "a RayJob", _DNS_1035)
    if spec.get("suspend") and not spec.get("shutdownAfterJobFinishes"):
        yield "only a RayJob with shutdownAfterJobFinishes can be suspended"
    for field in ("activeDeadlineSeconds", "preRunningDeadlineSeconds"):
        if spec.get(field) is not None and spec[field] <= 0:
            yield f"{field} must be positive"
    if spec.get("backoffLimit", 0) < 0:
        yield "backoffLimit must not be negative"
    cluster = spec.get("rayClusterSpec")
    if not cluster:
        if not spec.get("clusterSelector"):
            yield "neither rayClusterSpec nor clusterSelector"
        return
    if (cluster.get("authOptions") or {}).get("mode") == "token":
        version = cluster.get("rayVersion") or ""
        numbers = tuple(int(n) for n in re.findall(r"\d+", version)[:3])
        if numbers < RAY_TOKEN_SINCE:
            yield f"token authentication needs rayVersion 2.52.0 or later, not {version!r}"
    head = (cluster.get("headGroupSpec") or {}).get("template") or {}
    yield from _template(head, "head")
    for container in ((head.get("spec") or {}).get("containers") or [])[:1]:
        ports = [port.get("name") for port in container.get("ports") or []]
        if ports and "dashboard" not in ports:
            yield "the head lists ports, but none is named 'dashboard': the operator finds no Ray"
    for group in cluster.get("workerGroupSpecs") or []:
        where = f"group {group.get('groupName')}"
        least, most = group.get("minReplicas"), group.get("maxReplicas")
        if least is None or most is None:
            yield f"{where}: minReplicas and maxReplicas are needed without autoscaling"
        elif not 0 <= least <= most:
            yield f"{where}: minReplicas {least} and maxReplicas {most} make no range"
        yield from _template(group.get("template") or {}, where)


def _job(name: str, spec: Mapping[str, Any]) -> Iterator[str]:
    # The pods' host name is JOB-INDEX; the job controller puts the name into a label, too.
    yield from _label_name(f"{name}-{max(0, spec.get('completions', 1) - 1)}", "a pod", _DNS_1123)
    indexed = spec.get("completionMode") == "Indexed"
    if indexed and spec.get("completions") is None:
        yield "an Indexed Job needs completions"
    if spec.get("successPolicy") and not indexed:
        yield "successPolicy needs completionMode Indexed"
    template = spec.get("template") or {}
    if (template.get("spec") or {}).get("restartPolicy") not in ("Never", "OnFailure"):
        yield "restartPolicy of a Job's pods is Never or OnFailure"
    yield from _template(template, "pod")


def _template(template: Mapping[str, Any], where: str) -> Iterator[str]:
    pod = template.get("spec") or {}
    for problem in _metadata({"name": "x"} | dict(template.get("metadata") or {})):
        yield f"{where}: {problem}"
    if not pod.get("containers"):
        yield f"{where}: no container"
    volumes = [volume.get("name", "") for volume in pod.get("volumes") or []]
    for volume in volumes:
        for problem in _label_name(volume, "a volume", _DNS_1123):
            yield f"{where}: {problem}"
    if double := {v for v in volumes if volumes.count(v) > 1}:
        yield f"{where}: two volumes of one name: {', '.join(sorted(double))}"
    for problem in _labels(pod.get("nodeSelector") or {}, "node label"):
        yield f"{where}: {problem}"
    for container in pod.get("containers") or []:
        for problem in _container(container, set(volumes)):
            yield f"{where}: {problem}"


def _container(container: Mapping[str, Any], volumes: set[str]) -> Iterator[str]:
    yield from _label_name(container.get("name", ""), "a container", _DNS_1123)
    image = container.get("image") or ""
    if not image or image != image.strip():
        yield f"{image!r} is no image"
    yield from _ports(container.get("ports") or [], "containerPort")
    mounts = container.get("volumeMounts") or []
    paths = [mount.get("mountPath") or "" for mount in mounts]
    for mount, path in zip(mounts, paths, strict=True):
        if mount.get("name") not in volumes:
            yield f"mount {path!r} names no volume of the pod: {mount.get('name')!r}"
        if not path or ":" in path:
            yield f"{path!r} is no mount path"
        sub = mount.get("subPath") or ""
        if sub.startswith("/") or ".." in sub.split("/"):
            yield f"{sub!r} is no path inside a volume"
    if double := {path for path in paths if paths.count(path) > 1}:
        yield f"two mounts at one path: {', '.join(sorted(double))}"
    for variable in container.get("env") or []:
        source = (variable.get("valueFrom") or {}).get("secretKeyRef")
        if source:
            if not _SECRET_KEY.fullmatch(source.get("key", "")):
                yield f"{variable.get('name')}: {source.get('key')!r} can't be a key of a Secret"
            if not _SUBDOMAIN.fullmatch(source.get("name", "")):
                yield f"{variable.get('name')}: {source.get('name')!r} names no Secret"
    resources = container.get("resources") or {}
    for part in ("requests", "limits"):
        for name, quantity in (resources.get(part) or {}).items():
            yield from _key(name, "resource")
            if not _QUANTITY.fullmatch(str(quantity)):
                yield f"{name}: {quantity!r} is no quantity"


def _ports(ports: list[Mapping[str, Any]], field: str) -> Iterator[str]:
    names = [port["name"] for port in ports if port.get("name")]
    for name in names:
        if len(name) > 15 or not _PORT_NAME.fullmatch(name):
            yield f"{name!r} is no name of a port"
    numbers = [port.get(field) for port in ports]
    if len(set(names)) < len(names) or len(set(numbers)) < len(numbers):
        yield "two ports of one name or number"
    for number in numbers:
        if not isinstance(number, int) or not 0 < number < 65536:
            yield f"{number!r} is no port"
