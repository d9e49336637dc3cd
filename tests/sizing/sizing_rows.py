"""The measured rows as data, and the plan for one: used by the tests and by benchmarks/."""

import json
from pathlib import Path

from jupyter_crater import sizing
from jupyter_crater.catalog import gpus, models

DATA = Path(__file__).parents[1] / "data" / "sizing"
GIB = 2**30


def rows(name):
    return json.loads((DATA / f"{name}.json").read_text("utf-8"))["rows"]


def model_of(row):
    if "config" in row:
        return models.from_config(row["config"], row["model"])
    return models.find(row["model"])


def plan_of(row, **changes):
    """The plan of a measured row: everything as its command said."""
    tp, pp = row["tensor_parallel"], row["pipeline_parallel"]
    return sizing.plan(
        model_of(row),
        gpus.find(row["gpu"], memory_gib=row.get("gpu_memory_gib")),
        gpus_per_node=tp * pp,
        tensor_parallel=tp,
        pipeline_parallel=pp,
        **row["settings"] | changes,
    )


def kv_gib(row):
    """KV cache per GPU as measured, GiB: the least over the ranks."""
    m = row["measured"]
    return min(m["kv_bytes"]) / GIB if "kv_bytes" in m else m.get("kv")


def planned_weights(row, plan):
    """Planned weights of the stage that was measured (the row's ``stage``, else the largest), bytes."""
    stages = plan.fit.stages
    return (
        stages[row["stage"]].weights.value
        if "stage" in row
        else max(s.weights.value for s in stages)
    )


def weights_gib(row):
    m = row["measured"]
    return max(m["weights_bytes"]) / GIB if "weights_bytes" in m else m["weights"]
