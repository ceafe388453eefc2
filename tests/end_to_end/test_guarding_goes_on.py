"""Whatever keeps raising beside or above the guard, a hot furnace is guarded on and what is not known is said.

Judged by the bytes that reach the furnace's controller and the flow controller. The spinning station's part is in
test_roads_out.py, errors in the guard's own work in test_broken_beside_a_furnace.py.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from rig.engine.breakdown import Breakdown
from rig.engine.unit import UnitSpec
from rig.readings import NS, Quality
from tests.end_to_end.furnace_runs import ARGON, CARBONISE, FURNACE, Heating
from tests.end_to_end.test_broken_beside_a_furnace import (
    BROKEN_S,
    HOT_MINIMUM_SCCM,
    LEAVE_S,
    LOST_S,
    Broken,
    Planted,
    boom,
)

pytestmark = pytest.mark.timeout(300)

FOUND_HOT = f"""[{FURNACE}]
temperature = "700 degC"
atmosphere = "argon"
program = "running"
[{ARGON}]
flow = "200 sccm"
"""


class Going(Broken):
    """Looks at the status now and then."""

    def watched_at(self, *times_s: float) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        for at_s in times_s:
            self.spun.at(at_s, lambda: seen.append(self.host.status()))
        return seen

    def off_again_s(self, since_s: float, until_s: float) -> list[float]:
        """When the furnace's controller was written to, in s."""
        assert self.heating.furnace_wire.heard is not None
        return [
            t_ns / NS
            for t_ns, data in self.heating.furnace_wire.heard
            if since_s <= t_ns / NS <= until_s and data[1] in (0x06, 0x10)
        ]


def test_without_any_readings_the_heater_is_off_and_told_so_each_second_and_the_gas_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Going(tmp_path, monkeypatch, lambda run: run.plant(run.host.board, "snapshot"))
    seen = run.watched_at(BROKEN_S + 30.0, LEAVE_S - 1.0)
    run.left_after(LEAVE_S)
    result = run.heating.result
    assert run.zeroed()
    times_s = run.off_again_s(BROKEN_S + 1.0, LEAVE_S)
    gaps_s = [b - a for a, b in pairwise(times_s)]
    assert len(times_s) > 100 and max(gaps_s) < 2.0, "told again each second until the host was sent away"
    assert not run.heating.controller.output_pct
    # An exhaust that cannot be read counts as lost: the gas is cut to the hot minimum, and no lower.
    assert {sccm for _, sccm in run.argon_after(BROKEN_S)} == {HOT_MINIMUM_SCCM}
    assert run.heating.tube_at_end_degc > 500.0
    for status in seen:
        assert status["error"] == "Planted: as planted"
        assert {one["quality"] for one in status["readings"].values()} == {"bad"}
        assert status["hv_unproved"] is True
    reading = run.host.engine.readings
    assert reading.quality(f"{FURNACE}.temperature_degc") is Quality.BAD
    assert "the readings cannot be taken (Planted: as planted)" in reading.explain(f"{ARGON}.flow_sccm")
    assert result.ending.outcome == "failed" and result.interrupted_twice
    assert result.left is not None
    assert (
        f"{FURNACE} at an unknown temperature" in result.left and f"{ARGON} at an unknown flow" in result.left
    )


def test_when_the_readings_come_back_the_tube_is_watched_until_it_is_cold_and_its_gas_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def for_a_minute(run: Broken) -> None:
        real = run.host.board.snapshot
        run.plant(run.host.board, "snapshot")
        run.spun.at(BROKEN_S + 60.0, lambda: setattr(run.host.board, "snapshot", real))

    run = Going(tmp_path, monkeypatch, for_a_minute, exhaust_lost=False)
    run.heating.run()
    assert run.heating.result.ending.outcome == "failed"
    assert run.heating.tube_at_end_degc < 60.0
    flows = [sccm for _, sccm in run.argon_after(BROKEN_S)]
    assert flows[-1] == 0.0 and set(flows[:-1]) <= {HOT_MINIMUM_SCCM, 200.0}
    assert run.heating.result.left is None


def commands(run: Broken) -> None:
    """More broken commands than a host has patience with, over a minute and a half."""
    for number in range(90):
        run.spun.at(BROKEN_S + number, lambda: run.host.drive.post(boom))


def stopping(run: Broken) -> None:
    """Whether it is over cannot be told any more."""
    run.plant(run.host, "_left_by_now")


@pytest.mark.parametrize("how", [commands, stopping])
def test_what_keeps_raising_beside_the_scan_ends_no_watch_over_a_hot_tube(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: Callable[[Broken], object]
) -> None:
    run = Going(tmp_path, monkeypatch, how)
    seen = run.watched_at(LEAVE_S - 1.0)
    if how is stopping:  # then only the end of the test itself ends it
        run.spun.at(LEAVE_S, lambda: vars(run.host).pop("_left_by_now"))
    run.left_after(LEAVE_S)
    assert run.zeroed()
    # Lost long after the tenth break, the exhaust still cuts the gas.
    assert [sccm for t_s, sccm in run.argon_after(BROKEN_S) if t_s < LOST_S] == []
    (first_s, first_sccm), *_ = run.argon_after(LOST_S)
    assert first_sccm == HOT_MINIMUM_SCCM and first_s - LOST_S < 10.0
    assert seen[0]["error"] == "Planted: as planted" and seen[0]["failing"] == []
    assert run.heating.result.ending.outcome == "failed"


def test_a_scan_that_raises_to_its_end_goes_on_at_its_pace_and_leaves_when_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def how(run: Broken) -> None:
        def raising(self: Breakdown, now_ns: int) -> None:
            calls.append(now_ns)
            raise Planted("as planted")

        monkeypatch.setattr(Breakdown, "scan", raising)
        run.host.drive.post(boom)

    run = Going(tmp_path, monkeypatch, how, exhaust_lost=False).left_after(LEAVE_S)
    assert run.zeroed()
    assert calls[-1] / NS > LEAVE_S - 2.0
    assert len(set(calls)) == len(calls) < 2000, "one at an instant"
    assert run.argon_after(BROKEN_S) == [] and run.heating.argon_at_end_sccm > 190.0
    assert run.heating.result.left is not None and f"{ARGON} " in run.heating.result.left


def test_a_status_that_cannot_be_told_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes to its end; each part of the status that breaks is named and empty, the others are told."""
    run = Going(tmp_path, monkeypatch, lambda run: None, exhaust_lost=False)
    run.spun.at(BROKEN_S, lambda: run.plant(run.host.engine.alarming, "listed"))
    seen = run.watched_at(BROKEN_S + 1.0)
    run.heating.run()
    assert run.heating.result.ending.outcome == "completed"
    assert seen[0]["failing"] == ["alarm_list: Planted: as planted"]
    assert seen[0]["alarm_list"] == [] and seen[0]["error"] is None
    assert seen[0]["outputs"][FURNACE]["wanted"]["mode"] == "run"


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("where", ["begin", "_all_read"])
def test_a_program_that_breaks_before_its_run_leaves_no_furnace_heating_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, left: bool
) -> None:
    """A controller found running a program at 700 degC, and the host raises while it connects or begins; left: and so
    does whoever is to say what is left. Two minutes later somebody sends it away."""
    heating = Heating(tmp_path, CARBONISE, start=FOUND_HOT)
    host = heating.spun.session.host
    object.__setattr__(host, where, boom)
    if left:
        monkeypatch.setattr(UnitSpec, "left", property(boom))
    heating.spun.at(120.0, lambda: (host.interrupt(), host.interrupt()))
    try:
        outcome = heating.run().result.ending.outcome
    except Planted:
        outcome = "raised"
    assert outcome == ("raised" if where == "begin" else "failed")
    assert all(line.closed for line in host.lines.values()), "released"
    assert heating.controller.output_pct == 0.0
    assert heating.furnace_told(0, heating.now_ns())
    assert all(sccm > 0.0 for _, sccm in heating.argon_told())
