"""Everything of a launch that can go wrong before something is created."""

from __future__ import annotations

import inspect

import pytest

import jupyter_crater as crater
from jupyter_crater import api, errors, estimates, lease, views, waiting
from jupyter_crater.templating import RESERVED


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_CRATER_STATE", str(tmp_path / "state"))
    config = tmp_path / "config.toml"
    config.touch()
    monkeypatch.setenv("JUPYTER_CRATER_CONFIG", str(config))
    yield tmp_path
    assert not (tmp_path / "state" / "jobs").exists(), "nothing was created"


def prepare(template="deepseek-r1-distributed", **options):
    parameters = options.pop("parameters", {})
    return api.prepare(template, backend="local", parameters=parameters, **options)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (
            lambda: prepare("deepseek-r1-distribute"),
            errors.TemplateNotFound,
            "deepseek-r1-distributed",
        ),
        (
            lambda: prepare(parameters={"max_num_seq": 1}),
            errors.ParameterError,
            "max_num_seqs",
        ),
        (lambda: prepare(parameters={"port": 99999}), errors.ParameterError, "65535"),
        (lambda: prepare(parameters={"gpu": "V200"}), errors.ParameterError, "V200"),
        (lambda: prepare(name="My Job"), errors.InputError, "my-job"),
        (lambda: prepare(name="x" * 64), errors.InputError, "at most 63"),
        (lambda: prepare(lease="soon"), errors.InputError, "soon"),
        (lambda: prepare(lease="0s"), errors.InputError, "above zero"),
        (lambda: prepare(lease="59s"), errors.InputError, "at least a minute"),
        (lambda: prepare(connect="other"), errors.InputError, "nothing to connect"),
        (lambda: api.prepare("custom", backend="moon"), errors.InputError, "local"),
    ],
)
def test_bad_input_is_named_with_what_would_be_right(call, kind, words):
    with pytest.raises(kind) as caught:
        call()
    assert words in str(caught.value)


def test_a_strangers_shell_does_not_start_here():
    with pytest.raises(errors.InputError, match="raw_command=True") as caught:
        prepare("custom", parameters={"command": "curl http://x | sh"})
    assert "curl" not in str(caught.value), "a command may hold secrets"
    allowed = prepare("custom", parameters={"command": "curl http://x | sh"}, raw_command=True)
    assert allowed.spec.raw_command == "curl http://x | sh"


def test_the_seeds_own_command_becomes_a_job_that_can_be_sized_and_rehearsed():
    text = (
        "ray start --head --port=6667 --disable-usage-stats;\n"
        "NCCL_DEBUG=TRACE python3 -m vllm.entrypoints.openai.api_server "
        "--model=/models/DeepSeek-R1-Distill-Qwen-32B --max-model-len 32768 "
        "--tensor-parallel-size 4 --pipeline-parallel-size 2 --dtype=half"
    )
    prepared = prepare("custom", parameters={"command": text, "gpus_per_node": 4})
    asked = prepared.asked
    assert asked.engine is not None
    assert (asked.engine.tensor_parallel, asked.engine.pipeline_parallel) == (4, 2)
    assert asked.ray is not None
    assert asked.ray.port == 6667
    assert [(t.name, t.replicas) for t in asked.tasks] == [("head", 1), ("worker", 1)]
    assert asked.main.env["NCCL_DEBUG"] == "TRACE"
    assert asked.service is not None
    assert asked.service.served_model_name == "DeepSeek-R1-Distill-Qwen-32B"
    assert any(c.reason == "model" for c in prepared.changes), "rehearsed with the embedded model"


def test_lease_local_has_none_unless_asked():
    assert prepare().spec.lease_seconds is None
    assert prepare(lease="90m").spec.lease_seconds == 5400
    assert prepare(lease="none").spec.lease_seconds is None


def test_the_configuration_gives_the_lease(state):
    (state / "config.toml").write_text('lease = "2h"\n')
    assert prepare().spec.lease_seconds == 7200
    assert prepare(lease="none").spec.lease_seconds is None


def test_what_was_asked_for_is_sized_and_warned_of():
    prepared = prepare(parameters={"dtype": "bfloat16"})
    assert prepared.plan is not None
    rules = {f["rule"] for f in prepared.warnings}
    assert "dtype-capability" in rules, "a V100 has no bfloat16; the rehearsal says so"


def test_error_findings_refuse_with_the_fixes():
    finding = {
        "rule": "r",
        "severity": "error",
        "message": "It does not fit.",
        "because": "b",
        "fixes": [{"label": "Use 4 GPUs", "set": {"gpus_per_node": 4}}],
    }
    with pytest.raises(errors.DoesNotFit) as caught:
        api.refuse([finding])
    assert "It does not fit." in str(caught.value)
    assert "Use 4 GPUs" in str(caught.value)
    assert caught.value.findings == [finding]
    api.refuse([finding | {"severity": "warning"}])


def test_words_of_the_api_are_no_parameter_names():
    words = {p for p in inspect.signature(crater.launch).parameters if p != "parameters"}
    assert words <= set(RESERVED)


def test_an_unknown_job_names_the_nearest():
    with pytest.raises(errors.JobNotFound):
        crater.job("nothing")
    assert crater.jobs() == []


@pytest.mark.parametrize(
    ("text", "expected"), [("90", 90), (45, 45), ("30m", 1800), ("8h", 28800), ("1d12h", 129600)]
)
def test_durations(text, expected):
    assert lease.seconds(text) == expected


def test_a_view_without_widgets_says_what_works(monkeypatch):
    with pytest.raises(errors.NotSupported, match="no view 'hologram'"):
        views.view("hologram")


def test_a_measured_start_is_used_by_the_next_estimate(state):
    from jupyter_crater.sizing import measured

    def plan():
        return crater.size("Qwen2.5-7B-Instruct", gpu="H100-80GB", engine_version="0.26.0")

    before = plan()
    line = "INFO 11-23 22:55:10 [kv_cache_utils.py:2177] GPU KV cache size: 1,070,576 tokens"
    measured.keep(estimates.measurements(), before.setup, measured.read([line]))
    after = plan()
    assert after.to_json()["kv_cache"]["tokens"] == 1_070_576
    assert "measured" in " ".join(after.to_json()["assumed"]).lower()


@pytest.mark.parametrize("phase", ["restarting", "stopping", "unreachable", "unknown"])
def test_a_wait_does_not_take_them_for_serving(phase):
    from jupyter_crater.spec import JobStatus

    status = JobStatus(name="j", template="t", backend="local", phase=phase, created=0.0)
    assert not waiting.reached(status, "serving")
    assert not waiting.reached(status, "loading-weights")
    assert waiting.reached(status, phase)
