"""From options to backends and jobs."""

from __future__ import annotations

import argparse
from typing import Any

from .. import api
from ..errors import InputError, ParameterError
from ..handle import Job
from ..templating import Template


def place(options: argparse.Namespace) -> Any:
    """The ``backend`` argument of the API that the options spell.

    Raises:
        InputError: options of two backends at once.
    """
    kubernetes = {
        k: getattr(options, k, None) for k in ("context", "namespace", "carrier", "queue")
    }
    crater = {k: getattr(options, k, None) for k in ("url", "account")}
    name = options.backend
    for other, given in (("kubernetes", kubernetes), ("crater", crater)):
        words = [f"--{k}" for k, v in given.items() if v is not None]
        if words and name not in (None, other):
            raise InputError(f"{', '.join(words)} is for --backend {other}, not {name}.")
        if words:
            name = other
    if name == "kubernetes":
        return api.Kubernetes(**kubernetes)
    if name == "crater":
        return api.Crater(**crater)
    return name


def job(options: argparse.Namespace) -> Job:
    return api.job(options.name, place(options))


def values(template: Template, words: list[str]) -> dict[str, Any]:
    """``--set KEY=VALUE`` as typed values.

    Raises:
        InputError: a word without "=".
        ParameterError: unknown key or a value of another type.
    """
    texts: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise InputError(f"--set {word!r} is not KEY=VALUE.")
        if key in texts:
            raise ParameterError(key, f"--set {key} is given twice.")
        texts[key] = value
    return template.coerce(texts)
