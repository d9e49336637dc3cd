"""What a job's nodes have for its engine: run on them before the engine is, told line by line.

Stands alone: its text travels in a start command to images that have nothing of this package.
``python3 - '{"nodes": 2, "gpus": 4, "model": "/models/x", "shm_gib": 10, "ray": true}'``
Each line is ``crater-check {"node", "check", "state", "found", "advice"}``; the last one is
``crater-check {"done": true, "ok": …}``, and the exit code says the same.
"""

import importlib.metadata
import json
import os
import platform
import socket
import subprocess
import sys
import time

GIB = 2**30
JOIN_S, NODE_S, REDUCE_S = 300, 120, 180
PACKAGES = ("ray", "torch", "vllm", "sglang")


def row(check, state, found, advice=""):
    return {"check": check, "state": state, "found": str(found), "advice": advice}


def tell(node, rows):
    for each in rows:
        print("crater-check " + json.dumps({"node": node, **each}), flush=True)


def versions():
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def check_model(model):
    if not os.path.isabs(model):
        return row("model", "ok", model + ": from a hub, not looked for")
    if not os.path.isdir(model):
        return row(
            "model",
            "error",
            "no folder " + model,
            "mount the volume that holds it on every node, or correct the path",
        )
    if not os.path.isfile(os.path.join(model, "config.json")):
        return row("model", "error", "no config.json in " + model, "name the model's own folder")
    return check_weights(model)


def check_weights(model):
    """All files that the weights' index names are there and may be read."""
    wanted = [n for n in os.listdir(model) if n.endswith((".safetensors", ".bin", ".gguf"))]
    index = os.path.join(model, "model.safetensors.index.json")
    if os.path.isfile(index):
        with open(index) as file:
            wanted = sorted(set(json.load(file)["weight_map"].values()))
    missing = [n for n in wanted if not os.access(os.path.join(model, n), os.R_OK)]
    if missing or not wanted:
        found = "missing or unreadable: " + ", ".join(missing[:3]) if missing else "no weights"
        return row("model", "error", found, "download or copy the model again")
    size = sum(os.path.getsize(os.path.join(model, n)) for n in wanted)
    return row("model", "ok", "%.1f GiB in %d files" % (size / GIB, len(wanted)))


def check_shm(wanted):
    try:
        space = os.statvfs("/dev/shm")
    except OSError as error:
        return row("shm", "error", error, "mount a memory volume at /dev/shm")
    size, free = (space.f_frsize * n / GIB for n in (space.f_blocks, space.f_bavail))
    found = "%.1f GiB, %.1f free" % (size, free)
    if wanted and size < 0.95 * wanted:
        return row("shm", "error", found, "shm_gib: %g GiB were asked for" % wanted)
    if free < 0.25:
        return row("shm", "warning", found, "what fills /dev/shm is of other processes")
    return row("shm", "ok", found)


def check_gpus(wanted):
    query = "--query-gpu=name,memory.total,driver_version"
    try:
        said = subprocess.run(
            ["nvidia-smi", query, "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        cards = [line.strip() for line in said.stdout.splitlines() if line.strip()]
        problem = said.stderr.strip() or said.stdout.strip() if said.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        cards, problem = [], str(error)
    if wanted and (problem or len(cards) < wanted):
        found = "%d of %d GPUs %s" % (0 if problem else len(cards), wanted, problem[:200])
        return row("gpu", "error", found, "ask for GPUs in the job; see nvidia-smi on the node")
    return row("gpu", "ok", "; ".join(cards) if wanted else "none asked for")


def check_torch(wanted):
    if not wanted:
        return []
    try:
        import torch

        torch.zeros(8, device="cuda").sum().item()
        major, minor = torch.cuda.get_device_capability()
        arch = "sm_%d%d" % (major, minor)
        return [row("cuda", "ok", "torch %s, %s" % (torch.__version__, arch))]
    except Exception as error:
        text = str(error).strip().split("\n")[0][:300] or type(error).__name__
        advice = "an image whose CUDA the driver knows and whose torch has this GPU's kernels"
        return [row("cuda", "error", text, advice)]


def of_node(asked):
    rows = [check_model(asked["model"])] if asked.get("model") else []
    wanted = asked.get("gpus_per_node", 0)
    rows += [check_shm(asked.get("shm_gib")), check_gpus(wanted), *check_torch(wanted)]
    return {"rows": rows, "versions": versions()}


def compare(by_node):
    """Versions that differ between nodes: Ray refuses them, and torch hangs on them."""
    for name in ("python", *PACKAGES):
        found = {node: v.get(name, "none") for node, v in by_node.items()}
        if name == "python":
            found = {node: ".".join(v.split(".")[:2]) for node, v in found.items()}
        if len(set(found.values())) > 1:
            said = ", ".join("%s: %s" % item for item in sorted(found.items()))
            tell("all", [row("versions", "error", name + " differs: " + said, "one image for all")])
            return False
    first = next(iter(by_node.values()))
    tell("all", [row("versions", "ok", ", ".join("%s %s" % item for item in first.items()))])
    return True


def reduce(rank, world, address, cuda):
    """One rank of an all-reduce of 64 MiB: its result is checked, its time told."""
    from datetime import timedelta

    import torch
    import torch.distributed as dist

    device = "cuda:0" if cuda else "cpu"
    dist.init_process_group(
        "nccl" if cuda else "gloo",
        init_method="tcp://" + address,
        rank=rank,
        world_size=world,
        timeout=timedelta(seconds=REDUCE_S - 30),
    )
    data = torch.full((16 * 2**20,), rank + 1.0, device=device)
    dist.all_reduce(data[:1024].clone())
    began = time.monotonic()
    dist.all_reduce(data)
    value = data[-1].item()
    seconds = time.monotonic() - began
    dist.destroy_process_group()
    assert value == world * (world + 1) / 2, value
    return seconds


def free_address():
    with socket.socket() as listener:
        listener.bind(("", 0))
        return listener.getsockname()[1]


class Nodes:
    """The checks over Ray: one task on each node, then one rank a GPU (a node without any: one)."""

    def __init__(self, ray, asked):
        self.ray, self.asked = ray, asked

    def joined(self):
        deadline = time.monotonic() + JOIN_S
        while True:
            alive = [n for n in self.ray.nodes() if n["Alive"]]
            if len(alive) >= self.asked["nodes"]:
                return {self.name(n): n["NodeID"] for n in alive}
            if time.monotonic() > deadline:
                found = "%d of %d nodes joined Ray" % (len(alive), self.asked["nodes"])
                tell("all", [row("nodes", "error", found, "the log of the missing worker")])
                return None
            time.sleep(0.5)

    def name(self, node):
        label = node.get("Labels", {}).get("crater-task")
        named = [r for r in node["Resources"] if r.startswith("jupyter-crater-node/")]
        return label or (named[0].split("/", 1)[1] if named else node["NodeManagerAddress"])

    def on(self, node_id, **options):
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as Affinity

        return {"num_cpus": 0, "scheduling_strategy": Affinity(node_id, soft=False), **options}

    def check(self, nodes):
        ok, by_node = True, {}
        task = self.ray.remote(max_retries=0)(of_node)
        asked = {name: task.options(**self.on(i)).remote(self.asked) for name, i in nodes.items()}
        for name, reference in asked.items():
            try:
                found = self.ray.get(reference, timeout=NODE_S)
            except Exception as error:
                text = str(error).strip().split("\n")[-1][:300]
                tell(name, [row("node", "error", text, "the node runs nothing; see its log")])
                ok = False
                continue
            tell(name, found["rows"])
            by_node[name] = found["versions"]
            ok = ok and all(r["state"] != "error" for r in found["rows"])
        return bool(by_node) and compare(by_node) and ok

    def reduce(self, nodes):
        per_node = self.asked.get("gpus_per_node", 0)
        places = [i for i in nodes.values() for _ in range(max(1, per_node))]
        if len(places) < 2:
            return True
        remote = self.ray.remote(max_retries=0)
        gpus = {"num_gpus": 1} if per_node else {}

        def where():
            import ray

            return "%s:%d" % (ray.util.get_node_ip_address(), free_address())

        try:
            began = remote(where).options(**self.on(places[0])).remote()
            address = self.ray.get(began, timeout=NODE_S)
            ranks = [
                remote(reduce)
                .options(**self.on(i, **gpus))
                .remote(r, len(places), address, per_node > 0)
                for r, i in enumerate(places)
            ]
            seconds = max(self.ray.get(ranks, timeout=REDUCE_S))
        except Exception as error:
            text = str(error).strip().split("\n")[-1][:300] or type(error).__name__
            advice = (
                "NCCL_SOCKET_IFNAME or GLOO_SOCKET_IFNAME, RDMA, and what a firewall lets through"
            )
            tell("all", [row("all-reduce", "error", text, advice)])
            return False
        found = "64 MiB over %d ranks (%s) in %.0f ms" % (
            len(places),
            "NCCL" if per_node else "gloo",
            seconds * 1000,
        )
        tell("all", [row("all-reduce", "ok", found)])
        return True


def over_ray(asked):
    try:
        import ray
    except ImportError as error:
        advice = "an image with Ray (docs/images), or one node without it"
        tell("head", [row("ray", "error", error, advice)])
        return False
    ray.init(address="auto", log_to_driver=False, logging_level="ERROR")
    nodes = Nodes(ray, asked)
    joined = nodes.joined()
    ok = joined is not None and nodes.check(joined) and nodes.reduce(joined)
    ray.shutdown()
    return ok


def alone(asked):
    found = of_node(asked)
    tell("main", found["rows"])
    compare({"main": found["versions"]})
    return all(r["state"] != "error" for r in found["rows"])


def main(asked):
    ok = over_ray(asked) if asked.get("ray") else alone(asked)
    print("crater-check " + json.dumps({"done": True, "ok": ok}), flush=True)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
