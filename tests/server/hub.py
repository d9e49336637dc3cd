"""A real JupyterHub under a base path, its proxy and single-user servers, all on loopback.

Its spawner makes everybody the same Unix user, so what keeps users apart on a real hub (accounts,
pods) is stood in for by a state folder each. What the hub itself keeps apart is tested as it is.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from .serving import CONFIG, ROOT, scripted_engine

PROXY = ROOT / "labextension" / "node_modules" / ".bin" / "configurable-http-proxy"
BUILT = ROOT / "jupyter_crater" / "labextension"
BASE = "/base/"
START_S = 90
FIELD = re.compile(r'name="_xsrf"\s+value="([^"]+)"')

SETTINGS = """
root = {root!r}
c.JupyterHub.bind_url = "http://127.0.0.1:{port}{base}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.JupyterHub.db_url = "sqlite:///" + root + "/hub.sqlite"
c.JupyterHub.cookie_secret_file = root + "/cookie_secret"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = root + "/{{username}}"
c.Spawner.default_url = "/lab"
c.Spawner.args = ["--allow-root", "--LabApp.expose_app_in_browser=True"]
c.Spawner.start_timeout = c.Spawner.http_timeout = {start}
of = lambda *parts: lambda spawner: "/".join((root, spawner.user.name) + parts)
c.Spawner.environment = {{
    "JUPYTER_CRATER_STATE": of("state"),
    "JUPYTER_CRATER_CONFIG": of("config.toml"),
    "JUPYTER_CONFIG_DIR": of("config"),
    "JUPYTER_DATA_DIR": of("data"),
    "JUPYTERLAB_SETTINGS_DIR": of("settings"),
    "JUPYTERLAB_WORKSPACES_DIR": of("workspaces"),
    "IPYTHONDIR": of("ipython"),
    "JUPYTER_PATH": root + "/share",
    **{engine!r},
}}
"""


@dataclass
class User:
    """Who has logged in, whose server runs, and what her programs see."""

    name: str
    url: str
    """Of her server, with a slash at its end."""
    browser: httpx.Client
    """Holds the cookies of a real login, and nothing else."""
    env: dict[str, str]
    token: str = ""
    """Of her hub account, as she would make one for a script."""

    @property
    def state(self) -> Path:
        return Path(self.env["JUPYTER_CRATER_STATE"])

    def key(self, job: str) -> str:
        return (self.state / "jobs" / job / "key").read_text().strip()

    def xsrf(self) -> dict[str, str]:
        """What JupyterLab's page sends with each request that changes something."""
        path = httpx.URL(self.url).path
        (own,) = (c.value for c in self.browser.cookies.jar if c.name == "_xsrf" and c.path == path)
        return {"X-XSRFToken": own or ""}


@dataclass
class Hub:
    url: str
    """With the base path, and a slash at its end."""
    root: Path
    engine: dict[str, str]
    browsers: list[httpx.Client] = field(default_factory=list)

    @property
    def log(self) -> str:
        return (self.root / "hub.log").read_text()

    def prepare(self, name: str) -> dict[str, str]:
        """Her folders, before her server is started; the environment of her programs."""
        folder = self.root / name
        config = folder / "config" / "jupyter_server_config.d"
        config.mkdir(parents=True)
        shutil.copy(CONFIG, config)
        quiet = folder / "settings" / "@jupyterlab" / "apputils-extension"
        quiet.mkdir(parents=True)
        (quiet / "notification.jupyterlab-settings").write_text(
            '{"fetchNews": "false", "checkForUpdates": false}'
        )
        (folder / "config.toml").touch()
        return {
            **os.environ,
            "JUPYTER_CRATER_STATE": str(folder / "state"),
            "JUPYTER_CRATER_CONFIG": str(folder / "config.toml"),
            **self.engine,
        }

    def user(self, name: str) -> User:
        """Log in by the form and start the server, as a browser does."""
        env = self.prepare(name)
        browser = httpx.Client(follow_redirects=True, timeout=30)
        self.browsers.append(browser)
        form = browser.get(f"{self.url}hub/login")
        xsrf = FIELD.search(form.text)
        assert xsrf, form.text
        login = {"username": name, "password": "any", "_xsrf": xsrf[1]}
        browser.post(f"{self.url}hub/login", data=login).raise_for_status()
        user = User(name, f"{self.url}user/{name}/", browser, env)
        self._until_served(user)
        made = browser.post(
            f"{self.url}hub/api/users/{name}/tokens",
            json={"note": "a script"},
            headers={"X-XSRFToken": self._hub_xsrf(browser), "Referer": f"{self.url}hub/token"},
        )
        user.token = made.raise_for_status().json()["token"]
        return user

    def _hub_xsrf(self, browser: httpx.Client) -> str:
        path = httpx.URL(f"{self.url}hub/").path
        (own,) = (c.value for c in browser.cookies.jar if c.name == "_xsrf" and c.path == path)
        return own or ""

    def _until_served(self, user: User) -> None:
        user.browser.get(f"{self.url}hub/spawn")
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            # The page, not the API: it comes by the hub's login of the server itself.
            page = user.browser.get(f"{user.url}lab")
            if page.status_code == 200 and page.url.path.startswith(httpx.URL(user.url).path):
                return
            time.sleep(0.3)
        raise AssertionError(f"the server of {user.name} does not come up:\n{self.log}")


@contextmanager
def running_hub(root: Path) -> Iterator[Hub]:
    """A hub with nobody logged in; at the end no server and no job is left of it."""
    if not PROXY.exists():
        pytest.fail("the hub's proxy is not installed: `make labextension`")
    extension = root / "share" / "labextensions" / "jupyter-crater"
    extension.parent.mkdir(parents=True)
    extension.symlink_to(BUILT)
    engine = scripted_engine(root)
    ports = free_ports(3)
    file = root / "jupyterhub_config.py"
    settings = dict(zip(("port", "hub", "api"), ports, strict=True))
    file.write_text(
        SETTINGS.format(
            root=str(root), base=BASE, proxy=str(PROXY), engine=engine, start=START_S, **settings
        )
    )
    # The hub starts `jupyterhub-singleuser`, and its proxy looks for node.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with (root / "hub.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(file)],
            env={**os.environ, "PATH": path},
            cwd=root,
            stdout=log,
            stderr=log,
        )
    hub = Hub(f"http://127.0.0.1:{ports[0]}{BASE}", root, engine)
    try:
        end = time.monotonic() + START_S
        while True:
            try:
                httpx.get(f"{hub.url}hub/login").raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None, hub.log
                assert time.monotonic() < end, hub.log
                time.sleep(0.2)
        yield hub
    finally:
        for browser in hub.browsers:
            browser.close()
        clean = "from jupyter_crater import api\nfor j in api.jobs('local'): j.delete()"
        for state in root.glob("*/state"):
            env = {**os.environ, **engine, "JUPYTER_CRATER_STATE": str(state)}
            env["JUPYTER_CRATER_CONFIG"] = str(state.parent / "config.toml")
            subprocess.run([sys.executable, "-c", clean], env=env, timeout=120, check=False)
        process.terminate()  # it ends its proxy and its users' servers
        process.wait(30)


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports
