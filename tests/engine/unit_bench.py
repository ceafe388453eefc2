"""A unit with one supply and one pump, phases that say what they are told to, and a proof the test decides on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rig.engine.phases.phase import NOTHING, Context, Demand
from rig.engine.questions import QuestionBoard
from rig.engine.states import Command, State
from rig.engine.unit import Unit, UnitSpec
from rig.outputs import HvOutput, Output, PumpOutput
from rig.readings import NS, Reading, Readings
from rig.safety.conditions import Condition, Finding, Interlocks, OutputView, Situation, Then
from rig.safety.guard import Permitted, guard
from rig.safety.limits import Limit, hv_limits
from rig.safety.priorities import AtRisk, Respond
from rig.safety.proof import HvProof

PAIR = Limit(25.0, "kV", "rig limit")
LIMITS = hv_limits("hv.needle", rating_kv=40, limit_kv=25, rating_ma=3, limit_ua=50, polarity=1)
ON: dict[str, Output] = {"hv.needle": HvOutput(True, 20.0, 50.0), "pumps.a": PumpOutput(True, 1.0, 14.43, 1)}


@dataclass
class Scripted:
    """A phase that answers each scan as it is told to."""

    step_id: str = "spin-it"
    do: str = "spin"
    says: dict[str, Demand] = field(default_factory=dict)
    fails: str | None = None
    raises: Exception | None = None
    calls: list[str] = field(default_factory=list)

    def _say(self, what: str, context: Context) -> Demand:
        self.calls.append(what)
        if self.raises is not None:
            raise self.raises
        if self.fails is not None:
            context.fail(self.fails)
        return self.says.get(what, Demand(ON) if what == "running" else NOTHING)

    def running(self, context: Context) -> Demand:
        return self._say("running", context)

    def holding(self, context: Context) -> Demand:
        return self._say("holding", context)

    def held(self, context: Context) -> Demand:
        return self._say("held", context)

    def paused(self, context: Context) -> Demand:
        return self._say("paused", context)

    def restarting(self, context: Context) -> Demand:
        return self._say("restarting", context)

    def stopping(self, context: Context) -> Demand:
        return self._say("stopping", context)

    def aborting(self, context: Context) -> None:
        """Nothing to close."""

    def completing(self, context: Context) -> Demand:
        return self._say("completing", context)

    def progress(self) -> dict[str, Any]:
        return {"stage": "scripted"}


def condition(then: Then = Then.ABORT, tag: str = "hot") -> Condition:
    def test(situation: Situation) -> Finding | None:
        return Finding("It is hot.", "2", "1") if situation.readings.value(tag) == 1 else None

    return Condition(
        tag,
        "Hot",
        "spin",
        ("hv", "pump"),
        lambda _: True,
        test,
        then,
        AtRisk.RIG,
        Respond.AT_ONCE,
        "c",
        "d",
        "e",
        "f",
    )


def decide(
    requested: Mapping[str, Output],
    situation: Situation,
    state: str,
    interlocks: Interlocks,
    before: Mapping[str, Output],
) -> Permitted:
    """The spinning station's guard with one supply."""
    return guard(requested, situation, state, interlocks, {"hv.needle": LIMITS}, PAIR, before)


class Bench:
    """A unit with one supply and one pump, whose proof is whatever the test says."""

    def __init__(self, *conditions: Condition) -> None:
        self.journal: list[tuple[str, dict[str, Any]]] = []
        self.proof = HvProof("hv.needle", 0.04, 30.0)
        self.ready: str | None = None
        spec = UnitSpec(
            "spin",
            {"hv.needle": "hv", "pumps.a": "pump"},
            Interlocks(conditions),
            decide,
            {"hv.needle": self.proof},
            lambda: self.ready,
        )
        self.unit = Unit(spec, lambda kind, data: self.journal.append((kind, data)))
        self.questions = QuestionBoard()
        self.now_ns = 0
        self.values: dict[str, float] = {}
        self.told_on = False
        self.set_proved(True)

    def set_proved(self, proved: bool, since_s: float = 1000.0) -> None:
        self.proof.proved_ns = self.now_ns - round(since_s * NS) if proved else None
        if not proved:
            self.proof.attested_ns = None

    def scan(self, after_s: float = 0.1) -> Permitted:
        newest = {name: Reading(value, self.now_ns) for name, value in self.values.items()}
        readings = Readings(self.now_ns, newest, {})
        views = {
            name: OutputView(name, kind, told_on=self.told_on, proved_off=not self.told_on)
            for name, kind in self.unit.spec.outputs.items()
        }
        context = Context(
            self.now_ns,
            readings,
            views,
            self.unit.proofs,
            self.questions,
            lambda kind, data: self.note(kind, data),
        )
        context.situation = Situation(readings, views, self.told_on, self.told_on)
        demand = self.unit.step(context)
        permitted = self.unit.guarded(demand, context.situation)
        self.now_ns += round(after_s * NS)
        return permitted

    def note(self, kind: str, data: dict[str, Any]) -> None:
        self.journal.append((kind, data))

    def begin(self, *phases: Scripted) -> Bench:
        self.unit.begin(phases, self.now_ns, "Ada")
        return self

    def fire(self, command: Command) -> None:
        self.unit.fire(command, self.now_ns, f"{command} by Ada", "Ada")

    def said(self, kind: str) -> list[dict[str, Any]]:
        return [data for what, data in self.journal if what == kind]

    def state(self) -> State:
        """Where the unit is."""
        return self.unit.state

    def states(self) -> list[str]:
        return [data["to"] for data in self.said("state")]


def running(*phases: Scripted, conditions: tuple[Condition, ...] = ()) -> Bench:
    bench = Bench(*conditions).begin(*(phases or (Scripted(),)))
    bench.scan()
    assert bench.state() is State.RUNNING
    return bench
