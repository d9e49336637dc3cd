"""A job that failed, seen in a real JupyterLab: why, what now, and the next attempt."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.test_panel_screens import speaking

SHOTS = Path(__file__).parents[2] / "test-results"

# What vLLM says to a length over the model's; only this kernel's launch is told to fail.
LAUNCH = """import os
import jupyter_crater as crater
os.environ["CRATER_SCRIPT_FAIL"] = (
    "ValueError: User-specified max_model_len (4096) is greater than the derived max_model_len "
    "(max_position_embeddings=2048 or model_max_length=None in model's config.json)."
)
job = crater.launch("deepseek-r1-distributed", name="failing", max_model_len=4096)
try:
    job.wait(timeout=60)
except crater.CraterError:
    pass
job"""


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_failure_says_why_and_is_mended(notebook, theme):
    name = f"failing-{theme.lower()}"
    page = notebook.open(name, [LAUNCH.replace('"failing"', repr(name))]).page
    page.evaluate(
        f"""async () => {{ await jupyterapp.commands.execute('apputils:change-theme',
            {{ theme: 'JupyterLab {theme}' }}) }}"""
    )
    notebook.run_all()
    job = page.locator(".crater-Output .crater-Job")
    card = job.locator(".crater-Diagnosis").first
    expect(card).to_contain_text("max_model_len is longer than the model knows", timeout=60_000)
    expect(card.locator("pre")).to_contain_text("User-specified max_model_len (4096)")
    SHOTS.mkdir(exist_ok=True)
    job.screenshot(path=SHOTS / f"failed-{theme.lower()}.png")

    card.get_by_role("button", name="Apply and relaunch").first.click()
    expect(card).to_contain_text("max_model_len: 4096 → 2048")
    card.get_by_role("button", name="Apply and relaunch").first.click()
    phase = job.locator(".crater-Bar .crater-Phase")
    expect(phase).to_have_text("serving", timeout=60_000)
    expect(job).to_contain_text("attempt 2")
    expect(job.locator(".crater-Diagnosis")).to_have_count(0)
    assert notebook.problems == []


def test_a_failure_says_why_in_the_page_s_language(notebook):
    with speaking(notebook.lab, "zh_CN"):
        page = notebook.open("failing-zh", [LAUNCH.replace('"failing"', '"failing-zh"')]).page
        notebook.run_all()
        job = page.locator(".crater-Output .crater-Job")
        card = job.locator(".crater-Diagnosis").first
        expect(card).to_contain_text("max_model_len 超过模型支持的长度", timeout=60_000)
        expect(card.locator("pre")).to_contain_text("User-specified max_model_len (4096)")
        expect(card).to_contain_text("模型自身的 2048 个 token")
        SHOTS.mkdir(exist_ok=True)
        job.screenshot(path=SHOTS / "failed-zh-CN.png")
    assert notebook.problems == []
