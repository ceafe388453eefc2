"""What the history says: revisions, approvals, retirement. Folded from the store's commits, oldest first.

Each commit of the store is one `Entry`: a text was saved, or somebody approved, retired or took back into use. A
revision's number stands in its commit, so it is the same on every computer that has the history.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from recipes.materials import FILE_NAME

from .errors import refusal

ID: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
LONGEST_ID: Final = 80
LARGEST_TEXT: Final = 1_000_000
"""Bytes; the longest recipe known has less than a hundredth of it."""
UNKNOWN_AUTHOR: Final = "unknown"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MATERIALS: Final = FILE_NAME.removesuffix(".toml")
"""No recipe can be called so: that file in the store's folder holds the lab's own materials."""
# Names of devices on Windows, with any ending.
_RESERVED: Final = frozenset(
    ["con", "prn", "aux", "nul", *(f"{name}{number}" for name in ("com", "lpt") for number in range(1, 10))]
)


class State(StrEnum):
    """Where a revision stands: being worked on, good to be made, or no longer to be used."""

    DRAFT = "draft"
    APPROVED = "approved"
    RETIRED = "retired"


class Kind(StrEnum):
    """What a commit of the store did; the first three made a revision."""

    SAVED = "saved"
    ADOPTED = "adopted"
    IMPORTED = "imported"
    APPROVED = "approved"
    RETIRED = "retired"
    UNRETIRED = "unretired"


TEXT_KINDS: Final = frozenset({Kind.SAVED, Kind.ADOPTED, Kind.IMPORTED})


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit. `blob` is the git name of the text (empty where the commit made no revision)."""

    kind: Kind
    id: str
    revision: int
    sha256: str
    author: str
    utc_s: int
    reason: str
    commit: str = ""
    blob: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """Who found a revision good to be made, when (UTC) and why; holds for the text of that sha256 alone."""

    author: str
    utc: str
    reason: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Revision:
    """One saved text of a recipe, without the text. `kind`: saved, adopted (changed by hand) or imported."""

    id: str
    number: int
    state: State
    author: str
    utc: str
    reason: str
    sha256: str
    kind: Kind
    approval: Approval | None = None

    @property
    def ref(self) -> str:
        """As it is named on the command line: "tio2-pcnf@3"."""
        return f"{self.id}@{self.number}"


@dataclass(frozen=True, slots=True)
class Stored:
    """A text of the store with what is known of it.

    `revision`, `author`, `utc` and `reason` are None for a file changed or added by hand that is no revision yet;
    `note` then says so.
    """

    id: str
    revision: int | None
    state: State
    content: bytes
    sha256: str
    author: str | None = None
    utc: str | None = None
    reason: str | None = None
    approval: Approval | None = None
    note: str | None = None

    @property
    def text(self) -> str:
        """The text; bytes that are no UTF-8 are shown as replacement characters, `content` has them."""
        return self.content.decode("utf-8", errors="replace")


@dataclass(slots=True)
class Line:
    """Everything about one recipe. `rivals`: further texts under a number, from histories that were merged."""

    id: str
    texts: dict[int, Entry] = field(default_factory=dict)
    rivals: dict[int, list[Entry]] = field(default_factory=dict)
    approvals: dict[tuple[int, str], Entry] = field(default_factory=dict)
    retired: Entry | None = None

    @property
    def newest(self) -> int:
        """The highest number; 0 when there is none."""
        return max(self.texts, default=0)

    def add(self, entry: Entry) -> None:
        """Take the next commit into account."""
        if entry.kind in TEXT_KINDS:
            first = self.texts.setdefault(entry.revision, entry)
            if first.sha256 != entry.sha256:
                self.rivals.setdefault(entry.revision, []).append(entry)
        elif entry.kind is Kind.APPROVED:
            self.approvals.setdefault((entry.revision, entry.sha256), entry)
        elif entry.kind is Kind.RETIRED:
            self.retired = entry
        else:
            self.retired = None

    def revision(self, number: int) -> Revision:
        """The revision of that number.

        :raises InputError: when there is none, or two of them.
        """
        entry = self.texts.get(number)
        if entry is None:
            there = f"it has revisions 1 to {self.newest}" if self.texts else "it has none yet"
            raise refusal("no-such-revision", f"{self.id} has no revision {number}", there)
        if number in self.rivals:
            claims = "; ".join(
                f"{one.author}, {utc_text(one.utc_s)} ({one.commit[:10]})"
                for one in (entry, *self.rivals[number])
            )
            raise refusal(
                "ambiguous-revision",
                f"two texts claim to be {self.id}@{number}: {claims}; two histories were merged",
                "save the right text as a new revision; git has both under the names in brackets",
            )
        return self._revision(entry)

    def _revision(self, entry: Entry) -> Revision:
        approved = self.approvals.get((entry.revision, entry.sha256))
        approval = (
            None
            if approved is None
            else Approval(approved.author, utc_text(approved.utc_s), approved.reason, approved.sha256)
        )
        state = State.DRAFT if approval is None else State.APPROVED
        if self.retired is not None and entry.revision <= self.retired.revision:
            state = State.RETIRED
        return Revision(
            self.id,
            entry.revision,
            state,
            entry.author,
            utc_text(entry.utc_s),
            entry.reason,
            entry.sha256,
            entry.kind,
            approval,
        )

    def revisions(self, after: int = 0) -> tuple[Revision, ...]:
        """Every revision, oldest first; of rival texts the one met first."""
        return tuple(self._revision(self.texts[number]) for number in sorted(self.texts) if number > after)


def fold(entries: Iterable[Entry]) -> dict[str, Line]:
    """The history of each recipe, by id, from the store's entries in their order."""
    lines: dict[str, Line] = {}
    for entry in entries:
        lines.setdefault(entry.id, Line(entry.id)).add(entry)
    return lines


def gaps(line: Line) -> Iterator[int]:
    """Numbers that ought to be there and are not."""
    return (number for number in range(1, line.newest + 1) if number not in line.texts)


def sha256_of(content: bytes) -> str:
    """The hash that names a text everywhere in records."""
    return hashlib.sha256(content).hexdigest()


def is_id(text: str) -> bool:
    """Whether a recipe of the store can be called so: a file name on every system, and no two alike."""
    return bool(ID.fullmatch(text)) and len(text) <= LONGEST_ID and text not in _RESERVED | {MATERIALS}


def checked_id(id: str) -> str:
    """The id, if a recipe of the store can be called so.

    :raises InputError: when it cannot.
    """
    if id == MATERIALS:
        message = f"{id}.toml in the store's folder holds the lab's own materials"
        raise refusal("bad-id", message, "take another id")
    if not is_id(id):
        raise refusal(
            "bad-id",
            f'"{id}" cannot be the id of a stored recipe',
            f"use small letters, digits, - and _, at most {LONGEST_ID}, beginning with a letter or digit: pan-fibres",
        )
    return id


def utc_text(utc_s: int) -> str:
    """Seconds since 1970 as "2026-11-20T14:32:05Z"."""
    return datetime.fromtimestamp(utc_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_seconds(utc: str) -> int:
    """Seconds since 1970 of "2026-11-20T14:32:05Z"; fractions are cut off, as a history counts whole seconds.

    :raises InputError: when the text is no such time.
    """
    try:
        if not utc.endswith("Z"):
            raise ValueError
        return int((datetime.fromisoformat(utc) - _EPOCH).total_seconds() // 1)
    except ValueError:
        raise refusal(
            "bad-time", f'"{utc}" is no UTC time', 'write it as "2026-11-20T14:32:05Z", with the Z at the end'
        ) from None
