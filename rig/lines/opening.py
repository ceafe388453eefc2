"""How a line's port is opened: the one place that knows serial ports, emulated ports and VISA sessions."""

from __future__ import annotations

from typing import Any

from rig.lines.line import LinePort, Opener
from rig.lines.port import LinkSpec
from rig.lines.runner import Runner
from rig.lines.serialport import open_serial
from rig.lines.trace import Trace


def serial_opener(where: str, link: LinkSpec, trace: Trace | None) -> Opener:
    """For a serial port, pty, `socket://` or `sim://NAME?world=KEY`."""

    def opener(runner: Runner) -> LinePort:
        return open_serial(where, link, runner, trace)

    return opener


def visa_opener(resource: str, link: LinkSpec, trace: Trace | None, library: Any = None) -> Opener:
    """For a VISA resource; `library` is an emulated VISA library instance, or None for the machine's own."""

    def opener(runner: Runner) -> LinePort:
        from rig.lines.visaport import open_visa

        port: LinePort = open_visa(resource, link, library=library, runner=runner, trace=trace)
        return port

    return opener
