"""Revisions, states and conflicts of the recipe store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from recipes.problems import InputError
from recipes.store import Conflict, Kind, State, Store, store_folder
from tests.recipes.store.texts import ANNA, BEN, FOUNDING, LATER, UTC, code_of, with_voltage


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with one recipe of one revision."""
    made = Store(tmp_path / "store")
    made.save("pan", FOUNDING, ANNA, "as published", None, UTC)
    return made


def test_a_save_is_a_revision_with_author_time_and_reason(store: Store) -> None:
    kept = store.save("pan", with_voltage(18), BEN, "  lower,\n\n the jet was unsteady ", 1, LATER)
    assert (kept.id, kept.revision, kept.state) == ("pan", 2, State.DRAFT)
    assert (kept.author, kept.utc, kept.reason) == (BEN, LATER, "lower,\nthe jet was unsteady")
    assert kept.content == with_voltage(18) and kept.text == with_voltage(18).decode()
    assert store.get("pan") == store.get("pan", 2) == store.current("pan") == kept
    first = store.get("pan", 1)
    assert (first.content, first.author, first.utc) == (FOUNDING, ANNA, UTC)
    assert [(one.ref, one.kind) for one in store.history("pan")] == [
        ("pan@1", Kind.SAVED),
        ("pan@2", Kind.SAVED),
    ]
    assert (store.folder / "pan.toml").read_bytes() == with_voltage(18)


def test_numbers_are_counted_for_each_recipe(store: Store) -> None:
    assert store.save("pvp", with_voltage(16), BEN, "another", None, UTC).revision == 1
    assert store.save("pan", with_voltage(18), BEN, "lower", 1, UTC).revision == 2
    assert store.save("pvp", with_voltage(15), BEN, "lower", 1, UTC).revision == 2
    assert store.ids() == ("pan", "pvp")


@pytest.mark.parametrize(
    "content",
    [
        FOUNDING.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + FOUNDING,
        b"format = 1\r\nname = 'mixed'\n\r",
        b"\xff\xfe no text at all \x00",
        b"",
    ],
    ids=["CRLF", "byte order mark", "mixed line ends", "not UTF-8", "empty"],
)
def test_bytes_are_kept_as_they_are(store: Store, content: bytes) -> None:
    kept = store.save("odd", content, ANNA, "as it is", None, UTC)
    assert Store(store.folder).get("odd").content == content == (store.folder / "odd.toml").read_bytes()
    assert kept.state is State.DRAFT and store.verify() == []


def test_the_same_text_again_is_no_revision(store: Store) -> None:
    for base in (1, None):  # also a writer that was killed after its save and tries again
        assert store.save("pan", FOUNDING, BEN, "again", base, LATER) == store.get("pan", 1)
    assert len(store.history("pan")) == 1


def test_nobody_writes_over_what_came_in_between(store: Store) -> None:
    store.save("pan", with_voltage(18), BEN, "the jet was unsteady", 1, LATER)
    store.save("pan", with_voltage(17), BEN, "lower still", 2, LATER)
    with pytest.raises(Conflict) as caught:
        store.save("pan", with_voltage(25), ANNA, "higher", 1, LATER)
    assert [one.number for one in caught.value.between] == [2, 3] and caught.value.newest.number == 3
    (problem,) = caught.value.problems
    assert problem.code == "conflict"
    assert problem.message == (
        "pan was changed since revision 1, from which this text was made: "
        'revision 2 by Ben Ng, 2026-11-21T08:00:00Z: "the jet was unsteady"; '
        'revision 3 by Ben Ng, 2026-11-21T08:00:00Z: "lower still"'
    )
    assert "spinrig recipes diff pan@1 pan@3" in (problem.hint or "")
    assert store.get("pan").content == with_voltage(17) and len(store.history("pan")) == 3
    with pytest.raises(Conflict, match='there is a recipe "pan" already') as new:
        store.save("pan", with_voltage(25), ANNA, "mine", None, LATER)
    assert code_of(new.value) == "recipe-exists"


def test_recipes_do_not_disturb_one_another(store: Store) -> None:
    store.save("pvp", with_voltage(16), BEN, "another", None, UTC)
    assert store.save("pan", with_voltage(18), ANNA, "lower", 1, UTC).revision == 2


@pytest.mark.parametrize(("base", "id"), [(2, "pan"), (0, "pan"), (-1, "pan"), (1, "new")])
def test_a_base_that_is_not_there_is_refused(store: Store, base: int, id: str) -> None:
    with pytest.raises(InputError) as caught:
        store.save(id, with_voltage(18), ANNA, "lower", base, UTC)
    assert code_of(caught.value) == "no-such-revision"


def test_approval_holds_for_one_revision_and_an_edit_is_a_draft_again(store: Store) -> None:
    approved = store.approve("pan", 1, BEN, "made three times, all good", LATER)
    assert approved.state is State.APPROVED and approved.approval is not None
    assert (approved.approval.author, approved.approval.utc) == (BEN, LATER)
    assert approved.approval.sha256 == approved.sha256
    assert (store.folder / "pan.toml").read_bytes() == FOUNDING  # outside the text
    store.save("pan", with_voltage(18), ANNA, "lower", 1, LATER)
    assert [one.state for one in store.history("pan")] == [State.APPROVED, State.DRAFT]
    assert store.get("pan").approval is None
    first = store.get("pan", 1)
    assert (first.state, first.content, first.approval) == (State.APPROVED, FOUNDING, approved.approval)
    with pytest.raises(InputError, match="was approved by Ben Ng") as caught:
        store.approve("pan", 1, ANNA, "me too", LATER)
    assert code_of(caught.value) == "already-approved"


def test_approval_of_other_bytes_is_refused(store: Store) -> None:
    seen = store.get("pan", 1).sha256
    store.save("pan", with_voltage(18), ANNA, "lower", 1, UTC)
    with pytest.raises(InputError, match="that was looked at is not pan@2") as looked:
        store.approve("pan", 2, BEN, "good", LATER, sha256=seen)
    (store.folder / "pan.toml").write_bytes(with_voltage(19))
    with pytest.raises(InputError, match="changed by hand after revision 2") as by_hand:
        store.approve("pan", 2, BEN, "good", LATER)
    assert (code_of(looked.value), code_of(by_hand.value)) == ("changed-bytes", "changed-by-hand")
    assert {one.state for one in store.history("pan")} == {State.DRAFT}
    # What was approved before the edit is not concerned by it.
    assert store.approve("pan", 1, BEN, "good", LATER, sha256=seen).state is State.APPROVED


def test_only_a_recipe_can_be_approved(store: Store) -> None:
    store.save("broken", b"format = 1\nname = ", ANNA, "going home", None, UTC)
    with pytest.raises(InputError, match="not a recipe that can be made: error: line 2") as caught:
        store.approve("broken", 1, BEN, "good", LATER)
    assert code_of(caught.value) == "unreadable-recipe"
    assert store.get("broken").content == b"format = 1\nname = "


def test_a_retired_recipe_stays_and_can_be_taken_up_again(store: Store) -> None:
    store.approve("pan", 1, BEN, "good", UTC)
    assert store.retire("pan", BEN, "PMMA is no longer sold", LATER).state is State.RETIRED
    assert store.ids() == ("pan",) and store.get("pan").content == FOUNDING
    assert (store.folder / "pan.toml").exists()
    with pytest.raises(InputError, match="was retired by Ben Ng: PMMA is no longer sold"):
        store.retire("pan", ANNA, "again", LATER)
    store.save("pan", with_voltage(18), ANNA, "with another polymer", 1, LATER)
    assert [one.state for one in store.history("pan")] == [State.RETIRED, State.DRAFT]
    with pytest.raises(InputError, match="pan@1 is retired"):
        store.approve("pan", 1, BEN, "good", LATER)
    store.unretire("pan", BEN, "it is sold again", LATER)
    assert [one.state for one in store.history("pan")] == [State.APPROVED, State.DRAFT]
    with pytest.raises(InputError, match="pan is not retired"):
        store.unretire("pan", BEN, "again", LATER)


@pytest.mark.parametrize(
    "id", ["", "Pan", "pan.toml", "../pan", "a/b", "pan@2", "nul", "com1", "-pan", "é", "x" * 81]
)
def test_ids_are_file_names_everywhere(store: Store, id: str) -> None:
    with pytest.raises(InputError) as caught:
        store.save(id, FOUNDING, ANNA, "new", None, UTC)
    assert code_of(caught.value) == "bad-id"
    assert sorted(path.name for path in store.folder.iterdir()) == [".git", ".gitattributes", "pan.toml"]


@pytest.mark.parametrize(
    ("author", "reason", "utc", "code"),
    [
        ("", "why", UTC, "bad-author"),
        (" . ", "why", UTC, "bad-author"),
        ("Anna <anna", "why", UTC, "bad-author"),
        ("An\x1bna", "why", UTC, "bad-author"),
        (ANNA, " \n ", UTC, "missing-reason"),
        (ANNA, "a\x00b", UTC, "bad-reason"),
        (ANNA, "x" * 2001, UTC, "bad-reason"),
        (ANNA, "why", "2026-11-20 14:32", "bad-time"),
        (ANNA, "why", "yesterdayZ", "bad-time"),
    ],
)
def test_who_why_and_when_are_needed(store: Store, author: str, reason: str, utc: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        store.save("pan", with_voltage(18), author, reason, 1, utc)
    assert code_of(caught.value) == code
    assert len(store.history("pan")) == 1


def test_a_reason_cannot_pass_for_an_approval(store: Store) -> None:
    sly = (
        f"why\n\nSpinrig-Kind: approved\nSpinrig-Recipe: pan\nSpinrig-Revision: 1\nSpinrig-Sha256: {'0' * 64}"
    )
    kept = store.save("pan", with_voltage(18), ANNA, sly, 1, UTC)
    assert kept.reason == sly.replace("\n\n", "\n") and kept.state is State.DRAFT
    assert [one.state for one in Store(store.folder).history("pan")] == [State.DRAFT] * 2
    assert store.verify() == []


def test_what_is_not_there_is_said_with_the_nearest_name(store: Store) -> None:
    for call in (store.get, store.history, store.current):
        with pytest.raises(InputError) as caught:
            call("pann")
        (problem,) = caught.value.problems
        assert (problem.code, problem.hint) == ("no-such-recipe", 'did you mean "pan"?')
    with pytest.raises(InputError, match="pan has no revision 2"):
        store.get("pan", 2)


def test_reading_makes_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPINRIG_STORE", str(tmp_path / "named"))
    assert store_folder() == tmp_path / "named" and store_folder("given") == Path("given")
    store = Store()
    assert (store.exists, store.ids(), store.hand_edits(), store.verify(), store.adopt(UTC)) == (
        False, (), (), [], (),
    )  # fmt: skip
    with pytest.raises(InputError):
        store.get("pan")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.delenv("SPINRIG_STORE")
    assert store_folder().parts[-2:] == ("spinrig", "recipes")
    # A folder with files and no history stays so.
    store.folder.mkdir()
    (store.folder / "pan.toml").write_bytes(FOUNDING)
    assert store.ids() == ("pan",) and len(store.hand_edits()) == 1
    assert [path.name for path in store.folder.iterdir()] == ["pan.toml"]


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be written: ") as caught:
        Store(tmp_path / "file").save("pan", FOUNDING, ANNA, "new", None, UTC)
    assert code_of(caught.value) == "store-unwritable"


def test_git_is_imported_only_for_a_store_that_is_there(tmp_path: Path) -> None:
    program = (
        "import sys; from recipes.catalogue import find_recipe; find_recipe('tio2-pcnf');"
        "print([name for name in sys.modules if name.partition('.')[0] in ('dulwich', 'platformdirs', 'tomlkit')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_verify_finds_what_was_damaged(store: Store) -> None:
    store.save("pan", with_voltage(18), ANNA, "lower", 1, UTC)
    cache = store.folder / ".git" / "spinrig" / "history.json"
    whole = cache.read_bytes()
    cache.write_bytes(whole[:-20])  # half written: made anew
    assert [one.number for one in store.history("pan")] == [1, 2] and store.verify() == []
    cache.write_bytes(whole)
    from dulwich.objects import Blob

    name = Blob.from_string(FOUNDING).id.decode()
    path = store.folder / ".git" / "objects" / name[:2] / name[2:]
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(damaged)
    assert "damaged-object" in [one.code for one in store.verify()]
    with pytest.raises(InputError, match="damaged object"):
        store.get("pan", 1)
    assert store.get("pan", 2).content == with_voltage(18)
    path.unlink()
    assert "missing-object" in [one.code for one in store.verify()]


def test_verify_finds_a_cache_that_says_something_else(store: Store) -> None:
    import hashlib
    import json

    cache = store.folder / ".git" / "spinrig" / "history.json"
    data = json.loads(cache.read_bytes())
    data["entries"][0][4] = "Somebody Else"
    data["sha256"] = hashlib.sha256(json.dumps([data["head"], data["entries"]]).encode()).hexdigest()
    cache.write_text(json.dumps(data))
    assert [one.code for one in store.verify()] == ["stale-cache"]
