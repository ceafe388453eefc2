"""May this revision be approved?"""

from __future__ import annotations

from .errors import refusal
from .repository import file_name
from .revisions import Line, Revision, State, sha256_of
from .transaction import Change


def check_approvable(change: Change, line: Line, found: Revision, sha256: str | None) -> None:
    """Refuse an approval that would not say what its reader takes it to say."""
    from recipes.materials import materials_in
    from recipes.reader import read_recipe

    if found.state is State.RETIRED:
        raise refusal("retired", f"{found.ref} is retired", "take the recipe back into use first")
    if found.approval is not None:
        by = f"{found.approval.author}, {found.approval.utc}"
        raise refusal("already-approved", f"{found.ref} was approved by {by}")
    content = change.text(line.texts[found.number])
    for what, other in (("text that was looked at", sha256), ("stored text", sha256_of(content))):
        if other is not None and other != found.sha256:
            raise refusal(
                "changed-bytes",
                f"the {what} is not {found.ref}: its SHA-256 is {other}, that of the revision {found.sha256}",
                "look at the revision itself, and approve that",
            )
    working = change.working(found.id)
    if found.number == line.newest and working is not None and sha256_of(working) != found.sha256:
        raise refusal(
            "changed-by-hand",
            f"{file_name(found.id)} was changed by hand after revision {found.number}: the text in the folder is "
            "not the one that would be approved",
            "save the change as a revision first, and approve that, or undo it",
        )
    materials, _ = materials_in(change.repository.folder)
    recipe, problems = read_recipe(content, found.id, materials=materials)
    if recipe is None:
        first = next(problem for problem in problems if problem.severity == "error")
        raise refusal(
            "unreadable-recipe",
            f"{found.ref} cannot be approved: it is not a recipe that can be made: {first}",
            f'"spinrig check {found.ref}" shows everything',
        )
