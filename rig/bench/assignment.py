"""Which stream goes through which pump, syringe, needle and supply: the run sheet's word, or a proposal where
there is none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from recipes.materials import Materials
from recipes.model import PrimeStep, Recipe, SpinStep, Stream
from recipes.needles import needle_size
from recipes.vapour import vapour_over_lel
from rig.bench.capabilities import limits_of
from rig.bench.model import Bench
from rig.bench.sheet import RunSheet
from rig.bench.syringes import MEASURED, Syringe, smallest_syringe
from rig.safety.limits import JET_CHECK_S

UNKNOWN_NEEDLE_ML: Final = 0.07
"""Dead volume where the recipe gives no gauge: that of an 18 G needle of 40 mm, larger than those in common
use.
"""


@dataclass(frozen=True, slots=True)
class StreamAssignment:
    """One stream of one step. pump and hv with section ("pumps.a"); needle: the mount's name; None: the rig
    file does not tell.
    """

    step: str
    stream: str
    pump: str
    syringe: Syringe
    loaded_ml: float
    needle: str | None
    hv: str | None
    lot: str | None = None
    prepared: str | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """All streams of a recipe that found a place. proposed: no run sheet said so; a person has to confirm it
    on a real rig.
    """

    streams: Mapping[tuple[str, str], StreamAssignment]
    proposed: bool
    vapour_l_per_ml: Mapping[str, float] = field(default_factory=dict)
    """By solution: flammable vapour over its explosive limit (as a fraction) from one millilitre, l."""

    def get(self, step: str, stream: str) -> StreamAssignment | None:
        """The assignment of one stream."""
        return self.streams.get((step, stream))

    def sheet_text(self, sample: str | None = None) -> str:
        """A run sheet that says the same, to be looked at, changed and kept."""
        lines = [f"sample = {_quoted(sample)}", ""] if sample else []
        for one in self.streams.values():
            own = one.syringe
            syringe = _quoted(own.name)
            if own.source == MEASURED:
                syringe = f'{{ diameter = "{own.diameter_mm} mm", volume = "{own.volume_ml} ml" }}'
            lines += [
                f"[streams.{one.step}.{one.stream}]",
                f'pump = "{one.pump.partition(".")[2]}"',
                f"syringe = {syringe}",
                f'loaded = "{one.loaded_ml} ml"',
            ]
            lines += [
                f"{key} = {_quoted(value)}"
                for key, value in (("needle", one.needle), ("lot", one.lot), ("prepared", one.prepared))
                if value is not None
            ]
            lines.append("")
        return "\n".join(lines)


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are a part of TOML's."""
    return json.dumps(text, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Need:
    """What one stream draws from its syringe in one step, ml, by purpose."""

    clock_ml: float
    start_ml: float
    prime_ml: float

    @property
    def total_ml(self) -> float:
        """Everything."""
        return self.clock_ml + self.start_ml + self.prime_ml

    @property
    def overhead_ml(self) -> float:
        """What is drawn before the step's clock starts, and again after each refill."""
        return self.start_ml + self.prime_ml


def need(recipe: Recipe, step: SpinStep, stream: Stream) -> Need:
    """Volume a stream needs: rate x (start lag + jet check + duration), and priming."""
    rate_ml_s = stream.rate.to("ml/h") / 3600
    return Need(
        clock_ml=rate_ml_s * step.duration.to("s"),
        start_ml=rate_ml_s * (step.start_lag.to("s") + JET_CHECK_S),
        prime_ml=_prime_ml(recipe, step, stream),
    )


def dead_volume_ml(stream: Stream) -> float:
    """Liquid that one stream's needle (or needles, on a manifold) holds."""
    gauge = stream.needle.gauge
    size = None if gauge is None else needle_size(gauge.value)
    return stream.needle.count * (UNKNOWN_NEEDLE_ML if size is None else size.dead_volume_ml())


def _prime_ml(recipe: Recipe, step: SpinStep, stream: Stream) -> float:
    """What the prime steps between the spin step before and this one take, or the step's own priming where
    there is none.
    """
    total = 0.0
    primes = prime_steps(recipe, step)
    for prime in primes:
        if prime.streams and stream.id not in {one.id for one in prime.streams}:
            continue
        total += dead_volume_ml(stream) if prime.volume is None else prime.volume.to("ml")
    return total if primes else dead_volume_ml(stream)


def prime_steps(recipe: Recipe, step: SpinStep) -> tuple[PrimeStep, ...]:
    """The prime steps that belong to a spin step: those since the spin step before it."""
    found: list[PrimeStep] = []
    for earlier in reversed(recipe.steps[: recipe.steps.index(step)]):
        if isinstance(earlier, SpinStep):
            break
        if isinstance(earlier, PrimeStep):
            found.insert(0, earlier)
    return tuple(found)


def propose(
    recipe: Recipe, bench: Bench, sheet: RunSheet | None, materials: Materials | None = None
) -> Assignment:
    """Who feeds what. With a run sheet: what it says, nothing added. Without: needle mounts in the order of
    the rig file.

    A proposal gives each stream of a step a mount of its own, whose supply has the polarity and the voltage;
    a solution that was used before keeps its mount. It takes the smallest usual syringe that holds what is
    needed, filled to the next half millilitre. A stream for which nothing is left has no entry; `fit` says
    so. materials: what is known of the solvents; None: the built-in tables.
    """
    streams: dict[tuple[str, str], StreamAssignment] = {}
    kept: dict[str, str] = {}
    for step in recipe.steps:
        if not isinstance(step, SpinStep):
            continue
        used: set[str] = set()
        for stream in step.streams:
            if sheet is not None:
                said = _said(bench, sheet, step, stream)
            else:
                said = _proposed(recipe, bench, step, stream, kept.get(stream.solution), used)
            if said is None:
                continue
            streams[step.id, stream.id] = said
            used.add(said.pump)
            if said.needle is not None:
                kept.setdefault(stream.solution, said.needle)
    vapour = {name: vapour_over_lel(one, materials) for name, one in recipe.solutions.items()}
    return Assignment(streams, proposed=sheet is None, vapour_l_per_ml=vapour)


def _said(bench: Bench, sheet: RunSheet, step: SpinStep, stream: Stream) -> StreamAssignment | None:
    said = sheet.streams.get((step.id, stream.id))
    if said is None:
        return None
    needle = said.needle
    if needle is None:
        mounts = [name for name, mount in bench.needles.items() if mount.pump == said.pump]
        needle = mounts[0] if len(mounts) == 1 else None
    mount = None if needle is None else bench.needles.get(needle)
    return StreamAssignment(
        step=step.id,
        stream=stream.id,
        pump=said.pump,
        syringe=said.syringe,
        loaded_ml=said.loaded_ml,
        needle=needle,
        hv=None if mount is None else mount.hv,
        lot=said.lot,
        prepared=said.prepared,
    )


def _proposed(
    recipe: Recipe, bench: Bench, step: SpinStep, stream: Stream, kept: str | None, used: set[str]
) -> StreamAssignment | None:
    voltage_kv = stream.voltage.to("kV")
    free = {
        name: mount
        for name, mount in bench.needles.items()
        if mount.pump not in used and mount.pump in bench.pumps
    }
    able = [
        name
        for name, mount in free.items()
        if mount.hv in bench.hv and limits_of(bench.hv[mount.hv]).refuses(voltage_kv) is None
    ]
    needle = kept if kept in able else next(iter(able or free), None)
    if needle is None:
        return None
    wanted = need(recipe, step, stream)
    syringe = smallest_syringe(wanted.total_ml)
    return StreamAssignment(
        step=step.id,
        stream=stream.id,
        pump=free[needle].pump,
        syringe=syringe,
        loaded_ml=min(syringe.volume_ml, math.ceil(wanted.total_ml * 2) / 2),
        needle=needle,
        hv=free[needle].hv,
    )
