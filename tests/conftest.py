"""Fixtures of all tests."""

import pytest


@pytest.fixture(scope="session")
def engine_environment():
    """The real engine environment of this user, made once a machine (in about a minute)."""
    from jupyter_crater.engines import environment

    return environment.install()
