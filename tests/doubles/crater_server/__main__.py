"""``python -m tests.doubles.crater_server [PORT]``: the double as a process of its own."""

from __future__ import annotations

import sys

from .app import App
from .transport import server
from .world import seed

STARTED = [  # what vLLM says on its way: the jobs of this cluster come to serve
    "INFO 11-24 08:00:00 [api_server.py:1034] vLLM API server version 0.8.5.post1",
    "INFO 11-24 08:00:10 [gpu_model_runner.py:1276] Starting to load model /models/x...",
    "INFO 11-24 08:01:00 [loader.py:458] Loading weights took 31.50 seconds",
    "INFO:     Application startup complete.",
]

if __name__ == "__main__":
    world = seed()
    world.logs = {"master": STARTED}
    listening = server(App(world), int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(f"http://127.0.0.1:{listening.server_address[1]}", flush=True)
    listening.serve_forever()
