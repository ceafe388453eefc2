"""What the store refuses, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from recipes.problems import InputError, Problem, Severity

if TYPE_CHECKING:
    from .revisions import Revision

WHAT = "recipe store"


def refusal(code: str, message: str, hint: str | None = None, where: str = "") -> InputError:
    """The error to raise when the store does not do what was asked; nothing was changed."""
    return InputError([Problem(Severity.ERROR, code, where, message, hint)], what=WHAT)


class Conflict(InputError):
    """Somebody saved the same recipe in between; nothing was written over.

    `base` is the revision the author began from (None: a new recipe was meant), `between` every revision saved
    since, oldest first.
    """

    def __init__(self, id: str, base: int | None, between: Iterable[Revision]) -> None:
        self.id = id
        self.base = base
        self.between = tuple(between)
        newest = self.between[-1]
        others = "; ".join(
            f'revision {one.number} by {one.author}, {one.utc}: "{one.reason.partition(chr(10))[0]}"'
            for one in self.between
        )
        if base is None:
            code = "recipe-exists"
            message = f'there is a recipe "{id}" already: {others}'
            hint = f"save from its revision {newest.number}, or under another id"
        else:
            code = "conflict"
            message = f"{id} was changed since revision {base}, from which this text was made: {others}"
            hint = (
                f'see what they changed with "spinrig recipes diff {id}@{base} {id}@{newest.number}", '
                f"take it in, and save again from revision {newest.number}"
            )
        super().__init__([Problem(Severity.ERROR, code, "", message, hint)], what=WHAT)

    @property
    def newest(self) -> Revision:
        """The revision to begin from now."""
        return self.between[-1]
