"""What will happen when: a recipe laid out in time, with or without a rig.

Times follow from the recipe, the rig's own rates and time constants, and the program's fixed waits. Where the
rig does not say, a default stands in, the entry is marked as an estimate, and a note says so. A person's time
is not planned: questions and prompts count 0 s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final

from .capabilities import Capabilities, FurnaceCapability, HvCapability
from .model import Recipe
from .needles import NEEDLE_SIZES, needle_size
from .steps import (
    PRIME_RATE,
    AnyStep,
    CoolStep,
    DryStep,
    HeatStep,
    Needle,
    PrimeStep,
    PromptStep,
    PurgeStep,
    SpinStep,
    WaitStep,
)

AMBIENT_DEGC: Final = 23.0
AIR_O2_PPM: Final = 209_500.0
JET_CHECK_S: Final = 60.0  # the jet is watched before the clock runs
PROOF_S: Final = 0.3  # three readings at the 0.1 s poll of a supply
PURGE_HOLD_S: Final = 60.0  # a purge is proved only when it has held that long
PURGE_MARGIN: Final = 2.0  # dead ends empty more slowly than a well-mixed tube
DEFAULT_HV: Final = HvCapability("default", max_kv=math.inf, polarity="both")
DEFAULT_FURNACE: Final = FurnaceCapability(
    "default", max_degc=1100, max_ramp_degc_min=10, tube_volume_l=2.83, cooling_s=3000, lag_s=240
)
DEFAULT_GAUGE: Final = 21


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a step."""

    name: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class Entry:
    """One step. `estimate`: a value was used that neither recipe nor rig gives. furnace_degc: of the furnace, at its
    end.
    """

    step_id: str
    do: str
    start_s: float
    duration_s: float
    detail: str
    estimate: bool
    phases: tuple[Phase, ...] = ()
    furnace_degc: float = AMBIENT_DEGC


@dataclass(frozen=True, slots=True)
class StreamVolume:
    """Liquid of one stream, ml: `clock_ml` while the step's clock runs, `total_ml` with priming, start and
    jet check.
    """

    step_id: str
    stream_id: str
    solution: str
    clock_ml: float
    total_ml: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """The plan of a recipe; `rig` is None when none was given."""

    recipe: str
    rig: str | None
    entries: tuple[Entry, ...]
    total_s: float
    volumes: tuple[StreamVolume, ...]
    notes: tuple[str, ...]

    COLUMNS = ("step", "do", "starts at", "takes", "")

    def solution_ml(self) -> dict[str, float]:
        """What has to be made of each solution, ml."""
        needed: dict[str, float] = {}
        for volume in self.volumes:
            needed[volume.solution] = needed.get(volume.solution, 0.0) + volume.total_ml
        return needed

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """The table for a terminal, under COLUMNS."""
        return [
            (
                entry.step_id,
                entry.do,
                duration_text(entry.start_s),
                "a person"
                if entry.do == "prompt"
                else ("about " if entry.estimate else "") + duration_text(entry.duration_s),
                entry.detail,
            )
            for entry in self.entries
        ]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for `spinrig plan --json`."""
        return {
            "recipe": self.recipe,
            "rig": self.rig,
            "total_s": self.total_s,
            "entries": [
                {
                    "step": entry.step_id,
                    "do": entry.do,
                    "start_s": entry.start_s,
                    "duration_s": entry.duration_s,
                    "estimate": entry.estimate,
                    "detail": entry.detail,
                    "phases": [
                        {"name": phase.name, "duration_s": phase.duration_s} for phase in entry.phases
                    ],
                }
                for entry in self.entries
            ],
            "volumes": [
                {
                    "step": volume.step_id,
                    "stream": volume.stream_id,
                    "solution": volume.solution,
                    "clock_ml": volume.clock_ml,
                    "total_ml": volume.total_ml,
                }
                for volume in self.volumes
            ],
            "notes": list(self.notes),
        }


def duration_text(seconds: float) -> str:
    """A time as people say it: "38 s", "4 min 10 s", "4 h 2 min", "1 d 3 h"."""
    total = round(seconds)
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return _two(total // 60, "min", total % 60, "s")
    minutes = round(seconds / 60)
    if minutes < 24 * 60:
        return _two(minutes // 60, "h", minutes % 60, "min")
    return _two(minutes // (24 * 60), "d", minutes % (24 * 60) // 60, "h")


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit}" + (f" {small} {small_unit}" if small else "")


def plan(recipe: Recipe, capabilities: Capabilities | None = None) -> Timeline:
    """Lay a recipe out in time; with a rig's capabilities, by its rates and time constants."""
    planner = _Planner(recipe, capabilities)
    for index, step in enumerate(recipe.steps):
        planner.add(index, step)
    return Timeline(
        recipe=recipe.id,
        rig=None if capabilities is None else capabilities.name,
        entries=tuple(planner.entries),
        total_s=planner.now_s,
        volumes=tuple(planner.volumes),
        notes=tuple(planner.notes),
    )


def _inside_after_s(far_degc: float, ramp_degc_s: float, lag_s: float, band_degc: float) -> float:
    """When a tube that lags behind a set point that moves so far is inside the band around its end, s."""
    if far_degc <= band_degc:
        return 0.0
    ramp_s = far_degc / ramp_degc_s

    def missing_degc(at_s: float) -> float:
        behind = ramp_degc_s * lag_s * -math.expm1(-at_s / lag_s) if lag_s > 0 else 0.0
        return far_degc - ramp_degc_s * at_s + behind

    behind_degc = missing_degc(ramp_s)
    if behind_degc > band_degc:
        return ramp_s + lag_s * math.log(behind_degc / band_degc)
    low_s, high_s = 0.0, ramp_s
    for _ in range(50):
        middle_s = (low_s + high_s) / 2
        low_s, high_s = (middle_s, high_s) if missing_degc(middle_s) > band_degc else (low_s, middle_s)
    return high_s


@dataclass(slots=True)
class _Planner:
    """Where the plan has got to: time, furnace temperature, what is primed."""

    recipe: Recipe
    rig: Capabilities | None
    now_s: float = 0.0
    furnace_degc: float = AMBIENT_DEGC
    primed_ml: dict[str, float] | None = None
    entries: list[Entry] = field(default_factory=list)
    volumes: list[StreamVolume] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, index: int, step: AnyStep) -> None:
        """Append one step."""
        estimate, phases, detail = self._lay_out(index, step)
        duration_s = math.fsum(phase.duration_s for phase in phases)
        if not isinstance(step, HeatStep | DryStep | CoolStep):
            self._cool_by_itself(duration_s)
        self.entries.append(
            Entry(
                step.id,
                step.do,
                self.now_s,
                duration_s,
                detail,
                estimate,
                tuple(phases),
                self.furnace_degc,
            )
        )
        self.now_s += duration_s

    def _cool_by_itself(self, duration_s: float) -> None:
        """A furnace that nobody heats goes on cooling while others work, and while it is purged."""
        cooling_s = self._furnace()[0].cooling_s or DEFAULT_FURNACE.cooling_s
        if cooling_s and self.furnace_degc > AMBIENT_DEGC:
            left = math.exp(-duration_s / cooling_s)
            self.furnace_degc = AMBIENT_DEGC + (self.furnace_degc - AMBIENT_DEGC) * left

    def _lay_out(self, index: int, step: AnyStep) -> tuple[bool, list[Phase], str]:
        match step:
            case PrimeStep():
                return self._prime(index, step)
            case SpinStep():
                return self._spin(step)
            case PromptStep():
                return False, [], "a person: " + step.say
            case WaitStep():
                return False, [Phase("wait", step.duration.to("s"))], str(step.duration)
            case DryStep():
                return self._dry(step)
            case PurgeStep():
                return self._purge(step)
            case HeatStep():
                return self._heat(step)
            case CoolStep():
                return self._cool(step)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    # --- spin unit ---

    def _dead_volume_ml(self, needle: Needle) -> tuple[float, bool]:
        size = None if needle.gauge is None else needle_size(needle.gauge.value)
        if size is None:
            self._note(f"no needle gauge is given: {DEFAULT_GAUGE} G is taken for priming")
            return NEEDLE_SIZES[DEFAULT_GAUGE].dead_volume_ml() * needle.count, True
        return size.dead_volume_ml() * needle.count, False

    def _prime(self, index: int, step: PrimeStep) -> tuple[bool, list[Phase], str]:
        following = next((later for later in self.recipe.steps[index:] if isinstance(later, SpinStep)), None)
        streams = () if following is None else following.streams
        chosen = [
            stream
            for stream in streams
            if not step.streams or stream.id in {item.id for item in step.streams}
        ]
        estimate, volumes = False, dict(self.primed_ml or {})
        longest_ml = 0.0
        for stream in chosen:
            dead_ml, guessed = self._dead_volume_ml(stream.needle)
            volume_ml = dead_ml if step.volume is None else step.volume.to("ml")
            estimate = estimate or (guessed and step.volume is None)
            volumes[stream.id] = volumes.get(stream.id, 0.0) + volume_ml
            longest_ml = max(longest_ml, volume_ml)
        self.primed_ml = volumes
        detail = f"{', '.join(stream.id for stream in chosen)}: {longest_ml:.3g} ml at {step.rate}"
        return estimate, [Phase("prime", longest_ml / step.rate.to("ml/h") * 3600)], detail

    def _spin(self, step: SpinStep) -> tuple[bool, list[Phase], str]:
        estimate = False
        phases: list[Phase] = []
        primed_ml = self.primed_ml
        if primed_ml is None:
            primed_ml = {}
            for stream in step.streams:
                primed_ml[stream.id], guessed = self._dead_volume_ml(stream.needle)
                estimate = estimate or guessed
            rate = PRIME_RATE.to("ml/h")
            phases.append(Phase("prime", max(primed_ml.values()) / rate * 3600))
        self.primed_ml = None
        up_s = down_s = discharge_s = 0.0
        potentials = [stream.voltage.to("kV") for stream in step.streams]
        if step.collector is not None and step.collector.voltage is not None:
            potentials.append(step.collector.voltage.to("kV"))
        for potential_kv in potentials:
            supply = self._supply(potential_kv)
            estimate = estimate or supply is DEFAULT_HV
            up_s = max(up_s, abs(potential_kv) / supply.ramp_kv_s)
            down_s = max(down_s, abs(potential_kv) / supply.ramp_down_kv_s)
            discharge_s = max(discharge_s, supply.discharge_s)
        clock_s = step.duration.to("s")
        phases += [
            Phase("ramp up", up_s),
            Phase("jet check", JET_CHECK_S),
            Phase("clock", clock_s),
            Phase("draw off", step.draw_off.to("s")),
            Phase("ramp down", down_s),
            Phase("proof", PROOF_S),
            Phase("discharge", discharge_s),
        ]
        for stream in step.streams:
            rate_ml_h = stream.rate.to("ml/h")
            clock_ml = rate_ml_h * clock_s / 3600
            start_ml = rate_ml_h * (up_s + JET_CHECK_S) / 3600
            total_ml = clock_ml + start_ml + primed_ml.get(stream.id, 0.0)
            self.volumes.append(StreamVolume(step.id, stream.id, stream.solution, clock_ml, total_ml))
        streams = ", ".join(f"{stream.id} {stream.rate}" for stream in step.streams)
        return estimate, phases, f"{step.voltage}, {step.distance}; {streams}; {step.duration} on the clock"

    def _supply(self, potential_kv: float) -> HvCapability:
        """The slowest supply that can hold the potential: which needle hangs on which one is the run sheet's
        business.
        """
        fitting = (
            [] if self.rig is None else [supply for supply in self.rig.hv if supply.can_hold(potential_kv)]
        )
        if not fitting:
            self._note(
                f"ramp {DEFAULT_HV.ramp_kv_s:g} kV/s up, {DEFAULT_HV.ramp_down_kv_s:g} kV/s down and "
                f"{DEFAULT_HV.discharge_s:g} s of discharge are defaults, not a rig's"
            )
            return DEFAULT_HV
        return min(fitting, key=lambda supply: (supply.ramp_kv_s, supply.ramp_down_kv_s, -supply.discharge_s))

    # --- furnace ---

    def _furnace(self) -> tuple[FurnaceCapability, bool]:
        if self.rig is None or not self.rig.furnaces:
            return DEFAULT_FURNACE, False
        return self.rig.furnaces[0], True

    def _value(self, name: str, words: str) -> tuple[float, bool]:
        """A furnace's own number, or the default's with a note."""
        furnace, _ = self._furnace()
        own: float | None = getattr(furnace, name)
        default: float = getattr(DEFAULT_FURNACE, name)
        if own is not None and furnace is not DEFAULT_FURNACE:
            return own, False
        self._note(f"{words} of the furnace is not known: {default:g} is taken, so its times are estimates")
        return default, True

    def _dry(self, step: DryStep) -> tuple[bool, list[Phase], str]:
        furnace, _ = self._furnace()
        to_degc = step.to.to("degC")
        ramp_s = abs(to_degc - self.furnace_degc) / furnace.max_ramp_degc_min * 60
        self.furnace_degc = to_degc
        detail = f"{step.to} in {step.atmosphere} for {step.duration}"
        return True, [Phase("ramp", ramp_s), Phase("dry", step.duration.to("s"))], detail

    def _purge(self, step: PurgeStep) -> tuple[bool, list[Phase], str]:
        volume_l, estimate = self._value("tube_volume_l", "the tube volume (l)")
        if step.volumes is not None:
            changes, until = step.volumes, f"{step.volumes:g} tube volumes"
        else:
            limit_ppm = AIR_O2_PPM if step.oxygen is None else step.oxygen.to("ppm O2")
            changes = PURGE_MARGIN * max(0.0, math.log(AIR_O2_PPM / limit_ppm))
            until = f"{step.oxygen}"
        flow_s = changes * volume_l * 1000 / step.flow.to("sccm") * 60
        detail = f"{step.gas} {step.flow} until {until}"
        return estimate, [Phase("flow", flow_s), Phase("hold", PURGE_HOLD_S)], detail

    def _heat(self, step: HeatStep) -> tuple[bool, list[Phase], str]:
        """Ramp, then the wait until the tube, a first-order lag behind its set point, is inside the band; the soak
        counts from the moment it is inside, which may be before the ramp's end.
        """
        lag_s, estimate = self._value("lag_s", "the lag (s)")
        phases: list[Phase] = []
        parts: list[str] = []
        for segment in step.segments:
            to_degc, ramp_degc_s = segment.to.to("degC"), segment.ramp.to("degC/s")
            soak_s, far_degc = segment.soak.to("s"), abs(to_degc - self.furnace_degc)
            inside_s = _inside_after_s(far_degc, ramp_degc_s, lag_s, step.band.to("degC"))
            served_s = inside_s + soak_s
            ramp_s = min(far_degc / ramp_degc_s, served_s)
            settle_s = max(0.0, inside_s - ramp_s)
            phases += [
                Phase("ramp", ramp_s),
                Phase("settle", settle_s),
                Phase("soak", max(0.0, served_s - ramp_s - settle_s)),
            ]
            parts.append(f"{segment.ramp} to {segment.to} in {segment.atmosphere}, soak {segment.soak}")
            self.furnace_degc += math.copysign(ramp_degc_s * ramp_s, to_degc - self.furnace_degc)
        return estimate, phases, "; ".join(parts)

    def _cool(self, step: CoolStep) -> tuple[bool, list[Phase], str]:
        below_degc = step.below.to("degC")
        detail = f"below {step.below} in {step.atmosphere}"
        if self.furnace_degc <= below_degc:
            return False, [Phase("cool", 0.0)], detail
        cooling_s, estimate = self._value("cooling_s", "the cooling time constant (s)")
        end_degc = below_degc
        if below_degc < AMBIENT_DEGC + 1:
            end_degc, estimate = AMBIENT_DEGC + 1, True
            self._note(
                f"{step.id}: a furnace in a room of {AMBIENT_DEGC:g} °C hardly gets below {step.below}"
            )
        excess = max(self.furnace_degc - AMBIENT_DEGC, 1.0)
        duration_s = cooling_s * math.log(excess / (end_degc - AMBIENT_DEGC))
        self.furnace_degc = end_degc
        return estimate, [Phase("cool", max(0.0, duration_s))], detail
