"""A copy of one kind of objects in a namespace, kept true by list and watch, shared by a process.

The first question lists. The second, a moment later, lists again and opens a watch that everybody
shares; it is closed when nobody has asked for a while. So a command that asks once costs one
request, and a notebook that looks all day costs one an hour.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from ...errors import (
    AuthenticationError,
    BackendUnavailable,
    CraterError,
    NotFound,
    PermissionDenied,
)
from .client import CHANCE, Busy, Client, Gone, Tap
from .kinds import Kind

FRESH_S = 1.0
"""An answer of a list is taken for that long, or for three times what it took."""
IDLE_S = 120.0
"""A watch that nobody asks is closed."""
PATIENCE_S = 5.0
"""How long a watch may be without a server before its readers are told."""
POLL_S = 3.0
"""How long a list is taken where watching is not allowed."""
REFUSED_S = 60.0
LOGIN_S = 30.0
"""At most between two tries of a login that fails: it may open the user's browser."""


class Mirror:
    """The objects of one kind, by name.

    Args:
        selector: label selector, "" for all.
        by: what readers ask for, e.g. the job that a pod belongs to.
        changed: called with (old, new) of every change; None stands for "not there".
    """

    def __init__(
        self,
        client: Client,
        kind: Kind,
        namespace: str,
        selector: str = "",
        *,
        by: Callable[[dict[str, Any]], str] = lambda _: "",
        changed: Callable[[dict[str, Any] | None, dict[str, Any] | None], None] | None = None,
    ) -> None:
        self.kind = kind
        self._client = client
        self._path = kind.path(namespace)
        self._params = {"labelSelector": selector} if selector else {}
        self._by = by
        self._changed = changed
        self._groups: dict[str, dict[str, dict[str, Any]]] = {}
        self._lock = threading.RLock()
        self._asking = threading.Lock()
        self._objects: dict[str, dict[str, Any]] = {}
        self._version = ""
        self._listed = -1e9
        self._took = 0.0
        self._asked = -1e9
        self._thread: threading.Thread | None = None
        self._tap = Tap()
        self._lost: float | None = None
        self.failure: CraterError | None = None
        """Why nothing is heard now; None while all is well."""
        self.refused: CraterError | None = None
        """Why it can't be read at all (no right to, no such kind); None: it can."""
        self._listed_only = False

    # -- reading -----------------------------------------------------------------------------------

    def read(self, key: str | None = None, *, fresh: bool = False) -> list[dict[str, Any]]:
        """The objects as they are now. What isn't allowed or not installed reads as empty.

        Args:
            key: only those that ``by`` gives this word.
            fresh: list anew, whatever is known (before something is changed).

        Raises:
            BackendUnavailable, AuthenticationError: the server can't be asked, and nothing is known
                or it has to be fresh.
        """
        with self._asking:  # one list for all who ask at once
            now = time.monotonic()
            first = now - self._asked > IDLE_S
            self._asked = now
            if self.refused is not None and now - self._listed < REFUSED_S:
                return []
            watched = self._thread is not None and self._thread.is_alive()
            enough = max(POLL_S if self._listed_only else FRESH_S, self._took)
            if fresh or not (watched or now - self._listed < enough):
                self._list_for_a_reader(fresh=fresh)
                # A server that is away is asked in the background: readers aren't held up again.
                wanted = (not first and not self._listed_only) or self.failure is not None
                if wanted and not watched and self.refused is None:
                    self._start()
        with self._lock:
            found = self._objects if key is None else self._groups.get(key, {})
            return list(found.values())

    def lost_for(self) -> float:
        """Seconds since the server was last heard; 0 while all is well."""
        lost = self._lost
        found = 0.0 if lost is None else time.monotonic() - lost
        return found if found > PATIENCE_S else 0.0

    def _list_for_a_reader(self, *, fresh: bool) -> None:
        try:
            self._list()
        except (PermissionDenied, NotFound) as error:
            self._refuse(error)
        except CraterError as error:
            self._fail(error)
            if fresh or self._listed < 0:
                raise

    def _refuse(self, error: CraterError) -> None:
        with self._lock:
            self._objects, self._groups = {}, {}
            self.refused, self._listed = error, time.monotonic()
            self._listed_only = False  # when the right is back, so may be the one to watch

    # -- keeping -----------------------------------------------------------------------------------

    def _list(self) -> None:
        started = time.monotonic()
        items, version = self._client.items(self._path, **self._params)
        self._took = min(30.0, 3 * (time.monotonic() - started))
        found = {item["metadata"]["name"]: item for item in items}
        with self._lock:
            before, self._objects, self._groups = self._objects, found, {}
            for name, item in found.items():
                self._groups.setdefault(self._by(item), {})[name] = item
            self._version = version
            self._listed = time.monotonic()
            self.refused = self.failure = self._lost = None
        for name in before.keys() | found.keys():
            self._tell(before.get(name), found.get(name))

    def _start(self) -> None:
        name = f"watch of {self.kind.plural}"
        self._tap = Tap()
        self._thread = threading.Thread(
            target=self._keep, args=(self._tap,), name=name, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """End the watch now; whoever asks again opens another."""
        self._asked = -1e9
        self._tap.set()

    def _keep(self, tap: Tap) -> None:
        pause, longest = 0.25, 4.0
        while not tap.is_set() and time.monotonic() - self._asked < IDLE_S:
            started = time.monotonic()
            try:
                if not self._version:
                    self._list()
                if self._listed_only:
                    return
                self._watch(tap)
                pause = 0.25 if time.monotonic() - started > 5 else min(4.0, pause * 2)
            except Gone:
                self._version = ""  # too old to go on from: list, then watch again
            except (PermissionDenied, NotFound):
                # The watch, the list, or both: the next reader's list tells.
                self._listed_only, self._listed = True, 0.0
                return
            except CraterError as error:
                self._fail(error)
                longest = LOGIN_S if isinstance(error, AuthenticationError) else 4.0
                pause = min(longest, pause * 2)
                if isinstance(error, Busy):
                    tap.wait(error.wait)
            except Exception as error:  # noqa: BLE001 - a fault of ours must not look like a quiet cluster
                self._fail(BackendUnavailable(f"The watch of {self.kind.plural} broke: {error!r}."))
                pause = 4.0
            if time.monotonic() - started < 5:
                tap.wait(pause * CHANCE.uniform(0.7, 1.0))

    def _watch(self, tap: Tap) -> None:
        stream = self._client.watch(
            self._path, self._version, opened=self._heard, tap=tap, **self._params
        )
        with contextlib.closing(stream):
            for event in stream:
                self._apply(event["type"], event["object"])
                if time.monotonic() - self._asked > IDLE_S:
                    return

    def _heard(self) -> None:
        self.failure = self._lost = None

    def _fail(self, error: CraterError) -> None:
        self.failure = error
        if self._lost is None:
            self._lost = time.monotonic()

    def _apply(self, kind: str, found: dict[str, Any]) -> None:
        meta = found.get("metadata") or {}
        with self._lock:
            self._version = meta.get("resourceVersion") or self._version
            if kind == "BOOKMARK":
                return
            name = meta["name"]
            before = self._objects.pop(name, None)
            after = None if kind == "DELETED" else found
            if before is not None:
                self._groups.get(self._by(before), {}).pop(name, None)
            if after is not None:
                self._objects[name] = after
                self._groups.setdefault(self._by(after), {})[name] = after
        self._tell(before or (found if kind == "DELETED" else None), after)

    def _tell(self, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        if before is after or (
            before and after and _version(before) == _version(after) and _version(after)
        ):
            return
        if self._changed is not None:
            self._changed(before, after)


def _version(document: dict[str, Any]) -> str:
    return str((document.get("metadata") or {}).get("resourceVersion") or "")
