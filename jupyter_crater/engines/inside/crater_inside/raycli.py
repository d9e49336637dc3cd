"""``python -m crater_inside.raycli ARGUMENTS``: the ``ray`` command, its nodes on 127.0.0.1 (Ray 2.60).

Ray replaces a loopback address by the host's own, and its GCS, raylets and workers then listen on
every interface. Only the node address 127.0.0.1 keeps them back, and Ray grants it where it takes
the system for a single-node one; but there it refuses a second node. So the nodes are told that it
is one, and this command isn't.
"""

from __future__ import annotations

import os
import sys

from ray._private import services
from ray._private.node import Node
from ray.scripts import scripts

LOOPBACK = "127.0.0.1"


def stay_on_loopback() -> None:
    """Make this process and the Ray processes that it starts use 127.0.0.1 as their address."""
    services.resolve_ip_for_localhost = lambda host: host
    services.get_node_ip_address = lambda *_, **__: LOOPBACK
    # Read at import: too late for this process, in time for its children.
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"


def leave_out_servers() -> None:
    """Start no server that nobody of ours asks: the dashboard's and the Ray client's (port 10001).

    ``--include-dashboard=false`` still starts the former, and the latter has no switch.
    """
    Node.start_api_server = lambda *_, **__: None
    scripts.get_ray_client_dependency_error = lambda: "left out"


if __name__ == "__main__":
    stay_on_loopback()
    leave_out_servers()
    sys.argv[0] = "ray"
    scripts.main()
