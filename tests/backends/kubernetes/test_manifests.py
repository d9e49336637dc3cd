"""JobSpec → manifest: strict schemas, golden files, and each point of what a cluster job needs."""

from __future__ import annotations

import os

import pytest
import yaml

from jupyter_crater import templating
from jupyter_crater.backends import kubernetes as k8s
from jupyter_crater.errors import InputError, NotSupported
from jupyter_crater.spec import Resources, Volume

from .strict import DATA, problems, templates

CARRIERS = ("volcano", "kuberay", "kubernetes")
GIVEN = {
    "deepseek-r1-distributed": {"model_volume": "models"},
    "vllm-single": {"model_volume": "models", "gpu": "A100-80GB"},
    "custom": {"image": "python:3.12", "command": "python3 -m http.server 8080", "port": 8080},
    "open-webui": {},
}
BUILT_IN = [t.id for t in templating.templates()]


def spec_of(template: str):
    spec = templating.template(template).render(GIVEN[template])
    if spec.connect:
        target = {"job": "deepseek-r1", "port": 8001, "key": "team-key"}
        spec = spec.model_copy(update={"connect": spec.connect.model_copy(update=target)})
    return spec.model_copy(update={"lease_seconds": 8 * 3600})


def kind(documents, name):
    (found,) = [d for d in documents if d["kind"] == name]
    return found


def pods(document):
    return {t["metadata"]["labels"].get("jupyter-crater/task"): t for _, t in templates(document)}


def env(template):
    return {e["name"]: e for e in template["spec"]["containers"][0]["env"]}


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("template", BUILT_IN)
def test_built_in_templates_are_valid_and_as_reviewed(template, carrier):
    spec = spec_of(template)
    options = k8s.Options(owner="ana@example.org")
    exported = k8s.manifests(spec, "demo", carrier=carrier, namespace="team", options=options)
    secret = k8s.new_secret(spec, options)
    created = k8s.manifests(spec, "demo", carrier=carrier, options=options, secret=secret)
    for document in exported + created:
        assert problems(document) == [], document["kind"]
    assert k8s.check(exported) == []

    golden = DATA / "golden" / f"{template}.{carrier}.yaml"
    if os.environ.get("CRATER_WRITE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(k8s.to_yaml(exported), "utf-8")
    assert k8s.to_yaml(exported) == golden.read_text("utf-8")
    assert list(yaml.safe_load_all(golden.read_text("utf-8"))) == exported


EVERYTHING = k8s.Options(
    owner="ana",
    attempt=3,
    queue="gpu-team",
    priority_class="high",
    pull_secrets=("registry",),
    tolerations=({"key": "team", "operator": "Equal", "value": "ml", "effect": "NoSchedule"},),
    node_selector={"zone": "a"},
    gpu_resources={"V100-32GB": "nvidia.com/v100"},
    allow_host_path=True,
    ray_version="2.54.0",
    notebook=k8s.Peer(namespace="hub", labels={"component": "singleuser-server"}),
    ingress=k8s.Ingress(
        host="r1.example.org",
        class_name="nginx",
        tls_secret="r1-tls",
        annotations={"nginx.ingress.kubernetes.io/proxy-buffering": "off"},
    ),
    lease_until=1_800_000_000,
)


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_option_is_valid_and_arrives(distributed, carrier):
    resources = Resources(
        gpu="V100-32GB", gpus=4, cpu=15.5, memory_gib=0.75, rdma={"rdma/rdma_v100": 1}
    )
    volumes = (
        Volume(name="data", mount_path="/data", kind="host-path", source="/srv/data"),
        Volume(name="scratch", mount_path="/scratch", kind="empty-dir"),
    )
    update = {"resources": resources, "volumes": volumes}
    tasks = tuple(task.model_copy(update=update) for task in distributed.tasks)
    spec = distributed.model_copy(update={"tasks": tasks})
    documents = k8s.manifests(spec, "r1", carrier=carrier, options=EVERYTHING)
    for document in documents:
        assert problems(document) == []

    workload = documents[-1]
    text = k8s.to_yaml([workload])
    assert "gpu-team" in text
    for template in pods(workload).values():
        pod, container = template["spec"], template["spec"]["containers"][0]
        assert pod["priorityClassName"] == "high"
        assert pod["imagePullSecrets"] == [{"name": "registry"}]
        assert pod["nodeSelector"] == {"zone": "a"}
        assert "affinity" not in pod  # the resource's name says the type
        assert {t["key"] for t in pod["tolerations"]} == {"team", "nvidia.com/v100"}
        limits = container["resources"]["limits"]
        assert limits["nvidia.com/v100"] == "4" and limits["rdma/rdma_v100"] == "1"
        assert limits["cpu"] == "15.5" and limits["memory"] == "768Mi"
        assert limits == container["resources"]["requests"]
        assert container["securityContext"]["capabilities"] == {"add": ["IPC_LOCK"]}
        volumes = {v["name"]: v for v in pod["volumes"]}
        assert volumes["data"]["hostPath"]["path"] == "/srv/data"
        assert volumes["shm"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "10Gi"}
    head = pods(workload).get("head") or pods(workload)[None]
    assert head["metadata"]["annotations"] == {"jupyter-crater/lease-until": "1800000000"}
    assert head["metadata"]["labels"]["jupyter-crater/attempt"] == "3"
    ingress = kind(documents, "Ingress")
    assert ingress["spec"]["ingressClassName"] == "nginx"
    assert ingress["spec"]["tls"] == [{"hosts": ["r1.example.org"], "secretName": "r1-tls"}]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_pod_knows_its_address_and_nobody_elses_services(distributed, carrier):
    workload = k8s.manifests(distributed, "r1", carrier=carrier)[-1]
    for template in pods(workload).values():
        for name in ("POD_IP", "VLLM_HOST_IP"):
            assert env(template)[name]["valueFrom"]["fieldRef"]["fieldPath"] == "status.podIP"
        assert template["spec"]["enableServiceLinks"] is False
        assert template["spec"]["automountServiceAccountToken"] is False
        assert template["spec"]["restartPolicy"] == "Never"


@pytest.mark.parametrize("carrier", CARRIERS)
def test_secrets_are_referred_to_and_stand_nowhere_else(distributed, carrier):
    options = k8s.Options(ray_version="2.54.0")
    kind_ = "RayJob" if carrier == "kuberay" else "Job"
    secret = k8s.new_secret(distributed, options, kind=kind_)
    documents = k8s.manifests(distributed, "r1", carrier=carrier, options=options, secret=secret)
    made = kind(documents, "Secret")
    assert made["stringData"] == secret
    rest = k8s.to_yaml([d for d in documents if d is not made])
    assert all(len(value) == 64 and value not in rest for value in secret.values())
    head = pods(documents[-1]).get("head") or pods(documents[-1])[None]
    key = {"valueFrom": {"secretKeyRef": {"name": "r1", "key": "api-key"}}}
    assert env(head)["VLLM_API_KEY"] == {"name": "VLLM_API_KEY", **key}

    exported = k8s.manifests(distributed, "r1", carrier=carrier, options=options)
    assert not [d for d in exported if d["kind"] == "Secret"]
    line = exported[-1]["metadata"]["annotations"]["jupyter-crater/make-secret"]
    assert line.startswith("kubectl create secret generic r1 ")
    assert all(f"--from-literal={key}=" in line for key in secret)


@pytest.mark.parametrize(("ray", "asks"), [("2.51.1", False), ("2.52.0", True), ("3.0", True)])
def test_ray_asks_for_a_token_where_it_can(distributed, ray, asks):
    options = k8s.Options(ray_version=ray)
    for carrier in ("volcano", "kubernetes"):
        workload = k8s.manifests(distributed, "r1", carrier=carrier, options=options)[-1]
        for template in pods(workload).values():
            assert ("RAY_AUTH_TOKEN" in env(template)) is asks
            assert (env(template).get("RAY_AUTH_MODE", {}).get("value") == "token") is asks
    cluster = k8s.manifests(distributed, "r1", carrier="kuberay", options=options)[-1]["spec"][
        "rayClusterSpec"
    ]
    assert cluster["rayVersion"] == ray
    assert (cluster.get("authOptions") == {"mode": "token"}) is asks
    assert (k8s.secret_keys(distributed, options, "Job") == ["api-key", "auth_token"]) is asks
    assert k8s.secret_keys(distributed, options, "RayJob") == ["api-key"]


def test_a_value_that_only_the_user_knows_must_be_given(distributed):
    head = distributed.tasks[0].model_copy(update={"secret_env": {"HF_TOKEN": "hf-token"}})
    spec = distributed.model_copy(update={"tasks": (head, *distributed.tasks[1:])})
    with pytest.raises(InputError, match="hf-token"):
        k8s.new_secret(spec, k8s.Options())
    assert k8s.new_secret(spec, k8s.Options(), {"hf-token": "x"})["hf-token"] == "x"


def test_volcano_starts_and_ends_the_gang_as_one(distributed):
    spec = k8s.manifests(distributed, "r1", carrier="volcano")[-1]["spec"]
    assert spec["minAvailable"] == 2 and [t["minAvailable"] for t in spec["tasks"]] == [1, 1]
    assert spec["plugins"]["svc"] == [
        "--publish-not-ready-addresses=true",
        "--disable-network-policy=true",
    ]
    assert spec["policies"] == [{"events": ["PodFailed", "PodEvicted"], "action": "TerminateJob"}]
    head, worker = spec["tasks"]
    assert head["policies"] == [{"event": "TaskCompleted", "action": "CompleteJob"}]
    assert env(worker["template"])["CRATER_HEAD"]["value"] == "r1-head-0.r1"

    again = distributed.model_copy(update={"max_restarts": 2})
    spec = k8s.manifests(again, "r1", carrier="volcano")[-1]["spec"]
    # restarting.go: failed once RetryCount >= maxRetry, and the first restart already counts 1.
    assert spec["maxRetry"] == 3 and spec["policies"][0]["action"] == "RestartJob"


def test_kuberay_starts_the_engine_once_ray_is_ready(distributed):
    documents = k8s.manifests(distributed, "r1", carrier="kuberay")
    spec = documents[-1]["spec"]
    head = spec["rayClusterSpec"]["headGroupSpec"]
    (group,) = spec["rayClusterSpec"]["workerGroupSpecs"]
    assert group["replicas"] == group["minReplicas"] == group["maxReplicas"] == 1
    assert head["rayStartParams"]["port"] == "6667"
    assert head["rayStartParams"]["num-gpus"] == "4"
    container = head["template"]["spec"]["containers"][0]
    assert "command" not in container  # the operator's `ray start`
    ports = {p["name"]: p["containerPort"] for p in container["ports"]}
    assert ports["gcs-server"] == 6667 and ports["dashboard"] == 8265
    # An engine's readiness here would be a deadlock: the operator waits for ready pods first.
    assert "8000" not in str(container["readinessProbe"])
    assert "vllm serve" in spec["entrypoint"] and "--host 0.0.0.0" in spec["entrypoint"]
    assert "entrypointNumGpus" not in spec  # would take GPUs from the engine
    assert spec["preRunningDeadlineSeconds"] > distributed.ray.wait_seconds
    operator = kind(documents, "NetworkPolicy")["spec"]["ingress"][-1]
    assert operator["ports"] == [{"protocol": "TCP", "port": 8265}]


def test_plain_kubernetes_is_one_attempt_of_an_indexed_job(distributed):
    documents = k8s.manifests(distributed, "r1", carrier="kubernetes")
    spec = documents[-1]["spec"]
    assert (spec["completions"], spec["parallelism"], spec["backoffLimit"]) == (2, 2, 0)
    assert spec["successPolicy"] == {"rules": [{"succeededIndexes": "0"}]}
    service = next(d for d in documents if d["metadata"]["name"] == "r1")
    assert service["spec"]["publishNotReadyAddresses"] is True
    assert spec["template"]["spec"]["subdomain"] == "r1"
    assert env(spec["template"])["CRATER_HEAD"]["value"] == "r1-0.r1"
    api = next(d for d in documents if d["metadata"]["name"] == "r1-api")
    assert api["spec"]["selector"]["batch.kubernetes.io/job-completion-index"] == "0"


def test_plain_kubernetes_says_what_it_cannot_do(distributed):
    again = distributed.model_copy(update={"max_restarts": 1})
    with pytest.raises(NotSupported, match="as a whole"):
        k8s.manifests(again, "r1", carrier="kubernetes")
    head, worker = distributed.tasks
    fewer = worker.resources.model_copy(update={"gpus": 2})
    tasks = (head, worker.model_copy(update={"resources": fewer}))
    with pytest.raises(NotSupported, match="differ in resources"):
        k8s.manifests(distributed.model_copy(update={"tasks": tasks}), "r1", carrier="kubernetes")
    k8s.manifests(distributed.model_copy(update={"tasks": tasks}), "r1", carrier="volcano")


@pytest.mark.parametrize("carrier", ["volcano", "kubernetes"])
def test_loading_may_take_hours_and_only_the_head_is_asked(distributed, carrier):
    workload = k8s.manifests(distributed, "r1", carrier=carrier)[-1]
    templates_ = pods(workload)
    head = (templates_.get("head") or templates_[None])["spec"]["containers"][0]
    probe = head["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 6 * 3600
    assert "/health" in str(probe) and "/health" in str(head["readinessProbe"])
    assert "livenessProbe" not in head
    if carrier == "volcano":
        assert "startupProbe" not in templates_["worker"]["spec"]["containers"][0]
    else:  # one template: index 0 alone is asked
        assert "JOB_COMPLETION_INDEX" in str(probe["exec"])


def test_network_policy_admits_who_is_named_and_nobody_else(distributed):
    def rules(**values):
        documents = k8s.manifests(
            distributed, "r1", carrier="volcano", options=k8s.Options(**values)
        )
        policy = kind(documents, "NetworkPolicy")["spec"]
        assert policy["policyTypes"] == ["Ingress"]
        assert policy["podSelector"] == {"matchLabels": {"jupyter-crater/job": "r1"}}
        return policy["ingress"]

    own, clients = rules()
    assert own == {"from": [{"podSelector": {"matchLabels": {"jupyter-crater/job": "r1"}}}]}
    assert clients == {
        "from": [{"podSelector": {"matchLabels": {"jupyter-crater/client-of": "r1"}}}],
        "ports": [{"protocol": "TCP", "port": 8000}],
    }
    *_, people = rules(notebook=EVERYTHING.notebook, ingress=EVERYTHING.ingress)
    assert [p["namespaceSelector"]["matchLabels"] for p in people["from"]] == [
        {"kubernetes.io/metadata.name": "hub"},
        {"kubernetes.io/metadata.name": "ingress-nginx"},
    ]
    assert people["from"][0]["podSelector"]["matchLabels"] == {"component": "singleuser-server"}
    assert people["ports"] == [{"protocol": "TCP", "port": 8000}]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_client_gets_address_key_and_admission(client, carrier):
    documents = k8s.manifests(client, "chat", carrier=carrier)
    for document in documents:
        assert problems(document) == []
    (template,) = pods(documents[-1]).values()
    assert template["metadata"]["labels"]["jupyter-crater/client-of"] == "deepseek-r1"
    variables = env(template)
    assert variables["OPENAI_API_BASE_URL"]["value"] == "http://deepseek-r1-api:8000/v1"
    key = variables["OPENAI_API_KEY"]["valueFrom"]["secretKeyRef"]
    assert key == {"name": "deepseek-r1", "key": "api-key"}
    container = template["spec"]["containers"][0]
    assert container["command"] == ["bash", "start.sh"]
    assert container["readinessProbe"]["tcpSocket"] == {"port": 8080}
    assert documents[-1]["kind"] == "Job"  # without Ray there is nothing for KubeRay to do


def test_a_client_takes_port_and_keys_name_from_the_job_it_talks_to(client):
    connect = client.connect.model_copy(update={"port": 9000, "key": "team-key"})
    spec = client.model_copy(update={"connect": connect})
    (template,) = pods(k8s.manifests(spec, "chat", carrier="volcano")[-1]).values()
    assert env(template)["OPENAI_API_BASE_URL"]["value"] == "http://deepseek-r1-api:9000/v1"
    key = env(template)["OPENAI_API_KEY"]["valueFrom"]["secretKeyRef"]
    assert key == {"name": "deepseek-r1", "key": "team-key"}
    connect = client.connect.model_copy(update={"key": None})
    spec = client.model_copy(update={"connect": connect})
    (template,) = pods(k8s.manifests(spec, "chat", carrier="volcano")[-1]).values()
    assert "OPENAI_API_KEY" not in env(template), "an open service has no key to refer to"


def test_the_key_of_a_free_address_is_the_clients_own_secret(client):
    connect = client.connect.model_copy(update={"job": None, "url": "http://llm.example/v1"})
    spec = client.model_copy(update={"connect": connect})
    options = k8s.Options()
    secret = k8s.new_secret(spec, options, {"connect-key": "sk-theirs"})
    assert secret == {"connect-key": "sk-theirs"}
    documents = k8s.manifests(spec, "chat", carrier="volcano", options=options, secret=secret)
    (template,) = pods(documents[-1]).values()
    key = env(template)["OPENAI_API_KEY"]["valueFrom"]["secretKeyRef"]
    assert key == {"name": "chat", "key": "connect-key", "optional": True}
    assert "sk-theirs" not in str([d for d in documents if d["kind"] != "Secret"])


def test_open_webuis_account_is_made_for_each_job_and_stands_in_its_secret():
    spec = spec_of("open-webui")
    first, second = k8s.new_secret(spec, k8s.Options()), k8s.new_secret(spec, k8s.Options())
    assert sorted(first) == ["new-password", "new-secret-key"]
    assert first["new-password"] != second["new-password"]
    (template,) = pods(k8s.manifests(spec, "chat", carrier="volcano")[-1]).values()
    variables = env(template)
    assert next(iter(variables)) == "OPENAI_API_BASE_URL", "as in the seed"
    assert variables["WEBUI_ADMIN_PASSWORD"]["valueFrom"]["secretKeyRef"]["key"] == "new-password"
    assert "value" not in variables["WEBUI_SECRET_KEY"]
    assert variables["OPENAI_API_BASE_URL"]["value"] == "http://deepseek-r1-api:8001/v1"


@pytest.mark.parametrize(
    "given", ["http://x:8000", "http://x:8000/", "http://x:8000/v1", "http://x:8000/v1/"]
)
def test_a_clients_address_ends_in_one_v1(client, given):
    options = k8s.Options(connect_url=given)
    (template,) = pods(
        k8s.manifests(client, "chat", carrier="volcano", options=options)[-1]
    ).values()
    assert env(template)["OPENAI_API_BASE_URL"]["value"] == "http://x:8000/v1"


def test_restricted_pods_are_restricted(distributed):
    options = k8s.Options(pod_security="restricted", run_as_user=1000)
    workload = k8s.manifests(distributed, "r1", carrier="volcano", options=options)[-1]
    for template in pods(workload).values():
        pod = template["spec"]
        assert pod["securityContext"] == {
            "runAsUser": 1000,
            "fsGroup": 1000,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        security = pod["containers"][0]["securityContext"]
        assert security == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def test_a_path_of_the_node_needs_leave(distributed):
    volume = Volume(name="m", mount_path="/models", kind="host-path", source="/srv/models")
    tasks = tuple(t.model_copy(update={"volumes": (volume,)}) for t in distributed.tasks)
    spec = distributed.model_copy(update={"tasks": tasks})
    with pytest.raises(NotSupported, match="/srv/models"):
        k8s.manifests(spec, "r1", carrier="volcano")


@pytest.mark.parametrize(
    ("carrier", "name"),
    [
        ("volcano", "9lives"),  # the Service of that name must begin with a letter
        ("volcano", "a" * 55),  # NAME-worker-0
        ("kuberay", "a" * 48),
        ("kubernetes", "a" * 62),
        ("kubernetes", "Upper"),
    ],
)
def test_names_that_the_cluster_would_refuse_are_refused_before(distributed, carrier, name):
    with pytest.raises(InputError, match=r"DNS|too long"):
        k8s.manifests(distributed, name, carrier=carrier)


def test_unknown_carrier_names_the_nearest(distributed):
    with pytest.raises(InputError, match="Nearest: 'volcano'"):
        k8s.manifests(distributed, "r1", carrier="vulcano")


def test_companions_go_with_the_workload(distributed):
    documents = k8s.manifests(distributed, "r1", carrier="volcano", secret={"api-key": "k"})
    created = documents[-1] | {"metadata": documents[-1]["metadata"] | {"uid": "u-1"}}
    companions = k8s.owned(documents, created)
    assert {d["kind"] for d in companions} == {"Secret", "Service", "NetworkPolicy"}
    for document in companions:
        (owner,) = document["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["uid"]) == ("Job", "r1", "u-1")
        assert problems(document) == []


@pytest.mark.parametrize("given", [(), ("--host", "127.0.0.1"), ("--host=::1", "--host", "a")])
def test_an_engine_listens_on_every_address_of_its_pod(distributed, given):
    engine = distributed.engine.model_copy(update={"host": "127.0.0.1", "extra": given})
    spec = distributed.model_copy(update={"engine": engine})
    for carrier in CARRIERS:
        text = k8s.to_yaml(k8s.manifests(spec, "r1", carrier=carrier)[-1:])
        (line,) = [x for x in text.splitlines() if x.strip().startswith("vllm serve /models/")]
        assert line.count("--host") == 1 and line.endswith("--host 0.0.0.0 &")
