"""The soak in small: `make soak` runs twenty times as much of the same."""

from __future__ import annotations

import pytest

from . import launches, sequences


@pytest.mark.slow
def test_25_random_sequences(stand_in):
    stand_in.setenv("CRATER_STAND_IN_LOAD_S", "0")
    sequences.run(25)


def test_5_launches_leave_everything_as_it_was(stand_in):
    stand_in.setenv("CRATER_STAND_IN_LOAD_S", "0")
    launches.run(5)
