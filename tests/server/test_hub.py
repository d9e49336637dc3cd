"""Two users of a real JupyterHub under a base path: to each her own jobs, engines and keys."""

from __future__ import annotations

import httpx
import openai
import pytest

from jupyter_crater.server.routes import ROUTES

from ..waiting import until
from .hub import Hub, User, running_hub
from .serving import launch
from .test_forward import RATE, TOKENS, streams

# A hub, its proxy and two servers: half a minute on a busy machine, paid by the first test.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ENGINE = ["v1/models", "v1/echo", "health", "metrics", "version"]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with running_hub(tmp_path_factory.mktemp("hub")) as hub:
        hub.engine |= {"CRATER_SCRIPT_RATE": str(RATE), "CRATER_SCRIPT_TOKENS": str(TOKENS)}
        yield hub


@pytest.fixture(scope="module")
def jo(hub: Hub):
    return hub.user("jo")


@pytest.fixture(scope="module")
def ana(hub: Hub):
    """With a job that serves, as her kernel would have launched it."""
    user = hub.user("ana")
    launch(user.env, "anas")
    return user


def test_by_cookies_from_a_launch_to_an_answer(jo: User):
    wanted = {"id": "vllm-single", "name": "jos"}
    without = jo.browser.post(f"{jo.url}crater/jobs", json=wanted)
    assert (without.status_code, "_xsrf" in without.text) == (403, True)
    made = jo.browser.post(f"{jo.url}crater/jobs", json=wanted, headers=jo.xsrf())
    assert made.json()["name"] == "jos", made.text

    def job():
        return jo.browser.get(f"{jo.url}crater/jobs/jos").json()

    until(lambda: job()["phase"] == "serving", seconds=60, what="the job to serve")
    # What her browser opens is Jupyter's own address: 127.0.0.1 would be her own machine.
    path = httpx.URL(jo.url).path + "crater/jobs/jos/forward@local"
    assert job()["url"] == path
    assert jo.browser.get(httpx.URL(jo.url).join(path)).json()["data"], "and it answers"
    asked = {"turns": [], "text": "echo: heavy things", "settings": {}}
    chat = jo.browser.post(f"{jo.url}crater/jobs/jos/chat", json=asked, headers=jo.xsrf())
    assert '"heavy things"' in chat.text


def test_an_openai_client_with_a_token_of_the_hub_streams(ana: User):
    base = f"{ana.url}crater/jobs/anas/forward@local/v1"
    with openai.OpenAI(base_url=base, api_key=ana.token, max_retries=0) as client:
        streams(client)


def test_nothing_of_the_hub_reaches_the_engine(ana: User):
    said = ana.browser.get(f"{ana.url}crater/jobs/anas/forward/v1/echo").json()
    assert "Cookie" not in said["headers"]
    assert said["headers"]["Authorization"] == f"Bearer {ana.key('anas')}"
    by_token = {"Authorization": f"token {ana.token}"}
    said = httpx.get(f"{ana.url}crater/jobs/anas/forward/v1/echo", headers=by_token).json()
    assert said["headers"]["Authorization"] == f"Bearer {ana.key('anas')}"
    assert ana.token not in str(said)


def test_each_sees_only_her_own(jo: User, ana: User):
    launch(jo.env, "jos")
    for mine, other, name in ((jo, ana, "anas"), (ana, jo, "jos")):
        listed = mine.browser.get(f"{mine.url}crater/jobs").json()["jobs"]
        assert name not in [job["name"] for job in listed]
        for path in (f"jobs/{name}", f"jobs/{name}/events", f"jobs/{name}/forward/v1/models"):
            answer = mine.browser.get(f"{mine.url}crater/{path}")
            assert (answer.status_code, answer.json()["error"]) == (404, "JobNotFound")
            assert other.key(name) not in answer.text


def every_path():
    for path, verbs in ROUTES.items():
        for verb in verbs:
            yield verb, path.replace("NAME", "anas").replace("ID", "vllm-single")
    for path in ENGINE:
        yield "GET", f"jobs/anas/forward/{path}"
        yield "POST", f"jobs/anas/forward@local/{path}"


def test_neither_reaches_the_others_server(jo: User, ana: User):
    token = {"Authorization": f"token {jo.token}"}
    assert httpx.get(f"{jo.url}crater/jobs", headers=token).status_code == 200
    for verb, path in every_path():
        address = f"{ana.url}crater/{path}"
        # By what her browser holds, with and without an XSRF token, and by a token of her own.
        tries = [
            jo.browser.request(verb, address),
            jo.browser.request(verb, address, headers=jo.xsrf()),
            httpx.request(verb, address, headers=token),
            httpx.request(verb, address),
        ]
        assert [answer.status_code for answer in tries] == [403] * len(tries), (verb, path)
        assert all(ana.key("anas") not in answer.text for answer in tries)
    assert ana.browser.get(f"{ana.url}crater/jobs/anas").json()["phase"] == "serving"


def test_no_key_is_told_or_logged(hub: Hub, jo: User, ana: User):
    for verb, path in every_path():
        if verb == "GET" and "echo" not in path:  # the double's: it tells what it was asked with
            assert ana.key("anas") not in ana.browser.get(f"{ana.url}crater/{path}").text
    # The servers write into the hub's log.
    assert "/crater/jobs" in hub.log
    for secret in (ana.key("anas"), jo.token, ana.token):
        assert secret not in hub.log
