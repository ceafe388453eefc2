"""When a host may leave a furnace, and what it says it leaves behind."""

from __future__ import annotations

from typing import Final

from rig.readings import NS, Readings
from rig.safety.furnace_facts import FurnaceFacts
from rig.safety.furnace_guard import COLD_FOR_NS, gas_may_end

CLOSING_NS: Final = 60 * NS
"""A gas that is not read closed so long after it was to be closed is left as it is, and said."""

UNREAD_NS: Final = 600 * NS
"""A tube that is cold by calculation, and that nobody could read for so long, is left with its gas on, and said."""

CLOSED_SCCM: Final = 1.0


class Leaving:
    """One furnace ("furnace.tube") at its end. gases: its flow controllers; process: the process value's channel."""

    def __init__(self, furnace: str, gases: tuple[str, ...], facts: FurnaceFacts, process: str) -> None:
        self._furnace = furnace
        self._gases = gases
        self._facts = facts
        self._process = process
        self._closing_since_ns: int | None = None
        self._unread_since_ns: int | None = None

    def stay(self, readings: Readings) -> bool:
        """Whether somebody has to go on watching: hot, being flushed, or its gas not closed yet."""
        facts, now_ns = self._facts, readings.now_ns
        if readings.value(self._process) is not None:
            self._unread_since_ns = None
        elif self._unread_since_ns is None:
            self._unread_since_ns = now_ns
        if self._hot(readings):
            return True
        if not facts.gas_ends or facts.doubted:
            return False
        if self._unread_since_ns is not None and now_ns - self._unread_since_ns >= UNREAD_NS:
            return False
        if facts.flush.under_way(now_ns):
            return True
        if facts.cold_since_ns is None or now_ns - facts.cold_since_ns < COLD_FOR_NS:
            return self._flows(readings) != []
        if not gas_may_end(facts, now_ns) or not self._open(readings):
            self._closing_since_ns = None
            return False
        if self._closing_since_ns is None:
            self._closing_since_ns = now_ns
        return now_ns - self._closing_since_ns < CLOSING_NS

    def left(self, readings: Readings) -> str | None:
        """What is hot, flows, or stands in the tube, in words; None where there is nothing."""
        facts = self._facts
        parts = []
        if self._hot(readings):
            parts.append(self._where(readings))
        if parts or facts.gas_ends:
            parts += [f"{name} {flow} left on" for name, flow in self._flows(readings)]
        if parts and not parts[0].startswith(self._furnace):
            parts.insert(0, f"{self._furnace} cold{self._by_what(readings)}")
        if facts.flush.owed and not self._hot(readings):
            parts.append(f"{facts.flush.why_not(self._furnace)}: flush it before it is opened")
        return ", ".join(parts) or None

    def _by_what(self, readings: Readings) -> str:
        """How that is known, where it is not read."""
        if self._facts.doubted:
            return " by calculation, its thermocouple is not believed"
        unread = readings.value(self._process) is None
        return " by calculation, its thermocouple cannot be read" if unread else ""

    def _hot(self, readings: Readings) -> bool:
        """What cannot be read, or not be believed, is as hot as it can still be."""
        facts, reading = self._facts, readings.value(self._process)
        temperature = facts.floor_degc if reading is None else facts.reckoned_degc(reading)
        return temperature is None or temperature >= facts.open_degc

    def _where(self, readings: Readings) -> str:
        reading = readings.value(self._process)
        if reading is None or self._facts.doubted:
            return f"{self._furnace} at an unknown temperature (up to {self._facts.floor_degc:.0f} °C)"
        return f"{self._furnace} at {reading:.0f} °C"

    def _flows(self, readings: Readings) -> list[tuple[str, str]]:
        """Gases that flow, and those of which nobody knows."""
        found = []
        for name in self._gases:
            flow = readings.value(f"{name}.flow_sccm")
            if flow is not None and flow > CLOSED_SCCM:
                found.append((name, f"{flow:.0f} sccm"))
            elif flow is None:
                found.append((name, "at an unknown flow"))
        return found

    def _open(self, readings: Readings) -> bool:
        """Whether any of its gases is not read back closed, set point and flow."""
        for name in self._gases:
            flow, setpoint = readings.value(f"{name}.flow_sccm"), readings.value(f"{name}.setpoint_sccm")
            if flow is None or setpoint is None or flow > CLOSED_SCCM or setpoint != 0:
                return True
        return False
