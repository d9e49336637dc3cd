"""Job: what a launch gives back. It holds a name and a backend; everything else is asked for.

A Job can be made again in any process (``crater.job(name)``), so nothing is lost with a kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import backends, config, display, estimates, evidence, forwards, metrics, service, waiting
from .backends.base import Account, Backend
from .clients import opening
from .errors import BackendError, BackendUnavailable, CraterError, NotSupported, TemplateNotFound
from .lease import seconds
from .logs import Logs
from .spec import JobSpec, JobStatus, Observation
from .views import view

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

    from .diagnosis import Diagnosis
    from .sizing import Plan
    from .sizing.measured import Measured


class Job:
    """A job on a backend: its state is read anew each time it is asked for."""

    def __init__(self, backend: Backend, name: str) -> None:
        self.place = backend
        """The backend itself."""
        self.name = name

    # State

    def status(self, *, metrics: bool = False) -> JobStatus:
        """The state as it is now, with the forward's URL if one is running.

        Args:
            metrics: ask the engine for its figures, too (see :meth:`metrics`).

        Raises:
            JobNotFound: it was deleted.
        """
        status = estimates.expected(self.place, self.place.status(self.name))
        if metrics and status.phase == "serving":
            status = status.model_copy(update={"metrics": self.metrics()})
        if status.ended:
            return status
        url = status.url
        if url is None:
            try:
                url = self.place.address(self.name) or forwards.url(self.place, self.name)
            except CraterError:
                url = None
        return opening.shown(opening.wired(self.place, status), url)

    def metrics(self) -> dict[str, float] | None:
        """The engine's figures now, by its ``/metrics``; None where it gives none within a second.

        ``running`` and ``waiting`` (requests), ``kv_use`` (0 to 1), ``ttft``, ``tpot`` and
        ``queue_time`` (seconds, mean since its start), counters of tokens and requests. Two of them
        give rates: :func:`jupyter_crater.metrics.between`.
        """
        try:
            return metrics.fetch(*self.reach(make=False))
        except CraterError:
            return None

    def reach(self, *, make: bool = True) -> tuple[str, str | None]:
        """Base URL for this process, and key: :func:`jupyter_crater.forwards.reach`."""
        return forwards.reach(self.place, self.name, make=make)

    @property
    def backend(self) -> str:
        return self.place.name

    @property
    def phase(self) -> str:
        return self.status().phase

    @property
    def reason(self) -> str | None:
        """Why it is as it is, for people; None while all is well."""
        status = self.status()
        return (status.message or status.reason) if status.reason else None

    @property
    def head_ip(self) -> str | None:
        return self.status().head_ip

    @property
    def tasks(self) -> tuple[Any, ...]:
        return self.status().tasks

    @property
    def timeline(self) -> tuple[Any, ...]:
        return self.status().timeline

    @property
    def endpoints(self) -> tuple[Any, ...]:
        return self.status().endpoints

    @property
    def spec(self) -> JobSpec:
        """What runs; :attr:`asked` is what was asked for."""
        return self.place.spec(self.name)

    @property
    def asked(self) -> JobSpec:
        return estimates.asked_of(self.place, self.name)

    @property
    def plan(self) -> Plan | None:
        """The memory plan of what was asked for, or None where it can't be sized.

        Where the same setup was measured before, the plan uses that and says so.
        """
        return estimates.plan(self.asked)

    @property
    def measured(self) -> Measured | None:
        """What the engine's log says of its memory, beside :attr:`plan`; None without an engine.

        Kept for the next estimate, unless this is a rehearsal: that measures another setup.
        """
        return estimates.measured(self.place, self.name)

    # The service

    @property
    def url(self) -> str:
        """What the user's browser opens: an engine's base under which ``/v1`` answers, a client's page.

        Starts the job's forward if there is none, or has the platform offer an address. Behind a
        JupyterHub an engine's is a path under Jupyter's own address.

        Raises:
            JobFailed: the job has ended.
            NotSupported: no way leads there from the user's browser.
        """
        status = self.place.status(self.name)
        if status.ended:
            raise waiting.over(status)
        address = self.place.address(self.name, make=True)
        found = address or forwards.ensure(self.place, self.name)
        if self.spec.kind == "client":
            opening.check(self.name, found)
            return found
        url = opening.engine(self.name, self.backend, found)
        if url is None:
            raise NotSupported(
                f"{self.name!r} runs, but your browser can't open it: {opening.NO_FORWARD}.",
                hint="Here it answers at `job.api_url`; `job.chat()` and `job.client()` work as they are.",
            )
        return url

    @property
    def api_url(self) -> str:
        """The same service for this process (no ``/v1`` at its end)."""
        return self.reach()[0]

    @property
    def api_key(self) -> str | None:
        """The engine's key. It opens the engine to whoever has it: don't print it."""
        return self.place.reach(self.name).key

    @property
    def account(self) -> Account | None:
        """The account of a client's page: its e-mail and password; None where it has none."""
        ask = getattr(self.place, "account", None)
        return ask(self.name) if ask and self.spec.kind == "client" else None

    def client(self, **options: Any) -> OpenAI:
        """An ``openai.OpenAI`` that speaks to this job; ``options`` go to its constructor."""
        return service.client(self.reach(), options)

    def async_client(self, **options: Any) -> AsyncOpenAI:
        """An ``openai.AsyncOpenAI`` that speaks to this job."""
        return service.async_client(self.reach(), options)

    @property
    def model(self) -> str:
        """The name under which the model is served.

        Raises:
            NotSupported: the job offers no OpenAI service.
        """
        offered = self.spec.service
        if offered is None:
            raise NotSupported(f"{self.name!r} offers no OpenAI service.")
        return offered.served_model_name

    def ask(self, text: str, *, system: str | None = None, **options: Any) -> str:
        """One question, one answer.

        ``options`` are those of ``chat.completions.create`` (temperature, max_tokens, seed …).

        Raises:
            BackendUnavailable: the engine doesn't answer (yet, or any more).
        """
        status = self.status()
        if status.ended:
            raise waiting.over(status)
        if status.phase != "serving":
            raise BackendUnavailable(
                f"{self.name!r} is not serving yet: {status.phase}.", hint="`job.wait()` waits."
            )
        with self.client() as client:
            options = {"model": self.model} | options
            return service.ask(client, self.name, text, system, options)

    # Waiting, reading

    def wait(
        self,
        until: str = "serving",
        timeout: float | None = None,
        *,
        progress: waiting.Progress | None = None,
    ) -> Job:
        """Wait for a phase (or one after it), telling each step.

        Interrupting it (Ctrl-C, the stop button) ends the wait, not the job.

        Args:
            until: a phase, e.g. "serving" or "stopped".
            timeout: seconds; None: as long as the job's own bounds allow.
            progress: called with every changed status; the default prints a line a phase.

        Raises:
            JobFailed: it ended before, with its decisive line.
            WaitTimeout: the time is over; the job goes on.
        """
        waiting.wait(self.status, until, timeout, progress or waiting.PrintedProgress())
        return self

    def observations(self) -> list[Observation]:
        return self.place.observations(self.name)

    def events(self) -> list[Observation]:
        """What happened, oldest first: phases, joins, exits; no log lines."""
        kinds = ("phase", "event", "exit", "task", "rehearsal")
        return [o for o in self.observations() if o.kind in kinds]

    def logs(self, task: str | None = None, follow: bool = False, previous: bool = False) -> Logs:
        """The logs, as text when shown and line by line when iterated.

        Args:
            task: "head", "worker", "worker-0", "engine"; None: all.
            follow: go on until the job ends (iterate it; interrupting ends the iteration only).
            previous: of the attempt before this one.
        """
        return Logs(self.place.log(self.name, task=task, follow=follow, previous=previous), follow)

    def diagnose(self) -> list[Diagnosis]:
        """Why it failed, or what is wrong with it: likeliest first, with evidence and fixes.

        An empty list: nothing in events and logs says that something is wrong. What a fix sets
        are parameters of the job's template, or its lease: ``crater.relaunch`` takes them.
        """
        from .diagnosis import diagnose
        from .templating import template

        cards = diagnose(evidence.seen(self.place, self.name), spec=self.spec)
        try:
            parameters = template(self.spec.provenance.template).parameters
        except TemplateNotFound:
            return cards
        return [card.within({"lease", *parameters}) for card in cards]

    def report(self) -> str:
        """Spec, status, events, diagnoses and the last log lines as text to hand on, redacted."""
        from .diagnosis import report

        try:
            secrets = [key] if (key := self.api_key) else []
        except BackendError:
            secrets = []  # it never got so far as to have one
        return report(
            self.spec, self.status(), evidence.seen(self.place, self.name), secrets=secrets
        )

    # Acting

    def chat(self, **options: Any) -> Any:
        """An inline chat with the job's model."""
        return view("chat")(self, **options)

    def open(self) -> str | None:
        """Open the job's view with its chat, or a client's page signed in; returns :attr:`url`.

        The view opens below the cell in a notebook, elsewhere in the JupyterLab that runs, also
        where no way leads to the engine itself (then None). On a Jupyter of another machine without
        a JupyterHub an address of 127.0.0.1 is that machine's, which nothing here can tell.

        Raises:
            NotSupported: no way leads to the page from the user's browser; it says what is missing.
        """
        if self.spec.kind != "client":
            try:
                url = self.url
            except NotSupported:
                url = None
            view("job")(self)
            return url
        url = self.url
        import webbrowser

        webbrowser.open(self.link())
        return url

    def link(self) -> str:
        """An address to open in the browser. A client's signs in: once, within a minute.

        Raises:
            BackendUnavailable: the client isn't up yet.
            NotSupported: as :attr:`url`.
        """
        url = self.url
        if self.spec.kind != "client":
            return url
        status = self.place.status(self.name)
        if status.phase != "serving":
            why = f" ({status.message})" if status.message else ""
            raise BackendUnavailable(
                f"{self.name!r} is {status.phase}{why}: its page isn't there yet.",
                hint="`job.wait()` waits for it.",
            )
        return opening.signed_in(url, self.account)

    def stop(self) -> None:
        """End the job's processes; logs and settings stay, and a launch starts it again."""
        self.place.stop(self.name)

    def delete(self) -> None:
        """End the job and remove everything of it, logs included."""
        self.place.delete(self.name)

    def extend(self, duration: str | float) -> float:
        """Move the end of the lease by ``duration`` ("2h", seconds); returns the new end."""
        return self.place.extend(self.name, seconds(duration))

    def manifest(self, format: str | None = None) -> list[dict[str, Any]]:  # noqa: A002 - contract
        """The job as documents: what its backend created, or what a carrier would.

        Args:
            format: None or the backend's own name; "volcano", "kuberay" or "kubernetes": what was
                asked for, for a cluster.

        Raises:
            NotSupported: no such format.
        """
        if format in config.CARRIERS and format != self.backend:
            cluster = backends.make("kubernetes", carrier=format)
            return cluster.manifest(self.asked, self.name)
        if format not in (None, self.backend):
            raise NotSupported(
                f"A job can't be shown as {format!r} yet.",
                hint=f"There are: {', '.join((self.backend, *config.CARRIERS))}.",
            )
        return self.place.manifest(self.spec, self.name)

    # Display

    def __repr__(self) -> str:
        try:
            return f"<Job {self.name} on {self.backend}: {self.phase}>"
        except CraterError as error:
            return f"<Job {self.name} on {self.backend}: {error.message}>"

    def to_json(self) -> dict[str, Any]:
        """Name, backend and a snapshot of the status, with nothing secret in it."""
        return display.as_json(self.status())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        try:
            return display.bundle(self.status())
        except CraterError as error:
            return {"text/plain": f"{self.name}: {error.message}"}
