"""What is sent to the page for each widget: anywidget sends the whole module once per widget."""

import gzip

import pytest

from jupyter_crater.widgets import Calculator, ChatWidget, Panel, Picker
from jupyter_crater.widgets.view import STATIC

LIMIT = 40 * 1024


@pytest.mark.parametrize("view", [Calculator, ChatWidget, Panel, Picker])
def test_a_widget_is_at_most_40_kb(view):
    source = (STATIC / f"{view._bundle}.js").read_bytes()
    assert len(gzip.compress(source, 9)) <= LIMIT
