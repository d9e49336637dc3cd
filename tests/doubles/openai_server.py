"""A scripted OpenAI server: fixed delay and rate, hostile answers, errors, vLLM's rules.

    python tests/doubles/openai_server.py --port 8001 --key secret --delay 0.05 --rate 50

The answer is chosen by the last user message: ``script: NAME`` takes it from SCRIPTS (or from what
the test gave), ``echo: TEXT`` repeats, anything else is answered with ``tokens`` numbered words.
What vLLM enforces is enforced: the key on /v1 only, the model's name, the context length with
vLLM's words, usage only where asked for. Running requests are counted as vLLM's metric does, and a
closed connection ends the request.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler


@dataclass
class Script:
    """One answer: pieces of content, or (kind, text) with kind a field of the delta."""

    pieces: list[Any]
    status: int = 200
    """Another than 200: refused with ``pieces[0]`` as the message."""
    die_after: int | None = None
    """So many pieces, then the connection is cut."""
    fail_after: int | None = None
    """So many pieces, then an error event as vLLM sends it when its engine dies."""
    hang_after: int | None = None


SCRIPTS = {
    "hostile": Script(
        [
            "<script>window.pwned = 1</script>\n\n",
            '<img src=x onerror="window.pwned = 2">\n\n',
            "[click](javascript:window.pwned=3) [data](data:text/html,<script>1</script>)\n\n",
            "![remote](http://crater-hostile.invalid/pixel.png)\n\n",
            '<iframe srcdoc="<script>parent.pwned=4</script>"></iframe>\n\n',
            "<style>body{display:none}</style>\n\n",
            "control \x00\x07\x1b[31m and \u202e backwards \u2066\n\n",
            "$\\href{javascript:window.pwned=5}{x}$ $\\includegraphics{http://crater-hostile.invalid/f.png}$\n\n",
            "<svg onload=window.pwned=6></svg>\n\n",
            "| a | b\n|--|--\n| `unclosed **markup _of [all](kinds\n\n```python\nprint('never closed')",
        ]
    ),
    "story": Script([f"word{i} " for i in range(10_000)]),
    "huge": Script(["lorem ipsum " * 1000 for _ in range(100)]),
    "markdown": Script(
        [
            "# Gravity\n\n",
            "It is **a force** between masses: $F = G\\frac{m_1 m_2}{r^2}$.\n\n",
            "$$E = mc^2$$\n\n",
            "```python\nimport math\nprint(math.pi)\n```\n\n",
            "1. one\n2. two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n",
            "See [vLLM](https://docs.vllm.ai).",
        ]
    ),
    "reasoning": Script([("reasoning", "Let me "), ("reasoning", "think."), "Four", "."]),
    "reasoning_content": Script([("reasoning_content", "Let me think."), "Four."]),
    "think": Script(["<th", "ink>\nLet me", " think.", "</thi", "nk>\n\nFour."]),
    "lone": Script(["Let me", " think.", "\n</th", "ink>", "\n\nFour."]),
    "empty": Script([]),
    "refused": Script(["no such thing is done here"], status=400),
    "broken": Script(["internal server error"], status=500),
    "dies": Script(["It ", "is ", "a "], die_after=2),
    "fails": Script(["It ", "is ", "a "], fail_after=2),
    "hangs": Script(["It ", "is ", "a "], hang_after=2),
}


@dataclass
class OpenAIServer:
    """Runs in a thread of its own: ``with OpenAIServer(...) as server: server.url``."""

    key: str | None = "secret"
    model: str = "scripted"
    delay: float = 0.0
    """Seconds before the first token."""
    rate: float = 0.0
    """Tokens per second after it; 0: as fast as possible."""
    tokens: int = 20
    max_model_len: int = 4096
    port: int = 0
    scripts: dict[str, Script] = field(default_factory=lambda: dict(SCRIPTS))
    requests: list[dict[str, Any]] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    """When the first token of each request was written (monotonic)."""
    running: int = 0
    aborted: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> OpenAIServer:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10), "the scripted server did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        (socket,) = bind_sockets(self.port, "127.0.0.1")
        self.port = socket.getsockname()[1]
        routes = [("/v1/models", Models), ("/v1/chat/completions", Completions)]
        routes += [("/health", Health), ("/metrics", Metrics)]
        routes += [("/v1/echo/?.*", Echo), ("/v1/page", Page)]
        server = HTTPServer(Application([(p, h, {"server": self}) for p, h in routes]))
        server.add_sockets([socket])
        ready.set()
        await self._over.wait()
        server.stop()
        await server.close_all_connections()

    def script_for(self, messages: list[dict[str, Any]]) -> Script:
        text = messages[-1]["content"].strip()
        verb, _, rest = text.partition(":")
        if verb == "script":
            return self.scripts[rest.strip()]
        if verb == "echo":
            return Script([rest.strip()])
        return Script([f"word{i} " for i in range(self.tokens)])


class Base(RequestHandler):
    def initialize(self, server: OpenAIServer) -> None:
        self.double = server

    def refuse(self, status: int, message: str) -> None:
        self.set_status(status)
        self.finish({"error": {"message": message, "type": "BadRequestError", "code": status}})


class Keyed(Base):
    def prepare(self) -> None:
        key = self.double.key
        if key and self.request.headers.get("Authorization") != f"Bearer {key}":
            self.set_status(401)
            self.finish({"error": "Unauthorized"})


class Health(Base):
    def get(self) -> None:
        self.finish()


class Metrics(Base):
    def get(self) -> None:
        name = self.double.model
        self.finish(f'vllm:num_requests_running{{model_name="{name}"}} {self.double.running}.0\n')


class Models(Keyed):
    def get(self) -> None:
        one = {"id": self.double.model, "object": "model", "created": 0, "owned_by": "vllm"}
        one |= {"max_model_len": self.double.max_model_len}
        self.finish({"object": "list", "data": [one]})


class Echo(Keyed):
    """What reached the engine: for those who stand between it and a page."""

    def get(self) -> None:
        request = self.request
        self.finish({"uri": request.uri, "headers": dict(request.headers.get_all())})

    post = get


class Page(Keyed):
    """A page with what a hostile engine would like to leave in Jupyter's origin."""

    def get(self) -> None:
        self.set_header("Set-Cookie", "_xsrf=mine; Path=/")
        self.set_header("Service-Worker-Allowed", "/")
        self.set_header("Access-Control-Allow-Origin", "*")
        self.finish("<script>document.title = 'pwned'</script>")


def tokens_of(body: dict[str, Any]) -> int:
    """Four characters a token, as good as any for a double."""
    return sum(len(m["content"]) // 4 + 4 for m in body["messages"])


class Completions(Keyed):
    task: asyncio.Task[None] | None = None

    async def post(self) -> None:
        body = json.loads(self.request.body)
        double = self.double
        double.requests.append(body)
        if body.get("model") != double.model:
            self.refuse(404, f"The model `{body.get('model')}` does not exist.")
            return
        prompt, answer = tokens_of(body), body.get("max_tokens") or 1
        if prompt + answer > double.max_model_len:
            self.refuse(
                400,
                f"This model's maximum context length is {double.max_model_len} tokens. However, "
                f"your request has {prompt} input tokens. Please reduce the length of the input "
                "messages.",
            )
            return
        script = double.script_for(body["messages"])
        if script.status != 200:
            self.refuse(script.status, script.pieces[0])
            return
        double.running += 1
        self.task = asyncio.ensure_future(self.answer(body, script, prompt))
        try:
            await self.task
        except (asyncio.CancelledError, StreamClosedError):
            double.aborted += 1
        finally:
            double.running -= 1

    def on_connection_close(self) -> None:
        if self.task:
            self.task.cancel()

    async def answer(self, body: dict[str, Any], script: Script, prompt: int) -> None:
        pieces = script.pieces[: body.get("max_tokens")]
        usage = {"prompt_tokens": prompt, "completion_tokens": len(pieces)}
        usage["total_tokens"] = prompt + len(pieces)
        await asyncio.sleep(self.double.delay)
        if not body.get("stream"):
            text = "".join(p for p in pieces if isinstance(p, str))
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self.finish(head("chat.completion") | {"choices": [choice], "usage": usage})
            return
        self.set_header("Content-Type", "text/event-stream")
        await self.event({"role": "assistant", "content": ""})
        start = time.monotonic()
        self.double.sent.append(start)
        for index, piece in enumerate(pieces):
            if index == script.die_after:
                self.request.connection.stream.close()  # type: ignore[union-attr]
                return
            if index == script.fail_after:
                error = {"message": "EngineCore encountered an issue.", "code": 500}
                await self.data(json.dumps({"error": error}))
                break
            if index == script.hang_after:
                await asyncio.sleep(3600)
            if self.double.rate and index:
                await asyncio.sleep(max(0, start + index / self.double.rate - time.monotonic()))
            kind, text = piece if isinstance(piece, tuple) else ("content", piece)
            await self.event({kind: text})
        await self.event({}, finish="stop")
        if (body.get("stream_options") or {}).get("include_usage"):
            await self.data(
                json.dumps(head("chat.completion.chunk") | {"choices": [], "usage": usage})
            )
        await self.data("[DONE]")
        self.finish()

    async def event(self, delta: dict[str, Any], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        await self.data(json.dumps(head("chat.completion.chunk") | {"choices": [choice]}))

    async def data(self, text: str) -> None:
        self.write(f"data: {text}\n\n")
        await self.flush()


def head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 0, "model": "scripted"}


def main() -> None:
    parser = argparse.ArgumentParser(description="A scripted OpenAI server.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", default="secret")
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--tokens", type=int, default=20)
    args = parser.parse_args()
    with OpenAIServer(**vars(args)) as server:
        print(server.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
