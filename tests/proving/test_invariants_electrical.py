"""Invariants 1, 2, 3, 7, 8, 9 and 10 fire when the emulated world, or the program, is made to misbehave."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rig.engine.phases.phase import Demand
from rig.engine.phases.spin import SpinPhase
from rig.proving.case import Deed, Mishap
from rig.proving.invariants.story import Story
from rig.proving.trial import Trial
from rig.readings import Readings
from tests.proving.sabotage import ARGON, HV, PUMP, Sabotage, numbers


def door(trial: Sabotage) -> None:
    trial.contact("door_closed", False)


def test_nothing_is_violated_where_nothing_is_wrong(tmp_path: Path) -> None:
    verdict = Sabotage(tmp_path).run()
    assert (verdict.outcome, verdict.violations) == ("completed", [])


def test_a_door_that_is_seen_violates_nothing(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path)
    trial.after("stage", 5.0, lambda: door(trial), stage="clock")
    verdict = trial.run()
    assert (verdict.outcome, verdict.violations, verdict.trips[0]) == ("aborted", [], "door")


@pytest.mark.parametrize("channel", ["door_closed", "emergency_stop_ok"])
def test_1_high_voltage_stays_on_though_a_contact_opens(tmp_path: Path, channel: str) -> None:
    trial = Sabotage(tmp_path)
    trial.blind(channel)
    trial.after("stage", 5.0, lambda: trial.contact(channel, False), stage="clock")
    verdict = trial.run()
    assert 1 in numbers(verdict)
    first = verdict.violations[0]
    assert "0.6" in first.seen or "0.5" in first.seen  # it is said at once, not at the end


@pytest.mark.parametrize("kind", ["silent", "late", "truncate", "unplug"])
def test_1_inputs_that_are_not_read_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    mishap = Mishap("inputs.bench", kind, 1.03, step="spin", stage="clock")
    assert Sabotage(tmp_path / "a", mishaps=(mishap,)).run().violations == []
    if kind == "unplug":
        return  # that is no question of age: the port says so at once

    def whatever_its_age(self: Readings, channel: str) -> float | None:
        reading = self.get(channel)
        return None if reading is None or reading.why is not None else reading.value

    monkeypatch.setattr(Readings, "value", whatever_its_age)
    verdict = Sabotage(tmp_path / "b", mishaps=(mishap,)).run()
    assert any(one.number == 1 and "cannot be read" in one.seen for one in verdict.violations)


def test_1_and_2_exhaust_off(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path)
    trial.blind("exhaust_ok")
    trial.after("stage", 2.0, lambda: trial.contact("exhaust_ok", False), stage="clock")
    assert {1, 2} <= numbers(trial.run())


@pytest.mark.parametrize(("bad_s", "violated"), [(2.8, True), (2.0, True), (1.2, False)])
def test_1_and_2_an_exhaust_that_comes_and_goes(tmp_path: Path, bad_s: float, violated: bool) -> None:
    """Every 3 s it is bad for so long. The invariant counts by itself: nobody else sees it here."""
    trial = Sabotage(tmp_path)
    trial.blind("exhaust_ok")
    for k in range(6):
        for at_s, good in ((0.0, False), (bad_s, True)):
            move = partial(trial.contact, "exhaust_ok", good)
            trial.after("stage", 2.0 + 3.0 * k + at_s, move, stage="clock")
    seen = [(one.number, one.seen) for one in trial.run().violations]
    assert {number for number, _ in seen} == ({1, 2} if violated else set())
    assert all("comes and goes" in text for _, text in seen)


def test_an_exhaust_that_flutters_violates_nothing(tmp_path: Path) -> None:
    mishap = Mishap("inputs.bench", "flutter exhaust_ok", 1.0, step="spin", stage="clock")
    verdict = Sabotage(tmp_path, mishaps=(mishap,)).run()
    assert (verdict.outcome, verdict.violations, verdict.trips[0]) == ("aborted", [], "chamber-exhaust")


def test_1_a_supply_that_obeys_no_off(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path)
    enable = trial.supply.supply.enable
    trial.supply.supply.enable = lambda now_ns, on: enable(now_ns, True) if on else None  # type: ignore[method-assign]
    trial.after("stage", 3.0, lambda: door(trial), stage="clock")
    assert 1 in numbers(trial.run())


def test_1_current_limit(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path)
    status = trial.supply._status

    def fair() -> bytes:
        """It never says that it is in current mode, nor by how much the output sags."""
        supply = trial.supply.supply
        limited, output = supply.current_limited, supply.output_kv
        supply.current_limited = lambda now_ns: False  # type: ignore[method-assign]
        supply.output_kv = lambda now_ns: 12.0 if supply.enabled else 0.0  # type: ignore[method-assign]
        try:
            return status()
        finally:
            supply.current_limited, supply.output_kv = limited, output  # type: ignore[method-assign]

    trial.supply._status = fair  # type: ignore[method-assign]
    trial.after("stage", 3.0, lambda: trial.supply.supply.short(trial.now_ns, True), stage="clock")
    verdict = trial.run()
    assert any(one.number == 1 and "current limit" in one.seen for one in verdict.violations)


def test_2_a_pump_that_goes_on_after_an_abort(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path)
    program: Any = trial.laboratory.devices[PUMP]
    program.program.stop = lambda: ""
    trial.after("stage", 3.0, lambda: door(trial), stage="clock")
    assert 2 in numbers(trial.run())


def test_3_a_voltage_beyond_the_recipe_and_beyond_the_limit(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path)
    supply = trial.supply.supply
    trial.after("stage", 1.0, lambda: supply.program(trial.now_ns, 12.02, 0.05), stage="clock")
    trial.after("stage", 2.0, lambda: supply.program(trial.now_ns, 26.0, 0.06), stage="clock")
    seen = [one.seen for one in trial.run().violations if one.number == 3]
    assert any("12.02" in text and "recipe" in text for text in seen)
    assert any("26.0" in text and "limit" in text for text in seen)
    assert any("µA" in text for text in seen)


def test_3_a_rate_and_a_flow_that_no_recipe_has(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path)
    pump, gas = trial.laboratory.devices[PUMP], trial.laboratory.devices[ARGON]
    trial.after("stage", 1.0, lambda: pump.receive(b"\x02\x0d0RAT1.002MH\x00\x00\x03"), stage="clock")
    trial.after("stage", 2.0, lambda: gas.receive(b"ALS 300.0\r"), stage="clock")
    seen = [one.seen for one in trial.run().violations if one.number == 3]
    assert any("1.002 ml/h" in text for text in seen)
    assert any("300 sccm" in text for text in seen)


def test_7_a_supply_that_switches_itself_on_again(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path)
    trial.after("stage", 3.0, lambda: door(trial), stage="clock")
    trial.after("trip", 1.5, lambda: trial.supply.supply.enable(trial.now_ns, True))
    verdict = trial.run()
    assert any(one.number == 7 and HV in one.seen for one in verdict.violations)


def test_7_a_pump_that_goes_on_again_in_its_step_by_itself(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path)
    plunger = trial.laboratory.plunger(PUMP)

    def stutter() -> None:
        plunger.drive(trial.now_ns, 0.0)
        plunger.drive(trial.now_ns, 6.0)

    trial.after("stage", 3.0, stutter, stage="clock")
    verdict = trial.run()
    assert any(one.number == 7 and "nobody has said so" in one.seen for one in verdict.violations)


def test_8_a_question_while_high_voltage_is_on(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path)
    supply = trial.supply

    def secretly() -> None:
        supply.freeze_readback(True)
        supply.supply.program(trial.now_ns, 12.0, 0.05)
        supply.supply.enable(trial.now_ns, True)
        supply._hv_on = False

    trial.after("stage", 0.0, secretly, stage="discharging")
    assert 8 in numbers(trial.run())


def test_8_a_charge_that_the_monitor_does_not_show(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path)
    supply = trial.supply.supply
    output = supply.output_kv
    supply.output_kv = lambda now_ns: max(output(now_ns), 0.5)  # type: ignore[method-assign]
    trial.supply._monitors = lambda: (0, 0)  # type: ignore[method-assign]
    verdict = trial.run()
    assert any(one.number == 8 and "0.500 kV" in one.seen for one in verdict.violations)


def test_9_an_internal_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: SpinPhase, context: Any) -> Any:
        raise ZeroDivisionError("made")

    monkeypatch.setattr(SpinPhase, "_count", broken)
    verdict = Sabotage(tmp_path).run()
    assert verdict.outcome == "failed"
    assert 9 in numbers(verdict)


def test_9_bytes_before_their_event(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path)

    class Deaf(Story):
        def event(self, kind: str, data: dict[str, Any], t_ns: int) -> None:
            if kind != "energise":
                super().event(kind, data, t_ns)

    trial.judge.story = Deaf()
    verdict = trial.run()
    assert any(one.number == 9 and "energise event" in one.seen for one in verdict.violations)


def test_10_a_trip_of_the_station_that_changes_the_furnace(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path)
    gas: Any = trial.laboratory.devices[ARGON]

    def meddle() -> None:
        gas.loop.setpoint_sccm = 10.0
        gas.loop.aim()

    trial.after("stage", 3.0, lambda: door(trial), stage="clock")
    trial.after("trip", 0.5, meddle)
    verdict = trial.run()
    assert any(one.number == 10 and "door" in one.seen for one in verdict.violations)


def test_9_a_request_that_only_a_bug_can_make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard refuses it, nothing is live that must not be; and still it is said."""
    monkeypatch.setattr(SpinPhase, "held", lambda self, context: Demand(self._full()))
    hold = Deed(2.0, "hold", "spin", "clock")
    verdict = Trial(replace(Sabotage(tmp_path / "none").case, deeds=(hold,)), tmp_path / "a").run()
    assert any(one.number == 9 and "guard was asked" in one.seen for one in verdict.violations)


def test_a_silent_supply_hears_the_off(tmp_path: Path) -> None:
    """Lost replies are no lost commands: its watchdog's time is not granted."""
    mishap = Mishap(HV, "silent", 0.0, step="spin", stage="clock")
    assert Sabotage(tmp_path / "a", mishaps=(mishap,)).run().violations == []
    trial = Sabotage(tmp_path / "b", mishaps=(mishap,))
    enable = trial.supply.supply.enable

    def late(now_ns: int, on: bool) -> None:
        trial.at(now_ns / 1e9 + 1.3, lambda: enable(trial.now_ns, False)) if not on else enable(now_ns, True)

    trial.supply.supply.enable = late  # type: ignore[method-assign]
    assert 1 in numbers(trial.run())


def test_a_computer_that_sleeps_leaves_the_supply_to_its_watchdog(tmp_path: Path) -> None:
    mishaps = (
        Mishap("controller", "suspend", 1.0, 20.0, step="spin", stage="clock"),
        Mishap("inputs.bench", "open door_closed", 1.1, step="spin", stage="clock"),
    )
    assert Sabotage(tmp_path / "a", mishaps=mishaps).run().violations == []
    trial = Sabotage(tmp_path / "b", mishaps=mishaps)
    trial.supply.time_out_enabled = False
    trial.supply._set_time_out = lambda data: b"A\r"  # type: ignore[method-assign]
    assert 1 in numbers(trial.run())


def test_a_record_that_fails_is_a_violation_but_where_the_disk_was_made_full(tmp_path: Path) -> None:
    full = Mishap("controller", "disk-full", 1.0, step="spin", stage="clock")
    trial = Sabotage(tmp_path / "a", mishaps=(full,))
    said: list[str] = []
    trial.session.watch(lambda kind, data, t_ns: said.append(str(data.get("tag"))))
    assert trial.run().violations == []
    assert "record-failed" in said
    trial = Sabotage(tmp_path / "b", mishaps=(full,))
    trial.judge.senses.struck.clear()
    assert any(one.number == 9 and "record failed" in one.seen for one in trial.run().violations)


def test_the_watchdog_is_allowed_where_the_line_is_dead_and_no_longer(tmp_path: Path) -> None:
    mishap = Mishap(HV, "unplug", 70.0)
    assert Sabotage(tmp_path / "a", mishaps=(mishap,)).run().violations == []
    trial = Sabotage(tmp_path / "b", mishaps=(mishap,))
    trial.supply.time_out_enabled = False
    trial.supply._set_time_out = lambda data: b"A\r"  # type: ignore[method-assign]
    verdict = trial.run()
    assert any(one.number == 1 for one in verdict.violations)
    assert 71.5 < verdict.violations[0].t_s < 75.0
