"""Eurotherm EPC3000, 3216P and 2416 furnace controllers over Modbus RTU.

Sources: Eurotherm handbook HA026230 and what `eurotherm_registers` names. The frames are in `modbus`, the registers by
model in `eurotherm_registers`, what has to be set in `eurotherm_settings`, "off" in `eurotherm_off`, the program memory
in `eurotherm_program`. What bites:

    reset returns control to SP1: both set points are zero before a program is loaded, or last week's 800 degC heats
    run is 2 on EPC3000 and 2416, 1 on 3216 (where 2 holds): by model, never by guess
    a block write to what is not there is confirmed and discarded: everything is read back
    decimals, units and scale of rates are settings of the instrument: read, and held against the float area
    registers 199 (mode) and 270 (autotune) are never written
    a programmer on hold stands for ever: without a watchdog a hold is a program of its own that ends in off

Program 1 of the controller belongs to this driver; what was in it is overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from struct import Struct

from rig.instruments import eurotherm_registers as reg
from rig.instruments.eurotherm_dialogue import Dialogue
from rig.instruments.eurotherm_off import switch_off, to_auto
from rig.instruments.eurotherm_program import Entry, fitting, image, why_impossible
from rig.instruments.eurotherm_settings import Found, read_found, watchdog_problems
from rig.instruments.modbus import FLOAT_AREA
from rig.instruments.roles import Identity, Poll
from rig.instruments.settings import FurnaceSettings
from rig.lines.errors import Refused
from rig.lines.port import LinkSpec, Port
from rig.outputs import FurnaceOutput, ProgramSegment
from rig.readings import ChannelInfo

LINK = LinkSpec(9600)

POLL_BYTES = (24, 39)
"""Bytes of one "status" poll, out and in: three exchanges."""
OFF_BYTES = (80, 70)
"""Bytes of the first "off" of a 2416 or 3216 that finds nothing wrong, out and in: eight exchanges, of which the first
three are the commands. Later ones, and an EPC3000's, are one exchange shorter."""
TURNAROUND_S = 0.06
"""From the end of a request to the beginning of its reply, the three exchanges of a poll together: 20 ms each is the
handbook's typical wait of a 2400."""
PROVEN = (
    "byte pairs after Eurotherm handbook HA026230; minimalmodbus drives the emulator; not yet on hardware; "
    "watchdog not proven on hardware"
)
ADDRESSES = range(1, 255)

HOLD_S = 4.5 * 3600.0
"""A controller without a watchdog ends a hold by itself after so long: half an hour more than the longest hold there
is (4 h in inert gas, safety rule 7)."""

_FLOATS_5 = Struct(">5f")
_POLL_AT = FLOAT_AREA + 2 * reg.PV


def _checked(settings: FurnaceSettings) -> tuple[reg.Model, int]:
    """Model and address. Raises ValueError for what is not in this family."""
    name = settings.model or "epc3000"
    model = reg.MODELS.get(name)
    if model is None:
        raise ValueError(f"{settings.name}: model {name!r} is not known; known are {', '.join(reg.MODELS)}")
    address = 1 if settings.address is None else settings.address
    if address not in ADDRESSES:
        raise ValueError(f"{settings.name}: address {address} is outside 1 to 254")
    return model, address


class Eurotherm:
    """One controller. Raises ValueError for settings that no controller of this family can have.

    max_segments: so many segments with a dwell fit in any case (a 2416 or EPC3000 spends no memory on a dwell of 0).
    `problems` and `warnings` are as read by `set_up`, the last `check_settings` or the last program loaded.
    """

    polls: tuple[Poll, ...] = (Poll("status", 1.0, 5.0), Poll("program", 5.0, 10.0))

    def __init__(self, settings: FurnaceSettings, port: Port) -> None:
        self.name = settings.name
        self.model, address = _checked(settings)
        self.max_segments = self.model.max_segments
        names = ("watchdog",) if self.model.watchdog is not None else ()
        self.channels: tuple[ChannelInfo, ...] = (
            ChannelInfo("temperature_degc", "degC", "temperature"),
            ChannelInfo("setpoint_degc", "degC", "temperature"),
            ChannelInfo("power_pct", "%", "power"),
            ChannelInfo("program", "", "state"),
            ChannelInfo("segment", "", "count"),
            ChannelInfo("sensor_break", "", "state"),
            ChannelInfo("loop_break", "", "state"),
            *(ChannelInfo(name, "", "state") for name in names),
        )
        self.poll_channels: Mapping[str, tuple[str, ...]] = {
            "status": (
                "temperature_degc", "setpoint_degc", "power_pct", "program", "sensor_break", "loop_break",
            ),
            "program": ("segment", *names),
        }  # fmt: skip
        self._settings = settings
        self._talk = Dialogue(settings.name, port, self.model, address)
        self._found: Found | None = None
        self._loaded: FurnaceOutput | None = None
        self._started = False
        self._held: FurnaceOutput | None = None
        """What is held by a program of its own, which stands in the memory in its stead."""

    # Sensing

    def read(self, poll: str) -> dict[str, float | None]:
        """One poll; a temperature is None while the sensor is broken or the value outside the input's range, and so are
        a set point outside it and an output beyond 100 %."""
        if poll == "status":
            talk, found = self._talk, self._found
            pv, _, _, power, setpoint = talk.words(_POLL_AT, _FLOATS_5, "values (1 to 5, float)", quick=True)
            status = talk.word(reg.STATUS_WORD, "status word", quick=True)
            broken = status & reg.SENSOR_BREAK_BIT != 0
            # What a broken sensor reads as is a sentinel, and it may have broken between the two questions.
            good = not broken and isfinite(pv)
            told = isfinite(setpoint)
            if found is not None:
                good = good and found.pv_low_degc <= pv <= found.pv_high_degc
                told = told and found.pv_low_degc <= setpoint <= found.pv_high_degc
            return {
                "temperature_degc": pv if good else None,
                "setpoint_degc": setpoint if told else None,
                "power_pct": power if -100.0 <= power <= 100.0 else None,
                "program": self._talk.state(),
                "sensor_break": 1.0 if broken else 0.0,
                "loop_break": 1.0 if status & reg.LOOP_BREAK_BIT else 0.0,
            }
        if poll == "program":
            segment = self._talk.word(self.model.segment_register, "segment", quick=True)
            # A ramp and a dwell for each of 16 is more than any of them holds.
            values: dict[str, float | None] = {
                "segment": float(segment) if 0 <= segment <= 2 * reg.MAX_BLOCKS else None
            }
            if self.model.watchdog is not None:
                flag = self._talk.word(self.model.watchdog[3], "watchdog flag", quick=True)
                values["watchdog"] = 1.0 if flag else 0.0
            return values
        raise ValueError(f"{self.name}: there is no poll {poll!r}, only 'status' and 'program'")

    def identify(self) -> Identity:
        """Model word and firmware. Only the 2000 series' model word is documented (24xx of a 2400); it is held
        against what was declared. BadReply when they contradict each other."""
        word = self._talk.model_word()
        firmware = self._talk.word(reg.FIRMWARE, "firmware") & 0xFFFF
        maker = self._talk.word(reg.MAKER, "maker") & 0xFFFF
        return Identity(
            self.model.title,
            firmware=f"{firmware >> 8:X}.{firmware & 0xFF:02X}",
            text=f"maker {maker:04X}, model {word:04X}, firmware {firmware:04X}",
        )

    # What is set in the controller

    @property
    def problems(self) -> tuple[str, ...]:
        """What is set in the controller so that nothing may be run with it, each with what to change."""
        return self._found.problems if self._found is not None else ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know of its settings."""
        return self._found.warnings if self._found is not None else ()

    def set_up(self) -> None:
        """Read what has to be known of the controller; nothing is written. Raises Refused or BadReply where its
        numbers cannot be trusted (units, decimals, scale); what only speaks against running it is kept in `problems`.
        """
        self._found = read_found(self._talk)

    def check_settings(self) -> None:
        """Read them again and raise Refused, with all `problems`, if there is one."""
        self._found = read_found(self._talk)
        if self._found.problems:
            raise Refused("; ".join(self._found.problems))

    def check_watchdog(self) -> None:
        """Read the watchdog's registers again and raise Refused, with what to change, unless they switch the heater
        off within a minute of silence. A model without one passes: its program ends in off by itself.

        Time-out, action and fallback are read; that they work is not proven on hardware.
        """
        problems = watchdog_problems(self._talk)
        if problems:
            raise Refused("; ".join(problems))

    # Off

    def off(self) -> None:
        """Set points zero, programmer reset, and the working output read as 0 %; raises when that is not so.

        One that gives power all the same is put to manual at 0 % and stays there until a program is to run.

        The first one of all reads the model word in between, on a model whose reset another model would take for run.
        """
        bus = self._talk.bus
        bus.urgent = True
        try:
            self._loaded = self._held = None
            self._started = False
            switch_off(self._talk)
        finally:
            bus.urgent = False

    def release(self) -> None:
        """Leave it off."""
        self.off()

    # Programs

    def apply(self, output: FurnaceOutput) -> None:
        """Load and read back a program that is not loaded yet, then run or hold it.

        A program that has ended, or was reset by somebody, is not started again: that needs another number. On hold
        the set point stands where it is; a controller without a watchdog gets a program for it that dwells at the lower
        of process value and set point and ends in off after `HOLD_S`, or a host that dies in a hold would leave it hot
        for ever. After that the program is loaded anew, and begins at the present temperature.

        Raises Refused for what the rig's or the controller's limits, memory or settings do not allow, and for whatever
        reads back otherwise than it was written; the heater is then off, or goes on with the program it had if nothing
        was sent.
        """
        if output.mode == "off":
            self.off()
            return
        if output.mode not in ("run", "hold"):
            raise ValueError(f"{self.name}: mode {output.mode!r}; there are off, run and hold")
        if self._is_same(self._held, output) and (output.mode == "hold" or not self._talk.under_way()):
            return  # held as it should be; or its hold has ended, or was reset by somebody
        if not self._is_same(self._loaded, output):
            self._check_possible(output)
            self._load(output)
        state = self._talk.state()
        if state in (reg.RUN, reg.HOLD_BACK):
            self._started = True  # also by a command whose confirmation was lost
        if output.mode == "hold":
            if state in (reg.RUN, reg.HOLD_BACK):
                self._hold(output)
        elif state == reg.HOLD or (state == reg.OFF and not self._started):
            self._go(self.model.run, "run", (reg.RUN, reg.HOLD_BACK))
            self._started = True

    def recognise(self, output: FurnaceOutput) -> bool:
        """Whether the controller holds this very program and runs or holds it: read only. If so it is taken for loaded
        and started, so that `apply` neither loads nor starts it again (a host that comes back to a hot furnace)."""
        found = self._found
        if found is None or why_impossible(output, found.sp_high_degc, float("inf")):
            return False
        if fitting(self.model, output.segments) < len(output.segments):
            return False
        if not self._talk.under_way():
            return False
        for entry in self._image(output, found):
            if not entry.kept(self._talk.bus.read(entry.address, len(entry.words) // 2, entry.what)):
                return False
        self._loaded, self._started = output, True
        return True

    @staticmethod
    def _is_same(one: FurnaceOutput | None, output: FurnaceOutput) -> bool:
        """Whether both are the same program, run or held."""
        return (
            one is not None
            and one.number == output.number
            and one.segments == output.segments
            and one.hold_back_degc == output.hold_back_degc
        )

    def _hold(self, output: FurnaceOutput) -> None:
        """The program that runs is held: by the programmer's own hold where a watchdog ends it, else by a program."""
        if self.model.hold is not None:
            self._go(self.model.hold, "hold", (reg.HOLD,))
            return
        pv, _, _, _, setpoint = self._talk.words(_POLL_AT, _FLOATS_5, "values (1 to 5, float)")
        rest = ProgramSegment(output.segments[0].ramp_degc_min, max(0.0, min(pv, setpoint)), HOLD_S)
        resting = FurnaceOutput("run", output.number, (rest,), output.hold_back_degc)
        self._check_possible(resting)
        self._load(resting)
        self._go(self.model.run, "run", (reg.RUN, reg.HOLD_BACK))
        self._loaded, self._held = None, output

    def _image(self, output: FurnaceOutput, found: Found) -> tuple[Entry, ...]:
        entries = tuple(image(self.model, output, found.step_degc, found.rate_unit_s))
        if self.model.blocks:
            entries += (Entry("program number", reg.PROGRAM_NUMBER, "word", (1,)),)
        return entries

    def _check_possible(self, output: FurnaceOutput) -> None:
        """What can be said before anything is sent."""
        if self._found is None:
            raise Refused(
                f"{self.name}: program {output.number}: not loaded, the controller was not set up yet"
            )
        limit_degc = min(self._settings.limit_degc, self._found.sp_high_degc)
        wrong = why_impossible(output, limit_degc, self._settings.limit_ramp_degc_min)
        if wrong is not None:
            raise Refused(f"{self.name}: program {output.number}: not loaded: {wrong}")
        fit = fitting(self.model, output.segments)
        if fit < len(output.segments):
            raise Refused(
                f"{self.name}: program {output.number}: not loaded: {len(output.segments)} segments, "
                f"and a {self.model.title} holds the first {fit} of them; load it in parts"
            )

    def _load(self, output: FurnaceOutput) -> None:
        """Set points zero, programmer reset, then write by write with its read-back."""
        found = self._found = read_found(self._talk)
        number = f"program {output.number}"
        if found.problems:
            raise Refused(f"{number}: not loaded: {'; '.join(found.problems)}")
        self.off()
        talk, bus = self._talk, self._talk.bus
        to_auto(talk)
        if self.model.watchdog is not None:
            flag = self.model.watchdog[3]
            if talk.word(flag, "watchdog flag"):
                # It has fallen back since the last run; the heater is off, and stays so until the run command below.
                bus.write_words(flag, bytes(2), "watchdog flag cleared")
                if talk.word(flag, "watchdog flag"):
                    raise Refused(f"{self.name}: its watchdog has fallen back and cannot be cleared")
        for entry in self._image(output, found):
            what = f"{number}: {entry.what}"
            bus.check_preempted(what)
            bus.write_words(entry.address, entry.words, what)
            words = bus.read(entry.address, len(entry.words) // 2, what)
            if not entry.kept(words):
                raise Refused(
                    f"{self.name}: {what}: written {_said(entry.values)}, but it reads {_said(entry.read_back(words))}"
                )
            if entry.rate_at is not None:
                self._check_rate(entry, what, found)
        self._loaded = output
        self._started = False

    def _check_rate(self, entry: Entry, what: str, found: Found) -> None:
        """The rate in the plain area: with one decimal, or with as many as temperatures have. A rate that its
        resolution has made 0 would be a step."""
        assert entry.rate_at is not None
        plain = self._talk.word(entry.rate_at, f"{what}, plain")
        for scale in (10.0, 10.0**found.decimals):
            if plain > 0 and abs(plain - entry.rate * scale) <= 1.0:
                return
        raise Refused(
            f"{self.name}: {what}: a rate of {entry.rate:g} reads {plain} in the plain area; its scale or unit "
            "is not what it should be"
        )

    def _go(self, command: reg.Command, what: str, wanted: tuple[float, ...]) -> None:
        self._talk.bus.check_preempted(
            what
        )  # an off that came in meanwhile goes before anything that energises
        self._talk.send(command, what)
        state = self._talk.state()
        if state not in wanted:
            raise Refused(
                f"{self.name}: {what} was confirmed, but the programmer is in state {state:g} "
                "(0 reset, 1 run, 2 hold, 3 hold-back, 4 ended)"
            )


def _said(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
