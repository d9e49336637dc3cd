"""The main job for real: Ray nodes, pipeline stages, answers, keys, loopback, one job a name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

import jupyter_crater as crater
from jupyter_crater import errors, processes
from jupyter_crater.backends.local import store
from tests.waiting import until

from .conftest import NAME

pytestmark = pytest.mark.engine


def test_the_answer_is_a_models_own(real_job):
    answer = real_job.ask("What is gravity?", max_tokens=80, temperature=0)
    assert "force" in answer
    assert "curvature" in answer, "the embedded model's greedy text, stable in every layout"


def test_two_ray_nodes_with_a_pipeline_stage_each(real_job):
    status = real_job.status()
    nodes = {(t.task, t.index): t.node for t in status.tasks}
    assert set(nodes) == {("head", 0), ("worker", 0)}
    assert len(set(nodes.values())) == 2
    placed = [o.data for o in real_job.observations() if o.reason == "rank-placed"]
    assert {p["pp"]: p["node"] for p in placed} == {0: nodes["head", 0], 1: nodes["worker", 0]}
    with real_job.client() as client:
        reply = client.chat.completions.create(
            model=real_job.model, messages=[{"role": "user", "content": "hi"}], max_tokens=1
        )
    assert "-pp2-" in str(reply.system_fingerprint)


def test_health_is_open_and_v1_wants_the_key(real_job):
    url, key = real_job.url, {"Authorization": f"Bearer {real_job.api_key}"}
    assert httpx.get(f"{url}/health").status_code == 200
    assert httpx.get(f"{url}/v1/models").status_code == 401
    models = httpx.get(f"{url}/v1/models", headers=key)
    assert models.status_code == 200
    names = [m["id"] for m in models.json()["data"]]
    assert names == ["SmolLM2-135M-Instruct", "DeepSeek-R1-Distill-Qwen-32B"]


def test_the_engines_figures_while_it_works(real_job):
    before = real_job.metrics()
    with real_job.client() as client:
        stream = client.chat.completions.create(
            model=real_job.model,
            messages=[{"role": "user", "content": "Tell a long story."}],
            max_tokens=40,
            stream=True,
        )
        next(iter(stream))
        running = real_job.status(metrics=True).metrics
        for _ in stream:
            continue
    after = until(
        lambda: (found := real_job.metrics()) and found["running"] == 0 and found,
        what="the request to be over",
    )
    assert running["running"] == 1
    assert after["generation_tokens"] - before["generation_tokens"] == 40
    assert after["requests"] - before["requests"] == 1
    assert after["ttft"] > 0
    assert real_job.status().metrics is None, "only when asked"


def test_no_other_origin_may_read(real_job):
    answer = httpx.get(
        f"{real_job.url}/v1/models",
        headers={"Authorization": f"Bearer {real_job.api_key}", "Origin": "http://evil.example"},
    )
    assert "access-control-allow-origin" not in answer.headers


def test_nothing_listens_off_loopback(real_job):
    folder = store.find(NAME)
    mine = processes.of_sessions(folder.current().run()["parts"])
    assert len(mine) >= 8, "Ray's and vLLM's processes"
    open_to_all = [
        (p.name(), c.laddr)
        for p in mine
        for c in p.net_connections("inet")
        if c.status == psutil.CONN_LISTEN and c.laddr.ip not in ("127.0.0.1", "::ffff:127.0.0.1")
    ]
    assert open_to_all == []


def test_ray_wants_its_token(real_job):
    run = store.find(NAME).current().run()
    engine = next(p for p in run["parts"] if p["title"] == "vLLM server")
    env = psutil.Process(engine["pid"]).environ()
    assert env["RAY_AUTH_MODE"] == "token"
    assert Path(env["RAY_AUTH_TOKEN_PATH"]).stat().st_mode & 0o077 == 0
    assert "RAY_AUTH_TOKEN" not in env


def test_the_key_is_in_no_command_line_or_log(real_job):
    folder = store.find(NAME)
    key = real_job.api_key
    for process in processes.of_sessions(folder.current().run()["parts"]):
        assert key not in " ".join(process.cmdline())
    for path in folder.current().logs.rglob("*"):
        if path.is_file():
            assert key.encode() not in path.read_bytes(), path


def test_the_timeline_is_whole(real_job):
    phases = [e.phase for e in real_job.status().timeline]
    assert phases[-1] == "serving"
    for phase in ("starting-ray", "waiting-for-workers", "loading-weights"):
        assert phase in phases
    assert all(e.ended and e.ended >= e.started for e in real_job.status().timeline[:-1])


def test_a_launch_in_another_process_attaches(real_job):
    command = [sys.executable, "-m", "jupyter_crater.cli", "launch", NAME, "--json"]
    result = subprocess.run(
        [*command, "--set", "gpu=V100-32GB"], capture_output=True, check=True, text=True
    )
    status = json.loads(result.stdout)
    assert (status["name"], status["attempt"], status["phase"]) == (NAME, 1, "serving")


def test_other_values_are_refused_with_the_differences(real_job):
    command = [sys.executable, "-m", "jupyter_crater.cli", "launch", NAME]
    result = subprocess.run(
        [*command, "--set", "max_num_seqs=3"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "max_num_seqs: (default) → 3" in result.stderr


def test_a_dead_kernel_leaves_it_serving(real_job):
    code = (
        "import jupyter_crater as c, os, signal\n"
        f"job = c.job({NAME!r}); job.url\n"
        "os.killpg(os.getpgrp(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code], start_new_session=True, check=False)
    assert crater.job(NAME).phase == "serving"
    assert httpx.get(f"{real_job.url}/health").status_code == 200


def test_a_client_that_leaves_stops_its_request(real_job):
    headers = {"Authorization": f"Bearer {real_job.api_key}"}
    body = {
        "model": real_job.model,
        "stream": True,
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": "Tell a long story."}],
    }
    with httpx.stream(
        "POST", f"{real_job.url}/v1/chat/completions", json=body, headers=headers, timeout=30
    ) as answer:
        next(answer.iter_lines())

    def running():
        text = httpx.get(f"{real_job.url}/metrics").text
        line = next(x for x in text.splitlines() if x.startswith("vllm:num_requests_running{"))
        return float(line.split()[-1]) == 0

    until(running, seconds=10, what="the request ended in the engine")


def test_bad_input_leaves_nothing_behind(real_state, real_job):
    before = sorted(p.name for p in (real_state / "jobs").iterdir())
    for parameters, kind in (
        ({"model": "/no/such/model"}, errors.ModelNotFound),
        ({"max_model_len": 9000}, errors.ParameterError),
        ({"tensor_parallel": 2}, errors.ParameterError),
        ({"max_num_seq": 3}, errors.ParameterError),
        ({"gpu_memory_utilization": 1.5}, errors.ParameterError),
    ):
        with pytest.raises(kind) as caught:
            crater.launch(NAME, name="other", backend="local", **parameters)
        assert caught.value.hint
    taken = int(real_job.api_url.rsplit(":", 1)[1])
    with pytest.raises(errors.PortTaken):
        crater.launch(NAME, name="other", backend="local", port=taken)
    assert sorted(p.name for p in (real_state / "jobs").iterdir()) == before


def test_metrics_of_the_process_tree(real_job):
    """Two real pipeline ranks: each holds its half of the weights in a process of its own."""
    placed = [o.data for o in real_job.observations() if o.reason == "rank-placed"]
    assert len({p["pid"] for p in placed}) == 2
    for row in placed:
        assert psutil.Process(row["pid"]).memory_info().rss > 300 * 2**20
        assert os.getsid(row["pid"]) in {
            p["pid"] for p in store.find(NAME).current().run()["parts"]
        }
