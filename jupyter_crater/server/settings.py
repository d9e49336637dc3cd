"""What an administrator sets: ``c.Crater.… = …`` in jupyter_server_config.py."""

from __future__ import annotations

from traitlets import Bool, Float, default
from traitlets.config import Configurable

from .. import config
from ..errors import ConfigError
from .events import POLL_S, REST_S
from .forward import READ_S


class Crater(Configurable):
    """The server extension's side of jupyter_crater; jobs have their own file, config.toml."""

    poll_seconds = Float(
        POLL_S, min=0.1, help="Seconds between two looks at the jobs of a backend, at least."
    ).tag(config=True)
    rest_seconds = Float(
        REST_S,
        min=1.0,
        help="A backend whose jobs no page has asked for this long is watched no more.",
    ).tag(config=True)
    forward = Bool(
        True, help="Whether the engines of own jobs are reached under crater/jobs/NAME/forward/."
    ).tag(config=True)

    @default("forward")
    def _forward(self) -> bool:
        try:
            return config.load().forward
        except ConfigError:  # each call of a view says it, in place of a server that doesn't start
            return True

    engine_seconds = Float(
        READ_S, min=1.0, help="How long a forwarded request may wait for the engine's next word."
    ).tag(config=True)
