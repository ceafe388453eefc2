"""Recipes on the way to another store: one zip file with every revision's text, and a manifest with their hashes.

Nothing of a bundle is ever unpacked to a path: texts are read by the names the manifest gives, within limits, and go
through the store like any other revision. All of a bundle is taken in, or nothing.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from recipes.problems import InputError

from .errors import Conflict, refusal
from .messages import checked_author, checked_reason
from .repository import opened
from .revisions import (
    LARGEST_TEXT,
    UNKNOWN_AUTHOR,
    Entry,
    Kind,
    Line,
    Revision,
    Stored,
    checked_id,
    gaps,
    sha256_of,
    utc_seconds,
)
from .transaction import Change, History

if TYPE_CHECKING:
    from .store import Store

FORMAT: Final = 1
WHAT: Final = "spinrig recipe bundle"
MANIFEST: Final = "manifest.json"
LARGEST_MANIFEST: Final = 20_000_000
LARGEST_BUNDLE: Final = 200_000_000
MOST_FILES: Final = 20_000
_ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The same recipes make the same bytes."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one recipe of a bundle: the numbers of the revisions added here, and how many approvals."""

    id: str
    as_id: str
    added: tuple[int, ...]
    approvals: int = 0

    @property
    def unchanged(self) -> bool:
        """Whether everything was here already."""
        return not self.added and not self.approvals


@dataclass(frozen=True, slots=True)
class _Recipe:
    """A recipe of a bundle, its hashes checked; texts by number."""

    line: Line
    texts: Mapping[int, bytes]

    @property
    def newest(self) -> Revision:
        return self.line.revision(self.line.newest)


def export_bundle(store: Store, path: Path, ids: Iterable[str] | None) -> tuple[str, ...]:
    """See `Store.export_bundle`."""
    recipes, texts = [], {}
    with opened(store.folder) as repository:
        history = History.load(repository) if store.exists else History(None)
        wanted = sorted(history.lines) if ids is None else sorted(set(ids))
        for id in wanted:
            revisions = store.history(id)
            line = history.line(id)
            if line.rivals or list(gaps(line)):
                raise refusal("broken-history", f"the history of {id} is not whole", "see what verify says")
            rows = []
            for one in revisions:
                name = _name(id, one.number)
                texts[name] = repository.blob(line.texts[one.number].blob)
                rows.append({"revision": one.number, "file": name, "kind": str(one.kind), **_row(one)})
            recipes.append({"id": id, "retired": _mark(line.retired), "revisions": rows})
    if not wanted:
        raise refusal("nothing-to-export", f"the store {store.folder} has no recipe with a revision")
    manifest = {"what": WHAT, "format": FORMAT, "recipes": recipes}
    _write_new(path, _zipped(manifest, texts))
    return tuple(wanted)


def import_bundle(
    store: Store, path: Path, utc: str, author: str, as_id: Mapping[str, str]
) -> tuple[Imported, ...]:
    """See `Store.import_bundle`."""
    author, utc_s = checked_author(author), utc_seconds(utc)
    recipes = _read(path)
    for id in as_id:
        checked_id(as_id[id])
        if id not in recipes:
            raise refusal(
                "not-in-bundle", f'the bundle has no recipe "{id}"', f"it has {', '.join(sorted(recipes))}"
            )
    with store._writing() as change:
        done = tuple(_take_in(change, recipe, as_id, author, utc_s) for recipe in recipes.values())
        change.publish()
        return done


def _take_in(change: Change, theirs: _Recipe, as_id: Mapping[str, str], author: str, utc_s: int) -> Imported:
    """Prepare what a recipe of a bundle adds to the store."""
    id = theirs.line.id
    target = as_id.get(id, id)
    working, newest = change.working(target), change.history.newest(target)
    if working is not None and (newest is None or sha256_of(working) != newest.sha256):
        change.add_text(
            Kind.ADOPTED, target, working, UNKNOWN_AUTHOR, utc_s, "changed by hand, author unknown"
        )
    line = change.history.line(target)
    here = [line.texts[number].sha256 for number in sorted(line.texts)]
    there = [theirs.line.texts[number].sha256 for number in sorted(theirs.line.texts)]
    common = min(len(here), len(there))
    if here[:common] != there[:common]:
        return _beside(change, theirs, target, as_id, author, utc_s)
    added = []
    for number in range(common + 1, len(there) + 1):
        one = theirs.line.texts[number]
        made = change.add_text(Kind.IMPORTED, target, theirs.texts[number], one.author, one.utc_s, one.reason)
        added.append(made.revision)
    if target != id:  # approved was the recipe of that name
        return Imported(id, target, tuple(added))
    line, approvals = change.history.line(target), 0
    for (number, sha256), one in theirs.line.approvals.items():
        if (number, sha256) not in line.approvals:
            change.add_mark(Kind.APPROVED, line.texts[number], one.author, one.utc_s, one.reason)
            approvals += 1
    retired = theirs.line.retired
    if retired is not None and not here:
        change.add_mark(
            Kind.RETIRED, line.texts[retired.revision], retired.author, retired.utc_s, retired.reason
        )
    return Imported(id, target, tuple(added), approvals)


def _beside(
    change: Change, theirs: _Recipe, target: str, as_id: Mapping[str, str], author: str, utc_s: int
) -> Imported:
    """Two histories of one id: the bundle's newest text as a new draft, where that was asked for."""
    line, found = change.history.line(target), theirs.newest
    ours = line.revisions()[-1]
    if theirs.line.id not in as_id:
        raise refusal(
            "different-recipe",
            f'the store has another recipe "{target}": here revision {ours.number} by {ours.author}, {ours.utc}: '
            f'"{ours.reason}"; in the bundle revision {found.number} by {found.author}, {found.utc}: '
            f'"{found.reason}"',
            f"say under which id to take it: another one, or {target} for a new draft after revision {ours.number}",
        )
    if any(one.sha256 == found.sha256 for one in line.texts.values()):
        return Imported(theirs.line.id, target, ())
    reason = f"from a bundle: {found.ref} by {found.author}, {found.utc}: {found.reason}"
    made = change.add_text(Kind.IMPORTED, target, theirs.texts[found.number], author, utc_s, reason)
    return Imported(theirs.line.id, target, (made.revision,))


def export_file(stored: Stored, path: str | Path) -> Path:
    """Write a stored text into a file of its own, byte for byte.

    :raises InputError: when there is such a file with other content.
    """
    path = Path(path)
    _write_new(path, stored.content)
    return path


def import_file(
    store: Store, path: str | Path, author: str, reason: str, utc: str, as_id: str | None = None
) -> Stored:
    """Take a file in as a recipe, its id the file's stem. A recipe that is here with another text gets a new draft
    when `as_id` names it, and is left alone otherwise. The same file twice changes nothing.

    :raises InputError: also when the file cannot be read.
    """
    path = Path(path)
    content = _bytes_of(path, LARGEST_TEXT)
    id = path.stem if as_id is None else as_id
    try:
        return store.save(id, content, author, reason, None, utc)
    except Conflict as conflict:
        if as_id is None:
            raise
        return store.save(id, content, author, reason, conflict.newest.number, utc)


def ids_in(path: str | Path) -> tuple[str, ...]:
    """The recipes that a bundle holds.

    :raises InputError: when anything in it is damaged.
    """
    return tuple(_read(Path(path)))


def _name(id: str, number: int) -> str:
    return f"recipes/{id}/{number}.toml"


def _row(one: Revision) -> dict[str, Any]:
    approval = one.approval
    return {
        "author": one.author,
        "utc": one.utc,
        "reason": one.reason,
        "sha256": one.sha256,
        "approval": None
        if approval is None
        else {"author": approval.author, "utc": approval.utc, "reason": approval.reason},
    }


def _mark(entry: Entry | None) -> dict[str, Any] | None:
    from .revisions import utc_text

    if entry is None:
        return None
    return {
        "revision": entry.revision,
        "author": entry.author,
        "utc": utc_text(entry.utc_s),
        "reason": entry.reason,
    }


def _zipped(manifest: dict[str, Any], texts: Mapping[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        files = {MANIFEST: (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode(), **texts}
        for name, content in files.items():
            info = zipfile.ZipInfo(name, _ZIP_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            bundle.writestr(info, content)
    return buffer.getvalue()


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet; the same bytes once more are no harm."""
    try:
        if path.exists():
            if path.read_bytes() == content:
                return
            raise refusal(
                "file-is-there", f"{path} is there already", "give another name; nothing is overwritten"
            )
        with path.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise refusal("unwritable-file", f"{path} cannot be written: {error.strerror or error}") from None


def _bytes_of(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise refusal("unreadable-file", f"{path} cannot be read: {error.strerror or error}") from None
    if len(content) > most:
        raise refusal("too-large", f"{path} has more than {most} bytes")
    return content


def _bad(path: Path, what: str) -> InputError:
    return refusal(
        "bad-bundle", f"{path}: {what}", "nothing was taken in; have the bundle made and sent again"
    )


def _read(path: Path) -> dict[str, _Recipe]:
    """The recipes of a bundle by id, every hash and number checked."""
    content = _bytes_of(path, LARGEST_BUNDLE)
    try:
        with zipfile.ZipFile(BytesIO(content)) as bundle:
            infos = bundle.infolist()
            names = {info.filename for info in infos}
            size = sum(info.file_size for info in infos)
            if len(infos) > MOST_FILES or size > LARGEST_BUNDLE:
                raise _bad(
                    path, f"it holds {len(infos)} files of {size} bytes in all, more than a bundle may"
                )
            if len(names) != len(infos):
                raise _bad(path, "two files in it have one name")
            manifest = json.loads(_member(bundle, MANIFEST, LARGEST_MANIFEST, path))
            recipes = _recipes(bundle, manifest, path)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _bad(path, f"its {MANIFEST} cannot be read: {error!r}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _bad(path, f"it is no whole zip file: {error}") from None
    listed = {_name(id, number) for id, one in recipes.items() for number in one.texts}
    extra = sorted(names - listed - {MANIFEST})
    if extra:
        raise _bad(path, f"it holds {extra[0]!r}, which its {MANIFEST} does not list")
    return recipes


def _member(bundle: zipfile.ZipFile, name: str, most: int, path: Path) -> bytes:
    """A file of the bundle; what its header says of the size is not believed."""
    try:
        with bundle.open(name) as file:
            content = file.read(most + 1)
    except KeyError:
        raise _bad(path, f"it holds no {name}") from None
    if len(content) > most:
        raise _bad(path, f"{name} in it has more than {most} bytes")
    return content


def _recipes(bundle: zipfile.ZipFile, manifest: dict[str, Any], path: Path) -> dict[str, _Recipe]:
    if manifest["what"] != WHAT:
        raise _bad(path, "it is no bundle of recipes")
    if manifest["format"] != FORMAT:
        raise refusal(
            "newer-format",
            f"{path} is a bundle of format {manifest['format']}; this program reads format {FORMAT}",
            "read it with a newer spinrig",
        )
    found = {}
    for row in manifest["recipes"]:
        id = checked_id(row["id"])
        line, texts = Line(id), {}
        for number, one in enumerate(row["revisions"], start=1):
            name = _name(id, number)
            if one["revision"] != number or one["file"] != name:
                raise _bad(path, f"the revisions of {id} are not numbered 1, 2, 3")
            texts[number] = _member(bundle, name, LARGEST_TEXT, path)
            sha256 = sha256_of(texts[number])
            if sha256 != one["sha256"]:
                raise _bad(
                    path, f"{name} was changed: its SHA-256 is {sha256}, the {MANIFEST} says {one['sha256']}"
                )
            line.add(_entry(Kind(one["kind"]), id, number, sha256, one))
            if one["approval"] is not None:
                line.add(_entry(Kind.APPROVED, id, number, sha256, one["approval"]))
        retired = row["retired"]
        if not texts or id in found or (retired is not None and retired["revision"] not in texts):
            raise _bad(path, f"the list of revisions of {id} is not whole")
        if retired is not None:
            sha256 = line.texts[retired["revision"]].sha256
            line.add(_entry(Kind.RETIRED, id, retired["revision"], sha256, retired))
        found[id] = _Recipe(line, texts)
    return found


def _entry(kind: Kind, id: str, number: int, sha256: str, row: dict[str, Any]) -> Entry:
    author, reason, utc_s = (
        checked_author(row["author"]),
        checked_reason(row["reason"]),
        utc_seconds(row["utc"]),
    )
    return Entry(kind, id, number, sha256, author, utc_s, reason)
