"""Jobs as objects of a cluster. All state is there; what a cluster forgets is kept in the user's folder."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

from ... import config
from ...errors import (
    BackendUnavailable,
    ConfigError,
    CraterError,
    InputError,
    JobNotFound,
    NewerSchema,
    NotSupported,
)
from ...spec import (
    CONNECT_KEY,
    CONNECT_KEY_VARIABLE,
    NEW_SECRET,
    Endpoint,
    JobSpec,
    JobStatus,
    Observation,
    check_name,
)
from ...timeline import Timeline, reduce
from .. import attaching
from ..base import Account, Reach, Submitted, account_of
from . import capacity, cluster, ending, keys, kinds, logs, manifests, new_secret, reach, submit
from .access import ACCOUNT
from .cluster import Cluster
from .observe import Seen, observations
from .options import Carrier, Options, Peer
from .pods import when
from .record import JOB, TEMPLATE, Record

CAPACITY_S = 30.0


class KubernetesBackend:
    """Jobs of one namespace of a cluster, whoever put them there."""

    name = "kubernetes"

    def __init__(
        self,
        *,
        context: str | None = None,
        namespace: str | None = None,
        carrier: Carrier | None = None,
        queue: str | None = None,
    ) -> None:
        known = config.load().kubernetes
        self._context = context or known.context
        self.namespace = namespace or known.namespace
        self.carrier = carrier or known.carrier
        self._given = {
            "context": context,
            "namespace": namespace,
            "carrier": carrier,
            "queue": queue,
        }
        self.options = Options(
            owner=os.environ.get("JUPYTERHUB_USER") or getpass.getuser(),
            queue=queue or known.queue,
            allow_host_path=known.allow_host_path,
        )
        self._cluster: Cluster | None = None
        self._capacity: tuple[float, dict[str, Any]] | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """What makes it again in another process: with the context and namespace that are meant now,
        since a kubeconfig's current ones may be changed."""
        found = {k: v for k, v in self._given.items() if v is not None}
        try:
            here = self.cluster
        except CraterError:
            return found
        pinned = {"context": here.access.context, "namespace": here.namespace}
        return found | {k: v for k, v in pinned.items() if v is not None}

    @property
    def cluster(self) -> Cluster:
        """The namespace as this process sees it.

        Raises:
            ConfigError: there is no cluster to talk to.
            AuthenticationError: the login did not work.
        """
        if self._cluster is None:
            self._cluster = cluster.shared(self._context, self.namespace)
        return self._cluster

    # -- submitting ----------------------------------------------------------------------------------

    def prepare(
        self, spec: JobSpec, name: str, *, given: frozenset[str]
    ) -> tuple[JobSpec, list[Observation]]:
        """The spec as it is: a cluster runs what was asked, or refuses it.

        Raises:
            InputError: what the cluster would refuse.
        """
        self.manifest(spec, name)
        return spec, []

    def _carrier(self) -> Any:
        """The named carrier, else the best that the cluster has.

        Raises:
            InputError: none is named and no cluster can be asked.
        """
        if self.carrier is not None:
            return self.carrier
        try:
            return self.cluster.carriers()[0]
        except ConfigError as error:
            raise InputError(
                f"Which carrier runs the job is not known without a cluster. {error.message}",
                hint="Name it: --carrier volcano, kuberay or kubernetes.",
            ) from error

    def manifest(self, spec: JobSpec, name: str) -> list[dict[str, Any]]:
        """The documents that submit would create, without the secret's values.

        Raises:
            InputError: no carrier is known, or the cluster would refuse them.
        """
        return manifests(
            spec, name, carrier=self._carrier(), namespace=self.namespace, options=self.options
        )

    def submit(
        self, spec: JobSpec, name: str, *, asked: JobSpec, changes: Sequence[Observation]
    ) -> Submitted:
        """Make the job's objects, all or none, or attach to the living job of that name.

        Raises:
            ConflictError: a living job of that name has other values.
            PermissionDenied, DoesNotFit, InputError: the cluster refuses; nothing was made.
            BackendUnavailable: the cluster doesn't answer.
        """
        check_name(name)
        here = self.cluster
        carrier = self._carrier()
        if carrier not in here.carriers():
            raise NotSupported(
                f"This cluster has no {carrier}.",
                hint=f"It has {', '.join(here.carriers())} (--carrier).",
            )
        attempt = 1
        try:
            job, _ = here.find(name, fresh=True)
        except JobNotFound:
            job = None
        if job is not None:
            seen = here.seen(name)
            if not seen.over and not seen.workload["metadata"].get("deletionTimestamp"):
                phase = self._line(seen, time.time()).phase
                attaching.check(name, job.spec, asked, phase, job.owner)
                return Submitted(name, attached=True, attempt=job.attempt)
            attempt = job.attempt + 1
        options = self.options.model_copy(
            update={"attempt": attempt, "notebook": _own_pod(here) if here.access.inside else None}
        )
        first = manifests(spec, name, carrier=carrier, namespace=here.namespace, options=options)
        given = (_kept(here, job, spec) if job else {}) | _given_secrets(spec)
        values = new_secret(spec, options, given, kind=first[-1]["kind"])
        documents = manifests(
            spec, name, carrier=carrier, namespace=here.namespace, options=options, secret=values
        )
        submit.check_rights(here, documents)
        readable = not values or submit.may(here, "get", kinds.SECRETS, name=name)
        if job is not None:  # only now: whatever refused the new attempt left the old one alone
            ending.keep_logs(here, here.seen(name))
            ending.delete(here, name, folder=False)
        made = submit.create(here, documents, name)
        if not readable:
            keys.keep(here, name, made["metadata"]["uid"], values)
        with suppress(CraterError):  # it is made; who asks next must not miss it
            here.found(name, fresh=True)
        return Submitted(name, attached=False, attempt=attempt)

    # -- observing -----------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """All jobs of the namespace, newest first: a namespace is what its users share."""
        rows = self.cluster.workloads()
        rows.sort(key=lambda d: str(d["metadata"].get("creationTimestamp")), reverse=True)
        return list(dict.fromkeys(d["metadata"]["name"] for d in rows))

    def record(self, name: str) -> Record:
        """What the cluster says the job is."""
        return self.cluster.find(name)[0]

    def spec(self, name: str) -> JobSpec:
        return self.record(name).spec

    def observations(self, name: str) -> list[Observation]:
        return observations(self.cluster.seen(name, everything=True), now=time.time())

    def _line(self, seen: Seen, now: float) -> Timeline:
        return reduce(observations(seen, now=now), now=now)

    def status(self, name: str) -> JobStatus:
        here, now = self.cluster, time.time()
        try:
            seen = here.seen(name)
        except (InputError, NewerSchema) as error:
            return self._unreadable(name, error)
        spec, line = seen.spec, self._line(seen, now)
        service = spec.service
        ports = {f.port: f.name for f in spec.forwards}
        if service:
            ports[service.port] = "openai"
        url = None if seen.over else reach.ingress_url(here, name)
        first = next(iter([service.port] if service else ports), None)
        return JobStatus(
            name=name,
            template=spec.provenance.template,
            backend=self.name,
            phase=line.phase,
            reason=line.reason,
            message=line.message,
            head_ip=line.head_ip,
            url=url,
            api_url=None if seen.over else reach.inside_url(here, seen),
            endpoints=tuple(
                Endpoint(name=label, port=port, url=url if port == first else None)
                for port, label in ports.items()
            ),
            tasks=line.tasks,
            timeline=line.entries,
            created=seen.record.created or now,
            changed=line.changed,
            lease=None if seen.over else seen.lease,
            attempt=seen.record.attempt,
            rehearsal=line.rehearsal,
        )

    def _unreadable(self, name: str, error: CraterError) -> JobStatus:
        """One that was edited, or is of a newer version: shown, with why, and it can be deleted."""
        meta = self.cluster.found(name)[0]["metadata"]
        return JobStatus(
            name=name,
            template=(meta.get("annotations") or {}).get(TEMPLATE, ""),
            backend=self.name,
            phase="unknown",
            reason="newer-schema" if isinstance(error, NewerSchema) else "unreadable",
            message=error.message,
            created=when(meta.get("creationTimestamp")) or time.time(),
        )

    def log(
        self,
        name: str,
        *,
        task: str | None = None,
        follow: bool = False,
        previous: bool = False,
        stop: Event | None = None,
    ) -> Iterator[Observation]:
        here = self.cluster
        seen = here.seen(name)
        if follow and not previous and not seen.over:
            return logs.follow(
                here.client,
                here.namespace,
                lambda: here.seen(name),
                task=task,
                stop=stop or Event(),
            )
        return self._log(here, seen, task, previous=previous)

    def _log(
        self, here: Cluster, seen: Seen, task: str | None, *, previous: bool
    ) -> Iterator[Observation]:
        """The lines that the cluster has, else those that were kept of the attempt."""
        attempt = seen.record.attempt
        some = False
        for line in logs.now(here.client, here.namespace, seen, task=task, previous=previous):
            some = True
            yield line
        if some:
            return
        data = {"previous": True} if previous else {}
        for row in ending.kept_logs(here, seen.name, attempt - 1 if previous else attempt):
            words = (None, row["task"], f"{row['task']}-{row['index']}")
            if task in words:
                yield Observation(
                    row["t"], "log", "", row["line"], row["task"], row["index"], data=data
                )

    def capacity(self) -> dict[str, Any]:
        """GPUs of the cluster by type and node, as far as this user may know; see ``capacity.ask``."""
        here, now = self.cluster, time.monotonic()
        if self._capacity is None or now - self._capacity[0] > CAPACITY_S:
            self._capacity = (now, capacity.ask(here.client, here.namespace))
        return self._capacity[1]

    # -- access --------------------------------------------------------------------------------------

    def reach(self, name: str, *, make: bool = True) -> Reach:
        """Directly inside the cluster, else by its ingress; ``url`` None: only a forward gets there.

        Raises:
            NotSupported: the job has no OpenAI service.
            BackendUnavailable: it has no running head.
        """
        here = self.cluster
        seen = here.seen(name)
        service = seen.spec.service
        if service is None:
            raise NotSupported(f"{name!r} has no OpenAI service.")
        if seen.over or seen.head is None or seen.head.phase != "running":
            phase = self._line(seen, time.time()).phase
            raise BackendUnavailable(f"{name!r} does not serve: it is {phase}.")
        key = keys.read(here, name, service.key, seen.record.uid) if service.key else None
        probe = reach.direct(here, seen, service.port)
        if probe is not None:
            probe.close()
            return Reach(str(reach.inside_url(here, seen)), key)
        return Reach(reach.ingress_url(here, name), key)

    def address(self, name: str, *, make: bool = False) -> str | None:
        """The job's ingress, if it has one."""
        here = self.cluster
        if here.seen(name).over:
            return None
        return reach.ingress_url(here, name)

    def account(self, name: str) -> Account | None:
        """The account of a client's page, out of the job's Secret."""
        here = self.cluster
        seen = here.seen(name)
        return account_of(seen.spec, lambda key: keys.read(here, name, key, seen.record.uid))

    def connect(self, name: str, port: int | None = None) -> socket.socket:
        return reach.connect(self.cluster, name, port)

    def state_folder(self, name: str) -> Path:
        """Where this user keeps what belongs to the job: its forward's record, for one."""
        folder = self.cluster.job_folder(name)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    # -- ending --------------------------------------------------------------------------------------

    def stop(self, name: str) -> None:
        ending.stop(self.cluster, name)

    def delete(self, name: str) -> None:
        ending.delete(self.cluster, name)

    def extend(self, name: str, seconds: float) -> float:
        here = self.cluster
        return ending.extend(here, here.seen(name), seconds)


def _given_secrets(spec: JobSpec) -> dict[str, str]:
    """Values that the user has in the environment under the names that the job will have them."""
    wanted = {env: key for task in spec.tasks for env, key in task.secret_env.items()}
    if spec.connect and spec.connect.url:
        wanted[CONNECT_KEY_VARIABLE] = CONNECT_KEY
    return {key: os.environ[env] for env, key in wanted.items() if os.environ.get(env)}


def _kept(here: Cluster, job: Record, spec: JobSpec) -> dict[str, str]:
    """Secrets of the attempt before: clients hold its key, its data knows its account."""
    wanted = {key for task in spec.tasks for key in task.secret_env.values()}
    wanted = {key for key in wanted if key.startswith(NEW_SECRET)}
    if spec.service and spec.service.key:
        wanted.add(spec.service.key)
    before = job.spec.connect
    if spec.connect and before and spec.connect.url and spec.connect.url == before.url:
        wanted.add(CONNECT_KEY)
    found = {}
    for key in wanted:
        with suppress(CraterError):  # gone or not ours to read: a new one is made
            found[key] = keys.read(here, job.name, key, job.uid)
    return found


def _own_pod(here: Cluster) -> Peer | None:
    """The pod that this runs in, as the network policy names it: by its labels, else its namespace."""
    try:
        namespace = (ACCOUNT / "namespace").read_text().strip()
    except OSError:
        return None
    try:
        pod = here.client.get(kinds.PODS.path(namespace, socket.gethostname()))
    except CraterError:
        return Peer(namespace=namespace)
    labels = pod["metadata"].get("labels") or {}
    # Those that other pods of this user share, not those of this one start.
    kept = {k: v for k, v in labels.items() if k != JOB and "hash" not in k}
    return Peer(namespace=namespace, labels=kept)
