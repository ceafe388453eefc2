"""The emulated laboratory of a bench: a wire for each line, an emulator for each instrument, one scene."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from itertools import count
from typing import Any

from rig.bench.model import Bench, is_visa, visa_name
from rig.emulators.device import Device
from rig.emulators.physics.scene import Scene, SceneData
from rig.emulators.physics.syringe import Plunger
from rig.emulators.wire import Wire
from rig.engine.connect import Carrier, link_of
from rig.instruments.catalog import CATALOG
from rig.instruments.settings import InputsSettings
from rig.lines.port import LinkSpec
from rig.lines.runner import Runner, VirtualRunner
from rig.lines.scheduler import Scheduler
from rig.lines.simwire import SimWire, forget, register
from rig.readings import NS
from rig.simulation.hearth import Hearth
from rig.simulation.liquids import USUAL_SYRINGE
from rig.simulation.relays import Relays

_numbers = count(1)


def generator(seed: int, name: str) -> random.Random:
    """One generator of chance an object, from run seed and name, the same on every platform."""
    return random.Random(int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big"))


class SleepyRunner(VirtualRunner):
    """A line's task on a computer that may be made to sleep."""

    asleep_until_ns = 0

    def wait_until(self, t_ns: int | None) -> None:
        """As any; whatever there is to do is done after waking."""
        super().wait_until(t_ns)
        self._sleep_on()

    def sleep(self, seconds: float) -> None:
        """As any, or longer."""
        super().sleep(seconds)
        self._sleep_on()

    def _sleep_on(self) -> None:
        while self.now_ns < self.asleep_until_ns:
            assert self._task is not None
            self._task.wait_until(self.asleep_until_ns)


class Laboratory:
    """Everything in front of the controller; fills `rig.lines.simwire.SimWorld`.

    key: the name under which `sim://` ports find it. `wires` by line name, `devices` by instrument name.
    """

    def __init__(self, bench: Bench, scene: SceneData, seed: int, scheduler: Scheduler | None = None) -> None:
        self.bench = bench
        self.seed = seed
        self.scheduler = scheduler if scheduler is not None else Scheduler()
        self.key = str(next(_numbers))
        self.scene = Scene(scene, self.scheduler, seed)
        self.wires: dict[str, Wire] = {}
        self.devices: dict[str, Device] = {}
        self._runners: list[SleepyRunner] = []
        self._idle_plungers: dict[str, Plunger] = {}
        for module in bench.inputs.values():
            for channel in module.channels:
                if channel.healthy == "open":
                    self.scene.contacts.set(0, channel.name, False)
        self.hearths = {
            name: Hearth(bench, name, self.scheduler, seed, self.scene.contacts) for name in bench.furnaces
        }
        names = bench.line_names
        for where, members in bench.lines.items():
            wire = Wire(names[where], self.scheduler, generator(seed, f"wire {names[where]}"))
            for member in members:
                device = self._device(member, where)
                self.devices[member] = device
                wire.attach(device)
            self.wires[wire.name] = wire
        self.relays = Relays(self)
        register(self.key, self)

    def close(self) -> None:
        """Take it out of reach of `sim://`."""
        forget(self.key)

    def peer(self, name: str) -> Wire | None:
        """The wire of a line."""
        return self.wires.get(name)

    def wire_of(self, instrument: str) -> Wire:
        """The wire an instrument is on."""
        return self.wires[self.bench.line_of(instrument)]

    def carrier(self) -> Carrier:
        """What a controller's lines run on in this laboratory."""
        return Carrier(self._runner, self.key, self._visa_library)

    def crash_controller(self) -> None:
        """The controller and its lines vanish at once; the laboratory goes on."""
        for runner in self._runners:
            runner.kill()
        self._runners.clear()
        for wire in self.wires.values():
            wire.host = None

    def suspend_lines(self, seconds: float) -> None:
        """The controller's computer sleeps so long: none of its lines begins anything new before."""
        for runner in self._runners:
            runner.asleep_until_ns = self.scheduler.now_ns + round(seconds * NS)

    def _runner(self) -> Runner:
        runner = SleepyRunner(self.scheduler)
        self._runners.append(runner)
        return runner

    def _visa_library(self, line: str) -> Any:
        from rig.lines.simvisa import SimVisaLibrary

        where = next(where for where, name in self.bench.line_names.items() if name == line)

        def opener(link: LinkSpec) -> SimWire:
            return SimWire(self, line, link)

        return SimVisaLibrary({visa_name(where): opener})

    # Instruments

    def _device(self, name: str, where: str) -> Device:
        settings = self.bench.instruments[name]
        make = _MAKERS[settings.driver]
        return make(self, name, settings, CATALOG[settings.driver].load_emulator(), where)

    def plunger(self, pump: str) -> Plunger:
        """The syringe on a pump; one that no stream uses holds water's worth of nothing in particular."""
        found = self.scene.plungers.get(pump) or self._idle_plungers.get(pump)
        if found is None:
            diameter_mm, capacity_ml, content_ml = USUAL_SYRINGE
            found = Plunger(
                diameter_mm=diameter_mm,
                capacity_ml=capacity_ml,
                content_ml=content_ml,
                timeline=self.scheduler,
            )
            self._idle_plungers[pump] = found
        return found


Maker = Callable[[Laboratory, str, Any, Any, str], Device]


def _new_era(lab: Laboratory, name: str, settings: Any, emulator: Any, where: str) -> Device:
    device: Device = emulator(
        name,
        lab.scheduler,
        plunger=lab.plunger(name),
        address=settings.address or 0,
        baud=link_of(settings).baud,
    )
    return device


def _glassman(lab: Laboratory, name: str, settings: Any, emulator: Any, where: str) -> Device:
    device: Device = emulator(
        name, lab.scheduler, supply=lab.scene.supplies[name], baud=link_of(settings).baud
    )
    return device


def _keithley(lab: Laboratory, name: str, settings: Any, emulator: Any, where: str) -> Device:
    from rig.lines.visaport import BUS_LINK, is_serial

    on_bus = is_visa(where) and not is_serial(visa_name(where))
    device: Device = emulator(
        name,
        lab.scheduler,
        collector=lab.scene.collectors[name],
        link=BUS_LINK if on_bus else link_of(settings),
        bus="gpib" if on_bus else "rs232",
        model=settings.model or "6485",
        mains_hz=settings.mains_hz,
        seed=lab.seed,
    )
    return device


def _vaisala(lab: Laboratory, name: str, settings: Any, emulator: Any, where: str) -> Device:
    device: Device = emulator(
        name,
        lab.scheduler,
        chamber=lab.scene.chamber,
        link=link_of(settings),
        address=settings.address or 0,
        # An instrument with an address on a shared line waits to be called; one alone sends when asked.
        mode="POLL" if settings.address is not None else "STOP",
    )
    return device


def _adam(lab: Laboratory, name: str, settings: InputsSettings, emulator: Any, where: str) -> Device:
    device: Device = emulator(
        name,
        lab.scheduler,
        contacts=lab.scene.contacts,
        channel_names={channel.channel: channel.name for channel in settings.channels},
        model=settings.model or "4050",
        address=settings.address if settings.address is not None else 1,
        checksum=settings.checksum,
        baud=link_of(settings).baud,
    )
    return device


def _eurotherm(lab: Laboratory, name: str, settings: Any, emulator: Any, where: str) -> Device:
    device: Device = emulator(
        name,
        lab.scheduler,
        furnace=lab.hearths[name].furnace,
        model=settings.model or "epc3000",
        address=settings.address if settings.address is not None else 1,
        baud=link_of(settings).baud,
        seed=lab.seed,
    )
    return device


def _alicat(lab: Laboratory, name: str, settings: Any, emulator: Any, where: str) -> Device:
    controller = lab.hearths[settings.feeds].gases[name]
    device: Device = emulator(
        name,
        lab.scheduler,
        controller=controller,
        unit=settings.unit or "A",
        full_scale_sccm=settings.full_scale_sccm or 2000.0,
        gas=ALICAT_GASES[name.partition(".")[2]],
        baud=link_of(settings).baud,
    )
    return device


def _rapidox(lab: Laboratory, name: str, settings: Any, emulator: Any, where: str) -> Device:
    hearth = next(hearth for hearth in lab.hearths.values() if name in hearth.analysers)
    device: Device = emulator(
        name, lab.scheduler, analyser=hearth.analysers[name], model=settings.model or "1100E"
    )
    return device


ALICAT_GASES = {"argon": "Ar", "nitrogen": "N2", "air": "Air", "helium": "He"}

_MAKERS: dict[str, Maker] = {
    "eurotherm": _eurotherm,
    "alicat": _alicat,
    "rapidox": _rapidox,
    "new-era": _new_era,
    "glassman": _glassman,
    "keithley-6485": _keithley,
    "vaisala": _vaisala,
    "adam-4000": _adam,
}
