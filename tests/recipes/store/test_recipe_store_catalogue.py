"""What a word means: file, store, library; and how a revision's number comes into the record of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recipes.catalogue import Origin, find_recipe, library_path
from recipes.problems import InputError, Severity
from recipes.store import Store
from rig.cli.inputs import Lab, read_given_recipe
from tests.cli.making import QUICK, own_environment
from tests.cli.terminal import objects, spinrig
from tests.recipes.store.texts import ANNA, BEN, FOUNDING, LATER, UTC, code_of, with_voltage


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The user's own store, with two revisions."""
    monkeypatch.setenv("SPINRIG_STORE", str(tmp_path / "store"))
    made = Store()
    made.save("pan", FOUNDING, ANNA, "as published", None, UTC)
    made.approve("pan", 1, BEN, "good", UTC)
    made.save("pan", with_voltage(18), BEN, "lower", 1, LATER)
    return made


def test_an_id_is_the_newest_revision_and_a_number_names_one(store: Store) -> None:
    newest, first = find_recipe("pan"), find_recipe("pan@1")
    assert (newest.origin, newest.revision, newest.state, newest.content) == (
        Origin.STORE, 2, "draft", with_voltage(18),
    )  # fmt: skip
    assert newest.path == store.folder / "pan.toml" and newest.name == str(newest.path)
    assert (first.id, first.revision, first.state, first.content) == ("pan", 1, "approved", FOUNDING)
    assert first.path is None and first.name == "pan@1"
    assert newest.problems == first.problems == ()
    assert find_recipe("pan@2", store).content == newest.content


def test_files_and_the_library_have_no_revision(store: Store, tmp_path: Path) -> None:
    own = tmp_path / "pan.toml"
    own.write_bytes(with_voltage(25))
    file, library = find_recipe(str(own)), find_recipe("tio2-pcnf")
    assert (file.id, file.origin, file.revision, file.content) == ("pan", Origin.FILE, None, with_voltage(25))
    assert (library.origin, library.revision, library.state) == (Origin.LIBRARY, None, None)
    assert library.path == library_path("tio2-pcnf") and library.content == FOUNDING
    with pytest.raises(InputError, match="a recipe of the library, which has no revisions") as caught:
        find_recipe("tio2-pcnf@1")
    assert code_of(caught.value) == "no-such-revision"


def test_the_stores_recipe_wins_over_the_librarys_and_says_so(store: Store) -> None:
    store.save("tio2-pcnf", with_voltage(18), ANNA, "ours", None, UTC)
    found = find_recipe("tio2-pcnf")
    assert (found.origin, found.content) == (Origin.STORE, with_voltage(18))
    (said,) = found.problems
    assert (said.severity, said.code) == (Severity.NOTE, "hides-library")
    assert str(store.folder) in said.message and str(library_path("tio2-pcnf")) in (said.hint or "")


def test_a_text_changed_by_hand_is_used_as_it_stands_without_a_number(store: Store) -> None:
    (store.folder / "pan.toml").write_bytes(with_voltage(19))
    found = find_recipe("pan")
    assert (found.revision, found.state, found.content) == (None, "draft", with_voltage(19))
    (said,) = found.problems
    assert (said.severity, said.code) == (Severity.WARNING, "changed-by-hand")
    assert said.message == "pan.toml was changed by hand after revision 2, author unknown"
    assert find_recipe("pan@2").content == with_voltage(18)
    recipe, given = read_given_recipe("pan", Lab.read())
    assert recipe is not None and recipe.revision is None
    assert given.problems[0] == said


def test_a_retired_recipe_is_told(store: Store) -> None:
    store.retire("pan", BEN, "nobody uses it", LATER)
    assert [one.code for one in find_recipe("pan").problems] == ["retired-recipe"]


@pytest.mark.parametrize(
    ("ref", "code", "hint"),
    [
        ("pann", "no-such-recipe", 'did you mean "pan"?'),
        ("pann@1", "no-such-recipe", 'did you mean "pan"?'),
        ("pan@3", "no-such-revision", "revisions 1 to 2"),
        ("pan@0", "no-such-revision", "revisions 1 to 2"),
        ("pan@x", "no-such-recipe", 'did you mean "pan"?'),
    ],
)
def test_what_is_not_there(store: Store, ref: str, code: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        find_recipe(ref)
    assert code_of(caught.value) == code
    assert hint in (caught.value.problems[0].hint or "")


def test_a_run_of_a_revision_carries_id_revision_and_hash(store: Store, tmp_path: Path) -> None:
    quick = QUICK.read_bytes()
    store.save("quick", quick + b"# an older text\n", ANNA, "first", None, UTC)
    store.save("quick", quick, ANNA, "as it is", 1, UTC)
    sha256 = store.get("quick", 1).sha256
    env = own_environment(tmp_path / "state")
    done = spinrig("run", "quick@1", "--yes", "--json", "--runs", tmp_path / "runs", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    result = objects(done.stdout)[-1]
    recipe = {"id": "quick", "name": "Quick spin", "revision": 1, "sha256": sha256}
    assert {**result["recipe"], "name": "Quick spin"} == recipe
    folder = Path(result["folder"])
    kept = json.loads((folder / "run.json").read_text(encoding="utf-8"))["recipe"]
    assert (kept["id"], kept["revision"], kept["sha256"]) == ("quick", 1, sha256)
    assert (folder / "recipe.toml").read_bytes() == store.get("quick", 1).content
    opened = json.loads((folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert opened["data"]["recipe"]["revision"] == 1
