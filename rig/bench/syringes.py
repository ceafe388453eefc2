"""Syringes by maker and volume, with inner diameters.

Flow goes with the square of the diameter, and charts differ: for BD's 10 ml syringe New Era prints 14.43 mm,
Harvard Apparatus and KD Scientific 14.5 mm, 1 % of flow apart. Each entry therefore says where its number
comes from, and what another chart prints where we know of one. A diameter measured on the very syringe is
better than any chart; a run sheet takes it as `{ diameter, volume }`.

Sources: New Era Pump Systems, NE-1000 user manual 1200-01, section 12.7 "Syringe diameters and rate limits";
Harvard Apparatus and KD Scientific syringe charts. Both were read in transcriptions. `confirmed` is False
where only one transcription of one chart was seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from recipes.tables import nearest

NEW_ERA: Final = "New Era manual 1200-01, section 12.7"
CHART: Final = "Harvard Apparatus and KD Scientific syringe charts"
MEASURED: Final = "run sheet"


@dataclass(frozen=True, slots=True)
class Syringe:
    """A syringe: capacity in ml and inner diameter in mm; `other_mm` is what another chart prints."""

    name: str
    volume_ml: float
    diameter_mm: float
    source: str
    confirmed: bool = True
    other_mm: float | None = None

    @property
    def flow_uncertainty(self) -> float:
        """Relative difference of flow between the two charts; 0 where there is but one."""
        return 0.0 if self.other_mm is None else abs((self.other_mm / self.diameter_mm) ** 2 - 1)


# maker's line: (source, confirmed, {volume in ml: (diameter in mm, what another chart prints)})
_TABLE: Final[dict[str, tuple[str, bool, dict[float, tuple[float, float | None]]]]] = {
    "BD Plastipak": (
        NEW_ERA, True,
        {
            1: (4.699, 4.78), 3: (8.585, 8.66), 5: (11.99, 12.06), 10: (14.43, 14.5), 20: (19.05, 19.13),
            30: (21.59, 21.7), 50: (26.59, 26.7), 60: (26.59, 26.7),
        },
    ),
    "HSW Norm-Ject": (
        NEW_ERA, True,
        {1: (4.69, None), 3: (9.65, None), 5: (12.45, None), 10: (15.9, None), 20: (20.05, None), 30: (22.9, None),
         50: (29.2, None)},
    ),
    "Terumo": (
        NEW_ERA, True,
        {1: (4.7, None), 3: (8.95, 9.0), 5: (13.0, None), 10: (15.8, None), 20: (20.15, 20.1), 30: (23.1, None),
         60: (29.7, None)},
    ),
    "Monoject": (
        NEW_ERA, True,
        {1: (5.74, 4.67), 3: (8.941, 8.86), 6: (12.7, 12.65), 12: (15.72, None), 20: (20.12, None), 35: (23.52, 23.67),
         60: (26.64, None), 140: (38.0, 37.95)},
    ),
    "Poulten & Graf": (
        NEW_ERA, True,
        {1: (6.7, None), 2: (8.91, None), 3: (9.06, None), 5: (11.75, None), 10: (14.67, None), 20: (19.62, None),
         30: (22.69, None), 50: (26.96, None)},
    ),
    "Stainless steel": (
        NEW_ERA, True,
        {1: (9.538, None), 3: (9.538, None), 5: (12.7, None), 8: (9.538, None), 20: (19.13, None), 50: (28.6, None)},
    ),
    "Hamilton Gastight 1000": (
        CHART, True,
        {1: (4.608, 4.61), 2.5: (7.284, 7.29), 5: (10.3, None), 10: (14.57, 14.567), 25: (23.03, 23.0)},
    ),
    "SGE": (
        CHART, False,
        {1: (4.61, None), 2.5: (7.28, None), 5: (10.3, None), 10: (14.57, None), 25: (23.03, None), 50: (32.57, None)},
    ),
    "B. Braun Omnifix": (
        CHART, False,
        {1: (4.69, None), 3: (9.65, None), 5: (12.5, None), 10: (15.9, None), 20: (20.0, None), 30: (22.5, None),
         50: (29.2, None)},
    ),
    "B. Braun Injekt": (
        CHART, False,
        {1: (4.69, None), 2: (9.65, None), 5: (12.45, None), 10: (15.9, None), 20: (20.05, None)},
    ),
}  # fmt: skip

SYRINGES: Final[dict[str, Syringe]] = {
    f"{maker} {volume:g} ml": Syringe(
        f"{maker} {volume:g} ml", float(volume), diameter, source, confirmed, other
    )
    for maker, (source, confirmed, sizes) in _TABLE.items()
    for volume, (diameter, other) in sizes.items()
}
USUAL: Final = "BD Plastipak"
"""The line from which a syringe is proposed where no run sheet names one."""

_BLANKS = re.compile(r"[\s_-]+")


def _folded(name: str) -> str:
    return _BLANKS.sub("", name.casefold())


_BY_FOLDED: Final = {_folded(name): syringe for name, syringe in SYRINGES.items()}


def find_syringe(name: str) -> Syringe | None:
    """The syringe of that name; capitals, blanks and hyphens do not matter ("BD Plastipak 10ml")."""
    return _BY_FOLDED.get(_folded(name))


def nearest_syringe(name: str) -> str | None:
    """The name in the catalogue that was probably meant."""
    return nearest(name, SYRINGES)


def measured_syringe(diameter_mm: float, volume_ml: float) -> Syringe:
    """A syringe that the run sheet describes itself."""
    return Syringe(f"{volume_ml:g} ml, {diameter_mm:g} mm", volume_ml, diameter_mm, MEASURED)


def smallest_syringe(volume_ml: float) -> Syringe:
    """The smallest of the usual line that holds so much; its largest where none does."""
    line = sorted(
        (syringe for name, syringe in SYRINGES.items() if name.startswith(USUAL)),
        key=lambda item: item.volume_ml,
    )
    return next((syringe for syringe in line if syringe.volume_ml >= volume_ml), line[-1])
