"""Every verb: text, one JSON document, and the exit codes it can give."""

from __future__ import annotations

import argparse
import json

import pytest

from jupyter_crater import errors
from jupyter_crater.backends.local import store
from jupyter_crater.cli import exit_code
from jupyter_crater.cli.parser import build

NAME = "deepseek-r1-distributed"


def verbs() -> dict[str, argparse.ArgumentParser]:
    action = next(a for a in build()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(action.choices)


JOB_VERBS = [
    ("status",),
    ("logs",),
    ("events",),
    ("url",),
    ("open",),
    ("key",),
    ("ask", "hello"),
    ("stop",),
    ("delete",),
    ("extend", "1h"),
]


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_has_help_an_example_and_json(verb):
    parser = verbs()[verb]
    text = parser.format_help()
    assert "example:" in text
    assert f"jupyter crater {verb}" in text.split("example:")[1]
    assert "--json" in text
    assert parser.description


@pytest.mark.parametrize("verb", verbs())
def test_every_example_can_be_parsed(verb):
    import shlex

    example = verbs()[verb].epilog.split("example:")[1]
    for line in example.strip().splitlines():
        words = shlex.split(line.split(">")[0].strip())[2:]
        assert build().parse_args(words).run


def test_without_a_verb_the_help_comes_and_2(run):
    result = run()
    assert result.code == 2
    assert "verbs:" in result.out


def test_an_unknown_verb_is_2(run):
    assert run("lunch").code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InputError("x"), 2),
        (errors.ConflictError("x"), 2),
        (errors.NotSupported("x"), 2),
        (errors.DoesNotFit("x"), 3),
        (errors.JobNotFound("x"), 4),
        (errors.TemplateNotFound("x"), 4),
        (errors.BackendUnavailable("x"), 5),
        (errors.AuthenticationError("x"), 5),
        (errors.JobFailed("x", name="n", reason="r"), 1),
        (errors.WaitTimeout("x"), 1),
        (errors.Cancelled("x"), 130),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_become_exit_codes_in_one_place(error, code):
    assert exit_code(error) == code


# templates, show, size


def test_templates(run, state):
    assert NAME in run("templates").out
    found = run("templates", "--json")
    assert found.code == 0
    assert NAME in {t["id"] for t in found.json["templates"]}


def test_a_broken_user_template_is_told_and_hides_none(run, state, tmp_path):
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "mine.yaml").write_text("id: mine\nversion: [\n")
    (tmp_path / "config.toml").write_text(f'template_folders = ["{folder}"]\n')
    result = run("templates")
    assert result.code == 0
    assert NAME in result.out
    assert "mine.yaml" in result.err


def test_show(run, state):
    assert "tensor_parallel" in run("show", NAME).out
    assert run("show", NAME, "--json").json["parameters"]["properties"]["port"]["default"] == 8000
    assert "分散" in run("show", NAME, "--language", "ja").out
    unknown = run("show", "deepseek", "--json")
    assert unknown.code == 4
    assert unknown.json["error"] == "TemplateNotFound"


SIZE = ("size", "--model", "Qwen2.5-7B-Instruct", "--gpu", "H100-80GB")


def test_size(run, state):
    assert run(*SIZE).code == 0
    assert "Fits" in run(*SIZE).out
    found = run(*SIZE, "--json").json
    assert found["fits"] and found["legal"]
    assert {"schema", "per_gpu", "kv_cache", "findings", "alternatives", "speed"} <= set(found)


@pytest.mark.parametrize(
    ("words", "code", "parameter"),
    [
        (("--gpu", "L4", "--model", "DeepSeek-R1-Distill-Qwen-32B"), 3, None),
        (("--gpu", "V100-32GB", "--model", "Qwen2.5-7B-Instruct", "--dtype", "bfloat16"), 3, None),
        (("--gpu", "H100"), 2, "model"),
        (("--model", "Qwen2.5-7B-Instruct"), 2, "gpu"),
        (("--gpu", "V200", "--model", "Qwen2.5-7B-Instruct"), 2, "gpu"),
        (("--gpu", "H100-80GB", "--command", "vllm serve x | tee y"), 2, None),
    ],
)
def test_size_exit_codes(run, state, words, code, parameter):
    result = run("size", *words, "--json")
    assert result.code == code
    if parameter:
        assert result.json["parameter"] == parameter


def test_size_of_a_start_command(run, state):
    command = (
        "vllm serve /models/DeepSeek-R1-Distill-Qwen-32B -tp 4 --dtype half --max-model-len 8192"
    )
    words = ("--gpu", "V100-32GB", "--gpus-per-node", "4", "--command", command, "--json")
    found = run("size", *words).json
    assert (found["tensor_parallel"], found["max_model_len"]) == (4, 8192)


# The life of a job


def test_launch_status_logs_events_stop_delete(run, launch):
    launched = run("launch", NAME, "--wait")
    assert launched.code == 0
    assert "Head IP" in launched.out
    assert "serving" in launched.err, "progress goes to stderr"
    again = run("launch", NAME, "--json")
    assert again.json["phase"] == "serving"
    status = run("status", NAME)
    assert "127.0.0.1" in status.out
    found = run("status", NAME, "--json").json
    assert set(found) == {
        *("schema", "name", "template", "backend", "phase", "reason", "message", "head_ip"),
        *("url", "api_url", "endpoints", "tasks", "timeline", "created", "lease", "attempt"),
        *("metrics", "rehearsal", "changed", "forecast"),
    }
    assert run("list").out.count(NAME) >= 1
    assert [j["name"] for j in run("list", "--json").json["jobs"]] == [NAME]
    assert "Application startup complete" in run("logs", NAME).out
    lines = run("logs", NAME, "--task", "worker-0", "--json").json["lines"]
    assert {x["task"] for x in lines} == {"worker-0"}
    assert "starting-ray" in run("events", NAME).out
    assert run("events", NAME, "--json").json["events"][0]["kind"] == "rehearsal"
    stopped = run("stop", NAME, "--json")
    assert stopped.json["phase"] == "stopped"
    assert run("stop", NAME).code == 0, "stopping twice is no error"
    deleted = run("delete", NAME, "--json")
    assert deleted.json == {"schema": 1, "deleted": NAME}
    assert run("delete", NAME).code == 4
    assert run("list").out.startswith("No jobs.")


def test_url_key_ask(run, launch):
    launch()
    url = run("url", NAME).out.strip()
    assert url.startswith("http://127.0.0.1:")
    assert run("url", NAME, "--json").json["url"] == url
    key = run("key", NAME).out.strip()
    assert key.startswith("sk-")
    assert run("key", NAME, "--json").json["key"] == key
    assert "stand-in" in run("ask", NAME, "What is gravity?").out
    assert "stand-in" in run("ask", NAME, "hi", "--json", "--seed", "1").json["answer"]


def test_extend(run, launch):
    launch(lease="1h")
    assert "may run until" in run("extend", NAME, "30m").out
    assert run("extend", NAME, "30m", "--json").json["lease"] > 0
    assert run("extend", NAME, "soon").code == 2


def test_previous_logs_and_unknown_tasks(run, launch):
    launch()
    assert run("logs", NAME, "--previous").code == 2
    unknown = run("logs", NAME, "--task", "driver", "--json")
    assert unknown.code == 2
    assert "worker-0" in unknown.json["hint"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--set", "port=99999"), 2),
        (("--set", "max_num_seq=3"), 2),
        (("--set", "nonsense"), 2),
        (("--set", "port=1", "--set", "port=2"), 2),
        (("--set", "model=/no/such/folder"), 2),
        (("--set", "tensor_parallel=2"), 2),
        (("--set", "pipeline_parallel=30"), 3),
        (("--name", "Not A Name"), 2),
        (("--lease", "soon"), 2),
        (("--preflight", "--set", "model=/no/such/folder"), 2),
        (("--backend", "local", "--context", "c"), 2),
        (("--backend", "moon"), 2),
        (("--backend", "kubernetes", "--carrier", "volcano"), 2),
        (("--connect", "other"), 2),
    ],
)
def test_launch_refuses_before_anything_starts(run, stand_in, state, words, code):
    result = run("launch", NAME, *words, "--json")
    assert result.code == code
    if result.out:  # argparse's own errors have no document
        assert result.json["message"]
    assert not (state / "jobs").exists()


def test_launch_of_an_unknown_template_is_4(run, state):
    assert run("launch", "deepsek-r1-distributed").code == 4


def test_a_conflict_is_2_with_the_differences(run, launch):
    launch()
    result = run("launch", NAME, "--set", "max_num_seqs=3", "--json")
    assert result.code == 2
    assert result.json["differences"] == [
        {"setting": "max_num_seqs", "running": "(default)", "asked": 3}
    ]


def test_a_job_that_fails_while_it_is_waited_for_is_1(run, stand_in):
    stand_in.setenv("CRATER_STAND_IN_FAIL", "OSError: [Errno 98] Address already in use")
    result = run("launch", NAME, "--wait", "--json")
    assert result.code == 1
    assert result.json["error"] == "JobFailed"
    assert "Address already in use" in result.json["message"]


@pytest.mark.parametrize("words", JOB_VERBS, ids=lambda w: w[0])
def test_an_unknown_job_is_4(run, state, words):
    verb, *rest = words
    result = run(verb, "nothing", *rest, "--json")
    assert result.code == 4
    assert result.json["error"] == "JobNotFound"


def test_asking_before_it_serves_is_5(run, launch, stand_in):
    stand_in.setenv("CRATER_STAND_IN_LOAD_S", "20")
    launch(wait=False)
    result = run("ask", NAME, "hi", "--json")
    assert result.code == 5
    assert "not serving yet" in result.json["message"]


@pytest.mark.parametrize("verb", ["stop", "delete"])
def test_a_job_of_another_host_is_5(run, launch, verb):
    launch()
    attempt = store.find(NAME).current()
    host = attempt.run()["host"]
    attempt.write_run(host="elsewhere")
    result = run(verb, NAME, "--json")
    attempt.write_run(host=host)
    assert result.code == 5
    assert "elsewhere" in result.json["message"]


def test_a_failed_job_has_no_url(run, launch):
    launch().stop()
    assert run("url", NAME).code == 1
    assert run("ask", NAME, "hi").code == 1


@pytest.mark.parametrize("path", ["../x", "a/b", ".locks", ""])
def test_a_path_is_no_name(run, state, path):
    assert run("status", path).code == 4
    assert run("delete", path).code == 4


def test_dry_run_creates_nothing(run, state):
    result = run("launch", NAME, "--dry-run", "-o", "json")
    assert result.code == 0
    assert json.loads(result.out)["kind"] == "engine"
    assert not (state / "jobs").exists()


# Tools


def test_notebooks_are_copied_and_never_overwritten(run, tmp_path):
    target = tmp_path / "tutorials"
    first = run("notebooks", str(target), "--json").json
    assert "01-the-main-job.ipynb" in first["copied"]
    (target / "01-the-main-job.ipynb").write_text("mine")
    second = run("notebooks", str(target), "--json").json
    assert second["copied"] == []
    assert (target / "01-the-main-job.ipynb").read_text() == "mine"
    assert "kept" in run("notebooks", str(target)).out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(run, shell):
    assert "jupyter-crater" in run("completion", shell).out
    assert run("completion", shell, "--json").json["shell"] == shell
    assert run("completion", "tcsh").code == 2


def test_engine_status(run, monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_CRATER_ENGINE_HOME", str(tmp_path / "none"))
    found = run("engine", "status", "--json")
    assert found.code == 0
    assert found.json["state"] == "missing"
    assert "missing" in run("engine", "status").out
    assert run("engine", "remove", "--json").json["removed"] is True
    assert run("engine", "remove").code == 0
    assert run("engine", "explode").code == 2


def test_a_wrong_engine_setting_is_2(run, monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_CRATER_ENGINE", str(tmp_path / "no-python"))
    assert run("engine", "status", "--json").code == 2


def test_a_broken_configuration_is_2_with_its_place(run, state, tmp_path):
    (tmp_path / "config.toml").write_text('backnd = "local"\n')
    result = run("list", "--json")
    (tmp_path / "config.toml").write_text("")
    assert result.code == 2
    assert "backnd" in result.json["message"]
    assert "config.toml" in result.json["message"]


def test_demo_tells_nodes_and_answer(run, launch):
    result = run("demo", "--json", "--no-lab")
    assert result.code == 0
    assert "force" in result.json["answer"]
    assert result.json["status"]["phase"] == "serving"
    text = run("demo", "--no-lab")
    assert "Ray nodes      2 alive" in text.out
    assert "attached" in text.err


# Diagnosis


def test_diagnose_of_a_job(run, launch, stand_in):
    line = (
        "ValueError: Total number of attention heads (9) must be divisible by tensor parallel "
        "size (2)."
    )
    stand_in.setenv("CRATER_STAND_IN_FAIL", line)
    with pytest.raises(errors.JobFailed):
        launch()
    found = run("diagnose", NAME, "--json")
    assert found.code == 0
    first = found.json["diagnoses"][0]
    assert set(first) == {
        *("id", "title", "confidence", "evidence", "explanation", "fixes", "links"),
    }
    assert any(line in e["line"] for e in first["evidence"])
    assert first["fixes"]
    assert first["title"] in run("diagnose", NAME).out
    report = run("diagnose", NAME, "--report", "--json").json["report"]
    assert line in report
    assert store.find(NAME).key() not in report


def test_diagnose_of_log_files(run, state):
    from pathlib import Path

    logs = Path(__file__).parents[1] / "data" / "logs"
    found = run("diagnose", "--log", str(logs / "gpu-l70-oom-tp1.log"), "--json")
    assert found.json["diagnoses"][0]["confidence"] == "high"
    good = run("diagnose", "--log", str(logs / "gpu-q7-default.log"))
    assert good.code == 0
    assert "Nothing here" in good.out
    assert run("diagnose", "--log", "/no/such/file").code == 2
    assert run("diagnose").code == 2
    assert run("diagnose", "nothing").code == 4
