"""An open client of one engine, kept between answers: a new one costs 30 ms and a handshake."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

from ..errors import BackendError
from .failures import explain
from .streaming import Delta, answer
from .turns import Failure, Settings, Turn

if TYPE_CHECKING:
    import openai


class Engine:
    """One address and key; belongs to the event loop that first uses it."""

    def __init__(self, client: openai.AsyncOpenAI, model: str | None = None) -> None:
        self.client = client
        self._wanted = model
        self._served: tuple[str, int | None] | None = None

    async def served(self) -> tuple[str, int | None]:
        """The model's name and its context in tokens (None: the engine doesn't say).

        Raises:
            BackendError: another model is served.
            openai.OpenAIError: the engine didn't answer.
        """
        if self._served is None:
            listed = (await self.client.models.list(timeout=30)).data
            known = next((m for m in listed if self._wanted in (None, m.id)), None)
            if known is None:
                names = ", ".join(m.id for m in listed) or "none"
                raise BackendError(
                    f"The engine serves no model {self._wanted!r}; it serves {names}."
                )
            length = (known.model_extra or {}).get("max_model_len")
            self._served = known.id, length if isinstance(length, int) else None
        return self._served

    async def answer(
        self,
        turns: Sequence[Turn],
        settings: Settings | None = None,
        *,
        partial: Turn | None = None,
    ) -> AsyncGenerator[Delta]:
        """As :func:`~jupyter_crater.chat.streaming.answer`, with what this engine serves."""
        try:
            model, length = await self.served()
        except Exception as error:  # noqa: BLE001 - a failure is part of the turn, as in answer
            turn = partial or Turn(role="assistant")
            turn.error = Failure.model_validate(explain(error).to_dict())
            yield Delta(turn=turn)
            return
        async for delta in answer(
            self.client, turns, settings, model=model, max_model_len=length, partial=partial
        ):
            yield delta

    async def close(self) -> None:
        await self.client.close()
