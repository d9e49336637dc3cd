"""The routes of a real Jupyter server, over HTTP; the job behind them is on stand-ins."""

import itertools
import json

import httpx
import pytest

from jupyter_crater import errors
from jupyter_crater.server.routes import ROUTES, CraterHandler, routes, status_of

from .serving import REFUSING, TOKEN, launch, serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def server(folder):
    """As under a hub: with a token and a base path."""
    with serving(folder) as (url, env):
        launch(env, "j1")
        yield url


@pytest.fixture(scope="module")
def refusing_server(tmp_path_factory):
    """Whoever is logged in has no right to ``crater``."""
    with serving(tmp_path_factory.mktemp("refusing"), REFUSING) as (url, _):
        yield url


@pytest.fixture
def client(server):
    with httpx.Client(
        base_url=f"{server}crater/", headers={"Authorization": f"token {TOKEN}"}, timeout=30
    ) as client:
        yield client


def every_route():
    return [
        (verb, path.replace("NAME", "j1").replace("ID", "vllm-single"))
        for path, verbs in ROUTES.items()
        for verb in verbs
    ]


@pytest.mark.parametrize(("verb", "path"), every_route())
def test_nobody_gets_in_without_a_token(server, verb, path):
    with httpx.Client(base_url=f"{server}crater/") as stranger:
        assert stranger.request(verb, path).status_code == 403
        wrong = {"Authorization": "token wrong"}
        assert stranger.request(verb, path, headers=wrong).status_code == 403


@pytest.mark.parametrize(("verb", "path"), [r for r in every_route() if r[0] != "GET"])
def test_a_cookie_alone_changes_nothing(server, verb, path):
    """What a foreign page could make a browser send: the login cookie without the XSRF token."""
    with httpx.Client(base_url=server) as browser:
        browser.get("tree", params={"token": TOKEN})
        assert any("username" in name for name in browser.cookies)
        assert browser.get("crater/jobs").status_code == 200
        refused = browser.request(verb, f"crater/{path}")
        assert refused.status_code == 403
        assert "_xsrf" in refused.text


@pytest.mark.parametrize(("verb", "path"), every_route())
def test_who_has_no_right_to_crater_is_refused(refusing_server, verb, path):
    known = {"Authorization": f"token {TOKEN}"}
    with httpx.Client(base_url=refusing_server, headers=known) as user:
        assert user.get("api/status").status_code == 200
        assert user.request(verb, f"crater/{path}").status_code == 403


@pytest.mark.parametrize(("verb", "path"), every_route())
def test_another_origin_is_refused(server, verb, path):
    """With the login cookie, as a browser sends it along; Jupyter hides what it refuses."""
    with httpx.Client(base_url=server) as browser:
        browser.get("tree", params={"token": TOKEN})
        foreign = {"Origin": "http://evil.invalid", "X-XSRFToken": browser.cookies["_xsrf"]}
        assert browser.request(verb, f"crater/{path}", headers=foreign).status_code in (403, 404)


def test_jobs_and_one_job(client):
    (job,) = client.get("jobs").json()["jobs"]
    assert job == client.get("jobs/j1").json() | {"metrics": job["metrics"]}
    assert job["phase"] == "serving"
    assert client.get("jobs/j1/events").json()["events"]
    assert set(client.get("jobs/j1/memory").json()) == {"schema", "plan", "measured"}


def test_from_templates_to_a_launch(client):
    listed = client.get("templates", params={"language": "ja"}).json()
    assert "vllm-single" in [each["id"] for each in listed["templates"]]
    assert client.get("templates/vllm-single").json()["template"]["id"] == "vllm-single"
    assert client.get("templates/nothing").status_code == 404
    checked = client.post("templates/vllm-single/check", json={"values": {}}).json()
    assert checked["errors"] == []
    changed = checked["command"] + " --max-num-seqs 7"
    parsed = client.post("templates/vllm-single/parse", json={"command": changed}).json()
    assert parsed["values"]["max_num_seqs"] == 7
    again = client.post("jobs", json={"id": "vllm-single", "name": "j1"})
    assert again.json() == {"schema": 1, "name": "j1", "backend": "local"}
    wrong = client.post("jobs", json={"id": "vllm-single", "values": {"nonsense": 1}})
    assert (wrong.status_code, wrong.json()["parameter"]) == (400, "nonsense")


def test_a_client_is_checked_and_written_down_with_what_it_connects_to(client):
    def check(**more):
        return client.post("templates/open-webui/check", json={"values": {}} | more).json()

    assert "needs something to connect to" in check()["refusal"]["message"]
    assert check(connect="nothing")["refusal"]["error"] == "JobNotFound"
    found = check(connect="j1", backend="local")
    assert "refusal" not in found
    assert "    connect='j1'," in found["code"].splitlines()


def test_what_there_is_to_choose_from(client):
    gpu = client.get("catalog").json()["gpus"][0]
    plan = client.post("size", json={"model": "Qwen/Qwen2.5-7B-Instruct", "gpu": gpu})
    assert plan.status_code == 200
    assert client.post("size", json={"gpu": gpu}).json()["parameter"] == "model"
    # The local backend knows of no cluster.
    assert client.get("capacity").json() == {"schema": 1, "backend": "local", "capacity": None}
    assert client.get("capacity", params={"backend": "nothing"}).status_code == 400
    assert client.get("versions").json()["versions"]["jupyter_crater"]


def test_no_key_is_told(client, folder):
    key = (folder / "state/jobs/j1/key").read_text().strip()
    assert len(key) > 20
    for _, path in [r for r in every_route() if r[0] == "GET"]:
        said = client.get(path).text
        assert "api_key" not in said
        assert key not in said
    assert key not in client.post("jobs/j1/log", json={"seconds": 0.5}).text
    with client.stream("POST", "jobs/j1/chat", json={"turns": [], "text": "x"}) as answer:
        said = list(itertools.islice(answer.iter_lines(), 3))  # a stand-in's answer has no end
    assert key not in "".join(said)
    log = (folder / "server.log").read_text()
    assert "/crater/jobs/j1" in log
    assert key not in log


def test_errors_have_a_status_and_words(client):
    gone = client.get("jobs/nobody")
    assert gone.status_code == 404
    assert gone.json()["error"] == "JobNotFound"
    assert client.post("jobs/j1/extend", json={"seconds": -1}).status_code == 400
    assert client.post("jobs/j1/extend", content="{").status_code == 400
    assert client.post("jobs/j1/extend", json=[1]).status_code == 400
    assert client.post("jobs/j1/chat", json={"turns": "x", "text": "y"}).status_code == 400
    assert client.delete("jobs").status_code == 405
    for name in ("..%2f..%2fetc", "A", "a_b", "x" * 64):
        assert client.get(f"jobs/{name}").status_code == 404


def test_every_error_has_a_status():
    def leaves(each):
        return [each, *(leaf for sub in each.__subclasses__() for leaf in leaves(sub))]

    for error in leaves(errors.CraterError):
        assert 400 <= status_of(error.__new__(error)) < 600
    assert status_of(errors.JobNotFound("x")) == 404
    assert status_of(errors.DoesNotFit("x")) == 422
    assert status_of(ValueError()) == 500


def test_a_log_is_streamed_until_the_reader_goes(client):
    with client.stream("POST", "jobs/j1/log") as answer:
        assert answer.headers["content-type"] == "application/x-ndjson"
        items = map(json.loads, answer.iter_lines())
        assert next(items) == {"lines": [], "dropped": 0}, "a sign of life, at once"
        first = next(items)
    assert {"task", "index", "text"} == set(first["lines"][0])
    assert client.post("jobs/nobody/log").status_code == 404


@pytest.mark.parametrize("word", ["false", "0", "no"])
def test_a_query_says_no_by_a_word(client, word):
    def lines(**query):
        answer = client.post("jobs/j1/log", json={"seconds": 0.5}, params=query)
        return [line for item in map(json.loads, answer.iter_lines()) for line in item["lines"]]

    told = lines(previous=word)
    assert told
    assert told == lines()[: len(told)]


def test_other_words_are_no_yes(client):
    for body, query in (({}, {"previous": "maybe"}), ({"previous": 1}, {}), ({"previous": []}, {})):
        refused = client.post("jobs/j1/log", json=body, params=query)
        assert refused.status_code == 400
        assert "'previous' has to be true or false" in refused.json()["message"]
    refused = client.post("jobs", json={"id": "vllm-single"}, params={"force": "maybe"})
    assert refused.status_code == 400


def test_a_log_is_read_window_by_window(client):
    """By who hears nothing before an answer is complete."""

    def window(**asked):
        said = client.post("jobs/j1/log", json={"seconds": 0.5} | asked)
        assert said.status_code == 200, said.text
        items = [json.loads(line) for line in said.text.splitlines()]
        lines = [(line["task"], line["text"]) for item in items for line in item["lines"]]
        return lines, items[-1]["at"]

    first, at = window()
    assert first
    assert sum(at.values()) == len(first)
    assert window(after=at) == ([], at), "nothing twice"
    place = max(at, key=at.__getitem__)
    again, end = window(after=at | {place: at[place] - 2})
    task = place.partition("/")[0]
    assert (again, end) == ([line for line in first if line[0] == task][-2:], at)
    for wrong in ({"seconds": 0}, {"seconds": 1e9}, {"after": 3}, {"after": {"a": "b"}}):
        assert client.post("jobs/j1/log", json=wrong).status_code == 400


def test_a_chat_is_streamed(client):
    body = {"turns": [], "text": "What is gravity?", "settings": {"temperature": 0}}
    items = []
    with client.stream("POST", "jobs/j1/chat", json=body) as answer:
        assert answer.status_code == 200
        for line in answer.iter_lines():
            items.append(json.loads(line))
            if len(items) == 3:
                break
    assert any("text" in item for item in items)


def test_all_routes_are_the_one_guarded_handler():
    assert {handler for _, handler, _ in routes("/")} == {CraterHandler}
    assert CraterHandler.auth_resource == "crater"
