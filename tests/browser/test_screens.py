"""Every view in light and dark: pictures for people in test-results/, and what a machine can see."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

SHOTS = Path(__file__).parents[2] / "test-results"

LAUNCH = (
    "import jupyter_crater as crater\n"
    "job = crater.launch('deepseek-r1-distributed', name='r1')\n"
    "job.wait(timeout=60); None"
)
CELLS = [LAUNCH, "job", "job.chat()", "crater.picker()", "crater.calculator()", "crater.panel()"]

# The contrast of a view's text with what lies behind it, as WCAG counts it.
CONTRAST = """view => { const channel = c => { c /= 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const parse = color => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  const { color, backgroundColor } = getComputedStyle(view);
  const [a, b] = [light(parse(color)), light(parse(backgroundColor))];
  return (Math.max(a, b) + .05) / (Math.min(a, b) + .05); }"""


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_views_in_a_theme(notebook, theme):
    page = notebook.open(f"screens-{theme.lower()}", CELLS).page
    page.evaluate(
        f"""async () => {{ await jupyterapp.commands.execute('apputils:change-theme',
            {{ theme: 'JupyterLab {theme}' }}) }}"""
    )
    notebook.run_all()
    chat = page.locator(".crater-Chat").last
    expect(page.locator(".crater-Calculator .crater-Verdict-word")).to_be_attached(timeout=60_000)
    area = chat.locator(".crater-Composer textarea")
    for question in ("script: think", "script: markdown"):
        area.fill(question)
        area.press("Enter")
        expect(chat.locator(".crater-mod-live")).to_have_count(0)
        expect(chat.get_by_role("button", name="Send")).to_be_attached()
    expect(chat.locator("math")).not_to_have_count(0)
    picker = page.locator(".crater-Picker")
    picker.get_by_text("DeepSeek R1 distributed inference").click()
    expect(picker.locator(".crater-Verdict-word")).to_be_visible()
    # High enough to show the longest view whole.
    page.set_viewport_size({"width": 1280, "height": 3000})
    views = {
        "job": page.locator(".crater-Output .crater-Job"),
        "chat": chat,
        "picker": picker,
        "calculator": page.locator(".crater-Calculator"),
        "panel": page.locator(".crater-Jobs"),
    }
    SHOTS.mkdir(exist_ok=True)
    # "r1 serves" would stand in front of a view.
    page.add_style_tag(content=".Toastify { display: none }")
    for name, view in views.items():
        view.scroll_into_view_if_needed()
        page.wait_for_timeout(300)
        view.screenshot(path=SHOTS / f"{name}-{theme.lower()}.png")
        assert view.evaluate(CONTRAST) > 7, f"{name} in {theme}"
        unnamed = view.evaluate(
            """view => [...view.querySelectorAll('button, input, select, textarea')].filter(each =>
                 !each.textContent.trim() && !each.labels?.length && !each.ariaLabel)
                 .map(each => each.outerHTML)"""
        )
        assert unnamed == []
    assert notebook.problems == []
