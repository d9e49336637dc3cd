"""Start-up: importing the package, and `jupyter crater --help`."""

import statistics
import subprocess
import sys
import time

RUNS = 15


def timed(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def median(command: list[str]) -> float:
    timed(command)
    return statistics.median(timed(command) for _ in range(RUNS))


def main() -> None:
    python = [sys.executable, "-c"]
    bare = median([*python, "pass"])
    ours = median([*python, "import jupyter_crater"])
    used = median([*python, "import jupyter_crater as c; c.launch"])
    print(f"import jupyter_crater            {ours - bare:.3f} s over bare Python (goal ≤ 0.15)")
    print(f"  … and crater.launch looked up  {used - bare:.3f} s")
    load = "for t in templating.templates(): t.schema()"
    listed = median([*python, f"from jupyter_crater import templating\n{load}"])
    known = median([*python, "from jupyter_crater import templating"])
    print(f"all built-in templates, loaded   {listed - known:.3f} s (goal ≤ 0.03)")
    direct = median([sys.executable, "-m", "jupyter_crater.cli", "--help"])
    through = median([sys.executable, "-m", "jupyter_core.command", "crater", "--help"])
    print(f"jupyter-crater --help            {direct:.3f} s")
    print(f"jupyter crater --help            {through:.3f} s (goal ≤ 0.4)")
