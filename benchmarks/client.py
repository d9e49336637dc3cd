"""`job.client()` against a bare openai client: time to the first token, on a scripted server."""

import json
import os
import statistics
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

RUNS = 200


class Scripted(BaseHTTPRequestHandler):
    """Streams three chunks, the first after 10 ms."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(0.01)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for word in ("a", "b", "c"):
            chunk = {
                "id": "1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "m",
                "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}],
            }
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.wfile.flush()
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: Any) -> None:
        return


def first_token(client: Any) -> float:
    started = time.perf_counter()
    stream = client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "hi"}], stream=True
    )
    next(iter(stream))
    taken = time.perf_counter() - started
    for _ in stream:
        pass
    return taken


def main() -> None:
    import openai

    from jupyter_crater import templating
    from jupyter_crater.api import job
    from jupyter_crater.backends.local import store
    from jupyter_crater.spec import Observation

    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JUPYTER_CRATER_STATE"] = folder
        made = store.create("bench")
        spec = templating.template("vllm-single").render({"model": "m"}).to_json()
        attempt = store.add_attempt(made, {"spec": spec, "asked": spec})
        attempt.write_run(ports={"api": port})
        attempt.record(Observation(time.time(), "phase", "serving"))
        ours = job("bench").client()
        bare = openai.OpenAI(
            base_url=f"http://127.0.0.1:{port}/v1", api_key=Path(made.path / "key").read_text()
        )
        pairs = [(first_token(bare), first_token(ours)) for _ in range(RUNS + 5)][5:]
    a, b = (statistics.median(column) * 1000 for column in zip(*pairs, strict=True))
    print(f"first token: bare {a:.2f} ms, job.client() {b:.2f} ms: {b - a:+.2f} ms (goal ≤ +5)")
    os.environ.pop("JUPYTER_CRATER_STATE")
    server.shutdown()
