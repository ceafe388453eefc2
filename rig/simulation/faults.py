"""Faults on the laboratory's timeline, by the names of the safety rules: lines, instruments, contacts, controller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rig.bench.faults import Fault
from rig.emulators.wire import LINE_FAULTS
from rig.engine.drive import Drive
from rig.lines.scheduler import Rank
from rig.readings import NS
from rig.simulation.laboratory import Laboratory


class CannotFail(Exception):
    """A fault that this version cannot bring about; the text names it."""


class FaultPlan:
    """Brings each fault about at its time: after the run's start, or after a step's."""

    def __init__(self, laboratory: Laboratory, drive: Drive, faults: Sequence[Fault]) -> None:
        self._laboratory = laboratory
        self._drive = drive
        self._faults = faults
        self._waiting: list[Fault] = [fault for fault in faults if fault.step is not None]
        for fault in faults:
            self._action(fault)  # refuse now what cannot be done later

    def begin(self) -> None:
        """The run starts: plan the faults that count from here."""
        now_ns = self._laboratory.scheduler.now_ns
        for fault in self._faults:
            if fault.at_s is not None:
                self._plan(fault, now_ns + round(fault.at_s * NS))

    def on_event(self, kind: str, data: dict[str, Any], t_ns: int) -> None:
        """A step has started: plan the faults that count from there."""
        if kind != "step" or data.get("phase") != "started":
            return
        for fault in list(self._waiting):
            if fault.step == data.get("id"):
                self._waiting.remove(fault)
                self._plan(fault, t_ns + round(fault.after_s * NS))

    def _plan(self, fault: Fault, t_ns: int) -> None:
        scheduler = self._laboratory.scheduler
        action = self._action(fault)
        scheduler.call_at(t_ns, lambda: action(True), Rank.COMMAND, fault.on)
        if fault.duration_s is not None:
            end_ns = t_ns + round(fault.duration_s * NS)
            scheduler.call_at(end_ns, lambda: action(False), Rank.COMMAND, fault.on)

    def _action(self, fault: Fault) -> Callable[[bool], object]:
        """What begins (True) and ends (False) the fault. Raises CannotFail."""
        lab, kind = self._laboratory, fault.kind
        section = fault.on.partition(".")[0]
        if kind in LINE_FAULTS and fault.on in lab.bench.instruments:
            return lambda on: lab.wire_of(fault.on).set_fault(kind, on)
        if section == "inputs":
            return self._contact(fault)
        if fault.on == "controller" and kind == "scan-stall":
            stall_s = fault.duration_s or 4.0
            return lambda on: self._drive.stall(stall_s) if on else None
        if section in ("pumps", "hv", "needles", "climate"):
            try:
                lab.scene.check_fault(fault.on, kind)
            except ValueError as error:
                raise CannotFail(str(error)) from error
            return lambda on: lab.scene.fault(lab.scheduler.now_ns, fault.on, kind, on)
        raise CannotFail(f"the fault {kind!r} on {fault.on} is not built in this version")

    def _contact(self, fault: Fault) -> Callable[[bool], object]:
        lab, channel = self._laboratory, fault.channel or ""
        if fault.kind == "open":
            healthy = next(
                one.healthy
                for module in lab.bench.inputs.values()
                for one in module.channels
                if one.name == channel
            )
            return lambda on: lab.scene.contacts.set(
                lab.scheduler.now_ns, channel, (healthy == "closed") is not on
            )
        raise CannotFail(f"the fault {fault.kind!r} on {fault.on}.{channel} is not built in this version")
