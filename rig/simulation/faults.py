"""Faults on the laboratory's timeline, by the names of the safety rules: lines, instruments, contacts, controller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rig.bench.faults import Fault
from rig.emulators.glassman import GlassmanEmulator
from rig.emulators.wire import LINE_FAULTS
from rig.engine.drive import Drive, VirtualDrive
from rig.lines.scheduler import Call, Rank
from rig.readings import NS
from rig.simulation import computer
from rig.simulation.computer import Action, ControllerCrashed
from rig.simulation.hearth import Hearth
from rig.simulation.laboratory import Laboratory, generator

if TYPE_CHECKING:
    from rig.engine.host import Host

__all__ = ["CannotFail", "ControllerCrashed", "FaultPlan"]

STALL_S = 4.0
"""A stalled scan stands so long where the faults file gives no duration."""

OFFSET_KV = 1.0
"""By so much a supply with `readback-offset` reads too high."""

FLUTTER_S = (0.05, 0.4)
"""A fluttering contact keeps each position for a time between these."""

DOOR_S = 10.0
"""So long the hasty operator leaves the door open where the faults file gives no duration."""


class CannotFail(Exception):
    """A fault that this version cannot bring about; the text names it."""


class FaultPlan:
    """Brings each fault about at its time: after the run's start, or after a step's. Raises CannotFail when made.

    host: whose record and answers are struck by `disk-full` and `wrong-answer`; a plan without one cannot bring these
    about.
    """

    def __init__(
        self, laboratory: Laboratory, drive: Drive, faults: Sequence[Fault], host: Host | None = None
    ) -> None:
        self._laboratory = laboratory
        self._drive = drive
        self._host = host
        self._hasty: Fault | None = None
        self._planned = [(fault, self._action(fault)) for fault in faults]
        self._waiting = [(fault, action) for fault, action in self._planned if fault.step is not None]

    def begin(self) -> None:
        """The run starts: plan the faults that count from here."""
        now_ns = self._laboratory.scheduler.now_ns
        for fault, action in self._planned:
            if fault.at_s is not None:
                self._plan(fault, action, now_ns + round(fault.at_s * NS))

    def on_event(self, kind: str, data: dict[str, Any], t_ns: int) -> None:
        """A step has started: plan the faults that count from there. Spinning ends: a hasty operator opens the door."""
        if kind == "step" and data.get("phase") == "started":
            for waiting in list(self._waiting):
                fault, action = waiting
                if fault.step == data.get("id"):
                    self._waiting.remove(waiting)
                    self._plan(fault, action, t_ns + round(fault.after_s * NS))
        elif kind == "stage" and data.get("stage") == "ending" and self._hasty is not None:
            fault, self._hasty = self._hasty, None
            self._open_door(fault, t_ns)

    def _plan(self, fault: Fault, action: Action, t_ns: int) -> None:
        self._at(t_ns, fault, action, True)
        if fault.duration_s is not None:
            self._at(t_ns + round(fault.duration_s * NS), fault, action, False)

    def _at(self, t_ns: int, fault: Fault, action: Action, on: bool) -> None:
        def act() -> None:
            action(on)

        self._laboratory.scheduler.call_at(t_ns, act, Rank.COMMAND, fault.on)

    def _action(self, fault: Fault) -> Action:
        lab, kind = self._laboratory, fault.kind
        section = fault.on.partition(".")[0]
        if kind in LINE_FAULTS and fault.on in lab.bench.instruments:
            return lambda on: lab.wire_of(fault.on).set_fault(kind, on)
        if section == "inputs":
            return self._contact(fault)
        if section == "controller":
            return self._controller(fault)
        if fault.on == "operator" and kind == "door-at-once":
            return self._haste(fault)
        if fault.on == "operator" and kind == "wrong-answer" and self._host is not None:
            return computer.wrong_answer(self._host)
        if section == "hv" and kind.startswith("readback-"):
            return self._readback(fault)
        if section in ("pumps", "hv", "needles", "climate"):
            return self._part(fault)
        for hearth in lab.hearths.values():
            if hearth.knows(fault.on, kind):
                return self._hearth(hearth, fault)
        raise _not_built(fault)

    # Each kind

    def _part(self, fault: Fault) -> Action:
        """What the scene can do to pumps, supplies, needles and the chamber; a needle goes by its pump's name there."""
        lab, on = self._laboratory, fault.on
        if on.startswith("needles."):
            on = lab.bench.needles[on.partition(".")[2]].pump
        try:
            act = lab.scene.check_fault(on, fault.kind)
        except ValueError as error:
            raise CannotFail(f"the fault {fault.kind!r} on {fault.on}: {error}") from error
        return lambda active: act(lab.scheduler.now_ns, active)

    @staticmethod
    def _hearth(hearth: Hearth, fault: Fault) -> Action:
        """Furnace, gas and oxygen."""
        return lambda on: hearth.fault(fault.on, fault.kind, on)

    def _readback(self, fault: Fault) -> Action:
        device = self._laboratory.devices[fault.on]
        if not isinstance(device, GlassmanEmulator):
            raise _not_built(fault)
        supply: GlassmanEmulator = device
        if fault.kind == "readback-frozen":
            return supply.freeze_readback

        def offset(on: bool) -> None:
            supply.readback_offset_kv = OFFSET_KV if on else 0.0

        return offset

    def _controller(self, fault: Fault) -> Action:
        lab, drive = self._laboratory, self._drive
        if fault.kind == "scan-stall":
            stall_s = fault.duration_s or STALL_S
            return lambda on: drive.stall(stall_s) if on else None
        if fault.kind == "clock-step":
            raise CannotFail(
                "the fault 'clock-step' on controller: nothing in an emulated run reads the clock of the day, so there "
                "is nothing to step; a real run reads it once, when its clock is made"
            )
        if fault.kind == "disk-full" and self._host is not None:
            return computer.disk_full(self._host)
        if isinstance(drive, VirtualDrive):
            if fault.kind == "crash":
                return computer.crash(lab, drive)
            if fault.kind == "power-cut":
                return computer.power_cut(lab, drive)
            if fault.kind == "suspend":
                return computer.suspend(lab, drive, fault.duration_s)
        raise _not_built(fault)

    def _contact(self, fault: Fault) -> Action:
        lab, channel = self._laboratory, fault.channel or ""
        contacts = lab.scene.contacts
        match fault.kind:
            case "open":
                return lambda on: self._move(channel, healthy=not on)
            case "stuck":
                return lambda on: contacts.stick(lab.scheduler.now_ns, channel, on)
            case "flutter":
                return self._flutter(channel)
        raise _not_built(fault)

    def _move(self, channel: str, healthy: bool) -> None:
        """The switch behind an input goes to its healthy side, or away from it."""
        lab = self._laboratory
        declared = next(
            one.healthy
            for module in lab.bench.inputs.values()
            for one in module.channels
            if one.name == channel
        )
        lab.scene.contacts.set(lab.scheduler.now_ns, channel, (declared == "closed") is healthy)

    def _flutter(self, channel: str) -> Action:
        lab = self._laboratory
        rng = generator(lab.seed, f"flutter {channel}")
        next_call: Call | None = None

        def move(healthy: bool) -> None:
            nonlocal next_call
            self._move(channel, healthy)
            t_ns = lab.scheduler.now_ns + round(rng.uniform(*FLUTTER_S) * NS)
            next_call = lab.scheduler.call_at(t_ns, lambda: move(not healthy), Rank.EMULATOR, channel)

        def action(on: bool) -> None:
            if on:
                move(False)
                return
            if next_call is not None:
                next_call.cancel()
            self._move(channel, True)

        return action

    def _haste(self, fault: Fault) -> Action:
        """From its time on the operator does not wait: the door is opened as soon as the next spinning ends."""
        self._door()

        def action(on: bool) -> None:
            if on:
                self._hasty = fault

        return action

    def _door(self) -> str:
        for module in self._laboratory.bench.inputs.values():
            for channel in module.channels:
                if channel.name.startswith("door"):
                    return channel.name
        raise CannotFail("the fault 'door-at-once' on operator: no input of this rig is a door")

    def _open_door(self, fault: Fault, t_ns: int) -> None:
        scheduler, door = self._laboratory.scheduler, self._door()
        scheduler.call_at(t_ns, lambda: self._move(door, healthy=False), Rank.COMMAND, door)
        shut_ns = t_ns + round((fault.duration_s or DOOR_S) * NS)
        scheduler.call_at(shut_ns, lambda: self._move(door, healthy=True), Rank.COMMAND, door)


def _not_built(fault: Fault) -> CannotFail:
    on = fault.on if fault.channel is None else f"{fault.on}.{fault.channel}"
    return CannotFail(f"the fault {fault.kind!r} on {on} is not built in this version")
