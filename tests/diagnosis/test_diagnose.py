"""What explains what, in which order, and with which numbers."""

from __future__ import annotations

import json
import textwrap

import pytest

from jupyter_crater.diagnosis import Fix, conditions, diagnose, from_log, match
from jupyter_crater.diagnosis.text import plain, streams
from jupyter_crater.spec import EngineSettings, JobSpec, Observation, Provenance, Resources, Task
from tests.diagnosis.table import cases

KV = (
    "ValueError: To serve at least one request with the model's max seq len (131072), (7.0 GiB KV cache is needed, "
    "which is larger than the available KV cache memory (4.92 GiB). Based on the available memory, the estimated "
    "maximum model length is 92208. Try increasing `gpu_memory_utilization`."
)


def job(**settings) -> JobSpec:
    return JobSpec(
        kind="engine",
        title="T",
        tasks=(Task(name="main", resources=Resources(shm_gib=4, memory_gib=32)),),
        engine=EngineSettings(model="/models/m", **settings),
        provenance=Provenance(template="t", version="1"),
    )


def first(text: str, spec: JobSpec | None = None, task: str = "head"):
    return diagnose(from_log(text, task=task), spec=spec)[0]


def sets(card) -> dict:
    found: dict = {}
    for fix in reversed(card.fixes):
        found |= fix.set
    return found


def test_the_contract():
    data = json.loads(json.dumps(first(KV).to_json()))
    assert set(data) == {"id", "title", "confidence", "evidence", "explanation", "fixes", "links"}
    assert data["evidence"] == [{"task": "head", "time": None, "line": KV}]
    assert data["fixes"][0] == {
        "label": "a context of 92208 tokens fits",
        "set": {"max_model_len": 92208},
    }


@pytest.mark.parametrize(
    ("line", "length"),
    [
        (KV, 92208),
        (
            "The model's max seq len (8192) is larger than the maximum number of tokens that can be stored in KV cache (5184).",
            5184,
        ),
        # vLLM 0.8 named no length: by proportion, in whole blocks
        (
            "To serve at least one request with the models's max seq len (8192), (2.00 GB KV cache is needed, which is larger than the available KV cache memory (1.00 GB).",
            4096,
        ),
    ],
)
def test_the_length_that_fits(line, length):
    assert sets(first(line))["max_model_len"] == length


@pytest.mark.parametrize(
    ("line", "settings", "expected"),
    [
        (
            "ValueError: Total number of attention heads (40) must be divisible by tensor parallel size (3).",
            {},
            {"tensor_parallel": 2},
        ),
        (
            "ValueError: Free memory on device (60.0/80.0 GiB) on startup is less than desired GPU memory utilization (0.9, 72.0 GiB).",
            {},
            {"gpu_memory_utilization": 0.74},
        ),
        (
            "CUDA out of memory occurred when warming up sampler with 256 dummy requests.",
            {},
            {"max_num_seqs": 128},
        ),
        (
            "CUDA out of memory occurred when warming up sampler with 256 dummy requests.",
            {"gpu_memory_utilization": 0.95},
            {"gpu_memory_utilization": 0.9},
        ),
        (
            "World size (4) is larger than the number of available GPUs (2) in this node.",
            {},
            {"tensor_parallel": 2},
        ),
        (
            "User-specified max_model_len (16384) is greater than the derived max_model_len (max_position_embeddings=8192.0 or model_max_length=None in model's config.json).",
            {},
            {"max_model_len": 8192},
        ),
        (
            "Bfloat16 is only supported on GPUs with compute capability of at least 8.0.",
            {},
            {"dtype": "half"},
        ),
        (
            "OSError: [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use",
            {},
            {"port": 8001},
        ),
        ("Call to posix_fallocate failed : No space left on device", {}, {"shm_gib": 8.0}),
        (
            "NotImplementedError: Pipeline parallelism is not supported for this model.",
            {"tensor_parallel": 2, "pipeline_parallel": 2},
            {"tensor_parallel": 4, "pipeline_parallel": 1},
        ),
        (
            "RuntimeError: CUDA error: no kernel image is available for execution on the device",
            {},
            {"engine_version": "0.8.5.post1"},
        ),
    ],
)
def test_fixes_hold_numbers_of_the_line_and_the_job(line, settings, expected):
    found = sets(first(line, job(**settings)))
    assert expected.items() <= found.items()


def test_every_fix_sets_what_a_template_or_a_launch_takes():
    from jupyter_crater import template
    from jupyter_crater.diagnosis import RULES

    known = {*template("deepseek-r1-distributed").parameters, "lease"}
    for rule in RULES:
        if not callable(rule.fixes):
            assert {k for f in rule.fixes for k in f.set} <= known, rule.id
    for case in cases():
        for card in diagnose(case.observations, spec=job(tensor_parallel=2)):
            assert {k for f in card.fixes for k in f.set} <= known, (case.name, card.id)


def test_a_fix_that_can_not_be_set_says_it_in_words():
    card = first(KV).within({"tensor_parallel"})
    assert card.fixes[0] == Fix("a context of 92208 tokens fits [max_model_len = 92208]")
    assert card.fixes[-1].set == {"tensor_parallel": 2}


def test_settings_are_read_from_a_log_alone():
    said = "non-default args: {'model': 'm', 'tensor_parallel_size': 4, 'max_num_seqs': 64, 'gpu_memory_utilization': 0.95}"
    oom = "CUDA out of memory occurred when warming up sampler with 64 dummy requests."
    assert sets(first(f"{said}\n{oom}"))["gpu_memory_utilization"] == 0.9
    load = "  File x, line 1, in load_model\ntorch.OutOfMemoryError: CUDA out of memory."
    assert sets(first(f"{said}\n{load}"))["tensor_parallel"] == 8
    assert sets(first(f"vllm serve m -tp 2\n{load}"))["tensor_parallel"] == 4


def test_a_dead_worker_explains_the_head():
    seen = [
        Observation(
            9.0,
            "log",
            "",
            "RayWorkerProc rank=[1] died unexpectedly, shutting down executor.",
            "head",
        ),
        Observation(
            9.0,
            "log",
            "",
            "vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue.",
            "head",
        ),
        Observation(5.0, "event", "OOMKilled", "Container worker was killed", "worker"),
    ]
    assert [d.id for d in diagnose(seen)] == ["host-out-of-memory"]
    assert [d.id for d in diagnose(seen[:2])] == ["worker-died"]
    assert [d.confidence for d in diagnose(seen[1:2])] == ["low"]


WAITS = (
    "(EngineCore pid=9) WARNING 11-26 05:14:59 [ray_utils.py:613] The number of required GPUs exceeds the total "
    "number of available GPUs in the placement group."
)
REFUSED = (
    "[2026-11-26 05:16:00,838 W 30 30] gcs_client.cc:210: Failed to get cluster ID from GCS server: "
    "Unauthenticated: RPC error: InvalidAuthToken: Authentication token is missing or incorrect"
)
NO_HEAD = (
    "[2026-11-26 05:13:48,853 W 25 25] rpc_client.h:153: Failed to connect to GCS at address 10.0.0.9:6379 "
    "within 5 seconds."
)


@pytest.mark.parametrize(
    ("line", "id_"), [(REFUSED, "ray-token"), (NO_HEAD, "head-unreachable")], ids=["token", "head"]
)
def test_what_failed_in_a_worker_explains_a_head_that_waits(line, id_):
    head, worker = from_log(WAITS), from_log(line, task="worker")
    assert [d.id for d in diagnose(head)] == ["placement-group-pending"]
    assert [d.id for d in diagnose([*head, *worker])] == [id_]


def test_what_the_waiting_task_says_of_the_head_is_no_explanation():
    assert [d.id for d in diagnose(from_log(f"{NO_HEAD}\n{WAITS}"))] == ["placement-group-pending"]


def test_the_surer_comes_first_then_the_earlier():
    seen = [
        Observation(8.0, "event", "Evicted", "The node was low on resource: memory.", "worker"),
        Observation(3.0, "event", "FailedMount", "MountVolume.SetUp failed for volume x", "head"),
        Observation(1.0, "exit", "exited", "", "head", data={"code": 137}),
    ]
    assert [d.id for d in diagnose(seen)] == ["mount-failed", "evicted", "host-out-of-memory"]


def test_an_earlier_attempt_is_history():
    failed = Observation(1.0, "event", "OOMKilled", "", "worker")
    again = Observation(5.0, "phase", "queued", "", data={"attempt": 2})
    assert diagnose([failed])
    assert diagnose([failed, again]) == []


def test_a_previous_container_counts_until_the_task_serves():
    line = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1 GiB."
    before = Observation(1.0, "log", "", line, "head", 0, {"previous": True})
    starting = Observation(2.0, "log", "", "INFO 11-23 22:00:00 [x.py:1] starting", "head", 0)
    serving = Observation(3.0, "log", "", "INFO:     Application startup complete.", "head", 0)
    assert diagnose([before, starting])[0].id == "gpu-out-of-memory"
    assert diagnose([before, starting, serving]) == []


def test_nothing_seen_gives_nothing():
    assert diagnose([]) == []
    assert from_log("") == []


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_wrapped_at_words(width):
    for line, id_ in (
        (KV, "kv-cache-too-small"),
        (
            "ValueError: Total number of attention heads (56) must be divisible by tensor parallel size (3).",
            "heads-not-divisible",
        ),
        (
            "Raylet is terminated. Termination is unexpected. Possible reasons include: (1) SIGKILL",
            "ray-process-died",
        ),
        (
            "Bfloat16 is only supported on GPUs with compute capability of at least 8.0. Your V100 GPU has 7.0.",
            "bfloat16-unsupported",
        ),
    ):
        card = first("\n".join(textwrap.wrap(line, width)))
        assert (card.id, card.confidence) == (id_, "high")


@pytest.mark.parametrize(
    ("raw", "text", "quiet"),
    [
        (
            "(EngineCore pid=1) ERROR 11-23 22:00:00 [core.py:1] ValueError: x",
            "ValueError: x",
            False,
        ),
        (
            "(RayWorkerWrapper pid=1, ip=10.0.0.1) ERROR 11-23 22:00:00 worker_base.py:148] boom",
            "boom",
            False,
        ),
        ("2025-01-01T00:00:00.1Z stdout F WARNING 01-01 00:00:00 [a.py:1] hm", "hm", True),
        ('{"log":"ERROR 01-01 00:00:00 [a.py:1] x\\n","stream":"stderr"}', "x", False),
        (
            "INFO 2026-11-23T22:00:00.09Z [resource.labels.containerName: engine] (E pid=2) ERROR 11-23 22:00:00 [v1/engine/core.py:842] x",
            "x",
            False,
        ),
        ("\x1b[36m(RayWorker pid=5)\x1b[0m [rank1]: y", "y", False),
        ("  0%|   | 0/2\r100%|###| 2/2", "100%|###| 2/2", False),
        ("[2026-11-23 22:49:20,592 W 3 3] gcs_client.cc:210: z", "z", True),
        ("{not json}", "{not json}", False),
    ],
)
def test_prefixes(raw, text, quiet):
    assert plain(raw) == (text, quiet)


def test_times_of_a_log_file():
    seen = from_log("x\n2026-11-23T22:00:00.5Z a\nb\n2026-99-99 00:00:00 c", task="worker")
    assert [o.time for o in seen] == [0.0, 1795471200.5, 1795471200.5, 1795471200.5]
    assert {o.task for o in seen} == {"worker"}


def test_what_makes_a_large_log_quick():
    """Most lines call themselves INFO and are not searched; a line without an end is cut."""
    line = (
        "(EngineCore pid=1) INFO 11-23 22:00:00 [loggers.py:1] Avg prompt throughput: 1.0 tokens/s"
    )
    seen = from_log("\n".join([line] * 20_000))
    assert streams(seen)[0].loud == ""
    assert diagnose(seen) == []
    cause = "RuntimeError: CUDA error: no kernel image is available for execution on the device"
    assert diagnose(from_log("1" * 20_000 + cause)) == []
    assert first(f"{'1' * 5_000} {cause}").id == "gpu-arch-unsupported"


def test_a_node_that_ray_knows_by_another_address_is_said():
    asked = "Error: No available node types can fulfill resource request"
    card = first(f"{asked} {{'node:10.4.0.8': 0.001, 'GPU': 1.0}}")
    assert card.id == "placement-group-pending"
    assert any("no 10.4.0.8: VLLM_HOST_IP" in fix.label for fix in card.fixes)
    assert not any("VLLM_HOST_IP" in fix.label for fix in first(f"{asked} {{'GPU': 1.0}}").fixes)


def test_several_sure_causes_are_told_less_surely():
    no_gpu = "RuntimeError: No CUDA GPUs are available"
    port = "OSError: [Errno 98] Address already in use"
    alone, both = diagnose(from_log(no_gpu)), diagnose(from_log(f"{no_gpu}\n{port}"))
    assert [d.confidence for d in alone] == ["high"]
    assert {d.confidence for d in both} == {"medium"}
    assert len(both) == 2


def test_what_follows_a_stop_is_no_failure():
    dead = "ERROR async_llm.py:704] vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue."
    assert first(dead).id == "engine-died"
    asked = "INFO core.py:1214] [shutdown] EngineCore: trigger received signal=SIGTERM"
    assert diagnose(from_log(f"{asked}\n{dead}")) == []


def test_a_pod_on_its_way_is_no_failure():
    pending = "Warning  FailedScheduling  0/4 nodes are available: 4 Insufficient nvidia.com/gpu."
    assert first(pending).id == "unschedulable-gpu"
    added = "Normal  TriggeredScaleUp  pod triggered scale-up: [{gpu-pool 0->1 (max: 8)}]"
    assert diagnose(from_log(f"{pending}\n{added}")) == []
    assert first(f"{pending}\n{added}\n{pending}").id == "unschedulable-gpu"
    other = "1m  Normal  Started  pod/other-7  Started container engine"
    of_a_pod = (
        "2m  Warning  FailedMount  pod/engine-0  Unable to attach or mount volumes: timed out"
    )
    assert first(f"{of_a_pod}\n{other}").id == "mount-failed"
    assert diagnose(from_log(f"{of_a_pod}\n{other.replace('other-7', 'engine-0')}")) == []


def test_a_status_says_the_word_of_the_card():
    from jupyter_crater.diagnosis import RULES
    from jupyter_crater.engines import lines

    known = {rule.id for rule in RULES}
    assert {f.code for f in lines._FAILURES} - known == set()
    line = "api_server.py: error: unrecognized arguments: --use-v2-block-manager"
    found = lines.decisive([line])
    assert found is not None
    assert found[0] == first(line).id == "removed-flag"


def test_what_a_backend_concluded_is_a_card():
    from jupyter_crater.diagnosis import RULES

    for rule in RULES:
        seen = Observation(1.0, "phase", "failed", "It ended.", data={"code": rule.id})
        assert [d.id for d in diagnose([seen])] == [rule.id]
        assert diagnose(from_log(f"{rule.id}: a log may say so")) == []


def test_an_engine_that_fails_at_each_request_is_looked_at_a_bounded_number_of_times(monkeypatch):
    looked = []
    found = conditions._stage
    monkeypatch.setattr(conditions, "_stage", lambda hit: looked.append(hit) or found(hit))
    line = "ERROR 05-08 19:01:40 [core.py:962] torch.OutOfMemoryError: CUDA out of memory."
    (card,) = diagnose(from_log("\n".join([line] * 2_000)))
    assert card.id == "gpu-out-of-memory"
    assert len(looked) <= match._TRIED
