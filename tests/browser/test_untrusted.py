"""A notebook of somebody else's: its outputs are shown, and nothing in them runs."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.way import phase

LAUNCH = """import json, jupyter_crater as crater
job = crater.launch("deepseek-r1-distributed", name="foreign").wait(timeout=60)
print(json.dumps(job._repr_mimebundle_()))"""
MIME = "application/vnd.jupyter-crater.job+json"

HOSTILE = """<script>window.pwned = 1</script><img src=x onerror="window.pwned = 2">
<iframe srcdoc="<script>parent.pwned = 3</script>"></iframe>
<a href="javascript:window.pwned = 4">a link</a>"""

TRUSTED = """() => { const { content } = jupyterapp.shell.currentWidget;
  return content.widgets.map(cell => cell.model.trusted); }"""


@pytest.fixture
def foreign(lab):
    """Where a notebook lies that wasn't run here, with a job's output as it was saved and worse."""
    bundle = json.loads(lab.python(LAUNCH).splitlines()[-1])
    page = {kind: text for kind, text in bundle.items() if kind != MIME}
    status = bundle[MIME]["status"]
    worse = {
        "name": f"<b>{HOSTILE}</b>",
        "backend": HOSTILE,
        "status": status | {"name": HOSTILE, "reason": HOSTILE, "tasks": {"no": "list"}},
        "tab": HOSTILE,
    }
    outputs = [
        bundle,
        page | {"text/html": page["text/html"] + HOSTILE},
        bundle | {MIME: worse, "text/html": HOSTILE},
    ]
    url = lab.notebook("foreign", ["crater.job('foreign')"] * len(outputs))
    file = lab.root / "foreign.ipynb"
    content = json.loads(file.read_text())
    for cell, data in zip(content["cells"], outputs, strict=True):
        output = {"output_type": "execute_result", "execution_count": 1, "metadata": {}}
        cell["outputs"] = [output | {"data": data}]
    file.write_text(json.dumps(content))
    return url


@pytest.fixture
def without_our_extension(lab):
    """JupyterLab as it is where nobody installed ours; a page asks anew each time."""
    folder = lab.root.parent / "config" / "labconfig"
    folder.mkdir()
    file = folder / "page_config.json"
    file.write_text(json.dumps({"disabledExtensions": {"jupyter-crater": True}}))
    yield
    file.unlink()
    folder.rmdir()


def opened(notebook, url: str) -> Page:
    page = notebook.page
    page.goto(url)
    page.wait_for_function("window.jupyterapp?.shell.currentWidget?.content?.widgets?.length")
    expect(page.locator(".jp-OutputArea-output")).to_have_count(3)
    assert page.evaluate(TRUSTED) == [False] * 3
    return page


def is_inert(notebook) -> None:
    """Nothing ran and nothing was fetched; what could have is not even there."""
    outputs = notebook.page.locator(".jp-Notebook .jp-OutputArea-output")
    assert outputs.locator("script, iframe, [onerror]").count() == 0
    hrefs = outputs.locator("a").evaluate_all("all => all.map(a => a.href)")
    assert [href for href in hrefs if href.startswith("javascript")] == []
    assert notebook.page.evaluate("window.pwned") is None
    assert notebook.problems == []


def test_the_html_of_a_job_is_shown_and_nothing_runs(notebook, foreign, without_our_extension):
    page = opened(notebook, foreign)
    for number in range(2):
        shown = page.locator(".jp-OutputArea-output").nth(number)
        expect(shown.locator("table").first).to_contain_text("serving")
        expect(shown.locator("table").first).to_contain_text("127.0.0.1")
        expect(shown).to_contain_text("foreign")
        expect(shown).to_contain_text("Timeline")
        expect(shown.locator("table").nth(1)).to_contain_text("waiting-for-workers")
    assert page.locator(".crater-Output").count() == 0
    is_inert(notebook)


def test_with_our_extension_it_is_live_and_nothing_runs(notebook, foreign):
    page = opened(notebook, foreign)
    live = page.locator(".crater-Output .crater-Job").first
    expect(phase(live)).to_have_text("serving")
    # What the notebook claims is shown as text; there is no such job to be asked for.
    worse = page.locator(".jp-OutputArea-output").nth(2)
    expect(worse).to_contain_text("<script>window.pwned = 1</script>")
    is_inert(notebook)
    # Buttons of a stranger's notebook ask before they do anything.
    live.get_by_role("button", name="Stop").click()
    expect(live.get_by_role("alertdialog")).to_be_visible()
    live.get_by_role("button", name="Keep").click()
    expect(phase(live)).to_have_text("serving")
