"""Notebook 7 with what was built last: the job output and the views of a kernel."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import new_notebook, running_lab
from tests.browser.test_chat import LAUNCH
from tests.browser.test_panel import SIDEBAR
from tests.browser.way import choose, last, phase, send

SHOTS = Path(__file__).parents[2] / "test-results"


def test_job_chat_and_picker_in_notebook_7(tmp_path, browser, request):
    with (
        running_lab(tmp_path, stand_in=True, app="notebook") as served,
        new_notebook(served, browser, request) as notebook,
    ):
        page = notebook.open("seven", [LAUNCH, "job", "job.chat()", "crater.picker()"]).page
        assert page.locator("body[data-notebook=notebooks]").count() == 1, "this is Notebook 7"
        # It throws one at its start, by its own shortcuts and without us as well.
        notebook.problems.clear()
        notebook.run_all()

        # The output, over REST, live.
        output = page.locator(".crater-Output .crater-Job")
        expect(phase(output)).to_have_text("serving", timeout=60_000)
        expect(output.locator(".crater-Addresses")).to_contain_text("http://127.0.0.1:")
        output.get_by_role("tab", name="Log").click()
        expect(output.locator(".crater-Log-line").last).to_contain_text("startup complete")
        output.get_by_role("tab", name="Chat").click()
        send(output, "echo: over REST")
        expect(last(output)).to_contain_text("over REST")

        # The views of the kernel, over its comm.
        chat = page.locator(".jp-CodeCell").nth(2).locator(".crater-Chat")
        send(chat, "echo: over the comm")
        expect(last(chat)).to_contain_text("over the comm", timeout=30_000)
        choose(page.locator(".crater-Picker"))

        # The panel; what it opens in the main area stands at the side: a second widget is dropped.
        page.evaluate("() => document.activeElement?.blur()")  # fields keep their keys
        page.keyboard.press("Control+Alt+c")
        row = page.locator(f"{SIDEBAR} [data-name=chat]")
        expect(row).to_contain_text("serving", timeout=30_000)
        row.locator(".crater-JobRow-open").click()
        main = page.locator(".crater-Main .crater-Job")
        expect(phase(main)).to_have_text("serving", timeout=30_000)
        assert main.bounding_box()["height"] > 200
        SHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SHOTS / "notebook-7.png")

        output.locator("> footer").get_by_role("button", name="Stop").click()
        output.get_by_role("alertdialog").get_by_role("button", name="Stop").click()
        expect(phase(output)).to_have_text("stopped", timeout=60_000)
        expect(phase(main)).to_have_text("stopped", timeout=30_000)
        assert notebook.problems == []
