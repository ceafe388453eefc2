"""How long it takes from the door opening to the supply's disable taking effect, term by term (safety rule
2).

The worst case has one attempt of the supply's poll in flight to a mute supply: an "off" waits for the end of
that attempt and no longer. A mute input module is another road: its reading goes stale and trips by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rig.bench.model import AnyInstrument, Bench
from rig.instruments.adam import ORDER_BYTES
from rig.instruments.catalog import CATALOG, DEADLINE_S, POLL_PERIOD_S
from rig.instruments.settings import HvSettings, InputsSettings
from rig.safety.limits import MAX_REACTION_S

SCAN_WAKE_S: Final = 0.005
"""Wakes within 5 ms merge into one scan."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """From one input module to one supply. `terms` add up to `total_s`, the worst case; `normal_terms` to
    `normal_s`.
    """

    inputs: str
    hv: str
    terms: tuple[tuple[str, float], ...]
    normal_terms: tuple[tuple[str, float], ...]

    @property
    def total_s(self) -> float:
        """Worst case: the figure that is compared with the limit."""
        return sum(seconds for _, seconds in self.terms)

    @property
    def normal_s(self) -> float:
        """With every instrument answering."""
        return sum(seconds for _, seconds in self.normal_terms)

    @property
    def allowed(self) -> bool:
        """Whether the worst case is within the limit."""
        return self.total_s <= MAX_REACTION_S

    def text(self) -> str:
        """The sum, written out."""
        terms = " + ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in self.terms)
        return (
            f"{self.inputs} to {self.hv}: at most {self.total_s * 1000:.0f} ms (usually up to "
            f"{self.normal_s * 1000:.0f} ms): {terms}"
        )


def reaction_times(bench: Bench) -> tuple[Reaction, ...]:
    """Every supply with every input module that carries a safety input; those whose drivers are not built are
    left out.
    """
    return tuple(
        reaction
        for module in bench.safety_inputs()
        for supply in bench.hv
        if (reaction := reaction_time(bench, bench.inputs[module], bench.hv[supply])) is not None
    )


def reaction_time(bench: Bench, module: InputsSettings, supply: HvSettings) -> Reaction | None:
    """The reaction time from one module to one supply; None when a driver is not in the catalogue."""
    inputs, hv = CATALOG.get(module.driver), CATALOG.get(supply.driver)
    if inputs is None or hv is None or hv.off is None:
        return None
    replies = 1 if inputs.checksum == "always" or module.checksum else 2
    detection = [
        ("poll period of the inputs", POLL_PERIOD_S["inputs"]),
        (
            "inputs exchange" if replies == 1 else "two inputs exchanges (no checksum)",
            replies * inputs.exchange_s(inputs.poll, module.baud),
        ),
    ]
    neighbours = sum(
        exchange_s(bench.instruments[name]) for name in bench.lines[module.where] if name != module.name
    )
    if neighbours:
        detection.append(("other exchanges on the inputs' line", neighbours))
    if module.relays:
        # An order to the module's own outputs, and its reading back, may stand before the poll.
        ordered_s = inputs.bytes_s(sum(ORDER_BYTES), module.baud) + inputs.turnaround_s
        detection.append(
            ("an order to the module's outputs", ordered_s + inputs.exchange_s(inputs.poll, module.baud))
        )
    detection.append(("scan wake", SCAN_WAKE_S))
    command = ("off command and turnaround", hv.bytes_s(hv.off[0], supply.baud) + hv.turnaround_s)
    in_flight = hv.exchange_s(hv.poll, supply.baud)
    mute = hv.bytes_s(hv.poll[0], supply.baud) + DEADLINE_S["hv"]
    return Reaction(
        module.name,
        supply.name,
        (*detection, ("exchange in flight to a mute supply", max(in_flight, mute)), command),
        (*detection, ("exchange in flight to the supply", in_flight), command),
    )


def exchange_s(settings: AnyInstrument) -> float:
    """Time of an instrument's common poll; 0 when its driver is not in the catalogue."""
    info = CATALOG.get(settings.driver)
    return 0.0 if info is None else info.exchange_s(info.poll, settings.baud)
