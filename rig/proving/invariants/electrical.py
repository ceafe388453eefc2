"""Invariants 1, 2, 7 and 8 of the spinning station: high voltage, pumps, and who may be sent to them."""

from __future__ import annotations

from typing import Any, Protocol

from rig.proving.invariants.fluttering import Fluttering
from rig.proving.invariants.promises import (
    EXHAUST_S,
    EXHAUST_WINDOW_S,
    HV_EXCHANGE_S,
    HV_LEASE_S,
    HV_WATCHDOG_S,
    INPUTS_DARK_S,
    NS,
    PUMP_EXCHANGE_S,
    PUMP_LEASE_S,
    PUMP_WATCHDOG_S,
    REACTION_S,
    SCAN_S,
    UNREAD_S,
    Promises,
)
from rig.proving.invariants.senses import Senses, Switch
from rig.proving.invariants.story import Story

LIVE_STATES = frozenset({"Running", "Pausing", "Holding", "Restarting", "Completing", "Stopping"})
"""High voltage may be on: at work, and in the orderly end (draw-off and ramp-down)."""
START_STATES = frozenset({"Running", "Pausing", "Restarting"})
"""Only here may something go on."""
ORDERLY_S = 10.0
"""Safety rule 6: high voltage is off at most so long after the pumps."""
CONNECT_S = 1.0
"""A supply that is found on is off so long after the host has come, and a pump."""
IN_FLIGHT_STATES = frozenset({"Holding", "Stopping", "Completing", "Aborting"})
"""Here an order may still arrive that was under way when the state came; none is left before its off is proved."""
MARGIN_S = 0.01
SETTLE_NS = 2 * NS
"""A wire that had a fault so lately may still be suffering from it: late replies, a port to be opened again."""


class Court(Protocol):
    """Whoever takes down violations."""

    senses: Senses
    story: Story
    promises: Promises
    host_ns: int | None
    """When the present controller came; None: there is none."""
    gone_ns: int
    stalled_until_ns: int
    asleep_ns: int
    asleep_until_ns: int

    def violated(self, number: int, seen: str) -> None:
        """Take one down."""


class Electrical:
    """Watches supplies and pumps. `look` is called at each scan."""

    def __init__(self, court: Court) -> None:
        self._court = court
        self._senses = court.senses
        self._last_on: dict[str, tuple[str, int]] = {}
        """Output -> step in which it was on last, and when it went off."""
        self._fluttering = Fluttering(court.senses, "exhaust", court.promises.healthy_closed)
        self._failed: dict[str, int] = {}
        """Output -> since when the exhaust counts as failed by all its flutter while it was on."""
        self._limited: dict[str, int] = {}
        self._told: set[tuple[str, str, int]] = set()
        inputs = court.promises.inputs.items()
        self._safety_inputs = {
            module for channel, module in inputs if channel.startswith(("door", "emergency_stop"))
        }
        self._senses.on_supply.append(self._supply)
        self._senses.on_pump.append(self._pump)

    # Which contact is bad since when

    def _unhealthy_ns(self, prefix: str) -> int | None:
        """Since when a contact of that kind has been unhealthy; None: all are healthy."""
        healthy = self._court.promises.healthy_closed
        since = [
            switch.since_ns
            for name, switch in self._senses.contacts.items()
            if name.startswith(prefix) and switch.on != healthy.get(name, True)
        ]
        return min(since, default=None)

    # How long it may take

    def _grace_ns(self, output: str, since_ns: int, hv: bool, dark: bool) -> int:
        """What is given on top of everything where line, inputs or controller do not live."""
        court = self._court
        grace_s = 0.0
        if self._senses.deaf(output, since_ns - SETTLE_NS):
            grace_s = HV_WATCHDOG_S if hv else PUMP_WATCHDOG_S + PUMP_EXCHANGE_S
        elif self._senses.troubled(output, since_ns - SETTLE_NS):
            grace_s = HV_EXCHANGE_S if hv else 2 * PUMP_EXCHANGE_S
        inputs = set(court.promises.inputs.values())
        if dark and any(self._senses.troubled(module, since_ns - SETTLE_NS) for module in inputs):
            grace_s += INPUTS_DARK_S
        if court.host_ns is None:
            gone_s = max(0, court.gone_ns - since_ns) / NS
            grace_s = max(grace_s, gone_s + (HV_WATCHDOG_S if hv else PUMP_WATCHDOG_S))
        elif court.host_ns >= since_ns:
            grace_s = max(grace_s, (court.host_ns - since_ns) / NS + CONNECT_S)
        if court.stalled_until_ns >= since_ns:
            grace_s += HV_LEASE_S if hv else PUMP_LEASE_S
        if court.asleep_until_ns >= since_ns:
            before_s = max(0, court.asleep_ns - since_ns) / NS
            grace_s += before_s + (HV_WATCHDOG_S if hv else PUMP_WATCHDOG_S + PUMP_EXCHANGE_S)
        return round((grace_s + MARGIN_S) * NS)

    # Each scan

    def look(self) -> None:
        """High voltage and pumps against contacts, states and limits."""
        now_ns = self._senses.now_ns
        for name, switch in self._senses.supplies.items():
            if switch.on:
                self._look_at_supply(name, switch, now_ns)
        for name, switch in self._senses.pumps.items():
            if switch.on:
                self._look_at_pump(name, switch, now_ns)

    def _look_at_supply(self, name: str, switch: Switch, now_ns: int) -> None:
        court = self._court
        for prefix, words, limit_s in (
            ("door", "the door is open", REACTION_S),
            ("emergency_stop", "the emergency stop is pressed", REACTION_S),
            ("exhaust", "the chamber exhaust is off", EXHAUST_S + 0.1 + REACTION_S),
        ):
            since_ns = self._unhealthy_ns(prefix)
            if since_ns is not None:
                self._late(1, name, f"high voltage is on and {words}", since_ns, limit_s, True)
        self._look_at_flutter(1, name, switch, True)
        for module in self._safety_inputs:
            since_ns = self._senses.troubles[module].mute_since_ns
            if since_ns is not None:
                self._late(
                    1,
                    name,
                    f"high voltage is on and {module} cannot be read",
                    since_ns,
                    UNREAD_S,
                    True,
                    False,
                )
        said = court.story.unit("spin")
        if said.state not in LIVE_STATES:
            self._late(1, name, f"high voltage is on in state {said.state}", said.since_ns, REACTION_S, True)
        supply = self._senses.world.scene.supplies[name]
        if supply.current_limited(now_ns):
            since_ns = self._limited.setdefault(name, now_ns)
            self._late(1, name, "high voltage is on in current limit", since_ns, REACTION_S, True)
        else:
            self._limited.pop(name, None)

    def _look_at_pump(self, name: str, switch: Switch, now_ns: int) -> None:
        since_ns = self._unhealthy_ns("exhaust")
        if since_ns is not None:
            limit_s = EXHAUST_S + SCAN_S + PUMP_EXCHANGE_S
            self._late(
                2, name, "it is commanded to run and the chamber exhaust is off", since_ns, limit_s, False
            )
        self._look_at_flutter(2, name, switch, False)
        said = self._court.story.unit("spin")
        if said.state not in START_STATES:
            limit_s = SCAN_S + PUMP_EXCHANGE_S
            self._late(
                2, name, f"it is commanded to run in state {said.state}", said.since_ns, limit_s, False
            )

    def _look_at_flutter(self, number: int, name: str, switch: Switch, hv: bool) -> None:
        """Bad for 5 s and a scan of any 10 s in which it was on is as bad as bad without a break."""
        now_ns = self._senses.now_ns
        if name not in self._failed:
            since_ns = max(now_ns - round(EXHAUST_WINDOW_S * NS), switch.since_ns)
            if self._fluttering.bad_ns(since_ns) < (EXHAUST_S + SCAN_S) * NS:
                return
            self._failed[name] = now_ns
        words = "it is on and the chamber exhaust comes and goes"
        self._late(number, name, words, self._failed[name], REACTION_S if hv else PUMP_EXCHANGE_S, hv)

    def _late(
        self,
        number: int,
        name: str,
        words: str,
        since_ns: int,
        limit_s: float,
        hv: bool,
        dark: bool = True,
    ) -> None:
        """dark: more time is given where the inputs could not be read."""
        now_ns = self._senses.now_ns
        if now_ns - since_ns <= limit_s * NS:
            return
        allowed_ns = round(limit_s * NS) + self._grace_ns(name, since_ns, hv, dark)
        place = (name, words, since_ns)
        if now_ns - since_ns > allowed_ns and place not in self._told:
            self._told.add(place)
            self._court.violated(
                number,
                f"{name}: {words} since {since_ns / NS:.3f} s, {(now_ns - since_ns) / NS:.3f} s ago "
                f"(allowed {allowed_ns / NS:.3f} s)",
            )

    # Changes

    def _supply(self, name: str, now_ns: int, on: bool) -> None:
        """It went on or off: off in time? on by whose word?"""
        if not on:
            # The moment itself counts, not the scan after it.
            self._look_at_supply(name, Switch(True, now_ns), now_ns)
            self._limited.pop(name, None)
            self._failed.pop(name, None)
        self._changed(name, now_ns, on)

    def _pump(self, name: str, now_ns: int, on: bool) -> None:
        if not on:
            self._look_at_pump(name, Switch(True, now_ns), now_ns)
            self._failed.pop(name, None)
        self._changed(name, now_ns, on)

    def _changed(self, name: str, now_ns: int, on: bool) -> None:
        """Invariant 7: within a step an output that went off goes on again by a person's word only; invariant 9: and
        never before its event.
        """
        court, story = self._court, self._court.story
        place = f"{story.do} {story.step} {story.step_ns}"
        if not on:
            self._last_on[name] = (place, now_ns)
            return
        said = story.unit("spin")
        if court.host_ns is None:
            court.violated(7, f"{name} went on and there is no controller")
            return
        ordered_ns = story.energised.get(name, -NS)
        if said.state in IN_FLIGHT_STATES and said.since_ns - NS <= ordered_ns <= said.since_ns:
            pass
        elif said.state not in START_STATES or story.do not in ("prime", "spin"):
            court.violated(7, f"{name} went on in state {said.state}, step {story.step or 'none'}")
        elif said.aborted:
            court.violated(7, f"{name} went on again after an abort")
        before, off_ns = self._last_on.get(name, ("", 0))
        if before == place and not story.act_since(off_ns - 30 * NS, "resume", "restart"):
            court.violated(7, f"{name} went on again in {story.step} and nobody has said so")
        if story.energised.get(name, -1) < off_ns or name not in story.energised:
            court.violated(9, f"{name} went on before its energise event was written")

    def asked(self, data: dict[str, Any]) -> None:
        """Invariant 8: a question that sends hands to the rig."""
        if data.get("answer") == "attest":
            return
        court, now_ns = self._court, self._senses.now_ns
        for name, switch in self._senses.supplies.items():
            promise = court.promises.supplies[name]
            place = f"[{data.get('step')}] {data.get('key')} is asked"
            if switch.on:
                court.violated(8, f"{place} while {name} is on")
                continue
            if name in court.story.attested:
                continue  # a person stands at it
            output_kv = self._senses.world.scene.supplies[name].output_kv(now_ns)
            if output_kv > promise.proved_kv + promise.rating_kv / 1023:
                court.violated(8, f"{place} while {name} has {output_kv:.3f} kV")
            elif switch.since_ns > 0 and now_ns - switch.since_ns < promise.discharge_s * NS:
                court.violated(
                    8,
                    f"{place} {(now_ns - switch.since_ns) / NS:.2f} s after {name} went off, its discharge time is "
                    f"{promise.discharge_s:g} s",
                )
