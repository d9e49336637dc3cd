"""Stands in for the node wait: asks the stand-in head who has joined."""

import argparse
import json
import socket
import sys
import time


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--expect", type=int, required=True)
    parser.add_argument("--timeout", type=float, required=True)
    options = parser.parse_args()
    host, _, port = options.address.partition(":")
    deadline = time.monotonic() + options.timeout
    seen: set[str] = set()
    while time.monotonic() < deadline:
        try:
            with (
                socket.create_connection((host, int(port)), timeout=1) as connection,
                connection.makefile("rw") as file,
            ):
                file.write(json.dumps({}) + "\n")
                file.flush()
                nodes = json.loads(file.readline())
        except (OSError, ValueError):
            time.sleep(0.05)
            continue
        for label in sorted(nodes.keys() - seen):
            seen.add(label)
            task, _, index = label.partition("-")
            row = {"task": task, "index": int(index or 0), "node": nodes[label], "ip": "127.0.0.1"}
            print(json.dumps(row), flush=True)
        if len(seen) >= options.expect:
            print(json.dumps({"ready": True}), flush=True)
            return 0
        time.sleep(0.05)
    wanted = ["head", *(f"worker-{i}" for i in range(options.expect - 1))]
    print(json.dumps({"missing": [w for w in wanted if w not in seen]}), flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
