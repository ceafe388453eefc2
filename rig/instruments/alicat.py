"""Alicat mass-flow controllers (MC, MCS, MCV, MCR) over RS-232, RS-485 or USB, ASCII protocol.

Sources: Alicat M-series manual 2023, MC-series manual, Serial Communications Primer (2018, 2023); status words: Alicat
EtherNet/IP manual; forms of answers: transcripts that users have published (`alicat_layout`). In short:

    request  letter command CR; any case; 19200 8N1 from the factory; several units, A to Z, may share a wire
    poll     A            A +014.70 +025.00 +002.00 +002.00 +002.00     Ar HLD    layout and units: A??D*
    set      AS2.00       the frame, with the new set point
             ALS 2.0      A +000.00 +002.00 12 SCCM: now, requested, unit. Firmware 9 and later
    source   ALSS         A S: S and U serial, A analog. Firmware 10v05 and later
    scale    AFPF 5       A +500.00 12 SCCM. Firmware 6 and later
    version  AVE          A   10v20.0-R24 Jan  9 2025,15:04:07
    maker    A??M*        ten lines
    no       ?            unknown or out of range

To an older unit a command that begins with AL is AL, "lock the keys": what begins with LS is sent to those only whose
version knows it. The bare number (A32000, of 64000) is a set point too, so nothing but digits is never sent.

Safety: there is no fall-back when the computer falls silent. The set point stays and gas goes on, which for an inert
gas over a hot tube is the safe direction and for a reactive gas is not; what comes after a power cut is the unit's own
stored setting. So the flow has to be watched, and `valve_fault`; the inlet pressure falls as a bottle runs empty.
The frame has no checksum either: a digit turned into another one is not seen.

A standard cubic centimetre here is the unit's own (25 degC and 14.696 psia by Alicat's habit, unconfirmed).
"""

from __future__ import annotations

import re
from math import floor

from rig.instruments.alicat_dialogue import GAP_S, VERSION, Dialogue
from rig.instruments.alicat_layout import SCCM_PER_UNIT, Layout, Unfit, number, parse_layout
from rig.instruments.roles import Identity, Poll
from rig.instruments.settings import GasSettings
from rig.lines.errors import BadReply, InstrumentError, Refused
from rig.lines.port import LinkSpec, Port
from rig.outputs import GasOutput
from rig.readings import ChannelInfo

LINK = LinkSpec(19200)

POLL_BYTES = (2, 49)
"""Bytes on the wire of the common poll without status words, out and in."""
TURNAROUND_S = 0.01
"""From the end of a request to the beginning of its reply: our assumption; users measure some ms."""

GASES = {
    "air": (0, "Air"), "argon": (1, "Ar"), "methane": (2, "CH4"), "carbon_monoxide": (3, "CO"),
    "carbon_dioxide": (4, "CO2"), "ethane": (5, "C2H6"), "hydrogen": (6, "H2"), "helium": (7, "He"),
    "nitrogen": (8, "N2"), "nitrous_oxide": (9, "N2O"), "neon": (10, "Ne"), "oxygen": (11, "O2"),
    "propane": (12, "C3H8"),
}  # fmt: skip
"""Names of lines in rig files, with Alicat's number and name of the gas."""

_HARMLESS = frozenset((b"LCK", b"OVR", b"TMF"))
"""Keys locked, totaliser run over, flow too high for the totaliser: no fault of valve or reading."""
_BLIND = b"ADC"
"""Its converter has failed: what it reads is nothing."""
_SLACK = 0.005
"""Part of the full scale by which what the unit tells, or a set point it shows, may be beyond it."""
_MODEL_SCALE = re.compile(r"-(\d+(?:\.\d+)?)(SCCM|SLPM)\b")


class Alicat:
    """One controller. `set_up` only reads; what flows is left flowing until `apply`. pressure_kpa is absolute."""

    polls = (Poll("flow", 1.0, 5.0),)
    channels = (
        ChannelInfo("flow_sccm", "sccm", "gas flow"),
        ChannelInfo("pressure_kpa", "kPa", "pressure"),
        ChannelInfo("valve_fault", "", "state"),
        ChannelInfo("setpoint_sccm", "sccm", "gas flow"),
    )

    def __init__(self, settings: GasSettings, port: Port) -> None:
        """Raises ValueError for a unit that is not one letter A to Z."""
        unit = settings.unit or "A"
        if len(unit) != 1 or not "A" <= unit <= "Z":
            raise ValueError(f"{settings.name}: unit {unit!r}: an Alicat has one letter from A to Z")
        self.name = settings.name
        self._settings = settings
        self._port = port
        self._unit = unit
        self._id = unit.encode("ascii")
        self._poll = self._id + b"\r"
        self._dialogue = Dialogue(settings.name, unit, port)
        self._gas = b""
        self._layout: Layout | None = None
        self._firmware = (0, 0)
        self._full_scale_sccm = 0.0
        self._implausible = 0.0
        self._told: int | None = None  # set point in its own steps that it confirmed
        self._shown: int | None = None  # and that its newest frame showed

    @property
    def set_step_sccm(self) -> float:
        """The resolution of its set point, sccm; 0 before it was set up."""
        layout = self._layout
        return 0.0 if layout is None else layout.sccm / 10.0**layout.setpoint_decimals

    # Connecting

    def set_up(self) -> None:
        """Read version, frame layout, full scale, source of the set point, gas, and one frame; set nothing.

        Raises Refused, with what to do, for a unit that is not as the rig file says: another gas, another full scale,
        set point from its analog input, units of flow that are not standard ones, streaming.
        """
        self._layout = None
        self._told = self._shown = None
        self._dialogue.in_step = False
        gas_number, gas = self._expected_gas()
        self._check_silence()
        self._firmware = self._ask_firmware()
        layout = self._ask_layout()
        self._check_full_scale(layout)
        self._check_source()
        fields = self._dialogue.line(self._poll, "frame").split()
        if len(fields) < layout.count:
            raise BadReply(
                f"{self.name}: frame: {len(fields)} words, its own table has {layout.count}: {fields!r}"
            )
        shown = fields[layout.gas].decode("ascii", "replace")
        if shown != gas:
            raise Refused(
                f"{self.name}: the controller is set to {shown}, this line carries {gas}: choose {gas} "
                f"(gas {gas_number}) at its panel, or correct the name of the line in the rig file"
            )
        self._gas = gas.encode("ascii")
        self._layout = layout
        try:
            self.read("flow")
        except InstrumentError:
            self._layout = None  # perhaps the table was damaged: it is to be read again
            raise

    def _expected_gas(self) -> tuple[int, str]:
        """Number and name of the gas that the line's name says: gas.argon, gas.argon_2."""
        short = self.name.partition(".")[2].lower()
        found = GASES.get(short) or GASES.get(re.split(r"[-_0-9]", short)[0])
        if found is None:
            raise Refused(
                f"{self.name}: which gas is that? Name the line in the rig file after one of {', '.join(GASES)}"
            )
        return found

    def _check_silence(self) -> None:
        port = self._port
        port.discard_input()
        port.sleep(GAP_S)
        if port.discard_input().count(b"\r") > 1:
            raise Refused(
                f"{self.name}: something on this line sends without being asked (a unit that streams?): "
                f"stop it with @@={self._unit} from a terminal, or let it be alone on its line"
            )

    def _ask_firmware(self) -> tuple[int, int]:
        """(major, minor); (0, 0) for a unit too old to say."""
        found = VERSION.search(self._dialogue.version())
        return (int(found[1]), int(found[2])) if found else (0, 0)

    def _ask_layout(self) -> Layout:
        what = "frame layout (??D*)"
        failure: InstrumentError | None = None
        for _ in range(self._port.attempts):
            try:
                lines = self._dialogue.lines(self._id + b"??D*\r", what)
            except Refused as error:
                raise Refused(
                    f"{self.name}: {what}: the controller does not know this command; it is too old for this driver"
                ) from error
            try:
                return parse_layout(lines, self._unit)
            except Unfit as error:
                raise Refused(f"{self.name}: {error}") from error
            except ValueError as error:
                failure = BadReply(f"{self.name}: {what}: {error}")
                self._dialogue.in_step = False
        assert failure is not None
        raise failure

    def _check_full_scale(self, layout: Layout) -> None:
        if layout.full_scale is not None:
            full_sccm = layout.full_scale * layout.sccm
        else:
            line = self._dialogue.line(self._id + b"FPF 5\r", "full scale (FPF 5)")
            words = line.split()
            if line.strip() == b"?":
                full_sccm = self._scale_of_model()
            else:
                try:
                    value, unit = float(words[1]), words[3].decode("ascii")
                    if not 0.0 < value < 1e6:
                        raise ValueError(value)
                    full_sccm = value * SCCM_PER_UNIT[unit]
                except (ValueError, KeyError, IndexError) as error:
                    raise self._dialogue.fail("full scale (FPF 5)", line) from error
        rig_sccm = self._settings.full_scale_sccm
        if rig_sccm is not None and not abs(full_sccm - rig_sccm) <= _SLACK * rig_sccm:
            raise Refused(
                f"{self.name}: the controller's full scale is {full_sccm:g} sccm, the rig file says {rig_sccm:g}: "
                "correct full_scale, or look which controller this is"
            )
        self._full_scale_sccm = full_sccm
        self._implausible = 1.5 * full_sccm / layout.sccm

    def _scale_of_model(self) -> float:
        text = "\n".join(self._dialogue.lines(self._id + b"??M*\r", "maker's table (??M*)"))
        found = _MODEL_SCALE.search(text)
        if found is None:
            raise Refused(
                f"{self.name}: the controller tells no full scale, neither to FPF nor as its model: {text[:200]!r}"
            )
        return float(found[1]) * SCCM_PER_UNIT[found[2]]

    def _check_source(self) -> None:
        """Firmware before 10v05 cannot say; there a set point that is not taken shows in `apply`."""
        if self._firmware < (10, 5):
            return
        line = self._dialogue.line(self._id + b"LSS\r", "source of the set point (LSS)")
        words = line.split()
        if words[1:] == [b"A"]:
            raise Refused(
                f"{self.name}: the controller takes its set point from its analog input: "
                "choose serial as its source at its panel"
            )
        if words[1:] not in ([b"S"], [b"U"]):
            raise self._dialogue.fail("source of the set point (LSS)", line)

    def identify(self) -> Identity:
        """Model, serial number and firmware from `??M*`. Raises BadReply when something else answers."""
        try:
            lines = self._dialogue.lines(self._id + b"??M*\r", "maker's table (??M*)")
        except Refused:
            # Not every firmware has the table.
            return Identity("Alicat mass-flow controller", "{}v{:02d}".format(*self._firmware))
        text = "\n".join(lines)
        said = {}
        for line in lines:
            for label in ("Model Number", "Serial Number", "Software Revision"):
                _, found, value = line.partition(label)
                if found:
                    said[label] = value.strip()
        if "Model Number" not in said or not lines[0].startswith(self._unit):
            raise BadReply(f"{self.name}: an Alicat is expected, but this answered ??M*: {text[:120]!r}")
        return Identity(
            f"Alicat {said['Model Number']}", said.get("Software Revision"), said.get("Serial Number"), text
        )

    # The roles' methods

    def read(self, poll: str) -> dict[str, float | None]:
        """One frame. Flow and pressure are None while the unit reports its converter failed.

        Raises NoReply, BadReply (a frame unlike its table, or of another gas than at connect) or Preempted.
        """
        if poll != "flow":
            raise ValueError(f"{self.name}: there is no poll {poll!r}, only 'flow'")
        if self._layout is None:
            self.set_up()
        self._shown = None
        line, why = b"", ""
        for attempt in range(self._port.attempts):
            if not self._dialogue.in_step or attempt:
                line, why = b"", ""
                if not self._dialogue.ready(attempt, "frame"):
                    continue
            line = self._dialogue.exchange(self._poll)
            if line.endswith(b"\r"):
                try:
                    return self._frame(line)
                except (ValueError, IndexError) as error:
                    why = str(error)
            self._dialogue.in_step = False
        failure = self._dialogue.fail("frame", line)
        if why and isinstance(failure, BadReply):
            raise BadReply(f"{failure} ({why})")
        raise failure

    def _frame(self, line: bytes) -> dict[str, float | None]:
        """The channels from one frame. Raises ValueError for one unlike the unit's own table."""
        layout = self._layout
        assert layout is not None
        fields = line.split()
        tokens = fields[layout.count :]
        if len(fields) < layout.count or fields[0] != self._id:
            raise ValueError(f"{len(fields)} words, its table has {layout.count}")
        if fields[layout.gas] != self._gas:
            gas = fields[layout.gas].decode("ascii", "replace")
            raise ValueError(f"the gas is {gas}, at connect it was {self._gas.decode('ascii')}")
        if tokens and not layout.tokens.issuperset(tokens):
            raise ValueError("a status word that its table does not have")
        for place, width, decimals in layout.numbers:
            if len(fields[place]) != width:
                raise ValueError(f"{fields[place]!r} has not the {width} characters of its table")
            number(fields[place], decimals)
        flow = number(fields[layout.flow], layout.flow_decimals)
        setpoint = number(fields[layout.setpoint], layout.setpoint_decimals)
        pressure = None
        if layout.pressure is not None:
            pressure = number(fields[layout.pressure], layout.pressure_decimals)
        if flow is not None:
            if not -self._implausible <= flow <= self._implausible:
                raise ValueError("a flow far beyond its full scale")
            flow = flow * layout.sccm + 0.0  # + 0.0: the unit writes -000.00 for nothing
        if pressure is not None and pressure < 0.0:
            raise ValueError("an absolute pressure below nothing")
        if setpoint is not None:
            if (
                not -_SLACK * self._full_scale_sccm
                <= setpoint * layout.sccm
                <= (1 + _SLACK) * self._full_scale_sccm
            ):
                raise ValueError("a set point beyond its full scale")
            self._shown = round(setpoint * 10**layout.setpoint_decimals)
            setpoint = setpoint * layout.sccm + 0.0
        if pressure is not None:
            pressure *= layout.kpa
        fault = 0.0
        if tokens and not _HARMLESS.issuperset(tokens):
            fault = 1.0
            if _BLIND in tokens:
                flow = pressure = None
        return {"flow_sccm": flow, "pressure_kpa": pressure, "valve_fault": fault, "setpoint_sccm": setpoint}

    def apply(self, output: GasOutput) -> None:
        """Set the flow and see it taken: the nearest step of the unit, none beyond its full scale or the rig's.

        Raises Refused for a flow beyond them, for one too small to set, and when the unit shows another set point than
        it was told; NoReply or BadReply when it did not confirm, and what it does is then unknown.
        """
        if self._layout is None:
            self.set_up()
        layout = self._layout
        assert layout is not None
        steps = self._steps_of(output.flow_sccm, layout)
        if self._told == steps and self._shown == steps:
            return
        self._told = self._shown = None
        decimals = layout.setpoint_decimals
        value = b"%.*f" % (decimals, steps / 10**decimals)
        what = f"set to {output.flow_sccm:g} sccm ({value.decode('ascii')} {layout.flow_unit})"
        modern = self._firmware >= (9, 0)
        request = self._id + (b"LS " if modern else b"S") + value + b"\r"
        dialogue = self._dialogue
        line, taken = b"", None
        for attempt in range(self._port.attempts):
            line, taken = b"", None
            if not dialogue.ready(attempt, what):
                continue
            line = dialogue.exchange(request)
            if line.strip() == b"?":
                break
            if line.endswith(b"\r"):
                try:
                    taken = self._requested(line, layout) if modern else self._shown_by(line)
                except (ValueError, IndexError):
                    taken = None
                if taken == steps:
                    self._told = steps
                    return
            dialogue.in_step = False
        if taken is not None:
            raise Refused(
                f"{self.name}: {what}: not taken, the controller's set point is {taken / 10**decimals:g} "
                f"{layout.flow_unit}; is its source analog, or a ramp set at its panel?"
            )
        raise dialogue.fail(what, line)

    def _requested(self, line: bytes, layout: Layout) -> int | None:
        """The requested set point of an LS answer, in steps; the first number follows a ramp and lags behind."""
        words = line.split()
        if len(words) != 5 or words[4] != layout.flow_unit.encode("ascii"):
            raise ValueError(line)
        value = number(words[2], layout.setpoint_decimals)
        return None if value is None else round(value * 10**layout.setpoint_decimals)

    def _shown_by(self, line: bytes) -> int | None:
        self._frame(line)
        return self._shown

    def _steps_of(self, flow_sccm: float, layout: Layout) -> int:
        """The flow in the unit's own steps. Comparisons are written so that a NaN is refused too."""
        full_sccm = self._full_scale_sccm
        if not 0.0 <= flow_sccm <= full_sccm:
            raise Refused(
                f"{self.name}: {flow_sccm:g} sccm asked, the controller takes 0 to {full_sccm:g} sccm"
            )
        rig_sccm = self._settings.full_scale_sccm
        if rig_sccm is not None and not flow_sccm <= rig_sccm:
            raise Refused(
                f"{self.name}: {flow_sccm:g} sccm asked, the rig file's full scale is {rig_sccm:g} sccm"
            )
        step_sccm = self.set_step_sccm
        steps: int = floor(flow_sccm / step_sccm + 0.5)
        limit_sccm = full_sccm if rig_sccm is None else min(full_sccm, rig_sccm)
        while steps * step_sccm > limit_sccm * (1 + 1e-12):
            steps -= 1
        if flow_sccm > 0.0 and steps == 0:
            raise Refused(
                f"{self.name}: {flow_sccm:g} sccm asked, the controller's smallest step is {step_sccm:g} sccm"
            )
        return steps

    def release(self) -> None:
        """Nothing: gas is never lowered by leaving; over a hot tube it must go on, and the set point stays."""
