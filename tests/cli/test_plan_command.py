"""`spinrig plan`: what happens when, how much it takes, and a picture of it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from recipes.curves import temperature_curve, voltage_curves
from recipes.reader import load_recipe
from recipes.timeline import plan
from rig.bench.capabilities import capabilities
from rig.bench.rigfile import load_rig
from rig.cli.main import main
from rig.cli.plan_svg import draw_plan
from tests.cli.terminal import ROOT, objects, spinrig

SPIN = "tio2-pcnf-spin"
LIBRARY = ROOT / "recipes/library"
DEMO = ROOT / "rig/bench/demo/rig.toml"


def test_without_a_rig_it_plans_for_the_demonstration_rig_and_says_so() -> None:
    done = spinrig("plan", SPIN)
    assert (done.returncode, done.stderr) == (0, "")
    assert "planned for the demonstration rig (Demonstration bench), all of it emulated" in done.stdout
    assert "co-deposit  spin    0 s        4 h 2 min" in done.stdout
    assert "a person's time at 1 prompt" in done.stdout
    assert "BD Plastipak 10 ml" in done.stdout


def test_with_a_rig_it_does_not_speak_of_the_demonstration_rig(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", SPIN, "--rig", str(DEMO)]) == 0
    shown = capsys.readouterr()
    assert "demonstration rig" not in shown.out
    assert "planned for Demonstration bench" in shown.out


def test_the_json_adds_up() -> None:
    done = spinrig("plan", SPIN, "--json")
    (data,) = objects(done.stdout)
    assert (done.returncode, data["demonstration_rig"], data["fits"]) == (0, True, True)
    assert data["total_s"] == pytest.approx(sum(entry["duration_s"] for entry in data["entries"]))
    for syringe in data["syringes"]:
        assert syringe["clock_ml"] == pytest.approx(4.0)
        assert syringe["needed_ml"] == pytest.approx(syringe["clock_ml"] + syringe["before_ml"])
        assert syringe["left_ml"] == pytest.approx(syringe["loaded_ml"] - syringe["needed_ml"])


def test_the_syringe_runs_dry_when_its_liquid_is_used_up() -> None:
    """At 1 ml/h, what is loaded beyond the needle's filling and the start lasts so many hours of the clock."""
    (data,) = objects(spinrig("plan", SPIN, "--json").stdout)
    phases = data["entries"][0]["phases"]
    names = [phase["name"] for phase in phases]
    clock_s = sum(phase["duration_s"] for phase in phases[: names.index("clock")])
    one = data["syringes"][0]
    assert one["dry_s"] == pytest.approx(clock_s + (6.0 - one["before_ml"]) * 3600)


def test_too_little_in_a_syringe_is_shown_as_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.toml"
    text = (ROOT / "rig/bench/demo/sheet.toml").read_text(encoding="utf-8")
    sheet.write_text(text.replace('loaded = "6 ml"', 'loaded = "2 ml"', 1), encoding="utf-8")
    assert main(["plan", SPIN, "--sheet", str(sheet)]) == 0
    shown = capsys.readouterr()
    assert "2.07 ml missing" in shown.out and "too early" in shown.out
    assert "cannot make it" in shown.err and "2 ml are loaded" in shown.err


def test_what_the_rig_cannot_make_is_planned_and_said(tmp_path: Path) -> None:
    rig = tmp_path / "rig.toml"
    spinning, furnace, _ = DEMO.read_text(encoding="utf-8").partition("[furnace.tube]")
    assert furnace
    rig.write_text(spinning, encoding="utf-8")
    done = spinrig("plan", "tio2-pcnf", "--rig", rig)
    assert done.returncode == 0
    assert "carbonise" in done.stdout and "about" in done.stdout
    assert "has no furnace" in done.stderr
    (data,) = objects(spinrig("plan", "tio2-pcnf", "--rig", rig, "--json").stdout)
    assert data["fits"] is False
    assert any(entry["estimate"] for entry in data["entries"])


def test_the_demonstration_rig_makes_the_whole_recipe_and_its_furnace_is_counted_on() -> None:
    done = spinrig("plan", "tio2-pcnf")
    assert (done.returncode, done.stderr) == (0, "")
    assert "carbonise" in done.stdout and "about" not in done.stdout
    (data,) = objects(spinrig("plan", "tio2-pcnf", "--json").stdout)
    assert data["fits"] is True
    assert not any(entry["estimate"] for entry in data["entries"])


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["tests/recipes/bad/missing-unit.toml"], "missing-unit.toml:13:11: error missing-unit"),
        (
            [SPIN, "--rig", "tests/bench/bad/unknown-key.rig.toml"],
            "unknown-key.rig.toml:7:1: error unknown-key",
        ),
        ([SPIN, "--rig", "nowhere.toml"], 'no rig file "nowhere.toml"'),
        (["no-such-recipe"], "no-such-recipe"),
    ],
)
@pytest.mark.parametrize("json", [[], ["--json"]])
def test_what_cannot_be_read_is_refused(words: list[str], place: str, json: list[str]) -> None:
    done = spinrig("plan", *words, *json)
    assert (done.returncode, done.stdout) == (2, "")
    assert place in done.stderr and "Traceback" not in done.stderr


def test_the_picture_is_well_formed_and_has_a_bar_a_step(tmp_path: Path) -> None:
    file = tmp_path / "plan.svg"
    done = spinrig("plan", "tio2-pcnf", "--svg", file)
    assert done.returncode == 0
    root = ET.fromstring(file.read_text(encoding="utf-8"))
    space = "{http://www.w3.org/2000/svg}"
    words = [element.text for element in root.iter(f"{space}text")]
    for step in ("co-deposit", "transfer", "stabilise", "carbonise", "cool"):
        assert step in words
    # The background and one bar for each step that takes time; a diamond for each prompt; three curves.
    assert len(list(root.iter(f"{space}rect"))) == 1 + 6
    assert len(list(root.iter(f"{space}polygon"))) == 2
    assert len(list(root.iter(f"{space}polyline"))) == 3
    assert {"argon", "sccm", "set voltage", "temperature", "a person", "heat, 8 h 18 min"} <= set(words)


def test_the_picture_survives_a_hostile_name(tmp_path: Path) -> None:
    recipe = tmp_path / "odd.toml"
    text = (LIBRARY / f"{SPIN}.toml").read_text(encoding="utf-8")
    recipe.write_text(text.replace('name = "TiO2@PCNF', 'name = "<script>&\\u0001', 1), encoding="utf-8")
    read, _ = load_recipe(recipe)
    assert read is not None
    root = ET.fromstring(draw_plan(read, plan(read)))
    assert any("<script>&" in (element.text or "") for element in root.iter())


def test_a_picture_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    done = spinrig("plan", SPIN, "--svg", tmp_path / "nowhere" / "plan.svg")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be written" in done.stderr


def test_the_curves_are_those_of_the_recipe() -> None:
    recipe, _ = load_recipe(LIBRARY / "tio2-pcnf.toml")
    assert recipe is not None
    bench, _ = load_rig(None)
    timeline = plan(recipe, capabilities(bench))
    (voltage,) = voltage_curves(recipe, timeline)
    assert max(value for _, value in voltage) == 20.0
    # 1 kV/s up from the end of priming, 5 kV/s down.
    first_up = next(i for i, (_, value) in enumerate(voltage) if value == 20.0)
    assert voltage[first_up][0] - voltage[first_up - 1][0] == pytest.approx(20.0)
    last_up = max(i for i, (_, value) in enumerate(voltage) if value == 20.0)
    assert voltage[last_up + 1][0] - voltage[last_up][0] == pytest.approx(4.0)
    temperature = temperature_curve(recipe, timeline)
    assert max(value for _, value in temperature) == 800.0
    times = [round(t_s, 6) for t_s, _ in temperature]
    assert times == sorted(times)
    assert temperature[-1][1] == pytest.approx(60.0)
    heated = next(entry for entry in timeline.entries if entry.step_id == "carbonise")
    at_end = [value for t_s, value in temperature if t_s == pytest.approx(heated.start_s + heated.duration_s)]
    assert at_end[0] == 800.0
