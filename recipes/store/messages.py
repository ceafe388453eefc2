"""An entry of the history as a commit message, and back.

    pan-fibres@3: lower voltage, the jet was unsteady

    Spinrig-Kind: saved
    Spinrig-Recipe: pan-fibres
    Spinrig-Revision: 3
    Spinrig-Sha256: 1f0c...

The trailers are always the last paragraph, so a reason may hold anything. A commit without them was made by somebody
with git alone and is no revision.
"""

from __future__ import annotations

import re
from typing import Final

from .errors import refusal
from .revisions import TEXT_KINDS, Entry, Kind, is_id

LONGEST_REASON: Final = 2000
LONGEST_AUTHOR: Final = 200
PREFIX: Final = "Spinrig-"
_TRAILER: Final = re.compile(r"Spinrig-([A-Za-z0-9]+): (.*)")
_AUTHOR: Final = re.compile(r"([^<>]*?) ?<([^<> ]*)>")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def message_of(entry: Entry) -> str:
    """The commit message of an entry."""
    first, _, rest = entry.reason.partition("\n")
    verb = "" if entry.kind in TEXT_KINDS else f"{entry.kind} "
    paragraphs = [f"{verb}{entry.id}@{entry.revision}: {first}"]
    if rest:
        paragraphs.append(rest)
    paragraphs.append(
        f"{PREFIX}Kind: {entry.kind}\n{PREFIX}Recipe: {entry.id}\n"
        f"{PREFIX}Revision: {entry.revision}\n{PREFIX}Sha256: {entry.sha256}\n"
    )
    return "\n\n".join(paragraphs)


def entry_of(message: str, author: str, utc_s: int, commit: str) -> Entry | None:
    """The entry that a commit stands for; None for a commit this program did not make."""
    text, _, last = message.rstrip("\n").rpartition("\n\n")
    found = {match[1]: match[2] for line in last.splitlines() if (match := _TRAILER.fullmatch(line))}
    try:
        kind = Kind(found["Kind"])
        id, number, sha256 = found["Recipe"], int(found["Revision"]), found["Sha256"]
    except (KeyError, ValueError):
        return None
    if not is_id(id) or number < 1 or not _SHA256.fullmatch(sha256):
        return None
    subject, _, rest = text.partition("\n\n")
    reason = subject.partition(": ")[2]
    return Entry(kind, id, number, sha256, author, utc_s, f"{reason}\n{rest}" if rest else reason, commit)


def identity_of(author: str) -> str:
    """A person as git writes it: "A. Person <>", or with the address that was given."""
    return author if _AUTHOR.fullmatch(author) else f"{author} <>"


def author_of(identity: str) -> str:
    """The person's text again."""
    match = _AUTHOR.fullmatch(identity)
    if match is None:
        return identity
    name, address = match.groups()
    return f"{name} <{address}>" if address else name


def checked_author(author: str) -> str:
    """A person's name, with an address in angle brackets if wanted.

    :raises InputError: when it is empty or cannot stand in a history.
    """
    tidy = " ".join(author.split())
    match = _AUTHOR.fullmatch(tidy)
    plain = tidy if match is None else match[1]
    if not plain.strip(" .,:;\"'") or len(tidy) > LONGEST_AUTHOR or not tidy.isprintable():
        raise refusal("bad-author", f'"{author}" is no author', 'give a name: "A. Person"')
    if match is None and set(tidy) & set("<>"):
        raise refusal("bad-author", f'"{author}" is no author', 'write "A. Person <a.person@lab.example>"')
    return tidy if match is None or match[2] else plain


def checked_reason(reason: str) -> str:
    """Why, in a line or a few; tidied: no blanks at the ends, no empty lines.

    :raises InputError: when it is empty, too long or holds control characters.
    """
    lines = [line.strip() for line in reason.replace("\t", " ").splitlines()]
    tidy = "\n".join(line for line in lines if line)
    if not tidy:
        raise refusal("missing-reason", "the reason is empty", "say in a line why: the history keeps it")
    if len(tidy) > LONGEST_REASON:
        raise refusal("bad-reason", f"the reason is longer than {LONGEST_REASON} characters", "shorten it")
    if not all(line.isprintable() for line in tidy.split("\n")):
        raise refusal("bad-reason", "the reason holds control characters", "write plain text")
    return tidy
