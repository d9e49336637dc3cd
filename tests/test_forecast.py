"""How long it will take, by earlier starts; and the silence that is longer than usual."""

from __future__ import annotations

import os
import threading

import pytest

from jupyter_crater import files, forecast, timeline
from jupyter_crater.cli.output import Output, WaitProgress
from jupyter_crater.spec import JobStatus, Observation
from jupyter_crater.waiting import PrintedProgress

from .waiting import until

START = {
    "id": "a",
    "seconds": {"starting-ray": 4.0, "starting-engine": 10.0, "loading-weights": 6.0},
    "quiet": {"starting-ray": 3.0, "starting-engine": 9.0, "loading-weights": 2.0},
}
SLOWER = START | {"id": "b", "seconds": {"starting-ray": 4.0, "starting-engine": 30.0}}


def seen(at, kind, reason, **data):
    return Observation(at, kind, reason, data=data)


def status(*observations, now, **more):
    found = timeline.reduce(observations, now=now)
    return JobStatus(
        name="r1",
        template="t",
        backend="local",
        phase=found.phase,
        timeline=found.entries,
        changed=found.changed,
        created=observations[0].time if observations else 0.0,
        **more,
    )


UNDER_WAY = (
    seen(100, "phase", "queued"),
    seen(100, "phase", "starting-ray"),
    seen(104, "phase", "starting-engine"),
)


def test_what_is_left_of_the_phase_and_the_later_ones():
    at = status(*UNDER_WAY, now=107)
    found = forecast.forecast(at, [START], now=107)
    assert (found.low, found.high, found.source) == (13.0, 13.0, "1 earlier start")
    found = forecast.forecast(at, [START, SLOWER], now=107)
    assert (found.low, found.high) == (13.0, 27.0)
    assert forecast.words(found) == "13 s to 27 s left (2 earlier starts)"


def test_longer_than_ever_is_said_not_counted_below_zero():
    only = START | {"seconds": {"starting-engine": 10.0}}
    found = forecast.forecast(status(*UNDER_WAY, now=130), [only], now=130)
    assert (found.low, found.high) == (0, 0)
    assert forecast.words(found).startswith("longer than 1 earlier start")


def test_sizings_band_for_want_of_earlier_starts():
    at = status(*UNDER_WAY, now=107)
    found = forecast.forecast(at, [], now=107, cold_start=(60, 180))
    assert (found.low, found.high, found.source) == (53.0, 173.0, "sizing's cold start")
    queued = status(UNDER_WAY[0], now=107)
    assert forecast.forecast(queued, [], now=107, cold_start=(60, 180)) is None


@pytest.mark.parametrize(
    ("now", "starts", "late"),
    [
        (104 + 23, [START], None),  # twice nine is not enough below 15 s more
        (104 + 25, [START], "Nothing new for 25 s; earlier starts: 9 s at most."),
        (104 + 179, [], None),
        (104 + 181, [], "Nothing new for 3 min; more than 3 min is unusual here."),
    ],
)
def test_a_silence_longer_than_usual(now, starts, late):
    found = forecast.forecast(status(*UNDER_WAY, now=now), starts, now=now)
    assert (found.late if found else None) == late


def test_progress_breaks_the_silence():
    told = [*UNDER_WAY, seen(125, "progress", "graphs", done=1, total=9)]
    assert forecast.forecast(status(*told, now=129), [START], now=129).late is None


def test_nobody_forecasts_a_queue_an_end_or_what_is_lost():
    for phases in (["queued"], ["serving"], ["starting-ray", "failed"], ["unreachable"]):
        observations = [seen(i, "phase", p) for i, p in enumerate(phases)]
        assert forecast.forecast(status(*observations, now=1e6), [], now=1e6) is None


def test_a_start_is_kept_once_and_only_if_seen_whole(tmp_path):
    told = [
        *UNDER_WAY,
        seen(110, "progress", "graphs", done=1, total=2),
        seen(116, "phase", "serving"),
    ]
    start = forecast.start_of(status(*told, now=120), told)
    assert start["seconds"] == {"queued": 0, "starting-ray": 4, "starting-engine": 12}
    assert start["quiet"]["starting-engine"] == 6
    file = tmp_path / "starts" / "x.json"
    threads = [threading.Thread(target=forecast.keep, args=(file, start)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert forecast.earlier(file) == [start]
    for number in range(20):
        forecast.keep(file, start | {"id": str(number)})
    assert [s["id"] for s in forecast.earlier(file)] == [str(n) for n in range(12, 20)]
    crooked = [*told[:-1], seen(112, "phase", "restarting"), told[-1]]
    assert forecast.start_of(status(*crooked, now=120), crooked) is None
    assert forecast.start_of(status(*UNDER_WAY, now=120), UNDER_WAY) is None


def test_the_setups_that_started_last_are_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "REMEMBERED", 3)
    for number, name in enumerate("abcad"):
        forecast.keep(tmp_path / f"{name}.json", START | {"id": str(number)})
        os.utime(tmp_path / f"{name}.json", (number, number))
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "a.json",
        "c.json",
        "d.json",
        "lock",
    ]
    assert [s["id"] for s in forecast.earlier(tmp_path / "a.json")] == ["0", "3"]


def test_a_damaged_memory_is_no_memory(tmp_path):
    (tmp_path / "x.json").write_text('{"starts": [3, {"id": "a"}, {"se')
    assert forecast.earlier(tmp_path / "x.json") == []
    (tmp_path / "x.json").write_text('{"starts": [3, {"id": "a"}]}')
    assert forecast.earlier(tmp_path / "x.json") == []


def test_the_second_launch_knows_the_first(launch, stand_in):
    stand_in.setenv("CRATER_STAND_IN_LOAD_S", "4")  # longer than a launch takes to come back
    first = launch(name="one")
    assert first.status().forecast is None
    took = sum(e.ended - e.started for e in first.status().timeline if e.ended)
    first.delete()
    second = launch(wait=False, name="two")
    found = until(lambda: second.status().forecast, seconds=20)
    assert found.source == "1 earlier start"
    assert 0 < found.high <= took + 0.1
    second.delete()
    # Another layout is another start.
    stand_in.setenv("CRATER_STAND_IN_LOAD_S", "60")
    third = launch(wait=False, name="three", max_model_len=512)
    assert third.status().forecast is None
    until(lambda: third.phase == "starting-engine", seconds=20)
    assert third.status().forecast is None


def test_a_late_start_is_said_once(capsys):
    late = forecast.forecast(status(*UNDER_WAY, now=150), [START], now=150)
    quiet = status(*UNDER_WAY, now=150, forecast=late)
    for progress in (PrintedProgress(), WaitProgress(Output())):
        for _ in range(3):
            progress(quiet)
        # Where a test before this one loaded ipykernel, it goes to stdout.
        assert "".join(capsys.readouterr()).count("Nothing new for 46 s") == 1
