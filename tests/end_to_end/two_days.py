"""The founding recipe shortened so that a day of it takes seconds: files that the command line is given."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

SAMPLE: Final = "S-2026-117"
_SHORTER: Final = {
    'duration = "4 h"': 'duration = "2 min"',
    "300 mg .. 700 mg": "1 mg .. 700 mg",
    'ramp = "5 degC/min"': 'ramp = "10 degC/min"',
    'soak = "2.5 h"': 'soak = "5 min"',
    'flow = "1000 sccm"': 'flow = "2000 sccm"',
    'until = "100 ppm O2"': "until = { volumes = 6 }",
    'ramp = "2 degC/min"': 'ramp = "10 degC/min"',
    'to = "800 degC"': 'to = "400 degC"',
    'soak = "2 h"': 'soak = "5 min"',
}
_FURNACE: Final = '[[steps]]\nid = "stabilise"'


def whole_text() -> str:
    """All eight steps, in two emulated hours of furnace and two minutes of spinning."""
    text = files("recipes.library").joinpath("tio2-pcnf.toml").read_text(encoding="utf-8")
    for old, new in _SHORTER.items():
        assert old in text
        text = text.replace(old, new)
    return text


class Bench:
    """A folder with the files of two days; `runs` is where their records go."""

    def __init__(self, folder: Path) -> None:
        self.runs = folder / "runs"
        self.whole, self.spin = folder / "short.toml", folder / "short-spin.toml"
        self.sheet, self.sheet_of_sample = folder / "day-1.toml", folder / "day-2.toml"
        self.answers = folder / "answers.toml"
        text = whole_text()
        assert _FURNACE in text
        self.whole.write_text(text, encoding="utf-8")
        self.spin.write_text(text.partition(_FURNACE)[0], encoding="utf-8")
        demo = files("rig.bench").joinpath("demo/sheet.toml").read_text(encoding="utf-8")
        self.sheet.write_text(demo.replace("DEMO-1", SAMPLE), encoding="utf-8")
        self.sheet_of_sample.write_text(f'sample = "{SAMPLE}"\n', encoding="utf-8")
        self.answers.write_text(
            '[co-deposit]\nprimed = true\nwiped = true\nearthed = true\n[transfer]\nmat_mass = "456 mg"\n',
            encoding="utf-8",
        )

    def words(self, recipe: Path, sheet: Path, *more: str | Path) -> list[str]:
        """The words of `spinrig run`, ending in a JSON result."""
        given = ["run", recipe, "--sheet", sheet, "--runs", self.runs, "--json", "--seed", "7", *more]
        return [str(word) for word in given]

    def first_day(self, *more: str | Path) -> list[str]:
        """Spinning alone, with the answers of the file."""
        return self.words(self.spin, self.sheet, "--answers", self.answers, *more)

    def next_day(self, step: str, *more: str | Path) -> list[str]:
        """From a step on, with a sheet that holds the sample and nothing else."""
        return self.words(self.whole, self.sheet_of_sample, "--from-step", step, "--yes", *more)
