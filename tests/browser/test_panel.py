"""The sidebar panel and what it opens, in a real JupyterLab."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

SIDEBAR = "#jupyter-crater-panel"
MAIN = ".crater-Main:visible"
SOON_MS = 60_000
SHORT = 40
"""Tokens of an answer that nobody has to wait for."""


def open_lab(page, lab, workspace):
    """JupyterLab with no notebook, in a workspace of its own."""
    page.goto(f"{lab.url}/lab/workspaces/{workspace}")
    page.wait_for_function("window.jupyterapp", timeout=60_000)
    page.evaluate("async () => { await jupyterapp.restored }")
    # A theme changed while JupyterLab's splash fades makes it remove that twice.
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    return page


def open_panel(page):
    page.locator("[data-id=jupyter-crater-panel]").click()
    panel = page.locator(SIDEBAR)
    expect(panel.get_by_role("tab", name="Jobs")).to_be_visible()
    return panel


def launch(lab, name):
    """A job of another program of the same user: it is there, and serves soon."""
    lab.python(
        "import jupyter_crater as crater\n"
        f"crater.launch('deepseek-r1-distributed', name={name!r}).wait(timeout=60)"
    )


def command(page, name, args):
    page.evaluate(
        "([name, args]) => { void jupyterapp.commands.execute(name, args) }", [name, args]
    )


def test_from_an_empty_panel_to_an_answer_by_mouse(notebook):
    page = open_lab(notebook.page, notebook.lab, "by-mouse")
    panel = open_panel(page)
    panel.get_by_role("tab", name="Templates").click()
    panel.get_by_text("DeepSeek R1 distributed inference").click()
    picker = page.locator(f"{MAIN} .crater-Picker")
    picker.get_by_label("Name", exact=True).fill("by-mouse")
    picker.get_by_role("button", name="Launch the rehearsal").click()
    job = page.locator(f"{MAIN} .crater-Job")
    expect(job.locator(".crater-Phase").first).to_have_text("serving", timeout=SOON_MS)
    expect(page.locator(".Toastify__toast").first).to_contain_text("by-mouse serves")
    panel.get_by_role("tab", name="Jobs").click()
    row = panel.locator("[data-name=by-mouse]")
    expect(row).to_contain_text("serving")
    expect(row).to_contain_text("127.0.0.1")
    expect(row.get_by_role("link")).to_have_attribute("href", re.compile(r"^http://127\.0\.0\.1:"))
    job.get_by_role("tab", name="Events").click()
    expect(job.locator(".crater-Events")).to_contain_text("waiting for workers")
    job.get_by_role("tab", name="Log").click()
    expect(job.locator(".crater-Log-line").first).to_be_visible()
    job.get_by_role("tab", name="Chat").click()
    job.locator(".crater-Composer textarea").fill("What is gravity?")
    job.get_by_role("button", name="Send").click()
    expect(job.locator(".crater-Turn-stats")).to_contain_text("tokens/s", timeout=SOON_MS)
    expect(page.locator(".crater-StatusItem")).to_contain_text("serving")
    assert notebook.problems == []
    assert notebook.foreign == []


def tab_to(page, selector, limit=80):
    for _ in range(limit):
        if page.evaluate("s => !!document.activeElement?.matches(s)", selector):
            return
        page.keyboard.press("Tab")
    focus = page.evaluate("() => document.activeElement?.outerHTML.slice(0, 200)")
    raise AssertionError(f"Tab never comes to {selector}: it is at {focus}")


def answer_by_keyboard(page, name, start_ms=SOON_MS):
    """From the open JupyterLab to an answer without the mouse; returns the job's view.

    The answer is short and always the same: a small model has no end of its own.
    """
    # It comes late, and takes the focus.
    expect(page.locator(".jp-Launcher")).to_be_visible()
    page.wait_for_function("document.activeElement.closest('.jp-MainAreaWidget')")
    page.keyboard.press("Control+Alt+c")
    # The keys are there without a Tab; JupyterLab's own tabs have the same role.
    expect(page.locator(f"{SIDEBAR} [role=tab][aria-selected=true]")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"{SIDEBAR} .crater-Card").first).to_be_visible()
    tab_to(page, ".crater-Card")
    page.keyboard.press("Enter")
    expect(page.locator(f"{MAIN} .crater-Picker fieldset").first).to_be_visible()
    tab_to(page, ".crater-Picker input[placeholder]")
    page.keyboard.type(name)
    expect(page.get_by_role("button", name="Launch the rehearsal")).to_be_enabled()
    tab_to(page, ".crater-Picker .crater-mod-accept", 200)
    page.keyboard.press("Enter")
    job = page.locator(f"{MAIN} .crater-Job")
    expect(job.locator(".crater-Phase").first).to_have_text("serving", timeout=start_ms)
    tab_to(page, ".crater-Job [role=tab]")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    tab_to(page, ".crater-Chat button[aria-expanded]")
    page.keyboard.press("Enter")
    tab_to(page, ".crater-ChatSettings input")
    page.keyboard.type("0")
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(job.get_by_label("Most tokens of an answer")).to_be_focused()
    page.keyboard.type(str(SHORT))
    tab_to(page, ".crater-Composer textarea")
    page.keyboard.type("What is gravity?")
    page.keyboard.press("Enter")
    expect(job.locator(".crater-Turn-stats")).to_contain_text("tokens/s", timeout=start_ms)
    return job


def test_the_same_by_keyboard_alone(notebook):
    page = open_lab(notebook.page, notebook.lab, "by-keyboard")
    answer_by_keyboard(page, "by-keyboard")

    # And back to the panel, down the list, into the job.
    launch(notebook.lab, "by-keyboard-2")
    page.keyboard.press("Control+Alt+c")
    expect(page.locator(f"{SIDEBAR} [role=tab][aria-selected=true]")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(f"{SIDEBAR} [data-name=by-keyboard-2]")).to_be_visible()
    tab_to(page, ".crater-JobRow-open")
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    first = page.locator(f"{SIDEBAR} .crater-JobRow").first.get_attribute("data-name")
    expect(page.locator(f"{MAIN} .crater-Job .crater-Bar-title").first).to_have_text(first)
    assert notebook.problems == []


def test_cells_and_panel_see_the_same_jobs(notebook):
    start = "import jupyter_crater as crater\njob = crater.launch({!r}, name='from-cell')"
    cells = [
        start.format("deepseek-r1-distributed"),
        "print('found', crater.job('from-panel').phase)",
    ]
    page = notebook.open("both", cells).page
    open_panel(page)
    page.evaluate(
        """() => { const look = () => {
          if (document.querySelector('#jupyter-crater-panel [data-name=from-cell]'))
            window.seen = Date.now() / 1000;
          else requestAnimationFrame(look); }; look(); }"""
    )
    notebook.command("notebook:run-cell-and-select-next")
    page.wait_for_function("window.seen", timeout=SOON_MS)
    created = notebook.lab.python(
        "import jupyter_crater as crater; print(crater.job('from-cell').status().created)"
    )
    took = page.evaluate("window.seen") - float(created)
    print(f"launched in a cell, in the panel {took:.2f} s after its folder was made (goal ≤ 2)")

    command(page, "crater:new-job", {"template": "deepseek-r1-distributed"})
    picker = page.locator(f"{MAIN} .crater-Picker")
    picker.get_by_label("Name", exact=True).fill("from-panel")
    picker.get_by_role("button", name="Launch the rehearsal").click()
    expect(page.locator(f"{MAIN} .crater-Job").first).to_be_visible()
    page.locator(".lm-TabBar-tabLabel", has_text="both.ipynb").first.click()
    notebook.command("notebook:run-cell")
    expect(page.locator(".jp-OutputArea-output").last).to_contain_text("found ", timeout=SOON_MS)

    # The cell that connects to a job: by command, then by mouse.
    counted = "() => jupyterapp.shell.currentWidget.content.widgets.length"
    before = page.evaluate(counted)
    command(page, "crater:insert-cell", {"name": "from-panel", "backend": "local"})
    page.wait_for_function(f"({counted})() === {before + 1}")
    source = "() => jupyterapp.shell.currentWidget.model.sharedModel.toJSON().cells"
    assert 'crater.job("from-panel")' in json.dumps(
        ["".join(cell["source"]) for cell in page.evaluate(source)]
    ).replace('\\"', '"')
    row = page.locator(f"{SIDEBAR} [data-name=from-cell]").bounding_box()
    cell = page.locator(".jp-Notebook .jp-Cell").first.bounding_box()
    page.mouse.move(row["x"] + 5, row["y"] + 40)
    page.mouse.down()
    page.mouse.move(cell["x"] + 100, cell["y"] + 10, steps=8)
    page.mouse.up()
    page.wait_for_function(f"({counted})() === {before + 2}")
    texts = ["".join(cell["source"]) for cell in page.evaluate(source)]
    assert any('crater.job("from-cell")' in text for text in texts)
    assert notebook.problems == []


def test_jobs_outlive_kernel_server_and_browser(notebook, browser):
    lab = notebook.lab
    cells = ["import jupyter_crater as crater\ncrater.launch('vllm-single', name='stays')"]
    page = notebook.open("stays", cells).run_all().page
    row = open_panel(page).locator("[data-name=stays]")
    expect(row).to_contain_text("serving", timeout=SOON_MS)
    page.evaluate("async () => { await jupyterapp.serviceManager.sessions.shutdownAll() }")
    expect(row).to_contain_text("serving")

    # The server: the open page goes on with the new one, by itself.
    lab.restart()
    lab.python("import jupyter_crater as crater; crater.job('stays').stop()")
    expect(row).to_contain_text("stopped", timeout=SOON_MS)

    # The browser: the panel is open where it was.
    command(page, "crater:open-job", {"name": "stays", "backend": "local"})
    expect(page.locator(f"{MAIN} .crater-Job").first).to_be_visible()
    page.wait_for_timeout(2500)  # the layout is saved a second after it rests
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    try:
        again = context.new_page()
        again.goto(page.url)
        expect(again.locator(f"{SIDEBAR} [data-name=stays]")).to_contain_text(
            "stopped", timeout=SOON_MS
        )
        expect(again.locator(".crater-Main .crater-Job").first).to_contain_text(
            "stays", timeout=SOON_MS
        )
    finally:
        context.close()


def test_two_tabs_agree(notebook):
    launch(notebook.lab, "shared")
    one = open_lab(notebook.page, notebook.lab, "tab-one")
    two = open_lab(notebook.page.context.new_page(), notebook.lab, "tab-two")
    rows = [open_panel(page).locator("[data-name=shared]") for page in (one, two)]
    for row in rows:
        expect(row).to_contain_text("serving")
    command(one, "crater:stop-job", {"name": "shared", "backend": "local"})
    one.locator(".jp-Dialog").get_by_role("button", name="Stop").click()
    start = time.monotonic()
    for row in rows:
        expect(row).to_contain_text("stopped", timeout=20_000)
    print(f"both tabs say so after {time.monotonic() - start:.1f} s")
    command(two, "crater:delete-job", {"name": "shared", "backend": "local"})
    two.locator(".jp-Dialog").get_by_role("button", name="Delete").click()
    for row in rows:
        expect(row).to_have_count(0, timeout=20_000)
    assert notebook.problems == []


def test_what_belongs_to_jupyterlab(notebook):
    launch(notebook.lab, "belongs")
    page = open_lab(notebook.page, notebook.lab, "belongs")
    # Launcher, menu, palette.
    cards = page.locator(".jp-Launcher-section", has_text="Crater")
    expect(cards.locator(".jp-LauncherCard", has_text="Launch a model")).to_be_visible()
    expect(cards.locator(".jp-LauncherCard", has_text="DeepSeek R1 distributed")).to_be_visible()
    page.get_by_role("menuitem", name="Crater", exact=True).click()
    expect(page.locator(".lm-Menu").get_by_text("Show the Crater panel")).to_be_visible()
    page.keyboard.press("Escape")
    command(page, "apputils:activate-command-palette", {})
    page.keyboard.type("crater stop")
    expect(page.locator(".lm-CommandPalette-item", has_text="Stop a job").first).to_be_visible()
    page.keyboard.press("Escape")
    # The context menu acts on the row under the pointer.
    row = open_panel(page).locator("[data-name=belongs]")
    expect(row).to_contain_text("serving")
    row.click(button="right")
    menu = page.locator(".lm-Menu")
    expect(menu.get_by_text("Copy the head IP of a job")).to_be_visible()
    menu.get_by_text("Stop a job").click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("Stop belongs?")
    dialog.get_by_role("button", name="Keep").click()
    expect(row).to_contain_text("serving")
    # Settings are heeded.
    item = page.locator(".crater-StatusItem")
    expect(item).to_contain_text("serving")
    setting = """async value => (await jupyterapp.serviceManager.settings.save(
      'jupyter-crater:panel', JSON.stringify({ statusBar: value })))"""
    try:
        page.evaluate(setting, False)
        page.reload()
        expect(page.locator(".jp-Launcher")).to_be_visible()
        expect(page.locator("#jp-main-statusbar")).to_be_visible()
        expect(item).to_have_count(0)
    finally:  # other tests look at the same settings
        page.evaluate(setting, True)
    assert notebook.problems == []


AXE = Path(__file__).parents[2] / "labextension/node_modules/axe-core/axe.min.js"
VIOLATIONS = """async selector => (await axe.run(selector, { resultTypes: ['violations'] }))
  .violations.map(each => [each.id, each.help, each.nodes.map(node => node.html.slice(0, 160) +
    ' ' + (node.any[0]?.message ?? ''))])"""


@pytest.mark.parametrize("theme", ["Light", "Dark", "Light High Contrast"])
def test_nothing_that_axe_finds(notebook, theme):
    launch(notebook.lab, "seen-by-axe")
    page = open_lab(notebook.page, notebook.lab, f"axe-{theme.replace(' ', '-')}")
    page.evaluate(
        "async theme => { await jupyterapp.commands.execute('apputils:change-theme', { theme }) }",
        f"JupyterLab {theme}",
    )
    page.add_script_tag(path=AXE)
    panel = open_panel(page)
    found = {}

    def look(name, selector):
        found[name] = page.evaluate(VIOLATIONS, selector)

    expect(panel.locator("[data-name=seen-by-axe]")).to_contain_text("serving")
    look("jobs", SIDEBAR)
    panel.get_by_role("tab", name="Capacity").click()
    expect(panel.locator(".crater-Capacity")).to_contain_text("local")
    look("capacity", SIDEBAR)
    panel.get_by_role("tab", name="Templates").click()
    expect(panel.locator(".crater-Card").first).to_be_visible()
    look("templates", SIDEBAR)
    panel.locator(".crater-Card").first.click()
    expect(page.locator(f"{MAIN} .crater-Verdict-word")).to_be_visible()
    look("picker", ".crater-Picker")
    command(page, "crater:open-job", {"name": "seen-by-axe", "backend": "local"})
    job = page.locator(f"{MAIN} .crater-Job")
    for tab, shows in {
        "Overview": ".crater-Memory-bar",
        "Log": ".crater-Log-line",
        "Events": ".crater-Events table",
        "Chat": "textarea",
    }.items():
        job.get_by_role("tab", name=tab).click()
        expect(job.locator(shows).first).to_be_visible()
        look(f"job {tab}", ".crater-Job")
    assert json.dumps({name: each for name, each in found.items() if each}, indent=1) == "{}"
    assert notebook.problems == []
