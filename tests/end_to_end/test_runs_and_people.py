"""Two runs and one pair of hands: what was said to one run says nothing to the other, and nothing begins by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rig.bench.fit import fit
from rig.bench.sheet import demo_sheet
from rig.engine.questions import Question
from rig.engine.run import Run
from rig.jobs import Options
from rig.running import FileAnswers
from tests.end_to_end.furnace_runs import CARBONISE, FURNACE, HEAD
from tests.end_to_end.quick import HV, changes
from tests.end_to_end.spinning import Spinning, read, recipe_text

pytestmark = pytest.mark.timeout(240)

SPIN = recipe_text(duration="2 min")


class Asked(FileAnswers):
    """Answers everything by its default but what a test keeps back; notes what was asked."""

    def __init__(self, *kept: str) -> None:
        super().__init__(None, yes=True)
        self.kept = set(kept)
        self.asked: list[str] = []

    def provide(self, question: Question) -> Any:
        self.asked.append(question.key)
        return None if question.key in self.kept else super().provide(question)


class Queued:
    """A spin run, and another recipe begun on the same rig at a time."""

    def __init__(self, runs: Path, *kept: str) -> None:
        self.spun = Spinning(runs, SPIN, seed=7)
        self.runs, self.answers = runs, Asked(*kept)
        self.second: Run | None = None
        self.said: list[tuple[str, str | None]] = []

    def begin(self, text: str) -> None:
        recipe = read(text)
        sheet = demo_sheet(recipe)
        fitted = fit(recipe, self.spun.session.bench, sheet)
        options = Options(self.answers, runs_dir=self.runs, seed=7)
        self.second = self.spun.session.begin_beside(recipe, sheet, fitted.assignment, options)

    def command(self, word: str) -> None:
        assert self.second is not None
        self.said.append((word, self.spun.session.host.command(word, None, "Ada", self.second.run_id)))


def test_a_run_that_waited_asks_before_it_begins_and_asks_all_of_its_own_questions(tmp_path: Path) -> None:
    queued = Queued(tmp_path)
    queued.spun.at(60.0, lambda: queued.begin(SPIN))
    queued.spun.run()
    assert queued.answers.asked == ["begin", "primed", "wiped", "earthed", "mat_mass"]
    assert [on for _, on in changes(queued.spun, HV)] == [True, False, True, False]


def test_nobody_says_begin_and_nothing_begins(tmp_path: Path) -> None:
    queued = Queued(tmp_path, "begin")
    queued.spun.at(60.0, lambda: queued.begin(SPIN))
    queued.spun.at(7200.0, lambda: queued.command("stop"))
    queued.spun.run()
    assert queued.said == [("stop", None)]
    assert [on for _, on in changes(queued.spun, HV)] == [True, False]
    assert queued.second is not None and queued.second.ending is not None
    assert queued.second.ending.outcome == "stopped"


def test_commands_for_a_waiting_run_never_reach_the_run_that_has_the_unit(tmp_path: Path) -> None:
    queued = Queued(tmp_path)
    queued.spun.at(60.0, lambda: queued.begin(SPIN))
    for t_s, word in ((150.0, "hold"), (151.0, "resume"), (152.0, "complete"), (153.0, "abort")):
        queued.spun.at(t_s, lambda word=word: queued.command(word))  # type: ignore[misc]
    result = queued.spun.run()
    assert result.ending.outcome == "completed"
    assert [why is None for _, why in queued.said] == [False, False, False, True]
    assert all("it takes stop and abort" in str(why) for _, why in queued.said[:3])
    assert queued.second is not None and queued.second.ending is not None
    assert queued.second.ending.outcome == "aborted"
    assert [on for _, on in changes(queued.spun, HV)] == [True, False]


def test_one_interrupt_is_one_stop_for_a_unit_with_a_run_that_waits_for_it(tmp_path: Path) -> None:
    queued = Queued(tmp_path)
    queued.spun.at(60.0, lambda: queued.begin(SPIN))
    queued.spun.at(150.0, queued.spun.session.host.interrupt)
    result = queued.spun.run()
    assert result.ending.outcome == "stopped"
    assert [data["to"] for _, data in queued.spun.found("state")][-3:] == ["Stopping", "Stopped", "Idle"]


def test_a_hot_furnace_is_not_reset_to_idle(tmp_path: Path) -> None:
    spun = Spinning(tmp_path, HEAD + CARBONISE, seed=7)
    said: list[str | None] = []
    host = spun.session.host
    spun.after("step", 2400.0, lambda: host.command("stop", None, "Ada"), id="carbonise", phase="started")
    spun.after(
        "step",
        2500.0,
        lambda: said.append(host.command("reset", None, "Ada")),
        id="carbonise",
        phase="started",
    )
    spun.run()
    assert said == [f"not reset: {FURNACE} is not cold, or not known to be"]


def test_a_stalled_scan_beside_high_voltage_does_not_put_the_furnace_out(tmp_path: Path) -> None:
    queued = Queued(tmp_path)
    drive = queued.spun.session.drive
    queued.spun.at(
        5.0, lambda: queued.begin(HEAD + CARBONISE.replace("20 min", "1 min").replace("800", "300"))
    )
    queued.spun.at(150.0, lambda: drive.stall(1.2))
    result = queued.spun.run()
    assert queued.second is not None and queued.second.ending is not None
    assert (result.ending.outcome, queued.second.ending.outcome) == ("aborted", "completed")


def test_nobody_is_asked_to_go_to_the_rig_while_another_run_has_its_voltage_on(tmp_path: Path) -> None:
    """A prompt of the furnace's run, due while the station spins: no program knows which door its words open."""
    queued = Queued(tmp_path)
    furnace = HEAD + CARBONISE.replace("20 min", "1 min").replace("800", "300")
    queued.spun.at(120.0, lambda: queued.begin(furnace))
    queued.spun.run()
    (asked,) = queued.spun.found("question", step="close-tube")
    off_s = next(t_s for t_s, on in changes(queued.spun, HV) if not on)
    assert asked[0] / 1e9 >= off_s + 30.0, "proved off, and the discharge time over"
