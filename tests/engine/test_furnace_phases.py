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
from rig.outputs import FURNACE_OFF, FurnaceOutput, GasOutput, Output, ProgramSegment
from rig.readings import NS, Reading, Readings
from rig.safety.conditions import OutputView, Situation, Then
from rig.safety.furnace_facts import Atmosphere, FurnaceFacts
from rig.safety.heating_held import held_condition
from rig.safety.heating_scope import Scope
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


def program_of(phase: HeatPhase) -> tuple[ProgramSegment, ...]:
    """What stands in the controller."""
    assert phase._heat is not None
    return phase._heat.segments


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
    condition = held_condition(Scope(FURNACE))
    facts = FurnaceFacts(purge=PurgeProof(3.0, False), atmosphere=atmosphere, held_since_ns=1000 * NS)
    reading = Reading(degc, 0, None if degc is not None else "no reply")
    found = []
    for held_s in (minutes * 60, minutes * 60 + 1):
        readings = Readings((1000 + held_s) * NS, {f"{FURNACE}.temperature_degc": reading}, {})
        found.append(condition.test(Situation(readings, {}, False, False, facts)))
    assert found[0] is None
    assert found[1] is not None and f"{minutes} min in {atmosphere.name}" in found[1].text
    assert (condition.then, condition.takes) == (Then.STOP, ("furnace",))


@pytest.mark.parametrize("state", ["Held", "Paused"])
def test_how_long_it_is_held_is_counted_from_the_first_hold_to_the_heater(owner: Owner, state: str) -> None:
    facts, watch = (
        owner.unit.spec.facts,
        owner.unit.spec.interlocks.watches[f"held-too-long:{FURNACE}"],
    )
    facts.atmosphere = AIR
    program = (ProgramSegment(5.0, 640.0, 60.0),)
    run, hold = FurnaceOutput("run", 1, program), FurnaceOutput("hold", 1, program)
    seen: list[int | None] = []

    def scan(output: FurnaceOutput, in_state: str) -> None:
        owner.scan({FURNACE: output}, in_state)
        seen.append(facts.held_since_ns)

    for _ in range(3):
        scan(run, "Running")
    scan(hold, state)
    since_ns = owner.now_ns
    scan(hold, state)
    assert seen == [None, None, None, since_ns, since_ns] and owner.before[FURNACE] == hold
    owner.now_ns = since_ns + 1800 * NS
    scan(hold, state)
    assert watch.tripped and owner.before[FURNACE] == FURNACE_OFF
    scan(run, "Running")
    assert seen[-1] is None


def test_held_and_paused_it_stands_counts_and_the_record_says_so() -> None:
    phase = heat(60.0)
    bench = Bench(phase)
    bench.run(2)
    bench.degc = 280.0
    bench.run(11)  # 10 s of the soak
    for stand in (phase.holding, *[phase.held] * 19):
        assert heater(stand(bench.context())) == FurnaceOutput("hold", 1, program_of(phase), 3.0)
    assert phase.soaked_ns == 30 * NS and phase.held_ns == 20 * NS
    bench.degc = 276.0  # it counts in band only
    phase.held(bench.context())
    bench.degc = 280.0
    assert not bench.run(29).done
    assert bench.run().done
    soak = {"step": "stabilise", "segment": 1, "in_band_s": 60.0, "held_s": 20.0}
    assert [note for note in bench.notes if note[0] == "soak"] == [("soak", soak)]
    for _ in range(40):  # paused at its end
        demand = phase.paused(bench.context())
        assert heater(demand) == FurnaceOutput("hold", 1, program_of(phase), 3.0)
        assert demand.outputs[ARGON] == GasOutput(200.0)
    assert (phase.progress()["elapsed_s"], phase.progress()["held_s"]) == (100.0, 60.0)
    assert len([note for note in bench.notes if note[0] == "soak"]) == 1


@pytest.mark.parametrize(
    "phase", [PurgePhase("purge", FURNACE, INERT, 100.0, None), CoolPhase("cool", FURNACE, INERT, 60.0)]
)
def test_paused_at_the_end_of_a_step_that_does_not_heat_nothing_is_asked_for(
    phase: PurgePhase | CoolPhase,
) -> None:
    bench = Bench(phase)
    bench.run()
    assert phase.paused(bench.context()).outputs == {}


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


def test_over_a_tube_found_hot_without_gas_the_first_inert_gas_is_put_on_once(owner: Owner) -> None:
    owner.sccm = 0.0
    assert owner.scan() == 80.0
    facts = owner.unit.spec.facts
    assert facts.put_on == (
        "No inert gas was set over furnace.tube, found at 640 °C: gas.argon was put on, 80 sccm."
    )
    owner.before = {**owner.before, ARGON: GasOutput(0.0)}
    assert owner.scan() == 0.0, "it is looked at once"


@pytest.mark.parametrize(("degc", "sccm"), [(40.0, 0.0), (640.0, 30.0)])
def test_a_cold_tube_gets_none_and_what_flows_is_left(owner: Owner, degc: float, sccm: float) -> None:
    owner.degc, owner.sccm = degc, sccm
    assert owner.scan() == sccm


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


def test_a_flush_is_owed_in_a_step_of_air_too_until_the_tube_stands_cold_in_air(owner: Owner) -> None:
    facts = owner.unit.spec.facts
    assert isinstance(facts, FurnaceFacts)
    closed = {ARGON: GasOutput(0.0)}
    facts.atmosphere, owner.degc = INERT, 40.0
    owner.scan()
    facts.atmosphere, facts.flush.owed = AIR, True
    assert owner.scan(closed, "Running") == 200.0
    assert facts.flush.owed and facts.guarded is not None and facts.guarded.gas == ARGON
    facts.flush.owed = False
    assert owner.scan(closed, "Running") == 0.0
    facts.flush.owed = True
    assert owner.scan(closed, "Running") == 0.0
    assert not facts.flush.owed, "the tube stands in air and is cold"


def test_a_hot_tube_in_a_step_of_air_is_watched_as_long_as_inert_gas_is_over_it(owner: Owner) -> None:
    facts = owner.unit.spec.facts
    assert isinstance(facts, FurnaceFacts)
    facts.atmosphere = INERT
    facts.purge.proved_ns, facts.purge.limit_ppm = 1, 100.0
    owner.scan()
    facts.atmosphere = AIR
    for _ in range(3):
        assert owner.scan({ARGON: GasOutput(0.0)}, "Running") == 200.0
    assert facts.guarded is not None and (facts.guarded.gas, facts.oxygen_limit_ppm) == (ARGON, 300.0)
    assert facts.flush.owed and not facts.purge.proved
