"""Why a job waits: what scheduler, quota, queue, kubelet and volumes say, in plain words with numbers.

Pure functions over texts and objects, for every carrier.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_NODES = re.compile(
    r"(?P<fit>\d+)/(?P<all>\d+) nodes? (?:are|is) (?:un)?available: (?P<rest>.*)", re.DOTALL
)
_PART = re.compile(r"(?P<count>\d+) (?P<what>.+)")
_QUOTA = re.compile(
    r"exceeded quota: (?P<name>[\w.-]+), requested: (?P<asked>.+?), used: (?P<used>.+?), "
    r"limited: (?P<limit>[^;\n]+)"
)
_GANG = re.compile(r"(\d+)/(\d+) tasks in gang unschedulable")
_NEEDS = re.compile(
    r"must specify (?P<what>[\w.,/-]+)|maximum (?P<most>\S+) usage per \w+ is (?P<n>\S+?),"
)


@dataclass(frozen=True, slots=True)
class Why:
    """Why it waits.

    Attributes:
        code: machine word: "quota", "permission", "image", "volume", "config", "queue", "held",
            "scheduler", "gang".
        text: one or two sentences for people.
        stuck: whether waiting alone won't help (a name is wrong, a right is missing).
    """

    code: str
    text: str
    stuck: bool = False


_RANK = ("permission", "config", "image", "quota", "volume", "queue", "scheduler", "held", "gang")


def quota(text: str) -> str | None:
    """A refusal by a ResourceQuota or LimitRange in plain words, None for any other text."""
    if match := _QUOTA.search(text):
        asked, used, limit = (_amounts(match[k]) for k in ("asked", "used", "limit"))
        rows = [
            _share(_resource(key), used.get(key, "?"), limit.get(key, "?"), more)
            for key, more in asked.items()
        ]
        return f"The quota {match['name']!r} does not allow it ({'; '.join(rows)})."
    if "exceeded quota" in text or "failed quota" in text:
        return f"A quota of the namespace does not allow it: {text.rpartition('quota: ')[2]}."
    if match := _NEEDS.search(text):
        if match["most"]:
            return (
                f"A limit of the namespace allows at most {match['n']} of {match['most']}: {text}."
            )
        return f"A quota of the namespace asks that every pod says its {match['what']}."
    return None


def _amounts(text: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in text.split(","))
    return {key: value for key, _, value in pairs if value}


def _share(name: str, used: str, limit: str, more: str) -> str:
    return f"{name}: {used} of {limit} in use, {more} more asked for"


def _resource(key: str) -> str:
    name = key.removeprefix("requests.").removeprefix("limits.")
    return f"GPUs ({name})" if "gpu" in name or name.startswith("nvidia.com/") else name


def scheduler(text: str) -> Why:
    """What a scheduler's sentence means: "0/12 nodes are available: 8 Insufficient …"."""
    match = _NODES.search(text)
    if match is None:
        if (gang := _GANG.search(text)) and "quota insufficient" not in text:
            return Why(
                "gang",
                f"All {gang[2]} pods start together or none does, and {gang[1]} find no node yet.",
            )
        if re.search(r"queue .*(?:overused|insufficient|exceed)|overused", text, re.IGNORECASE):
            return Why("queue", f"The queue's share is in use: {text.strip()}")
        line = text.strip()
        return Why("scheduler", line)
    # "preemption: …" repeats the count in other words.
    rest = re.split(r"\.? ?preemption:|\.$", match["rest"].strip())[0]
    parts = [_PART.match(part.strip()) for part in re.split(r", (?=\d+ )", str(rest))]
    reasons = [_because(int(p["count"]), p["what"].strip(" .")) for p in parts if p]
    total = int(match["all"])
    words = "; ".join(dict.fromkeys(reasons)) or str(rest)
    volume = re.search(
        r'persistentvolumeclaim "?[\w.-]+"? not found|unbound.*PersistentVolumeClaim', rest
    )
    text = f"None of {total} nodes has room now: {words}."
    if total == 1:
        text = f"The only node has no room now: {words}."
    return Why("volume" if volume else "scheduler", text)


def _because(count: int, what: str) -> str:
    """One reason, which so many nodes have."""
    if match := re.match(r"Insufficient (\S+)", what):
        name = match[1]
        if "gpu" in name or name.startswith("nvidia.com/"):
            return f"{count} with too few free GPUs ({name})"
        return f"{count} with too little {name} free"
    if match := re.search(r"taint\(?s?\)? ?\{?([^}]*)\}?", what):
        return f"{count} closed to it by a taint ({match[1].strip(' :') or 'unnamed'})"
    if "affinity" in what or "selector" in what:
        return f"{count} without the labels it asks for (the GPU type, for instance)"
    if "unschedulable" in what:
        return f"{count} being drained"
    if "Too many pods" in what:
        return f"{count} full of pods"
    if "free ports" in what:
        return f"{count} with the port in use"
    if "volume node affinity" in what:
        return f"{count} out of reach of the volume"
    return f"{count}: {what.removeprefix('node(s) ')}"


_PULL = {
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "RegistryUnavailable",
}
_CONFIG = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}


def of_pod(pod: dict[str, Any]) -> Iterator[Why]:
    """What a pod itself says of its waiting."""
    status = pod.get("status") or {}
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            if condition.get("reason") == "SchedulingGated":
                yield Why("held", "The cluster's queue holds its pods back (scheduling gates).")
            elif text := condition.get("message"):
                yield scheduler(text)
    for container in status.get("containerStatuses") or []:
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason, text = str(waiting.get("reason") or ""), str(waiting.get("message") or "")
        if reason in _PULL:
            yield _image(container.get("image", "?"), reason, text)
        elif reason in _CONFIG:
            yield Why("config", f"A container can't be made: {text or reason}.", stuck=True)


def _image(image: str, reason: str, text: str) -> Why:
    kinds = (
        (r"not found|manifest unknown|does not exist", "the registry has no such image", True),
        (r"unauthorized|denied|authentication|no basic auth", "the registry wants a login", True),
        (r"429|too many requests|rate limit", "the registry allows no more pulls now", False),
        (r"no space left", "the node's disk is full", False),
        (
            r"timeout|timed out|no such host|refused|unreachable",
            "the registry can't be reached",
            False,
        ),
        (r"invalid reference|InvalidImageName|parse", "that is no image's name", True),
    )
    for pattern, words, stuck in kinds:
        if re.search(pattern, f"{reason} {text}", re.IGNORECASE):
            return Why(
                "image", f"The image {image} can't be pulled: {words}. ({text or reason})", stuck
            )
    return Why("image", f"The image {image} can't be pulled: {text or reason}")


def of_event(event: dict[str, Any]) -> Why | None:
    """What an event says of a waiting, None where it says nothing of it."""
    reason, text = (
        str(event.get("reason") or ""),
        str(event.get("message") or event.get("note") or ""),
    )
    if line := quota(text):
        return Why("quota", line)
    if reason in ("FailedMount", "FailedAttachVolume", "ProvisioningFailed"):
        wrong = "not found" in text
        return Why("volume", f"A volume can't be mounted: {text.strip()}", stuck=wrong)
    if reason == "FailedScheduling":
        return scheduler(text)
    if event.get("type") == "Warning" and re.search(r"is forbidden|cannot \w+ resource", text):
        return Why("permission", f"The cluster does not allow its pods: {text.strip()}", stuck=True)
    if event.get("type") == "Warning" and reason == "FailedCreate":
        return Why("permission", f"Its pods can't be made: {text.strip()}")
    return None


def of_workload(workload: dict[str, Any]) -> Iterator[Why]:
    """What the workload itself says: held back by a queue, or refused by its operator."""
    status, spec = workload.get("status") or {}, workload.get("spec") or {}
    queue = (workload.get("metadata", {}).get("labels") or {}).get("kueue.x-k8s.io/queue-name")
    if spec.get("suspend") and queue:
        yield Why("held", f"Kueue holds it back until the queue {queue!r} has room.")
    told = str(status.get("message") or "")
    if (
        status.get("jobDeploymentStatus") in ("Initializing", "Waiting", "ValidationFailed")
        and told
    ):
        yield Why(
            "permission",
            f"KubeRay says: {told}",
            stuck="Validation" in status["jobDeploymentStatus"],
        )


def of_group(group: dict[str, Any]) -> Iterator[Why]:
    """What Volcano says of the gang as a whole."""
    status = group.get("status") or {}
    for condition in status.get("conditions") or []:
        if condition.get("type") == "Unschedulable" and condition.get("status") == "True":
            yield scheduler(str(condition.get("message") or ""))
    if status.get("phase") == "Pending" and not status.get("conditions"):
        queue = (group.get("spec") or {}).get("queue", "default")
        yield Why("queue", f"It stands in the queue {queue!r}, which has no room for it yet.")


def best(found: Iterable[Why]) -> Why | None:
    """The one that decides: what nobody's leaving can change comes first."""
    ranked = sorted(found, key=lambda w: (not w.stuck, _RANK.index(w.code)))
    return ranked[0] if ranked else None
