"""How thin a fibre becomes on its way from the collector to carbon.

A balance of mass: what is left of PAN and PMMA at its present density, and the pores that PMMA leaves, over the
volume as spun and over the shortening along the fibre:

    (d / d_spun)^2 = (volume left + pores) / volume as spun / (length / length as spun)

Densities: PAN and PMMA 1.18 g/cm3 [M], stabilised PAN 1.36 (1.33 to 1.37 [C], PMC6479708), carbon of 800 degC
1.8 [M]. Yield 50 % of PAN [M]; a fibre held only by its neighbours shortens to 0.95 in air and 0.9 as carbon [M];
pores keep a tenth of the volume that PMMA had [M]. For 7/3 PAN/PMMA this gives 0.54 [D]: 250 to 350 nm as spun
become 134 to 188 nm, where the founding paper (DOI 10.1039/d0ra01791d) has about 160 nm [C]. Particles sit on the
fibre and are not counted.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

from rig.emulators.physics.mat import CARBON_YIELD, OXYGEN_GAIN, Conversions

SPUN_G_CM3: Final = 1.18
STABILISED_G_CM3: Final = 1.36
CARBON_G_CM3: Final = 1.8
LENGTH_STABILISED: Final = 0.95
LENGTH_CARBON: Final = 0.9
PORES_KEPT: Final = 0.1
"""Share of the volume of the PMMA that has left which stays as pores."""
DONE: Final = Conversions(
    cyclised=1.0, oxidised=1.0, pmma_left=0.0, carbonised=1.0, burnt=0.0, solvent_left=0.0
)
"""A mat that has gone all the way."""


def diameter_ratio(conversions: Conversions, pan_fraction: float = 0.7) -> float:
    """Diameter over diameter as spun. pan_fraction: PAN in the polymer, by mass, the rest PMMA.

    ValueError where pan_fraction is not between 0 (not included) and 1.
    """
    if not 0.0 < pan_fraction <= 1.0:
        raise ValueError(f"PAN fraction {pan_fraction}: must be above 0 and at most 1")
    c = conversions
    stabilised = 1.0 + OXYGEN_GAIN * c.oxidised
    pan_g = (stabilised + (CARBON_YIELD - stabilised) * c.carbonised) * pan_fraction
    density = SPUN_G_CM3 + (STABILISED_G_CM3 - SPUN_G_CM3) * c.oxidised
    density += (CARBON_G_CM3 - density) * c.carbonised
    length = 1.0 + (LENGTH_STABILISED - 1.0) * c.cyclised
    length += (LENGTH_CARBON - length) * c.carbonised
    pmma = 1.0 - pan_fraction  # by volume too: as spun both have one density
    volume = pan_g / density * SPUN_G_CM3 + pmma * (c.pmma_left + (1.0 - c.pmma_left) * PORES_KEPT)
    return sqrt(volume * (1.0 - c.burnt) / length)


def carbon_nm(as_spun_nm: float, pan_fraction: float = 0.7, conversions: Conversions = DONE) -> float:
    """Diameter in nm of a fibre that was as_spun_nm thick, after these conversions (default: all of them)."""
    return as_spun_nm * diameter_ratio(conversions, pan_fraction)
