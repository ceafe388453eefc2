"""The guard as a whole: whatever is asked of it in whatever situation, what comes out is on the safe side."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.outputs import HV_OFF, PUMP_OFF, HvOutput, Output, PumpOutput
from rig.readings import NS
from rig.safety.guard import MAY_ENERGISE, MAY_KEEP, Permitted, guard, safe_side
from rig.safety.limits import widest_pair
from tests.safety.station import FLOW, FULL, ON, OUTPUTS, PAIR, SUPPLIES, Station, energised

STATES = (
    "Idle", "Starting", "Running", "Pausing", "Paused", "Holding", "Held", "Restarting", "Completing", "Complete",
    "Stopping", "Stopped", "Aborting", "Aborted", "Clearing",
)  # fmt: skip


def test_the_states_that_may_energise_and_that_may_keep() -> None:
    """By hand from safety rules 4 and 6 and the state table: everywhere else all outputs are off."""
    assert {"Running", "Restarting", "Pausing"} == MAY_ENERGISE
    assert {"Holding", "Stopping", "Completing"} == MAY_KEEP


def test_a_healthy_running_station_gets_what_it_asks_for() -> None:
    s = Station()
    permitted = s.guard()
    assert permitted.outputs == FULL
    assert (permitted.trips, permitted.taken, permitted.breaches) == ((), {}, ())


def test_what_is_not_asked_for_is_off() -> None:
    permitted = Station().guard({"pumps.a": FLOW})
    assert permitted.outputs == {
        "hv.needle": HV_OFF, "hv.counter": HV_OFF, "pumps.a": FLOW, "pumps.b": PUMP_OFF,
    }  # fmt: skip


@pytest.mark.parametrize("state", [state for state in STATES if state not in MAY_ENERGISE | MAY_KEEP])
@pytest.mark.parametrize("name", list(OUTPUTS))
def test_all_other_states_never_energise_and_say_that_somebody_wanted_to(state: str, name: str) -> None:
    s = Station()  # on until now
    permitted = s.guard({name: FULL[name]}, state)
    assert energised(permitted) == set()
    (breach,) = permitted.breaches
    assert breach.output == name
    assert breach.text.endswith(f"in state {state}")


@pytest.mark.parametrize("state", sorted(MAY_KEEP))
@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ({"hv.needle": ON}, True),
        ({"hv.needle": HvOutput(True, 3.0, 40.0)}, True),
        ({"hv.needle": HvOutput(True, 20.01, 40.0)}, False),
        ({"hv.counter": HvOutput(True, -4.9, 40.0)}, True),
        ({"hv.counter": HvOutput(True, -5.1, 40.0)}, False),
        ({"pumps.a": FLOW}, True),
        ({"pumps.a": PumpOutput(True, 0.5, 14.43, 1)}, True),
        ({"pumps.a": PumpOutput(True, 1.1, 14.43, 1)}, False),
        ({"pumps.a": PumpOutput(True, -1.1, 14.43, 1)}, False),
        ({"pumps.a": PumpOutput(True, 1.0, 12.0, 1)}, False),
    ],
)
def test_an_orderly_end_keeps_or_lowers_and_never_raises(
    state: str, wanted: dict[str, Output], kept: bool
) -> None:
    permitted = Station().guard(wanted, state)
    assert energised(permitted) == (set(wanted) if kept else set())
    assert bool(permitted.breaches) is not kept


@pytest.mark.parametrize("state", sorted(MAY_KEEP))
@pytest.mark.parametrize("name", list(OUTPUTS))
def test_an_orderly_end_starts_nothing_that_was_off(state: str, name: str) -> None:
    s = Station(on=False)
    assert energised(s.guard({name: FULL[name]}, state)) == set()


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (
            {"hv.needle": HvOutput(True, 25.1, 40.0)},
            "25.1 kV from hv.needle, whose limit is 25 kV (rig limit) was requested",
        ),
        (
            {"hv.needle": HvOutput(True, -1.0, 40.0)},
            "-1 kV from hv.needle, whose polarity is positive was requested",
        ),
        (
            {"hv.counter": HvOutput(True, 1.0, 40.0)},
            "1 kV from hv.counter, whose polarity is negative was requested",
        ),
        (
            {"hv.needle": HvOutput(True, 5.0, 51.0)},
            "51 µA requested of hv.needle, limit 50 µA (rig limit)",
        ),
        ({"pumps.a": PumpOutput(True, 1.0, 0.0)}, "pumps.a would run without a syringe diameter"),
        ({"pumps.a": HvOutput(True, 1.0, 1.0)}, "a voltage was requested of pumps.a, which is a pump"),
        ({"hv.needle": PumpOutput(True, 1.0, 14.43)}, "a flow was requested of hv.needle, which is a hv"),
        (
            {"hv.needle": HvOutput(True, 24.0, 1.0), "hv.counter": HvOutput(True, -9.0, 1.0)},
            "hv.needle and hv.counter would be 33 kV apart, limit 30 kV (declared limit between electrodes)",
        ),
    ],
)
def test_a_request_that_must_not_exist_takes_every_output_of_the_unit(
    wanted: dict[str, Output], says: str
) -> None:
    permitted = Station().guard({"pumps.b": FLOW, **wanted})
    assert energised(permitted) == set()
    assert [breach.text for breach in permitted.breaches] == [says]


@pytest.mark.parametrize("value", [0.0, None])
def test_an_open_or_dead_door_takes_hv_and_pumps_and_keeps_them_when_it_closes(value: float | None) -> None:
    s = Station()
    s.guard()
    s.values["inputs.bench.door_closed"] = value
    first = s.guard()
    assert energised(first) == set()
    assert len(first.trips) == 1
    assert set(first.taken) == set(OUTPUTS)
    s.values["inputs.bench.door_closed"] = 1.0
    for state in ("Running", "Restarting", "Aborting", "Aborted", "Idle"):
        again = s.guard(state=state)
        assert energised(again) == set()
        assert again.trips == ()
    s.interlocks.clear(s.situation)
    assert energised(s.guard()) == set(OUTPUTS)


def test_when_one_supply_trips_all_of_them_go() -> None:
    from dataclasses import replace

    from rig.safety.conditions import Interlocks

    s = Station()
    own = [
        replace(c, outputs=frozenset({"hv.counter"}), takes=("hv",))
        if c.tag == "supply-fault:hv.counter"
        else c
        for c in s.interlocks.conditions
    ]
    s.interlocks = Interlocks(tuple(own))
    s.values["hv.counter.fault"] = 1.0
    permitted = s.guard()
    assert permitted.taken == {"hv.counter": "supply-fault:hv.counter"}
    assert energised(permitted) == {"pumps.a", "pumps.b"}


def test_no_supply_is_switched_on_beside_one_that_is_not_proved_off() -> None:
    s = Station(on=False)
    s.view("hv.counter", proved_off=False)
    assert s.guard({"hv.needle": ON}).outputs["hv.needle"] == HV_OFF
    s.view("hv.counter", proved_off=True)
    assert s.guard({"hv.needle": ON}).outputs["hv.needle"] == ON


def test_conditions_act_in_every_state() -> None:
    for state in STATES:
        s = Station()
        s.values["inputs.bench.emergency_stop_ok"] = 0.0
        permitted = s.guard({}, state)
        assert [trip.condition.tag for trip in permitted.trips] == ["emergency-stop"]


def test_the_safe_side_of_each_kind() -> None:
    assert safe_side("hv") == HvOutput(False, 0.0, 0.0)
    assert safe_side("pump").energised is False


# Properties

voltages = st.one_of(st.just(0.0), st.floats(-30, 30).map(lambda kv: round(kv, 2)))
hv_outputs = st.builds(HvOutput, st.booleans(), voltages, st.sampled_from([0.0, 40.0, 50.0, 60.0]))
pump_outputs = st.builds(
    PumpOutput,
    st.booleans(),
    st.sampled_from([0.5, 1.0, 2.0, -1.0]),
    st.sampled_from([0.0, 14.43]),
    st.just(1),
)
requests = st.fixed_dictionaries(
    {},
    optional={name: (hv_outputs if kind == "hv" else pump_outputs) for name, kind in OUTPUTS.items()},
)
channels = sorted(Station().values)
disturbances = st.dictionaries(
    st.sampled_from(channels), st.sampled_from([0.0, 1.0, None, 26.0, -26.0]), max_size=3
)
scans = st.lists(
    st.tuples(requests, st.sampled_from(STATES), disturbances, st.sampled_from([0.1, 0.1, 1.0, 4.0])),
    min_size=1,
    max_size=8,
)


def check(permitted: Permitted, state: str, s: Station, before: Mapping[str, Output]) -> None:
    """What holds after any scan."""
    on = energised(permitted)
    assert set(permitted.outputs) == set(OUTPUTS)
    if on:
        assert state in MAY_ENERGISE | MAY_KEEP
        assert not permitted.breaches
    tripped = {c.tag for c in s.interlocks.latched()}
    for name in on:
        output, kind = permitted.outputs[name], OUTPUTS[name]
        assert not any(kind in c.takes and c.tag in tripped for c in s.interlocks.conditions), tripped
        if isinstance(output, HvOutput):
            limits = SUPPLIES[name]
            assert abs(output.voltage_kv) <= limits.voltage_kv.value
            assert output.voltage_kv * limits.polarity >= 0
            assert output.limit_ua <= limits.current_ua.value
            if state in MAY_KEEP:
                was = before[name]
                assert isinstance(was, HvOutput)
                assert was.on
                assert abs(output.voltage_kv) <= abs(was.voltage_kv)
        else:
            assert isinstance(output, PumpOutput)
            assert output.diameter_mm > 0
            if state in MAY_KEEP:
                was = before[name]
                assert isinstance(was, PumpOutput)
                assert was.running
                assert abs(output.rate_ml_h) <= abs(was.rate_ml_h)
    kv = {
        name: output.voltage_kv for name, output in permitted.outputs.items() if isinstance(output, HvOutput)
    }
    pair = widest_pair(kv)
    assert pair is not None
    assert pair.difference_kv <= PAIR.value


@given(scans)
def test_whatever_is_asked_nothing_unsafe_comes_out(
    history: list[tuple[dict[str, Output], str, dict[str, float | None], float]],
) -> None:
    s = Station()
    for requested, state, disturbance, after_s in history:
        s.values |= disturbance
        before = s.before
        permitted = s.guard(requested, state, after_s)
        check(permitted, state, s, before)
        for name, output in permitted.outputs.items():
            # The guard adds nothing of its own: what is on is exactly what was asked for.
            assert not output.energised or output == requested[name]


@given(requests, st.sampled_from(STATES))
def test_a_latched_trip_holds_its_outputs_in_every_later_scan(
    requested: dict[str, Output], state: str
) -> None:
    s = Station()
    s.values["inputs.bench.door_closed"] = 0.0
    s.guard()
    s.values["inputs.bench.door_closed"] = 1.0
    assert energised(s.guard(requested, state)) == set()


@given(requests, st.sampled_from(STATES), disturbances)
def test_the_same_readings_give_the_same_decision(
    requested: dict[str, Output], state: str, disturbance: dict[str, float | None]
) -> None:
    def decide() -> Permitted:
        s = Station()
        s.values |= disturbance
        s.now_ns = 77 * NS
        return guard(requested, s.situation, state, s.interlocks, SUPPLIES, PAIR, s.before)

    first, second = decide(), decide()
    assert first.outputs == second.outputs
    assert [t.finding for t in first.trips] == [t.finding for t in second.trips]
    assert first.breaches == second.breaches
