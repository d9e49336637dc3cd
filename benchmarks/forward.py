"""The engine proxy against the engine itself, in turns: first token, and tokens/s of 32 streams."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from tests.server.serving import TOKEN, launch, scripted_engine, serving

PAIRS = 200
STREAMS = 32
TOKENS = 500
RATE = 50
"""Of each stream, tokens a second: 32 of them are what two V100 of a big model give."""
ROUNDS = 3
LIMITS = httpx.Limits(max_connections=STREAMS)

REACH = "import jupyter_crater as c; j = c.job('bench'); print(j.api_url, j.api_key, j.model)"


def ask(model: str, text: str) -> dict[str, object]:
    return {"model": model, "stream": True, "messages": [{"role": "user", "content": text}]}


async def first_token(client: httpx.AsyncClient, model: str) -> float:
    """Milliseconds until the first word is there; the rest is read so that the connection stays."""
    started = time.perf_counter()
    taken = 0.0
    async with client.stream("POST", "v1/chat/completions", json=ask(model, "echo: word")) as said:
        async for chunk in said.aiter_raw():
            if not taken and b"word" in chunk:
                taken = (time.perf_counter() - started) * 1000
    return taken


async def one(client: httpx.AsyncClient, model: str) -> tuple[int, float, float]:
    """Words of a stream, and when its first and its last came."""
    words, first, last = 0, 0.0, 0.0
    async with client.stream("POST", "v1/chat/completions", json=ask(model, "count")) as said:
        async for chunk in said.aiter_raw():
            here = chunk.count(b'"word')
            if here:
                last = time.perf_counter()
                first = first or last
                words += here
    return words, first, last


async def many(client: httpx.AsyncClient, model: str) -> float:
    """Tokens a second of all streams together."""
    found = await asyncio.gather(*(one(client, model) for _ in range(STREAMS)))
    assert {words for words, _, _ in found} == {TOKENS}, "nothing may be lost"
    took = max(last for _, _, last in found) - min(first for _, first, _ in found)
    return STREAMS * (TOKENS - 1) / took


async def compare(direct: str, key: str, proxied: str, model: str) -> None:
    def client(base: str, authorization: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=base, headers={"Authorization": authorization}, timeout=120, limits=LIMITS
        )

    async with client(direct, f"Bearer {key}") as bare, client(proxied, f"token {TOKEN}") as ours:
        for each in (bare, ours):
            await first_token(each, model)
        pairs = [
            (await first_token(bare, model), await first_token(ours, model)) for _ in range(PAIRS)
        ]
        more = [b - a for a, b in pairs]
        a, b = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(
            f"first token: direct {a:.1f} ms, through the proxy {b:.1f} ms: "
            f"{statistics.median(more):+.1f} ms, 95 of 100 within {sorted(more)[PAIRS * 95 // 100]:+.1f} ms "
            "(goal ≤ +10)"
        )
        rates = [(await many(bare, model), await many(ours, model)) for _ in range(ROUNDS)]
        shares = [100 * b / a for a, b in rates]
        print(
            f"{STREAMS} streams of {RATE} tokens/s: direct "
            f"{', '.join(f'{a:.0f}' for a, _ in rates)}; through the proxy "
            f"{', '.join(f'{b:.0f}' for _, b in rates)} tokens/s: "
            f"{statistics.median(shares):.1f} % (goal ≥ 98 %)"
        )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        script = {"CRATER_SCRIPT_RATE": str(RATE), "CRATER_SCRIPT_TOKENS": str(TOKENS)}
        script["CRATER_SCRIPT_DELAY"] = "0.02"
        with serving(root, **scripted_engine(root), **script) as (url, env):
            launch(env, "bench")
            found = subprocess.run(
                [sys.executable, "-c", REACH], env=env, check=True, capture_output=True, text=True
            )
            direct, key, model = found.stdout.split()
            asyncio.run(compare(direct, key, f"{url}crater/jobs/bench/forward", model))
