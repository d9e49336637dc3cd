"""The client: tokens, errors of both generations, retries that create nothing twice."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import httpx
import pytest

from jupyter_crater.backends.crater import credentials, session
from jupyter_crater.backends.crater.client import Client, CreationUnknown
from jupyter_crater.errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailable,
    InputError,
    NotFound,
    PermissionDenied,
)
from tests.doubles.crater_server.app import Answer

HTML = Answer(200, b"<html>Sign in</html>", {"content-type": "text/html"})
GATEWAY = Answer(502, b"<html>nginx</html>", {"content-type": "text/html"})


def count(world, method, part):
    return sum(m == method and part in p for m, p in world.requests)


def test_login_keeps_tokens_and_no_password(url, transport, login):
    who = session.login(url, *login, transport=transport)
    assert who.username == login[0] and who.account and who.role in ("user", "admin")
    assert session.whoami(url, transport=transport).version
    assert credentials.file().stat().st_mode & 0o777 == 0o600
    assert login[1] not in credentials.file().read_text()
    kept = credentials.load(url)
    assert kept.access not in repr(kept) and kept.refresh not in repr(kept)
    assert session.logout(url) and not session.logout(url)
    assert credentials.load(url) is None


def test_a_wrong_password_says_so(url, transport, login):
    with pytest.raises(AuthenticationError, match="Wrong username or password"):
        session.login(url, login[0], "wrong", transport=transport)
    assert credentials.load(url) is None


def test_ldap_and_a_method_that_is_off(url, transport, world):
    assert session.login(url, "bob", "builder", "ldap", transport=transport).username == "bob"
    world.ldap = False
    with pytest.raises(PermissionDenied, match="no LDAP"):
        session.login(url, "bob", "builder", "ldap", transport=transport)


def test_without_a_session_the_hint_is_the_command(url, transport, monkeypatch):
    for word in ("USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"JUPYTER_CRATER_{word}", raising=False)
    with pytest.raises(AuthenticationError, match=r"jupyter crater login --url"):
        Client(url, transport=transport).get("/vcjobs")


def test_the_environment_logs_in(url, transport, monkeypatch, login):
    monkeypatch.setenv("JUPYTER_CRATER_USERNAME", login[0])
    monkeypatch.setenv("JUPYTER_CRATER_PASSWORD", login[1])
    client = Client(url, transport=transport)
    client.get("/accounts")
    assert client.session().username == login[0]


def test_an_expired_token_is_renewed_once_for_all_threads(client, world):
    world.now_offset = 3700
    threads = [threading.Thread(target=client.get, args=("/accounts",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert count(world, "POST", "auth/refresh") == 1
    assert credentials.load(client.url).access == client.session().access


def test_a_session_that_has_ended_asks_to_log_in(client, world):
    world.now_offset = 8 * 86400
    with pytest.raises(AuthenticationError, match="log in again"):
        client.get("/accounts")


def test_an_ended_session_starts_again_from_the_environment(client, world, monkeypatch):
    client.switch("default")
    monkeypatch.setenv("JUPYTER_CRATER_USERNAME", "alice")
    monkeypatch.setenv("JUPYTER_CRATER_PASSWORD", "wonderland")
    world.now_offset = 8 * 86400
    client.get("/accounts")
    assert client.session().account == "default"  # and as the account it was


def test_a_changed_role_asks_to_log_in_and_is_not_refreshed(client, world):
    world.users["alice"].role = 3
    with pytest.raises(AuthenticationError, match="Platform token not match"):
        client.post("/context/resource-limit-check", {"requestedResources": {}})
    assert count(world, "POST", "auth/refresh") == 0


def test_switching_accounts(url, client, transport, world):
    assert session.switch(url, "default", transport=transport).account == "default"
    with pytest.raises(InputError, match=r"(?s)'lab-b'.*default, lab-a"):
        session.switch(url, "lab-b", transport=transport)


def test_reading_is_repeated_and_writing_is_not(client, world):
    world.faults = [("GET", "accounts", GATEWAY), ("GET", "accounts", "drop")]
    assert client.get("/accounts")
    world.faults = [("POST", "create", "drop")]
    with pytest.raises(CreationUnknown):
        client.post("/jobtemplate/create", {"name": "x", "template": "{}"})
    assert count(world, "POST", "jobtemplate/create") == 1


def test_html_is_no_answer(client, world):
    world.faults = [("GET", "accounts", HTML)]
    with pytest.raises(BackendUnavailable, match=r"(?s)text/html.*login page"):
        client.get("/accounts")


def test_a_server_that_is_down():
    client = Client("http://127.0.0.1:9", pause=lambda _s: None)
    with pytest.raises(BackendUnavailable, match="does not answer"):
        client.login("a", "b")
    client.close()


@pytest.mark.parametrize(
    ("status", "code", "text", "kind"),
    [
        (500, 99999, "record not found", NotFound),
        (404, 40401, "model not found", NotFound),
        (500, 40301, "user not allowed", PermissionDenied),
        (400, 40004, 'unsupported status "x"', InputError),
        (500, 50006, "k8s says no", BackendError),
        (200, 50000, "odd", BackendError),
    ],
)
def test_errors_keep_the_servers_text(client, world, status, code, text, kind):
    body = httpx.Response(200, json={"code": code, "data": None, "msg": text}).content
    world.faults = [("GET", "accounts", Answer(status, body))]
    with pytest.raises(kind) as caught:
        client.get("/accounts")
    assert text in str(caught.value)
    assert type(caught.value) is kind


def test_rows_of_every_shape(client, world):
    assert client.rows("/vcjobs", search="nothing") == []
    world.templates.clear()
    assert client.rows("/jobtemplate/list") == []


def test_files_of_the_storage(client):
    client.upload("user/.jupyter-crater-test/a", b"text")
    assert client.download("user/.jupyter-crater-test/a") == b"text"
    client.remove("user/.jupyter-crater-test")
    assert client.download("user/.jupyter-crater-test/a") is None
    client.remove("user/.jupyter-crater-test")


def test_a_keyring_is_used_where_there_is_one(url, transport, login, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "doubles" / "keyring_double"))
    monkeypatch.delitem(sys.modules, "keyring", raising=False)
    monkeypatch.delitem(sys.modules, "keyring.errors", raising=False)
    session.login(url, *login, transport=transport)
    assert not credentials.file().exists() and credentials.load(url).username == login[0]
    assert session.logout(url) and credentials.load(url) is None
    monkeypatch.setattr(sys.modules["keyring"], "locked", True)
    session.login(url, *login, transport=transport)  # then the file does as well
    assert credentials.file().exists() and credentials.load(url).username == login[0]
    for name in ("keyring", "keyring.errors"):
        del sys.modules[name]
