"""Every row of the fault table, on real processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import jupyter_crater as crater
from jupyter_crater import errors, processes
from jupyter_crater.backends.local import store
from jupyter_crater.spec import Observation
from tests.waiting import until

from .table import FAULTS, NAME, found, keep, strike, wait_for_phase

SERVE_ONLY = "serve.py"


@pytest.fixture
def launcher():
    """Launches in a process of its own, which stays to be struck."""
    started = []

    def launch() -> psutil.Process:
        code = (
            f"import jupyter_crater as c, time; c.launch({NAME!r}, backend='local'); time.sleep(99)"
        )
        process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
        started.append(process)
        return psutil.Process(process.pid)

    yield launch
    for process in started:
        process.kill()
        process.wait()


def real_ray(stand_in, tmp_path: Path) -> None:
    """Only `vllm serve` is stood in for."""
    folder = tmp_path / "serve-only"
    folder.mkdir()
    source = Path(os.environ["JUPYTER_CRATER_STAND_IN"])
    shutil.copy(source / SERVE_ONLY, folder)
    stand_in.setenv("JUPYTER_CRATER_STAND_IN", str(folder))


@pytest.mark.parametrize(
    "fault",
    [pytest.param(f, id=f.id, marks=[pytest.mark.engine] if f.real else []) for f in FAULTS],
)
def test_fault(fault, stand_in, launcher, tmp_path, request):
    if fault.real:
        request.getfixturevalue("engine_environment")
    if fault.real == "Ray":
        real_ray(stand_in, tmp_path)
    elif fault.real == "vLLM":
        stand_in.delenv("JUPYTER_CRATER_STAND_IN")
    for name, value in fault.env.items():
        stand_in.setenv(name, value)
    process = launcher()
    until(lambda: NAME in store.names(), seconds=20, what="the job's folder")
    job = found()
    wait_for_phase(job, fault.phase)
    row = strike(fault, job, process)
    keep(row)
    assert row.ok, row
    if fault.says and fault.says != "supervisor-lost":
        assert row.message


def test_a_stopped_part_that_goes_on_is_forgiven(launch):
    job = launch()
    run = store.find(NAME).current().run()
    worker = psutil.Process(next(p["pid"] for p in run["parts"] if p["title"] == "Ray worker 0"))
    worker.suspend()
    until(lambda: job.status().reason == "ray-worker-0-stopped", what="the stop is told")
    worker.resume()
    until(lambda: job.status().reason is None, what="all is well again")
    assert job.phase == "serving"


def test_a_stolen_port_is_tried_again(launch, stand_in, tmp_path):
    thief = tmp_path / "steal"
    thief.touch()
    stand_in.setenv("CRATER_STAND_IN_STEAL", str(thief))
    job = launch()
    assert job.phase == "serving"
    assert "restarting" in [e.phase for e in job.timeline]
    assert "Address already in use" in str(job.logs()), "the log of the first start is kept"


def test_a_port_that_was_given_is_not_changed(launch, stand_in, tmp_path):
    thief = tmp_path / "steal"
    thief.touch()
    stand_in.setenv("CRATER_STAND_IN_STEAL", str(thief))
    job = launch(wait=False, port=18231)
    with pytest.raises(errors.JobFailed, match="Address already in use"):
        job.wait(timeout=30, progress=lambda _: None)


@pytest.mark.skipif(os.getuid() != 0, reason="a small tmpfs can be mounted by root only")
@pytest.mark.parametrize("victim", ["Ray worker 0", "vLLM server"])
def test_a_full_disk_does_not_hide_the_reason(stand_in, tmp_path, victim):
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)], check=True)
    try:
        stand_in.setenv("JUPYTER_CRATER_STATE", str(small))
        stand_in.setattr("jupyter_crater.backends.local.backend.DISK_MIN_BYTES", 0)
        job = crater.launch(NAME, backend="local").wait(timeout=60, progress=lambda _: None)
        with (small / "ballast").open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        assert job.phase == "serving"
        run = store.find(NAME).current().run()
        psutil.Process(next(p["pid"] for p in run["parts"] if p["title"] == victim)).kill()
        status = until(lambda: (s := job.status()).ended and s, what="the end is told")
        assert status.reason == ("engine-died" if victim == "vLLM server" else "ray-worker-0-died")
        job.delete()
        assert store.names() == []
    finally:
        for name in store.names():
            crater.job(name).delete()
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_no_disk_is_refused_before_anything_starts(stand_in, state):
    stand_in.setattr("jupyter_crater.backends.local.backend.DISK_MIN_BYTES", 2**62)
    with pytest.raises(errors.DoesNotFit, match="MiB are free"):
        crater.launch(NAME, backend="local")
    assert store.names() == []


@pytest.mark.parametrize("jump", [-86400.0, 86400.0])
def test_a_clock_that_jumps(launch, jump):
    """Events of another time, as a reader meets them after the clock was set."""
    job = launch()
    attempt = store.find(NAME).current()
    attempt.record(Observation(time.time() + jump, "progress", "shards", "shards 1/1"))
    status = job.status()
    assert status.phase == "serving"
    assert all(e.ended is None or e.ended >= e.started for e in status.timeline)
    record = attempt.run()
    moved = record | {"started": record["started"] + jump}
    assert processes.alive(moved), "told by ticks since boot, which don't jump"


@pytest.mark.parametrize("name", ["run.json", "spec.json", "events.jsonl"])
def test_half_written_files(launch, name):
    job = launch()
    folder = store.find(NAME)
    path = folder.current().folder / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    status = job.status()
    if name == "run.json":
        assert (status.phase, status.reason) == ("unknown", "run-record-damaged")
    assert [j.name for j in crater.jobs()] == [NAME]
    path.write_bytes(whole)
    assert job.phase == "serving"


def test_a_damaged_job_can_be_deleted_without_a_trace(launch):
    job = launch()
    folder = store.find(NAME)
    attempt = folder.current()
    sessions = attempt.run()["parts"]
    supervisor = attempt.run()["pid"]
    (attempt.folder / "run.json").write_text("{")
    job.delete()
    assert processes.marked(folder.marker) == []
    until(lambda: not processes.of_sessions(sessions), what="no process of its parts")
    assert not psutil.pid_exists(supervisor) or psutil.Process(supervisor).status() == "zombie"


def test_a_removed_folder_ends_the_job(launch):
    job = launch()
    folder = store.find(NAME)
    marker, sessions = folder.marker, folder.current().run()["parts"]
    job.url  # noqa: B018 - the forward is there too
    shutil.rmtree(folder.path)
    until(
        lambda: not processes.marked(marker) and not processes.of_sessions(sessions),
        seconds=15,
        what="everything of the job ended",
    )
