"""Invariants 9 and 10: how a run ends, and that one unit's interlock changes nothing of another's."""

from __future__ import annotations

from typing import Any

from rig.proving.invariants.electrical import Court
from rig.proving.invariants.promises import NS

OUTCOMES = frozenset({"completed", "stopped", "aborted", "lost"})
"""`failed` is a name, too, but it names an error of the program, and that is what is looked for here."""
OTHERS_S = 1.5


class Order:
    """Watches endings, and what a trip of one unit does to the others' outputs."""

    def __init__(self, court: Court) -> None:
        self._court = court
        self._waiting: list[tuple[int, str, str, str, tuple[Any, ...]]] = []

    def ended(self, outcome: str, reason: str | None, record_failed: str | None, error: object) -> None:
        """The run's ending."""
        full = ("controller", "disk-full") in self._court.senses.struck
        if full and (record_failed is not None or outcome == "failed"):
            return  # it says that it could not be written; what it switched off is for the other invariants
        if outcome not in OUTCOMES or (outcome in ("stopped", "aborted") and not reason):
            self._court.violated(9, f"the run ended {outcome!r} ({reason})")
        if reason is not None and "internal error" in reason:
            self._court.violated(9, f"the run ended {outcome!r} by an error of the program: {reason}")
        if record_failed is not None:
            self._court.violated(9, f"the record failed: {record_failed}")
        if error is not None:
            self._court.violated(9, f"internal error: {type(error).__name__}: {error}")

    def broken(self, text: str) -> None:
        """An exception came out."""
        self._court.violated(9, f"an exception came out of the program: {text}")

    def tripped(self, data: dict[str, Any], t_ns: int) -> None:
        """Look at the other units' outputs now and a little later."""
        if str(data["tag"]).startswith("emergency-stop"):
            return
        others = {"spin", *self._court.senses.heaters} - {str(data["unit"])}
        for other in others:
            self._waiting.append((t_ns, str(data["tag"]), str(data["unit"]), other, self._outputs(other)))

    def _outputs(self, unit: str) -> tuple[Any, ...]:
        senses = self._court.senses
        if unit == "spin":
            on = [(name, switch.on) for name, switch in (*senses.supplies.items(), *senses.pumps.items())]
            return tuple(on)
        state = senses.heaters[unit].control.programmer.state.value
        flows = [
            (name, device.loop.setpoint_sccm)
            for name, device in senses.gases.items()
            if name in senses.world.hearths[unit].gases
        ]
        return (unit, senses.heating(unit), state, *flows)

    def look(self) -> None:
        """Compare what was with what is."""
        if not self._waiting:
            return
        now_ns, court = self._court.senses.now_ns, self._court
        for item in list(self._waiting):
            t_ns, tag, unit, other, before = item
            own_ns = max(court.story.touched_ns.get(other, -1), court.story.work_ns)
            if own_ns >= t_ns - NS:
                self._waiting.remove(item)  # it has reasons of its own
            elif now_ns - t_ns > OTHERS_S * NS:
                self._waiting.remove(item)
                after = self._outputs(other)
                if after != before and court.host_ns is not None and court.stalled_until_ns < t_ns:
                    court.violated(10, f"{tag} of {unit} changed {other}: {before} -> {after}")
