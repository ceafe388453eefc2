"""The conditions of a furnace one by one; tests/end_to_end/test_furnace_faults.py has them in whole runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.safety.hearth import ARGON, EXHAUST, FURNACE, INERT, OXYGEN, PRESSURE, STOP, Hearth


def test_all_is_well_means_no_trip() -> None:
    assert Hearth().tags(600.0) == set()


@pytest.mark.parametrize(
    ("channel", "value", "tag", "lasts_s"),
    [
        (STOP, 0.0, "furnace-emergency-stop", 0.0),
        (STOP, None, "furnace-emergency-stop-unread", 1.0),
        (EXHAUST, 0.0, "furnace-exhaust", 0.0),
        (EXHAUST, None, "furnace-exhaust-unread", 1.0),
        (PRESSURE, 0.0, "over-pressure", 2.0),
        (PRESSURE, None, "over-pressure-unread", 1.0),
        (OXYGEN, 301.0, "oxygen-high", 0.0),
        (OXYGEN, None, "oxygen-unread", 30.0),
        (f"{FURNACE}.setpoint_degc", None, "loop-unread", 30.0),
        (f"{FURNACE}.power_pct", None, "loop-unread", 30.0),
        (f"{FURNACE}.sensor_break", 1.0, "sensor-break", 2.0),
        (f"{FURNACE}.temperature_degc", None, "furnace-stale", 30.0),
        (f"{FURNACE}.temperature_degc", 821.0, "over-temperature", 2.0),
        (f"{FURNACE}.temperature_degc", 617.0, "runaway", 60.0),
        (f"{ARGON}.flow_sccm", 159.0, f"gas-lost:{ARGON}", 30.0),
        (f"{ARGON}.flow_sccm", None, f"gas-lost:{ARGON}", 30.0),
    ],
)
def test_what_is_read_trips_after_its_delay_and_not_before(
    channel: str, value: float | None, tag: str, lasts_s: float
) -> None:
    hearth = Hearth()
    hearth.facts.purge.method = "measured"
    hearth.values[channel] = value
    if lasts_s:
        assert tag not in hearth.tags(lasts_s - 0.1)
        hearth.now_ns += 10**8
    assert tag in hearth.tags()
    found = hearth.interlocks.taken(hearth.situation.outputs.values())
    assert (FURNACE in found) and ((ARGON in found) is (tag == "over-pressure"))


@pytest.mark.parametrize(
    ("channel", "value"),
    [(OXYGEN, 299.0), (f"{FURNACE}.temperature_degc", 614.0), (f"{ARGON}.flow_sccm", 161.0)],
)
def test_just_inside_its_limit_nothing_trips(channel: str, value: float) -> None:
    hearth = Hearth()
    hearth.values[channel] = value
    assert hearth.tags(600.0) == set()


@pytest.mark.parametrize(
    ("method", "degc", "inert"),
    [("calculated", 600.0, True), ("measured", 299.0, True), ("measured", 600.0, False)],
)
def test_an_analyser_may_be_silent_where_nobody_relies_on_it(method: str, degc: float, inert: bool) -> None:
    hearth = Hearth(heating=False)
    hearth.facts.purge.method = method
    hearth.facts.atmosphere = replace(INERT, inert=inert)
    hearth.degc(degc)
    hearth.values[OXYGEN] = None
    assert "oxygen-unread" not in hearth.tags(600.0)


@pytest.mark.parametrize(
    ("degc", "tag", "at_s"),
    # What is read is too hot; what is not read hides it. Whichever is so for half of the time trips.
    [
        ((617.0, 617.0, None), "runaway", 90),
        ((600.0, None, None), "furnace-stale", 46),
        ((600.0, 600.0, None), None, 0),
    ],
)
def test_a_line_that_answers_now_and_then_starves_no_delay(
    degc: tuple[float | None, ...], tag: str | None, at_s: int
) -> None:
    hearth = Hearth()
    found: list[tuple[int, str]] = []
    for second in range(130):
        hearth.degc(degc[second % len(degc)])
        found += [(second, one) for one in hearth.tags()]
        hearth.now_ns += 10**9
    assert found == ([] if tag is None else [(at_s, tag)])


@pytest.mark.parametrize(("degc", "trips"), [(61.0, True), (None, True), (59.0, False)])
def test_the_exhaust_is_watched_while_the_tube_cools(degc: float | None, trips: bool) -> None:
    hearth = Hearth(heating=False)
    hearth.degc(degc)
    hearth.values[EXHAUST] = 0.0
    assert ("furnace-exhaust" in hearth.tags()) is trips


@pytest.mark.parametrize(("degc", "trips"), [(301.0, True), (None, True), (299.0, False)])
def test_above_300_degc_in_inert_gas_there_is_a_purge_proof(degc: float | None, trips: bool) -> None:
    hearth = Hearth()
    hearth.facts.purge.lose("gas flow 0 sccm")
    hearth.degc(degc)
    hearth.values[f"{FURNACE}.setpoint_degc"] = 301.0
    assert ("no-purge-proof" in hearth.tags(1.0)) is trips
    air = Hearth()
    air.facts.purge.lose("set back to air")
    air.facts.atmosphere = replace(INERT, name="air", inert=False)
    assert "no-purge-proof" not in air.tags(1.0)


def test_in_air_what_is_to_become_carbon_is_too_hot_above_320_degc() -> None:
    hearth = Hearth()
    hearth.facts.cap_degc = 320.0
    hearth.degc(321.0)
    assert "over-temperature" in hearth.tags(2.0)


def test_gas_that_the_guard_itself_has_lowered_is_not_lost() -> None:
    hearth = Hearth()
    hearth.values[f"{ARGON}.flow_sccm"] = 80.0
    hearth.facts.permitted_sccm = {ARGON: 80.0}
    assert hearth.tags(600.0) == set()
