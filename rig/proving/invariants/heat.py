"""Invariants 4, 5 and 6: heater, purge proof and inert gas, by what furnace, tube and flow controllers really do."""

from __future__ import annotations

from math import isnan
from typing import Any

from recipes.materials import is_inert
from rig.proving.invariants.electrical import SETTLE_NS, Court
from rig.proving.invariants.promises import (
    COLD_DEGC,
    FURNACE_WATCHDOG_S,
    HEATER_TRIP_S,
    NS,
    PROOF_DEGC,
)
from rig.proving.invariants.senses import DEAF

HEAT_STATES = frozenset(
    {"Running", "Pausing", "Paused", "Holding", "Held", "Restarting", "Completing", "Stopping"}
)
"""States of a furnace's unit in which its controller may be heating."""
FOUND_S = 12.0
"""A controller that is found heating is read first; so long after the host has come it has been told off."""
SPOILED_S = 12.0
"""The off of a Eurotherm takes half a dozen writes and reads, with a deadline of 1 s and two attempts each."""
AGAINST_ITS_WILL_S = 3.0
"""A set point of zero does not end the power of a loop with a reversed thermocouple: manual 0 %, later, does."""
UNASKED_S = 120.0
"""Safety rule 4: a reversed thermocouple is seen within 2 min."""
LINE_DEAD_S = 5.0
"""A controller whose line has come back is told off within so long: deadline 1 s, two attempts, each second."""
TAKEN_BELOW_DEGC = 250.0
WEAK = 0.8
WEAK_S = 30.0
DETECT_S = 6.0
"""On top of the 30 s of a weak flow: poll, stale, scan, trip delay, order."""
HELD_BACK_S = 900.0
"""So long a program may be held back behind a furnace that lags."""
FORGOTTEN_S = 15.0
"""So long a flow controller may stand lower than it was told, over a hot tube: some polls of 1 s, or of 5 s."""
CUT_S = 10.0
"""And so long more than the hot minimum may flow without the exhaust: a poll, stale, on-delay, scan, order."""
WARM_DEGC = 65.0
"""Safety rule 4: exhaust lost with the tube above 60 degC."""
JUDGED_S = 30.0
"""So long after the host has come every instrument has answered, or will not."""
EXCUSE_NS = 15 * NS
"""An exhaust that fluttered so lately counts as lost."""


class Heat:
    """Watches each furnace. The story's trips say when something was detected; all else is the emulators'."""

    def __init__(self, court: Court) -> None:
        self._court = court
        self._senses = court.senses
        self._due: dict[str, int] = {}
        self._cold_degc = COLD_DEGC
        self._on_ns: dict[str, int] = {}
        """Since when its controller gives power, or is told to."""
        self._told: set[tuple[str, str]] = set()
        self._flowed_l: dict[str, float] = {}
        self._weak_ns: dict[str, int | None] = {}
        self._seen_ns: dict[str, int] = {}
        self._stands_ns: dict[tuple[str, str], int] = {}
        """Since when a flow controller stands where it must not."""
        self._by_ns: dict[str, int] = {}
        self._was: dict[str, tuple[bool, bool]] = dict.fromkeys(self._senses.heaters, (False, False))
        """At the last look: whether it was off, and its unit aborted."""
        self._senses.on_gas.append(self._gas)

    # Invariant 4

    def tripped(self, data: dict[str, Any], t_ns: int) -> None:
        """Detected: from now on it counts."""
        unit = str(data["unit"])
        if unit in self._senses.heaters and "furnace" in (data.get("takes") or ()):
            self._due.setdefault(unit, t_ns)

    def crashed(self) -> None:
        """When each heater has to be off without anybody: by watchdog, or by its program's own end."""
        now_ns = self._senses.now_ns
        self._by_ns = {name: now_ns + round(self._own_end_s(name) * NS) for name in self._senses.heaters}

    def _own_end_s(self, name: str) -> float:
        device = self._senses.heaters[name]
        if not self._senses.heating(name):
            return FURNACE_WATCHDOG_S
        if device.model == "epc3000":
            return FURNACE_WATCHDOG_S
        return device.control.programmer.program_left_s() + HELD_BACK_S

    def wait_after_crash_s(self) -> float:
        """Watch the EPC's watchdog out; a program of hours is not waited for."""
        heating = [name for name in self._senses.heaters if self._senses.heaters[name].output_pct > 0]
        return FURNACE_WATCHDOG_S + 2.0 if heating else 0.0

    def came_back(self) -> None:
        """The next controller answers for it now."""
        self._by_ns.clear()

    def _look_at_heater(self, name: str, now_ns: int) -> None:
        device = self._senses.heaters[name]
        heating = self._senses.heating(name) or device.output_pct > 0.0
        if not heating:
            self._on_ns.pop(name, None)
            return
        on_ns = self._on_ns.setdefault(name, now_ns)
        told = self._senses.heating(name)
        by_ns = self._by_ns.get(name)
        if by_ns is not None and now_ns > by_ns + NS and device.output_pct > 0.0:
            self._once(
                4,
                name,
                f"crash {by_ns}",
                f"the heater is at {device.output_pct:.0f} % though nobody is there",
            )
        if self._court.host_ns is None:
            return
        due_ns = self._due.get(name)
        if due_ns is not None and self._overdue(name, due_ns, HEATER_TRIP_S if told else AGAINST_ITS_WILL_S):
            self._still_heats(name, f"trip {due_ns}", due_ns, "a trip")
        said = self._court.story.unit(name)
        if said.state in HEAT_STATES:
            return
        came_ns = self._court.host_ns + round(FOUND_S * NS)
        since_ns = max(said.since_ns, came_ns, *(() if told else (on_ns,)))
        if self._overdue(name, since_ns, HEATER_TRIP_S if told else UNASKED_S):
            self._still_heats(name, f"state {said.since_ns}", since_ns, f"it had to be off ({said.state})")

    def _still_heats(self, name: str, place: str, due_ns: int, words: str) -> None:
        device = self._senses.heaters[name]
        self._once(
            4,
            name,
            place,
            f"the controller still heats ({device.output_pct:.0f} %, set point {device.control.working:.0f} °C) "
            f"{(self._senses.now_ns - due_ns) / NS:.2f} s after {words}",
        )

    def _overdue(self, name: str, due_ns: int, limit_s: float) -> bool:
        """Whether its off, due then, is late, with all that is given where its line or the scan did not live."""
        now_ns, court = self._senses.now_ns, self._court
        if now_ns - due_ns <= limit_s * NS:
            return False
        trouble = self._senses.troubles[name]
        until_ns = due_ns + round(limit_s * NS)
        if self._senses.deaf(name, due_ns - SETTLE_NS):
            if trouble.active & DEAF:
                device = self._senses.heaters[name]
                if device.model != "epc3000" or device.output_pct == 0.0:
                    return False  # its program's own end is waited for; or its watchdog has taken its power
                until_ns = max(until_ns, trouble.deaf_since_ns + round((FURNACE_WATCHDOG_S + 2) * NS))
            else:
                until_ns = max(until_ns, trouble.deaf_ns + round(LINE_DEAD_S * NS))
        if self._senses.troubled(name, due_ns - SETTLE_NS):
            # Lost or spoiled replies: every write gets through, but each waits for its deadline.
            until_ns = max(until_ns, due_ns + round(SPOILED_S * NS))
        for quiet_ns in (court.stalled_until_ns, court.asleep_until_ns):
            if quiet_ns >= due_ns:
                until_ns = max(until_ns, quiet_ns + round(LINE_DEAD_S * NS))
        return now_ns > until_ns

    # Invariant 5: by the gas that has really flowed

    def _look_at_gas(self, name: str, now_ns: int) -> None:
        senses, promises = self._senses, self._court.promises
        hearth = senses.world.hearths[name]
        before_ns = self._seen_ns.get(name, now_ns)
        self._seen_ns[name] = now_ns
        if hearth.tube.opened or not hearth.gases:
            self._flowed_l[name] = 0.0
            self._weak_ns[name] = None
            flow, wanted = 0.0, 0.0
        else:
            gas, controller = next(iter(hearth.gases.items()))
            flow = controller.flow_sccm(now_ns)
            wanted = senses.gases[gas].loop.setpoint_sccm
            if flow >= WEAK * wanted and wanted > 0:
                self._flowed_l[name] = (
                    self._flowed_l.get(name, 0.0) + flow / 60000 * (now_ns - before_ns) / NS
                )
                self._weak_ns[name] = None
            elif self._weak_ns.get(name) is None:
                self._weak_ns[name] = now_ns
        if self._court.story.step not in promises.inert_steps or not senses.heating(name):
            return
        degc = hearth.furnace.tube_degc(now_ns)
        if degc < PROOF_DEGC + 10 or self._court.host_ns is None:
            return
        if senses.heaters[name].output_pct == 0.0 or senses.troubled(name, now_ns - 40 * NS):
            return
        if self._flowed_l.get(name, 0.0) < 0.95 * promises.purge_l:
            self._once(
                5,
                name,
                "purge",
                f"heats at {degc:.0f} °C in an inert step, {self._flowed_l.get(name, 0.0):.2f} l of gas have flowed "
                f"through the closed tube and {promises.purge_l:.2f} l are asked for",
            )
        weak_ns = self._weak_ns.get(name)
        if weak_ns is not None and now_ns - weak_ns > (WEAK_S + DETECT_S) * NS:
            self._once(
                5,
                name,
                f"weak {weak_ns}",
                f"heats at {degc:.0f} °C in an inert step with {flow:.0f} of {wanted:.0f} sccm for "
                f"{(now_ns - weak_ns) / NS:.0f} s",
            )

    # Invariant 6

    def _gas(self, gas: str, before: float, now: float) -> None:
        if now >= before:
            return
        court, senses, now_ns = self._court, self._senses, self._senses.now_ns
        name = next(one for one, hearth in senses.world.hearths.items() if gas in hearth.gases)
        furnace = senses.world.hearths[name].furnace
        seen = furnace.temperature_degc(now_ns)
        tube = furnace.tube_degc(now_ns)
        if not isnan(seen) and max(seen, tube) <= self._cold_degc + 5.0:
            return
        if isnan(seen) and tube <= self._cold_degc:
            return  # cold in truth; whether anybody may believe so is not for the gas to say
        if now == 0.0 and self._bad_contact("tube_pressure"):
            return
        if now >= court.promises.hot_minimum_sccm - 0.5 and self._bad_contact("furnace_exhaust"):
            return
        court.violated(
            6,
            f"{gas} is lowered from {before:g} to {now:g} sccm over a tube at {tube:.0f} °C (reads {seen:.0f} °C)",
        )

    def _look_at_flows(self, name: str, now_ns: int) -> None:
        """Over a hot tube an inert gas stands where it was told; without the exhaust at its hot minimum at the most."""
        court, senses = self._court, self._senses
        hearth = senses.world.hearths[name]
        seen, tube = hearth.furnace.temperature_degc(now_ns), hearth.furnace.tube_degc(now_ns)
        quiet_ns = max(court.stalled_until_ns, court.asleep_until_ns)
        there_ns = court.host_ns + round(JUDGED_S * NS) if court.host_ns is not None else None
        for gas in hearth.gases:
            stands = senses.gases[gas].loop.setpoint_sccm
            low = stands < senses.told_sccm.get(gas, 0.0) - 0.5 and tube > self._cold_degc + 5.0
            warm = tube > WARM_DEGC and (isnan(seen) or seen > WARM_DEGC)
            much = stands > court.promises.hot_minimum_sccm + 0.5 and warm and self._without_exhaust(now_ns)
            wrong = {"low": low, "much": much}
            alive = is_inert(gas.partition(".")[2]) and not senses.troubled(gas, now_ns - EXCUSE_NS)
            for what, limit_s in (("low", FORGOTTEN_S), ("much", CUT_S)):
                if not (wrong[what] and alive) or there_ns is None or now_ns < there_ns:
                    self._stands_ns.pop((gas, what), None)
                    continue
                since_ns = max(self._stands_ns.setdefault((gas, what), now_ns), quiet_ns)
                if now_ns - since_ns > limit_s * NS:
                    told = senses.told_sccm.get(gas, 0.0)
                    why = f"was told {told:g} sccm" if what == "low" else "the exhaust is lost"
                    self._once(
                        6,
                        name,
                        f"{gas} {what} {since_ns}",
                        f"{gas} stands at {stands:g} sccm over a tube at {tube:.0f} °C for {limit_s:g} s, and {why}",
                    )

    def _without_exhaust(self, now_ns: int) -> bool:
        """The furnace's exhaust is lost, or its input cannot be read, at this moment."""
        court = self._court
        for channel, module in court.promises.inputs.items():
            if channel.startswith("furnace_exhaust"):
                lost = self._senses.contacts[channel].on != court.promises.healthy_closed[channel]
                if lost or self._senses.troubles[module].mute_since_ns is not None:
                    return True
        return False

    def _bad_contact(self, prefix: str) -> bool:
        """Open now or lately, or not to be read: its input line is in trouble."""
        court, now_ns = self._court, self._senses.now_ns
        for channel, module in court.promises.inputs.items():
            if not channel.startswith(prefix):
                continue
            switch = self._senses.contacts[channel]
            bad = switch.on != court.promises.healthy_closed[channel]
            lately = now_ns - switch.since_ns < EXCUSE_NS and switch.since_ns > 0
            if bad or lately or self._senses.troubled(module, now_ns - EXCUSE_NS):
                return True
        return False

    # Each scan

    def look(self) -> None:
        """Every furnace."""
        if not self._senses.heaters:
            return
        now_ns = self._senses.now_ns
        promises, step = self._court.promises, self._court.story.step
        self._cold_degc = promises.cold_degc.get(step, self._cold_degc)
        for name in self._senses.heaters:
            self._look_at_heater(name, now_ns)
            self._look_at_gas(name, now_ns)
            self._look_at_flows(name, now_ns)
            self._look_at_return(name)

    def _look_at_return(self, name: str) -> None:
        """Invariant 7 for the heater: after an abort it does not come back in this run."""
        heating = self._senses.heating(name)
        said = self._court.story.unit(name)
        off, aborted = self._was[name]
        if heating and off and aborted and said.aborted and self._court.host_ns is not None:
            self._court.violated(7, f"{name} heats again after an abort")
        self._was[name] = (not heating, said.aborted)

    def _once(self, number: int, name: str, place: str, words: str) -> None:
        if (name, place) not in self._told:
            self._told.add((name, place))
            self._court.violated(number, f"{name}: {words}")
