"""One change between two recipes, and how two values are compared and named."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from .places import join_key
from .units import Quantity, Range

Kind = Literal["changed", "added", "removed", "moved", "renamed", "written", "text"]

SHOWN: Final = 60
"""Characters of a long text that a change shows."""

_KEYS: Final = {"minimum": "min", "maximum": "max"}
_TO: Final = " -> "


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a difference.

    `path` is the dotted key, in the new recipe (of what was removed: in the old one); empty for the text as a
    whole. `words` say it to a chemist: "co-deposit: voltage 20 kV -> 18 kV". `before` and `after` are the two
    values as they are written in a recipe, None where there is none.
    """

    kind: Kind
    path: str
    words: str
    before: str | None = None
    after: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", one_line(self.words))  # texts in it may be anything

    @property
    def matters(self) -> bool:
        """False when the sample is made the same way: another unit of the same amount, comments, layout."""
        return self.kind not in ("written", "text")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in the recipe a comparison is: its path, and the words that open each line ("co-deposit: ")."""

    path: str
    words: str

    def down(self, key: str, words: str | None = None) -> Spot:
        """A table below this one."""
        return Spot(join_key(self.path, key), f"{self.words}{word(key) if words is None else words}: ")

    def change(self, key: str, before: str, after: str, kind: Kind = "changed") -> Change:
        """A key's value has changed."""
        if kind == "written":
            words = f"{word(key)} written as {after} (was {before})"
        else:
            words = f"{word(key)} {before}{_TO}{after}"
        return Change(kind, join_key(self.path, key), self.words + words, before, after)

    def added(self, key: str, value: str) -> Change:
        """A key stands here that was not said before."""
        words = f"{self.words}{word(key)} added: {value}"
        return Change("added", join_key(self.path, key), words, None, value)

    def removed(self, key: str, value: str) -> Change:
        """A key is no longer said."""
        words = f"{self.words}{word(key)} removed (was {value})"
        return Change("removed", join_key(self.path, key), words, value, None)


def word(key: str) -> str:
    """A key as it is spoken: "surface tension"."""
    return key.replace("_", " ")


def key_of(name: str) -> str:
    """The key in the file of a field of the model."""
    return _KEYS.get(name, name)


def compare(spot: Spot, key: str, old: Any, new: Any) -> Iterator[Change]:
    """Two values of one key; None is a key that is not said."""
    if old is None and new is None:
        return
    if old is None:
        yield spot.added(key, describe(new))
    elif new is None:
        yield spot.removed(key, describe(old))
    elif isinstance(old, Quantity | Range) and isinstance(new, Quantity | Range):
        if old != new:
            yield spot.change(key, old.text(), new.text())
        elif old.text() != new.text():
            yield spot.change(key, old.text(), new.text(), "written")
    elif dataclasses.is_dataclass(old) and dataclasses.is_dataclass(new):
        yield from compare_fields(spot.down(key), old, new)
    elif old != new:
        if isinstance(old, str) and isinstance(new, str):
            yield _texts(spot, key, old, new)
        else:
            yield spot.change(key, describe(old), describe(new))


def compare_fields(spot: Spot, old: Any, new: Any, without: Sequence[str] = ()) -> Iterator[Change]:
    """All fields of two objects of one class."""
    for field in dataclasses.fields(old):
        if field.name not in without:
            yield from compare(spot, key_of(field.name), getattr(old, field.name), getattr(new, field.name))


def describe(value: Any) -> str:
    """A value as it is written; of a table all that it says."""
    if isinstance(value, Quantity | Range):
        return value.text()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, str):
        return value if is_word(value) else _excerpt(" ".join(value.split()), 0)
    if dataclasses.is_dataclass(value):
        parts = []
        for field in dataclasses.fields(value):
            item = getattr(value, field.name)
            if item is not None and (item != field.default or field.name == "kind"):
                parts.append(f"{word(key_of(field.name))} {describe(item)}")
        return ", ".join(parts) or "nothing said"
    return str(value)


def _texts(spot: Spot, key: str, old: str, new: str) -> Change:
    if old.split() == new.split():
        words = f"{spot.words}{word(key)}: only blanks or line breaks changed"
        return Change("changed", join_key(spot.path, key), words, old, new)
    was, now = " ".join(old.split()), " ".join(new.split())
    plain = is_word(was) and is_word(now)
    if not plain:
        was, now = excerpts(was, now)
    words = f"{spot.words}{word(key)} {was}{_TO}{now}"
    return Change("changed", join_key(spot.path, key), words, old, new)


def one_line(text: str) -> str:
    """Without line breaks and characters that a terminal would obey."""
    return "".join(
        character if character.isprintable() else f"\\u{ord(character):04x}"
        for character in " ".join(text.split())
    )


def is_word(text: str) -> bool:
    """One word (an id, a gas), which needs no quotation marks."""
    return " " not in text and len(text) <= SHOWN


def excerpts(old: str, new: str) -> tuple[str, str]:
    """Two texts in quotation marks; of long ones the part around the first difference."""
    start = 0
    if max(len(old), len(new)) > SHOWN:
        pairs = enumerate(zip(old, new, strict=False))
        common = next((at for at, (one, other) in pairs if one != other), min(len(old), len(new)))
        start = old.rfind(" ", 0, max(0, common - SHOWN // 3)) + 1
    return _excerpt(old, start), _excerpt(new, start)


def _excerpt(text: str, start: int) -> str:
    shown = text[start : start + SHOWN]
    before, after = "..." if start else "", "..." if start + SHOWN < len(text) else ""
    return f'"{before}{shown}{after}"'
