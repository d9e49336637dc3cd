"""Changes of jobs, told once to everybody who listens."""

import asyncio
import json
import subprocess
import sys
import time

import httpx
import pytest
import websocket
from jupyter_events import EventLogger

from jupyter_crater import calls
from jupyter_crater.errors import BackendUnavailable
from jupyter_crater.server.events import SCHEMA_ID, Watches, changes, seen

from .serving import TOKEN, launch, serving


def job(name, phase="serving", **more):
    return {"name": name, "phase": phase, "changed": time.time(), **more}


def test_what_differs_is_told_and_nothing_else():
    before = seen([job("a"), job("b", "loading-weights"), job("gone")])
    now = seen([job("a"), job("b"), job("new", "queued")])
    assert changes(before, now) == [
        {"name": "b", "change": "changed", "phase": "serving"},
        {"name": "new", "change": "created", "phase": "queued"},
        {"name": "gone", "change": "deleted", "phase": None},
    ]
    assert changes(now, now) == []


@pytest.fixture
def listed(monkeypatch):
    """The backend's list as a test says, and how often it was asked."""
    found = {"jobs": [], "asked": 0, "error": None}

    async def call(method, params):
        found["asked"] += 1
        if found["error"]:
            raise found["error"]
        return {"jobs": found["jobs"]}

    monkeypatch.setattr(calls, "call", call)
    return found


@pytest.fixture
def told():
    """A real logger, whose schema refuses what does not fit, and what it told."""
    return EventLogger(), []


async def listen(logger, events):
    async def hear(logger, schema_id, data):
        events.append({k: data[k] for k in ("backend", "name", "change", "phase")})

    logger.add_listener(schema_id=SCHEMA_ID, listener=hear)


async def until(condition, what):
    """As tests/waiting.py, while the loop goes on."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, f"not within 20 s: {what}"
        await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_one_watch_however_many_pages(listed, told):
    logger, events = told
    watches = Watches(logger, poll=0.02)
    await listen(logger, events)
    others = asyncio.all_tasks()
    for _ in range(20):
        watches.asked("local", [])
    assert len(asyncio.all_tasks() - others) == 1, "one watch, not twenty"
    listed["jobs"] = [job("a")]
    created = {"backend": "local", "name": "a", "change": "created", "phase": "serving"}
    await until(lambda: events == [created], "a job that came")
    listed["error"] = BackendUnavailable("away for a moment")
    asked = listed["asked"]
    await until(lambda: listed["asked"] > asked + 1, "the watch to ask on")
    assert events == [created], "what is away has not gone"
    listed["error"], listed["jobs"] = None, []
    deleted = created | {"change": "deleted", "phase": None}
    await until(lambda: events[1:], "a job that went")
    assert events == [created, deleted]
    watches.close()


@pytest.mark.asyncio
async def test_a_watch_rests_when_nobody_looks(listed, told):
    watches = Watches(told[0], poll=0.02, rest=0.1)
    others = asyncio.all_tasks()
    watches.asked("local", [])
    (watch,) = asyncio.all_tasks() - others
    await until(watch.done, "the watch to rest")
    assert asyncio.all_tasks() == others, "nobody asks the backend any more"
    asked = listed["asked"]

    def looked_again():
        watches.asked("local", [])  # as a page does, again and again
        return listed["asked"] > asked

    await until(looked_again, "the watch to ask again")
    watches.close()


def test_a_page_hears_of_what_a_kernel_does(tmp_path):
    with serving(tmp_path) as (url, env):
        launch(env, "j1")
        known = {"Authorization": f"token {TOKEN}"}
        address = url.replace("http", "ws", 1) + f"api/events/subscribe?token={TOKEN}"
        socket = websocket.create_connection(address, timeout=20)
        try:
            listed = httpx.get(f"{url}crater/jobs?backend=local", headers=known).json()
            assert [each["name"] for each in listed["jobs"]] == ["j1"]
            stop = "import time; from jupyter_crater import api; api.job('j1').stop(); print(time.time())"
            said = subprocess.run(
                [sys.executable, "-c", stop], env=env, check=True, capture_output=True, timeout=60
            )
            while True:
                event = json.loads(socket.recv())
                if event["schema_id"] == SCHEMA_ID and event["phase"] == "stopped":
                    break
            assert (event["backend"], event["name"], event["change"]) == ("local", "j1", "changed")
            print(f"heard {time.time() - float(said.stdout):.1f} s after the stop (goal ≤ 2)")
        finally:
            socket.close()
