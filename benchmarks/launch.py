"""Launch → first token and tokens/s: ours against the same parts started by hand."""

import json
import os
import secrets
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

ROUNDS = 3
BODY = {
    "messages": [{"role": "user", "content": "Tell a story."}],
    "stream": True,
    "max_tokens": 128,
    "temperature": 0,
    "ignore_eos": True,
}


def speak(url: str, key: str, model: str) -> tuple[float, float]:
    """Seconds to the first token, tokens a second after it (one stream)."""
    started = time.perf_counter()
    first = 0.0
    count = 0
    with httpx.stream(
        "POST",
        f"{url}/v1/chat/completions",
        json=BODY | {"model": model},
        headers={"Authorization": f"Bearer {key}"},
        timeout=120,
    ) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: {") and json.loads(line[6:])["choices"][0]["delta"].get(
                "content"
            ):
                count += 1
                first = first or time.perf_counter()
    return first - started, (count - 1) / (time.perf_counter() - first)


def by_hand(engine: Any, workplace: Path) -> tuple[float, float]:
    """The sketch's recipe: head, worker and server at once, then ask /health."""
    from jupyter_crater.backends.local import parts
    from jupyter_crater.backends.local.machine import reserved_ports

    ray_temp = Path(tempfile.mkdtemp(prefix="bh-"))
    token = workplace / "token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    key = secrets.token_hex(16)
    started = time.perf_counter()
    with reserved_ports(2) as (api, ray):
        env = engine.process_env(os.environ) | {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
        }
        driver = env | {
            "RAY_ADDRESS": f"127.0.0.1:{ray}",
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
            "VLLM_API_KEY": key,
        }
        serve = [
            *parts.program("serve", engine.python),
            *("serve", str(engine.model), "--host", "127.0.0.1", "--port", str(api)),
            *("--served-model-name", "m", "--distributed-executor-backend", "ray"),
            *("--pipeline-parallel-size", "2", "--max-model-len", "2048"),
            *("--max-num-seqs", "16", "--kv-cache-memory-bytes", "314572800"),
            *("--dtype", "bfloat16", "--enforce-eager"),
        ]
        running = [
            subprocess.Popen(
                ["nice", "-n", "5", *command],
                env=environment,
                cwd=workplace,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            for command, environment in (
                (parts.ray_head(engine.python, port=ray, gpus=1, temp=ray_temp), env),
                (parts.ray_worker(engine.python, port=ray, gpus=1, index=0), env),
                (serve, driver),
            )
        ]
        url = f"http://127.0.0.1:{api}"
        while True:
            try:
                if httpx.get(f"{url}/health", timeout=5).status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.05)
        ready = time.perf_counter() - started
        first, rate = speak(url, key, "m")
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(30)
    shutil.rmtree(ray_temp, ignore_errors=True)
    return ready + first, rate


def ours() -> tuple[float, float, float]:
    """(launch → first token, tokens/s, our own share before Ray is started)."""
    import jupyter_crater as crater

    wall = time.time()
    started = time.perf_counter()
    job = crater.launch("deepseek-r1-distributed", name="bench", backend="local")
    job.wait(timeout=300, progress=lambda _: None)
    ready = time.perf_counter() - started
    share = next(o.time for o in job.observations() if o.reason == "starting-ray") - wall
    first, rate = speak(job.api_url, str(job.api_key), job.model)
    job.delete()
    return ready + first, rate, share


def main() -> None:
    from jupyter_crater.engines import environment

    engine = environment.install()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JUPYTER_CRATER_STATE"] = str(Path(folder) / "state")
        hand, mine = [], []
        for _ in range(ROUNDS):
            hand.append(by_hand(engine, Path(folder)))
            mine.append(ours())
        os.environ.pop("JUPYTER_CRATER_STATE")
    a, b = (statistics.median(r[0] for r in rows) for rows in (hand, mine))
    print(f"launch → first token  by hand {a:.1f} s, ours {b:.1f} s: {b / a:.2f} × (goal ≤ 1.1)")
    a, b = (statistics.median(r[1] for r in rows) for rows in (hand, mine))
    print(
        f"one stream            by hand {a:.1f}, ours {b:.1f} tokens/s: {b / a:.2f} × (goal ≥ 0.95)"
    )
    share = statistics.median(r[2] for r in mine)
    print(f"our share             {share:.2f} s from launch() to Ray's start (goal ≤ 1.5)")
