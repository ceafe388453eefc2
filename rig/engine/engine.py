"""The scan: read, step, guard, act, record. The one road to the instruments, and it never waits for one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from rig.engine.acting import GasOutlet, Outlet, outlets
from rig.engine.alarming import NOTED, Alarming
from rig.engine.books import Books
from rig.engine.breakdown import Breakdown
from rig.engine.hearing import Hearing
from rig.engine.opening import Opening
from rig.engine.pacing import Pacing
from rig.engine.phases.phase import Context
from rig.engine.questions import Answer, Question
from rig.engine.run import Run
from rig.engine.sampling import Sampler
from rig.engine.switching import Switching
from rig.engine.unit import Unit
from rig.lines.board import Board
from rig.lines.line import Line
from rig.readings import Reading, Readings
from rig.records.record import Record, Ticket
from rig.safety.conditions import OutputView, Situation
from rig.safety.furnace_guard import AT_REST


class Engine:
    """One rig's scan. `scan` is called by whoever keeps the time; everything else happens in it or before it."""

    def __init__(self, lines: Mapping[str, Line], board: Board, now: Callable[[], int]) -> None:
        self.lines = lines
        self.board = board
        self.now = now
        self.outlets = outlets(lines)
        self.units: dict[str, Unit] = {}
        self.runs: list[Run] = []
        """The runs under way, in the order in which they began."""
        self.books = Books()
        self.alarming = Alarming(lines, self.books, self.write, now, lambda: self.readings)
        self._unit_of: dict[str, str] = {}
        self._writers: dict[str, Callable[[str, dict[str, Any]], Ticket | None]] = {}
        self.hearing = Hearing(lines, self.outlets, self._unit_of, self._write_at, self.alarming.report)
        self.pacing = Pacing(lines, self.units)
        self.opening = Opening(self)
        self.error: str | None = None
        self.readings = board.snapshot(now())
        self.blind = False
        """The readings of this scan could not be taken."""
        self.scans = 0
        self.completed = 0
        """Scans that came to their end, whatever broke in them."""
        self.connecting = True
        """Until every instrument has answered, outputs are off and nothing is judged by readings not taken."""
        self.supervised: frozenset[str] = frozenset()
        """Units that are judged and guarded although not every instrument of the rig has answered."""
        self.releasing = False
        self.switching: Switching | None = None
        self.on_question: Callable[[], None] | None = None
        self.on_event: Callable[[str, dict[str, Any], int], None] | None = None
        self.on_scan: Callable[[], None] | None = None
        """Called at the end of each scan; whoever looks on there must be quick and must not raise."""
        self.last_exception: Exception | None = None
        self.breakdown: Breakdown | None = None
        """What the scan does from the first internal error on."""
        self._at_work: str | None = None
        """The unit whose part of the scan is being done: an error is its own."""

    def add(self, unit: Unit) -> None:
        """Take a unit in; before the first scan."""
        self.units[unit.name] = unit
        self._unit_of |= dict.fromkeys((*unit.spec.outputs, *unit.spec.members), unit.name)
        self._writers[unit.name] = self.writer(unit.name)
        self.alarming.add(unit)

    # Runs

    def begin(self, run: Run, record: Record, sampler: Sampler) -> None:
        """Take a run in: it starts its first visit at the next scan at which its unit is free."""
        self.books.begin(run, record, sampler, self.now())
        self.runs.append(run)

    def end(self, run: Run) -> None:
        """Let a run go: nothing is written into its record any more."""
        self.books.end(run)
        self.runs.remove(run)

    def taken_by(self, unit: str, asking: Run | None) -> str | None:
        """Why a unit is not free for this run: another one has it; None where it is free."""
        holder = self.holder(unit)
        return None if holder is None or holder is asking else f"{unit} is with run {holder.run_id}"

    def holder(self, unit: str) -> Run | None:
        """The run that has a unit now."""
        return next((run for run in self.runs if unit in run.held), None)

    def asker(self, unit: str) -> Run | None:
        """The run that asks at a unit: that which has it, or one that waits to begin there."""
        return self.holder(unit) or next((run for run in self.runs if run.asks_at == unit), None)

    def open_questions(self) -> list[tuple[str, Question]]:
        """What is asked now, with the unit that asks."""
        return [
            (name, question) for name, unit in self.units.items() for question in unit.questions.open.values()
        ]

    def ask(self, unit: Unit, question: Question) -> Answer | None:
        """Ask a person at a unit that has no visit; not while hands must stay away from it."""
        views, _ = self._situation(unit, self.readings)
        writer = self._writers[unit.name]
        context = Context(self.now(), self.readings, views, unit.proofs, unit.questions, writer)
        context.why_hands_off = partial(self._hands_off, unit, self.now())
        context.withheld = partial(self.opening.keep, unit)
        return context.ask(question)

    # Events

    def writer(self, unit: str) -> Callable[[str, dict[str, Any]], Ticket | None]:
        """What a unit writes its events with."""
        return partial(self.write, unit=unit)

    def write(self, kind: str, data: dict[str, Any], unit: str | None = None) -> Ticket | None:
        """Write an event at this moment; before a record is there it is kept for it."""
        return self._write_at(kind, data, self.now(), unit)

    def _write_at(self, kind: str, data: dict[str, Any], t_ns: int, unit: str | None) -> Ticket | None:
        if self.on_event is not None:
            try:
                self.on_event(kind, data, t_ns)
            except Exception:
                if self.error is None:
                    raise  # after an internal error nobody who listens keeps the furnace's guard from acting
        try:
            ticket = self.books.write(kind, data, t_ns, unit)
        except Exception:
            if self.breakdown is None:
                raise
            ticket = None
        if kind in NOTED:
            self.alarming.note(kind, data)
        return ticket

    @property
    def period_ns(self) -> int:
        """The distance of the next scan."""
        return self.pacing.period_ns

    # The scan

    def scan(self) -> None:
        """One scan. An exception from anywhere above the lines ends in the safe state and the outcome `failed`."""
        now_ns = self.now()
        if self.releasing:
            self.abandon_hanging(now_ns)
            return
        self.scans += 1
        try:
            self.readings, self.blind = self.board.snapshot(now_ns), False
        except Exception as error:
            self.readings, self.blind = self._unread(now_ns, error), True
            self.break_down(error)
        if self.error is None:
            try:
                self._scan(now_ns)
            except Exception as error:
                self._broken(error)
        if self.breakdown is not None:
            self.breakdown.scan(now_ns)
        if self.on_scan is not None:
            try:
                self.on_scan()
            except Exception as error:
                self.on_scan = None  # the supply still has to be proved off, and that takes scans
                self.break_down(error)
        self.completed += 1

    def _unread(self, now_ns: int, error: Exception) -> Readings:
        """What is known where the readings themselves cannot be taken: every channel bad, none as it was before."""
        bad = Reading(
            None, now_ns, f"internal error: the readings cannot be taken ({type(error).__name__}: {error})"
        )
        members = [member for line in self.lines.values() for member in line.members.values()]
        return Readings(now_ns, {name: bad for member in members for name in member.names.values()}, {})

    def _scan(self, now_ns: int) -> None:
        self.hearing.take_reports()
        self.abandon_hanging(now_ns)
        readings = self.readings
        live = False
        pumps_live = False
        hv_requested = False
        for unit in self.units.values():
            self._at_work = unit.name
            views, situation = self._situation(unit, readings)
            if self.connecting and unit.name not in self.supervised:
                live = live or not self.supervised
                unit.not_judged_yet(now_ns)
                continue
            facts = unit.spec.facts
            context = Context(
                now_ns,
                readings,
                views,
                unit.proofs,
                unit.questions,
                self._writers[unit.name],
                facts=facts,
                why_hands_off=partial(self._hands_off, unit, now_ns),
                withheld=partial(self.opening.keep, unit),
                why_keep_shut=partial(self.opening.keep_shut, unit),
            )
            context.situation = situation
            context.keep_away()
            demand = unit.step(context)
            permitted = unit.guarded(demand, situation)
            if unit.spec.feed is not None:
                unit.spec.feed(now_ns, readings, permitted.outputs)
            if unit.off_again:
                unit.off_again = False
                for name in views:
                    self.outlets[name].off_again()
            for name, view in views.items():
                output = permitted.outputs.get(name)
                if view.kind == "hv" and output is not None and output.energised:
                    hv_requested = True
                    if self.outlets[name].ordered is None and not self._locked():
                        continue  # the door is locked first; the next scan looks again
                if output is not None:  # a gas that nobody has read yet is left as it is
                    self.outlets[name].act(output, view.proved_off, now_ns, self._writers[unit.name])
            live = (
                live
                or situation.hv_live
                or any(
                    output.energised for name, output in permitted.outputs.items() if views[name].kind == "hv"
                )
            )
            pumps_live = pumps_live or situation.pumps_live
        self._at_work = None
        if self.switching is not None:
            self.switching.scan(self.units, readings, now_ns, hv_requested)
        for run in self.runs:
            run.advance(now_ns, readings)
        open_run = any(not run.closed for run in self.runs)
        self.pacing.set_activity(live or pumps_live, open_run, readings)
        self.pacing.keep_pace(now_ns, live, pumps_live, open_run)
        quality_changed = self._sample()
        self.opening.scan(now_ns)
        if not self.connecting or self.supervised:
            self.alarming.scan(now_ns, readings, quality_changed)
        self._tell_questions()

    def _situation(self, unit: Unit, readings: Readings) -> tuple[dict[str, OutputView], Situation]:
        views: dict[str, OutputView] = {}
        hv_live = pumps_live = False
        for name, kind in unit.spec.outputs.items():
            outlet = self.outlets[name]
            if kind == "furnace":
                view = outlet.view(self.heater_off(outlet, readings))
            elif isinstance(outlet, GasOutlet):
                outlet.see(readings)
                view = outlet.view(True)
            elif kind == "hv":
                proof = unit.proofs[name]
                proof.update(readings, outlet.told_on, outlet.ordered is not None)
                view = outlet.view(proof.proved)
                hv_live = hv_live or view.live
            else:
                view = outlet.view(self._pump_stopped(outlet, readings))
                pumps_live = pumps_live or view.live
            views[name] = view
        at_work = unit.state not in AT_REST
        return views, Situation(readings, views, hv_live, pumps_live, unit.spec.facts, at_work)

    def _locked(self) -> bool:
        """Whether every door lock the rig has is known to be locked."""
        return self.switching is None or self.switching.locked(self.readings)

    def situation_now(self, unit: Unit) -> Situation:
        """What a unit's conditions look at, as of this moment."""
        return self._situation(unit, self.board.snapshot(self.now()))[1]

    def why_not_clear(self, unit: Unit) -> str | None:
        """What still stands against clearing a unit's trips at this moment, or None."""
        remaining = unit.spec.interlocks.remaining(self.situation_now(unit))
        return "; ".join(f"{condition.tag}: {finding.text}" for condition, finding in remaining) or None

    def _hands_off(self, unit: Unit, now_ns: int) -> str | None:
        """Why nobody may be sent to the rig: any supply of it, whoever's work it is on (no program knows which door a
        prompt's words open), and each tube of the asking run that is hot, or not flushed."""
        why = self.opening.why_not(unit)
        if why is not None:
            return why
        for other in self.units.values():
            for proof in other.proofs.values():
                if not proof.proved:
                    return f"high voltage is not proved off ({proof.explain(self.readings)})"
                if not proof.discharged(now_ns):
                    return f"{proof.supply}: its discharge time is not over"
        return None

    @staticmethod
    def heater_off(outlet: Outlet, readings: Readings) -> bool:
        """Told off, and the controller's working output read as nought since."""
        channel = f"{outlet.name}.power_pct"
        reading = readings.get(channel)
        fresh = reading is not None and reading.t_ns > outlet.member.told_ns
        return not outlet.told_on and fresh and readings.value(channel) == 0

    @staticmethod
    def _pump_stopped(outlet: Outlet, readings: Readings) -> bool:
        if outlet.told_on:
            return False
        channel = f"{outlet.name}.running"
        reading = readings.get(channel)
        return reading is not None and reading.t_ns > outlet.member.told_ns and readings.value(channel) == 0

    # Lines

    def abandon_hanging(self, now_ns: int) -> None:
        """Give up lines whose call has not returned for too long; also while leaving and after an internal error."""
        for line in self.lines.values():
            why = line.overdue(now_ns)
            if why is not None:
                line.abandon(why)
                if self.releasing:  # nobody takes reports any more
                    self.write("line", {"line": line.name, "what": "abandoned", "text": why})

    # Recording

    def _sample(self) -> bool:
        """Rows and qualities of this scan; whether a reading has become good or bad."""
        board = self.board
        changed, board.quality_changed = board.quality_changed, False
        self.books.sample(self.readings, changed, self.progress)
        return changed

    def progress(self, run: Run | None = None) -> dict[str, Any]:
        """What is needed to say how far a run had come, as plain data: the checkpoint, and the display's source."""
        units = {
            name: {
                "state": unit.state.value,
                "phase": unit.phase.progress() if unit.phase is not None else None,
            }
            for name, unit in self.units.items()
        }
        return {
            "units": units,
            "visit": run.index if run is not None else None,
            "step": run.step_id if run is not None else None,
        }

    def _tell_questions(self) -> None:
        if self.on_question is not None:
            self.on_question()

    # When something breaks

    def break_down(self, error: Exception) -> None:
        """Something broke beside the scan (a line's task, a posted command): the same end as for what breaks in it."""
        if self.error is None:
            self._broken(error)

    def _broken(self, error: Exception) -> None:
        """Every output off, each in its own try; then the outcome. What follows is `Breakdown`'s."""
        self.error = f"{type(error).__name__}: {error}"
        breakdown = Breakdown(self, self._situation, self._at_work)
        breakdown.all_off()
        try:
            self.write("error", {"text": self.error})
        except Exception as second:
            self.error += f" (and it could not be recorded: {second})"
        self.last_exception = error
        breakdown.begin()
        self.breakdown = breakdown
