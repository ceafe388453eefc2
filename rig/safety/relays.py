"""What contactor, lock, beacon and heartbeat are to be: a pure function of what is known of the high voltage.

Nothing above can ask for anything else: no recipe, phase or command has a word in it (safety rule 3, last row).
"""

from __future__ import annotations

from dataclasses import dataclass

from rig.readings import NS


@dataclass(frozen=True, slots=True)
class HvKnown:
    """All supplies of a rig together.

    proved: every one is read back as off, or attested; discharged: and the time for that is over; wanted: one is asked
    for, or an order for it is under way; unproved: one was told off long enough ago and is not proved; cut: an abort,
    or a trip of the highest priority that takes high voltage.
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
