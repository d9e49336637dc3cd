"""What the API server and Volcano's webhooks refuse, and what they fill in: the double's rules.

Written from the servers' own sources (named at each rule, and in ``test_memory``), not from the
product's ``admission``, which says the same before anything is sent. Paths are of
kubernetes/kubernetes (staging/src/k8s.io left out) and volcano-sh/volcano.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from . import strict
from .scripted import status

DNS_1123 = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
ANNOTATIONS = 256 * 1024
VOLCANO = "batch.volcano.sh/v1alpha1/jobs"
EVENTS = ("*", "PodPending", "PodFailed", "PodEvicted", "Unknown", "TaskCompleted", "TaskFailed")
ACTIONS = (
    *("AbortJob", "RestartJob", "RestartTask", "RestartPod", "RestartPartition"),
    *("TerminateJob", "CompleteJob", "ResumeJob"),
)
PLUGINS = ("ssh", "env", "svc", "tensorflow", "mpi", "pytorch", "hcclrank", "ray")


def created(plural, document, query, queues):
    """The answer that refuses a creation, else None; ``document`` is filled in as the server does."""
    meta = document["metadata"]
    if query.get("dryRun", "All") != "All":
        return invalid(meta.get("name"), "dryRun: Unsupported value")
    unknown, wrong = fields(json.dumps(_bare(document), sort_keys=True))
    if unknown and query.get("fieldValidation") == "Strict":
        # apiserver/pkg/endpoints/handlers/create.go
        return status(400, "BadRequest", f"strict decoding error: {unknown}")
    if plural == VOLCANO:
        fill_in(document["spec"])
    if problem := wrong or metadata(document):
        return invalid(meta.get("name"), problem)
    if plural == VOLCANO and (problem := volcano(meta["name"], document["spec"], queues)):
        return denied(meta["name"], problem)
    return None


def changed(plural, before, after):
    """The answer that refuses a change, else None."""
    name = before["metadata"]["name"]
    was, now = before.get("spec") or {}, after.get("spec") or {}
    fixed = {
        # pkg/apis/batch/validation/validation.go, ValidateJobSpecUpdate
        "batch/v1/jobs": ("template", "selector", "completionMode", "completions"),
        # pkg/apis/core/validation/validation.go, ValidatePodUpdate
        "v1/pods": ("nodeName", "volumes", "restartPolicy", "hostname"),
    }.get(plural, ())
    for field in fixed:
        if was.get(field) != now.get(field):
            return invalid(name, f"spec.{field}: Invalid value: field is immutable")
    if plural == VOLCANO and _frozen(was) != _frozen(now):
        return denied(name, "job updates may not change fields other than `minAvailable`, …")
    if problem := metadata(after):
        return invalid(name, problem)
    return None


def _frozen(spec):
    """pkg/webhooks/admission/jobs/validate/admit_job.go, validateJobUpdate."""
    free = ("minAvailable", "priorityClassName", "maxRetry")
    tasks = [
        {k: v for k, v in task.items() if k not in ("replicas", "minAvailable", "maxRetry")}
        for task in spec.get("tasks") or []
    ]
    return {k: v for k, v in spec.items() if k not in free} | {"tasks": tasks}


def invalid(name, problem):
    return status(422, "Invalid", f'"{name}" is invalid: {problem}')


def denied(name, problem):
    """apiserver/pkg/admission/plugin/webhook/errors/statuserror.go."""
    text = f'admission webhook "validatejob.volcano.sh" denied the request: {problem}'
    return status(403, "Forbidden", f'jobs.batch.volcano.sh "{name}" is forbidden: {text}')


def _bare(document):
    """Without what no schema looks into: so that equal ones are looked at once."""
    meta = {k: v for k, v in document["metadata"].items() if k != "annotations"}
    return document | {"metadata": meta | {"name": "x"}}


@lru_cache(maxsize=256)
def fields(text):
    """``(an unknown field, a wrong value)`` of a document, by the servers' own schemas."""
    document = json.loads(text)
    if document.get("kind") not in strict.KINDS:
        return "", ""
    found = strict.problems(document)
    wrong = strict.problems(document, unknown=True) if found else []
    return next(iter(found), ""), next(iter(wrong), "")


def metadata(document):
    """apimachinery/pkg/api/validation/objectmeta.go; pkg/apis/core/validation for a Service's name."""
    meta = document["metadata"]
    name = meta["name"]
    if document.get("kind") == "Service":
        fine = len(name) <= 63 and DNS_1035.fullmatch(name)
    else:
        fine = len(name) <= 253 and SUBDOMAIN.fullmatch(name)
    if not fine:
        return f"metadata.name: Invalid value: {name!r}"
    for key, value in (meta.get("labels") or {}).items():
        if len(value) > 63 or not LABEL.fullmatch(value):
            return f"metadata.labels: Invalid value: {key}={value!r}"
    notes = meta.get("annotations") or {}
    if sum(len(k.encode()) + len(v.encode()) for k, v in notes.items()) > ANNOTATIONS:
        return f"metadata.annotations: Too long: may not be more than {ANNOTATIONS} bytes"
    return ""


def fill_in(spec):
    """pkg/webhooks/admission/jobs/mutate/mutate_job.go."""
    spec["queue"] = spec.get("queue") or "default"
    spec["schedulerName"] = spec.get("schedulerName") or "volcano"
    spec["maxRetry"] = spec.get("maxRetry") or 3
    for number, task in enumerate(spec.get("tasks") or []):
        task.setdefault("name", f"default{number}")
        task.setdefault("minAvailable", task.get("replicas", 0))
    least = sum(t["minAvailable"] for t in spec.get("tasks") or [])
    spec["minAvailable"] = spec.get("minAvailable") or least


def volcano(name, spec, queues):
    """pkg/webhooks/admission/jobs/validate/admit_job.go, validateJobCreate."""
    tasks = spec.get("tasks") or []
    if not tasks:
        return "No task specified in job spec"
    found, names = [], [t["name"] for t in tasks]
    for task in tasks:
        replicas = task.get("replicas", 0)
        if task["minAvailable"] > replicas:
            found.append(f"'minAvailable' is greater than 'replicas' in task: {task['name']}")
        if len(task["name"]) > 63 or not DNS_1123.fullmatch(task["name"]):
            found.append(f"{task['name']!r} is no DNS-1123 label")
        if names.count(task["name"]) > 1:
            found.append(f"duplicated task name {task['name']}")
        if len(f"{name}-{task['name']}-{max(0, replicas - 1)}") > 63:
            found.append(f"create pod with name {name}-{task['name']}-… validate failed")
        found += policies(task.get("policies") or [])
    if spec["minAvailable"] > sum(t.get("replicas", 0) for t in tasks):
        found.append("job 'minAvailable' should not be greater than total replicas in tasks")
    found += policies(spec.get("policies") or [])
    found += [
        f"unable to find job plugin: {p}" for p in spec.get("plugins") or {} if p not in PLUGINS
    ]
    queue = queues.get(spec["queue"])
    if spec["queue"] == "root":
        found.append("can not submit job to root queue")
    elif queue is None:
        found.append(f"unable to find job queue: queues.scheduling.volcano.sh {spec['queue']!r}")
    elif queue["status"]["state"] != "Open":
        found.append(f"can only submit job to queue with state `Open`, queue `{spec['queue']}`")
    elif any((q.get("spec") or {}).get("parent") == spec["queue"] for q in queues.values()):
        found.append(f"can only submit job to leaf queue, queue `{spec['queue']}` is not")
    if _circle({t["name"]: (t.get("dependsOn") or {}).get("name") or [] for t in tasks}):
        found.append(
            "job has dependencies between tasks, but doesn't form a directed acyclic graph"
        )
    return "; ".join(found)


def policies(rows):
    """pkg/webhooks/admission/jobs/validate/util.go, validatePolicies."""
    for row in rows:
        events = [*row.get("events", []), *([row["event"]] if row.get("event") else [])]
        if bool(events) == ("exitCode" in row):
            yield "must not specify event and exitCode simultaneously, and one of them"
        yield from (f"invalid policy event {e}" for e in events if e not in EVENTS)
        if row.get("action") not in ACTIONS:
            yield f"invalid policy action {row.get('action')}"


def _circle(after):
    left = {name: {n for n in names if n in after} for name, names in after.items()}
    while free := [name for name, names in left.items() if not names]:
        left = {n: names - set(free) for n, names in left.items() if n not in free}
    return bool(left)
