"""What a person is told whose command the spinning station does not take now: on a whole host, in each state."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.abort_trials import PATHS
from rig.engine.states import TABLE, Command, State, allowed
from tests.end_to_end.spinning import Spinning, Station, recipe_text

WORDS = (
    Command.PAUSE, Command.RESUME, Command.HOLD, Command.RESTART, Command.COMPLETE, Command.STOP, Command.CLEAR,
    Command.RESET,
)  # fmt: skip
"""`start` and `done` are nobody's to say (test_commands.py), `abort` is never refused."""


@pytest.mark.parametrize("state", [state for state in State if state is not State.STARTING])
def test_each_refused_command_is_answered_with_state_command_and_what_is_taken(
    tmp_path: Path, state: State
) -> None:
    spun = Spinning(tmp_path, recipe_text(duration="10 s"))
    station = Station(spun.session, spun.session.recipe, spun.fit.assignment)
    if state is not State.IDLE:
        station.begin()
        station.until(lambda: spun.outputs.on("hv.needle"), 10.0, "on")
    for command in PATHS[state]:
        station.unit.fire(command, station.now_ns(), "test")
    assert station.unit.state is state
    was = list(spun.outputs.changes), station.unit.reason, station.unit.phase
    # Between two scans: nothing else moves meanwhile.
    refused = [word for word in WORDS if word not in TABLE[state]]
    if state is State.HELD:
        refused.remove(Command.RESUME)  # for people, what leaves Held is called resume as well
    assert len(refused) >= 3
    for word in refused:
        why = station.host.command(word, None, "Ada")
        takes = ", ".join(allowed(state))
        assert why == f"spin is {state}: it does not take '{word}' now (it takes: {takes})"
        assert station.unit.state is state
    said = [data for _, data in spun.found("refused")]
    assert [(data["command"], data["by"]) for data in said] == [(str(word), "Ada") for word in refused]
    assert (list(spun.outputs.changes), station.unit.reason, station.unit.phase) == was
    station.host.command("abort", None, "Ada")
    station.until(lambda: not spun.outputs.on("hv.needle"), 5.0, "off")
    station.close()
    spun.lab.close()
