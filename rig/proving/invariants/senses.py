"""The emulated world as it is watched: which output is on since when, which contact is open, which wire is in trouble.

Everything is hung on the emulators themselves; no question is asked over a wire and nothing is changed by looking.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rig.emulators.alicat import AlicatEmulator
from rig.emulators.device import Device, Timeline
from rig.emulators.eurotherm import EurothermEmulator
from rig.emulators.glassman import GlassmanEmulator
from rig.emulators.new_era import NewEraEmulator
from rig.emulators.physics.scene import Scene
from rig.emulators.wire import Wire

NS = 1_000_000_000


class Hearthlike(Protocol):
    """A furnace with what feeds and watches it, as `rig.simulation.hearth` builds it."""

    furnace: Any
    tube: Any
    gases: dict[str, Any]
    analysers: dict[str, Any]


class World(Protocol):
    """The laboratory."""

    @property
    def scheduler(self) -> Timeline:
        """Its time."""

    @property
    def scene(self) -> Scene:
        """Supplies, plungers, contacts."""

    @property
    def devices(self) -> Mapping[str, Device]:
        """By instrument."""

    @property
    def hearths(self) -> Mapping[str, Any]:
        """By furnace."""

    def wire_of(self, instrument: str) -> Wire:
        """The wire it is on."""

    def plunger(self, pump: str) -> Any:
        """The syringe on a pump."""


@dataclass(slots=True)
class Switch:
    """Something that is on or off, and since when (ns)."""

    on: bool = False
    since_ns: int = 0


Changed = Callable[[str, int, bool], None]
"""(name, time in ns, on)."""


@dataclass(slots=True)
class Trouble:
    """Faults of one wire: those that are on, and when one was on for the last time."""

    active: set[str] = field(default_factory=set)
    last_ns: int = -(10**18)
    deaf_ns: int = -(10**18)
    """The same, of those that let no byte through to the instrument."""
    deaf_since_ns: int = -(10**18)
    mute_since_ns: int | None = None
    """Since when no sound reply has come; None: they come."""


DEAF = frozenset({"unplug", "deaf"})
MUTE = DEAF | {"silent", "late", "truncate"}
"""Nothing that comes from it can be believed; of spoiled replies some still can."""


class Senses:
    """Watches one laboratory from its making on. Listeners are called at the moment of each change."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.supplies: dict[str, Switch] = {}
        self.pumps: dict[str, Switch] = {}
        self.heaters: dict[str, EurothermEmulator] = {}
        self.gases: dict[str, AlicatEmulator] = {}
        self.contacts: dict[str, Switch] = {}
        self.troubles: dict[str, Trouble] = {}
        self.struck: set[tuple[str, str]] = set()
        """Read-back faults that were brought about: (supply, kind)."""
        self.on_supply: list[Changed] = []
        self.on_pump: list[Changed] = []
        self.on_contact: list[Changed] = []
        self.on_program: list[Callable[[str, float, float], None]] = []
        """Supply, kV, mA: a set point that reached it."""
        self.on_rate: list[Callable[[str, float], None]] = []
        """Pump, ml/h: a rate that reached it."""
        self.on_gas: list[Callable[[str, float, float], None]] = []
        """Flow controller, set point before and after, sccm."""
        self.told_sccm: dict[str, float] = {}
        """What each flow controller was told last."""
        for name, device in world.devices.items():
            if isinstance(device, GlassmanEmulator):
                self._watch_supply(name, device)
            elif isinstance(device, NewEraEmulator):
                self._watch_pump(name, device)
            elif isinstance(device, EurothermEmulator):
                self.heaters[name] = device
            elif isinstance(device, AlicatEmulator):
                self._watch_gas(name, device)
            self._watch_wire(name)
        contacts = world.scene.contacts
        for name in contacts.names:
            self.contacts[name] = Switch(contacts.closed(name), world.scheduler.now_ns)
        contacts.on_change.append(self._contact)

    @property
    def now_ns(self) -> int:
        """The world's time."""
        return self.world.scheduler.now_ns

    def troubled(self, instrument: str, since_ns: int) -> bool:
        """Whether its wire had a fault at any time since then."""
        trouble = self.troubles[instrument]
        return bool(trouble.active) or trouble.last_ns >= since_ns

    def deaf(self, instrument: str, since_ns: int) -> bool:
        """Whether it could not be told anything at some time since then: no cable, or a cable that carries nothing."""
        trouble = self.troubles[instrument]
        return bool(trouble.active & DEAF) or trouble.deaf_ns >= since_ns

    def working_degc(self, furnace: str) -> float:
        """The set point by which the controller controls now."""
        return self.heaters[furnace].control.working

    def heating(self, furnace: str) -> bool:
        """Whether the controller is told to heat: a program that runs or is held, or a set point above zero."""
        control = self.heaters[furnace].control
        return control.target() > 0.0 and control.programmer.state.value != "complete"

    # Hanging on

    def _watch_supply(self, name: str, device: GlassmanEmulator) -> None:
        supply, switch = device.supply, Switch(device.supply.enabled, self.now_ns)
        self.supplies[name] = switch

        def look() -> None:
            if supply.enabled != switch.on:
                now_ns = self.now_ns
                switch.on, switch.since_ns = supply.enabled, now_ns
                for listener in self.on_supply:
                    listener(name, now_ns, switch.on)

        enable, program, interlock, arc = supply.enable, supply.program, supply.set_interlock, supply.arc

        def enabled(now_ns: int, on: bool) -> None:
            enable(now_ns, on)
            look()

        def programmed(now_ns: int, kv: float, ma: float) -> None:
            program(now_ns, kv, ma)
            for listener in self.on_program:
                listener(name, kv, ma)

        def interlocked(now_ns: int, closed: bool) -> None:
            interlock(now_ns, closed)
            look()

        def arced(now_ns: int, duration_s: float) -> None:
            arc(now_ns, duration_s)
            look()

        supply.enable = enabled  # type: ignore[method-assign]
        supply.program = programmed  # type: ignore[method-assign]
        supply.set_interlock = interlocked  # type: ignore[method-assign]
        supply.arc = arced  # type: ignore[method-assign]

    def _watch_pump(self, name: str, device: NewEraEmulator) -> None:
        plunger = self.world.plunger(name)
        switch = Switch(device.program.pumping, self.now_ns)
        self.pumps[name] = switch
        drive, receive = plunger.drive, device.receive
        memory = device.memory

        def driven(now_ns: int, speed_mm_h: float) -> None:
            drive(now_ns, speed_mm_h)
            if (speed_mm_h != 0.0) != switch.on:
                switch.on, switch.since_ns = speed_mm_h != 0.0, now_ns
                for listener in self.on_pump:
                    listener(name, now_ns, switch.on)

        def received(data: bytes) -> None:
            receive(data)
            place = data.find(b"RAT")
            if place > 0 and data[place - 3 : place] != b"FUN" and self._addressed(data, memory.address):
                rate = rate_ml_h(data[place + 3 :])
                if rate is not None:
                    for listener in self.on_rate:
                        listener(name, rate)

        plunger.drive = driven
        device.receive = received  # type: ignore[method-assign]

    @staticmethod
    def _addressed(data: bytes, address: int) -> bool:
        text = data[2:].lstrip()
        digits = text[:2] if text[1:2].isdigit() else text[:1]
        return digits.isdigit() and int(digits) == address

    def _watch_gas(self, name: str, device: AlicatEmulator) -> None:
        self.gases[name] = device
        loop = device.loop
        aim, before = loop.aim, loop.setpoint_sccm

        def aimed(at_power_up: bool = False) -> None:
            nonlocal before
            aim(at_power_up)
            was, before = before, loop.setpoint_sccm
            if at_power_up:
                return  # it stands where it stands by itself: nobody told it so
            self.told_sccm[name] = before
            for listener in self.on_gas:
                listener(name, was, before)

        loop.aim = aimed  # type: ignore[method-assign]

    def _watch_wire(self, name: str) -> None:
        wire = self.world.wire_of(name)
        shared = next((other for other in self.troubles if self.world.wire_of(other) is wire), None)
        if shared is not None:
            self.troubles[name] = self.troubles[shared]
            return
        trouble = self.troubles[name] = Trouble({kind for kind, on in wire.faults.items() if on})
        set_fault = wire.set_fault

        def told(kind: str, on: bool) -> None:
            set_fault(kind, on)
            trouble.last_ns = self.now_ns
            if kind in MUTE and on and not trouble.active & MUTE:
                trouble.mute_since_ns = self.now_ns
            if kind in DEAF:
                trouble.deaf_ns = self.now_ns
                if on and not trouble.active & DEAF:
                    trouble.deaf_since_ns = self.now_ns
            (trouble.active.add if on else trouble.active.discard)(kind)
            if not trouble.active & MUTE:
                trouble.mute_since_ns = None

        wire.set_fault = told  # type: ignore[method-assign]

    def _contact(self, now_ns: int, name: str, closed: bool) -> None:
        switch = self.contacts[name]
        switch.on, switch.since_ns = closed, now_ns
        for listener in self.on_contact:
            listener(name, now_ns, closed)


def rate_ml_h(words: bytes) -> float | None:
    """What the pump is told after RAT: a number and MH, UH, MM or UM; None for a question."""
    number = bytearray()
    for byte in words:
        if not (48 <= byte <= 57 or byte == 46):
            break
        number.append(byte)
    factor = {b"MH": 1.0, b"UH": 1e-3, b"MM": 60.0, b"UM": 0.06}.get(
        bytes(words[len(number) : len(number) + 2])
    )
    return float(number) * factor if number and factor is not None else None
