"""The guard of a furnace: the heater only downwards, inert gas over a hot tube only upwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rig.outputs import FURNACE_OFF, GasOutput, Output, ProgramSegment
from rig.readings import NS
from tests.safety.hearth import ARGON, EXHAUST, FLOWING, FURNACE, HOLD, NITROGEN, PRESSURE, RUN, STOP, Hearth

LOWER: dict[str, Output] = {FURNACE: RUN, ARGON: GasOutput(50.0), NITROGEN: GasOutput(0.0)}


def test_a_healthy_furnace_gets_what_it_asks_for() -> None:
    permitted = Hearth().guard()
    assert dict(permitted.outputs) == dict(FLOWING)
    assert permitted.breaches == () and permitted.trips == ()


@pytest.mark.parametrize(
    ("degc", "sccm"), [(600.0, 200.0), (None, 200.0), (250.0, 200.0), (150.0, 50.0), (40.0, 50.0)]
)
def test_no_request_lowers_the_gas_of_a_tube_that_is_not_proved_cold(degc: float | None, sccm: float) -> None:
    """A step that runs may lower it below 200 degC."""
    hearth = Hearth()
    hearth.degc(degc)
    assert hearth.gas(hearth.guard(LOWER)) == sccm


@pytest.mark.parametrize("state", ["Idle", "Held", "Stopping", "Stopped", "Aborted", "Complete"])
def test_where_no_step_runs_it_is_kept_down_to_60_degc(state: str) -> None:
    hearth = Hearth(heating=False)
    for degc in (150.0, 61.0, None):
        hearth.degc(degc)
        assert hearth.gas(hearth.guard({ARGON: GasOutput(0.0)}, state)) == 200.0


def test_a_doubted_thermocouple_cools_no_tube() -> None:
    hearth = Hearth()
    hearth.degc(25.0)
    hearth.facts.doubted, hearth.facts.floor_degc = True, 500.0
    assert hearth.gas(hearth.guard(LOWER)) == 200.0


def test_a_gas_that_nobody_asks_for_or_has_read_is_left_as_it_is() -> None:
    hearth = Hearth(before={FURNACE: FURNACE_OFF})
    assert hearth.gas(hearth.guard({FURNACE: RUN})) is None
    hearth = Hearth()
    assert hearth.gas(hearth.guard({FURNACE: RUN})) == 200.0


def test_without_its_exhaust_a_hot_tube_keeps_the_hot_minimum_and_no_heat() -> None:
    hearth = Hearth()
    hearth.values[EXHAUST] = 0.0
    permitted = hearth.guard()
    assert hearth.gas(permitted) == hearth.facts.hot_minimum_sccm == 80.0
    assert permitted.outputs[FURNACE] == FURNACE_OFF
    assert hearth.gas(hearth.guard({FURNACE: FURNACE_OFF, ARGON: GasOutput(200.0)}, "Aborted")) == 80.0


def test_its_exhaust_counts_whatever_has_tripped_before() -> None:
    """Of the conditions that take the heater the first stands for it."""
    hearth = Hearth()
    hearth.values[STOP] = 0.0
    assert hearth.gas(hearth.guard()) == 200.0
    hearth.values[EXHAUST] = 0.0
    permitted = hearth.guard()
    assert permitted.taken[FURNACE].startswith("furnace-emergency-stop")
    assert hearth.gas(permitted) == 80.0


@pytest.mark.parametrize(
    ("degc", "owed", "sccm"), [(61.0, False, 80.0), (40.0, True, 80.0), (40.0, False, 200.0)]
)
def test_its_exhaust_counts_over_what_is_hot_or_not_flushed(degc: float, owed: bool, sccm: float) -> None:
    hearth = Hearth()
    hearth.degc(degc)
    hearth.facts.flush.owed = owed
    hearth.values[EXHAUST] = 0.0
    assert hearth.gas(hearth.guard()) == sccm


def test_what_is_found_flowing_more_over_a_hot_tube_is_not_lowered() -> None:
    hearth = Hearth()
    hearth.found = {ARGON: 700.0}
    assert hearth.gas(hearth.guard()) == 700.0
    hearth.values[EXHAUST] = 0.0
    assert hearth.gas(hearth.guard()) == 80.0
    cold = Hearth(found={ARGON: 700.0})
    cold.degc(40.0)
    assert cold.gas(cold.guard()) == 200.0, "the step says so"


def test_what_is_found_flowing_less_is_wanted_as_before_but_at_rest_over_a_cold_tube() -> None:
    for degc, state, sccm in ((600.0, "Idle", 200.0), (40.0, "Running", 200.0), (40.0, "Idle", 50.0)):
        hearth = Hearth(heating=False, found={ARGON: 50.0})
        hearth.degc(degc)
        assert (
            hearth.gas(hearth.guard({ARGON: GasOutput(200.0)} if state == "Running" else {}, state)) == sccm
        )


def test_less_than_the_hot_minimum_is_not_raised_to_it_without_an_exhaust() -> None:
    hearth = Hearth(before={FURNACE: RUN, ARGON: GasOutput(30.0), NITROGEN: GasOutput(0.0)})
    hearth.values[EXHAUST] = 0.0
    assert hearth.gas(hearth.guard()) == 30.0


def test_a_blocked_tube_gets_no_gas_however_hot_it_is() -> None:
    hearth = Hearth()
    hearth.values[PRESSURE] = 0.0
    hearth.guard()
    hearth.now_ns += 2 * NS
    permitted = hearth.guard()
    assert [trip.condition.tag for trip in permitted.trips] == [f"over-pressure:{FURNACE}"]
    assert (hearth.gas(permitted), hearth.gas(permitted, NITROGEN)) == (0.0, 0.0)
    assert permitted.outputs[FURNACE] == FURNACE_OFF


@pytest.mark.parametrize("state", ["Idle", "Running", "Complete", "Aborted"])
def test_conditions_take_the_heater_in_every_state_and_leave_the_gas(state: str) -> None:
    hearth = Hearth()
    hearth.values[STOP] = 0.0
    permitted = hearth.guard(state=state)
    assert f"furnace-emergency-stop:{FURNACE}" in [trip.condition.tag for trip in permitted.trips]
    assert permitted.outputs[FURNACE] == FURNACE_OFF
    assert hearth.gas(permitted) == 200.0
    hearth.values[STOP] = 1.0
    assert hearth.guard(state=state).outputs[FURNACE] == FURNACE_OFF, "released, it starts nothing"


@pytest.mark.parametrize("segment", [ProgramSegment(5.0, 901.0, 60.0), ProgramSegment(11.0, 800.0, 60.0)])
def test_beyond_the_rigs_limits_nothing_is_heated(segment: ProgramSegment) -> None:
    permitted = Hearth().guard({**FLOWING, FURNACE: replace(RUN, segments=(*RUN.segments, segment))})
    assert permitted.outputs[FURNACE] == FURNACE_OFF
    assert [breach.output for breach in permitted.breaches] == [FURNACE]


def test_more_gas_than_the_controllers_full_scale_is_a_breach() -> None:
    hearth = Hearth()
    permitted = hearth.guard({**FLOWING, ARGON: GasOutput(2001.0)})
    assert [breach.output for breach in permitted.breaches] == [ARGON]
    assert (permitted.outputs[FURNACE], hearth.gas(permitted)) == (FURNACE_OFF, 200.0)


@pytest.mark.parametrize(
    "state", ["Idle", "Stopping", "Stopped", "Aborting", "Aborted", "Complete", "Clearing"]
)
def test_elsewhere_nothing_is_heated_nor_held(state: str) -> None:
    for wanted in (RUN, HOLD):
        permitted = Hearth().guard({**FLOWING, FURNACE: wanted}, state)
        assert permitted.outputs[FURNACE] == FURNACE_OFF
        assert [breach.output for breach in permitted.breaches] == [FURNACE]


@pytest.mark.parametrize("state", ["Holding", "Held", "Paused", "Completing"])
def test_what_runs_may_be_held_and_nothing_be_started(state: str) -> None:
    assert Hearth().guard({**FLOWING, FURNACE: HOLD}, state).outputs[FURNACE] == HOLD
    assert Hearth().guard(state=state).outputs[FURNACE] == FURNACE_OFF
    cold = Hearth(before={**FLOWING, FURNACE: FURNACE_OFF})
    assert cold.guard({**FLOWING, FURNACE: HOLD}, state).outputs[FURNACE] == FURNACE_OFF


def test_another_inert_gas_stands_in_for_one_that_is_lost_over_a_hot_tube() -> None:
    hearth = Hearth()
    hearth.values[f"{ARGON}.flow_sccm"] = 3.0
    assert hearth.gas(hearth.guard(), NITROGEN) == 0.0
    hearth.now_ns += 30 * NS
    permitted = hearth.guard()
    assert hearth.gas(permitted, NITROGEN) == 200.0
    assert permitted.outputs[FURNACE] == FURNACE_OFF
    hearth.degc(40.0)
    assert (
        hearth.gas(hearth.guard({ARGON: GasOutput(200.0), NITROGEN: GasOutput(0.0)}, "Aborted"), NITROGEN)
        == 0.0
    )


def test_gas_that_no_step_wants_ends_over_a_cold_tube_only() -> None:
    hearth = Hearth(heating=False)
    hearth.facts.gas_ends = True
    hearth.degc(40.0)
    hearth.facts.cold_since_ns = hearth.now_ns - 59 * NS
    assert hearth.gas(hearth.guard({}, "Complete")) == 200.0
    assert hearth.gas(hearth.guard({}, "Complete")) == 0.0
    for change in ("doubted", "flush"):
        hearth = Hearth(heating=False)
        hearth.facts.gas_ends, hearth.facts.cold_since_ns = True, 0
        hearth.degc(40.0)
        if change == "doubted":
            hearth.facts.doubted, hearth.facts.floor_degc = True, 300.0
        else:
            hearth.facts.flush.owed, hearth.facts.flush._moved_ns = True, hearth.now_ns
        assert hearth.gas(hearth.guard({}, "Complete")) == 200.0, change


REACTIVE: dict[str, Output] = {FURNACE: RUN, ARGON: GasOutput(200.0), NITROGEN: GasOutput(100.0)}


def with_reactive() -> Hearth:
    """The second controller's gas is no inert one; it flows over the hot tube."""
    hearth = Hearth(before=dict(REACTIVE))
    hearth.facts.inert_gases = (ARGON,)
    return hearth


def test_a_reactive_gas_is_closed_over_a_hot_tube_by_a_step_that_does_not_want_it() -> None:
    hearth = with_reactive()
    assert hearth.gas(hearth.guard(REACTIVE), NITROGEN) == 100.0
    permitted = hearth.guard()
    assert (hearth.gas(permitted, NITROGEN), hearth.gas(permitted)) == (0.0, 200.0)


@pytest.mark.parametrize("state", ["Aborting", "Aborted", "Clearing"])
def test_an_abort_closes_a_reactive_gas_and_keeps_the_inert_one(state: str) -> None:
    hearth = with_reactive()
    permitted = hearth.guard({}, state)
    assert (hearth.gas(permitted, NITROGEN), hearth.gas(permitted)) == (0.0, 200.0)


def test_a_trip_of_the_heater_closes_a_reactive_gas_also_where_nobody_has_read_it() -> None:
    hearth = with_reactive()
    hearth.values[STOP] = 0.0
    assert hearth.gas(hearth.guard(REACTIVE), NITROGEN) == 0.0
    hearth = with_reactive()
    hearth.before = {FURNACE: RUN, ARGON: GasOutput(200.0)}
    hearth.values[STOP] = 0.0
    assert hearth.gas(hearth.guard({}), NITROGEN) == 0.0


@pytest.mark.parametrize("state", ["Idle", "Stopped", "Complete", "Held"])
def test_a_reactive_gas_that_is_found_flowing_is_left_to_a_person(state: str) -> None:
    hearth = with_reactive()
    assert hearth.gas(hearth.guard({}, state), NITROGEN) == 100.0


def test_a_pressure_switch_that_cannot_be_read_takes_the_heater_and_no_gas() -> None:
    hearth = Hearth()
    hearth.values[PRESSURE] = None
    hearth.guard()
    permitted = hearth.guard()
    assert [trip.condition.tag for trip in permitted.trips] == [f"over-pressure-unread:{FURNACE}"]
    assert permitted.outputs[FURNACE] == FURNACE_OFF
    assert hearth.gas(permitted) == 200.0
