"""The engine under Jupyter's address: what passes, what does not, and when."""

import http.client
import itertools
from urllib.parse import urlsplit

import httpx
import openai
import pytest

from ..waiting import until
from .serving import BASE, REFUSING, TOKEN, launch, scripted_engine, serving

KNOWN = {"Authorization": f"token {TOKEN}"}
TOKENS, RATE = 40, 40


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = tmp_path_factory.mktemp("forward")
    script = {"CRATER_SCRIPT_RATE": str(RATE), "CRATER_SCRIPT_TOKENS": str(TOKENS)}
    with serving(root, **scripted_engine(root), **script) as (url, env):
        launch(env, "j1")
        yield url


@pytest.fixture(scope="module")
def forward(server):
    return f"{server}crater/jobs/j1/forward"


@pytest.fixture
def client(forward):
    with httpx.Client(base_url=forward, headers=KNOWN, timeout=30) as client:
        yield client


def test_an_openai_client_streams_through_it(forward):
    with openai.OpenAI(base_url=f"{forward}/v1", api_key=TOKEN, max_retries=0) as client:
        streams(client)


def streams(client: openai.OpenAI) -> None:
    """What an engine says comes as it says it: of one that falls silent, all before it did."""
    (model,) = client.models.list().data

    def said(text: str):
        messages = [{"role": "user", "content": text}]
        with client.chat.completions.create(
            model=model.id, messages=messages, stream=True, timeout=60
        ) as stream:
            for chunk in stream:
                if chunk.choices[0].delta.content:
                    yield chunk.choices[0].delta.content

    assert len(list(said("count"))) == TOKENS
    assert list(itertools.islice(said("script: hangs"), 2)) == ["It ", "is "]


def test_nothing_of_jupyter_reaches_the_engine(client):
    mine = {"Cookie": "login=mine", "X-XSRFToken": "mine", "X-Forwarded-For": "10.0.0.1"}
    query = {"backend": "local", "token": TOKEN, "limit": "3", "after": "a b"}
    said = client.get("v1/echo", headers=mine, params=query).json()
    assert said["uri"] == "/v1/echo?limit=3&after=a+b"
    assert set(said["headers"]) == {
        "Host", "Accept", "Accept-Encoding", "Authorization", "Connection", "User-Agent",
    }  # fmt: skip
    assert said["headers"]["Authorization"].startswith("Bearer ")
    assert TOKEN not in str(said)
    assert "python-httpx" in said["headers"]["User-Agent"], "ours, not the browser's"


def test_what_an_engine_says_does_nothing_in_jupyters_origin(client):
    page = client.get("v1/page")
    assert page.headers["Content-Type"].startswith("text/html")
    assert page.headers["Content-Security-Policy"] == "sandbox"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    # Jupyter sets a login cookie of its own, and an empty origin for who comes with a token.
    assert "_xsrf=mine" not in page.headers.get("Set-Cookie", "")
    assert page.headers.get("Access-Control-Allow-Origin", "") == ""
    assert "Service-Worker-Allowed" not in page.headers


def test_health_metrics_and_an_engines_own_error(client):
    assert client.get("health").status_code == 200
    assert "vllm:num_requests_running" in client.get("metrics").text
    wrong = {"model": "other", "messages": [{"role": "user", "content": "x"}]}
    refused = client.post("v1/chat/completions", json=wrong)
    assert (refused.status_code, "does not exist" in refused.text) == (404, True)


@pytest.mark.parametrize(
    "path",
    [
        "tokenize", "v1", "v1/", "docs", "", "metrics/x", "v1//models", "v1/../metrics",
        "v1/%2e%2e/docs", "v1/..%2fdocs", "v1/%2e/models", "v1/a%5cb", "v1/a%0d%0ab",
        "%2e%2e/%2e%2e/api/status", "http://evil.invalid/v1/models",
    ],
)  # fmt: skip
def test_other_paths_lead_nowhere(forward, path):
    place = urlsplit(forward)
    connection = http.client.HTTPConnection(place.netloc, timeout=10)
    connection.request("GET", f"{place.path}/{path}", headers=KNOWN)  # as it is: no client mends it
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    # Jupyter sends a path that ends in a slash to the same without it.
    assert answer.status in (400, 404) or answer.headers["Location"] == f"{place.path}/{path}"[:-1]
    assert b"scripted" not in body


@pytest.mark.parametrize("name", ["nobody", "127.0.0.1:22", "..", "j1@evil.invalid"])
def test_only_own_jobs(server, name):
    answer = httpx.get(f"{server}crater/jobs/{name}/forward/v1/models", headers=KNOWN)
    assert answer.status_code == 404


@pytest.mark.parametrize(("verb", "path"), [("GET", "v1/models"), ("POST", "v1/echo")])
def test_who_may_not_is_refused(server, forward, verb, path, tmp_path):
    with httpx.Client(base_url=forward) as stranger:
        assert stranger.request(verb, path).status_code == 403
        # Jupyter hides what another origin asks for.
        foreign = {"Origin": "http://evil.invalid"}
        assert stranger.request(verb, path, headers=foreign).status_code in (403, 404)
    with httpx.Client(base_url=server) as browser:
        browser.get("tree", params={"token": TOKEN})
        said = browser.request(verb, f"{forward}/{path}")
        # With the login cookie alone, as a foreign page could send it.
        assert said.status_code == (200 if verb == "GET" else 403)
        if verb == "POST":
            xsrf = {"X-XSRFToken": browser.cookies["_xsrf"]}
            assert browser.post(f"{forward}/{path}", headers=xsrf).status_code == 200


def test_who_has_no_right_to_crater_is_refused(tmp_path):
    with serving(tmp_path, REFUSING) as (url, _), httpx.Client(headers=KNOWN) as user:
        assert user.get(f"{url}api/status").status_code == 200
        for verb in ("GET", "POST"):
            said = user.request(verb, f"{url}crater/jobs/j1/forward/v1/models")
            assert said.status_code == 403


def test_it_can_be_switched_off(tmp_path):
    off = "c.Crater.forward = False\nc.Crater.poll_seconds = 5\n"
    with serving(tmp_path, off) as (url, _), httpx.Client(headers=KNOWN) as user:
        assert user.get(f"{url}crater/jobs").json()["jobs"] == []
        said = user.get(f"{url}crater/jobs/j1/forward/v1/models")
        # Jupyter's own: there is no such route, where a job that is unknown would be ours to say.
        assert (said.status_code, "JobNotFound" in said.text) == (404, False)


@pytest.mark.parametrize(
    ("settings", "inherited", "on"),
    [
        ("c.Crater.forward = True\n", "false", True),  # as of a server that started this one
        ("c.Crater.forward = False\n", "true", False),
        ("", "false", False),
        ("", "perhaps", True),  # a mistake in the configuration keeps no server from starting
    ],
)
def test_behind_a_hub_where_it_is_off_no_link_leads_there(tmp_path, settings, inherited, on):
    hub = {"JUPYTERHUB_SERVICE_PREFIX": BASE, "JUPYTER_CRATER_FORWARD": inherited}
    with serving(tmp_path, settings, **hub) as (url, env):
        env["JUPYTER_CRATER_FORWARD"] = ""  # no mistake of those who launch and clean up
        launch(env, "j1")
        job = httpx.get(f"{url}crater/jobs/j1", headers=KNOWN).json()
        assert job["phase"] == "serving"
        assert job["url"] == (f"{BASE}crater/jobs/j1/forward@local" if on else None)
        assert job["reason"] == (None if on else "no-route")
        route = httpx.get(f"{url}crater/jobs/j1/forward/v1/models", headers=KNOWN)
        assert route.status_code == (200 if on else 404)


def test_a_client_that_leaves_ends_the_request_in_the_engine(client):
    body = {"model": client.get("v1/models").json()["data"][0]["id"], "stream": True}
    body["messages"] = [{"role": "user", "content": "script: hangs"}]

    def running():
        said = client.get("metrics").text
        return float(said.split("}")[1])

    with client.stream("POST", "v1/chat/completions", json=body) as answer:
        assert answer.status_code == 200, answer.read()
        chunks = answer.iter_raw()  # held: a dropped one closes the request
        assert b"assistant" in next(chunks)
        assert running() == 1
    until(lambda: running() == 0, seconds=10, what="the request to end in the engine")
