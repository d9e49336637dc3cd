"""Open WebUI as a job on this machine. The page is the real one; the engine behind it is scripted."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import httpx
import pytest

import jupyter_crater as crater
from jupyter_crater import api, errors, processes
from jupyter_crater.backends.local import store
from jupyter_crater.cli import main
from jupyter_crater.engines import clients
from tests.doubles.openai_server import OpenAIServer
from tests.waiting import until

DOUBLES = Path(__file__).parents[1] / "doubles"
KEY = "sk-of-a-free-address"


@pytest.fixture(scope="session")
def webui_environment():
    """The real Open WebUI, made once a machine."""
    return clients.install()


@pytest.fixture
def scripted(state, tmp_path, monkeypatch):
    """Engines whose answers are a script."""
    folder = tmp_path / "engine"
    shutil.copytree(DOUBLES / "stand_in", folder)
    shutil.copy(DOUBLES / "scripted_engine" / "serve.py", folder)
    monkeypatch.setenv("JUPYTER_CRATER_STAND_IN", str(folder))
    monkeypatch.setenv("CRATER_TEST_ROOT", str(DOUBLES.parents[1]))


def quiet(_):
    """No lines of progress."""


def reason(job, wanted, seconds=30):
    return until(
        lambda: (s := job.status()).reason == wanted and s,
        seconds=seconds,
        what=f"{wanted} as reason",
    )


@pytest.mark.engine
@pytest.mark.timeout(600)
def test_it_waits_for_its_engine_shows_its_model_and_follows_it(scripted, webui_environment):
    engine = crater.launch("deepseek-r1-distributed", name="engine", backend="local")
    engine.stop()
    chat = crater.launch("open-webui", backend="local", connect="engine")
    waiting = reason(chat, "engine-ended")
    assert waiting.phase == "queued"
    assert "'engine'" in waiting.message
    with pytest.raises(errors.BackendUnavailable, match="isn't there yet"):
        until(chat.link, seconds=5, what="its address")

    engine = crater.launch("deepseek-r1-distributed", name="engine", backend="local")
    engine.wait(timeout=60, progress=quiet)
    chat.wait(timeout=240, progress=quiet)
    assert chat.reason is None
    page = chat.url
    token = signed_in(chat.link(), page)
    assert models(page, token) == [engine.model]
    assert streamed(page, token, engine.model, "What is gravity?")
    assert httpx.get(f"{page}/api/models").status_code == 401, "open to nobody without the account"
    assert sign_up(page) == 403
    assert {c.setting: c.used for c in chat.status().rehearsal} == {"background_requests": False}

    old = engine.api_url
    engine.stop()
    gone = reason(chat, "engine-ended")
    assert "launched again" in gone.message
    assert httpx.get(f"{page}/health").status_code == 200, "its page and old chats stay"

    engine = crater.launch("deepseek-r1-distributed", name="engine", backend="local")
    engine.wait(timeout=60, progress=quiet)
    assert engine.api_url != old, "the engine came back on another port"

    def again():
        status = chat.status()
        return status.phase == "serving" and status.reason is None

    until(again, seconds=240, what="the page to have the engine's new address")
    phases = [e.reason for e in chat.events() if e.kind == "phase"]
    assert "restarting" in phases
    assert chat.url == page, "an open tab stays right"
    assert streamed(page, token, engine.model, "What is light?"), "still signed in"
    nothing_secret(chat, engine.api_key)


def signed_in(link, page):
    answer = httpx.get(link, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{page}/auth"
    return answer.cookies["token"]


def models(page, token):
    answer = httpx.get(
        f"{page}/api/models", headers={"Authorization": f"Bearer {token}"}, timeout=30
    )
    return [m["id"] for m in answer.json()["data"]]


def streamed(page, token, model, text):
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": text}]}
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{page}/api/chat/completions"
    words = []
    with httpx.stream("POST", url, json=body, headers=headers, timeout=60) as answer:
        assert answer.status_code == 200
        for line in answer.iter_lines():
            if line.startswith("data: {"):
                choices = json.loads(line.removeprefix("data: ")).get("choices") or [{}]
                words.append(choices[0].get("delta", {}).get("content") or "")
    assert len([w for w in words if w]) > 5, "in pieces"
    return "".join(words)


def sign_up(page):
    body = {"name": "x", "email": "x@localhost", "password": "xxxxxxxx1A!"}
    return httpx.post(f"{page}/api/v1/auths/signup", json=body, timeout=30).status_code


def nothing_secret(chat, key):
    folder = store.find(chat.name)
    account = folder.account()
    assert stat.S_IMODE((folder.path / "account.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder.path / "data").stat().st_mode) == 0o700
    told = "\n".join(
        p.read_text(errors="replace") for p in folder.path.glob("attempts/**/*") if p.is_file()
    )
    for secret in (account.password, account.secret, key):
        assert secret not in told
        assert secret not in repr(account)


@pytest.fixture
def ready(scripted, webui_environment):
    """What is asked of a client before its page starts needs no page."""


@pytest.mark.engine
@pytest.mark.timeout(600)
def test_a_free_address_refuses_goes_and_comes_back(ready, monkeypatch):
    """Each is told with the page up, which isn't started anew: where it asks is the same."""
    monkeypatch.setenv("JUPYTER_CRATER_CONNECT_KEY", "wrong")
    # A launcher's own settings and secrets are none of the page's, loopback is none of a proxy's.
    monkeypatch.setenv("OPENAI_API_BASE_URLS", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEYS", "sk-mine")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with OpenAIServer(key=KEY) as server:
        port = server.port
        chat = crater.launch("open-webui", backend="local", connect=server.url)
        told = reason(chat, "wrong-key")
        assert told.phase == "queued"
        assert "401" in told.message
        chat.stop()
        monkeypatch.setenv("JUPYTER_CRATER_CONNECT_KEY", KEY)
        crater.launch("open-webui", backend="local", connect=server.url)
        chat.wait(timeout=240, progress=quiet)
        assert chat.reason is None
        page, link = chat.url, chat.link()
        monkeypatch.delenv("HTTP_PROXY")
        token = signed_in(link, page)
        assert models(page, token) == ["scripted"]
        apart(chat, server)
    assert reason(chat, "engine-unreachable").phase == "serving"
    with OpenAIServer(key="another", port=port):
        assert reason(chat, "wrong-key").phase == "serving"
        assert httpx.get(f"{page}/health").status_code == 200
    with OpenAIServer(key=KEY, port=port):
        until(lambda: chat.reason is None, seconds=30, what="its recovery")
        assert streamed(page, token, "scripted", "What is light?")
    assert "restarting" not in [e.reason for e in chat.events() if e.kind == "phase"]

    chat.stop()
    monkeypatch.delenv("JUPYTER_CRATER_CONNECT_KEY")
    with OpenAIServer(key=KEY, port=port):
        crater.relaunch(chat)
        until(lambda: chat.phase == "starting-engine", seconds=30, what="its start with the key")
    gone = store.find(chat.name)
    nothing_secret(chat, KEY)
    assert stat.S_IMODE((gone.path / "connect-key").stat().st_mode) == 0o600
    assert gone.connect_key(f"http://127.0.0.1:{port + 1}") is None, "it is that address's alone"
    assert (gone.path / "data" / "webui.db").is_file()
    chat.delete()
    assert not gone.path.exists(), "accounts and chats are gone with the job"
    assert processes.marked(gone.marker) == []


def apart(chat, server):
    """The page speaks on loopback only, and knows nothing of who launched it."""
    tree = [p for p in processes.marked(store.find(chat.name).marker) if "open-webui" in p.name()]
    (page,) = tree
    ends = [e for c in page.net_connections("inet") for e in (c.laddr, c.raddr) if e]
    assert {e.ip for e in ends} == {"127.0.0.1"}
    env = page.environ()
    assert env["OPENAI_API_BASE_URL"] == f"{server.url}/v1"
    assert "sk-mine" not in env.values()
    assert not any(k.startswith(("CRATER_", "JUPYTER_CRATER_CONNECT", "PYTEST")) for k in env)


@pytest.mark.engine
def test_a_wrong_address_is_told_and_the_right_one_begins(ready):
    with OpenAIServer(key=None) as server:
        port = server.port
        chat = crater.launch("open-webui", backend="local", connect=f"{server.url}/nowhere")
        assert "404" in reason(chat, "wrong-address").message
        with pytest.raises(errors.ConflictError, match="connect: http"):
            crater.launch("open-webui", backend="local", connect=server.url)
        chat.stop()
    chat = crater.launch("open-webui", backend="local", connect=f"http://127.0.0.1:{port}/v1/")
    reason(chat, "engine-unreachable")
    with OpenAIServer(key=None, port=port):
        until(lambda: chat.phase == "starting-engine", seconds=30, what="its start")


@pytest.mark.engine
def test_stopped_while_it_waits(ready, capsys):
    chat = crater.launch("open-webui", backend="local", connect="http://127.0.0.1:9")
    reason(chat, "engine-unreachable")
    assert main(["key", "open-webui", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["account"], told["key"]) == (chat.account.email, chat.account.password)
    chat.stop()
    assert chat.phase == "stopped"


@pytest.mark.parametrize(
    ("connect", "kind", "words"),
    [
        (None, errors.InputError, "something to connect to"),
        ("nobody", errors.JobNotFound, "nobody"),
        ("ftp://host/v1", errors.InputError, "http://HOST"),
        ("http://", errors.InputError, "no address"),
        ("http://user:pw@host/v1", errors.InputError, "JUPYTER_CRATER_CONNECT_KEY"),
        ("http://host/v1?key=x", errors.InputError, "no address"),
        ("http://host:port/v1", errors.InputError, "no address"),
    ],
)
def test_what_can_not_be_connected_is_said_before_anything_is_made(state, connect, kind, words):
    with pytest.raises(kind) as caught:
        crater.launch("open-webui", backend="local", connect=connect)
    assert words in str(caught.value)
    assert crater.jobs("local") == []


def test_only_a_rehearsed_engine_is_spared_the_pages_own_requests(launch):
    launch(wait=False, name="engine")
    rehearsed = api.prepare("open-webui", backend="local", connect="engine")
    assert [c.reason for c in rehearsed.changes] == ["background_requests"]
    assert rehearsed.spec.main.env["ENABLE_TITLE_GENERATION"] == "false"
    asked = {"background_requests": True}
    for more in ({"connect": "http://host/v1"}, {"connect": "engine", "parameters": asked}):
        full = api.prepare("open-webui", backend="local", **more)
        assert full.changes == []
        assert full.spec.main.env["ENABLE_TITLE_GENERATION"] == "true"


@pytest.mark.engine
def test_behind_a_hub_without_a_route_nothing_is_opened(ready, monkeypatch):
    chat = crater.launch("open-webui", backend="local", connect="http://127.0.0.1:9")
    until(lambda: chat.status().url, what="its page's address")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ana/")
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    for attempt in (lambda: chat.url, chat.link, chat.open):
        with pytest.raises(errors.NotSupported, match="origin of its own"):
            attempt()
    assert opened == []
    assert chat.status().url is None
    assert "127.0.0.1" not in str(chat.to_json()["status"]["endpoints"])


def test_another_client_than_open_webui_is_not_replaced_by_it(state):
    spec = api.template("open-webui").render({})
    other = spec.main.model_copy(update={"command": ("python3", "chat.py")})
    connect = spec.connect.model_copy(update={"url": "http://host/v1"})
    spec = spec.model_copy(update={"tasks": (other,), "connect": connect})
    with pytest.raises(errors.NotSupported, match=r"chat\.py"):
        api.backend_of("local").prepare(spec, "chat", given=frozenset())


@pytest.mark.engine
def test_a_client_of_a_client_is_refused(ready):
    crater.launch("open-webui", backend="local", connect="http://127.0.0.1:9")
    with pytest.raises(errors.InputError, match="no OpenAI service"):
        crater.launch("open-webui", name="second", backend="local", connect="open-webui")
