"""The notebook's whole way with the real engine: real Ray, real vLLM, true answers."""

from __future__ import annotations

import pytest

from tests.browser.conftest import new_notebook, running_lab
from tests.browser.way import from_picker_to_deletion

START_S = 240
LONG = "Write a long story about a king and his castle."


@pytest.mark.engine
@pytest.mark.timeout(900)
def test_from_picker_to_a_true_answer(tmp_path, browser, engine_environment, request):
    with (
        running_lab(tmp_path, stand_in=False) as lab,
        new_notebook(lab, browser, request) as notebook,
    ):
        from_picker_to_deletion(notebook, seconds=START_S, answer="force", long=LONG)
