"""The folder of a local job: what is in it, and how it is written so that readers never see half.

jobs/NAME/
  job.json            schema, name, id, created
  key                 the engine's API key (0600)
  account.json        a client's account (0600); connect-key: of the address it was given (0600)
  data/               a client's own files: they outlive its attempts
  attempts/1/         one start: 2, 3 … follow; old ones keep their logs
    spec.json         the spec as it runs, as it was asked, what the rehearsal changed
    run.json          the supervisor: pid, start time, host, boot id, ports, parts
    events.jsonl      observations, append only
    ray.token         Ray's authentication token (0600)
    logs/             head.log, worker-1.log, engine.log, supervisor.log …
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from ... import config, files
from ...errors import JobNotFound, NewerSchema, meant
from ...spec import SCHEMA, JobSpec, Observation, check_name
from ..base import Account

EVENTS_MAX_BYTES = 8 * 2**20
LAST_WORDS_BYTES = 4096


def root() -> Path:
    """The folder of all local jobs of this user (configuration: ``local.state``)."""
    return config.state() / "jobs"


@cache
def boot_id() -> str:
    """Tells two boots of one host apart: a pid of an earlier boot means nothing."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def host() -> str:
    return socket.gethostname()


def lock(name: str) -> AbstractContextManager[None]:
    """Held while a job is created, stopped or deleted: two launches of one name give one job."""
    path = lock_file(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return files.lock(path)


def lock_file(name: str) -> Path:
    return root() / ".locks" / name


@dataclass(frozen=True)
class Attempt:
    """One start of a job."""

    folder: Path

    @property
    def number(self) -> int:
        return int(self.folder.name)

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def token(self) -> Path:
        return self.folder / "ray.token"

    def run(self) -> dict[str, Any]:
        return files.read(self.folder / "run.json") or {}

    def write_run(self, **values: Any) -> None:
        files.write(self.folder / "run.json", {"schema": SCHEMA} | self.run() | values)

    def document(self) -> dict[str, Any]:
        data = files.read(self.folder / "spec.json") or {}
        if data.get("schema", SCHEMA) > SCHEMA:
            raise NewerSchema(
                f"{self.folder.parent.parent.name} was made by a newer jupyter_crater "
                f"(schema {data['schema']}, this one knows {SCHEMA}).",
                hint="Update jupyter_crater here; until then the job can only be looked at.",
            )
        return data

    def spec(self) -> JobSpec:
        return JobSpec.from_json(self.document()["spec"])

    def asked(self) -> JobSpec:
        return JobSpec.from_json(self.document()["asked"])

    def record(self, observation: Observation) -> None:
        """Append one observation; a single write, so lines of two writers never mix."""
        path = self.folder / "events.jsonl"
        line = json.dumps(observation.to_json()) + "\n"
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)

    def reserve_last_words(self) -> None:
        """Room for the end's reason, taken while there is some: a full disk can't hide it."""
        with contextlib.suppress(OSError):  # it is full already: the events may still fit
            (self.folder / "last-words").write_bytes(b" " * LAST_WORDS_BYTES)

    def record_end(self, observation: Observation) -> None:
        """Append the last observation; where that fails, write it over the reserved room."""
        try:
            self.record(observation)
        except OSError:
            line = json.dumps(observation.to_json()).encode()
            if len(line) > LAST_WORDS_BYTES:
                line = json.dumps(replace(observation, message="").to_json()).encode()
            try:
                with (self.folder / "last-words").open("r+b") as file:
                    file.write(line.ljust(LAST_WORDS_BYTES))
            except OSError:
                return  # the folder itself is gone

    def observations(self) -> list[Observation]:
        """All that was recorded, the rehearsal first; damaged lines are passed over."""
        found = [
            Observation.from_json(c)
            for c in (files.read(self.folder / "spec.json") or {}).get("changes", [])
        ]
        lines: list[bytes] = []
        for name in ("events.jsonl", "last-words"):
            try:
                with (self.folder / name).open("rb") as file:
                    lines += file.read(EVENTS_MAX_BYTES).splitlines()
            except OSError:
                continue
        for line in lines:
            try:
                found.append(Observation.from_json(json.loads(line)))
            except (ValueError, TypeError):
                continue  # the disk was full, or the writer died in the middle of a line
        return found


@dataclass(frozen=True)
class Folder:
    """The folder of one job."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def id(self) -> str:
        return str((files.read(self.path / "job.json") or {}).get("id", ""))

    @property
    def created(self) -> float:
        return float((files.read(self.path / "job.json") or {}).get("created", 0.0))

    @property
    def marker(self) -> str:
        """Value of ``JUPYTER_CRATER_JOB`` in the environment of every process of the job."""
        return f"{self.name}@{self.id}"

    def key(self) -> str | None:
        try:
            return (self.path / "key").read_text().strip()
        except OSError:
            return None

    def account(self) -> Account | None:
        """The account of a client's page; None for engines."""
        data = files.read(self.path / "account.json")
        return Account(data["email"], data["password"], data["secret"]) if data else None

    def connect_key(self, url: str | None) -> str | None:
        """The key of a free address that a client was given, for that address only."""
        data = files.read(self.path / "connect-key") or {}
        return data.get("key") or None if url and data.get("url") == url else None

    def attempts(self) -> list[Attempt]:
        try:
            folders = [p for p in (self.path / "attempts").iterdir() if p.name.isdigit()]
        except OSError:
            return []
        return [Attempt(p) for p in sorted(folders, key=lambda p: int(p.name))]

    def current(self) -> Attempt:
        attempts = self.attempts()
        if not attempts:
            raise JobNotFound(f"The folder of {self.name!r} holds no attempt: {self.path}.")
        return attempts[-1]


def create(name: str) -> Folder:
    """The job's folder, made with its id and key if it is new. Call under :func:`lock`."""
    path = root() / check_name(name)
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (path / "key").is_file():
        files.write(path / "key", f"sk-{secrets.token_urlsafe(32)}")
    if files.read(path / "job.json") is None:
        files.write(
            path / "job.json",
            {"schema": SCHEMA, "name": name, "id": secrets.token_hex(8), "created": time.time()},
        )
    return Folder(path)


def make_client(folder: Folder, url: str | None, key: str | None) -> None:
    """What a client needs beside: its account, which its data knows, and a free address's key.

    A ``key`` of None leaves the one that an earlier attempt was given.
    """
    if folder.account() is None:
        made = {
            "email": "crater@localhost",
            "password": secrets.token_urlsafe(24),
            "secret": secrets.token_urlsafe(48),
        }
        files.write(folder.path / "account.json", made)
    if key is not None:
        files.write(folder.path / "connect-key", {"url": url, "key": key})


def add_attempt(folder: Folder, document: dict[str, Any]) -> Attempt:
    """A new attempt, complete before it is seen: made aside, then renamed."""
    number = max((a.number for a in folder.attempts()), default=0) + 1
    parent = folder.path / "attempts"
    parent.mkdir(exist_ok=True, mode=0o700)
    aside = parent / f".{number}.{secrets.token_hex(3)}"
    try:
        (aside / "logs").mkdir(parents=True, mode=0o700)
        files.write(aside / "spec.json", {"schema": SCHEMA} | document)
        files.write(aside / "ray.token", secrets.token_hex(32))
        aside.rename(parent / str(number))
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return Attempt(parent / str(number))


def names() -> list[str]:
    """All local jobs, newest first."""
    try:
        folders = [Folder(p) for p in root().iterdir() if (p / "job.json").is_file()]
    except OSError:
        return []
    folders = [f for f in folders if f.attempts()]  # without one it is just being made
    return [f.name for f in sorted(folders, key=lambda f: -f.created)]


def find(name: str) -> Folder:
    """The folder of a job that exists.

    Raises:
        JobNotFound: with the nearest name.
    """
    path = root() / name
    if "/" in name or name.startswith(".") or not (path / "job.json").is_file():
        hint = meant(name, names(), "`jupyter crater list` shows all jobs.")
        raise JobNotFound(f"No job {name!r} on this machine.", hint=hint)
    return Folder(path)
