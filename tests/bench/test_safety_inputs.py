"""Every input that can trip something is a safety input: proved by walking, with a checksum, on a module for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rig.bench.model import Bench
from rig.bench.reaction import reaction_times
from rig.bench.rules import check_bench
from rig.engine.furnace_unit import furnace_unit
from rig.engine.spin_unit import spin_unit
from rig.lines.board import Board
from rig.outputs import HvOutput
from rig.readings import NS, Reading, Readings
from rig.safety.conditions import OutputView, Situation

BENCH = "inputs.bench"
TRIPS = (
    "door_closed", "door_back", "emergency_stop_ok", "emergency_stop_furnace", "exhaust_ok", "exhaust_hood",
)  # fmt: skip
FURNACE = ("furnace_exhaust_ok", "tube_pressure_ok")
OTHERS = ("lamp_on", "water_flows")


@pytest.fixture
def bench(demo_text: str, bench_of: Callable[..., Bench]) -> Bench:
    head, _, rest = demo_text.partition(f"[{BENCH}.channels]\n")
    _, _, tail = rest.partition("\n[")
    names = [*TRIPS, *FURNACE, *OTHERS]
    lines = [f'{name} = {{ channel = {number}, healthy = "closed" }}' for number, name in enumerate(names)]
    lines += [
        'guard_a = { channel = 10, healthy = "closed" }',
        'guard_b = { channel = 11, healthy = "closed", twin = "guard_a" }',
    ]
    head = head.replace(
        '"4050"', '"4051"'
    )  # it has inputs for all of them; what fit says of it is not asked here
    found = bench_of(f"{head}[{BENCH}.channels]\n" + "\n".join(lines) + f"\n\n[{tail}")
    assert isinstance(found, Bench)
    return found


def tripped(bench: Bench, open_one: str | None) -> set[str]:
    """The tags of what trips with everything on and this one contact open."""
    channels = [f"{BENCH}.{one.name}" for one in bench.inputs[BENCH].channels]
    found: set[str] = set()
    for unit in (
        spin_unit(bench, {}, Board(), lambda *_: None, lambda: 0),
        furnace_unit(bench, "furnace.tube", {}, Board(), lambda *_: None, lambda: 0),
    ):
        views = {
            name: OutputView(name, kind, wanted=True, told=HvOutput(True, 5.0))
            for name, kind in unit.spec.outputs.items()
        }
        for now_ns in (NS, 100 * NS):
            newest = {
                name: Reading(0.0 if name.rpartition(".")[2] == open_one else 1.0, now_ns)
                for name in channels
            }
            situation = Situation(Readings(now_ns, newest, {}), views, True, True, unit.spec.facts, True)
            found |= {trip.condition.tag for trip in unit.spec.interlocks.evaluate(situation)}
    return found


def test_what_trips_something_is_a_safety_input_and_nothing_else_is(bench: Bench) -> None:
    healthy = tripped(bench, None)
    carried = set(bench.safety_inputs()[BENCH])
    assert carried == {*TRIPS, *FURNACE, "guard_a", "guard_b"}
    for channel in bench.inputs[BENCH].channels:
        assert (tripped(bench, channel.name) != healthy) is (channel.name in carried), channel.name


@pytest.mark.parametrize("name", ["tube_pressure_ok", "furnace_exhaust_ok", "door_back", "exhaust_hood"])
@pytest.mark.parametrize(
    ("old", "new", "code"), [("checksum = true\n", "", "checksum-off"), ('"4050"', '"4053"', "unsafe-model")]
)
def test_a_module_that_carries_only_this_one_is_held_to_the_same(
    name: str, old: str, new: str, code: str, demo_text: str, bench_of: Callable[..., Bench]
) -> None:
    module = (
        '\n[inputs.more]\ndriver = "adam-4000"\nmodel = "4050"\nchecksum = true\nport = "sim://inputs.more"\n'
        f'[inputs.more.channels]\n{name} = {{ channel = 0, healthy = "closed" }}\n'
    )
    rest = demo_text.replace("tube_pressure_ok ", "spare ") if name == "tube_pressure_ok" else demo_text
    assert _codes(bench_of(rest + module)) == []
    assert _codes(bench_of(rest + module.replace(old, new))) == [code]


def _codes(bench: Bench) -> list[str]:
    return [problem.code for problem in check_bench(bench, reaction_times(bench))]


def test_a_valve_that_shuts_without_power_and_a_gas_that_is_to_flow_on_contradict_each_other(
    demo_text: str, bench_of: Callable[..., Bench]
) -> None:
    flows = demo_text.replace('on_power_loss = "stops"', 'on_power_loss = "flows"')
    valve = '\n[outputs.argon_valve]\nof = "gas.argon"\nmodule = "bench"\nchannel = 4\n'
    assert _codes(bench_of(demo_text + valve)) == []
    assert _codes(bench_of(flows + valve)) == ["valve-shuts-without-power"]
    assert _codes(bench_of(flows + valve + "inverted = true\n")) == []
