"""The Crater platform as a backend. Nothing is kept here: a job's record lies in its template."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from threading import Event
from typing import Any

from ... import config
from ...errors import (
    BackendError,
    BackendUnavailable,
    ConfigError,
    JobNotFound,
    NotFound,
    NotSupported,
    meant,
)
from ...spec import (
    CONNECT_KEY_VARIABLE,
    Endpoint,
    JobSpec,
    JobStatus,
    Observation,
    check_name,
    v1,
)
from ...timeline import reduce
from .. import attaching
from ..base import Account, Reach, Submitted, account_of
from . import access, create, observe, request, submit, templates
from .client import Client
from .imported import Imported
from .observe import OVER, Poller, Seen
from .submit import API_KEY, FOLDER, Plan, Target
from .templates import Form


class CraterBackend:
    """Jobs of one account at one platform."""

    name = "crater"

    def __init__(
        self,
        *,
        url: str | None = None,
        account: str | None = None,
        client: Client | None = None,
        poller: Poller | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        known = config.load().crater
        given = {"url": url, "account": account}
        self.arguments: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
        address = url or known.url
        if address is None:
            raise ConfigError(
                "No Crater platform is named.",
                hint="Crater(url=…), --url, JUPYTER_CRATER_CRATER_URL or crater.url in config.toml.",
            )
        self._account = account or known.account
        self._client = client or Client(address)
        self._poller = poller or observe.shared(self._client.url, self._account or "")
        self._pause = pause

    @property
    def client(self) -> Client:
        """The session, as the account that this backend is for."""
        if self._account and self._client.session().account != self._account:
            self._client.switch(self._account, keep=False)
        return self._client

    # -- templates of the platform -----------------------------------------------------------------

    def templates(self) -> list[Form]:
        """The platform's own job templates."""
        return templates.listed(self.client)

    def template(self, which: int | str) -> Form:
        """One of them, by number or name."""
        return templates.fetch(self.client, which)

    def imported(self, which: int | str) -> Imported:
        """One of them as a template of ours: ``crater.launch(place.imported("…"), backend=…)``."""
        rows = self.client.rows("/resources", withVendorDomain="true")
        labels = {row["name"]: row.get("label") or row["name"] for row in rows}
        return Imported(self.template(which), labels)

    def submit_form(self, form: Form) -> str:
        """Submit a platform's template as its page would; returns the platform's job name.

        Such a job is the platform's business: it is observed by that name, not by one of ours.
        """
        made = request.adapted(form, request.names(self.client))
        made.data["alertEnabled"] = bool(made.data.get("alertEnabled", True)) and bool(
            (self.client.get("/users/email/verified") or {}).get("verified")
        )
        record = {"id": submit.new_id(), "name": made.data["jobName"]}
        made.content[submit.RECORD] = record
        create.check_limits(self.client, request.request_of(made)[1])
        return create.create(self.client, Plan(made), pause=self._pause)

    def pods(self, jobname: str) -> list[dict[str, Any]]:
        """Pods of a job by the platform's name, the head first: ``{name, ip, nodename, phase}``."""
        return sorted(self.client.rows(f"/vcjobs/{jobname}/pods"), key=lambda p: str(p["name"]))

    def head_ip(self, jobname: str) -> str | None:
        """The "internal IP" of the head's pod, None until it runs."""
        for pod in self.pods(jobname):
            if observe.task_of(pod["name"])[0] in ("head", "main"):
                return pod["ip"] or None
        return None

    def forwards(self, jobname: str) -> dict[int, str]:
        """External addresses of the head's pod by port."""
        pods = self.pods(jobname)
        seen = Seen({"jobName": jobname}, {}, pods=pods)
        return access.rules(self.client, seen)

    # -- submitting ----------------------------------------------------------------------------------

    def prepare(
        self, spec: JobSpec, name: str, *, given: frozenset[str]
    ) -> tuple[JobSpec, list[Observation]]:
        """The spec as it is: a cluster runs what was asked, or refuses it.

        Raises:
            InputError, NotSupported: what this platform has no image, data or GPU for.
        """
        self._plan(spec, name)
        return spec, []

    def submit(
        self, spec: JobSpec, name: str, *, asked: JobSpec, changes: Sequence[Observation]
    ) -> Submitted:
        check_name(name)
        earlier = self._attempts(name, fresh=True)
        if earlier and earlier[0]["status"] not in OVER:
            running = self._seen(name)
            attaching.check(name, running.spec, asked, running.row["status"])
            return Submitted(name, attached=True, attempt=len(earlier))
        made = self._plan(spec, name)
        create.check_limits(self.client, request.request_of(made.form)[1])
        if made.files and not create.store(self.client, made):
            made = self._plan(spec, name, keyed=False)  # open: the job's events say so
        create.create(self.client, made, pause=self._pause)
        self._poller.forget()
        return Submitted(name, attached=False, attempt=len(earlier) + 1)

    def _plan(self, spec: JobSpec, name: str, *, keyed: bool = True) -> Plan:
        client = self.client
        resources = client.rows("/resources", withVendorDomain="true")
        here, target = request.names(client), self._target(spec)
        return submit.plan(spec, name, here, resources, keyed=keyed, target=target)

    def _target(self, spec: JobSpec) -> Target | None:
        """The engine that a client talks to: by DNS name, which outlives a restart."""
        wanted = spec.connect
        if wanted is None or not (wanted.job or wanted.url):
            return None
        if wanted.url:
            return Target(v1(wanted.url), os.environ.get(CONNECT_KEY_VARIABLE) or None)
        if wanted.backend not in (None, self.name):
            raise NotSupported("A client on Crater talks to a job on Crater, or to an address.")
        seen = self._seen(str(wanted.job))
        if seen.over or seen.spec.service is None:
            raise JobNotFound(f"{wanted.job!r} is no running engine.", hint="Launch it first.")
        url = v1(f"http://{access.dns_name(seen)}:{seen.spec.service.port}")
        return Target(url, self._key(seen))

    def manifest(self, spec: JobSpec, name: str) -> list[dict[str, Any]]:
        """The request that submit would send, without secrets: those are files of the storage."""
        return [create.shown(self._plan(spec, name), self._client.url)]

    # -- observing -----------------------------------------------------------------------------------

    def _rows(self, *, fresh: bool = False) -> list[dict[str, Any]]:
        if fresh:
            self._poller.forget()
        client = self.client
        rows: list[dict[str, Any]] = self._poller.ask(
            "jobs", lambda: client.rows("/vcjobs", days=-1)
        )
        ours = []
        for row in rows:
            record = observe.record_of(client, self._poller, row["jobName"])
            if record is not None and "spec" in record:
                ours.append(row | {"record": record})
        return sorted(ours, key=lambda r: str(r["createdAt"]), reverse=True)

    def _attempts(self, name: str, *, fresh: bool = False) -> list[dict[str, Any]]:
        """All attempts of a job, the latest first; the living one before any other."""
        rows = [r for r in self._rows(fresh=fresh) if r["name"] == name]
        return sorted(rows, key=lambda r: r["status"] in OVER)

    def _seen(self, name: str) -> Seen:
        """Raises JobNotFound."""
        attempts = self._attempts(name)
        if not attempts:
            others = "Jobs of another account are seen after `jupyter crater switch`."
            raise JobNotFound(
                f"No job {name!r} in this account at {self._client.url}.",
                hint=meant(name, self.names(), others),
            )
        row = attempts[0]
        if row["status"] in OVER:
            return Seen(row, row["record"], len(attempts))
        client = self.client

        def fetch() -> Seen:
            seen = observe.look(client, Seen(row, row["record"], len(attempts)))
            seen.answers = access.answers(seen)
            return seen

        found: Seen = self._poller.ask(f"job {row['jobName']}", fetch)
        return found

    def names(self) -> list[str]:
        return list(dict.fromkeys(row["name"] for row in self._rows()))

    def spec(self, name: str) -> JobSpec:
        return self._seen(name).spec

    def observations(self, name: str) -> list[Observation]:
        return self._observations(self._seen(name), time.time())

    def _observations(self, seen: Seen, now: float) -> list[Observation]:
        found = observe.observations(seen, now=now)
        ip = seen.head["ip"] if seen.head else ""
        before = self._poller.kept.get(f"ip {seen.jobname}")
        if ip and ip != before:
            self._poller.kept[f"ip {seen.jobname}"] = ip
            if before:
                text = f"The job was restarted: its head is at {ip} now, it was at {before}."
                self._poller.kept[f"moved {seen.jobname}"] = Observation(
                    now, "event", "head-moved", text, data={"old": before, "new": ip}
                )
        moved = self._poller.kept.get(f"moved {seen.jobname}")
        return [*found, moved] if moved else found

    def status(self, name: str) -> JobStatus:
        seen, now = self._seen(name), time.time()
        spec, line = seen.spec, reduce(self._observations(seen, now), now=now)
        created = observe.seconds(seen.row.get("createdAt")) or now
        urls = {} if seen.over else self._rules(seen)
        service = spec.service
        ports = {f.port: f.name for f in spec.forwards} | (
            {service.port: "openai"} if service else {}
        )
        return JobStatus(
            name=name,
            template=spec.provenance.template,
            backend=self.name,
            phase=line.phase,
            reason=line.reason,
            message=line.message,
            head_ip=line.head_ip,
            url=next(iter(urls.values()), None),
            api_url=self._inside(seen) if service else None,
            endpoints=tuple(
                Endpoint(name=label, port=port, url=urls.get(port)) for port, label in ports.items()
            ),
            tasks=line.tasks,
            timeline=line.entries,
            created=created,
            changed=line.changed,
            lease=created + spec.lease_seconds if spec.lease_seconds and not seen.over else None,
            attempt=seen.attempt,
        )

    def _inside(self, seen: Seen) -> str | None:
        head, service = seen.head, seen.spec.service
        return f"http://{head['ip']}:{service.port}" if head and head["ip"] and service else None

    def _rules(self, seen: Seen) -> dict[int, str]:
        if seen.head is None or seen.head["phase"] != "Running":
            return {}
        client = self.client
        key = f"rules {seen.jobname}"
        found: dict[int, str] = self._poller.ask(key, lambda: access.rules(client, seen))
        return found

    def log(
        self,
        name: str,
        *,
        task: str | None = None,
        follow: bool = False,
        previous: bool = False,
        stop: Event | None = None,
    ) -> Iterator[Observation]:
        seen = self._seen(name)
        if follow and not previous and not seen.over:
            again = self._seen
            return observe.follow(self.client, lambda: again(name), task=task, stop=stop or Event())
        return observe.lines(seen, self.client, task=task, previous=previous)

    # -- access --------------------------------------------------------------------------------------

    def _key(self, seen: Seen) -> str | None:
        """The engine's key, which only the user's storage has."""
        if seen.record.get("open"):
            return None
        kept = self._poller.kept
        if (where := f"key {seen.jobname}") not in kept:
            kept[where] = self._secret(seen, API_KEY)
        key: str = kept[where]
        return key

    def _secret(self, seen: Seen, key: str) -> str:
        content = self.client.download(f"{FOLDER}/{seen.record['id']}/{key}")
        if content is None:
            raise BackendError(
                f"The {key} of this job is gone from your storage.",
                hint="Launch it again: a new one is made.",
            )
        return content.decode()

    def account(self, name: str) -> Account | None:
        """The account of a client's page, out of the user's storage."""
        seen = self._seen(name)
        return account_of(seen.spec, lambda key: self._secret(seen, key))

    def reach(self, name: str, *, make: bool = True) -> Reach:
        """Directly where this process is inside the cluster, else through an external address."""
        seen = self._seen(name)
        service = seen.spec.service
        if service is None:
            raise NotSupported(f"{name!r} has no OpenAI service.")
        key = self._key(seen)
        if seen.answers:  # vLLM itself: a connection alone may end in a proxy on the way
            return Reach(str(self._inside(seen)), key)
        url = self._rules(seen).get(service.port)
        if url is None:
            now = time.time()
            if reduce(self._observations(seen, now), now=now).phase != "serving":
                raise BackendUnavailable(
                    f"{name!r} does not serve yet (the platform says {seen.row['status']}).",
                    hint="job.wait() waits for it.",
                )
            if not make:
                raise BackendUnavailable(f"{name!r} has no address outside the cluster yet.")
            url = access.ensure_rule(self.client, seen, service.port, "api")
            self._poller.forget()
        return Reach(url, key)

    def address(self, name: str, *, make: bool = False) -> str | None:
        """The external address; with ``make`` one is made for a keyed engine that serves out of reach."""
        seen = self._seen(name)
        if seen.over:
            return None
        found = next(iter(self._rules(seen).values()), None)
        if found or not make or seen.answers or seen.spec.service is None or not self._key(seen):
            return found
        try:
            return self.reach(name).url
        except BackendUnavailable:
            return None  # not serving yet: a forward says so to whoever comes

    def expose(self, name: str, port: int | None = None) -> str:
        """Make the external address of a port (None: the service's, else the first forward's).

        Raises:
            NotSupported: the engine asks for no key.
        """
        seen, port = self._at(name, port)
        label = next((f.name for f in seen.spec.forwards if f.port == port), "api")
        made = access.ensure_rule(self.client, seen, port, submit.letters(label))
        self._poller.forget()
        return made

    def connect(self, name: str, port: int | None = None) -> socket.socket:
        return access.connect(*self._at(name, port))

    def _at(self, name: str, port: int | None) -> tuple[Seen, int]:
        seen = self._seen(name)
        spec = seen.spec
        first = spec.service.port if spec.service else next((f.port for f in spec.forwards), None)
        if (port := port or first) is None:
            raise NotSupported(f"{name!r} declares no port.")
        return seen, port

    # -- ending --------------------------------------------------------------------------------------

    def stop(self, name: str) -> None:
        """End the job; its record stays (a second DELETE would purge it)."""
        rows = [r for r in self._attempts(name, fresh=True) if r["status"] not in OVER]
        if not rows:
            self._seen(name)
        for row in rows:
            self.client.call("DELETE", f"/vcjobs/{row['jobName']}")
        self._poller.forget()

    def delete(self, name: str) -> None:
        """End the job, purge its records and its files in the storage."""
        rows = self._attempts(name, fresh=True)
        if not rows:
            self._seen(name)
        for row in rows:
            for _ in range(3):  # stop, then purge; a job that just ended needs one more
                try:
                    self.client.call("DELETE", f"/vcjobs/{row['jobName']}")
                    self.client.get(f"/vcjobs/{row['jobName']}/detail")
                except NotFound:
                    break
            try:
                self.client.remove(f"{FOLDER}/{row['record']['id']}")
            except BackendError:
                continue  # a storage that can't be written has no files of ours
        self._poller.forget()

    def extend(self, name: str, seconds: float) -> float:
        raise NotSupported(
            "A job on Crater can't be given more time from here.",
            hint="Ask for a lock on the job's page (an approval order): an administrator grants it, "
            "and the platform then doesn't release the job. The lease is set at launch: lease='12h'.",
        )
