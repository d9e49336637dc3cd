"""The panel in every language and theme: pictures for people, and what a machine can see of them."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.test_panel import MAIN, command, launch, open_lab

SHOTS = Path(__file__).parents[2] / "test-results"

WORDS = {
    "en": ("Jobs", "serving", "It fits"),
    "ja_JP": ("ジョブ", "稼働中", "メモリに収まります"),
    "zh_CN": ("作业", "服务中", "显存足够"),
}


@contextmanager
def speaking(lab, locale):
    """JupyterLab's own setting of the language; its language packs are not installed here."""
    file = lab.root.parent / "settings/@jupyterlab/translation-extension/plugin.jupyterlab-settings"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f'{{"locale": "{locale}"}}')
    try:
        yield
    finally:
        file.unlink()


@pytest.mark.parametrize(
    ("name", "locale", "theme"),
    [
        ("light", "en", "Light"),
        ("dark", "en", "Dark"),
        ("ja", "ja_JP", "Light"),
        ("zh-CN", "zh_CN", "Light"),
    ],
)
def test_panel_in(notebook, name, locale, theme):
    jobs, serving, fits = WORDS[locale]
    launch(notebook.lab, "deepseek-r1")
    with speaking(notebook.lab, locale):
        page = open_lab(notebook.page, notebook.lab, f"screen-{name}")
        page.set_viewport_size({"width": 1360, "height": 860})
        page.evaluate(
            "async theme => { await jupyterapp.commands.execute("
            "'apputils:change-theme', { theme }) }",
            f"JupyterLab {theme}",
        )
        # In another language the panel's name is another, too.
        page.locator("[data-id=jupyter-crater-panel]").click()
        panel = page.locator("#jupyter-crater-panel")
        expect(panel.get_by_role("tab", name=jobs)).to_be_visible()
        row = panel.locator("[data-name=deepseek-r1]")
        expect(row.locator(".crater-Phase")).to_have_text(serving)
        SHOTS.mkdir(exist_ok=True)
        command(page, "crater:open-job", {"name": "deepseek-r1", "backend": "local"})
        job = page.locator(f"{MAIN} .crater-Job")
        expect(job.locator(".crater-Memory-bar").first).to_be_visible()
        page.wait_for_timeout(500)
        page.screenshot(path=SHOTS / f"panel-job-{name}.png")
        panel.get_by_role("tab").nth(1).click()
        panel.locator(".crater-Card").first.click()
        expect(page.locator(f"{MAIN} .crater-Verdict-word")).to_have_text(fits)
        page.wait_for_timeout(500)
        page.screenshot(path=SHOTS / f"panel-picker-{name}.png")
        # A widget in a notebook speaks the same, its words coming through the kernel.
        book = notebook.open(f"widget-{name}", ["import jupyter_crater as crater; crater.panel()"])
        book.run_all()
        widget = page.locator(".jp-OutputArea-output .crater-Jobs")
        expect(widget.locator(".crater-Bar-title").first).to_have_text(jobs, timeout=30_000)
    assert notebook.problems == []
