"""Acting: the guard's answer goes into the lines' mailboxes, off first, and nothing waits for a reply.

What is about to energise waits until its event is durable in the record; what is to be off is told at once and again
each second until it is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rig.engine.periods import OFF_RETRY_NS
from rig.lines.line import Line
from rig.lines.member import Member, Report, Told
from rig.outputs import FurnaceOutput, GasOutput, HvOutput, Output, PumpOutput, RelayOutput
from rig.readings import Reading, Readings
from rig.records.record import Ticket
from rig.safety.conditions import OutputView


def describe(output: Output | None) -> dict[str, Any]:
    """An output's wanted state as plain data for the journal."""
    if isinstance(output, HvOutput):
        return {"on": output.on, "voltage_kv": output.voltage_kv, "limit_ua": output.limit_ua}
    if isinstance(output, PumpOutput):
        return {
            "running": output.running,
            "rate_ml_h": output.rate_ml_h,
            "diameter_mm": output.diameter_mm,
            "batch": output.batch,
        }
    if isinstance(output, FurnaceOutput):
        return {
            "mode": output.mode,
            "program": output.number,
            "hold_back_degc": output.hold_back_degc,
            "segments": [
                {"ramp_degc_min": s.ramp_degc_min, "target_degc": s.target_degc, "dwell_s": s.dwell_s}
                for s in output.segments
            ],
        }
    if isinstance(output, RelayOutput):
        return {"bits": output.bits}
    if isinstance(output, GasOutput):
        return {"flow_sccm": output.flow_sccm}
    return {"on": False}


class Outlet:
    """One output: where its line is, what was ordered last, and what came of it."""

    def __init__(self, name: str, line: Line, member: Member) -> None:
        self.name = name
        self.kind = member.spec.kind
        self.line = line
        self.member = member
        self.ordered: Output | None = None
        self.failed: str | None = None
        self.lapsed = False
        self.journalled: Output | None = None
        self._off_ns: int | None = None
        self._ticket: Ticket | None = None

    @property
    def told_on(self) -> bool:
        """On as far as anybody knows: told so, or unknown."""
        member = self.member
        return member.maybe_on or member.told_state is Told.UNKNOWN or member.told is not None

    def view(self, proved_off: bool) -> OutputView:
        """This output as conditions and guard see it."""
        member = self.member
        told = member.told
        return OutputView(
            self.name,
            self.kind,
            self.ordered is not None,
            told,
            member.maybe_on or member.told_state is Told.UNKNOWN or told is not None,
            member.told_ns,
            proved_off,
            self.failed,
            self.lapsed,
        )

    def take(self, report: Report) -> None:
        """A report of the line about this instrument."""
        if report.what == "failed" and report.output is not None:
            self.failed = report.text
        elif report.what in ("off", "connected"):
            self.failed = None
        # An "off" that failed needs nothing here: the output is unknown, counts as on, and is told again in a second.

    def off_again(self) -> None:
        """At the next scan that wants it off it is told so again, whatever has been proved."""
        self._off_ns = None

    def act(
        self,
        permitted: Output,
        proved_off: bool,
        now_ns: int,
        write: Callable[[str, dict[str, Any]], Ticket | None],
    ) -> None:
        """Bring the mailbox to what is permitted."""
        if not permitted.energised:
            self._ticket = None
            self.lapsed = False  # the guard has seen it by now
            if self.ordered is not None or self._off_ns is None:
                self.ordered = None
                self._tell_off(now_ns)
                write("off", {"output": self.name})
            elif not (proved_off and not self.told_on) and now_ns - self._off_ns >= OFF_RETRY_NS:
                self._tell_off(now_ns)
            return
        if permitted is self.ordered or permitted == self.ordered:
            return
        if self.ordered is None:
            if self._ticket is None:
                self._ticket = write("energise", {"output": self.name, "wanted": describe(permitted)})
            if self._ticket is not None and not self._ticket.done:
                return  # the next scan looks again; nothing energises before its event is on the disk
            if self._ticket is not None and self._ticket.failed is not None:
                self.failed = f"its event could not be recorded ({self._ticket.failed})"
                self._ticket = None
                return
            self._ticket = None
        self.ordered = permitted
        self.line.order(self.name, permitted)

    def _tell_off(self, now_ns: int) -> None:
        self._off_ns = now_ns
        self.line.off(self.name)


class GasOutlet(Outlet):
    """A flow controller: never "off" by itself, zero is a flow like any other; what is found flowing is not touched.

    found: what it shows instead of what it was told, once it has acknowledged that: two readings in a row that say the
    same (a frame has no checksum, and a set point on its ramp is not forgotten). Whether that is to be told again or
    taken as it is, the guard decides (`furnace_gas.as_found`); here it is told again what is permitted, each second.
    """

    def __init__(self, name: str, line: Line, member: Member) -> None:
        super().__init__(name, line, member)
        self.found: GasOutput | None = None
        self._channel = f"{name}.setpoint_sccm"
        self._acknowledged_ns: int | None = None
        self._shown: Reading | None = None

    def view(self, proved_off: bool) -> OutputView:
        """With what it shows."""
        return replace(super().view(proved_off), found=self.found)

    def take(self, report: Report) -> None:
        """From its acknowledgement on readings are held against the order."""
        super().take(report)
        if report.what == "told" and report.output == self.ordered and self._acknowledged_ns is None:
            self._acknowledged_ns = report.t_ns

    def see(self, readings: Readings) -> None:
        """The set point it shows at this scan."""
        reading = readings.get(self._channel)
        if self._acknowledged_ns is None or readings.value(self._channel) is None:
            self.found = self._shown = None  # silent, or not told yet: nothing is known
            return
        assert reading is not None and reading.value is not None
        before = self._shown
        if reading.t_ns <= self._acknowledged_ns or (before is not None and reading.t_ns == before.t_ns):
            return
        self._shown = reading
        same = before is not None and before.value == reading.value
        self.found = GasOutput(reading.value) if same and self._differs(reading.value) else None

    def _differs(self, shown_sccm: float) -> bool:
        """By more than half a step of the instrument; at a limit it may have been rounded down by a whole one."""
        assert isinstance(self.ordered, GasOutput)
        step_sccm = float(getattr(self.member.driver, "set_step_sccm", 0.0)) * (1 + 1e-9)
        return not -step_sccm < shown_sccm - self.ordered.flow_sccm <= step_sccm / 2 + 1e-9

    def act(
        self,
        permitted: Output,
        proved_off: bool,
        now_ns: int,
        write: Callable[[str, dict[str, Any]], Ticket | None],
    ) -> None:
        """Order a flow that differs, and order it again each second while it is not acknowledged or not shown."""
        self.lapsed = False
        if permitted == self.ordered:
            again = self._acknowledged_ns is None or self.found is not None or self._came_back()
            if not again or self._off_ns is None or now_ns - self._off_ns < OFF_RETRY_NS:
                return
        else:
            write("energise", {"output": self.name, "wanted": describe(permitted)})
            self._acknowledged_ns = self.found = self._shown = None
        self._off_ns = now_ns
        self.ordered = permitted
        self.line.order(self.name, permitted)

    def _came_back(self) -> bool:
        """Its line was lost after it had acknowledged, and it is read again, as it was told."""
        return self.member.told_state is Told.UNKNOWN and self._shown is not None


def outlets(lines: Mapping[str, Line]) -> dict[str, Outlet]:
    """Every output of the bench, high voltage first: "off" goes to it first."""
    found = [
        (GasOutlet if member.spec.kind == "gas" else Outlet)(member.name, line, member)
        for line in lines.values()
        for member in line.members.values()
        if member.spec.has_output
    ]
    found.sort(key=lambda outlet: (outlet.kind != "hv", outlet.name))
    return {outlet.name: outlet for outlet in found}
