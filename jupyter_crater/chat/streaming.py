"""One streamed answer of an engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import CraterError
from . import history
from .failures import explain, is_too_long
from .thinking import Part, Splitter
from .turns import Failure, Settings, Turn

if TYPE_CHECKING:
    import openai

# An engine that has accepted a request and then sends nothing for so long is called hung: a dead
# Ray worker holds a stream open for 300 s (vLLM 0.32). The first token may queue behind others.
FIRST_TOKEN_SECONDS = 300.0
NEXT_TOKEN_SECONDS = 25.0


@dataclass(frozen=True, slots=True)
class Delta(Part):
    """A part of an answer under way, or (last) the finished turn."""

    turn: Turn | None = None

    def to_json(self) -> dict[str, Any]:
        if self.turn:
            return {"turn": self.turn.to_json()}
        pairs = [("text", self.text), ("thinking", self.thinking), ("retract", self.retract)]
        return {key: value for key, value in pairs if value}


async def answer(
    client: openai.AsyncOpenAI,
    turns: Sequence[Turn],
    settings: Settings | None = None,
    *,
    model: str,
    max_model_len: int | None = None,
    partial: Turn | None = None,
) -> AsyncGenerator[Delta]:
    """Ask the engine for the turn after ``turns`` (the last is the question).

    Yields deltas and at the end the finished turn. A failure of the engine is part of that turn
    (``turn.error``), with what had come before it; nothing but cancelling is raised. Closing the
    iterator or cancelling its task closes the connection, which makes the engine abort.

    Args:
        max_model_len: the context in tokens; None: unknown, nothing is left out beforehand.
        partial: is filled as the answer grows, for whoever cancels and wants what there was.
    """
    settings = settings or Settings()
    turn = partial or Turn(role="assistant")
    progress = _Progress(turn)
    try:
        sent, turn.omitted = history.fit(turns, settings, max_model_len)
        while True:
            try:
                async with aclosing(_stream(client, sent, settings, model, progress)) as deltas:
                    async for delta in deltas:
                        yield delta
                break
            except Exception as error:
                # Our estimate of tokens was too low: leave out a third of what is left.
                shorter, gone = history.drop(sent, max(1, len(sent) // 3))
                if not is_too_long(error) or not gone:
                    raise
                sent, turn.omitted = shorter, turn.omitted + gone
        if not turn.text and not turn.thinking:
            turn.error = Failure(error="EmptyAnswer", message="The engine sent an empty answer.")
    except (asyncio.CancelledError, GeneratorExit):
        turn.stopped = True
        raise
    except Exception as error:  # noqa: BLE001 - whatever broke the answer is told in the turn
        turn.error = Failure.model_validate(explain(error, began=bool(turn.ttft)).to_dict())
    finally:
        progress.finish()
    yield Delta(turn=turn)


class _Progress:
    """Fills the turn: its text, and its times by the monotonic clock."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.splitter = Splitter()
        self._asked = time.monotonic()
        self._first: float | None = None
        self._last = self._asked
        self._chunks = 0

    def take(self, parts: list[Part]) -> list[Delta]:
        now = time.monotonic()
        turn = self.turn
        for part in parts:
            if part.retract:
                turn.thinking, turn.text = turn.thinking + turn.text, ""
            turn.thinking += part.thinking
            turn.text += part.text
            if part.retract or (part.text and turn.thinking and turn.thinking_seconds is None):
                turn.thinking_seconds = now - self._asked
        return [Delta(part.text, part.thinking, part.retract) for part in parts]

    def token(self) -> None:
        self._last = time.monotonic()
        self._chunks += 1
        if self._first is None:
            self._first = self._last
            self.turn.ttft = self._first - self._asked

    def finish(self) -> None:
        turn = self.turn
        if turn.thinking and turn.thinking_seconds is None:
            turn.thinking_seconds = self._last - self._asked
        # Engines send a token per chunk; where none is counted (stopped), chunks are near enough.
        tokens = turn.completion_tokens or self._chunks
        if self._first is not None and tokens > 1 and self._last > self._first:
            turn.tokens_per_second = (tokens - 1) / (self._last - self._first)


async def _stream(
    client: openai.AsyncOpenAI,
    sent: list[history.Message],
    settings: Settings,
    model: str,
    progress: _Progress,
) -> AsyncGenerator[Delta]:
    options: dict[str, Any] = {
        name: value
        for name in ("temperature", "top_p", "max_tokens", "seed")
        if (value := getattr(settings, name)) is not None
    }
    stream = await client.chat.completions.create(
        model=model,
        messages=[],
        stream=True,
        stream_options={"include_usage": True},
        timeout=FIRST_TOKEN_SECONDS,
        # As they are: openai 2.x walks the types of `messages` for 0.3 ms each, before it sends.
        extra_body={"messages": sent},
        **options,
    )
    async with stream:
        chunks = aiter(stream)
        limit = FIRST_TOKEN_SECONDS
        while True:
            try:
                # Not wait_for: before Python 3.12 it can swallow a cancel.
                async with asyncio.timeout(limit):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                break
            except TimeoutError:
                raise CraterError(
                    f"The engine sent nothing for {limit:.0f} s.",
                    hint="It may have lost a worker: look at the job's log.",
                ) from None
            if chunk.usage:
                progress.turn.prompt_tokens = chunk.usage.prompt_tokens
                progress.turn.completion_tokens = chunk.usage.completion_tokens
            for choice in chunk.choices[:1]:
                delta = choice.delta
                extra = delta.model_extra or {}
                reasoning = extra.get("reasoning") or extra.get("reasoning_content")
                if delta.content or reasoning:
                    progress.token()
                    limit = NEXT_TOKEN_SECONDS
                    for part in progress.take(progress.splitter.feed(delta.content, reasoning)):
                        yield part
    for part in progress.take(progress.splitter.end()):
        yield part
