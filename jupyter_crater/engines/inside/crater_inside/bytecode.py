"""``python -m crater_inside.bytecode``: compiles what an engine's start imports; prints ``DONE TOTAL``.

Importing vLLM compiles 5000 of the environment's 23000 modules, in each of five processes, when
nobody did it before (32 s instead of 17 to the first token). What is skipped here is compiled by
whoever imports it first.
"""

from __future__ import annotations

import os
import py_compile
import re
import sys
import sysconfig
import warnings
from multiprocessing import Pool
from pathlib import Path

SKIPPED = re.compile(
    r"/(tests|testing|benchmarks)/"
    r"|^(anthropic|dns|gguf|mcp|numba|pip|pygments|rich|sentry_sdk|setuptools|supervisor|torchgen)/"
    r"|^(numpy/(distutils|f2py)|openai/resources|sympy/(physics|stats)|torch/_vendor)/"
    r"|^ray/(autoscaler|data|llm|rllib|serve|train|tune)/"
    r"|^transformers/models/(?!auto|gemma/|llama/)"
    r"|^vllm/(benchmarks|models/(?!common|deepseek_v4/)|model_executor/models/(?!llama|utils|inter|reg))"
)


def sources(site: Path) -> list[str]:
    found = (path.relative_to(site).as_posix() for path in site.rglob("*.py"))
    return [str(site / name) for name in found if not SKIPPED.search(name)]


def compiled(path: str) -> None:
    try:
        py_compile.compile(path, doraise=True)
    except (py_compile.PyCompileError, OSError):  # a template or of another Python: never imported
        pass


def main() -> None:
    warnings.simplefilter("ignore")
    paths = sources(Path(sysconfig.get_path("purelib")))
    with Pool(min(8, len(os.sched_getaffinity(0)))) as pool:
        for done, _ in enumerate(pool.imap_unordered(compiled, paths, chunksize=64), 1):
            if done % 500 == 0 or done == len(paths):
                sys.stdout.write(f"{done} {len(paths)}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
