"""Reading the truth back from logs of every dialect, and keeping it."""

import json
import os
from pathlib import Path

import pytest
from sizing_rows import rows

from jupyter_crater import files, sizing
from jupyter_crater.errors import NewerSchema
from jupyter_crater.sizing import measured

LOGS = Path(__file__).parents[1] / "data" / "sizing" / "logs"
STARTED = [r for r in rows("h100-0.26") if r["fits"]]

V0 = """\
INFO 03-01 10:00:00 [api_server.py:1043] vLLM API server version 0.8.5.post1
INFO 03-01 10:01:00 [model_runner.py:1140] Model loading took 15.4200 GiB and 60.123456 seconds
INFO 03-01 10:01:10 [worker.py:287] Memory profiling takes 5.11 seconds
INFO 03-01 10:01:10 [worker.py:287] the current vLLM instance can use total_gpu_memory (31.74GiB) x gpu_memory_utilization (0.90) = 28.57GiB
INFO 03-01 10:01:10 [worker.py:287] model weights take 15.42GiB; non_torch_memory takes 0.31GiB; PyTorch activation peak memory takes 1.64GiB; the rest of the memory reserved for KV Cache is 11.20GiB.
INFO 03-01 10:01:10 [executor_base.py:112] # cuda blocks: 11468, # CPU blocks: 4096
INFO 03-01 10:01:10 [executor_base.py:117] Maximum concurrency for 32768 tokens per request: 5.60x
INFO 03-01 10:01:30 [model_runner.py:1592] Graph capturing finished in 20 secs, took 0.35 GiB
""".splitlines()


@pytest.mark.parametrize("row", STARTED, ids=lambda r: r["id"])
def test_the_logs_of_0_26(row):
    m, truth = measured.read((LOGS / row["log"]).read_text("utf-8").splitlines()), row["measured"]
    gib = 2**30
    assert m.version == "0.26.0"
    assert (m.tokens, m.max_concurrency) == (truth["tokens"], truth["concurrency"])
    assert m.max_model_len == row["settings"]["max_model_len"]
    assert max(m.weights_gib) == pytest.approx(max(truth["weights_bytes"]) / gib, abs=0.006)
    assert min(m.kv_cache_gib) == pytest.approx(min(truth["kv_bytes"]) / gib, abs=0.006)
    assert max(m.activations_gib) == pytest.approx(max(truth["activation_bytes"]) / gib, abs=0.006)
    assert (m.cuda_graphs_gib or [None])[0] == truth["graphs_gib"]


def test_each_rank_is_heard():
    lines = (LOGS / "ray-q32-pp2-seed-killworker.log").read_text("utf-8").splitlines()
    m = measured.read(lines)
    assert m.weights_gib == [30.56, 30.56]
    assert sorted(m.activations_gib) == [1.58, 1.61]
    assert m.cuda_graphs_gib == [0.43, 0.43]


def test_a_restart_in_one_log_counts_once():
    lines = (LOGS / "q7-default.log").read_text("utf-8").splitlines()
    assert measured.read(lines * 2).to_json() == measured.read(lines).to_json()


def test_v0_speaks_otherwise():
    assert measured.read(V0).to_json() == {
        "version": "0.8.5.post1",
        "weights_gib": [15.42],
        "activations_gib": [1.64],
        "other_gib": [0.31],
        "kv_cache_gib": [11.2],
        "cuda_graphs_gib": [0.35],
        "total_gib": 31.74,
        "gpu_memory_utilization": 0.9,
        "tokens": 183488,
        "blocks": 11468,
        "max_model_len": 32768,
        "max_concurrency": 5.6,
    }


def test_later_releases_print_tokens_and_concurrency_on_one_line():
    line = (
        "(EngineCore pid=764) INFO 11-23 22:51:19 [kv_cache_utils.py:2327] GPU KV cache size: 13,568 "
        "tokens, Maximum concurrency for 2,048 tokens per request: 6.62x"
    )
    m = measured.read([line])
    assert (m.tokens, m.max_model_len, m.max_concurrency) == (13568, 2048, 6.62)


def test_lines_of_anything_else_say_nothing():
    assert measured.read(["", "Traceback (most recent call last):", "GiB " * 50]).to_json() == {}


def test_what_was_measured_wins_next_time_and_says_so(tmp_path):
    plan = sizing.size("DeepSeek-R1-Distill-Qwen-7B", gpu="H100-80GB", max_model_len=32768)
    truth = measured.read((LOGS / "q7-default.log").read_text("utf-8").splitlines())
    path = measured.keep(tmp_path, plan.setup, truth)
    assert path.stat().st_mode & 0o777 == 0o600
    again = sizing.size(
        "/models/DeepSeek-R1-Distill-Qwen-7B",
        gpu="H100-80GB",
        max_model_len=32768,
        measurements=tmp_path,
    )
    assert (again.fit.tokens, again.fit.low_tokens, again.fit.high_tokens) == (1070576,) * 3
    assert again.fit.concurrency == 32.67
    assert any("as measured" in said for said in again.assumed)
    assert again.to_json()["measured"]["weights_gib"] == [14.32]
    other = sizing.size(
        "DeepSeek-R1-Distill-Qwen-7B", gpu="H100-80GB", max_model_len=16384, measurements=tmp_path
    )
    assert other.measured is None


def test_nothing_to_keep(tmp_path):
    setup = sizing.size("Qwen3-8B", gpu="H100-80GB").setup
    assert measured.keep(tmp_path, setup, measured.read([])) is None
    assert measured.load(tmp_path, setup) is None


def test_the_setups_that_were_measured_last_are_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "REMEMBERED", 3)
    lengths = [1024, 2048, 4096, 8192]
    setups = {n: sizing.size("Qwen3-8B", gpu="H100-80GB", max_model_len=n).setup for n in lengths}
    for number, length in enumerate([1024, 2048, 4096, 1024, 8192]):
        path = measured.keep(tmp_path, setups[length], measured.Measured(tokens=length))
        os.utime(path, (number, number))
    left = [n for n in lengths if measured.load(tmp_path, setups[n])]
    assert left == [1024, 4096, 8192], "the one that was measured again is not the oldest"
    assert len(list(tmp_path.glob("*.json"))) == 3


def test_a_broken_or_newer_file(tmp_path):
    setup = sizing.size("Qwen3-8B", gpu="H100-80GB").setup
    path = measured.keep(tmp_path, setup, measured.Measured(tokens=16, kv_cache_gib=[1.0]))
    path.write_text(json.dumps({"schema": 99, "tokens": 16}))
    with pytest.raises(NewerSchema):
        measured.load(tmp_path, setup)
    path.write_text("{")
    assert measured.load(tmp_path, setup) is None
