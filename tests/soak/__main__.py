"""``python -m tests.soak [SEQUENCES [LAUNCHES]]``: 500 sequences and 100 launches unless told."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from . import launches, sequences

STAND_IN = Path(__file__).parents[1] / "doubles" / "stand_in"


def main(arguments: list[str]) -> None:
    how_many = [int(a) for a in arguments] + [500, 100][len(arguments) :]
    os.environ["JUPYTER_CRATER_STAND_IN"] = str(STAND_IN)
    os.environ["CRATER_STAND_IN_LOAD_S"] = "0"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.toml").touch()
        os.environ["JUPYTER_CRATER_CONFIG"] = str(Path(folder) / "config.toml")
        started = time.monotonic()
        sequences.run(how_many[0])
        print(
            f"{how_many[0]} sequences, no invariant violated, {time.monotonic() - started:.0f} s."
        )
        os.environ["JUPYTER_CRATER_STATE"] = str(Path(folder) / "state")
        before, after = launches.run(how_many[1])
        print(f"{how_many[1]} launches: before {before}\n{' ' * 12}after {after}")


if __name__ == "__main__":
    main(sys.argv[1:])
