"""Random sequences of what two clients and bad luck do to jobs, and what must hold after each step."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import jupyter_crater as crater
from jupyter_crater import errors, processes
from jupyter_crater.backends.local import store
from jupyter_crater.backends.local.backend import LocalBackend, leftovers
from tests.waiting import until

TEMPLATE = "deepseek-r1-distributed"
NAMES = st.sampled_from(["one", "two"])


def launch(name: str) -> None:
    crater.launch(TEMPLATE, name=name, backend="local")


def stop(name: str) -> None:
    LocalBackend().stop(name)


def delete(name: str) -> None:
    LocalBackend().delete(name)


ACTIONS: list[Callable[[str], None]] = [launch, stop, delete]


def attempt_to(action: Callable[[str], None], name: str) -> None:
    """Do it; that there is no such job (any more) is an answer, everything else a fault."""
    try:
        action(name)
    except errors.JobNotFound:
        return


def supervisors(folder: store.Folder) -> list[int]:
    """The pids of the job's supervisors; a child that has not yet exec'ed shows its parent's words."""
    parents: dict[int, int] = {}
    for process in processes.marked(folder.marker):
        try:
            if any(a.endswith("local.supervisor") for a in process.cmdline()):
                parents[process.pid] = process.ppid()
        except psutil.Error:
            continue
    return [pid for pid, parent in parents.items() if parent not in parents]


class Jobs(RuleBasedStateMachine):
    """Two names, two clients, and a hand that kills."""

    def __init__(self) -> None:
        super().__init__()
        self.state = Path(tempfile.mkdtemp(prefix="crater-soak-"))
        os.environ["JUPYTER_CRATER_STATE"] = str(self.state)
        self.logs: dict[tuple[str, int, str], int] = {}
        self.known: dict[str, store.Folder] = {}
        self.sessions: dict[str, dict[int, dict]] = {}

    @rule(name=NAMES)
    def launches(self, name: str) -> None:
        attempt_to(launch, name)
        assert name in store.names()

    @rule(name=NAMES)
    def serves(self, name: str) -> None:
        if name in store.names() and not crater.job(name).status().ended:
            until(
                lambda: crater.job(name).phase in ("serving", "failed", "stopped"),
                seconds=30,
                what="serving, or an end",
            )

    @rule(name=NAMES)
    def stops(self, name: str) -> None:
        attempt_to(stop, name)
        if name in store.names():
            folder = store.find(name)
            assert crater.job(name).status().ended
            assert [p for a in folder.attempts() for p in leftovers(folder, a)] == []

    @rule(name=NAMES)
    def deletes(self, name: str) -> None:
        attempt_to(delete, name)
        assert name not in store.names()

    @rule(name=NAMES, first=st.sampled_from(ACTIONS), second=st.sampled_from(ACTIONS))
    def two_clients_at_once(self, name: str, first: Callable, second: Callable) -> None:
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(attempt_to, a, name) for a in (first, second)]:
                done.result(timeout=60)

    @rule(name=NAMES, which=st.integers(0, 3))
    def crashes(self, name: str, which: int) -> None:
        if name not in store.names():
            return
        run = store.find(name).current().run()
        pids = [run.get("pid"), *(p["pid"] for p in run.get("parts", []))]
        pid = pids[which % len(pids)]
        if processes.alive(run) and pid and psutil.pid_exists(pid):
            os.kill(pid, signal.SIGKILL)
            until(lambda: crater.job(name).status().ended, seconds=15, what="the crash is told")

    @invariant()
    def at_most_one_live_job_a_name(self) -> None:
        for name in store.names():
            found = supervisors(store.find(name))
            assert len(found) <= 1, found

    @invariant()
    def attempts_are_numbered(self) -> None:
        for name in store.names():
            numbers = [a.number for a in store.find(name).attempts()]
            assert numbers == list(range(1, len(numbers) + 1))
            assert crater.job(name).status().attempt == len(numbers)

    @invariant()
    def no_log_is_lost(self) -> None:
        for name in store.names():
            folder = store.find(name)
            for attempt in folder.attempts():
                for path in attempt.logs.glob("*.log"):
                    key = (folder.marker, attempt.number, path.name)
                    self.logs[key] = max(self.logs.get(key, 0), path.stat().st_size)
            for (marker, number, log), size in self.logs.items():
                if marker == folder.marker:
                    path = folder.path / "attempts" / str(number) / "logs" / log
                    assert path.stat().st_size >= size, path

    @invariant()
    def no_orphan(self) -> None:
        alive = {store.find(n).marker for n in store.names()}
        for name in store.names():
            folder = store.find(name)
            self.known[folder.marker] = folder
            of_job = self.sessions.setdefault(folder.marker, {})
            for attempt in folder.attempts():
                of_job |= {p["pid"]: p for p in attempt.run().get("parts", [])}
        for marker in self.known.keys() - alive:
            left = [*processes.marked(marker)]
            left += processes.of_sessions(self.sessions[marker].values())
            assert left == [], marker

    def teardown(self) -> None:
        try:
            for name in store.names():
                delete(name)
            self.no_orphan()
            # How long starts take is remembered beyond every job.
            left = [p for p in self.state.rglob("*") if p.is_file() and p.parent.name != "starts"]
            assert left == []
        finally:
            shutil.rmtree(self.state, ignore_errors=True)


def run(sequences: int) -> None:
    """So many sequences; the first violated invariant raises, with the steps that led there."""
    run_state_machine_as_test(
        Jobs,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=6,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # shrinking would start real processes for hours
            suppress_health_check=list(HealthCheck),
        ),
    )
