"""Prints what comes of each fault of the furnace part, as the table of docs/furnace-faults.md.

    python -m benchmarks.furnace_faults > docs/furnace-faults.md

Each row is a run of the demonstration rig in virtual time, with the furnace's own cooling to its end; what is said of
bytes, power, gas and temperatures is taken at the emulated instruments.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from rig.readings import NS
from tests.end_to_end.furnace_cases import CASES, NITROGEN, Case, Happened, happen
from tests.end_to_end.furnace_runs import ARGON, STABILISE, Heating
from tests.end_to_end.spinning import fault

HEAD = """# Faults of the furnace part

Made by `python -m benchmarks.furnace_faults > docs/furnace-faults.md`: do not edit. The recipe is the founding one's
heat treatment with its ramps at 5 °C/min to 280 °C in air and 10 °C/min to 800 °C in argon (200 sccm). Every run goes
on until the host has nothing to watch any more.

*Detected*: from the fault to the trip, which takes the heater at the same scan. *Heater told*: writes to the
controller within 1.5 s of the trip. *Power*: what reaches the element 1.5 s and 60 s after it. *Gas told*: set points
from the fault to the end, with the minute after the fault. *Flow*: in sccm, 10 min after the trip, and at the end.
*Highest*: true temperature of the tube, and of the mat, after the fault. *Watched*: from the trip to the end of
supervision.

| fault | at | detected | alarm | heater told | power | gas told | flow | highest | watched | outcome; left |
|---|---|---|---|---|---|---|---|---|---|---|"""

KNOWN = {
    "0110803000060c000000000000000000000000": "SP",
    "0106294f0001": "RST",
}
LEGEND = """
SP: `01 10 80 30 00 06 0C` and twelve zero bytes, the target set point, SP1 and SP2 to 0 °C. RST: `01 06 29 4F 00 01`,
the programmer to reset. Both with their CRC; Eurotherm EPC3000, Modbus RTU.
"""


def told(frame: bytes) -> str:
    """A write to the controller by its short name, or in hex."""
    return KNOWN.get(frame[:-2].hex(), f"`{frame.hex(' ')}`")


def gas_told(found: Happened) -> str:
    """Set points by flow controller."""
    parts = [
        f"{'' if name == ARGON else name + ' '}`{data.decode().strip()}` at {(t_s - found.fault_ns / NS) / 60:.1f}"
        for t_s, name, data in found.gas
    ]
    return ", ".join(parts) or "nothing"


def row(name: str, case: Case, found: Happened) -> str:
    """One line of the table."""
    heating = found.heating
    after = f"{found.argon_after_sccm:.0f}"
    if found.nitrogen_told:
        after += f" + {found.nitrogen_after_sccm:.0f} {NITROGEN}"
    others = f" (then {', '.join(heating.tags[1:])})" if heating.tags[1:] else ""
    priority = heating.trips[0][1]["priority"]
    cells = (
        name,
        f"{found.fault_degc:.0f} °C",
        f"{found.detected_s:.1f} s",
        f"{heating.tags[0]}, {priority}{others}",
        " ".join(told(frame) for frame in found.heater),
        f"{heating.power_pct[1.5]:.0f} %, {heating.power_pct[60.0]:.0f} %",
        gas_told(found),
        "air" if case.recipe.endswith(STABILISE) else f"{after}; {heating.argon_at_end_sccm:.0f}",
        f"{found.tube_peak_degc:.0f} °C, {found.mat_peak_degc:.0f} °C",
        f"{found.watched_s / 60:.0f} min",
        f"{heating.result.ending.outcome}; {heating.result.left or 'nothing left'}",
    )
    return "| " + " | ".join(cells) + " |"


def undisturbed(runs: Path) -> str:
    """The same stabilisation with door and chamber exhaust gone: nothing happens."""
    doors = [
        fault("inputs.bench", "open", at_s=60.0, channel=channel) for channel in ("door_closed", "exhaust_ok")
    ]
    heating = Heating(runs, STABILISE, doors).run()
    return (
        f"| door open, chamber exhaust off, from the first minute | 23 °C | not an alarm of the furnace | "
        f"{', '.join(heating.tags) or 'none'} | none | as programmed | nothing | air | "
        f"as programmed | | {heating.result.ending.outcome}; {heating.result.left or 'nothing left'} |"
    )


def main() -> None:
    """All of them; the rows as they come, progress on the error stream."""
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, case) in enumerate(CASES.items()):
            print(f"{name} ...", file=sys.stderr, flush=True)
            print(row(name, case, happen(case, Path(folder) / str(number))), flush=True)
        print(undisturbed(Path(folder) / "doors"), flush=True)
    print(LEGEND, end="")


if __name__ == "__main__":
    main()
