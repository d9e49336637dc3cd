"""Defaults of the user: one TOML file, and environment variables that win over it.

The file is ``config.toml`` in the user's configuration folder (``JUPYTER_CRATER_CONFIG`` names
another). A key ``kubernetes.namespace`` is ``namespace`` under ``[kubernetes]`` there, and
``JUPYTER_CRATER_KUBERNETES_NAMESPACE`` in the environment. docs/configuration.md has the table.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .errors import ConfigError, meant, nearest

PREFIX = "JUPYTER_CRATER_"
BACKENDS = ("local", "kubernetes", "crater")
CARRIERS = ("volcano", "kuberay", "kubernetes")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("has to be a text")
    return value


def flag(value: Any) -> bool:
    """Yes or no, as JSON or TOML have it or as a word.

    Raises:
        ValueError: anything else.
    """
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise ValueError("has to be true or false")


def _folder(value: Any) -> Path:
    folder = Path(_text(value)).expanduser()
    if not folder.is_absolute():
        raise ValueError("has to be an absolute path (or begin with ~)")
    return folder


def _folders(value: Any) -> tuple[Path, ...]:
    if isinstance(value, str):
        value = value.split(os.pathsep)
    if isinstance(value, list):
        return tuple(_folder(item) for item in value if item)
    raise ValueError(f"has to be a list of folders (in the environment parted by {os.pathsep!r})")


def _one_of(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            close = nearest(str(value), choices)
            raise ValueError(
                f"has to be one of {', '.join(choices)}"
                + (f"; did you mean {close!r}?" if close else "")
            )
        return str(value)

    return read


def _url(value: Any) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", _text(value)):
        raise ValueError("has to be an address like https://crater.example.org, without a password")
    return str(value).rstrip("/")


def duration(value: Any) -> int:
    """Seconds from "90m", "8h", "1d12h" or a number of seconds; 0 for "none".

    Raises:
        ValueError: anything else.
    """
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    known = isinstance(value, str | int) and not isinstance(value, bool)
    text = str(value).replace(" ", "").lower() if known else ""
    if text == "none":
        return 0
    if text.isdecimal():
        return int(text)
    if not text or not re.fullmatch(r"(\d+d)?(\d+h)?(\d+m)?(\d+s)?", text):
        raise ValueError('has to be a duration like "8h", "90m" or "1d12h", or "none"')
    return sum(int(n) * units[unit] for n, unit in re.findall(r"(\d+)([dhms])", text))


def _lease(value: Any) -> int:
    seconds = duration(value)
    if 0 < seconds < 60:
        raise ValueError("has to be at least a minute")
    return seconds


@dataclass(frozen=True)
class LocalConfig:
    state: Path | None = None


@dataclass(frozen=True)
class KubernetesConfig:
    context: str | None = None
    namespace: str | None = None
    carrier: str | None = None
    queue: str | None = None
    allow_host_path: bool = False


@dataclass(frozen=True)
class CraterConfig:
    url: str | None = None
    account: str | None = None


@dataclass(frozen=True)
class Config:
    """All settings; :data:`KEYS` says what each means. What nobody set is None, empty or false."""

    backend: str | None = None
    lease: int | None = None
    """Seconds; 0 for no end at all."""
    template_folders: tuple[Path, ...] = ()
    model_folders: tuple[Path, ...] = ()
    engine: str | None = None
    forward: bool = True
    local: LocalConfig = LocalConfig()
    kubernetes: KubernetesConfig = KubernetesConfig()
    crater: CraterConfig = CraterConfig()


@dataclass(frozen=True)
class Key:
    """One setting: its dotted name, how its value is read, what it means and its default."""

    name: str
    read: Callable[[Any], Any]
    help: str
    default: str

    @property
    def env(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + self.name.removeprefix("local.").replace(".", "_").upper()


KEYS: dict[str, Key] = {
    key.name: key
    for key in (
        Key("backend", _one_of(*BACKENDS), "Where jobs run: local, kubernetes or crater.", "local"),
        Key(
            "lease",
            _lease,
            'How long a job may hold its GPUs, e.g. "8h", or "none".',
            "none locally, 8h on clusters",
        ),
        Key("template_folders", _folders, "Folders with templates of yours.", "none"),
        Key("model_folders", _folders, "Folders in which models are looked for by name.", "none"),
        Key(
            "engine",
            _text,
            "Requirement, wheel or folder that the engine environment takes vLLM from.",
            "the locked build of the package",
        ),
        Key(
            "forward",
            flag,
            "Whether Jupyter's own address leads to engines; its server sets it for its kernels.",
            "true",
        ),
        Key("local.state", _folder, "Folder of the local jobs.", "the user's state folder"),
        Key("kubernetes.context", _text, "Context of the kubeconfig.", "its current one"),
        Key("kubernetes.namespace", _text, "Namespace of the jobs.", "the context's or the pod's"),
        Key(
            "kubernetes.carrier",
            _one_of(*CARRIERS),
            "What carries a job: volcano, kuberay or kubernetes.",
            "what the cluster has",
        ),
        Key("kubernetes.queue", _text, "Queue that jobs are submitted to.", "the carrier's"),
        Key(
            "kubernetes.allow_host_path",
            flag,
            "Whether a job may mount folders of the node.",
            "false",
        ),
        Key("crater.url", _url, "Address of the Crater platform.", "none"),
        Key("crater.account", _text, "Account (queue) to act as.", "the one last used"),
    )
}


def path(environ: Mapping[str, str] | None = None) -> Path:
    """The configuration file; it need not exist."""
    named = (os.environ if environ is None else environ).get(f"{PREFIX}CONFIG")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_config_dir("jupyter_crater")) / "config.toml"


def state() -> Path:
    """The folder of what this package remembers: local jobs, records of forwards, measurements."""
    import platformdirs

    return load().local.state or platformdirs.user_state_path("jupyter_crater")


_held: ContextVar[Config | None] = ContextVar("held", default=None)


@contextmanager
def held() -> Iterator[None]:
    """Within it the configuration is that of its beginning: a list of jobs asks for it once a job.

    Raises:
        ConfigError: as :func:`load`.
    """
    token = _held.set(load())
    try:
        yield
    finally:
        _held.reset(token)


def load(environ: Mapping[str, str] | None = None) -> Config:
    """The configuration as it is now: environment, else file, else default.

    Raises:
        ConfigError: an unknown key or a value that can't be, with file and line or the variable.
    """
    if environ is None and (known := _held.get()) is not None:
        return known
    environ = os.environ if environ is None else environ
    file, named = path(environ), bool(environ.get(f"{PREFIX}CONFIG"))
    values = _from_file(file, must_exist=named)
    for key in KEYS.values():
        if environ.get(key.env):
            values[key.name] = _read(key, environ[key.env], key.env)
    config = Config()
    for name, value in values.items():
        table, _, last = name.rpartition(".")
        if table:
            value = replace(getattr(config, table), **{last: value})  # noqa: PLW2901
        config = replace(config, **{table or last: value})
    return config


def _from_file(file: Path, *, must_exist: bool) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except FileNotFoundError:
        if must_exist:
            raise ConfigError(f"{file}: there is no such file ({PREFIX}CONFIG names it).") from None
        return {}
    except OSError as error:
        raise ConfigError(f"{file}: can't be read: {error.strerror}.") from error
    except ValueError as error:  # TOML's, with its line, and UTF-8's
        raise ConfigError(f"{file}: not TOML: {error}.") from error
    values = {}
    for name, value in _flat(tree):
        where = f"{file}:{_line(text, name)}: {name}"
        if name not in KEYS:
            raise ConfigError(
                f"{where}: there is no such setting.",
                hint=meant(name, KEYS, f"There are: {', '.join(KEYS)}."),
            )
        values[name] = _read(KEYS[name], value, where)
    return values


def _flat(tree: Mapping[str, Any], below: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{below}{key}.")
        elif value != {}:  # an empty table says nothing
            yield below + key, value


def _read(key: Key, value: Any, where: str) -> Any:
    try:
        return key.read(value)
    except ValueError as error:
        shown = "" if "@" in str(value) else f", not {value!r}"  # a password may stand before it
        raise ConfigError(f"{where}: {error}{shown}.") from error


def _line(text: str, name: str) -> int:
    """The line of a setting: tomllib keeps none, so its last word is looked for as a key."""
    table = name.rpartition(".")[0]
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([^\]]*?)\s*\]", line)
        if header:
            inside = header[1].replace('"', "").replace(" ", "")
            if inside == name:
                return number
            continue
        written = re.match(r"""\s*["']?([\w.-]+)["']?\s*=""", line)
        if written and f"{inside}.{written[1]}".strip(".") in {name, table}:
            return number
    return 1
