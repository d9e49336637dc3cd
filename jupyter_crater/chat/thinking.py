"""Telling thinking from answer in a stream, in the four ways that engines send it.

1. ``delta.reasoning`` (vLLM since 0.12)   2. ``delta.reasoning_content`` (before; other engines)
3. ``<think>…</think>`` in the content     4. text before a lone ``</think>``: the chat template of
R1 distills ends the prompt with ``<think>``, so without a reasoning parser the answer starts inside.
"""

from __future__ import annotations

from dataclasses import dataclass

OPEN, CLOSE = "<think>", "</think>"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an answer. ``retract``: the text so far was thinking, and is to move there."""

    text: str = ""
    thinking: str = ""
    retract: bool = False


class Splitter:
    """Feed it deltas, get parts; a tag may be cut anywhere between two deltas."""

    def __init__(self) -> None:
        self._held = ""
        self._state = "start"  # start → thinking → answer; or start → open → answer
        self._strip = False  # the newlines between </think> and the answer
        self._plain = False  # the engine separates thinking itself: tags are just text

    def feed(self, content: str | None, reasoning: str | None = None) -> list[Part]:
        parts = []
        if reasoning:
            self._plain = True
            parts.append(Part(thinking=reasoning))
        if content:
            if self._plain and self._state == "start":
                self._state, self._strip = "answer", True
            self._held += content
            parts += self._drain()
        return parts

    def end(self) -> list[Part]:
        """What was held back because it could have become a tag."""
        held, self._held = self._held, ""
        if not held:
            return []
        return [Part(thinking=held) if self._state == "thinking" else Part(text=held)]

    def _drain(self) -> list[Part]:
        parts: list[Part] = []
        while self._held:
            before = (self._held, self._state)
            parts += self._step()
            if (self._held, self._state) == before:
                break
        return parts

    def _step(self) -> list[Part]:
        if self._state == "start":
            seen = self._held.lstrip()
            if seen.startswith(OPEN):
                self._held, self._state = seen[len(OPEN) :], "thinking"
            elif not OPEN.startswith(seen):  # also false for nothing but spaces
                self._state = "open"
            return []
        if self._state == "answer":
            if self._strip:
                self._held = self._held.lstrip("\n")
                self._strip = not self._held
            text, self._held = self._held, ""
            return [Part(text=text)] if text else []
        ahead, tag, behind = self._held.partition(CLOSE)
        if tag and not (self._state == "open" and ahead.endswith("`")):
            parts = [Part(thinking=ahead)] if self._state == "thinking" else []
            if self._state == "open":
                parts = [Part(text=ahead)] if ahead else []
                parts.append(Part(retract=True))
            self._held, self._state, self._strip = behind, "answer", True
            return [part for part in parts if part != Part()]
        if tag:  # `</think>` quoted as code is spoken about, not meant
            self._held, self._state = "", "answer"
            return [Part(text=ahead + tag + behind)]
        keep = _tail(self._held)
        ready = self._held[: len(self._held) - keep]
        self._held = self._held[len(self._held) - keep :]
        if not ready:
            return []
        return [Part(thinking=ready) if self._state == "thinking" else Part(text=ready)]


def _tail(text: str) -> int:
    """How many characters at the end may be the beginning of CLOSE (with a quote before it)."""
    for length in range(min(len(CLOSE) - 1, len(text)), 0, -1):
        if CLOSE.startswith(text[-length:]):
            return length + (1 if text[: len(text) - length].endswith("`") else 0)
    return 1 if text.endswith("`") else 0
