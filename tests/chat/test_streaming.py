import asyncio
from types import SimpleNamespace

import httpx
import openai
import pytest

from jupyter_crater.chat import Engine, Settings, Turn, streaming
from tests.doubles.openai_server import OpenAIServer

pytestmark = pytest.mark.asyncio


async def ask(client, text, *, turns=(), settings=None) -> tuple[list[str], Turn]:
    """The text deltas and the finished turn."""
    deltas = [
        d async for d in Engine(client).answer([*turns, Turn(role="user", text=text)], settings)
    ]
    assert deltas[-1].turn is not None
    return [d.text for d in deltas if d.text], deltas[-1].turn


async def test_streams_and_counts(server, client):
    server.delay = 0.05
    deltas, turn = await ask(client, "What is gravity?")
    assert deltas == [f"word{i} " for i in range(20)]
    assert turn.text == "".join(deltas)
    assert turn.completion_tokens == 20
    assert turn.prompt_tokens > 0
    assert turn.ttft >= 0.05
    assert not turn.stopped
    assert turn.error is None


async def test_a_rate_is_of_the_tokens_after_the_first(client, monkeypatch):
    now = 100.0
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr(streaming, "time", clock)
    turn = None
    async for delta in Engine(client).answer([Turn(role="user", text="count")]):
        now, turn = now + 0.025, delta.turn
    assert turn.tokens_per_second == pytest.approx(40)


@pytest.mark.parametrize("script", ["reasoning", "reasoning_content", "think", "lone"])
async def test_thinking_is_told_apart(client, script):
    _, turn = await ask(client, f"script: {script}")
    assert turn.thinking.strip() == "Let me think."
    assert turn.text == "Four."
    assert turn.thinking_seconds is not None


async def test_settings_are_sent(server, client):
    given = Settings(system="Be short.", temperature=0, top_p=0.5, max_tokens=3, seed=7)
    _, turn = await ask(client, "hello", settings=given)
    request = server.requests[-1]
    assert request["messages"][0] == {"role": "system", "content": "Be short."}
    assert [request[k] for k in ("temperature", "top_p", "max_tokens", "seed")] == [0, 0.5, 3, 7]
    assert turn.completion_tokens == 3


async def test_thinking_stays_out_of_the_next_request(server, client):
    _, first = await ask(client, "script: think")
    await ask(client, "again", turns=[Turn(role="user", text="x"), first])
    assert "think" not in str(server.requests[-1]["messages"])


async def test_over_long_history_is_trimmed_and_said(server, client):
    turns = [Turn(role=("user", "assistant")[i % 2], text="x" * 1000) for i in range(60)]
    _, turn = await ask(client, "and now?", turns=turns)
    assert turn.error is None
    assert turn.omitted > 30
    assert len(server.requests) == 1


async def test_a_wrong_estimate_is_mended(server, client):
    server.max_model_len = 2200  # the double counts 4 characters a token, the history claims 6
    liar = Turn(role="assistant", text="x" * 3000, completion_tokens=500)
    turns = [Turn(role="user", text="x" * 3000), liar, Turn(role="user", text="y" * 1000), liar]
    _, turn = await ask(client, "and now?", turns=turns, settings=Settings(max_tokens=100))
    assert turn.error is None
    assert turn.omitted > 0
    assert len(server.requests) > 1


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("refused", "no such thing"),
        ("broken", "500"),
        ("dies", "broke"),
        ("fails", "EngineCore"),
        ("empty", "empty"),
    ],
)
async def test_failures_are_told_and_what_came_stays(client, script, words):
    deltas, turn = await ask(client, f"script: {script}")
    assert words in turn.error.message
    assert turn.text == "".join(deltas)
    if script in ("dies", "fails"):
        assert turn.text == "It is "


async def test_the_wrong_key_and_no_server(server):
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="x", max_retries=0) as bad:
        _, turn = await ask(bad, "hello")
    assert turn.error.error == "AuthenticationError"
    async with openai.AsyncOpenAI(
        base_url="http://127.0.0.1:9/v1", api_key="x", max_retries=0
    ) as none:
        _, turn = await ask(none, "hello")
    assert turn.error.error == "BackendUnavailable"


async def test_a_hanging_engine_is_bounded(server, client, monkeypatch):
    monkeypatch.setattr("jupyter_crater.chat.streaming.NEXT_TOKEN_SECONDS", 0.2)
    _, turn = await ask(client, "script: hangs")
    assert "sent nothing" in turn.error.message
    assert turn.text == "It is "


async def test_cancel_aborts_the_request_and_keeps_what_came(server, client):
    server.rate, server.tokens = 100, 10_000
    partial = Turn(role="assistant")
    started = asyncio.Event()

    async def read() -> None:
        async for delta in Engine(client).answer([Turn(role="user", text="x")], partial=partial):
            if delta.text:
                started.set()

    task = asyncio.create_task(read())
    await asyncio.wait_for(started.wait(), 5)
    assert await running(server) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(100):
        if await running(server) == 0:
            break
        await asyncio.sleep(0.01)
    assert await running(server) == 0
    assert server.aborted == 1
    assert partial.stopped
    assert partial.text.startswith("word0 ")


async def running(server: OpenAIServer) -> int:
    async with httpx.AsyncClient() as http:
        metrics = (await http.get(f"{server.url}/metrics")).text
    return int(float(metrics.split()[-1]))


async def test_hostile_text_is_text(client):
    _deltas, turn = await ask(client, "script: hostile")
    assert turn.error is None
    assert "<script>" in turn.text


async def test_what_is_served_is_asked_once_and_another_model_is_told(server, client):
    engine = Engine(client)
    assert await engine.served() == ("scripted", 4096)
    server.model = "other"
    assert await engine.served() == ("scripted", 4096)
    deltas = [d async for d in Engine(client, "mine").answer([Turn(role="user", text="x")])]
    assert "'mine'" in deltas[-1].turn.error.message
