"""One instrument on a line: its driver, what it is polled for, and what it has been told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rig.lines.driven import Driver, Identity, Poll
from rig.lines.port import Port
from rig.outputs import Output
from rig.readings import ChannelInfo

POLL_EXCHANGES, OFF_EXCHANGES, ORDER_EXCHANGES = 4, 10, 16
"""How many exchanges, each with all its attempts, may stand in one call before it counts as hanging."""


class Told(StrEnum):
    """What is known of an output that was ordered. Unknown counts as on."""

    UNKNOWN = "unknown"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class MemberSpec:
    """What a line has to know of an instrument before its port is open.

    kind: "hv", "pump", "furnace", "gas", "relays" or "sensor"; make builds the driver on the open port; poll_channels:
    short names that each poll fills, where the driver says; deadline and attempts as the periods say; watched: its
    channels wake a scan when they change.
    """

    name: str
    kind: str
    make: Callable[[Port], Driver]
    channels: tuple[ChannelInfo, ...]
    polls: tuple[Poll, ...]
    deadline_s: float
    attempts: int
    stale_after_s: float | None = None
    watched: bool = False
    poll_channels: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def has_output(self) -> bool:
        """Whether it can be energised or moved."""
        return self.kind != "sensor"

    @property
    def off_at_connect(self) -> bool:
        """High voltage and pumps are told off before anything else; furnace and gas are read first (safety rule 3)."""
        return self.kind in ("hv", "pump")

    @property
    def off_on_lapse(self) -> bool:
        """What a line does that nobody renews: high voltage, pumps, heaters and relays go to their safe
        side, gas stays as it is."""
        return self.kind in ("hv", "pump", "furnace", "relays")


class PollTimer:
    """When one poll is due, on a fixed grid that a late answer does not move."""

    __slots__ = ("due_ns", "period_ns", "poll", "settled")

    def __init__(self, poll: Poll) -> None:
        self.poll = poll
        self.period_ns = round(poll.idle_period_s * 1e9)
        self.due_ns = 0
        self.settled = True
        """It has been asked at its present pace."""

    def set_active(self, active: bool, now_ns: int) -> None:
        """The other period from now on, the first time at once."""
        period_ns = round((self.poll.period_s if active else self.poll.idle_period_s) * 1e9)
        if period_ns != self.period_ns:
            # Slower needs nothing; "never" (0) will not be asked again.
            self.settled = not 0 < period_ns < (self.period_ns or period_ns + 1)
            self.period_ns = period_ns
            self.due_ns = now_ns

    def done(self, now_ns: int) -> None:
        """Plan the next; grid points that have passed are left out."""
        if not self.period_ns:
            return  # switched to "never" while it was being asked
        self.due_ns += self.period_ns
        if self.due_ns <= now_ns:
            self.due_ns += (now_ns - self.due_ns) // self.period_ns * self.period_ns + self.period_ns


class Member:
    """An instrument as its line keeps it."""

    def __init__(self, spec: MemberSpec) -> None:
        self.spec = spec
        self.name = spec.name
        self.driver: Driver | None = None
        self.names = {
            channel.name: channel.full or f"{spec.name}.{channel.name}" for channel in spec.channels
        }
        self.timers = [PollTimer(poll) for poll in spec.polls]
        self.active = False
        self.poll_limit_ns = self.limit_ns(POLL_EXCHANGES)
        self.identity: Identity | None = None
        self.connected = False
        self.told: Output | None = None
        self.told_state = Told.UNKNOWN
        self.maybe_on = False
        """An energising order is in the mailbox or was handed over since the last acknowledged "off"."""
        self.told_ns = 0
        """Since when it has been told to be on, or off; a ramp's steps do not move it."""

    def limit_ns(self, exchanges: int) -> int:
        """How long a call of so many exchanges may take before its line counts as hanging."""
        return round((exchanges * self.spec.deadline_s * self.spec.attempts + 1.0) * 1e9)


@dataclass(frozen=True, slots=True)
class Report:
    """Something a line did or met, for the engine to act on and the journal to keep.

    what: connected, unreachable, told, off, failed, lapsed, lost, abandoned, released.
    """

    t_ns: int
    line: str
    member: str | None
    what: str
    output: Output | None = None
    text: str | None = None
    identity: Identity | None = None
