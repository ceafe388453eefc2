"""The drivers there are: what each speaks to, how its line is set, what has proven it, and how long its
exchanges take.

Classes are named, not imported: a program that only checks a file loads no driver. The byte counts of the
common poll and of "off" are data for the reaction time of a rig; a test holds them against what the drivers
send.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from rig.instruments import adam, alicat, eurotherm, glassman, keithley, new_era, rapidox, vaisala
from rig.lines.port import LinkSpec

POLL_PERIOD_S: Final = {
    "pumps": 0.5, "hv": 0.1, "current": 0.2, "climate": 2.0, "inputs": 0.1, "furnace": 1.0, "gas": 1.0, "oxygen": 2.0,
}  # fmt: skip
"""Poll period of each section while its outputs are on."""
DEADLINE_S: Final = {
    "pumps": 0.2, "hv": 0.2, "inputs": 0.2, "current": 1.0, "climate": 1.0, "furnace": 1.0, "gas": 1.0, "oxygen": 1.0,
}  # fmt: skip
"""How long one attempt may take from the end of the request to the end of the reply."""
ATTEMPTS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverInfo:
    """One driver: what a rig file may say of it, and figures of its exchanges for the rig's reaction time."""

    name: str
    section: str
    """The table of the rig file it may stand in."""
    title: str
    link: LinkSpec
    make: str
    """Its class, "module:Class"; likewise `emulator`."""
    emulator: str
    proven: str
    """What has proven it, in words."""
    poll: tuple[int, int]
    """Bytes on the wire of the common poll, out and in."""
    off: tuple[int, int] | None = None
    """Bytes of "off", out and in; None where there is no output."""
    turnaround_s: float
    """From the end of a request to the beginning of its reply."""
    models: tuple[str, ...] = ()
    """What `model` may say; the first is the default unless `model_required`; empty: the key is not used."""
    model_required: bool = False
    addresses: range | None = None
    """Addresses of the protocol; None: it has none, and the instrument shares its line with nothing."""
    default_address: int | None = None
    visa: bool = False
    """Opened through VISA (`resource`) instead of a serial port (`port`)."""
    checksum: str = "always"
    """Either "always", "setting" (switched on in the instrument and in the rig file) or "none"."""
    inputs: tuple[tuple[str, int], ...] = ()
    """Contacts by model."""
    unsafe_models: tuple[tuple[str, str], ...] = ()
    """Models that are refused for interlocks, and why."""
    set_steps: int | None = None
    """Steps of a supply's set value over its full scale; likewise `monitor_steps` of its read-back."""
    monitor_steps: int | None = None
    speeds: tuple[tuple[str, float, float], ...] = ()
    """Model, least (cm/h) and greatest (cm/min) pusher speed of pumps, where known."""
    ranges_a: tuple[float, ...] = ()
    """Ranges of a current meter in A."""

    def exchange_s(self, counts: tuple[int, int], baud: int | None = None) -> float:
        """Time of one exchange: bytes out, turnaround, bytes in."""
        return self.bytes_s(sum(counts), baud) + self.turnaround_s

    def bytes_s(self, count: int, baud: int | None = None) -> float:
        """Time of so many bytes on this instrument's wire."""
        link = self.link if baud is None else LinkSpec(baud, self.link.bits, self.link.parity, self.link.stop)
        return count * link.byte_ns / 1e9

    def load(self) -> Any:
        """The driver's class."""
        return _load(self.make)

    def load_emulator(self) -> Any:
        """The emulator's class."""
        return _load(self.emulator)


def _load(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


CATALOG: Final[dict[str, DriverInfo]] = {
    info.name: info
    for info in (
        DriverInfo(
            name="new-era",
            section="pumps",
            title="New Era syringe pumps, NE-1000 family (WPI Aladdin AL-1000)",
            link=new_era.LINK,
            make="rig.instruments.new_era:NewEra",
            emulator="rig.emulators.new_era:NewEraEmulator",
            proven="byte pairs after New Era manual 1200-01; nesp-lib 2.0 drives the emulator; not yet on hardware",
            models=("NE-1000", "NE-300", "NE-500", "NE-1600", "NE-4000", "NE-8000"),
            addresses=range(100),
            default_address=0,
            poll=new_era.POLL_BYTES,
            off=new_era.OFF_BYTES,
            turnaround_s=new_era.TURNAROUND_S,
            # New Era manual 1200-01, section 12.5; of the others we have no figures, the pump refuses by itself.
            speeds=(("NE-1000", 0.004205, 5.1005),),
        ),
        DriverInfo(
            name="glassman",
            section="hv",
            title="XP Glassman FJ and FR high-voltage supplies",
            link=glassman.LINK,
            make="rig.instruments.glassman:Glassman",
            emulator="rig.emulators.glassman:GlassmanEmulator",
            proven="byte pairs after XP Glassman manual 102002-177 Rev M2; not yet on hardware",
            poll=glassman.POLL_BYTES,
            off=glassman.OFF_BYTES,
            turnaround_s=glassman.TURNAROUND_S,
            set_steps=glassman.SET_FULL,
            monitor_steps=glassman.MONITOR_FULL,
        ),
        DriverInfo(
            name="keithley-6485",
            section="current",
            title="Keithley 6485 and 6487 picoammeters, through VISA",
            link=keithley.LINK,
            make="rig.instruments.keithley:Keithley6485",
            emulator="rig.emulators.keithley:KeithleyEmulator",
            proven="replies after the Keithley 6485 and 6487 manuals; emulated through PyVISA; not yet on hardware",
            models=("6485", "6487"),
            visa=True,
            checksum="none",
            poll=keithley.POLL_BYTES,
            turnaround_s=keithley.TURNAROUND_S,
            ranges_a=keithley.RANGES_A,
        ),
        DriverInfo(
            name="vaisala",
            section="climate",
            title="Vaisala HMT and HMP humidity and temperature transmitters",
            link=vaisala.LINK,
            make="rig.instruments.vaisala:Vaisala",
            emulator="rig.emulators.vaisala:VaisalaEmulator",
            proven="lines after the Vaisala HMT310 manual; not yet on hardware",
            checksum="none",
            poll=vaisala.POLL_BYTES,
            turnaround_s=vaisala.TURNAROUND_S,
        ),
        DriverInfo(
            name="adam-4000",
            section="inputs",
            title="Advantech ADAM-4000 digital inputs",
            link=adam.LINK,
            make="rig.instruments.adam:Adam",
            emulator="rig.emulators.adam:AdamEmulator",
            proven="byte pairs after the Advantech ADAM-4000 manual; not yet on hardware",
            models=tuple(model for model, count in adam.INPUT_COUNT.items() if count),
            model_required=True,
            addresses=range(256),
            default_address=1,
            checksum="setting",
            poll=adam.POLL_BYTES,
            turnaround_s=adam.TURNAROUND_S,
            inputs=tuple(adam.INPUT_COUNT.items()),
            unsafe_models=tuple(adam.SAFETY_REFUSED.items()),
        ),
        DriverInfo(
            name="eurotherm",
            section="furnace",
            title="Eurotherm furnace controllers EPC3000, 3216 and 2416, Modbus RTU",
            link=eurotherm.LINK,
            make="rig.instruments.eurotherm:Eurotherm",
            emulator="rig.emulators.eurotherm:EurothermEmulator",
            proven="byte pairs after handbook HA026230; minimalmodbus drives the emulator; not yet on hardware, the "
            "comms watchdog neither",
            models=("epc3000", "3216", "2416"),
            addresses=range(1, 255),
            default_address=1,
            poll=eurotherm.POLL_BYTES,
            off=eurotherm.OFF_BYTES,
            turnaround_s=eurotherm.TURNAROUND_S,
        ),
        DriverInfo(
            name="alicat",
            section="gas",
            title="Alicat mass-flow controllers MC, ASCII",
            link=alicat.LINK,
            make="rig.instruments.alicat:Alicat",
            emulator="rig.emulators.alicat:AlicatEmulator",
            proven="frames after Alicat's manuals and serial primer; not yet on hardware",
            checksum="none",
            poll=alicat.POLL_BYTES,
            turnaround_s=alicat.TURNAROUND_S,
        ),
        DriverInfo(
            name="rapidox",
            section="oxygen",
            title="Cambridge Sensotec Rapidox 1100 oxygen analysers",
            link=rapidox.LINK,
            make="rig.instruments.rapidox:Rapidox",
            emulator="rig.emulators.rapidox:RapidoxEmulator",
            proven="lines after the Rapidox manuals; not yet on hardware",
            models=("1100E", "1100ZR-H"),
            checksum="none",
            poll=rapidox.POLL_BYTES,
            turnaround_s=rapidox.TURNAROUND_S,
        ),
    )
}

PLANNED: Final[dict[str, str]] = {
    "harvard": "pumps", "chemyx": "pumps",
    "spellman": "hv", "iseg": "hv", "fug": "hv", "heinzinger": "hv", "technix": "hv",
    "labjack": "current",
    "sht4x": "climate",
    "adam-6000": "inputs", "numato": "inputs",
    "yudian": "furnace",
    "mks": "gas", "bronkhorst": "gas",
}  # fmt: skip
"""Names kept for drivers that are not built: a rig file that uses one is told so, and not that it is
misspelt.
"""


def drivers(section: str | None = None) -> tuple[DriverInfo, ...]:
    """All drivers, or those that may stand in one section of the rig file."""
    return tuple(info for info in CATALOG.values() if section is None or info.section == section)
