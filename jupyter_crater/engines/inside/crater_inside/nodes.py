"""``python -m crater_inside.nodes --address HOST:PORT --expect N``: waits for a job's Ray nodes.

One JSON line a node as it joins, then ``{"ready": true}``; or, when the time is over,
``{"missing": ["worker-1"]}`` and exit code 1. Nodes are told apart by the label that they were
started with (``--labels=crater-task=worker-0``): locally all have one address.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import time
from typing import Any

from ray._raylet import GcsClient

LABEL = "crater-task"


def task(label: str) -> tuple[str, int]:
    """ "worker-3" → ("worker", 3); "head" → ("head", 0)."""
    name, _, index = label.rpartition("-")
    return (name, int(index)) if name and index.isdigit() else (label, 0)


def connected(address: str) -> GcsClient:
    """A client of the head's GCS; raises OSError while nobody listens, where Ray's waits 40 s."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), timeout=1).close()
    return GcsClient(address=address)


def alive(client: GcsClient) -> dict[str, dict[str, Any]]:
    """The living nodes by label."""
    nodes = {}
    for node_id, node in client.get_all_node_info(timeout=2).items():
        label = dict(node.labels).get(LABEL)
        if label and node.state == 0:  # GcsNodeInfo.ALIVE
            name, index = task(label)
            ip = node.node_manager_address
            nodes[label] = {"task": name, "index": index, "node": node_id.hex(), "ip": ip}
    return nodes


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="nodes", description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--expect", type=int, required=True, help="nodes, the head included")
    parser.add_argument("--timeout", type=float, default=120)
    options = parser.parse_args()
    expected = ["head", *(f"worker-{index}" for index in range(options.expect - 1))]
    end = time.monotonic() + options.timeout
    client, seen = None, {}
    while time.monotonic() < end:
        try:
            client = client or connected(options.address)
            joined = alive(client)
        except Exception:  # noqa: BLE001 - the head isn't there yet, and Ray has no one error for it
            client, joined = None, {}
        for label in joined.keys() - seen.keys():
            say(joined[label])
        seen |= joined
        if all(label in seen for label in expected):
            say({"ready": True})
            return 0
        time.sleep(0.1)
    say({"missing": [label for label in expected if label not in seen]})
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
