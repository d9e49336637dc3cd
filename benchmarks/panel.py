"""The panel with a thousand jobs: activation to the first row, and tasks while scrolling."""

import statistics
import tempfile
from pathlib import Path

RUNS = 5


def main() -> None:
    from tests.browser.conftest import chromium, running_lab
    from tests.browser.test_many_jobs import ACTIVATE, COUNT, SCROLL, listed, many_jobs

    with (
        tempfile.TemporaryDirectory() as folder,
        running_lab(Path(folder), stand_in=True) as lab,
        many_jobs(lab),
        chromium() as browser,
    ):
        page = listed(browser.new_page(viewport={"width": 1280, "height": 1000}), lab)
        times = sorted(page.evaluate(ACTIVATE) for _ in range(RUNS))
        longest = [max(page.evaluate(SCROLL)["tasks"], default=0) for _ in range(RUNS)]
    print(
        f"{COUNT} jobs, activation to the first row: {statistics.median(times):.0f} ms, median of "
        f"{RUNS} (goal ≤ 300; {times[0]:.0f} to {times[-1]:.0f})"
    )
    print(
        f"scrolling to the end and back, {RUNS} times: longest task over 50 ms "
        f"{', '.join(f'{each:.0f}' if each else 'none' for each in longest)} (goal: none)"
    )
