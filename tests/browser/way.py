"""A notebook's whole way, from the picker to a job that is found again, on whichever engine."""

from __future__ import annotations

import json
import re
import time

from playwright.sync_api import Locator, Page, expect

from jupyter_crater import metrics
from tests.browser.conftest import Lab, Notebook

NAME = "picked"
CELLS = [
    "import jupyter_crater as crater; crater.picker()",
    f"import jupyter_crater as crater; crater.job({NAME!r})",
    f"crater.job({NAME!r}).chat(temperature=0, max_tokens=600)",
]


def from_picker_to_deletion(notebook: Notebook, *, seconds: float, answer: str, long: str) -> None:
    """Every step by mouse and keys.

    Args:
        seconds: the bound of a start, and of an answer.
        answer: what the answer to "What is gravity?" must hold.
        long: a question whose answer takes long enough to be stopped.
    """
    page = notebook.open("picker", CELLS).page
    page.set_default_timeout(60_000)
    run(notebook, 0)
    picker = page.locator(".crater-Picker")
    choose(picker)
    launch(picker)
    job = picker.locator(".crater-Job")
    expect(phase(job)).to_have_text("serving", timeout=seconds * 1000)
    found(job)

    # The same job as a cell's output, over REST.
    run(notebook, 1)
    output = page.locator(".crater-Output .crater-Job")
    expect(phase(output)).to_have_text("serving")
    found(output)
    engine = Engine(notebook.lab)
    output.get_by_role("tab", name="Chat").click()
    streams(output, answer, seconds)
    stops(output, engine, long, seconds)

    # And by the kernel's comm.
    run(notebook, 2)
    chat = page.locator(".jp-CodeCell").nth(2).locator(".crater-Chat")
    streams(chat, answer, seconds)
    stops(chat, engine, long, seconds)

    restarts(notebook)
    ends(page)
    assert notebook.problems == []


def run(notebook: Notebook, number: int) -> None:
    """Run one cell: a click into an output selects its cell, so "the next" isn't always that."""
    notebook.page.locator(".jp-CodeCell").nth(number).locator(".jp-InputPrompt").first.click()
    notebook.command("notebook:run-cell")


def phase(job: Locator) -> Locator:
    return job.locator(".crater-Bar .crater-Phase").first


def choose(picker: Locator) -> None:
    picker.get_by_text("DeepSeek R1 distributed inference").click(timeout=30_000)

    # A value that is no number: said in its field, nothing to launch.
    context = picker.locator("[data-parameter=max_model_len] input")
    context.fill("many")
    expect(picker.locator("[data-parameter=max_model_len] [role=alert]")).to_contain_text("whole")
    expect(picker.get_by_role("button", name=re.compile("^Launch"))).to_be_disabled()
    context.fill("2048")

    # A value that is legal JSON and illegal for the model: a finding, whose button mends it.
    picker.locator("[data-parameter=tensor_parallel] input").fill("3")
    expect(picker.locator(".crater-Verdict")).to_contain_text("would not start")
    expect(picker.locator("[data-parameter=tensor_parallel]")).not_to_contain_text("4")
    picker.get_by_role("button", name=re.compile("TP 4 × PP 2")).click()
    expect(picker.locator("[data-parameter=tensor_parallel] input")).to_have_value("4")
    expect(picker.locator(".crater-Verdict-word")).to_have_text("It fits")
    expect(picker.locator(".crater-Memory-bar")).not_to_have_count(0)

    # The start command follows the fields and the fields follow the command.
    picker.get_by_text("Start command").click()
    command = picker.locator(".crater-Command textarea")
    expect(command).to_have_value(re.compile("--max-model-len 2048"))
    command.fill(command.input_value().replace("--max-model-len 2048", "--max-model-len 1024"))
    picker.get_by_role("button", name="Put into the fields").click()
    expect(context).to_have_value("1024")
    picker.get_by_role("button", name="As code").click()
    expect(picker.locator(".crater-Code pre")).to_contain_text("max_model_len=1024")


def launch(picker: Locator) -> None:
    """A rehearsal is announced before it is launched."""
    picker.get_by_label("Name", exact=True).fill(NAME)
    expect(picker).to_contain_text("it will be a rehearsal")
    picker.get_by_role("button", name="Launch the rehearsal").click()


def found(job: Locator) -> None:
    """Timeline, head IP and URL to copy, the tasks and their nodes."""
    addresses = job.locator(".crater-Addresses")
    expect(addresses).to_contain_text("127.0.0.1")
    expect(addresses).to_contain_text("http://127.0.0.1:")
    expect(job.locator(".crater-Timeline")).to_contain_text("waiting for workers")
    expect(job.get_by_label("Tasks")).to_contain_text("worker")


class Engine:
    """The job's engine as its own metrics tell of it, asked past everything of ours."""

    def __init__(self, lab: Lab) -> None:
        said = lab.python(
            f"import json, jupyter_crater as c; j = c.job({NAME!r})\n"
            "print(json.dumps([j.api_url, j.api_key]))"
        )
        self._url, self._key = json.loads(said)

    def runs(self, requests: int, seconds: float) -> None:
        """Wait until it runs so many."""
        until = time.monotonic() + seconds
        while True:
            figures = metrics.fetch(self._url, self._key, bound=10)
            if figures is not None and figures.get("running") == requests:
                return
            assert time.monotonic() < until, f"not {requests} running: {figures}"
            time.sleep(0.1)


def send(chat: Locator, text: str) -> None:
    area = chat.locator(".crater-Composer textarea").last
    area.fill(text)
    area.press("Enter")


def last(chat: Locator) -> Locator:
    return chat.locator(".crater-Turn:not(.crater-mod-user):not(.crater-mod-live)").last


def streams(chat: Locator, answer: str, seconds: float) -> None:
    """An answer grows while it is written."""
    send(chat, "What is gravity?")
    words = chat.locator(".crater-mod-live .crater-Markdown")
    expect(words).not_to_be_empty(timeout=seconds * 1000)
    begun = len(words.inner_text())
    expect(chat.locator(".crater-mod-live")).to_have_count(0, timeout=seconds * 1000)
    expect(last(chat).locator(".crater-Turn-stats")).to_contain_text("tokens/s")
    expect(last(chat)).to_contain_text(answer)
    assert len(last(chat).locator(".crater-Markdown").inner_text()) > begun


def stops(chat: Locator, engine: Engine, question: str, seconds: float) -> None:
    """Stop ends the request in the engine, not just what is shown of it."""
    engine.runs(0, seconds)
    send(chat, question)
    expect(chat.locator(".crater-mod-live .crater-Markdown")).not_to_be_empty(
        timeout=seconds * 1000
    )
    engine.runs(1, seconds)
    chat.locator(".crater-Composer").get_by_role("button", name="Stop").click()
    expect(last(chat).locator(".crater-Turn-stats")).to_contain_text("stopped")
    engine.runs(0, seconds)


def restarts(notebook: Notebook) -> None:
    """The kernel starts anew, then there is none: the job is found again either way."""
    page = notebook.page
    restart_kernel(page)
    run(notebook, 1)
    output = page.locator(".crater-Output .crater-Job")
    # Counted by the kernel: its first cell since the restart.
    expect(page.locator(".jp-CodeCell").nth(1).locator(".jp-InputPrompt").first).to_have_text(
        "[1]:"
    )
    expect(phase(output)).to_have_text("serving")
    found(output)

    # Saved, closed, opened again with no kernel: the output is live all the same.
    page.evaluate("async () => { await jupyterapp.commands.execute('docmanager:save') }")
    saved = json.loads((notebook.lab.root / "picker.ipynb").read_text())
    kinds = [set(o["data"]) for o in saved["cells"][1]["outputs"] if "data" in o]
    assert {"application/vnd.jupyter-crater.job+json", "text/html", "text/plain"} in kinds
    page.evaluate(
        "async () => { await jupyterapp.serviceManager.sessions.shutdownAll();"
        " await jupyterapp.commands.execute('docmanager:reload') }"
    )
    page.reload()
    expect(phase(output)).to_have_text("serving")


def restart_kernel(page: Page) -> None:
    page.evaluate(
        "async () => { await jupyterapp.shell.currentWidget.context.sessionContext"
        ".restartKernel() }"
    )


def ends(page: Page) -> None:
    """Stop and Delete ask first."""
    output = page.locator(".crater-Output .crater-Job")
    output.get_by_role("button", name="Stop").click()
    output.get_by_role("button", name="Keep").click()
    output.get_by_role("button", name="Stop").click()
    output.get_by_role("alertdialog").get_by_role("button", name="Stop").click()
    expect(phase(output)).to_have_text("stopped")
    output.get_by_role("button", name="Delete").click()
    output.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(output).to_contain_text("no longer there")
