"""How the CLI behaves on a terminal, in a pipe, and under Ctrl-C; what completes; what it paints."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

import jupyter_crater as crater
from jupyter_crater.cli.output import Output
from tests.waiting import until

NAME = "deepseek-r1-distributed"
COMMAND = [sys.executable, "-m", "jupyter_crater.cli"]


def on_a_terminal(*words: str, columns: int = 60, **env: str) -> str:
    """What a verb shows on a terminal of that width."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *words],
        stdout=child,
        stderr=child,
        stdin=child,
        env=os.environ | {"COLUMNS": str(columns), "TERM": "xterm"} | env,
    )
    os.close(child)
    shown = b""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        ready, _, _ = select.select([parent], [], [], 0.2)
        if ready:
            try:
                data = os.read(parent, 65536)
            except OSError:  # the other side is closed
                break
            shown += data
        elif process.poll() is not None:
            break
    process.wait(10)
    os.close(parent)
    return shown.decode(errors="replace")


def test_tables_fit_the_terminal(state):
    shown = on_a_terminal("show", NAME, columns=70, NO_COLOR="1")
    table = shown.split("PARAMETER", 1)[1]
    assert max(len(line.rstrip("\r")) for line in table.split("\n")) <= 70
    assert "…" in table


def test_into_a_pipe_nothing_is_cut(state):
    result = subprocess.run([*COMMAND, "show", NAME], capture_output=True, text=True, check=True)
    assert "…" not in result.stdout
    assert "\x1b" not in result.stdout


def test_colours_only_on_a_terminal_and_not_with_no_color(state):
    assert "\x1b[1m" in on_a_terminal("templates")
    assert "\x1b[" not in on_a_terminal("templates", NO_COLOR="1")


def test_a_reader_that_leaves_is_no_error(state):
    text = f"{sys.executable} -m jupyter_crater.cli show {NAME} | head -1"
    result = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True)
    assert result.stderr == ""


def test_progress_in_a_pipe_is_a_line_a_step(stand_in):
    result = subprocess.run(
        [*COMMAND, "launch", NAME, "--wait"], capture_output=True, text=True, check=True
    )
    assert "\r" not in result.stderr
    phases = [line for line in result.stderr.splitlines() if " s  " in line]
    assert phases[-1].endswith("serving")
    assert len(phases) == len(set(phases))


@pytest.mark.parametrize("words", [("launch", NAME, "--wait"), ("logs", NAME, "-f")])
def test_ctrl_c_ends_the_wait_and_not_the_job(launch, stand_in, words):
    stand_in.setenv("CRATER_STAND_IN_LOAD_S", "60")
    launch(wait=False)
    process = subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until(lambda: crater.job(NAME).phase == "starting-engine", seconds=20, what="starting-engine")
    said, word = (process.stderr, " s  ") if words[0] == "launch" else (process.stdout, "")
    assert said is not None
    assert any(word in line for line in said), "the verb is in its wait"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "goes on" in err
    assert "Traceback" not in err
    assert crater.job(NAME).phase == "starting-engine"


def completions(line: str) -> list[str]:
    """What argcomplete offers a shell for a line."""
    process = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m jupyter_crater.cli 8>&1 9>&2 >/dev/null 2>&1"],
        env=os.environ
        | {
            "_ARGCOMPLETE": "3",  # the words of `python -m jupyter_crater.cli` come first
            "_ARGCOMPLETE_IFS": "\n",
            "_ARGCOMPLETE_SHELL": "bash",
            "COMP_LINE": f"python -m jupyter_crater.cli {line}",
            "COMP_POINT": str(len(f"python -m jupyter_crater.cli {line}")),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return [word.strip() for word in process.stdout.split("\n")]


def test_completion_of_verbs_templates_settings_and_jobs(launch):
    launch()
    assert {"launch", "logs", "delete"} <= set(completions(""))
    assert NAME in completions("launch deep")
    assert NAME in completions("status ")
    assert "max_num_seqs=" in "".join(completions(f"launch {NAME} --set max_num"))


def test_long_cells_give_way_and_short_tables_stay(monkeypatch):
    out = Output()
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    text = out.table(["A", "B"], [["x", "y" * 200]])
    assert "y" * 200 in text
