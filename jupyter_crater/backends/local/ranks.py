"""The engine's own processes, of which it tells late or nothing: its core, and its ranks."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from ... import files, processes


class Ranks:
    """What the engine's processes are, once they are known, and which of them died."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ranks: dict[Path, dict[str, Any]] = {}
        self.cores: list[dict[str, Any]] = []

    def find_cores(self, server: int) -> None:
        """vLLM's engine cores: below its server, known by the title they take."""
        with suppress(psutil.Error):
            self.cores = [
                processes.identity(each.pid)
                for each in psutil.Process(server).children(recursive=True)
                if each.name().startswith("VLLM::EngineCor")  # Linux cuts a name after 15 bytes
            ]

    def new(self) -> list[dict[str, Any]]:
        """Which pipeline stage runs on which Ray node: each rank says so in a file."""
        found = []
        for path in self.folder.glob("rank-*.json"):
            row = files.read(path)
            if path in self.ranks or row is None:
                continue
            self.ranks[path] = row | {"started": 0, "ticks": processes.ticks(row["pid"])}
            found.append(row)
        return found

    def dead(self) -> tuple[str, str] | None:
        """(code, text) of the one to blame: Ray ends the ranks of a dead core, so that comes first.

        vLLM logs a dead rank after about 5 s and hangs its clients meanwhile.
        """
        if any(processes.alive(row) is None for row in self.cores):
            return "engine-died", "The process of vLLM's engine core died."
        for row in self.ranks.values():
            if processes.alive(row) is None:
                text = f"The process of rank {row['rank']} (pipeline stage {row['pp']}) died."
                return "worker-died", text
        return None
