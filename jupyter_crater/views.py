"""The views by name: a Job finds its chat here, and nothing imports ipywidgets for it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from .errors import NotSupported

views: dict[str, Callable[..., Any]] = {}
"""Views by name ("chat", "panel", …); ``widgets`` fills it when one is first asked for."""


def view(name: str) -> Callable[..., Any]:
    """A view by its name; the widgets are loaded for it.

    Raises:
        NotSupported: this version has no such view.
    """
    if name not in views:
        try:
            import_module("jupyter_crater.widgets")
        except ModuleNotFoundError as error:
            raise NotSupported(
                f"The view {name!r} can't be shown here: {error}.",
                hint="`jupyter crater chat NAME` and `job.ask(…)` work everywhere.",
            ) from error
    if name not in views:
        raise NotSupported(f"There is no view {name!r}.")
    return views[name]
