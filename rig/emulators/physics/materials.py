"""What solvents, polymers and particles are made of, as far as the emulated jets need it, and the rule for a
mixture.

Solvents: science sheet D.9 (surface tension, permittivity, density, vapour pressure at 20 degC, explosive
limits: [C] from CRC, Jasper 1972, IEC 60079-20-1 and NFPA 497 as tabulated there; conductivity of the pure
solvent [C] from Lange's Handbook). Viscosities, conductivities marked so, polymers, particles and every
mixing rule are general knowledge [M]: they may drive an emulator and nothing else. What was not given and had
to be taken from here stands in `SolutionProps.assumed`, with its mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite, log, prod

_LITRES_PER_MOL = 24.06  # ideal gas at 20 degC, 101.3 kPa


class UnknownMaterial(ValueError):
    """A solvent or solute is not in the table and the values it should have supplied were not given either."""


@dataclass(frozen=True, slots=True)
class Solvent:
    """A pure solvent at 20 to 25 degC. lel_vol_pct is None where it does not burn. `marks` says where a value
    is only [M].
    """

    name: str
    gamma_n_m: float
    eps_r: float
    conductivity_s_m: float
    density_kg_m3: float
    viscosity_pa_s: float
    vapour_mmhg: float
    molar_mass_g: float
    lel_vol_pct: float | None
    marks: str = "viscosity [M]"

    @property
    def saturation_vol_pct(self) -> float:
        """Most vapour that air at 20 degC holds, vol%."""
        return self.vapour_mmhg / 760.0 * 100.0


@dataclass(frozen=True, slots=True)
class Solute:
    """A polymer, or particles (viscosity_factor 0). conductivity_s_m: what its ionic residues bring at 10
    wt%, all [M].
    """

    name: str
    density_kg_m3: float
    conductivity_s_m: float
    molar_mass_kg_mol: float = 0.0
    viscosity_factor: float = 0.0


_K_M = "conductivity and viscosity [M]"
_SOLVENTS = (
    Solvent("DMF", 0.0352, 36.7, 6e-6, 945.0, 0.80e-3, 2.6, 73.09, 1.8, _K_M),
    Solvent("DMAc", 0.0352, 38.9, 1e-5, 937.0, 0.93e-3, 3.0, 87.12, 1.8, _K_M),
    Solvent("DMSO", 0.0435, 47.2, 3e-6, 1101.0, 1.99e-3, 0.4, 78.13, 2.6, _K_M),
    Solvent("NMP", 0.0412, 32.6, 2e-6, 1028.0, 1.67e-3, 0.29, 99.13, 0.99, _K_M),
    Solvent("acetic acid", 0.0276, 6.2, 1.1e-6, 1045.0, 1.13e-3, 11.5, 60.05, 4.0),
    Solvent("formic acid", 0.0377, 51.1, 6.4e-3, 1220.0, 1.6e-3, 33.0, 46.03, 18.0),
    Solvent("DCM", 0.0278, 8.93, 1e-8, 1327.0, 0.41e-3, 356.0, 84.93, 12.0, _K_M),
    Solvent("chloroform", 0.0273, 4.81, 1e-8, 1479.0, 0.54e-3, 160.0, 119.38, None, _K_M),
    Solvent("methanol", 0.0225, 33.0, 4.4e-5, 791.0, 0.54e-3, 96.0, 32.04, 6.0),
    Solvent("ethanol", 0.0224, 25.3, 1.35e-7, 789.0, 1.07e-3, 44.0, 46.07, 3.1),
    Solvent(
        "isopropanol",
        0.0213,
        20.2,
        3.5e-4,
        781.0,
        2.04e-3,
        33.0,
        60.10,
        2.0,
        "viscosity [M]; conductivity looks high",
    ),
    Solvent("acetone", 0.0237, 21.0, 6e-6, 785.0, 0.31e-3, 185.0, 58.08, 2.5),
    Solvent("THF", 0.0273, 7.52, 1e-8, 883.0, 0.46e-3, 131.0, 72.11, 1.5, _K_M),
    Solvent("TFE", 0.0211, 26.1, 4e-7, 1384.0, 1.7e-3, 53.0, 100.04, 8.4, "surface tension, " + _K_M),
    Solvent("HFIP", 0.0167, 16.7, 1e-6, 1596.0, 1.6e-3, 121.0, 168.04, None, _K_M + "; density disputed"),
    Solvent("TFA", 0.0135, 8.4, 3e-6, 1535.0, 0.81e-3, 88.0, 114.02, None, _K_M),
    Solvent("toluene", 0.0285, 2.38, 1e-12, 862.0, 0.56e-3, 22.0, 92.14, 1.0),
    Solvent("xylene", 0.0290, 2.4, 1e-12, 870.0, 0.60e-3, 6.0, 106.17, 0.9, _K_M),
    Solvent("water", 0.0728, 80.1, 4e-6, 998.0, 1.00e-3, 17.5, 18.02, None),
)
# PVDF's chains are coiled closer than PAN's: at half their stiffness or more a solution of 20 wt% at 534 kg/mol would
# come out at 1000 Pa s and over, and nobody could spin it.
_SOLUTES = (
    Solute("PAN", 1180.0, 3e-3, 150.0, 1.0),
    Solute("PMMA", 1180.0, 1e-4, 200.0, 0.45),
    Solute("PVP", 1200.0, 1e-3, 1300.0, 0.35),
    Solute("PVA", 1290.0, 3e-2, 90.0, 0.6),
    Solute("PEO", 1130.0, 5e-3, 600.0, 0.9),
    Solute("PCL", 1140.0, 1e-5, 80.0, 0.6),
    Solute("PLA", 1250.0, 1e-5, 100.0, 0.6),
    Solute("PLGA", 1300.0, 1e-5, 60.0, 0.5),
    Solute("PS", 1050.0, 1e-5, 250.0, 0.45),
    Solute("PVDF", 1780.0, 1e-4, 275.0, 0.3),
    Solute("PU", 1150.0, 1e-4, 100.0, 0.7),
    Solute("nylon-6", 1130.0, 1e-2, 30.0, 1.0),
    Solute("nylon-6,6", 1140.0, 1e-2, 30.0, 1.0),
    Solute("cellulose acetate", 1300.0, 1e-4, 50.0, 1.3),
    Solute("PVAc", 1190.0, 1e-4, 150.0, 0.5),
    Solute("PCS", 1100.0, 1e-6, 2.0, 0.3),
    Solute("titanium isopropoxide", 960.0, 1e-4),
    Solute("gelatin", 1350.0, 1e-2, 80.0, 0.5),
    Solute("chitosan", 1400.0, 5e-2, 150.0, 2.0),
    Solute("TiO2", 4000.0, 5e-4),
    Solute("SiO2", 2200.0, 1e-4),
    Solute("ZnO", 5600.0, 1e-4),
    Solute("Fe3O4", 5200.0, 1e-4),
    Solute("carbon black", 1900.0, 1e-4),
    Solute("carbon nanotubes", 1800.0, 1e-4),
    Solute("graphene oxide", 1900.0, 1e-3),
    Solute("NaCl", 2160.0, 8.0),
)
_ALIASES = {
    "n,n-dimethylformamide": "dmf",
    "dimethylformamide": "dmf",
    "dimethylacetamide": "dmac",
    "dichloromethane": "dcm",
    "methylene chloride": "dcm",
    "2-propanol": "isopropanol",
    "ipa": "isopropanol",
    "tetrahydrofuran": "thf",
    "trifluoroethanol": "tfe",
    "trifluoroacetic acid": "tfa",
    "dimethyl sulfoxide": "dmso",
    "meoh": "methanol",
    "etoh": "ethanol",
    "titania": "tio2",
    "titanium dioxide": "tio2",
    "silica": "sio2",
    "polyacrylonitrile": "pan",
    "pla": "pla",
    "plla": "pla",
}
SOLVENTS = {s.name.lower(): s for s in _SOLVENTS}
SOLUTES = {s.name.lower(): s for s in _SOLUTES}


def solvent(name: str) -> Solvent | None:
    """The solvent of this name (case and common synonyms do not matter), or None."""
    key = name.strip().lower()
    return SOLVENTS.get(_ALIASES.get(key, key))


def solute(name: str) -> Solute | None:
    """The solute of this name, or None."""
    key = name.strip().lower()
    return SOLUTES.get(_ALIASES.get(key, key))


def vapour_litres_per_ml(liquid: Solvent) -> float:
    """Litres of vapour at 20 degC from 1 ml of liquid (methanol 0.59, DMF 0.31)."""
    return liquid.density_kg_m3 / 1000.0 / liquid.molar_mass_g * _LITRES_PER_MOL


@dataclass(frozen=True, slots=True)
class SolutionProps:
    """A liquid as the jets see it, SI. `volatile` holds (solvent's name, its share of the liquid's volume).

    polymer: it holds chains that make a fibre. solids_fraction by mass. assumed: what was taken from the
    table, with marks.
    """

    name: str
    gamma_n_m: float
    eps_r: float
    conductivity_s_m: float
    density_kg_m3: float
    viscosity_pa_s: float
    solids_fraction: float
    solids_density_kg_m3: float = 1180.0
    polymer: bool = False
    volatile: tuple[tuple[str, float], ...] = ()
    assumed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what in (
            "gamma_n_m",
            "conductivity_s_m",
            "density_kg_m3",
            "viscosity_pa_s",
            "solids_density_kg_m3",
        ):
            value = getattr(self, what)
            if not (isfinite(value) and value > 0.0):
                raise ValueError(f"solution {self.name!r}: {what} is {value}, must be above 0")
        if not (isfinite(self.eps_r) and self.eps_r >= 1.0):
            raise ValueError(f"solution {self.name!r}: eps_r is {self.eps_r}, must be at least 1")
        if not 0.0 <= self.solids_fraction < 1.0:
            raise ValueError(
                f"solution {self.name!r}: solids_fraction is {self.solids_fraction}, must be 0 to below 1"
            )


@dataclass(frozen=True, slots=True)
class SolutePart:
    """A solute in a solution: mass parts among the solutes, and what the recipe says of it."""

    name: str
    parts: float = 1.0
    molar_mass_kg_mol: float | None = None


def props(
    name: str,
    solvents: Sequence[tuple[str, float]],
    solutes: Sequence[SolutePart] = (),
    solids_fraction: float = 0.0,
    *,
    gamma_n_m: float | None = None,
    eps_r: float | None = None,
    conductivity_s_m: float | None = None,
    density_kg_m3: float | None = None,
    viscosity_pa_s: float | None = None,
) -> SolutionProps:
    """Properties of a solution from its make-up; the keyword values, where given, are what somebody measured.

    solvents: (name, parts by mass). solutes: parts by mass among themselves; solids_fraction: all of them, by
    mass. Mixing, all [M]: density by ideal volumes, surface tension and permittivity linear in volume,
    conductivity geometric in volume plus the solutes' ions, viscosity after Martin from intrinsic viscosity.
    Raises UnknownMaterial when a name is not in the table and a value that depends on it was not given;
    ValueError when there is no solvent or a part is not above 0.
    """
    if not solvents:
        raise ValueError(f"solution {name!r} names no solvent")
    for what, parts in [*solvents, *((s.name, s.parts) for s in solutes)]:
        if not (isfinite(parts) and parts > 0.0):
            raise ValueError(f"solution {name!r}: {what} has {parts} parts, must be above 0")
    needed = {
        "gamma_n_m": gamma_n_m,
        "eps_r": eps_r,
        "conductivity_s_m": conductivity_s_m,
        "density_kg_m3": density_kg_m3,
        "viscosity_pa_s": viscosity_pa_s,
    }
    missing = [key for key, value in needed.items() if value is None]
    unknown = [n for n, _ in solvents if solvent(n) is None] + [
        s.name for s in solutes if solute(s.name) is None
    ]
    if unknown and missing:
        raise UnknownMaterial(
            f"solution {name!r}: nothing is known of {', '.join(unknown)}; "
            f"give the solution's {', '.join(missing)}, or use one of {', '.join(s.name for s in _SOLVENTS)}"
        )
    liquid = _mixed_solvents([(found, parts) for n, parts in solvents if (found := solvent(n)) is not None])
    total = sum(s.parts for s in solutes)
    dissolved = [
        (f, s, s.parts / total * solids_fraction) for s in solutes if (f := solute(s.name)) is not None
    ]
    solids_volume = sum(mass / found.density_kg_m3 for found, _, mass in dissolved)
    solids_mass = sum(mass for _, _, mass in dissolved)
    solids_density = solids_mass / solids_volume if solids_volume > 0.0 else 1180.0
    density = density_kg_m3
    if density is None:
        density = 1.0 / ((1.0 - solids_fraction) / liquid.density_kg_m3 + solids_volume)
    conductivity = conductivity_s_m
    if conductivity is None:
        ions = sum(found.conductivity_s_m * mass / 0.1 for found, _, mass in dissolved)
        conductivity = liquid.conductivity_s_m + ions * _dissociation(liquid.eps_r)
    viscosity = (
        viscosity_pa_s
        if viscosity_pa_s is not None
        else _viscosity(liquid.viscosity_pa_s, dissolved, density)
    )
    polymer = any(found.viscosity_factor > 0.0 for found, _, _ in dissolved) or (
        bool(unknown) and solids_fraction > 0.0
    )
    liquid_share = (1.0 - solids_fraction) * density / liquid.density_kg_m3
    by_volume = _volume_shares(solvents)
    return SolutionProps(
        name=name,
        gamma_n_m=gamma_n_m if gamma_n_m is not None else liquid.gamma_n_m,
        eps_r=eps_r if eps_r is not None else liquid.eps_r,
        conductivity_s_m=conductivity,
        density_kg_m3=density,
        viscosity_pa_s=viscosity,
        solids_fraction=solids_fraction,
        solids_density_kg_m3=solids_density,
        polymer=polymer,
        volatile=tuple((n, share * min(1.0, liquid_share)) for n, share in by_volume),
        assumed=_assumed(missing, solvents, solutes),
    )


def _volume_shares(solvents: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Shares of the known solvents by volume, under their names in the table."""
    known = [
        (found.name, parts / found.density_kg_m3)
        for n, parts in solvents
        if (found := solvent(n)) is not None
    ]
    total = sum(volume for _, volume in known)
    return [(n, volume / total) for n, volume in known]


def _mixed_solvents(parts: Sequence[tuple[Solvent, float]]) -> Solvent:
    """The mixture as if it were one solvent; water where nothing is known (then every value used was given)."""
    if not parts:
        return SOLVENTS["water"]
    volumes = [mass / s.density_kg_m3 for s, mass in parts]
    whole = sum(volumes)
    shares = [(s, v / whole) for (s, _), v in zip(parts, volumes, strict=True)]
    return Solvent(
        name="mixture",
        gamma_n_m=sum(s.gamma_n_m * x for s, x in shares),
        eps_r=sum(s.eps_r * x for s, x in shares),
        conductivity_s_m=prod(s.conductivity_s_m**x for s, x in shares),
        density_kg_m3=sum(s.density_kg_m3 * x for s, x in shares),
        viscosity_pa_s=exp(sum(log(s.viscosity_pa_s) * x for s, x in shares)),
        vapour_mmhg=sum(s.vapour_mmhg * x for s, x in shares),
        molar_mass_g=sum(s.molar_mass_g * x for s, x in shares),
        lel_vol_pct=None,
    )


def _dissociation(eps_r: float) -> float:
    """How far ionic residues come apart, 1 in DMF and water, little in chloroform [M]."""
    return min(1.0, (eps_r / 36.0) ** 2)


def _viscosity(
    base_pa_s: float, dissolved: Sequence[tuple[Solute, SolutePart, float]], density_kg_m3: float
) -> float:
    """Martin: eta_sp = x exp(0.2 x), x = sum of intrinsic viscosity x concentration; [eta] = 0.0243 M^0.75
    ml/g for PAN [M].
    """
    x = 0.0
    for found, part, mass in dissolved:
        if found.viscosity_factor > 0.0:
            molar = (part.molar_mass_kg_mol or found.molar_mass_kg_mol) * 1000.0
            x += found.viscosity_factor * 0.0243 * molar**0.75 * mass * density_kg_m3 / 1000.0
    return min(1e4, base_pa_s * (1.0 + x * exp(min(0.2 * x, 50.0))))


def _assumed(
    missing: Sequence[str], solvents: Sequence[tuple[str, float]], solutes: Sequence[SolutePart]
) -> tuple[str, ...]:
    names = ", ".join(f"{n} ({found.marks})" for n, _ in solvents if (found := solvent(n)) is not None)
    solute_note = "; solutes and mixing [M]" if solutes or len(solvents) > 1 else ""
    said = [f"{what} from the table for {names}{solute_note}" for what in missing]
    if "viscosity_pa_s" in missing:
        for part in solutes:
            chain = solute(part.name)
            if chain is not None and chain.viscosity_factor > 0.0 and part.molar_mass_kg_mol is None:
                said.append(f"molar mass of {part.name} {chain.molar_mass_kg_mol:g} kg/mol [M]")
    return tuple(said)
