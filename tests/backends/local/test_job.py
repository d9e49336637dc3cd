"""The life of a local job, on stand-ins for Ray and vLLM."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

import jupyter_crater as crater
from jupyter_crater import errors, processes
from jupyter_crater.backends.local import store
from jupyter_crater.backends.local.backend import leftovers
from tests.waiting import until

NAME = "deepseek-r1-distributed"


def test_the_whole_way(launch):
    job = launch()
    status = job.status()
    assert status.phase == "serving"
    assert status.head_ip == "127.0.0.1"
    assert {(t.task, t.index) for t in status.tasks} == {("head", 0), ("worker", 0)}
    assert all(t.node and t.phase == "running" for t in status.tasks)
    phases = [e.phase for e in status.timeline]
    assert phases[0] == "queued"
    assert phases[-1] == "serving"
    assert "starting-ray" in phases
    assert all(e.ended is not None for e in status.timeline[:-1])
    assert job.ask("What is gravity?") == "Gravity is a force, says the stand-in."
    assert any(r.setting == "engine" and r.used == "stand-in" for r in status.rehearsal)


def test_the_forward_adds_nothing(launch):
    job = launch()
    url = job.url
    assert url.startswith("http://127.0.0.1:")
    assert url != job.api_url
    assert httpx.get(f"{url}/health").status_code == 200
    assert httpx.get(f"{url}/v1/models").status_code == 401
    key = {"Authorization": f"Bearer {job.api_key}"}
    assert httpx.get(f"{url}/v1/models", headers=key).status_code == 200
    assert job.status().url == url
    assert job.url == url, "one forward a job"


def test_a_forward_before_serving_says_why(launch, stand_in):
    stand_in.setenv("CRATER_STAND_IN_LOAD_S", "5")
    job = launch(wait=False)
    answer = httpx.get(f"{job.url}/health")
    assert answer.status_code == 503
    assert NAME in answer.json()["error"]["message"]


def test_a_forward_that_was_killed_comes_back_on_its_port(launch):
    job = launch()
    url = job.url
    record = json.loads((store.find(NAME).path / "forward.json").read_text())
    os.kill(record["pid"], signal.SIGKILL)
    until(lambda: job.status().url is None, what="the dead forward is not shown")
    assert job.url == url


def test_a_second_launch_attaches(launch):
    first = launch()
    pid = store.find(NAME).current().run()["pid"]
    second = launch()
    assert store.find(NAME).current().run()["pid"] == pid
    assert second.status().attempt == first.status().attempt == 1


def test_other_values_are_listed(launch):
    launch(max_num_seqs=8)
    with pytest.raises(errors.ConflictError) as caught:
        launch(max_num_seqs=9, dtype="bfloat16")
    assert caught.value.differences == [
        ("dtype", "(default)", "bfloat16"),
        ("max_num_seqs", 8, 9),
    ]
    assert "max_num_seqs: 8 → 9" in str(caught.value)


def test_a_proxy_of_the_environment_gets_neither_request_nor_key(launch, monkeypatch):
    job = launch(name="j1")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with job.client(max_retries=0) as client:
        assert client.models.list().data[0].id == job.model
    assert asyncio.run(models_of(job)) == [job.model]


async def models_of(job):
    async with job.async_client(max_retries=0) as client:
        return [model.id async for model in client.models.list()]


def test_new_makes_a_second_job(launch):
    launch()
    assert launch(new=True).name == f"{NAME}-2"
    assert [j.name for j in crater.jobs()] == [f"{NAME}-2", NAME]


def test_two_launches_at_once_give_one_job(stand_in):
    command = [sys.executable, "-m", "jupyter_crater.cli", "launch", NAME, "--json"]
    with ThreadPoolExecutor() as pool:
        results = list(
            pool.map(lambda _: subprocess.run(command, capture_output=True, check=True), range(2))
        )
    assert [json.loads(r.stdout)["name"] for r in results] == [NAME, NAME]
    folder = store.find(NAME)
    assert len(folder.attempts()) == 1
    marked = processes.marked(folder.marker)
    assert sum("supervisor" in " ".join(p.cmdline()) for p in marked) == 1


def test_stop_keeps_logs_and_a_launch_makes_the_next_attempt(launch):
    job = launch()
    marker = store.find(NAME).marker
    job.stop()
    assert job.phase == "stopped"
    assert processes.marked(marker) == []
    assert "Application startup complete." in str(job.logs())
    again = launch()
    assert again.status().attempt == 2
    assert "Application startup complete." in str(again.logs(previous=True))


def test_delete_leaves_nothing(launch, state):
    job = launch()
    job.url  # noqa: B018 - starts the forward
    folder = store.find(NAME)
    ray_temp = Path(folder.current().run()["ray_temp"])
    assert ray_temp.is_dir()
    marker = folder.marker
    job.delete()
    until(lambda: processes.marked(marker) == [], what="no process of the job")
    left = [p for p in state.rglob("*") if p.is_file()]
    # How long such a start took is no part of the job, and names none.
    assert {p.parent.name for p in left} <= {"starts"}
    assert not any(NAME in p.read_text() or marker in p.read_text() for p in left)
    assert not ray_temp.exists()
    with pytest.raises(errors.JobNotFound):
        crater.job(NAME)


def test_it_outlives_the_process_that_launched_it(stand_in):
    code = (
        "import jupyter_crater as c, os, signal\n"
        f"c.launch({NAME!r})\n"
        "os.killpg(os.getpgrp(), signal.SIGKILL)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], start_new_session=True)
    assert result.returncode == -signal.SIGKILL
    crater.job(NAME).wait(timeout=60, progress=lambda s: None)


def test_a_dead_supervisor_is_told_and_its_leftovers_go(launch):
    job = launch()
    folder = store.find(NAME)
    os.kill(folder.current().run()["pid"], signal.SIGKILL)
    status = until(
        lambda: (s := job.status()).phase == "failed" and s, what="the loss of the supervisor"
    )
    assert status.reason == "supervisor-lost"
    assert processes.marked(folder.marker), "the engine is still there"
    job.delete()
    assert processes.marked(folder.marker) == []


def test_a_dead_supervisor_does_not_keep_the_next_attempt_away(launch):
    job = launch()
    os.kill(store.find(NAME).current().run()["pid"], signal.SIGKILL)
    until(lambda: job.phase == "failed", what="the loss of the supervisor")
    assert launch().status().attempt == 2


@pytest.mark.parametrize(
    ("victim", "reason"),
    [
        ("serve.py", "engine-died"),
        ("--head", "ray-head-died"),
        ("--labels=crater-task=worker-0", "ray-worker-0-died"),
    ],
)
def test_a_dead_part_ends_the_job_with_its_name(launch, victim, reason):
    job = launch()
    folder = store.find(NAME)
    dead = next(
        p for p in processes.marked(folder.marker) if any(a.endswith(victim) for a in p.cmdline())
    )
    dead.kill()
    status = until(lambda: (s := job.status()).ended and s, what=f"{victim} noticed")
    assert (status.phase, status.reason) == ("failed", reason)
    assert "killed by signal 9" in status.message
    until(lambda: processes.marked(folder.marker) == [], what="the rest is gone too")


def test_a_failing_engine_ends_with_its_own_line(launch, stand_in):
    line = "ValueError: Total number of attention heads (9) must be divisible by tensor parallel size (2)."
    stand_in.setenv("CRATER_STAND_IN_FAIL", line)
    job = launch(wait=False)
    with pytest.raises(errors.JobFailed, match=r"attention heads \(9\) must be divisible"):
        job.wait(timeout=60, progress=lambda s: None)
    assert line in str(job.logs("engine"))
    assert job.status().reason not in (None, "failed")


def test_a_worker_that_never_joins_is_named(launch, stand_in):
    stand_in.setenv("CRATER_STAND_IN_JOIN", "never")
    job = launch(wait=False, worker_wait=3)
    with pytest.raises(errors.JobFailed, match="worker-0 did not join"):
        job.wait(timeout=60, progress=lambda s: None)
    assert job.status().reason == "workers-missing"


def test_stop_while_starting(launch, stand_in):
    stand_in.setenv("CRATER_STAND_IN_LOAD_S", "30")
    job = launch(wait=False)
    until(lambda: job.phase == "starting-engine", seconds=20, what="starting-engine")
    job.stop()
    assert job.phase == "stopped"
    assert processes.marked(store.find(NAME).marker) == []


def test_a_lease_ends_the_job_and_extend_moves_it(launch):
    job = launch(lease="1h")
    before = job.status().lease
    assert job.extend("30m") == pytest.approx(before + 1800)
    attempt = store.find(NAME).current()
    attempt.write_run(lease=1.0)
    status = until(lambda: (s := job.status()).ended and s, what="the lease's end")
    assert (status.phase, status.reason) == ("stopped", "lease-ended")


def test_without_a_lease_there_is_nothing_to_extend(launch):
    with pytest.raises(errors.NotSupported, match="no lease"):
        launch().extend("1h")


def test_secrets_are_private_and_in_no_command_line(launch):
    job = launch()
    folder = store.find(NAME)
    for path in (folder.path / "key", folder.current().token):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    secrets = [job.api_key, folder.current().token.read_text()]
    for process in [*processes.marked(folder.marker), psutil.Process()]:
        assert not any(s in " ".join(process.cmdline()) for s in secrets)
    shown = [json.dumps(job._repr_mimebundle_()), str(job.logs()), repr(job.events())]
    assert not any(s in text for s in secrets for text in shown)


def test_on_another_host_it_is_unreachable_not_failed(launch):
    job = launch()
    attempt = store.find(NAME).current()
    host = attempt.run()["host"]
    attempt.write_run(host="elsewhere")
    assert job.phase == "unreachable"
    with pytest.raises(errors.BackendUnavailable, match="elsewhere"):
        job.delete()
    attempt.write_run(host=host)
    assert job.phase == "serving"


def test_after_a_reboot_it_is_lost(launch):
    job = launch()
    attempt = store.find(NAME).current()
    boot = attempt.run()["boot_id"]
    attempt.write_run(boot_id="another")
    assert (job.status().phase, job.status().reason) == ("failed", "supervisor-lost")
    attempt.write_run(boot_id=boot)


def test_damaged_lines_are_passed_over(launch):
    job = launch()
    with (store.find(NAME).current().folder / "events.jsonl").open("ab") as file:
        file.write(b'{"time": 1, "kind": "pha')
    assert job.phase == "serving"


def test_written_by_a_newer_version(launch):
    job = launch()
    path = store.find(NAME).current().folder / "spec.json"
    text = path.read_text()
    path.write_text(text.replace('"schema": 1', '"schema": 2', 1))
    with pytest.raises(errors.NewerSchema, match="newer jupyter_crater"):
        job.status()
    path.write_text(text)


def test_display_has_three_faces(launch):
    bundle = launch()._repr_mimebundle_()
    assert bundle["application/vnd.jupyter-crater.job+json"]["status"]["phase"] == "serving"
    page = bundle["text/html"]
    assert "<script" not in page
    assert "127.0.0.1" in page
    assert "SmolLM2-135M-Instruct" in page
    assert "SmolLM2-135M-Instruct for DeepSeek-R1-Distill-Qwen-32B" in bundle["text/plain"]


def test_a_forward_of_a_job_that_is_deleted_meanwhile_brings_nothing_back(launch, monkeypatch):
    """Another client may delete between a launch and its forward: that is told as what it is."""
    job = launch()
    folder = store.find(NAME).path
    spawn = processes.spawn_detached

    def deleted_first(*arguments, **options):
        job.place.delete(NAME)
        return spawn(*arguments, **options)

    record = json.loads((folder / "forward.json").read_text())
    os.kill(record["pid"], signal.SIGKILL)
    until(lambda: job.status().url is None, what="no forward")
    monkeypatch.setattr(processes, "spawn_detached", deleted_first)
    with pytest.raises(errors.JobNotFound):
        job.url  # noqa: B018
    assert not folder.exists()


def test_a_job_is_started_again_as_often_as_it_may(launch):
    job = launch(max_restarts=1)
    before = job.api_url

    def kill_engine() -> None:
        run = store.find(NAME).current().run()
        os.kill(next(p["pid"] for p in run["parts"] if p["title"] == "vLLM server"), signal.SIGKILL)

    kill_engine()
    until(lambda: job.phase == "restarting" or job.api_url != before, what="starting again")
    job.wait(timeout=60, progress=lambda status: None)
    assert job.ask("What is gravity?") == "Gravity is a force, says the stand-in."
    again = next(e for e in job.status().timeline if e.phase == "restarting")
    assert "vLLM server was killed" in again.detail
    kill_engine()
    until(lambda: job.status().ended, seconds=15, what="no second time")
    assert (job.phase, job.status().reason) == ("failed", "engine-died")
    assert [e.phase for e in job.status().timeline].count("restarting") == 1
    assert len(store.find(NAME).attempts()) == 1, "the same attempt"
    folder = store.find(NAME)
    until(lambda: not leftovers(folder, folder.current()), what="its supervisor to be gone, too")
