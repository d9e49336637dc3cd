"""job.chat() in a real JupyterLab; the engine is scripted, so that every answer is known."""

import re

from playwright.sync_api import expect

from tests.browser.way import last, send

LAUNCH = (
    "import jupyter_crater as crater\n"
    "job = crater.launch('deepseek-r1-distributed', name='chat')\n"
    "job.wait(timeout=60); None"
)


def ask(page, text, chat=0):
    """Send it, and wait until its answer is over."""
    box = page.locator(".crater-Chat").nth(chat)
    expect(box).to_have_count(1, timeout=30_000)
    turns = box.locator(".crater-Turn").count()
    send(box, text)
    expect(box.locator(".crater-Turn:not(.crater-mod-live)")).to_have_count(
        turns + 2, timeout=30_000
    )
    return box


def test_chat(notebook):
    page = notebook.open("chat", [LAUNCH, "job.chat()"]).run_all().page
    box = page.locator(".crater-Chat")
    send(box, "What is gravity?")
    expect(box.locator(".crater-mod-live")).to_contain_text("word3", timeout=30_000)
    expect(last(box)).to_contain_text("word39")
    expect(last(box).locator(".crater-Turn-stats")).to_contain_text("tokens/s")
    expect(last(box).locator(".crater-Turn-stats")).to_contain_text("40 tokens")

    # Thinking is folded, with its duration, however the engine marks it.
    for script in ("reasoning", "reasoning_content", "think", "lone"):
        ask(page, f"script: {script}")
        expect(last(box).locator("summary")).to_have_text(re.compile(r"^Thought for 0\.\d s$"))
        expect(last(box).locator(".crater-Markdown")).to_have_text("Four.")
        expect(last(box)).not_to_contain_text("Let me think.")
    last(box).locator("summary").click()
    expect(last(box)).to_contain_text("Let me think.")

    # Markdown, code with copy, maths.
    ask(page, "script: markdown")
    expect(last(box).locator("figure pre")).to_have_text("import math\nprint(math.pi)")
    expect(last(box).locator("math").first).to_be_attached()
    expect(last(box).locator("math")).to_have_count(2)
    expect(last(box).locator("table")).to_have_count(1)
    assert last(box).locator("a").get_attribute("href") == "https://docs.vllm.ai"

    # A broken engine is told, and asked again.
    ask(page, "script: dies")
    expect(last(box).locator("[role=alert]")).to_contain_text("broke")
    expect(last(box)).to_contain_text("It is")
    last(box).get_by_role("button", name="Try again").click()
    expect(box.locator(".crater-mod-live")).to_have_count(0)

    # Edit and resend: what came after is gone.
    before = box.locator(".crater-mod-user").count()
    box.locator(".crater-mod-user").first.get_by_role("button", name="Edit").click()
    field = box.get_by_label("Edit the message")
    field.fill("echo: edited")
    field.press("Enter")
    expect(last(box)).to_contain_text("edited")
    assert before > 2
    expect(box.locator(".crater-mod-user")).to_have_count(1)

    # Keys stay in the chat: "dd" would delete the cell.
    area = box.locator(".crater-Composer textarea")
    area.press_sequentially("bbdd")
    area.press("Shift+Enter")
    area.press_sequentially("x")
    expect(area).to_have_value("bbdd\nx")
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(2)

    box.get_by_role("button", name="Clear").click()
    expect(box.locator(".crater-Turn")).to_have_count(0)
    assert notebook.problems == []


def test_hostile_answers_are_inert(notebook):
    page = notebook.open("hostile", [LAUNCH, "job.chat()"]).run_all().page
    box = ask(page, "script: hostile")
    expect(last(box)).to_contain_text("never closed")
    expect(last(box).locator(".crater-Turn-stats")).to_contain_text("tokens")
    assert last(box).locator("script, img, iframe, style, svg").count() == 0
    hrefs = last(box).locator("a").evaluate_all("all => all.map(a => a.href)")
    assert all(href.startswith("http") for href in hrefs), hrefs
    text = last(box).inner_text()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "<script>window.pwned" in text
    page.wait_for_timeout(500)
    assert page.evaluate("window.pwned") is None
    assert [url for url in notebook.foreign if "hostile" in url] == []

    ask(page, "script: huge")
    expect(last(box).get_by_role("button", name=re.compile("Show more"))).to_be_visible()
    assert box.evaluate("box => box.querySelectorAll('*').length") < 500
    assert notebook.problems == []


def test_two_chats_and_two_views_at_once(notebook):
    cells = [LAUNCH, "one = job.chat(); one", "job.chat(system='Be short.')", "one"]
    page = notebook.open("two", cells).run_all().page
    expect(page.locator(".crater-Chat")).to_have_count(3, timeout=30_000)
    first = ask(page, "echo: first", chat=0)
    second = ask(page, "echo: second", chat=1)
    expect(last(first)).to_contain_text("first")
    expect(last(second)).to_contain_text("second")
    expect(last(page.locator(".crater-Chat").nth(2))).to_contain_text("first")
    expect(page.locator(".crater-Chat").nth(2)).not_to_contain_text("second")


# What `open` hands to the desktop's browser is a page that only this user can read.
OPEN = """import html, pathlib, re, webbrowser
from urllib.request import url2pathname
opened = []
webbrowser.open = opened.append
import jupyter_crater as crater
crater.job("chat").open()
page = pathlib.Path(url2pathname(opened[0].removeprefix("file://")))
assert page.stat().st_mode & 0o77 == 0
print(html.unescape(re.search("url=([^\\"]+)", page.read_text())[1]))"""


def test_open_shows_the_job_with_its_chat(notebook):
    page = notebook.open("opens", [LAUNCH, "job.open()"]).run_all().page
    chosen = page.locator(".crater-Output .crater-Job [role=tab][aria-selected=true]")
    expect(chosen).to_have_text("Chat", timeout=60_000)
    expect(page.locator(".crater-Output .crater-Composer")).to_be_visible()

    # From a terminal: in the JupyterLab that runs.
    page.goto(notebook.lab.python(OPEN))
    job = page.locator(".crater-Main .crater-Job")
    send(job, "echo: opened")
    expect(last(job)).to_contain_text("opened", timeout=60_000)
    assert "crater-job" not in page.url
    assert notebook.problems == []
