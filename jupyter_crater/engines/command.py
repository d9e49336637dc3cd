"""Settings ⇄ start command: made, shown as text, edited, and parsed back without loss."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from ..errors import NotSupported, ParameterError
from ..spec import EngineSettings
from .flags import BY_NAME, ENABLE_REASONING, FLAGS, SECRET, Flag

_MODULE = "vllm.entrypoints.openai.api_server"
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_PYTHON = re.compile(r"(.*/)?python(3(\.\d+)?)?")
_VLLM = re.compile(r"(.*/)?vllm")


def start_command(settings: EngineSettings) -> list[str]:
    """The command that starts the engine with these settings, as a list.

    Raises:
        NotSupported: an engine other than vLLM; it can be sized, not started.
        ParameterError: a model that would be read as a flag.
    """
    if settings.engine != "vllm":
        raise NotSupported(
            f"{settings.engine} can be sized, but not started by a template yet.",
            hint="The template `custom` runs a command of your own.",
        )
    if settings.model.startswith("-"):  # vLLM would read it as a flag
        raise ParameterError(
            "model",
            f"{settings.model!r} can't be a model: it begins with '-'.",
            value=settings.model,
        )
    command = ["vllm", "serve", settings.model]
    for flag in FLAGS:
        value = getattr(settings, flag.field)
        default = EngineSettings.model_fields[flag.field].default
        always = flag.field in ("tensor_parallel", "pipeline_parallel")
        if value is None or (value == default and not always):
            continue
        if flag.read is None:
            command.append(flag.name)
        else:
            command += _argument(flag.name, str(value))
    if settings.reasoning_parser and _before(settings.version, (0, 9)):
        command.append(ENABLE_REASONING)
    return [*command, *settings.extra]


def _argument(name: str, value: str) -> list[str]:
    """A value that begins with a dash would be read as a flag."""
    return [f"{name}={value}"] if value.startswith("-") or not value else [name, value]


def _before(version: str | None, release: tuple[int, int]) -> bool:
    found = re.match(r"v?(\d+)\.(\d+)", version or "")
    return found is not None and (int(found[1]), int(found[2])) < release


def command_text(command: Sequence[str], env: Mapping[str, str] | None = None) -> str:
    """The command as a shell would read it; every value quoted, here and nowhere else."""
    words = [f"{name}={shlex.quote(value)}" for name, value in (env or {}).items()]
    return " ".join([*words, shlex.join(command)])


@dataclass(frozen=True)
class Parsed:
    """What a start command says.

    Attributes:
        settings: None where it is a raw command.
        env: assignments in front of it.
        ray_port: port of a ``ray start --head`` before it, None where there is none.
        raw: the text, where it could not be understood as a whole.
        because: why not.
    """

    settings: EngineSettings | None
    env: dict[str, str] = field(default_factory=dict)
    ray_port: int | None = None
    raw: str | None = None
    because: str = ""


def parse_command(command: str | Sequence[str]) -> Parsed:
    """Read a start command back; what is not understood in full stays as it is, never guessed.

    Understood: assignments, ``vllm serve MODEL …`` or ``python3 -m vllm.entrypoints.openai…``,
    and a ``ray start --head …`` before it, parted by ``;``, ``&&`` or a new line (the seed's form).

    Raises:
        ParameterError: a flag's value is out of its range.
    """
    text = command if isinstance(command, str) else shlex.join(command)
    try:
        statements = _statements(text)
    except ValueError as error:
        return Parsed(None, raw=text, because=str(error))
    ray_port = None
    if len(statements) > 1 and statements[0][:2] == ["ray", "start"]:
        ray_port = _ray_port(statements.pop(0))
        if ray_port is None:
            return Parsed(None, raw=text, because="its ray start is not the plain one of a head")
    if len(statements) != 1:
        return Parsed(None, raw=text, because=f"it has {len(statements)} statements")
    words = statements[0]
    env: dict[str, str] = {}
    while words and _ASSIGNMENT.match(words[0]):
        name, _, value = words.pop(0).partition("=")
        env[name] = value
    arguments = _arguments_of_vllm(words)
    if arguments is None:
        program = words[0] if words else "nothing"
        return Parsed(None, raw=text, because=f"it starts {program}, not vLLM")
    try:
        settings = _settings(arguments)
    except ValueError as error:
        return Parsed(None, raw=text, because=str(error))
    return Parsed(settings, env, ray_port)


def _statements(text: str) -> list[list[str]]:
    """Words of each statement.

    Raises:
        ValueError: the shell would do more with it than start programs one after another.
    """
    text = text.replace("\\\r\n", " ").replace("\\\n", " ")
    parts, start, quote, index = [], 0, "", 0
    while index < len(text):
        char = text[index]
        if quote == "'":
            quote = "" if char == "'" else quote
        elif char == "\\":
            index += 1
        elif char in "$`":
            raise ValueError(f"it has {char}, which a shell would expand")
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in ";\n" or text.startswith("&&", index):
            parts.append(text[start:index])
            index += char == "&"
            start = index + 1
        elif char in "|&<>(){}*?[]!" or (
            char in "#~" and text[max(index - 1, 0) : index] in ("", " ", "\t", "\n", ";", "=", ":")
        ):
            raise ValueError(f"it has {char}, which means something to a shell")
        index += 1
    if quote:
        raise ValueError("a quote is not closed")
    parts.append(text[start:])
    return [words for part in parts if (words := shlex.split(part))]


def _ray_port(words: list[str]) -> int | None:
    """The port of ``ray start --head``; None where it says more than the job can keep."""
    port = "6379"  # Ray's default
    rest = iter(words[2:])
    for word in rest:
        name, equals, value = word.partition("=")
        if name == "--port":
            port = value if equals else next(rest, "")
        elif word not in ("--head", "--disable-usage-stats"):
            return None
    return int(port) if "--head" in words and port.isascii() and port.isdecimal() else None


def _arguments_of_vllm(words: list[str]) -> list[str] | None:
    """Everything after the program, the model in front of it as ``--model``; None: not vLLM."""
    words = words[1:] if words[:1] == ["exec"] else words
    if len(words) >= 2 and _VLLM.fullmatch(words[0]) and words[1] == "serve":
        rest = words[2:]
        if rest and not rest[0].startswith("-"):
            return ["--model", *rest]
        return rest
    if len(words) >= 3 and _PYTHON.fullmatch(words[0]) and "-m" in words[:3]:
        at = words.index("-m")
        options, module = words[1:at], words[at + 1 : at + 2]
        if module == [_MODULE] and all(o == "-u" for o in options):
            return words[at + 2 :]
    return None


def _settings(arguments: list[str]) -> EngineSettings:
    """The settings of the arguments; unknown flags and their values go to ``extra`` in order.

    Raises:
        ValueError: no model, a value missing, or a secret that must not stay in a command.
        ParameterError: a value out of range.
    """
    values: dict[str, Any] = {}
    extra: list[str] = []
    index = 0
    while index < len(arguments):
        word = arguments[index]
        index += 1
        name, equals, value = word.partition("=")
        known = _flag(name)
        if name in SECRET:
            raise ValueError(f"{name} holds a secret: give it by environment (VLLM_API_KEY)")
        if name == "--model" or (known is not None and known.read is not None):
            if not equals:
                if index == len(arguments):
                    raise ValueError(f"{name} has no value")
                value = arguments[index]
                index += 1
            if name == "--model":
                values["model"] = value
                continue
            assert known is not None
            if known.field == "served_model_name" and index < len(arguments):
                index = _more_names(arguments, index, name, value, values, extra)
                continue
            _keep(known, name, value, values, extra)
        elif known is not None:
            if equals:  # argparse refuses it, so neither reading of it is right
                raise ValueError(f"{name} takes no value")
            values[known.field] = not name.startswith("--no-")
        elif name != ENABLE_REASONING:
            # argparse would take a beginning for the whole name, behind the calculator's back.
            whole = next((f for f in BY_NAME if len(name) > 4 and f.startswith(_dashes(name))), "")
            if whole:
                raise ValueError(f"{name} is short for {whole}: write it in full")
            extra.append(word)
    if "model" not in values:
        raise ValueError("it names no model")
    try:
        return EngineSettings(**values, extra=tuple(extra))
    except ValidationError as error:
        first = error.errors()[0]
        where = str(first["loc"][0])
        raise ParameterError(
            where, f"{where}: {first['msg']}.", value=first.get("input")
        ) from error


def _more_names(
    arguments: list[str],
    index: int,
    name: str,
    value: str,
    values: dict[str, Any],
    extra: list[str],
) -> int:
    """--served-model-name takes several; the first is ours, more keep the flag as it stands."""
    names = [value]
    while index < len(arguments) and not arguments[index].startswith("-"):
        names.append(arguments[index])
        index += 1
    values["served_model_name"] = value
    if len(names) > 1:
        extra += [name, *names]
    return index


def _dashes(name: str) -> str:
    return name.replace("_", "-") if name.startswith("--") else name


def _flag(name: str) -> Flag | None:
    """The flag of a spelling: underscores as dashes, ``--no-`` of a switch."""
    name = _dashes(name)
    known = BY_NAME.get(name)
    if known is None and name.startswith("--no-"):
        known = BY_NAME.get("--" + name[5:])
        return known if known is not None and known.read is None else None
    return known


def _keep(flag: Flag, name: str, value: str, values: dict[str, Any], extra: list[str]) -> None:
    """A value that isn't a plain number (``32k``, ``auto``, ``-1``) is vLLM's to read: kept as it is."""
    assert flag.read is not None
    if value == "-1" and flag.read is int:  # vLLM's own word for "as long as fits"
        extra += _argument(name, value)
        return
    try:
        values[flag.field] = flag.read(value)
    except ValueError:
        extra += _argument(name, value)
