"""Writes docs/states.md from the state table the program runs on (rig/engine/states.py).

python scripts/states.py           write it
python scripts/states.py --check   say whether it is stale; exit code 1 if so
"""

from __future__ import annotations

import sys
from pathlib import Path

from rig.engine.clearing import STANDS
from rig.engine.states import STRONGER, TABLE, TIMEOUT_S, Command, State, UnitMachine, allowed

PAGE = Path(__file__).parents[1] / "docs" / "states.md"

INTRODUCTION = """# The states of a unit

Made by `python scripts/states.py` from the table in `rig/engine/states.py`; do not edit. A unit (the spinning station,
each furnace) has one of 15 states; ten commands and `done`, a state's own work being finished, change it. The
structure is that of ISA-88 and PackML.
"""

ABORTS = """`abort` is taken in every state. It is drawn here for Aborting and Aborted only, where it changes nothing
and the safe outputs are written again; from every other state it leads to Aborting.
"""

REFUSED = """`·` is refused: the answer names the state, the command and what the state takes, and nothing changes.
"""

ACTIONS = """## What a condition asks for, and what becomes of it

An action the state does not take is replaced by the next stronger one: hold, stop, abort. Outputs are taken away in
every state, whatever the action. In Aborting and Aborted nothing is left to be done, and nothing is said twice.
"""

CLEARING = """## Where trips are cleared

A latched trip stays until its cause is gone and a person at the rig clears it. In Aborted that is the table's `clear`,
which leads over Clearing to Stopped. In {stands} the unit stands still, and `clear` resets
its trips where it is: the state stays, nothing starts by it, and where nothing is latched it is refused as the table
says. What takes no output and asks for nothing is cleared in any state. After a hold that a condition raised: cause
gone, clear, resume; a resume before that is refused and names what is latched.
"""

TIMES = """## How long a passing state may last

Then the unit aborts; Aborting ends as Aborted, with the outputs that were not acknowledged told off again each second.
"""


def count() -> tuple[int, int, int]:
    """Changes, commands that are taken and change nothing, refusals."""
    cells = [(state, command, TABLE[state].get(command)) for state in State for command in Command]
    no_ops = sum(target is state for state, _, target in cells)
    refusals = sum(target is None for _, _, target in cells)
    return len(cells) - no_ops - refusals, no_ops, refusals


def diagram() -> list[str]:
    """The table as a Mermaid state diagram."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> Idle"]
    for state, row in TABLE.items():
        for command, target in row.items():
            if command is not Command.ABORT or target is not State.ABORTING or state is State.ABORTING:
                lines.append(f"    {state} --> {target}: {command}")
    return [*lines, "```"]


def table() -> list[str]:
    """State by command."""
    lines = ["| state | " + " | ".join(Command) + " |", "|---" * (len(Command) + 1) + "|"]
    for state in State:
        cells = [str(TABLE[state].get(command, "·")) for command in Command]
        lines.append(f"| **{state}** | " + " | ".join(cells) + " |")
    return lines


def actions() -> list[str]:
    """State by automatic action: the command it becomes, and where it leads."""
    lines = ["| state | none | " + " | ".join(STRONGER) + " |", "|---" * (len(STRONGER) + 2) + "|"]
    for state in State:
        cells = [action_in(state, wanted) for wanted in STRONGER]
        lines.append(f"| **{state}** | stays | " + " | ".join(cells) + " |")
    return lines


def action_in(state: State, wanted: Command) -> str:
    """What an automatic action becomes in a state."""
    if state in (State.ABORTING, State.ABORTED):
        return "stays"
    machine = UnitMachine("unit")
    machine.state = state.value
    command = machine.strongest_legal(wanted)
    return "stays" if command is None else f"{command} → {TABLE[state][command]}"


def page() -> str:
    """The whole text."""
    changes, no_ops, refusals = count()
    sums = (
        f"{changes + no_ops + refusals} cells: {changes} changes, {no_ops} commands that are taken and change nothing, "
        f"{refusals} refusals."
    )
    times = [
        "| state | s |",
        "|---|---|",
        *(f"| {state} | {limit:g} |" for state, limit in TIMEOUT_S.items()),
    ]
    taken = ["| state | a person may command |", "|---|---|"]
    taken += [f"| {state} | {', '.join(allowed(state))} |" for state in State]
    parts = [
        INTRODUCTION,
        "\n".join(diagram()) + "\n",
        ABORTS,
        "## The table\n",
        "\n".join(table()) + "\n",
        sums + " " + REFUSED,
        "\n".join(taken) + "\n",
        ACTIONS,
        "\n".join(actions()) + "\n",
        CLEARING.format(stands=" and ".join(", ".join(s for s in State if s in STANDS).rsplit(", ", 1))),
        TIMES,
        "\n".join(times) + "\n",
    ]
    return "\n".join(parts)


def main(words: list[str]) -> int:
    """Write or check."""
    if words == ["--check"]:
        stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page()
        print(f"{PAGE.name}: {'stale, run python scripts/states.py' if stale else 'as the table says'}")
        return int(stale)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
