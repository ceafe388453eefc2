"""Edits in the folder that the program did not make: seen, told, and never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipes.problems import InputError
from recipes.store import Conflict, Found, Kind, State, Store
from tests.recipes.store.texts import ANNA, BEN, FOUNDING, LATER, UTC, code_of, with_voltage


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with an approved recipe."""
    made = Store(tmp_path / "store")
    made.save("pan", FOUNDING, ANNA, "as published", None, UTC)
    made.approve("pan", 1, BEN, "good", UTC)
    return made


def test_an_edit_by_hand_is_seen_and_can_be_adopted(store: Store) -> None:
    (store.folder / "pan.toml").write_bytes(with_voltage(19))
    (edit,) = store.hand_edits()
    assert (edit.id, edit.found, edit.revision) == ("pan", Found.CHANGED, 1)
    assert edit.message == "pan.toml was changed by hand after revision 1, author unknown"
    now = store.current("pan")
    assert (now.revision, now.state, now.content, now.note) == (
        None,
        State.DRAFT,
        with_voltage(19),
        edit.message,
    )
    assert store.get("pan").content == FOUNDING
    (adopted,) = store.adopt(LATER)
    assert (adopted.number, adopted.author, adopted.utc, adopted.kind) == (2, "unknown", LATER, Kind.ADOPTED)
    assert adopted.reason == "changed by hand, author unknown"
    assert [one.state for one in store.history("pan")] == [State.APPROVED, State.DRAFT]
    assert store.hand_edits() == () and store.adopt(LATER) == ()
    assert store.current("pan").revision == 2


def test_an_edit_by_hand_comes_in_between_and_is_kept(store: Store) -> None:
    (store.folder / "pan.toml").write_bytes(with_voltage(19))
    with pytest.raises(Conflict, match=r'revision 2 by unknown, .*: "changed by hand, author unknown"'):
        store.save("pan", with_voltage(18), ANNA, "lower", 1, LATER)
    assert store.get("pan", 2).content == with_voltage(19)
    assert store.save("pan", with_voltage(18), ANNA, "lower", 2, LATER).revision == 3
    assert store.get("pan", 2).content == with_voltage(19)


def test_saving_the_edited_file_itself_makes_its_author_known(store: Store) -> None:
    (store.folder / "pan.toml").write_bytes(with_voltage(19))
    kept = store.save("pan", with_voltage(19), ANNA, "lower", 1, LATER)
    assert (kept.revision, kept.author) == (2, ANNA)
    assert store.hand_edits() == ()


def test_a_broken_draft_is_kept_as_bytes(store: Store) -> None:
    broken = b"format = 1\nname = \xff\r\n[["
    (store.folder / "pan.toml").write_bytes(broken)
    (adopted,) = store.adopt(LATER)
    assert store.get("pan", adopted.number).content == broken and store.verify() == []


def test_a_file_put_there_becomes_revision_1(store: Store) -> None:
    (store.folder / "pvp.toml").write_bytes(with_voltage(16))
    (edit,) = store.hand_edits()
    assert (edit.id, edit.found) == ("pvp", Found.ADDED)
    assert store.ids() == ("pan", "pvp") and store.current("pvp").revision is None
    with pytest.raises(InputError, match="is no revision yet") as caught:
        store.get("pvp")
    assert code_of(caught.value) == "no-revision-yet"
    with pytest.raises(
        Conflict, match='is a recipe "pvp" already'
    ):  # somebody's file is there: not written over
        store.save("pvp", with_voltage(15), ANNA, "mine", None, LATER)
    assert store.get("pvp", 1).content == with_voltage(16)


def test_a_removed_file_is_told_and_the_history_has_it(store: Store) -> None:
    (store.folder / "pan.toml").unlink()
    (edit,) = store.hand_edits()
    assert (edit.found, edit.message) == (
        Found.REMOVED,
        "pan.toml was removed by hand; the history has it, up to revision 1",
    )
    now = store.current("pan")
    assert (now.revision, now.content) == (1, FOUNDING) and "removed by hand" in (now.note or "")
    assert store.adopt(LATER) == () and not (store.folder / "pan.toml").exists()
    assert store.put_back("pan").revision == 1
    assert (store.folder / "pan.toml").read_bytes() == FOUNDING and store.hand_edits() == ()
    with pytest.raises(InputError, match="is in the folder"):
        store.put_back("pan")


def test_a_removed_file_does_not_stop_the_next_save(store: Store) -> None:
    (store.folder / "pan.toml").unlink()
    assert store.save("pan", with_voltage(18), ANNA, "lower", 1, LATER).revision == 2
    assert (store.folder / "pan.toml").read_bytes() == with_voltage(18)


def test_files_that_cannot_become_recipes_are_told(store: Store) -> None:
    (store.folder / "My Recipe.toml").write_bytes(FOUNDING)
    (store.folder / "huge.toml").write_bytes(b"#" * 1_000_001)
    (store.folder / "notes.txt").write_bytes(b"not a recipe")
    found = {edit.id: edit for edit in store.hand_edits()}
    assert {edit.found for edit in found.values()} == {Found.UNUSABLE}
    assert found["My Recipe"].message == (
        'My Recipe.toml cannot become a revision: "My Recipe" is no id (small letters, digits, - and _)'
    )
    assert "larger than 1000000 bytes" in found["huge"].message
    assert store.adopt(LATER) == ()
    assert (store.folder / "My Recipe.toml").read_bytes() == FOUNDING
    with pytest.raises(InputError) as caught:
        store.save("huge", FOUNDING, ANNA, "mine", None, LATER)
    assert code_of(caught.value) == "too-large"
    assert (store.folder / "huge.toml").stat().st_size == 1_000_001


def test_only_the_recipes_that_were_named_are_adopted(store: Store) -> None:
    for id in ("pan", "pvp"):
        (store.folder / f"{id}.toml").write_bytes(with_voltage(16))
    assert [one.ref for one in store.adopt(LATER, ["pvp"], ANNA, "from my notebook")] == ["pvp@1"]
    assert store.get("pvp").author == ANNA
    assert [edit.id for edit in store.hand_edits()] == ["pan"]
