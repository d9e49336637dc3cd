"""Stands in for `vllm serve`: loads for a while, then answers /health and a keyed /v1."""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model = "stand-in"
    dead = False

    def do_GET(self) -> None:
        if self.path == "/health":
            return self.answer(503 if self.dead else 200, b"")
        if not self.allowed():
            return self.answer(401, b'{"error":"Unauthorized"}')
        if self.path == "/v1/models":
            rows = [{"id": self.model, "object": "model"}]
            return self.answer(200, json.dumps({"object": "list", "data": rows}).encode())
        return self.answer(404, b'{"detail":"Not Found"}')

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
        if not self.allowed():
            return self.answer(401, b'{"error":"Unauthorized"}')
        if body.get("stream"):
            return self.stream()
        text = "Gravity is a force, says the stand-in."
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        whole = {"id": "1", "object": "chat.completion", "created": 1, "model": self.model}
        return self.answer(200, json.dumps(whole | {"choices": [choice]}).encode())

    def stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for number in range(100_000):
            choice = {"index": 0, "delta": {"content": f"{number} "}, "finish_reason": None}
            chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
            data = json.dumps(chunk | {"choices": [choice]})
            self.wfile.write(f"data: {data}\n\n".encode())
            self.wfile.flush()
            time.sleep(0.05)
        self.close_connection = True

    def allowed(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {os.environ['VLLM_API_KEY']}"

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["serve"])
    parser.add_argument("model")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--served-model-name", nargs="+", default=["stand-in"])
    options, _ = parser.parse_known_args()
    assert options.host == "127.0.0.1"
    say("non-default args: {'model': 'stand-in'}")
    Handler.model = options.served_model_name[0]
    steal = os.environ.get("CRATER_STAND_IN_STEAL")
    if steal and os.path.exists(steal):
        os.remove(steal)  # once: the next start finds its port free
        say("OSError: [Errno 98] Address already in use", level="ERROR")
        sys.exit(1)
    # An engine core of its own, as vLLM has: it must not outlive the job.
    core = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(3600)"])
    load = float(os.environ.get("CRATER_STAND_IN_LOAD_S", "0.3"))
    time.sleep(load / 2)
    say("Starting to load model stand-in...")
    time.sleep(load / 2)
    if os.environ.get("CRATER_STAND_IN_FAIL"):
        say(os.environ["CRATER_STAND_IN_FAIL"], level="ERROR")
        sys.exit(1)
    server = ThreadingHTTPServer((options.host, options.port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say("Application startup complete.")
    while core.poll() is None:
        time.sleep(0.1)
    # As vLLM does it: told in the log, 503 on /health, and exit code 0 in the end.
    Handler.dead = True
    say("EngineDeadError: EngineCore encountered an issue.", level="ERROR")
    time.sleep(2)
    sys.exit(0)


def say(text: str, *, level: str = "INFO") -> None:
    print(f"(APIServer pid={os.getpid()}) {level} 11-23 22:51:03 [x.py:1] {text}", flush=True)


if __name__ == "__main__":
    main()
