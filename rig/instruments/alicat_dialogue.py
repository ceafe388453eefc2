"""Asking one Alicat, so that an answer is never taken for that of another question.

The frames carry neither a number nor the time, and a driver that asks again too soon reads the previous answer (a
known trap of other drivers). So after every failure the version is asked first: its answer is like no other, and
answers come in the order of their requests, so when it has come nothing older is on its way.
"""

from __future__ import annotations

import re

from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted, Refused
from rig.lines.port import Port

GAP_S = 0.2
"""Silence that ends an answer of several lines."""
LONGEST = 1 << 14
VERSION = re.compile(rb"(?<![0-9])(\d{1,2})v(\d{1,2})")
"""Major and minor version in an answer to VE: 6v21.0-R22 Nov 30 2016,16:04:20, after the unit's letter or not."""


class Dialogue:
    """Requests and replies of one unit on a wire that it may share.

    in_step: False when an answer may be on its way for which nobody waits any more; set it so after a reply that
    turned out to be damaged.
    """

    __slots__ = ("_id", "_port", "_unit", "in_step", "name")

    def __init__(self, name: str, unit: str, port: Port) -> None:
        self.name = name
        self.in_step = False
        self._unit = unit
        self._id = unit.encode("ascii")
        self._port = port

    def fail(self, what: str, reply: bytes) -> InstrumentError:
        """What is wrong with a reply, or with none."""
        port = self._port
        if reply.strip() == b"?":
            return Refused(
                f"{self.name}: {what}: the controller answered ? (unknown command or out of range)"
            )
        if not reply.endswith(b"\r"):
            tries = f"{port.attempts} attempt{'s' if port.attempts != 1 else ''}"
            rest = f": {reply[:80]!r}" if reply else ""
            return NoReply(
                f"{self.name}: {what}: no whole reply of unit {self._unit} within {port.deadline_s:g} s{rest}, {tries}"
            )
        return BadReply(f"{self.name}: {what}: reply damaged or not meant for us: {reply[:80]!r}")

    def exchange(self, request: bytes) -> bytes:
        """One line of our unit, or "?"; without its CR when it was not complete in time."""
        port = self._port
        port.discard_input()
        port.write(request)
        while True:
            line = port.read_until(b"\r", 256)
            if line[:1] == self._id or not line.endswith(b"\r") or line == b"?\r":
                return line

    def get_in_step(self) -> bytes:
        """Ask for the version and read up to its answer. Gives the answer, or what there was of one."""
        port = self._port
        port.discard_input()
        port.write(self._id + b"VE\r")
        while True:
            line = port.read_until(b"\r", 256)
            if not line.endswith(b"\r"):
                return line
            if line == b"?\r" or (VERSION.search(line) is not None and b"+" not in line):
                self.in_step = True
                return line

    def ready(self, attempt: int, what: str) -> bool:
        """Before each attempt: give way to an "off", and get in step. False when that failed."""
        if attempt and self._port.off_waiting():
            raise Preempted(f"{self.name}: {what}: given up, an off is waiting for this line")
        if not self.in_step:
            self.get_in_step()
        return self.in_step

    def version(self) -> bytes:
        """The answer to VE. Raises NoReply or Preempted."""
        line = b""
        for attempt in range(self._port.attempts):
            if attempt and self._port.off_waiting():
                raise Preempted(f"{self.name}: version: given up, an off is waiting for this line")
            self.in_step = False
            line = self.get_in_step()
            if self.in_step:
                return line
        raise self.fail("version", line)

    def line(self, request: bytes, what: str) -> bytes:
        """One line, asked again when it does not come. Raises NoReply or Preempted."""
        line = b""
        for attempt in range(self._port.attempts):
            if self.ready(attempt, what):
                line = self.exchange(request)
                if line.endswith(b"\r"):
                    return line
                self.in_step = False
        raise self.fail(what, line)

    def lines(self, request: bytes, what: str) -> list[str]:
        """An answer of several lines, whole when nothing has come for GAP_S. Raises NoReply, Refused or Preempted."""
        port = self._port
        data = b""
        for attempt in range(port.attempts):
            if not self.ready(attempt, what):
                continue
            port.discard_input()
            port.write(request)
            data, waited_s = b"", 0.0
            while len(data) < LONGEST:
                port.sleep(GAP_S)
                more = port.discard_input()
                data += more
                waited_s += GAP_S
                if not more and (data or waited_s >= port.deadline_s):
                    break
            if data.strip() == b"?":
                raise self.fail(what, data)
            if data.endswith(b"\r"):
                lines = (line.strip() for line in data.decode("ascii", "replace").split("\r"))
                return [line for line in lines if line]
            self.in_step = False
        raise self.fail(what, data)
