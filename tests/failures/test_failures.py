"""Real vLLM brought to fail, and the first card that a person sees."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from jupyter_crater.backends.local import store
from jupyter_crater.backends.local.backend import leftovers
from jupyter_crater.engines import environment

from .made import FAILURES, make

pytestmark = [pytest.mark.engine, pytest.mark.slow]
AT_ONCE = 3
STATUS = {"worker-died": "engine-died"}
"""Cards whose status says another word: the supervisor saw which process it was."""


@pytest.fixture(scope="module")
def failed(tmp_path_factory, engine_environment):
    """Every failure made once, a few at a time: card → job."""
    folder = tmp_path_factory.mktemp("failures")
    (folder / "config.toml").touch()
    before = {k: os.environ.get(k) for k in ("JUPYTER_CRATER_STATE", "JUPYTER_CRATER_CONFIG")}
    os.environ["JUPYTER_CRATER_STATE"] = str(folder / "state")
    os.environ["JUPYTER_CRATER_CONFIG"] = str(folder / "config.toml")
    embedded = environment.embedded_model_folder()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = {f.card: pool.submit(make, f, folder / "models", embedded) for f in FAILURES}
    yield made
    for name in store.names():
        made[name].result().delete()
    assert store.names() == []
    for key, value in before.items():
        os.environ.pop(key) if value is None else os.environ.update({key: value})


@pytest.mark.timeout(600)  # the first one waits for all
@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: f.card)
def test_the_first_card_is_the_right_one(failed, failure):
    job = failed[failure.card].result()
    cards = job.diagnose()
    assert [c.id for c in cards][:1] == [failure.card]
    assert cards[0].evidence
    assert cards[0].fixes
    status = job.status()
    assert (status.phase, bool(status.message)) == ("failed", True)
    assert status.reason == STATUS.get(failure.card, failure.card)
    if failure.card != "supervisor-lost":  # what a dead supervisor left is `delete`'s to end
        folder = store.find(job.name)
        assert leftovers(folder, folder.current()) == []


def test_a_dozen_are_made():
    assert len({f.card for f in FAILURES}) == len(FAILURES) >= 12
