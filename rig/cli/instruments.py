"""`spinrig instruments`: the drivers there are, what each fills in, and what has proven it."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from rig.cli import output
from rig.instruments.catalog import CATALOG, DriverInfo

DESCRIPTION = """\
The drivers there are: the section of the rig file each stands in, the models it drives, how its line is set, the
channels it fills in, and what has proven it so far.
"""
EXAMPLES = """\
examples:
  spinrig instruments
  spinrig instruments --json
"""
ROLES: Final = {
    "pumps": "syringe pump",
    "hv": "high-voltage supply",
    "current": "current meter of the collector",
    "climate": "climate of the chamber",
    "inputs": "digital inputs (door, emergency stop, exhaust)",
    "furnace": "furnace controller",
    "gas": "gas flow controller",
    "oxygen": "oxygen analyser",
}


def add_parser(subparsers: Any) -> None:
    """Add the word `instruments`."""
    parser = subparsers.add_parser(
        "instruments", help="the drivers there are", description=DESCRIPTION, epilog=EXAMPLES
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a driver")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print all drivers."""
    for number, info in enumerate(CATALOG.values()):
        if args.json:
            output.json_line(as_data(info))
            continue
        if number:
            print()
        print(output.styled(f"{info.name}: {info.title}", "bold", sys.stdout))
        output.table([("  section", f"[{info.section}.*], {ROLES[info.section]}"), *_rows(info)])
    return 0


def _rows(info: DriverInfo) -> list[tuple[str, str]]:
    rows = []
    if info.models:
        default = "; model must be given" if info.model_required else f"; without model: {info.models[0]}"
        rows.append(("  models", ", ".join(info.models) + default))
    line = f"{info.link}" + (", a VISA resource" if info.visa else ", a serial port")
    if info.addresses is not None:
        line += f"; addresses {info.addresses.start} to {info.addresses.stop - 1}, several on one line"
    rows.append(("  line", line))
    filled = channels(info)
    rows.append(
        ("  fills in", ", ".join(filled) if filled else "one channel for each contact the rig file names")
    )
    rows.append(("  proven by", info.proven))
    return rows


def channels(info: DriverInfo) -> list[str]:
    """The channels it fills in, by the last part of their names; empty where the rig file names them."""
    return [channel.name for channel in getattr(info.load(), "channels", ())]


def as_data(info: DriverInfo) -> dict[str, Any]:
    """One driver for a program."""
    return {
        "driver": info.name,
        "section": info.section,
        "title": info.title,
        "models": list(info.models),
        "line": str(info.link),
        "visa": info.visa,
        "addresses": None if info.addresses is None else [info.addresses.start, info.addresses.stop - 1],
        "channels": channels(info),
        "proven": info.proven,
    }
