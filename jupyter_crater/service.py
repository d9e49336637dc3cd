"""A job's OpenAI service for this process: clients that are set up for it, and one question."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .addresses import by_proxy
from .errors import BackendUnavailable

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

Reach = tuple[str, str | None]
"""Base URL without ``/v1``, and key."""


def client(reach: Reach, options: dict[str, Any]) -> OpenAI:
    from openai import DefaultHttpxClient, OpenAI

    return OpenAI(**_settings(reach, options, DefaultHttpxClient))


def async_client(reach: Reach, options: dict[str, Any]) -> AsyncOpenAI:
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    return AsyncOpenAI(**_settings(reach, options, DefaultAsyncHttpxClient))


def _settings(reach: Reach, options: dict[str, Any], http: Callable[..., Any]) -> dict[str, Any]:
    url, key = reach
    found = {"base_url": f"{url}/v1", "api_key": key or "none"} | options
    if not by_proxy(url) and "http_client" not in options:
        found["http_client"] = http(trust_env=False)
    return found


def ask(client: OpenAI, name: str, text: str, system: str | None, options: dict[str, Any]) -> str:
    """One question, one answer; see :meth:`jupyter_crater.handle.Job.ask`."""
    from openai import APIConnectionError

    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": text})
    try:
        answer = client.chat.completions.create(**{"messages": messages} | options)
    except APIConnectionError as error:
        raise BackendUnavailable(f"{name!r} does not answer: {error}.") from error
    return str(answer.choices[0].message.content or "")
