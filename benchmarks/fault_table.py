"""Prints what comes of each fault of safety rule 10 alone, as the table of docs/faults.md.

    python -m benchmarks.fault_table > docs/faults.md

Each row is a run of the demonstration rig in virtual time; what is said of outputs is taken at the emulated
instruments. Two processes, some minutes.
"""

from __future__ import annotations

import re
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.end_to_end.fault_cases import AFTER_S, CASES, Case, Seen, strike
from tests.end_to_end.furnace_runs import FURNACE

HEAD = f"""# Faults, each alone

Made by `python -m benchmarks.fault_table > docs/faults.md`: do not edit. The founding recipe on the demonstration rig.
Faults of the spinning station strike {AFTER_S:.0f} s after the spin step began (20 kV are up, the clock runs) and last
to the end where nothing else is said; the clock is shortened to 3 min. Faults of the furnace strike on the way up, in
air or in argon, at 5 or 10 °C/min. Times in seconds from the fault. `tests/end_to_end/test_each_fault.py` holds it.

*Detected*: the first alarm. *Told*: the first "off" that the instrument heard. *Off*: when the supply, or the heater,
was off. *A person sees*: that alarm's text.

| fault | at | detected | alarm | what was told, and done | outcome | a person sees |
|---|---|---|---|---|---|---|"""

NOT_THERE = """
`clock-step` on the controller is not there: nothing in an emulated run reads the clock of the day. A real run reads it
once, when its clock is made; what counts from then on is the machine's steady clock, which goes on while the machine
sleeps (`tests/end_to_end/test_each_fault.py::test_a_step_of_the_clock_of_the_day_moves_no_time_of_a_run`).

Not detected, and why: see the rows without an alarm. What is there instead: for a door contact that sticks a second
contact (`twin`), `spinrig rig prove` and the interlock chain of the supply itself; for a syringe that siphons the
weight of the mat; for an analyser that reads low or slowly the volume of gas that every purge needs besides; for a
read-back that is frozen the proof at the end, which it fails. An air leak is seen when the oxygen passes three times
what the purge was proved with: after a purge by volumes alone (6 of them stand for 1 %) that is a coarse limit.
"""


def when(case: Case) -> str:
    """The moment in words."""
    one = case.strikes
    if one.step is None:
        return "when the mat burns"
    ends = f", for {one.duration_s:g} s" if one.duration_s else ""
    return f"{one.step} + {one.after_s:.0f} s{ends}"


def told(seen: Seen) -> str:
    """What the instruments heard and did."""
    case, parts = seen.case, []
    stays = case.recipe is None and not case.off_s and seen.outcome == "completed"
    for t_s, name, data in seen.told:
        if name == FURNACE:
            parts.append(f"{name} SP 0 at {t_s:.2f}")
        elif not stays:
            text = data[1:-1].decode() if name.startswith("hv") else "STP"
            parts.append(f"{name} `{text}` at {t_s:.2f}")
    if seen.off_s is not None:
        parts.append(f"hv off at {seen.off_s:.2f}, pumps at {max(seen.pumps_s or 0.0, 0.0):.2f}")
    elif stays:
        parts.append("nothing: it spins on to its end")
    if case.made is not None:
        parts.append(f"driven {seen.output_pct:.0f} %, real power {seen.power_pct:.0f} % after 60 s")
    if seen.gas:
        argon = ", ".join(f"{sccm:g} at {t_s:.0f}" for t_s, sccm in seen.gas[:3])
        parts.append(f"argon {argon}{' ...' if len(seen.gas) > 3 else ''}")
    if seen.live_kv > 0.1:
        parts.append(f"**{seen.live_kv:.0f} kV at the end**")
    return "; ".join(parts) or "nothing"


def row(case: Case, seen: Seen) -> str:
    """One line of the table."""
    if seen.detected_s is None:
        detected, alarm, sees = f"not detected: {case.why}", "", "nothing"
    else:
        detected = f"{seen.detected_s:.1f}"
        alarm = f"{seen.tag}{', ' + seen.priority if seen.priority else ''}"
        sees = seen.text
    outcome = seen.outcome + (f"; {seen.left}" if seen.left else "")
    outcome += "; the record could not be written" if seen.record_failed else ""
    cells = (case.name, when(case), detected, alarm, told(seen), outcome, sees)
    return "| " + " | ".join(_cell(text) for text in cells) + " |"


def _cell(text: str) -> str:
    """On one line, and not too long."""
    text = " ".join(re.sub(r"\?world=\d+", "", text).replace("|", "/").split())
    return text if len(text) <= 230 else text[:227] + "..."


def made(number: int) -> str:
    """The row of one case."""
    case = CASES[number]
    with tempfile.TemporaryDirectory() as folder:
        return row(case, strike(case, Path(folder)))


def main() -> None:
    """All of them, in their order; progress on the error stream."""
    print(HEAD, flush=True)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for case, line in zip(CASES, pool.map(made, range(len(CASES))), strict=True):
            print(case.name, file=sys.stderr, flush=True)
            print(line, flush=True)
    print(NOT_THERE, end="")


if __name__ == "__main__":
    main()
