"""`spinrig emulate`: an emulated instrument, or the whole emulated rig of a file, for any program to speak to."""

from __future__ import annotations

import argparse
import math
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.problems import InputError, Problems
from recipes.toml_text import nearest, read_text_file
from rig.bench.model import Bench
from rig.bench.rigfile import load_rig, simulate
from rig.bench.start import StartState, read_start
from rig.cli import output
from rig.instruments.catalog import CATALOG, PLANNED

if TYPE_CHECKING:
    from rig.simulation.laboratory import Laboratory

DESCRIPTION = """\
Serves emulated instruments in real time, until interrupted. They answer with the real instruments' bytes, and what
they measure comes from models of pump, supply, jet and chamber.

With a rig file every instrument of it is served, instruments of one port on one port. With a driver's name those
instruments of the built-in demonstration rig that it drives are served, the rest of that rig stands behind them: its
syringes hold the founding recipe's solutions. A line is printed for each instrument once it can be opened.

With --status a line follows every so many seconds on what the outputs really do (heater power, temperatures, gas, high
voltage, what the pumps deliver), whatever they were told: "t_s 12.0  furnace.tube power_pct=31.2 ...", or with --json
{"t_s": 12.0, "status": {"furnace.tube": {"power_pct": 31.2, ...}, ...}}."""

EXAMPLES = """\
examples:
  spinrig emulate new-era --pty
  spinrig emulate my-rig.toml --tcp 50001 --json
  spinrig emulate keithley-6485 --start found.toml
  spinrig emulate my-rig.toml --pty --start hot.toml --status 1"""


def add_parser(subparsers: Any) -> None:
    """`spinrig emulate`."""
    parser = subparsers.add_parser("emulate", description=DESCRIPTION, epilog=EXAMPLES)
    parser.add_argument(
        "what", metavar="DRIVER|RIG.toml", help="a driver (see `spinrig instruments`), or a rig file"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--tcp",
        metavar="PORT",
        type=int,
        help="serve on TCP ports of this machine, from PORT on (0: any free ones)",
    )
    where.add_argument(
        "--pty", action="store_true", help="serve on pseudo-terminals (the default where there are any)"
    )
    parser.add_argument("--start", metavar="START.toml", type=Path, help="in which state they are found")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="seed of all noise (0)")
    parser.add_argument(
        "--status", metavar="SECONDS", type=_seconds, help="say every so often what the outputs really do"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted; 0."""
    from rig.simulation.laboratory import Laboratory
    from rig.simulation.liquids import scene_data
    from rig.simulation.serve import CannotServe, Server
    from rig.simulation.starting import apply_start

    bench, wires = _bench(args.what)
    start = None if args.start is None else _start(args.start, bench)
    laboratory = Laboratory(bench, scene_data(bench), args.seed)
    if start is not None:
        apply_start(laboratory, start)
    try:
        server = Server(laboratory, tcp_port=_port(args), wires=wires)
    except CannotServe as error:
        raise output.Refused(str(error)) from error
    interrupted = False

    def interrupt(number: int, frame: object) -> None:
        nonlocal interrupted
        interrupted = True
        server.post(lambda: None)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for name, url in server.urls.items():
            driver = bench.instruments[name].driver
            if args.json:
                output.json_line({"instrument": name, "driver": driver, "url": url})
            else:
                print(f"{name} {driver} {url}", flush=True)
        if args.status is not None:
            _tell_status(laboratory, set(server.urls), args.status, args.json)
        server.run(lambda: interrupted)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        server.close()
    return 0


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.1 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f'"{text}" is no distance of lines: 0.1 seconds or more')
    return seconds


def _tell_status(laboratory: Laboratory, names: set[str], every_s: float, as_json: bool) -> None:
    """A line now and every so often, in the laboratory's own time."""
    from rig.lines.scheduler import Rank
    from rig.readings import NS
    from rig.simulation.truth import truth

    scheduler = laboratory.scheduler
    due_ns = scheduler.now_ns

    def tell() -> None:
        nonlocal due_ns
        t_s = scheduler.now_ns / NS
        found = {name: values for name, values in truth(laboratory).items() if name in names}
        if as_json:
            output.json_line({"t_s": t_s, "status": found})
        else:
            said = (f"{name} {' '.join(map(_pair, values.items()))}" for name, values in found.items())
            print("  ".join((f"t_s {t_s:.1f}", *said)), flush=True)
        due_ns += round(every_s * NS)
        scheduler.call_at(due_ns, tell, Rank.COMMAND)

    tell()


def _pair(item: tuple[str, float | bool | None]) -> str:
    key, value = item
    if value is None:
        return f"{key}=none"
    return f"{key}={'yes' if value else 'no'}" if isinstance(value, bool) else f"{key}={value:.1f}"


def _port(args: argparse.Namespace) -> int | None:
    if args.tcp is not None:
        if not 0 <= args.tcp <= 65535:
            raise output.Refused(f"--tcp {args.tcp}: a TCP port lies between 0 and 65535")
        return int(args.tcp)
    return None if args.pty or hasattr(os, "openpty") else 0


def _bench(what: str) -> tuple[Bench, list[str] | None]:
    """The bench to emulate, and the wires to serve (None: all)."""
    if what in CATALOG:
        bench, _ = load_rig(None)
        lines = [bench.line_of(name) for name, one in bench.instruments.items() if one.driver == what]
        return bench, list(dict.fromkeys(lines))
    if what in PLANNED:
        raise output.Refused(f'the driver "{what}" is not built in this version', _drivers())
    path = Path(what)
    if not path.exists():
        guess = nearest(what, CATALOG)
        raise output.Refused(
            f'"{what}" is neither a driver nor a rig file that is there',
            f'did you mean "{guess}"?' if guess else _drivers(),
        )
    bench, _ = load_rig(path)
    return simulate(bench), None


def _drivers() -> str:
    return f"drivers: {', '.join(CATALOG)}"


def _start(path: Path, bench: Bench) -> StartState:
    problems = Problems()
    octets = read_text_file(path, problems, "start state")
    start = None
    if octets is not None:
        start, problems = read_start(octets, bench)
    if start is None:
        raise InputError(problems, str(path))
    return start
