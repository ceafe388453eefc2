"""New Era NE-1000 family of syringe pumps (also sold as WPI Aladdin and Landgraf LA), in Safe mode.

Safe mode gives every packet a length and a checksum and makes the pump stop by itself when it has heard nothing valid
for `SAFE_S` seconds. Traps of the family that this driver knows:

- the first command after power-on is answered `A?R` and not executed; so is any command that meets an alarm;
- `STP` pauses first and cancels at the second time, and is best effort: it is repeated until the status is S;
- an alarm packet may come unasked, before or instead of a reply;
- what is set goes into a memory that wears: each setting is sent only if it differs from what was told before;
- a rate told while pumping is not stored, and only the same units are taken then.

A pump that raised an alarm, or stopped without being told to, is not started again before `off` was called.

Source: New Era manual 1200-01 (08/2014). Turnaround and the reply to `STP` while stopped are not confirmed on hardware.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from rig.instruments import new_era_rates as rates
from rig.instruments.new_era_dialogue import Dialogue, plain
from rig.instruments.new_era_dialogue import data as data_of
from rig.instruments.new_era_packets import ALARMS, OVERHEAD, STATUS, PumpAlarm, Reply, number
from rig.instruments.new_era_rates import ML_H, rate_limits_ml_h, speed_limits
from rig.instruments.settings import PumpSettings
from rig.lines.driven import Identity, Poll
from rig.lines.errors import BadReply, NoReply, Preempted, Refused
from rig.lines.port import LinkSpec, Port
from rig.outputs import PumpOutput
from rig.readings import ChannelInfo

__all__ = [
    "LINK",
    "OFF_BYTES",
    "OFF_EXCHANGES",
    "POLL_BYTES",
    "SAFE_S",
    "TURNAROUND_S",
    "NewEra",
    "PumpAlarm",
    "rate_limits_ml_h",
    "speed_limits",
]

LINK = LinkSpec(19200)
SAFE_S = 2
"""Seconds without a valid packet after which the pump stops itself."""

POLL_BYTES = (len("99DIS") + OVERHEAD, len("99II0.000W0.000ML") + OVERHEAD)
"""Bytes out and in of the longest poll."""
OFF_BYTES = (len("99STP") + OVERHEAD, len("99S?NA") + OVERHEAD)
"""Bytes out and in of one STP."""
OFF_EXCHANGES = 2
"""A running pump is paused by the first STP, which stops the flow, and cancelled by the second."""
TURNAROUND_S = 0.010
"""From the request's last byte to the reply's first; an estimate, not confirmed on hardware."""

MAX_STOPS = 8

T = TypeVar("T")


def _delivered(reply: Reply) -> tuple[str, float]:
    """Status and infused minus withdrawn in ml out of `I0.000W0.000ML`."""
    data = data_of(reply)
    infused, w, withdrawn = data[1:-2].partition("W")
    if data[:1] != "I" or not w or data[-2:] not in ("ML", "UL"):
        raise BadReply(f"not the volumes delivered: {data!r}")
    volume = number(infused) - number(withdrawn)
    return reply.status, volume if data[-2:] == "ML" else volume / 1000


def _rate(reply: Reply) -> tuple[str, float]:
    """Status and the set rate in ml/h out of `5.000MH`."""
    data = data_of(reply)
    factor = ML_H.get(data[-2:])
    if factor is None:
        raise BadReply(f"not a rate: {data!r}")
    return reply.status, number(data[:-2]) * factor


def _identity(reply: Reply) -> Identity:
    """Model and firmware out of `NE1000V3.928` or `NE1000X2V3.928`."""
    data = data_of(reply)
    model, v, firmware = data.partition("V")
    major, _, minor = firmware.partition(".")
    base, x, upgrade = model[2:].partition("X")
    known = model[:2] == "NE" and v and base.isdigit() and major.isdigit() and minor.isdigit()
    if not known or (x and upgrade and not upgrade.isdigit()):
        raise BadReply(f"no New Era pump we know: {data!r}")
    return Identity(f"New Era NE-{model[2:]}", firmware, None, data)


class NewEra:
    """One pump, alone on its port or on a daisy chain. Fits `roles.Pump`.

    Raises InstrumentError from its methods and nothing else; an alarm of the pump is a PumpAlarm.
    """

    channels: tuple[ChannelInfo, ...] = (
        ChannelInfo("rate_ml_h", "ml/h", "flow rate"),
        ChannelInfo("delivered_ml", "ml", "volume"),
        ChannelInfo("running", "", "state"),
    )
    # Each pump hears a valid packet at least once a second, half its time-out.
    polls: tuple[Poll, ...] = (Poll("delivered", 0.5, 1.0), Poll("rate", 1.0, 0.0))
    poll_channels: Mapping[str, tuple[str, ...]] = {
        "delivered": ("delivered_ml", "running", "rate_ml_h"),
        "rate": ("rate_ml_h",),
    }

    def __init__(self, settings: PumpSettings, port: Port) -> None:
        """Raises ValueError for an address outside 0 to 99."""
        self.name = settings.name
        self._address = address = settings.address or 0
        if not 0 <= address <= 99:
            raise ValueError(f"{settings.name}: address {address}: New Era pumps have 0 to 99")
        self._port = port
        self._model = settings.model
        self._dialogue = Dialogue(settings.name, address, port, LinkSpec(settings.baud or LINK.baud))
        self._alarm: str | None = None
        self._running: bool | None = None
        self._forget()

    def _forget(self) -> None:
        """What the pump was told counts for nothing any more."""
        self._prepared = False
        self._diameter: str | None = None
        self._batch: int | None = None
        self._rate: rates.Rate | None = None
        self._trimmed = False
        self._direction: str | None = None

    def _ask(self, command: str, parse: Callable[[Reply], T], either: bool = False) -> T:
        try:
            return self._dialogue.ask(command, parse, either)
        except PumpAlarm as alarm:
            self._keep(alarm.letter)
            raise

    def _set(self, command: str, either: bool = False) -> str:
        """Tell the pump one thing; returns its status letter."""
        return self._ask(command, plain, either)

    def _tell(self, command: str) -> None:
        """One step of several: makes way for an off before it."""
        if self._port.off_waiting():
            raise Preempted(f"{self.name}: {command} not sent: an off is waiting")
        self._set(command)

    def _keep(self, letter: str) -> None:
        """An alarm is kept until `off`; after a reset nothing counts as told."""
        self._alarm = ALARMS[letter]
        self._running = None
        if letter == "R":
            self._forget()

    # Stopping

    def off(self) -> None:
        """STP as a Safe packet, which both modes take, until the status is S. Clears a kept alarm.

        Raises NoReply when the pump stays silent, Refused when it was not brought to S.
        """
        self._halt()
        self._alarm = None

    def _halt(self) -> None:
        self._running = None
        dialogue, request = self._dialogue, self._dialogue.packet("STP")
        silent, in_a_row = 0, 0
        said: list[str] = []
        for _ in range(MAX_STOPS):
            letter = dialogue.clear()
            if letter:
                self._keep(letter)
            try:
                reply = dialogue.exchange(request)
            except NoReply as error:
                silent, in_a_row = silent + 1, 0
                said.append("nothing")
                if silent >= max(1, self._port.attempts):
                    raise NoReply(f"{self.name}: STP: {error}, {silent} attempts") from None
                continue
            except BadReply as error:
                in_a_row = 0
                said.append(str(error))
                continue
            if reply.alarm:
                # Not executed; the alarm itself may have come unasked, with the reply still to come.
                self._keep(reply.alarm)
                dialogue.owed = True
                in_a_row = 0
                said.append(f"A?{reply.alarm} ({ALARMS[reply.alarm]})")
                continue
            if not reply.checked:
                self._prepared = False
            said.append(f"{reply.status} ({STATUS[reply.status]})")
            in_a_row = in_a_row + 1 if reply.status == "S" else 0
            # Without a checksum, or with older replies about, one S may be a slip: the pump has to say it twice.
            if in_a_row >= (1 if reply.checked and not dialogue.owed else 2):
                self._running = False
                return
        raise Refused(f"{self.name}: not stopped by {MAX_STOPS} STP; the pump said: {', '.join(said)}")

    # The role

    def set_up(self) -> None:
        """Safe mode with the pump's own time-out, no restart after a power failure, a program that is one rate."""
        if self._running is not False:
            self._halt()
        self._prepare()

    def _prepare(self) -> None:
        # The reply comes in the mode just asked for; whatever follows must carry a checksum.
        self._set(f"SAF{SAFE_S}", either=True)
        try:
            self._set("PF0")
        except PumpAlarm:
            raise
        except Refused:
            pass  # models without the power-failure restart
        # RUN starts phase 1. With a volume of 0 it never ends: phase 2, from the factory another rate, is not reached.
        self._direction = None
        for command in ("PHN1", "FUNRAT", "VOL0", "DIRINF"):
            self._set(command)
        self._direction = "INF"
        self._prepared = True

    def identify(self) -> Identity:
        """Model and firmware. Raises BadReply if no New Era pump answers, or another model than the rig file says."""
        identity = self._ask("VER", _identity, either=True)
        if self._model is not None:
            wanted, found = rates.model_name(self._model), identity.model.removeprefix("New Era ")
            if found != wanted and found.partition("X")[0] != wanted:
                raise BadReply(f"{self.name}: the rig file says {self._model}, the pump says {identity.text}")
        return identity

    def release(self) -> None:
        """Stopped, and back in Basic mode without time-out, as its keypad and other programs expect it."""
        self.off()
        self._set("SAF0", either=True)
        self._prepared = False

    def read(self, poll: str) -> Mapping[str, float | None]:
        """One poll. Raises PumpAlarm when the pump reports an alarm: it has no good flow then."""
        if poll == "delivered":
            status, value = self._ask("DIS", _delivered)
        else:
            status, value = self._ask("RAT", _rate)
        moving = status in "IWX"
        if self._running is not None and moving is not self._running:
            if self._running:
                self._alarm = f"the pump stopped without being told to (status {status}, {STATUS[status]})"
            self._running = None
        if poll == "delivered":
            if not moving:
                # A pump that stands has no flow, whatever rate is set: no second question is needed while idle.
                return {"delivered_ml": value, "running": 0.0, "rate_ml_h": 0.0}
            return {"delivered_ml": value, "running": 1.0}
        if status == "X":
            return {"rate_ml_h": None}  # purging runs at top speed, whatever the set rate
        return {"rate_ml_h": value if status == "I" else -value if status == "W" else 0.0}

    def apply(self, output: PumpOutput) -> None:
        """Start, trim or stop. Raises PumpAlarm instead of starting as long as an alarm is kept."""
        if not output.running:
            if self._running is not False:
                self._halt()
            return
        if self._alarm is not None:
            raise PumpAlarm(f"{self.name}: not started: {self._alarm}; it has to be switched off first")
        try:
            diameter, wanted = rates.diameter(output.diameter_mm), rates.rate(output.rate_ml_h)
        except Refused as error:
            raise Refused(f"{self.name}: {error}") from None
        direction = "INF" if output.rate_ml_h > 0 else "WDR"
        if self._running:
            same = (self._diameter, self._batch, self._direction) == (diameter, output.batch, direction)
            if same and self._trim(output.rate_ml_h):
                return
        if self._running is not False:
            self._halt()
            if self._alarm is not None:
                raise PumpAlarm(f"{self.name}: not started: {self._alarm}; it has to be switched off first")
        self._start(diameter, output.batch, wanted, direction)

    def _trim(self, rate_ml_h: float) -> bool:
        """A new rate while pumping, in the same units and not stored. False if these units cannot say it."""
        before = self._rate
        if before is None:
            return False
        try:
            wanted = rates.rate(rate_ml_h, before.unit)
        except Refused:
            return False
        if wanted != before:
            self._rate = None
            status = self._set(f"RAT{wanted.text}{wanted.unit}")
            if status not in "IW":
                self._running = None
                self._alarm = f"the pump stopped without being told to (status {status}, {STATUS[status]})"
                raise PumpAlarm(f"{self.name}: {self._alarm}")
            self._rate, self._trimmed = wanted, True
        return True

    def _start(self, diameter: str, batch: int, wanted: rates.Rate, direction: str) -> None:
        if not self._prepared:
            self._prepare()
        # Each setting is unknown from the moment it is sent until the pump has confirmed it.
        if self._diameter != diameter:
            self._diameter = self._batch = None
            self._tell(f"DIA{diameter}")
            self._diameter = diameter
        if self._batch != batch:
            self._batch = None
            self._tell("CLDINF")
            self._tell("CLDWDR")
            self._batch = batch
        if self._rate != wanted or self._trimmed:  # what was told while pumping the pump has not stored
            self._rate = None
            self._tell(f"RAT{wanted.text}{wanted.unit}")
            self._rate, self._trimmed = wanted, False
        if self._direction != direction:
            self._direction = None
            self._tell(f"DIR{direction}")
            self._direction = direction
        if self._port.off_waiting():
            raise Preempted(f"{self.name}: RUN not sent: an off is waiting")
        self._running = None
        self._ask("RUN", lambda reply: self._started(reply, direction))
        self._running = True

    @staticmethod
    def _started(reply: Reply, direction: str) -> None:
        # A second RUN is not applicable to a pump that runs: then the reply to the first was lost.
        if reply.status == ("I" if direction == "INF" else "W") and reply.data in ("", "?NA"):
            return
        plain(reply)
        raise Refused(f"the pump did not start: status {reply.status}, {STATUS[reply.status]}")
