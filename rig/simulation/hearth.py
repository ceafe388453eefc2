"""The emulated furnaces of a bench: hot zone, work tube, mat, flow controllers, analyser, and who opens the tube.

`Attendant` is the person of the simulation: lays the mat in when it was weighed, closes the flanges before a purge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from recipes.materials import is_inert
from recipes.model import HeatStep, PromptStep, Recipe
from rig.bench.model import Bench
from rig.bench.start import FurnaceStart
from rig.emulators.physics.analyser import Analyser
from rig.emulators.physics.chamber import Contacts
from rig.emulators.physics.furnace import DEMONSTRATION, Furnace, FurnaceParams
from rig.emulators.physics.mat import Mat
from rig.emulators.physics.mfc import FlowController
from rig.emulators.physics.tube import Tube
from rig.lines.scheduler import Rank, Scheduler
from rig.readings import NS
from rig.simulation.liquids import mat_spun

HOT_HEATER_W: Final = 4500.0
"""Heater of a furnace for more than the demonstration rig's 1100 °C: at 1300 °C the 3 kW are all lost [M]."""
LIMITER_ABOVE_DEGC: Final = 50.0
"""The independent limiter is set so far above what the rig file allows."""
USUAL_TUBE_MM: Final = (60.0, 1000.0)
USUAL_MAT: Final = (0.47, 0.65, 0.28)
"""Mass in g, PAN and PMMA in it, of a mat that the recipe did not spin itself: the founding one."""
PRESSURE_SWITCH: Final = "tube_pressure_ok"
PRESSURE_SWITCH_KPA: Final = 10.0
"""Gauge pressure at which the tube's pressure switch opens, where the rig has one."""


def furnace_for(limit_degc: float) -> FurnaceParams:
    """The furnace to emulate for a rig file's limit: the demonstration rig's, or a hotter one with a larger heater."""
    if limit_degc + LIMITER_ABOVE_DEGC <= DEMONSTRATION.limiter_degc:
        return DEMONSTRATION
    return replace(DEMONSTRATION, heater_w=HOT_HEATER_W, limiter_degc=limit_degc + LIMITER_ABOVE_DEGC)


class Hearth:
    """One furnace with what feeds and watches it. `gases` and `analysers` by instrument name."""

    def __init__(self, bench: Bench, name: str, timeline: Scheduler, seed: int, contacts: Contacts) -> None:
        settings = bench.furnaces[name]
        bore_mm, length_mm = USUAL_TUBE_MM
        if settings.tube is not None:
            bore_mm, length_mm = settings.tube.bore_mm, settings.tube.length_mm
        self.name = name
        self.furnace = Furnace(furnace_for(settings.limit_degc), seed=seed, name=name)
        self.tube = Tube(bore_mm=bore_mm, length_mm=length_mm, furnace=self.furnace, opened=True)
        self.gases: dict[str, FlowController] = {}
        for gas, feed in bench.gases.items():
            if feed.feeds == name and not feed.passive:
                self.gases[gas] = FlowController(
                    full_scale_sccm=feed.full_scale_sccm or 2000.0,
                    gas=gas.partition(".")[2],
                    tube=self.tube,
                    name=gas,
                )
        self.analysers = {
            oxygen: Analyser(self.tube, seed=seed, name=oxygen)
            for oxygen, watched in bench.oxygen.items()
            if watched.watches in (None, name)
        }
        self._timeline = timeline
        self._contacts = contacts
        if PRESSURE_SWITCH in contacts.names:
            self._watch_pressure()

    def _watch_pressure(self) -> None:
        """The pressure switch looks once a second, as its bellows would.

        By rank no emulator's event: with it also those who run a laboratory alone come to look at the clock.
        """
        now_ns = self._timeline.now_ns
        self._contacts.set(now_ns, PRESSURE_SWITCH, self.tube.pressure_kpa(now_ns) < PRESSURE_SWITCH_KPA)
        self._timeline.call_at(now_ns + NS, self._watch_pressure, Rank.COMMAND)

    def found(self, furnace: FurnaceStart) -> None:
        """Put furnace and tube into a start state. ValueError for a temperature or a gas that cannot be."""
        now_ns = self._timeline.now_ns
        if furnace.temperature_degc is not None:
            self.furnace.found_at(now_ns, furnace.temperature_degc, 0.0)
        if furnace.atmosphere is not None:
            self.tube.found_at(now_ns, furnace.atmosphere, opened=not is_inert(furnace.atmosphere))

    def settle(self) -> None:
        """After a start state: the analysers have been looking at this gas for a while."""
        for analyser in self.analysers.values():
            analyser.found_at(self._timeline.now_ns)

    def fault(self, on: str, kind: str, active: bool) -> bool:
        """Bring a fault about by its name; False when this hearth has no such part or fault."""
        now_ns = self._timeline.now_ns
        actions: dict[str, Any] = {}
        if on == self.name:
            actions = {
                "sensor-break": self.furnace.sensor_break,
                "thermocouple-out": self.furnace.thermocouple_out,
                "reversed": self.furnace.reversed,
                "stuck-on": self.furnace.stuck_on,
                "no-heat": self.furnace.no_heat,
                "exotherm": self.furnace.exotherm,
            }
        elif on in self.gases:
            actions = {
                "loss": self.gases[on].loss,
                "wrong-gas": self.tube.wrong_gas,
                "blocked-outlet": self.tube.blocked_outlet,
                "air-leak": self.tube.air_leak,
            }
        elif on in self.analysers:
            actions = {"reads-low": self.analysers[on].reads_low, "slow": self.analysers[on].slow}
        if kind not in actions:
            return False
        actions[kind](now_ns, active)
        return True

    def knows(self, on: str, kind: str) -> bool:
        """Whether `fault` can bring this about."""
        own = {"sensor-break", "thermocouple-out", "reversed", "stuck-on", "no-heat", "exotherm"}
        gas = {"loss", "wrong-gas", "blocked-outlet", "air-leak"}
        return (
            (on == self.name and kind in own)
            or (on in self.gases and kind in gas)
            or (on in self.analysers and kind in ("reads-low", "slow"))
        )


class Attendant:
    """Who does in the simulation what prompts ask of a person at the furnace."""

    def __init__(
        self, recipe: Recipe, hearths: Mapping[str, Hearth], timeline: Scheduler, mat: str = "as-spun"
    ) -> None:
        self._hearths = hearths
        self._mat = mat
        self._timeline = timeline
        self._mat_g, self._pan, self._pmma = mat_spun(recipe) or USUAL_MAT
        self._laid = False
        self._heats = {step.id: step for step in recipe.steps if isinstance(step, HeatStep)}
        self._weighed = {
            (step.id, key)
            for step in recipe.steps
            if isinstance(step, PromptStep)
            for key, field in step.record.items()
            if field.dimension == "mass"
        }

    def on_event(self, kind: str, data: dict[str, Any], t_ns: int) -> None:
        """Look at what happens, and do a person's part."""
        now_ns = self._timeline.now_ns
        if kind == "answer" and (data.get("step"), data.get("key")) in self._weighed:
            grams = {"mg": 1e-3, "g": 1.0, "kg": 1e3}.get(str(data.get("unit")), 0.0) * float(data["value"])
            self._mat_g = grams or self._mat_g
        if kind != "step" or data.get("phase") != "started" or not self._hearths:
            return
        hearth = next(iter(self._hearths.values()))
        if data.get("do") == "purge":
            hearth.tube.open(now_ns, False)
        elif data.get("id") in self._heats:
            if not self._laid:
                self._laid = True
                mat = Mat(self._mat_g, pan=self._pan, pmma=self._pmma)
                if self._mat != "as-spun":
                    mat.found(self._mat)
                hearth.furnace.lay(now_ns, mat)
            if not is_inert(self._heats[data["id"]].segments[0].atmosphere):
                hearth.tube.open(now_ns, True)
