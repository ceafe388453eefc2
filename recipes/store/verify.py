"""Is everything in the store as it was saved?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from recipes.problems import InputError, Problem, Problems

from .hand_edits import scan
from .repository import Repository, file_name, is_repository, opened
from .revisions import Line, gaps, sha256_of
from .transaction import History

if TYPE_CHECKING:
    from .store import Store


def verify(store: Store) -> list[Problem]:
    """Read the whole history anew, and every text in it; errors first, then notes on what was changed by hand.

    Codes: `damaged-object`, `missing-object`, `damaged-revision`, `missing-revision`, `ambiguous-revision`,
    `stray-approval`, `stale-cache`, `cut-history` (errors and warnings), `changed-by-hand` (notes). Where the commits
    themselves cannot be read, that is all there is to say.
    """
    problems = Problems()
    history = History(None)
    if is_repository(store.folder):
        with opened(store.folder) as repository:
            try:
                history = History.load(repository, cached=False)
                _check(repository, history, problems)
            except InputError as error:
                return [*problems, *error.problems]
    for edit in scan(store.folder, history):
        problems.note("changed-by-hand", edit.id, edit.message)
    return problems.items


def _check(repository: Repository, history: History, problems: Problems) -> None:
    cached = History.load(repository)
    if cached.head == history.head and cached.entries != history.entries:
        problems.error(
            "stale-cache",
            "",
            "what is remembered of the history is not what its commits say",
            f"remove {repository.ours / 'history.json'}: it is made anew from the commits",
        )
    if repository.shallow():
        problems.warning(
            "cut-history",
            "",
            "older commits were left out when this store was copied",
            'fetch them with "git fetch --unshallow"',
        )
    for line in history.lines.values():
        problems.extend(_of_line(repository, line))


def _of_line(repository: Repository, line: Line) -> Iterator[Problem]:
    found = Problems()
    for number in gaps(line):
        found.error(
            "missing-revision", line.id, f"{line.id} has no revision {number}", "fetch it from a copy"
        )
    for number in line.rivals:
        try:
            line.revision(number)
        except InputError as error:
            found.extend(error.problems)
    for (number, sha256), mark in line.approvals.items():
        texts = [line.texts.get(number), *line.rivals.get(number, ())]
        if sha256 not in {text.sha256 for text in texts if text is not None}:
            found.error(
                "stray-approval",
                line.id,
                f"{mark.author} approved a text of {line.id}@{number} that the history does not have",
            )
    for text in (*line.texts.values(), *(one for more in line.rivals.values() for one in more)):
        where = f"{line.id}@{text.revision}"
        if not text.blob:
            found.error("damaged-revision", where, f"the commit {text.commit} has no {file_name(line.id)}")
            continue
        try:
            sha256 = sha256_of(repository.blob(text.blob))
        except InputError as error:
            found.extend(error.problems)
            continue
        if sha256 != text.sha256:
            found.error(
                "damaged-revision",
                where,
                f"its text has the SHA-256 {sha256}; its commit says {text.sha256}",
                "git has the text that was saved with it: look who changed the commit",
            )
    yield from found
