"""Phases of a furnace by hand, and what its unit decides: heat, soak, purge, cooling, hold, and gas that was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files

import pytest

from recipes.reader import read_recipe
from recipes.steps import CoolStep
from rig.bench.rigfile import DEMO_RIG, read_rig
from rig.engine.furnace_planning import furnace_phase
from rig.engine.furnace_unit import furnace_unit
from rig.engine.phases.gas_and_cold import CoolPhase, PurgePhase
from rig.engine.phases.heat import HeatPhase, HeatSegment
from rig.engine.phases.phase import Context, Demand
from rig.engine.questions import QuestionBoard
from rig.engine.unit import Unit
from rig.lines.board import Board
from rig.outputs import FurnaceOutput, GasOutput, Output
from rig.readings import NS, Reading, Readings
from rig.safety.conditions import OutputView, Situation
from rig.safety.furnace_facts import Atmosphere, FurnaceFacts
from rig.safety.purge import PurgeProof

FURNACE, ARGON, EXHAUST = "furnace.tube", "gas.argon", "inputs.bench.furnace_exhaust_ok"
INERT = Atmosphere("argon", True, ARGON, 200.0)
AIR = Atmosphere("air", False, None, None)


@dataclass
class Bench:
    """A scan each second; the test says what is read."""

    phase: HeatPhase | PurgePhase | CoolPhase
    degc: float | None = 100.0
    exhaust: float = 1.0
    now_ns: int = 1000 * NS
    facts: FurnaceFacts = field(default_factory=lambda: FurnaceFacts(purge=PurgeProof(3.0, False)))
    notes: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    _failure: str | None = None

    def context(self, seconds: float = 1.0) -> Context:
        """One scan so much later."""
        self.now_ns += round(seconds * NS)
        newest = {
            f"{FURNACE}.temperature_degc": Reading(
                self.degc, self.now_ns, None if self.degc is not None else "no reply"
            ),
            EXHAUST: Reading(self.exhaust, self.now_ns, None),
        }
        views = {FURNACE: OutputView(FURNACE, "furnace", told_on=False)}
        return Context(
            self.now_ns,
            Readings(self.now_ns, newest, {}),
            views,
            {},
            QuestionBoard(),
            lambda kind, data: self.notes.append((kind, data)),
            facts=self.facts,
        )

    def failed(self) -> str | None:
        """Why the phase gave up at the last scan, or None."""
        return self._failure

    def run(self, seconds: int = 1) -> Demand:
        """The phase's own work, a scan each second."""
        for _ in range(seconds):
            context = self.context()
            demand = self.phase.running(context)
            self._failure = context.failure
        return demand


def heat(soak_s: float = 60.0, atmosphere: Atmosphere = INERT) -> HeatPhase:
    segment = HeatSegment(5.0, 280.0, soak_s, atmosphere)
    return HeatPhase("stabilise", FURNACE, [segment], 3.0, 1, [EXHAUST])


def heater(demand: Demand) -> FurnaceOutput | None:
    output = demand.outputs.get(FURNACE)
    assert output is None or isinstance(output, FurnaceOutput)
    return output


def test_nothing_is_heated_before_the_exhaust_flows_and_not_waited_for_for_ever() -> None:
    bench = Bench(heat(), exhaust=0.0)
    demand = bench.run(500)
    assert heater(demand) is None and demand.outputs[ARGON] == GasOutput(200.0)
    assert bench.notes == [("waiting", {"step": "stabilise", "for": f"{EXHAUST} is not healthy"})]
    assert bench.failed() is None
    bench.run(110)
    assert EXHAUST in str(bench.failed())
    bench = Bench(heat(), degc=None)
    assert heater(bench.run()) is None
    bench = Bench(heat())
    wanted = heater(bench.run())
    assert wanted is not None and wanted.mode == "run" and wanted.segments[0].target_degc == 280.0


def test_only_the_time_in_band_is_soak() -> None:
    phase = heat(60.0)
    bench = Bench(phase)
    bench.run(10)
    assert phase.stage == "ramping"
    for degc, seconds in ((277.0, 31), (276.9, 100), (None, 100), (283.1, 100), (283.0, 29)):
        bench.degc = degc
        assert not bench.run(seconds).done
    assert phase.soaked_ns == 59 * NS
    assert bench.run().done
    assert bench.notes[-1] == ("soak", {"step": "stabilise", "segment": 1, "in_band_s": 60.0})


@pytest.mark.parametrize(
    ("atmosphere", "degc", "minutes"),
    [(AIR, 280.0, 30), (AIR, None, 30), (AIR, 170.0, 240), (INERT, 280.0, 240)],
)
def test_a_hold_ends_after_half_an_hour_in_hot_air_and_four_hours_elsewhere(
    atmosphere: Atmosphere, degc: float | None, minutes: int
) -> None:
    phase = heat(atmosphere=atmosphere)
    bench = Bench(phase)
    bench.run(5)
    bench.degc = degc
    held = heater(phase.holding(bench.context(0.0)))
    assert held is not None and held.mode == "hold"
    context = bench.context(minutes * 60.0)
    phase.held(context)
    assert context.failure is None
    context = bench.context(1.0)
    phase.held(context)
    assert context.failure is not None and f"{minutes} min" in context.failure


@pytest.mark.parametrize(("degc", "refused"), [(60.0, True), (None, True), (59.0, False)])
def test_from_air_to_inert_gas_only_in_a_cold_tube(degc: float | None, refused: bool) -> None:
    bench = Bench(PurgePhase("purge", FURNACE, INERT, 100.0, None), degc=degc)
    bench.facts.atmosphere = AIR
    bench.run()
    assert (bench.failed() is not None) is refused
    bench = Bench(PurgePhase("purge", FURNACE, INERT, 100.0, None), degc=degc)
    bench.run()
    assert bench.failed() is None, "it was not in air"


def test_a_purge_that_is_not_proved_fails_in_the_end() -> None:
    bench = Bench(PurgePhase("purge", FURNACE, INERT, None, 1.0))
    assert bench.run().outputs == {ARGON: GasOutput(200.0)}
    context = bench.context(6 * 900 + 3600 - 1)
    bench.phase.running(context)
    assert context.failure is None
    context = bench.context(2)
    bench.phase.running(context)
    assert context.failure is not None and "not proved within 90 min" in context.failure


def test_cold_is_a_temperature_that_is_read_and_believed_for_ten_seconds() -> None:
    bench = Bench(CoolPhase("cool", FURNACE, INERT, 60.0), degc=59.0)
    for change in ({"degc": None}, {"degc": 60.0}, {"doubted": True}):
        bench.degc = change.get("degc", 59.0)
        bench.facts.doubted = "doubted" in change
        assert not bench.run(600).done, change
    bench.degc, bench.facts.doubted = 59.0, False
    assert not bench.run(10).done
    assert bench.run().done
    assert heater(bench.run()) is None


def test_a_recipe_lowers_what_is_cold_for_its_gas_and_never_raises_it() -> None:
    demo, _ = read_rig(files("rig.bench").joinpath(DEMO_RIG).read_text(encoding="utf-8"), "test rig")
    assert demo is not None
    for cold_degc, expected in ((150, 150.0), (200, 200.0)):
        text = f"""format = 1
name = "Cooling"
[[steps]]
id = "cool"
do = "cool"
atmosphere = "argon"
flow = "200 sccm"
below = "60 degC"
cold = "{cold_degc} degC"
"""
        recipe, problems = read_recipe(text, "cooling")
        assert recipe is not None, problems
        step = recipe.steps[0]
        assert isinstance(step, CoolStep)
        phase = furnace_phase(step, 0, FURNACE, demo)
        assert isinstance(phase, CoolPhase)
        bench = Bench(phase)
        bench.run()
        assert bench.facts.cold_degc == expected
    bench = Bench(CoolPhase("cool", FURNACE, INERT, 60.0, 300.0))
    bench.run()
    assert bench.facts.cold_degc == 200.0


# What the unit makes of it


@dataclass
class Owner:
    """The unit of the demonstration rig's furnace, fed by hand."""

    unit: Unit
    degc: float = 640.0
    sccm: float | None = 200.0
    now_ns: int = 1000 * NS
    before: Mapping[str, Output] = field(default_factory=dict)

    def scan(self, requested: Mapping[str, Output] | None = None, state: str = "Idle") -> float | None:
        """The gas that is permitted, None where it is left as it is."""
        self.now_ns += NS
        values = {
            f"{FURNACE}.temperature_degc": self.degc,
            f"{FURNACE}.setpoint_degc": 0.0,
            f"{FURNACE}.power_pct": 0.0,
            f"{ARGON}.setpoint_sccm": self.sccm,
            f"{ARGON}.flow_sccm": self.sccm,
            EXHAUST: 1.0,
            "inputs.bench.emergency_stop_ok": 1.0,
        }
        newest = {
            name: Reading(value, self.now_ns, None if value is not None else "no reply")
            for name, value in values.items()
        }
        readings = Readings(self.now_ns, newest, {})
        spec = self.unit.spec
        views = {
            name: OutputView(name, kind, told_on=False, proved_off=True)
            for name, kind in spec.outputs.items()
        }
        situation = Situation(readings, views, False, False, spec.facts)
        permitted = spec.decide(requested or {}, situation, state, spec.interlocks, self.before)
        assert spec.feed is not None
        spec.feed(self.now_ns, readings, permitted.outputs)
        self.before = permitted.outputs
        gas = permitted.outputs.get(ARGON)
        return gas.flow_sccm if isinstance(gas, GasOutput) else None


@pytest.fixture
def owner() -> Owner:
    """No line is needed to ask it what it decides."""
    bench, problems = read_rig(files("rig.bench").joinpath(DEMO_RIG).read_text(encoding="utf-8"), "test rig")
    assert bench is not None, problems
    return Owner(furnace_unit(bench, FURNACE, {}, Board(), lambda kind, data: None, lambda: 0))


def test_argon_that_is_found_over_a_hot_tube_is_not_lowered(owner: Owner) -> None:
    owner.sccm = None
    assert owner.scan() is None, "nobody has read it yet: it is left alone"
    owner.sccm = 200.0
    assert owner.scan({ARGON: GasOutput(0.0)}, "Running") == 200.0
    assert owner.scan({ARGON: GasOutput(50.0)}, "Running") == 200.0
    assert owner.scan({ARGON: GasOutput(500.0)}, "Running") == 500.0


def test_setting_back_to_air_ends_the_purge_proof(owner: Owner) -> None:
    facts = owner.unit.spec.facts
    assert isinstance(facts, FurnaceFacts)
    facts.atmosphere = INERT
    facts.purge.proved_ns, facts.flush.owed = 1, True
    owner.scan()
    assert facts.purge.proved
    facts.atmosphere = AIR
    owner.scan()
    assert not facts.purge.proved and facts.purge.lost_because == "set back to air"
    assert not facts.flush.owed
