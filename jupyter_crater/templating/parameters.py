"""One typed parameter: its JSON Schema, and the check of a value against it."""

from __future__ import annotations

import json
import keyword
import math
import numbers
import operator
import os
import re
import shlex
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, field_validator

from ..errors import ParameterError, meant

# Words of launch() and of the Job's methods, and options of the CLI's verbs.
RESERVED = frozenset({
    "account", "backend", "carrier", "connect", "context", "dry_run", "follow", "force", "json",
    "kind", "language", "lease", "name", "namespace", "new", "output", "preflight", "previous",
    "progress", "queue", "raw_command", "self", "set", "task", "template", "timeout", "until",
    "url", "values", "wait",
})  # fmt: skip
"""What no parameter may be called: it couldn't be given as a keyword."""

_NULL = frozenset({"", "null", "none"})
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping of names to values",
    "array": "a list of texts",
}

_BOUNDS = (
    ("exclusiveMinimum", "above", operator.le),
    ("minimum", "at least", operator.lt),
    ("maximum", "at most", operator.gt),
)


def _by_language(value: Any) -> Any:
    """A bare text is the English one."""
    return {"en": value} if isinstance(value, str) else value


def _has_english(value: dict[str, str]) -> dict[str, str]:
    if "en" not in value:
        raise ValueError("needs at least 'en', which the other languages fall back to")
    return value


Language = Literal["en", "ja", "zh-CN"]
Text = Annotated[dict[Language, str], BeforeValidator(_by_language), AfterValidator(_has_english)]


class Model(BaseModel):
    """Base of what a template file holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Parameter(Model):
    """A parameter as it stands in a template file; the words are JSON Schema's."""

    type: Literal["string", "integer", "number", "boolean", "object", "array"]
    title: Text
    help: Text = {}
    default: Any = None
    """None: not set, which leaves the engine's or the platform's own default."""
    required: bool = False
    nullable: bool = False
    """Whether null may be given in place of the default; without a default it always may."""
    enum: tuple[str, ...] | None = None
    pattern: str | None = None
    """A regular expression that has to match somewhere in the text, as in JSON Schema."""
    minimum: int | float | None = None
    maximum: int | float | None = None
    exclusiveMinimum: int | float | None = None  # noqa: N815  (JSON Schema's word)
    values: Literal["string", "integer"] = "string"
    """Of an object: texts, or counts from 0."""
    names: str | None = None
    """Regular expression for an object's keys."""
    examples: tuple[Any, ...] = ()
    group: str | None = None
    order: int | None = None
    """Place in its group; without it the place in the file."""
    unit: str | None = None
    advanced: bool = False
    suggest: Literal["gpu", "model", "image", "volume"] | None = None
    """What a form may offer beside free text."""

    @field_validator("pattern", "names")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"isn't a regular expression: {error}") from error
        return value

    @property
    def optional(self) -> bool:
        """Whether null is a value of it."""
        return self.nullable or (self.default is None and not self.required)

    def property_schema(self, language: str = "en") -> dict[str, Any]:
        """JSON Schema (2020-12) of this property; hints for forms stand under ``ui``."""
        out: dict[str, Any] = {"type": [self.type, "null"] if self.optional else self.type}
        out["title"] = in_language(self.title, language)
        if self.help:
            out["description"] = in_language(self.help, language)
        for key in ("pattern", "minimum", "maximum", "exclusiveMinimum"):
            if (value := getattr(self, key)) is not None:
                out[key] = value
        if self.enum is not None:
            out["enum"] = [*self.enum, None] if self.optional else list(self.enum)
        if self.type == "object":
            count = {"minimum": 0} if self.values == "integer" else {}
            out["additionalProperties"] = {"type": self.values} | count
            if self.names is not None:
                out["propertyNames"] = {"pattern": self.names}
        if self.type == "array":
            out["items"] = {"type": "string"}
        if not self.required:
            out["default"] = self.default
        if self.examples:
            out["examples"] = list(self.examples)
        hints = {k: getattr(self, k) for k in ("group", "order", "unit", "advanced", "suggest")}
        return out | {"ui": {k: v for k, v in hints.items() if v not in (None, False)}}

    def check(self, name: str, value: Any) -> Any:
        """The value as plain JSON data.

        Numbers of numpy, paths and (for lists) command-line text are taken for what they mean; a
        number in quotes is not, because that is a slip.

        Raises:
            ParameterError: wrong type, out of range, not one of the choices.
        """
        if value is None:
            if self.optional:
                return None
            raise ParameterError(name, f"{name} can't be empty.", hint=self.example(name))
        plain = self._plain(name, value)
        bounds = [
            (words, bound, out)
            for field, words, out in _BOUNDS
            if (bound := getattr(self, field)) is not None
        ]
        if any(out(plain, bound) for _, bound, out in bounds):
            rule = " and ".join(f"{words} {bound:.10g}" for words, bound, _ in bounds)
            raise self._wrong(name, value, f"has to be {rule} {self.unit or ''}".rstrip())
        if self.enum is not None and plain not in self.enum:
            rule = f"{name} can't be {plain!r}; it is one of: {', '.join(self.enum)}."
            raise ParameterError(name, rule, value=value, hint=meant(str(plain), self.enum))
        if self.pattern is not None and not re.search(self.pattern, plain):
            raise self._wrong(name, value, f"has to match {self.pattern}")
        return plain

    def _plain(self, name: str, value: Any) -> Any:
        match self.type:
            case "boolean" if type(value).__name__ in {"bool", "bool_"}:  # numpy's, too
                return bool(value)
            case "integer" | "number" if (whole := _whole(value)) is not None:
                return whole
            case "number" if isinstance(value, numbers.Real) and not isinstance(value, bool):
                if math.isfinite(value):
                    return float(value)
            case "string" if isinstance(value, str | os.PathLike):
                text = os.fspath(value)
                if isinstance(text, str) and "\0" not in text:
                    return text
            case "array" if isinstance(value, str):
                return self._split(name, value)
            case "array" if isinstance(value, list | tuple):
                if all(isinstance(item, str) and "\0" not in item for item in value):
                    return list(value)
            case "object" if isinstance(value, Mapping):
                return {self._key(name, k): self._item(name, k, v) for k, v in value.items()}
            case _:
                pass
        raise self._wrong(name, value, f"has to be {_WORDS[self.type]}")

    def _key(self, name: str, key: Any) -> str:
        if not isinstance(key, str) or (self.names and not re.search(self.names, key)):
            raise ParameterError(
                name, f"{name}: {key!r} can't be a name here.", hint=f"Rule: {self.names}"
            )
        return key

    def _item(self, name: str, key: str, value: Any) -> Any:
        whole = _whole(value)
        if self.values == "integer":
            if whole is not None and whole >= 0:
                return whole
        elif whole is not None or (isinstance(value, str) and "\0" not in value):
            return value if isinstance(value, str) else str(whole)
        want = "a count" if self.values == "integer" else "text"
        raise ParameterError(name, f"{name}: {key} has to be {want}, not {value!r}.", value=value)

    def _wrong(self, name: str, value: Any, rule: str) -> ParameterError:
        return ParameterError(
            name, f"{name} {rule}, not {value!r}.", value=value, hint=self.example(name)
        )

    def example(self, name: str) -> str | None:
        """An example of a right value, in the words of Python."""
        good = self.default if self.default is not None else next(iter(self.examples), None)
        return None if good is None else f"For example {name}={good!r}."

    def sample(self, *, filled: bool) -> Any:
        """A value to try the body with; ``filled`` asks for one even where null will do."""
        if self.default is not None or not (filled or self.required):
            return self.default
        if self.examples or self.enum:
            return (self.examples or self.enum or ("",))[0]
        low = max(1, math.ceil(self.minimum or 1))
        number = min(low, self.maximum) if self.maximum is not None else low
        by_type: dict[str, Any] = {"string": "x", "boolean": True, "object": {}, "array": []}
        return by_type.get(self.type, number)

    def _split(self, name: str, text: str) -> list[str]:
        try:
            return shlex.split(text)
        except ValueError as error:
            raise ParameterError(
                name, f"{name}: {text!r} isn't balanced: {error}.", value=text
            ) from error

    def coerce(self, name: str, text: str) -> Any:
        """The value that ``text`` (of a command line) means for this type; still unchecked.

        Lists are split as a shell would, objects are JSON or ``NAME=VALUE NAME=VALUE``.
        """
        word = text.strip().lower()
        if self.optional and word in _NULL:
            return None
        match self.type:
            case "boolean":
                if word in _TRUE | _FALSE:
                    return word in _TRUE
            case "integer" | "number":
                for read in (int, float):
                    try:
                        return read(text)
                    except ValueError:
                        continue
            case "array":
                return self._split(name, text)
            case "object":
                return self._pairs(name, text)
            case _:
                return text
        raise self._wrong(name, text, f"has to be {_WORDS[self.type]}")

    def _pairs(self, name: str, text: str) -> dict[str, Any]:
        if text.lstrip().startswith("{"):
            try:
                parsed = json.loads(text)
            except ValueError as error:
                raise self._wrong(
                    name, text, f"isn't JSON ({error}); it has to be {{…}}"
                ) from error
            if isinstance(parsed, dict):
                return parsed
        pairs = [item.partition("=") for item in self._split(name, text)]
        if any(not equals for _, equals, _ in pairs):
            raise self._wrong(name, text, "has to be NAME=VALUE pairs or a JSON object")
        return {key: self.coerce_item(value) for key, _, value in pairs}

    def coerce_item(self, text: str) -> Any:
        """One value of an object, from the text of a command line."""
        whole = self.values == "integer" and re.fullmatch(r"[+-]?\d+", text)
        return int(text) if whole else text


def _whole(value: Any) -> int | None:
    """The whole number that ``value`` is (8, 8.0, numpy's), or None."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    if isinstance(value, numbers.Integral):
        return int(value)
    return int(float(value)) if float(value).is_integer() else None


def in_language(text: Mapping[Any, str], language: str) -> str:
    """The text in ``language`` ("ja", "ja_JP", "zh", "zh-CN", …), else in English."""
    tag = language.replace("_", "-")
    for key in (tag, tag.split("-")[0], *(["zh-CN"] if tag.lower().startswith("zh") else [])):
        if key in text:
            return text[key]
    return text.get("en", "")


def name_problem(name: str) -> str | None:
    """Why ``name`` can't be a parameter's name, or None."""
    if name in RESERVED:
        return "is a word of launch() itself, so it couldn't be given; choose another name"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        return "has to be a Python keyword argument: lower-case letters, digits and _"
    return None
