"""The one place where a value becomes text of a manifest: what containers can't take is refused,
what the kubelet or a YAML reader would take for syntax is escaped."""

from __future__ import annotations

import re
from typing import Any

import yaml

from ...errors import InputError

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# Strings that every YAML 1.1 and 1.2 reader takes for a string without quotes.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./@%+-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})


def literal(text: str, what: str) -> str:
    """``text`` so that the kubelet hands exactly it to the container.

    In ``command``, ``args`` and ``env`` values the kubelet replaces ``$(NAME)`` and turns ``$$``
    into ``$`` (k8s.io/kubernetes third_party/forked/golang/expansion).

    Raises:
        InputError: no process can be given this text.
    """
    if "\0" in text:
        raise InputError(f"{what} holds a NUL character, which no process can be given.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{what} is not valid Unicode: {error.reason}.") from error
    return re.sub(r"\$(?=[$(])", "$$", text)


def env_name(name: str, what: str) -> str:
    """``name`` if it can name an environment variable.

    Raises:
        InputError: otherwise.
    """
    if _ENV_NAME.fullmatch(name):
        return name
    raise InputError(
        f"{what}: {name!r} can't name an environment variable.",
        hint="Letters, digits and '_', not beginning with a digit.",
    )


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True  # anchors are legal YAML that people don't expect in a manifest


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text)
    # A block keeps scripts readable; YAML can't hold every text that way.
    block = "\n" in text.strip("\n") and not re.search(r"[^\n\x20-\x7e]|[ ]\n|^[ \n]", text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if block else '"')


_Dumper.add_representer(str, _string)


def to_yaml(documents: list[dict[str, Any]]) -> str:
    """The documents as one YAML stream that reads the same to every YAML 1.1 and 1.2 reader."""
    return yaml.dump_all(
        documents, Dumper=_Dumper, sort_keys=False, explicit_start=True, width=1_000_000
    )
