"""Picker, job output and log in a real JupyterLab; Ray and the engine are stood in for."""

import re

from playwright.sync_api import expect

from tests.browser.way import from_picker_to_deletion


def test_from_picker_to_chat_and_back_after_a_restart(notebook):
    from_picker_to_deletion(notebook, seconds=60, answer="word39", long="script: story")


def test_a_long_and_hostile_log(notebook):
    hostile = "<img src=x onerror=window.pwned=1> \\x1b[31mred \\u202e backwards <script>"
    launch = f"""import os, jupyter_crater as crater
os.environ["CRATER_SCRIPT_LINES"] = "100000"
os.environ["CRATER_SCRIPT_LOG"] = "{hostile}"
job = crater.launch("deepseek-r1-distributed", name="loud")
job.wait(timeout=60); None"""
    cells = [launch, "job"]
    page = notebook.open("loud", cells).run_all().page
    output = page.locator(".crater-Output .crater-Job")
    output.get_by_role("tab", name="Log").click(timeout=60_000)
    log = output.locator(".crater-Log")
    expect(log.locator(".crater-Log-count")).to_contain_text(
        re.compile(r"100,0\d\d"), timeout=60_000
    )
    expect(log.locator(".crater-Log-line").last).to_contain_text("startup complete")
    assert output.evaluate("view => view.querySelectorAll('*').length") < 500
    log.get_by_label("Filter the log").fill("line 54242 ")
    expect(log.locator(".crater-Log-line")).to_have_count(1)
    text = log.locator(".crater-Log-line").inner_text()
    assert "<img src=x onerror" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert log.locator("img, script").count() == 0
    assert page.evaluate("window.pwned") is None
    assert notebook.problems == []


def test_calculator_and_panel(notebook):
    cells = ["import jupyter_crater as crater; crater.calculator()", "crater.panel()"]
    page = notebook.open("calculator", cells).run_all().page
    view = page.locator(".crater-Calculator")
    expect(view.locator(".crater-Verdict-word")).to_have_text("It fits", timeout=30_000)
    view.locator("[data-parameter=gpus_per_node] input").fill("2")
    expect(view.locator(".crater-Verdict-word")).to_have_text("It does not fit")
    expect(view.get_by_label("Alternatives")).to_contain_text("short on each GPU")
    view.get_by_role("button", name=re.compile("Use 4 GPUs")).click()
    expect(view.locator(".crater-Verdict-word")).to_have_text("It fits")
    view.locator("[data-parameter=gpu] input").fill("Voodoo 2")
    expect(view.locator("[data-parameter=gpu] [role=alert]")).to_contain_text("Voodoo 2")
    expect(page.locator(".crater-Jobs")).to_contain_text("Jobs")
    assert notebook.problems == []
