"""Names of materials as people write them: what is the same name, and which was probably meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_NOT_A_LETTER = re.compile(r"[\W_]+")
_BRACKETED = re.compile(r"(.+\S)\s*\(([^()]+)\)")


def folded(name: str) -> str:
    """A name without what does not matter: capitals, blanks, hyphens, brackets, commas, lowered digits.

    "poly(vinyl alcohol)", "Polyvinyl alcohol" and "POLY-VINYL-ALCOHOL" are one name; "nylon-6" and "nylon-6,6" are not.
    """
    return _NOT_A_LETTER.sub("", unicodedata.normalize("NFKC", name).casefold())


def readings(name: str) -> Iterator[str]:
    """What a name can mean, folded: itself; and of "polycarbosilane (PCS)" what stands before and within brackets."""
    yield folded(name)
    bracketed = _BRACKETED.fullmatch(name.strip())
    if bracketed is not None:
        yield folded(bracketed[1])
        yield folded(bracketed[2])
