"""Invariants 3 to 7 of the furnace fire when the emulated world is made to misbehave."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rig.engine.acting import GasOutlet
from rig.proving.case import Deed, Mishap
from rig.proving.trial import Trial
from rig.safety import furnace_guard
from tests.proving.sabotage import ARGON, FURNACE, HOT_S, INERT, Sabotage, numbers


@pytest.mark.parametrize("model", ["epc3000", "3216", "2416"])
def test_nothing_is_violated_where_nothing_is_wrong(tmp_path: Path, model: str) -> None:
    trial = Sabotage(tmp_path, INERT, model=model)
    seen: list[float] = []
    furnace = trial.laboratory.hearths[FURNACE].furnace
    trial.at(HOT_S + 100, lambda: seen.append(furnace.tube_degc(trial.now_ns)))
    verdict = trial.run()
    assert (verdict.outcome, verdict.violations) == ("completed", [])
    assert seen[0] > 310.0


def test_3_a_set_point_beyond_the_recipe(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path, INERT)

    def further() -> None:
        programmer = trial.controller.control.programmer
        programmer.setpoint = 365.0

    trial.at(HOT_S, further)
    assert any(one.number == 3 and "365" in one.seen for one in trial.run().violations)


def test_4_a_controller_that_goes_on_after_a_trip(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path, INERT, mishaps=(Mishap("inputs.bench", "open furnace_exhaust_ok", HOT_S),))
    control = trial.controller.control
    control.reset_program = lambda: None  # type: ignore[method-assign]
    verdict = trial.run()
    assert any(one.number == 4 and "after a trip" in one.seen for one in verdict.violations)


def test_4_a_heater_that_is_found_on_and_that_nobody_switches_off(tmp_path: Path) -> None:
    """Its unit is idle: the run is the spinning station's."""
    start = '[furnace.tube]\ntemperature = "300 degC"\natmosphere = "argon"\nprogram = "running"\n'
    case = replace(Sabotage(tmp_path / "none").case, start=start)
    assert Trial(case, tmp_path / "a").run().violations == []
    trial = Trial(case, tmp_path / "b")
    device: Any = trial.laboratory.devices[FURNACE]
    device.control.reset_program = lambda: None
    verdict = trial.run()
    assert any(one.number == 4 and "had to be off" in one.seen for one in verdict.violations)


def test_4_lost_replies_are_no_excuse_for_long(tmp_path: Path) -> None:
    """The off gets through a line that is silent: it has to come, and to work."""
    mishaps = (
        Mishap("inputs.bench", "open furnace_exhaust_ok", HOT_S),
        Mishap(FURNACE, "silent", HOT_S - 2.0, 60.0),
    )
    assert Sabotage(tmp_path / "a", INERT, mishaps=mishaps).run().violations == []
    trial = Sabotage(tmp_path / "b", INERT, mishaps=mishaps)
    trial.controller.control.reset_program = lambda: None  # type: ignore[method-assign]
    verdict = trial.run()
    assert any(one.number == 4 for one in verdict.violations)
    assert verdict.violations[0].t_s < HOT_S + 20.0


def test_4_a_killed_controller_whose_watchdog_does_nothing(tmp_path: Path) -> None:
    crash = (Mishap("controller", "crash", HOT_S),)
    assert Sabotage(tmp_path / "a", INERT, mishaps=crash).run().violations == []
    trial = Sabotage(tmp_path / "b", INERT, mishaps=crash)
    trial.controller.control.watchdog.due_ns = lambda: None  # type: ignore[method-assign]
    verdict = trial.run()
    assert verdict.outcome == "crashed"
    assert any(one.number == 4 and "nobody is there" in one.seen for one in verdict.violations)


def test_a_heat_step_that_ends_while_it_is_paused_breaches_nothing(tmp_path: Path) -> None:
    pause = Deed(1.0, "pause", "carbonise", "soaking")
    trial = Trial(replace(Sabotage(tmp_path / "none", INERT).case, deeds=(pause,)), tmp_path / "a")
    states: list[str] = []
    trial.session.watch(lambda kind, data, t_ns: states.append(str(data["to"])) if kind == "state" else None)
    verdict = trial.run()
    assert verdict.violations == []
    assert "Paused" in states


def test_5_no_gas_though_the_controller_shows_some(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path, INERT)
    device: Any = trial.laboratory.devices[ARGON]
    device._flow_sccm = lambda now_ns: device.loop.setpoint_sccm
    trial.at(20.0, lambda: trial.laboratory.hearths[FURNACE].gases[ARGON].loss(trial.now_ns, True))
    verdict = trial.run()
    assert any(one.number == 5 and "are asked for" in one.seen for one in verdict.violations)


def test_5_gas_lost_while_it_is_hot(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path, INERT)
    device: Any = trial.laboratory.devices[ARGON]
    device._flow_sccm = lambda now_ns: device.loop.setpoint_sccm
    trial.at(HOT_S, lambda: trial.laboratory.hearths[FURNACE].gases[ARGON].loss(trial.now_ns, True))
    verdict = trial.run()
    assert any(one.number == 5 and "of 500 sccm" in one.seen for one in verdict.violations)


def test_6_gas_lowered_over_a_hot_tube(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path, INERT)
    trial.at(HOT_S, lambda: trial.laboratory.devices[ARGON].receive(b"ALS 200.0\r"))
    verdict = trial.run()
    assert any(one.number == 6 and "to 200 sccm" in one.seen for one in verdict.violations)


def test_6_the_exceptions_are_none_further_down(tmp_path: Path) -> None:
    """Exhaust lost: down to the hot minimum and no further."""
    lost = (Mishap("inputs.bench", "open furnace_exhaust_ok", HOT_S),)
    verdict = Sabotage(tmp_path / "a", INERT, mishaps=lost).run()
    assert verdict.violations == []
    trial = Sabotage(tmp_path / "b", INERT, mishaps=lost)
    trial.at(HOT_S + 10, lambda: trial.laboratory.devices[ARGON].receive(b"ALS 60.0\r"))
    assert 6 in numbers(trial.run())


@pytest.mark.parametrize("before", ["nothing", "emergency stop"])
def test_6_without_the_exhaust_no_more_than_the_hot_minimum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    lost: tuple[Mishap, ...] = (Mishap("inputs.bench", "open furnace_exhaust_ok", HOT_S),)
    if before == "emergency stop":
        lost = (Mishap("inputs.bench", "open emergency_stop_ok", HOT_S - 5.0), *lost)
    trial = Sabotage(tmp_path / "a", INERT, mishaps=lost)
    assert trial.run().violations == []
    assert trial.judge.senses.told_sccm[ARGON] <= 80.0
    monkeypatch.setattr(furnace_guard, "cut_without_exhaust", lambda facts, degc: False)
    verdict = Sabotage(tmp_path / "b", INERT, mishaps=lost).run()
    assert any(one.number == 6 and "the exhaust is lost" in one.seen for one in verdict.violations)


def test_6_a_flow_controller_that_forgets_and_is_not_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lost its mains for a moment and stands at nothing."""

    def forgetful(folder: Path) -> Sabotage:
        trial = Sabotage(folder, INERT)
        device: Any = trial.laboratory.devices[ARGON]
        device.power_up_sccm = 0.0
        trial.at(HOT_S, lambda: device.power(False))
        trial.at(HOT_S + 10.0, lambda: device.power(True))
        return trial

    assert forgetful(tmp_path / "a").run().violations == []
    monkeypatch.setattr(GasOutlet, "_differs", lambda self, shown_sccm: False)
    verdict = forgetful(tmp_path / "b").run()
    assert any(one.number == 6 and "was told 500 sccm" in one.seen for one in verdict.violations)


def test_7_a_heater_that_comes_back_after_an_abort(tmp_path: Path) -> None:
    trial = Sabotage(tmp_path, INERT, mishaps=(Mishap("inputs.bench", "open furnace_exhaust_ok", HOT_S),))

    def again() -> None:
        trial.controller.registers.values[24] = 300.0

    trial.at(HOT_S + 30, again)
    assert 7 in numbers(trial.run())
