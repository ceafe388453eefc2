"""Benches of the drivers that only read: picoammeter, climate, inputs, oxygen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rig.emulators.adam import AdamEmulator
from rig.emulators.device import Device
from rig.emulators.keithley import KeithleyEmulator
from rig.emulators.physics.analyser import Analyser
from rig.emulators.physics.chamber import Chamber, Contacts
from rig.emulators.physics.tube import Tube
from rig.emulators.rapidox import RapidoxEmulator
from rig.emulators.vaisala import VaisalaEmulator
from rig.instruments.settings import (
    ClimateSettings,
    CurrentSettings,
    InputChannel,
    InputsSettings,
    OxygenSettings,
)
from tests.instruments.fuzz import sheets
from tests.instruments.fuzz.bench import Bench


class Electrode:
    """A collector with a steady current."""

    def mean_na(self, t_ns: int, aperture_ns: int) -> float:
        """In nA."""
        return 512.3

    def burst(self, t_ns_start: int, n: int, period_ns: int) -> list[float]:
        """In nA."""
        return [512.3 + (i * 7 % 11) for i in range(n)]


class KeithleyBench(Bench):
    name, catalogue = "keithley", "keithley-6485"
    others = (
        b"128\n", b"0\n", b'0,"No error"\n',
        b"KEITHLEY INSTRUMENTS INC.,MODEL 6485,1381988,C01   Jun 23 2010/A02  /G\n",
        b"+1.040564E-06A,+2.236299E+02,+1.380000E+02\n", b"+2.000000E-06\n", b"+9.9E37\n", b"+9.91E37\n", b"+512\n",
    )  # fmt: skip
    unseen_reason = "a digit or sign that became another one: no checksum"

    def make_device(self) -> Device:
        return KeithleyEmulator("current.collector", self.timeline, collector=Electrode(), noise=False)

    def settings(self) -> CurrentSettings:
        return CurrentSettings("current.collector", "keithley-6485", "ASRL/dev/ttyUSB6::INSTR", range_a=2e-6)

    def decode(self, request: bytes, data: bytes) -> Iterable[sheets.Frame]:
        if request.startswith(b"READ?"):
            return sheets.keithley(data, 2e-6)
        if request.startswith(b"TRAC:DATA?"):
            return sheets.keithley_buffer(data, 2e-6, self.driver.burst_samples)
        return ()

    def forge(self, reply: bytes, number: int) -> bytes:
        bad = (
            b"+9.900001E+37", b"+9.920000E+37", b"+1.234567E+05", b"NAN", b"INF", b"+5.123000E-06", b"+5.123000E-7",
            b"+5.123E-07", b"+5.123000E-07A", b"+5_23000E-07", b"-9.999999E+37", b"+9.9E38", b"1E999", b"+0x123E-07",
            b" +5.12300E-07",
        )[number % 15]  # fmt: skip
        values = reply.strip().split(b",")
        values[number // 15 % len(values)] = bad
        return b",".join(values) + b"\n"


class VaisalaBench(Bench):
    name, catalogue, fenced = "vaisala", "vaisala", True
    others = (
        b"Unknown command\r\n", b"HMT330 / 5.16\r\n", b"RH= 98.4 %RH T= 31.1 'C\r\n", b"SEND\r\n", b"RH= 55.5 %RH\r\n",
        b"N   0 RH= 40.1 %RH T= 24.0 'C Td= 9.7 'C\r\n", b"h 115 RH= 40.1 %RH T= 24.0 'C\r\n",
    )  # fmt: skip
    unseen_reason = "a digit that became another one, was lost or doubled: no checksum, FORM is the user's"

    def make_device(self) -> Device:
        chamber = Chamber(temperature_degc=22.5, humidity_pct=41.3, temperature_sigma=0.0, humidity_sigma=0.0)
        return VaisalaEmulator("climate.chamber", self.timeline, chamber=chamber)

    def settings(self) -> ClimateSettings:
        return ClimateSettings("climate.chamber", "vaisala", "sim://")

    def decode(self, request: bytes, data: bytes) -> Iterable[sheets.Frame]:
        return sheets.vaisala(data) if request == b"SEND\r" else ()

    def forge(self, reply: bytes, number: int) -> bytes:
        return (
            b"RH=100.1 %RH T= 22.5 'C\r\n", b"RH= 41.3 %RH T=181.0 'C\r\n", b"RH= -0.1 %RH T= 22.5 'C\r\n",
            b"RH= nan %RH T= 22.5 'C\r\n", b"RH= 41.3 %RH T= inf 'C\r\n", b"RH= 41.3 %RH T= 295.6 'K\r\n",
            b"RH= 41.3 ppm T= 22.5 'C\r\n", b"RH= 41.3 %RH T= 22.5 'C T= 80.0 'C\r\n", b"RH= 4_1.3 %RH T= 22.5 'C\r\n",
            b"RH= ****.* %RH T= ****.* 'C\r\n", b"RH= 1e1 %RH T= 2e1 'C\r\n", b"RH= 41.3 %RH T=-71.0 'C\r\n",
        )[number % 12]  # fmt: skip


class AdamBench(Bench):
    name, catalogue, checksum = "adam", "adam-4000", True
    unseen_reason = "a sum does not see two characters that changed places, which no wire does"
    contacts: ClassVar = {"door_closed": 0, "exhaust_on": 1, "estop_released": 3}

    def make_device(self) -> Device:
        module = Contacts(tuple(self.contacts))
        module.set(0, "exhaust_on", False)
        names = {number: name for name, number in self.contacts.items()}
        return AdamEmulator(
            "inputs.bench", self.timeline, contacts=module, channel_names=names, checksum=self.checksum
        )

    def settings(self) -> InputsSettings:
        channels = tuple(InputChannel(name, number) for name, number in self.contacts.items())
        return InputsSettings(
            "inputs.bench",
            "adam-4000",
            "sim://",
            model="4050",
            address=1,
            channels=channels,
            checksum=self.checksum,
        )

    def decode(self, request: bytes, data: bytes) -> Iterable[sheets.Frame]:
        return sheets.adam(data, self.checksum, self.contacts) if request[:4] == b"$016" else ()

    @property
    def others(self) -> tuple[bytes, ...]:  # type: ignore[override]
        """Both forms."""
        texts = (b"!000000", b"!007F00", b"!014050", b"!01A1.20", b"?01", b"!000B00", b">", b"!FF0000")
        return tuple(self.sealed(text) for text in texts)

    def sealed(self, text: bytes) -> bytes:
        """With checksum or without."""
        return text + (b"%02X\r" % (sum(text) % 256) if self.checksum else b"\r")

    def forge(self, reply: bytes, number: int) -> bytes:
        texts = (
            b"!000001",
            b"!000010",
            b"!00000",
            b"!0000000",
            b"!00000g",
            b"!0G0000",
            b"!00-100",
            b"! 00000",
            b"!0x0000",
            b"?000000",
        )
        return self.sealed(texts[number % 10])


class BareAdamBench(AdamBench):
    name, checksum, twice = "adam without checksum", False, True
    unseen_reason = "a hex digit that became another one, the same in two consecutive replies"


class RapidoxBench(Bench):
    name, catalogue, model = "rapidox", "rapidox", "1100E"
    others = (
        b"!Sensor heating\r\n", b"!Possible sensor fault\r\n",
        b"d2.959E+05,1.426E+01,2.000E-03,23:19:40,14/01/00,ALM1&2,0\r\n",
        b"d2.959E+05,1.426E+01,2.000E-03,23:19:40,14/01/00,ALM1&2,3\r\n",
        b"d2.959E+05,-1.426E+01,2.000E+00,,23:19:40,14/01/00,,,ALM1&2,0\r\n",
    )  # fmt: skip
    unseen_reason = "a digit or sign that became another one: no checksum"

    def make_device(self) -> Device:
        analyser = Analyser(Tube(bore_mm=54.0, length_mm=1000.0, opened=False), noise=0.0)
        return RapidoxEmulator("oxygen.tube", self.timeline, analyser=analyser, model=self.model)

    def settings(self) -> OxygenSettings:
        return OxygenSettings("oxygen.tube", "rapidox", "sim://", model=self.model, watches="furnace.tube")

    def decode(self, request: bytes, data: bytes) -> Iterable[sheets.Frame]:
        return sheets.rapidox(data) if request == b"D" else ()

    def forge(self, reply: bytes, number: int) -> bytes:
        bad = (
            b"dnan", b"dinf", b"d2.095E+07", b"d-2.095E+05", b"d12.095E+02", b"d.095E+05", b"d2_0.095E+04",
            b"d2.095E05", b"d2.095E+5", b"d2095E+02", b"d2.095e+05", b"d+2.095E+05",
        )[number % 12]  # fmt: skip
        fields = reply.split(b",")
        if number // 12 % 4 == 0 or len(fields) < 5:
            return b",".join((bad, *fields[1:]))
        if number // 12 % 4 == 1:
            return b",".join((*fields[:-1], b"7\r\n"))
        if number // 12 % 4 == 2:
            return b",".join((*fields[:3], b"25:61:61", *fields[4:]))
        return b",".join((*fields[:-2], b"ALMX", fields[-1]))
