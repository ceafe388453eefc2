"""XP Glassman FJ and FR high-voltage supplies (the serial form of EJ, ET and EY is the same) over RS-232.

Source: XP Glassman manual 102002-177 Rev M2, serial interface chapter. In short:

    request  SOH letter data checksum CR         reply  letter data checksum CR  (an acknowledgement is "A" CR alone)
    query    Q                                   R VVV III 000 ddd    monitors 10 bit, first d: 1 current mode,
                                                                      2 fault, 4 HV on
    set      S VVV III 000000 c                  A                    12 bit; c: 1 HV off, 2 HV on, 4 reset, 0 as it is
    version  V                                   B revision
    time-out C0 on, C1 off                       A
    errors                                       E n                  n from 1 to 6

The checksum is the sum modulo 256, as two upper-case hex digits, of all bytes after SOH (request) or after the first
letter (reply). The supply switches itself off 1.5 s after the last valid message; the poll feeds it, and this driver
never sends C1, which would disable that for good.

Replies carry no number: behind a link that delays, the answer to an old request looks like that to the newest. So once
a reply has been missed, nothing is asked or set before a fence has been passed: V, the only request answered by B, has
been answered in time. The supply answers in order, so nothing older can come after it. One fence at most is out; while
it is unanswered nothing else is sent, and the supply's watchdog is not fed. "Off" alone waits for no fence: it is sent
first, and told again behind the fence where its acknowledgement could be that of something older.
"""

from __future__ import annotations

from rig.instruments.roles import Identity, Poll
from rig.instruments.settings import HvSettings
from rig.lines.errors import BadReply, InstrumentError, NoReply, PortLost, Preempted, Refused
from rig.lines.port import LinkSpec, Port
from rig.outputs import HvOutput
from rig.readings import NS, ChannelInfo

LINK = LinkSpec(9600)

POLL_BYTES = (5, 16)
"""Bytes of one poll, out and in."""
OFF_BYTES = (18, 2)
"""Bytes of one off, out and in."""
TURNAROUND_S = 0.01
"""From the end of a request to the beginning of its reply: our assumption, the manual gives none."""
WATCHDOG_S = 1.5
"""The supply's own: HV off and both programs to zero after this time without a valid message."""

LOST_NS = 3 * NS
"""A fence unanswered for so long counts as lost, and another is sent: our assumption that no link delays more."""

SET_FULL = 0xFFF
MONITOR_FULL = 0x3FF

ERRORS = {
    1: "unknown command",
    2: "checksum wrong",
    3: "extra bytes in the message",
    4: "illegal control bits",
    5: "not taken while the supply is faulted",
    6: "processing error",
}
_DAMAGED = (1, 2, 3)
"""Errors that mean the request arrived damaged: worth another attempt."""
_NOT_EXECUTED = (1, 2, 3, 4, 5)
"""Errors that mean nothing was done; after a processing error (6) nobody knows."""

KEEP, HV_OFF, HV_ON, RESET = 0, 1, 2, 4

_FAULTED = "it reports a fault (interlock, arc or overload)"
_LET_GO = "its output is off although it was told on (order lost, watchdog, interlock or mains)"

_HEX2 = tuple(b"%02X" % n for n in range(256))
_COUNTS = {b"%03X" % n: n for n in range(MONITOR_FULL + 1)}
_HEX_DIGITS = frozenset(b"0123456789ABCDEF")
_STATUS_BITS = {b"%X" % n: n for n in range(8)}
_CURRENT_MODE, _FAULT, _HV_ON = 1, 2, 4


def request(body: bytes) -> bytes:
    """A request around its letter and data: SOH, body, checksum, CR."""
    return b"\x01" + body + _HEX2[sum(body) & 0xFF] + b"\r"


def set_request(voltage_counts: int, current_counts: int, control: int) -> bytes:
    """The S message for two 12-bit programs and one control digit."""
    return request(b"S%03X%03X000000%X" % (voltage_counts, current_counts, control))


QUERY = request(b"Q")
VERSION = request(b"V")
WATCHDOG_ON = request(b"C0")
OFF = set_request(0, 0, HV_OFF)
RESET_ALL = set_request(0, 0, RESET)
_ACKNOWLEDGED = b"A\r"


def _is_version(line: bytes) -> bool:
    """Whether a line ends in an intact B reply; what noise left before it does not count."""
    reply = line[-6:]
    return (
        len(reply) == 6
        and reply[0] == 0x42
        and reply[5] == 13
        and _HEX2[sum(reply[1:3]) & 0xFF] == reply[3:5]
        and _HEX_DIGITS.issuperset(reply[1:3])
    )


def counts_for(wanted: float, full: float, limit: float) -> int:
    """12-bit counts for a wanted value: the nearest step, the one below where the nearest would exceed `limit`.

    All three in one unit, 0 <= wanted <= min(limit, full). The result stands for counts * full / 4095, at most half a
    step above what is wanted and never above the limit.
    """
    counts = int(wanted * SET_FULL / full + 0.5)
    while counts > 0 and (counts > SET_FULL or counts * full > SET_FULL * min(limit, full)):
        counts -= 1
    return counts


class Glassman:
    """One supply. Voltages are signed by `settings.polarity`, which the hardware fixes; currents in uA.

    `apply` never switches on a supply that has dropped its output by itself or shown a fault: that needs an `off()`
    in between, which is where the engine and a person decide.
    """

    polls: tuple[Poll, ...] = (Poll("status", 0.1, 1.0),)
    channels: tuple[ChannelInfo, ...] = (
        ChannelInfo("voltage_kv", "kV", "voltage"),
        ChannelInfo("current_ua", "uA", "current"),
        ChannelInfo("output", "", "state"),
        ChannelInfo("fault", "", "state"),
        ChannelInfo("current_mode", "", "state"),
    )

    def __init__(self, settings: HvSettings, port: Port) -> None:
        self.name = settings.name
        self._settings = settings
        self._port = port
        self._rating_ua = settings.rating_ma * 1000.0
        self.monitor_step_kv = settings.rating_kv / MONITOR_FULL
        self.set_step_kv = settings.rating_kv / SET_FULL
        full_kv = settings.rating_kv * settings.polarity
        # "or 0.0" keeps a negative supply from reading -0.0.
        self._kv_of = {text: counts * full_kv / MONITOR_FULL or 0.0 for text, counts in _COUNTS.items()}
        self._ua_of = {text: counts * self._rating_ua / MONITOR_FULL for text, counts in _COUNTS.items()}
        self._on = False  # told to be on, an unanswered order to switch on included
        self._counts: tuple[int, int] | None = None  # what it acknowledged last
        self._tripped: str | None = None
        self._bits: int | None = None  # the newest status since the last set message
        self._bits_ns = 0
        self._owed = False  # a reply to something sent before may still come
        self._fence_ns: int | None = None  # when the V was sent that nothing has answered yet
        self._late = b""  # what has come since then

    # Asking

    def _fail(self, what: str, reply: bytes, length: int) -> InstrumentError:
        """What is wrong with a reply that is not the expected one."""
        port = self._port
        tries = f"{port.attempts} attempt{'s' if port.attempts != 1 else ''}"
        if not reply:
            return NoReply(f"{self.name}: {what}: no reply within {port.deadline_s:g} s, {tries}")
        if not reply.endswith(b"\r"):
            return NoReply(
                f"{self.name}: {what}: reply not complete within {port.deadline_s:g} s: {reply!r}, {tries}"
            )
        code = self._error_of(reply)
        if code is not None:
            return Refused(f"{self.name}: {what}: the supply answered error {code}, {ERRORS[code]}")
        if len(reply) != length:
            return BadReply(f"{self.name}: {what}: {length} bytes expected, got {len(reply)}: {reply!r}")
        return BadReply(f"{self.name}: {what}: reply damaged or not meant for us: {reply!r}")

    @staticmethod
    def _error_of(reply: bytes) -> int | None:
        """The number of an intact E reply, else None."""
        if len(reply) == 5 and reply[:1] == b"E" and _HEX2[reply[1]] == reply[2:4] and reply[4] == 13:
            code = reply[1] - 0x30
            return code if code in ERRORS else None
        return None

    def _clear(self) -> None:
        """Throw away what came unasked. A whole reply among it shows that request and reply are out of step."""
        stray = self._port.discard_input()
        if stray:
            self._late = (self._late + stray)[-256:]
            if b"\r" in stray:
                self._owed = True

    def _exchange(self, message: bytes) -> bytes:
        """Send and take one reply; it stays owed until the caller has found it to be the answer."""
        port = self._port
        self._owed = True
        port.write(message)
        reply = port.read_until(b"\r", 32)
        if self._fence_ns is not None:
            self._late = (self._late + reply)[-256:]
        return reply

    def _passed(self) -> bool:
        """Send the fence and throw away everything up to its answer; False if that did not come in time.

        While an earlier fence is unanswered it sends nothing and is False: with two of them out, the answer to the
        first would pass for that to the second.
        """
        port = self._port
        if self._fence_ns is not None:
            lines = self._late.splitlines(keepends=True)
            if not any(map(_is_version, lines)) and port.now_ns() - self._fence_ns < LOST_NS:
                return False
        self._late = b""
        port.write(VERSION)
        self._fence_ns = sent_ns = port.now_ns()
        while True:
            line = port.read_until(b"\r", 256)
            if not line.endswith(b"\r") or port.now_ns() - sent_ns > port.deadline_s * NS:
                self._late = line
                return False
            if _is_version(line):
                port.discard_input()  # what came with it was there before the next question
                self._fence_ns = None
                self._owed = False
                return True

    def _in_step(self, what: str, attempt: int) -> bool:
        """Before each attempt: True when no reply but the next one's can come. False when there is no such proof after
        an attempt of the same call has failed; NoReply when there was none."""
        if attempt:
            self._check_preempted(what)
        self._clear()
        if self._owed:
            if not self._passed():
                if attempt:
                    return False
                raise NoReply(
                    f"{self.name}: {what}: not sent; a reply was missed, and since then the supply has not answered V "
                    f"within {self._port.deadline_s:g} s, so that a late reply could pass for a new one"
                )
            self._check_preempted(what)
        return True

    def _check_preempted(self, what: str) -> None:
        if self._port.off_waiting():
            raise Preempted(f"{self.name}: {what}: given up, an off is waiting for this line")

    def _query(self) -> bytes:
        """One intact R reply. Its status is kept, and a supply that let go by itself is remembered as tripped."""
        reply = b""
        for attempt in range(self._port.attempts):
            if not self._in_step("status", attempt):
                break
            reply = self._exchange(QUERY)
            if (
                len(reply) == 16
                and reply[0] == 0x52
                and reply[15] == 13
                and reply[7:10] == b"000"
                and _HEX2[sum(reply[1:13]) & 0xFF] == reply[13:15]
                and reply[1:4] in _COUNTS
                and reply[4:7] in _COUNTS
                and reply[11] in _HEX_DIGITS
                and reply[12] in _HEX_DIGITS
            ):
                bits = _STATUS_BITS.get(reply[10:11])
                if bits is not None:
                    self._owed = False
                    self._bits = bits
                    self._bits_ns = self._port.now_ns()
                    if bits & _FAULT:
                        self._tripped = _FAULTED
                    elif self._on and not bits & _HV_ON and self._tripped is None:
                        self._tripped = _LET_GO
                    return reply
        raise self._fail("status", reply, 16)

    def _acknowledge(self, message: bytes, what: str) -> None:
        """Send a command that may be repeated harmlessly until it is acknowledged."""
        reply = b""
        for attempt in range(self._port.attempts):
            if not self._in_step(what, attempt):
                break
            reply = self._exchange(message)
            if reply == _ACKNOWLEDGED:
                self._owed = False
                return
            if self._error_of(reply) is not None:
                self._owed = False
        raise self._fail(what, reply, 2)

    # The roles' methods

    def set_up(self) -> None:
        """Switch the supply's watchdog on; C1, which switches it off, is remembered over power cycles."""
        self._acknowledge(WATCHDOG_ON, "time-out on (C0)")

    def identify(self) -> Identity:
        """The firmware revision; the protocol tells no model and no serial number."""
        reply = b""
        for attempt in range(self._port.attempts):
            if attempt:
                self._check_preempted("version")
            self._clear()
            owed = self._owed
            reply = self._exchange(VERSION)
            if _is_version(reply):
                self._owed = owed
                self._late = b""  # asked twice: the answer may be that to the first, the other still to come
                return Identity(
                    "XP Glassman FJ/FR",
                    firmware=reply[-5:-3].decode("ascii"),
                    text=reply[-6:-1].decode("ascii"),
                )
            self._fence_ns, self._late = self._port.now_ns(), b""
        raise self._fail("version", reply, 6)

    def read(self, poll: str) -> dict[str, float | None]:
        """Monitors and status bits; feeds the supply's watchdog."""
        if poll != "status":
            raise ValueError(f"{self.name}: there is no poll {poll!r}, only 'status'")
        reply = self._query()
        bits = self._bits or 0
        return {
            "voltage_kv": self._kv_of[reply[1:4]],
            "current_ua": self._ua_of[reply[4:7]],
            "output": 1.0 if bits & _HV_ON else 0.0,
            "fault": 1.0 if bits & _FAULT else 0.0,
            "current_mode": 1.0 if bits & _CURRENT_MODE else 0.0,
        }

    def off(self) -> None:
        """Both programs to zero and HV off, no query before it; a faulted supply takes only the reset, which does
        the same. Two tries, whatever the port's attempts. Where a reply to something older may still come, an
        acknowledgement is only believed of an off that is told once more behind a fence. Raises when there was none.
        """
        self._bits = None
        self._clear()
        doubtful = self._owed
        failure: InstrumentError | None = None
        for attempt in range(2):
            try:
                reply = self._tell_off()
            except PortLost:
                raise
            except InstrumentError as error:
                failure = error
                continue
            if reply == _ACKNOWLEDGED:
                # After a first try that failed, the acknowledgement of either will do, but the other may still come.
                self._owed = doubtful or attempt > 0
                break
            failure = self._fail("off", reply, 2)
        else:
            assert failure is not None
            raise failure
        if doubtful:
            self._tell_off_again()
        self._on = False
        self._counts = (0, 0)
        self._tripped = None

    def _tell_off(self) -> bytes:
        reply = self._exchange(OFF)
        if self._error_of(reply) == 5:
            reply = self._exchange(RESET_ALL)
        return reply

    def _tell_off_again(self) -> None:
        """Behind a fence, where an acknowledgement can only be that of this off; told even when there is no passing."""
        passed = self._passed()
        reply = self._tell_off()
        if not passed:
            raise NoReply(
                f"{self.name}: off: told again and again, but the supply has not answered V within "
                f"{self._port.deadline_s:g} s; what was acknowledged may be something older"
            )
        if reply != _ACKNOWLEDGED:
            raise self._fail("off", reply, 2)
        self._owed = False

    def release(self) -> None:
        """Leave it off; the front panel takes over when the messages stop."""
        self.off()

    def apply(self, output: HvOutput) -> None:
        """Bring the supply to the wanted state.

        Raises Refused for a value beyond rating or rig limit, for the wrong sign, for a supply that has tripped since
        the last `off()` or is on without having been told, and NoReply or BadReply when a set message was not
        acknowledged; what it did is then unknown.
        """
        if not output.on:
            if self._tripped is None and not self._on and self._counts == (0, 0) and self._confirmed(0):
                return
            self.off()
            return
        counts = self._counts_of(output)
        if self._tripped is None and self._on and self._counts == counts and self._confirmed(_HV_ON):
            return
        what = f"set to {output.voltage_kv:g} kV, {output.limit_ua:g} uA"
        for attempt in range(self._port.attempts):
            if not self._in_step(what, attempt):
                break
            # The manual wants a query before each set; here it also is what finds a supply that let go.
            self._query()
            if self._tripped is not None:
                raise Refused(f"{self.name}: {what}: not sent, {self._tripped}; it must be told off first")
            if not self._on and self._bits is not None and self._bits & _HV_ON:
                raise Refused(f"{self.name}: {what}: not sent, its output is on although it was not told so")
            if self._on and self._counts == counts:
                return
            self._check_preempted(what)  # an off that came in meanwhile goes before anything that energises
            was_on, self._on = self._on, True
            self._counts = None
            self._bits = None
            reply = self._exchange(set_request(*counts, KEEP if was_on else HV_ON))
            if reply == _ACKNOWLEDGED:
                self._owed = False
                self._counts = counts
                return
            code = self._error_of(reply)
            if code is not None:
                self._owed = False
            if code in _NOT_EXECUTED:
                self._on = was_on
            if code == 5:
                self._tripped = "it refused a set message because it is faulted"
            if code is not None and code not in _DAMAGED:
                break
        raise self._fail(what, reply, 2)

    # What is wanted, and whether it already is so

    def _confirmed(self, hv_on: int) -> bool:
        """Whether a status read after the last set message, and not too old, shows HV on or off as given."""
        bits = self._bits
        if bits is None or self._port.now_ns() - self._bits_ns > WATCHDOG_S * NS:
            return False
        return bits & _HV_ON == hv_on

    def _counts_of(self, output: HvOutput) -> tuple[int, int]:
        settings = self._settings
        voltage_kv = output.voltage_kv * settings.polarity
        # Comparisons written so that a NaN is refused too.
        if not voltage_kv >= 0.0:
            sign = "positive" if settings.polarity > 0 else "negative"
            raise Refused(
                f"{self.name}: {output.voltage_kv:g} kV asked of a supply whose hardware makes it {sign}; "
                "exchange the supply or change the sign"
            )
        if not voltage_kv <= settings.rating_kv:
            raise Refused(
                f"{self.name}: {output.voltage_kv:g} kV asked, the supply's rating is {settings.rating_kv:g} kV"
            )
        if not voltage_kv <= settings.limit_kv:
            raise Refused(
                f"{self.name}: {output.voltage_kv:g} kV asked, the rig's limit is {settings.limit_kv:g} kV"
            )
        if not 0.0 <= output.limit_ua <= self._rating_ua:
            raise Refused(
                f"{self.name}: a current limit of {output.limit_ua:g} uA asked, "
                f"the supply takes 0 to {self._rating_ua:g} uA"
            )
        if not output.limit_ua <= settings.limit_ua:
            raise Refused(
                f"{self.name}: a current limit of {output.limit_ua:g} uA asked, "
                f"the rig's limit is {settings.limit_ua:g} uA"
            )
        return (
            counts_for(voltage_kv, settings.rating_kv, settings.limit_kv),
            counts_for(output.limit_ua, self._rating_ua, settings.limit_ua),
        )
