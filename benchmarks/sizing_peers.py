"""Side by side: KV cache per GPU of other calculators and ours, on the same measured starts.

They are installed, at the versions below, in an environment of their own; none is changed.
`python -m benchmarks.sizing_peers --write` also writes docs/sizing/peers.md.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import uv

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "sizing"))

from sizing_rows import GIB, kv_gib, model_of, plan_of, rows  # noqa: E402

from jupyter_crater.catalog import models  # noqa: E402
from jupyter_crater.catalog.engines import version_key  # noqa: E402
from jupyter_crater.sizing.speed import active_share  # noqa: E402

PEERS = {
    "ridgepoint": "ridgepoint==0.1.2",
    "vramscout": "vramscout==0.7.0",
    "vllm_wizard": "vllm-wizard==0.2.0",
    "modelinfo": "modelinfo-cli==1.4.4",
}


def environment() -> Path:
    """The Python of an environment with the peers, made once per machine."""
    folder = Path(tempfile.gettempdir()) / "jupyter-crater-peers-1"
    python, done = folder / "bin" / "python", folder / ".complete"
    if not done.exists():
        tool = uv.find_uv_bin()
        subprocess.run([tool, "venv", "-q", "--clear", folder], check=True, timeout=300)
        install = [tool, "pip", "install", "-q", "-p", python, *PEERS.values()]
        subprocess.run(install, check=True, timeout=900)
        done.touch()
    return python


def asked(row: dict) -> dict:
    """What the peers are told of a row: the same inputs as ours, nothing measured."""
    model, s = model_of(row), plan_of(row).setup
    published = row["model"].removesuffix("-FP8-dynamic")
    config = row.get("config") or models.published_config(published)
    bits = s.quantization.bits if s.quantization else 16
    experts = bool(s.quantization and s.quantization.experts_only)
    if experts:  # the published size of the MXFP4 files
        stored = models.find(model.id.rpartition("/")[2]).stored_bytes
    else:
        stored = s.width * model.parameters
    return {
        "id": row["id"],
        "config": config,
        "parameters": model.parameters,
        "active_parameters": int(model.parameters * active_share(model)),
        "head_dim": model.head_dim,
        "stored_bytes": stored,
        "gpus": s.gpus,
        "tensor_parallel": s.tensor_parallel,
        "memory_gib": s.gpu.memory_gib,
        "utilization": s.gpu_memory_utilization,
        "max_model_len": s.max_model_len,
        "fp8": bits == 8,
        "four_bit": bits == 4,
        "fp32": s.dtype == "float32",
        "kv_fp8": s.kv_width == 1,
    }


def compared() -> list[dict]:
    """Starts on H100 with a known KV cache: the peers' GPU lists all hold that card."""
    public = [r for r in rows("public") if r["gpu"] == "H100-80GB" and kv_gib(r)]
    recent = [r for r in public if version_key(r["settings"]["version"]) >= (0, 16)]
    return recent + [r for r in rows("h100-0.26") if r["fits"]]


def table() -> str:
    found = compared()
    answer = subprocess.run(
        [environment(), ROOT / "benchmarks" / "_peers_inside.py"],
        input=json.dumps([asked(r) for r in found]),
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    theirs = json.loads(answer.stdout)
    ours = {str(r["id"]): plan_of(r).fit.tightest.available.value / GIB for r in found}
    tools = {"jupyter_crater": ours} | theirs
    lines = ["| start | vLLM | KV GiB measured | " + " | ".join(tools) + " |"]
    lines.append("| --- " * (3 + len(tools)) + "|")
    errors: dict[str, list[float]] = {name: [] for name in tools}
    for row in found:
        truth, cells = kv_gib(row), []
        for name, values in tools.items():
            value = values[str(row["id"])]
            if isinstance(value, str) or value is None:
                cells.append("refuses")
            else:
                errors[name].append(value / truth - 1)
                cells.append(f"{value:.2f} ({100 * errors[name][-1]:+.2f} %)")
        what = f"{row['model'].rpartition('/')[2]} TP{row['tensor_parallel']} PP{row['pipeline_parallel']}"
        extras = [
            f"{k} {v}"
            for k, v in row["settings"].items()
            if k in ("quantization", "kv_cache_dtype")
        ]
        what = ", ".join([what, *extras])
        version = row["settings"]["version"]
        lines.append(f"| {what} | {version} | {truth:.2f} | " + " | ".join(cells) + " |")
    for label, of in (
        ("**median error**", lambda e: statistics.median(map(abs, e))),
        ("**worst error**", lambda e: max(map(abs, e))),
    ):
        cells = [f"**{100 * of(e):.2f} %**" if e else "" for e in errors.values()]
        lines.append(f"| {label} | | | " + " | ".join(cells) + " |")
    answered = [f"{len(e)} of {len(found)}" for e in errors.values()]
    lines.append("| answered | | | " + " | ".join(answered) + " |")
    return "\n".join(lines)


HEAD = """# Side by side with other calculators

KV cache per GPU in GiB, predicted from the same inputs, against what vLLM printed (H100 80GB HBM3).
Made by `python -m benchmarks.sizing_peers --write`; `make bench` prints it. Versions: {versions}.
The other tools run unmodified and offline: configs as published, safetensors files with true sizes
and no data. ridgepoint's utilization is fixed at 0.90, so its answer is moved to each row's;
vramscout and vllm-wizard have no pipeline parallelism and are asked for the tensor parallelism
alone, modelinfo-cli has neither and answers for one GPU; "refuses" is a tool's own word or an input
that it cannot be given. Ours was developed on these rows: what it is worth on others is for others to
say, and each plan carries a band.

"""


def main() -> None:
    text = table()
    print(text)
    if "--write" in sys.argv:
        head = HEAD.format(versions=", ".join(PEERS.values()))
        (ROOT / "docs" / "sizing" / "peers.md").write_text(head + text + "\n", "utf-8")


if __name__ == "__main__":
    main()
