"""A real JupyterLab with what was built last, in a real browser."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
DOUBLES = ROOT / "tests" / "doubles"
BUILT = ROOT / "jupyter_crater" / "labextension"
SHOTS = ROOT / "test-results"
STAND_IN_LIMIT_S = 60
# Five seconds, Playwright's own bound, is no long time on a machine that does other things as well.
expect.set_options(timeout=STAND_IN_LIMIT_S * 1000)
APPS = {"jupyterlab": "LabApp", "notebook": "JupyterNotebookApp"}

# "Run all cells" before all of this is true runs nothing, and says nothing.
READY = """async () => { const app = window.jupyterapp; await app.restored;
  while (!app.shell.currentWidget?.context) await new Promise(r => setTimeout(r, 50));
  const { context } = app.shell.currentWidget; await context.ready;
  await context.sessionContext.ready; await context.sessionContext.session.kernel.info; }"""


def pytest_collection_modifyitems(items):
    for item in items:
        if ROOT / "tests" / "browser" in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass
class Lab:
    """A running JupyterLab and its folder."""

    url: str
    root: Path
    """Where notebooks lie."""
    env: dict[str, str]
    app: str = "jupyterlab"
    """The module that serves: "notebook" is Notebook 7."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.root.parent / "lab.log"

    def start(self) -> None:
        port = self.url.rpartition(":")[2]
        options = [
            *("--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"),
            *("--IdentityProvider.token=", f"--{APPS[self.app]}.expose_app_in_browser=True"),
            f"--ServerApp.root_dir={self.root}",
        ]
        command = [sys.executable, "-m", self.app, *options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self.env, stdout=log, stderr=log)
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{self.url}/api/status", timeout=5).close()
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.2)
            else:
                return
        raise AssertionError(self.log.read_text())

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(20)

    def restart(self) -> None:
        self.stop()
        self.start()

    def python(self, code: str) -> str:
        """What `code` prints in a process of its own, as another program of the same user."""
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=self.env, timeout=120, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def notebook(self, name: str, cells: list[str]) -> str:
        """Write a notebook; returns its address."""
        rows = [
            {
                "cell_type": "code",
                "id": f"c{number}",
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for number, source in enumerate(cells)
        ]
        kernel = {"name": "python3", "display_name": "Python 3"}
        content = {"cells": rows, "metadata": {"kernelspec": kernel}}
        (self.root / f"{name}.ipynb").write_text(
            json.dumps(content | {"nbformat": 4, "nbformat_minor": 5})
        )
        if self.app == "notebook":
            return f"{self.url}/notebooks/{name}.ipynb"
        # A workspace of its own: the default one would bring back the tabs of the test before.
        return f"{self.url}/lab/workspaces/{name}/tree/{name}.ipynb"


@contextmanager
def running_lab(
    root: Path, *, stand_in: bool, app: str = "jupyterlab", extension: bool = True
) -> Iterator[Lab]:
    """JupyterLab (or Notebook 7) with what was built last, in folders of its own.

    Without ``extension`` the server doesn't have ours: what is left is a kernel and its widgets.
    """
    if not (BUILT / "package.json").exists():
        pytest.fail("the front end is not built: `make labextension`")
    work = root / "work"
    work.mkdir()
    built = root / "share" / "labextensions" / "jupyter-crater"
    built.parent.mkdir(parents=True)
    built.symlink_to(BUILT)
    config = root / "config" / "jupyter_server_config.d"
    config.mkdir(parents=True)
    loaded = {"jpserver_extensions": {"jupyter_crater.server": extension}}
    (config / "jupyter_crater.json").write_text(json.dumps({"ServerApp": loaded}))
    quiet = root / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text(
        '{"fetchNews": "false", "checkForUpdates": false}'
    )
    engine = root / "engine"
    shutil.copytree(DOUBLES / "stand_in", engine)
    shutil.copy(DOUBLES / "scripted_engine" / "serve.py", engine)
    (root / "config.toml").touch()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(root / "config"),
        # In a virtual environment its own folder would count more.
        "JUPYTER_PREFER_ENV_PATH": "no",
        "JUPYTER_DATA_DIR": str(root / "data"),
        "JUPYTER_PATH": str(root / "share"),
        "JUPYTERLAB_SETTINGS_DIR": str(root / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces"),
        "IPYTHONDIR": str(root / "ipython"),
        "JUPYTER_CRATER_STATE": str(root / "state"),
        "JUPYTER_CRATER_CONFIG": str(root / "config.toml"),
        "CRATER_TEST_ROOT": str(ROOT),
    }
    if stand_in:
        env["JUPYTER_CRATER_STAND_IN"] = str(engine)
    lab = Lab(f"http://127.0.0.1:{port}", work, env, app)
    try:
        lab.start()
        yield lab
    finally:
        clean = "from jupyter_crater import api\nfor j in api.jobs('local'): j.delete()"
        subprocess.run([sys.executable, "-c", clean], env=env, timeout=120, check=False)
        lab.stop()


@pytest.fixture(scope="session")
def lab(tmp_path_factory) -> Iterator[Lab]:
    """JupyterLab on a job backend whose engine is scripted: all else is real."""
    with running_lab(tmp_path_factory.mktemp("lab"), stand_in=True) as running:
        yield running


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own."""
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if executable is None:
        pytest.fail("chromium is missing: apt-get install chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=flags)
        yield browser
        browser.close()


# Playwright runs a loop in this thread until it is left: not beyond a file of browser tests.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@dataclass
class Notebook:
    """A page with a notebook, and what it asked for elsewhere."""

    page: Page
    lab: Lab
    foreign: list[str] = field(default_factory=list)
    """Requests to another host than JupyterLab's."""
    problems: list[str] = field(default_factory=list)

    def open(self, name: str, cells: list[str]) -> Notebook:
        self.page.goto(self.lab.notebook(name, cells))
        self.page.wait_for_function("window.jupyterapp", timeout=60_000)
        self.page.evaluate(READY)
        return self

    def command(self, name: str) -> None:
        self.page.evaluate(f"() => {{ jupyterapp.commands.execute('{name}') }}")

    def run_all(self) -> Notebook:
        self.command("notebook:run-all-cells")
        return self


@contextmanager
def new_notebook(lab: Lab, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    """A page of its own; of a test that fails a picture is kept."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    made = Notebook(page, lab)
    page.on(
        "request",
        lambda r: (
            None if r.url.startswith((lab.url, "data:", "blob:")) else made.foreign.append(r.url)
        ),
    )
    page.on("pageerror", lambda error: made.problems.append(error.stack or str(error)))
    page.set_default_timeout(STAND_IN_LIMIT_S * 1000)
    try:
        yield made
    except BaseException:
        request.node.stash[FAILED] = True
        raise
    finally:
        if request.node.stash.get(FAILED, False):
            SHOTS.mkdir(exist_ok=True)
            page.screenshot(path=SHOTS / f"{request.node.name}.png")
        context.close()


@pytest.fixture
def notebook(lab: Lab, browser: Browser, request) -> Iterator[Notebook]:
    with new_notebook(lab, browser, request) as made:
        yield made


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report
