"""After an internal error: every output off and off again, what is unproved asked for, every furnace still guarded.

The program no longer makes anything here. Nobody asks for an output any more; but over a hot tube the guard goes on
deciding (gas kept, cut to the hot minimum, closed at over-pressure and when cold), conditions trip and are told, and
what a unit knows of itself moves on. Each of these has a `try` of its own: what is broken in one unit stops neither the
scan nor another unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from rig.engine import periods
from rig.engine.phases.phase import NOTHING, Context
from rig.engine.states import Command, State
from rig.engine.unit import Unit
from rig.outputs import Output
from rig.readings import NS, Readings
from rig.safety.conditions import OutputView, Situation
from rig.safety.furnace_facts import FurnaceFacts

if TYPE_CHECKING:
    from rig.engine.engine import Engine

TOLD_WITHIN_NS: Final = 5 * NS
"""So long a unit may be Aborting before it counts as aborted, whatever has not acknowledged its "off"."""

BLIND_NS: Final = 24 * 3600 * NS
"""So long a tube whose temperature cannot be read is taken for hot where nothing reckons its cooling any more."""

_AT_REST: Final = frozenset({State.IDLE, State.COMPLETE, State.STOPPED, State.ABORTED})

_POWERED: Final = frozenset({"hv", "pump", "furnace"})

Situate = Callable[[Unit, Readings], tuple[dict[str, OutputView], Situation]]


class Breakdown:
    """What the scan does from the first internal error on.

    situate: a unit's outputs as its conditions see them; culprit: the unit in whose work it happened, None where that
    cannot be told. Of a culprit without gas nothing is evaluated any more: off, off again each second, and proved.
    """

    def __init__(self, engine: Engine, situate: Situate, culprit: str | None) -> None:
        self._engine = engine
        self._situate = situate
        self._culprit = culprit
        self._began_ns = engine.now()
        self._off_ns: int | None = None
        self._permitted: dict[str, Mapping[str, Output]] = {}
        self._stale: set[str] = set()
        """Units whose guard or facts could not be moved on at this scan."""

    # Off

    def all_off(self) -> None:
        """Every output but gas is told off, each in its own try."""
        engine = self._engine
        self._off_ns = engine.now()
        for outlet in engine.outlets.values():
            if outlet.kind == "gas":
                continue
            try:
                outlet.ordered = None
                outlet.line.off(outlet.name)
            except Exception as error:
                text = f"(and {outlet.name} could not be told off: {error})"
                if text not in (engine.error or ""):
                    engine.error = f"{engine.error} {text}"

    def begin(self) -> None:
        """After the first "off": from now on how long a unit is to be watched is asked through here."""
        for unit in self._engine.units.values():
            if unit.spec.stay is not None:
                self._try(partial(self._watch_stay, unit, unit.spec.stay))

    def _watch_stay(self, unit: Unit, stay: Callable[[Readings], bool]) -> None:
        unit.spec = replace(unit.spec, stay=partial(self._stay, unit, stay))

    # The scan

    def scan(self, now_ns: int) -> None:
        """Off again each second, guard, prove, ask, and the runs closed `failed`.

        Raises what makes it hopeless to go on (a proof that cannot be taken, a run that cannot be closed), but only
        when no tube has to be watched any more.
        """
        engine = self._engine
        if self._off_ns is None or now_ns - self._off_ns >= periods.OFF_RETRY_NS:
            self.all_off()
        self._keep_pace(now_ns)
        self._try(engine.hearing.take_reports)
        self._try(partial(engine.abandon_hanging, now_ns))
        hopeless: Exception | None = None
        for unit in engine.units.values():
            error = self._scan_unit(unit, now_ns)
            hopeless = error or hopeless
        self._try(partial(engine.alarming.scan, now_ns, engine.readings, self._quality_changed()))
        if engine.on_question is not None:
            self._try(engine.on_question)
        for run in list(engine.runs):
            try:
                run.fail(now_ns, f"internal error: {engine.error}")
                run.advance(now_ns, engine.readings)
            except Exception as error:
                hopeless = error
        if hopeless is not None and not self.any_stays():
            raise hopeless

    def _keep_pace(self, now_ns: int) -> None:
        """The quick period until every output is known to be off and discharged; then that of watching a hot tube."""
        engine = self._engine
        try:
            quick = any(
                outlet.told_on for outlet in engine.outlets.values() if outlet.kind in _POWERED
            ) or any(
                not proof.proved or not proof.discharged(now_ns)
                for unit in engine.units.values()
                for proof in unit.proofs.values()
            )
        except Exception as error:
            self._note(error)
            quick = True
        period_ns = periods.SCAN_HV_NS if quick else periods.SCAN_ACTIVE_NS
        lease_ns = periods.LEASE_HV_NS - periods.LEASE_MARGIN_NS if quick else periods.LEASE_SCANS * period_ns
        engine.pacing.period_ns = period_ns
        for line in engine.lines.values():
            self._try(partial(line.renew, now_ns + lease_ns))

    def _scan_unit(self, unit: Unit, now_ns: int) -> Exception | None:
        """One unit's part; an error where its supplies cannot be proved."""
        readings = self._engine.readings
        try:
            views, situation = self._situate(unit, readings)
        except Exception as error:
            self._stale.add(unit.name)
            self._note(error)
            return error if unit.proofs else None
        gas = "gas" in unit.spec.outputs.values()
        if not self._engine.connecting and (gas or unit.name != self._culprit):
            self._guard(unit, views, situation, now_ns)
        self._try(partial(self._ask, unit, views, now_ns))
        return None

    def _guard(self, unit: Unit, views: Mapping[str, OutputView], situation: Situation, now_ns: int) -> None:
        """Conditions, guard and facts with nothing requested. What it permits is acted on for gas only: all else is
        off already."""
        done = self._try(partial(self._abort, unit, views, now_ns))
        done = self._try(partial(self._decide, unit, situation)) and done
        permitted = self._permitted.get(unit.name, {})
        for name, view in views.items():
            output = permitted.get(name)
            if view.kind == "gas" and output is not None:
                outlet, write = self._engine.outlets[name], self._engine.writer(unit.name)
                done = self._try(partial(outlet.act, output, True, now_ns, write)) and done
        if unit.spec.feed is not None:
            done = self._try(partial(unit.spec.feed, now_ns, situation.readings, permitted)) and done
        if done:
            self._stale.discard(unit.name)
        else:
            self._stale.add(unit.name)

    def _decide(self, unit: Unit, situation: Situation) -> None:
        self._permitted[unit.name] = unit.guarded(NOTHING, situation).outputs

    def _abort(self, unit: Unit, views: Mapping[str, OutputView], now_ns: int) -> None:
        """No step is under way any more: a unit that is at work, or is told to be, is aborted."""
        if unit.state is State.ABORTING:
            told = all(not view.told_on for view in views.values() if view.kind != "gas")
            if told or now_ns - self._began_ns > TOLD_WITHIN_NS:
                cause = "all outputs told off" if told else "not all acknowledged"
                unit.fire(Command.DONE, now_ns, cause)
        elif unit.state not in _AT_REST:
            unit.fire(Command.ABORT, now_ns, f"internal error: {self._engine.error}")

    def _ask(self, unit: Unit, views: Mapping[str, OutputView], now_ns: int) -> None:
        """Also after an internal error an unproved supply is ended by a person's word only."""
        engine = self._engine
        write = engine.writer(unit.name)
        context = Context(now_ns, engine.readings, views, unit.proofs, unit.questions, write)
        context.why_hands_off = lambda: "the run has broken off"
        context.keep_away()
        unit.ask_attestation(context, NOTHING, True)

    def _quality_changed(self) -> bool:
        board = self._engine.board
        changed, board.quality_changed = board.quality_changed, False
        return changed

    # How long

    def _stay(self, unit: Unit, stay: Callable[[Readings], bool], readings: Readings) -> bool:
        """Whether somebody has to go on watching a unit. What does not move on any more, or gets no readings, is not
        asked: its gas would be waited for without end; then it is the temperature that counts, or how hot it can be."""
        facts = unit.spec.facts
        if unit.name not in self._stale:
            try:
                if self._engine.blind and isinstance(facts, FurnaceFacts):
                    return facts.floor_degc >= facts.open_degc
                return stay(readings)
            except Exception as error:
                self._note(error)
        if not isinstance(facts, FurnaceFacts):
            return False
        temperature = readings.value(f"{unit.name}.temperature_degc")
        if temperature is None or facts.doubted:
            return readings.now_ns - self._began_ns < BLIND_NS
        return temperature >= facts.open_degc

    def any_stays(self) -> bool:
        """Whether any tube has to be watched: as long as one has, nothing that breaks ends the scan."""
        readings = self._engine.readings
        stays = [unit.spec.stay for unit in self._engine.units.values() if unit.spec.stay is not None]
        return any(stay(readings) for stay in stays)

    # Trying

    def _try(self, function: Callable[[], object]) -> bool:
        """Do it; whether it was done. What it raises goes no further."""
        try:
            function()
        except Exception as error:
            self._note(error)
            return False
        return True

    def _note(self, error: Exception) -> None:
        """The first error stays the run's; a later one is kept only where there is none yet."""
        if self._engine.last_exception is None:
            self._engine.last_exception = error
