"""Invariant 8 of the furnace fires when somebody is asked to a tube that is hot, or not flushed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rig.proving.case import Deed
from rig.proving.trial import Trial, Verdict
from rig.safety.furnace_facts import FurnaceFacts
from tests.proving.sabotage import FURNACE, INERT, Sabotage

OUT = '\n[[steps]]\nid = "out"\ndo = "prompt"\nsay = "Open the tube and take the mat out."\n'


def completed_early(folder: Path) -> Verdict:
    """Somebody says `complete` while it is hot: the step that was to cool it is skipped, and then a prompt stands."""
    case = replace(
        Sabotage(folder / "none", INERT).case,
        recipe=INERT + OUT,
        deeds=(Deed(1.0, "complete", "carbonise", "soaking"),),
        length_s=9000.0,
    )
    return Trial(case, folder / "a").run()


def test_8_nothing_is_violated_where_the_question_waits(tmp_path: Path) -> None:
    verdict = completed_early(tmp_path)
    assert (verdict.outcome, verdict.violations) == ("completed", [])


def test_8_somebody_is_asked_to_a_hot_tube(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FurnaceFacts, "why_not_open", lambda self, furnace, reading: None)
    verdict = completed_early(tmp_path)
    assert any(
        one.number == 8 and f"[out] done is asked while {FURNACE} is at 3" in one.seen
        for one in verdict.violations
    )


def test_8_somebody_is_asked_to_a_tube_that_is_cold_and_not_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_temperature(self: FurnaceFacts, furnace: str, reading: float | None) -> str | None:
        return "hot" if reading is None or reading >= self.open_degc else None

    monkeypatch.setattr(FurnaceFacts, "why_not_open", by_temperature)
    verdict = completed_early(tmp_path)
    assert [one.number for one in verdict.violations] == [8]
    assert f"[out] done is asked while {FURNACE} is not flushed" in verdict.violations[0].seen
