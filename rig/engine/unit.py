"""A unit: outputs, conditions, proofs, a state machine, and the phases of its present visit.

The spinning station is the unit "spin". A unit says what it wants at each scan; the guard decides; the engine acts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rig.engine.attesting import Attesting
from rig.engine.phases.phase import DONE, NOTHING, Context, Demand, Phase
from rig.engine.questions import QuestionBoard
from rig.engine.settling import WAIT_NS, Settling
from rig.engine.states import TIMEOUT_S, Command, State, UnitMachine
from rig.outputs import Output
from rig.readings import NS, Readings
from rig.safety import alarms_other
from rig.safety.conditions import Interlocks, Situation, Then, Trip
from rig.safety.guard import Permitted
from rig.safety.proof import HvProof

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
    stay: whether somebody has to go on watching it; over: no step of its run will come any more.
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
    over: Callable[[], None] | None = None


@dataclass(slots=True)
class _Visit:
    phases: Sequence[Phase]
    index: int = 0
    began_ns: int = 0
    results: list[StepResult] = field(default_factory=list)
    attended: frozenset[str] = frozenset()
    rested_ns: int | None = None
    """The present step is done, and a pause keeps the visit at its end, since then."""


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
        self.kept_away: str | None = None
        """Why a question of it that may send hands to a tube is not put (rig/engine/opening.py)."""
        self.stuck_ns: int | None = None
        """Since when nothing brings the end of that nearer."""
        self.tube_shut = False
        """Of a furnace: somebody waits for its tube in vain, and that was said."""
        self.visited_by: str | None = None
        """The run that had it last."""
        self.pause_owed = False
        """A pause was accepted and not served yet: a hold came before its step's end."""
        self.retries = False
        """Held after an arc it goes on by itself, unless a person says otherwise (rig/engine/arc_back_off.py)."""
        self.off_again = False
        """An abort tells every output off, those included that are off already."""
        self.settling = Settling(spec.name, write)
        self._write = write
        self._visit: _Visit | None = None
        self._since_ns = 0
        self._permitted: Mapping[str, Output] = {}
        self._attesting = Attesting(spec.name, self.proofs, write, self._spun_step)
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
    def attended(self) -> bool:
        """Whether the present step wants somebody connected."""
        phase = self.phase
        return phase is not None and self._visit is not None and phase.step_id in self._visit.attended

    @property
    def results(self) -> list[StepResult]:
        """Steps of this visit that have ended, and how."""
        return [] if self._visit is None else self._visit.results

    @property
    def unproved(self) -> bool:
        """High voltage is wanted off and not proved off."""
        return self._attesting.unproved

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
        unproved = self.settling.unproved()
        return f"{' and '.join(unproved)} not read back as off" if unproved else None

    # Commands

    def begin(
        self, phases: Sequence[Phase], now_ns: int, user: str, attended: frozenset[str] = frozenset()
    ) -> None:
        """Start a visit. attended: steps that want somebody connected. Raises IllegalCommand unless it is Idle."""
        self.fire(Command.START, now_ns, "visit begins", user)
        self._visit = _Visit(phases, began_ns=now_ns, attended=attended)
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
        if after in (State.PAUSING, State.IDLE):
            self.pause_owed = False
        elif before is State.PAUSING and after is State.HOLDING:
            self.pause_owed = True
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
                {
                    "tag": alarms_other.FAILED,
                    "unit": self.name,
                    "text": context.failure,
                    "priority": alarms_other.step_failed(self.name).priority,
                },
            )
            self.fire(Command.ABORT, context.now_ns, context.failure)
            return NOTHING
        self.settling.look(context, demand)
        self.ask_attestation(context, demand)
        return demand

    def _watch_time(self, context: Context, state: State) -> None:
        limit_s = TIMEOUT_S.get(state)
        asked = context.questions.open or self.kept_away is not None
        if asked and state in (State.COMPLETING, State.RESTARTING):
            self._since_ns = (
                context.now_ns
            )  # a person is asked, or a tube cools: that takes the time it takes
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
            case State.PAUSED:
                return phase.paused(context) if phase else NOTHING
            case State.HOLDING:
                return self._passing(context, self._at_rest(context) or self._held_by(context, phase))
            case State.HELD:
                return self._at_rest(context) or (phase.held(context) if phase else NOTHING)
            case State.RESTARTING:
                demand = self._at_rest(context) or (phase.restarting(context) if phase else DONE)
                if demand.done:
                    self.fire(Command.DONE, context.now_ns, "done")
                    if self.pause_owed:
                        self.fire(Command.PAUSE, context.now_ns, "a pause that was accepted before the hold")
                return demand
            case State.STOPPING:
                demand = phase.stopping(context) if phase else Demand(done=context.hv_proved_off())
                return self._passing(context, demand, "stopped")
            case State.COMPLETING:
                return self._complete(context, phase)
            case State.ABORTING:
                return self._abort(context, phase)
            case State.CLEARING:
                assert context.situation is not None
                remaining = self.spec.interlocks.clear(context.situation)
                if not remaining and context.hv_proved_off() and not self.settling.unproved():
                    self.fire(Command.DONE, context.now_ns, "faults gone, everything proved off")
                return NOTHING
            case _:
                return NOTHING

    @staticmethod
    def _held_by(context: Context, phase: Phase | None) -> Demand:
        return phase.holding(context) if phase else DONE

    def _at_rest(self, context: Context) -> Demand | None:
        """What a step wants at whose end the visit was paused, in any state it is brought to from there."""
        phase = self.phase
        if phase is None or self._visit is None or self._visit.rested_ns is None:
            return None
        return Demand(phase.paused(context).outputs, done=True)

    def _passing(self, context: Context, demand: Demand, outcome: str | None = None) -> Demand:
        """Leave the state when its work is done and what is wanted off is read back off, or said not to be."""
        if demand.done and self._settled(context, demand):
            if outcome is not None:
                self._step_ended(context, outcome)
            self.fire(Command.DONE, context.now_ns, "done")
        return demand

    def _settled(self, context: Context, demand: Demand) -> bool:
        if not self.settling.settled(context, demand):
            return False
        if self.settling.say(context):
            self.alarms += 1
        return True

    def _abort(self, context: Context, phase: Phase | None) -> Demand:
        if phase is not None:
            phase.aborting(context)
        if self._settled(context, NOTHING) or context.now_ns - self._since_ns > 2 * WAIT_NS:
            self._step_ended(context, "aborted")
            unproved = self.settling.unproved()
            why = f"{' and '.join(unproved)} not proved off" if unproved else "all outputs read back off"
            self.fire(Command.DONE, context.now_ns, why)
        return NOTHING

    def _run(self, context: Context, state: State, phase: Phase | None) -> Demand:
        visit = self._visit
        if phase is None or visit is None:
            # The last step is done: what heats ends with its heater off.
            self.fire(Command.DONE, context.now_ns, "last step done")
            return NOTHING
        if visit.rested_ns is None:
            demand = phase.running(context)
            if not demand.done or context.failure is not None:
                return demand
            if state is State.RUNNING:
                self._step_ended(context, "done")
                self._step_started(context)
                return demand
            visit.rested_ns = context.now_ns
        elif state is State.RUNNING:  # resumed
            self._step_ended(context, "done")
            self._step_started(context)
            return self._run(context, state, self.phase)
        # A pause takes effect at the step's end, which is its safe point.
        demand = phase.paused(context)
        if self._settled(context, demand):
            self.fire(Command.DONE, context.now_ns, "step done: safe point")
        return demand

    def _complete(self, context: Context, phase: Phase | None) -> Demand:
        """The present step ends early; what is left of the visit for a person to do (prompts) is still asked."""
        if phase is not None and self._visit is not None and self._visit.rested_ns is not None:
            self._step_ended(context, "done")  # it was paused at its end, resumed and completed at once
            self._ended_early = True
            return NOTHING
        if phase is not None and self._ended_early and phase.do != "prompt":
            self._step_ended(context, "skipped")
            if self.spec.over is not None:
                self.spec.over()  # what was to end the gas does not come any more
            return NOTHING
        if phase is not None:
            demand = phase.running(context) if self._ended_early else phase.completing(context)
            if demand.done:
                self._step_ended(context, "done" if self._ended_early else "early")
                self._ended_early = True
                self._step_started(context)
            return demand
        if context.hv_discharged() and self._settled(context, NOTHING):
            self.fire(Command.DONE, context.now_ns, "everything proved off, discharge time over")
        return NOTHING

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
        last = outcome not in ("done", "early", "skipped")
        paused: dict[str, Any] = {}
        if visit.rested_ns is not None:
            # It was done when the pause began; what went on meanwhile (time in band) the record says.
            outcome = "done"
            paused = {"paused_s": (context.now_ns - visit.rested_ns) / NS, **phase.progress()}
            visit.rested_ns = None
        visit.results.append(StepResult(phase.step_id, phase.do, outcome, duration_s))
        self._write(
            "step",
            {
                "id": phase.step_id,
                "do": phase.do,
                "phase": "ended",
                "outcome": outcome,
                "duration_s": duration_s,
                **paused,
            },
        )
        visit.index += len(visit.phases) if last else 1

    def not_judged_yet(self, now_ns: int) -> None:
        """While instruments are still connecting: a supply that has just answered gets its time to be proved off."""
        self._attesting.not_judged_yet(now_ns)

    def ask_attestation(self, context: Context, demand: Demand, over: bool = False) -> None:
        """What nobody wants on and nobody has proved off is loud, in every state. over: nothing is wanted at all."""
        wanted = not over and any(
            output.energised and self.spec.outputs.get(name) == "hv"
            for name, output in demand.outputs.items()
        )
        if self._attesting.look(context, wanted):
            self.alarms += 1

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
