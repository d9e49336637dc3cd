"""``job.chat()``: the conversation lives here, its views come and go."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import traitlets

from .. import calls
from ..chat import Delta, Settings, Turn
from ..errors import InputError
from ..handle import Job
from .loop import start
from .view import PAUSE_S, View

if TYPE_CHECKING:
    from ..chat.engine import Engine

TELL_S = 0.25
"""Other pages hear of a question after so long: not in the way of its first token."""
FOUND_S = 10.0
"""Where the engine is was asked when a question was begun; after so long it is asked again."""


class ChatWidget(View):
    """A chat with a job's engine.

    ``turns`` and ``settings`` are synced state, in the JSON of :class:`~jupyter_crater.chat.Turn`
    and :class:`~jupyter_crater.chat.Settings`; the tokens of the answer under way are not.
    """

    _bundle = "chat"
    backend = traitlets.Unicode().tag(sync=True)
    turns = traitlets.List(traitlets.Dict()).tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    busy = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, job: Job | str, *, system: str = "", **settings: Any) -> None:
        """``settings``: temperature, top_p, max_tokens, seed.

        Raises:
            InputError: a setting out of its range.
        """
        first = Settings.from_json({"system": system, **settings})
        unknown = set(settings) - set(Settings.model_fields)
        if unknown:
            raise InputError(
                f"A chat has no setting {', '.join(sorted(unknown))}.",
                hint=f"There are: {', '.join(Settings.model_fields)}.",
            )
        self._live: Turn | None = None
        self._deltas = _Deltas(self)
        self._started = 0.0
        self._withdrawn = False
        self._answering: Future[None] | None = None
        self._found: tuple[float, Future[Engine]] | None = None
        name = job.name if isinstance(job, Job) else job
        backend = job.backend if isinstance(job, Job) else ""
        super().__init__(name=name, backend=backend, settings=first.to_json())

    @property
    def history(self) -> list[Turn]:
        """The conversation so far."""
        return Turn.list_from_json(self.turns)

    async def call(self, method: str, params: dict[str, Any]) -> Any:
        match method:
            case "chat.ask":
                return await self._ask(params)
            case "chat.stop":
                if self._answering:
                    self._answering.cancel()
                return None
            case "chat.clear":
                if self._live is None:
                    self.turns = []
                return None
            case "chat.live":
                return self._so_far()
        return await super().call(method, params)

    def _receive(self, widget: Any, message: dict[str, Any], buffers: Any) -> None:
        if message.get("method") == "chat.begun":
            self._found = time.monotonic(), start(self._find())
        else:
            super()._receive(widget, message, buffers)

    async def _find(self) -> Engine:
        engine = await self._now()
        await engine.served()
        return engine

    async def _engine(self) -> Engine:
        """As found while the question was written; a second question finds it anew."""
        found, self._found = self._found, None
        if found and time.monotonic() - found[0] < FOUND_S:
            with suppress(Exception):  # told by what asks again
                return await asyncio.wrap_future(found[1])
        return await self._now()

    async def _now(self) -> Engine:
        return await calls.engine_of(self.name, self.backend or None)

    def close(self) -> None:
        # Also called for a widget whose making failed.
        answering: Future[None] | None = getattr(self, "_answering", None)
        if answering:
            answering.cancel()
        super().close()

    def _so_far(self) -> dict[str, Any]:
        self._deltas.flush()
        live = self._live or Turn(role="assistant")
        return {"text": live.text, "thinking": live.thinking, "started": self._started}

    async def _ask(self, params: dict[str, Any]) -> None:
        """Answer, and return when it is in ``turns``. One answer at a time."""
        text, keep = params.get("text"), params.get("keep")
        if not isinstance(text, str) or not text.strip():
            raise InputError("A message can't be empty.")
        if self._live is not None:
            raise InputError("An answer is under way.", hint="Stop it first.")
        turns = self.history[: keep if isinstance(keep, int) else None]
        turns.append(Turn(role="user", text=text))
        settings = Settings.from_json(self.settings)
        answer = Turn(role="assistant")
        self._live, self._started, self._withdrawn = answer, time.time(), False
        before, asked = self.turns, [turn.to_json() for turn in turns]
        # Its own task: a page that closes doesn't end an answer that another page shows.
        deltas = self._deltas = _Deltas(self)
        work = self._answering = start(self._answer_turn(turns, settings, answer, deltas))
        over = asyncio.wrap_future(work)
        try:
            # The page that asks shows its question already.
            await asyncio.wait([over], timeout=TELL_S)
            if self._live is answer:
                with self.hold_sync():
                    self.turns, self.busy = asked, True
            await asyncio.wait([over])
        except asyncio.CancelledError:
            # Withdrawn: asked while the kernel was busy, and answered through the server since.
            # What the page has put into `turns` meanwhile counts.
            self._withdrawn = True
            work.cancel()
            with self.hold_sync():
                self.turns, self.busy = (before if self.turns == asked else self.turns), False
            raise

    async def _answer_turn(
        self, turns: list[Turn], settings: Settings, answer: Turn, deltas: _Deltas
    ) -> None:
        try:
            engine = await self._engine()
            async for delta in engine.answer(turns, settings, partial=answer):
                if delta.turn is None:
                    deltas.put(delta)
        except asyncio.CancelledError:
            answer.stopped = True
        except Exception as error:  # noqa: BLE001 - told in the turn
            answer.error = _failure(error)
        finally:
            deltas.close()
            self._live = None
            if not self._withdrawn:
                with self.hold_sync():
                    self.turns = [turn.to_json() for turn in [*turns, answer]]
                    self.busy = False


class _Deltas:
    """Sends the first delta at once and then at most one message per PAUSE_S."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._waiting: list[dict[str, Any]] = []
        self._timer: asyncio.TimerHandle | None = None

    def put(self, delta: Delta) -> None:
        self._waiting.append(delta.to_json())
        if self._timer is None:
            self.flush()

    def flush(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None
        if self._waiting:
            for message in _merged(self._waiting):
                self._view.send({"topic": "chat", "payload": message})
            self._waiting = []
            self._timer = asyncio.get_running_loop().call_later(PAUSE_S, self.flush)

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._waiting = []  # the finished turn says it all


def _merged(deltas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbours of one kind as one."""
    merged: list[dict[str, Any]] = []
    for delta in deltas:
        (kind,) = delta if len(delta) == 1 else ("",)
        if merged and kind in ("text", "thinking") and list(merged[-1]) == [kind]:
            merged[-1][kind] += delta[kind]
        else:
            merged.append(dict(delta))
    return merged


def _failure(error: Exception) -> Any:
    from ..chat.turns import Failure

    return Failure.model_validate(calls.error_json(error))
