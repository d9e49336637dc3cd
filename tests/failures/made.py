"""Failures made on purpose with the real engine: what is done to a job, and the card it must get first."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jupyter_crater as crater
from jupyter_crater.backends.local import store
from jupyter_crater.handle import Job
from tests.waiting import until

TEMPLATE = "vllm-single"


def untouched(_: Path) -> None:
    """The embedded model as it is."""


def config(**changes: Any) -> Callable[[Path], None]:
    """Other words in the model's config.json."""

    def apply(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return apply


def cut_weights(folder: Path) -> None:
    """Half of the weights, as a broken download leaves them."""
    path = folder / "model.safetensors"
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[: len(data) // 2])


def nothing(_: Job) -> None:
    return


def take_port(job: Job) -> socket.socket:
    """A stranger listens where the engine will want to."""
    found = socket.socket()
    found.bind(("127.0.0.1", job.spec.service.port if job.spec.service else 0))
    found.listen()
    return found


def kill_supervisor(job: Job) -> None:
    with suppress(ProcessLookupError):
        os.kill(store.find(job.name).current().run()["pid"], signal.SIGKILL)


def kill_engine(job: Job) -> None:
    """As the kernel does it to a process that takes too much."""
    parts = until(
        lambda: [
            p
            for p in store.find(job.name).current().run().get("parts", [])
            if p["title"] == "vLLM server"
        ],
        seconds=30,
        what="the engine's process",
    )
    os.kill(parts[0]["pid"], signal.SIGKILL)


@dataclass(frozen=True)
class Failure:
    """One failure.

    Attributes:
        card: id of the diagnosis that has to come first.
        values: parameters of the template.
        model: what is done to a copy of the embedded model.
        strike: what is done to the job once it is launched.
    """

    card: str
    values: dict[str, Any] = field(default_factory=dict)
    model: Callable[[Path], None] = untouched
    strike: Callable[[Job], Any] = nothing


SHORT = {"max_model_len": 2048}
FAILURES = [
    Failure("unknown-flag", {"extra_args": ["--no-such-flag", "1"]}),
    Failure("removed-flag", {"extra_args": ["--use-v2-block-manager"]}),
    Failure("unknown-architecture", model=config(architectures=["CraterForCausalLM"])),
    Failure("context-too-long", {"max_model_len": 100_000}),
    Failure("kv-cache-too-small", {"kv_cache_memory_bytes": 2**20, "max_model_len": 8192}),
    Failure("weights-broken", model=cut_weights),
    Failure(
        "remote-code-needed",
        model=config(model_type="crater", auto_map={"AutoConfig": "configuration.Crater"}),
    ),
    Failure(
        "batched-tokens-too-few",
        {"max_num_batched_tokens": 64, "extra_args": ["--no-enable-chunked-prefill"]} | SHORT,
    ),
    Failure("reasoning-parser", {"reasoning_parser": "no_such_parser"}),
    Failure("invalid-setting", {"quantization": "awq"}),  # the model is not quantised
    Failure("port-in-use", {"port": 28765}, strike=take_port),
    Failure("worker-died", strike=kill_engine),
    Failure("supervisor-lost", strike=kill_supervisor),
]


def make(failure: Failure, folder: Path, embedded: Path) -> Job:
    """Launch it and wait until it has failed.

    Raises:
        WaitTimeout: it goes on after all.
    """
    model = folder / failure.card
    model.mkdir(parents=True)
    for path in embedded.iterdir():
        target = model / path.name
        if path.suffix == ".json":
            shutil.copy(path, target)
        else:
            target.symlink_to(path)
    failure.model(model)
    values = {"model": str(model)} | failure.values
    job = crater.launch(TEMPLATE, name=failure.card, backend="local", force=True, **values)
    held = failure.strike(job)
    try:
        with suppress(crater.errors.JobFailed):
            job.wait("failed", timeout=120, progress=lambda _: None)
    finally:
        if held is not None:
            held.close()
    return job
