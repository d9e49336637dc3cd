"""The client's manners: errors mapped, retries that are safe, pages, watches, one shared copy."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from jupyter_crater.backends.kubernetes import client as client_module, kinds, watch
from jupyter_crater.backends.kubernetes.access import Access
from jupyter_crater.backends.kubernetes.client import AlreadyExists, AnswerLost, Gone
from jupyter_crater.backends.kubernetes.watch import Mirror
from jupyter_crater.errors import (
    AuthenticationError,
    BackendUnavailable,
    ConflictError,
    DoesNotFit,
    InputError,
    NotFound,
    PermissionDenied,
)

from ...waiting import until
from .scripted import Answer, client, event, items, server, status

__all__ = ["client", "server"]
PODS = "/api/v1/namespaces/team/pods"


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (403, "Forbidden", PermissionDenied),
        (404, "NotFound", NotFound),
        (409, "AlreadyExists", AlreadyExists),
        (409, "Conflict", ConflictError),
        (410, "Expired", Gone),
        (422, "Invalid", InputError),
        (400, "BadRequest", InputError),
    ],
)
def test_errors(server, client, code, reason, error):
    server.answer = lambda *_: status(code, reason, "the reason told")
    with pytest.raises(error, match="the reason told"):
        client.get(PODS)
    assert len(server.asked) == 1, "none of these is tried again"


def test_quota_and_webhooks_are_told_apart_from_rights(server, client):
    text = "pods is forbidden: exceeded quota: q, requested: pods=1, used: pods=4, limited: pods=4"
    server.answer = lambda *_: status(403, "Forbidden", text)
    with pytest.raises(DoesNotFit, match="4 of 4 in use"):
        client.post(PODS, {})
    text = 'admission webhook "v.volcano.sh" denied the request: unable to find queue gpu'
    server.answer = lambda *_: status(403, "Forbidden", text)
    with pytest.raises(InputError, match="refuses this: unable to find queue gpu"):
        client.post(PODS, {})


def test_a_token_that_is_not_taken_is_renewed_once(server, client):
    def answer(*_):
        fine = server.asked[-1][3]["authorization"] == "Bearer t2"
        return Answer({"kind": "x"}) if fine else status(401, "Unauthorized")

    server.answer = answer
    assert client.get(PODS) == {"kind": "x"}
    server.answer = lambda *_: status(401, "Unauthorized")
    with pytest.raises(AuthenticationError):
        client.get(PODS)
    assert len(server.asked) == 4


def test_a_busy_server_is_given_the_time_it_asks_for(server, client):
    def answer(*_):
        busy = len(server.asked) < 3
        return (
            status(429, "TooManyRequests", headers={"Retry-After": "0.3"}) if busy else Answer({})
        )

    server.answer = answer
    started = time.monotonic()
    client.post(PODS, {})
    assert len(server.asked) == 3
    assert time.monotonic() - started >= 0.6


def test_patience_has_a_bound(server, client, monkeypatch):
    monkeypatch.setattr(client_module, "RETRY_S", 0.5)
    server.answer = lambda *_: status(503, "ServiceUnavailable", headers={"Retry-After": "9"})
    with pytest.raises(BackendUnavailable, match="busy"):
        client.get(PODS)
    server.server.shutdown()
    server.server.server_close()
    client._http.close()
    fresh = client_module.Client(client.access)
    with pytest.raises(BackendUnavailable, match="can't be reached"):
        fresh.get(PODS)


def test_reading_is_repeated_and_a_change_is_not(server, client):
    server.answer = lambda *_: Answer(cut=True) if len(server.asked) == 1 else Answer({"a": 1})
    assert client.get(PODS) == {"a": 1}
    server.asked.clear()
    server.answer = lambda *_: Answer(cut=True)
    with pytest.raises(AnswerLost):
        client.post(PODS, {})
    assert len(server.asked) == 1


def test_pages_and_one_that_is_too_old(server, client):
    def answer(_, __, query):
        if query.get("continue") == "p2" and len(server.asked) == 2:
            return status(410, "Expired")
        return items("b") if query.get("continue") else items("a", more="p2")

    server.answer = answer
    found, version = client.items(PODS)
    assert [f["metadata"]["name"] for f in found] == ["a", "b"]
    assert version == "10"
    assert {f["kind"] for f in found} == {"Pod"}
    assert len(server.asked) == 4


def test_no_api_server_at_all(server, client):
    class Page(Answer):
        pass

    server.answer = lambda *_: Answer(stream=["<html>log in</html>"])
    with pytest.raises(BackendUnavailable, match="does not answer like an API server"):
        client.get(PODS)


# -- the shared copy -------------------------------------------------------------------------------


@pytest.fixture
def mirror(client, monkeypatch):
    monkeypatch.setattr(watch, "FRESH_S", 0.05)
    monkeypatch.setattr(watch, "PATIENCE_S", 0.3)
    found = Mirror(client, kinds.PODS, "team")
    yield found
    found.close()
    thread = found._thread
    until(lambda: not (thread and thread.is_alive()), seconds=10, what="the end of the watch")


def names(mirror):
    return sorted(i["metadata"]["name"] for i in mirror.read())


def watching(mirror):
    """Asked again and again, as a notebook does: a list that took long is taken for longer."""
    return until(lambda: (mirror.read(), mirror._thread)[1], what="the watch")


def test_who_asks_once_lists_once(server, mirror):
    server.answer = lambda *_: items("a")
    assert names(mirror) == ["a"]
    time.sleep(0.3)
    assert len(server.asked) == 1


def test_a_watch_tells_what_changes(server, mirror):
    calm = threading.Event()

    def answer(_, __, query):
        if "watch" not in query:
            return items("a", "b")
        events = [
            event("ADDED", "c", "11"),
            event("DELETED", "a", "12"),
            event("BOOKMARK", "", "20"),
        ]
        return Answer(stream=[*events, 0.5] if not calm.is_set() else [3])

    server.answer = answer
    watching(mirror)
    until(lambda: names(mirror) == ["b", "c"], what="the events")
    calm.set()
    until(
        lambda: server.requests(watch="1", resourceVersion="20"),
        what="the watch goes on from the bookmark",
    )
    assert len([a for a in server.asked if "watch" not in a[2]]) == 2


def test_a_version_that_is_too_old_is_listed_anew(server, mirror):
    def answer(_, __, query):
        if "watch" not in query:
            return items("new", version="50") if server.requests(watch="1") else items("old")
        if query["resourceVersion"] == "10":
            gone = {"type": "ERROR", "object": {"code": 410, "message": "too old"}}
            return Answer(stream=[gone])
        return Answer(stream=[3])

    server.answer = answer
    watching(mirror)
    until(lambda: names(mirror) == ["new"], what="the new list")
    assert mirror.failure is None


def test_a_silent_watch_is_left(server, mirror):
    def answer(_, __, query):
        if "watch" not in query:
            return items("a")
        return Answer(stream=[30]) if len(server.requests(watch="1")) == 1 else Answer(
            stream=[event("ADDED", "late", "11"), 3]
        )  # fmt: skip

    server.answer = answer
    watching(mirror)
    until(lambda: names(mirror) == ["a", "late"], seconds=5, what="the second watch")


def test_a_server_that_goes_away_is_told_and_comes_back(server, mirror):
    down = threading.Event()

    def answer(_, __, query):
        if down.is_set():
            return Answer(cut=True)
        return items("a") if "watch" not in query else Answer(stream=[0.2])

    server.answer = answer
    watching(mirror)
    down.set()
    until(mirror.lost_for, seconds=8, what="the loss")
    assert names(mirror) == ["a"], "what was known last is still told"
    assert mirror.failure is not None
    down.clear()
    until(lambda: not mirror.lost_for(), seconds=8, what="the return")


def test_what_is_not_allowed_reads_as_empty(server, mirror):
    server.answer = lambda *_: status(403, "Forbidden", "no")
    assert mirror.read() == []
    assert isinstance(mirror.refused, PermissionDenied)
    mirror.read()
    assert len(server.asked) == 1


def test_who_may_list_and_not_watch_lists_again_and_again(server, mirror, monkeypatch):
    monkeypatch.setattr(watch, "POLL_S", 0.2)
    rows = ["a"]
    server.answer = lambda _, __, q: status(403, "Forbidden") if "watch" in q else items(*rows)
    watching(mirror)
    rows.append("b")
    until(lambda: names(mirror) == ["a", "b"], what="the next list")
    for _ in range(20):
        assert names(mirror) == ["a", "b"], "what may be listed is never told to be refused"
        time.sleep(0.05)
    assert len(server.requests(watch="1")) == 1


def test_a_login_that_fails_is_not_tried_at_once_again(server, mirror, monkeypatch):
    """Its plugin may open a browser each time."""
    tries = []
    monkeypatch.setattr(Access, "renew", lambda self: tries.append(time.monotonic()))
    server.answer = lambda _, __, q: status(401, "Unauthorized") if "watch" in q else items("a")
    watching(mirror)
    until(lambda: len(tries) >= 4, seconds=15, what="four tries")
    # After 0.5, 1 and 2 s, each less a third at most; up to LOGIN_S.
    gaps = [b - a for a, b in itertools.pairwise(tries)]
    assert gaps[0] >= 0.35
    assert gaps[1] >= 0.7
    assert gaps[2] >= 1.4


def test_a_watch_waits_as_long_as_it_is_asked_to(server, mirror):
    opened = []

    def answer(_, __, query):
        if "watch" not in query:
            return items("a")
        opened.append(time.monotonic())
        busy = status(429, "TooManyRequests", headers={"Retry-After": "2"})
        return busy if len(opened) == 1 else Answer(stream=[3])

    server.answer = answer
    watching(mirror)
    until(lambda: len(opened) == 2, seconds=10, what="the second try")
    assert opened[1] - opened[0] >= 2


def test_nobody_ever_answered(server, mirror, monkeypatch):
    monkeypatch.setattr(client_module, "RETRY_S", 0.3)
    server.answer = lambda *_: Answer(cut=True)
    with pytest.raises(BackendUnavailable):
        mirror.read()


def test_a_watch_that_nobody_asks_ends(server, mirror, monkeypatch):
    monkeypatch.setattr(watch, "IDLE_S", 0.5)
    server.answer = lambda _, __, q: items("a") if "watch" not in q else Answer(stream=[0.2])
    thread = watching(mirror)
    until(lambda: not thread.is_alive(), what="the end of the watch")


def test_readers_ask_by_job(server, client):
    def job(item):
        return item["metadata"]["name"].split("-")[0]

    mirror = Mirror(client, kinds.PODS, "team", by=job)
    server.answer = lambda *_: items("r1-0", "r1-1", "r2-0")
    assert [i["metadata"]["name"] for i in mirror.read("r1")] == ["r1-0", "r1-1"]
    mirror._apply("DELETED", event("", "r1-0", "11")["object"])
    mirror._apply("MODIFIED", event("", "r2-0", "12")["object"])
    assert [len(mirror.read(k)) for k in ("r1", "r2", "r3")] == [1, 1, 0]
