"""The figures of /metrics: a real answer of vLLM, the dialects of older and other engines."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from jupyter_crater.metrics import as_text, between, fetch, parse

REAL = (Path(__file__).parent / "data" / "metrics" / "vllm-0.32.txt").read_text()


def test_a_real_answer_of_vllm():
    found = parse(REAL)
    assert found["running"] == found["waiting"] == found["kv_use"] == 0
    assert found["prompt_tokens"] == 125
    assert found["generation_tokens"] == 72
    assert found["requests"] == 4
    assert found["ttft"] == pytest.approx(0.33742 / 4, abs=1e-5)
    assert found["tpot"] == pytest.approx(3.34715 / 68, abs=1e-5)


def test_v0_and_labels_with_braces():
    text = (
        'vllm:num_requests_running{model_name="a}b c"} 3.0\n'
        'vllm:num_requests_waiting{model_name="x"} 2\n'
        'vllm:gpu_cache_usage_perc{model_name="x"} 0.25\n'
        'vllm:time_per_output_token_seconds_sum{model_name="x"} 4\n'
        'vllm:time_per_output_token_seconds_count{model_name="x"} 8\n'
    )
    found = parse(text)
    assert (found["running"], found["waiting"], found["kv_use"], found["tpot"]) == (3, 2, 0.25, 0.5)
    assert "ttft" not in found


def test_engines_of_one_server_are_added_and_their_cache_averaged():
    text = "".join(
        f'vllm:num_requests_running{{engine="{n}"}} {n + 1}\n'
        f'vllm:kv_cache_usage_perc{{engine="{n}"}} {n * 0.5}\n'
        for n in range(2)
    )
    assert parse(text) == {"running": 3, "kv_use": 0.25}


def test_waiting_by_reason_is_another_metric():
    text = 'vllm:num_requests_waiting{engine="0"} 1\nvllm:num_requests_waiting_by_reason{reason="capacity"} 1\n'
    assert parse(text)["waiting"] == 1


def test_sglang():
    text = 'sglang:num_running_reqs{m="x"} 5\nsglang:num_queue_reqs{m="x"} 1\nsglang:token_usage{m="x"} 0.5\n'
    assert parse(text) == {"running": 5, "waiting": 1, "kv_use": 0.5}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>404</html>",
        "{}",
        "vllm:num_requests_running{} x",
        "vllm:num_requests_running NaN",
    ],
)
def test_what_is_no_metrics_gives_nothing(text):
    assert parse(text) == {}


def test_an_interval():
    before = parse(REAL)
    after = before | {
        "generation_tokens": 172.0,
        "ttft_sum": before["ttft_sum"] + 3,
        "ttft_count": 6.0,
        "running": 2.0,
    }
    found = between(before, after, 10)
    assert found["tokens_per_second"] == 10
    assert found["prompt_tokens_per_second"] == 0
    assert found["ttft"] == pytest.approx(1.5)
    assert found["running"] == 2
    assert "tpot" not in found


def test_an_engine_that_started_again_counts_from_zero():
    assert (
        between({"generation_tokens": 100}, {"generation_tokens": 20}, 10)["tokens_per_second"] == 2
    )
    assert "tokens_per_second" not in between({}, {"generation_tokens": 20}, 0)


@pytest.fixture
def server():
    """An engine that answers /metrics to the key "k", and only it; ``late`` answers too late."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path.startswith("/late"):
                time.sleep(0.5)
            allowed = self.headers["Authorization"] == "Bearer k"
            self.send_response(200 if allowed else 401)
            self.end_headers()
            self.wfile.write(REAL.encode())

        def log_message(self, *_):
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()


def test_figures_are_fetched_and_never_wait_long(server):
    assert fetch(server, "k")["generation_tokens"] == 72
    assert fetch(server) is None
    assert fetch(f"{server}/late", "k", bound=0.1) is None
    assert fetch("http://127.0.0.1:1") is None


def test_figures_in_one_line():
    assert as_text(parse(REAL)) == (
        "0 running, 0 waiting, KV cache 0 %, first token after 0.08 s, 20.3 tokens/s a request"
    )
    assert as_text({}) == ""
