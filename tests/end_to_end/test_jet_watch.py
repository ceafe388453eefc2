"""A clog in a whole run: told and recorded, nothing is switched off for it; on a coarse meter nothing is claimed."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.readings import NS
from rig.records.run import open_run
from tests.end_to_end.spinning import Spinning, demo_text, fault, recipe_text

CLOG_AFTER_S = 250.0
"""After the spin step's start, which its priming is part of."""


def clogged_run(runs: Path, **rig: str) -> Spinning:
    spun = Spinning(
        runs,
        recipe=recipe_text(duration="4 min"),
        rig=demo_text(**rig) if rig else None,
        seed=7,
        faults=[fault("hv.needle", "clog", step="co-deposit", after_s=CLOG_AFTER_S)],
    )
    result = spun.run()
    assert (result.ending.outcome, result.ending.reason) == ("completed", None)
    assert [data["elapsed_s"] for _, data in spun.found("clock")] == [0.0, 240.0]
    return spun


@pytest.mark.timeout(120)
def test_a_clog_is_told_and_recorded_and_the_run_goes_on(tmp_path: Path) -> None:
    spun = clogged_run(tmp_path)
    struck_s = spun.first("step", phase="started") / NS + CLOG_AFTER_S
    jets = [(t_ns / NS - struck_s, data["mode"]) for t_ns, data in spun.found("jet")]
    assert [mode for _, mode in jets][:3] == ["unknown", "stable", "clogged"]
    assert 5.0 < jets[2][0] < 20.0
    ((tripped_ns, trip),) = spun.found("trip")
    assert (trip["tag"], trip["then"], trip["takes"]) == ("jet-lost:current.collector", "none", [])
    assert trip["priority"] == "medium"
    assert 10.0 < tripped_ns / NS - struck_s < 30.0
    run = open_run(next(tmp_path.iterdir()))
    modes = run.samples["jet.collector.mode"]
    assert modes.dtype == "category"
    on_the_clock = modes[run.samples["run.step"] == "co-deposit"]
    assert {"stable", "clogged"} <= set(on_the_clock)
    # The second that the event names is the second from which the samples say it.
    clogged_s = spun.first("jet", mode="clogged") / NS
    first_s = modes[modes == "clogged"].index[0]
    assert 0.0 <= first_s - clogged_s <= 1.0


@pytest.mark.timeout(120)
def test_on_a_coarse_meter_nothing_is_claimed_and_nobody_alarmed(tmp_path: Path) -> None:
    spun = clogged_run(tmp_path, **{'range = "2 uA"': 'range = "20 mA"'})
    told = [data for _, data in spun.found("jet")]
    assert {data["mode"] for data in told} == {"unknown"}
    assert told[0]["text"].startswith("resolution 200 nA, more than a tenth of the 566 nA expected")
    assert spun.found("trip") == [] and spun.found("alarm") == []
    run = open_run(next(tmp_path.iterdir()))
    assert set(run.samples["jet.collector.mode"]) == {"unknown"}
