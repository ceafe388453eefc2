"""The emergency stop while nothing is live, a thermocouple alarm that somebody clears, and people sent to a hot tube:
what the emulated instruments did (safety rules 4 and 8)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rig.engine.questions import Question
from rig.readings import NS
from tests.end_to_end.furnace_runs import ARGON, CARBONISE, FURNACE, Heating
from tests.end_to_end.quick import HV, PUMPS, QUICK, changes, states
from tests.end_to_end.spinning import Spinning, demo_text, fault

pytestmark = pytest.mark.timeout(300)

INPUTS = "inputs.bench"
STOP = "emergency_stop_ok"
COOLING = 'thermal = { cooling = "50 min", lag = "4 s" }'
SHORT = QUICK.replace('duration = "3 min"', 'duration = "10 s"')


class Open:
    """Every question gets its default, but this one stays open."""

    can_attest = False

    def __init__(self, key: str) -> None:
        self._key = key

    def provide(self, question: Question) -> Any:
        return None if question.key == self._key else question.default()


def contact(spun: Spinning, channel: str, good: bool) -> None:
    spun.lab.scene.contacts.set(spun.lab.scheduler.now_ns, channel, good)


# The emergency stop


@pytest.mark.parametrize("how", ["pressed", "unread"])
def test_an_emergency_stop_before_anything_is_live_is_not_forgotten(tmp_path: Path, how: str) -> None:
    """The step waits for its door, pumps at rest, nothing on; pressed, released, door shut: nothing starts."""
    spun = Spinning(tmp_path, SHORT)
    fail = partial(contact, spun, STOP) if how == "pressed" else None
    wire = spun.lab.wire_of(INPUTS)

    def stop(good: bool) -> None:
        if fail is not None:
            fail(good)
        else:
            wire.set_fault("silent", not good)

    times: dict[str, float] = {}

    def press() -> None:
        times["pressed"] = spun.lab.scheduler.now_ns / NS
        assert not spun.outputs.on(HV) and not any(map(spun.outputs.on, PUMPS))
        stop(False)

    spun.after("answer", -0.0, partial(contact, spun, "door_closed", False), key="wiped")
    spun.after("answer", 20.0, press, key="wiped")
    spun.after("answer", 40.0, partial(stop, True), key="wiped")
    spun.after("answer", 60.0, partial(contact, spun, "door_closed", True), key="wiped")
    result = spun.run()
    pressed_s = times["pressed"]
    assert changes(spun, HV) == [], "no voltage, ever"
    assert [t for pump in PUMPS for t, _ in changes(spun, pump) if t > pressed_s] == []
    tag = "emergency-stop" if how == "pressed" else "emergency-stop-unread"
    (trip_ns,) = [t_ns for t_ns, _ in spun.found("trip", tag=tag)]
    assert 0 <= trip_ns / NS - pressed_s <= (1.1 if how == "pressed" else 4.0)
    assert states(spun)[-2:] == ["Aborting", "Aborted"], "latched: it stays there"
    assert result.ending.outcome == "aborted"
    assert str(result.ending.reason).startswith(f"{tag}:")


def test_an_emergency_stop_while_held_ends_the_hold_for_good(tmp_path: Path) -> None:
    """Held, discharged, everything off: pressed and released; there is nothing left that could be resumed."""
    spun = Spinning(tmp_path, QUICK)
    host = spun.session.host
    spun.after("clock", 5.0, lambda: host.command("hold", None, "Ada"), running=True)
    spun.after("state", 60.0, partial(contact, spun, STOP, False), to="Held")
    spun.after("state", 65.0, partial(contact, spun, STOP, True), to="Held")
    result = spun.run()
    assert states(spun)[-3:] == ["Held", "Aborting", "Aborted"]
    assert [on for _, on in changes(spun, HV)] == [True, False]
    assert len(spun.found("trip", tag="emergency-stop")) == 1
    assert result.ending.outcome == "aborted"


def test_an_emergency_stop_during_the_purge_heats_nothing_afterwards(tmp_path: Path) -> None:
    heating = Heating(tmp_path, CARBONISE)
    spun = heating.spun
    spun.after("step", 100.0, partial(contact, spun, STOP, False), id="purge", phase="started")
    spun.after("step", 160.0, partial(contact, spun, STOP, True), id="purge", phase="started")
    spun.after(
        "step", 1500.0, lambda: spun.session.host.command("abort", None, "Ada"), id="purge", phase="started"
    )
    heating.run()
    assert heating.tags == ["furnace-emergency-stop"]
    assert heating.output_pct[1.5] == 0.0
    assert heating.hearth.furnace.power_pct(heating.now_ns()) == 0.0
    assert heating.tube_at_end_degc < 30.0
    assert heating.result.ending.outcome == "aborted"
    assert str(heating.result.ending.reason).startswith(f"furnace-emergency-stop:{FURNACE}")


# A thermocouple that hangs in the room


@pytest.mark.parametrize(
    ("rig", "cleared_s"),
    [(None, 9900.0), (None, 9500.0), (COOLING, 7200.0)],
    ids=["declared, late", "declared, early", "no cooling declared"],
)
def test_clearing_a_thermocouples_alarm_does_not_cool_the_tube(
    tmp_path: Path, rig: str | None, cleared_s: float
) -> None:
    """At 640 °C the thermocouple slips out and reads 40 °C; a person clears the alarm, and nothing is repaired."""
    text = None if rig is None else demo_text(**{f"{rig}\n": ""})
    heating = Heating(tmp_path, CARBONISE, [fault(FURNACE, "thermocouple-out", 7000.0)], rig=text)
    host, hearth = heating.spun.session.host, heating.hearth
    said: list[str | None] = []
    seen: list[tuple[float, float, float]] = []

    def look() -> None:
        now_ns = heating.now_ns()
        seen.append((now_ns / NS, hearth.furnace.tube_degc(now_ns), hearth.gases[ARGON].flow_sccm(now_ns)))

    heating.spun.at(cleared_s, lambda: said.append(host.command("clear", None, "Ada")))
    for t_s in range(7100, 60000, 50):
        heating.spun.at(t_s, look)
    heating.run()
    assert said == [None], "it is taken: the cause cannot be seen any more"
    low = [(t, degc, sccm) for t, degc, sccm in seen if degc >= 60.0 and sccm < 195.0]
    assert low == [], "argon flows on as long as the tube is hot"
    assert heating.tube_at_end_degc < 60.0, "nobody leaves before"
    # Five volumes have flowed below 200 °C, and only then it is closed.
    below_200_s = next(t for t, degc, _ in seen if degc < 200.0)
    closed_s = max(t for t, sccm in heating.argon_told() if sccm == 0.0)
    assert closed_s > below_200_s and heating.argon_at_end_sccm < 1.0
    assert not heating.spun.session.host.engine.units[FURNACE].spec.facts.flush.owed
    assert heating.result.left is None


# People sent to a tube


HOT_START = f'[{FURNACE}]\ntemperature = "300 degC"\natmosphere = "argon"\n[{ARGON}]\nflow = "200 sccm"\n'


def test_nobody_is_asked_to_open_a_tube_that_is_found_hot(tmp_path: Path) -> None:
    heating = Heating(tmp_path, CARBONISE, start=HOT_START)
    spun = heating.spun
    at_question: list[tuple[float, float]] = []

    def look() -> None:
        now_ns = heating.now_ns()
        at_question.append((hearth.furnace.tube_degc(now_ns), hearth.gases[ARGON].flow_sccm(now_ns)))

    hearth = heating.hearth
    spun.after("question", 0.0, look, key="done")
    spun.after("question", 30.0, lambda: spun.session.host.command("abort", None, "Ada"), key="done")
    heating.run()
    (asked_ns,) = [t_ns for t_ns, _ in spun.found("question")]
    assert asked_ns / NS > 3000.0
    ((degc, sccm),) = at_question
    assert degc < 62.0, "the tube itself is a little behind its thermocouple"
    assert sccm == pytest.approx(200.0, abs=5.0)
    (waiting,) = [data for _, data in spun.found("waiting", step="close-tube")]
    assert waiting["for"].startswith(f"{FURNACE} is at ") and waiting["for"].endswith(
        "is opened below 60 °C only"
    )


def test_a_question_at_a_tube_that_cannot_be_read_any_more_is_withdrawn(tmp_path: Path) -> None:
    heating = Heating(tmp_path, CARBONISE)
    spun = heating.spun
    host = spun.session.host
    host.answers = Open("done")
    wire = spun.lab.wire_of(FURNACE)
    spun.after("question", 10.0, lambda: wire.set_fault("silent", True), key="done")
    said: list[str | None] = []
    spun.after(
        "question", 30.0, lambda: said.append(host.answer("close-tube", "done", True, "Ada")), key="done"
    )
    spun.after("question", 50.0, lambda: wire.set_fault("silent", False), key="done")
    spun.after(
        "question", 110.0, lambda: said.append(host.answer("close-tube", "done", True, "Ada")), key="done"
    )
    spun.after("question", 130.0, lambda: host.command("abort", None, "Ada"), key="done")
    heating.run()
    assert [data["key"] for _, data in spun.found("question")] == ["done", "done"]
    (withdrawn,) = [data for _, data in spun.found("withdrawn")]
    assert withdrawn["text"].startswith("KEEP AWAY: ") and "not known" in withdrawn["text"]
    assert said == ["[close-tube] done is not asked now (asked: nothing)", None]
    assert [sccm for t_s, sccm in heating.argon_told() if sccm > 0 and t_s < 110.0] == [], (
        "no purge before the answer"
    )
