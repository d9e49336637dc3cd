"""The Jupyter server extension: the calls of the views as REST routes under ``crater/``."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "jupyter_crater.server"}]


def _load_jupyter_server_extension(server_app: Any) -> None:
    from . import forward
    from .events import Watches
    from .routes import routes

    watches = Watches(server_app.event_logger)
    base = server_app.web_app.settings["base_url"]
    server_app.web_app.add_handlers(".*$", routes(base, watches))
    server_app.web_app.add_handlers(".*$", forward.routes(base))
    server_app.log.info("jupyter_crater: routes under crater/")
