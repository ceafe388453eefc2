"""The state table, cell by cell, against the table as standards.md gives it (ISA-88 with PackML's clearing)."""

from __future__ import annotations

import pytest
from transitions import MachineError

from rig.engine.states import (
    STRONGER,
    TABLE,
    TIMEOUT_S,
    Command,
    IllegalCommand,
    State,
    UnitMachine,
    allowed,
)

COMMANDS = (
    "start",
    "pause",
    "resume",
    "hold",
    "restart",
    "complete",
    "stop",
    "abort",
    "clear",
    "reset",
    "done",
)

EXPECTED = """
Idle        Starting .       .       .       .          .          .        Aborting .        .    .
Starting    .        .       .       .       .          .          Stopping Aborting .        .    Running
Running     .        Pausing .       Holding .          Completing Stopping Aborting .        .    Completing
Pausing     .        .       .       Holding .          .          Stopping Aborting .        .    Paused
Paused      .        .       Running Holding .          .          Stopping Aborting .        .    .
Holding     .        .       .       .       .          .          Stopping Aborting .        .    Held
Held        .        .       .       .       Restarting .          Stopping Aborting .        .    .
Restarting  .        .       .       Holding .          .          Stopping Aborting .        .    Running
Completing  .        .       .       .       .          .          Stopping Aborting .        .    Complete
Complete    .        .       .       .       .          .          .        Aborting .        Idle .
Stopping    .        .       .       .       .          .          .        Aborting .        .    Stopped
Stopped     .        .       .       .       .          .          .        Aborting .        Idle .
Aborting    .        .       .       .       .          .          .        Aborting .        .    Aborted
Aborted     .        .       .       .       .          .          .        Aborted  Clearing .    .
Clearing    .        .       .       .       .          .          .        Aborting .        .    Stopped
"""

CELLS = [
    (row.split()[0], command, target)
    for row in EXPECTED.strip().splitlines()
    for command, target in zip(COMMANDS, row.split()[1:], strict=True)
]


def machine_at(state: str) -> UnitMachine:
    """A machine that was driven there by legal commands only."""
    paths: dict[str, list[Command]] = {"Idle": []}
    queue = ["Idle"]
    while state not in paths:
        here = queue.pop(0)
        for command, target in TABLE[State(here)].items():
            if target.value not in paths:
                paths[target.value] = [*paths[here], command]
                queue.append(target.value)
    machine = UnitMachine("spin")
    for command in paths[state]:
        machine.fire(command)
    assert machine.state == state
    return machine


@pytest.mark.parametrize(("state", "command", "target"), CELLS)
def test_state_table(state: str, command: str, target: str) -> None:
    machine = machine_at(state)
    assert machine.may(Command(command)) is (target != ".")
    if target == ".":
        with pytest.raises(IllegalCommand) as refused:
            machine.fire(Command(command))
        text = str(refused.value)
        assert text.startswith(f"spin is {state}: it does not take '{command}' now")
        assert text.endswith(f"(it takes: {', '.join(allowed(State(state)))})")
        assert machine.state == state
    else:
        assert machine.fire(Command(command)) == (State(state), State(target))
        assert machine.state == target


def test_the_table_has_42_changes_2_no_ops_and_121_refusals() -> None:
    changes = [cell for cell in CELLS if cell[2] not in (".", cell[0])]
    no_ops = [cell for cell in CELLS if cell[2] == cell[0]]
    refusals = [cell for cell in CELLS if cell[2] == "."]
    assert (len(CELLS), len(changes), len(no_ops), len(refusals)) == (165, 42, 2, 121)
    assert {(cell[0], cell[1]) for cell in no_ops} == {("Aborting", "abort"), ("Aborted", "abort")}


@pytest.mark.parametrize("goal", [State.IDLE, State.ABORTED])
@pytest.mark.parametrize("start", list(State))
def test_reachability(start: State, goal: State) -> None:
    seen, queue = {start}, [start]
    while queue:
        for target in TABLE[queue.pop()].values():
            if target not in seen:
                seen.add(target)
                queue.append(target)
    assert goal in seen


def test_no_state_lasts_for_ever_but_those_that_wait_for_a_person() -> None:
    waiting = {State.IDLE, State.COMPLETE, State.STOPPED, State.ABORTED, State.HELD, State.PAUSED}
    own_end = {State.RUNNING, State.PAUSING}  # as long as the recipe's step says
    assert set(State) - waiting - own_end == set(TIMEOUT_S)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("action", [Command.HOLD, Command.STOP, Command.ABORT])
def test_automatic_actions_climb_to_the_next_stronger_legal_one(state: State, action: Command) -> None:
    machine = machine_at(state.value)
    command = machine.strongest_legal(action)
    assert command is not None, "abort is legal everywhere"
    assert STRONGER.index(command) >= STRONGER.index(action)
    for weaker in STRONGER[STRONGER.index(action) : STRONGER.index(command)]:
        assert not machine.may(weaker)
    machine.fire(command)
    stays = {State.ABORTING, State.ABORTED}
    assert machine.at in {State.HOLDING, State.STOPPING} | stays


def test_the_state_changes_only_through_the_machine() -> None:
    machine = UnitMachine("spin")
    automatic = [name for name in dir(machine) if name.startswith(("to_", "may_to_"))]
    assert automatic == []
    with pytest.raises((MachineError, AttributeError)):
        machine.trigger("done")  # type: ignore[attr-defined]
    assert machine.state == "Idle"


def test_what_a_person_may_command_now() -> None:
    assert allowed(State.RUNNING) == ["pause", "hold", "complete", "stop", "abort"]
    assert allowed(State.HELD) == ["restart", "stop", "abort"]
    assert allowed(State.ABORTED) == ["abort", "clear"]
    assert all("done" not in allowed(state) for state in State)
