"""The store is a plain git repository: it can be pushed, cloned and read without this program."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dulwich import porcelain
from dulwich.objects import Commit
from dulwich.repo import Repo

from recipes.problems import InputError
from recipes.store import State, Store
from tests.recipes.store.texts import ANNA, BEN, FOUNDING, LATER, UTC, code_of, git, with_voltage

CRLF = FOUNDING.replace(b"\n", b"\r\n")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two revisions, the first approved, and a recipe with Windows line ends."""
    made = Store(tmp_path / "store")
    made.save("pan", FOUNDING, ANNA, "as published", None, UTC)
    made.approve("pan", 1, BEN, "good", UTC)
    made.save("pan", with_voltage(18), BEN, "lower", 1, LATER)
    made.save("windows", CRLF, ANNA, "written in Notepad", None, LATER)
    return made


def clone(source: Path, target: Path) -> None:
    """As `git clone` does, with git's own program where there is one."""
    if shutil.which("git") is None:
        porcelain.clone(str(source), str(target), errstream=porcelain.NoneStream()).close()
    else:
        git(source.parent, "clone", "--quiet", str(source), str(target))


def status(folder: Path) -> list[object]:
    """What `git status` has to say: staged, changed, untracked."""
    found = porcelain.status(str(folder))
    staged = [name for names in found.staged.values() for name in names]
    return [*staged, *found.unstaged, *found.untracked]


def test_after_every_change_git_has_nothing_to_say(store: Store) -> None:
    store.retire("windows", BEN, "nobody uses it", LATER)
    (store.folder / "pvp.toml").write_bytes(with_voltage(16))
    store.adopt(LATER)
    assert status(store.folder) == []
    git(store.folder, "fsck", "--strict", "--full")
    assert "dangling" not in git(store.folder, "fsck", "--full")
    assert git(store.folder, "status", "--porcelain") == ""


def test_the_log_says_who_changed_what_and_why(store: Store) -> None:
    with Repo(str(store.folder)) as repository:
        entries = [walked.commit for walked in repository.get_walker()]
    assert [one.message.decode().splitlines()[0] for one in entries] == [
        "windows@1: written in Notepad",
        "pan@2: lower",
        "approved pan@1: good",
        "pan@1: as published",
    ]
    assert [one.author for one in entries[2:]] == [b"Ben Ng <>", ANNA.encode()]
    assert "Spinrig-Revision: 2" in entries[1].message.decode()
    log = git(store.folder, "log", "--format=%an|%aI|%s", "--", "pan.toml")
    assert log in (
        "",
        "Ben Ng|2026-11-21T08:00:00+00:00|pan@2: lower\nAnna Persson|2026-11-20T14:32:05+00:00|pan@1: as published\n",
    )


def test_a_clone_has_the_same_numbers_and_bytes(store: Store, tmp_path: Path) -> None:
    clone(store.folder, tmp_path / "clone")
    copy = Store(tmp_path / "clone")
    assert copy.history("pan") == store.history("pan")
    assert [one.state for one in copy.history("pan")] == [State.APPROVED, State.DRAFT]
    # A checkout that would turn line ends for Windows leaves recipes alone.
    assert copy.current("windows").content == copy.get("windows").content == CRLF
    assert copy.hand_edits() == () and copy.verify() == []
    assert copy.save("pan", with_voltage(17), ANNA, "lower still", 2, LATER).revision == 3


def test_revisions_go_to_the_server_and_back(store: Store, tmp_path: Path) -> None:
    server = tmp_path / "server.git"
    porcelain.init(str(server), bare=True).close()

    def push(one: Store) -> None:
        porcelain.push(str(one.folder), str(server), b"refs/heads/main", errstream=porcelain.NoneStream())

    push(store)
    clone(store.folder, tmp_path / "other")
    other = Store(tmp_path / "other")
    other.save("pan", with_voltage(17), ANNA, "lower still", 2, LATER)
    push(other)
    porcelain.pull(str(store.folder), str(server), b"refs/heads/main", errstream=porcelain.NoneStream())
    assert store.history("pan") == other.history("pan")
    assert store.current("pan").revision == 3 and store.verify() == []


def test_a_commit_made_with_git_alone_is_an_edit_by_hand(store: Store) -> None:
    (store.folder / "pan.toml").write_bytes(with_voltage(19))
    (store.folder / "README").write_bytes(b"our recipes\n")
    porcelain.add(str(store.folder), [str(store.folder / name) for name in ("pan.toml", "README")])
    porcelain.commit(str(store.folder), message=b"tidied", author=b"Cara <c@x.y>", committer=b"Cara <c@x.y>")
    (edit,) = store.hand_edits()
    assert edit.message == "pan.toml was changed by hand after revision 2, author unknown"
    assert store.adopt(LATER)[0].number == 3
    assert status(store.folder) == [] and store.verify() == []
    assert (store.folder / "README").read_bytes() == b"our recipes\n"


def merged(store: Store, tmp_path: Path) -> Store:
    """Two copies made different revisions 3; somebody merged them with git, keeping this one's text."""
    clone(store.folder, tmp_path / "other")
    other = Store(tmp_path / "other")
    other.save("pan", with_voltage(16), ANNA, "for thin fibres", 2, LATER)
    store.save("pan", with_voltage(17), BEN, "lower still", 2, LATER)
    with Repo(str(store.folder)) as repository:
        porcelain.fetch(repository, str(other.folder), errstream=porcelain.NoneStream())
        with Repo(str(other.folder)) as theirs:
            second = theirs.head()
        head = repository[repository.head()]
        assert isinstance(head, Commit)
        repository.get_worktree().commit(
            message=b"Merge", author=b"Cara <c@x.y>", committer=b"Cara <c@x.y>", tree=head.tree,
            merge_heads=[second],
        )  # fmt: skip
    return store


def test_two_texts_under_one_number_are_told_and_neither_is_lost(store: Store, tmp_path: Path) -> None:
    merged(store, tmp_path)
    assert [one.code for one in store.verify()] == ["ambiguous-revision"]
    with pytest.raises(InputError, match=r"two texts claim to be pan@3: Ben Ng, .*; Anna Persson") as caught:
        store.get("pan", 3)
    assert code_of(caught.value) == "ambiguous-revision"
    assert store.get("pan", 2).content == with_voltage(18)
    assert store.save("pan", with_voltage(15), ANNA, "the better of both", 3, LATER).revision == 4
    assert store.get("pan").content == with_voltage(15)


def test_packed_objects_and_references_are_read_and_added_to(store: Store) -> None:
    with Repo(str(store.folder)) as repository:
        repository.object_store.pack_loose_objects()
        repository.refs.pack_refs(all=True)
    git(store.folder, "gc", "--quiet")
    assert [one.number for one in Store(store.folder).history("pan")] == [1, 2]
    assert store.save("pan", with_voltage(17), ANNA, "lower still", 2, LATER).revision == 3
    assert store.get("pan", 1).content == FOUNDING and store.verify() == []


def test_a_lock_that_git_holds_is_not_taken_away(store: Store) -> None:
    lock = store.folder / ".git" / "refs" / "heads" / "main.lock"
    lock.write_bytes(b"")
    with pytest.raises(InputError, match="git is at work in") as caught:
        store.save("pan", with_voltage(17), ANNA, "lower still", 2, LATER)
    assert code_of(caught.value) == "git-at-work" and lock.exists()
    assert len(store.history("pan")) == 2 and store.hand_edits() == ()
    lock.unlink()
    assert store.save("pan", with_voltage(17), ANNA, "lower still", 2, LATER).revision == 3


def test_a_folder_that_stands_on_no_branch_is_only_read(store: Store) -> None:
    with Repo(str(store.folder)) as repository:
        commit = repository.head()
    (store.folder / ".git" / "HEAD").write_bytes(commit + b"\n")
    assert [one.number for one in store.history("pan")] == [1, 2]
    with pytest.raises(InputError, match="git switch main") as caught:
        store.save("pan", with_voltage(17), ANNA, "lower still", 2, LATER)
    assert code_of(caught.value) == "no-branch"


def test_a_work_tree_of_another_repository_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: elsewhere\n")
    with pytest.raises(InputError) as caught:
        Store(tmp_path).save("pan", FOUNDING, ANNA, "new", None, UTC)
    assert code_of(caught.value) == "not-a-store"
