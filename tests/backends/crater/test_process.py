"""The double as a process of its own, and these tests against it by address alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from jupyter_crater import files, processes

ROOT = Path(__file__).parents[3]


@pytest.fixture
def address(crater_url):
    if crater_url:
        pytest.skip("this run speaks to a server already")
    command = [sys.executable, "-m", "tests.doubles.crater_server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture
def environment(tmp_path):
    (tmp_path / "config.toml").touch()
    yield os.environ | {
        "JUPYTER_CRATER_USERNAME": "alice",
        "JUPYTER_CRATER_PASSWORD": "wonderland",
        "JUPYTER_CRATER_STATE": str(tmp_path / "state"),
        "JUPYTER_CRATER_CONFIG": str(tmp_path / "config.toml"),
    }
    # A forward asks the server for its job; the server is gone before it asks again.
    records = (tmp_path / "state" / "forwards").rglob("*.json")
    processes.end([p for r in records if (p := processes.alive(files.read(r)))], grace=0)


def test_the_same_tests_against_a_server_alone(address, environment):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/backends/crater",
         "--crater-url", address],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    passed = [line for line in done.stdout.splitlines() if " passed" in line]
    assert int(passed[0].split(" passed")[0].split()[-1]) >= 35


def crater(environment, *words, expect=0, typed="", text=False):
    """One verb in a process of its own: its JSON document, or with ``text`` what a person sees."""
    command = [sys.executable, "-m", "jupyter_crater.cli", *words, *([] if text else ["--json"])]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, input=typed, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr if text else json.loads(done.stdout)


def test_the_command_line_against_a_server(address, environment):
    """Nothing above the backends knows of Crater: launch, status, list, delete as everywhere."""
    place = ("--backend", "crater", "--url", address)
    shown = crater(
        environment, "launch", "deepseek-r1-distributed", *place, "--dry-run", "-o", "json"
    )
    request = shown["items"][0] if "items" in shown else shown
    assert request["url"] == f"{address}/api/v1/vcjobs/pytorch"
    made = crater(environment, "launch", "deepseek-r1-distributed", *place)
    assert made["backend"] == "crater"
    assert crater(environment, "status", made["name"], *place)["head_ip"].startswith("127.244.")
    assert [j["name"] for j in crater(environment, "list", *place)["jobs"]] == [made["name"]]
    crater(environment, "delete", made["name"], *place)
    assert crater(environment, "list", *place)["jobs"] == []
    crater(environment, "status", made["name"], *place, expect=4)


def test_the_tutorial(address, environment, tmp_path, monkeypatch):
    """Tutorial 04 but for its chat: the double's pods run no engine."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("JUPYTER_CRATER_CRATER_URL", address)
    for name in ("XDG_CONFIG_HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    notebook = nbformat.read(ROOT / "notebooks" / "04-on-crater.ipynb", as_version=4)
    notebook.cells = [
        c
        for c in notebook.cells
        if c.cell_type == "code" and "cluster" not in c.metadata.get("tags", [])
    ]
    where = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=60, resources=where).execute()
    said = [
        "".join(o.get("text") or o["data"]["text/plain"] for o in c.outputs) for c in notebook.cells
    ]
    assert "alice" in said[0] and "eyJ" not in said[0]
    assert "DeepSeek R1 distributed inference" in said[1]
    assert "'serving'" in said[5]
    assert "127.244." in said[6] and "worker" in said[6]
    assert "https://" in said[7]
    assert "stopped" in said[8]


def test_logging_in_and_out_again(address, environment, tmp_path):
    for word in ("USERNAME", "PASSWORD"):
        environment.pop(f"JUPYTER_CRATER_{word}")
    environment |= {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    at = ("--url", address)
    stranger = crater(environment, "whoami", *at, expect=5)
    assert stranger["error"] == "AuthenticationError"
    assert "login" in stranger["hint"]
    assert "stdin" in crater(environment, "login", *at, "--username", "alice", expect=2)["hint"]
    given = ("login", *at, "--username", "alice", "--password-stdin")
    assert crater(environment, *given, typed="guess\n", expect=5)["error"] == "AuthenticationError"
    who = crater(environment, *given, typed="wonderland\n")
    assert (who["username"], who["url"]) == ("alice", address)
    assert "wonderland" not in json.dumps(who)
    assert "alice" in crater(environment, "whoami", *at, text=True)

    (tmp_path / "config.toml").write_text(f'[crater]\nurl = "{address}"\n')
    other = crater(environment, "switch", "default")
    assert other["account"] == "default"
    assert crater(environment, "whoami")["account"] == "default"
    unknown = crater(environment, "switch", "nobodys", expect=2)
    assert "default" in unknown["hint"]

    shown = crater(environment, "templates", "--backend", "crater")
    assert "deepseek-r1-distributed" in {t["id"] for t in shown["templates"]}
    assert "Open WebUI client" in {t["name"] for t in shown["platform"]}

    kept = (tmp_path / "state" / "crater" / "sessions.json").read_text()
    assert "wonderland" not in kept
    assert crater(environment, "logout")["logged_out"] is True
    assert crater(environment, "logout")["logged_out"] is False
    assert crater(environment, "whoami", expect=5)["error"] == "AuthenticationError"


def test_no_platform_is_named(environment):
    error = crater(environment, "whoami", expect=2)
    assert "crater.url" in error["hint"]
