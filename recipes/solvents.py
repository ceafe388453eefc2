"""The solvents of the field: what linter, vapour estimate and plan have to know of them.

20 to 25 degC. Where sources differ the lower flash point, explosive limit and exposure limit stands here
(IEC 60079-20-1:2010, NFPA 497:2008, NIOSH and OSHA sheets). Surface tension: Jasper 1972 and VDI; permittivity, boiling
point, density: CRC Handbook; conductivity of the pure solvent: Lange's Handbook. None means that nothing reliable was
found: who asks is told "unknown", never "safe".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

UNKNOWN_LEL_VOL_PCT: Final = 1.0
"""A solvent that is not in this table counts as flammable with this lower explosive limit (own choice, as low as any
common solvent's)."""

LITRES_PER_MOL: Final = 24.06
"""Ideal gas at 20 degC and 101.3 kPa."""


@dataclass(frozen=True, slots=True)
class SolventFacts:
    """One pure solvent. flammable: None where nothing is known of it; lel_vol_pct: None where it has none.

    exposure_ppm: the lowest occupational limit that was found (8 h or short-time), for orientation: confirm locally.
    """

    name: str
    cas: str
    surface_tension_mn_m: float | None
    permittivity: float | None
    boiling_degc: float
    vapour_mmhg: float
    flash_degc: float | None
    flammable: bool | None
    lel_vol_pct: float | None
    exposure_ppm: float | None
    molar_mass_g_mol: float
    density_g_ml: float
    conductivity_s_m: float | None = None
    aliases: tuple[str, ...] = ()

    @property
    def vapour_litres_per_ml(self) -> float:
        """Vapour from one millilitre of liquid, at 20 degC."""
        return self.density_g_ml / self.molar_mass_g_mol * LITRES_PER_MOL


_F = SolventFacts
SOLVENTS: Final = (
    _F("DMF", "68-12-2", 35.2, 36.7, 153, 2.6, 58, True, 1.8, 10, 73.09, 0.945, None,
       ("n,n-dimethylformamide", "dimethylformamide", "dimethyl formamide")),
    _F("DMAc", "127-19-5", 35.2, 38.9, 165, 3.0, 70, True, 1.8, 10, 87.12, 0.937, None,
       ("n,n-dimethylacetamide", "dimethylacetamide", "dma")),
    _F("DMSO", "67-68-5", 43.5, 47.2, 189, 0.42, 87, True, 2.6, None, 78.13, 1.101, None, ("dimethyl sulfoxide",)),
    _F("NMP", "872-50-4", 41.2, 32.6, 202, 0.29, 86, True, 0.99, 10, 99.13, 1.028, None,
       ("n-methyl-2-pyrrolidone", "n-methylpyrrolidone")),
    _F("acetic acid", "64-19-7", 27.6, 6.2, 118, 12, 39, True, 4.0, 10, 60.05, 1.045, 1.1e-6, ("ethanoic acid",)),
    _F("formic acid", "64-18-6", 37.7, 51.1, 101, 33, 42, True, 18, 5, 46.03, 1.220, 6.4e-3, ("methanoic acid",)),
    _F("DCM", "75-09-2", 27.8, 8.93, 39.8, 440, None, True, 12, 2, 84.93, 1.327, None,
       ("dichloromethane", "methylene chloride")),
    _F("chloroform", "67-66-3", 27.3, 4.81, 61.7, 160, None, False, None, 2, 119.38, 1.479, 2e-6,
       ("trichloromethane",)),
    _F("methanol", "67-56-1", 22.5, 33.0, 64.7, 96, 9, True, 6.0, 200, 32.04, 0.791, 4.4e-5,
       ("meoh", "methyl alcohol")),
    _F("ethanol", "64-17-5", 22.4, 25.3, 78.2, 44, 12, True, 3.1, 1000, 46.07, 0.789, 1.35e-7,
       ("etoh", "ethyl alcohol")),
    _F("2-propanol", "67-63-0", 21.3, 20.2, 82.2, 33, 12, True, 2.0, 200, 60.10, 0.781, 3.5e-4,
       ("isopropanol", "isopropyl alcohol", "ipa", "propan-2-ol")),
    _F("acetone", "67-64-1", 23.3, 21.0, 56.1, 185, -20, True, 2.5, 250, 58.08, 0.785, 6e-6, ("propanone",)),
    _F("THF", "109-99-9", 27.3, 7.52, 66, 132, -14, True, 1.5, 50, 72.11, 0.883, None, ("tetrahydrofuran",)),
    _F("TFE", "75-89-8", None, 26.1, 74, 53, 30, True, 8.4, None, 100.04, 1.384, None,
       ("trifluoroethanol", "2,2,2-trifluoroethanol")),
    _F("HFIP", "920-66-1", 16.7, 16.7, 59, 160, None, None, None, None, 168.04, 1.460, None,
       ("hexafluoroisopropanol", "1,1,1,3,3,3-hexafluoro-2-propanol", "hexafluoro-2-propanol")),
    _F("TFA", "76-05-1", 12.0, 8.4, 72, 107, None, False, None, None, 114.02, 1.535, None, ("trifluoroacetic acid",)),
    _F("toluene", "108-88-3", 28.5, 2.38, 110.6, 22, 4, True, 1.0, 20, 92.14, 0.862, 1e-12, ("methylbenzene",)),
    _F("xylene", "1330-20-7", 28.5, 2.4, 138, 6.6, 25, True, 0.9, 50, 106.17, 0.86, None,
       ("xylenes", "dimethylbenzene")),
    _F("water", "7732-18-5", 72.8, 80.1, 100, 17.5, None, False, None, None, 18.02, 0.998, 4e-6,
       ("h2o", "di water", "deionised water", "deionized water", "distilled water")),
)  # fmt: skip

_BY_NAME: Final = {word.lower(): one for one in SOLVENTS for word in (one.name, one.cas, *one.aliases)}


def solvent_facts(name: str) -> SolventFacts | None:
    """What is known of a solvent by name, usual alias or CAS number; None when it is not in the table."""
    return _BY_NAME.get(" ".join(name.lower().split()))
