"""The catalogue of syringes, a lab's own in the rig file, and what is said of diameters that are not to be trusted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recipes.model import Recipe
from recipes.problems import Problem
from rig.bench.fit import RUN_SHEET, fit
from rig.bench.model import Bench
from rig.bench.rigfile import read_rig
from rig.bench.sheet import read_sheet
from rig.bench.start import PumpStart, read_start
from rig.bench.syringes import catalogue, diameter_doubt, find_syringe, nearest_syringe, smallest_syringe

OWN = (
    '\n[syringes."My 10 ml glass"]\ndiameter = "14.6 mm"\nvolume = "10 ml"\nsource = "calliper, 2026-11-02"\n'
)


def rig(text: str) -> tuple[Bench | None, list[Problem]]:
    bench, problems = read_rig(text, "test")
    return bench, list(problems)


@pytest.fixture
def own_text(demo_text: str) -> str:
    assert "format = 1\n" in demo_text
    return demo_text.replace("format = 1\n", "format = 2\n") + OWN


def test_syringes_are_found_by_name_and_by_what_was_probably_meant() -> None:
    bd = find_syringe("bd plastipak 10ml")
    assert bd is not None
    assert (bd.name, bd.diameter_mm, bd.volume_ml) == ("BD Plastipak 10 ml", 14.43, 10.0)
    assert bd.flow_uncertainty == pytest.approx(0.0097, abs=1e-4)  # 14.5 mm in the other chart
    assert bd.other_source is not None and bd.other_source.startswith("Harvard Apparatus")
    assert find_syringe("BD Plastipack 10 ml") is None
    assert nearest_syringe("BD Plastipack 10 ml") == "BD Plastipak 10 ml"
    assert nearest_syringe("Hamilton 1000 Gastight 5 ml") == "Hamilton Gastight 1000 5 ml"
    assert smallest_syringe(4.07).name == "BD Plastipak 5 ml"
    assert smallest_syringe(500).name == "BD Plastipak 60 ml"


def test_the_catalogue_is_plausible_and_says_where_it_has_its_numbers_from() -> None:
    assert len(catalogue()) > 90
    for name, syringe in catalogue().items():
        stroke_mm = syringe.volume_ml * 1000 / (3.14159 / 4 * syringe.diameter_mm**2)
        assert 12 < stroke_mm < 130, name
        assert syringe.name == name and syringe.source and syringe.kind
        assert (syringe.other_mm is None) == (syringe.other_source is None)
        assert syringe.flow_uncertainty < 0.05 or name == "Monoject 1 ml", name
    small = catalogue()["Hamilton Gastight 1000 0.25 ml"]
    assert small.diameter_mm == pytest.approx((4 * 250 / (3.14159265 * 60)) ** 0.5, abs=1e-3)


def test_what_is_not_confirmed_or_disputed_is_said() -> None:
    doubts = {name: diameter_doubt(one) for name, one in catalogue().items()}
    assert doubts["BD Plastipak 10 ml"] is None and doubts["Hamilton Gastight 1000 10 ml"] is None
    assert "is not confirmed" in (doubts["Ranfac 10 ml"] or "")
    assert "4.67 mm, which is 34 % of flow" in (doubts["Monoject 1 ml"] or "")
    assert all(
        "not confirmed" in (doubts[name] or "") for name, one in catalogue().items() if not one.confirmed
    )


def test_a_labs_own_syringe_is_found_in_sheet_and_start_state(own_text: str) -> None:
    bench, problems = rig(own_text)
    assert bench is not None and problems == []
    mine = bench.syringes["My 10 ml glass"]
    assert (mine.diameter_mm, mine.volume_ml, mine.source) == (14.6, 10.0, "calliper, 2026-11-02")
    text = '[streams.co-deposit.tio2]\npump = "b"\nsyringe = "my 10ml glass"\nloaded = "5 ml"\n'
    sheet, wrong = read_sheet(text, bench.syringes)
    assert sheet is not None and list(wrong) == []
    assert sheet.streams["co-deposit", "tio2"].syringe is mine
    nowhere, wrong = read_sheet(text)
    assert nowhere is None and [one.code for one in wrong] == ["unknown-syringe"]
    guessed, wrong = read_sheet(text.replace("glass", "glas"), bench.syringes)
    assert guessed is None and 'did you mean "My 10 ml glass"?' in (wrong[0].hint or "")
    start, _ = read_start('[pumps.a]\nsyringe = "My 10 ml glass"\nloaded = "4 ml"\n', bench)
    assert start is not None and start.get("pumps.a") == PumpStart(mine, 4.0)


def test_a_rig_file_of_format_1_with_syringes_is_told_of_format_2(demo_text: str) -> None:
    bench, problems = rig(demo_text + OWN)
    assert bench is None
    assert [(one.code, one.where) for one in problems] == [("format-too-old", "syringes")]
    assert problems[0].hint == "write format = 2"
    assert problems[0].line is not None


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("My 10 ml glass", "BD-Plastipak 10ml", "other-diameter", ("14.43 mm", "14.6 mm")),
        ('14.6 mm"\nvolume = "10 ml', '14.43 mm"\nvolume = "12 ml', None, ()),
        ('My 10 ml glass"]\ndiameter = "14.6 mm"\nvolume = "10',
         'BD Plastipak 10 ml"]\ndiameter = "14.43 mm"\nvolume = "12', "other-volume", ("10 ml", "12 ml")),
        ('My 10 ml glass"]\ndiameter = "14.6', 'bd plastipak 10 ml"]\ndiameter = "14.43', None, ()),
        ('source = "calliper, 2026-11-02"', "", "missing-key", ("source",)),
        ('"14.6 mm"', '"14.6"', "missing-unit", ("14.6",)),
        ('"14.6 mm"', '"14.6 cm"', "out-of-range", ("80 mm",)),
        ('volume = "10 ml"', 'volume = "10 ml"\nbore = "1 mm"', "unknown-key", ("bore",)),
    ],
)  # fmt: skip
def test_what_an_own_syringe_may_say(
    own_text: str, old: str, new: str, code: str | None, words: tuple[str, ...]
) -> None:
    assert old in own_text
    bench, problems = rig(own_text.replace(old, new))
    if code is None:
        assert bench is not None and problems == []
        return
    assert bench is None
    (problem,) = problems
    assert problem.code == code and problem.where.startswith("syringes.") and problem.line is not None
    assert all(word in problem.message for word in words)


def test_two_own_names_that_read_the_same(own_text: str) -> None:
    bench, problems = rig(own_text + OWN.replace("My 10 ml glass", "my 10ml-glass").replace("14.6", "14.7"))
    assert bench is None
    assert [one.code for one in problems] == ["other-diameter"]


def test_fit_warns_of_a_diameter_nobody_confirmed(
    demo_text: str,
    spin_text: str,
    recipe_of: Callable[..., Recipe],
    bench_of: Callable[..., Bench],
) -> None:
    sheet, _ = read_sheet(
        "".join(
            f'[streams.co-deposit.{stream}]\npump = "{pump}"\nsyringe = "{syringe}"\nloaded = "5 ml"\n'
            f'needle = "{needle}"\n'
            for stream, pump, syringe, needle in (
                ("pan-pmma", "a", "Ranfac 10 ml", "left"),
                ("tio2", "b", "BD Plastipak 10 ml", "right"),
            )
        )
    )
    assert sheet is not None
    answer = fit(recipe_of(spin_text), bench_of(demo_text), sheet)
    said = [one for one in answer.by_file[RUN_SHEET] if one.code == "syringe-diameter"]
    assert [one.where for one in said] == ["streams.co-deposit.pan-pmma.syringe"]
    assert said[0].line == 3 and "14.55 mm" in said[0].message
