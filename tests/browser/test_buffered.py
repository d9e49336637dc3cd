"""JupyterLab behind a proxy that holds every answer back until it is complete."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import STAND_IN_LIMIT_S, Lab
from tests.browser.test_panel import MAIN, SOON_MS, command, launch, open_lab, open_panel
from tests.doubles.buffering_proxy import BufferingProxy
from tests.waiting import until


def running(lab: Lab) -> float:
    """Requests that the engine answers now."""
    ask = "import httpx, jupyter_crater as crater\n"
    ask += "print(httpx.get(crater.job('held').api_url + '/metrics').text.split('}')[1])"
    return float(lab.python(ask))


@pytest.fixture
def behind(lab):
    """The same JupyterLab at the proxy's address."""
    with BufferingProxy(lab.url) as proxy:
        yield Lab(proxy.url, lab.root, lab.env), proxy


def test_panel_log_and_chat_behind_a_buffering_proxy(behind, browser):
    lab, proxy = behind
    launch(lab, "held")
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(STAND_IN_LIMIT_S * 1000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(error.stack or str(error)))
    panel = open_panel(open_lab(page, lab, "held"))
    expect(panel.locator("[data-name=held]")).to_contain_text("serving", timeout=SOON_MS)
    # What comes while the page is open is seen.
    launch(lab, "held-2")
    expect(panel.locator("[data-name=held-2]")).to_contain_text("serving", timeout=SOON_MS)

    # A log that is followed never ends, so its answer would never come.
    command(page, "crater:open-job", {"name": "held", "backend": "local"})
    job = page.locator(f"{MAIN} .crater-Job")
    job.get_by_role("tab", name="Log").click()
    expect(job.locator(".crater-Log-line").first).to_be_visible(timeout=SOON_MS)
    count = job.locator(".crater-Log-count")
    before = count.inner_text()
    folder = lab.root.parent / "state" / "jobs" / "held"
    (log,) = folder.glob("attempts/*/logs/engine*.log")
    with log.open("a") as file:
        file.write("(APIServer pid=1) INFO a line of its own\n")
    expect(job.locator(".crater-Log-box")).to_contain_text("a line of its own", timeout=SOON_MS)
    assert count.inner_text() == f"{int(before.split()[0]) + 1} lines", "nothing twice"

    # The answer comes when it is done, and Stop is not held back.
    job.get_by_role("tab", name="Chat").click()
    composer = job.locator(".crater-Composer textarea")
    composer.fill("echo: heavy things")
    composer.press("Enter")
    expect(job.locator(".crater-Turn").last).to_contain_text("heavy things", timeout=SOON_MS)
    composer.fill("script: hangs")
    composer.press("Enter")
    expect(job.get_by_role("button", name="Stop").last).to_be_visible()
    until(lambda: running(lab) == 1 and proxy.held, seconds=30, what="the engine to be asked")
    job.locator(".crater-Composer").get_by_role("button", name="Stop").click()
    expect(job.locator(".crater-Turn").last).to_contain_text("stopped", timeout=SOON_MS)
    until(lambda: running(lab) == 0, seconds=30, what="the request to end in the engine")
    assert problems == []
    context.close()
