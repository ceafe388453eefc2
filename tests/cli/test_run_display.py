"""What a person sees of a run: the panel, the live display, the time to go."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from recipes.catalogue import library_path
from recipes.reader import load_recipe
from recipes.timeline import plan
from rig.bench.capabilities import capabilities
from rig.bench.rigfile import load_rig
from rig.cli.pace import Pace
from rig.cli.panel import UNPROVED, one_line, plain
from rig.cli.progress import LiveDisplay
from rig.cli.sentences import sentence
from tests.cli.making import QUICK

Status = dict[str, Any]


@pytest.fixture
def status() -> Status:
    """A run at 20 kV on its clock."""
    good = {
        "hv.needle.voltage_kv": 20.02, "hv.needle.current_ua": 0.6, "hv.needle.output": 1.0,
        "pumps.a.rate_ml_h": 1.0, "pumps.a.delivered_ml": 1.234, "pumps.a.running": 1.0,
        "current.collector.current_na": 561.2, "climate.chamber.temperature_degc": 22.1,
        "climate.chamber.humidity_pct": 42.9, "inputs.bench.door_closed": 1.0,
    }  # fmt: skip
    phase = {"stage": "clock", "elapsed_s": 3000.0, "duration_s": 14400.0}
    return {
        "run": "r", "state": "Running", "step": "co-deposit", "do": "spin", "steps": 2, "step_index": 0, "t_s": 3661.0,
        "progress": {"units": {"spin": {"state": "Running", "phase": phase}}},
        "remaining_s": 11460.0, "planned_s": 14560.0, "hv_unproved": False, "alarms": 0, "reason": None,
        "questions": [], "labels": {"pumps.a": "pan-pmma"}, "scan_period_s": 0.1,
        "outputs": {
            "hv.needle": {
                "kind": "hv", "wanted": {"on": True, "voltage_kv": 20.0}, "told_on": True, "proved_off": False,
                "discharged": False,
            },
            "pumps.a": {"kind": "pump", "wanted": {"running": True}, "told_on": True},
        },
        "readings": {name: {"value": value, "quality": "good"} for name, value in good.items()},
    }  # fmt: skip


def _lose(status: Status, section: str, quality: str) -> None:
    """Readings of an instrument are not good any more; whatever value came with them must not be shown."""
    for name in status["readings"]:
        if name.startswith(section):
            status["readings"][name] = {"value": 7.77, "quality": quality}


def _row(status: Status, label: str) -> str:
    return next(" ".join(line.split()) for line in plain(status) if line.startswith(label))


def test_the_panel_of_a_good_run(status: Status) -> None:
    assert _row(status, "state") == "state Running co-deposit (spin) 1/2, clock 0:50:00 of 4:00:00"
    assert _row(status, "hv.needle") == "hv.needle 20.02 kV asked 20.00 kV 0.6 µA ON"
    assert _row(status, "pumps.a") == "pumps.a 1 ml/h 1.234 ml delivered running pan-pmma"
    assert _row(status, "chamber") == "chamber 22.1 °C 42.9 %RH"
    assert _row(status, "inputs") == "inputs door_closed: yes"


@pytest.mark.parametrize(("quality", "word"), [("stale", "STALE"), ("bad", "BAD"), ("missing", "not read")])
def test_a_value_that_is_not_good_is_no_number(status: Status, quality: str, word: str) -> None:
    for section in ("hv.", "pumps.", "current.", "climate.", "inputs."):
        _lose(status, section, quality)
    for text in ("\n".join(plain(status)), one_line(status)):
        assert "7.77" not in text
        assert word in text
    assert "asked on, not read back" not in _row(status, "pumps.a")
    assert word in _row(status, "inputs")


def test_voltage_that_is_not_proved_off_is_loud(status: Status) -> None:
    status["outputs"]["hv.needle"]["wanted"] = {"on": False}
    status["hv_unproved"] = True
    text = "\n".join(plain(status))
    assert text.count(UNPROVED) == 2
    assert "keep the door shut" in text
    status["outputs"]["hv.needle"] |= {"proved_off": True, "discharged": False}
    status["hv_unproved"] = False
    assert _row(status, "hv.needle").endswith("off, discharge time runs")
    status["outputs"]["hv.needle"]["discharged"] = True
    assert _row(status, "hv.needle").endswith("off, read back")


def test_a_pump_that_may_still_run_is_loud(status: Status) -> None:
    status["outputs"]["pumps.a"] = {"kind": "pump", "wanted": {"on": False}, "told_on": True}
    assert "NOT KNOWN TO STAND" in _row(status, "pumps.a")


def test_furnace_and_gas_have_their_rows(status: Status) -> None:
    more = {
        "furnace.tube.temperature_degc": 640.2, "furnace.tube.setpoint_degc": 641.0, "furnace.tube.power_pct": 38.0,
        "gas.argon.flow_sccm": 200.0, "oxygen.tube.oxygen_ppm": 12.0,
    }  # fmt: skip
    status["readings"] |= {name: {"value": value, "quality": "good"} for name, value in more.items()}
    assert _row(status, "furnace.tube") == "furnace.tube 640.2 °C set 641.0 °C 38 % power"
    assert _row(status, "gas.argon") == "gas.argon 200 sccm"
    assert "oxygen.tube 12 ppm O2" in one_line(status)
    _lose(status, "furnace.", "stale")
    assert _row(status, "furnace.tube") == "furnace.tube STALE STALE STALE"


def test_a_furnace_at_rest_shows_no_set_point(status: Status) -> None:
    more = {
        "furnace.tube.temperature_degc": 23.0, "furnace.tube.setpoint_degc": 0.0, "furnace.tube.power_pct": 0.0,
        "oxygen.tube.oxygen_ppm": 209_500.0,
    }  # fmt: skip
    status["readings"] |= {name: {"value": value, "quality": "good"} for name, value in more.items()}
    assert _row(status, "furnace.tube") == "furnace.tube 23.0 °C heater off"
    assert _row(status, "oxygen.tube") == "oxygen.tube 20.9 % O2"
    status["readings"]["furnace.tube.power_pct"]["value"] = 3.0
    assert _row(status, "furnace.tube") == "furnace.tube 23.0 °C set 0.0 °C 3 % power"


def test_a_reading_that_rounds_to_nothing_has_no_sign(status: Status) -> None:
    status["readings"]["current.collector.current_na"]["value"] = -0.04
    assert _row(status, "current") == "current 0.0 nA"
    status["readings"]["current.collector.current_na"]["value"] = -0.06
    assert _row(status, "current") == "current -0.1 nA"


def test_of_many_inputs_those_that_are_not_healthy_are_named(status: Status) -> None:
    for name in ("exhaust_ok", "emergency_stop_ok"):
        status["readings"][f"inputs.bench.{name}"] = {"value": 1.0, "quality": "good"}
    assert _row(status, "inputs") == "inputs all 3 healthy"
    status["readings"]["inputs.bench.door_closed"]["value"] = 0.0
    status["readings"]["inputs.bench.exhaust_ok"] = {"value": 1.0, "quality": "stale"}
    assert _row(status, "inputs") == "inputs door_closed: NO exhaust_ok: STALE 1 of 3 healthy"


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        (
            {"stage": "ramping", "segment": 2, "of": 3, "elapsed_s": 0.0, "duration_s": 60.0},
            "segment 2 of 3, ramping",
        ),
        ({"stage": "purging", "flowed_l": 12.34, "needed_l": 43.24}, "purging 12.3 of 43.2 l"),
        ({"stage": "cooling", "below_degc": 60.0}, "cooling to below 60 °C"),
    ],
)
def test_the_stages_of_the_furnace_say_how_far_they_are(status: Status, phase: Status, words: str) -> None:
    status["progress"]["units"] = {"furnace.tube": {"state": "Running", "phase": phase}}
    assert _row(status, "state").endswith(words)


def test_what_the_furnace_does_is_said() -> None:
    assert sentence("soak", {"step": "stabilise", "segment": 1, "in_band_s": 9000.0}) == (
        "info",
        "stabilise: soak served, 150.0 min inside the band",
    )
    assert sentence("purge-proof", {"step": "purge", "method": "measured", "flowed_l": 44.25}) == (
        "info",
        "purge: purge proved (measured) after 44.2 l",
    )
    # The ramp of the high voltage is a stage of the same name, and no news.
    assert sentence("stage", {"step": "co-deposit", "stage": "ramping"}) is None
    assert sentence("stage", {"step": "stabilise", "stage": "ramping", "segment": 1}) == (
        "info",
        "stabilise: the furnace ramps",
    )


def test_nothing_ever_says_that_opening_is_safe(status: Status) -> None:
    for proved, discharged in ((False, False), (True, False), (True, True)):
        status["outputs"]["hv.needle"] |= {
            "wanted": {"on": False},
            "proved_off": proved,
            "discharged": discharged,
        }
        assert not re.search(r"safe|open", "\n".join(plain(status)), re.IGNORECASE)


# The live display


class Hand:
    """A clock moved by hand."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def _display(speed: float | None, clock: Hand) -> LiveDisplay:
    console = Console(file=StringIO(), width=80, height=24, force_terminal=False)
    return LiveDisplay("Quick spin", speed, True, None, lambda: False, console, clock)


def _drawn(display: LiveDisplay) -> str:
    with display.console.capture() as captured:
        display.console.print(display.render())
    return captured.get()


def test_the_display_fits_80_columns_and_says_what_matters(status: Status) -> None:
    display = _display(1.0, Hand())
    display.progress(status)
    text = _drawn(display)
    assert all(len(line) <= 80 for line in text.splitlines())
    for words in (
        "20.02 kV",
        "asked 20.00 kV",
        "ON",
        "1.234 ml",
        "561.2 nA",
        "42.9 %RH",
        "1 h 1 min gone, 3 h 11 min to go",
    ):
        assert words in text
    assert len(text.splitlines()) <= 10


def test_values_are_withheld_when_no_scan_comes(status: Status) -> None:
    clock = Hand()
    display = _display(1.0, clock)
    display.progress(status)
    clock.now_s += 1.5
    assert "20.02 kV" in _drawn(display)
    clock.now_s += 1.0
    text = _drawn(display)
    assert "NO SCAN FOR 2 s" in text
    assert "20.02" not in text
    display.progress(status)
    assert "20.02 kV" in _drawn(display)


def test_an_open_question_shows_the_command_that_answers_it(status: Status) -> None:
    display = _display(1.0, Hand())
    status["questions"] = [{"step": "transfer", "key": "mat_mass", "text": "Weigh it.", "kind": "quantity"}]
    display.progress(status)
    assert "answer with: spinrig answer transfer.mat_mass" in _drawn(display)


def test_a_trip_is_said_with_what_to_do() -> None:
    data = {
        "tag": "door",
        "title": "Chamber door open",
        "text": "The chamber door is open.",
        "what_to_do": "Earth it.",
    }
    assert sentence("trip", data) == (
        "alarm",
        "TRIP door: Chamber door open: The chamber door is open. Earth it.",
    )
    assert sentence("samples", {}) is None


def test_the_time_to_go_counts_down_through_a_spin_step() -> None:
    recipe, _ = load_recipe(QUICK)
    assert recipe is not None
    timeline = plan(recipe, capabilities(load_rig(None)[0]))
    pace, s = Pace(timeline), 1_000_000_000
    seen = []

    def left(t_s: float, stage: str, **more: float) -> float:
        unit = {"state": "Running", "phase": {"stage": stage, **more}}
        found = pace.as_dict(round(t_s * s), {"units": {"spin": unit}})["remaining_s"]
        assert isinstance(found, float)
        return found

    pace.on_event("step", {"id": "co-deposit", "do": "prime", "phase": "started"}, 3 * s)
    seen += [left(3, "priming"), left(13, "priming")]
    pace.on_event("step", {"id": "co-deposit", "do": "spin", "phase": "started"}, 24 * s)
    pace.on_event("stage", {"stage": "starting"}, 25 * s)
    pace.on_event("stage", {"stage": "ramping"}, 26 * s)
    seen.append(left(35, "ramping"))
    pace.on_event("stage", {"stage": "checking"}, 45 * s)
    seen.append(left(75, "checking"))
    pace.on_event("stage", {"stage": "clock"}, 105 * s)
    seen += [
        left(105, "clock", elapsed_s=0.0, duration_s=120.0),
        left(205, "clock", elapsed_s=100.0, duration_s=120.0),
    ]
    assert seen[0] == pytest.approx(timeline.total_s)
    assert seen[0] - seen[1] == pytest.approx(10.0)
    assert seen[2] == pytest.approx(10 + 60 + 120 + 3 + 4 + 0.3 + 30)
    assert seen[3] == pytest.approx(30 + 120 + 37.3)
    assert seen[4] - seen[5] == pytest.approx(100.0)
    stopping = pace.as_dict(300 * s, {"units": {"spin": {"state": "Stopping", "phase": {"stage": "ending"}}}})
    assert stopping["remaining_s"] is None


def test_the_time_to_go_counts_down_through_a_heat_step() -> None:
    recipe, _ = load_recipe(library_path("tio2-pcnf"))
    assert recipe is not None
    timeline = plan(recipe, capabilities(load_rig(None)[0]))
    pace, s = Pace(timeline), 1_000_000_000
    pace.on_event("step", {"id": "carbonise", "do": "heat", "phase": "started"}, 100 * s)
    pace.on_event("stage", {"stage": "ramping", "segment": 1}, 101 * s)
    units = {"furnace.tube": {"state": "Running", "phase": {"stage": "ramping", "segment": 1, "of": 1}}}
    seen = [pace.as_dict(t_s * s, {"units": units})["remaining_s"] for t_s in (100, 10_100)]
    assert seen[0] - seen[1] == pytest.approx(10_000.0)
    last = timeline.entries[-1].duration_s
    late = pace.as_dict(100_000 * s, {"units": units})["remaining_s"]
    assert late == pytest.approx(last), "never less than what comes after"
