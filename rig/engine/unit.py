"""A unit: outputs, conditions, proofs, a state machine, and the phases of its present visit.

The spinning station is the unit "spin". A unit says what it wants at each scan; the guard decides; the engine acts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rig.engine.phases.phase import NOTHING, Context, Demand, Phase
from rig.engine.questions import Answer, Question, QuestionBoard
from rig.engine.states import TIMEOUT_S, Command, State, UnitMachine
from rig.outputs import Output
from rig.readings import NS, Readings
from rig.safety.conditions import Interlocks, Situation, Then, Trip
from rig.safety.guard import Permitted
from rig.safety.proof import HvProof

LOUD_AFTER_NS = 1_500_000_000
"""So long a supply that was told off may take to be proved before the unit says that it is not."""

ATTEST_AFTER_NS = 5 * NS
"""So long an output may stay unproved after an abort before a person is asked to attest."""


Decide = Callable[[Mapping[str, Output], Situation, str, Interlocks, Mapping[str, Output]], Permitted]
"""A unit's guard: requested, situation, state, conditions, permitted before -> permitted, trips."""


@dataclass(slots=True)
class StepResult:
    """How one step of a visit went."""

    id: str
    do: str
    outcome: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class UnitSpec:
    """What a unit is made of.

    outputs: name to kind; decide: its guard; proofs: of its supplies; members:
    instruments that are its own, sensors included; ready: why it may not start yet; facts: what it
    knows beyond readings, fed at each scan by `feed`; texts: text channels it keeps itself; left: what is on or hot
    when nobody looks any more, or None;
    stay: whether somebody has to go on watching it.
    """

    name: str
    outputs: Mapping[str, str]
    interlocks: Interlocks
    decide: Decide
    proofs: Mapping[str, HvProof]
    ready: Callable[[], str | None]
    members: frozenset[str] = frozenset()
    facts: Any = None
    feed: Callable[[int, Readings, Mapping[str, Output]], None] | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    left: Callable[[Readings], str | None] | None = None
    stay: Callable[[Readings], bool] | None = None


@dataclass(slots=True)
class _Visit:
    phases: Sequence[Phase]
    index: int = 0
    began_ns: int = 0
    results: list[StepResult] = field(default_factory=list)


class Unit:
    """One unit's state, visit and decisions. `step` and `guarded` are called by the engine, once a scan each."""

    def __init__(self, spec: UnitSpec, write: Callable[[str, dict[str, Any]], object]) -> None:
        self.name = spec.name
        self.spec = spec
        self.machine = UnitMachine(spec.name)
        self.proofs = dict(spec.proofs)
        self.questions = QuestionBoard()
        self.early = False
        self.reason: str | None = None
        self.first_trip: Trip | None = None
        self.alarms = 0
        self.off_again = False
        """An abort tells every output off, those included that are off already."""
        self._write = write
        self._visit: _Visit | None = None
        self._since_ns = 0
        self._permitted: Mapping[str, Output] = {}
        self._kept: Mapping[str, Output] = {}
        self._asked_attestation: Question | None = None
        self._attesting: tuple[str, ...] = ()
        self._wanted_off_ns = 0
        self._unproved = False
        self._ended_early = False

    # What others ask

    @property
    def state(self) -> State:
        """Where it is."""
        return self.machine.at

    @property
    def phase(self) -> Phase | None:
        """The present phase, if a visit is under way."""
        visit = self._visit
        if visit is None or visit.index >= len(visit.phases):
            return None
        return visit.phases[visit.index]

    @property
    def results(self) -> list[StepResult]:
        """Steps of this visit that have ended, and how."""
        return [] if self._visit is None else self._visit.results

    @property
    def unproved(self) -> bool:
        """High voltage is wanted off and not proved off."""
        return self._unproved

    def unclean(self, now_ns: int, readings: Readings) -> str | None:
        """Why it may not be put back to Idle: hot, latched, unproved or not discharged; None where it may."""
        if self.spec.stay is not None and self.spec.stay(readings):
            return f"{self.name} is not cold, or not known to be"
        latched = self.spec.interlocks.latched()
        if latched:
            return f"{latched[0].tag} is tripped"
        for proof in self.proofs.values():
            if not proof.proved:
                return f"high voltage is not proved off ({proof.explain(readings)})"
            if not proof.discharged(now_ns):
                return f"the discharge time of {proof.supply} is not over"
        return None

    # Commands

    def begin(self, phases: Sequence[Phase], now_ns: int, user: str) -> None:
        """Start a visit. Raises IllegalCommand unless the unit is Idle."""
        self.fire(Command.START, now_ns, "visit begins", user)
        self._visit = _Visit(phases, began_ns=now_ns)
        self.questions.begin()
        self.early = False
        self._ended_early = False
        self.reason = None
        self.first_trip = None

    def fire(self, command: Command, now_ns: int, cause: str, user: str = "system") -> None:
        """Take a command or an internal event. Raises IllegalCommand; writes the change to the journal."""
        before, after = self.machine.fire(command)
        if command is Command.COMPLETE:
            self.early = True
        if command in (Command.STOP, Command.ABORT) and self.reason is None:
            self.reason = cause
        if command is Command.ABORT:
            self.off_again = True
        self._since_ns = now_ns
        self._write(
            "state",
            {
                "unit": self.name,
                "from": before,
                "to": after,
                "trigger": command,
                "cause": cause,
                "user": user,
            },
        )
        if after is State.IDLE:
            self._visit = None

    # One scan

    def step(self, context: Context) -> Demand:
        """What the unit wants now; fires its own `done` when a state's work is finished."""
        state = self.state
        self._watch_time(context, state)
        state = self.state
        demand = self._demand(context, state)
        if context.failure is not None and self.machine.may(Command.ABORT) and state is not State.ABORTED:
            self.alarms += 1
            self._write(
                "alarm",
                {"tag": "step-failed", "unit": self.name, "text": context.failure, "priority": "high"},
            )
            self.fire(Command.ABORT, context.now_ns, context.failure)
            return NOTHING
        self.ask_attestation(context, demand)
        return demand

    def _watch_time(self, context: Context, state: State) -> None:
        limit_s = TIMEOUT_S.get(state)
        if context.questions.open and state in (State.COMPLETING, State.RESTARTING):
            self._since_ns = context.now_ns  # a person is asked: that takes the time it takes
        if limit_s is None or context.now_ns - self._since_ns <= limit_s * NS or state is State.ABORTING:
            return
        context.fail(f"{state} took longer than {limit_s:.0f} s" + self._why_waiting(context))

    def _why_waiting(self, context: Context) -> str:
        reasons = [proof.explain(context.readings) for proof in self.proofs.values() if not proof.proved]
        return f": {'; '.join(reasons)}" if reasons else ""

    def _demand(self, context: Context, state: State) -> Demand:
        phase = self.phase
        match state:
            case State.STARTING:
                why = self.spec.ready()
                if why is None and context.hv_proved_off():
                    self.fire(Command.DONE, context.now_ns, "instruments ready, high voltage proved off")
                    self._step_started(context)
                return NOTHING
            case State.RUNNING | State.PAUSING:
                return self._run(context, state, phase)
            case State.HOLDING:
                return self._passing(context, phase.holding(context) if phase else Demand(done=True))
            case State.HELD:
                return phase.held(context) if phase else NOTHING
            case State.RESTARTING:
                return self._passing(context, phase.restarting(context) if phase else Demand(done=True))
            case State.STOPPING:
                demand = phase.stopping(context) if phase else Demand(done=context.hv_proved_off())
                if demand.done:
                    self._step_ended(context, "stopped")
                return self._passing(context, demand)
            case State.COMPLETING:
                return self._complete(context, phase)
            case State.ABORTING:
                if phase is not None:
                    phase.aborting(context)
                told = all(not view.told_on for view in context.outputs.values() if view.kind != "gas")
                if told or context.now_ns - self._since_ns > 5 * NS:
                    self._step_ended(context, "aborted")
                    self.fire(
                        Command.DONE,
                        context.now_ns,
                        "all outputs told off" if told else "not all acknowledged",
                    )
                return NOTHING
            case State.CLEARING:
                assert context.situation is not None
                remaining = self.spec.interlocks.clear(context.situation)
                if not remaining and context.hv_proved_off():
                    self.fire(Command.DONE, context.now_ns, "faults gone, high voltage proved off")
                return NOTHING
            case _:
                return NOTHING

    def _passing(self, context: Context, demand: Demand) -> Demand:
        if demand.done:
            self.fire(Command.DONE, context.now_ns, "done")
        self._kept = demand.outputs
        return demand

    def _run(self, context: Context, state: State, phase: Phase | None) -> Demand:
        if phase is None:
            if state is State.RUNNING:
                self.fire(Command.DONE, context.now_ns, "last step done")
                return NOTHING  # a last step that heats ends with its heater off
            return Demand(self._kept)
        demand = phase.running(context)
        if demand.done and context.failure is None:
            self._step_ended(context, "done")
            assert self._visit is not None
            if state is State.PAUSING:
                self.fire(Command.DONE, context.now_ns, "step done: safe point")
                demand = (
                    NOTHING  # a paused unit wants nothing, from this scan on: gas is kept, a heater is off
                )
            self._step_started(context)
        self._kept = demand.outputs
        return demand

    def _complete(self, context: Context, phase: Phase | None) -> Demand:
        """The present step ends early; what is left of the visit for a person to do (prompts) is still asked."""
        if phase is not None and self._ended_early and phase.do != "prompt":
            self._step_ended(context, "skipped")
            return NOTHING
        if phase is not None:
            demand = phase.running(context) if self._ended_early else phase.completing(context)
            if demand.done:
                self._step_ended(context, "done" if self._ended_early else "early")
                self._ended_early = True
                self._step_started(context)
            return demand
        demand = NOTHING
        if context.hv_discharged():
            self.fire(Command.DONE, context.now_ns, "high voltage proved off, discharge time over")
        return demand

    def _step_started(self, context: Context) -> None:
        phase = self.phase
        if phase is not None:
            assert self._visit is not None
            self._visit.began_ns = context.now_ns
            self._write("step", {"id": phase.step_id, "do": phase.do, "phase": "started"})

    def _step_ended(self, context: Context, outcome: str) -> None:
        visit, phase = self._visit, self.phase
        if visit is None or phase is None:
            return
        duration_s = (context.now_ns - visit.began_ns) / NS
        visit.results.append(StepResult(phase.step_id, phase.do, outcome, duration_s))
        self._write(
            "step",
            {
                "id": phase.step_id,
                "do": phase.do,
                "phase": "ended",
                "outcome": outcome,
                "duration_s": duration_s,
            },
        )
        visit.index += 1 if outcome in ("done", "early", "skipped") else len(visit.phases)

    def _withdraw_attestation(self, context: Context) -> None:
        """It has been read back as off after all: nobody is asked any more."""
        question = self._asked_attestation
        if question is not None:
            self._asked_attestation = None
            context.questions.forget(question.step, question.key)
            self._write(
                "withdrawn",
                {"step": question.step, "key": question.key, "text": "read back as off after all"},
            )

    def ask_attestation(self, context: Context, demand: Demand, over: bool = False) -> None:
        """An output that cannot be read back is ended by a person's word, given at the rig (safety rule 5).

        It holds in every state: what nobody wants on and nobody has proved off is loud. over: nothing is wanted at all.
        """
        unproved = {name: proof for name, proof in self.proofs.items() if not proof.proved}
        if not unproved:
            self._wanted_off_ns = context.now_ns
            self._unproved = False
            self._withdraw_attestation(context)
            return
        wanted = not over and any(
            (output.energised and self.spec.outputs.get(name) == "hv")
            for name, output in demand.outputs.items()
        )
        if wanted:
            self._wanted_off_ns = (
                context.now_ns
            )  # an orderly end that still ramps down leaves nothing unproved
        since_ns = context.now_ns - self._wanted_off_ns
        self._unproved = not wanted and since_ns > LOUD_AFTER_NS
        if not self._unproved or since_ns < ATTEST_AFTER_NS:
            return
        if self._asked_attestation is None:
            self._begin_attestation(context, unproved)
        assert self._asked_attestation is not None
        answer = context.ask(self._asked_attestation)
        if answer is not None:
            self._take_attestation(context, answer)

    def _begin_attestation(self, context: Context, unproved: Mapping[str, HvProof]) -> None:
        step = self._spun_step()
        context.questions.forget(step, "attested")  # a word given earlier says nothing about now
        self.alarms += 1
        text = "; ".join(proof.explain(context.readings) for proof in unproved.values())
        self._write("alarm", {"tag": "hv-unproved", "unit": self.name, "text": text, "priority": "highest"})
        self._attesting = tuple(unproved)
        self._asked_attestation = Question(
            step,
            "attested",
            f"HV UNPROVED. {text}. Keep the door shut. Switch the mains of {' and '.join(unproved)} off, earth the "
            "output, then attest both with name and reason.",
            "attest",
        )

    def _take_attestation(self, context: Context, answer: Answer) -> None:
        """The word counts for the supplies it was asked for, and for none that a reading says is on."""
        believed = [
            name
            for name in self._attesting
            if not self.proofs[name].proved and self.proofs[name].attest(context.now_ns, context.readings)
        ]
        refused = [name for name in self._attesting if not self.proofs[name].proved]
        if believed:
            self._write(
                "proof", {"unit": self.name, "hv_off": True, "attested": believed, "by": answer.value}
            )
        if refused:
            why = "; ".join(self.proofs[name].explain(context.readings) for name in refused)
            self._write(
                "refused", {"answer": "attested", "step": answer.question.step, "by": answer.by, "why": why}
            )
        self._asked_attestation = None
        # Should a reading outweigh this word, it is asked for again, but not at every scan.
        self._wanted_off_ns = context.now_ns

    def _spun_step(self) -> str:
        """The spin step that had the voltage on last: an answers file attests under its name."""
        phase, visit = self.phase, self._visit
        if phase is not None and phase.do == "spin":
            return phase.step_id
        spun = [result.id for result in self.results if result.do == "spin"]
        to_come = [] if visit is None else [phase.step_id for phase in visit.phases if phase.do == "spin"]
        return spun[-1] if spun else to_come[0] if to_come else self.name

    def guarded(self, demand: Demand, situation: Situation) -> Permitted:
        """The guard's decision on a demand, and the actions its trips ask for."""
        situation = situation.wanting(name for name, output in demand.outputs.items() if output.energised)
        permitted = self.spec.decide(
            demand.outputs, situation, self.machine.state, self.spec.interlocks, self._permitted
        )
        self._permitted = permitted.outputs
        now_ns = situation.readings.now_ns
        for trip in permitted.trips:
            self._tripped(trip, now_ns)
        for breach in permitted.breaches:
            self.alarms += 1
            self._write("breach", {"unit": self.name, "output": breach.output, "text": breach.text})
            if self.machine.may(Command.ABORT) and self.state is not State.ABORTING:
                self.fire(Command.ABORT, now_ns, f"internal error: {breach.text}")
        return permitted

    def _tripped(self, trip: Trip, now_ns: int) -> None:
        condition, finding = trip.condition, trip.finding
        self.alarms += 1
        if self.first_trip is None:
            self.first_trip = trip
        self._write(
            "trip",
            {
                "tag": condition.tag,
                "unit": self.name,
                "title": condition.title,
                "text": finding.text,
                "value": finding.value,
                "limit": finding.limit,
                "takes": list(condition.takes),
                "then": condition.then,
                "priority": condition.priority,
                "consequence": condition.consequence,
                "cause": condition.cause,
                "what_to_do": condition.what_to_do,
            },
        )
        if condition.then is Then.NONE:
            return
        command = self.machine.strongest_legal(Command(condition.then.value))
        # An abort in Aborting or Aborted is accepted by the table and changes nothing: it is not said twice.
        if command is not None and self.state not in (State.ABORTING, State.ABORTED):
            self.fire(command, now_ns, f"{condition.tag}: {finding.text}")
