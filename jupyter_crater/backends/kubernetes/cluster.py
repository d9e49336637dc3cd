"""One namespace of one cluster, as this process sees it: shared by all backends and jobs in it."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

from ... import config
from ...errors import CraterError, JobNotFound, meant
from ...spec import Observation
from . import ends, kinds, record
from .access import Access, kubeconfig, open_access
from .client import Client
from .fine import Fine
from .observe import Seen, seen_of, subject
from .record import MANAGED_BY, PREFIX, Record
from .watch import Mirror

OURS = f"{MANAGED_BY}={PREFIX}"
DISCOVERY_S = 600.0


def _job_of(document: dict[str, Any]) -> str:
    return str((document["metadata"].get("labels") or {}).get(record.JOB) or "")


def _owner_of(document: dict[str, Any]) -> str:
    owners = document["metadata"].get("ownerReferences") or []
    return str(owners[0]["name"]) if owners else ""


class Cluster:
    """What is known of a namespace, and the client to ask more with."""

    def __init__(self, access: Access, namespace: str) -> None:
        self.access = access
        self.namespace = namespace
        self.client = Client(access)
        self.folder = config.state() / "clusters" / access.scope(namespace)
        self.pods = Mirror(
            self.client, kinds.PODS, namespace, record.JOB, by=_job_of, changed=self._pod_changed
        )
        self.events = Mirror(self.client, kinds.EVENTS, namespace, by=subject)
        self.groups = Mirror(self.client, kinds.POD_GROUPS, namespace, by=_owner_of)
        self.ingresses = Mirror(self.client, kinds.INGRESSES, namespace, OURS, by=_job_of)
        self._workloads = {
            carrier: Mirror(
                self.client, kind, namespace, OURS, by=_job_of, changed=self._workload_changed
            )
            for carrier, kind in kinds.CARRIERS.items()
        }
        self.fine = Fine(self.client, namespace)
        self._lock = threading.Lock()
        self._discovered: tuple[float, list[str]] = (-1e9, [])
        self._records: dict[str, tuple[str, Record]] = {}
        self._names: set[str] = set()
        self._heads: dict[str, str] = {}
        self._moved: dict[str, Observation] = {}

    # -- what the cluster has ------------------------------------------------------------------------

    def carriers(self) -> list[str]:
        """The carriers that are installed, the preferred one first; plain Jobs always are."""
        with self._lock:
            at, known = self._discovered
            if time.monotonic() - at < DISCOVERY_S:
                return known
            try:
                groups = self.client.get("/apis").get("groups") or []
            except CraterError:
                if not known:
                    raise
                return known
            names = {group["name"] for group in groups}
            found = [
                carrier
                for carrier, kind in kinds.CARRIERS.items()
                if kind.group in names or carrier == "kubernetes"
            ]
            self._discovered = (time.monotonic(), found)
            return found

    def workloads(self) -> list[dict[str, Any]]:
        """All jobs of ours in the namespace, however they got there."""
        return [d for m in self._mirrors() for d in m.read() if _ours(d)]

    def _mirrors(self) -> list[Mirror]:
        return [self._workloads[carrier] for carrier in self.carriers()]

    # -- jobs ----------------------------------------------------------------------------------------

    def record(self, workload: dict[str, Any]) -> Record:
        """The workload's record, read once for each of its versions."""
        meta = workload["metadata"]
        notes = meta.get("annotations") or {}
        version = "\n".join(str(notes.get(k)) for k in (record.SPEC, record.LEASE_UNTIL))
        known = self._records.get(_uid(workload))
        if known is None or known[0] != version:
            known = self._records[_uid(workload)] = (version, record.read(workload))
        return known[1]

    def find(self, name: str, *, fresh: bool = False) -> tuple[Record, dict[str, Any]]:
        """The job of that name: the living one, else the latest.

        Raises:
            JobNotFound: with the nearest name.
            PermissionDenied: its kinds can't be listed here.
            InputError, NewerSchema: what it says of itself can't be read.
        """
        found = self.found(name, fresh=fresh)
        found.sort(key=lambda d: str(d["metadata"].get("creationTimestamp")), reverse=True)
        found.sort(key=lambda d: ends.over(self.record(d), d))
        return self.record(found[0]), found[0]

    def found(self, name: str, *, fresh: bool = False) -> list[dict[str, Any]]:
        """The workloads of that name, readable or not: one, but for carriers that changed.

        Raises:
            JobNotFound, PermissionDenied: there is none.
        """
        found = [d for m in self._mirrors() for d in m.read(name, fresh=fresh) if _ours(d)]
        if not found:
            refused = [m.refused for m in self._mirrors() if m.refused is not None]
            if refused and (len(refused) == len(self._mirrors()) or name in self._names):
                raise refused[0]  # a right was taken away: the job may live on
            raise JobNotFound(
                f"No job {name!r} in the namespace {self.namespace!r}.",
                hint=meant(name, [d["metadata"]["name"] for d in self.workloads()]),
            )
        self._names.add(name)
        return found

    def seen(self, name: str, *, everything: bool = False) -> Seen:
        """All that is known of a job now.

        Args:
            everything: its events also while nothing is waited for.

        Raises:
            JobNotFound, BackendUnavailable (never heard of it and nobody answers).
        """
        job, workload = self.find(name)
        found = seen_of(job, workload, self.pods.read(name), notes=self._notes(name))
        events, group = None, None
        waits = len(found.pods) < job.spec.nodes or any(p.phase != "running" for p in found.pods)
        if everything or (waits and not found.over):
            group = next(iter(self.groups.read(name)), None) if job.carrier == "volcano" else None
            about = [p.name for p in found.pods] + [name]
            if group is not None:
                about.append(group["metadata"]["name"])
            events = [e for each in dict.fromkeys(about) for e in self.events.read(each)]
        fine = self.fine.of(found, self.job_folder(name))
        if not (events or group or fine):
            return found
        return seen_of(
            job, workload, [p.document for p in found.pods],
            events=events, group=group, fine=fine, notes=found.notes,
        )  # fmt: skip

    def job_folder(self, name: str) -> Path:
        """Where this user keeps what a cluster forgets of a job: read logs, a key, its forward."""
        return self.folder / name

    def _notes(self, name: str) -> list[Observation]:
        found = [self._moved[name]] if name in self._moved else []
        mirrors = [self.pods, *self._mirrors()]
        lost = max(mirrors, key=lambda m: m.lost_for())
        if lost.lost_for() and lost.failure is not None:
            text = f"Nothing was heard for {lost.lost_for():.0f} s: {lost.failure.message}"
            data = {"code": "api-unreachable"}
            found.append(Observation(time.time(), "phase", "unreachable", text, data=data))
        return found

    def _pod_changed(self, _: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        """Remembers where each head was: a restarted one has another address."""
        if after is None or not _is_head(after):
            return
        name, ip = _job_of(after), (after.get("status") or {}).get("podIP")
        before = self._heads.get(name)
        if not ip or ip == before:
            return
        self._heads[name] = ip
        if before:
            text = f"The job was restarted: its head is at {ip} now, it was at {before}."
            data = {"old": before, "new": ip}
            self._moved[name] = Observation(time.time(), "event", "head-moved", text, data=data)

    def _workload_changed(
        self, before: dict[str, Any] | None, after: dict[str, Any] | None
    ) -> None:
        """Whoever deleted a job: nothing of it is kept here."""
        if before is not None and (after is None or _uid(before) != _uid(after)):
            self._records.pop(_uid(before), None)
            self.forget(_job_of(before))

    def close(self) -> None:
        """End all watches and readings; whoever asks again opens others."""
        for mirror in (
            self.pods,
            self.events,
            self.groups,
            self.ingresses,
            *self._workloads.values(),
        ):
            mirror.close()
        self.fine.close()

    def forget(self, name: str) -> None:
        """After a job was deleted: a new one of that name has nothing to do with it."""
        self._names.discard(name)
        self._heads.pop(name, None)
        self._moved.pop(name, None)
        self.fine.forget(self.job_folder(name))


def _uid(document: dict[str, Any]) -> str:
    return str(document["metadata"].get("uid") or "")


def _ours(document: dict[str, Any]) -> bool:
    """Other things may carry our labels; a job carries its spec."""
    return record.SPEC in (document["metadata"].get("annotations") or {})


def _is_head(pod: dict[str, Any]) -> bool:
    labels = pod["metadata"].get("labels") or {}
    task = labels.get(record.TASK)
    return task in ("head", "main") or (
        task is None and labels.get("batch.kubernetes.io/job-completion-index") == "0"
    )


_CLUSTERS: dict[tuple[str, ...], Cluster] = {}
_OPENING = threading.Lock()


def shared(context: str | None, namespace: str | None) -> Cluster:
    """The one Cluster of this process for a context and namespace.

    Raises:
        ConfigError: there is no way to a cluster.
        AuthenticationError: the login plugin failed.
    """
    paths = kubeconfig()
    state = str(config.state())
    # The current context may be changed in the file: that is another cluster then.
    times = [str(Path(p).stat().st_mtime_ns) for p in (paths or "").split(os.pathsep) if p]
    key = (str(paths), *times, str(context), str(namespace), state)
    with _OPENING:
        if key not in _CLUSTERS:
            access = open_access(context)
            found = namespace or access.namespace
            same = (access.server, str(access.context), found, state)
            if same not in _CLUSTERS:
                _CLUSTERS[same] = Cluster(access, found)
            _CLUSTERS[key] = _CLUSTERS[same]
        return _CLUSTERS[key]
