"""The words of a chat: turns and settings, and their JSON.

Both come back from browsers and notebooks, so reading checks every field.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import InputError

MAX_TURNS = 10_000
MAX_CHARACTERS = 20_000_000


class _Model(BaseModel):
    # What is written holds every field, so readers may count on it.
    model_config = ConfigDict(extra="ignore", json_schema_serialization_defaults_required=True)

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


class Settings(_Model):
    """What goes with each request; None leaves it to the engine."""

    system: str = ""
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(None, ge=1)
    seed: int | None = None

    @classmethod
    def from_json(cls, data: Any) -> Settings:
        """Raises: InputError, naming the field."""
        try:
            return cls.model_validate(data or {})
        except ValidationError as error:
            raise _unreadable("settings", error) from None


class Failure(_Model):
    """Why an answer broke off, as :meth:`CraterError.to_dict` says it."""

    error: str
    message: str
    hint: str | None = None


class Turn(_Model):
    """One message. Times are seconds; the figures are of this answer alone."""

    role: Literal["user", "assistant"]
    text: str = ""
    thinking: str = ""
    """Never sent back: the model's card asks for that, and it would fill the context."""
    thinking_seconds: float | None = None
    ttft: float | None = None
    """From the request to the first token of any kind."""
    tokens_per_second: float | None = None
    """Completion tokens after the first, over the time since the first."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    omitted: int = 0
    """How many older messages were left out of the request because the context was full."""
    stopped: bool = False
    error: Failure | None = None

    @classmethod
    def list_from_json(cls, data: Any) -> list[Turn]:
        """Raises: InputError where it isn't a list of turns or is absurdly long."""
        if not isinstance(data, list) or len(data) > MAX_TURNS:
            raise InputError(f"A chat is a list of at most {MAX_TURNS} turns.")
        try:
            turns = [cls.model_validate(item) for item in data]
        except ValidationError as error:
            raise _unreadable("turns", error) from None
        if sum(len(turn.text) for turn in turns) > MAX_CHARACTERS:
            raise InputError(f"A chat has at most {MAX_CHARACTERS:,} characters.")
        return turns


def _unreadable(what: str, error: ValidationError) -> InputError:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return InputError(f"The chat's {what} can't be read: {place}: {first['msg']}.")
