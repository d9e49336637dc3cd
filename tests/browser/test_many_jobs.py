"""A thousand jobs in the panel, over the real routes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from jupyter_crater import templating
from jupyter_crater.backends.local import store
from jupyter_crater.spec import Observation
from tests.browser.conftest import Lab

COUNT = 1000

ACTIVATE = """async () => {
  const rows = () => document.querySelectorAll('#jupyter-crater-panel .crater-JobRow').length;
  jupyterapp.shell.collapseLeft();
  while (document.querySelector('#jupyter-crater-panel').offsetParent)
    await new Promise(requestAnimationFrame);
  await new Promise(done => setTimeout(done, 200));
  if (rows()) throw new Error('a hidden panel is drawn');
  const start = performance.now();
  void jupyterapp.commands.execute('crater:show-panel');
  while (!rows()) await new Promise(requestAnimationFrame);
  return performance.now() - start; }"""

SCROLL = """async () => {
  const box = document.querySelector('#jupyter-crater-panel .crater-JobList-box');
  const tasks = [], blanks = [];
  const observer = new PerformanceObserver(list => tasks.push(...list.getEntries()));
  observer.observe({ type: 'longtask' });
  const frame = () => new Promise(requestAnimationFrame);
  // To the end and back, half a screen a frame: faster than anyone reads.
  for (const step of [300, -300])
    for (let last = -1; last !== box.scrollTop; ) {
      last = box.scrollTop; box.scrollTop += step; await frame(); await frame();
      const { left, top, height } = box.getBoundingClientRect();
      const seen = document.elementFromPoint(left + 20, top + height / 2);
      if (!seen?.closest('li')) blanks.push(last);
    }
  await new Promise(done => setTimeout(done, 100));
  return { tasks: tasks.map(each => each.duration), blanks: blanks.length,
           drawn: box.querySelectorAll('li').length, height: box.scrollHeight }; }"""


@contextmanager
def many_jobs(lab: Lab) -> Iterator[None]:
    """Folders of jobs that ended; nothing runs."""
    spec = templating.template("vllm-single").render({"model": "some/model"}).to_json()
    made: list[Path] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_CRATER_STATE", lab.env["JUPYTER_CRATER_STATE"])
        for number in range(COUNT):
            folder = store.create(f"many-{number:04d}")
            made.append(folder.path)
            attempt = store.add_attempt(folder, {"spec": spec, "asked": spec, "changes": []})
            attempt.record(Observation(1000.0, "phase", "queued"))
            attempt.record(Observation(1001.0, "phase", "stopped"))
    try:
        yield
    finally:
        for path in made:
            shutil.rmtree(path)


def listed(page: Page, lab: Lab) -> Page:
    """JupyterLab with all of them read, the panel not yet opened."""
    page.goto(f"{lab.url}/lab/workspaces/many")
    page.wait_for_function("window.jupyterapp", timeout=60_000)
    page.evaluate("async () => { await jupyterapp.restored }")
    page.evaluate("async () => { await jupyterapp.commands.execute('crater:refresh') }")
    return page


def test_a_thousand_jobs(notebook):
    with many_jobs(notebook.lab):
        # Other tests of the same JupyterLab leave jobs of their own.
        known = "from jupyter_crater import api; print(len(api.jobs('local')))"
        count = int(notebook.lab.python(known))
        assert count >= COUNT
        page = listed(notebook.page, notebook.lab)
        page.evaluate(ACTIVATE)
        panel = page.locator("#jupyter-crater-panel")
        expect(panel.locator(".crater-JobList-group")).to_contain_text(str(count))
        # How long it takes is printed by benchmarks/panel.py.
        found = page.evaluate(SCROLL)
        assert found["height"] > COUNT * 50
        assert found["drawn"] < 60
        assert found["blanks"] == 0
        panel.get_by_role("searchbox").fill("many-0500")
        expect(panel.locator(".crater-JobRow")).to_have_count(1)
        assert notebook.problems == []
