"""Notebook 7 in place of JupyterLab: it has no status bar, no launcher, no restorer."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.test_panel import MAIN, SIDEBAR, SOON_MS, launch


def test_panel_and_job_in_notebook_7(notebook):
    lab, page = notebook.lab, notebook.page
    launch(lab, "in-notebook-7")
    lab.notebook("seven", ["import jupyter_crater as crater; crater.job('in-notebook-7')"])
    page.goto(f"{lab.url}/notebooks/seven.ipynb")
    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible(timeout=SOON_MS)
    # Its kernel is asked for as the page is made; a cell run before is not run.
    expect(
        page.locator(".jp-NotebookKernelStatus, .jp-Notebook-ExecutionIndicator").first
    ).to_be_attached()
    page.keyboard.press("Control+Alt+c")
    row = page.locator(f"{SIDEBAR} [data-name=in-notebook-7]")
    expect(row).to_contain_text("serving")
    row.locator(".crater-JobRow-open").click()
    # Its main area takes no second widget: the job opens at the right.
    job = page.locator(f"{MAIN} .crater-Job")
    expect(job.locator(".crater-Phase").first).to_have_text("serving")
    assert job.bounding_box()["height"] > 200
    page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
    # Run by a key before the kernel is there, it is queued.
    page.keyboard.press("Shift+Enter")
    shown = page.locator(".jp-OutputArea-output .crater-Job")
    expect(shown.locator(".crater-Phase").first).to_have_text("serving")
    assert notebook.problems == []
