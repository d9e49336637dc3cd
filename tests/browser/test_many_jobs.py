"""A thousand jobs in the panel, over the real routes: how soon, and how smooth."""

from __future__ import annotations

import shutil
import statistics
from pathlib import Path

import pytest
from playwright.sync_api import expect

from jupyter_crater import templating
from jupyter_crater.backends.local import store
from jupyter_crater.spec import Observation

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


@pytest.fixture
def many(lab, monkeypatch):
    """Folders of jobs that ended; nothing runs."""
    monkeypatch.setenv("JUPYTER_CRATER_STATE", lab.env["JUPYTER_CRATER_STATE"])
    spec = templating.template("vllm-single").render({"model": "some/model"}).to_json()
    made: list[Path] = []
    for number in range(COUNT):
        folder = store.create(f"many-{number:04d}")
        made.append(folder.path)
        attempt = store.add_attempt(folder, {"spec": spec, "asked": spec, "changes": []})
        attempt.record(Observation(1000.0, "phase", "queued"))
        attempt.record(Observation(1001.0, "phase", "stopped"))
    yield
    for path in made:
        shutil.rmtree(path)


def test_a_thousand_jobs(notebook, many):
    # Other tests of the same JupyterLab leave jobs of their own.
    listed = "from jupyter_crater import api; print(len(api.jobs('local')))"
    count = int(notebook.lab.python(listed))
    assert count >= COUNT
    page = notebook.page
    page.goto(f"{notebook.lab.url}/lab/workspaces/many")
    page.wait_for_function("window.jupyterapp", timeout=60_000)
    page.evaluate("async () => { await jupyterapp.restored }")
    page.evaluate("async () => { await jupyterapp.commands.execute('crater:refresh') }")
    times = [page.evaluate(ACTIVATE) for _ in range(5)]
    panel = page.locator("#jupyter-crater-panel")
    expect(panel.locator(".crater-JobList-group")).to_contain_text(str(count))
    found = page.evaluate(SCROLL)
    print(f"activation to first row: {[round(t) for t in times]} ms; scrolling: {found}")
    assert statistics.median(times) <= 300
    assert found["height"] > COUNT * 50
    assert found["drawn"] < 60
    assert found["blanks"] == 0
    assert max(found["tasks"], default=0) <= 50
    panel.get_by_role("searchbox").fill("many-0500")
    expect(panel.locator(".crater-JobRow")).to_have_count(1)
    assert notebook.problems == []
