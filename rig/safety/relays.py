"""What contactors, valves, lock, beacon and heartbeat are to be, and whether they are: pure functions of what is known.

Nothing above can ask for anything else: no recipe, phase or command has a word in it (safety rule 3, last row). A valve
follows the flow that the guard permits; what of it is read back is judged in `relay_conditions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rig.readings import NS, Readings

BEATS_MISSED: Final = 5
"""A heartbeat whose read-back does not change for so many beats stands. One or two are not seen where it is polled as
slowly as it beats."""


@dataclass(frozen=True, slots=True)
class HvKnown:
    """All supplies of a rig together.

    proved: every one is read back as off, or attested; discharged: and the time for that is over; wanted: one is asked
    for, or an order for it is under way; unproved: one was told off long enough ago and is not proved; cut: an abort,
    or a trip that aborts and takes high voltage.
    """

    proved: bool
    discharged: bool
    wanted: bool
    unproved: bool
    cut: bool


def relay_state(kind: str, known: HvKnown, now_ns: int, opens_on: str | None = None) -> bool:
    """closed, locked, lit, up, on."""
    match kind:
        case "contactor":
            open_it = known.unproved or (known.cut and opens_on == "abort")
            return known.proved or not open_it
        case "lock":
            return known.wanted or not (known.proved and known.discharged)
        case "beacon":
            return known.wanted or not known.proved
        case "heartbeat":
            return now_ns // NS % 2 == 1
        case _:
            return True


@dataclass(frozen=True, slots=True)
class GasKnown:
    """One gas of a furnace.

    permitted_sccm: what the guard lets its flow controller be set to, None while nobody has read it yet; asked: a step
    of this program has set the furnace's atmosphere (a set point that is merely found is nobody's wish); hot: the tube
    is above its open limit, or its temperature is unknown; cut: a condition takes the gas itself (over-pressure).
    """

    inert: bool
    permitted_sccm: float | None
    asked: bool
    hot: bool
    cut: bool


def valve_state(known: GasKnown, before: bool | None) -> bool | None:
    """Open, closed, or None: as it is found. before: what it was told last, or else is read to be; None: not known.

    An inert gas's valve is never closed over a tube that is hot or of unknown temperature, except by over-pressure. A
    reactive gas has a flow of nothing as soon as a trip or an abort takes the heater (`furnace_guard`).
    """
    if known.cut:
        return False
    if known.permitted_sccm is None:
        return before
    if known.permitted_sccm > 0:
        return True if known.asked or (known.inert and known.hot) else before
    if known.inert and known.hot and before is not False:
        return before
    return False


@dataclass(slots=True)
class RelayWatch:
    """One output as it was decided and as it is read back.

    of: what hangs on it, in words ("hv.needle", "gas.argon"); channel: of its read-back state. told: what it is to be,
    None while that is undecided, in which case it stays as it is; since_ns: since when. seen: it has been read so since
    then. dropped: what may not come back by itself was closed or open and is so no more, though nobody told it so.
    missed: beats of a heartbeat since its read-back has changed for the last time.
    """

    name: str
    kind: str
    channel: str
    of: str = ""
    inert: bool = False
    told: bool | None = None
    since_ns: int = 0
    seen: bool = False
    dropped: bool = False
    missed: int = 0
    read: bool | None = None

    @property
    def energises(self) -> bool:
        """Whether True is the side that needs a person or a step: a contactor, the valve of a reactive gas."""
        return self.kind == "contactor" or (self.kind == "valve" and not self.inert)

    def tell(self, state: bool | None, now_ns: int) -> None:
        """It is to be so from now on."""
        if state == self.told:
            return
        if self.kind == "heartbeat":
            self.missed += 1
        self.told, self.since_ns, self.seen = state, now_ns, False

    def look(self, readings: Readings) -> None:
        """Compare with what is read."""
        found = self.found(readings)
        if found is None or self.told is None:
            return
        if found is not self.read:
            self.read, self.missed = found, 0
        if found is self.told:
            self.seen = True
        elif self.seen and self.told and self.energises:
            self.dropped = True

    def found(self, readings: Readings) -> bool | None:
        """What is read since it was told; None where nothing good was."""
        reading, value = readings.get(self.channel), readings.value(self.channel)
        if reading is None or value is None or reading.t_ns <= self.since_ns:
            return None
        return value == 1

    def differs(self, readings: Readings) -> bool:
        """Whether it is read to be what it was not told."""
        found = self.found(readings)
        return self.told is not None and found is not None and found is not self.told
