"""Ramping up again after an arc: the only energising without a person there is, off unless the recipe asks for it.

After an arc everything is off and the unit held. It restarts by itself only with high voltage proved off, the supply's
fault gone, at least ten seconds passed, door, exhaust and emergency stop good without a break since the arc, the vapour
estimate below its limit, and retries left (at most three in a step). Else it gives up and aborts (safety rule 4).
A person who says hold or pause meanwhile wants to get at it: it stays held until a person clears and resumes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from rig.engine.states import Command, State
from rig.engine.unit import Unit
from rig.readings import NS, Readings
from rig.safety.spinning import ARC
from rig.safety.station_facts import StationFacts
from rig.safety.vapour import REFUSED_ABOVE

WAIT_NS: Final = 10 * NS
GIVE_UP_NS: Final = 90 * NS
"""Held for so long after an arc without all of that: a person has to look."""


def awaits_retry(unit: Unit) -> bool:
    """Whether it is held after an arc, or about to be, and would go on by itself: then it takes hold and pause."""
    return unit.retries and unit.state in (State.HOLDING, State.HELD)


def stay_held(unit: Unit, command: Command) -> None:
    """A person's hold or pause in that time. The pause is owed as well, once the step has been resumed."""
    unit.retries = False
    if command is Command.PAUSE:
        unit.pause_owed = True


class ArcBackOff:
    """One station's. `look` is called once a scan."""

    def __init__(
        self,
        facts: StationFacts,
        supplies: Sequence[str],
        inputs: Sequence[str],
        write: Callable[[str, dict[str, Any]], object],
    ) -> None:
        self._facts = facts
        self._supplies = tuple(supplies)
        self._inputs = tuple(inputs)
        self._write = write
        self._arc_ns: int | None = None
        self._broken: str | None = None

    def look(self, unit: Unit, now_ns: int, readings: Readings) -> None:
        """Take notice of an arc, and restart or give up when its time has come."""
        interlocks = unit.spec.interlocks
        tripped = [name for name in self._supplies if interlocks.tripped(f"{ARC}:{name}")]
        if not tripped:
            self._arc_ns, unit.retries = None, False
            return
        if self._arc_ns is None:
            self._arc_ns, self._broken, unit.retries = now_ns, None, True
        for channel in self._inputs:
            if readings.value(channel) != 1 and self._broken is None:
                self._broken = f"{channel} was not good all the time ({readings.explain(channel)})"
        if unit.state is not State.HELD or not unit.retries:
            return
        why = self._why_not(unit, now_ns, readings)
        if why is None:
            interlocks.release(f"{ARC}:{name}" for name in tripped)
            self._facts.arcs_left -= 1
            self._write("arc-retry", {"supplies": tripped, "left": self._facts.arcs_left})
            unit.fire(Command.RESTART, now_ns, "ramped up again after an arc, as the recipe allows")
        elif self._broken is not None or now_ns - self._arc_ns > GIVE_UP_NS:
            unit.fire(Command.ABORT, now_ns, f"not ramped up again after an arc: {why}")

    def _why_not(self, unit: Unit, now_ns: int, readings: Readings) -> str | None:
        assert self._arc_ns is not None
        if self._broken is not None:
            return self._broken
        if now_ns - self._arc_ns < WAIT_NS:
            return "ten seconds are not over"
        if self._facts.arcs_left < 1:
            return "no retries are left"
        vapour = self._facts.vapour
        if vapour is not None and vapour.lel_fraction > REFUSED_ABOVE:
            return "too much vapour is estimated"
        for name, proof in unit.proofs.items():
            if proof.proved_ns is None:
                # A person's word that mains are off and the output earthed: there may be a hand on it.
                return f"not read back as off ({proof.explain(readings)})"
            if readings.value(f"{name}.fault") != 0:
                return f"{name} reports a fault, or cannot be read"
        others = [c.tag for c in unit.spec.interlocks.latched() if not c.tag.startswith(f"{ARC}:")]
        return f"{others[0]} is tripped too" if others else None
