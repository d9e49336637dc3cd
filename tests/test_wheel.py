"""The wheel on a machine without Node, and what the front end weighs."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "jupyter_crater" / "labextension"
PACKED = ("jupyter_crater", "jupyter-config", "notebooks")
FILES = ("pyproject.toml", "hatch_build.py", "README.md", "CHANGELOG.md", "LICENSE")
LIMIT_KB = 120
WORDS_KB = (
    32  # the cards of a hundred kinds of failure, what clusters say; only its language fetches it
)
COLOURS = re.compile(r"\x1b\[[0-9;]*m")

pytestmark = pytest.mark.slow  # needs the front end built


def test_the_front_end_is_small():
    scripts = sorted((BUILT / "static").glob("*.js"))
    assert scripts, "the front end is not built: `make labextension`"
    sizes = {each.name: len(gzip.compress(each.read_bytes(), 9)) / 1024 for each in scripts}
    total = sum(sizes.values())
    print(f"{total:.1f} KB gzipped, views and formulas included: {sizes}")
    assert total <= LIMIT_KB, sizes


def test_a_dictionary_is_data_that_its_language_alone_fetches():
    static = BUILT / "static"
    words = {each.name: each.read_bytes() for each in static.glob("words-*.json")}
    assert set(words) == {"words-ja.json", "words-zh-CN.json"}
    for name, content in words.items():
        assert content == (ROOT / "jupyter_crater" / "widgets" / "static" / name).read_bytes()
        assert len(gzip.compress(content, 9)) / 1024 <= WORDS_KB


@pytest.fixture
def bare(tmp_path):
    """Runs commands of a fresh environment with the wheel, on a machine that has no Node."""
    source, venv = tmp_path / "source", tmp_path / "venv"
    # As an sdist has it: the front end built, its sources left out.
    skip = shutil.ignore_patterns("__pycache__")
    for folder in PACKED:
        shutil.copytree(ROOT / folder, source / folder, ignore=skip)
    for file in FILES:
        shutil.copy(ROOT / file, source)
    env = {
        k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "PYTHON", "VIRTUAL"))
    }
    env |= {"PATH": str(venv / "bin"), "HOME": str(tmp_path), "NO_COLOR": "1"}
    assert shutil.which("node", path=env["PATH"]) is None

    def run(*command, python=venv / "bin" / "python"):
        done = subprocess.run(
            [python, *command], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=200
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return COLOURS.sub("", done.stdout + done.stderr)

    here = Path(sys.executable)
    subprocess.run(
        [here, "-m", "hatchling", "build", "-t", "wheel"], cwd=source, env=env, check=True
    )
    (wheel,) = (source / "dist").glob("*.whl")
    run("-m", "venv", "--without-pip", venv, python=here)
    # What it depends on is taken from the tests' own environment: no registry is asked.
    (site,) = venv.glob("lib/python3*/site-packages")
    (site / "others.pth").write_text(sysconfig.get_path("purelib"))
    uv = ["-m", "uv", "pip", "install", "--offline", "--no-deps", "--python", venv / "bin/python"]
    run(*uv, wheel, python=here)
    return run


def test_a_wheel_needs_no_node(bare):
    where = bare("-c", "import jupyter_crater; print(jupyter_crater.__file__)").strip()
    assert str(ROOT) not in where, "the wheel's, not the checkout's"
    listed = bare("-m", "jupyterlab.labextensions", "list")
    assert re.search(r"jupyter-crater v\S+ +enabled +OK", listed), listed
    served = bare("-m", "jupyter_server.extension.serverextension", "list")
    assert re.search(r"jupyter_crater\.server enabled", served), served
    assert re.search(r"jupyter_crater\.server \S* *OK", served), served
    assert "deepseek-r1-distributed" in bare("-m", "jupyter_crater.cli", "templates")
    code = "from jupyter_crater.widgets import ChatWidget; print(len(ChatWidget('j')._esm))"
    assert int(bare("-c", code)) > 10_000, "the views travel in the wheel"
