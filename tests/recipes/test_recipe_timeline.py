"""How long a recipe takes, on no rig and on one whose numbers are known."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from recipes.capabilities import Capabilities, FurnaceCapability, HvCapability, PumpCapability
from recipes.catalogue import library_path
from recipes.model import Recipe
from recipes.reader import load_recipe, read_recipe
from recipes.timeline import Entry, Timeline, duration_text, plan

RIG = Capabilities(
    "Bench 1",
    hv=(HvCapability("needle", max_kv=25, polarity="+", ramp_kv_s=0.5, ramp_down_kv_s=4, discharge_s=45),),
    furnaces=(
        FurnaceCapability(
            "tube", max_degc=1100, max_ramp_degc_min=10, tube_volume_l=3, cooling_s=3000, lag_s=240
        ),
    ),
)


def recipe(id: str) -> Recipe:
    found, problems = load_recipe(library_path(id))
    assert found is not None, problems
    return found


def phases(entry: Entry) -> dict[str, float]:
    return {phase.name: phase.duration_s for phase in entry.phases}


def test_the_spin_part_without_a_rig_uses_the_defaults_and_says_so() -> None:
    timeline = plan(recipe("tio2-pcnf-spin"))
    spin, transfer = timeline.entries
    parts = phases(spin)
    assert parts.pop("prime") == pytest.approx(0.0502 / 10 * 3600, abs=0.05)
    assert parts == {
        "ramp up": 20.0,
        "jet check": 60.0,
        "clock": 14400.0,
        "draw off": 3.0,
        "ramp down": 4.0,
        "proof": 0.3,
        "discharge": 30.0,
    }
    assert timeline.rig is None and spin.estimate
    assert any("defaults" in note for note in timeline.notes)
    assert (transfer.do, transfer.duration_s, transfer.start_s) == ("prompt", 0.0, spin.duration_s)
    assert timeline.total_s == pytest.approx(14535.4, abs=0.1)


def test_the_spin_part_on_a_rig_uses_its_ramps_and_discharge_time() -> None:
    timeline = plan(recipe("tio2-pcnf-spin"), RIG)
    spin = timeline.entries[0]
    parts = phases(spin)
    assert (parts["ramp up"], parts["ramp down"], parts["discharge"]) == (40.0, 5.0, 45.0)
    assert timeline.rig == "Bench 1" and not spin.estimate and timeline.notes == ()


def test_volumes_of_each_stream() -> None:
    timeline = plan(recipe("tio2-pcnf-spin"), RIG)
    assert [(volume.stream_id, volume.clock_ml) for volume in timeline.volumes] == [
        ("pan-pmma", 4.0),
        ("tio2", 4.0),
    ]
    expected = 4.0 + (40 + 60) / 3600 + 0.0502
    assert timeline.solution_ml()["tio2"] == pytest.approx(expected, abs=1e-3)


def test_the_furnace_part_follows_from_ramps_lag_cooling_and_flow() -> None:
    timeline = plan(recipe("tio2-pcnf"), RIG)
    entries = {entry.step_id: entry for entry in timeline.entries}
    stabilise = phases(entries["stabilise"])
    assert stabilise["ramp"] == pytest.approx((280 - 23) / 5 * 60)
    assert stabilise["settle"] == pytest.approx(
        240 * math.log(20 / 5), rel=1e-3
    )  # 5 degC/min x 4 min behind, 5 degC band
    assert stabilise["soak"] == 9000.0
    assert entries["cool-in-air"].duration_s == pytest.approx(3000 * math.log((280 - 23) / (60 - 23)))
    assert phases(entries["purge"]) == {"flow": pytest.approx(2 * 3 * math.log(2095) * 60), "hold": 60.0}
    purged_degc = 23 + 37 * math.exp(-entries["purge"].duration_s / 3000)  # it goes on cooling
    assert phases(entries["carbonise"])["ramp"] == pytest.approx((800 - purged_degc) / 2 * 60)
    assert entries["cool"].duration_s == pytest.approx(3000 * math.log((800 - 23) / (60 - 23)))
    assert not any(entry.estimate for entry in timeline.entries)
    starts = [entry.start_s for entry in timeline.entries]
    ends = [entry.start_s + entry.duration_s for entry in timeline.entries]
    assert starts[1:] == pytest.approx(ends[:-1])
    assert timeline.total_s == pytest.approx(ends[-1])


def test_a_soak_counts_from_where_the_furnace_comes_into_the_band() -> None:
    quick = replace(RIG, furnaces=(replace(RIG.furnaces[0], lag_s=4),))
    entries = {entry.step_id: entry for entry in plan(recipe("tio2-pcnf-gentle"), quick).entries}
    first, settle, soak, second, *_ = (phase.duration_s for phase in entries["stabilise"].phases)
    # Without a soak the first ramp is left at 175 degC, 4 s of lag later; the second one goes on from there.
    assert first == pytest.approx((175 - 23) / 5 * 60 + 4, abs=0.1)
    assert (settle, soak) == (0.0, 0.0)
    assert second == pytest.approx(105 * 60, abs=30)
    whole_s = first + (275 - 175) * 60 + 9000
    assert entries["stabilise"].duration_s == pytest.approx(whole_s, abs=30)
    assert entries["stabilise"].furnace_degc == pytest.approx(280)


def test_unknown_time_constants_make_estimates() -> None:
    bare = Capabilities("bare", hv=RIG.hv, furnaces=(FurnaceCapability("tube", 1100, 10, tube_volume_l=3),))
    estimates = {entry.step_id for entry in plan(recipe("tio2-pcnf"), bare).entries if entry.estimate}
    assert estimates == {"stabilise", "cool-in-air", "carbonise", "cool"}


def test_a_prime_step_replaces_the_implied_one_and_purge_by_volumes() -> None:
    text = """format = 1
name = "t"
[solutions.a]
solvents = [{ name = "DMF" }]
[[steps]]
id = "fill"
do = "prime"
volume = "0.5 ml"
rate = "30 ml/h"
[[steps]]
id = "spin"
do = "spin"
duration = "30 min"
voltage = "-10 kV"
distance = "15 cm"
needle = { gauge = "21 G" }
[[steps.streams]]
solution = "a"
mode = "electrospin"
rate = "2 ml/h"
[[steps]]
id = "rest"
do = "wait"
duration = "10 min"
[[steps]]
id = "dry"
do = "dry"
to = "73 degC"
duration = "2 h"
[[steps]]
id = "purge"
do = "purge"
gas = "argon"
flow = "500 sccm"
until = { volumes = 10 }
[[steps]]
id = "cool"
do = "cool"
atmosphere = "argon"
below = "20 degC"
"""
    found, problems = read_recipe(text, "t")
    assert found is not None, problems
    timeline = plan(found, RIG)
    fill, spin, rest, dry, purge, cool = timeline.entries
    assert (fill.duration_s, rest.duration_s) == (60.0, 600.0)
    assert "prime" not in phases(spin)
    assert timeline.volumes[0].total_ml == pytest.approx(0.5 + 1.0 + 2 * 70 / 3600)
    assert spin.estimate and any("defaults" in note for note in timeline.notes)  # no supply here holds -10 kV
    assert phases(dry) == {"ramp": 300.0, "dry": 7200.0}
    assert phases(purge)["flow"] == 10 * 3000 / 500 * 60
    assert cool.estimate and any("hardly gets below 20 °C" in note for note in timeline.notes)


def test_rows_and_plain_data() -> None:
    timeline = plan(recipe("tio2-pcnf"), RIG)
    rows = timeline.rows()
    assert len(Timeline.COLUMNS) == len(rows[0])
    assert rows[0][:4] == ("co-deposit", "spin", "0 s", "4 h 3 min")
    assert rows[1][3] == "a person"
    assert rows[2][4] == "5 °C/min to 280 °C in air, soak 2.5 h"
    data = timeline.as_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["entries"][0]["phases"][1] == {"name": "ramp up", "duration_s": 40.0}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.3, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (250, "4 min 10 s"),
        (14535, "4 h 2 min"),
        (86400, "1 d"),
        (97300, "1 d 3 h"),
    ],
)
def test_durations_as_people_say_them(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_capabilities_answer_simple_questions() -> None:
    supply = RIG.hv[0]
    assert supply.can_hold(25) and supply.can_hold(0)
    assert not supply.can_hold(25.1) and not supply.can_hold(-5)
    assert HvCapability("b", 10, polarity="-").can_hold(-10) and HvCapability(
        "c", 10, polarity="both"
    ).can_hold(-10)
    pump = PumpCapability("a", min_speed_cm_h=0.004205, max_speed_cm_min=5.1005)
    assert pump.min_rate_ml_h(14.43) == pytest.approx(0.00688, rel=1e-2)
    assert pump.max_rate_ml_h(14.43) == pytest.approx(500.5, rel=1e-2)
