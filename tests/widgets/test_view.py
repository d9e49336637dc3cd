"""The Python half of the widgets, over a comm that keeps what is sent."""

import asyncio
import time

import comm
import pytest
from comm.base_comm import BaseComm

from jupyter_crater import calls, views
from jupyter_crater.chat import Engine
from jupyter_crater.errors import InputError
from jupyter_crater.widgets import ChatWidget, Panel
from jupyter_crater.widgets.chat import _merged
from jupyter_crater.widgets.loop import loop
from tests.doubles.openai_server import OpenAIServer
from tests.waiting import until


class KeptComm(BaseComm):
    """Publishes into a list."""

    sent: list[dict]

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.__dict__.setdefault("sent", []).append(data or {})


@pytest.fixture(autouse=True)
def comms(monkeypatch):
    monkeypatch.setattr(comm, "create_comm", KeptComm)


def custom(view):
    return [d["content"] for d in view.comm.sent if d.get("method") == "custom"]


def ask(view, method, params, request="1"):
    """Send a request as the page does; its messages once the last is there."""
    view._receive(view, {"request": request, "method": method, "params": params}, [])
    for _ in range(500):
        found = [m for m in custom(view) if m.get("request") == request]
        if found and ("result" in found[-1] or "error" in found[-1]):
            return found
        time.sleep(0.01)
    raise AssertionError(custom(view))


@pytest.fixture
def server():
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def looked():
    """The jobs whose engine was looked for."""
    return []


@pytest.fixture
def chat(server, looked, monkeypatch):
    import openai

    engine = Engine(openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=server.key))

    async def engine_of(name, backend=None):
        looked.append(name)
        if name == "gone":
            raise InputError("no such job")
        return engine

    monkeypatch.setattr(calls, "engine_of", engine_of)
    yield ChatWidget("r1", temperature=0)
    asyncio.run_coroutine_threadsafe(engine.close(), loop()).result(5)


def test_views_are_found_by_name():
    for name in ("chat", "panel", "picker", "calculator"):
        assert views.view(name)._bundle


def test_a_request_is_answered():
    assert ask(Panel(), "ping", {})[-1] == {"request": "1", "result": None}


def test_what_takes_its_time_is_acknowledged_first():
    view = Panel()

    async def slow(method, params):
        await asyncio.to_thread(until, lambda: custom(view), what="the acknowledgement")

    view.call = slow
    first, last = ask(view, "ping", {})
    assert first == {"request": "1", "ack": True}
    assert last == {"request": "1", "result": None}


def test_errors_come_in_words():
    said = ask(Panel(), "no.such", {})[-1]
    assert said["error"]["error"] == "InputError"
    said = ask(Panel(), "job.get", {"name": 7})[-1]
    assert "'name'" in said["error"]["message"]


def test_no_message_has_an_id():
    """ipykernel 7.4 keeps every custom message with a text field `id`, for ever."""
    view = Panel()
    ask(view, "ping", {})
    assert all("id" not in message for message in custom(view))


def test_an_answer_ends_in_synced_state(chat, server):
    ask(chat, "chat.ask", {"text": "What is gravity?", "keep": 0})
    assert [t["role"] for t in chat.turns] == ["user", "assistant"]
    assert chat.turns[1]["text"].endswith("word19 ")
    assert not chat.busy
    assert server.requests[0]["temperature"] == 0
    streamed = [m["payload"] for m in custom(chat) if m.get("topic") == "chat"]
    assert streamed[0] == {"text": "word0 "}


def test_one_answer_at_a_time_and_stop(chat, server):
    server.rate, server.tokens = 50, 1000
    chat._receive(chat, {"request": "a", "method": "chat.ask", "params": {"text": "x"}}, [])
    while not any(m.get("topic") == "chat" for m in custom(chat)):
        time.sleep(0.01)
    said = ask(chat, "chat.ask", {"text": "y"}, request="b")[-1]
    assert "under way" in said["error"]["message"]
    assert ask(chat, "chat.live", {}, request="d")[-1]["result"]["text"].startswith("word0")
    ask(chat, "chat.stop", {}, request="c")
    until(lambda: [t["role"] for t in chat.turns] == ["user", "assistant"] and not chat.busy)
    assert chat.turns[-1]["stopped"]
    assert chat.turns[-1]["text"].startswith("word0")
    for _ in range(100):
        if server.running == 0:
            break
        time.sleep(0.01)
    assert server.running == 0


def test_a_withdrawn_question_leaves_no_trace(chat, server):
    """The page asked while the kernel was busy, and asked the server instead."""
    server.rate, server.tokens = 50, 1000
    ask(chat, "chat.ask", {"text": "echo: before"}, request="a")
    chat._receive(chat, {"request": "b", "method": "chat.ask", "params": {"text": "x"}}, [])
    while server.running == 0:
        time.sleep(0.01)
    chat._receive(chat, {"cancel": "b"}, [])
    while chat.busy or server.running:
        time.sleep(0.01)
    assert [t["text"] for t in chat.turns] == ["echo: before", "before"]


def test_edit_drops_what_came_after(chat):
    for number in range(3):
        ask(chat, "chat.ask", {"text": f"echo: {number}"}, request=str(number))
    ask(chat, "chat.ask", {"text": "echo: new", "keep": 2}, request="e")
    assert [t["text"] for t in chat.turns if t["role"] == "user"] == ["echo: 0", "echo: new"]
    ask(chat, "chat.clear", {}, request="c")
    assert chat.turns == []


def test_the_engine_is_found_while_the_question_is_written(chat, looked):
    chat._receive(chat, {"method": "chat.begun"}, [])
    until(lambda: looked == ["r1"])
    ask(chat, "chat.ask", {"text": "echo: a"}, request="a")
    assert looked == ["r1"]
    # Found once is good for one question: where the engine is may have changed.
    ask(chat, "chat.ask", {"text": "echo: b"}, request="b")
    assert looked == ["r1", "r1"]
    assert [turn["text"] for turn in chat.turns if turn["role"] == "assistant"] == ["a", "b"]


def test_what_was_found_long_ago_is_found_anew(chat, looked, monkeypatch):
    chat._receive(chat, {"method": "chat.begun"}, [])
    until(lambda: looked == ["r1"])
    monkeypatch.setattr("jupyter_crater.widgets.chat.FOUND_S", 0)
    ask(chat, "chat.ask", {"text": "echo: a"})
    assert looked == ["r1", "r1"]


def test_a_failure_while_it_is_written_is_told_by_the_answer(chat, looked):
    chat.name = "gone"
    chat._receive(chat, {"method": "chat.begun"}, [])
    ask(chat, "chat.ask", {"text": "x"})
    assert looked == ["gone", "gone"]
    assert chat.turns[-1]["error"]["message"] == "no such job"


def test_a_job_that_is_gone_is_told_in_the_turn(chat):
    chat.name = "gone"
    ask(chat, "chat.ask", {"text": "x"})
    assert chat.turns[-1]["error"]["message"] == "no such job"


def test_wrong_settings_are_refused_at_once():
    with pytest.raises(InputError, match="temperature"):
        ChatWidget("r1", temperature=9)
    with pytest.raises(InputError, match="temprature"):
        ChatWidget("r1", temprature=1)


def test_neighbours_of_one_kind_are_one_message():
    deltas = [{"thinking": "a"}, {"thinking": "b"}, {"text": "c"}, {"retract": True}, {"text": "d"}]
    assert _merged(deltas) == [
        {"thinking": "ab"},
        {"text": "c"},
        {"retract": True},
        {"text": "d"},
    ]


def test_a_dictionary_comes_through_the_comm(tmp_path, monkeypatch):
    (tmp_path / "words-ja.json").write_text('{"Jobs": "ジョブ"}', "utf-8")
    panel = Panel()
    monkeypatch.setattr("jupyter_crater.widgets.view.STATIC", tmp_path)
    assert ask(panel, "asset.words", {"language": "ja"})[-1]["result"] == {"Jobs": "ジョブ"}
    other = ask(panel, "asset.words", {"language": "../secret"}, "2")[-1]
    assert other["error"]["error"] == "InputError"
