"""Every cell of the state table on a unit that got there by its own work: 15 states by 11 commands, and by the four
actions that a condition may ask for. And that docs/states.md is drawn from the same table."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rig.engine.phases.phase import DONE, Demand
from rig.engine.states import TABLE, Command, IllegalCommand, State, UnitMachine, allowed
from rig.safety.conditions import Then
from tests.engine.unit_bench import ON, Bench, Scripted, condition

ROOT = Path(__file__).parents[2]
MAY_ENERGISE = {
    State.RUNNING,
    State.PAUSING,
    State.HOLDING,
    State.RESTARTING,
    State.STOPPING,
    State.COMPLETING,
}
"""States in which a phase is asked what it wants on; in every other state nothing is on."""

SAME = {State.ABORTING, State.ABORTED}


def _run(bench: Bench, then: Command | None = None, finish: str | None = None, **says: Demand) -> Scripted:
    """Running with everything on; then a command; `finish`: the phase says that it is done with that."""
    phase = Scripted(
        says=dict.fromkeys(("holding", "stopping", "completing", "restarting"), Demand(ON)) | says
    )
    bench.begin(phase)
    bench.scan()
    bench.scan()
    if then is not None:
        bench.fire(then)
        bench.scan()
    if finish is not None:
        phase.says[finish] = DONE
        bench.scan()
    return phase


def _starting(bench: Bench) -> None:
    bench.ready = "hv.needle is not connected"
    bench.begin(Scripted())
    bench.scan()


def _restarting(bench: Bench) -> None:
    _run(bench, Command.HOLD, "holding")
    bench.fire(Command.RESTART)
    bench.scan()


def _complete(bench: Bench) -> None:
    _run(bench, Command.COMPLETE, "completing")
    bench.scan()


def _aborting(bench: Bench) -> None:
    _run(bench)
    bench.told_on = True
    bench.fire(Command.ABORT)
    bench.scan()


def _aborted(bench: Bench) -> None:
    _aborting(bench)
    bench.told_on = False
    bench.scan()


def _clearing(bench: Bench) -> None:
    _aborted(bench)
    bench.set_proved(False)
    bench.fire(Command.CLEAR)
    bench.scan()


TO: dict[State, Callable[[Bench], object]] = {
    State.IDLE: lambda bench: bench.scan(),
    State.STARTING: _starting,
    State.RUNNING: _run,
    State.PAUSING: lambda bench: _run(bench, Command.PAUSE),
    State.PAUSED: lambda bench: _run(bench, Command.PAUSE, "running"),
    State.HOLDING: lambda bench: _run(bench, Command.HOLD),
    State.HELD: lambda bench: _run(bench, Command.HOLD, "holding"),
    State.RESTARTING: _restarting,
    State.COMPLETING: lambda bench: _run(bench, Command.COMPLETE),
    State.COMPLETE: _complete,
    State.STOPPING: lambda bench: _run(bench, Command.STOP),
    State.STOPPED: lambda bench: _run(bench, Command.STOP, "stopping"),
    State.ABORTING: _aborting,
    State.ABORTED: _aborted,
    State.CLEARING: _clearing,
}


def at(state: State, bench: Bench | None = None) -> Bench:
    """A unit in that state."""
    bench = bench or Bench()
    TO[state](bench)
    assert bench.state() is state, bench.states()
    return bench


def everything(bench: Bench) -> list[Any]:
    """What a refused command may not touch."""
    unit = bench.unit
    return [
        unit.state,
        unit.phase,
        unit.reason,
        unit.early,
        unit.off_again,
        unit._since_ns,
        unit._permitted,
        list(unit.results),
        list(bench.journal),
    ]


CHANGES = [(s, c) for s in State for c in Command if TABLE[s].get(c) not in (None, s)]
NO_OPS = [(s, c) for s in State for c in Command if TABLE[s].get(c) is s]
REFUSALS = [(s, c) for s in State for c in Command if c not in TABLE[s]]


def test_there_are_165_cells() -> None:
    assert (len(CHANGES), len(NO_OPS), len(REFUSALS)) == (42, 2, 121)
    assert set(TO) == set(State)


@pytest.mark.parametrize(("state", "command"), CHANGES + NO_OPS)
def test_a_command_that_is_taken_changes_the_unit_as_the_table_says(state: State, command: Command) -> None:
    bench = at(state)
    bench.unit.off_again = False  # the engine has seen to an earlier abort
    before = len(bench.journal)
    bench.fire(command)
    target = TABLE[state][command]
    assert bench.state() is target
    ((kind, data),) = bench.journal[before:]
    assert kind == "state"
    assert data == {
        "unit": "spin", "from": state, "to": target, "trigger": command, "cause": f"{command} by Ada", "user": "Ada",
    }  # fmt: skip
    assert bench.unit.off_again is (command is Command.ABORT)
    bench.told_on = command is Command.ABORT
    outputs = bench.scan().outputs  # what is on after that is what the new state's phase asks for, or nothing
    if target not in MAY_ENERGISE:
        assert not any(output.energised for output in outputs.values()), outputs


@pytest.mark.parametrize(("state", "command"), REFUSALS)
def test_a_command_that_is_refused_says_why_and_changes_nothing(state: State, command: Command) -> None:
    bench = at(state)
    before = everything(bench)
    with pytest.raises(IllegalCommand) as refused:
        bench.fire(command)
    takes = ", ".join(allowed(state))
    assert takes
    assert str(refused.value) == f"spin is {state}: it does not take '{command}' now (it takes: {takes})"
    assert (refused.value.state, refused.value.command) == (state, command)
    assert everything(bench) == before
    twin = at(state)  # and what comes next is what would have come without it
    assert bench.scan().outputs == twin.scan().outputs
    assert bench.journal == twin.journal


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("then", list(Then))
def test_an_automatic_action_ends_in_a_legal_state_with_its_outputs_off(then: Then, state: State) -> None:
    bench = at(state, Bench(condition(then)))
    bench.values["hot"] = 1.0
    before = len(bench.said("state"))
    permitted = bench.scan()
    assert len(bench.said("trip")) == 1
    assert not any(output.energised for output in permitted.outputs.values())
    wanted = None if then is Then.NONE or state in SAME else Command(then.value)
    machine = UnitMachine("spin")
    machine.state = state.value
    command = None if wanted is None else machine.strongest_legal(wanted)
    fired = [data for data in bench.said("state")[before:] if data["cause"] == "hot: It is hot."]
    if command is None:
        assert fired == []
        return
    (change,) = fired
    # A state whose own work ends in this very scan (Starting that is ready) has been left before the guard looked.
    assert (change["from"], change["to"]) == (state, TABLE[state][command])
    assert change["trigger"] == command
    assert bench.state() in {State.HOLDING, State.STOPPING, State.ABORTING}
    for _ in range(60):
        permitted = bench.scan()  # and goes on to rest without anything coming on again
        assert not any(output.energised for output in permitted.outputs.values())


def test_an_automatic_abort_in_aborting_and_aborted_is_not_said_twice() -> None:
    for state in SAME:
        bench = at(state, Bench(condition(Then.ABORT)))
        bench.told_on = state is State.ABORTING
        before = len(bench.said("state"))
        bench.values["hot"] = 1.0
        bench.scan()
        assert bench.said("state")[before:] == []
        assert bench.state() is state


def test_the_page_of_states_is_as_the_table_says() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "states.py"))
    assert (ROOT / "docs" / "states.md").read_text(encoding="utf-8") == made["page"](), (
        "docs/states.md is stale: python scripts/states.py"
    )
    assert made["count"]() == (42, 2, 121)
    text = made["page"]()
    arrows = [line for line in text.splitlines() if " --> " in line and "[*]" not in line]
    # Thirteen aborts are told of in words: everything leads to Aborting.
    assert len(arrows) == 42 + 2 - 13
    for state, row in TABLE.items():
        for command, target in row.items():
            if command is not Command.ABORT:
                assert f"    {state} --> {target}: {command}" in arrows
