"""What a furnace unit knows beyond readings: its present atmosphere, what it may reach, its purge proof, its trend.

Phases write the first two, the unit feeds the rest at each scan, conditions and guard look at all of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp
from typing import Final

from rig.outputs import GasOutput, Output
from rig.readings import NS
from rig.safety.furnace_trend import Leap, Trend
from rig.safety.purge import Flush, PurgeProof

AMBIENT_DEGC: Final = 20.0
COLD_DEGC: Final = 200.0
"""Safety rule 4: under it inert gas may be lowered; a recipe may only lower it."""
SLOWER: Final = 1.25
"""By so much a furnace may cool more slowly than its rig file says (a load in it, plugs)."""
FASTER: Final = 3.0
"""And by so much faster."""
FALL_DEGC: Final = 50.0
"""So far a thermocouple near the element may fall at once when the heater goes off."""
NOTICED_MIN: Final = 10.0
"""A wrong temperature is noticed within so many minutes, in which the controller may have heated as fast as it can."""

AGREES_DEGC: Final = 5.0
"""A thermocouple that was doubted is believed again when it reads no further below what the tube may still be at."""

AIR_CAP_DEGC: Final = 320.0
"""In air, what is to become carbon gets no hotter (safety rule 4)."""


@dataclass(frozen=True, slots=True)
class Atmosphere:
    """What gas a step runs in.

    gas: the flow controller's output ("gas.argon"), None for still air; flow_sccm None: what flows goes on; others:
    controllers that are closed in this step.
    """

    name: str
    inert: bool
    gas: str | None
    flow_sccm: float | None
    others: tuple[str, ...] = ()

    def demand(self) -> dict[str, Output]:
        """The gas outputs of this atmosphere."""
        wanted: dict[str, Output] = {name: GasOutput(0.0) for name in self.others}
        if self.gas is not None and self.flow_sccm is not None:
            wanted[self.gas] = GasOutput(self.flow_sccm)
        return wanted


@dataclass(slots=True)
class FurnaceFacts:
    """atmosphere: of the present step; highest_degc: what the present step may reach (None: no heat at all).

    cold_degc: below it inert gas may be lowered; open_degc: below it the tube may be opened; hot_minimum_sccm: inert
    flow kept when the furnace's exhaust is lost; cap_degc: a lower limit of the recipe's kind (320 °C in air for
    precursors of carbon); oxygen_limit_ppm: above it oxygen trips in a hot inert step; permitted_sccm: what the guard
    let each flow controller be set to; doubted: a condition that speaks against the thermocouple has tripped, and the
    thermocouple has not been seen to agree since; floor_degc: the furnace cannot have cooled below it, reckoned
    slowly, for what is not believed; least_degc: nor below this, reckoned fast, whatever is read (None: its cooling
    was never measured).

    flush: what has to flow before the tube is opened after a hot inert step; exhaust_since_ns: since when the
    furnace's exhaust is proved, without a break; inert_gases: flow controllers that may stand in for one another;
    gas_ends: no step to come wants the gas that flows: it is closed when the tube is cold; cold_since_ns: since when
    the tube is, proved; held_since_ns: since when its heater stands on hold, held or paused.

    kept: the inert gas over the tube, whatever the step says (`furnace_gas.kept_gas`); put_on: what was done at the
    start about a tube found hot without gas, looked: whether that was looked at, first_look_ns: when it was tried.
    """

    purge: PurgeProof
    flush: Flush = field(default_factory=lambda: Flush(0.0))
    open_degc: float = 60.0
    cold_degc: float = COLD_DEGC
    hot_minimum_sccm: float = 80.0
    inert_gases: tuple[str, ...] = ()
    atmosphere: Atmosphere | None = None
    highest_degc: float | None = None
    cap_degc: float | None = None
    oxygen_limit_ppm: float | None = None
    trend: Trend = field(default_factory=Trend)
    leap: Leap = field(default_factory=Leap)
    permitted_sccm: dict[str, float] = field(default_factory=dict)
    doubted: bool = False
    floor_degc: float = 0.0
    least_degc: float | None = None
    exhaust_since_ns: int | None = None
    gas_ends: bool = False
    cold_since_ns: int | None = None
    held_since_ns: int | None = None
    kept: Atmosphere | None = None
    put_on: str | None = None
    looked: bool = False
    first_look_ns: int | None = None
    _cooling_degc: float | None = None
    _floor_ns: int | None = None
    _seen: bool = False
    _doubted_before: bool = False

    @property
    def guarded(self) -> Atmosphere | None:
        """The inert atmosphere that has to be watched: the step's, or that which is kept over a hot tube."""
        step = self.atmosphere
        return step if step is not None and step.inert else self.kept

    def reckoned_degc(self, reading: float | None) -> float | None:
        """The temperature to reckon with: the reading, but while it is doubted none below what can have cooled off."""
        if reading is None or not self.doubted:
            return reading
        return max(reading, self.floor_degc)

    def why_not_open(self, furnace: str, reading: float | None) -> str | None:
        """Why nobody may be sent to this tube: hot, not known to be cold, or not flushed of what pyrolysis gave off;
        None where it may be opened."""
        degc = self.reckoned_degc(reading)
        if degc is None:
            return f"the temperature of {furnace} is not known"
        if degc < self.open_degc:
            return self.flush.why_not(furnace) if self.flush.owed else None
        at = "may still be at" if self.doubted else "is at"
        return f"{furnace} {at} {degc:.0f} °C, and is opened below {self.open_degc:g} °C only"

    def cool(
        self,
        now_ns: int,
        reading: float | None,
        doubted: bool,
        cooling_s: float,
        most_degc: float,
        heating: float,
        measured: bool = False,
    ) -> None:
        """One scan: bring `floor_degc` and `least_degc` up to date.

        cooling_s: the furnace's time constant; measured: it is this furnace's own. most_degc: what it can have
        reached, taken where nothing was ever read, or was read for the last time before this program began. heating:
        its steepest ramp, degC/min: so much it may have gained before the doubt arose.

        doubted: a condition speaks against the thermocouple. That a person clears it repairs nothing: the doubt ends
        when the reading agrees with `floor_degc`, or when the tube may be opened whatever is read.
        """
        passed_s = 0.0 if self._floor_ns is None else (now_ns - self._floor_ns) / NS
        if measured:
            self._cool_fast(passed_s, None if doubted or self.doubted else reading, cooling_s)
        if self._floor_ns is None:
            self.floor_degc = most_degc if reading is None or doubted or self.doubted else reading
        else:
            self.floor_degc = AMBIENT_DEGC + (self.floor_degc - AMBIENT_DEGC) * exp(
                -passed_s / (SLOWER * cooling_s)
            )
            first = not self._seen and not self._doubted_before
            if reading is not None and (reading > self.floor_degc or first):
                self.floor_degc = reading
        self._seen = self._seen or reading is not None
        self._floor_ns = now_ns
        if doubted and not self.doubted:
            self.floor_degc = min(most_degc, self.floor_degc + NOTICED_MIN * heating)
        self.doubted = doubted or (self.doubted and not self._agrees(reading))

    def doubt_again(self) -> None:
        """It was in doubt when an earlier program ended: nobody knows what the furnace did since, so the tube counts as
        hot as it can be, and the first reading of the same thermocouple says nothing."""
        self.doubted = self._doubted_before = True

    def trust(self) -> None:
        """A person at the rig vouches for the thermocouple: from the next reading on it is believed."""
        self.doubted = self._doubted_before = self._seen = False
        self._cooling_degc = self.least_degc = None

    def _agrees(self, reading: float | None) -> bool:
        as_hot = reading is not None and reading >= self.floor_degc - AGREES_DEGC
        return as_hot or self.floor_degc < self.open_degc

    def _cool_fast(self, passed_s: float, believed: float | None, cooling_s: float) -> None:
        before = self._cooling_degc
        if before is not None:
            before = AMBIENT_DEGC + (before - AMBIENT_DEGC) * exp(-passed_s * FASTER / cooling_s)
        if believed is not None and (before is None or believed > before):
            before = believed
        self._cooling_degc = before
        self.least_degc = None if before is None else before - FALL_DEGC
