"""Chat in a real JupyterLab against the bare client, on a scripted engine; needs chromium.

Where others compute as well, `chrt -r 1` before it gives the figures of a machine of one's own.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

ROUNDS = 200
DELAYS = (0.02, 0.05)
"""Seconds to the engine's first token: as quick as the smallest engines are, and as most are at
best. At 20 ms the page still draws the question when the token comes."""
TOKENS = 5
"""Of an answer whose first token is timed: its end is no part of that."""
STREAMS = (1, 8)
RATE = 50
"""Tokens a second of a stream: what an engine gives that is not in a hurry."""
FAST = 1000
LONG_US = 50_000

CELL = """import os, jupyter_crater as crater
def launch(name, **script):
    os.environ.update({{"CRATER_SCRIPT_" + k: str(v) for k, v in script.items()}})
    return crater.launch("vllm-single", name=name, backend="local").wait(timeout=60)
quick, usual = (launch(f"first-{{n}}", DELAY=delay, RATE={rate}, TOKENS={tokens})
    for n, delay in enumerate({delays}))
short = launch("short", DELAY=0.02, RATE={rate}, TOKENS=300)
fast = launch("fast", DELAY=0.02, RATE={fast}, TOKENS=10_000)"""

# Types into a chat as a person would, who takes a moment from the first letter to Enter. Waiting
# asks for no frame: one a screenful would keep every other waiting for its turn.
PAGE = """() => {
  window.chats = () => [...document.querySelectorAll('.crater-Chat')];
  window.send = (chat, text) => {
    const area = chat.querySelector('.crater-Composer textarea');
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(area, text);
    area.dispatchEvent(new Event('input', { bubbles: true }));
    return new Promise(done => setTimeout(() => {
      const start = performance.now();
      area.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
      done(start);
    }, 250));
  };
  window.until = (test, limit = 60000) => new Promise((done, fail) => {
    const start = performance.now();
    const look = () => test() ? done()
      : performance.now() - start > limit ? fail(new Error('too late')) : setTimeout(look, 50);
    look();
  });
  window.clear = async chat => {
    [...chat.querySelectorAll('button')].find(b => b.textContent === 'Clear').click();
    await until(() => !chat.querySelector('.crater-Turn'));
  };
  window.tasks = [];
  new PerformanceObserver(list => tasks.push(...list.getEntries().map(e => e.duration)))
    .observe({ type: 'longtask' });
  window.paints = [];
  new PerformanceObserver(list => paints.push(...list.getEntries()))
    .observe({ type: 'element' });
}"""

# The browser itself says when it painted the token's element (paintTime: the end of that frame's
# work in the page) and when that was on the screen; the element is named before its first frame.
FIRST = """async ([index, round]) => { const chat = chats()[index]; chat.scrollIntoView();
  const answers = () => chat.querySelectorAll('.crater-Turn:not(.crater-mod-user)');
  if (answers().length >= 20) await clear(chat);
  const before = answers().length;
  new MutationObserver((_, observer) => {
    const token = answers()[before]?.querySelector('.crater-Markdown p');
    if (!token?.textContent.includes('word0')) return;
    token.setAttribute('elementtiming', round);
    observer.disconnect();
  }).observe(chat, { childList: true, subtree: true, characterData: true });
  const start = await send(chat, 'count');
  const painted = () => paints.find(entry => entry.identifier === String(round));
  await until(() => painted() && !chat.querySelector('.crater-mod-live'));
  return [painted().paintTime - start, painted().presentationTime - start]; }"""

# A page that does nothing: its long tasks are the machine's.
IDLE = """async seconds => { tasks.length = 0;
  await new Promise(done => setTimeout(done, seconds * 1000)); return [...tasks]; }"""

STREAM = """async ([from, to]) => { const all = chats().slice(from, to);
  for (const chat of all) if (chat.querySelector('.crater-Turn')) await clear(chat);
  tasks.length = 0;
  await Promise.all(all.map(chat => send(chat, 'count')));
  await until(() => all.every(chat => chat.querySelector('.crater-mod-live')));
  await until(() => all.every(chat => !chat.querySelector('.crater-mod-live')
    && chat.querySelector('.crater-Turn-stats')), 120000);
  return { tasks: [...tasks], nodes: Math.max(...all.map(c => c.querySelectorAll('*').length)),
    stats: all.map(chat => chat.querySelector('.crater-Turn-stats').textContent) }; }"""


def bare(client: Any, model: str) -> float:
    """Milliseconds to the first token of the plain client."""
    start = time.perf_counter()
    with client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "count"}], stream=True
    ) as stream:
        for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                break
    return (time.perf_counter() - start) * 1000


def first_token(page: Page, index: int, client: Any, model: str) -> None:
    """Bare and painted in turn, so that what else the machine does falls on both."""
    names = (f"{index}-{n}" for n in range(ROUNDS + 5))
    rounds = [(bare(client, model), *page.evaluate(FIRST, [index, name])) for name in names][5:]
    plain, painted, shown = (statistics.median(column) for column in zip(*rounds, strict=True))
    over = sorted(each - base for base, each, _ in rounds)
    print(
        f"first token of an engine that takes {1000 * DELAYS[index]:.0f} ms: bare {plain:.1f} ms,"
        f" painted {painted:.1f} ms; over it"
        f" {statistics.median(over):+.1f} ms at the median of {ROUNDS} (goal ≤ +20), a tenth below"
        f" {over[len(over) // 10]:+.1f}; on the screen {shown:.1f} ms"
    )


def rate_of(stats: str) -> float:
    return float(
        stats.split(" tokens/s", maxsplit=1)[0].rsplit("· ", maxsplit=1)[-1].replace(",", "")
    )


def streams(page: Page, first: int, count: int, rate: int) -> None:
    browser = page.context.browser
    assert browser is not None
    browser.start_tracing(page=page, categories=["toplevel"])
    found = page.evaluate(STREAM, [first, first + count])
    tasks = long_tasks(json.loads(browser.stop_tracing())["traceEvents"])
    rates = [rate_of(text) for text in found["stats"]]
    print(
        f"{count} × {rate} tokens/s: {100 * min(rates) / rate:.1f} % at the slowest (goal ≥ 98); "
        f"{found['nodes']} nodes (goal ≤ 500); long tasks {found['tasks']} ms (goal: none ≥ 50),"
        f" of them at work (the rest: the processor was elsewhere) {tasks} ms"
    )


def long_tasks(events: list[dict[str, Any]]) -> list[int]:
    """Milliseconds of processor time of the pages' tasks that took 50 ms and more."""
    pages = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        event["tdur"] // 1000
        for event in events
        if event["name"] == "ThreadControllerImpl::RunTask"
        and event.get("dur", 0) >= LONG_US
        and (event["pid"], event["tid"]) in pages
    ]


def measure(page: Page, clients: list[tuple[Any, str]]) -> None:
    print(f"an idle page, 5 s: long tasks {page.evaluate(IDLE, 5)} ms")
    for index, (client, model) in enumerate(clients):
        first_token(page, index, client, model)
    for count in STREAMS:
        streams(page, len(clients), count, RATE)
    streams(page, len(clients) + max(STREAMS), 1, FAST)


def main() -> None:
    import openai

    from tests.browser.conftest import Notebook, chromium, running_lab

    with (
        tempfile.TemporaryDirectory() as folder,
        chromium() as browser,
        running_lab(Path(folder), stand_in=True) as lab,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        views = ["quick.chat()", "usual.chat()", *["short.chat()"] * max(STREAMS), "fast.chat()"]
        cells = [CELL.format(rate=RATE, fast=FAST, tokens=TOKENS, delays=DELAYS), *views]
        Notebook(page, lab).open("speed", cells).run_all()
        expect(page.locator(".crater-Chat")).to_have_count(len(views), timeout=120_000)
        page.evaluate(PAGE)
        said = lab.python(
            "import json, jupyter_crater as c\n"
            f"jobs = [c.job(f'first-{{n}}') for n in range({len(DELAYS)})]\n"
            "print(json.dumps([[j.api_url, j.api_key, j.model] for j in jobs]))"
        )
        with ExitStack() as opened:
            clients = [
                (opened.enter_context(openai.OpenAI(base_url=f"{url}/v1", api_key=key)), model)
                for url, key, model in json.loads(said)
            ]
            measure(page, clients)
