"""Sizing: one plan, the whole search, and how far the estimates are from what vLLM printed."""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "sizing"))

from sizing_rows import GIB, kv_gib, plan_of, planned_weights, rows, weights_gib

from jupyter_crater import sizing
from jupyter_crater.catalog import gpus

MODEL = "DeepSeek-R1-Distill-Qwen-32B"


def best(call, times: int) -> float:
    """Milliseconds of the quickest of so many calls."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        found.append(time.perf_counter() - started)
    return 1000 * min(found)


def accuracy(name: str, found: list[dict]) -> None:
    weights, errors, widths, inside = [], [], [], []
    for row in found:
        plan = plan_of(row)
        fit, planned = plan.fit, planned_weights(row, plan) / GIB
        weights.append(abs(planned / weights_gib(row) - 1))
        if (kv := kv_gib(row)) is None:
            continue
        band = fit.tightest.available
        inside.append(band.low / GIB <= kv <= band.high / GIB)
        if kv > 5:
            errors.append(abs(band.value / GIB / kv - 1))
            widths.append((band.high - band.low) / band.value)
    print(
        f"| {name} | {len(found)} | {100 * max(weights):.2f} % | {100 * statistics.median(errors):.3f} % "
        f"| {100 * max(errors):.2f} % | {sum(inside)} of {len(inside)} "
        f"| {100 * statistics.median(widths):.1f} % |"
    )


def main() -> None:
    setup = sizing.size(MODEL, gpu="H100-80GB", max_model_len=32768).setup
    one = best(
        lambda: sizing.size(MODEL, gpu="V100-32GB", nodes=2, gpus_per_node=4, dtype="half"), 200
    )
    every = best(lambda: sizing.anywhere(setup, gpus.all(), max_model_len=32768), 20)
    print("| what | ms (best) | goal |\n| --- | --- | --- |")
    print(f"| one plan with its layout searched | {one:.2f} | 1 |")
    print(f"| all bundled GPUs × 1 to 16 × TP × PP | {every:.1f} | 50 |\n")
    print(
        "| rows | starts | weights, worst | KV, median | KV > 5 GiB, worst | inside the band | width |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    public = rows("public")
    v019 = [r for r in public if r["settings"]["version"] == "0.19.0"]
    accuracy("vLLM 0.19 on H100, published", v019)
    accuracy(
        "vLLM 0.26 on H100, measured for this project", [r for r in rows("h100-0.26") if r["fits"]]
    )
    accuracy("other versions and machines, published", [r for r in public if r not in v019])


if __name__ == "__main__":
    main()
