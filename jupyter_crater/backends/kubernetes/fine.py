"""The fine phases of a start, which only the head's log tells: read while it starts, kept for later.

One stream a starting job, and no more than a few at a time: a list of many jobs is told by their
conditions. What was read is kept in the user's state folder, by the pod's uid.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from pathlib import Path

from ... import files
from ...errors import BackendUnavailable
from ...spec import Observation
from . import logs, said
from .client import Client, Tap
from .ends import first_death, state_of
from .observe import Seen
from .pods import View

STREAMS = 16
"""Logs that one process follows at once, and logs of ended jobs that it reads in a minute."""
IDLE_S = 60.0
KEPT = 400


class _Reading:
    """What one pod's log was read to mean so far."""

    def __init__(self, file: Path) -> None:
        self.file = file
        known = files.read(file) or {}
        rows = known.get("observations") if known.get("schema") == 1 else None
        self.found = [Observation.from_json(row) for row in rows or []]
        self.stamp = str(known.get("stamp") or "") if rows else ""
        self.done = bool(known.get("done")) if rows is not None else False
        self.asked = time.monotonic()
        self.thread: threading.Thread | None = None
        self.tap = Tap()

    def take(self, pod: View, moment: float, stamp: str, text: str) -> None:
        self.stamp = stamp or self.stamp
        for meaning in said.meanings(text):
            seen = meaning.observation(moment, pod.task, pod.index)
            known = [o for o in self.found if (o.kind, o.reason) == (seen.kind, seen.reason)]
            if seen.kind == "progress":  # the last of each counts
                self.found = [o for o in self.found if o not in known]
            elif seen.kind in ("phase", "event") and known:
                continue  # the first of each counts
            if len(self.found) < KEPT:
                self.found = [*self.found, seen]
            if seen.kind == "phase":
                self.keep()

    @property
    def serving(self) -> bool:
        return any(o.kind == "phase" and o.reason == "serving" for o in self.found)

    def keep(self) -> None:
        rows = [o.to_json() for o in self.found]
        data = {"schema": 1, "stamp": self.stamp, "done": self.done, "observations": rows}
        try:
            files.write(self.file, data)
        except OSError:
            return  # the job was deleted, or the disk is full: it is read again then


class Fine:
    """The readings of this process."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._namespace = namespace
        self._readings: dict[str, _Reading] = {}
        self._lock = threading.Lock()
        self._reads: deque[float] = deque(maxlen=STREAMS)

    def of(self, seen: Seen, folder: Path) -> list[Observation]:
        """What is known of this job's head by its log; starts a reading where there is more."""
        head = seen.head
        if head is None or not head.uid:
            return []
        with self._lock:
            reading = self._reading(head, folder, make=seen.starting)
            failed = state_of(seen.record, seen.workload) == "failed"
            if reading is None and not failed:
                return []
            if reading is not None:
                reading.asked = time.monotonic()
            if seen.starting and reading is not None:
                self._follow(head, reading)
            elif reading is not None:
                reading.tap.set()  # it serves or has ended: its conditions tell the rest
        if failed:
            return self._last_words(seen, folder, reading)
        return list(reading.found) if reading else []

    def _reading(self, pod: View, folder: Path, *, make: bool) -> _Reading | None:
        known = self._readings.get(pod.uid)
        if known is None:
            file = folder / f"read-{pod.uid}.json"
            if not make and not file.exists():
                return None
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            known = self._readings[pod.uid] = _Reading(file)
        return known

    def _follow(self, pod: View, reading: _Reading) -> None:
        if reading.thread is not None and reading.thread.is_alive():
            return
        alive = [r for r in self._readings.values() if r.thread and r.thread.is_alive()]
        for other in alive:
            if time.monotonic() - other.asked > IDLE_S:
                other.tap.set()  # of a job that nobody looks at; its log may say nothing for hours
        if len(alive) >= STREAMS or reading.done:
            return
        name = f"log of {pod.name}"
        reading.tap = Tap()
        reading.thread = threading.Thread(
            target=self._read, args=(pod, reading), daemon=True, name=name
        )
        reading.thread.start()

    def _read(self, pod: View, reading: _Reading) -> None:
        stream = logs.stream(self._client, self._namespace, pod, reading.tap, since=reading.stamp)
        for moment, stamp, text in stream:
            reading.take(pod, moment, stamp, text)
            if reading.serving or time.monotonic() - reading.asked > IDLE_S:
                break
        reading.keep()

    def _last_words(self, seen: Seen, folder: Path, reading: _Reading | None) -> list[Observation]:
        """Of an ended job: the rest of the logs of its head and of the pod that died first."""
        found: list[Observation] = []
        death = first_death(seen.pods)
        dead = next((p for p in seen.pods if p.death is not None and p.death is death), None)
        for pod in {p.uid: p for p in (seen.head, dead) if p is not None}.values():
            with self._lock:
                one = self._reading(pod, folder, make=True)
            assert one is not None
            if not one.done and self._may_read():
                one.tap.set()
                one.done = True
                try:
                    rows = list(logs.lines(self._client, self._namespace, pod, since=one.stamp))
                except BackendUnavailable:
                    continue  # its node is gone, mostly: another process may have more luck
                for moment, stamp, text in rows:
                    one.take(pod, moment, stamp, text)
                one.keep()
        readings = (self._readings.get(p.uid) for p in seen.pods)
        known = [*([reading] if reading else []), *(r for r in readings if r)]
        for one in known:
            found += [o for o in one.found if o not in found]
        return found

    def _may_read(self) -> bool:
        now = time.monotonic()
        if len(self._reads) == STREAMS and now - self._reads[0] < 60:
            return False
        self._reads.append(now)
        return True

    def close(self) -> None:
        with self._lock:
            for reading in self._readings.values():
                reading.tap.set()

    def forget(self, folder: Path) -> None:
        """Of a deleted job: its readings end."""
        with self._lock:
            for uid in [u for u, r in self._readings.items() if r.file.parent == folder]:
                self._readings.pop(uid).tap.set()
