"""The Jupyter server extension: the calls of the views as REST routes under ``crater/``."""

from __future__ import annotations

import os
from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "jupyter_crater.server"}]


def _load_jupyter_server_extension(server_app: Any) -> None:
    from .. import config
    from . import forward
    from .events import Watches
    from .nodelay import kernels_at_once
    from .routes import routes
    from .settings import Crater

    kernels_at_once()
    set_to = Crater(parent=server_app)
    watches = Watches(server_app.event_logger, poll=set_to.poll_seconds, rest=set_to.rest_seconds)
    base = server_app.web_app.settings["base_url"]
    server_app.web_app.add_handlers(".*$", routes(base, watches))
    # For itself and all it starts: no link of theirs leads where no route is.
    os.environ[config.KEYS["forward"].env] = str(set_to.forward).lower()
    if set_to.forward:
        server_app.web_app.add_handlers(".*$", forward.routes(base, read=set_to.engine_seconds))
    server_app.log.info("jupyter_crater: routes under crater/")
