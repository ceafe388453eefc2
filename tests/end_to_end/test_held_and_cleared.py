"""A hold that a condition raised: cause gone, clear, resume, in this order, and the alarm's states on the way."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from rig.readings import NS
from rig.records.verify import verify_run
from tests.end_to_end.quick import HV, changes, states
from tests.end_to_end.spinning import Spinning, fault
from tests.end_to_end.test_station_air import windowed

pytestmark = pytest.mark.timeout(120)

TAG = "humidity-hold:climate.chamber"
CLIMATE = "climate.chamber"


class Held:
    """Moist air from 30 s after the clock began; what was said and seen so long after the station was held."""

    def __init__(self, runs: Path, *words: tuple[float, str], humid_s: float = 300.0) -> None:
        moist = fault(CLIMATE, "humid", step="co-deposit", after_s=120.0, duration_s=humid_s)
        self.spun = Spinning(runs, windowed("hold", 20, 55), faults=[moist])
        self.host = self.spun.session.host
        self.said: dict[tuple[float, str], str | None] = {}
        self.allowed: dict[float, list[str]] = {}
        self.state: dict[float, str] = {}
        self.on: dict[float, bool] = {}
        for delay_s, word in words:
            self.spun.after("state", delay_s, lambda s=delay_s, w=word: self.say(s, w), to="Held")

    def say(self, delay_s: float, word: str) -> None:
        if word == "ack":
            self.said[delay_s, word] = self.host.orders.alarm("ack", {"tag": TAG}, "Ada")
        elif word != "look":
            self.said[delay_s, word] = self.host.command(word, None, "Ada")
        status: dict[str, Any] = self.host.status()
        self.allowed[delay_s], self.state[delay_s] = status["allowed"], status["state"]
        self.on[delay_s] = self.spun.outputs.on(HV)

    def alarm_states(self) -> list[tuple[str, str]]:
        found = [data for _, data in self.spun.found("alarm-state", tag=TAG)]
        assert all(one["to"] == two["from"] for one, two in pairwise(found))
        return [(data["to"], data["by"]) for data in found]


def test_cause_gone_cleared_resumed_completed(tmp_path: Path) -> None:
    held = Held(
        tmp_path,
        (5.0, "resume"), (6.0, "clear"), (7.0, "ack"),
        (600.0, "resume"), (601.0, "clear"), (602.0, "look"), (603.0, "clear"), (660.0, "resume"),
    )  # fmt: skip
    result = held.spun.run()
    said = held.said
    # While it is moist neither goes, and each says what of.
    still = said[5.0, "resume"]
    assert still is not None
    assert still.startswith(
        f"not resumed: {TAG} is tripped and its cause is still there: The chamber's humidity is "
    )
    against = said[6.0, "clear"]
    assert against is not None and against.startswith(f"not cleared, its cause is still there: {TAG}: ")
    assert said[7.0, "ack"] is None
    # The air is back: it stays latched until it is cleared, and clearing starts nothing.
    assert said[600.0, "resume"] == f"not resumed: {TAG} is latched and its cause is gone: clear it first"
    assert said[601.0, "clear"] is None
    assert "clear" in held.allowed[600.0] and "clear" not in held.allowed[602.0]
    assert {held.state[t] for t in (600.0, 601.0, 602.0)} == {"Held"} and not held.on[602.0]
    assert str(said[603.0, "clear"]).startswith("spin is Held: it does not take 'clear' now")
    assert said[660.0, "resume"] is None
    assert held.alarm_states() == [("B", "system"), ("C", "Ada"), ("F", "system"), ("A", "Ada")]
    assert states(held.spun) == [
        "Starting", "Running", "Holding", "Held", "Restarting", "Running", "Completing", "Complete", "Idle",
    ]  # fmt: skip
    assert [on for _, on in changes(held.spun, HV)] == [True, False, True, False]
    assert result.ending.outcome == "completed"
    assert [data for _, data in held.spun.found("cleared")] == [{"unit": "spin", "tags": [TAG], "by": "Ada"}]
    assert verify_run(result.folder).status == "good"


def test_cleared_without_an_acknowledgement(tmp_path: Path) -> None:
    held = Held(tmp_path, (600.0, "clear"), (600.0, "resume"))
    assert held.spun.run().ending.outcome == "completed"
    assert held.said == {(600.0, "clear"): None, (600.0, "resume"): None}
    assert held.alarm_states() == [("B", "system"), ("E", "system"), ("A", "Ada")]


def test_the_window_is_looked_at_while_held(tmp_path: Path) -> None:
    """The trip's cause is gone when the air is back by its dead band, not when the step stopped spinning."""
    held = Held(tmp_path, (600.0, "stop"))
    lab, air = held.spun.lab, list[float]()
    held.spun.after(
        "alarm-state",
        0.0,
        lambda: air.append(lab.scene.chamber.humidity_pct(lab.scheduler.now_ns)),
        tag=TAG,
        to="E",
    )
    held.spun.run()
    at_ns = held.spun.first("state", to="Held")
    (gone_ns,) = [t_ns for t_ns, data in held.spun.found("alarm-state", tag=TAG) if data["to"] == "E"]
    assert gone_ns - at_ns > 30 * NS
    assert air == [pytest.approx(53.0, abs=1.0)]


def test_a_second_time_it_holds_again(tmp_path: Path) -> None:
    """Cleared and resumed while the air is inside; the next time it leaves, it is a new trip."""
    held = Held(tmp_path, (600.0, "clear"), (601.0, "resume"))
    lab = held.spun.lab
    held.spun.after("state", 780.0, lambda: lab.scene.chamber.humid(lab.scheduler.now_ns, True), to="Held")
    held.spun.after("state", 1200.0, lambda: held.host.command("stop", None, "Ada"), to="Held")
    held.spun.run()
    assert len(held.spun.found("trip", tag=TAG)) == 2
    assert len(held.spun.found("state", to="Held")) == 2
