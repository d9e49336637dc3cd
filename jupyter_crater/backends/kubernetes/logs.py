"""Logs of pods: read, followed, and the head's read for what it means."""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

from ...errors import BackendError, BackendUnavailable, CraterError, InputError, NotFound
from ...spec import Observation
from .client import Client, Tap
from .kinds import PODS
from .observe import Seen
from .pods import View, when

LOOK_S = 1.0
BOUND_BYTES = 16 * 2**20
"""Of each pod's log; a cluster keeps the last 10 MiB of a container, mostly."""


def wanted(task: str | None, pod: View) -> bool:
    """A task ("worker"), one pod of it ("worker-0"), "engine" (the head's); None: all."""
    if task == "engine":
        return pod.task in ("head", "main")
    return task in (None, pod.task, f"{pod.task}-{pod.index}", pod.name)


def lines(
    client: Client, namespace: str, pod: View, *, previous: bool = False, since: str = ""
) -> Iterator[tuple[float, str, str]]:
    """``(time, stamp, text)`` of the lines there are now; none where there is no log yet.

    Raises:
        BackendUnavailable: the server, or the pod's node, does not answer.
    """
    more = {"limitBytes": BOUND_BYTES, "previous": "true" if previous else None}
    try:
        path = PODS.path(namespace, pod.name, "log")
        text = client.text(path, **_params(pod, since), **more)
    except BackendUnavailable:
        raise
    except (BackendError, NotFound, InputError):
        return  # the container waits, or is gone with its log
    for line in text.splitlines():
        yield split(line)


def split(line: str) -> tuple[float, str, str]:
    stamp, _, text = line.partition(" ")
    moment = when(stamp)
    return (time.time(), "", line) if moment is None else (moment, stamp, text)


def stream(
    client: Client, namespace: str, pod: View, stop: Tap, *, since: str = ""
) -> Iterator[tuple[float, str, str]]:
    """Lines as they come until the container ends; a cut stream goes on after its last line."""
    last = since
    failures = 0
    while not stop.is_set() and failures < 30:
        # A whole second; what follows is Z, or the offset of the node's clock.
        params = _params(pod, re.sub(r"\.\d+", "", last))
        try:
            path = PODS.path(namespace, pod.name, "log")
            with client.stream(path, tap=stop, follow="true", **params) as found:
                for line in found:
                    if stop.is_set():
                        return
                    moment, stamp, text = split(line)
                    if stamp and last and stamp <= last:
                        continue  # sinceTime counts in seconds: these were told
                    last = stamp or last
                    failures = 0
                    yield moment, stamp, text
            return  # the server ended it: so did the container
        except NotFound:
            return
        except CraterError:
            failures += 1
            stop.wait(min(4.0, 0.25 * 2**failures))


def _params(pod: View, since: str) -> dict[str, Any]:
    return {"container": pod.container, "timestamps": "true", "sinceTime": since}


def observation(pod: View, moment: float, text: str, *, previous: bool = False) -> Observation:
    data = {"previous": True} if previous else {}
    return Observation(moment, "log", "", text, pod.task, pod.index, data)


def now(
    client: Client, namespace: str, seen: Seen, *, task: str | None, previous: bool
) -> Iterator[Observation]:
    """The lines of all wanted pods, merged by time.

    Raises:
        BackendUnavailable: nobody answers; a lost node alone hides no other's lines.
    """
    found: list[Observation] = []
    failure: BackendUnavailable | None = None
    for pod in seen.pods:
        if not wanted(task, pod) or (previous and not pod.restarts):
            continue
        try:
            rows = list(lines(client, namespace, pod, previous=previous))
        except BackendUnavailable as error:
            failure = error
            continue
        found += [observation(pod, moment, text, previous=previous) for moment, _, text in rows]
    if failure is not None and not found:
        raise failure
    yield from sorted(found, key=lambda o: o.time)


def follow(
    client: Client, namespace: str, look: Callable[[], Seen], *, task: str | None, stop: Event
) -> Iterator[Observation]:
    """Lines as they come, one stream a pod, until the job is over or ``stop`` is set."""
    arrived: queue.Queue[Observation] = queue.Queue(maxsize=10_000)
    streams: dict[str, threading.Thread] = {}
    told: dict[str, str] = {}
    taps: dict[str, Tap] = {}
    ended = Event()
    looked, gone = -1e9, 0.0

    def read(pod: View, tap: Tap) -> None:
        for moment, stamp, text in stream(client, namespace, pod, tap, since=told.get(pod.uid, "")):
            told[pod.uid] = stamp or told.get(pod.uid, "")
            while not ended.is_set():
                try:
                    arrived.put(observation(pod, moment, text), timeout=0.5)
                    break
                except queue.Full:
                    continue

    try:
        while not stop.is_set():
            if time.monotonic() - looked > LOOK_S:
                looked = time.monotonic()
                try:
                    seen = look()
                except NotFound:
                    return
                except CraterError:
                    continue  # the server is away: the streams wait for it as well
                for pod in seen.pods:
                    begun = pod.phase in ("running", "succeeded", "failed", "terminating")
                    known = streams.get(pod.uid)
                    # A server that restarts ends a stream as if the container had.
                    cut = known is not None and not known.is_alive() and pod.phase == "running"
                    if begun and wanted(task, pod) and (known is None or cut):
                        name = f"log of {pod.name}"
                        taps[pod.uid] = Tap()
                        thread = threading.Thread(
                            target=read, args=(pod, taps[pod.uid]), daemon=True, name=name
                        )
                        streams[pod.uid] = thread
                        thread.start()
                idle = not any(t.is_alive() for t in streams.values()) and arrived.empty()
                gone = gone or time.monotonic() if seen.over else 0.0
                # A stream of a pod whose node is lost never ends by itself.
                if gone and (idle or time.monotonic() - gone > 30) and arrived.empty():
                    return
            try:
                yield arrived.get(timeout=0.25)
            except queue.Empty:
                continue
    finally:
        ended.set()
        for tap in taps.values():
            tap.set()
