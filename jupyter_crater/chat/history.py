"""What of a chat is sent: no thinking, no broken answers, and no more than fits.

Tokens are only counted by the engine; here they are estimated from what earlier answers of the
chat reported (characters per token), else from 3 characters a token, which is on the safe side for
English and code and still holds for most Chinese and Japanese tokenizers at 1 and more.
"""

from __future__ import annotations

from collections.abc import Sequence

from .turns import Settings, Turn

Message = dict[str, str]

CHARACTERS_PER_TOKEN = 3.0
TOKENS_PER_MESSAGE = 8  # role and separators of chat templates
ANSWER_SHARE = 4  # a quarter of the context stays free for the answer where no max_tokens is given


def messages(turns: Sequence[Turn], system: str = "") -> list[Message]:
    """The messages of a request, oldest first. An answer with neither text nor end is left out."""
    sent = [{"role": "system", "content": system}] if system.strip() else []
    kept = [turn for turn in turns if turn.role == "user" or turn.text.strip()]
    return sent + [{"role": turn.role, "content": turn.text} for turn in kept]


def fit(
    turns: Sequence[Turn], settings: Settings, max_model_len: int | None
) -> tuple[list[Message], int]:
    """The newest messages that fit into the context, and how many older ones were left out.

    The last message and the system prompt always go: if they alone are too long it is the engine
    that says so, in tokens.
    """
    if max_model_len is None:
        return messages(turns, settings.system), 0
    room = max_model_len - (settings.max_tokens or max_model_len // ANSWER_SHARE)
    ratio = _characters_per_token(turns)
    sent = messages(turns, settings.system)
    head = 1 if sent and sent[0]["role"] == "system" else 0
    needed = [len(m["content"]) / ratio + TOKENS_PER_MESSAGE for m in sent]
    first = head
    while first < len(sent) - 1 and sum(needed[:head]) + sum(needed[first:]) > room:
        first += 1
    return drop(sent, first - head)


def drop(sent: list[Message], count: int) -> tuple[list[Message], int]:
    """``sent`` without its ``count`` oldest messages; a history never begins with an answer."""
    head = 1 if sent and sent[0]["role"] == "system" else 0
    first = min(head + count, len(sent) - 1)
    while first < len(sent) - 1 and count and sent[first]["role"] == "assistant":
        first += 1
    return sent[:head] + sent[first:], first - head


def _characters_per_token(turns: Sequence[Turn]) -> float:
    """As the last answer of this chat had it, bounded against odd reports."""
    for turn in reversed(turns):
        if turn.completion_tokens and not turn.error and not turn.stopped:
            characters = len(turn.text) + len(turn.thinking)
            if characters > 200:
                return min(6.0, max(0.8, characters / turn.completion_tokens))
    return CHARACTERS_PER_TOKEN
