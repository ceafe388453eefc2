"""What is generated: every step kind, every fault kind that can be brought about, and the same for the same seed."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recipes.steps import STEP_KINDS
from rig.bench.faults import KINDS, LINE, Fault
from rig.bench.rigfile import load_rig
from rig.proving.case import COMMANDS, SIGNAL, BadCase, Case, Deed, Mishap, Person, read_case
from rig.proving.draw import draw, read_parts
from rig.proving.happenings import NOT_BUILT, targets
from rig.proving.rigs import MODELS, demo_text, rig_plan
from rig.proving.shrink import shrink
from rig.proving.trial import HOT, LIVE, Trial, try_case
from rig.simulation.faults import CannotFail, FaultPlan
from tests.end_to_end.spinning import Spinning
from tests.proving.sabotage import SPIN, Sabotage, rig_text


@pytest.fixture(scope="module")
def drawn() -> list[Case]:
    """Many cases, drawn and not run."""
    return [draw(seed).case for seed in range(600)]


def test_every_step_kind_and_every_form_of_it_comes(drawn: list[Case]) -> None:
    recipes = [read_parts(case).recipe for case in drawn]
    steps = [step for recipe in recipes for step in recipe.steps]
    assert {step.do for step in steps} == set(STEP_KINDS)
    assert {len(step.segments) for step in steps if step.do == "heat"} == {1, 2}  # type: ignore[union-attr]
    assert {len(step.streams) for step in steps if step.do == "spin"} == {1, 2}  # type: ignore[union-attr]
    starts = Counter(table for case in drawn for table in tomllib.loads(case.start))
    assert {"furnace", "hv", "pumps", "gas"} <= set(starts)


def test_one_in_a_hundred_has_full_length(drawn: list[Case]) -> None:
    full = [case for case in drawn if case.length_s > 10 * 3600]
    assert 1 <= len(full) <= 20
    others = [case.length_s for case in drawn if case not in full]
    assert max(others) <= 2400.0


def test_rigs_differ(drawn: list[Case]) -> None:
    benches = [read_parts(case).bench for case in drawn]
    assert {furnace.model for bench in benches for furnace in bench.furnaces.values()} == set(MODELS)
    assert {len(bench.hv) for bench in benches} == {0, 1, 2}
    assert {len(bench.pumps) for bench in benches} == {0, 1, 2}
    assert {hv.polarity for bench in benches for hv in bench.hv.values()} == {-1, 1}
    assert len({hv.limit_kv for bench in benches for hv in bench.hv.values()}) >= 4
    assert {bool(bench.furnaces) for bench in benches} == {True, False}


def test_everything_that_can_befall_a_run_does(drawn: list[Case]) -> None:
    struck = {
        (one.on.partition(".")[0], one.kind.partition(" ")[0]) for case in drawn for one in case.mishaps
    }
    wanted = {
        (section, kind)
        for section, kinds in KINDS.items()
        for kind in kinds
        if kind not in NOT_BUILT.get(section, ())
    }
    assert wanted <= struck
    assert {("pumps", kind) for kind in LINE} <= struck
    assert {deed.what for case in drawn for deed in case.deeds} == {*COMMANDS, SIGNAL}
    assert max(len(case.mishaps) for case in drawn) >= 4
    assert {case.person.wrong for case in drawn} == {0, 1, 2}
    assert any(case.person.late_s > 10 for case in drawn)
    assert {case.person.attests for case in drawn} == {True, False}


def test_most_faults_are_placed_where_something_is_at_stake(drawn: list[Case]) -> None:
    mishaps = [one for case in drawn for one in case.mishaps]
    staged = Counter(one.stage for one in mishaps)
    assert sum(staged.values()) - staged[""] > 0.7 * len(mishaps)
    assert {"ramping", "checking", "clock", "ending", "soaking", "cooling"} <= set(staged)
    opened = Counter(one.kind.partition(" ")[2] for one in mishaps if one.kind.startswith("open "))
    assert opened["door_closed"] > len(drawn) / 20
    assert sum(one.on == "controller" for one in mishaps) > len(drawn) / 8
    assert sum(len(case.mishaps) > 1 for case in drawn) > len(drawn) / 2


def test_faults_do_strike_while_high_voltage_is_live_or_the_tube_hot() -> None:
    stakes = [try_case(draw(seed, brief=True).case).stakes for seed in range(200, 216)]
    assert sum(bool(one) for one in stakes) >= 8
    assert {LIVE, HOT} <= frozenset().union(*stakes)


def test_a_fault_and_a_deed_count_from_their_stage(tmp_path: Path) -> None:
    door = Mishap("inputs.bench", "open door_closed", 1.5, step="spin", stage="clock")
    trial = Sabotage(tmp_path, mishaps=(door,))
    seen: dict[str, float] = {}
    trial.session.watch(lambda kind, data, t_ns: seen.setdefault(str(data.get("stage", kind)), t_ns / 1e9))
    verdict = trial.run()
    assert (verdict.outcome, verdict.trips[0], verdict.stakes) == ("aborted", "door", {LIVE})
    assert seen["clock"] + 1.5 <= seen["trip"] < seen["clock"] + 2.0
    hold = Deed(2.0, "hold", "spin", "ramping")
    held = Trial(replace(trial.case, mishaps=(), deeds=(hold,)), tmp_path / "held")
    seen = {}
    held.session.watch(lambda kind, data, t_ns: seen.setdefault(str(data.get("stage", kind)), t_ns / 1e9))
    held.run()
    assert seen["command"] == pytest.approx(seen["ramping"] + 2.0)


def test_what_is_said_not_to_be_built_is_not_and_all_else_is(tmp_path: Path) -> None:
    spun = Spinning(tmp_path)

    def can(on: str, kind: str, channel: str | None = None) -> bool:
        try:
            one = Fault(on, kind, 1.0, None, 0.0, None, channel)
            FaultPlan(spun.lab, spun.session.drive, [one], spun.session.host)
        except CannotFail:
            return False
        return True

    for section, kinds in NOT_BUILT.items():
        assert [kind for kind in kinds if can(section, kind)] == []
    bench = load_rig(None)[0]
    for on, words in targets(bench):
        kind, _, channel = words.partition(" ")
        on = on if not on.startswith("needles.") else f"needles.{on.partition('.')[2]}"
        assert can(on, kind, channel or None), f"{kind} on {on}"
    spun.lab.close()


def test_the_same_seed_gives_the_same_case_and_the_same_run() -> None:
    assert draw(77, brief=True) == draw(77, brief=True)
    one, other = (try_case(draw(77, brief=True).case) for _ in range(2))
    assert one == other


def test_a_rig_of_ones_own() -> None:
    text = demo_text().replace('"Demonstration bench"', '"My bench"')
    case = draw(3, brief=True, rig_text=text).case
    assert case.rig == text
    plan = rig_plan(text)
    assert (plan.voltages_kv, plan.mounts, plan.furnace, plan.argon_sccm) == ((25.0, 25.0), 2, True, 2000.0)


def test_a_rig_that_no_recipe_fits_is_said() -> None:
    text = demo_text().replace('limits = { voltage = "25 kV"', 'limits = { voltage = "50 kV"')
    with pytest.raises(BadCase, match="refused"):
        draw(3, brief=True, rig_text=text)


def test_a_case_is_written_and_read_again(tmp_path: Path) -> None:
    case = next(case for case in (draw(seed).case for seed in range(100)) if case.mishaps and case.deeds)
    case.write(tmp_path / "case.json", ["invariant 1"])
    assert read_case(tmp_path / "case.json") == case


@pytest.mark.parametrize(
    "text", ["", "[]", '{"format": 99}', '{"format": 1, "seed": 1}', '{"format": 1, "person": 3}']
)
def test_a_file_that_is_no_case_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "case.json").write_text(text)
    with pytest.raises(BadCase, match="no replay file"):
        read_case(tmp_path / "case.json")


def test_what_does_not_matter_is_shrunk_away() -> None:
    door = Mishap("inputs.bench", "open door_closed", 30.0)
    others = tuple(Mishap("pumps.a", kind, 10.0, 1.0) for kind in ("late", "silent", "garble"))
    more = SPIN + '\n[[steps]]\nid = "rest"\ndo = "wait"\nduration = "20 s"\n'
    case = Case(
        1, rig_text(), more, '[hv.needle]\nvoltage = "5 kV"\n', 200.0,
        mishaps=(*others, door), deeds=(Deed(3.0, "hold"), Deed(9.0, "resume")), person=Person(3.0, 1),
    )  # fmt: skip
    tried: list[Any] = []

    def fails(candidate: Case) -> bool:
        tried.append(candidate)
        return door in candidate.mishaps

    small = shrink(case, fails)
    assert (small.mishaps, small.deeds, small.person, small.start) == ((door,), (), Person(), "")
    assert "rest" not in small.recipe and 'do = "spin"' in small.recipe
    assert len(tried) < 40
