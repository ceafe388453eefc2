"""What the report says of the recipe itself."""

from __future__ import annotations

from recipes.checks.examples import SPIN
from rig.records.report_recipe import recipe_section


def test_remarks_that_were_accepted_stand_in_the_report_with_their_reasons() -> None:
    text = SPIN.replace(
        'id = "spin"', 'id = "spin"\naccept = [{ code = "field-low", reason = "long gap wanted <here>" }]'
    ).replace(
        "[solutions.pan]",
        'accept = [{ code = "toxic-vapour", reason = "walk-in hood" }]\n\n[solutions.pan]',
        1,
    )
    shown = recipe_section(text.encode())
    assert "accepted" in shown
    for words in (
        "field-low",
        "long gap wanted &lt;here&gt;",
        "toxic-vapour",
        "walk-in hood",
        "the whole recipe",
    ):
        assert words in shown
    assert "accepted" not in recipe_section(SPIN.encode())
