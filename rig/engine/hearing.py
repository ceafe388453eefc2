"""What the lines report, taken at the beginning of a scan: who answered, what was told, what failed or lapsed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rig.engine.acting import Outlet, describe
from rig.lines.line import Line
from rig.lines.member import Report

Write = Callable[[str, dict[str, Any], int, str | None], object]


class Hearing:
    """Takes reports into the outlets and into the journal of the unit they are about.

    unit_of: the unit of each instrument; write: an event with its time and unit; on_report: after each report.
    """

    def __init__(
        self,
        lines: Mapping[str, Line],
        outlets: Mapping[str, Outlet],
        unit_of: Mapping[str, str],
        write: Write,
        on_report: Callable[[], None],
    ) -> None:
        self._lines = lines
        self._outlets = outlets
        self._unit_of = unit_of
        self._write = write
        self._on_report = on_report
        self.unreachable: dict[str, str] = {}
        """Instruments that did not answer, and why."""

    def take_reports(self) -> None:
        """Everything that the lines have had to say since the scan before."""
        for line in self._lines.values():
            while line.reports:
                self._take(line, line.reports.popleft())
                self._on_report()

    def _take(self, line: Line, report: Report) -> None:
        outlet = self._outlets.get(report.member or "")
        if outlet is not None:
            outlet.take(report)
        unit = self._concerned(line, report)
        data: dict[str, Any] = {"line": report.line, "what": report.what}
        if report.member is not None:
            data["instrument"] = report.member
        if report.text is not None:
            data["text"] = report.text
        if report.what == "connected" and report.identity is not None:
            identity = report.identity
            self.unreachable.pop(report.member or "", None)
            self._write(
                "identity",
                {
                    "instrument": report.member,
                    "model": identity.model,
                    "firmware": identity.firmware,
                    "serial": identity.serial,
                    "text": identity.text,
                },
                report.t_ns,
                unit,
            )
            return
        if report.what == "unreachable":
            self.unreachable[report.member or report.line] = report.text or "no answer"
        if report.what == "lapsed":
            for member in line.members:
                here = self._outlets.get(member)
                if here is not None and here.ordered is not None:
                    here.lapsed = True
        if report.what == "told":
            # A ramp is told ten times a second; the samples hold it. The journal keeps what changes in kind.
            if outlet is not None and report.output is not None and not _same_kind(outlet, report):
                told = {"output": report.member, "state": describe(report.output)}
                self._write("told", told, report.t_ns, unit)
            return
        if report.what == "off":
            if outlet is not None:
                outlet.journalled = None
            self._write("told", {"output": report.member, "state": {"on": False}}, report.t_ns, unit)
            return
        self._write("line", data, report.t_ns, unit)

    def _concerned(self, line: Line, report: Report) -> str | None:
        """The unit a report is about: its instrument's, or that of all instruments on the line."""
        if report.member is not None:
            return self._unit_of.get(report.member)
        units = {self._unit_of.get(member) for member in line.members}
        return units.pop() if len(units) == 1 else None


def _same_kind(outlet: Outlet, report: Report) -> bool:
    """Whether this order differs from the one journalled last only in what a ramp changes."""
    before = outlet.journalled
    outlet.journalled = report.output
    if before is None or report.output is None or type(before) is not type(report.output):
        return False
    if outlet.kind in ("hv", "relays"):
        return True  # a ramp; a heartbeat, and what else a relay does is journalled as it is decided
    return before == report.output
