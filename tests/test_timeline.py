"""Observations → phases."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings, strategies as st

from jupyter_crater.spec import ENDED, PHASES, Observation
from jupyter_crater.timeline import reduce


def phase(at, name, message="", **data):
    return Observation(at, "phase", name, message, data=data)


def test_nothing_seen_is_unknown():
    assert reduce([], now=1.0).phase == "unknown"


def test_durations_and_details():
    seen = [phase(1, "queued"), phase(2, "starting-ray", "two nodes"), phase(5, "serving")]
    entries = reduce(seen, now=9).entries
    assert [(e.phase, e.started, e.ended, e.detail) for e in entries] == [
        ("queued", 1, 2, ""),
        ("starting-ray", 2, 5, "two nodes"),
        ("serving", 5, None, ""),
    ]


def test_it_never_goes_back():
    seen = [phase(1, "loading-weights"), phase(2, "starting-engine"), phase(3, "serving")]
    assert [e.phase for e in reduce(seen, now=9).entries] == ["loading-weights", "serving"]


def test_a_restart_may_go_back():
    seen = [phase(1, "serving"), phase(2, "restarting"), phase(3, "starting-ray")]
    assert reduce(seen, now=9).phase == "starting-ray"


def test_the_first_word_on_an_end_is_its_cause():
    seen = [
        phase(1, "serving"),
        phase(2, "failed", "worker 0 died", code="ray-worker-0-died"),
        phase(3, "failed", "the engine died", code="engine-died"),
        phase(4, "serving"),
    ]
    found = reduce(seen, now=9)
    assert (found.phase, found.reason, found.message) == (
        "failed",
        "ray-worker-0-died",
        "worker 0 died",
    )


def test_a_failure_without_a_word_has_that_of_the_decisive_line():
    seen = [
        Observation(1, "event", "engine-died", "EngineDeadError", data={"rank": 2}),
        Observation(2, "event", "out-of-memory", "CUDA out of memory", data={"rank": 0}),
        Observation(3, "event", "heads-not-divisible", "(9) by (2)", data={"rank": 0}),
        phase(4, "failed"),
    ]
    found = reduce(seen, now=9)
    assert (found.reason, found.message) == ("out-of-memory", "CUDA out of memory")
    assert reduce(seen[:-1], now=9).reason is None, "an event alone ends nothing"


def test_an_end_is_final_until_a_later_attempt_is_queued():
    first = [phase(1, "queued"), phase(2, "serving"), phase(3, "failed", "x", code="y")]
    assert reduce([*first, phase(4, "queued")], now=9).phase == "failed"
    again = reduce([*first, phase(4, "queued", attempt=2), phase(5, "starting-ray")], now=9)
    assert (again.phase, again.attempt, again.reason) == ("starting-ray", 2, None)
    assert [e.phase for e in again.entries] == ["queued", "starting-ray"]


def test_tasks_are_merged_and_end_with_the_job():
    seen = [
        Observation(1, "task", "running", task="worker", index=0, data={"ip": "127.0.0.1"}),
        Observation(1, "task", "running", task="head", index=0, data={"ip": "10.0.0.7"}),
        Observation(2, "task", "running", task="worker", index=0, data={"node": "abc"}),
        Observation(3, "task", "failed", task="worker", index=0),
        phase(4, "failed"),
    ]
    found = reduce(seen, now=9)
    assert [(t.task, t.phase, t.node, t.ip) for t in found.tasks] == [
        ("head", "ended", None, "10.0.0.7"),
        ("worker", "failed", "abc", "127.0.0.1"),
    ]
    assert found.head_ip == "10.0.0.7"


def test_progress_of_an_earlier_phase_is_over():
    shards = Observation(2, "progress", "shards", "shards 1/2", data={"done": 1, "total": 2})
    loading = [phase(1, "loading-weights"), shards]
    assert reduce(loading, now=9).message == "shards 1/2"
    warm = [*loading, phase(3, "warming-up")]
    assert reduce(warm, now=9).progress is None
    assert reduce(warm, now=9).message == ""


def test_a_clock_that_jumped_back_gives_no_negative_duration():
    seen = [phase(1000, "queued"), phase(1001, "starting-ray"), phase(5, "serving")]
    for entry in reduce(seen, now=10).entries:
        assert entry.ended is None or entry.ended >= entry.started


observations = st.lists(
    st.builds(
        Observation,
        time=st.floats(0, 100),
        kind=st.sampled_from(["phase", "progress", "task", "event", "log", "fact"]),
        reason=st.sampled_from([*PHASES, "shards", "made-up"]),
        task=st.sampled_from([None, "head", "worker"]),
        index=st.integers(0, 2),
        data=st.sampled_from([{}, {"value": 1}, {"code": "x"}, {"node": "n"}]),
    ),
    max_size=30,
)


@given(observations)
@settings(max_examples=300, deadline=None)
def test_invariants(seen):
    found = reduce(seen, now=50)
    order = {p: i for i, p in enumerate(PHASES)}
    asked = {o.reason for o in seen if o.kind == "phase"}
    previous = None
    for entry in found.entries:
        assert entry.phase in asked, "a phase that nobody saw is never made up"
        if previous is not None:
            assert previous.phase not in ENDED
            assert previous.ended == entry.started
            assert entry.started >= previous.started
            free = ("unknown", "unreachable", "restarting")
            assert previous.phase in free or order[entry.phase] > order[previous.phase]
        previous = entry
    assert found.phase == (previous.phase if previous else "unknown")


@given(observations, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_arrival_does_not_matter(seen, shuffler: random.Random):
    distinct = list({o.time: o for o in seen if o.time <= 50}.values())
    mixed = distinct.copy()
    shuffler.shuffle(mixed)
    assert reduce(distinct, now=50) == reduce(mixed, now=50)


def test_observations_travel_as_json():
    seen = Observation(1.5, "task", "running", "m", "head", 0, {"node": "n"})
    assert Observation.from_json(seen.to_json()) == seen
    assert Observation.from_json({"time": 1, "kind": "log", "of_the_future": 1}).kind == "log"


@pytest.mark.parametrize("name", PHASES)
def test_every_phase_alone(name):
    assert reduce([phase(1, name)], now=2).phase == name
