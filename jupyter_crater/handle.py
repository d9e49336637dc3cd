"""Job: what a launch gives back. It holds a name and a backend; everything else is asked for.

A Job can be made again in any process (``crater.job(name)``), so nothing is lost with a kernel.
"""

from __future__ import annotations

import html
import platform
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import backends, config, forecast, forwards
from .addresses import by_proxy
from .backends.base import Account, Backend
from .clients import opening, watch
from .errors import (
    BackendError,
    BackendUnavailable,
    CraterError,
    InputError,
    JobFailed,
    NotSupported,
    TemplateNotFound,
    WaitTimeout,
)
from .spec import ENDED, PHASES, JobSpec, JobStatus, Observation

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

    from .diagnosis import Diagnosis

DIAGNOSED_LINES = 5000
"""Of each task's log; a cause further back has been said again since."""

AWAY = frozenset({"unknown", "unreachable", "restarting", "stopping"})
"""Phases that stand behind "serving" in the order and mean that it isn't."""

MIME = "application/vnd.jupyter-crater.job+json"

views: dict[str, Callable[..., Any]] = {}
"""Views by name ("chat", "panel", …); ``widgets`` fills it when one is first asked for."""

Progress = Callable[[JobStatus], None]


def view(name: str) -> Callable[..., Any]:
    """A view, loading the widgets by name: nothing here imports ipywidgets.

    Raises:
        NotSupported: this version has no such view.
    """
    if name not in views:
        try:
            import_module("jupyter_crater.widgets")
        except ModuleNotFoundError as error:
            raise NotSupported(
                f"The view {name!r} can't be shown here: {error}.",
                hint="`jupyter crater chat NAME` and `job.ask(…)` work everywhere.",
            ) from error
    if name not in views:
        raise NotSupported(f"There is no view {name!r}.")
    return views[name]


_kept_starts: set[tuple[str, str, float, int]] = set()
"""Starts that this process has remembered: only spares reading the file again."""


def measurements() -> Path:
    """Where measurements of real starts are kept for later estimates."""
    return config.state() / "measurements"


class Job:
    """A job on a backend: its state is read anew each time it is asked for."""

    def __init__(self, backend: Backend, name: str) -> None:
        self._backend = backend
        self.name = name

    # State

    def status(self, *, metrics: bool = False) -> JobStatus:
        """The state as it is now, with the forward's URL if one is running.

        Args:
            metrics: ask the engine for its figures, too (see :meth:`metrics`).

        Raises:
            JobNotFound: it was deleted.
        """
        status = self._expect(self._backend.status(self.name))
        if metrics and status.phase == "serving":
            status = status.model_copy(update={"metrics": self.metrics()})
        if status.ended:
            return status
        url = status.url
        if url is None:
            try:
                url = self._backend.address(self.name) or forwards.url(self._backend, self.name)
            except CraterError:
                url = None
        if any(e.name == opening.WEB for e in status.endpoints):
            return opening.shown(self._wired(status), url)
        if status.url is None:
            if status.endpoints and (url or status.phase == "serving"):
                url = opening.engine(self.name, self.backend, url)
                if url is None and not opening.reachable(None):
                    return opening.without(status, opening.NO_FORWARD)
            endpoints = tuple(e.model_copy(update={"url": url}) for e in status.endpoints)
            status = status.model_copy(update={"url": url, "endpoints": endpoints})
        return status

    def _wired(self, status: JobStatus) -> JobStatus:
        """A client on a cluster with what its engine lacks; here its supervisor says that itself."""
        if self.backend == "local" or status.phase != "serving" or status.reason:
            return status
        connect = self.spec.connect
        seen = watch.its_word(self._backend, connect.job) if connect and connect.job else None
        if seen is None or seen.ok:
            return status
        return status.model_copy(update={"reason": seen.code, "message": seen.message})

    def _expect(self, status: JobStatus) -> JobStatus:
        """The status with what earlier starts let expect; a start seen whole is remembered."""
        known = (self.backend, self.name, status.created, status.attempt)
        if status.ended or known in _kept_starts or status.phase in AWAY:
            return status
        try:
            machine = platform.node() if self.backend == "local" else ""
            setup = forecast.setup(self._backend.spec(self.name), self.backend, machine)
            file = forecast.path(config.state() / "starts", setup)
            if status.phase == "serving":
                _kept_starts.add(known)
                start = forecast.start_of(status, self._backend.observations(self.name))
                if start is not None:
                    forecast.keep(file, start)
                return status
            starts = forecast.earlier(file)
            cold = None if starts else self._cold_start()
        except (CraterError, OSError):  # nobody loses a status for want of a guess
            return status
        expected = forecast.forecast(status, starts, now=time.time(), cold_start=cold)
        return status.model_copy(update={"forecast": expected})

    def _cold_start(self) -> tuple[float, float] | None:
        """Sizing's band; a rehearsal runs another model on another machine, so it has none."""
        if self.backend == "local" or self.asked.engine is None:
            return None
        try:
            plan = self.plan
        except CraterError:
            return None
        if plan is None:
            return None
        band = plan.speed["cold_start_seconds"]
        return float(band["low"]), float(band["high"])

    def metrics(self) -> dict[str, float] | None:
        """The engine's figures now, by its ``/metrics``; None where it gives none within a second.

        ``running`` and ``waiting`` (requests), ``kv_use`` (0 to 1), ``ttft``, ``tpot`` and
        ``queue_time`` (seconds, mean since its start), counters of tokens and requests. Two of them
        give rates: :func:`jupyter_crater.metrics.between`.
        """
        from .metrics import fetch

        try:
            url, key = self.reach(make=False)
        except CraterError:
            return None
        return fetch(url, key)

    def reach(self, *, make: bool = True) -> tuple[str, str | None]:
        """Base URL for this process, and key; by the job's forward where nothing else gets there.

        Raises:
            BackendUnavailable: the service answers nowhere now, or there is no forward (``make``).
        """
        found = self._backend.reach(self.name, make=make)
        if found.url is not None:
            return found.url, found.key
        ask = forwards.ensure if make else forwards.url
        if (url := ask(self._backend, self.name)) is None:
            raise BackendUnavailable(f"{self.name!r} has no forward now.")
        return url, found.key

    @property
    def backend(self) -> str:
        return self._backend.name

    @property
    def place(self) -> Backend:
        """The backend itself."""
        return self._backend

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
        return self._backend.spec(self.name)

    @property
    def asked(self) -> JobSpec:
        asked = getattr(self._backend, "asked", None)
        return asked(self.name) if asked else self.spec

    @property
    def plan(self) -> Any:
        """The memory plan of what was asked for, or None where it can't be sized.

        Where the same setup was measured before, the plan uses that and says so.
        """
        from . import sizing

        asked = self.asked
        if asked.engine is None or asked.main.resources.gpu is None:
            return None
        return sizing.check(asked, measurements=measurements())

    @property
    def measured(self) -> Any:
        """What the engine's log says of its memory, beside :attr:`plan`; None without an engine.

        Kept for the next estimate, unless this is a rehearsal: that measures another setup.
        """
        from .sizing import measured

        if self.spec.engine is None:
            return None
        found = measured.read(o.message for o in self._backend.log(self.name))
        plan = None if self.spec.engine != self.asked.engine else self.plan
        if plan is not None:
            measured.keep(measurements(), plan.setup, found)
        return found

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
        status = self._backend.status(self.name)
        if status.ended:
            raise self._over(status)
        address = self._backend.address(self.name, make=True)
        found = address or forwards.ensure(self._backend, self.name)
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
        return self._backend.reach(self.name).key

    @property
    def account(self) -> Account | None:
        """The account of a client's page: its e-mail and password; None where it has none."""
        ask = getattr(self._backend, "account", None)
        return ask(self.name) if ask and self.spec.kind == "client" else None

    def client(self, **options: Any) -> OpenAI:
        """An ``openai.OpenAI`` that speaks to this job; ``options`` go to its constructor."""
        from openai import DefaultHttpxClient, OpenAI

        return OpenAI(**self._client_options(options, DefaultHttpxClient))

    def async_client(self, **options: Any) -> AsyncOpenAI:
        """An ``openai.AsyncOpenAI`` that speaks to this job."""
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        return AsyncOpenAI(**self._client_options(options, DefaultAsyncHttpxClient))

    def _client_options(self, options: dict[str, Any], http: Callable[..., Any]) -> dict[str, Any]:
        url, key = self.reach()
        found = {"base_url": f"{url}/v1", "api_key": key or "none"} | options
        if not by_proxy(url) and "http_client" not in options:
            found["http_client"] = http(trust_env=False)
        return found

    @property
    def model(self) -> str:
        """The name under which the model is served.

        Raises:
            NotSupported: the job offers no OpenAI service.
        """
        service = self.spec.service
        if service is None:
            raise NotSupported(f"{self.name!r} offers no OpenAI service.")
        return service.served_model_name

    def ask(self, text: str, *, system: str | None = None, **options: Any) -> str:
        """One question, one answer.

        ``options`` are those of ``chat.completions.create`` (temperature, max_tokens, seed …).

        Raises:
            BackendUnavailable: the engine doesn't answer (yet, or any more).
        """
        from openai import APIConnectionError

        status = self.status()
        if status.phase != "serving":
            if status.ended:
                raise self._over(status)
            raise BackendUnavailable(
                f"{self.name!r} is not serving yet: {status.phase}.", hint="`job.wait()` waits."
            )
        messages: list[Any] = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": text})
        try:
            with self.client() as client:
                answer = client.chat.completions.create(
                    **{"model": self.model, "messages": messages} | options
                )
        except APIConnectionError as error:
            raise BackendUnavailable(f"{self.name!r} does not answer: {error}.") from error
        return str(answer.choices[0].message.content or "")

    # Waiting, reading

    def wait(
        self,
        until: str = "serving",
        timeout: float | None = None,
        *,
        progress: Progress | None = None,
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
        if until not in PHASES:
            raise InputError(f"No phase {until!r}.", hint=f"Phases: {', '.join(PHASES)}.")
        tell = progress or PrintedProgress()
        started = time.monotonic()
        while True:
            status = self.status()
            tell(status)
            if _reached(status, until):
                return self
            if status.ended:
                raise self._over(status)
            if timeout is not None and time.monotonic() - started > timeout:
                raise WaitTimeout(
                    f"Waited {timeout:g} s for {self.name!r} to be {until}; it is {status.phase}"
                    f"{f' ({status.message})' if status.message else ''}.",
                    hint="The job goes on; `job.status()` or `jupyter crater status` shows it.",
                )
            time.sleep(0.2)

    def _over(self, status: JobStatus) -> JobFailed:
        why = status.message or status.reason or "without a reason"
        return JobFailed(
            f"{self.name!r} is {status.phase}: {why}",
            name=self.name,
            reason=status.reason or status.phase,
            hint=f"Its logs are kept: job.logs(), or `jupyter crater logs {self.name}`.",
        )

    def observations(self) -> list[Observation]:
        return self._backend.observations(self.name)

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
        return Logs(
            self._backend.log(self.name, task=task, follow=follow, previous=previous), follow
        )

    def diagnose(self) -> list[Diagnosis]:
        """Why it failed, or what is wrong with it: likeliest first, with evidence and fixes.

        An empty list: nothing in events and logs says that something is wrong. What a fix sets
        are parameters of the job's template, or its lease: ``crater.relaunch`` takes them.
        """
        from .diagnosis import diagnose
        from .templating import template

        cards = diagnose(self._seen(), spec=self.spec)
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
        return report(self.spec, self.status(), self._seen(), secrets=secrets)

    def _seen(self) -> list[Observation]:
        """All that is known: events, the status's own conclusion, the last lines of each log."""
        status = self._backend.status(self.name)
        seen = self.observations()
        codes = {o.data.get("code") for o in seen}
        if status.phase == "failed" and status.reason and status.reason not in codes:
            # Nobody was left to write it down: a dead supervisor, a machine that was started anew.
            now = max((o.time for o in seen), default=time.time())
            seen.append(
                Observation(now, "phase", "failed", status.message, data={"code": status.reason})
            )
        return [*seen, *self._tail()]

    def _tail(self) -> list[Observation]:
        """The last lines of each task's log."""
        last: dict[tuple[str | None, int | None], deque[Observation]] = {}
        for line in self._backend.log(self.name):
            key = (line.task, line.index)
            last.setdefault(key, deque(maxlen=DIAGNOSED_LINES)).append(line)
        return [line for lines in last.values() for line in lines]

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
        status = self._backend.status(self.name)
        if status.phase != "serving":
            why = f" ({status.message})" if status.message else ""
            raise BackendUnavailable(
                f"{self.name!r} is {status.phase}{why}: its page isn't there yet.",
                hint="`job.wait()` waits for it.",
            )
        return opening.signed_in(url, self.account)

    def stop(self) -> None:
        """End the job's processes; logs and settings stay, and a launch starts it again."""
        self._backend.stop(self.name)

    def delete(self) -> None:
        """End the job and remove everything of it, logs included."""
        self._backend.delete(self.name)

    def extend(self, duration: str | float) -> float:
        """Move the end of the lease by ``duration`` ("2h", seconds); returns the new end."""
        return self._backend.extend(self.name, seconds(duration))

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
        return self._backend.manifest(self.spec, self.name)

    # Display

    def __repr__(self) -> str:
        try:
            return f"<Job {self.name} on {self.backend}: {self.phase}>"
        except CraterError as error:
            return f"<Job {self.name} on {self.backend}: {error.message}>"

    def to_json(self) -> dict[str, Any]:
        """Name, backend and a snapshot of the status, with nothing secret in it."""
        return {"schema": 1, "name": self.name, "backend": self.backend} | {
            "status": self.status().to_json()
        }

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        try:
            snapshot = self.to_json()
            text = as_text(self.status())
            page = as_html(self.status())
        except CraterError as error:
            return {"text/plain": f"{self.name}: {error.message}"}
        return {MIME: snapshot, "text/html": page, "text/plain": text}


class Logs:
    """Log lines: iterate them, or show them as text."""

    def __init__(self, observations: Iterator[Observation], follow: bool) -> None:
        self._observations = observations
        self._follow = follow

    def __iter__(self) -> Iterator[str]:
        for each in self._observations:
            yield f"[{_stream(each)}] {each.message}"

    def __str__(self) -> str:
        return "\n".join(self)

    def __repr__(self) -> str:
        if self._follow:
            return "<Logs, followed: iterate them (`for line in job.logs(follow=True)`)>"
        return str(self)


def _stream(each: Observation) -> str:
    return f"{each.task}-{each.index}" if each.task == "worker" else str(each.task)


class PrintedProgress:
    """A line for each new phase and each new step of it."""

    def __init__(self) -> None:
        self._last = ""
        self._late = False
        self._started = time.monotonic()
        # Notebooks paint stderr red, as if each step were an error.
        self._stream = sys.stdout if "ipykernel" in sys.modules else sys.stderr

    def __call__(self, status: JobStatus) -> None:
        line = f"{status.phase}" + (f": {status.message}" if status.message else "")
        if line != self._last:
            self._last = line
            self._late = False
            self._write(status, line)
        late = status.forecast.late if status.forecast else None
        if late and not self._late:
            self._late = True
            self._write(status, late)

    def _write(self, status: JobStatus, line: str) -> None:
        elapsed = time.monotonic() - self._started
        self._stream.write(f"{elapsed:6.1f} s  {status.name}  {line}\n")
        self._stream.flush()


def _reached(status: JobStatus, until: str) -> bool:
    if status.phase == until:
        return True
    if status.phase in ENDED or status.phase in AWAY:
        return False
    return until not in ENDED and PHASES.index(status.phase) > PHASES.index(until)


def seconds(duration: str | float) -> int:
    """Seconds of "90", "45s", "8h" or "1d12h".

    Raises:
        InputError: not a duration, or not above zero.
    """
    try:
        found = config.duration(duration)
    except ValueError as error:
        raise InputError(f"A duration {error}; not {duration!r}.") from error
    if found <= 0:
        raise InputError("A duration has to be above zero.")
    return found


def rows(status: JobStatus) -> list[tuple[str, str]]:
    """The lines that every plain display of a job shows."""
    found = [("Phase", status.phase + (f" · {status.message}" if status.message else ""))]
    expected = forecast.words(status.forecast)
    if expected:
        found.append(("Serving", expected))
    if status.rehearsal:
        found.insert(0, ("Rehearsal", rehearsal_title(status)))
    found += [
        ("Template", status.template),
        ("Backend", status.backend),
        ("Head IP", status.head_ip or "not known yet"),
        ("URL", status.url or ("none" if status.reason == "no-route" else "not forwarded now")),
    ]
    found += [
        (f"{t.task}-{t.index}", f"{t.phase}{f', node {t.node[:12]}' if t.node else ''}")
        for t in status.tasks
    ]
    if status.metrics:
        from .metrics import as_text as figures

        found.append(("Engine", figures(status.metrics)))
    if status.attempt > 1:
        found.append(("Attempt", str(status.attempt)))
    return found


def rehearsal_title(status: JobStatus) -> str:
    """ "SmolLM2-135M-Instruct for DeepSeek-R1-Distill-Qwen-32B", else what is different."""
    for row in status.rehearsal:
        if row.setting == "model":
            return f"{row.used} for {str(row.asked).rstrip('/').rsplit('/', 1)[-1]}"
    return ", ".join(row.setting for row in status.rehearsal)


def as_text(status: JobStatus) -> str:
    lines = [f"Job {status.name}"]
    lines += [f"  {label:<10} {value}" for label, value in rows(status)]
    for row in status.rehearsal:
        lines.append(f"  rehearsal: {row.setting}: {row.asked} → {row.used} ({row.because})")
    return "\n".join(lines)


def as_html(status: JobStatus) -> str:
    """Tables and divs only: this is what an untrusted notebook and nbconvert still show."""

    def cells(values: tuple[str, ...], tag: str = "td") -> str:
        inner = "".join(f"<{tag}>{html.escape(v)}</{tag}>" for v in values)
        return f"<tr>{inner}</tr>"

    table = "".join(cells(row) for row in rows(status))
    timeline = "".join(
        cells((e.phase, f"{e.ended - e.started:.1f} s" if e.ended else "…", e.detail))
        for e in status.timeline
    )
    parts = [f"<div><b>{html.escape(status.name)}</b></div><table>{table}</table>"]
    if timeline:
        parts.append(f"<div>Timeline</div><table>{timeline}</table>")
    if status.rehearsal:
        head = cells(("setting", "asked", "used", "because"), "th")
        body = "".join(
            cells((r.setting, str(r.asked), str(r.used), r.because)) for r in status.rehearsal
        )
        parts.append(f"<div>Changed for the rehearsal</div><table>{head}{body}</table>")
    return "".join(parts)
