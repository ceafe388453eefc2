"""The git repository under the store: objects, the branch, and the walk over its commits.

Reading goes through dulwich. Writing is our own where git's and dulwich's way would not survive a kill: objects are
forced to the disk before anything names them, the branch moves by one rename, and a lock file of git that a killed
writer left behind can be told from one that git holds. git's index is only written at the end, so that `git status` is
clean; nothing is ever read from it.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from recipes.problems import InputError

from .errors import refusal
from .files import read_file, replace, sync_folder, write_whole
from .messages import author_of, entry_of, identity_of, message_of
from .revisions import TEXT_KINDS, Entry

if TYPE_CHECKING:
    from dulwich.object_store import DiskObjectStore
    from dulwich.objects import ObjectID, ShaFile

GIT: Final = ".git"
OURS: Final = "spinrig"
"""Our folder inside git's: lock, note of what is being done, cache; git does not look at it."""
BRANCH: Final = "refs/heads/main"
ATTRIBUTES: Final = ".gitattributes"
ATTRIBUTES_TEXT: Final = b"# A recipe's bytes are hashed: no conversion of line ends.\n*.toml -text\n"
COMMITTER: Final = b"spinrig <>"
FILE_MODE: Final = 0o100644
_CONFIG: Final = b"""[core]
\trepositoryformatversion = 0
\tfilemode = false
\tbare = false
\tautocrlf = false
"""


def file_name(id: str) -> str:
    """The file of a recipe in the folder and in the history."""
    return f"{id}.toml"


def initialise(folder: Path) -> None:
    """Make a folder a repository. May be called again after it was cut short; HEAD comes last and says it is done."""
    git = folder / GIT
    new = [git / name for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags", f"{OURS}/tmp")]
    for path in new:
        path.mkdir(parents=True, exist_ok=True)
    beside = git / OURS / "tmp" / "begin"
    if not (folder / ATTRIBUTES).exists():
        write_whole(folder / ATTRIBUTES, ATTRIBUTES_TEXT, beside)
    if is_repository(folder):
        return
    for path in {folder.parent, folder, *(one.parent for one in new)}:
        sync_folder(path)
    write_whole(git / "config", _CONFIG, beside)
    write_whole(git / "HEAD", f"ref: {BRANCH}\n".encode(), beside)


def is_repository(folder: Path) -> bool:
    """Whether the folder has a history."""
    return (folder / GIT / "HEAD").is_file()


@contextmanager
def opened(folder: Path) -> Iterator[Repository]:
    """The repository of a folder, its files closed afterwards.

    :raises InputError: when the folder is a work tree of a repository elsewhere, which the store does not write to.
    """
    if (folder / GIT).is_file():
        raise refusal(
            "not-a-store",
            f"{folder} is a linked work tree or a submodule of another git repository",
            "give the recipe store a folder of its own",
        )
    from dulwich.object_store import DiskObjectStore

    objects = DiskObjectStore(folder / GIT / "objects")
    try:
        yield Repository(folder, objects)
    finally:
        objects.close()


class Repository:
    """An open repository; get one from `opened`."""

    def __init__(self, folder: Path, objects: DiskObjectStore) -> None:
        self.folder = folder
        self.git = folder / GIT
        self.ours = self.git / OURS
        self.tmp = self.ours / "tmp"
        self._objects = objects

    # Reading

    def branch(self) -> str:
        """The branch that HEAD names.

        :raises InputError: when HEAD names a commit and no branch.
        """
        text = (read_file(self.git / "HEAD") or b"").decode("utf-8", "replace").strip()
        if not text.startswith("ref: refs/heads/"):
            raise refusal(
                "no-branch",
                f"the recipe store in {self.folder} stands on a single commit and on no branch",
                'leave it with "git switch main" before anything is saved',
            )
        return text.removeprefix("ref: ")

    def head(self) -> str | None:
        """The newest commit; None as long as there is none."""
        from dulwich.refs import DiskRefsContainer, Ref

        refs = DiskRefsContainer(self.git)
        try:
            return refs[Ref(b"HEAD")].decode("ascii")
        except (KeyError, ValueError):
            return None

    def object(self, name: str) -> ShaFile:
        """An object of git by its name.

        :raises InputError: when it is missing or damaged.
        """
        from dulwich.errors import ChecksumMismatch, FileFormatException, ObjectFormatException
        from dulwich.objects import ShaFile

        try:
            found = self._objects[_oid(name)]
            again = ShaFile.from_raw_string(found.type_num, found.as_raw_string())
            if again.id.decode("ascii") != name:
                raise ObjectFormatException("its name is not its hash")
        except KeyError:
            raise refusal(
                "missing-object",
                f"the recipe store in {self.folder} lacks the object {name}",
                'fetch it from a copy ("git fetch"), or restore the folder from a backup',
            ) from None
        except (
            ChecksumMismatch, FileFormatException, ObjectFormatException,
            AssertionError, EOFError, OSError, ValueError, zlib.error,
        ) as error:  # fmt: skip
            raise refusal(
                "damaged-object",
                f"the recipe store in {self.folder} has a damaged object {name}: {error}",
                "restore that file from a backup or another copy of the store",
            ) from None
        return found

    def blob(self, name: str) -> bytes:
        """The bytes of a text.

        :raises InputError: when it is missing or damaged.
        """
        return self.object(name).as_raw_string()

    def tree_of(self, commit: str | None) -> dict[str, tuple[int, str]]:
        """Mode and object of each name at the top of a commit's tree."""
        from dulwich.objects import Commit, Tree

        if commit is None:
            return {}
        found = self.object(commit)
        tree = self.object(found.tree.decode("ascii")) if isinstance(found, Commit) else None
        if not isinstance(tree, Tree):
            raise refusal("damaged-object", f"{commit} is no commit with a tree", "restore it from a backup")
        return {
            item.path.decode("utf-8", "surrogateescape"): (item.mode, item.sha.decode("ascii"))
            for item in tree.iteritems()
        }

    def commits(self, head: str | None, known: str | None = None) -> tuple[list[str], bool]:
        """Commits reachable from `head`, parents before children, the first parent's line before the others'.

        With `known`, only those after it, and True, if they form one line down to it; else all, and False.
        """
        if known is not None:
            line: list[str] = []
            at = head
            while at is not None and at != known:
                line.append(at)
                parents = self._parents(at)
                at = parents[0] if len(parents) == 1 else None
            if at == known:
                return line[::-1], True
        order: list[str] = []
        seen: set[str] = set()
        stack: list[tuple[str, bool]] = [] if head is None else [(head, False)]
        while stack:
            name, done = stack.pop()
            if done:
                order.append(name)
            elif name not in seen:
                seen.add(name)
                stack.append((name, True))
                stack.extend((parent, False) for parent in reversed(self._parents(name)))
        return order, False

    def entry(self, commit: str) -> Entry | None:
        """What this program did in a commit; None for one made with git alone."""
        from dulwich.objects import Commit

        found = self.object(commit)
        if not isinstance(found, Commit):
            return None
        message = found.message.decode("utf-8", "replace")
        author = author_of(found.author.decode("utf-8", "replace"))
        entry = entry_of(message, author, found.author_time, commit)
        if entry is None or entry.kind not in TEXT_KINDS:
            return entry
        _, blob = self.tree_of(commit).get(file_name(entry.id), (0, ""))
        return Entry(
            entry.kind, entry.id, entry.revision, entry.sha256, entry.author, entry.utc_s, entry.reason,
            commit, blob,
        )  # fmt: skip

    def _parents(self, commit: str) -> list[str]:
        from dulwich.objects import Commit

        if commit in self.shallow():
            return []
        found = self.object(commit)
        return [parent.decode("ascii") for parent in found.parents] if isinstance(found, Commit) else []

    def shallow(self) -> frozenset[str]:
        """Commits whose parents were left out by `git clone --depth`."""
        return frozenset((read_file(self.git / "shallow") or b"").decode("ascii", "replace").split())

    # Writing; the caller holds the store's lock

    def add_blob(self, content: bytes) -> str:
        """Keep a text; its git name."""
        from dulwich.objects import Blob

        return self._add(Blob.from_string(content))

    def add_commit(self, parent: str | None, files: Mapping[str, str], entry: Entry) -> str:
        """A commit on top of `parent` that puts these blobs under these names; what else is there stays. Nothing
        points to it yet.
        """
        from dulwich.objects import Commit, Tree

        names = self.tree_of(parent)
        if ATTRIBUTES not in names:
            names[ATTRIBUTES] = (FILE_MODE, self.add_blob((self.folder / ATTRIBUTES).read_bytes()))
        names |= {name: (FILE_MODE, blob) for name, blob in files.items()}
        tree = Tree()
        for name, (mode, blob) in names.items():
            tree.add(name.encode("utf-8", "surrogateescape"), mode, _oid(blob))
        commit = Commit()
        commit.tree = _oid(self._add(tree))
        commit.parents = [] if parent is None else [_oid(parent)]
        commit.author = identity_of(entry.author).encode()
        commit.committer = COMMITTER
        commit.author_time = commit.commit_time = entry.utc_s
        commit.author_timezone = commit.commit_timezone = 0
        commit.encoding = b"UTF-8"
        commit.message = message_of(entry).encode()
        return self._add(commit)

    def _add(self, made: ShaFile) -> str:
        """Write an object under git's name for it, forced to the disk before it bears that name."""
        name = made.id.decode("ascii")
        path = self.git / "objects" / name[:2] / name[2:]
        if not path.exists():
            if not path.parent.is_dir():
                path.parent.mkdir(exist_ok=True)
                sync_folder(path.parent.parent)
            write_whole(path, made.as_legacy_object(), self.tmp / f"object-{name}")
        return name

    def move_head(self, old: str | None, new: str) -> None:
        """Let the branch point to `new`, if it still points to `old`: from here on the commits count.

        :raises InputError: when git is at work in the folder or has moved the branch.
        """
        branch = self.branch()
        path = self.git / branch
        lock = path.with_name(f"{path.name}.lock")  # git's own way to keep others out
        path.parent.mkdir(parents=True, exist_ok=True)
        note = self.tmp / f"ref-{new}"
        write_whole(note, f"{new}\n".encode(), self.tmp / "ref-note")
        try:
            _take(lock, note)
        except FileExistsError:
            note.unlink()
            raise refusal(
                "git-at-work",
                f"git is at work in {self.folder}: {lock.name} is there",
                f"try again when it has ended; if no git is running, remove {lock}",
            ) from None
        if self.head() != old:
            lock.unlink()
            note.unlink()
            raise refusal("git-at-work", f"git has just changed the history of {self.folder}", "try again")
        replace(lock, path)
        sync_folder(path.parent)
        note.unlink(missing_ok=True)

    def remove_leftovers(self) -> None:
        """Files that a killed writer left: temporary ones, and the branch's lock if it was ours."""
        for note in self.tmp.glob("ref-*"):
            with suppress(InputError, OSError):
                path = self.git / self.branch()
                lock = path.with_name(f"{path.name}.lock")
                if lock.exists() and (lock.samefile(note) or lock.read_bytes() in (b"", note.read_bytes())):
                    lock.unlink()
        for path in self.tmp.iterdir():
            with suppress(FileNotFoundError):
                path.unlink()

    def write_git_index(self, fresh: Sequence[str]) -> None:
        """Bring git's index to the newest commit, so that `git status` shows only what somebody changed by hand.

        fresh: names whose file has just been written with that commit's bytes. Left alone while git holds it.
        """
        from dulwich.index import Index, IndexEntry, index_entry_from_stat, write_index_dict

        if (self.git / "index.lock").exists():
            return
        before: Mapping[bytes, object] = {}
        with suppress(Exception):  # whatever is wrong with it: it is made anew
            before = dict(Index(self.git / "index").items())
        entries: dict[bytes, IndexEntry] = {}
        for name, mode, blob in self._files_of(self.head()):
            path = name.encode("utf-8", "surrogateescape")
            known = before.get(path)
            if isinstance(known, IndexEntry) and known.sha == _oid(blob) and name not in fresh:
                entries[path] = known
                continue
            stat = os.stat_result((mode, *[0] * 9))  # git looks into the file itself
            with suppress(OSError):
                stat = (self.folder / name).stat() if name in fresh else stat
            entries[path] = index_entry_from_stat(stat, _oid(blob), mode=mode)
        buffer = BytesIO()
        write_index_dict(buffer, entries)
        content = buffer.getvalue()
        checksum = hashlib.sha1(content, usedforsecurity=False).digest()
        write_whole(self.git / "index", content + checksum, self.tmp / "index", durable=False)

    def _files_of(self, commit: str | None) -> Iterator[tuple[str, int, str]]:
        """Path, mode and object of every file of a commit, folders that others put there included."""
        from dulwich.objects import Tree

        waiting = [("", self.tree_of(commit))]
        while waiting:
            prefix, names = waiting.pop()
            for name, (mode, found) in names.items():
                if mode != 0o040000:
                    yield prefix + name, mode, found
                    continue
                tree = self.object(found)
                if isinstance(tree, Tree):
                    below = {
                        item.path.decode("utf-8", "surrogateescape"): (item.mode, item.sha.decode("ascii"))
                        for item in tree.iteritems()
                    }
                    waiting.append((f"{prefix}{name}/", below))


def _take(lock: Path, note: Path) -> None:
    """Make git's lock file appear with its content, as a second name of our note: so it can be told as ours."""
    try:
        os.link(note, lock)
    except FileExistsError:
        raise
    except OSError:  # a file system without second names
        descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)
        with os.fdopen(descriptor, "wb") as file:
            file.write(note.read_bytes())
            file.flush()
            os.fsync(file.fileno())


def _oid(name: str) -> ObjectID:
    from dulwich.objects import ObjectID

    return ObjectID(name.encode("ascii"))
