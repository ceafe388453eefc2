"""The jet watch at work: what is fed to it, and what it says to journal and samples."""

from __future__ import annotations

from typing import Any

import pytest

from rig.engine.jet_watching import JetWatching, ability
from rig.engine.phases.plans import SpinPlan
from rig.instruments.settings import CurrentSettings
from rig.readings import Reading, Readings
from rig.safety.jet_expected import JetData

METER = "current.collector"
MS = 1_000_000
JET = JetData("pan", True, 20.0, 20.0, 1.0)
PLAN = SpinPlan("co-deposit", (), (), 60.0, 5.0, 3.0, 1, (), (JET,))


def settings(range_a: float = 2e-6, driver: str = "keithley-6485", name: str = METER) -> CurrentSettings:
    return CurrentSettings(name, driver, "GPIB0::14::INSTR", range_a=range_a)


class Station:
    """Scans each 100 ms, a reading each 200 ms, a burst each 2 s."""

    def __init__(self, *meters: CurrentSettings, plan: SpinPlan | None = PLAN) -> None:
        self.plan = plan
        self.events: list[dict[str, Any]] = []
        meters = meters or (settings(),)
        self.jets = JetWatching(
            {one.name: one for one in meters}, lambda: self.plan, lambda kind, data: self.events.append(data)
        )
        self.now_ns = 0
        self.newest: dict[str, Reading] = {}

    def scan(self, seconds: float, current_na: float | None = 500.0, reads: bool = True) -> None:
        for _ in range(round(seconds * 10)):
            self.now_ns += 100 * MS
            if reads and self.now_ns % (200 * MS) == 0:
                why = None if current_na is not None else "no reply"
                self.newest[f"{METER}.current_na"] = Reading(current_na, self.now_ns - 5 * MS, why)
                self.newest[f"{METER}.overload"] = Reading(0.0, self.now_ns - 5 * MS)
            if reads and self.now_ns % (2000 * MS) == 0:
                for short, value in (
                    ("noise_na", 5.0), ("peak_na", 12.0), ("spikes", 0.0), ("line_hz", 0.0), ("line_fraction", 0.2),
                ):  # fmt: skip
                    self.newest[f"{METER}.{short}"] = Reading(value, self.now_ns - 5 * MS)
            self.jets.feed(self.now_ns, Readings(self.now_ns, dict(self.newest), {}), {})

    @property
    def said(self) -> list[str]:
        return [event["mode"] for event in self.events]


def test_a_step_is_watched_from_unknown_to_stable_and_let_go() -> None:
    station = Station()
    station.scan(30.0)
    assert station.said == ["unknown", "stable"]
    first, stable = station.events
    assert (first["meter"], first["expected_na"], first["text"]) == (METER, 500.0, "no reading yet")
    assert stable["confidence"] > 0.8 and stable["features"]["level"] == pytest.approx(500.0)
    assert station.jets.modes == {"jet.collector.mode": "stable"}
    station.plan = None
    station.scan(5.0, 0.0)
    assert station.said == ["unknown", "stable", "unknown"]
    assert station.jets.modes == {"jet.collector.mode": "unknown"}
    assert station.jets.verdict(METER) is None


def test_nothing_is_watched_while_nothing_spins() -> None:
    station = Station(plan=None)
    station.scan(30.0)
    assert station.events == [] and station.jets.verdict(METER) is None


def test_what_was_read_before_the_voltage_does_not_count() -> None:
    station = Station(plan=None)
    station.scan(30.0, 0.0)
    station.plan = PLAN
    station.scan(0.1, reads=False)
    station.scan(30.0)
    assert station.said == ["unknown", "stable"]


def test_a_lost_jet_is_a_verdict() -> None:
    station = Station()
    station.scan(60.0)
    station.scan(10.0, 5.0)
    assert station.said[-1] == "bubble"
    verdict = station.jets.verdict(METER)
    assert verdict is not None and verdict.mode == "bubble"


def test_a_meter_that_falls_silent_is_unknown() -> None:
    station = Station()
    station.scan(30.0)
    station.scan(5.0, reads=False)
    assert station.said[-1] == "unknown" and "no reading" in station.events[-1]["text"]
    station.scan(30.0, None)
    station.scan(30.0)
    assert station.said[-1] == "stable"


def test_a_coarse_range_says_so_once_and_never_more() -> None:
    station = Station(settings(range_a=2e-2))
    station.scan(60.0)
    station.scan(30.0, 0.0)
    assert station.said == ["unknown"]
    assert station.events[0]["text"] == "resolution 200 nA, more than a tenth of the 500 nA expected"


def test_of_two_meters_none_is_judged() -> None:
    station = Station(settings(), settings(name="current.ring"))
    station.scan(30.0)
    assert station.said == ["unknown", "unknown"]
    assert "which of several meters" in station.events[0]["text"]
    assert set(station.jets.modes) == {"jet.collector.mode", "jet.ring.mode"}


def test_what_the_meter_can_do() -> None:
    fine = ability(settings(1.5e-6))
    assert fine.resolution_na == pytest.approx(0.02) and fine.range_na == pytest.approx(2000.0)
    assert (fine.burst_hz, fine.burst_resolution_na) == (1000.0, pytest.approx(0.2))
    assert ability(settings(driver="somebody-elses")).resolution_na is None
