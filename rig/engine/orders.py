"""What comes from outside: signals, commands and answers, each meant for one run, one unit or all of them.

Called in the scan's thread, between two scans. What is accepted is seen later, in the units' states; what is refused is
said at once, with the reason, and journalled like what is accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rig.engine.arc_back_off import awaits_retry, stay_held
from rig.engine.clearing import against_going_on, clear_in_place, clears_in_place
from rig.engine.drive import Drive
from rig.engine.engine import Engine
from rig.engine.questions import BadAnswer
from rig.engine.run import Run
from rig.engine.states import Command, IllegalCommand, State
from rig.engine.unit import Unit
from rig.safety.alarms_list import AlarmRefused


class Orders:
    """Who may be told what on one rig."""

    def __init__(self, engine: Engine, drive: Drive) -> None:
        self._engine = engine
        self._drive = drive
        self.interrupts = 0
        self.leaving_ns: int | None = None
        """When it was interrupted for the second time: the host goes as soon as "off" is out."""

    @property
    def run(self) -> Run | None:
        """The run under way; of several, that which began last."""
        return self._engine.runs[-1] if self._engine.runs else None

    @property
    def unit(self) -> Unit:
        """The unit of the run's present visit, before a run the first there is."""
        run = self.run
        return run.unit if run is not None else next(iter(self._engine.units.values()))

    def interrupt(self) -> None:
        """SIGINT or SIGTERM: once stops every run in order, twice aborts and leaves at once."""
        self.interrupts += 1
        if self.interrupts == 1:
            self._engine.write("command", {"command": "stop", "by": "signal", "accepted": True})
            for unit in self._at_work():
                self._fire(unit, Command.STOP, "interrupted", "signal")
            self._call_off(None, "stopped", "interrupted")
        elif self.leaving_ns is None:
            self.leaving_ns = self._drive.now()
            self._engine.write("command", {"command": "abort", "by": "signal", "accepted": True})
            for unit in self._engine.units.values():
                with suppress(IllegalCommand):
                    unit.fire(Command.ABORT, self._drive.now(), "interrupted twice", "signal")
        self._drive.wake()

    def _fire(self, unit: Unit, wanted: Command, cause: str, user: str) -> None:
        command = unit.machine.strongest_legal(wanted)
        if command is not None and unit.state not in (State.ABORTING, State.ABORTED):
            unit.fire(command, self._drive.now(), cause, user)

    def command(self, name: str, reason: str | None, user: str, run_id: str | None = None) -> str | None:
        """A command by its word; None when accepted, else why not. Its effect is seen later.

        run_id: the run it is meant for. Without it an abort is for every unit, and every other command for the one run
        there is; where there are several, it is refused.
        """
        meant: str | None = None
        try:
            run = self._meant_run(name, run_id)
            units = self._meant_units(name, run)
            meant = units[0].name if len(units) == 1 else None
            command = self._meant(name, units[0].state if units else State.IDLE)
            cause = f"{name} by {user}" + (f": {reason}" if reason else "")
            for unit in units:
                in_place = command is Command.CLEAR and clears_in_place(unit)
                if command is Command.CLEAR and (in_place or unit.machine.may(command)):
                    why = self._engine.why_not_clear(unit)
                    if why is not None:
                        raise ValueError(f"not cleared, its cause is still there: {why}")
                if command is Command.RESET and unit.machine.may(command):
                    why = unit.unclean(self._drive.now(), self._engine.readings)
                    if why is not None:
                        raise ValueError(f"not reset: {why}")
                if command in (Command.RESUME, Command.RESTART) and unit.machine.may(command):
                    why = against_going_on(unit, self._engine.situation_now(unit))
                    if why is not None:
                        raise ValueError(f"not resumed: {why}")
                if in_place:
                    clear_in_place(unit, self._engine.situation_now(unit), user, self._engine.write)
                    continue
                if command in (Command.HOLD, Command.PAUSE) and awaits_retry(unit):
                    stay_held(unit, command)
                    continue
                unit.fire(command, self._drive.now(), cause, user)
            ended = False
            if command in (Command.STOP, Command.ABORT):
                ended = self._call_off(run, "stopped" if command is Command.STOP else "aborted", cause)
            if not units and not ended and run is not None:
                raise ValueError(
                    f"{run.run_id} has no unit now ({run.waits_for or 'it is ending'}): it takes stop and abort"
                )
        except (IllegalCommand, ValueError) as error:
            self._engine.write("refused", {"command": name, "by": user, "why": str(error)}, meant)
            return str(error)
        self._engine.write(
            "command", {"command": name, "by": user, "reason": reason, "accepted": True}, meant
        )
        self._drive.wake()
        return None

    def alarm(self, word: str, request: Mapping[str, Any], user: str) -> str | None:
        """Acknowledge, shelve and the like (rig/engine/alarming.py); None when accepted, else why not."""
        told = {
            key: request[key] for key in ("tag", "reason", "minutes", "role") if request.get(key) is not None
        }
        try:
            tags = self._engine.alarming.command(word, request, user)
        except AlarmRefused as error:
            self._engine.write("refused", {"command": word, "by": user, **told, "why": str(error)})
            return str(error)
        self._engine.write("command", {"command": word, "by": user, **told, "tags": tags, "accepted": True})
        return None

    def _meant_run(self, name: str, run_id: str | None) -> Run | None:
        runs = {run.run_id: run for run in self._engine.runs}
        if run_id is not None and run_id not in runs:
            raise ValueError(f"the run {run_id!r} is not under way here ({', '.join(runs) or 'none is'})")
        if run_id is None and len(runs) > 1 and name != Command.ABORT:
            raise ValueError(f"several runs are under way, say which is meant: {', '.join(runs)}")
        if run_id is None and name == Command.ABORT:
            return None
        return runs[run_id] if run_id is not None else self.run

    def _meant_units(self, name: str, run: Run | None) -> list[Unit]:
        """An abort without a run is for every unit; of a run for all that it holds. All else is for the unit of its
        present visit, and for none while it has none: that unit may be another run's."""
        units = self._engine.units
        if run is None:
            return list(units.values()) if name == Command.ABORT else [self.unit]
        if name == Command.ABORT:
            return [units[held] for held in sorted(run.held)]
        return [run.unit] if run.unit.name in run.held else []

    def _at_work(self) -> list[Unit]:
        """The units of all runs' present visits, each once; before a run the first there is."""
        runs = self._engine.runs
        if not runs:
            return [self.unit]
        return list({run.unit.name: run.unit for run in runs if run.unit.name in run.held}.values())

    def _call_off(self, run: Run | None, outcome: str, reason: str) -> bool:
        """End runs that have no visit under way; whether there was one."""
        runs = [run] if run is not None else list(self._engine.runs)
        ended = [one for one in runs if one.call_off(outcome, self._drive.now(), reason)]
        return bool(ended)

    @staticmethod
    def _meant(name: str, state: State) -> Command:
        if name == "resume":
            # Leaves Paused or Held, whichever it is.
            return Command.RESTART if state is State.HELD else Command.RESUME
        if name == "done":
            raise ValueError("'done' is not a command")
        if name == "start":
            raise ValueError("'start' is the run's own: a new run starts the unit")
        return Command(name)

    def answer(self, step: str, key: str, value: Any, by: str, run_id: str | None = None) -> str | None:
        """An answer to an open question; None when taken, else why not. run_id: whose question, where two ask it."""
        unit: Unit | None = None
        try:
            unit = self._asking(step, key, run_id)
            answer = unit.questions.answer(step, key, value, self._drive.now(), by)
        except BadAnswer as error:
            self._engine.write(
                "refused",
                {"answer": key, "step": step, "by": by, "why": str(error)},
                unit.name if unit is not None else None,
            )
            return str(error)
        data: dict[str, Any] = {"step": step, "key": key, "value": answer.value, "by": by}
        if answer.question.field is not None:
            data["unit"] = answer.question.field.unit
        if answer.outside_expectation:
            data["outside_expectation"] = True
        self._engine.write("answer", data, unit.name)
        self._drive.wake()
        return None

    def _asking(self, step: str, key: str, run_id: str | None) -> Unit:
        """The unit that asks this. Raises BadAnswer when none does, or more than one."""
        open_now = self._engine.open_questions()
        asking = [
            name
            for name, question in open_now
            if (question.step, question.key) == (step, key) and self._is_of(name, run_id)
        ]
        if len(asking) == 1:
            return self._engine.units[asking[0]]
        if asking:
            raise BadAnswer(f"[{step}] {key} is asked by several runs: say which is meant")
        asked = ", ".join(question.place for _, question in open_now) or "nothing"
        raise BadAnswer(f"[{step}] {key} is not asked now (asked: {asked})")

    def _is_of(self, unit: str, run_id: str | None) -> bool:
        holder = self._engine.asker(unit)
        return run_id is None or holder is None or holder.run_id == run_id
