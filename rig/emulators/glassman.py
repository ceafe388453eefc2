"""An emulated XP Glassman FJ/FR supply: its serial interface in front of a `Supply` with capacitance and load.

Source: XP Glassman manual 102002-177 Rev M2, serial interface chapter. Where the manual is silent, this is assumed:
10 ms between request and reply; a message that is too short counts as a checksum error; lower-case digits are a
processing error; only messages that are carried out feed the watchdog; an open interlock shows as a fault once the
output is on or is asked to be on, and stays one until the reset.
"""

from __future__ import annotations

from rig.emulators.device import Device, Handle, Timeline
from rig.emulators.physics.supply import Supply
from rig.lines.port import LinkSpec

TURNAROUND_S = 0.01
TIME_OUT_NS = 1_500_000_000

_SOH, _CR = 0x01, 0x0D
_QUERY = b"\x01Q51\r"
_LENGTHS = {b"Q": 3, b"V": 3, b"C": 4, b"S": 16}  # letter, data and checksum
_DIGITS = frozenset(b"0123456789ABCDEF")
_LONGEST = 64

_SET_SCALE = 0xFFF
_MONITOR_SCALE = 0x3FF


def _checked(data: bytes) -> bytes:
    """The two checksum digits over `data`."""
    return b"%02X" % (sum(data) % 256)


def _reply(letter: bytes, data: bytes) -> bytes:
    return letter + data + _checked(data) + b"\r"


class GlassmanEmulator(Device):
    """One supply on its own serial line. Ratings are those of the `supply` behind it.

    `readback_offset_kv` shifts the voltage monitor; `freeze_readback` makes both monitors stand still.
    """

    def __init__(
        self, name: str, timeline: Timeline, *, supply: Supply, baud: int = 9600, firmware: int = 25
    ) -> None:
        super().__init__(name, timeline, LinkSpec(baud))
        self.supply = supply
        self.readback_offset_kv = 0.0
        self.time_out_enabled = True
        """The watchdog's setting; kept in memory while the power is off."""
        self._version = _reply(b"B", b"%02d" % firmware)
        self._powered = True
        self._message: bytearray | None = None
        self._kv_scale = _MONITOR_SCALE / supply.rating_kv
        self._ma_scale = _MONITOR_SCALE / supply.rating_ma
        self._programs = (0, 0)
        self._hv_on = False
        self._fault = False
        self._frozen: tuple[int, int] | None = None
        self._fed_ns = 0
        self._time_out: Handle | None = None
        # The generator's own protection: an arc or the interlock takes the output away, and this latches it.
        supply.trip_on_arc = True
        supply.on_trip = self._trip

    def power(self, on: bool) -> None:
        """Mains off: output gone, programs and fault forgotten. On: HV off, programs zero, time-out as it was set."""
        self._message = None
        self._fault = False
        self._all_off()
        self._powered = on
        self._fed_ns = self.timeline.now_ns

    def found_on(self, voltage_kv: float) -> None:
        """It is found with its output on at this voltage, as somebody left it; the watchdog waits for a first message.

        ValueError beyond the rating. An open interlock keeps it off, and shows as a fault.
        """
        supply, now_ns = self.supply, self.timeline.now_ns
        voltage = int(voltage_kv * _SET_SCALE / supply.rating_kv + 0.5)
        supply.found_on(now_ns, voltage * supply.rating_kv / _SET_SCALE, supply.rating_ma)
        self._programs = (voltage, _SET_SCALE)
        self._hv_on = supply.interlock_closed
        self._fault = not supply.interlock_closed

    def freeze_readback(self, on: bool) -> None:
        """Both monitors keep the values of this moment while on."""
        self._frozen = self._monitors() if on else None

    # Bytes in

    def receive(self, data: bytes) -> None:
        """Messages from SOH to CR, in whatever pieces; bytes outside a message are ignored."""
        if not self._powered:
            return
        message = self._message
        if message is None and data == _QUERY:
            self._fed_ns = self.timeline.now_ns
            self.send(self._status(), TURNAROUND_S)
            return
        for byte in data:
            if byte == _SOH:
                message = bytearray()
            elif message is not None:
                if byte == _CR:
                    self.send(self._answer(bytes(message)), TURNAROUND_S)
                    message = None
                elif len(message) < _LONGEST:
                    message.append(byte)
        self._message = message

    def _answer(self, message: bytes) -> bytes:
        """The reply to what stood between SOH and CR; a message that is carried out feeds the watchdog."""
        error = self._carry_out(message)
        if isinstance(error, bytes):
            self._fed_ns = self.timeline.now_ns
            return error
        return _reply(b"E", b"%d" % error)

    def _carry_out(self, message: bytes) -> bytes | int:
        """The reply, or the number of the error."""
        letter = message[:1]
        length = _LENGTHS.get(letter)
        if length is None:
            return 1
        if len(message) > length:
            return 3
        if len(message) < length or _checked(message[:-2]) != message[-2:]:
            return 2
        data = message[1:-2]
        if letter == b"Q":
            return self._status()
        if letter == b"V":
            return self._version
        if letter == b"C":
            return self._set_time_out(data)
        return self._set(data)

    def _set_time_out(self, data: bytes) -> bytes | int:
        if data not in (b"0", b"1"):
            return 4
        self.time_out_enabled = data == b"0"
        if self.time_out_enabled:
            self._fed_ns = self.timeline.now_ns
            self._watch()
        return b"A\r"

    def _set(self, data: bytes) -> bytes | int:
        """VVV III 000000 c."""
        if not _DIGITS.issuperset(data) or data[6:12] != b"000000":
            return 6
        control = int(data[12:], 16)
        if control not in (0, 1, 2, 4):
            return 4
        now_ns = self.timeline.now_ns
        if control == 4:
            self._fault = False
            self._all_off()
            return b"A\r"
        if self._fault:
            return 5
        if control == 2 and not self.supply.interlock_closed:
            self._fault = True
            return 5
        voltage, current = int(data[0:3], 16), int(data[3:6], 16)
        self._programs = (voltage, current)
        supply = self.supply
        supply.program(
            now_ns, voltage * supply.rating_kv / _SET_SCALE, current * supply.rating_ma / _SET_SCALE
        )
        if control == 1:
            self._hv_on = False
            supply.enable(now_ns, False)
        elif control == 2:
            self._hv_on = True
            supply.enable(now_ns, True)
        self._fed_ns = now_ns
        self._watch()
        return b"A\r"

    # State

    def _all_off(self) -> None:
        now_ns = self.timeline.now_ns
        self._programs = (0, 0)
        self._hv_on = False
        self.supply.enable(now_ns, False)
        self.supply.program(now_ns, 0.0, 0.0)

    def _trip(self) -> None:
        """The interlock or an arc has taken the output away: a fault until the reset."""
        self._hv_on = False
        self._fault = True

    def _monitors(self) -> tuple[int, int]:
        """Both 10-bit monitors: the nearest step, between zero and full scale."""
        now_ns = self.timeline.now_ns
        supply = self.supply
        voltage = int((supply.output_kv(now_ns) + self.readback_offset_kv) * self._kv_scale + 0.5)
        current = int(supply.output_ma(now_ns) * self._ma_scale + 0.5)
        return min(max(voltage, 0), _MONITOR_SCALE), min(max(current, 0), _MONITOR_SCALE)

    def _status(self) -> bytes:
        voltage, current = self._frozen or self._monitors()
        bits = 4 if self._hv_on else 2 if self._fault else 0
        if bits == 4 and self.supply.current_limited(self.timeline.now_ns):
            bits = 5
        data = b"%03X%03X000%d00" % (voltage, current, bits)
        return b"R%b%02X\r" % (data, sum(data) & 0xFF)

    # The watchdog: planned only while there is something to switch off, and moved on when it comes too early, so that
    # the common message costs no event.

    def _watch(self) -> None:
        if self._time_out is None and self.time_out_enabled and (self._hv_on or self._programs != (0, 0)):
            self._time_out = self.timeline.call_at(self._fed_ns + TIME_OUT_NS, self._check_time_out)

    def _check_time_out(self) -> None:
        self._time_out = None
        if not self.time_out_enabled:
            return
        if self.timeline.now_ns >= self._fed_ns + TIME_OUT_NS:
            self._all_off()
        else:
            self._watch()
