"""Keithley 6485 and 6487 picoammeters in the collector's return to earth, over RS-232 or GPIB through VISA.

Sources: Keithley 6485 and 6487 instruction manuals (SCPI reference, RS-232 operation). In short:

    commands    ASCII, any case, one a line, ended by CR LF: the 6485 acts on CR, the 6517B on LF
    replies     end as the instrument's TERM menu says: CR, LF, CR LF or LF CR; learned from the first reply
    READ?       +1.040564E-06          with FORM:ELEM READ: nothing but the reading, in A, 13 characters
    TRAC:DATA?  readings of the buffer, joined by commas
    overflow    +9.9E37, and 9.91E37 for what is no number; digits and spacing vary
    ^X          device clear: drops what is pending, the trigger goes idle

The instrument must be set to RS-232 at 57600 8N1 without flow control (front panel, COMM menu; it leaves the factory
at 9600, unconfirmed), or the rig file must give its baud rate: a burst shrinks with it.

Zero check shunts the input, and zero correct takes the instrument's own offset away; both are done at set-up, when
the high voltage is off. Afterwards the range is fixed: searching a range takes longer than a reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from rig.instruments.current_features import CHANNELS as FEATURE_CHANNELS
from rig.instruments.current_features import features
from rig.instruments.roles import Identity, Poll
from rig.instruments.settings import CurrentSettings
from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted, Refused
from rig.lines.port import LinkSpec, Port
from rig.readings import ChannelInfo

LINK = LinkSpec(57600)

RANGES_A = (2e-9, 2e-8, 2e-7, 2e-6, 2e-5, 2e-4, 2e-3, 2e-2)
OVER_RANGE = 1.06
"""The instrument measures up to 105 % of its range; a value beyond that with nothing said is a damaged reply."""

POLL_BYTES = (7, 14)
"""Bytes on the wire of the common poll (READ? and its reply with LF), out and in."""
TURNAROUND_S = 0.043
"""From the end of READ? to the beginning of its reply: a line cycle, another for autozero, and 3 ms (assumed)."""

MEAN_NPLC = 1
BURST_NPLC = ".01"
BURST_SAMPLES = 80
BURST_S = 0.35
"""A burst, with its transfer, takes no longer: three periods of the mean are 0.6 s, and a burst must fit between."""
_BURST_OVERHEAD_S = 0.05
"""For the commands around it at 57600 baud."""
_READING_CHARS = 14
_CALIBRATION_SAMPLES = 500

ROF, BFL = 128, 512
"""Measurement event bits: reading overflow, buffer full."""

# Digits to 0 and signs to +: whatever has the shape of a reading becomes this very text.
_SHAPE = bytes.maketrans(b"123456789-", b"000000000+")
_READING = b"+0.000000E+00"
_SPECIAL = re.compile(rb"[+-]?9\.9(1?)0*E\+?37")
_MODELS = ("MODEL 6485", "MODEL 6487")

T = TypeVar("T")


def nearest_range(wanted_a: float) -> float:
    """The smallest range that holds `wanted_a`, in A. Raises ValueError, with the ranges there are, if none does."""
    for range_a in RANGES_A:
        if 0 < wanted_a <= range_a * (1 + 1e-9):
            return range_a
    known = ", ".join(f"{range_a:g}" for range_a in RANGES_A)
    raise ValueError(f"a Keithley 6485 has no range for {wanted_a:g} A; its ranges are {known} A")


def parse_reading(text: bytes) -> tuple[float | None, bool]:
    """(value in A, overflow) of one reading; the value is None for overflow and for "not a number".

    Raises ValueError for anything that is not exactly a reading: +d.ddddddE+dd, 13 characters, or one of the two
    special numbers. A cut or lengthened text is never read as a number.
    """
    if text.translate(_SHAPE) == _READING:
        value = float(text)
        if abs(value) < 9.8e37:
            return value, False
    special = _SPECIAL.fullmatch(text)
    if special is None:
        raise ValueError(f"not a reading: {text!r}")
    return None, not special[1]


class Keithley6485:
    """One picoammeter. `current_na` is the mean over a line cycle, positive into the instrument; None when the
    instrument has no value, with `overload` 1 if that is because the input exceeds the range (an arc).

    The features of `current_features` are those of a record of some 80 ms at about 1000 samples a second, taken
    every 2 s.
    """

    polls = (Poll("current", 0.2, 1.0), Poll("burst", 2.0, 0.0))
    channels = (
        ChannelInfo("current_na", "nA", "current"),
        ChannelInfo("overload", "", "state"),
        *FEATURE_CHANNELS,
    )
    poll_channels: Mapping[str, tuple[str, ...]] = {
        "current": ("current_na", "overload"),
        "burst": tuple(channel.name for channel in FEATURE_CHANNELS),
    }

    def __init__(self, settings: CurrentSettings, port: Port) -> None:
        """Raises ValueError when no range of the instrument holds settings.range_a."""
        self.name = settings.name
        self.range_a = nearest_range(settings.range_a)
        self._port = port
        self._mains_hz = settings.mains_hz
        self._serial = not settings.where.upper().startswith(("GPIB", "TCPIP", "USB0", "USB::"))
        self._byte_s = LinkSpec(settings.baud or LINK.baud).byte_ns / 1e9 if self._serial else 2e-6
        self._limit_a = self.range_a * OVER_RANGE
        self._resolution_na = self.range_a * 1e9 * 1e-5
        self._period_s = 1e-3
        self.burst_samples = self._samples_that_fit(self._period_s)
        self._end: bytes | None = None
        self._in_burst = False
        self._unsure = False  # something may still be on its way
        self._token = 0

    def _samples_that_fit(self, period_s: float) -> int:
        each_s = period_s + _READING_CHARS * self._byte_s
        return max(8, min(BURST_SAMPLES, int((BURST_S - _BURST_OVERHEAD_S) / each_s)))

    # Asking

    def _tell(self, *commands: str) -> None:
        for command in commands:
            self._port.write(command.encode("ascii") + b"\r\n")

    def _clear(self) -> None:
        """Drop whatever is pending on both sides."""
        port = self._port
        if self._serial:
            port.write(b"\x18")
        port.sleep(0.05)
        port.discard_input()

    def _resynchronise(self, end: bytes) -> None:
        """After a failed exchange: a reply that comes late must not be taken for that of the next question.

        Readings look all alike, so a number never used before is written into a register that nothing here depends on
        (standard event enable) and asked back: replies keep their order, what comes before it is old.
        """
        port = self._port
        self._clear()
        self._token = self._token % 255 + 1
        self._tell(f"*ESE {self._token}", "*ESE?")
        token = b"%d" % self._token
        while True:
            reply = port.read_until(end)
            if not reply.endswith(end):
                raise NoReply(f"{self.name}: *ESE?: no reply within {port.deadline_s:g} s")
            if reply.strip(b"\r\n") == token:
                port.discard_input()  # what came with it was there before the next question
                self._unsure = False
                return

    def _ask(self, question: str, parse: Callable[[bytes], T]) -> T:
        """One question with all its attempts; `parse` gets the reply without its ending, ValueError means damaged."""
        port, end = self._port, self._end
        if end is None:
            end = self._end = self._learn_ending()
        request = question.encode("ascii") + b"\r\n"
        failure: InstrumentError = NoReply(f"{self.name}: {question}: never asked")
        for attempt in range(port.attempts):
            if attempt and port.off_waiting():
                raise Preempted(f"{self.name}: {question}: given up for an off that waits")
            if port.discard_input().strip(b"\r\n"):
                self._unsure = True  # a reply too many: the next one would be that of the question before
            if self._unsure:
                try:
                    self._resynchronise(end)
                except NoReply as error:
                    failure = error
                    continue
            port.write(request)
            reply = port.read_until(end, 1 << 17)
            self._unsure = True
            if reply.endswith(end):
                try:
                    answer = parse(reply.strip(b"\r\n"))
                except ValueError as error:
                    failure = BadReply(f"{self.name}: {question}: {error}")
                    continue
                self._unsure = False
                return answer
            got = f"only {reply[:40]!r}" if reply else "no reply"
            failure = NoReply(
                f"{self.name}: {question}: {got} within {port.deadline_s:g} s, {attempt + 1} attempts"
            )
        raise failure

    def _learn_ending(self) -> bytes:
        """What replies end with. LF serves for LF, CR LF and LF CR: the odd CR is stripped."""
        for ending in (b"\n", b"\r"):
            self._port.write(b"*IDN?\r\n")
            reply = self._port.read_until(ending)
            # Noise must not teach an ending for good, so it has to be one line that looks like an identity.
            if reply.endswith(ending) and reply.count(b",") >= 3 and b"\n" not in reply.strip(b"\r\n"):
                return ending
            self._clear()
        raise NoReply(
            f"{self.name}: no reply to *IDN? within {self._port.deadline_s:g} s; is the meter set to RS-232 "
            f"and to the baud rate of the rig file?"
        )

    # The Driver protocol

    def identify(self) -> Identity:
        """Ask *IDN?. Raises BadReply when anything but a 6485 or 6487 answers."""
        return self._ask("*IDN?", self._parse_identity)

    def _parse_identity(self, reply: bytes) -> Identity:
        text = reply.decode("ascii", "replace")
        parts = text.split(",", 3)
        if len(parts) != 4 or not parts[0].startswith("KEITHLEY") or parts[1] not in _MODELS:
            raise ValueError(f"a Keithley 6485 or 6487 is expected, but this answered: {text!r}")
        return Identity("Keithley " + parts[1].removeprefix("MODEL "), parts[3], parts[2], text)

    def set_up(self) -> None:
        """Zero check and zero correct (the high voltage is off now), fixed range, buffer; zero check off at the end.

        Measures how long one sample of a burst takes. Raises Refused when the instrument reports an error or does not
        stand where it was told to.
        """
        self._clear()
        self._end = self._learn_ending()
        self._resynchronise(self._end)
        self._tell("ABOR", "*CLS", "FORM:ELEM READ", "DISP:ENAB OFF")
        self._tell("ARM:SOUR IMM", "ARM:COUN 1", "TRIG:SOUR IMM", "TRIG:DEL 0", "TRIG:COUN 1")
        # What somebody left switched on at the front panel would be taken for the jet.
        self._tell("AVER OFF", "MED OFF", "CALC:STAT OFF", "CALC2:NULL:STAT OFF")
        self._tell(f"SYST:LFR {self._mains_hz}", "SYST:AZER ON", f"NPLC {MEAN_NPLC}")
        self._tell("SYST:ZCH ON", "SYST:ZCOR OFF", "RANG:AUTO OFF", "RANG 2E-9", "INIT")
        self._port.sleep(0.4)
        self._tell("SYST:ZCOR:ACQ", "SYST:ZCOR ON", f"RANG {self.range_a:.0E}".replace("E-0", "E-"))
        self._tell("SYST:ZCH OFF", "TRAC:FEED SENS")
        self._in_burst = False
        self._check_errors()
        if self._ask("SYST:ZCH?", _parse_number) != 0:
            raise Refused(f"{self.name}: zero check is still on after SYST:ZCH OFF: the input stays shunted")
        # The manual's ranges are asked for by full scale, but some firmware answers with 105 % of it.
        range_a = self._ask("RANG?", _parse_number)
        if not self.range_a * 0.999 <= range_a <= self._limit_a:
            raise Refused(f"{self.name}: told range {self.range_a:g} A, but it stands at {range_a:g} A")
        self._measure_period()
        self._check_errors()

    def _check_errors(self) -> None:
        told = self._ask("SYST:ERR?", _parse_error)
        if told is not None:
            raise Refused(f"{self.name}: the meter reports an error after set-up: {told}")

    def _measure_period(self) -> None:
        self._tell(f"TRAC:POIN {_CALIBRATION_SAMPLES}")
        began_ns = self._start_burst(_CALIBRATION_SAMPLES)
        self._wait_until_full(began_ns, _CALIBRATION_SAMPLES * 1e-3, 3.0)
        self._period_s = (self._port.now_ns() - began_ns) / 1e9 / _CALIBRATION_SAMPLES
        self.burst_samples = self._samples_that_fit(self._period_s)
        self._tell(f"TRAC:POIN {self.burst_samples}")
        self._end_burst()

    def read(self, poll: str) -> Mapping[str, float | None]:
        """ "current": the mean; "burst": the features. Raises ValueError for another name."""
        if poll == "current":
            return self._read_current()
        if poll == "burst":
            return self._read_burst()
        raise ValueError(f"{self.name}: no poll {poll!r}")

    def release(self) -> None:
        """Leave the input shunted (zero check on) and the display on."""
        self._end_burst()
        self._tell("SYST:ZCH ON", "DISP:ENAB ON")
        if self._ask("SYST:ZCH?", _parse_number) != 1:
            raise Refused(f"{self.name}: zero check is not on after SYST:ZCH ON")

    # The mean

    def _read_current(self) -> Mapping[str, float | None]:
        if self._in_burst:
            self._end_burst()
        value_a, overflow = self._ask("READ?", self._parse_within_range)
        if value_a is None:
            return {"current_na": None, "overload": 1.0 if overflow else 0.0}
        return {"current_na": value_a * 1e9, "overload": 0.0}

    def _parse_within_range(self, text: bytes) -> tuple[float | None, bool]:
        try:
            value_a, overflow = parse_reading(text)
        except ValueError as error:
            if b"," in text or text.endswith(b"A"):
                # What a meter sends that was switched off and on: other elements, autorange, zero check on.
                raise ValueError(
                    f"{text[:60]!r} has other elements than a reading: the meter has lost its settings "
                    f"(switched off?); connect again to set it up"
                ) from error
            raise
        if value_a is not None and abs(value_a) > self._limit_a:
            raise ValueError(f"{value_a:g} A is beyond the fixed range of {self.range_a:g} A: reply damaged")
        return value_a, overflow

    # Bursts

    def _start_burst(self, samples: int) -> int:
        """Into fast readings and off; the clock at the start, in ns."""
        self._in_burst = True
        self._tell("SYST:AZER OFF", f"NPLC {BURST_NPLC}", f"TRIG:COUN {samples}")
        self._tell("TRAC:CLE", "TRAC:FEED:CONT NEXT", "*CLS", "INIT")
        return self._port.now_ns()

    def _end_burst(self) -> None:
        self._tell(f"NPLC {MEAN_NPLC}", "TRIG:COUN 1", "SYST:AZER ON")
        self._in_burst = False

    def _wait_until_full(self, began_ns: int, expected_s: float, limit_s: float) -> None:
        port = self._port
        port.sleep(expected_s)
        while not self._ask("STAT:MEAS?", _parse_register) & BFL:
            waited_s = (port.now_ns() - began_ns) / 1e9
            if waited_s > limit_s:
                raise NoReply(f"{self.name}: the buffer was not full {waited_s:.2f} s after INIT")
            port.sleep(1e-3)

    def _read_burst(self) -> Mapping[str, float | None]:
        port, samples = self._port, self.burst_samples
        began_ns = self._start_burst(samples)
        expected_s = samples * self._period_s
        self._wait_until_full(began_ns, expected_s, expected_s + 0.5)
        deadline_s = port.deadline_s
        # Some 1100 characters take longer than the reply to any question: 0.2 s at 57600 baud.
        port.deadline_s = deadline_s + samples * _READING_CHARS * self._byte_s
        try:
            values_na = self._ask("TRAC:DATA?", self._parse_buffer)
        finally:
            port.deadline_s = deadline_s
        self._end_burst()
        return features(values_na, self._period_s, self._resolution_na)._asdict()

    def _parse_buffer(self, reply: bytes) -> list[float | None]:
        texts = reply.split(b",")
        if len(texts) != self.burst_samples:
            raise ValueError(f"{self.burst_samples} readings expected, got {len(texts)}: {reply[:60]!r}")
        if reply.translate(_SHAPE) == b",".join([_READING] * len(texts)):
            values_a = [float(text) for text in texts]
            if max(values_a) <= self._limit_a and min(values_a) >= -self._limit_a:
                return [value_a * 1e9 for value_a in values_a]
        values: list[float | None] = []
        for text in texts:
            value_a, _ = self._parse_within_range(text)
            values.append(None if value_a is None else value_a * 1e9)
        return values


def _parse_number(text: bytes) -> float:
    if re.fullmatch(rb"[+-]?\d+(\.\d+)?(E[+-]?\d+)?", text) is None:
        raise ValueError(f"not a number: {text!r}")
    return float(text)


def _parse_register(text: bytes) -> int:
    if re.fullmatch(rb"\+?\d{1,5}", text) is None:
        raise ValueError(f"not a status register: {text!r}")
    return int(text)


def _parse_error(text: bytes) -> str | None:
    match = re.fullmatch(rb'([+-]?\d+),"([^"]*)"', text)
    if match is None:
        raise ValueError(f"not an error report: {text!r}")
    return None if int(match[1]) == 0 else text.decode("ascii", "replace")
