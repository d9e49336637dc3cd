"""Views go on while a cell runs, and cells run while views are at work."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser.conftest import new_notebook, running_lab
from tests.browser.test_chat import LAUNCH
from tests.browser.way import last, phase, run, send

# Launched into a start that lasts until the test ends it.
SECOND = """import os
os.environ["CRATER_SCRIPT_UNTIL"] = {until!r}
second = crater.launch("deepseek-r1-distributed", name="second")
del os.environ["CRATER_SCRIPT_UNTIL"]
crater.panel("second")"""

# As a computation that holds the kernel, but no longer than the test needs.
HOLDS = """import time
print("holding the kernel")
while not os.path.exists({go!r}):
    time.sleep(0.05)
print("let", "go")"""


def test_send_stream_and_stop_while_a_cell_blocks_the_kernel(notebook):
    cells = [LAUNCH, "job.chat()", "import time; time.sleep(15); print('the cell ended')"]
    page = notebook.open("busy", cells).run_all().page
    box = page.locator(".crater-Chat")
    page.wait_for_timeout(1500)
    send(box, "count")
    expect(box.locator(".crater-mod-live")).to_contain_text("word2", timeout=10_000)
    box.get_by_role("button", name="Stop").click()
    expect(last(box).locator(".crater-Turn-stats")).to_contain_text("stopped", timeout=5000)
    assert page.locator(".jp-OutputArea-output", has_text="the cell ended").count() == 0


# As on kernels that give messages to the shell which runs the cell, whatever the page asks for.
HELD = """import os
one = job.chat()
del one.comm._reply_subshell_for
one"""


def test_a_chat_goes_by_the_server_where_the_kernel_holds_messages_back(notebook, tmp_path):
    go = tmp_path / "go"
    cells = [LAUNCH, HELD, HOLDS.format(go=str(go)), "[turn['text'][:5] for turn in one.turns]"]
    page = notebook.open("held", cells).page
    for number in range(3):
        run(notebook, number)
    expect(output(notebook, 2)).to_contain_text("holding the kernel", timeout=60_000)
    box = page.locator(".crater-Chat")
    send(box, "echo: by REST")
    expect(last(box)).to_contain_text("by REST", timeout=30_000)
    send(box, "script: story")
    expect(words(box)).to_contain_text("word3", timeout=30_000)
    box.locator(".crater-Composer").get_by_role("button", name="Stop").click()
    expect(last(box).locator(".crater-Turn-stats")).to_contain_text("stopped", timeout=30_000)
    expect(output(notebook, 2)).not_to_contain_text("let go")

    # The kernel has it all when it is free again.
    go.touch()
    expect(output(notebook, 2)).to_contain_text("let go", timeout=30_000)
    expect(box.locator(".crater-mod-live")).to_have_count(0)
    run(notebook, 3)
    expect(output(notebook, 3)).to_contain_text(
        "['echo:', 'by RE', 'scrip', 'word0']", timeout=30_000
    )
    assert notebook.problems == []


def test_where_neither_kernel_nor_server_can_answer_it_is_said(tmp_path, browser, request):
    go = tmp_path / "go"
    (tmp_path / "lab").mkdir()
    with (
        running_lab(tmp_path / "lab", stand_in=True, extension=False) as lab,
        new_notebook(lab, browser, request) as notebook,
    ):
        page = notebook.open("said", [LAUNCH, HELD, HOLDS.format(go=str(go))]).page
        routes = page.request.get(f"{lab.url}/crater/versions")
        assert routes.status == HTTPStatus.NOT_FOUND
        for number in range(3):
            run(notebook, number)
        expect(output(notebook, 2)).to_contain_text("holding the kernel", timeout=60_000)
        box = page.locator(".crater-Chat")
        notice = box.locator(".crater-mod-warning[role=status]")
        expect(notice).to_have_count(0)
        send(box, "echo: at last")
        expect(notice).to_contain_text("The kernel is busy", timeout=30_000)
        expect(box.locator(".crater-mod-live")).to_contain_text("Waiting for the first token")
        expect(output(notebook, 2)).not_to_contain_text("let go")

        # Nothing is lost: it is answered when the cell ends, and nothing is called busy then.
        go.touch()
        expect(output(notebook, 2)).to_contain_text("let go", timeout=30_000)
        expect(last(box)).to_contain_text("at last", timeout=30_000)
        expect(notice).to_have_count(0)
        send(box, "echo: once more")
        expect(last(box)).to_contain_text("once more", timeout=30_000)
        expect(box.locator(".crater-mod-user")).to_have_count(2)
        assert notebook.problems == []


def test_another_cell_runs_beside_a_launch_a_log_and_two_chats(notebook, tmp_path):
    until, go = tmp_path / "until", tmp_path / "go"
    cells = [
        f"{LAUNCH}\nmine = job.chat(); mine",
        "job.chat()",
        SECOND.format(until=str(until)),
        "print(6 * 7)",
        HOLDS.format(go=str(go)),
    ]
    page = notebook.open("beside", cells).page
    for number in range(3):
        run(notebook, number)
    chats = page.locator(".crater-Chat")
    expect(chats).to_have_count(2, timeout=60_000)
    second = page.locator(".crater-Jobs .crater-Job")
    second.get_by_role("tab", name="Log").click(timeout=30_000)
    expect(second.locator(".crater-Log-line").last).to_contain_text("still loading", timeout=60_000)
    for number in range(2):
        send(chats.nth(number), "script: story")
        expect(words(chats.nth(number))).to_contain_text("word3", timeout=30_000)

    # They don't hold the kernel.
    run(notebook, 3)
    expect(output(notebook, 3)).to_have_text("42", timeout=30_000)
    all_go_on(chats, second)
    expect(phase(second)).to_have_text("loading weights")

    # The kernel doesn't hold them, not even the launch that it began.
    run(notebook, 4)
    expect(output(notebook, 4)).to_contain_text("holding the kernel", timeout=30_000)
    all_go_on(chats, second)
    until.touch()
    expect(phase(second)).to_have_text("serving", timeout=60_000)
    for number in range(2):
        expect(words(chats.nth(number))).to_be_visible()
        chats.nth(number).locator(".crater-Composer").get_by_role("button", name="Stop").click()
        expect(last(chats.nth(number)).locator(".crater-Turn-stats")).to_contain_text("stopped")
    expect(output(notebook, 4)).not_to_contain_text("let go")
    Path(go).touch()
    expect(output(notebook, 4)).to_contain_text("let go", timeout=30_000)
    assert notebook.problems == []


def output(notebook, number: int) -> Locator:
    return notebook.page.locator(".jp-CodeCell").nth(number).locator(".jp-Cell-outputArea")


def words(chat: Locator) -> Locator:
    return chat.locator(".crater-mod-live .crater-Markdown")


def all_go_on(chats: Locator, job: Locator) -> None:
    """Both answers and the log grow from what they are now."""
    counts = job.locator(".crater-Log-count")
    before = [words(chats.nth(number)).inner_text() for number in range(2)]
    lines = counts.inner_text()
    for number, text in enumerate(before):
        expect(words(chats.nth(number))).not_to_have_text(text, timeout=30_000)
        expect(words(chats.nth(number))).to_contain_text(re.compile(r"word\d"))
    expect(counts).not_to_have_text(lines, timeout=30_000)
