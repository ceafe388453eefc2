"""Invariant 8 for furnaces: nobody is asked to a tube that is hot, or in which what pyrolysis gave off still stands.

By what furnace, tube and flow controllers really do. No program knows which door a prompt's words open: after a
furnace was used, every prompt counts.
"""

from __future__ import annotations

from math import isnan
from typing import Any

from rig.proving.invariants.electrical import Court
from rig.proving.invariants.promises import COLD_DEGC, NS

AT_THE_STATION = frozenset({"primed", "wiped", "earthed", "present"})
"""Keys of questions whose words name the chamber."""
BEHIND_DEGC = 5.0
"""So much the tube may be behind its thermocouple, or the other way round."""
VOLUMES = 5.0
NEARLY = 0.8
"""The tube is at 200 °C a little later than its thermocouple: so much of the five volumes has to be seen here."""


class Opening:
    """Watches each tube at each scan, and is told of each question."""

    def __init__(self, court: Court) -> None:
        self._court = court
        self._senses = court.senses
        self._used: set[str] = set()
        """Furnaces that have been at work since the controller came."""
        self._owed: dict[str, float] = {}
        """Litres that are still to flow before the tube may be opened."""
        self._seen_ns: dict[str, int] = {}

    def came_back(self) -> None:
        """The next controller has used none."""
        self._used.clear()

    def told(self, kind: str, data: dict[str, Any]) -> None:
        """An event of the controller."""
        if kind == "state" and data["unit"] in self._senses.heaters:
            self._used.add(data["unit"])
        elif kind == "flush-attested":
            self._owed.pop(str(data["unit"]), None)  # a person has flushed it by hand, or answers for it
        elif kind == "question":
            self._asked(data)

    def look(self) -> None:
        """How much has flowed through each tube."""
        now_ns = self._senses.now_ns
        for name in self._senses.heaters:
            hearth = self._senses.world.hearths[name]
            passed_ns = now_ns - self._seen_ns.get(name, now_ns)
            self._seen_ns[name] = now_ns
            flow = sum(gas.flow_sccm(now_ns) for gas in hearth.gases.values())
            if hearth.tube.opened:
                self._owed.pop(name, None)
            elif hearth.furnace.tube_degc(now_ns) >= COLD_DEGC:
                if flow > 1.0:
                    self._owed[name] = NEARLY * VOLUMES * self._court.promises.tube_l
            elif name in self._owed and self._exhausted():
                self._owed[name] -= flow / 60_000 * passed_ns / NS
                if self._owed[name] <= 0.0:
                    del self._owed[name]

    def _exhausted(self) -> bool:
        promises = self._court.promises
        return all(
            self._senses.contacts[channel].on == promises.healthy_closed[channel]
            for channel in promises.inputs
            if channel.startswith("furnace_exhaust")
        )

    def _asked(self, data: dict[str, Any]) -> None:
        if data.get("answer") == "attest" or data.get("key") in AT_THE_STATION:
            return
        now_ns, court = self._senses.now_ns, self._court
        place = f"[{data.get('step')}] {data.get('key')} is asked"
        for name in sorted(self._used):
            furnace = self._senses.world.hearths[name].furnace
            seen, tube = furnace.temperature_degc(now_ns), furnace.tube_degc(now_ns)
            hottest = tube if isnan(seen) else max(seen, tube)
            if hottest >= court.promises.open_degc + BEHIND_DEGC:
                court.violated(8, f"{place} while {name} is at {hottest:.0f} °C")
            elif name in self._owed:
                left_l = self._owed[name]
                court.violated(8, f"{place} while {name} is not flushed ({left_l:.1f} l have still to flow)")
