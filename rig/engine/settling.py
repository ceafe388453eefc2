"""When a unit may leave a passing state: what nobody wants on is read back off, or said to be unproved.

"Told off" is not off: the line may still be busy, the instrument may not obey. What is not read back within its time is
loud, and is waited for no longer; it is told off again each second, and its unit is not put back to Idle before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rig.engine.phases.phase import Context, Demand
from rig.outputs import Output
from rig.readings import NS
from rig.safety.alarms_other import NOT_OFF, not_off

WAIT_NS: Final = 5 * NS
"""So long a pump may be pumping on, or a heater heating, by all that is known, before that is loud."""


class Settling:
    """Looks at each scan; the unit asks. High voltage is loud by itself (`Unit.unproved`) and only waited for here."""

    def __init__(self, unit: str, write: Callable[[str, dict[str, Any]], object]) -> None:
        self._unit = unit
        self._write = write
        self._since_ns: dict[str, int] = {}
        self._said: set[str] = set()

    def look(self, context: Context, demand: Demand) -> None:
        """Since when each output is wanted off and not read back off."""
        for name, view in context.outputs.items():
            if view.kind == "gas":
                continue
            proof = context.proofs.get(name)
            off = not view.live if proof is None else proof.proved and not view.wanted
            if off or _wanted(demand.outputs, name):
                self._since_ns.pop(name, None)
                self._said.discard(name)
            else:
                self._since_ns.setdefault(name, context.now_ns)

    def settled(self, context: Context, demand: Demand) -> bool:
        """Whether nothing is waited for: all read back off, or waited for long enough."""
        self.look(context, demand)
        return all(context.now_ns - since_ns >= WAIT_NS for since_ns in self._since_ns.values())

    def unproved(self) -> list[str]:
        """What is wanted off and not read back off at this scan."""
        return sorted(self._since_ns)

    def overdue(self) -> bool:
        """Whether any pump or heater has been said to be unproved, and still is."""
        return bool(self._said)

    def say(self, context: Context) -> bool:
        """Raise the alarm for pumps and heaters that are overdue; whether one was raised."""
        late = [
            name
            for name, since_ns in self._since_ns.items()
            if name not in context.proofs and name not in self._said and context.now_ns - since_ns >= WAIT_NS
        ]
        if not late:
            return False
        self._said.update(late)
        words = [f"{name} ({_why(context, name)})" for name in late]
        text = f"Told off {WAIT_NS // NS} s ago and not read back as off: {', '.join(words)}."
        self._write(
            "alarm",
            {"tag": NOT_OFF, "unit": self._unit, "text": text, "priority": not_off(self._unit).priority},
        )
        return True


def _wanted(outputs: Mapping[str, Output], name: str) -> bool:
    output = outputs.get(name)
    return output is not None and output.energised


def _why(context: Context, name: str) -> str:
    view = context.outputs[name]
    if view.wanted or view.told_on:
        return "no off was acknowledged"
    channel = f"{name}.running" if view.kind == "pump" else f"{name}.power_pct"
    value = context.readings.value(channel)
    return context.readings.explain(channel) if value is None else f"{channel} reads {value:g}"
