"""What somebody changed in the folder without this program: with an editor, a file manager, or git."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from .files import read_file
from .repository import file_name
from .revisions import LARGEST_TEXT, MATERIALS, is_id, sha256_of
from .transaction import History


class Found(StrEnum):
    """What is the matter with a file."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class HandEdit:
    """A file that is not what the newest revision says. `id` is the recipe's, for an unusable file its name;
    `revision` the newest one, 0 when there is none.
    """

    id: str
    found: Found
    revision: int
    path: Path
    sha256: str | None = None

    @property
    def message(self) -> str:
        """A sentence for people."""
        name = self.path.name
        match self.found:
            case Found.CHANGED:
                return f"{name} was changed by hand after revision {self.revision}, author unknown"
            case Found.ADDED:
                return f"{name} was put into the folder by hand and is no revision yet, author unknown"
            case Found.REMOVED:
                return f"{name} was removed by hand; the history has it, up to revision {self.revision}"
            case _:
                if is_id(self.id):
                    return f"{name} is larger than {LARGEST_TEXT} bytes and cannot become a revision"
                return (
                    f'{name} cannot become a revision: "{self.id}" is no id (small letters, digits, - and _)'
                )


def scan(folder: Path, history: History) -> Iterator[HandEdit]:
    """Every such file, in the order of their names."""
    names = {path.stem for path in folder.glob("*.toml") if path.is_file() and path.stem != MATERIALS}
    for id in sorted(names | history.lines.keys()):
        path = folder / file_name(id)
        newest = history.newest(id)
        number = 0 if newest is None else newest.revision
        if id not in names:
            if newest is not None:
                yield HandEdit(id, Found.REMOVED, number, path)
            continue
        if not is_id(id) or path.stat().st_size > LARGEST_TEXT:
            yield HandEdit(id, Found.UNUSABLE, number, path)
            continue
        content = read_file(path)
        sha256 = None if content is None else sha256_of(content)
        if newest is None:
            yield HandEdit(id, Found.ADDED, 0, path, sha256)
        elif sha256 != newest.sha256:
            yield HandEdit(id, Found.CHANGED, number, path, sha256)
