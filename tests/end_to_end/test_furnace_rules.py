"""Rules of the furnace that need a whole run to be seen: the sensor that leaps, the cap in air, the end of the gas, the
exhaust before it may be cleared, and what the furnace does not care about (safety rules 4, 6 and 8).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from rig.readings import NS
from tests.end_to_end.furnace_cases import MANUAL, NO_POWER, PROGRAM_RESET, SET_POINTS_ZERO, stabilising
from tests.end_to_end.furnace_runs import ARGON, CARBONISE, FURNACE, STABILISE, Heating
from tests.end_to_end.spinning import Spinning, fault, recipe_text

pytestmark = pytest.mark.timeout(300)

MILD = (
    CARBONISE.replace("800 degC", "400 degC").replace("20 min", "1 min").replace("10 degC/min", "9 degC/min")
)
"""A hot inert step that is soon over."""


class Leaping:
    """A furnace's thermocouple with a contact that adds so many degC from a moment on."""

    def __init__(self, heating: Heating, step_degc: float) -> None:
        self._furnace = heating.hearth.furnace
        self._step_degc = step_degc
        heating.controller.control.furnace = self

    def heat(self, now_ns: int, power_pct: float) -> None:
        """As the furnace."""
        self._furnace.heat(now_ns, power_pct)

    def temperature_degc(self, now_ns: int) -> float:
        """What the controller is told."""
        return self._furnace.temperature_degc(now_ns) + self._step_degc


# The sensor


@pytest.mark.parametrize("step_degc", [60.0, -60.0])
def test_a_temperature_that_leaps_takes_the_heater(tmp_path: Path, step_degc: float) -> None:
    heating = Heating(tmp_path, STABILISE)
    when: list[int] = []

    def leap() -> None:
        when.append(heating.now_ns())
        Leaping(heating, step_degc)

    heating.spun.after("step", 1800.0, leap, id="stabilise", phase="started")
    if step_degc > 0:  # one that reads 60 degC too much for ever is hot for ever
        heating.spun.after("step", 2400.0, lambda: Leaping(heating, 0.0), id="stabilise", phase="started")
    for delay_s in (3.0, 5.0, 10.0):
        heating.spun.after("trip", delay_s, partial(heating.note_output, delay_s))
    heating.run()
    trip_ns, trip = heating.trips[0]
    assert "jump" in heating.tags[:2] and set(heating.tags) <= {"jump", "fell"}
    assert trip["takes"] == ["furnace"]
    (jump,) = heating.spun.found("trip", title="Furnace temperature leaps")
    assert float(jump[1]["value"].removesuffix(" °C")) == pytest.approx(step_degc, abs=6.0)
    assert 0 < (trip_ns - when[0]) / NS <= 4.0
    told = [frame[:-2] for frame in heating.furnace_told(trip_ns, trip_ns + round(1.5 * NS))]
    assert told[:2] == [SET_POINTS_ZERO, PROGRAM_RESET]
    # A reading that falls at once makes the controller's derivative term drive for a moment, whatever its set point:
    # one that still gives power a second after "off" is taken out of its hands.
    manual = [MANUAL, NO_POWER, SET_POINTS_ZERO, PROGRAM_RESET]
    assert told[2:6] == (manual if step_degc < 0 else []), "only power that stays on needs manual"
    print(f"leap of {step_degc:+.0f} degC: power after the trip {heating.power_pct}")
    assert heating.power_pct[3.0] == heating.power_pct[10.0] == heating.power_pct[60.0] == 0.0
    assert heating.result.ending.outcome == "aborted"
    assert heating.tube_at_end_degc < 61.0, (
        "what it reads is not believed, and it is watched until it must be cold"
    )


def test_a_furnace_that_only_heats_does_not_leap(tmp_path: Path) -> None:
    """A leap of 40 degC is not one: a relay that bangs, a thermocouple that is touched."""
    heating = Heating(tmp_path, STABILISE.replace("20 min", "5 min"))
    heating.spun.after("step", 2400.0, lambda: Leaping(heating, -40.0), id="stabilise", phase="started")
    heating.run()
    assert "jump" not in heating.tags and "fell" not in heating.tags


# The cap in air

CLOSE_TO_THE_CAP = STABILISE.replace("280 degC", "318 degC").replace("20 min", "2 min")


@pytest.mark.parametrize("carbon", [True, False])
def test_what_is_to_become_carbon_gets_no_hotter_than_320_degc_in_air(tmp_path: Path, carbon: bool) -> None:
    """318 degC with its usual overshoot of 4: too hot for a precursor, nothing to a calcination."""
    heating = Heating(tmp_path, CLOSE_TO_THE_CAP + (CARBONISE if carbon else ""))
    heating.run()
    if not carbon:
        assert heating.trips == [] and heating.result.ending.outcome == "completed"
        return
    assert heating.tags == ["over-temperature"]
    assert "what is to become carbon of 320 °C" in heating.trips[0][1]["text"]
    assert 320.0 < heating.pv_at_trip_degc < 321.5
    assert heating.power_pct == {1.5: 0.0, 60.0: 0.0}
    assert heating.result.ending.outcome == "aborted"


# The end of the gas


def test_the_gas_ends_with_the_run_over_a_cold_tube(tmp_path: Path) -> None:
    heating = Heating(tmp_path, MILD)
    tube_degc: list[float] = []
    heating.spun.after("stage", 0.0, lambda: tube_degc.append(heating.hearth.furnace.tube_degc(heating.now_ns())),
                       stage="closing gas")  # fmt: skip
    heating.run()
    assert (heating.result.ending.outcome, heating.result.left) == ("completed", None)
    told = heating.argon_told()
    assert [sccm for _, sccm in told] == [0.0, 2000.0, 200.0, 500.0, 0.0]
    assert 58.0 < tube_degc[0] < 60.0
    assert heating.argon_at_end_sccm < 1.0, "and read back before the run was completed"


def test_a_gas_that_cannot_be_closed_is_left_on_and_said(tmp_path: Path) -> None:
    heating = Heating(tmp_path, MILD)
    heating.spun.after("stage", 0.0, lambda: heating.spun.lab.wire_of(ARGON).set_fault("unplug", True),
                       stage="closing gas")  # fmt: skip
    heating.run()
    assert heating.result.ending.outcome == "completed"
    left = str(heating.result.left)
    assert left.startswith(f"{FURNACE} cold, {ARGON} at an unknown flow left on; nobody is watching")
    assert heating.argon_at_end_sccm == pytest.approx(500.0, abs=2.0)


def test_a_tube_is_flushed_before_it_counts_as_cool(tmp_path: Path) -> None:
    """At 100 sccm five volumes below 200 degC, 14.1 l, take 141 min; the tube alone is cold after 78."""
    slow = (
        MILD.replace("200 sccm", "100 sccm").replace("500 sccm", "100 sccm").replace("2000 sccm", "1000 sccm")
    )
    slow = slow.replace('flow = "1000 sccm"', 'flow = "100 sccm"').replace("volumes = 6", "volumes = 5")
    heating = Heating(tmp_path, slow)
    below_200: list[float] = []

    def look() -> None:
        now_ns = heating.now_ns()
        stage = heating.spun.found("stage", stage="cooling")
        if stage and not below_200 and heating.hearth.furnace.temperature_degc(now_ns) < 200.0:
            below_200.append(now_ns / NS)

    heating.spun.session.host.engine.on_scan = look
    heating.run()
    assert heating.result.ending.outcome == "completed" and heating.result.left is None
    (closed_s, closed) = heating.argon_told()[-1]
    assert closed == 0.0
    assert closed_s - below_200[0] == pytest.approx(14.14 / 0.1 * 60, rel=0.02)
    assert heating.tube_at_end_degc < 45.0
    assert heating.hearth.tube.fumes_ppm(heating.now_ns()) < 50.0


WARM = f"""[{FURNACE}]
temperature = "240 degC"
atmosphere = "argon"
[{ARGON}]
flow = "300 sccm"
"""


def test_a_stopped_run_ends_its_gas_when_the_tube_is_cold(tmp_path: Path) -> None:
    heating = Heating(tmp_path, MILD, start=WARM)
    heating.spun.at(60.0, heating.spun.session.host.interrupt)
    heating.run()
    assert heating.result.ending.outcome == "stopped" and heating.result.left is None
    assert heating.spun.found("question") == [], "nobody was sent to the warm tube"
    assert [sccm for _, sccm in heating.argon_told()] == [300.0, 0.0]
    assert heating.tube_at_end_degc < 60.0 and heating.argon_at_end_sccm < 1.0


def test_argon_found_over_a_hot_tube_ends_when_it_is_cold(tmp_path: Path) -> None:
    """Nobody runs anything: what another program has left is watched until it can be closed."""
    heating = Heating(tmp_path, MILD, start=WARM)
    host = heating.spun.session.host
    host.connect()
    facts = host.engine.units[FURNACE].spec.facts
    host.drive.run(host.engine, lambda: heating.now_ns() > 7500 * NS)
    (_, kept), (closed_s, closed) = heating.argon_told()
    assert (kept, closed) == (300.0, 0.0) and not facts.flush.owed
    assert 5000.0 < closed_s < 5600.0
    assert heating.hearth.gases[ARGON].flow_sccm(heating.now_ns()) < 1.0


# The exhaust


def test_a_lost_furnace_exhaust_is_cleared_after_ten_good_minutes_only(tmp_path: Path) -> None:
    lost = stabilising("inputs.bench", "open", 250.0, "furnace_exhaust_ok")
    lost = fault(
        lost.on, lost.kind, step=lost.step, after_s=lost.after_s, channel=lost.channel, duration_s=120.0
    )
    heating = Heating(tmp_path, STABILISE, [lost])
    said: dict[float, str | None] = {}

    def clear(delay_s: float) -> None:
        said[delay_s] = heating.spun.session.host.command("clear", None, "tester")

    for delay_s in (60.0, 180.0, 600.0, 715.0, 730.0):
        heating.spun.after("trip", delay_s, lambda delay_s=delay_s: clear(delay_s))  # type: ignore[misc]
    heating.run()
    assert "does not flow" in str(said[60.0])
    assert "good for 1.0 min, of 10 min" in str(said[180.0])
    assert "of 10 min" in str(said[600.0]) and "of 10 min" in str(said[715.0])
    assert said[730.0] is None
    assert len(heating.spun.found("state", to="Clearing")) == 1
    assert heating.power_pct == {1.5: 0.0, 60.0: 0.0}
    assert heating.hearth.furnace.power_pct(heating.now_ns()) == 0.0, "clearing starts nothing"


# What the furnace does not care about


def test_door_and_chamber_exhaust_are_nothing_to_the_furnace(tmp_path: Path) -> None:
    """The founding recipe whole, its times shortened: from `transfer` to the end door open, fan off."""
    text = recipe_text("tio2-pcnf", duration="30 s")
    for old, new in (('"2.5 h"', '"5 min"'), ('"2 h"', '"5 min"'), ('"2 degC/min"', '"10 degC/min"')):
        assert old in text
        text = text.replace(old, new)
    gone = [
        fault("inputs.bench", "open", step="transfer", after_s=0.0, channel=channel)
        for channel in ("door_closed", "exhaust_ok")
    ]
    spun = Spinning(tmp_path, text, seed=3, faults=gone)
    (wire,) = spun.hear(ARGON)
    result = spun.run()
    assert (result.ending.outcome, result.left) == ("completed", None)
    assert [step["outcome"] for step in result.steps] == ["done"] * len(result.steps)
    contacts = spun.found("trip") + spun.found("alarm")
    assert contacts == []
    lab = spun.lab
    assert not lab.scene.contacts.closed("door_closed")
    hearth = lab.hearths[FURNACE]
    assert hearth.furnace.tube_degc(lab.scheduler.now_ns) < 61.0
    conversions = hearth.furnace.conversions(lab.scheduler.now_ns)
    assert conversions is not None and conversions.carbonised > 0.9
    assert [data for _, data in wire.heard or () if data.startswith(b"ALS ")][-1] == b"ALS 0.0\r"
