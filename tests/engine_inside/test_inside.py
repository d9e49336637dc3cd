"""Real Ray and real vLLM: one small cluster of two nodes on loopback, started once."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from jupyter_crater.engines.embedded import EMBEDDED_CONFIG

pytestmark = pytest.mark.engine

RAY_PORT, API_PORT = 21817, 21818
KEY = secrets.token_hex(16)
NODE = (
    *("--node-ip-address=127.0.0.1", "--num-cpus=1", "--num-gpus=1", "--disable-usage-stats"),
    *("--dashboard-agent-listen-port=0", "--object-store-memory=100000000", "--block"),
    *("--min-worker-port=0", "--max-worker-port=0"),
)


class Cluster:
    def __init__(self, engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        token = folder / "token"
        token.write_text(secrets.token_hex(32))
        token.chmod(0o600)
        self.temp = Path(tempfile.mkdtemp(prefix="jc-"))
        self.env = engine.process_env(os.environ) | {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "JUPYTER_CRATER_RANKS": str(folder / "ranks"),
            "JUPYTER_CRATER_PLACEMENT_WAIT": "60",
        }
        self.parts = {}

    def start(self, name, module, *arguments, **env):
        with (self.folder / f"{name}.log").open("w") as log:
            self.parts[name] = subprocess.Popen(
                [self.engine.python, "-m", f"crater_inside.{module}", *arguments],
                env=self.env | env,
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, module, *arguments, **env):
        return subprocess.run(
            [self.engine.python, "-m", f"crater_inside.{module}", *arguments],
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def log(self, name):
        return (self.folder / f"{name}.log").read_text()

    def serving(self):
        end = time.monotonic() + 200
        while time.monotonic() < end:
            for name in ("head", "worker", "serve"):
                assert self.parts[name].poll() is None, self.log(name)[-3000:]
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{API_PORT}/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError(self.log("serve")[-3000:])

    def processes(self):
        """All of it, Ray's own groups and forks included."""
        mine = str(self.folder / "token")
        for process in psutil.process_iter():
            try:
                if process.environ().get("RAY_AUTH_TOKEN_PATH") == mine:
                    yield process
            except psutil.Error:
                continue

    def stop(self):
        for name in ("serve", "worker", "head"):
            self.parts[name].send_signal(signal.SIGTERM)
            try:
                self.parts[name].wait(20)
            except subprocess.TimeoutExpired:
                pass
        for process in list(self.processes()):
            process.kill()
        for part in self.parts.values():
            part.wait(10)
        shutil.rmtree(self.temp, ignore_errors=True)


@pytest.fixture(scope="module")
def cluster(engine_environment, tmp_path_factory):
    cluster = Cluster(engine_environment, tmp_path_factory.mktemp("cluster"))
    address = f"127.0.0.1:{RAY_PORT}"
    before = set(Path("/dev/shm").iterdir())
    head = ("--head", f"--port={RAY_PORT}", "--labels=crater-task=head")
    head += ("--include-dashboard=false", "--no-monitor", f"--temp-dir={cluster.temp}")
    worker = (f"--address={address}", "--labels=crater-task=worker-0")
    cluster.start("head", "raycli", "start", *head, *NODE)
    cluster.start("worker", "raycli", "start", *worker, "--include-log-monitor=false", *NODE)
    cluster.start("nodes", "nodes", f"--address={address}", "--expect=2", "--timeout=120")
    cluster.start(
        *("serve", "serve", "serve", str(engine_environment.model), "--host=127.0.0.1"),
        *(f"--port={API_PORT}", "--served-model-name=tiny", "--distributed-executor-backend=ray"),
        *("--pipeline-parallel-size=2", "--max-model-len=2048", "--max-num-seqs=16"),
        *("--kv-cache-memory-bytes=300M", "--enforce-eager", "--allowed-origins", "[]"),
        VLLM_API_KEY=KEY,
        RAY_ADDRESS=address,
        RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0",
    )
    try:
        cluster.serving()
        yield cluster
    finally:
        cluster.stop()
        for left in set(Path("/dev/shm").iterdir()) - before:
            if left.name.startswith("psm_"):  # vLLM's, left behind after every run
                left.unlink(missing_ok=True)


def ask(path, body=None, key=KEY, **headers):
    request = urllib.request.Request(
        f"http://127.0.0.1:{API_PORT}{path}",
        json.dumps(body).encode() if body else None,
        {"Content-Type": "application/json", **headers}
        | ({"Authorization": f"Bearer {key}"} if key else {}),
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        return reply.headers, json.load(reply)


def test_the_embedded_model_is_a_whole_model_folder(engine_environment):
    folder = engine_environment.model
    assert json.loads((folder / "config.json").read_text()) == EMBEDDED_CONFIG
    look = (
        "import sys\n"
        "from transformers import AutoTokenizer\n"
        "from safetensors import safe_open\n"
        "t = AutoTokenizer.from_pretrained(sys.argv[1])\n"
        "ids = t('In 2024 gravity, 日本 <|im_end|>').input_ids\n"
        "with safe_open(sys.argv[1] + '/model.safetensors', 'pt') as f:\n"
        "    q = f.get_slice('model.layers.29.self_attn.q_proj.weight')\n"
        "    print(len(f.keys()), *q.get_shape(), q.get_dtype())\n"
        "print([t.decode([i]) for i in ids[1:7]], ids[-1] == t.eos_token_id)\n"
    )
    run = subprocess.run(
        [engine_environment.python, "-c", look, folder],
        env=engine_environment.process_env(os.environ),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert run.stdout.splitlines() == [
        "272 576 576 BF16",
        "[' ', '2', '0', '2', '4', ' gravity'] True",
    ]


def test_the_stages_run_on_the_nodes_that_were_announced(cluster):
    lines = [json.loads(line) for line in cluster.log("nodes").splitlines()]
    assert lines[-1] == {"ready": True}
    nodes = {(line["task"], line["index"]): line["node"] for line in lines[:-1]}
    assert nodes.keys() == {("head", 0), ("worker", 0)}
    ranks = [
        json.loads((cluster.folder / "ranks" / f"rank-{rank}.json").read_text()) for rank in (0, 1)
    ]
    assert [(r["rank"], r["pp"], r["tp"]) for r in ranks] == [(0, 0, 0), (1, 1, 0)]
    assert [r["node"] for r in ranks] == [nodes["head", 0], nodes["worker", 0]]
    assert all(psutil.pid_exists(r["pid"]) for r in ranks)


def test_it_answers_through_both_stages(cluster):
    body = {
        "model": "tiny",
        "messages": [{"role": "user", "content": "What is gravity?"}],
        "temperature": 0,
        "max_tokens": 60,
    }
    headers, reply = ask("/v1/chat/completions", body, Origin="http://elsewhere.example")
    assert "force" in reply["choices"][0]["message"]["content"]
    assert "-pp2-" in reply["system_fingerprint"]
    assert "access-control-allow-origin" not in headers


def test_the_key_is_demanded_and_known_to_the_server_alone(cluster):
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask("/v1/models", key=None)
    assert caught.value.code == 401
    caught.value.close()
    assert ask("/v1/models")[1]["data"][0]["id"] == "tiny"
    for process in cluster.processes():
        assert KEY not in " ".join(process.cmdline())
    for log in cluster.folder.glob("*.log"):
        assert KEY not in log.read_text()
    for log in cluster.temp.rglob("*.*"):
        if log.is_file() and not log.is_symlink():
            assert KEY.encode() not in log.read_bytes(), log


def test_the_key_leaves_the_environment_before_vllm_copies_that_to_the_ranks(engine_environment):
    look = (
        "import os; from crater_inside.serve import key_from_environment as take\n"
        "print(take(), 'VLLM_API_KEY' in os.environ, take())"
    )
    env = engine_environment.process_env(os.environ) | {"VLLM_API_KEY": KEY}
    command = [engine_environment.python, "-c", look]
    told = subprocess.check_output(command, env=env, text=True, timeout=60)
    assert told.strip() == f"['--api-key', '{KEY}'] False []"


def test_nothing_listens_off_loopback(cluster):
    listening = [
        connection.laddr.ip
        for process in cluster.processes()
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) > 10
    assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}


def test_nothing_is_written_into_the_environment(cluster):
    site = next(cluster.engine.root.glob("lib/python3.*/site-packages"))
    started = (cluster.folder / "token").stat().st_mtime
    written = [
        path
        for path in site.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and path.stat().st_mtime > started
    ]
    assert written == []


def test_the_wait_names_who_is_missing(cluster):
    run = cluster.run("nodes", f"--address=127.0.0.1:{RAY_PORT}", "--expect=3", "--timeout=2")
    assert run.returncode == 1
    assert json.loads(run.stdout.splitlines()[-1]) == {"missing": ["worker-1"]}


def test_a_stranger_without_the_token_sees_no_node(cluster, tmp_path):
    other = tmp_path / "token"
    other.write_text(secrets.token_hex(32))
    run = cluster.run(
        *("nodes", f"--address=127.0.0.1:{RAY_PORT}", "--expect=2", "--timeout=2"),
        RAY_AUTH_TOKEN_PATH=str(other),
    )
    assert run.returncode == 1
    assert json.loads(run.stdout.splitlines()[-1]) == {"missing": ["head", "worker-0"]}


def test_the_wait_ends_where_no_head_ever_comes(engine_environment):
    run = subprocess.run(
        [
            *(engine_environment.python, "-m", "crater_inside.nodes"),
            *("--address=127.0.0.1:1", "--expect=2", "--timeout=1"),
        ],
        env=engine_environment.process_env(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    assert json.loads(run.stdout) == {"missing": ["head", "worker-0"]}
