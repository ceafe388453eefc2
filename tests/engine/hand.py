"""Phases by hand: a context made of plain numbers, and a station that does what it is told at the next scan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rig.engine.phases.phase import Context, Demand, Phase
from rig.engine.phases.plans import PrimePlan, PumpPlan, SpinPlan, SupplyPlan
from rig.engine.questions import Question, QuestionBoard
from rig.outputs import HvOutput, Output, PumpOutput
from rig.readings import NS, Reading, Readings
from rig.safety.conditions import OutputView
from rig.safety.proof import HvProof

STEP_KV = 40 / 1023
INPUTS = ("inputs.bench.door_closed", "inputs.bench.exhaust_ok")
PUMPS = (
    PumpPlan("spun", "pumps.a", 1.0, 14.43, 0.1, "left"),
    PumpPlan("sprayed", "pumps.b", 2.0, 14.43, 0.1, "right"),
)
SUPPLY = SupplyPlan("hv.needle", 20.0, 1.0, 5.0, 50.0, STEP_KV)


def spin_plan(**changes: Any) -> SpinPlan:
    """A spin step of 10 min at 20 kV."""
    values: dict[str, Any] = {
        "step_id": "co-deposit",
        "pumps": PUMPS,
        "supplies": (SUPPLY,),
        "duration_s": 600.0,
        "start_lag_s": 2.0,
        "draw_off_s": 3.0,
        "batch": 3,
        "permissives": INPUTS,
    }
    return SpinPlan(**(values | changes))


def prime_plan(**changes: Any) -> PrimePlan:
    """Priming of both needles with their dead volume."""
    values: dict[str, Any] = {
        "step_id": "co-deposit",
        "do": "prime",
        "pumps": PUMPS,
        "volumes_ml": {"pumps.a": 0.1, "pumps.b": 0.05},
        "rate_ml_h": 20.0,
        "batch": 2,
        "permissives": INPUTS,
    }
    return PrimePlan(**(values | changes))


@dataclass
class Hand:
    """One phase at a station that obeys: what a scan asks for is there, and read back, at the next one.

    period_s: between scans. obeys: names of outputs that do what they are told.
    """

    phase: Phase
    period_s: float = 0.1
    now_ns: int = 1000 * NS
    values: dict[str, float | None] = field(default_factory=dict)
    notes: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)
    asked: list[tuple[float, Question]] = field(default_factory=list)
    answers_itself: bool = True
    obeys: set[str] = field(default_factory=lambda: {"hv.needle", "pumps.a", "pumps.b"})
    failure: str | None = None
    told: dict[str, Output | None] = field(default_factory=dict)
    told_ns: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, Output] = field(default_factory=dict)
    delivered_ml: dict[str, float] = field(default_factory=dict)
    input_age_s: float = 0.05

    def __post_init__(self) -> None:
        self.began_ns = self.now_ns
        self.questions = QuestionBoard()
        self.proof = HvProof("hv.needle", STEP_KV, 30.0)
        self._batch: dict[str, int] = {}
        self.values |= dict.fromkeys(INPUTS, 1.0)
        self.values |= {"hv.needle.output": 0.0, "hv.needle.voltage_kv": 0.0}
        for name in ("pumps.a", "pumps.b"):
            self.values |= {f"{name}.running": 0.0, f"{name}.delivered_ml": 0.0}
        for name in ("hv.needle", "pumps.a", "pumps.b"):
            self.told[name], self.told_ns[name] = None, 0
        for _ in range(3):
            self._pass()
        # It has been off for long: nothing is left of an earlier discharge time.
        self.proof.proved_ns = self.now_ns - 100 * NS
        self.now_ns = self.began_ns

    @property
    def t_s(self) -> float:
        """Seconds since the beginning."""
        return (self.now_ns - self.began_ns) / NS

    def context(self) -> Context:
        """What the phase sees now."""
        newest = {}
        for name, value in self.values.items():
            t_ns = self.now_ns - round(self.input_age_s * NS) if name in INPUTS else self.now_ns
            newest[name] = Reading(value, t_ns, None if value is not None else "no reply")
        readings = Readings(self.now_ns, newest, {})
        views = {}
        for name, told in self.told.items():
            kind = "hv" if name.startswith("hv") else "pump"
            running = self.values[f"{name}.output" if kind == "hv" else f"{name}.running"]
            proved = self.proof.proved if kind == "hv" else told is None and running == 0
            views[name] = OutputView(
                name, kind, name in self.outputs, told, told is not None, self.told_ns[name], proved
            )
        context = Context(self.now_ns, readings, views, {"hv.needle": self.proof}, self.questions, self._note)
        if not context.hv_discharged():
            context.why_hands_off = lambda: "hv.needle: not proved off, or its discharge time is not over"
        return context

    def _note(self, kind: str, data: dict[str, Any]) -> None:
        self.notes.append((self.t_s, kind, data))

    def scan(self, method: str = "running") -> Demand:
        """One scan: the phase is asked, the station obeys, time passes."""
        context = self.context()
        before = set(self.questions.open)
        call: Callable[[Context], Demand] = getattr(self.phase, method)
        demand = call(context)
        self.failure = self.failure or context.failure
        for place in [place for place in self.questions.open if place not in before]:
            self.asked.append((self.t_s, self.questions.open[place]))
            if self.answers_itself:
                self.answer(place[1])
        self.outputs = dict(demand.outputs)
        self._obey()
        self._pass()
        return demand

    def answer(self, key: str) -> None:
        """Somebody confirms an open question."""
        step = next(step for step, name in self.questions.open if name == key)
        self.questions.answer(step, key, True, self.now_ns, "Ada")

    def idle(self, seconds: float) -> None:
        """Time in which the phase is not asked (Held), everything being off."""
        self.outputs = {}
        self._obey()
        self.now_ns += round(seconds * NS)
        for _ in range(3):
            self._pass()

    def _obey(self) -> None:
        for name in self.told:
            wanted = self.outputs.get(name) if name in self.obeys or name not in self.outputs else None
            if (self.told[name] is None) != (wanted is None):
                self.told_ns[name] = self.now_ns + NS // 50
            self.told[name] = wanted

    def _pass(self) -> None:
        self.now_ns += round(self.period_s * NS)
        hv = self.told["hv.needle"]
        on = isinstance(hv, HvOutput) and hv.on
        self.values["hv.needle.output"] = 1.0 if on else 0.0
        self.values["hv.needle.voltage_kv"] = hv.voltage_kv if isinstance(hv, HvOutput) else 0.0
        for name in ("pumps.a", "pumps.b"):
            pump = self.told[name]
            if isinstance(pump, PumpOutput):
                if self._batch.get(name) != pump.batch:
                    self._batch[name] = pump.batch
                    self.delivered_ml[name] = 0.0
                self.delivered_ml[name] += pump.rate_ml_h * self.period_s / 3600
            self.values[f"{name}.running"] = 1.0 if isinstance(pump, PumpOutput) else 0.0
            self.values[f"{name}.delivered_ml"] = self.delivered_ml.get(name, 0.0)
        self.disturb()
        self.proof.update(self.context().readings, on)

    def disturb(self) -> None:
        """For tests: change `values` before they are seen."""

    def until(
        self, stop: Callable[[Demand], bool], method: str = "running", limit_s: float = 3600.0
    ) -> Demand:
        """Scan until a demand is as wanted. Fails the test when that takes too long."""
        end_ns = self.now_ns + round(limit_s * NS)
        while self.now_ns < end_ns:
            demand = self.scan(method)
            if stop(demand) or self.failure is not None:
                return demand
        raise AssertionError(f"not within {limit_s} s; {self.phase.progress()}, notes {self.notes[-3:]}")

    def run_to(self, stage: str, method: str = "running", limit_s: float = 3600.0) -> None:
        """Scan until the phase is at a stage."""
        self.until(lambda _: self.phase.progress()["stage"] == stage, method, limit_s)
        assert self.failure is None, self.failure

    def done(self, method: str = "running", limit_s: float = 3600.0) -> None:
        """Scan until the phase says it is done."""
        self.until(lambda demand: demand.done, method, limit_s)
        assert self.failure is None, self.failure

    def said(self, kind: str) -> list[dict[str, Any]]:
        """The data of all notes of a kind."""
        return [data for _, what, data in self.notes if what == kind]

    @property
    def kv(self) -> float | None:
        """The voltage asked for at the last scan; None: off."""
        output = self.outputs.get("hv.needle")
        return output.voltage_kv if isinstance(output, HvOutput) else None

    @property
    def pumping(self) -> set[str]:
        """The pumps asked to run at the last scan."""
        return {name for name in self.outputs if name.startswith("pumps")}
