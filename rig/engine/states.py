"""The 15 states of a unit and what each command does in each: one table, structured after ISA-88 and PackML.

States ending in *-ing* (and Starting) end by their own work being done, or by a time-out that aborts. `transitions`
decides legality and keeps the state; it does no work, waits for nothing and calls nobody back.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from transitions import Machine


class State(StrEnum):
    """Where a unit is. The value is the word users see."""

    IDLE = "Idle"
    STARTING = "Starting"
    RUNNING = "Running"
    PAUSING = "Pausing"
    PAUSED = "Paused"
    HOLDING = "Holding"
    HELD = "Held"
    RESTARTING = "Restarting"
    COMPLETING = "Completing"
    COMPLETE = "Complete"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    ABORTING = "Aborting"
    ABORTED = "Aborted"
    CLEARING = "Clearing"


class Command(StrEnum):
    """What a unit can be told, and `done`: the state's own work is finished."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    HOLD = "hold"
    RESTART = "restart"
    COMPLETE = "complete"
    STOP = "stop"
    ABORT = "abort"
    CLEAR = "clear"
    RESET = "reset"
    DONE = "done"


_S, _C = State, Command

TABLE: Final[dict[State, dict[Command, State]]] = {
    _S.IDLE: {_C.START: _S.STARTING, _C.ABORT: _S.ABORTING},
    _S.STARTING: {_C.STOP: _S.STOPPING, _C.ABORT: _S.ABORTING, _C.DONE: _S.RUNNING},
    _S.RUNNING: {
        _C.PAUSE: _S.PAUSING,
        _C.HOLD: _S.HOLDING,
        _C.COMPLETE: _S.COMPLETING,
        _C.STOP: _S.STOPPING,
        _C.ABORT: _S.ABORTING,
        _C.DONE: _S.COMPLETING,
    },
    _S.PAUSING: {_C.HOLD: _S.HOLDING, _C.STOP: _S.STOPPING, _C.ABORT: _S.ABORTING, _C.DONE: _S.PAUSED},
    _S.PAUSED: {
        _C.RESUME: _S.RUNNING,
        _C.HOLD: _S.HOLDING,
        _C.STOP: _S.STOPPING,
        _C.ABORT: _S.ABORTING,
    },
    _S.HOLDING: {_C.STOP: _S.STOPPING, _C.ABORT: _S.ABORTING, _C.DONE: _S.HELD},
    _S.HELD: {_C.RESTART: _S.RESTARTING, _C.STOP: _S.STOPPING, _C.ABORT: _S.ABORTING},
    _S.RESTARTING: {
        _C.HOLD: _S.HOLDING,
        _C.STOP: _S.STOPPING,
        _C.ABORT: _S.ABORTING,
        _C.DONE: _S.RUNNING,
    },
    _S.COMPLETING: {_C.STOP: _S.STOPPING, _C.ABORT: _S.ABORTING, _C.DONE: _S.COMPLETE},
    _S.COMPLETE: {_C.ABORT: _S.ABORTING, _C.RESET: _S.IDLE},
    _S.STOPPING: {_C.ABORT: _S.ABORTING, _C.DONE: _S.STOPPED},
    _S.STOPPED: {_C.ABORT: _S.ABORTING, _C.RESET: _S.IDLE},
    _S.ABORTING: {_C.ABORT: _S.ABORTING, _C.DONE: _S.ABORTED},
    _S.ABORTED: {_C.ABORT: _S.ABORTED, _C.CLEAR: _S.CLEARING},
    _S.CLEARING: {_C.ABORT: _S.ABORTING, _C.DONE: _S.STOPPED},
}
"""State, then command, to the next state. A pair that is missing is refused. `abort` in Aborting and Aborted is
accepted and changes nothing: the safe outputs are written again."""

_BY_VALUE: Final = {state.value: state for state in State}
"""State(value) takes ten times as long, and a scan asks a dozen times."""

TIMEOUT_S: Final[dict[State, float]] = {
    _S.STARTING: 120.0,
    _S.HOLDING: 120.0,
    _S.RESTARTING: 7200.0,  # a person wipes and primes
    _S.STOPPING: 120.0,
    _S.COMPLETING: 300.0,
    _S.ABORTING: 5.0,
    _S.CLEARING: 600.0,
}
"""How long a passing state may last; then it aborts (Aborting ends: orders are out, proof is another flag)."""

STRONGER: Final = (_C.HOLD, _C.STOP, _C.ABORT)
"""An automatic action the table refuses takes the next of these that is legal."""


class IllegalCommand(Exception):
    """A command the table refuses; the text names state, command and what is allowed."""

    def __init__(self, unit: str, state: State, command: Command) -> None:
        self.state, self.command = state, command
        names = ", ".join(allowed(state)) or "nothing"
        super().__init__(f"{unit} is {state}: it does not take '{command}' now (it takes: {names})")


def allowed(state: State) -> list[str]:
    """The commands a person may give in this state, for buttons and messages."""
    return [command.value for command in TABLE[state] if command is not Command.DONE]


class UnitMachine:
    """One unit's state on `transitions`; the state changes only through `fire`."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._machine = Machine(
            model=None,
            states=[state.value for state in State],
            initial=None,
            auto_transitions=False,
            ignore_invalid_triggers=False,
        )
        for source, row in TABLE.items():
            for command, target in row.items():
                self._machine.add_transition(command.value, source.value, target.value)
        self._machine.add_model(self, initial=State.IDLE.value)

    state: str

    @property
    def at(self) -> State:
        """The state as an enum."""
        return _BY_VALUE[self.state]

    def may(self, command: Command) -> bool:
        """Whether the table takes the command now."""
        return command in TABLE[self.at]

    def fire(self, command: Command) -> tuple[State, State]:
        """Take the command; (from, to). Raises IllegalCommand."""
        before = self.at
        if not self.may(command):
            raise IllegalCommand(self._unit, before, command)
        self.trigger(command.value)  # type: ignore[attr-defined]
        return before, self.at

    def strongest_legal(self, wanted: Command) -> Command | None:
        """`wanted`, or the next stronger legal action; None where even abort has nothing left to do."""
        for command in STRONGER[STRONGER.index(wanted) :]:
            if self.may(command):
                return command
        return None
