"""Runs in the peers' own environment: rows as JSON on stdin, each tool's KV GiB per GPU on stdout.

No tool is patched: two are asked through their command lines (in one process), one through its core
function, since its own input is the hub. None is given the measured value.
"""

import contextlib
import io
import json
import math
import os
import struct
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
GIB = 2**30


def folder_of(row, root):
    """A model folder with config.json and a safetensors file that has a header and no data."""
    folder = root / str(row["id"])
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(row["config"]))
    kind, width = ("F32", 4) if row["fp32"] else ("BF16", 2)
    size = row["stored_bytes"] // width * width
    tensor = {"dtype": kind, "shape": [size // width], "data_offsets": [0, size]}
    header = json.dumps({"model.weight": tensor}).encode()
    with (folder / "model.safetensors").open("wb") as f:
        f.write(struct.pack("<Q", len(header)) + header)
        f.truncate(8 + len(header) + size)  # sparse
    return folder


def output(call, *args):
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(io.StringIO()):
        try:
            call(*args)
        except SystemExit:
            pass
    return text.getvalue()


def document(text):
    """The JSON object in a tool's output (one of them wraps long lines inside strings)."""
    return json.loads(text[text.index("{") : text.rindex("}") + 1].replace("\n", ""), strict=False)


def ridgepoint(row, folder):
    import ridgepoint._core as core

    if row["fp32"]:
        raise ValueError("it has no float32")
    c = row["config"].get("text_config", row["config"])
    heads, kv = c["num_attention_heads"], c["num_key_value_heads"]
    shape = {"head_dim": row["head_dim"], "n_heads": heads, "n_kv_heads": kv}
    kind = "mha" if kv == heads else "gqa"
    if c.get("kv_lora_rank"):
        kind, shape = "mla", {"d_c": c["kv_lora_rank"], "d_rope": c["qk_rope_head_dim"]}
    text = core.fit_shape(
        "row",
        c["num_hidden_layers"],
        c["num_hidden_layers"],
        c["hidden_size"],
        row["parameters"],
        row["active_parameters"],
        kind,
        **shape,
        gpu="h100-80gb",
        count=row["gpus"],
        engine="vllm",
        dtype="fp8" if row["fp8"] else "awq" if row["four_bit"] else "fp16",
        kv_cache_dtype="fp8" if row["kv_fp8"] else "fp16",
        ctx=row["max_model_len"],
        prompt=2048,
        as_json=True,
    )
    pool = json.loads(text)["memory"]["kv_pool_bytes"]["best"] / GIB / row["gpus"]
    return pool + (row["utilization"] - 0.9) * row["memory_gib"]  # its utilization is fixed at 0.90


def vramscout(row, folder):
    from vramscout.modern_cli import main

    args = [str(folder), "--engine", "vllm", "--vram-gib", str(row["memory_gib"]), "--json"]
    args += ["--context", str(row["max_model_len"]), "--tp", str(row["tensor_parallel"])]
    args += ["--gpu-memory-utilization", str(row["utilization"])]
    args += ["--dtype", "fp8"] if row["fp8"] else ["--dtype", "fp32"] if row["fp32"] else []
    args += ["--kv-dtype", "fp8"] if row["kv_fp8"] else []
    found = document(output(main, args))
    return found["spare_gib"] + found["parts_gib"]["KV cache"]


def vllm_wizard(row, folder):
    from vllm_wizard.cli import app

    args = ["plan", "--model", str(folder), "--vram-gb", str(row["memory_gib"]), "--json"]
    args += ["--gpus", str(row["gpus"]), "--tensor-parallel-size", str(row["tensor_parallel"])]
    args += ["--gpu-memory-utilization", str(row["utilization"])]
    args += ["--max-model-len", str(row["max_model_len"])]
    args += ["--params-b", str(row["parameters"] / 1e9)]
    args += ["--quantization", "fp8"] if row["fp8"] else ["--dtype", "fp32"] if row["fp32"] else []
    args += ["--quantization", "awq"] if row["four_bit"] else []
    args += ["--kv-cache-dtype", "fp8_e4m3fn"] if row["kv_fp8"] else []
    f = document(output(app, args))["feasibility"]
    return f["vram_target_alloc_gb"] / row["gpus"] - f["weights_gb"] - f["overhead_gb"]


def modelinfo(row, folder):
    from modelinfo.cli import main

    args = [str(folder / "model.safetensors"), "--vllm", "--gpu", "H100"]
    args += ["--gpu-util", str(row["utilization"]), "--context", str(row["max_model_len"])]
    for line in output(main, args).splitlines():
        if "Paged KV Pool" in line:
            return float(line.split("=")[1].split()[0])
    raise ValueError("no KV pool printed")


def main():
    rows = json.load(sys.stdin)
    found = {}
    with tempfile.TemporaryDirectory() as root:
        for row in rows:
            folder = folder_of(row, Path(root))
            for tool in (ridgepoint, vramscout, vllm_wizard, modelinfo):
                try:
                    value = tool(row, folder)
                    value = value if math.isfinite(value) else None
                except Exception as e:
                    value = f"{type(e).__name__}: {e}"[:80]
                found.setdefault(tool.__name__, {})[str(row["id"])] = value
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
