"""Open WebUI from a notebook: real JupyterLab, real engine, real page, a real answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from jupyter_crater.engines import clients, environment

SHOTS = Path(__file__).parents[2] / "test-results"

# The lab's other tests have scripted engines; this kernel's launches get the real one.
LAUNCH = """import os
os.environ.pop("JUPYTER_CRATER_STAND_IN", None)
import jupyter_crater as crater
engine = crater.launch("vllm-single", name="answers", backend="local")
webui = crater.launch("open-webui", backend="local", connect=engine)
print("waits:", webui.phase)
engine.wait(timeout=300)
webui.wait(timeout=300)
webui"""

# What `open` hands to the desktop's browser, handed to this one.
OPEN = """import webbrowser
webbrowser.open = lambda url: print("opened", url, "end")
webui.open()"""

END = "webui.delete(); engine.delete(); print('all', 'gone')"


@pytest.mark.engine
@pytest.mark.timeout(900)
def test_a_question_is_answered_in_open_webui(notebook):
    environment.install()
    clients.install()
    page = notebook.open("open-webui", [LAUNCH, OPEN, END]).page
    page.set_default_timeout(60_000)
    run(notebook, 0)
    job = page.locator(".crater-Output .crater-Job")
    expect(job.locator(".crater-Bar .crater-Phase")).to_have_text("serving", timeout=400_000)

    # By the job's view, which the panel shows as well.
    with page.context.expect_page() as opened:
        job.get_by_role("button", name="Open, signed in").click()
    first = opened.value
    ask(first, "What is gravity?")
    SHOTS.mkdir(exist_ok=True)
    first.screenshot(path=SHOTS / "open-webui.png")
    signed_out = page.context.browser.new_context().new_page()
    signed_out.goto(first.url.split("/c/")[0])
    expect(signed_out.locator("input[type=password]")).to_be_visible(timeout=60_000)
    signed_out.context.close()
    first.close()

    # By the notebook: `open()`.
    run(notebook, 1)
    line = page.locator(".jp-OutputArea-output", has_text="opened http").first
    expect(line).to_contain_text("end", timeout=30_000)
    link = line.inner_text().split("opened ")[1].split(" end")[0]
    fresh = page.context.browser.new_context()
    second = fresh.new_page()
    second.goto(link)
    expect(second.locator("#chat-input")).to_be_visible(timeout=60_000)
    expect(second.get_by_text("SmolLM2-135M-Instruct").first).to_be_visible()
    fresh.close()

    run(notebook, 2)
    expect(page.get_by_text("all gone")).to_be_visible(timeout=90_000)
    assert notebook.problems == []


def run(notebook, number):
    """Run one cell: a click into an output selects its cell, so "the next" isn't always that."""
    notebook.page.locator(".jp-CodeCell").nth(number).locator(".jp-InputPrompt").click()
    notebook.command("notebook:run-cell")


def ask(page, text):
    """Type a question; the answer grows while it is written."""
    box = page.locator("#chat-input")
    expect(box).to_be_visible(timeout=60_000)
    expect(page.get_by_text("SmolLM2-135M-Instruct").first).to_be_visible()
    box.click()
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    answer = page.locator(".chat-assistant").first
    expect(answer).not_to_have_text("", timeout=120_000)
    begun = len(answer.inner_text())
    expect(page.get_by_role("button", name="Regenerate").first).to_be_visible(timeout=120_000)
    assert len(answer.inner_text()) > begun, "streamed: it grew after its first words"
