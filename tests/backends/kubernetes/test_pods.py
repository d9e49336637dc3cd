"""The rendered scripts, text unchanged, as processes with a pod's environment: real Ray, real vLLM.

``ray``, ``vllm``, ``python3`` and ``uname`` on their PATH stand for the image and the pod: they are
the engine environment's, held to loopback and logical GPUs, and the pod's own host name.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import psutil
import pytest

from jupyter_crater import templating
from jupyter_crater.backends import kubernetes as k8s
from jupyter_crater.backends.kubernetes.text import literal
from jupyter_crater.engines import environment

from .kubelet import expand

pytestmark = pytest.mark.engine

HOST = {"HOME", "LANG", "TMPDIR"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Node:
    """A machine that runs pods: PATH, host name, secrets; and that kills what it started."""

    def __init__(self, engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        self.temp = Path(tempfile.mkdtemp(prefix="jc-"))  # Ray's socket paths may have 107 bytes
        self.marker = uuid.uuid4().hex
        self.bin = folder / "bin"
        self.bin.mkdir()
        python = shlex.quote(str(engine.python))
        driver = "export RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0\n"
        node = (
            "--num-cpus=1 --object-store-memory=100000000 --min-worker-port=0 --max-worker-port=0 "
            "--dashboard-agent-listen-port=0"
        )
        head = f"--include-dashboard=false --no-monitor --temp-dir={self.temp}"
        self.program(
            "ray",
            f'case " $* " in *\' --head \'*) set -- "$@" {head} ;; '
            '*) set -- "$@" --include-log-monitor=false ;; esac\n'
            f'exec {python} -m crater_inside.raycli "$@" {node}\n',
        )
        # 0.0.0.0 is right inside a pod and wrong here.
        self.program(
            "vllm",
            'for word do shift; [ "$word" != 0.0.0.0 ] || word=127.0.0.1; set -- "$@" "$word"; done\n'
            f'{driver}exec {python} -m crater_inside.serve "$@"\n',
        )
        self.program("python3", f'{driver}exec {python} "$@"\n')
        self.program("uname", 'echo "$POD_HOST"\n')
        self.pods: dict[str, subprocess.Popen] = {}

    def program(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)

    def run(self, host: str, template, secret: dict[str, str], lease: str | None = None) -> None:
        container = template["spec"]["containers"][0]
        base = {k: v for k, v in os.environ.items() if k in HOST}
        env = self.engine.process_env(base)
        pod: dict[str, str] = {}
        for variable in container["env"]:
            source = variable.get("valueFrom", {})
            if "secretKeyRef" in source:
                assert source["secretKeyRef"]["name"] == "r1"
                value = secret[source["secretKeyRef"]["key"]]
            elif "fieldRef" in source:
                assert source["fieldRef"]["fieldPath"] == "status.podIP"
                value = "127.0.0.1"
            else:
                value = expand(variable["value"], pod)
            pod[variable["name"]] = value
        if "CRATER_HEAD" in pod:
            pod["CRATER_HEAD"] = "localhost"  # the cluster's DNS
        if "CRATER_LEASE_FILE" in pod:
            file = self.folder / "lease-until"  # the downward API's volume
            file.write_text(lease or "")
            pod["CRATER_LEASE_FILE"] = str(file)
        path = f"{self.bin}:/usr/bin:/bin"
        marks = {"PATH": path, "POD_HOST": host, "CRATER_TEST_MARKER": self.marker}
        marks["HOME"] = str(self.folder)  # whoever used Ray on this machine has a token at home
        marks["JOB_COMPLETION_INDEX"] = host.rpartition("-")[2]  # the job controller's
        with self.log(host).open("wb") as log:
            self.pods[host] = subprocess.Popen(
                [expand(word, pod) for word in container["command"]],
                env=env | pod | marks,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )

    def log(self, host: str) -> Path:
        return self.folder / f"{host}.log"

    def said(self, host: str) -> str:
        return self.log(host).read_text(errors="replace")

    def end(self) -> None:
        for process in psutil.process_iter():
            try:
                if process.environ().get("CRATER_TEST_MARKER") == self.marker:
                    process.send_signal(signal.SIGKILL)
            except psutil.Error:
                pass
        for pod in self.pods.values():
            pod.wait(10)
        shutil.rmtree(self.temp, ignore_errors=True)


@pytest.fixture
def node(engine_environment, tmp_path):
    node = Node(engine_environment, tmp_path)
    yield node
    node.end()


def job(carrier: str, *, wait: int = 120, lease: int = 3600):
    """Templates of the pods by host name, the secret, the spec."""
    values = {
        "model": str(environment.embedded_model_folder()),
        "served_model_name": "smollm2",
        "dtype": "bfloat16",
        "max_model_len": 2048,
        "max_num_seqs": 16,
        "kv_cache_memory_bytes": 300 * 2**20,
        "enforce_eager": True,
        "trust_remote_code": False,
        "reasoning_parser": None,
        "gpus_per_node": 1,
        "tensor_parallel": 1,
        "pipeline_parallel": 2,
        "cpu": 1,
        "port": free_port(),
        "ray_port": free_port(),
        "worker_wait": wait,
        "image": "registry.example.org/vllm-ray:test",
    }
    spec = templating.template("deepseek-r1-distributed").render(values)
    spec = spec.model_copy(update={"lease_seconds": lease})
    options = k8s.Options(ray_version="2.60.0")
    secret = k8s.new_secret(spec, options)
    document = k8s.manifests(spec, "r1", carrier=carrier, options=options)[-1]
    if carrier == "kuberay":
        return _as_the_operator_makes_them(document["spec"]), secret, spec
    if carrier == "volcano":
        tasks = document["spec"]["tasks"]
        return {f"r1-{t['name']}-0": t["template"] for t in tasks}, secret, spec
    template = document["spec"]["template"]
    return {"r1-0": template, "r1-1": template}, secret, spec


def _as_the_operator_makes_them(spec):
    """The head's pod with KubeRay's `ray start`, and the entrypoint after it as Ray's job."""
    head = spec["rayClusterSpec"]["headGroupSpec"]
    flags = " ".join(f"--{key}={value}" for key, value in head["rayStartParams"].items())
    container = head["template"]["spec"]["containers"][0]
    address = f'export RAY_ADDRESS="$POD_IP:{head["rayStartParams"]["port"]}"'
    # Not Ray's dashboard: this environment has none. Text as for a kubelet, which the job isn't.
    job = literal(spec["entrypoint"].replace("/proc/1/fd/1", "/nowhere"), "entrypoint")
    container["command"] = ["/bin/sh", "-c", f"ray start --head {flags}\n{address}\n{job}"]
    return {"r1-head-x7": head["template"], "worker": None}


def get(port: int, path: str, key: str = "", body: object = None) -> tuple[int, bytes]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    if body is not None:
        request.add_header("Content-Type", "application/json")
        request.data = json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except OSError:
        return 0, b""


@pytest.mark.timeout(420)
def test_the_scripts_serve_an_answer_and_end_with_the_lease(node):
    templates, secret, spec = job("volcano")
    for host, template in templates.items():
        node.run(host, template, secret)
    port, end = spec.service.port, time.monotonic() + 300
    while get(port, "/health")[0] != 200:
        assert time.monotonic() < end, node.said("r1-head-0")[-4000:]
        assert all(pod.poll() is None for pod in node.pods.values()), node.said("r1-head-0")[-4000:]
        time.sleep(0.5)
    assert "all nodes have joined: 2 of 2 nodes, 2 of 2 GPUs" in node.said("r1-head-0")

    assert get(port, "/v1/models")[0] == 401
    question = {
        "model": "smollm2",
        "messages": [{"role": "user", "content": "What is gravity?"}],
        "max_tokens": 60,
        "temperature": 0,
    }
    status, text = get(port, "/v1/chat/completions", secret["api-key"], question)
    answer = json.loads(text)
    assert status == 200 and "force" in answer["choices"][0]["message"]["content"]
    assert "pp2" in answer["system_fingerprint"]

    # Without the token Ray is closed.
    stranger = subprocess.run(
        [node.bin / "python3", "-c", "import ray; ray.init(address='auto', log_to_driver=False)"],
        env=node.engine.process_env({k: v for k, v in os.environ.items() if k in HOST})
        | {"RAY_ADDRESS": f"127.0.0.1:{spec.ray.port}", "RAY_AUTH_MODE": "token"}
        | {"RAY_AUTH_TOKEN": secrets.token_hex(32), "CRATER_TEST_MARKER": node.marker},
        capture_output=True,
        timeout=120,
    )
    assert stranger.returncode != 0
    for host in templates:
        said = node.said(host)
        assert not any(value in said for value in secret.values())

    (node.folder / "lease-until").write_text(str(int(time.time()) - 1))  # `extend`, backwards
    assert node.pods["r1-head-0"].wait(60) == 0
    assert "the lease has passed" in node.said("r1-head-0")
    assert get(port, "/health")[0] == 0


@pytest.mark.timeout(180)
@pytest.mark.parametrize("carrier", ["volcano", "kuberay", "kubernetes"])
def test_a_missing_worker_is_named_within_the_bound(node, carrier):
    templates, secret, _ = job(carrier, wait=6)
    head, worker = templates
    node.run(head, templates[head], secret)
    assert node.pods[head].wait(120) == 1
    said = node.said(head)
    # KubeRay's pods have random names, so there the number has to do.
    who = "" if carrier == "kuberay" else f"; missing: {worker}"
    assert f"not all nodes joined within 6 s: 1 of 2 nodes, 1 of 2 GPUs{who}\n" in said
