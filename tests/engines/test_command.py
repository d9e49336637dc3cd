"""Settings ⇄ start command: the seed's own text, every spelling, hostile values, no guesses."""

from __future__ import annotations

import shlex
import string
import subprocess

import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st

from jupyter_crater import errors
from jupyter_crater.engines import command_text, parse_command, start_command
from jupyter_crater.engines.flags import BY_NAME, FLAGS
from jupyter_crater.spec import EngineSettings

SEED = """
ray start --head --port=6667 --disable-usage-stats;
NCCL_DEBUG=TRACE python3 -m vllm.entrypoints.openai.api_server \\
--model=/models/DeepSeek-R1-Distill-Qwen-32B \\
--max-model-len 32768 \\
--tensor-parallel-size 4 \\
--pipeline-parallel-size 2 \\
--gpu-memory-utilization 0.90 \\
--max-num-seqs 128 \\
--trust-remote-code \\
--disable-custom-all-reduce \\
--port 8000 \\
--dtype=half;
"""


def test_the_seeds_command_is_read_in_full():
    parsed = parse_command(SEED)
    assert parsed.ray_port == 6667
    assert parsed.env == {"NCCL_DEBUG": "TRACE"}
    assert parsed.settings == EngineSettings(
        model="/models/DeepSeek-R1-Distill-Qwen-32B",
        max_model_len=32768,
        tensor_parallel=4,
        pipeline_parallel=2,
        gpu_memory_utilization=0.9,
        max_num_seqs=128,
        trust_remote_code=True,
        disable_custom_all_reduce=True,
        port=8000,
        dtype="half",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vllm serve m -tp 2 -pp=3", {"tensor_parallel": 2, "pipeline_parallel": 3}),
        ("vllm serve m --tensor_parallel_size=2", {"tensor_parallel": 2}),
        ("vllm serve --model m --enforce-eager", {"enforce_eager": True}),
        ("vllm serve m --enforce-eager --no-enforce-eager", {"enforce_eager": False}),
        ("/opt/bin/vllm serve m -q fp8", {"quantization": "fp8"}),
        ("python3.12 -u -m vllm.entrypoints.openai.api_server --model m", {}),
        ("exec vllm serve m --dtype 'float32'", {"dtype": "float32"}),
        ("vllm serve m --enable-reasoning --reasoning-parser r", {"reasoning_parser": "r"}),
        ("vllm serve m --max-num-seqs 1 --max-num-seqs 2", {"max_num_seqs": 2}),
    ],
)
def test_every_spelling(text, expected):
    assert parse_command(text).settings == EngineSettings(model="m", **expected)


def test_unknown_flags_are_kept_word_for_word_and_in_order():
    text = "vllm serve m --swap-space 4 --dtype half --limit-mm-per-prompt '{\"image\": 2}' --foo=a"
    settings = parse_command(text).settings
    assert settings.extra == (
        "--swap-space",
        "4",
        "--limit-mm-per-prompt",
        '{"image": 2}',
        "--foo=a",
    )
    assert parse_command(start_command(settings)).settings == settings


@pytest.mark.parametrize("value", ["auto", "32k", "-1"])
def test_a_length_that_is_not_a_plain_number_is_vllms_to_read(value):
    settings = parse_command(["vllm", "serve", "m", f"--max-model-len={value}"]).settings
    assert settings.max_model_len is None
    assert value in " ".join(settings.extra)


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("vllm serve m | tee log", "|"),
        ("vllm serve m > log", ">"),
        ("vllm serve $MODEL", "$"),
        ("vllm serve m & sleep 1", "&"),
        ("for x in a b; do vllm serve m; done", "statements"),
        ("vllm serve 'm", "quote"),
        ("vllm serve", "no model"),
        ("vllm bench m", "not vLLM"),
        ("sleep 1; vllm serve m", "statements"),
        ("ray start --address=h:1; vllm serve m", "head"),
        ("vllm serve m --dtype", "no value"),
        ("vllm serve m --api-key sk-1", "secret"),
        ("rm -rf /", "starts rm"),
        ("vllm serve m --tensor-parallel 4", "short for --tensor-parallel-size"),
        ("vllm serve m --enforce-eager=False", "takes no value"),
        ("HF_HOME=~/x vllm serve m", "~"),
        ("ray start --head --num-gpus=0; vllm serve m", "not the plain one"),
        ("ray start --head --port=x; vllm serve m", "not the plain one"),
        ("", "0 statements"),
    ],
)
def test_what_is_not_understood_stays_raw(text, because):
    parsed = parse_command(text)
    assert parsed.settings is None
    assert parsed.raw == text or because == "statements"
    assert because in parsed.because


def test_a_value_out_of_range_is_an_error_that_names_it():
    with pytest.raises(errors.ParameterError, match="gpu_memory_utilization") as caught:
        parse_command("vllm serve m --gpu-memory-utilization 1.5")
    assert caught.value.parameter == "gpu_memory_utilization"


def test_before_0_9_a_reasoning_parser_needs_its_switch():
    settings = EngineSettings(model="m", reasoning_parser="deepseek_r1", version="0.8.5.post1")
    assert "--enable-reasoning" in start_command(settings)
    newer = settings.model_copy(update={"version": "0.26.0"})
    assert "--enable-reasoning" not in start_command(newer)


def test_of_several_served_names_the_first_is_the_jobs():
    parsed = parse_command("vllm serve m --served-model-name a b --dtype half").settings
    assert parsed.served_model_name == "a"
    assert parsed.extra == ("--served-model-name", "a", "b")
    assert parse_command(start_command(parsed)).settings == parsed


def test_a_model_that_would_be_read_as_a_flag_is_refused():
    with pytest.raises(errors.ParameterError, match="begins with '-'"):
        start_command(EngineSettings(model="--trust-remote-code"))


def test_another_engine_is_refused_not_guessed():
    with pytest.raises(errors.NotSupported, match="sglang"):
        start_command(EngineSettings(engine="sglang", model="m"))


def test_the_table_names_every_setting_that_has_a_flag():
    without = {"engine", "version", "model", "extra"}
    assert {f.field for f in FLAGS} == set(EngineSettings.model_fields) - without


hostile = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), min_size=1
)
words = st.text(string.ascii_letters + string.digits + "-_./", min_size=1).filter(
    lambda t: not t.startswith("-")
)
spec = st.builds(
    EngineSettings,
    model=hostile.filter(lambda t: not t.startswith("-")),
    served_model_name=st.none() | hostile,
    dtype=st.none() | hostile,
    quantization=st.none() | hostile,
    kv_cache_dtype=st.none() | hostile,
    kv_cache_memory_bytes=st.none() | st.integers(0, 2**50),
    max_model_len=st.none() | st.integers(1, 2**40),
    max_num_seqs=st.none() | st.integers(1, 10**6),
    gpu_memory_utilization=st.none() | st.floats(0.01, 1),
    tensor_parallel=st.integers(1, 64),
    pipeline_parallel=st.integers(1, 64),
    enforce_eager=st.booleans(),
    trust_remote_code=st.booleans(),
    reasoning_parser=st.none() | hostile,
    host=st.none() | hostile,
    port=st.none() | st.integers(1, 65535),
    extra=st.lists(words, max_size=2).map(
        lambda values: tuple(x for v in values for x in ("--made-up", v))
    ),
)


@given(spec)
@hypothesis_settings(max_examples=200, deadline=None)
def test_round_trip_of_any_settings(value):
    command = start_command(value)
    assert parse_command(command).settings == value


@given(st.lists(hostile, min_size=1, max_size=5))
@hypothesis_settings(max_examples=150, deadline=None)
def test_the_text_is_quoted_right_for_any_value(values):
    text = command_text(["vllm", *values], {"A": values[0]})
    assert shlex.split(text) == [f"A={values[0]}", "vllm", *values]


def test_a_real_shell_reads_the_text_as_it_was_meant():
    nasty = ["a b", "$(touch /tmp/x)", "`id`", "'", '"', "\\", "a\nb", "*", "é", ";", "#"]
    text = command_text(["printf", "%s\\0", *nasty])
    result = subprocess.run(["sh", "-c", text], capture_output=True, check=True)
    assert result.stdout.decode().split("\0")[:-1] == nasty


def test_flags_are_spelled_once():
    assert len(BY_NAME) == sum(len(f.names) for f in FLAGS)
