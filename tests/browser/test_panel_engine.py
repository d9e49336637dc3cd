"""The panel's whole way with the real engine: real Ray, real vLLM, a true answer, Open WebUI on it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from jupyter_crater.engines import clients
from tests.browser.conftest import Notebook, running_lab
from tests.browser.test_open_webui import TRUE, ask
from tests.browser.test_panel import MAIN, SHORT, answer_by_keyboard, open_lab, open_panel

START_MS = 240_000


pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def real_lab(tmp_path_factory, engine_environment):
    clients.install()
    with running_lab(tmp_path_factory.mktemp("real"), stand_in=False) as lab:
        yield lab


@pytest.fixture
def seen(real_lab, browser):
    """A page with no jobs, and what it complains of."""
    real_lab.python("from jupyter_crater import api\nfor j in api.jobs('local'): j.delete()")
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    seen = Notebook(context.new_page(), real_lab)
    seen.page.on("pageerror", lambda error: seen.problems.append(error.stack or str(error)))
    yield seen
    context.close()


def test_from_an_empty_panel_to_a_true_answer(seen):
    page = open_lab(seen.page, seen.lab, "engine")
    panel = open_panel(page)
    expect(panel).to_contain_text("No jobs yet.")
    panel.get_by_role("button", name="Choose a template").click()
    panel.get_by_text("DeepSeek R1 distributed inference").click()
    picker = page.locator(f"{MAIN} .crater-Picker")
    picker.get_by_role("button", name="Launch the rehearsal").click(timeout=60_000)
    panel.get_by_role("tab", name="Jobs").click()
    row = panel.locator("[data-name=deepseek-r1-distributed]")
    expect(row.locator(".crater-Phase")).to_have_text("serving", timeout=START_MS)
    job = page.locator(f"{MAIN} .crater-Job")
    job.get_by_role("tab", name="Chat").click()
    job.get_by_role("button", name="Settings").click()
    job.get_by_label("Temperature").fill("0")
    job.get_by_label("Most tokens of an answer").fill(str(SHORT))
    job.locator(".crater-Composer textarea").fill("What is gravity?")
    job.get_by_role("button", name="Send").click()
    stats = job.locator(".crater-Turn-stats")
    expect(stats).to_contain_text("first token after", timeout=120_000)
    expect(job.locator(".crater-Turn").last).to_contain_text(TRUE)
    said = "import jupyter_crater as c; print(c.job('deepseek-r1-distributed').phase)"
    assert seen.lab.python(said) == "serving"
    open_webui(page, panel)
    assert seen.problems == []


def test_the_same_by_keyboard_alone(seen):
    job = answer_by_keyboard(open_lab(seen.page, seen.lab, "keys"), "by-keyboard", START_MS)
    expect(job.locator(".crater-Turn").last).to_contain_text(TRUE)
    assert seen.problems == []


def open_webui(page, panel):
    """Launched from its card: it offers the engine that serves, and its page opens signed in."""
    panel.get_by_role("tab", name="Templates").click()
    panel.get_by_text("Open WebUI", exact=True).click()
    picker = page.locator(f"{MAIN} .crater-Picker:visible")
    expect(picker.get_by_label("Connect to")).to_have_value("deepseek-r1-distributed")
    launch = picker.get_by_role("button", name="Launch", exact=False)
    launch.get_by_text("Launch").first.click(timeout=60_000)
    panel.get_by_role("tab", name="Jobs").click()
    row = panel.locator("[data-name=open-webui]")
    expect(row.locator(".crater-Phase")).to_have_text("serving", timeout=START_MS)
    button = page.locator(f"{MAIN} .crater-Job:visible").get_by_role(
        "button", name="Open, signed in"
    )
    with page.context.expect_page() as opened:
        button.click()
    ask(opened.value, "What is gravity?")
    opened.value.close()
