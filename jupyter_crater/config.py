"""Defaults of the user: one TOML file, and environment variables that win over it.

The file is ``config.toml`` in the user's configuration folder (``JUPYTER_CRATER_CONFIG`` names
another). A key ``kubernetes.namespace`` is ``namespace`` under ``[kubernetes]`` there, and
``JUPYTER_CRATER_KUBERNETES_NAMESPACE`` in the environment. docs/configuration.md has the table.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from .errors import ConfigError, nearest

__all__ = ["Config", "CraterConfig", "KubernetesConfig", "LocalConfig", "keys", "load", "path"]

PREFIX = "JUPYTER_CRATER_"
BACKENDS = ("local", "kubernetes", "crater")
CARRIERS = ("volcano", "kuberay", "kubernetes")


def _key(help: str, read: Callable[[Any], Any], env: str = "") -> dict[str, Any]:  # noqa: A002  (the field's word for it)
    return {"help": help, "read": read, "env": env}


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("has to be a text")
    return value


def _flag(value: Any) -> bool:
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
    text = "" if isinstance(value, bool) else str(value).replace(" ", "").lower()
    if text == "none":
        return 0
    if text.isdecimal():
        return int(text)
    if not text or not re.fullmatch(r"(\d+d)?(\d+h)?(\d+m)?(\d+s)?", text):
        raise ValueError('has to be a duration like "8h", "90m" or "1d12h", or "none"')
    return sum(int(n) * units[unit] for n, unit in re.findall(r"(\d+)([dhms])", text))


@dataclass(frozen=True)
class LocalConfig:
    """``[local]``: jobs on this machine."""

    state: Path | None = field(
        default=None,
        metadata=_key(
            "Folder of the local jobs (default: the user's state folder).",
            _folder,
            env="JUPYTER_CRATER_STATE",
        ),
    )


@dataclass(frozen=True)
class KubernetesConfig:
    """``[kubernetes]``: jobs on a cluster."""

    context: str | None = field(
        default=None,
        metadata=_key("Context of the kubeconfig (default: its current one).", _text),
    )
    namespace: str | None = field(
        default=None,
        metadata=_key(
            "Namespace of the jobs (default: the context's or the service account's).", _text
        ),
    )
    carrier: str | None = field(
        default=None,
        metadata=_key(
            "What carries a job: volcano, kuberay or kubernetes (default: what the cluster has).",
            _one_of(*CARRIERS),
        ),
    )
    queue: str | None = field(
        default=None,
        metadata=_key("Queue that jobs are submitted to (default: the carrier's).", _text),
    )
    allow_host_path: bool = field(
        default=False,
        metadata=_key("Whether a job may mount folders of the node (default: false).", _flag),
    )


@dataclass(frozen=True)
class CraterConfig:
    """``[crater]``: jobs of a Crater platform."""

    url: str | None = field(
        default=None, metadata=_key("Address of the Crater platform (default: none).", _url)
    )
    account: str | None = field(
        default=None,
        metadata=_key("Account (queue) to act as (default: the one last used).", _text),
    )


@dataclass(frozen=True)
class Config:
    """All settings. What nobody set is None or empty, and means the default told in its help."""

    backend: str | None = field(
        default=None,
        metadata=_key(
            "Where jobs run: local, kubernetes or crater (default: local).", _one_of(*BACKENDS)
        ),
    )
    lease: int | None = field(
        default=None,
        metadata=_key(
            'How long a job may hold its GPUs, e.g. "8h", or "none" (default: none locally, 8h on '
            "clusters).",
            duration,
        ),
    )
    """Seconds; 0 for no lease at all."""
    template_folders: tuple[Path, ...] = field(
        default=(), metadata=_key("Folders with templates of yours (default: none).", _folders)
    )
    model_folders: tuple[Path, ...] = field(
        default=(),
        metadata=_key("Folders in which models are looked for by name (default: none).", _folders),
    )
    engine: str | None = field(
        default=None,
        metadata=_key(
            "Requirement, wheel or folder that the engine environment takes vLLM from (default: "
            "the locked build in the package).",
            _text,
        ),
    )
    local: LocalConfig = field(default_factory=LocalConfig)
    kubernetes: KubernetesConfig = field(default_factory=KubernetesConfig)
    crater: CraterConfig = field(default_factory=CraterConfig)


@dataclass(frozen=True)
class Key:
    """One setting: its name in the file, its environment variable, and what it means."""

    name: str
    env: str
    help: str
    read: Callable[[Any], Any]


def keys(of: Any = Config, below: str = "") -> dict[str, Key]:
    """Every setting by its dotted name, in the order of the documentation."""
    found: dict[str, Key] = {}
    for one in fields(of):
        name = below + one.name
        if "read" in one.metadata:
            env = one.metadata["env"] or PREFIX + name.upper().replace(".", "_")
            found[name] = Key(name, env, one.metadata["help"], one.metadata["read"])
        else:
            found |= keys(one.default_factory, f"{name}.")
    return found


def path(environ: Mapping[str, str] | None = None) -> Path:
    """The configuration file; it need not exist."""
    named = (os.environ if environ is None else environ).get(f"{PREFIX}CONFIG")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_config_dir("jupyter_crater")) / "config.toml"


def load(environ: Mapping[str, str] | None = None) -> Config:
    """The configuration as it is now: environment, else file, else default.

    Raises:
        ConfigError: an unknown key or a value that can't be, with file and line or the variable.
    """
    environ = os.environ if environ is None else environ
    known = keys()
    values = _from_file(path(environ), known, asked_for=bool(environ.get(f"{PREFIX}CONFIG")))
    for key in known.values():
        if environ.get(key.env):
            values[key.name] = _read(key, environ[key.env], key.env)
    config = Config()
    for name, value in values.items():
        table, _, last = name.rpartition(".")
        if table:
            config = replace(config, **{table: replace(getattr(config, table), **{last: value})})
        else:
            config = replace(config, **{last: value})
    return config


def _from_file(file: Path, known: Mapping[str, Key], *, asked_for: bool) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except FileNotFoundError:
        if asked_for:
            raise ConfigError(f"{file}: there is no such file ({PREFIX}CONFIG names it).") from None
        return {}
    except OSError as error:
        raise ConfigError(f"{file}: can't be read: {error.strerror}.") from error
    except ValueError as error:  # TOML's, with its line, and UTF-8's
        raise ConfigError(f"{file}: not TOML: {error}.") from error
    values = {}
    for name, value in _flat(tree, known):
        where = f"{file}:{_line(text, name)}: {name}"
        if name not in known:
            close = nearest(name, known)
            raise ConfigError(
                f"{where}: there is no such setting.",
                hint=f"Did you mean {close!r}?" if close else f"There are: {', '.join(known)}.",
            )
        values[name] = _read(known[name], value, where)
    return values


def _flat(tree: Mapping[str, Any], known: Mapping[str, Key], below: str = "") -> Any:
    for key, value in tree.items():
        name = below + key
        if isinstance(value, dict) and name not in known and value:
            yield from _flat(value, known, f"{name}.")
        else:
            yield name, value


def _read(key: Key, value: Any, where: str) -> Any:
    try:
        return key.read(value)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}, not {value!r}.") from error


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
