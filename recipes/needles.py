"""Needles by gauge: outer and inner diameter, and how much liquid one holds.

Diameters are the nominal ones of regular-wall (and blunt dispensing) needles, in mm, as the trade prints
them; the outer diameters lie within the limits of ISO 9626:2016 (21 G: 0.800 to 0.830 mm), which itself fixes
only a smallest bore. Dead volume: bore times length plus a Luer hub. A 45 µl hub with 25 mm of tube gives the
0.05 ml weighed for 21 G and 23 G needles, and 0.07 ml for 18 G by 40 mm, in the comparison of syringes and
needles with ISO 7886-1:2018. A needle's own data sheet is better where there is one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

HUB_VOLUME_ML: Final = 0.045
USUAL_LENGTH_MM: Final = 25.0


@dataclass(frozen=True, slots=True)
class NeedleSize:
    """Outer and inner diameter in mm."""

    gauge: int
    outer_mm: float
    inner_mm: float

    @property
    def radius_mm(self) -> float:
        """Inner radius: that of the meniscus from which the jet starts when the tip is wetted no further than
        the bore.
        """
        return self.inner_mm / 2

    def dead_volume_ml(self, length_mm: float = USUAL_LENGTH_MM) -> float:
        """Liquid in tube and hub, ml."""
        return math.pi / 4 * self.inner_mm**2 * length_mm / 1000 + HUB_VOLUME_ML


_DIAMETERS_MM: Final = {
    10: (3.404, 2.692), 11: (3.048, 2.388), 12: (2.769, 2.159), 13: (2.413, 1.803), 14: (2.108, 1.600),
    15: (1.829, 1.372), 16: (1.651, 1.194), 17: (1.473, 1.067), 18: (1.270, 0.838), 19: (1.067, 0.686),
    20: (0.908, 0.603), 21: (0.819, 0.514), 22: (0.718, 0.413), 23: (0.641, 0.337), 24: (0.565, 0.311),
    25: (0.514, 0.260), 26: (0.464, 0.260), 27: (0.413, 0.210), 28: (0.362, 0.184), 29: (0.337, 0.184),
    30: (0.311, 0.159), 31: (0.260, 0.133), 32: (0.235, 0.108), 33: (0.210, 0.108), 34: (0.184, 0.083),
}  # fmt: skip

NEEDLE_SIZES: Final[dict[int, NeedleSize]] = {
    gauge: NeedleSize(gauge, outer, inner) for gauge, (outer, inner) in _DIAMETERS_MM.items()
}


def needle_size(gauge: float) -> NeedleSize | None:
    """The size of a gauge, or None when there is no such gauge in the table (10 to 34)."""
    return NEEDLE_SIZES.get(int(gauge)) if gauge == gauge and float(gauge).is_integer() else None
