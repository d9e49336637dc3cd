"""Opening a client's page: signed in once, or refused where the link would be dead."""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from jupyter_crater import display, errors, processes, views
from jupyter_crater.backends.base import Account
from jupyter_crater.clients import door, opening
from jupyter_crater.spec import Endpoint, JobStatus
from tests.waiting import until

PAGE = "http://127.0.0.1:9"


def ask(url, host=None, path=None):
    parts = urlsplit(url)
    connection = HTTPConnection("127.0.0.1", parts.port, timeout=5)
    connection.request("GET", path or parts.path, headers={"Host": host or parts.netloc})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_a_door_opens_once_and_is_gone(state):
    url = door.make(PAGE, "the-token")
    assert "the-token" not in url
    answer = ask(url)
    assert answer.status == 303
    assert answer.headers["Location"] == f"{PAGE}/auth"
    assert answer.headers["Set-Cookie"].startswith("token=the-token; Path=/; Max-Age=30")
    assert answer.headers["Cache-Control"] == "no-store"

    def closed():
        try:
            return ask(url).status == 404
        except OSError:
            return True

    until(closed, what="the second opening to be refused")


def test_a_door_tells_nothing_to_who_lacks_its_path_or_comes_by_another_name(state):
    url = door.make(PAGE, "the-token")
    for wrong in (ask(url, path="/"), ask(url, path="/auth"), ask(url, host="evil.example")):
        assert wrong.status == 404
        assert wrong.headers["Set-Cookie"] is None
    assert ask(url).status == 303, "it is still there for its user"


def test_a_door_closes_by_itself():
    made = door.Door(PAGE, "token")
    made.until_over(0.1)
    made.server_close()
    assert not made.used
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{made.server_address[1]}/{made.path}", timeout=2)


def test_the_token_is_not_in_the_doors_command_line(state, monkeypatch):
    said = {}
    real = processes.spawn_detached

    def spy(module, arguments, **more):
        said["arguments"] = arguments
        return real(module, arguments, **more)

    monkeypatch.setattr(door.processes, "spawn_detached", spy)
    ask(door.make(PAGE, "the-token"))
    assert said["arguments"] == [PAGE]


def status(**more):
    web = Endpoint(name="web", port=9, url=PAGE)
    return JobStatus(
        name="chat", template="open-webui", backend="local", created=0.0, endpoints=(web,), **more
    )


def test_on_ones_own_machine_the_page_is_its_port(monkeypatch):
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX", raising=False)
    opening.check("chat", PAGE)
    assert opening.shown(status(phase="serving"), PAGE).url == PAGE


def test_behind_a_hub_without_an_address_of_its_own_no_link_is_given(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ana/")
    with pytest.raises(errors.NotSupported) as caught:
        opening.check("chat", PAGE)
    assert "origin of its own" in str(caught.value)
    assert "ingress" in str(caught.value)
    shown = opening.shown(status(phase="serving"), PAGE)
    assert shown.url is None
    assert [e.url for e in shown.endpoints] == [None]
    assert shown.reason == "no-route"
    assert "no address of its own" in shown.message


def test_behind_a_hub_a_page_that_only_a_forward_would_reach_has_no_route(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ana/")
    assert opening.shown(status(phase="serving"), None).reason == "no-route"
    assert opening.shown(status(phase="queued"), None).reason is None


def test_only_a_page_of_this_machine_is_opened_signed_in():
    account = Account("crater@localhost", "never sent")
    assert opening.signed_in("https://chat.example", account) == "https://chat.example"


def test_a_reason_of_the_engine_is_not_hidden_by_the_missing_route(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ana/")
    seen = status(phase="serving", reason="engine-ended", message="gone")
    assert opening.shown(seen, PAGE).message == "gone"


def test_behind_a_hub_an_address_of_the_platform_is_given(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ana/")
    opening.check("chat", "https://chat.example")
    assert opening.shown(status(phase="serving"), "https://chat.example").url


def test_an_engine_behind_a_hub_is_reached_by_jupyters_own_address(monkeypatch):
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX", raising=False)
    assert opening.engine("j", "local", PAGE) == PAGE
    assert opening.engine("j", "local", None) is None
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ana/")
    route = "/user/ana/crater/jobs/j/forward@local"
    assert opening.engine("j", "local", PAGE) == route
    assert opening.engine("j", "local", None) == route
    assert opening.engine("j", "crater", "https://j.example") == "https://j.example"
    monkeypatch.setenv("JUPYTER_CRATER_FORWARD", "false")
    assert opening.engine("j", "local", PAGE) is None
    assert opening.engine("j", "crater", "https://j.example") == "https://j.example"


def test_a_kernel_that_no_server_told_reads_it_from_its_file(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ana/")
    monkeypatch.delenv("JUPYTER_CRATER_FORWARD", raising=False)
    monkeypatch.setenv("JUPYTER_CRATER_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").write_text("forward = false\n")
    assert opening.engine("j", "local", PAGE) is None
    monkeypatch.setenv("JUPYTER_CRATER_FORWARD", "true")
    assert opening.engine("j", "local", PAGE) == "/user/ana/crater/jobs/j/forward@local"


def test_where_the_route_is_off_no_dead_link_is_given(launch, monkeypatch):
    job = launch(name="j")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ana/")
    assert job.url == job.status().url == "/user/ana/crater/jobs/j/forward@local"
    monkeypatch.setenv("JUPYTER_CRATER_FORWARD", "false")
    status = job.status()
    assert (status.phase, status.url, status.reason) == ("serving", None, "no-route")
    assert [e.url for e in status.endpoints] == [None]
    assert "c.Crater.forward" in status.message
    assert ("URL", "none") in display.rows(status)
    with pytest.raises(errors.NotSupported, match="browser can't open it") as caught:
        job.url  # noqa: B018
    assert "job.api_url" in caught.value.hint
    shown = []
    monkeypatch.setitem(views.views, "job", shown.append)
    assert job.open() is None
    assert shown == [job], "its view and chat need no address"
    assert job.api_url.startswith("http://127.0.0.1:")
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX")
    assert opening.is_loopback(job.url), "on one's own machine nothing is off"
