"""Files and bundles: what goes out comes in again, damaged or hostile ones do not."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recipes.problems import InputError
from recipes.store import Kind, State, Store
from recipes.store.bundle import MANIFEST, export_file, import_file
from tests.recipes.store.texts import ANNA, BEN, FOUNDING, LATER, UTC, code_of, with_voltage

Files = dict[str, bytes]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three revisions of one recipe, the second approved; one that is retired."""
    made = Store(tmp_path / "store")
    made.save("pan", FOUNDING, ANNA, "as published", None, UTC)
    made.save("pan", with_voltage(18).replace(b"\n", b"\r\n"), BEN, "lower\nthe jet was unsteady", 1, LATER)
    made.approve("pan", 2, ANNA, "good", LATER)
    (made.folder / "pan.toml").write_bytes(with_voltage(17))
    made.adopt(LATER)
    made.save("pvp", with_voltage(16), ANNA, "another", None, UTC)
    made.retire("pvp", BEN, "nobody uses it", LATER)
    return made


@pytest.fixture
def bundle(store: Store, tmp_path: Path) -> Path:
    path = tmp_path / "lab.zip"
    assert store.export_bundle(path) == ("pan", "pvp")
    return path


def facts(store: Store, id: str) -> list[tuple[Any, ...]]:
    """A recipe's history without how it came here."""
    return [
        (one.number, one.state, one.author, one.utc, one.reason, one.sha256, one.approval)
        for one in store.history(id)
    ]


def test_a_bundle_carries_every_revision_and_what_is_known_of_it(
    store: Store, bundle: Path, tmp_path: Path
) -> None:
    other = Store(tmp_path / "other")
    done = other.import_bundle(bundle, LATER, BEN)
    assert [(one.id, one.added, one.approvals) for one in done] == [("pan", (1, 2, 3), 1), ("pvp", (1,), 0)]
    for id in ("pan", "pvp"):
        assert facts(other, id) == facts(store, id)
        for one in store.history(id):
            assert other.get(id, one.number).content == store.get(id, one.number).content
    assert {one.kind for one in other.history("pan")} == {Kind.IMPORTED}
    assert other.get("pvp").state is State.RETIRED
    assert other.verify() == []


def test_the_same_recipes_make_the_same_bundle(store: Store, bundle: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    store.export_bundle(again)
    assert again.read_bytes() == bundle.read_bytes()
    with zipfile.ZipFile(bundle) as opened:
        assert json.loads(opened.read(MANIFEST))["what"] == "spinrig recipe bundle"
        assert opened.read("recipes/pan/1.toml") == FOUNDING
    assert store.export_bundle(tmp_path / "one.zip", ["pan"]) == ("pan",)
    with pytest.raises(InputError, match="is there already"):
        store.export_bundle(bundle, ["pan"])
    with pytest.raises(InputError, match='no recipe "pen"'):
        store.export_bundle(tmp_path / "none.zip", ["pen"])
    assert not (tmp_path / "none.zip").exists()


def test_importing_twice_changes_nothing(store: Store, bundle: Path, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    other.import_bundle(bundle, LATER, BEN)
    head = (other.folder / ".git" / "refs" / "heads" / "main").read_bytes()
    for one in (other, store):  # also where it came from
        assert all(done.unchanged for done in one.import_bundle(bundle, LATER, BEN))
    assert (other.folder / ".git" / "refs" / "heads" / "main").read_bytes() == head


def test_a_later_bundle_adds_what_is_new(store: Store, bundle: Path, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    other.import_bundle(bundle, LATER, BEN)
    store.save("pan", with_voltage(15), ANNA, "lower still", 3, LATER)
    store.approve("pan", 1, BEN, "the paper's", LATER)
    later = tmp_path / "later.zip"
    store.export_bundle(later, ["pan"])
    (done,) = other.import_bundle(later, LATER, BEN)
    assert (done.added, done.approvals) == ((4,), 1)
    assert facts(other, "pan") == facts(store, "pan")
    # And what is older than what is here takes nothing back.
    assert all(one.unchanged for one in other.import_bundle(bundle, LATER, BEN))
    assert other.get("pan").content == with_voltage(15)


def test_another_recipe_of_that_name_is_not_touched(bundle: Path, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    other.save("pan", with_voltage(25), BEN, "our own", None, UTC)
    with pytest.raises(InputError) as caught:
        other.import_bundle(bundle, LATER, BEN)
    assert code_of(caught.value) == "different-recipe"
    (problem,) = caught.value.problems
    assert 'here revision 1 by Ben Ng, 2026-11-20T14:32:05Z: "our own"' in problem.message
    assert "in the bundle revision 3 by unknown" in problem.message
    assert other.ids() == ("pan",)  # all or nothing: the other recipe did not come in either

    done = other.import_bundle(bundle, LATER, BEN, as_id={"pan": "pan-lab-a"})
    assert [(one.as_id, one.added) for one in done] == [("pan-lab-a", (1, 2, 3)), ("pvp", (1,))]
    assert {one.state for one in other.history("pan-lab-a")} == {State.DRAFT}

    (done_pan, _) = other.import_bundle(bundle, LATER, BEN, as_id={"pan": "pan"})
    assert done_pan.added == (2,)
    assert other.get("pan").content == with_voltage(17) and other.get("pan").author == BEN
    assert (other.get("pan").reason or "").startswith("from a bundle: pan@3 by unknown")
    assert other.get("pan", 1).content == with_voltage(25)
    (again, _) = other.import_bundle(bundle, LATER, BEN, as_id={"pan": "pan"})
    assert again.unchanged
    with pytest.raises(InputError, match='no recipe "pen"'):
        other.import_bundle(bundle, LATER, BEN, as_id={"pen": "pan"})


def test_an_edit_by_hand_is_not_written_over_by_an_import(bundle: Path, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    other.import_bundle(bundle, LATER, BEN)
    (other.folder / "pan.toml").write_bytes(with_voltage(21))
    other.import_bundle(bundle, LATER, BEN)
    assert (other.folder / "pan.toml").read_bytes() == with_voltage(21)
    assert other.get("pan", 4).content == with_voltage(21) and other.get("pan").author == "unknown"


def rebuilt(bundle: Path, change: Callable[[Files, dict[str, Any]], None]) -> Path:
    """A bundle that somebody has tampered with."""
    with zipfile.ZipFile(bundle) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    manifest = json.loads(files[MANIFEST])
    files[MANIFEST] = b""
    change(files, manifest)
    if files.get(MANIFEST) == b"":
        files[MANIFEST] = json.dumps(manifest).encode()
    path = bundle.with_name("tampered.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return path


def other_text(files: Files, manifest: dict[str, Any]) -> None:
    files["recipes/pan/2.toml"] += b"\n"


def missing_text(files: Files, manifest: dict[str, Any]) -> None:
    del files["recipes/pan/2.toml"]


def climbing_name(files: Files, manifest: dict[str, Any]) -> None:
    files["../../evil.toml"] = b"x"


def climbing_id(files: Files, manifest: dict[str, Any]) -> None:
    manifest["recipes"][0]["id"] = "../evil"


def climbing_file(files: Files, manifest: dict[str, Any]) -> None:
    manifest["recipes"][0]["revisions"][0]["file"] = "../evil"


def no_manifest(files: Files, manifest: dict[str, Any]) -> None:
    del files[MANIFEST]


def deep_manifest(files: Files, manifest: dict[str, Any]) -> None:
    files[MANIFEST] = b"[" * 100_000


def of_something_else(files: Files, manifest: dict[str, Any]) -> None:
    manifest["what"] = "holiday pictures"


def of_tomorrow(files: Files, manifest: dict[str, Any]) -> None:
    manifest["format"] = 2


def gap(files: Files, manifest: dict[str, Any]) -> None:
    del manifest["recipes"][0]["revisions"][1]


def twice(files: Files, manifest: dict[str, Any]) -> None:
    manifest["recipes"].append(manifest["recipes"][0])


def bomb(files: Files, manifest: dict[str, Any]) -> None:
    files["recipes/pan/2.toml"] = b"#" * 2_000_000


def large_bomb(files: Files, manifest: dict[str, Any]) -> None:
    files["zeros"] = bytes(210_000_000)


def no_author(files: Files, manifest: dict[str, Any]) -> None:
    manifest["recipes"][0]["revisions"][0]["author"] = ""


def wrong_type(files: Files, manifest: dict[str, Any]) -> None:
    manifest["recipes"][0]["revisions"][0]["author"] = 7


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (other_text, "bad-bundle", "recipes/pan/2.toml was changed: its SHA-256 is"),
        (missing_text, "bad-bundle", "holds no recipes/pan/2.toml"),
        (climbing_name, "bad-bundle", "holds '../../evil.toml'"),
        (climbing_id, "bad-id", '"../evil" cannot be the id'),
        (climbing_file, "bad-bundle", "not numbered 1, 2, 3"),
        (no_manifest, "bad-bundle", "holds no manifest.json"),
        (deep_manifest, "bad-bundle", "its manifest.json cannot be read"),
        (of_something_else, "bad-bundle", "is no bundle of recipes"),
        (of_tomorrow, "newer-format", "a bundle of format 2"),
        (gap, "bad-bundle", "not numbered 1, 2, 3"),
        (twice, "bad-bundle", "is not whole"),
        (bomb, "bad-bundle", "has more than 1000000 bytes"),
        (large_bomb, "bad-bundle", "more than a bundle may"),
        (no_author, "bad-author", "is no author"),
        (wrong_type, "bad-bundle", "its manifest.json cannot be read"),
    ],
)
def test_a_tampered_bundle_is_refused_whole(
    bundle: Path, tmp_path: Path, change: Callable[[Files, dict[str, Any]], None], code: str, says: str
) -> None:
    other = Store(tmp_path / "other")
    with pytest.raises(InputError) as caught:
        other.import_bundle(rebuilt(bundle, change), LATER, BEN)
    assert code_of(caught.value) == code and says in str(caught.value)
    assert other.ids() == () and not (tmp_path / "evil.toml").exists()


def test_a_header_that_lies_about_the_size_is_not_believed(bundle: Path, tmp_path: Path) -> None:
    path = rebuilt(bundle, bomb)
    content = path.read_bytes()
    path.write_bytes(content.replace((2_000_000).to_bytes(4, "little"), (2000).to_bytes(4, "little")))
    with pytest.raises(InputError) as caught:
        Store(tmp_path / "other").import_bundle(path, LATER, BEN)
    assert code_of(caught.value) == "bad-bundle"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half", b"format = 1\n"])
def test_what_is_no_zip_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "not.zip"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is no whole zip file"):
        Store(tmp_path / "other").import_bundle(path, LATER, BEN)
    with pytest.raises(InputError, match="cannot be read"):
        Store(tmp_path / "other").import_bundle(tmp_path / "none.zip", LATER, BEN)


def test_single_files_go_out_and_in(store: Store, tmp_path: Path) -> None:
    path = export_file(store.get("pan", 2), tmp_path / "pan-low.toml")
    assert path.read_bytes() == store.get("pan", 2).content
    assert export_file(store.get("pan", 2), path) == path  # the same bytes once more
    with pytest.raises(InputError, match="nothing is overwritten"):
        export_file(store.get("pan", 1), path)
    other = Store(tmp_path / "other")
    assert other.ids() == ()
    kept = import_file(other, path, ANNA, "from the lab next door", LATER)
    assert (kept.id, kept.revision, kept.content) == ("pan-low", 1, path.read_bytes())
    assert import_file(other, path, ANNA, "again", LATER) == kept
    path.write_bytes(FOUNDING)
    with pytest.raises(InputError, match='there is a recipe "pan-low" already'):
        import_file(other, path, ANNA, "changed", LATER)
    assert import_file(other, path, ANNA, "changed", LATER, as_id="pan-low").revision == 2
    assert import_file(other, path, ANNA, "changed", LATER, as_id="pan-new").revision == 1
    with pytest.raises(InputError, match="cannot be read"):
        import_file(other, tmp_path / "none.toml", ANNA, "none", LATER)
