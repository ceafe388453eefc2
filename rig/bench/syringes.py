"""Syringes by maker and volume, with inner diameters; and a lab's own, from its rig file.

Flow goes with the square of the diameter, and charts differ: for BD's 10 ml syringe New Era prints 14.43 mm,
Harvard Apparatus and KD Scientific 14.5 mm, 1 % of flow apart. Each entry of the catalogue (`syringes.toml`) therefore
says where its number comes from, and what another chart prints where we know of one. `confirmed` is False where only
one transcription of one chart was seen, or the number is only remembered. A diameter measured on the very syringe is
better than any chart: a run sheet takes it as `{ diameter, volume }`, a rig file of format 2 as
`[syringes."My 10 ml glass"]`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from recipes.tables import Table
from recipes.toml_text import nearest
from recipes.units import parse_quantity

MEASURED: Final = "run sheet"
OWN_SINCE: Final = 2
"""The format of a rig file from which on it may hold [syringes.*]."""

USUAL: Final = "BD Plastipak"
"""The line from which a syringe is proposed where no run sheet names one."""

SAME_MM: Final = 0.005
"""Diameters that differ by no more than this are the same: charts are rounded to a hundredth of a millimetre."""

DOUBTFUL: Final = 0.02
"""Charts that are further apart in flow are told about."""

_BLANKS = re.compile(r"[\s_-]+")


@dataclass(frozen=True, slots=True)
class Syringe:
    """A syringe: capacity in ml and inner diameter in mm; `other_mm` is what another chart prints."""

    name: str
    volume_ml: float
    diameter_mm: float
    source: str
    confirmed: bool = True
    other_mm: float | None = None
    other_source: str | None = None
    kind: str | None = None

    @property
    def flow_uncertainty(self) -> float:
        """Relative difference of flow between the two charts; 0 where there is but one."""
        return 0.0 if self.other_mm is None else abs((self.other_mm / self.diameter_mm) ** 2 - 1)


NO_SYRINGES: Final[Mapping[str, Syringe]] = {}


@cache
def catalogue() -> dict[str, Syringe]:
    """All syringes that come with the program, by name ("BD Plastipak 10 ml")."""
    data = tomllib.loads(files("rig.bench").joinpath("syringes.toml").read_text(encoding="utf-8"))
    made = [
        _made(line, about, size, data["sources"])
        for line, about in data["lines"].items()
        for size in about["sizes"]
    ]
    return {one.name: one for one in made}


def _made(line: str, about: dict[str, Any], size: dict[str, Any], sources: dict[str, str]) -> Syringe:
    volume_ml = parse_quantity(size["volume"], "volume").to("ml")
    other = size.get("other")
    return Syringe(
        name=f"{line} {volume_ml:g} ml",
        volume_ml=volume_ml,
        diameter_mm=parse_quantity(size["diameter"], "length").to("mm"),
        source=sources[size.get("source", about["source"])],
        confirmed=size.get("confirmed", about["confirmed"]),
        other_mm=None if other is None else parse_quantity(other, "length").to("mm"),
        other_source=None if other is None else sources[about["other_source"]],
        kind=about["kind"],
    )


def _folded(name: str) -> str:
    return _BLANKS.sub("", name.casefold())


@cache
def _by_folded() -> dict[str, Syringe]:
    return {_folded(name): syringe for name, syringe in catalogue().items()}


def find_syringe(name: str, own: Mapping[str, Syringe] = NO_SYRINGES) -> Syringe | None:
    """The syringe of that name: the lab's own (`own`, of the rig file) before the catalogue's. Capitals, blanks and
    hyphens do not matter ("BD Plastipak 10ml").
    """
    wanted = _folded(name)
    mine = next((one for key, one in own.items() if _folded(key) == wanted), None)
    return mine or _by_folded().get(wanted)


def nearest_syringe(name: str, own: Mapping[str, Syringe] = NO_SYRINGES) -> str | None:
    """The name, of the lab's own or in the catalogue, that was probably meant."""
    return nearest(name, [*own, *catalogue()])


def measured_syringe(diameter_mm: float, volume_ml: float) -> Syringe:
    """A syringe that the run sheet describes itself."""
    return Syringe(f"{volume_ml:g} ml, {diameter_mm:g} mm", volume_ml, diameter_mm, MEASURED)


def diameter_doubt(syringe: Syringe) -> str | None:
    """Why the diameter is not to be trusted without measuring, as a sentence; None where it is."""
    if not syringe.confirmed:
        return (
            f"the diameter of {syringe.name}, {syringe.diameter_mm:g} mm, is not confirmed ({syringe.source}), and "
            "flow goes with its square"
        )
    if syringe.flow_uncertainty > DOUBTFUL and syringe.other_mm is not None:
        return (
            f"charts differ on {syringe.name}: {syringe.diameter_mm:g} mm and {syringe.other_mm:g} mm, which is "
            f"{syringe.flow_uncertainty * 100:.0f} % of flow"
        )
    return None


def smallest_syringe(volume_ml: float) -> Syringe:
    """The smallest of the usual line that holds so much; its largest where none does."""
    line = sorted(
        (syringe for name, syringe in catalogue().items() if name.startswith(f"{USUAL} ")),
        key=lambda item: item.volume_ml,
    )
    return next((syringe for syringe in line if syringe.volume_ml >= volume_ml), line[-1])


def read_size(table: Table) -> tuple[float, float]:
    """Inner diameter in mm and capacity in ml that a table gives."""
    diameter = table.quantity("diameter", "length", required=True, minimum="0.1 mm", maximum="80 mm")
    volume = table.quantity("volume", "volume", required=True, exclusive_minimum="0 ml")
    return diameter.to("mm"), volume.to("ml")


def read_own_syringes(root: Table, fmt: int) -> dict[str, Syringe]:
    """The lab's own syringes: [syringes.NAME] of a rig file with diameter, volume and source."""
    if fmt < OWN_SINCE and root.has("syringes"):
        root.ignore("syringes")
        root.error(
            "format-too-old",
            "syringes",
            f"a rig file with [syringes.*] is of format {OWN_SINCE}; this one says format = {fmt}",
            f"write format = {OWN_SINCE}",
        )
        return {}
    found: dict[str, Syringe] = {}
    for name, table in root.named("syringes").items():
        diameter_mm, volume_ml = read_size(table)
        mine = Syringe(name, volume_ml, diameter_mm, table.text("source", required=True))
        table.finish()
        twin = find_syringe(name, found)
        wider = twin is not None and abs(twin.diameter_mm - diameter_mm) > SAME_MM
        larger = twin is not None and (twin.volume_ml < volume_ml or twin.volume_ml > volume_ml)
        if twin is not None and (wider or larger):
            table.error(
                "other-diameter" if wider else "other-volume",
                None,
                f"{twin.name} is {twin.diameter_mm:g} mm wide and holds {twin.volume_ml:g} ml ({twin.source}); here "
                f"it is {diameter_mm:g} mm and {volume_ml:g} ml",
                "give yours a name of its own, so that nobody takes one for the other",
            )
        found[name] = mine
    return found
