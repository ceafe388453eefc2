"""`spinrig check`: every bad file is refused with its place, and a good one is good, quickly."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.terminal import ROOT, environment, objects, spinrig

BAD_RECIPES = sorted((ROOT / "tests/recipes/bad").glob("*.toml"))
BAD_BENCH = ROOT / "tests/bench/bad"
SPIN = "tio2-pcnf-spin"
LONG = """\
format = 1
name = "A day of spinning"
[solutions.pan-pmma]
solvents = [{ name = "DMF" }]
[solutions.tio2]
solvents = [{ name = "methanol" }]
[[steps]]
id = "co-deposit"
do = "spin"
duration = "30 h"
voltage = "20 kV"
distance = "20 cm"
needle = { gauge = "21 G" }
[[steps.streams]]
solution = "pan-pmma"
mode = "electrospin"
rate = "1 ml/h"
[[steps.streams]]
solution = "tio2"
mode = "electrospray"
rate = "1 ml/h"
"""


def test_there_are_twelve_bad_recipes() -> None:
    assert len(BAD_RECIPES) >= 12


def refused(done: subprocess.CompletedProcess[str], name: str, code: str, line: int, column: int) -> None:
    """Exit 2, nothing said on standard output, and the problem with place, excerpt, caret and hint."""
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    said = done.stderr.splitlines()
    at = next(i for i, text in enumerate(said) if text.startswith(f"{name}:{line}:{column}: error {code}: "))
    assert said[at + 1].startswith(f"{line:>5} | ")
    assert said[at + 2].index("^") - 8 == column - 1
    assert said[at + 3].startswith("  hint: ") and len(said[at + 3]) > len("  hint: ")
    assert "refused: " in said[-1] or "reaction time" in said[-1]


@pytest.mark.parametrize("path", BAD_RECIPES, ids=lambda path: path.stem)
def test_a_bad_recipe_is_refused_with_its_place(path: Path) -> None:
    """What the JSON says of the place, the sentence says, too; and the place is in the file."""
    plain, as_json = spinrig("check", path), spinrig("check", "--json", path)
    (data,) = objects(as_json.stdout)
    assert (as_json.returncode, as_json.stderr) == (2, "")
    assert data["recipe"] == str(path)
    problem = next(problem for problem in data["problems"] if problem["severity"] == "error")
    assert list(problem) == ["severity", "code", "where", "line", "column", "message", "hint", "file"]
    assert problem["file"] == str(path)
    assert problem["hint"]
    lines = path.read_text(encoding="utf-8").splitlines()
    assert 1 <= problem["column"] <= len(lines[problem["line"] - 1]) + 1
    refused(plain, str(path), problem["code"], problem["line"], problem["column"])


@pytest.mark.parametrize(
    ("name", "code", "line", "column"),
    [
        ("above-rating.rig.toml", "above-rating", 32, 22),
        ("duplicate-address.rig.toml", "duplicate-address", 19, 11),
        ("malformed.rig.toml", "malformed-toml", 6, 21),
        ("unknown-driver.rig.toml", "unknown-driver", 9, 10),
        ("unknown-key.rig.toml", "unknown-key", 7, 1),
    ],
)
def test_a_bad_rig_file_is_refused_with_its_place(name: str, code: str, line: int, column: int) -> None:
    path = BAD_BENCH / name
    refused(spinrig("check", SPIN, "--rig", path), str(path), code, line, column)
    own = spinrig("rig", "check", path)
    refused(own, str(path), code, line, column)


def test_two_streams_on_one_pump_are_refused_in_the_run_sheet() -> None:
    path = BAD_BENCH / "two-streams-one-pump.sheet.toml"
    refused(spinrig("check", SPIN, "--sheet", path), str(path), "two-streams-one-pump", 10, 8)


def test_thirty_ml_from_ten_without_refill_are_refused_in_the_run_sheet(tmp_path: Path) -> None:
    recipe = tmp_path / "long.toml"
    recipe.write_text(LONG, encoding="utf-8")
    path = BAD_BENCH / "too-little-loaded.sheet.toml"
    done = spinrig("check", recipe, "--sheet", path)
    refused(done, str(path), "too-little-loaded", 13, 10)
    assert "30." in done.stderr and "10 ml are loaded" in done.stderr


def test_a_voltage_beyond_the_rigs_limit_is_refused_in_the_recipe(tmp_path: Path) -> None:
    recipe, rig = tmp_path / "loud.toml", tmp_path / "rig.toml"
    recipe.write_text(LONG.replace("20 kV", "25 kV").replace("30 h", "1 h"), encoding="utf-8")
    demo = (ROOT / "rig/bench/demo/rig.toml").read_text(encoding="utf-8")
    rig.write_text(demo.replace('voltage = "25 kV"', 'voltage = "20 kV"'), encoding="utf-8")
    done = spinrig("check", recipe, "--rig", rig)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{recipe}:" in done.stderr and "25 kV" in done.stderr and "20 kV" in done.stderr


@pytest.mark.parametrize("name", ["no-such-recipe", "nowhere/recipe.toml"])
def test_a_recipe_that_is_nowhere_is_refused(name: str) -> None:
    done = spinrig("check", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert name in done.stderr and "hint: " in done.stderr
    (data,) = objects(spinrig("check", "--json", name).stdout)
    (problem,) = data["problems"]
    assert (problem["code"], problem["line"], problem["column"]) == ("no-such-recipe", None, None)


def test_a_missing_rig_file_is_refused() -> None:
    done = spinrig("check", SPIN, "--rig", "nowhere.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert 'there is no rig file "nowhere.toml"' in done.stderr


def test_a_good_recipe_is_good_and_the_rigs_reaction_time_is_told() -> None:
    alone = spinrig("check", SPIN)
    assert (alone.returncode, alone.stdout) == (0, f"{SPIN}: good (2 notes)\n")
    assert alone.stderr.count("note ") == 2 and "31 m3/h" in alone.stderr
    rig = ROOT / "rig/bench/demo/rig.toml"
    done = spinrig("check", SPIN, "--rig", rig)
    good, reaction = done.stdout.splitlines()
    assert (done.returncode, good) == (0, f"{SPIN}: good (2 notes)")
    assert reaction.startswith("reaction time, inputs.bench to hv.needle: at most 367 ms")
    (data,) = objects(spinrig("check", SPIN, "--rig", rig, "--json").stdout)
    assert {one["severity"] for one in data["problems"]} == {"note"}
    (term,) = data["rig"]["reaction"]
    assert term["total_s"] == pytest.approx(sum(one["seconds"] for one in term["terms"]))
    assert 0.3 < term["total_s"] < 0.5


def test_several_recipes_are_all_checked_and_one_bad_one_refuses() -> None:
    bad = BAD_RECIPES[0]
    done = spinrig("check", bad, SPIN)
    assert (done.returncode, done.stdout) == (2, f"{SPIN}: good (2 notes)\n")
    first, second = objects(spinrig("check", "--json", bad, SPIN).stdout)
    assert [one["severity"] for one in first["problems"]].count("error") == 1
    assert {one["severity"] for one in second["problems"]} == {"note"}


def test_strict_refuses_a_warning(tmp_path: Path) -> None:
    recipe = tmp_path / "warned.toml"
    unused = '[solutions.spare]\nsolvents = [{ name = "DMF" }]\n[[steps]]'
    recipe.write_text(LONG.replace("[[steps]]", unused, 1), encoding="utf-8")
    mild = spinrig("check", recipe)
    assert (mild.returncode, mild.stdout) == (0, f"{recipe}: good (1 warning, 7 notes)\n")
    assert "warning unused-solution" in mild.stderr
    strict = spinrig("check", recipe, "--strict")
    assert (strict.returncode, strict.stdout) == (2, "")
    assert f"{recipe}: refused: 1 warning" in strict.stderr


def test_a_rigs_problem_is_said_once_however_many_recipes_there_are() -> None:
    done = spinrig("check", SPIN, "tio2-pcnf", "--rig", BAD_BENCH / "above-rating.rig.toml")
    assert done.stderr.count("error above-rating") == 1


def test_checking_takes_less_than_half_a_second() -> None:
    took = []
    for _ in range(5):
        began = time.perf_counter()
        assert spinrig("check", "tio2-pcnf").returncode == 0
        took.append(time.perf_counter() - began)
    assert min(took) < 0.5


@pytest.mark.parametrize(
    "words",
    [
        ["check", "tio2-pcnf"],
        ["check", SPIN, "--rig", "rig/bench/demo/rig.toml"],
        ["plan", SPIN],
        ["instruments"],
    ],
)
def test_looking_loads_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys; from rig.cli.main import main\n"
        f"code = main({words!r})\n"
        "heavy = {'pandas', 'numpy', 'pyvisa', 'pyvisa_py', 'pyarrow', 'PySide6', 'rich'}\n"
        "print('code', code, sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "code 0 []", done.stderr
