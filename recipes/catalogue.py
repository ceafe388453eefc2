"""What a word on the command line means: a file, a recipe of the store, or one that comes with the program.

A word with a separator or `.toml` is always a file. `pan-fibres@3` is a revision of the store. Any other word is an
id: the store is asked first, then the library, whose recipes are read-only and have no revisions; last, a file of that
bare name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .problems import InputError, Problem, Problems, Severity
from .toml_text import nearest, read_text_file

if TYPE_CHECKING:
    from .store import Store, Stored

_REVISION: Final = re.compile(r"(.+)@([0-9]{1,9})")


class Origin(StrEnum):
    """Where a recipe was found."""

    FILE = "file"
    STORE = "store"
    LIBRARY = "library"


@dataclass(frozen=True, slots=True)
class FoundRecipe:
    """A recipe's bytes and what is known of them without reading them.

    `revision` and `state` (draft, approved, retired) are those of the store: None for files and the library, and
    `revision` also for a text that was changed by hand in the store's folder. `path` is the file that holds these
    bytes, None for an older revision. `problems`: what a person should know about the choice; no errors.
    """

    id: str
    content: bytes
    origin: Origin
    path: Path | None = None
    revision: int | None = None
    state: str | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def text(self) -> str:
        """The text; bytes that are no UTF-8 are shown as replacement characters."""
        return self.content.decode("utf-8", errors="replace")

    @property
    def name(self) -> str:
        """What to call it where its problems are shown: the file, or "pan-fibres@3"."""
        return f"{self.id}@{self.revision}" if self.path is None else str(self.path)


def library_folder() -> Path:
    """The folder of the library, in a checkout and in an installed wheel alike."""
    return Path(str(files("recipes.library")))


def library_path(id: str) -> Path:
    """The file of a library recipe; it need not be there."""
    return library_folder() / f"{id}.toml"


def recipe_ids() -> list[str]:
    """Ids of the library's recipes, in alphabetical order."""
    return sorted(path.stem for path in library_folder().glob("*.toml"))


def find_recipe(ref: str | Path, store: Store | None = None) -> FoundRecipe:
    """The recipe that `ref` means, its bytes read but not yet understood. store: to look in; None: the user's own.

    :raises InputError: when there is none (`no-such-recipe`, `no-such-revision`), it cannot be read, or the store is
        damaged.
    """
    text = str(ref)
    if isinstance(ref, Path) or text.endswith(".toml") or "/" in text or "\\" in text:
        path = Path(text)
        if path.is_file():
            return _from_file(path, Origin.FILE)
        raise _none(f'there is no recipe file "{text}"', "check the path", path.stem, recipe_ids())
    from .store import Store

    store = Store() if store is None else store
    asked = _REVISION.fullmatch(text)
    try:
        stored = set(store.ids())
        if asked is not None and (asked[1] in stored or asked[1] in recipe_ids()):
            return _revision(store, asked[1], int(asked[2]), asked[1] in stored)
        if text in stored:
            return _from_store(store, store.current(text))
    except OSError as error:
        message = f"the recipe store {store.folder} cannot be read: {error.strerror or error}"
        raise _error("store-unreadable", message, "look at the rights of the folder") from None
    if text in recipe_ids():
        return _from_file(library_path(text), Origin.LIBRARY)
    if Path(text).is_file():
        return _from_file(Path(text), Origin.FILE)
    known = sorted(stored | set(recipe_ids()))
    listed = f"give a file, or one of the library: {', '.join(recipe_ids())}"
    word = text if asked is None else asked[1]
    raise _none(f'there is no recipe "{text}"', listed, word, known)


def _revision(store: Store, id: str, number: int, is_stored: bool) -> FoundRecipe:
    if not is_stored:
        raise _error(
            "no-such-revision",
            f'"{id}" is a recipe of the library, which has no revisions',
            f'write "{id}"; a copy in the store has revisions',
        )
    return _from_store(store, store.get(id, number))


def _from_store(store: Store, found: Stored) -> FoundRecipe:
    problems = []
    if found.note is not None:
        hint = (
            "save it, so that it has a number and the record can name it" if found.revision is None else None
        )
        problems.append(Problem(Severity.WARNING, "changed-by-hand", "", found.note, hint))
    if found.state == "retired":
        message = f"{found.id} is retired: it is no longer to be used"
        problems.append(Problem(Severity.WARNING, "retired-recipe", "", message, "its history says why"))
    if found.id in recipe_ids():
        message = (
            f'"{found.id}" is taken from the store {store.folder}; the library has a recipe of that name, too'
        )
        hint = f"the library's is {library_path(found.id)}"
        problems.append(Problem(Severity.NOTE, "hides-library", "", message, hint))
    path = store.folder / f"{found.id}.toml"
    held = path.is_file() and path.read_bytes() == found.content
    return FoundRecipe(
        found.id,
        found.content,
        Origin.STORE,
        path if held else None,
        found.revision,
        str(found.state),
        tuple(problems),
    )


def _from_file(path: Path, origin: Origin) -> FoundRecipe:
    problems = Problems()
    content = read_text_file(path, problems)
    if content is None:
        raise InputError(problems, what="recipe")
    return FoundRecipe(path.stem, content, origin, path)


def _none(message: str, otherwise: str, word: str, known: list[str]) -> InputError:
    guess = nearest(word, known)
    return _error("no-such-recipe", message, f'did you mean "{guess}"?' if guess else otherwise)


def _error(code: str, message: str, hint: str) -> InputError:
    return InputError([Problem(Severity.ERROR, code, "", message, hint)], what="recipe")
