"""The scripts as processes: what they wait for, when they end, and with which word and code."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from jupyter_crater.engines import scripts
from jupyter_crater.spec import JobSpec, Provenance, Ray, Resources, Service, Task

BASE = {"title": "", "provenance": Provenance(template="t", version="1")}

HOST = os.uname().nodename
PATH = f"{os.path.dirname(sys.executable)}:/usr/bin:/bin"  # noqa: PTH120 - a PATH entry


@pytest.fixture
def sh(tmp_path):
    """Start a script; its output goes to a file, since orphans may hold it open."""
    started = []

    def begin(script: str, **env: str):
        output = tmp_path / f"out-{len(started)}"
        with output.open("wb") as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", script],
                env={"PATH": PATH, "POD_IP": "127.0.0.1", **env},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process.output = output.read_text  # type: ignore[attr-defined]
        started.append(process)
        return process

    yield begin
    for process in started:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait(5)


def until(process, text: str, bound: float = 10) -> None:
    end = time.monotonic() + bound
    while text not in process.output():
        assert time.monotonic() < end, f"{text!r} not in {process.output()!r}"
        time.sleep(0.02)


def alone(command: list[str], *, service: bool = True, lease: bool = False) -> str:
    """The script of a job without Ray."""
    spec = JobSpec(
        kind="custom",
        tasks=(Task(name="main"),),
        service=Service(task="main", served_model_name="m") if service else None,
        lease_seconds=3600 if lease else None,
        **BASE,
    )
    return scripts.task_script(spec, spec.main, command)


def over_ray(port: int, *, bound: int = 600, **resources) -> JobSpec:
    tasks = (Task(name="head"), Task(name="worker", resources=Resources(**resources)))
    ray = Ray(port=port, wait_seconds=bound)
    return JobSpec(kind="engine", tasks=tasks, ray=ray, **BASE)


def worker(port: int, **values) -> str:
    spec = over_ray(port, **values)
    return scripts.worker_script(spec, spec.tasks[1])


@pytest.mark.parametrize(("code", "ends_with"), [(0, 1), (1, 1), (3, 3)])
def test_a_service_that_ends_by_itself_has_failed(sh, code, ends_with):
    process = sh(alone(["sh", "-c", f"exit {code}"]))
    assert process.wait(10) == ends_with
    assert f"the service ended by itself (exit code {code})" in process.output()


@pytest.mark.parametrize("code", [0, 3])
def test_a_task_without_service_ends_with_its_own_code(sh, code):
    process = sh(alone(["sh", "-c", f"exit {code}"], service=False))
    assert process.wait(10) == code


def test_asked_to_stop_it_hands_the_wish_on_and_ends_well(sh):
    slow = "trap 'echo closing; sleep 0.3; echo closed; exit 1' TERM; echo up; sleep 60 & wait"
    process = sh(alone(["sh", "-c", slow]))
    until(process, "up")
    process.terminate()
    assert process.wait(10) == 0
    words = process.output().splitlines()
    assert words == ["up", "closing", "closed", "jupyter-crater: stopped as asked"]


def leased(tmp_path, text: str | None, seconds: int, sh):
    file = tmp_path / "lease-until"
    if text is not None:
        file.write_text(text)
    script = alone(["sh", "-c", "echo up; exec sleep 60"], lease=True)
    return file, sh(script, CRATER_LEASE_FILE=str(file), CRATER_LEASE_SECONDS=str(seconds))


def test_a_passed_lease_ends_it(tmp_path, sh):
    _, process = leased(tmp_path, str(int(time.time()) - 5), 3600, sh)
    assert process.wait(10) == 0
    assert "the lease has passed" in process.output()


@pytest.mark.parametrize("text", [None, "", "soon", "-1"])
def test_without_an_annotation_the_lease_runs_from_the_start(tmp_path, sh, text):
    began = time.monotonic()
    _, process = leased(tmp_path, text, 2, sh)
    assert process.wait(30) == 0
    assert time.monotonic() - began >= 1, "not before"
    assert "the lease has passed" in process.output()


def test_a_lease_that_was_moved_holds(tmp_path, sh):
    file, process = leased(tmp_path, None, 2, sh)
    until(process, "up")
    file.write_text(str(int(time.time()) + 3600))
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(4)
    assert "lease" not in process.output()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_worker_without_a_head_ends_within_its_bound_and_says_so(sh):
    port, began = free_port(), time.monotonic()
    script = worker(port, bound=2)
    process = sh(script, CRATER_HEAD="127.0.0.1")
    assert process.wait(60) == 1
    assert time.monotonic() - began >= 2, "not before"
    assert f"{HOST}: no Ray head at 127.0.0.1:{port} within 2 s" in process.output()


def test_a_worker_waits_for_a_head_that_comes_later(sh, tmp_path):
    port = free_port()
    ray = tmp_path / "bin" / "ray"
    ray.parent.mkdir()
    ray.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    ray.chmod(0o755)
    script = worker(port, bound=30, gpus=4, cpu=15.5, shm_gib=8)
    process = sh(script, CRATER_HEAD="localhost", PATH=f"{ray.parent}:{PATH}")
    time.sleep(1.5)
    assert process.poll() is None
    with socket.create_server(("127.0.0.1", port)):
        assert process.wait(10) == 1  # a worker only ever ends because Ray has
    assert process.output().splitlines() == [
        "start",
        f"--address=localhost:{port}",
        "--node-ip-address=127.0.0.1",
        "--num-gpus=4",
        "--object-store-memory=2147483648",
        "--num-cpus=15",
        f'--resources={{"jupyter-crater-node/{HOST}": 1}}',
        "--block",
        f"jupyter-crater: {HOST} left Ray (exit code 0)",
    ]


def test_a_stop_while_waiting_is_heard_at_once(sh):
    script = worker(free_port())
    process = sh(script, CRATER_HEAD="127.0.0.1")
    time.sleep(0.5)
    process.terminate()
    assert process.wait(5) == 0
    assert "stopped as asked" in process.output()


def test_an_image_without_ray_is_said_to_be(sh):
    script = scripts.head_script(over_ray(6667), ["true"], names=["head"])
    process = sh(script, PATH="/usr/bin:/bin")
    assert process.wait(10) == 1
    assert "Ray did not start on port 6667 (exit code 127)" in process.output()


def test_the_index_says_who_is_head(sh):
    script = scripts.by_index("echo head\n", "echo worker\n")
    for index, word in [("0", "head"), ("1", "worker")]:
        process = sh(script, JOB_COMPLETION_INDEX=index)
        assert process.wait(10) == 0 and process.output() == f"{word}\n"
    assert sh(script).wait(10) != 0


def test_what_ray_runs_as_a_job_is_in_the_containers_log_too(sh, tmp_path):
    """In a process namespace of its own, where process 1 is the container's, as in a pod."""
    ours = ["unshare", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*ours, "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody make a process namespace")
    lines = "i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo line $i; done; echo last >&2; exit 3"
    # Without the nodes, which are another test's business.
    script = scripts._HEADER + scripts._LOG + alone(["sh", "-c", lines])
    job = tmp_path / "job-driver.log"  # where Ray keeps a job's output, and reads its last lines
    # In a subshell: dash would turn process 1's own output away for the while.
    container = '(exec sh -c "$JOB" >"$FILE" 2>&1); echo "job ended with $?"; sleep 0.3'
    run = subprocess.run(
        [*ours, "sh", "-c", container],
        env={"PATH": PATH, "JOB": script, "FILE": str(job)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    said = [f"line {i}" for i in range(1, 501)] + ["last"]
    said += ["jupyter-crater: the service ended by itself (exit code 3)"]
    assert job.read_text().splitlines() == said
    assert [x for x in run.stdout.splitlines() if not x.startswith("job ended")] == said
    assert "job ended with 3" in run.stdout
