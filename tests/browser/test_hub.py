"""The panel behind a real JupyterHub with a base path: log in, launch, ask."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import STAND_IN_LIMIT_S
from tests.browser.test_panel import MAIN, SOON_MS, open_panel
from tests.server.hub import BASE, running_hub
from tests.server.serving import launch


@pytest.mark.timeout(600)
def test_from_the_hubs_login_to_an_answer(tmp_path, browser):
    with running_hub(tmp_path) as hub:
        other = hub.user("ana")
        launch(other.env, "anas")
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        page = context.new_page()
        page.set_default_timeout(STAND_IN_LIMIT_S * 1000)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(error.stack or str(error)))
        hub.prepare("jo")
        page.goto(hub.url)
        page.get_by_label("Username").fill("jo")
        page.get_by_label("Password").fill("any")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(re.compile(f"{BASE}user/jo/lab"), timeout=120_000)
        page.wait_for_function("window.jupyterapp", timeout=60_000)
        page.evaluate("async () => { await jupyterapp.restored }")
        panel = open_panel(page)
        expect(panel).to_contain_text("No jobs yet.")
        panel.get_by_role("button", name="Choose a template").click()
        panel.get_by_text("DeepSeek R1 distributed inference").click()
        picker = page.locator(f"{MAIN} .crater-Picker")
        picker.get_by_label("Name", exact=True).fill("jos")
        picker.get_by_role("button", name="Launch the rehearsal").click()
        job = page.locator(f"{MAIN} .crater-Job")
        expect(job.locator(".crater-Phase").first).to_have_text("serving", timeout=SOON_MS)
        panel.get_by_role("tab", name="Jobs").click()
        row = panel.locator("[data-name=jos]")
        # Told by the events' websocket, through the hub's proxy.
        expect(row).to_contain_text("serving")
        href = f"{BASE}user/jo/crater/jobs/jos/forward@local"
        expect(row.get_by_role("link")).to_have_attribute("href", href)
        with context.expect_page() as opened:
            row.get_by_role("link").click()
        expect(opened.value.locator("body")).to_contain_text('"object"')
        opened.value.close()
        job.get_by_role("tab", name="Chat").click()
        job.locator(".crater-Composer textarea").fill("What is gravity?")
        job.get_by_role("button", name="Send").click()
        expect(job.locator(".crater-Turn-stats")).to_contain_text("tokens/s", timeout=SOON_MS)
        expect(panel.locator("[data-name=anas]")).to_have_count(0)
        assert problems == []
        context.close()
