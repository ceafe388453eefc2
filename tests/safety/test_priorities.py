"""The rule by which priorities come about, and the split it makes of a rig's alarms."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from rig.bench.model import Bench
from rig.bench.rigfile import load_rig
from rig.cli.alarms_table import markdown
from rig.engine.alarms_of import alarms_of
from rig.safety.alarms import RANK, AlarmDefinition
from rig.safety.priorities import MOST, RESPOND_S, RULE, AtRisk, Priority, Respond, priority_of

FULL = Path(__file__).parents[1] / "bench" / "full_rig.toml"
RIGS = [None, FULL]

HIGHEST = {
    "furnace-exhaust",  # LEAVE THE ROOM
    "furnace-exhaust-unread",
    "hv-unproved",
    "supply-live",
    "supply-charged",
    "supply-dark",
    "internal-error",
}
"""What the safety rules call highest or loud, and the program itself being broken."""


def declared(rig: Path | None) -> list[AlarmDefinition]:
    bench: Bench = load_rig(rig)[0]
    return alarms_of(bench)


@pytest.mark.parametrize("at_risk", list(AtRisk))
def test_less_time_never_ranks_lower(at_risk: AtRisk) -> None:
    ranks = [RANK[priority_of(at_risk, respond)] for respond in Respond]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("respond", list(Respond))
def test_more_at_risk_never_ranks_lower(respond: Respond) -> None:
    ranks = [RANK[priority_of(at_risk, respond)] for at_risk in AtRisk]
    assert ranks == sorted(ranks, reverse=True)


def test_the_rule_is_whole_and_only_a_person_in_danger_now_is_highest() -> None:
    assert set(RULE) == set(AtRisk) and all(len(row) == len(Respond) for row in RULE.values())
    highest = [(a, r) for a in AtRisk for r in Respond if priority_of(a, r) is Priority.HIGHEST]
    assert highest == [(AtRisk.PERSON, Respond.AT_ONCE)]
    # Nobody has to hurry where nothing more comes of it.
    assert {priority_of(AtRisk.NOTHING, respond) for respond in Respond} == {Priority.LOW}
    times = [RESPOND_S[respond] or float("inf") for respond in Respond]
    assert all(sooner < later for sooner, later in pairwise(times))


@pytest.mark.parametrize("rig", RIGS)
def test_the_split_keeps_to_its_bounds(rig: Path | None) -> None:
    found = declared(rig)
    counts = Counter(one.priority for one in found)
    shares = {priority: counts[priority] / len(found) for priority in Priority}
    assert {p: share for p, share in shares.items() if share > MOST[p]} == {}
    assert shares[Priority.LOW] > 0.5
    assert sum(counts.values()) == len(found) > 70


@pytest.mark.parametrize("rig", RIGS)
def test_what_the_safety_rules_call_highest_is_and_nothing_else(rig: Path | None) -> None:
    found = {one.tag.partition(":")[0] for one in declared(rig) if one.priority is Priority.HIGHEST}
    # A rig without a furnace exhaust input has no alarm of it.
    assert found == HIGHEST & {one.tag.partition(":")[0] for one in declared(rig)}
    if rig is None:
        assert found == HIGHEST


def test_a_trip_after_which_everything_is_off_and_nobody_hurries_is_low() -> None:
    priorities = {one.tag.partition(":")[0]: one.priority for one in declared(None)}
    for tag in ("supply-fault", "pump-stopped", "door-unread", "sensor-break", "step-failed", "lease-lapsed"):
        assert priorities[tag] is Priority.LOW, tag


def test_the_page_says_the_rule_and_the_counts() -> None:
    found = declared(None)
    counts = Counter(one.priority for one in found)
    page = markdown(found)
    assert "| person | ■ X highest | ▲ H high | ● M medium | ● M medium |" in page
    assert f"This rig has {len(found)} alarms: {counts[Priority.HIGHEST]} highest (" in page
    assert f", {counts[Priority.LOW]} low (" in page
