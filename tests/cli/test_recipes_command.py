"""`spinrig recipes`: from a copy of a library recipe to an approved revision, a study and a methods paragraph."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from recipes.reader import load_recipe
from rig.cli.main import main

Spinrig = Callable[..., tuple[int, str, str]]


@pytest.fixture
def spinrig(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spinrig:
    """The command, in this process, with a store and a working folder of its own."""
    monkeypatch.setenv("SPINRIG_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def changed(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def stored(spinrig: Spinrig, tmp_path: Path) -> Path:
    """`mine`, two revisions: the founding recipe, and one with three changes."""
    assert spinrig("recipes", "new", "mine", "--from", "tio2-pcnf", "--author", "Ada")[0] == 0
    path = tmp_path / "store" / "mine.toml"
    changed(path, ('voltage = "20 kV"', 'voltage = "18 kV"'), ('"21 G"', '"22 G"'), ('"2.5 h"', '"3 h"'))
    assert spinrig("recipes", "save", "--reason", "gentler", "--author", "Ada")[:2] == (
        0,
        "mine@2 (draft) by Ada\n",
    )
    return path


def test_three_changes_are_three_lines_a_chemist_understands(spinrig: Spinrig, stored: Path) -> None:
    code, out, _ = spinrig("recipes", "diff", "mine@1", "mine@2")
    assert (code, out.splitlines()) == (
        0,
        [
            "co-deposit: voltage 20 kV -> 18 kV",
            "co-deposit: needle: gauge 21 G -> 22 G",
            "stabilise: soak 2.5 h -> 3 h",
        ],
    )
    assert spinrig("recipes", "diff", "mine@1", "tio2-pcnf")[:2] == (0, "the same\n")


def test_history_approval_and_retirement(spinrig: Spinrig, stored: Path) -> None:
    code, out, _ = spinrig("recipes", "approve", "mine@2", "--reason", "spun well", "--author", "Bob")
    assert (code, out) == (0, "mine@2 is approved by Bob\n")
    rows = [json.loads(line) for line in spinrig("recipes", "history", "mine", "--json")[1].splitlines()]
    assert [(row["revision"], row["state"], row["author"], row["approved_by"]) for row in rows] == [
        (1, "draft", "Ada", None),
        (2, "approved", "Ada", "Bob"),
    ]
    changed(stored, ('"3 h"', '"4 h"'))
    assert spinrig("recipes", "save", "mine", "--reason", "longer")[0] == 0
    rows = [json.loads(line) for line in spinrig("recipes", "history", "mine", "--json")[1].splitlines()]
    assert [row["state"] for row in rows] == ["draft", "approved", "draft"], "an edit is a draft again"
    assert spinrig("recipes", "retire", "mine", "--reason", "old")[0] == 0
    assert "is retired" in spinrig("check", "mine")[2]
    assert spinrig("recipes", "retire", "mine", "--undo", "--reason", "needed")[0] == 0
    assert "is retired" not in spinrig("check", "mine")[2]


def test_nobody_is_overwritten(spinrig: Spinrig, stored: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(stored.read_text(encoding="utf-8").replace('"3 h"', '"5 h"'), encoding="utf-8")
    code, _, err = spinrig("recipes", "save", "other.toml", "--as", "mine", "--reason", "mine")
    assert code == 2 and "mine@2" in err and "--base 2" in err
    code, _, err = spinrig("recipes", "save", "other.toml", "--as", "mine", "--base", "1", "--reason", "mine")
    assert code == 2 and "mine@2" in err and "Ada" in err and "gentler" in err
    code, out, _ = spinrig("recipes", "save", "other.toml", "--as", "mine", "--base", "2", "--reason", "mine")
    assert code == 0 and out.startswith("mine@3 (draft)")


@pytest.mark.parametrize(
    ("query", "found", "missed"),
    [
        ("PAN and voltage >= 18 kV", {"mine", "tio2-pcnf", "tio2-pcnf-spin"}, {"pva-14", "plla-dcm-dmf-9-1"}),
        (
            "step:heat and temperature > 500 degC",
            {"mine", "sic-polycarbosilane"},
            {"pvac-tio2-rice", "pva-14"},
        ),
        ("dichloromethane", {"plla-dcm-dmf-9-1", "pla-tfa-dcm"}, {"tio2-pcnf"}),
        ("author:Ada", {"mine"}, {"tio2-pcnf"}),
        ("doi:10.3390/nano10010119 and not rate > 1.5 ml/h", {"plla-dcm-dmf-60-40"}, {"plla-dcm-dmf-9-1"}),
    ],
)
def test_search_finds_what_it_should(
    spinrig: Spinrig, stored: Path, query: str, found: set[str], missed: set[str]
) -> None:
    code, out, _ = spinrig("recipes", "search", "--json", query)
    ids = {json.loads(line)["id"] for line in out.splitlines()}
    assert code == 0 and found <= ids and not missed & ids


def test_a_query_that_means_nothing_is_shown_with_its_place(spinrig: Spinrig) -> None:
    code, out, err = spinrig("recipes", "search", "voltag > 3 kV")
    assert (code, out) == (2, "") and 'did you mean "voltage"?' in err and "^" in err
    assert spinrig("recipes", "search", "unobtainium")[:2] == (0, "no recipe is like that\n")


def test_a_run_of_a_stored_recipe_names_its_revision(spinrig: Spinrig, stored: Path, tmp_path: Path) -> None:
    short = tmp_path / "store" / "short.toml"
    text = (Path(__file__).parents[2] / "recipes/library/tio2-pcnf-spin.toml").read_text(encoding="utf-8")
    short.write_text(text.replace('"4 h"', '"1 min"'), encoding="utf-8")
    assert spinrig("recipes", "save", "short", "--reason", "for a test")[0] == 0
    code, out, _ = spinrig("run", "short@1", "--yes", "--json", "--runs", str(tmp_path / "runs"))
    result = json.loads(out.splitlines()[-1])
    assert code == 0 and (result["recipe"]["id"], result["recipe"]["revision"]) == ("short", 1)
    changed(short, ('"1 min"', '"2 min"'))
    code, _, err = spinrig("check", "short")
    assert code == 0 and "warning changed-by-hand" in err


def test_sweep_writes_variants_and_their_table(spinrig: Spinrig, tmp_path: Path) -> None:
    words = (
        "recipes",
        "sweep",
        "tio2-pcnf",
        "spin_voltage=16:24:2",
        "co-deposit.rate=0.8,1.0",
        "--out",
        "study",
    )
    code, out, _ = spinrig(*words)
    assert code == 0 and out.splitlines()[-1] == "study: 10 recipes and sweep.csv"
    rows = (tmp_path / "study" / "sweep.csv").read_text(encoding="utf-8").splitlines()
    assert (
        rows[:2] == ["recipe,spin_voltage,co-deposit.rate", "tio2-pcnf-01,16 kV,0.8 ml/h"] and len(rows) == 11
    )
    assert all(load_recipe(path)[0] is not None for path in (tmp_path / "study").glob("*.toml"))
    code, _, err = spinrig(*words)
    assert code == 2 and "holds tio2-pcnf-01.toml already" in err
    code, _, err = spinrig("recipes", "sweep", "tio2-pcnf", "spin_voltage=90,100", "--out", "high")
    assert code == 2 and "2 of 2 variants would be refused" in err and "field-refused" in err
    assert not (tmp_path / "high").exists()


def test_methods_schema_upgrade(spinrig: Spinrig) -> None:
    assert "at 20 kV, over 20 cm, onto a plate*" in spinrig("recipes", "methods", "tio2-pcnf")[1]
    assert json.loads(spinrig("recipes", "schema")[1])["title"] == "spinrig recipe"
    upgraded = spinrig("recipes", "upgrade", "tio2-pcnf")[1]
    old = spinrig("recipes", "show", "tio2-pcnf")[1]
    assert upgraded == old.replace("format = 1", "format = 2", 1)


def test_a_bundle_goes_to_another_store(spinrig: Spinrig, stored: Path, tmp_path: Path) -> None:
    assert spinrig("recipes", "export", "-o", "all.zip")[0] == 0
    there = ("--store", str(tmp_path / "there"))
    assert spinrig("recipes", "import", "all.zip", *there)[:2] == (0, "mine: mine@1, mine@2\n")
    assert spinrig("recipes", "import", "all.zip", *there)[:2] == (0, "mine: nothing new\n")
    assert spinrig("recipes", "import", "all.zip", "--as", "theirs", *there)[0] == 0
    assert (tmp_path / "there" / "theirs.toml").read_bytes() == stored.read_bytes()
    assert spinrig("recipes", "export", "mine@1", "-o", "one.toml")[0] == 0
    assert spinrig("recipes", "import", "one.toml", "--as", "single", *there)[0] == 0
    code, _, err = spinrig("recipes", "export", "mine@2", "-o", "one.toml")
    assert code == 2 and "one.toml" in err
