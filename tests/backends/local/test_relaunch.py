"""The next attempt of an ended job, with a fix applied."""

from __future__ import annotations

import pytest

import jupyter_crater as crater
from jupyter_crater import errors
from tests.waiting import until


def test_a_failed_job_is_launched_again_with_a_fix(launch, stand_in):
    stand_in.setenv("CRATER_STAND_IN_FAIL", "1")
    job = launch(wait=False, name="again", max_num_seqs=4)
    until(lambda: job.status().ended, seconds=60, what="the failure")
    stand_in.delenv("CRATER_STAND_IN_FAIL")
    with pytest.raises(errors.ParameterError, match="no_such"):
        crater.relaunch(job, no_such=1)
    assert job.status().attempt == 1, "nothing was created"
    again = crater.relaunch("again", backend="local", max_num_seqs=8)
    again.wait(timeout=60, progress=lambda _: None)
    assert (again.name, again.status().attempt) == ("again", 2)
    assert again.spec.engine.max_num_seqs == 8
    assert again.spec.provenance.values == {"max_num_seqs": 8}
    assert list(again.logs(previous=True)), "the log of the first attempt is kept"
    with pytest.raises(errors.ConflictError, match="is serving"):
        crater.relaunch(again)
