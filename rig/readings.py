"""What the instruments said: one value of one channel, with its time and whether it can be believed.

A reading is never replaced by an older one. Late is *stale*, failed is *bad*, never taken is *missing*, and all three
count as not good wherever a condition looks (safety rule: "a reading that is stale or bad is a tripped reading").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

NS = 1_000_000_000


class Quality(StrEnum):
    """Whether a channel's newest reading can be believed."""

    GOOD = "good"
    STALE = "stale"
    BAD = "bad"
    MISSING = "missing"


class ChannelInfo(NamedTuple):
    """One channel an instrument fills in: short name ("voltage_kv"), unit ("kV"), quantity ("voltage", "text" ...).

    Its full name is the instrument's name, a dot, and the short name: "hv.needle.voltage_kv"; or `full` where it has
    one of its own: a module reads back "outputs.beacon.state".
    """

    name: str
    unit: str
    quantity: str
    full: str | None = None


class Reading(NamedTuple):
    """The newest word on one channel.

    value: the number in the channel's unit, None when the attempt to read failed.
    t_ns: the clock's time at which the reply was complete, or the attempt given up.
    why: None for a good reading; else what failed, in words ("no reply within 0.2 s, 2 attempts").
    """

    value: float | None
    t_ns: int
    why: str | None = None


class Readings:
    """All channels at one scan, immutable, with the time of the scan and how old each may be.

    `stale_after_ns` maps a channel to the age at which it stops being good.
    """

    __slots__ = ("_newest", "_stale_after_ns", "now_ns")

    def __init__(self, now_ns: int, newest: Mapping[str, Reading], stale_after_ns: Mapping[str, int]) -> None:
        self.now_ns = now_ns
        self._newest = newest
        self._stale_after_ns = stale_after_ns

    def __iter__(self) -> Iterator[str]:
        return iter(self._newest)

    def __contains__(self, channel: object) -> bool:
        return channel in self._newest

    def get(self, channel: str) -> Reading | None:
        """The newest word on the channel, good or not; None if nothing was ever said."""
        return self._newest.get(channel)

    def value(self, channel: str) -> float | None:
        """The value if it is good now, else None. There is no other way to get a number out for a decision."""
        reading = self._newest.get(channel)
        if reading is None or reading.why is not None:
            return None
        limit = self._stale_after_ns.get(channel)
        if limit is not None and self.now_ns - reading.t_ns > limit:
            return None
        return reading.value

    def quality(self, channel: str) -> Quality:
        """Good, stale, bad or missing, as of this scan."""
        reading = self._newest.get(channel)
        if reading is None:
            return Quality.MISSING
        if reading.why is not None:
            return Quality.BAD
        limit = self._stale_after_ns.get(channel)
        if limit is not None and self.now_ns - reading.t_ns > limit:
            return Quality.STALE
        return Quality.GOOD

    def explain(self, channel: str) -> str:
        """Why the channel is not good, in words for a message; "good" if it is."""
        reading = self._newest.get(channel)
        if reading is None:
            return "never read"
        if reading.why is not None:
            return reading.why
        age_s = (self.now_ns - reading.t_ns) / NS
        limit = self._stale_after_ns.get(channel)
        if limit is not None and self.now_ns - reading.t_ns > limit:
            return f"last read {age_s:.2f} s ago, allowed {limit / NS:.2f} s"
        return "good"
