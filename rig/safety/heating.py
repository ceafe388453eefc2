"""The conditions of a furnace, each declared once (safety rules 4 and 7): heat, gas, and what leaves the tube.

The controller closes the loop; we watch it. Every trip here takes the heater; the gas is the guard's affair
(`furnace_guard.py`), because which side of a flow is safe depends on the tube.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from rig.safety.conditions import Condition, Finding, Priority, Situation, Then
from rig.safety.furnace_facts import FurnaceFacts

EXHAUST_ABOVE_DEGC: Final = 60.0
PROVED_ABOVE_DEGC: Final = 300.0
"""Above it nothing is heated in inert gas without a purge proof, and a high oxygen reading trips."""

DOUBTING: Final = ("furnace-stale", "sensor-break", "no-heating", "reversed", "frozen")
"""Conditions that speak against the thermocouple: what it reads afterwards is not believed to be the tube's."""

HOT_INERT_DEGC: Final = 200.0
OVER_DEGC: Final = 20.0
RUNAWAY_DEGC: Final = 15.0


class FurnaceConditions:
    """Declares the conditions of one furnace. gases: its flow controllers; oxygen, exhaust: channels or None."""

    def __init__(
        self,
        furnace: str,
        gases: Sequence[str],
        oxygen: str | None,
        exhaust: str | None,
        pressure: str | None = None,
    ) -> None:
        self.furnace = furnace
        self._gases = tuple(gases)
        self._oxygen = oxygen
        self._exhaust = exhaust
        self._pressure = pressure
        self._pv = f"{furnace}.temperature_degc"
        self._sp = f"{furnace}.setpoint_degc"
        self._power = f"{furnace}.power_pct"

    def declare(self) -> tuple[Condition, ...]:
        """All of them."""
        return (
            *self._exhaust_conditions(),
            *self._heat_conditions(),
            *self._gas_conditions(),
            *self._pressure_conditions(),
        )

    # What tests look at

    @staticmethod
    def _facts(situation: Situation) -> FurnaceFacts:
        facts = situation.facts
        assert isinstance(facts, FurnaceFacts)
        return facts

    def _heating(self, situation: Situation) -> bool:
        view = situation.outputs[self.furnace]
        return view.wanted or (view.told_on and view.told is not None)

    def _hot(self, situation: Situation, above_degc: float) -> bool:
        """Above the temperature; one that cannot be read is hot."""
        value = self._facts(situation).reckoned_degc(situation.readings.value(self._pv))
        return value is None or value > above_degc

    def _condition(
        self, tag: str, title: str, test: Callable[[Situation], Finding | None], **more: object
    ) -> Condition:
        values: dict[str, object] = {
            "tag": f"{tag}:{self.furnace}",
            "title": title,
            "unit": self.furnace,
            "takes": ("furnace",),
            "armed": self._heating,
            "test": test,
            "then": Then.ABORT,
            "priority": Priority.HIGH,
            "consequence": "Heater off; inert gas goes on until the tube is cold. The heat treatment is lost.",
            "source": "safety rule 4",
            "within_s": 1.5,
        }
        return Condition(**(values | more))  # type: ignore[arg-type]

    # Exhaust

    def _exhaust_conditions(self) -> list[Condition]:
        channel = self._exhaust
        if channel is None:
            return []

        def armed(situation: Situation) -> bool:
            return self._heating(situation) or self._hot(situation, EXHAUST_ABOVE_DEGC)

        def lost(situation: Situation) -> Finding | None:
            if situation.readings.value(channel) == 0:
                return Finding(
                    "LEAVE THE ROOM: toxic gas possible. The furnace exhaust does not flow.",
                    "no flow",
                    "flow",
                )
            return None

        def unread(situation: Situation) -> Finding | None:
            if situation.readings.value(channel) is None:
                why = situation.readings.explain(channel)
                return Finding(
                    f"LEAVE THE ROOM: the furnace exhaust cannot be read ({why}).", why, "a good reading"
                )
            return None

        return [
            self._condition(
                "furnace-exhaust",
                "Furnace exhaust lost",
                lost,
                armed=armed,
                priority=Priority.HIGHEST,
                cause="Fan off, duct blocked, or the flow switch is broken.",
                what_to_do="Leave the room. Hydrogen cyanide, ammonia and carbon monoxide may collect. Come back when "
                "the exhaust has been proved for 10 min.",
                consequence="Heater off, inert gas cut to its hot minimum.",
            ),
            self._condition(
                "furnace-exhaust-unread",
                "Furnace exhaust cannot be read",
                unread,
                armed=armed,
                priority=Priority.HIGHEST,
                cause="The input module's line is dead or disturbed.",
                what_to_do="Treat it as a lost exhaust.",
                on_delay_s=1.0,
            ),
        ]

    # Heat

    def _heat_conditions(self) -> list[Condition]:
        pv, sp, power = self._pv, self._sp, self._power

        def stale(situation: Situation) -> Finding | None:
            if situation.readings.value(pv) is None:
                why = situation.readings.explain(pv)
                return Finding(
                    f"{self.furnace}: the temperature cannot be read: {why}", why, "a good reading"
                )
            return None

        def broken(situation: Situation) -> Finding | None:
            if situation.readings.value(f"{self.furnace}.sensor_break") == 1:
                return Finding(f"{self.furnace} reports a broken sensor.", "broken", "whole")
            return None

        def over(situation: Situation) -> Finding | None:
            facts, value = self._facts(situation), situation.readings.value(pv)
            if facts.highest_degc is None or value is None:
                return None
            limit = facts.highest_degc + OVER_DEGC
            if facts.cap_degc is not None:
                limit = min(limit, facts.cap_degc)
            if value > limit:
                return Finding(
                    f"{self.furnace} is at {value:.0f} °C, above the step's limit of {limit:.0f} °C.",
                    f"{value:.0f} °C",
                    f"{limit:.0f} °C",
                )
            return None

        def no_heat(situation: Situation) -> Finding | None:
            trend = self._facts(situation).trend
            value, target, drive = (situation.readings.value(name) for name in (pv, sp, power))
            slope, wanted = trend.slope_degc_min, trend.set_slope_degc_min
            if value is None or target is None or drive is None or slope is None:
                return None
            if drive >= 80 and value < target - 15 and slope < 0.2 * max(wanted or 0.0, 1.0):
                return Finding(
                    f"{self.furnace} does not heat: {drive:.0f} % power, {slope:.1f} °C/min.",
                    f"{slope:.1f} °C/min",
                    "rising",
                )
            return None

        def reversed_(situation: Situation) -> Finding | None:
            trend, drive = self._facts(situation).trend, situation.readings.value(power)
            if (
                drive is not None
                and drive > 50
                and trend.slope_degc_min is not None
                and trend.slope_degc_min < -0.5
            ):
                return Finding(
                    f"{self.furnace}: the temperature falls at {drive:.0f} % power (thermocouple reversed?).",
                    f"{trend.slope_degc_min:.1f} °C/min",
                    "rising",
                )
            return None

        def stuck(situation: Situation) -> Finding | None:
            trend = self._facts(situation).trend
            value, target, drive = (situation.readings.value(name) for name in (pv, sp, power))
            if value is None or target is None or drive is None or trend.slope_degc_min is None:
                return None
            if drive <= 2 and trend.slope_degc_min > 1.0 and value > target + 10:
                return Finding(
                    f"{self.furnace} does not obey: it rises {trend.slope_degc_min:.1f} °C/min at {drive:.0f} % power.",
                    f"{trend.slope_degc_min:.1f} °C/min",
                    "falling",
                )
            return None

        def runaway(situation: Situation) -> Finding | None:
            trend = self._facts(situation).trend
            value, target = situation.readings.value(pv), situation.readings.value(sp)
            if value is None or target is None:
                return None
            fast = (
                trend.slope_degc_min is not None
                and trend.set_slope_degc_min is not None
                and trend.set_slope_degc_min >= 0
                and value > target
                and trend.slope_degc_min > 2 * trend.set_slope_degc_min + 3
            )
            if value - target > RUNAWAY_DEGC or fast:
                return Finding(
                    f"{self.furnace} runs away: {value:.0f} °C at a set point of {target:.0f} °C.",
                    f"{value - target:.0f} °C above",
                    f"{RUNAWAY_DEGC:.0f} °C",
                )
            return None

        def frozen(situation: Situation) -> Finding | None:
            trend, drive = self._facts(situation).trend, situation.readings.value(power)
            if (
                trend.moved_degc == 0
                and (trend.set_moved_degc or 0) > 1.0
                and drive is not None
                and drive > 20
            ):
                return Finding(
                    f"{self.furnace}: the temperature has not moved for 10 min.", "unchanged", "moving"
                )
            return None

        def failed(situation: Situation) -> Finding | None:
            why = situation.outputs[self.furnace].failed
            return (
                None
                if why is None
                else Finding(f"{self.furnace} did not take an order: {why}", why, "acknowledged")
            )

        def lapsed(situation: Situation) -> Finding | None:
            if situation.outputs[self.furnace].lapsed:
                return Finding(
                    f"{self.furnace} was let go by its line: the scan had stopped.", "lapsed", "renewed"
                )
            return None

        def unproved(situation: Situation) -> Finding | None:
            facts, value = self._facts(situation), situation.readings.value(pv)
            if facts.atmosphere is None or not facts.atmosphere.inert or facts.purge.proved:
                return None
            if value is None or value > PROVED_ABOVE_DEGC:
                why = facts.purge.lost_because or "never taken"
                return Finding(
                    f"{self.furnace}: no purge proof above {PROVED_ABOVE_DEGC:.0f} °C in inert gas ({why}).",
                    why,
                    "a latched proof",
                )
            return None

        check = "Check thermocouple position, element and fuse."
        return [
            self._condition(
                "furnace-stale", "Furnace temperature cannot be read", stale, on_delay_s=30.0,
                cause="The controller's line is dead or disturbed.", what_to_do="Check the cable.",
            ),
            self._condition(
                "sensor-break", "Furnace sensor broken", broken, on_delay_s=2.0,
                cause="Thermocouple broken or unplugged.", what_to_do="Replace it when the tube is cold.",
            ),
            self._condition(
                "over-temperature", "Furnace too hot", over, on_delay_s=2.0, priority=Priority.HIGHEST,
                cause="Overshoot, exotherm of the mat, or a controller that does not obey.",
                what_to_do="Let it cool under its gas. Do not open it.",
            ),
            self._condition(
                "no-heating", "Furnace does not heat", no_heat, on_delay_s=600.0,
                cause="Element or fuse blown, thermocouple out of the hot zone.", what_to_do=check,
            ),
            self._condition(
                "reversed", "Temperature falls while heating", reversed_, on_delay_s=120.0,
                cause="Thermocouple reversed, or out of the hot zone.", what_to_do=check,
            ),
            self._condition(
                "stuck-relay", "Furnace does not obey", stuck, on_delay_s=300.0, priority=Priority.HIGHEST,
                armed=lambda situation: True,
                cause="Relay or thyristor conducts by itself, or the mat burns.",
                what_to_do="Switch the furnace's mains off. Do not open the tube.",
            ),
            self._condition(
                "runaway", "Furnace runs away", runaway, on_delay_s=60.0, priority=Priority.HIGHEST,
                cause="Exotherm of the mat, or a controller that does not obey.",
                what_to_do="Keep the gas as it is, do not open the tube.",
            ),
            self._condition(
                "frozen", "Furnace temperature stands still", frozen,
                cause="The reading is frozen: controller or converter hangs.", what_to_do=check,
            ),
            self._condition(
                "furnace-order-failed", "Furnace controller did not take an order", failed,
                cause="It refused, did not answer, or read back something else.", what_to_do="Look at its display.",
            ),
            self._condition(
                "furnace-lapsed", "Scan stalled", lapsed, armed=lambda situation: True,
                cause="The program or its computer stood still.", what_to_do="Check the computer's load.",
            ),
            self._condition(
                "no-purge-proof", "Inert step without purge proof", unproved, on_delay_s=1.0,
                cause="The purge was lost or never proved.", what_to_do="Let it cool under gas, then purge again.",
            ),
        ]  # fmt: skip

    # Gas

    def _gas_conditions(self) -> list[Condition]:
        conditions = []

        def armed(situation: Situation) -> bool:
            atmosphere = self._facts(situation).atmosphere
            return atmosphere is not None and atmosphere.inert and self._hot(situation, HOT_INERT_DEGC)

        for gas in self._gases:
            conditions += self._one_gas(gas, armed)
        oxygen = self._oxygen
        if oxygen is not None:

            def high(situation: Situation) -> Finding | None:
                facts, value = self._facts(situation), situation.readings.value(oxygen)
                limit = facts.oxygen_limit_ppm
                if value is not None and limit is not None and value > limit:
                    return Finding(
                        f"{value:.0f} ppm oxygen in the inert tube, limit {limit:.0f} ppm.",
                        f"{value:.0f} ppm",
                        f"{limit:.0f} ppm",
                    )
                return None

            conditions.append(
                self._condition(
                    "oxygen-high",
                    "Oxygen in the inert tube",
                    high,
                    armed=lambda s: armed(s) and self._hot(s, PROVED_ABOVE_DEGC),
                    cause="Leak at a flange, empty bottle, wrong gas.",
                    what_to_do="Keep the gas on, let it cool, look for the leak.",
                )
            )
        return conditions

    def _one_gas(self, gas: str, armed: Callable[[Situation], bool]) -> list[Condition]:
        flow = f"{gas}.flow_sccm"

        def used(situation: Situation) -> bool:
            atmosphere = self._facts(situation).atmosphere
            return armed(situation) and atmosphere is not None and atmosphere.gas == gas

        def lost(situation: Situation) -> Finding | None:
            facts = self._facts(situation)
            atmosphere = facts.atmosphere
            # What the guard itself has lowered (exhaust lost, over-pressure) is not a loss.
            asked = (atmosphere.flow_sccm if atmosphere is not None else None, facts.permitted_sccm.get(gas))
            wanted = min((sccm for sccm in asked if sccm is not None), default=0.0)
            value = situation.readings.value(flow)
            if wanted == 0.0 or (value is not None and value >= 0.8 * wanted):
                return None
            read = "unknown" if value is None else f"{value:.0f} sccm"
            return Finding(f"{gas}: flow {read}, set to {wanted:.0f} sccm.", read, f"{0.8 * wanted:.0f} sccm")

        return [
            self._condition(
                f"gas-lost:{gas}", "Inert gas lost", lost, armed=used, on_delay_s=30.0, priority=Priority.HIGHEST,
                cause="Bottle empty, valve closed, controller off.",
                what_to_do="Connect another bottle. Do not open the tube.",
            ),
        ]  # fmt: skip

    def _pressure_conditions(self) -> list[Condition]:
        """A pressure switch at the tube; a mass-flow controller sees its own inlet only and cannot tell."""
        channel = self._pressure
        if channel is None:
            return []

        def blocked(situation: Situation) -> Finding | None:
            if situation.readings.value(channel) == 0:
                return Finding(
                    "The pressure switch of the tube is open: its outlet is blocked.", "open", "closed"
                )
            return None

        return [
            self._condition(
                "over-pressure",
                "Tube outlet blocked",
                blocked,
                armed=lambda situation: True,
                on_delay_s=2.0,
                priority=Priority.HIGHEST,
                takes=("furnace", "gas"),
                consequence="Heater off and gas off: the one exception to keeping gas.",
                cause="Tar or ammonium salts in the outlet.",
                what_to_do="Let it cool. Clear the outlet.",
            )
        ]
