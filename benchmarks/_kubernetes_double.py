"""The API server in memory and an engine behind it, as a process of their own: so that what they cost
is not counted as ours. Prints the server's address and the engine's port, lives until its stdin ends."""

import socket
import sys
import threading

from tests.backends.kubernetes.memory import Memory

SIZE = 256 * 2**20


def engine(peer: socket.socket) -> None:
    """``s`` streams 256 MiB; any other byte comes back at once."""
    block = bytes(65536)
    with peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while word := peer.recv(1):
            if word != b"s":
                peer.sendall(word)
                continue
            for _ in range(SIZE // len(block)):
                peer.sendall(block)


def serve(listener: socket.socket) -> None:
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=engine, args=(peer,), daemon=True).start()


def main() -> None:
    api = Memory()
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    api.targets["r1-head-0"] = listener.getsockname()
    print(api.url, listener.getsockname()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
