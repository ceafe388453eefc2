"""Relays that do not do what they were told, while one supply is tested: what the module was told, what is said."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from rig.bench.faults import Fault
from rig.emulators.glassman import GlassmanEmulator
from tests.end_to_end.test_outputs import BEAT, CONTACTOR, HV, LIT, UNLOCKED, Watched

NAME = "outputs"


def test_a_beacon_that_stays_dark_is_told_and_nothing_is_switched_off(tmp_runs: Path) -> None:
    made = Watched(tmp_runs, prepare=lambda run: run.at(2.0, lambda: run.module.stick(2, True)))
    on_s, off_s = made.when(HV)
    (raised_s,) = made.raised("beacon-dark:outputs.beacon")
    assert on_s + 1.5 < raised_s < on_s + 3.5
    assert made.result.ending.outcome == "completed" and off_s > on_s + 20.0
    text = next(d["text"] for _, d in made.said("alarm-state") if d["tag"].startswith("beacon-dark"))
    assert text == "outputs.beacon was told lit and reads dark: nobody is warned of the high voltage."
    with sqlite3.connect(made.result.folder / "samples.sqlite") as table:
        row = table.execute(
            'select "outputs.beacon.state_set", "outputs.beacon.state" from samples where t_s between ? and ?',
            (on_s + 5.0, on_s + 6.5),
        ).fetchone()
    assert row == (1.0, 0.0)


def test_told_and_read_states_are_columns(tmp_runs: Path) -> None:
    made = Watched(tmp_runs)
    on_s = made.when(HV)[0]
    with sqlite3.connect(made.result.folder / "samples.sqlite") as table:
        channels = table.execute(
            "select name, instrument from channels where name like 'outputs.%'"
        ).fetchall()
        row = table.execute(
            'select "outputs.contactor.state", "outputs.contactor.state_set", "outputs.door_lock.state", '
            '"outputs.beacon.state", "inputs.bench.door_closed" from samples where t_s between ? and ?',
            (on_s + 5.0, on_s + 6.5),
        ).fetchone()
    four = ("contactor", "door_lock", "beacon", "heartbeat")
    assert sorted(channels) == sorted(
        (f"outputs.{name}.{which}", f"outputs.{name}") for name in four for which in ("state", "state_set")
    )
    assert row == (1.0,) * 5


def test_a_module_that_falls_silent_leaves_the_states_without_a_value(tmp_runs: Path) -> None:
    mute = Fault("inputs.bench", "silent", None, "hv-test", 10.0, 5.0)
    made = Watched(tmp_runs, faults=(mute,))
    with sqlite3.connect(made.result.folder / "samples.sqlite") as table:
        said = table.execute(
            "select quality from quality where channel = 'outputs.door_lock.state' order by t_s"
        ).fetchall()
    assert ("good",) in said and {("bad",), ("stale",)} & set(said)
    # The door cannot be read either, and that is sooner; that the lock cannot be is said as well.
    assert made.result.ending.reason is not None and made.result.ending.reason.startswith("door-unread")
    assert made.raised("lock-open:outputs.door_lock") != []
    assert not any(bits & UNLOCKED for bits in made.between(13.0, made.when(HV)[1] + 25.0))


def test_a_lock_that_lets_go_under_voltage_takes_it(tmp_runs: Path) -> None:
    def let_go(run: Watched) -> None:
        def act() -> None:
            run.module.outputs |= UNLOCKED
            run.module.stick(1, True)

        run.at(15.0, act)

    made = Watched(tmp_runs, prepare=let_go)
    off_s = made.when(HV)[1]
    assert 15.0 < off_s < 15.0 + 3.0
    assert made.result.ending.reason is not None
    assert made.result.ending.reason.startswith(
        "lock-open:outputs.door_lock: outputs.door_lock was told locked"
    )


def test_a_lock_that_comes_back_when_told_again_costs_nothing(tmp_runs: Path) -> None:
    def let_go(run: Watched) -> None:
        def act() -> None:
            run.module.outputs |= UNLOCKED

        run.at(15.03, act)

    made = Watched(tmp_runs, prepare=let_go)
    assert any(bits & UNLOCKED for bits in made.between(15.03, 15.1))
    assert not any(bits & UNLOCKED for bits in made.between(17.0, 25.0))
    assert made.result.ending.outcome == "completed"


def test_a_contactor_that_stays_closed_is_loud_and_nothing_is_called_off(tmp_runs: Path) -> None:
    stuck = Fault(HV, "stuck-on", None, "hv-test", 15.0, None)
    made = Watched(
        tmp_runs, faults=(stuck,), prepare=lambda run: run.at(10.0, lambda: run.module.stick(0, True))
    )
    told_s = next(t_s for t_s, d in made.said("switch") if d["output"] == "outputs.contactor" and not d["on"])
    (raised_s,) = made.raised("contactor-closed:outputs.contactor")
    assert 2.0 <= raised_s - told_s < 3.0
    trip = next(d for _, d in made.said("trip") if d["tag"] == "contactor-closed:outputs.contactor")
    assert trip["text"] == (
        "outputs.contactor was told open and reads closed: the contactor of hv.needle is still closed, or may be: "
        "switch the mains off by hand."
    )
    assert (trip["priority"], trip["then"]) == ("highest", "abort")
    assert made.said("proof") == []
    assert made.result.left is not None and "NOT PROVED OFF" in made.result.left
    orders = [bits & CONTACTOR for t_s, bits in told(made) if t_s > told_s + 0.2]
    assert len(orders) > 3 and not any(orders), "it is told open again and again"


def told(made: Watched) -> list[tuple[float, int]]:
    """What reached the module as #AA00DD: (seconds, bits)."""
    heard = made.heard or []
    return [(t_ns / 1e9, int(data[5:7], 16)) for t_ns, data in heard if data.startswith(b"#0100")]


def test_a_contactor_that_has_opened_by_itself_is_not_closed_again(tmp_runs: Path) -> None:
    def reset(run: Watched) -> None:
        run.module.outputs = 0

    made = Watched(tmp_runs, prepare=lambda run: run.at(15.5, lambda: reset(run)))
    assert made.when(HV)[1] == pytest.approx(15.5, abs=0.01), "its mains went with it"
    assert not any(bits & CONTACTOR for t_s, bits in told(made) if t_s > 15.8)
    assert made.raised("contactor-open:outputs.contactor") != []
    assert made.said("proof") == []


def test_a_heartbeat_that_stands_is_told(tmp_runs: Path) -> None:
    made = Watched(tmp_runs, prepare=lambda run: run.at(10.0, lambda: run.module.stick(3, True)))
    (raised_s,) = made.raised("heartbeat:outputs.heartbeat")
    assert 14.0 < raised_s < 18.0
    assert made.result.ending.outcome == "completed"


def test_a_heartbeat_that_is_well_is_not_told_of(tmp_runs: Path) -> None:
    made = Watched(tmp_runs)
    assert [
        d["tag"] for _, d in made.said("alarm-state") if d["tag"].partition(":")[2].startswith(NAME)
    ] == []
    assert any(bits & BEAT for _, bits in told(made)) and any(bits & LIT for _, bits in told(made))


def test_a_supply_that_takes_seconds_to_start_behind_its_contactor_is_waited_for(
    tmp_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = GlassmanEmulator.power

    def slowly(self: GlassmanEmulator, on: bool) -> None:
        at_once(self, False)
        if on:
            # Its own processor starts before it answers.
            self.timeline.call_at(self.timeline.now_ns + 6_000_000_000, lambda: at_once(self, True))

    monkeypatch.setattr(GlassmanEmulator, "power", slowly)
    made = Watched(tmp_runs)
    assert made.result.ending.outcome == "completed"
    assert made.when(HV)[0] > 6.0
