"""Two runs at once on one rig: the furnace finishes Monday's sample while Tuesday's is spun.

Neither disturbs the other, and each has its own record, commands and end.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from rig.bench.fit import fit
from rig.bench.sheet import demo_sheet
from rig.engine.host import Host, Result
from rig.engine.run import Run
from rig.jobs import Options
from rig.records.run import open_run
from rig.records.verify import verify_run
from rig.running import FileAnswers
from tests.end_to_end.furnace_runs import ARGON, CARBONISE, FURNACE, HEAD
from tests.end_to_end.quick import HV, PUMPS, changes, events
from tests.end_to_end.spinning import Spinning, read, recipe_text

pytestmark = pytest.mark.timeout(300)

PV = f"{FURNACE}.temperature_degc"
SPIN = recipe_text(duration="20 min", say="Peel the mat off the collector and weigh it.")
"""Its own words send somebody to the furnace, too: see test_prompts_and_tubes.py."""


class Beside:
    """A spin run, and runs that are begun beside it on the same rig in the same world."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self.spun = Spinning(runs, SPIN, seed=7)
        self.begun: list[Run] = []
        self.said: dict[str, object] = {}

    @property
    def host(self) -> Host:
        return self.spun.session.host

    def begin(self, text: str) -> None:
        """Begin another recipe now."""
        recipe = read(text)
        sheet = demo_sheet(recipe)
        fitted = fit(recipe, self.spun.session.bench, sheet)
        options = Options(FileAnswers(None, yes=True), runs_dir=self.runs, seed=7)
        self.begun.append(self.spun.session.begin_beside(recipe, sheet, fitted.assignment, options))

    def command(self, word: str, run: Callable[[], str | None]) -> None:
        self.said[word] = self.host.command(word, None, "Ada", run())

    def run(self) -> Result:
        return self.spun.run()

    def result(self, run: Run) -> Result:
        return self.host.results[run.run_id]


def carbonised(result: Result) -> pd.Series:
    """The furnace's temperature by whole seconds since its carbonisation began."""
    samples = open_run(result.folder).samples
    rows = samples[samples["run.step"] == "carbonise"]
    degc = rows[PV].dropna()
    return degc.set_axis((degc.index - rows.index[0]).astype(int))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> pd.Series:
    spun = Spinning(tmp_path_factory.mktemp("alone"), HEAD + CARBONISE, seed=7)
    result = spun.run()
    assert result.ending.outcome == "completed"
    return carbonised(result)


def test_neither_disturbs_the_other(tmp_path: Path, alone: pd.Series) -> None:
    both = Beside(tmp_path)
    both.spun.at(20.0, lambda: both.begin(HEAD + CARBONISE))
    spun = both.run()
    (furnace,) = both.begun
    heated = both.result(furnace)
    assert (spun.ending.outcome, heated.ending.outcome) == ("completed", "completed")
    difference = (carbonised(heated) - alone).dropna().abs()
    print(
        f"furnace beside a spin run: {len(difference)} s compared, at most {difference.max():.3f} degC apart"
    )
    assert len(difference) > 5000
    assert difference.max() <= 1.0
    # It was spun while the furnace was on its way up, and the furnace's end was hours after the spin run's.
    spin_events, furnace_events = events(spun.folder), events(heated.folder)
    assert spin_events[-1]["kind"] == furnace_events[-1]["kind"] == "closed"
    assert furnace_events[-1]["t_s"] > spin_events[-1]["t_s"] + 3600
    for folder in (spun.folder, heated.folder):
        assert verify_run(folder).status == "good"


def test_each_record_holds_its_own_unit_and_nothing_of_the_others(tmp_path: Path) -> None:
    both = Beside(tmp_path)
    both.spun.at(20.0, lambda: both.begin(HEAD + CARBONISE))
    spun = both.run()
    heated = both.result(both.begun[0])
    spin_samples, furnace_samples = open_run(spun.folder).samples, open_run(heated.folder).samples
    assert PV not in spin_samples and f"{HV}.voltage_kv" not in furnace_samples
    assert PV in furnace_samples and f"{HV}.voltage_kv" in spin_samples
    furnace_units = {e["data"]["unit"] for e in events(heated.folder) if e["kind"] == "state"}
    assert furnace_units == {FURNACE}
    began_s = next(e["t_s"] for e in events(heated.folder) if e["kind"] == "state")
    spin_units = {
        e["data"]["unit"] for e in events(spun.folder) if e["kind"] == "state" and e["t_s"] > began_s
    }
    assert spin_units == {"spin"}
    told = {e["data"]["output"] for e in events(heated.folder) if e["kind"] in ("told", "energise")}
    assert told and not told & {HV, *PUMPS}
    identified = {e["data"]["instrument"] for e in events(heated.folder) if e["kind"] == "identity"}
    assert {FURNACE, ARGON, "climate.chamber"} <= identified


def test_an_abort_of_one_leaves_the_other(tmp_path: Path) -> None:
    both = Beside(tmp_path)
    both.spun.at(20.0, lambda: both.begin(HEAD + CARBONISE))
    both.spun.at(600.0, lambda: both.command("abort", lambda: both.begun[0].run_id))
    spun = both.run()
    heated = both.result(both.begun[0])
    assert both.said == {"abort": None}
    assert (spun.ending.outcome, heated.ending.outcome) == ("completed", "aborted")
    assert [on for _, on in changes(both.spun, HV)] == [True, False]
    off_s = changes(both.spun, HV)[-1][0]
    assert off_s > 1200.0
    end_ns = both.spun.lab.scheduler.now_ns
    assert both.spun.lab.hearths[FURNACE].furnace.tube_degc(end_ns) < 66.0


def test_a_door_that_opens_aborts_the_spin_run_and_not_the_furnace(tmp_path: Path) -> None:
    both = Beside(tmp_path)
    lab = both.spun.lab
    both.spun.at(20.0, lambda: both.begin(HEAD + CARBONISE))
    both.spun.at(600.0, lambda: lab.scene.contacts.set(lab.scheduler.now_ns, "door_closed", False))
    spun = both.run()
    heated = both.result(both.begun[0])
    assert (spun.ending.outcome, heated.ending.outcome) == ("aborted", "completed")
    off_s = next(t_s for t_s, on in changes(both.spun, HV) if not on)
    assert 0 < off_s - 600.0 <= both.spun.reaction_s


def test_a_run_waits_until_its_unit_is_free(tmp_path: Path) -> None:
    both = Beside(tmp_path)
    seen: list[object] = []
    both.spun.at(60.0, lambda: both.begin(SPIN.replace('"20 min"', '"1 min"')))
    both.spun.at(100.0, lambda: seen.append(both.begun[0].waits_for))
    spun = both.run()
    second = both.result(both.begun[0])
    assert (spun.ending.outcome, second.ending.outcome) == ("completed", "completed")
    assert seen == [f"spin is with run {spun.folder.name}"]
    first_off, second_on = changes(both.spun, HV)[1], changes(both.spun, HV)[2]
    assert (first_off[1], second_on[1]) == (False, True)
    assert second_on[0] > first_off[0] + 30.0, "the discharge time of the first lies between"


def test_where_two_are_under_way_a_command_says_which_it_means(tmp_path: Path) -> None:
    both = Beside(tmp_path)
    both.spun.at(20.0, lambda: both.begin(HEAD + CARBONISE))
    both.spun.at(500.0, lambda: both.command("hold", lambda: None))
    both.spun.at(510.0, lambda: both.command("stop", lambda: "another"))
    both.spun.at(600.0, lambda: both.command("abort", lambda: None))
    spun = both.run()
    heated = both.result(both.begun[0])
    assert "say which" in str(both.said["hold"]) and "is not under way" in str(both.said["stop"])
    assert both.said["abort"] is None
    assert (spun.ending.outcome, heated.ending.outcome) == ("aborted", "aborted")
    assert changes(both.spun, HV)[-1][0] == pytest.approx(600.0, abs=0.2)
    assert both.spun.lab.devices[FURNACE].output_pct == 0  # type: ignore[attr-defined]


def test_an_interrupt_stops_both_and_waits_for_the_hot_tube(tmp_path: Path) -> None:
    both = Beside(tmp_path)
    furnace = both.spun.lab.hearths[FURNACE].furnace
    tube_degc: list[float] = []
    both.spun.at(20.0, lambda: both.begin(HEAD + CARBONISE))
    both.spun.at(1100.0, lambda: tube_degc.append(furnace.tube_degc(both.spun.lab.scheduler.now_ns)))
    both.spun.at(1100.0, both.host.interrupt)
    spun = both.run()
    heated = both.result(both.begun[0])
    assert (spun.ending.outcome, heated.ending.outcome) == ("stopped", "stopped")
    now_ns = both.spun.lab.scheduler.now_ns
    assert tube_degc[0] > 70.0 and furnace.tube_degc(now_ns) < 66.0
    assert events(heated.folder)[-1]["t_s"] > events(spun.folder)[-1]["t_s"] + 600.0
