"""``python -m tests.doubles.crater_server [PORT]``: the double as a process of its own."""

from __future__ import annotations

import sys

from .app import App
from .transport import server
from .world import seed

if __name__ == "__main__":
    listening = server(App(seed()), int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(f"http://127.0.0.1:{listening.server_address[1]}", flush=True)
    listening.serve_forever()
