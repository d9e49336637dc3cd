"""What the widget adds to the bare client, measured in the page against a scripted engine.

`-rP` prints the figures. The bounds only catch what breaks: on a machine that others use as well
the browser alone takes longer than what is to be shown.
"""

import statistics
import time

import openai
from playwright.sync_api import expect

from tests.doubles.openai_server import OpenAIServer, Script

CELL = """import openai, jupyter_crater as crater
from jupyter_crater import calls
from jupyter_crater.chat import Engine
engine = None
async def engine_of(name, backend=None):
    global engine
    if engine is None:
        engine = Engine(openai.AsyncOpenAI(base_url="{url}/v1", api_key="{key}"))
    return engine
calls.engine_of = engine_of
from jupyter_crater.widgets import ChatWidget"""

# Types into a chat and waits for frames: what a person would see, when it can be seen.
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
    }, 20));
  };
  window.until = (test, limit = 60000) => new Promise((done, fail) => {
    const start = performance.now();
    const look = () => test() ? done(performance.now())
      : performance.now() - start > limit ? fail(new Error('too late')) : requestAnimationFrame(look);
    look();
  });
  window.tasks = [];
  new PerformanceObserver(list => tasks.push(...list.getEntries().map(e => e.duration)))
    .observe({ type: 'longtask' });
}"""

FIRST = """async rounds => { const times = []; const [chat] = chats();
  for (let round = 0; round < rounds; round++) {
    const answers = () => chat.querySelectorAll('.crater-Turn:not(.crater-mod-user)');
    const before = answers().length;
    const start = await send(chat, 'echo: painted');
    const end = await until(() => answers()[before]?.textContent.includes('painted'));
    times.push(end - start);
    await until(() => !chat.querySelector('.crater-mod-live'));
    if (round % 20 === 19) { [...chat.querySelectorAll('button')]
      .find(b => b.textContent === 'Clear').click(); await until(() => !answers().length); }
  }
  return times; }"""

STREAMS = """async count => { const all = chats().slice(0, count); tasks.length = 0;
  await Promise.all(all.map(chat => send(chat, 'script: long')));
  const first = await until(() => all.some(chat => chat.textContent.includes('token 0 ')));
  await until(() => all.every(chat => !chat.querySelector('.crater-mod-live')
    && chat.querySelector('.crater-Turn-stats')));
  return [...tasks]; }"""


def bare(server, rounds):
    """Seconds to the first token of the plain client."""
    times = []
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.key) as client:
        for _ in range(rounds):
            start = time.perf_counter()
            stream = client.chat.completions.create(
                model="scripted",
                messages=[{"role": "user", "content": "echo: x"}],
                stream=True,
            )
            for chunk in stream:
                if chunk.choices and chunk.choices[0].delta.content:
                    times.append(time.perf_counter() - start)
                    break
            stream.close()
    return times


def test_first_token_and_streams(notebook):
    with OpenAIServer(delay=0.02, max_model_len=1_000_000) as server:
        cell = CELL.format(url=server.url, key=server.key)
        views = [f"ChatWidget('speed{number}')" for number in range(8)]
        page = notebook.open("speed", [cell, *views]).run_all().page
        expect(page.locator(".crater-Chat")).to_have_count(8, timeout=60_000)
        page.evaluate(PAGE)
        plain = statistics.median(bare(server, 50)) * 1000
        page.evaluate(FIRST, 3)
        painted = statistics.median(page.evaluate(FIRST, 200))
        print(f"first token: bare {plain:.1f} ms, painted {painted:.1f} ms")

        server.rate = 50
        words = [f"token {n} " + ("\n\n" if n % 40 == 39 else "") for n in range(300)]
        server.scripts["long"] = Script(words)
        for count in (1, 8):
            page.evaluate(
                "() => { for (const c of chats()) [...c.querySelectorAll('button')]"
                ".find(b => b.textContent === 'Clear').click(); }"
            )
            page.wait_for_timeout(500)
            tasks = page.evaluate(STREAMS, count)
            rates = [
                float(text.split(" tokens/s")[0].split("· ")[-1])
                for text in page.locator(".crater-Turn-stats").all_inner_texts()
            ]
            print(f"{count} streams of 50 tokens/s: {rates}; long tasks: {tasks}")
            assert min(rates[:count]) >= 0.9 * 50

        server.rate = 1000
        server.scripts["long"] = Script(
            [f"token {n} " + ("\n\n" if n % 40 == 39 else "") for n in range(10_000)]
        )
        page.evaluate(
            "() => { [...chats()[0].querySelectorAll('button')]"
            ".find(b => b.textContent === 'Clear').click(); }"
        )
        page.wait_for_timeout(500)
        tasks = page.evaluate(STREAMS, 1)
        print(f"10,000 tokens at 1,000/s: long tasks {tasks}")
    assert painted - plain <= 250
