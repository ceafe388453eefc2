"""How near the chamber's air may come to its lower explosive limit: an upper estimate, not a measurement.

All solvent that leaves the needles counts as vapour at once, well mixed: V dc/dt = S - Q c, with Q the declared exhaust
while the exhaust is proved, and nothing while it is not. Flammable vapours add as fractions of their limits (Le
Chatelier). High voltage is refused above a tenth of the limit (NFPA 86 practice: 25 % with a monitor; a tenth without
one is our own choice).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp

from rig.outputs import Output, PumpOutput
from rig.readings import NS

REFUSED_ABOVE = 0.10
"""Fraction of the lower explosive limit above which no high voltage is switched on, and that which is on goes off."""


@dataclass(frozen=True, slots=True)
class Source:
    """What one millilitre from a pump becomes: litres of vapour over the lower explosive limit as a fraction, summed
    over its solvents. 0 for what does not burn."""

    litres_over_lel_per_ml: float


@dataclass(slots=True)
class VapourEstimate:
    """The estimate of one chamber, moved on at each scan. None where the rig file declares no chamber.

    volume_l: of the chamber; exhaust_l_h: what the exhaust moves while it is proved.
    """

    volume_l: float
    exhaust_l_h: float
    sources: Mapping[str, Source] = field(default_factory=dict)
    lel_fraction: float = 0.0
    _last_ns: int | None = None

    def update(self, now_ns: int, outputs: Mapping[str, Output], exhaust_proved: bool) -> None:
        """Move on to now with what the pumps have been permitted since."""
        last_ns, self._last_ns = self._last_ns, now_ns
        if last_ns is None or now_ns <= last_ns:
            return
        made = 0.0
        for name, source in self.sources.items():
            output = outputs.get(name)
            if isinstance(output, PumpOutput) and output.running and output.rate_ml_h > 0:
                made += output.rate_ml_h * source.litres_over_lel_per_ml
        if made == 0.0 and self.lel_fraction == 0.0:
            return
        hours = (now_ns - last_ns) / NS / 3600
        if not exhaust_proved or self.exhaust_l_h <= 0:
            self.lel_fraction += made * hours / self.volume_l
            return
        settled = made / self.exhaust_l_h
        self.lel_fraction = settled + (self.lel_fraction - settled) * exp(
            -self.exhaust_l_h / self.volume_l * hours
        )


def settled_fraction(
    rates_ml_h: Mapping[str, float], sources: Mapping[str, Source], exhaust_l_h: float
) -> float:
    """The fraction of the lower explosive limit that these flows come to in the end, with the exhaust running."""
    made = sum(
        rate * sources[name].litres_over_lel_per_ml for name, rate in rates_ml_h.items() if name in sources
    )
    return made / exhaust_l_h if exhaust_l_h > 0 else (float("inf") if made > 0 else 0.0)
