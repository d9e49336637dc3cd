"""Stands in for `ray start --block`: a head that keeps a list of nodes, workers that join it."""

import argparse
import json
import os
import secrets
import signal
import socket
import sys
import threading
import time


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["start"])
    parser.add_argument("--head", action="store_true")
    parser.add_argument("--block", action="store_true", required=True)
    parser.add_argument("--port", type=int)
    parser.add_argument("--address")
    parser.add_argument("--labels", required=True)
    parser.add_argument("--temp-dir")
    options, _ = parser.parse_known_args()
    assert len(open(os.environ["RAY_AUTH_TOKEN_PATH"]).read()) == 64
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))  # as `ray start --block` does
    label = options.labels.removeprefix("crater-task=")
    node = secrets.token_hex(28)
    if options.head:
        head(options.port, label, node, options.temp_dir)
    else:
        worker(options.address, label, node)


def head(port: int, label: str, node: str, temp: str) -> None:
    nodes = {label: node}
    os.makedirs(os.path.join(temp, "session_1", "logs"), exist_ok=True)
    with open(os.path.join(temp, "session_1", "logs", "gcs_server.out"), "w") as file:
        file.write("the head's own log\n")
    server = socket.create_server(("127.0.0.1", port))
    print("Ray runtime started.", flush=True)

    def serve(connection: socket.socket) -> None:
        with connection, connection.makefile("rw") as file:
            joined = None
            for line in file:
                request = json.loads(line)
                if "join" in request:
                    joined = request["join"]
                    nodes[joined] = request["node"]
                file.write(json.dumps(nodes) + "\n")
                file.flush()
            if joined:
                nodes.pop(joined, None)

    while True:
        connection, _ = server.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def worker(address: str, label: str, node: str) -> None:
    host, _, port = address.partition(":")
    deadline = time.monotonic() + 20
    if os.environ.get("CRATER_STAND_IN_JOIN") == "never":
        signal.pause()
    while True:
        try:
            connection = socket.create_connection((host, int(port)))
            break
        except OSError:
            if time.monotonic() > deadline:
                sys.exit(f"could not reach the head at {address}")
            time.sleep(0.05)
    with connection.makefile("rw") as file:
        file.write(json.dumps({"join": label, "node": node}) + "\n")
        file.flush()
        file.readline()
        print("Ray runtime started.", flush=True)
        file.readline()  # until the head is gone
    sys.exit("The head is gone.")


if __name__ == "__main__":
    main()
