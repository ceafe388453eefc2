"""The recipe store: a folder of recipes, one TOML file each, that is also their history.

Everything a person sees is in the folder and can be edited there with any editor; the history is a git repository in
it, which can be pushed to a lab's server and read with git alone. Nothing is ever deleted or written over: a text that
is not a revision yet becomes one before another takes its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from recipes.problems import InputError, Problem
from recipes.toml_text import nearest

from . import lock, where
from .approving import check_approvable
from .errors import Conflict, refusal
from .files import read_file, write_whole
from .hand_edits import Found, HandEdit, scan
from .messages import checked_author, checked_reason
from .repository import GIT, OURS, Repository, file_name, initialise, is_repository, opened
from .revisions import (
    LARGEST_TEXT,
    UNKNOWN_AUTHOR,
    Entry,
    Kind,
    Line,
    Revision,
    State,
    Stored,
    checked_id,
    is_id,
    sha256_of,
    utc_seconds,
)
from .transaction import Change, History, pending, recover

if TYPE_CHECKING:
    from .bundle import Imported

BY_HAND = "changed by hand, author unknown"


class Store:
    """A store in a folder; None: where `where.store_folder` says. Neither making the object nor reading makes the
    folder; the first save does. Every method that changes something waits for other writers, and takes the time from
    its caller (`utc`, "2026-11-20T14:32:05Z").

    :param pause: waits so many seconds, while another process writes.
    :param patience_s: how long in all.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        pause: lock.Pause | None = None,
        patience_s: float = lock.PATIENCE_S,
    ) -> None:
        self.folder = where.store_folder(folder)
        self._pause = pause
        self._patience_s = patience_s
        self._known = History(None)

    # Reading

    @property
    def exists(self) -> bool:
        """Whether there is such a folder."""
        return self.folder.is_dir()

    def ids(self) -> tuple[str, ...]:
        """Every recipe, retired ones and files put there by hand included, in alphabetical order."""
        files = {path.stem for path in self.folder.glob("*.toml") if path.is_file() and is_id(path.stem)}
        return tuple(sorted(files | self._history().lines.keys()))

    def history(self, id: str) -> tuple[Revision, ...]:
        """Every revision of a recipe, oldest first.

        :raises InputError: `no-such-recipe`.
        """
        return self._line(self._history(), id).revisions()

    def get(self, id: str, revision: int | None = None) -> Stored:
        """A revision with its text, None: the newest one.

        :raises InputError: `no-such-recipe`, `no-such-revision`, `ambiguous-revision`, or the history is damaged.
        """
        with opened(self.folder) as repository:
            line = self._line(self._load(repository), id)
            found = line.revision(line.newest if revision is None else revision)
            content = repository.blob(line.texts[found.number].blob)
        if sha256_of(content) != found.sha256:
            raise refusal(
                "damaged-revision",
                f"the text of {found.ref} is not the one that was saved: its SHA-256 is {sha256_of(content)}, "
                f"the history says {found.sha256}",
                "restore the store from a backup or another copy of it",
            )
        return _stored(found, content)

    def current(self, id: str) -> Stored:
        """What stands in the folder now: the newest revision, or a text changed by hand since (`revision` is None,
        `note` says so). A file removed by hand gives the newest revision.

        :raises InputError: as `get`.
        """
        for _ in range(3):
            history = self._history()
            newest = history.newest(id)
            content = read_file(self.folder / file_name(id)) if is_id(id) else None
            if content is None or (newest is not None and sha256_of(content) == newest.sha256):
                break
            # A save moves the history first and the file then; what looks like an edit may be one half of it.
            if history.head == self._history().head:
                break
        if content is None:
            found = self.get(id)
            return _with_note(
                found, f"{file_name(id)} was removed by hand; this is revision {found.revision}"
            )
        if newest is not None and sha256_of(content) == newest.sha256:
            return _stored(history.line(id).revision(newest.revision), content)
        if file_name(id) in pending(self.folder / GIT / OURS)[1]:
            return self.get(id)
        found_as = Found.ADDED if newest is None else Found.CHANGED
        number = 0 if newest is None else newest.revision
        edit = HandEdit(id, found_as, number, self.folder / file_name(id))
        return Stored(id, None, State.DRAFT, content, sha256_of(content), note=edit.message)

    def hand_edits(self) -> tuple[HandEdit, ...]:
        """Files changed, added or removed without this program, and files that cannot become a recipe."""
        if is_repository(self.folder):
            try:
                with self._writing() as change:
                    return tuple(scan(self.folder, change.history))
            except InputError as error:
                if error.problems[0].code != "store-unwritable":
                    raise
        return tuple(scan(self.folder, self._history()))

    def verify(self) -> list[Problem]:
        """Everything that is wrong with the store, and notes on what was changed by hand; nothing is changed."""
        from .verify import verify

        return verify(self)

    # Changing

    def save(
        self, id: str, text: str | bytes, author: str, reason: str, base_revision: int | None, utc: str
    ) -> Stored:
        """Keep a text as the next revision, a draft. base_revision: the revision it was made from, None for a new
        recipe. Bytes are kept as they are. A text that is already the newest one makes no revision.

        If the file was changed by hand meanwhile, that text becomes a revision first (and comes in between).

        :raises Conflict: when another revision came in between; it says whose.
        :raises InputError: when id, author, reason or time cannot be used, or the store cannot be written.
        """
        content = checked_text(checked_id(id), text)
        author, reason, utc_s = checked_author(author), checked_reason(reason), utc_seconds(utc)
        with self._writing() as change:
            working = change.working(id)
            if working is not None and sha256_of(working) != sha256_of(content):
                _adopt(change, id, working, utc_s)
            line, newest = change.history.line(id), change.history.newest(id)
            if newest is not None and newest.sha256 == sha256_of(content):
                change.publish()
                return _stored(line.revision(newest.revision), content)
            if base_revision is not None and not 1 <= base_revision <= line.newest:
                line.revision(base_revision)  # says which there are
            if (base_revision or 0) != line.newest:
                change.publish()
                raise Conflict(id, base_revision, line.revisions(after=base_revision or 0))
            entry = change.add_text(Kind.SAVED, id, content, author, utc_s, reason)
            change.publish()
            return _stored(change.history.line(id).revision(entry.revision), content)

    def approve(
        self, id: str, revision: int, author: str, reason: str, utc: str, sha256: str | None = None
    ) -> Revision:
        """Say that a revision is good to be made. Holds for its very bytes; a later edit is a draft again.

        sha256: of the text that the approver has looked at; when the revision's is another, it is refused.

        :raises InputError: also when it is no readable recipe, retired, approved already, or its file was changed by
            hand since.
        """
        author, reason, utc_s = checked_author(author), checked_reason(reason), utc_seconds(utc)
        with self._writing() as change:
            line = self._line(change.history, id)
            found = line.revision(revision)
            entry = line.texts[revision]
            check_approvable(change, line, found, sha256)
            change.add_mark(Kind.APPROVED, entry, author, utc_s, reason)
            change.publish()
            return line.revision(revision)

    def retire(self, id: str, author: str, reason: str, utc: str) -> Revision:
        """Say that a recipe is no longer to be used: all its revisions so far. It stays, with its history; saving it
        again makes a new draft.

        :raises InputError: `already-retired` among others.
        """
        return self._mark(Kind.RETIRED, id, author, reason, utc)

    def unretire(self, id: str, author: str, reason: str, utc: str) -> Revision:
        """Take a retired recipe back into use: its revisions are drafts or approved again, as they were.

        :raises InputError: `not-retired` among others.
        """
        return self._mark(Kind.UNRETIRED, id, author, reason, utc)

    def adopt(
        self,
        utc: str,
        ids: Iterable[str] | None = None,
        author: str = UNKNOWN_AUTHOR,
        reason: str = BY_HAND,
    ) -> tuple[Revision, ...]:
        """Make files that were changed or added by hand revisions; ids: only these.

        :raises InputError: when the store cannot be written.
        """
        author, reason, utc_s = checked_author(author), checked_reason(reason), utc_seconds(utc)
        if not self.exists:
            return ()
        with self._writing() as change:
            wanted = None if ids is None else frozenset(ids)
            made = []
            for edit in scan(self.folder, change.history):
                working = change.working(edit.id) if edit.found in (Found.CHANGED, Found.ADDED) else None
                if working is not None and (wanted is None or edit.id in wanted):
                    entry = _adopt(change, edit.id, working, utc_s, author, reason)
                    made.append((edit.id, entry))
            change.publish()
            return tuple(
                change.history.line(id).revision(entry.revision) for id, entry in made if entry is not None
            )

    def put_back(self, id: str) -> Stored:
        """Write the file of a recipe whose file was removed by hand, from its newest revision.

        :raises InputError: `file-is-there` when there is one: it may hold an edit.
        """
        with self._writing() as change:
            self._line(change.history, id)
            if change.working(id) is not None:
                raise refusal("file-is-there", f"{file_name(id)} is in the folder", "nothing was put back")
            found = self.get(id)
            write_whole(self.folder / file_name(id), found.content, change.repository.tmp / "text")
            change.repository.write_git_index([file_name(id)])
            return found

    # Between stores

    def export_bundle(self, path: str | Path, ids: Iterable[str] | None = None) -> tuple[str, ...]:
        """Write recipes (None: all) with all their revisions into one zip file; the ids that went in.

        :raises InputError: when the file is there already, or an id is not known.
        """
        from .bundle import export_bundle

        return export_bundle(self, Path(path), ids)

    def import_bundle(
        self, path: str | Path, utc: str, author: str, as_id: Mapping[str, str] | None = None
    ) -> tuple[Imported, ...]:
        """Take in a bundle. Revisions that are here already change nothing, further ones are added; a recipe that has
        gone another way here is refused, unless `as_id` says under which id to take it.

        :raises InputError: when anything in the bundle is damaged or refused; then nothing was taken in.
        """
        from .bundle import import_bundle

        return import_bundle(self, Path(path), utc, author, as_id or {})

    # Inside

    def _history(self) -> History:
        if not is_repository(self.folder):
            return History(None)
        with opened(self.folder) as repository:
            return self._load(repository)

    def _load(self, repository: Repository) -> History:
        """The history as it is now; read once for each newest commit."""
        if self._known.head is None or self._known.head != repository.head():
            self._known = History.load(repository)
        return self._known

    @contextmanager
    def _writing(self) -> Iterator[Change]:
        """Hold the store and mend what a killed writer left; then one may change it."""
        try:
            ours = self.folder / GIT / OURS
            if not (self.folder / GIT).is_file():
                ours.mkdir(parents=True, exist_ok=True)
            with opened(self.folder) as repository, lock.held(ours / "lock", self._pause, self._patience_s):
                initialise(self.folder)
                recover(repository)
                yield Change(repository)
        except OSError as error:
            named = f" ({error.filename})" if error.filename is not None else ""
            raise refusal(
                "store-unwritable",
                f"the recipe store in {self.folder} cannot be written: {error.strerror or error}{named}",
                "look at the rights of the folder and at the space on the disk",
            ) from None

    def _line(self, history: History, id: str) -> Line:
        """The history of a recipe that has one."""
        line = history.lines.get(id)
        if line is not None and line.texts:
            return line
        if is_id(id) and (self.folder / file_name(id)).is_file():
            raise refusal(
                "no-revision-yet",
                f"{file_name(id)} was put into the folder by hand and is no revision yet",
                "save it, or take in what was changed by hand",
            )
        guess = nearest(id, history.lines)
        raise refusal(
            "no-such-recipe",
            f'there is no recipe "{id}" in the store {self.folder}',
            f'did you mean "{guess}"?' if guess else None,
        )

    def _mark(self, kind: Kind, id: str, author: str, reason: str, utc: str) -> Revision:
        author, reason, utc_s = checked_author(author), checked_reason(reason), utc_seconds(utc)
        with self._writing() as change:
            line = self._line(change.history, id)
            gone = line.retired is not None and line.retired.revision >= line.newest
            if kind is Kind.RETIRED and line.retired is not None and gone:
                by = f"{line.retired.author}: {line.retired.reason}"
                raise refusal("already-retired", f"{id} was retired by {by}")
            if kind is Kind.UNRETIRED and line.retired is None:
                raise refusal("not-retired", f"{id} is not retired")
            change.add_mark(kind, line.texts[line.newest], author, utc_s, reason)
            change.publish()
            return line.revisions()[-1]


def checked_text(id: str, text: str | bytes) -> bytes:
    """The bytes to keep.

    :raises InputError: when there are more than any recipe has.
    """
    content = text.encode("utf-8") if isinstance(text, str) else bytes(text)
    if len(content) > LARGEST_TEXT:
        raise refusal(
            "too-large", f"the text of {id} has {len(content)} bytes; a recipe has at most {LARGEST_TEXT}"
        )
    return content


def _adopt(
    change: Change, id: str, working: bytes, utc_s: int, author: str = UNKNOWN_AUTHOR, reason: str = BY_HAND
) -> Entry | None:
    """Prepare the file's text as a revision, unless it is the newest one already."""
    newest = change.history.newest(id)
    if newest is not None and newest.sha256 == sha256_of(working):
        return None
    return change.add_text(Kind.ADOPTED, id, checked_text(id, working), author, utc_s, reason)


def _stored(found: Revision, content: bytes) -> Stored:
    return Stored(
        found.id,
        found.number,
        found.state,
        content,
        found.sha256,
        found.author,
        found.utc,
        found.reason,
        found.approval,
    )


def _with_note(found: Stored, note: str) -> Stored:
    from dataclasses import replace

    return replace(found, note=note)
