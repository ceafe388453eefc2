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


UNKNOWN_L_PER_ML = 60.0
"""For a liquid of which nothing is known: vapour of the lightest common solvent (methanol, 0.6 l/ml) over a limit of
1 vol%."""


@dataclass(slots=True)
class VapourEstimate:
    """The estimate of one chamber, moved on at each scan.

    volume_l: of the chamber; exhaust_l_h: what the exhaust moves while it is proved; made: by pump, litres of vapour
    over the explosive limit as a fraction that one millilitre becomes (0: does not burn). A pump that is not named
    feeds something unknown.
    """

    volume_l: float
    exhaust_l_h: float
    made: Mapping[str, float] = field(default_factory=dict)
    lel_fraction: float = 0.0
    _last_ns: int | None = None

    def update(self, now_ns: int, outputs: Mapping[str, Output], exhaust_proved: bool) -> None:
        """Move on to now with what the pumps have been permitted since."""
        last_ns, self._last_ns = self._last_ns, now_ns
        if last_ns is None or now_ns <= last_ns:
            return
        made = 0.0
        for name, output in outputs.items():
            if isinstance(output, PumpOutput) and output.running and output.rate_ml_h > 0:
                made += output.rate_ml_h * self.made.get(name, UNKNOWN_L_PER_ML)
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


def settled_fraction(rates_ml_h: Mapping[str, float], made: Mapping[str, float], exhaust_l_h: float) -> float:
    """The fraction of the lower explosive limit that these flows come to in the end, with the exhaust running."""
    vapour = sum(rate * made.get(name, UNKNOWN_L_PER_ML) for name, rate in rates_ml_h.items())
    return vapour / exhaust_l_h if exhaust_l_h > 0 else (float("inf") if vapour > 0 else 0.0)
