"""The views as anywidgets: thin classes, whose code is labextension/src/views.

Importing this fills :data:`jupyter_crater.views.views`, which is how a Job finds its chat without
knowing of widgets.
"""

from __future__ import annotations

import traitlets

from ..views import views
from .chat import ChatWidget
from .opening import show
from .view import View

__all__ = ["Calculator", "ChatWidget", "Panel", "Picker", "View"]


class Panel(View):
    """All jobs, live; the one named is open."""

    _bundle = "jobs"


class Picker(View):
    """Choose a template (or have one named), see whether it fits, launch it."""

    _bundle = "picker"


class Calculator(View):
    """Model × GPU × counts, live."""

    _bundle = "calculator"
    values = traitlets.Dict().tag(sync=True)
    """What it begins with, by the names of :func:`jupyter_crater.size`."""


views.update(chat=ChatWidget, panel=Panel, picker=Picker, calculator=Calculator, job=show)
