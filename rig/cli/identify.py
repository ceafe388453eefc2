"""`spinrig identify`: who is there? Queries only, on a rig that nobody uses."""

from __future__ import annotations

import argparse
import textwrap
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rig.cli import output

if TYPE_CHECKING:
    from rig.bench.model import Bench
    from rig.cli.asking import Answer

DESCRIPTION = """\
Asks every instrument of a rig who it is, and says beforehand what asking does to each. Queries only: nothing is
switched, started, stopped or set up. A rig that is in use is left alone. Without --rig the demonstration rig is asked,
all of it emulated.
"""
EXAMPLES = """\
examples:
  spinrig identify --rig bench-1.toml
  spinrig identify --rig bench-1.toml --timing
  spinrig identify --rig bench-1.toml --simulate

exit code 2 when an instrument does not answer as the rig file says, else 0
"""
EFFECTS: Final = {
    "new-era": "VER. An alarm that waits in the pump (power lost, stalled) counts as seen once it is told. A pump left "
    "in Safe mode starts its time-out with this, and stops and beeps when it runs out.",
    "glassman": "V. The supply counts it as a sign of life: with its time-out on, an output somebody left on by remote "
    "control goes off 1.5 s after the last question.",
    "keithley-6485": "*IDN?. A meter on GPIB is then under remote control, LOCAL at its panel takes it back.",
    "vaisala": "S, then ?. A transmitter that sends by itself (RUN) stops doing so; with an address it is opened and "
    "closed again.",
    "adam-4000": "$AAM and $AAF. Nothing else happens.",
    "eurotherm": "Reads registers 107, 121 and 122. A comms watchdog counts it as a sign of life.",
    "alicat": "AVE and A??M*. Nothing else happens.",
    "rapidox": "D. Nothing else happens.",
}
"""What identifying sends, and what that does, by driver (the instruments' manuals)."""
TIMING_EFFECTS: Final = {"glassman": " With --timing also Q.", "adam-4000": " With --timing also $AA6."}
TIMED: Final = ("hv", "inputs")
"""Sections whose polls are terms of the reaction time; their polls are queries."""


def add_parser(subparsers: Any) -> None:
    """Add the word `identify`."""
    parser = subparsers.add_parser(
        "identify", help="ask every instrument who it is", description=DESCRIPTION, epilog=EXAMPLES
    )
    parser.add_argument("--rig", type=Path, metavar="RIG.toml", help="the rig to ask")
    parser.add_argument(
        "--timing", action="store_true", help="measure the exchanges the reaction time is made of"
    )
    parser.add_argument(
        "--simulate", action="store_true", help="ask the emulators of these very models instead"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object an instrument")
    parser.set_defaults(run=run)


@dataclass(frozen=True, slots=True)
class Term:
    """One measured exchange beside what the reaction time counts for it, ms."""

    instrument: str
    expected_ms: float
    usual_ms: float
    longest_ms: float
    count: int


def run(args: argparse.Namespace) -> int:
    """Ask; 2 when one of them is not who it should be."""
    from rig.bench.rigfile import load_rig, simulate
    from rig.cli.asking import ask_bench

    bench, problems = load_rig(args.rig)
    output.show_problems(problems, str(args.rig or "the demonstration rig"), bench.text)
    if args.simulate:
        bench = simulate(bench)
    _refuse_shared(bench)
    effects = {
        name: EFFECTS[settings.driver] + (TIMING_EFFECTS.get(settings.driver, "") if args.timing else "")
        for name, settings in bench.instruments.items()
    }
    if not args.json:
        _announce(bench, effects)
    answers = ask_bench(bench, TIMED if args.timing else ())
    terms = [term for answer in answers if (term := _term(bench, answer)) is not None]
    failed = any(answer.error is not None for answer in answers)
    if args.json:
        for answer in answers:
            output.json_line(_as_data(bench, answer, effects, terms))
    else:
        _say(answers)
        if args.timing:
            _say_timing(bench, terms)
    return 2 if failed else 0


def _refuse_shared(bench: Bench) -> None:
    """Two instruments of one address would answer at once: what must be true of a rig's lines comes first."""
    from rig.bench.rules import check_bench

    wanted = ("duplicate-address", "mixed-line", "not-addressable", "same-port", "mixed-simulation")
    wrong = [problem for problem in check_bench(bench, ()) if problem.code in wanted]
    if wrong:
        output.show_problems(wrong, bench.name, bench.text)
        raise output.Refused("nothing was asked", "mend the rig file first")


def _announce(bench: Bench, effects: dict[str, str]) -> None:
    kind = "emulated" if bench.simulated else "real"
    print(output.visible(f"{bench.name}, {kind} instruments. What each is asked, and what that does to it:"))
    said: dict[str, list[str]] = {}
    for name, effect in effects.items():
        said.setdefault(f"{bench.instruments[name].driver}: {effect}", []).append(name)
    for effect, names in said.items():
        words = textwrap.fill(effect, 110, initial_indent="    ", subsequent_indent="    ")
        print(output.visible(f"  {', '.join(names)}\n{words}"))
    print(flush=True)


def _term(bench: Bench, answer: Answer) -> Term | None:
    from rig.bench.reaction import exchange_s

    if not answer.exchanges_ns:
        return None
    ordered = sorted(answer.exchanges_ns)
    return Term(
        instrument=answer.name,
        expected_ms=exchange_s(bench.instruments[answer.name]) * 1e3,
        usual_ms=ordered[len(ordered) // 2] / 1e6,
        longest_ms=ordered[-1] / 1e6,
        count=len(ordered),
    )


def _as_data(bench: Bench, answer: Answer, effects: dict[str, str], terms: list[Term]) -> dict[str, Any]:
    found = answer.identity
    timing = next((term for term in terms if term.instrument == answer.name), None)
    return {
        "instrument": answer.name,
        "driver": bench.instruments[answer.name].driver,
        "where": bench.instruments[answer.name].where,
        "simulated": bench.simulated,
        "asking": effects[answer.name],
        "model": None if found is None else found.model,
        "firmware": None if found is None else found.firmware,
        "serial": None if found is None else found.serial,
        "remark": answer.remark,
        "error": answer.error,
        "timing": None
        if timing is None
        else {key: value for key, value in asdict(timing).items() if key != "instrument"},
    }


def _say(answers: list[Answer]) -> None:
    rows = []
    for answer in answers:
        if answer.identity is None:
            rows.append((answer.name, "not known", "", "", answer.error or ""))
            continue
        found = answer.identity
        firmware = f"firmware {found.firmware}" if found.firmware else ""
        serial = f"serial number {found.serial}" if found.serial else ""
        rows.append((answer.name, found.model, firmware, serial, answer.error or answer.remark or ""))
    output.table(rows, ("instrument", "is", "", "", ""))
    wrong = sum(answer.error is not None for answer in answers)
    if wrong:
        output.complain(
            f"{output.counted(wrong, 'instrument')} of {len(answers)} did not answer as the rig file says",
            "check power, cable, port (spinrig ports), address and baud rate",
        )


def _say_timing(bench: Bench, terms: list[Term]) -> None:
    from rig.bench.reaction import reaction_times

    print()
    if terms:
        clock = "virtual time" if bench.simulated else "measured"
        output.table(
            [
                (
                    term.instrument,
                    f"{term.expected_ms:.1f} ms",
                    f"{term.usual_ms:.1f} ms",
                    f"{term.longest_ms:.1f} ms"
                    + ("  LONGER" if term.longest_ms > 1.1 * term.expected_ms + 2 else ""),
                )
                for term in terms
            ],
            ("exchange", "counted", f"median of {terms[0].count}", f"longest, {clock}"),
        )
    for reaction in reaction_times(bench):
        print(f"reaction time as counted, {reaction.text()}")
