"""Which recipes come with the program, and what file a word on the command line means."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from .problems import InputError, Problem, Severity
from .tables import nearest


def library_folder() -> Path:
    """The folder of the library, in a checkout and in an installed wheel alike."""
    return Path(str(files("recipes.library")))


def recipe_ids() -> list[str]:
    """Ids of the library's recipes, in alphabetical order."""
    return sorted(path.stem for path in library_folder().glob("*.toml"))


def find_recipe(ref: str | Path) -> Path:
    """The file that `ref` means: an id of the library, or the path of a file. A path with a separator or
    `.toml` is always a file.

    :raises InputError: when there is neither.
    """
    text = str(ref)
    is_path = text.endswith(".toml") or "/" in text or "\\" in text
    if is_path:
        path = Path(text)
        if path.is_file():
            return path
    elif text in recipe_ids():
        return library_folder() / f"{text}.toml"
    elif Path(text).is_file():
        return Path(text)
    guess = nearest(Path(text).stem, recipe_ids())
    if is_path:
        message = f'there is no recipe file "{text}"'
        hint = f'the library has "{guess}"' if guess else "check the path"
    else:
        message = f'there is no recipe "{text}"'
        listed = ", ".join(recipe_ids())
        hint = f'did you mean "{guess}"?' if guess else f"give a file, or one of the library: {listed}"
    raise InputError([Problem(Severity.ERROR, "no-such-recipe", "", message, hint)], what="recipe")
