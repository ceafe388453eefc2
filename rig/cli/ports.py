"""`spinrig ports`: what is plugged in, and how a rig file names it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from rig.cli import output

DESCRIPTION = """\
The serial ports of this computer. The first column is what a rig file should say after `port =`: a USB adapter with a
serial number keeps that name wherever it is plugged in. Nothing is opened.
"""
EXAMPLES = """\
example:
  spinrig ports
"""


def add_parser(subparsers: Any) -> None:
    """Add the word `ports`."""
    parser = subparsers.add_parser(
        "ports", help="what is plugged in", description=DESCRIPTION, epilog=EXAMPLES
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a port")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print them."""
    from rig.lines.ports import list_ports

    ports = list_ports()
    if args.json:
        for port in ports:
            output.json_line(asdict(port))
    elif ports:
        output.table([(port.name, port.device, port.description) for port in ports], ("port", "device", ""))
    else:
        output.remark("no serial port was found on this computer")
    return 0
