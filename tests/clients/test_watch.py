"""What a client is told of the service it talks to."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest

from jupyter_crater.clients.watch import Watch, its_word, look
from jupyter_crater.spec import Connect, JobStatus, v1
from tests.doubles.openai_server import OpenAIServer
from tests.waiting import until


@pytest.mark.parametrize("given", ["http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/"])
def test_an_address_ends_in_exactly_one_v1(given):
    assert v1(given) == "http://h:1/v1"


def test_a_path_before_v1_stays():
    assert v1("https://h/team/v1//") == "https://h/team/v1"


def test_a_service_that_answers_is_the_target():
    with OpenAIServer(key="right") as server:
        seen = look(Connect(url=server.url), "right")
        assert seen.ok
        assert seen.target.url == f"{server.url}/v1"
        assert seen.target.key == "right"


@pytest.mark.parametrize(("key", "words"), [("wrong", "the key it was given"), (None, "without")])
def test_a_refused_key_is_told_without_the_key(key, words):
    with OpenAIServer(key="right") as server:
        seen = look(Connect(url=server.url), key)
    assert seen.code == "wrong-key"
    assert words in seen.message
    assert "401" in seen.message
    assert "wrong" not in seen.message


def test_a_server_without_that_api_is_a_wrong_address():
    with OpenAIServer(key=None) as server:
        seen = look(Connect(url=f"{server.url}/elsewhere"))
    assert seen.code == "wrong-address"
    assert "404" in seen.message


def test_nobody_there_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    seen = look(Connect(url=f"http://127.0.0.1:{port}/v1"))
    assert seen.code == "engine-unreachable"
    assert str(port) in seen.message


def test_a_job_that_is_not_there_is_told(state):
    assert look(Connect(job="nobody", backend="local")).code == "engine-missing"


def test_a_job_that_still_starts_is_told_with_its_phase():
    here = {"template": "t", "backend": "local", "created": 0.0, "message": "2 of 3 nodes"}
    status = JobStatus(name="engine", phase="waiting-for-workers", **here)
    seen = its_word(SimpleNamespace(status=lambda name: status), "engine")
    assert seen.code == "engine-not-serving"
    assert "'engine' (waiting-for-workers: 2 of 3 nodes)" in seen.message


def test_a_job_that_serves_is_the_target_until_its_end(launch):
    job = launch(name="engine")
    connect = Connect(job="engine", backend="local")
    serving = until(lambda: (s := look(connect)).ok and s, what="its answer")
    assert serving.target.url == f"{job.api_url}/v1"
    assert serving.target.key == job.api_key
    job.stop()
    ended = look(connect)
    assert ended.code == "engine-ended"
    assert "launched again" in ended.message


def test_one_missed_look_is_no_news_and_two_are():
    with OpenAIServer(key="k") as server:
        port = server.port
        watch = Watch(Connect(url=server.url), "k")
        watch.start()
        until(lambda: watch.seen and watch.seen.ok, what="the first look")
    try:
        until(lambda: not watch.seen.ok, seconds=10, what="the end to be seen")
        assert watch.seen.code == "engine-unreachable"
        with OpenAIServer(key="k", port=port):
            until(lambda: watch.seen.ok, seconds=10, what="the return to be seen")
    finally:
        watch.ended.set()
        watch.join(10)
