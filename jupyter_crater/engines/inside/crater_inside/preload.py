"""Imported by :mod:`sitecustomize` in every Ray worker process, before Ray gives it work.

Ray starts idle workers together with a node; vLLM's imports (5 s) then overlap with the start of
the API server instead of following it.
"""

from __future__ import annotations

import socket
from typing import Any

from crater_inside import rehearsal_platform
from crater_inside.quick import quick_imports

with quick_imports():
    import vllm.v1.executor.ray_executor_v2 as executor

    if rehearsal_platform():
        import crater_inside.worker as _worker  # noqa: F401 - imported for its imports

_TCPStore = executor.TCPStore


def loopback_store(host_name: str, port: int = 0, **arguments: Any) -> Any:
    """torch's TCPStore, its server listening on ``host_name`` alone where that is the loopback.

    By itself TCPStore listens on every interface, whatever its host name.
    """
    if arguments.get("is_master") and host_name.startswith("127."):
        listener = socket.create_server((host_name, port), backlog=128)
        port = listener.getsockname()[1]
        arguments["master_listen_fd"] = listener.detach()
    return _TCPStore(host_name, port, **arguments)


executor.TCPStore = loopback_store
