"""A real Jupyter server in a process of its own, with a token and a base path as under a hub."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "jupyter-config/server-config/jupyter_crater.json"
STAND_IN = ROOT / "tests" / "doubles" / "stand_in"
TOKEN = "a-token-of-the-test"
BASE = "/user/jo/"


REFUSING = """
from jupyter_server.auth import Authorizer


class Refusing(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return resource != "crater"


c.ServerApp.authorizer_class = Refusing
"""


@contextmanager
def serving(root, settings="", **more):
    """Its URL, and the environment of whoever launches jobs for it; ``more`` is added to that."""
    folder = root / "config" / "jupyter_server_config.d"
    folder.mkdir(parents=True)
    (folder / CONFIG.name).write_text(CONFIG.read_text())
    (root / "config" / "jupyter_server_config.py").write_text(settings)
    (root / "config.toml").touch()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(root / "config"),
        "JUPYTER_CRATER_STATE": str(root / "state"),
        "JUPYTER_CRATER_CONFIG": str(root / "config.toml"),
        "JUPYTER_CRATER_STAND_IN": str(STAND_IN),
        **more,
    }
    command = [
        *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
        *(f"--port={port}", f"--ServerApp.base_url={BASE}", f"--IdentityProvider.token={TOKEN}"),
        f"--ServerApp.root_dir={root}",
    ]
    log = (root / "server.log").open("wb")
    process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}{BASE}"
    try:
        for _ in range(200):
            try:
                httpx.get(f"{url}api")
                break
            except httpx.HTTPError:
                assert process.poll() is None, (root / "server.log").read_text()
                time.sleep(0.1)
        yield url, env
    finally:
        clean = "from jupyter_crater import api\nfor j in api.jobs('local'): j.delete()"
        subprocess.run([sys.executable, "-c", clean], env=env, check=False, timeout=100)
        process.terminate()
        process.wait(20)
        log.close()


def scripted_engine(folder):
    """A stand-in whose engine answers as a script says; the environment that names it."""
    engine = folder / "engine"
    shutil.copytree(STAND_IN, engine)
    shutil.copy(ROOT / "tests/doubles/scripted_engine/serve.py", engine)
    return {"JUPYTER_CRATER_STAND_IN": str(engine), "CRATER_TEST_ROOT": str(ROOT)}


def launch(env, name, template="vllm-single"):
    """A job of that state folder, as a kernel would launch it; returns when it serves."""
    code = (
        f"from jupyter_crater import api; api.launch({template!r}, name={name!r}).wait(timeout=60)"
    )
    subprocess.run([sys.executable, "-c", code], env=env, check=True, timeout=100)
