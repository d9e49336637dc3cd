"""What a job's nodes have for its engine: run on them before the engine is, told line by line.

Stands alone: its text travels in a start command to images that hold nothing of this package.
``python3 - '{"ray": true, "nodes": 2, "gpus_per_node": 4, "model": "/models/x", "shm_gib": 10}'``
Each line is ``crater-check {"node", "check", "state", "found", "advice"}``; the last one is
``crater-check {"done": true, "ok": …}``, and the exit code says the same.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

GIB = 2**30
JOIN_S, NODE_S, REDUCE_S = 300, 120, 180
PACKAGES = ("ray", "torch", "vllm", "sglang")
ELEMENTS = 16 * 2**20  # of float32: 64 MiB, a large layer's all-reduce
Row = dict[str, Any]


def row(check: str, state: str, found: object, advice: str = "") -> Row:
    return {"check": check, "state": state, "found": str(found), "advice": advice}


def tell(node: str, *rows: Row) -> bool:
    """Print them; whether none is an error."""
    for each in rows:
        say({"node": node, **each})
    return all(each["state"] != "error" for each in rows)


def say(values: Row) -> None:
    sys.stdout.write("crater-check " + json.dumps(values) + "\n")
    sys.stdout.flush()


def last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1][:300] if lines else type(error).__name__


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def check_model(model: str) -> Row:
    if not model.startswith("/"):
        return row("model", "ok", model + ": from a hub, not looked for")
    folder = Path(model)
    if not folder.is_dir():
        advice = "Mount the volume that holds it on every node, or correct the path"
        return row("model", "error", "no folder " + model, advice)
    if not (folder / "config.json").is_file():
        return row("model", "error", "no config.json in " + model, "Name the model's own folder")
    return check_weights(folder)


def check_weights(folder: Path) -> Row:
    """All files that the weights' index names are there and may be read."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        wanted = {folder / n for n in json.loads(index.read_text())["weight_map"].values()}
    else:
        wanted = {p for p in folder.iterdir() if p.suffix in {".safetensors", ".bin", ".gguf"}}
    missing = sorted(p.name for p in wanted if not os.access(p, os.R_OK))
    if missing or not wanted:
        found = "missing or unreadable: " + ", ".join(missing[:3]) if missing else "no weights"
        return row("model", "error", f"{found} in {folder}", "Download or copy the model again")
    size = sum(p.stat().st_size for p in wanted) / GIB
    return row("model", "ok", f"{size:.1f} GiB of weights in {len(wanted)} file(s)")


def check_shm(wanted: float | None) -> Row:
    try:
        space = os.statvfs("/dev/shm")  # noqa: S108 - the mount itself is looked at
    except OSError as error:
        return row("shm", "error", error, "Mount a memory volume at /dev/shm")
    size, free = (space.f_frsize * n / GIB for n in (space.f_blocks, space.f_bavail))
    found = f"{size:.1f} GiB, {free:.1f} free"
    if wanted and size < 0.95 * wanted:
        return row("shm", "error", found, f"{wanted:g} GiB were asked for: see shm_gib")
    if free < 0.25:
        return row("shm", "warning", found, "Other processes fill /dev/shm: look into it")
    return row("shm", "ok", found)


def check_gpus(wanted: int) -> Row:
    if not wanted:
        return row("gpu", "ok", "none asked for")
    query = "--query-gpu=name,memory.total,driver_version"
    command = ["nvidia-smi", query, "--format=csv,noheader"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        text = (getattr(error, "stdout", None) or str(error)).strip()
        return row("gpu", "error", text[:300], "Ask for GPUs in the job; try nvidia-smi there")
    cards = [line.strip() for line in said.stdout.splitlines() if line.strip()]
    if len(cards) < wanted:
        return row("gpu", "error", f"{len(cards)} of {wanted}", "Ask for that many GPUs per node")
    return row("gpu", "ok", "; ".join(cards))


def check_cuda() -> Row:
    """That torch has code for this GPU and the driver knows its CUDA: only running it tells."""
    try:
        import torch

        torch.zeros(8, device="cuda").sum().item()
        major, minor = torch.cuda.get_device_capability()
    except Exception as error:  # noqa: BLE001 - whatever it is is the finding
        advice = "Take an image whose CUDA the driver knows and whose torch has code for this GPU"
        return row("cuda", "error", last_line(error), advice)
    return row("cuda", "ok", f"torch {torch.__version__} on sm_{major}{minor}")


def of_node(asked: Row) -> dict[str, Any]:
    rows = [check_model(asked["model"])] if asked.get("model") else []
    wanted = asked.get("gpus_per_node", 0)
    rows += [check_shm(asked.get("shm_gib")), check_gpus(wanted)]
    rows += [check_cuda()] if wanted else []
    return {"rows": rows, "versions": versions()}


def compare(by_node: dict[str, dict[str, str]]) -> Row:
    """Versions that differ between nodes: Ray refuses them, and torch hangs on them."""
    for name in ("python", *PACKAGES):
        found = {node: v.get(name, "none") for node, v in by_node.items()}
        if name == "python":  # Ray compares minor releases
            found = {node: v.rpartition(".")[0] for node, v in found.items()}
        if len(set(found.values())) > 1:
            said = ", ".join(f"{node}: {v}" for node, v in sorted(found.items()))
            return row("versions", "error", f"{name} differs: {said}", "Use one image for all")
    first = next(iter(by_node.values()))
    return row("versions", "ok", ", ".join(f"{name} {v}" for name, v in first.items()))


def address() -> str:
    """Of this node's Ray, with a port that is free now."""
    import ray

    host = ray.util.get_node_ip_address()
    with socket.socket() as listener:
        listener.bind((host, 0))
        return f"{host}:{listener.getsockname()[1]}"


def reduce(rank: int, world: int, where: str, *, cuda: bool) -> float:
    """One rank of an all-reduce: its seconds, once its sum was seen to be right."""
    from datetime import timedelta

    import torch
    import torch.distributed as dist

    if not cuda:  # gloo would take the address of the host's name, whatever it is
        os.environ.setdefault("GLOO_SOCKET_IFNAME", interface(where.rpartition(":")[0]))
    dist.init_process_group(
        "nccl" if cuda else "gloo",
        init_method="tcp://" + where,
        rank=rank,
        world_size=world,
        timeout=timedelta(seconds=REDUCE_S - 30),
    )
    data = torch.full((ELEMENTS,), rank + 1.0, device="cuda" if cuda else "cpu")
    dist.all_reduce(data[:1024].clone())
    began = time.monotonic()
    dist.all_reduce(data)
    value = data[-1].item()
    seconds = time.monotonic() - began
    dist.destroy_process_group()
    if value != world * (world + 1) / 2:
        text = f"the sum is wrong: {value}"
        raise ValueError(text)
    return seconds


def interface(peer: str) -> str:
    """The network interface by which this node reaches an address."""
    import fcntl
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((peer, 9))
        mine = probe.getsockname()[0]
        for _, name in socket.if_nameindex():
            try:
                asked = struct.pack("256s", name.encode()[:15])
                found = fcntl.ioctl(probe.fileno(), 0x8915, asked)  # SIOCGIFADDR
            except OSError:
                continue
            if socket.inet_ntoa(found[20:24]) == mine:
                return name
    return "lo"


def name_of(node: dict[str, Any]) -> str:
    named = [r for r in node["Resources"] if r.startswith("jupyter-crater-node/")]
    label = node.get("Labels", {}).get("crater-task")
    return str(label or (named[0].split("/", 1)[1] if named else node["NodeManagerAddress"]))


class Nodes:
    """The checks over Ray: a task on each node, then a rank for each GPU (without any: a node)."""

    def __init__(self, ray: Any, asked: Row) -> None:
        self.ray, self.asked = ray, asked

    def joined(self) -> dict[str, str] | None:
        deadline = time.monotonic() + JOIN_S
        while True:
            alive = [n for n in self.ray.nodes() if n["Alive"]]
            if len(alive) >= self.asked["nodes"]:
                return dict(sorted((name_of(n), n["NodeID"]) for n in alive))
            if time.monotonic() > deadline:
                found = f"{len(alive)} of {self.asked['nodes']} joined Ray"
                tell("all", row("nodes", "error", found, "Read the log of the missing worker"))
                return None
            time.sleep(0.5)

    def on(self, function: Any, node_id: str, gpus: int = 0) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = NodeAffinitySchedulingStrategy(node_id, soft=False)
        return self.ray.remote(function).options(
            num_cpus=0, num_gpus=gpus, max_retries=0, scheduling_strategy=here
        )

    def check(self, nodes: dict[str, str]) -> bool:
        ok, by_node = True, {}
        asked = {name: self.on(of_node, i).remote(self.asked) for name, i in nodes.items()}
        for name, reference in asked.items():
            try:
                found = self.ray.get(reference, timeout=NODE_S)
            except Exception as error:  # noqa: BLE001 - whatever it is is the finding
                advice = "The node runs nothing: read its log"
                ok = tell(name, row("node", "error", last_line(error), advice))
                continue
            ok = tell(name, *found["rows"]) and ok
            by_node[name] = found["versions"]
        return bool(by_node) and tell("all", compare(by_node)) and ok

    def reduce(self, nodes: dict[str, str]) -> bool:
        gpus = self.asked.get("gpus_per_node", 0)
        places = [i for i in nodes.values() for _ in range(max(1, gpus))]
        world = len(places)
        if world < 2:
            return True
        try:
            where = self.ray.get(self.on(address, places[0]).remote(), timeout=NODE_S)
            ranks = [
                self.on(reduce, place, min(1, gpus)).remote(rank, world, where, cuda=gpus > 0)
                for rank, place in enumerate(places)
            ]
            seconds = max(self.ray.get(ranks, timeout=REDUCE_S))
        except Exception as error:  # noqa: BLE001 - whatever it is is the finding
            advice = "Look at NCCL_SOCKET_IFNAME or GLOO_SOCKET_IFNAME, at RDMA and at firewalls"
            return tell("all", row("all-reduce", "error", last_line(error), advice))
        by = "NCCL" if gpus else "gloo"
        found = f"{ELEMENTS // 2**18} MiB over {world} ranks by {by} in {seconds * 1000:.0f} ms"
        return tell("all", row("all-reduce", "ok", found))


def over_ray(asked: Row) -> bool:
    try:
        import ray
    except ImportError as error:
        advice = "Take an image with Ray in it, or one node without Ray"
        return tell("head", row("ray", "error", error, advice))
    ray.init(address="auto", log_to_driver=False, logging_level="ERROR")
    nodes = Nodes(ray, asked)
    joined = nodes.joined()
    ok = joined is not None and nodes.check(joined) and nodes.reduce(joined)
    ray.shutdown()
    return ok


def alone(asked: Row) -> bool:
    found = of_node(asked)
    return tell("main", *found["rows"], compare({"main": found["versions"]}))


def main(asked: Row) -> int:
    ok = over_ray(asked) if asked.get("ray") else alone(asked)
    say({"done": True, "ok": ok})
    time.sleep(asked.get("linger_s", 0))  # whoever waits for it ends it once the log was read
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
