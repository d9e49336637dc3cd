"""What the server knows: people, accounts, templates, jobs, a cluster that runs them."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8))
ENDED = ("Completed", "Failed", "Terminated", "Aborted")
METADATA_ONLY = ("Deleted", "Freed", "Cancelled")
UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "m": 1e-3}


def quantity(text: str) -> float:
    for unit, factor in UNITS.items():
        if str(text).endswith(unit):
            return float(text[: -len(unit)]) * factor
    return float(text)


@dataclass
class User:
    id: int
    name: str
    password: str
    accounts: list[str]  # the last joined is the current one at login
    role: int = 2
    mail_verified: bool = False
    ldap: bool = False
    active: bool = True


@dataclass
class Pod:
    name: str
    task: str
    index: int
    resource: dict
    ports: str = ""
    labels: dict = field(default_factory=dict)
    ip: str = ""
    node: str = ""
    phase: str = "Pending"
    container: str = ""
    image: str = ""
    restarts: int = 0
    waiting: str = ""  # reason of a waiting container, e.g. ImagePullBackOff
    uid: str = field(default_factory=lambda: secrets.token_hex(8))
    log: list[str] = field(default_factory=list)


@dataclass
class Job:
    jobname: str
    body: dict
    kind: str  # custom, pytorch, tensorflow
    user: str
    account: str
    created: float
    status: str = "Pending"
    visible: float = 0.0  # the record is written asynchronously
    started: float | None = None
    completed: float | None = None
    pods: list[Pod] = field(default_factory=list)
    locked: bool = False
    permanent: bool = False


@dataclass
class Rule:
    """A Service and its Ingress: which pods it selects, and who owns it."""

    name: str
    port: int
    host: str
    selector: dict
    owner: str


@dataclass
class World:
    """Settings of the double stand here; a test changes what it needs."""

    host: str = "crater.example.com"
    secret: str = "not-a-secret"
    access_ttl: float = 3600
    refresh_ttl: float = 168 * 3600
    record_lag: float = 0.0
    start_after: float = 0.0
    legacy_lists: bool = False
    prequeue: bool = False
    billing_empty: bool = False
    ldap: bool = True
    normal_login: bool = True
    storage: bool = True
    node_gpus: dict = field(default_factory=lambda: {"nvidia.com/v100": 4})
    nodes: int = 4
    node_cpu: int = 64
    node_memory: str = "256Gi"
    quota: dict = field(default_factory=dict)  # resource → most per request
    limits: dict | None = None  # resource → most in use, of resource-limit-check
    pod_ip: str | None = None  # every pod has this address (a test's own engine)
    now_offset: float = 0.0
    users: dict = field(default_factory=dict)
    accounts: dict = field(default_factory=dict)  # name → id; 1 is the public one
    templates: dict = field(default_factory=dict)
    jobs: dict = field(default_factory=dict)
    datasets: list = field(default_factory=list)
    images: list = field(default_factory=list)
    rules: list = field(default_factory=list)
    files: dict = field(default_factory=dict)  # path in the storage → bytes
    requests: list = field(default_factory=list)  # (method, path) of every request
    faults: list = field(default_factory=list)  # see App._fault
    logs: dict = field(default_factory=dict)  # task → lines of a starting container

    def now(self) -> float:
        return time.time() + self.now_offset

    # -- jobs ----------------------------------------------------------------------------------

    def name_for(self, prefix: str, user: str) -> str:
        day = datetime.fromtimestamp(self.now(), SHANGHAI).strftime("%y%m%d")
        room = 45 - len(f"{prefix}--{day}-00000")
        return f"{prefix}-{user[:room]}-{day}-{secrets.token_hex(3)[:5]}"

    def placeable(self, tasks: list[dict]) -> str | None:
        """The admission simulation: allocatable, not free."""
        free = [
            {"cpu": self.node_cpu, "memory": quantity(self.node_memory)} | dict(self.node_gpus)
            for _ in range(self.nodes)
        ]
        for task in tasks:
            for replica in range(task["replicas"]):
                wanted = {k: quantity(v) for k, v in task["resource"].items() if "rdma" not in k}
                for node in free:
                    if all(node.get(k, 0) >= v for k, v in wanted.items()):
                        for k, v in wanted.items():
                            node[k] -= v
                        break
                else:
                    return (
                        f"job admission failed: cannot place replica {replica + 1}/"
                        f"{task['replicas']} of task {task['name']} with requests {task['resource']}"
                    )
        return None

    def make_pods(self, job: Job, tasks: list[dict]) -> None:
        base = job.jobname.split("-", 1)[1]
        for task in tasks:
            for index in range(task["replicas"]):
                single = job.kind == "custom"
                spot = "default0" if single else task["name"]
                labels = {
                    "crater.raids.io/task-type": job.kind,
                    "crater.raids.io/task-user": job.user,
                    "crater.raids.io/base-url": base,
                    "crater.raids.io/task-account": job.account,
                }
                own = {
                    "volcano.sh/job-name": job.jobname,
                    "volcano.sh/task-spec": spot,
                    "volcano.sh/task-index": str(index),
                }
                ports = [f"{p['name']}:{p['port']}" for p in task.get("ports") or []]
                job.pods.append(
                    Pod(
                        name=f"{job.jobname}-{spot}-{index}",
                        task=spot,
                        index=index,
                        resource=task["resource"],
                        ports=",".join(ports + ([] if single else ["pytorchjob-port:23456"])),
                        labels=labels | own,
                        container="custom" if single else task["name"],
                        image=task["image"]["imageLink"],
                    )
                )

    def settle(self) -> None:
        """The scheduler and the kubelets: Pending → Running once the time has come."""
        for number, job in enumerate(self.jobs.values()):
            if job.status == "Pending" and self.now() >= job.created + self.start_after:
                if any(pod.waiting for pod in job.pods):
                    continue
                known = {image["imageLink"] for image in self.images}
                bad = [p for p in job.pods if p.image not in known]
                for pod in bad:
                    pod.node, pod.waiting = "gpu-16", "ImagePullBackOff"
                if not bad:
                    self.start(job, number)

    def start(self, job: Job, number: int = 0) -> None:
        job.status, job.started = "Running", self.now()
        for at, pod in enumerate(job.pods):
            pod.phase, pod.node = "Running", f"gpu-{16 + 12 * at}"
            # Of loopback, so that whoever asks a pod is refused at once and nothing leaves here.
            pod.ip = self.pod_ip or f"127.244.{number % 200}.{secrets.randbelow(200) + 2}"
            pod.log = list(self.logs.get(pod.container, []))

    def restart(self, job: Job) -> None:
        """An evicted pod restarts the whole job: new pods, new addresses, pods' rules gone."""
        gone = {pod.uid for pod in job.pods}
        self.rules = [rule for rule in self.rules if rule.owner not in gone]
        for pod in job.pods:
            pod.uid, pod.restarts = secrets.token_hex(8), pod.restarts + 1
        self.start(job, 100 + len(self.rules))

    def end(self, job: Job, status: str) -> None:
        job.status, job.completed = status, self.now()
        job.pods = []

    # -- access --------------------------------------------------------------------------------

    def add_rule(self, name: str, port: int, selector: dict, owner: str) -> Rule:
        rule = Rule(name, port, f"{secrets.token_hex(3)[:5]}.{self.host}", selector, owner)
        self.rules.append(rule)
        return rule

    def behind(self, host: str) -> list[str]:
        """Names of the pods that a rule's Service balances over."""
        rule = next(r for r in self.rules if r.host == host)
        pods = [p for j in self.jobs.values() for p in j.pods]
        return [p.name for p in pods if rule.selector.items() <= p.labels.items()]


def stamp(moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seed(world: World | None = None) -> World:
    """The world of the seed's document: two people, two accounts, its two templates."""
    world = world or World()
    world.accounts = {"default": 1, "lab-a": 5}
    world.users = {
        "alice": User(7, "alice", "wonderland", ["default", "lab-a"]),
        "bob": User(8, "bob", "builder", ["default"], ldap=True),
    }
    gpu = {"cpu": 16, "memory": 32, "gpu": {"count": 4, "model": "nvidia.com/v100"}}
    ib = {"network": {"enabled": True, "model": "rdma/rdma_v100"}, "vgpu": {"enabled": False}}
    vllm = "registry.example.com/crater/vllm-openai:v0.8.5.post1"
    webui = "registry.example.com/crater/open-webui:0.6.5"
    image = {"imageLink": vllm, "archs": ["linux/amd64"]}
    head = (
        "ray start --head --port=6667 --disable-usage-stats;\nNCCL_DEBUG=TRACE python3 -m "
        "vllm.entrypoints.openai.api_server --model=/models/DeepSeek-R1-Distill-Qwen-32B "
        "--max-model-len 32768 --tensor-parallel-size 4 --pipeline-parallel-size 2 "
        "--gpu-memory-utilization 0.90 --max-num-seqs 128 --trust-remote-code "
        "--disable-custom-all-reduce --port 8000 --dtype=half;"
    )
    task = {"replicas": 1, "resource": gpu | ib, "image": image, "workingDir": "/models"}
    deepseek = {
        "version": "20240528",
        "type": "pytorch",
        "data": {
            "jobName": "DeepSeek-R1-Distill-Qwen-32B",
            "ps": task | {"taskName": "master", "command": head, "ports": []},
            "worker": task
            | {
                "taskName": "worker",
                "command": "ray start --address=${MASTER_ADDR}:6667 --block",
                "ports": [],
            },
            "envs": [],
            "volumeMounts": [
                {
                    "type": 2,
                    "datasetID": 42,
                    "subPath": "42",
                    "mountPath": "/models/DeepSeek-R1-Distill-Qwen-32B",
                }
            ],
            "alertEnabled": True,
            "nodeSelector": {"enable": True, "nodeName": "gpu-16"},
        },
    }
    chat = {
        "version": "20250317",
        "type": "custom",
        "data": {
            "jobName": "openwebui",
            "task": {
                "taskName": "training",
                "replicas": 1,
                "resource": {"cpu": 2, "memory": 4, "gpu": {"count": 0}},
                "image": webui,
                "shell": "bash",
                "command": 'export OPENAI_API_BASE_URL="http://${CRATER_MODEL_IP}:'
                '${CRATER_MODEL_PORT}/v1"\nbash start.sh;',
                "workingDir": "/app/backend",
                "ports": [],
            },
            "envs": [
                {"name": "CRATER_MODEL_IP", "value": "10.244.32.144"},
                {"name": "CRATER_MODEL_PORT", "value": "8000"},
            ],
            "volumeMounts": [],
            "forwards": [{"name": "ui", "port": 8080}],
            "alertEnabled": True,
            "nodeSelector": {"enable": False},
        },
    }
    rows = [
        ("DeepSeek R1 distributed inference", "2 nodes with 4 V100 each", deepseek),
        ("Open WebUI client", "Web UI for LLM APIs", chat),
    ]
    for number, (name, text, form) in enumerate(rows, 2):
        world.templates[number] = {
            "id": number,
            "name": name,
            "describe": text,
            "document": "# How to use\n",
            "template": json.dumps(form, indent=2),
            "createdAt": "2025-04-14T17:05:31.482913+08:00",
            "userInfo": {"username": "bob", "nickname": "Bob"},
        }
    world.images = [
        {"ID": 1, "imageLink": vllm, "description": "vLLM 0.8.5 (CUDA 12.4)", "archs": None},
        {"ID": 2, "imageLink": webui, "description": "OpenWebUI (2025.4.14)", "archs": None},
    ]
    world.datasets = [
        {
            "id": 42,
            "name": "DeepSeek-R1-Distill-Qwen-32B",
            "url": "public/Models/DeepSeek-R1-Distill-Qwen-32B",
            "type": "model",
        }
    ]
    return world
