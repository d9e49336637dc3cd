"""The sidebar panel and what it opens, in a real JupyterLab."""

from __future__ import annotations

from playwright.sync_api import expect

SIDEBAR = "#jupyter-crater-panel"


def panel_of(notebook, name):
    """JupyterLab with the panel open and no notebook."""
    page = notebook.page
    page.goto(f"{notebook.lab.url}/lab/workspaces/{name}")
    page.wait_for_function("window.jupyterapp", timeout=60_000)
    page.evaluate("async () => { await jupyterapp.restored }")
    page.locator("[data-id=jupyter-crater-panel]").click()
    return page.locator(SIDEBAR)


def test_from_an_empty_panel_to_an_answer_by_mouse(notebook):
    panel = panel_of(notebook, "by-mouse")
    page = notebook.page
    panel.get_by_role("tab", name="Templates").click()
    panel.get_by_text("DeepSeek R1 distributed inference").click()
    picker = page.locator(".crater-Main .crater-Picker")
    expect(picker.locator(".crater-Verdict-word")).to_be_visible()
    picker.get_by_label("Name", exact=True).fill("by-mouse")
    picker.get_by_role("button", name="Launch the rehearsal").click()
    job = page.locator(".crater-Main .crater-Job")
    expect(job.locator(".crater-Bar .crater-Phase").first).to_have_text("serving", timeout=60_000)
    panel.get_by_role("tab", name="Jobs").click()
    row = panel.locator("[data-name=by-mouse]")
    expect(row).to_contain_text("serving")
    job.get_by_role("tab", name="Events").click()
    expect(job.locator(".crater-Events")).to_contain_text("serving")
    job.get_by_role("tab", name="Chat").click()
    job.locator(".crater-Composer textarea").fill("What is gravity?")
    job.get_by_role("button", name="Send").click()
    expect(job.locator(".crater-Turn-stats")).to_contain_text("tokens/s")
    assert notebook.problems == []
