"""The founding recipe as published, how recipes are found, and what reading costs."""

from __future__ import annotations

import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from recipes.catalogue import find_recipe, library_path, recipe_ids
from recipes.model import CoolStep, HeatStep, PromptStep, PurgeStep, SpinStep
from recipes.needles import NEEDLE_SIZES, needle_size
from recipes.problems import InputError, Severity
from recipes.reader import load_recipe
from recipes.units import parse_quantity

WARNED = {
    "pla-tfa-dcm-fast": {"fast-for-one-needle"},  # 10 ml/h through 17 G, as published
    "pvac-tio2-rice": {"field-high"},  # 30 kV over 12 cm, as published
}


def test_every_library_recipe_reads_names_its_source_and_is_warned_of_only_with_reason() -> None:
    assert {"tio2-pcnf", "tio2-pcnf-spin", "tio2-pcnf-gentle"} <= set(recipe_ids())
    assert len(recipe_ids()) == 16 + 2, "sixteen published recipes, and two variants of the founding one"
    for id in recipe_ids():
        recipe, problems = load_recipe(library_path(id))
        assert recipe is not None and recipe.id == id, problems
        warned = {one.code for one in problems if one.severity is not Severity.NOTE}
        assert warned == WARNED.get(id, set()), id
        source = recipe.source
        assert source is not None and (source.doi or source.url or source.title or source.note)
        assert any(step.assumed for step in recipe.steps), "no source says everything"


def test_the_founding_recipe_says_what_the_paper_says() -> None:
    recipe, _ = load_recipe(library_path("tio2-pcnf"))
    assert recipe is not None
    assert recipe.source is not None and recipe.source.doi == "10.1039/d0ra01791d"
    polymer, spray = recipe.solutions["pan-pmma"], recipe.solutions["tio2"]
    assert polymer.concentration == parse_quantity("12 wt%", "mass_fraction")
    assert [(item.name, item.parts) for item in polymer.solutes] == [("PAN", 7.0), ("PMMA", 3.0)]
    assert [item.molar_mass and item.molar_mass.to("g/mol") for item in polymer.solutes] == [150e3, 200e3]
    assert spray.solvents[0].name == "methanol" and spray.assumed == ("concentration", "conductivity")

    spin, transfer, stabilise, cool_in_air, close, purge, carbonise, cool = recipe.steps
    assert isinstance(spin, SpinStep)
    assert spin.duration.to("h") == 4.0 and spin.is_assumed("duration") and not spin.is_assumed("voltage")
    for stream in spin.streams:
        assert (stream.voltage.to("V"), stream.distance.to("mm"), stream.rate.to("ul/h")) == (
            20000.0,
            200.0,
            1000.0,
        )
        assert stream.needle.gauge is not None and stream.needle.gauge.value == 21
    assert [(stream.id, stream.mode) for stream in spin.streams] == [
        ("pan-pmma", "electrospin"),
        ("tio2", "electrospray"),
    ]
    assert isinstance(transfer, PromptStep) and transfer.record["mat_mass"].simulate is not None
    assert isinstance(stabilise, HeatStep) and stabilise.assumed == ()
    (air,) = stabilise.segments
    assert (air.ramp.to("degC/min"), air.to.to("degC"), air.soak.to("min"), air.atmosphere) == (
        5.0,
        280.0,
        150.0,
        "air",
    )
    assert isinstance(cool_in_air, CoolStep) and cool_in_air.is_assumed("below")
    assert isinstance(close, PromptStep) and close.record == {}
    assert isinstance(purge, PurgeStep) and purge.oxygen is not None and purge.oxygen.to("ppm O2") == 100.0
    assert isinstance(carbonise, HeatStep)
    (argon,) = carbonise.segments
    assert (argon.ramp.to("degC/min"), argon.to.to("degC"), argon.soak.to("h")) == (2.0, 800.0, 2.0)
    assert isinstance(cool, CoolStep) and cool.cold.to("degC") == 200.0


def test_the_spin_recipe_is_the_spin_part_of_the_founding_one() -> None:
    whole, _ = load_recipe(library_path("tio2-pcnf"))
    part, _ = load_recipe(library_path("tio2-pcnf-spin"))
    assert whole is not None and part is not None
    assert part.steps == whole.steps[:2]
    assert (part.solutions, part.source) == (whole.solutions, whole.source)


def test_a_recipe_is_found_by_id_or_path(tmp_path: Path) -> None:
    assert find_recipe("tio2-pcnf").path == library_path("tio2-pcnf")
    own = tmp_path / "own.toml"
    own.write_text("format = 1\n", encoding="utf-8")
    assert find_recipe(own) == find_recipe(str(own))
    assert find_recipe(own).path == own and find_recipe(own).content == b"format = 1\n"
    for ref, hint in (
        ("tio2-pncf", 'did you mean "tio2-pcnf"?'),
        ("zzz", "one of the library"),
        ("./no.toml", "path"),
    ):
        with pytest.raises(InputError) as caught:
            find_recipe(ref)
        (problem,) = caught.value.problems
        assert problem.code == "no-such-recipe" and hint in (problem.hint or "")


def test_needles_by_gauge() -> None:
    size = needle_size(21.0)
    assert size is not None and (size.outer_mm, size.inner_mm) == (0.819, 0.514)
    assert size.radius_mm == 0.257
    assert size.dead_volume_ml() == pytest.approx(0.0502, abs=1e-4)
    assert needle_size(21.5) is None and needle_size(9) is None and needle_size(float("nan")) is None
    sizes = [NEEDLE_SIZES[gauge] for gauge in sorted(NEEDLE_SIZES)]
    assert all(thick.outer_mm > thin.outer_mm > thin.inner_mm for thick, thin in pairwise(sizes))


def test_reading_and_checking_the_founding_recipe_is_quick() -> None:
    path = library_path("tio2-pcnf")
    times = []
    for _ in range(5):
        start = time.perf_counter()
        load_recipe(path)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.015


def test_importing_the_reader_pulls_in_nothing_heavy() -> None:
    program = "import sys, recipes.reader, recipes.timeline, recipes.catalogue; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "recipes" in loaded
    assert not loaded & {"rig", "gui", "numpy", "pandas", "rich", "serial", "pyvisa", "PySide6", "asyncio"}
