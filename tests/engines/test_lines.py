"""What real log lines mean: phases, figures, and the one line that says why it failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_crater.engines import decisive, plain, read_line

LOGS = Path(__file__).parents[1] / "data" / "logs"


def lines(name: str) -> list[str]:
    return (LOGS / f"{name}.log").read_text(errors="replace").splitlines()


def meanings(name: str):
    return [m for line in lines(name) for m in read_line(line)]


def facts(name: str):
    return {m.reason: m.data["value"] for m in meanings(name) if m.kind == "fact"}


FULL = ["starting-engine", "loading-weights", "warming-up", "serving"]


@pytest.mark.parametrize(
    ("log", "phases"),
    [
        ("good-pp2-two-nodes-full", FULL),
        ("good-tp3-two-nodes-full", FULL),
        ("gpu-q7-default", FULL),
        ("gpu-gemma27", FULL),
        ("gpu-ray-q32-tp2-seed", FULL),
        ("good-ray-head", []),
        ("good-ray-worker", []),
        ("fail-tp2-9heads", ["starting-engine"]),
        ("gpu-l70-oom-tp1", ["starting-engine", "loading-weights"]),
    ],
)
def test_phases(log, phases):
    seen = [m.reason for m in meanings(log) if m.kind == "phase"]
    assert list(dict.fromkeys(seen)) == phases


def test_facts_of_a_gpu_start():
    assert facts("gpu-q7-default") == {
        "weights_gib": 14.32,
        "compile_seconds": 30.86,
        "kv_cache_gib": 57.18,
        "kv_cache_tokens": 1_070_576,
        "max_concurrency": 32.67,
        "cuda_graphs_gib": 0.89,
        "init_engine_seconds": 50.92,
    }


def test_facts_of_a_rehearsal():
    assert facts("good-pp2-two-nodes-full") == {
        "load_seconds": 0.18,
        "kv_cache_gib": 0.29,
        "kv_cache_tokens": 13_568,
        "max_concurrency": 6.62,
        "init_engine_seconds": 1.43,
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [  # the V0 dialect (0.6 to 0.8), as in vllm/worker/worker.py and model_runner.py
        (
            "INFO 02-14 12:00:00 model_runner.py:1115] Loading model weights took 13.9476 GB",
            ("weights_gib", 13.9476),
        ),
        (
            "the rest of the memory reserved for KV Cache is 8.69GiB.",
            ("kv_cache_gib", 8.69),
        ),
        (
            "INFO executor_base.py:110] # CUDA blocks: 5096, # CPU blocks: 2730",
            ("kv_cache_blocks", 5096),
        ),
    ],
)
def test_the_older_dialect(line, expected):
    (found,) = [m for m in read_line(line) if m.kind == "fact"]
    assert (found.reason, found.data["value"]) == expected


def test_progress_of_shards_and_graphs():
    shards = read_line(
        "(RayWorkerProc pid=4) Loading safetensors checkpoint shards:  38% Completed | 3/8 [00:01"
    )
    assert shards[0].data == {"done": 3, "total": 8, "unit": "shards"}
    seen = [m for m in meanings("gpu-q7-default") if m.reason == "graphs"]
    assert (seen[-1].data["done"], seen[-1].data["total"]) == (51, 51)


@pytest.mark.parametrize(
    ("log", "code", "words"),
    [
        ("fail-bad-flag", "unknown-flag", "unrecognized arguments: --no-such-flag"),
        ("fail-kv-too-small", "kv-cache-too-small", "max seq len (8192)"),
        ("fail-max-model-len-over-model", "context-too-long", "max_model_len (16384)"),
        ("fail-model-path-missing", "model-not-found", "LocalEntryNotFoundError"),
        ("fail-placement-group-more-gpus-than-there-are", "placement-group-pending", "3.0 GPUs"),
        ("fail-port-in-use", "port-in-use", "Address already in use"),
        ("fail-reasoning-parser-no-think-tokens", "reasoning-parser", "think start/end"),
        ("fail-tp2-9heads", "heads-not-divisible", "attention heads (9)"),
        ("fail-kill9-worker-actor-timeout20.server", "worker-died", "rank=[1] died"),
        ("gpu-l70-oom-tp1", "gpu-out-of-memory", "Tried to allocate 896.00 MiB"),
        (
            "gpu-q7-util-over",
            "invalid-setting",
            "gpu_memory_utilization: Input should be less than",
        ),
        ("fail-kill9-gcs-on-head.ray-head", "ray-process-died", "gcs_server [exit code=-9]"),
        ("fail-kill9-raylet-of-worker-node.ray-worker", "ray-process-died", "raylet [exit code"),
        ("fail-worker-node-never-joins", "placement-group-pending", "placement group of specs"),
        ("fail-ray-multi-node", "ray-local-nodes", "Multi-node Ray clusters"),
        ("gpu-ray-nohead-tp2", "head-unreachable", "Failed to connect to GCS"),
        ("gpu-q7-tp4-mp-2gpus", "too-few-gpus", "World size (4)"),
        ("gpu-q7-badflag", "unknown-flag", "--max-model-length"),
        ("gpu-bad-path", "model-not-found", "/models/DeepSeek-R1-Distill-Qwen-32B"),
        ("gpu-q7-len131072-kv-toosmall", "kv-cache-too-small", "max seq len (131072)"),
    ],
)
def test_the_decisive_line(log, code, words):
    found = decisive(lines(log))
    assert found is not None
    assert found[0] == code
    assert words in found[1]
    assert "pid=" not in found[1], "prefixes are off"


@pytest.mark.parametrize("path", sorted(LOGS.glob("*good*.log")), ids=lambda p: p.stem)
def test_a_good_log_has_no_failure(path):
    text = path.read_text(errors="replace").splitlines()
    assert decisive(text) is None
    assert not [m for line in text for m in read_line(line) if m.kind == "event"]


def test_a_config_dump_is_no_failure():
    line = next(x for x in lines("gpu-ray-q32-tp2-seed") if "trust_remote_code=True" in x)
    assert not [m for m in read_line(line) if m.kind == "event"]


def test_prefixes_and_colours_go():
    line = (
        "\x1b[36m(RayWorkerProc pid=7, ip=10.0.0.2)\x1b[0m (Worker_PP0 pid=7) ERROR 11-23 "
        "22:45:03 [core.py:1510] ValueError: no"
    )
    assert plain(line) == "ValueError: no"


def test_the_seeds_first_problem_in_the_older_dialect():
    line = (
        "(RayWorkerWrapper pid=9, ip=10.0.0.2) ERROR 02-14 12:00:00 engine.py:389] ValueError: "
        "Bfloat16 is only supported on GPUs with compute capability of at least 8.0. Your Tesla "
        "V100-SXM2-32GB GPU has compute capability 7.0."
    )
    found = decisive([line, "RuntimeError: Engine process failed to start."])
    assert found is not None
    assert found[0] == "bfloat16-unsupported"
    assert found[1].startswith("ValueError: Bfloat16 is only")


def test_what_a_dead_worker_means_while_serving():
    (found,) = read_line(
        "(EngineCore pid=1) ERROR 11-23 22:40:31 [x.py:1] RayWorkerProc rank=[1] died unexpectedly, shutting down executor."
    )
    assert found.reason == "worker-died"
    assert found.data["fatal"]
    assert found.observation(1.0, "head", 0).task == "head"


@pytest.mark.timeout(60)  # linear: a second; square: minutes
def test_hostile_lines_are_harmless():
    for line in ("Error" * 200_000, "Capturing CUDA" + "|" * 500_000, "shards: " + " " * 500_000):
        read_line(line)
        decisive([line])


def test_compiling_is_told_step_by_step():
    said = [
        m.message
        for line in lines("gpu-q7-default")
        for m in read_line(line)
        if (m.kind, m.reason) == ("progress", "compile")
    ]
    assert said[0] == "compiling: tracing the model"
    assert said[1].startswith("compiling: traced in ")
    assert said[2].startswith("compiling: graph for compile range (1, 8192) in ")
