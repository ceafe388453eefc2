"""The step kinds of a recipe. Every quantity keeps the author's unit; ask `.to("kV")` for a number.

All fields are resolved: what a stream or segment takes over from its step stands in the stream or segment.
Defaults are those written beside the fields; what a recipe leaves open and nobody may guess is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from .units import Quantity, Range, quantity

START_LAG: Final = quantity(5, "s", "time")
DRAW_OFF: Final = quantity(3, "s", "time")
BAND: Final = quantity(5, "degC", "temperature_difference")
COLD: Final = quantity(200, "degC", "temperature")
PRIME_RATE: Final = quantity(10, "ml/h", "flow_rate")
NO_SOAK: Final = quantity(0, "min", "time")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A rule of the linter that the author has looked at and silences, with the reason."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What every step has. `assumed` names the keys that the recipe's source does not give ("*": all of
    them).
    """

    do: ClassVar[str]
    id: str
    note: str | None = None
    attended: bool = False
    assumed: tuple[str, ...] = ()
    accept: tuple[Accepted, ...] = ()

    def is_assumed(self, key: str) -> bool:
        """Whether a key of this step is an assumption and not a fact of the source."""
        return key in self.assumed or "*" in self.assumed


@dataclass(frozen=True, slots=True)
class Needle:
    """A needle: `gauge` in G (None: not said), `kind` single, coaxial or manifold, `count` of orifices on a
    manifold.
    """

    gauge: Quantity | None = None
    kind: str = "single"
    count: int = 1


NEEDLE_KINDS: Final = ("single", "coaxial", "manifold")


@dataclass(frozen=True, slots=True)
class Collector:
    """What the fibres land on; `speed` is a rotation or a surface speed, `voltage` a bias against earth
    (None: earthed).
    """

    kind: str
    speed: Quantity | None = None
    diameter: Quantity | None = None
    voltage: Quantity | None = None


COLLECTOR_KINDS: Final = ("plate", "drum", "mandrel", "disc", "parallel-electrodes", "wire", "liquid-bath")
ROTATING_COLLECTORS: Final = ("drum", "mandrel", "disc")


@dataclass(frozen=True, slots=True)
class Window:
    """The chamber's humidity or temperature must stay between the ends; `on_leave` is note, warn or hold."""

    minimum: Quantity | None
    maximum: Quantity | None
    on_leave: str = "warn"


ON_LEAVE: Final = ("note", "warn", "hold")


@dataclass(frozen=True, slots=True)
class Stream:
    """One liquid out of one needle. `voltage` is signed; `refill` allows hold, load, prime and restart when
    the syringe runs empty; `shell_of` is the id of the stream in the core of the same coaxial needle.
    """

    id: str
    solution: str
    mode: str
    rate: Quantity
    voltage: Quantity
    distance: Quantity
    needle: Needle
    refill: bool = False
    shell_of: str | None = None


MODES: Final = ("electrospin", "electrospray")


@dataclass(frozen=True, slots=True)
class PrimeStream:
    """A solution whose needle is to be filled; the id is that of the stream in the next spin step."""

    id: str
    solution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimeStep(Step):
    """Fill needles, high voltage locked out. `volume` None: the needle's dead volume; no streams: all of the
    next spin step.
    """

    do: ClassVar[str] = "prime"
    attended: bool = True
    volume: Quantity | None = None
    rate: Quantity = PRIME_RATE
    streams: tuple[PrimeStream, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpinStep(Step):
    """Spin and spray from all streams at once. `duration` is the clock after the jet check; `voltage` and
    `distance` are the step's defaults (where the step gives none: those of its first stream); the streams
    hold what is to be done.
    """

    do: ClassVar[str] = "spin"
    attended: bool = True
    duration: Quantity
    voltage: Quantity
    distance: Quantity
    streams: tuple[Stream, ...]
    needle: Needle = Needle()
    collector: Collector | None = None
    humidity: Window | None = None
    temperature: Window | None = None
    start_lag: Quantity = START_LAG
    draw_off: Quantity = DRAW_OFF
    arc_retries: int = 0


@dataclass(frozen=True, slots=True)
class RecordField:
    """A number a person is asked for, in `unit`. Outside `expect` the program asks again; beyond `refuse_*`
    it does not take the answer; `simulate` answers on an emulated rig.
    """

    unit: str
    dimension: str
    expect: Range | None = None
    refuse_below: Quantity | None = None
    refuse_above: Quantity | None = None
    simulate: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptStep(Step):
    """A person does something, confirms it, and may weigh or measure."""

    do: ClassVar[str] = "prompt"
    say: str
    record: dict[str, RecordField]


@dataclass(frozen=True, slots=True, kw_only=True)
class DryStep(Step):
    """Hold the sample at a low temperature in a furnace or oven."""

    do: ClassVar[str] = "dry"
    to: Quantity
    duration: Quantity
    atmosphere: str = "air"
    flow: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeStep(Step):
    """Replace the tube's gas, until the analyser reads at most `oxygen` or so many tube `volumes` have flowed
    (one of the two).
    """

    do: ClassVar[str] = "purge"
    gas: str
    flow: Quantity
    oxygen: Quantity | None = None
    volumes: float | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """Ramp to a temperature and stay; `soak` counts only time inside the band. `flow` None: what flows keeps
    flowing.
    """

    ramp: Quantity
    to: Quantity
    soak: Quantity
    atmosphere: str
    flow: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatStep(Step):
    """Furnace program; the form with `ramp`, `to`, `soak` is one segment. `band`: half width in which soak
    counts, degC.
    """

    do: ClassVar[str] = "heat"
    segments: tuple[Segment, ...]
    band: Quantity = BAND


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolStep(Step):
    """Heater off until the tube is `below`; `cold` is the temperature under which inert gas may be lowered
    (at most 200 degC).
    """

    do: ClassVar[str] = "cool"
    atmosphere: str
    below: Quantity
    flow: Quantity | None = None
    cold: Quantity = COLD


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitStep(Step):
    """Do nothing for a while."""

    do: ClassVar[str] = "wait"
    duration: Quantity


AnyStep = PrimeStep | SpinStep | PromptStep | DryStep | PurgeStep | HeatStep | CoolStep | WaitStep
STEP_KINDS: Final = ("prime", "spin", "prompt", "dry", "purge", "heat", "cool", "wait")
SPIN_UNIT_KINDS: Final = ("prime", "spin")
FURNACE_KINDS: Final = ("dry", "purge", "heat", "cool")
