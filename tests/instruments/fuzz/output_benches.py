"""Benches of the drivers with an output: supply, pump, furnace controllers, flow controller."""

from __future__ import annotations

import re
from collections.abc import Iterable
from struct import pack, unpack
from typing import ClassVar

from rig.emulators.alicat import AlicatEmulator
from rig.emulators.device import Device
from rig.emulators.eurotherm import EurothermEmulator
from rig.emulators.eurotherm_programmer import State
from rig.emulators.glassman import GlassmanEmulator
from rig.emulators.new_era import NewEraEmulator
from rig.emulators.physics.furnace import Furnace
from rig.emulators.physics.mfc import FlowController
from rig.emulators.physics.supply import Supply
from rig.emulators.physics.syringe import Plunger
from rig.emulators.physics.tube import Tube
from rig.instruments.settings import (
    FurnaceSettings,
    GasSettings,
    HvSettings,
    PumpSettings,
)
from rig.outputs import FurnaceOutput, GasOutput, HvOutput, ProgramSegment, PumpOutput
from tests.instruments.fuzz import sheets
from tests.instruments.fuzz.bench import Bench


class GlassmanBench(Bench):
    name, catalogue = "glassman", "glassman"
    low, high = HvOutput(True, 6.0, 300.0), HvOutput(True, 12.0, 600.0)
    others = (
        b"A\r",
        b"B2567\r",
        b"E131\r",
        b"E535\r",
        b"R15500500040054\r",
        b"R3FF3FF000600A4\r",
        b"R00000000000040\r",
    )
    unseen_reason = "a sum does not see two characters that changed places, which no wire does"
    rating_kv, rating_ma, highest_kv = 30.0, 10.0, 12.0

    def make_device(self) -> Device:
        self.supply = Supply(rating_kv=self.rating_kv, rating_ma=self.rating_ma)
        return GlassmanEmulator("hv.needle", self.timeline, supply=self.supply)

    def settings(self) -> HvSettings:
        return HvSettings(
            "hv.needle", "glassman", "sim://", rating_kv=30.0, rating_ma=10.0, limit_kv=25.0, limit_ua=5000.0
        )

    def decode(self, request: bytes, data: bytes) -> Iterable[sheets.Frame]:
        return sheets.glassman(data, self.rating_kv, self.rating_ma * 1000) if request[1:2] == b"Q" else ()

    def forge(self, reply: bytes, number: int) -> bytes:
        bodies = (
            b"400200000400", b"3FF400000400", b"FFFFFF000400", b"200100001400", b"200100000800", b"20010000040G",
            b"2001000004 0", b"-FF001000400", b"0x1001000400", b"200100000F00",
        )  # fmt: skip
        body = bodies[number % len(bodies)]
        return b"R" + body + b"%02X\r" % (sum(body) % 256)

    def energises(self, request: bytes) -> str | None:
        letter, body = request[1:2], request[2:-3]
        if letter == b"C":
            return None if body == b"0" else "its watchdog would be switched off"
        if letter != b"S":
            return None
        volts, amps, control = int(body[:3], 16), int(body[3:6], 16), body[12:13]
        wanted = self.ordered
        if wanted is None:
            return None if volts == 0 and control in b"14" else f"set {volts} counts, control {control!r}"
        assert isinstance(wanted, HvOutput)
        too_high = volts > wanted.voltage_kv / self.rating_kv * 4095 + 0.5
        too_much = amps > wanted.limit_ua / self.rating_ma / 1000 * 4095 + 0.5
        return f"set {volts} and {amps} counts" if too_high or too_much else None

    def excess(self) -> str | None:
        supply = self.supply
        limit = self.ordered.voltage_kv if isinstance(self.ordered, HvOutput) else 0.0
        reached_kv = supply.output_kv(self.timeline.now_ns) if supply.enabled else 0.0
        # What was ordered before may stand, or fall, until the newest order was heard.
        if supply.enabled and reached_kv > max(limit, self.highest_kv) + 0.004:
            return f"{reached_kv} kV"
        return None

    def stands_off(self) -> bool:
        return not self.supply.enabled


class NewEraBench(Bench):
    name, catalogue = "new-era", "new-era"
    low, high = PumpOutput(True, 0.5, 14.43), PumpOutput(True, 1.0, 14.43)
    unseen_reason = "nothing: length and CRC in every packet"
    rates: ClassVar = {"MH": 1.0, "UH": 0.001, "MM": 60.0, "UM": 0.06}

    @staticmethod
    def packet(text: bytes) -> bytes:
        """A Safe packet."""
        return bytes((2, len(text) + 4)) + text + sheets.ccitt(text).to_bytes(2, "big") + b"\x03"

    others = (
        *(
            bytes((2, len(text) + 4)) + text + sheets.ccitt(text).to_bytes(2, "big") + b"\x03"
            for text in (
                b"00S", b"00I", b"00P", b"00X", b"00A?R", b"00A?S", b"00S?NA", b"00S?OOR", b"00S?COM",
                b"00SNE1000V3.928", b"00S5.000MH", b"00I0.500MH", b"00II0.123W0.000ML",
                b"00SI0.000W0.000ML", b"01S", b"01II9.999W0.000ML",
            )
        ),
        b"\x0200S\x03", b"\x0200II5.555W0.000ML\x03", b"\x0200I9.000MH\x03",
    )  # fmt: skip

    def make_device(self) -> Device:
        self.plunger = Plunger(diameter_mm=14.43, capacity_ml=10.0, content_ml=10.0, timeline=self.timeline)
        self.pump = NewEraEmulator("pumps.a", self.timeline, plunger=self.plunger)
        return self.pump

    def settings(self) -> PumpSettings:
        return PumpSettings("pumps.a", "new-era", "sim://", model="NE-1000")

    def decode(self, request: bytes, data: bytes) -> Iterable[sheets.Frame]:
        command = request[3:6].decode("latin-1")
        return sheets.new_era(data, command) if command in ("DIS", "RAT") else ()

    def forge(self, reply: bytes, number: int) -> bytes:
        texts = (
            b"00I", b"00II99999W0.000ML", b"00IInanW0.000ML", b"00II1e3W0.000ML", b"00II0.0001W0.000ML",
            b"00II0.500W0.000XX", b"00Iinf MH", b"00I0.500XX", b"00I-0.50MH", b"00I12345MH", b"00Q0.500MH",
            b"00A?Z", b"00I0.500MH\x00", b"0xI0.500MH", b"00II.W.ML", b"00I1_00MH",
        )  # fmt: skip
        return self.packet(texts[number % len(texts)])

    def energises(self, request: bytes) -> str | None:
        text = request[2:-3].decode("latin-1").lstrip("0123456789")
        wanted = self.ordered
        if text.startswith(("PUR", "BOL")):
            return text
        if text.startswith("RUN"):
            return None if wanted is not None else text
        if text.startswith("RAT") and len(text) > 3:
            if not isinstance(wanted, PumpOutput):
                return text
            return text if float(text[3:-2]) * self.rates[text[-2:]] > wanted.rate_ml_h * 1.005 else None
        return None

    def excess(self) -> str | None:
        return "purging" if self.pump.program.status == "X" else None

    def stands_off(self) -> bool:
        return not self.pump.program.pumping


class EurothermBench(Bench):
    catalogue, model = "eurotherm", "epc3000"
    low = FurnaceOutput("run", 1, (ProgramSegment(5.0, 280.0, 600.0),))
    high = FurnaceOutput("run", 2, (ProgramSegment(5.0, 300.0, 600.0), ProgramSegment(2.0, 800.0, 600.0)))
    unseen_reason = "nothing: CRC in every frame"
    others = tuple(
        body + sheets.modbus_crc(body).to_bytes(2, "little")
        for body in (
            bytes((1, 3, 2, 0, 1)), bytes((1, 3, 2, 0, 2)), bytes((1, 3, 2, 0x24, 0x61)), bytes((1, 0x83, 2)),
            bytes((1, 0x90, 3)), bytes((1, 3, 4)) + pack(">f", 280.0),
            bytes((1, 3, 20)) + pack(">5f", 99.0, 1, 1, 1, 1), bytes((2, 3, 2, 0, 1)), bytes((1, 3,
            12)) + bytes(12), bytes((1, 6, 0x29, 0x4F, 0, 1)),
            bytes((1, 16, 0, 0x17, 0, 1)),
        )
    )  # fmt: skip

    def make_device(self) -> Device:
        self.furnace = Furnace()
        self.controller = EurothermEmulator(
            "furnace.tube", self.timeline, furnace=self.furnace, model=self.model
        )
        return self.controller

    def settings(self) -> FurnaceSettings:
        return FurnaceSettings(
            "furnace.tube",
            "eurotherm",
            "sim://",
            model=self.model,
            limit_degc=1100.0,
            limit_ramp_degc_min=10.0,
        )

    def ready(self, on: bool) -> None:
        super().ready(on)
        self.driver.identify()

    def decode(self, request: bytes, data: bytes) -> Iterable[sheets.Frame]:
        return sheets.eurotherm(self.model, request, data, 0.0, 1200.0)

    def forge(self, reply: bytes, number: int) -> bytes:
        def sealed(body: bytes) -> bytes:
            return body + sheets.modbus_crc(body).to_bytes(2, "little")

        if len(reply) == 25:
            bad = (float("nan"), float("inf"), 3e38, -1e30, -float("inf"), 5000.0, -400.0, 1e9)[number % 8]
            values = list(unpack(">5f", reply[3:23]))
            values[number // 8 % 5] = bad
            return sealed(reply[:3] + pack(">5f", *values))
        if len(reply) == 9:
            return sealed(
                reply[:3] + (b"\x7f\xc0\0\0", b"\x7f\x80\0\0", b"\xff\x7f\xff\xff", b"\x80\0\0\0")[number % 4]
            )
        if len(reply) == 7:
            return sealed(reply[:3] + (b"\x7f\xff", b"\x80\0", b"\xff\xff", b"\0\x03", b"\0\x11")[number % 5])
        return sealed(reply[:-2] + b"\0") if number % 2 else sealed(reply[:2] + b"\xff" + reply[3:-2])

    def energises(self, request: bytes) -> str | None:
        function, register, said = request[1], int.from_bytes(request[2:4], "big"), request.hex(" ")
        if function not in (6, 16):
            return None
        words = request[4:6] if function == 6 else request[7:-2]
        plain = register if register < 0x8000 or register >= 0xC000 else (register - 0x8000) // 2
        if plain in (199, 270):
            return said
        if plain in (2, 3, 24, 25, 26):
            return said if any(words) else None
        run = {"epc3000": (10573, 1), "3216": (23, 1), "2416": (23, 2)}[self.model]
        if (plain, int.from_bytes(words[:2], "big")) == run:
            return None if self.ordered is not None else said
        if plain in (22, 327, 328) or 1280 <= plain < 1320 or 8192 <= plain < 8600:
            return None if self.ordered is not None else said
        return None

    def excess(self) -> str | None:
        values = self.controller.registers.values
        return f"SP1 and SP2 of {values[24]:g} and {values[25]:g}" if values[24] or values[25] else None

    def stands_off(self) -> bool:
        values, control = self.controller.registers.values, self.controller.control
        at_zero = control.manual and values[3] == 0.0
        return at_zero or control.programmer.state not in (State.RUN, State.HOLD)


class Epc3000Bench(EurothermBench):
    name, model = "eurotherm epc3000", "epc3000"


class E3216Bench(EurothermBench):
    name, model = "eurotherm 3216", "3216"


class E2416Bench(EurothermBench):
    name, model = "eurotherm 2416", "2416"


class AlicatBench(Bench):
    name, catalogue = "alicat", "alicat"
    low, high = GasOutput(100.0), GasOutput(200.0)
    others = (
        b"?\r", b"A   10v20.0-R24 Jan  9 2025,15:04:07\r", b"A +014.70 +025.00 +002.00 +002.00 +002.00     Ar\r",
        b"A +000.00 +200.00 12 SCCM\r", b"A S\r", b"A +500.00 12 SCCM\r",
        b"B +014.70 +025.00 +002.00 +002.00 +002.00     Ar\r",
        b"A +014.70 +025.00 +002.00 +002.00 +002.00     N2\r",
        b"A D01 700 Unit ID                    string          1\r",
    )  # fmt: skip
    unseen_reason = "a digit, sign or status word that became another one: no checksum"
    tokens = (
        b"ADC",
        b"OPL",
        b"POV",
        b"P2O",
        b"TOV",
        b"VOV",
        b"MOV",
        b"TMF",
        b"OVR",
        b"COM",
        b"HLD",
        b"EXH",
        b"GTA",
        b"LCK",
    )

    def make_device(self) -> Device:
        tube = Tube(bore_mm=54.0, length_mm=1000.0, opened=False)
        valve = FlowController(full_scale_sccm=500.0, gas="argon", tube=tube)
        self.unit = AlicatEmulator("gas.argon", self.timeline, controller=valve, full_scale_sccm=500.0)
        return self.unit

    def settings(self) -> GasSettings:
        return GasSettings(
            "gas.argon", "alicat", "sim://", feeds="furnace.tube", unit="A", full_scale_sccm=500.0
        )

    def decode(self, request: bytes, data: bytes) -> Iterable[sheets.Frame]:
        return sheets.alicat(data, 500.0, self.tokens) if request == b"A\r" else ()

    def forge(self, reply: bytes, number: int) -> bytes:
        bad = (
            b"+999.99", b"    nan", b"    inf", b"+1e5.00", b"+1_0.00", b"-999.99", b"+14.70", b"+0014.70", b"-------",
            b"+600.00", b"-100.00", b"+ 14.70",
        )[number % 12]  # fmt: skip
        words = reply.split(b" ")
        places = [place for place, word in enumerate(words) if b"." in word]
        if places:
            words[places[number // 12 % len(places)]] = bad
        return b" ".join(words)

    def energises(self, request: bytes) -> str | None:
        text = request.decode("latin-1").strip()[1:]
        wanted = self.ordered.flow_sccm if isinstance(self.ordered, GasOutput) else 0.0
        if (
            text.isdigit()
            or text.startswith(("G", "C", "W", "$$W", "SR", "LSRC"))
            or text in ("L", "U", "H", "HP", "HC")
        ):
            return text
        found = re.fullmatch(r"(?:LS |S)([\d.]+)", text)
        return text if found is not None and float(found[1]) > wanted + 0.005 else None

    def excess(self) -> str | None:
        wanted = self.ordered.flow_sccm if isinstance(self.ordered, GasOutput) else 0.0
        # Lowered only by a command that is heard: what was ordered before may stand until then.
        return (
            f"{self.unit.loop.setpoint_sccm} sccm"
            if self.unit.loop.setpoint_sccm > max(wanted, 200.0)
            else None
        )

    def stands_off(self) -> bool:
        return True
