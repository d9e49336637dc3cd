"""The verbs of the command line against a cluster."""

from __future__ import annotations

import json
import threading

import pytest

from jupyter_crater import cli

from .playing import PLURALS, api, as_a_new_process, play

__all__ = ["api", "play"]
KUBERNETES = ["--backend", "kubernetes", "--namespace", "team"]


@pytest.fixture
def run(capsys):
    def verb(*words, code=0):
        assert cli.main([*words, *KUBERNETES, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return verb


def test_a_job_by_its_verbs(api, play, run):
    play.name = "r1"
    launch = ["launch", "deepseek-r1-distributed", "--name", "r1", "--carrier", "volcano"]
    found = run(*launch, "--queue", "gpu", "--lease", "2h")
    assert (found["name"], found["backend"], found["phase"]) == ("r1", "kubernetes", "queued")
    assert api.get(PLURALS["volcano"], "r1")["spec"]["queue"] == "gpu"
    threading.Timer(0.5, play.serve).start()
    assert run(*launch, "--queue", "gpu", "--lease", "2h", "--wait")["phase"] == "serving"
    api.say("r1-head-0", "a line")
    assert [j["name"] for j in run("list")["jobs"]] == ["r1"]
    status = run("status", "r1")
    assert (status["head_ip"], status["tasks"][0]["node"]) == ("10.0.0.7", "node-head-0")
    assert run("logs", "r1")["lines"] == [{"task": "head", "line": "a line"}]
    assert run("extend", "r1", "1h")
    run("delete", "r1")
    assert api.objects == {}
    assert run("status", "r1", code=4)["error"] == "JobNotFound"
    api.down = True
    as_a_new_process()  # as a new process
    assert run("list", code=5)["error"] == "BackendUnavailable"
