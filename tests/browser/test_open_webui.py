"""Open WebUI from a notebook: real JupyterLab, real engine, real page, a real answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from jupyter_crater.engines import clients, environment

SHOTS = Path(__file__).parents[2] / "test-results"
TRUE = re.compile(r"[Gg]ravity .*(force|mass|attract)", re.DOTALL)
"""What a model says of it; which words it takes differs with what else this machine does."""

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

# Open WebUI's own settings of a user, in its words: sampled, a tiny model's answer may never end.
STEADY = """async () => {
  const headers = { Authorization: `Bearer ${localStorage.token}`, 'Content-Type': 'application/json' };
  const ui = { showChangelog: false, params: { temperature: 0, max_tokens: 80 } };
  const body = JSON.stringify({ ui });
  const url = '/api/v1/users/user/settings/update';
  return (await fetch(url, { method: 'POST', headers, body })).status; }"""

WATCH = """() => { window.lengths = [];
  const look = () => window.lengths.push(
    document.querySelector('.chat-assistant')?.innerText.trim().length ?? 0);
  new MutationObserver(look)
    .observe(document.body, { childList: true, subtree: true, characterData: true }); }"""

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
    """Ask in the page: signed in, the engine's model chosen, an answer that grows while it is written."""
    expect(page.locator("#chat-input")).to_be_visible(timeout=60_000)
    assert page.evaluate(STEADY) == 200
    page.reload()
    box = page.locator("#chat-input")
    expect(box).to_be_visible(timeout=60_000)
    expect(page.get_by_text("SmolLM2-135M-Instruct").first).to_be_visible()
    page.evaluate(WATCH)
    box.click()
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Regenerate").first).to_be_visible(timeout=120_000)
    expect(page.locator(".chat-assistant").first).to_contain_text(TRUE)
    lengths = page.evaluate("() => window.lengths")
    assert len(set(lengths)) > 3, f"streamed: {lengths}"
