"""The two example recipes of each rule: one that breaks it, one that just does not.

An example is one of the base recipes here with a few lines replaced, so that page and test show the line that matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SPIN: Final = """\
format = 1
name = "Polyacrylonitrile mat"

[solutions.pan]
solvents = [{ name = "DMF" }]
solutes = [{ name = "PAN", molar_mass = "150 kg/mol" }]
concentration = "10 wt%"

[[steps]]
id = "spin"
do = "spin"
duration = "2 h"
voltage = "15 kV"
distance = "15 cm"
needle = { gauge = "21 G" }
collector = { kind = "plate" }
humidity = { min = "20 %RH", max = "45 %RH" }
[[steps.streams]]
solution = "pan"
mode = "electrospin"
rate = "1 ml/h"
"""

TWO: Final = """\
format = 1
name = "Mat with particles"

[solutions.pan]
solvents = [{ name = "DMF" }]
solutes = [{ name = "PAN", molar_mass = "150 kg/mol" }]
concentration = "10 wt%"

[solutions.particles]
solvents = [{ name = "methanol" }]
solutes = [{ name = "TiO2", particle_size = "30 nm" }]
concentration = "1 wt%"
conductivity = "100 uS/m"

[[steps]]
id = "spin"
do = "spin"
duration = "2 h"
voltage = "15 kV"
distance = "15 cm"
needle = { gauge = "21 G" }
collector = { kind = "plate" }
humidity = { min = "20 %RH", max = "45 %RH" }
[[steps.streams]]
solution = "pan"
mode = "electrospin"
rate = "1 ml/h"
[[steps.streams]]
solution = "particles"
mode = "electrospray"
rate = "1 ml/h"
"""

CARBON: Final = (
    SPIN.replace("Polyacrylonitrile mat", "Carbon nanofibres")
    + """
[[steps]]
id = "transfer"
do = "prompt"
say = "Weigh the mat and lay it flat in the tube furnace."
record = { mat_mass = { unit = "mg", expect = "100 mg .. 500 mg", simulate = "200 mg" } }

[[steps]]
id = "stabilise"
do = "heat"
atmosphere = "air"
ramp = "2 degC/min"
to = "280 degC"
soak = "1 h"

[[steps]]
id = "cool-in-air"
do = "cool"
atmosphere = "air"
below = "60 degC"

[[steps]]
id = "close-tube"
do = "prompt"
say = "Close both flanges, check the seals."

[[steps]]
id = "purge"
do = "purge"
gas = "argon"
flow = "1000 sccm"
until = "100 ppm O2"

[[steps]]
id = "carbonise"
do = "heat"
atmosphere = "argon"
flow = "200 sccm"
ramp = "3 degC/min"
to = "800 degC"
soak = "1 h"

[[steps]]
id = "cool"
do = "cool"
atmosphere = "argon"
flow = "500 sccm"
below = "60 degC"
"""
)

OXIDE: Final = """\
format = 1
name = "Titania fibres"

[solutions.sol]
solvents = [{ name = "ethanol" }]
solutes = [{ name = "PVP", molar_mass = "1300 kg/mol" }]
concentration = "8 wt%"

[[steps]]
id = "spin"
do = "spin"
duration = "1 h"
voltage = "15 kV"
distance = "15 cm"
needle = { gauge = "21 G" }
collector = { kind = "plate" }
humidity = { min = "20 %RH", max = "45 %RH" }
[[steps.streams]]
solution = "sol"
mode = "electrospin"
rate = "1 ml/h"

[[steps]]
id = "transfer"
do = "prompt"
say = "Lay the mat in the furnace."

[[steps]]
id = "calcine"
do = "heat"
atmosphere = "air"
ramp = "3 degC/min"
to = "500 degC"
soak = "2 h"

[[steps]]
id = "cool"
do = "cool"
atmosphere = "air"
below = "60 degC"
"""

BASES: Final = {"SPIN": SPIN, "TWO": TWO, "CARBON": CARBON, "OXIDE": OXIDE}


@dataclass(frozen=True, slots=True)
class Example:
    """A base recipe with lines replaced: `changes` are (text in it, text instead), each found exactly once."""

    base: str
    changes: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """The whole recipe.

        :raises ValueError: when a text to be replaced does not stand in it exactly once.
        """
        text = BASES[self.base]
        for old, new in self.changes:
            if text.count(old) != 1:
                raise ValueError(f"{old!r} stands {text.count(old)} times in the example {self.base}")
            text = text.replace(old, new)
        return text

    def shown(self) -> str:
        """The lines that make it, as Markdown; where none was replaced, the name of the base recipe."""
        lines = [line.strip() for _, new in self.changes for line in new.splitlines() if line.strip()]
        gone = [old.strip().splitlines() for old, new in self.changes if not new]
        words = [f"`{'; '.join(lines)}`"] if lines else []
        words += [f"without `{'; '.join(removed[:2])}`" for removed in gone]
        return ", ".join(words) if words else f"the example as it is ({self.base.lower()})"


def spin(*changes: tuple[str, str]) -> Example:
    """A mat of PAN from DMF, spun from one needle."""
    return Example("SPIN", changes)


def two(*changes: tuple[str, str]) -> Example:
    """The same with a dispersion sprayed at the same time."""
    return Example("TWO", changes)


def carbon(*changes: tuple[str, str]) -> Example:
    """A mat of PAN, stabilised in air and carbonised in argon."""
    return Example("CARBON", changes)


def oxide(*changes: tuple[str, str]) -> Example:
    """A mat of PVP with a precursor, calcined in air."""
    return Example("OXIDE", changes)
