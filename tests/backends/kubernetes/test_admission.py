"""Each refusal of the servers has a manifest that our check refuses with a word for it."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml

from jupyter_crater.backends import kubernetes as k8s
from jupyter_crater.backends.kubernetes import admission
from jupyter_crater.errors import InputError

from .strict import crd, definition_of, problems

QUEUES = {
    "root": {"spec": {}, "status": {"state": "Open"}},
    "default": {"spec": {"parent": "root"}, "status": {"state": "Open"}},
    "closed": {"spec": {"parent": "root"}, "status": {"state": "Closed"}},
    "parent": {"spec": {"parent": "root"}, "status": {"state": "Open"}},
    "child": {"spec": {"parent": "parent"}, "status": {"state": "Open"}},
}


def put(path, value):
    """A change of a document: the field at ``a/0/b`` becomes ``value``."""

    def change(document):
        *way, last = [int(p) if p.isdigit() else p for p in path.split("/")]
        for step in way:
            document = document[step]
        if value is ...:
            del document[last]
        elif isinstance(document, list) and last == len(document):
            document.append(value)
        else:
            document[last] = value

    return change


TASK, CONTAINER = "spec/tasks/0", "spec/tasks/0/template/spec/containers/0"
# kubernetes.md, Volcano, "Refused at create", in its order; then what lies below those words.
VOLCANO = [
    (put("spec/tasks", []), "no task"),
    (put("spec/tasks/1/name", "head"), "two tasks of one name"),
    (put("metadata/name", "R1"), "DNS"),
    (put("metadata/name", "1r"), "DNS-1035"),
    (put(f"{TASK}/name", "head_node"), "no name of a task"),
    (put("metadata/name", "r" * 60), "too long for a pod"),
    (put("spec/minAvailable", 3), "greater than all replicas"),
    (put(f"{TASK}/minAvailable", 2), "greater than replicas"),
    (put("spec/plugins/deepspeed", []), "unknown plugin 'deepspeed'"),
    (put("spec/queue", "nowhere"), "unknown queue 'nowhere'"),
    (put("spec/queue", "closed"), "takes no jobs: its state is 'Closed'"),
    (put("spec/queue", "root"), "queue 'root'"),
    (put("spec/queue", "parent"), "not a leaf: it has the queues child"),
    (
        lambda d: (
            put(f"{TASK}/dependsOn", {"name": ["worker"]})(d),
            put("spec/tasks/1/dependsOn", {"name": ["head"]})(d),
        ),
        "in a circle: head, worker",
    ),
    (put("spec/policies/0/events", ["PodRunning"]), "unknown event 'PodRunning'"),
    (put("spec/policies/0/events", ["PodExploded"]), "unknown event 'PodExploded'"),
    (put("spec/policies/0/action", "SyncJob"), "unknown action 'SyncJob'"),
    (put(f"{TASK}/policies/0/action", "EatJob"), "unknown action 'EatJob'"),
    (put("spec/policies/0/exitCode", 3), "either events or an exit code"),
    (put("spec/policies/1", {"action": "AbortJob"}), "either events or an exit code"),
    (put("spec/policies/1", {"exitCode": 0, "action": "AbortJob"}), "0 is no exit code"),
    (put("spec/policies/1", {"event": "PodFailed", "action": "AbortJob"}), "two policies for Pod"),
    (put("spec/policies/1", {"event": "*", "action": "AbortJob"}), "leaves no room"),
    (put(f"{TASK}/template/spec/containers", []), "no container"),
    (put(f"{CONTAINER}/volumeMounts/0/name", "other"), "names no volume of the pod"),
    (put(f"{CONTAINER}/volumeMounts/0/mountPath", "/dev/shm"), "two mounts at one path"),
    (put(f"{CONTAINER}/volumeMounts/0/mountPath", "/a:b"), "no mount path"),
    (put(f"{CONTAINER}/volumeMounts/0/subPath", "../x"), "no path inside a volume"),
    (put(f"{TASK}/template/spec/volumes/0/name", "shm"), "two volumes of one name"),
    (put(f"{CONTAINER}/image", " x"), "no image"),
    (put(f"{CONTAINER}/ports/0/containerPort", 70000), "no port"),
    (put(f"{CONTAINER}/ports/0/name", "the-name-of-a-port"), "no name of a port"),
    (put(f"{CONTAINER}/resources/limits/memory", "32GiB"), "no quantity"),
    (put(f"{TASK}/template/metadata/labels/x y", "z"), "not a label key"),
    (put(f"{TASK}/template/metadata/labels/x", "a b"), "not a label value"),
    (put("metadata/annotations/big", "x" * 300_000), "annotations are larger"),
    (put("metadata/namespace", "Team"), "no name of a namespace"),
]


@pytest.mark.parametrize(("change", "word"), VOLCANO, ids=[word for _, word in VOLCANO])
def test_volcano_refuses(distributed, change, word):
    document = k8s.manifests(distributed, "r1", carrier="volcano")[-1]
    assert k8s.check([document], queues=QUEUES) == []
    changed = copy.deepcopy(document)
    change(changed)
    found = k8s.check([changed], queues=QUEUES)
    assert any(word in problem for problem in found), found


CLUSTER = "spec/rayClusterSpec"
KUBERAY = [
    (put("metadata/name", "r" * 48), "too long for a RayJob"),
    (put("metadata/name", "1r"), "DNS-1035"),
    (put("spec/preRunningDeadlineSeconds", 0), "must be positive"),
    (put("spec/backoffLimit", -1), "must not be negative"),
    (put(f"{CLUSTER}/rayVersion", "2.51.0"), "needs rayVersion 2.52.0"),
    (put(f"{CLUSTER}/rayVersion", ...), "needs rayVersion 2.52.0"),
    (put(f"{CLUSTER}/workerGroupSpecs/0/minReplicas", ...), "are needed without autoscaling"),
    (put(f"{CLUSTER}/workerGroupSpecs/0/minReplicas", 2), "make no range"),
    (put(f"{CLUSTER}/workerGroupSpecs/0/template/spec/containers", []), "no container"),
    (put(CLUSTER, ...), "neither rayClusterSpec nor clusterSelector"),
    (
        put(f"{CLUSTER}/headGroupSpec/template/spec/containers/0/ports/0/name", "ui"),
        "none is named 'dashboard'",
    ),
    (
        lambda d: (
            put("spec/suspend", True)(d),
            put("spec/shutdownAfterJobFinishes", False)(d),
        ),
        "can be suspended",
    ),
]


@pytest.mark.parametrize(("change", "word"), KUBERAY, ids=[word for _, word in KUBERAY])
def test_kuberay_refuses(distributed, change, word):
    options = k8s.Options(ray_version="2.54.0")
    document = k8s.manifests(distributed, "r1", carrier="kuberay", options=options)[-1]
    changed = copy.deepcopy(document)
    change(changed)
    found = k8s.check([changed])
    assert any(word in problem for problem in found), found


PLAIN = [
    (put("metadata/name", "r" * 62), "too long for a pod"),
    (put("spec/completionMode", "NonIndexed"), "successPolicy needs"),
    (put("spec/completions", ...), "needs completions"),
    (put("spec/template/spec/restartPolicy", "Always"), "Never or OnFailure"),
]


@pytest.mark.parametrize(("change", "word"), PLAIN, ids=[word for _, word in PLAIN])
def test_kubernetes_refuses(distributed, change, word):
    document = k8s.manifests(distributed, "r1", carrier="kubernetes")[-1]
    changed = copy.deepcopy(document)
    change(changed)
    assert any(word in problem for problem in k8s.check([changed]))


def test_a_secret_and_a_service_have_rules_too(distributed):
    with pytest.raises(InputError, match="'api key' can't be a key of a Secret"):
        k8s.manifests(distributed, "r1", carrier="volcano", secret={"api key": "x"})
    service, *_ = k8s.manifests(distributed, "r1", carrier="kubernetes")
    put("metadata/name", "1r")(service)
    put("spec/ports", [{"port": 80}, {"port": 80}])(service)
    assert [p.partition(": ")[2] for p in k8s.check([service])] == [
        "'1r' is no name of a Service: DNS-1035 (begins with a letter)",
        "two ports of one name or number",
    ]


@pytest.mark.parametrize("carrier", ["volcano", "kuberay", "kubernetes"])
def test_an_unknown_field_anywhere_is_an_error(distributed, carrier):
    document = k8s.manifests(distributed, "r1", carrier=carrier)[-1]
    paths = {
        "volcano": ["spec/tasks/0", "spec/tasks/0/template/spec", "spec"],
        "kuberay": ["spec/rayClusterSpec/headGroupSpec", "spec/rayClusterSpec", "spec"],
        "kubernetes": ["spec/template/spec/containers/0", "spec", "spec/template"],
    }[carrier]
    for path in [*paths, "metadata"]:
        changed = copy.deepcopy(document)
        put(f"{path}/wished", 1)(changed)
        assert any("wished" in problem for problem in problems(changed)), path


def test_a_wrong_type_is_an_error(distributed):
    document = k8s.manifests(distributed, "r1", carrier="kuberay")[-1]
    put("spec/rayClusterSpec/headGroupSpec/rayStartParams/port", 6667)(document)
    assert any("is not of type 'string'" in problem for problem in problems(document))


def test_the_events_are_those_of_the_definition_but_the_internal_ones():
    spec = crd("batch.volcano.sh_jobs").schema["properties"]["spec"]["properties"]
    known = set(spec["policies"]["items"]["properties"]["event"]["enum"])
    assert known - admission.VOLCANO_EVENTS == {"PodRunning", "OutOfSync", "CommandIssued"}
    assert known >= admission.VOLCANO_EVENTS


@pytest.mark.parametrize("name", ["batch.volcano.sh_jobs", "ray.io_rayjobs"])
def test_our_definitions_are_the_published_ones(name):
    """But for descriptions and other versions."""
    published = Path(__file__).parents[4] / "shared" / "crds" / f"{name}.yaml"
    if not published.exists():
        pytest.skip("the definitions as published are not beside this checkout (../shared/crds)")

    def without_words(node):
        if isinstance(node, dict):
            kept = {k: v for k, v in node.items() if not (k == "description" and type(v) is str)}
            return {key: without_words(value) for key, value in kept.items()}
        return [without_words(item) for item in node] if isinstance(node, list) else node

    definition = without_words(yaml.load(published.read_text(), yaml.CSafeLoader))
    kept = definition_of(name)
    (ours,) = kept["spec"]["versions"]
    (theirs,) = [v for v in definition["spec"]["versions"] if v["name"] == ours["name"]]
    assert ours == theirs and kept["spec"]["group"] == definition["spec"]["group"]
