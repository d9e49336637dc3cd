"""LocalBackend: folders, supervisors and what they wrote, as the protocol wants it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from ... import processes
from ...engines import environment, provision
from ...errors import (
    BackendError,
    BackendUnavailable,
    CraterError,
    DoesNotFit,
    InputError,
    NotSupported,
    PortTaken,
)
from ...spec import ENDED, Endpoint, JobSpec, JobStatus, Observation, check_name
from ...timeline import reduce
from .. import attaching
from ..base import Account, Reach, Submitted
from . import client, machine, parts, rehearsal, store

DISK_MIN_BYTES = 200 * 2**20
STOP_BOUND_S = 40.0
SUPERVISOR = "jupyter_crater.backends.local.supervisor"
SUPERVISORS = {"client": "jupyter_crater.clients.supervisor"}
"""By kind. A client's stands above the backends, since its engine may run on any of them."""


class LocalBackend:
    """Jobs on this machine's CPU (or GPU): real Ray nodes, real vLLM, a supervisor a job."""

    name = "local"

    def __init__(self) -> None:
        self.arguments: dict[str, Any] = {}

    # Before

    def prepare(
        self, spec: JobSpec, name: str, *, given: frozenset[str]
    ) -> tuple[JobSpec, list[Observation]]:
        check_name(name)
        _check_disk()
        self._check_ports(spec, name, given)
        if spec.kind == "client":
            return client.prepare(spec, given=given, cuda=environment.describe().kind == "cuda")
        if spec.raw_command is not None or spec.engine is None:
            return spec, []
        # On a GPU nothing is scaled down: the job is what was asked.
        if environment.describe().kind == "cuda":
            return spec, []
        embedded = environment.embedded_model_folder()
        return rehearsal.rehearse(
            spec, given=given, embedded=embedded, embedded_config=environment.EMBEDDED_CONFIG
        )

    def _check_ports(self, spec: JobSpec, name: str, given: frozenset[str]) -> None:
        wanted = {"port": spec.service.port if spec.service else None}
        if spec.kind == "client":
            wanted["port"] = next((f.port for f in spec.forwards), None)
        wanted["ray_port"] = spec.ray.port if spec.ray else None
        for parameter, port in wanted.items():
            if parameter not in given or port is None or machine.is_free(port):
                continue
            if port in self._ports_of(name):
                continue  # the job is there already: submit attaches or tells the differences
            raise PortTaken(
                f"{parameter}={port} is in use on this machine.",
                hint=f"Leave {parameter} out (a free one is taken) or give another.",
            )

    def _ports_of(self, name: str) -> set[int]:
        try:
            run = store.find(name).current().run()
        except CraterError:
            return set()
        return set(run.get("ports", {}).values()) if processes.alive(run) else set()

    # Creating

    def submit(
        self, spec: JobSpec, name: str, *, asked: JobSpec, changes: Sequence[Observation]
    ) -> Submitted:
        check_name(name)
        try:
            with store.lock(name):
                return self._submit(spec, name, asked, changes)
        except OSError as error:
            raise BackendError(
                f"The job's folder could not be written: {error}.",
                hint=f"It is below {store.root()}; JUPYTER_CRATER_STATE names another place.",
            ) from error

    def _submit(
        self, spec: JobSpec, name: str, asked: JobSpec, changes: Sequence[Observation]
    ) -> Submitted:
        new = not (store.root() / name / "job.json").is_file()
        if not new:
            folder = store.find(name)
            if folder.attempts():
                status = self.status(name)
                if not status.ended:
                    attaching.check(name, folder.current().asked(), asked, status.phase)
                    return Submitted(name, attached=True, attempt=folder.current().number)
                self._clear_leftovers(folder)
        folder = store.create(name)
        document = {
            "spec": spec.to_json(),
            "asked": asked.to_json(),
            "changes": [c.to_json() for c in changes],
            "served_model_aliases": _aliases(spec, asked),
        }
        attempt = store.add_attempt(folder, document)
        try:
            if spec.kind == "client":
                store.make_client(folder, *client.address_of(spec))
            attempt.record(Observation(time.time(), "phase", "queued"))
            if spec.lease_seconds:
                attempt.write_run(lease=time.time() + spec.lease_seconds)
            processes.spawn_detached(
                SUPERVISORS.get(spec.kind, SUPERVISOR),
                [str(folder.path), str(attempt.number)],
                cwd=folder.path,
                env={processes.MARKER: folder.marker},
            )
        except BaseException:
            shutil.rmtree(folder.path if new else attempt.folder, ignore_errors=True)
            raise
        return Submitted(name, attached=False, attempt=attempt.number)

    # Reading

    def names(self) -> list[str]:
        return store.names()

    def spec(self, name: str) -> JobSpec:
        return store.find(name).current().spec()

    def asked(self, name: str) -> JobSpec:
        return store.find(name).current().asked()

    def status(self, name: str) -> JobStatus:
        folder = store.find(name)
        attempt = folder.current()
        document, run = attempt.document(), attempt.run()
        seen = reduce(attempt.observations(), now=time.time())
        phase, reason, message = seen.phase, seen.reason, seen.message
        if phase not in ENDED:
            phase, reason, message = _still(run, phase, reason, message)
        ports = run.get("ports", {})
        spec = document.get("spec", {})
        provenance = spec.get("provenance", {})
        ended = phase in ENDED
        api_port = ports.get("api") if spec.get("service") else None
        api_url = f"http://127.0.0.1:{api_port}" if api_port and not ended else None
        web = client.page(ports) if not ended else None
        endpoints = [Endpoint(name="openai", port=api_port, url=api_url)] if api_port else []
        endpoints += [Endpoint(name=client.WEB, port=ports["web"], url=web)] if web else []
        return JobStatus(
            name=name,
            template=provenance.get("template", "?"),
            backend=self.name,
            phase=phase,
            reason=reason,
            message=message,
            head_ip=run.get("head_ip"),
            api_url=api_url,
            endpoints=tuple(endpoints),
            tasks=seen.tasks,
            timeline=seen.entries,
            created=folder.created,
            changed=seen.changed,
            lease=run.get("lease"),
            attempt=attempt.number,
            rehearsal=seen.rehearsal,
        )

    def observations(self, name: str) -> list[Observation]:
        return store.find(name).current().observations()

    def log(
        self,
        name: str,
        *,
        task: str | None = None,
        follow: bool = False,
        previous: bool = False,
        stop: Event | None = None,
    ) -> Iterator[Observation]:
        folder = store.find(name)
        attempts = folder.attempts()
        if previous and len(attempts) < 2:
            raise InputError(f"{name!r} had no attempt before this one.")
        attempt = attempts[-2] if previous else attempts[-1]
        known = sorted({p.name.split(".log")[0] for p in attempt.logs.glob("*.log")})
        if task is not None and not any(_belongs(stream, task) for stream in known):
            raise InputError(
                f"No log of a task {task!r} in {name!r}.", hint=f"There are: {', '.join(known)}."
            )
        return self._log(name, attempt, task, follow=follow and not previous, stop=stop or Event())

    def _log(
        self, name: str, attempt: store.Attempt, task: str | None, *, follow: bool, stop: Event
    ) -> Iterator[Observation]:
        logs: dict[Path, parts.Log] = {}
        while True:
            ended = not follow or stop.is_set() or self.status(name).ended
            for path in sorted(attempt.logs.glob("*.log"), key=_log_order):
                stream = path.name.removesuffix(".log")
                if stream in ("supervisor", "nodes") and task != stream:
                    continue
                if task is not None and not _belongs(stream, task):
                    continue
                if path not in logs:
                    logs[path] = parts.Log(path)
                    yield from _lines(parts.Log(path.with_name(path.name + ".1")), stream)
                yield from _lines(logs[path], stream)
            if ended:
                return
            stop.wait(0.2)

    # Reaching

    def reach(self, name: str, *, make: bool = True) -> Reach:
        folder = store.find(name)
        ports = folder.current().run().get("ports", {})
        port = ports.get("api")
        if port is None and client.page(ports):
            raise NotSupported(f"{name!r} offers no OpenAI service: it is a client of one.")
        if port is None:
            raise BackendUnavailable(f"{name!r} has no port yet: it is still being started.")
        if (key := folder.key()) is None:
            raise BackendUnavailable(
                f"The key of {name!r} can't be read: {folder.path / 'key'}.",
                hint="Stop the job and launch it again: a new key is made.",
            )
        return Reach(f"http://127.0.0.1:{port}", key)

    def address(self, name: str, *, make: bool = False) -> str | None:
        """A client's page has its own port for life: its sessions belong to that origin."""
        return client.page(store.find(name).current().run().get("ports", {}))

    def account(self, name: str) -> Account | None:
        """The account of a client's page; None for engines."""
        return store.find(name).account()

    def connect(self, name: str, port: int | None = None) -> socket.socket:
        ports = store.find(name).current().run().get("ports", {})
        wanted = port or ports.get("api")
        if wanted is None or wanted != ports.get("api"):
            raise BackendUnavailable(f"{name!r} offers no port {port or ''} now.")
        try:
            return socket.create_connection(("127.0.0.1", wanted), timeout=5)
        except OSError as error:
            raise BackendUnavailable(f"{name!r} does not answer on its port yet.") from error

    # Ending

    def stop(self, name: str) -> None:
        with _held(name) as folder:
            self._stop(folder, grace=STOP_BOUND_S)

    def _stop(self, folder: store.Folder, *, grace: float) -> None:
        attempts = folder.attempts()
        supervisor = processes.alive(attempts[-1].run()) if attempts else None
        self._refuse_elsewhere(folder, attempts)
        if supervisor is not None:
            supervisor.send_signal(signal.SIGTERM)
            supervisor.send_signal(signal.SIGCONT)  # a stopped one could not obey
            deadline = time.monotonic() + grace
            while processes.alive(attempts[-1].run()) and time.monotonic() < deadline:
                time.sleep(0.05)
            if processes.alive(attempts[-1].run()):
                processes.end([supervisor], grace=0)
        self._clear_leftovers(folder)
        if attempts:
            seen = reduce(attempts[-1].observations(), now=time.time())
            if seen.phase not in ENDED:
                message = "Stopped; its supervisor was gone."
                attempts[-1].record(
                    Observation(time.time(), "phase", "stopped", message, data={"code": "stopped"})
                )

    def _refuse_elsewhere(self, folder: store.Folder, attempts: list[store.Attempt]) -> None:
        where = attempts[-1].run().get("host") if attempts else None
        if where and where != store.host():
            raise BackendUnavailable(
                f"{folder.name!r} runs on the host {where}, not here ({store.host()}).",
                hint=f"Stop or delete it on {where}.",
            )

    def _clear_leftovers(self, folder: store.Folder) -> None:
        """Processes and files that a dead supervisor left."""
        for attempt in folder.attempts():
            run = attempt.run()
            orphans = leftovers(folder, attempt)
            mapped = processes.shared_memory(processes.with_descendants(orphans))
            processes.end(orphans, grace=3)
            for name in mapped:
                if Path(name).name.startswith("psm_") or "cpushm" in name:
                    Path(name).unlink(missing_ok=True)
            temp = run.get("ray_temp")
            if temp and Path(temp).name.startswith("jc-") and Path(temp).is_dir():
                shutil.rmtree(temp, ignore_errors=True)

    def delete(self, name: str) -> None:
        with _held(name) as folder:
            self._stop(folder, grace=STOP_BOUND_S)
            processes.end_recorded(folder.path / "forward.json", grace=2)
            # Out of sight first, so that no reader sees half a job.
            gone = folder.path.with_name(f".gone-{name}-{os.getpid()}")
            folder.path.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)

    def extend(self, name: str, seconds: float) -> float:
        attempt = store.find(name).current()
        lease = attempt.run().get("lease")
        if lease is None:
            raise NotSupported(
                f"{name!r} has no lease: it runs until it is stopped.",
                hint="`launch(…, lease='8h')` gives one.",
            )
        end = max(float(lease), time.time()) + seconds
        attempt.write_run(lease=end)
        return end

    def manifest(self, spec: JobSpec, name: str) -> list[dict[str, Any]]:
        return [{"name": name} | spec.to_json()]

    def state_folder(self, name: str) -> Path:
        """Where the job's forward keeps its record."""
        return store.find(name).path


@contextmanager
def _held(name: str) -> Iterator[store.Folder]:
    """The job's folder under its lock; the lock's file goes with the job, and none is made without."""
    store.find(name)
    with store.lock(name):
        try:
            yield store.find(name)
        finally:
            if not (store.root() / name).exists():
                store.lock_file(name).unlink(missing_ok=True)


def _aliases(spec: JobSpec, asked: JobSpec) -> list[str]:
    """A rehearsal also answers to the name of the model it stands for: clients need no change."""
    if spec.engine is None or asked.engine is None:
        return []
    name = asked.engine.served_model_name
    return [name] if name and name != spec.engine.served_model_name else []


def _still(run: dict[str, Any], phase: Any, reason: str | None, message: str) -> tuple[Any, ...]:
    """The phase of a job that hasn't ended, in the light of who can still be seen."""
    if "pid" not in run:
        if phase == "queued":
            return phase, reason, message
        text = "The job's run record is damaged, so nobody knows who runs it; `stop` still ends it."
        return "unknown", "run-record-damaged", text
    if run.get("host") != store.host():
        where = run.get("host")
        return "unreachable", "other-host", f"It runs on the host {where}; this is {store.host()}."
    if run.get("boot_id") != store.boot_id():
        return "failed", "supervisor-lost", "The machine was started anew since; the job is gone."
    supervisor = processes.alive(run)
    if supervisor is None:
        text = "The job's supervisor is dead; `delete` ends what may be left of the job."
        return "failed", "supervisor-lost", text
    if supervisor.status() == "stopped":
        text = f"The job's supervisor (process {supervisor.pid}) was stopped (SIGSTOP)."
        return phase, "supervisor-stopped", text
    return phase, reason, message


def leftovers(folder: store.Folder, attempt: store.Attempt) -> list[Any]:
    """Every process of an attempt that still runs: by marker and by the sessions of its parts."""
    found = [
        *processes.marked(folder.marker),
        *processes.of_sessions(attempt.run().get("parts", [])),
    ]
    return list({p.pid: p for p in found}.values())


def _belongs(stream: str, task: str) -> bool:
    """Whether a log belongs to a task: ``head`` has Ray's and the engine's, as in a pod."""
    if task == stream or stream.rpartition("-")[0] == task:
        return True
    return task in ("head", "main") and stream == "engine"


def _log_order(path: Path) -> tuple[int, str]:
    order = {"head": 0, "engine": 2}
    return order.get(path.name.removesuffix(".log"), 1), path.name


def _lines(log: parts.Log, stream: str) -> Iterator[Observation]:
    task, _, index = stream.partition("-")
    while lines := log.read():
        for line in lines:
            yield Observation(
                time.time(), "log", "", line, task, int(index) if index.isdigit() else 0
            )


def _check_disk() -> None:
    free = provision.free_bytes(store.root())
    if free < DISK_MIN_BYTES:
        raise DoesNotFit(
            f"Only {free / 2**20:.0f} MiB are free where jobs keep their logs ({store.root()}); "
            f"a job wants {DISK_MIN_BYTES / 2**20:.0f} MiB.",
            hint="Free some room, or name another place in JUPYTER_CRATER_STATE.",
        )
