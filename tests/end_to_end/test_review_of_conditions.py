"""What a review of the conditions found, each as a run: what the emulated instruments were told and did.

An analyser that dies over a hot tube, a pressure switch that cannot be read, an exhaust switch that comes and goes, and
a pause or a hold beside the one automatic re-ramp.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from rig.readings import NS
from tests.end_to_end.furnace_runs import ARGON, FURNACE, OXYGEN, Heating
from tests.end_to_end.quick import HV, PUMPS, QUICK, changes, heard, states
from tests.end_to_end.spinning import Spinning, demo_text

pytestmark = pytest.mark.timeout(120)

WARM = f'[{FURNACE}]\ntemperature = "230 degC"\natmosphere = "argon"\n[{ARGON}]\nflow = "200 sccm"\n'
INERT = """
[[steps]]
id = "purge"
do = "purge"
gas = "argon"
flow = "2000 sccm"
until = UNTIL
[[steps]]
id = "carbonise"
do = "heat"
atmosphere = "argon"
flow = "2000 sccm"
ramp = "10 degC/min"
to = "330 degC"
soak = "4 min"
"""
MEASURED, CALCULATED = '"100 ppm O2"', "{ volumes = 3 }"
TAP = 'tube_pressure_ok  = { channel = 4, healthy = "closed" }\n'
APART = demo_text(
    **{
        TAP: '\n[inputs.tube]\ndriver = "adam-4000"\nmodel = "4050"\nchecksum = true\nport = "sim://inputs.tube"\n'
        'address = 1\n[inputs.tube.channels]\ntube_pressure_ok = { channel = 0, healthy = "closed" }\n'
    }
)
"""The pressure switch on a module of its own."""


class Hot(Heating):
    """A tube found warm in argon, purged and heated above 300 °C; left soon after what there is to see."""

    def __init__(self, runs: Path, until: str, rig: str | None = None) -> None:
        super().__init__(runs, INERT.replace("UNTIL", until), start=WARM, rig=rig)
        self.degc: dict[str, float] = {}

    def note(self, name: str) -> None:
        self.degc[name] = self.hearth.furnace.temperature_degc(self.now_ns())

    def leave(self) -> None:
        self.note("left")
        self.spun.session.host.interrupt()
        self.spun.session.host.interrupt()

    def silent(self, instrument: str) -> Callable[[], None]:
        return lambda: self.spun.lab.wire_of(instrument).set_fault("silent", True)


def test_an_analyser_that_dies_takes_the_heater_where_the_purge_was_proved_by_it(tmp_path: Path) -> None:
    hot = Hot(tmp_path, MEASURED)
    hot.spun.after("step", 60.0, hot.silent(OXYGEN), id="carbonise", phase="started")
    hot.spun.after("trip", 120.0, hot.leave)
    hot.run()
    assert hot.tags == ["oxygen-unread"]
    (t_ns, trip) = hot.trips[0]
    assert trip["text"].startswith("The oxygen in the hot inert tube cannot be read: oxygen.tube: ")
    assert trip["text"].endswith("That is not high oxygen: nobody knows.")
    # 30 s after 300 degC, at 10 degC/min; the heater is told off and obeys, the argon flows on as it did.
    assert 304.0 <= hot.pv_at_trip_degc <= 309.0
    assert hot.furnace_told(t_ns, t_ns + NS)[0][1] in (0x06, 0x10)
    assert hot.output_pct[1.5] == 0.0 and hot.power_pct[60.0] == 0.0
    assert hot.argon_told(t_ns) == [] and hot.argon_at_end_sccm == pytest.approx(2000.0, rel=0.02)


def test_an_analyser_nobody_relied_on_may_die(tmp_path: Path) -> None:
    hot = Hot(tmp_path, CALCULATED)
    hot.spun.after("step", 60.0, hot.silent(OXYGEN), id="carbonise", phase="started")
    hot.spun.after("stage", 120.0, hot.leave, stage="soaking")
    hot.run()
    assert hot.tags == [] and hot.degc["left"] > 320.0


def test_a_pressure_switch_that_cannot_be_read_takes_the_heater_and_leaves_the_gas(tmp_path: Path) -> None:
    hot = Hot(tmp_path, CALCULATED, APART)
    hot.spun.after("stage", 30.0, hot.silent("inputs.tube"), stage="soaking")
    hot.spun.after("trip", 70.0, hot.leave)
    hot.run()
    assert hot.tags == ["over-pressure-unread"]
    (t_ns, _) = hot.trips[0]
    assert hot.output_pct[1.5] == 0.0 and hot.power_pct[60.0] == 0.0
    assert hot.argon_told(t_ns) == [] and hot.argon_at_end_sccm == pytest.approx(2000.0, rel=0.02)


# The chamber's exhaust


@pytest.mark.parametrize(
    ("bad_s", "good_s", "counted_s"),
    # 5 s of any 10 s: with 0.2 s in between after 5.2 s, with 1 s after the tenth second.
    [(2.8, 0.2, 5.2), (1.0, 1.0, 10.0)],
)
def test_an_exhaust_that_comes_and_goes_takes_high_voltage_and_pumps(
    tmp_path: Path, bad_s: float, good_s: float, counted_s: float
) -> None:
    spun = Spinning(tmp_path, QUICK)
    spun.hear(HV, *PUMPS)
    contacts, clock = spun.lab.scene.contacts, spun.lab.scheduler
    for k in range(10):
        for at_s, closed in ((0.0, False), (bad_s, True)):
            move = partial(lambda closed: contacts.set(clock.now_ns, "exhaust_ok", closed), closed)
            spun.after("clock", 5.0 + k * (bad_s + good_s) + at_s, move, running=True)
    result = spun.run()
    assert result.ending.outcome == "aborted"
    assert [data["tag"] for _, data in spun.found("trip")] == ["chamber-exhaust"]
    began_ns = spun.first("clock", running=True) + 5 * NS
    for name in (HV, *PUMPS):
        assert (spun.outputs.off_after(began_ns, name) - began_ns) / NS == pytest.approx(counted_s, abs=0.5)
        assert not spun.outputs.on(name)


def test_an_exhaust_that_is_bad_for_less_than_half_of_the_time_does_not(tmp_path: Path) -> None:
    spun = Spinning(tmp_path, QUICK)
    contacts, clock = spun.lab.scene.contacts, spun.lab.scheduler
    for k in range(30):
        for at_s, closed in ((0.0, False), (2.0, True)):
            move = partial(lambda closed: contacts.set(clock.now_ns, "exhaust_ok", closed), closed)
            spun.after("clock", 5.0 + 5.0 * k + at_s, move, running=True)
    assert spun.run().ending.outcome == "completed"
    assert spun.found("trip") == []


# A pause, a hold, and the one automatic re-ramp

WITH_RETRIES = QUICK.replace('duration = "3 min"', 'duration = "1 min"\narc_retries = 2')
_HEAD, _SPIN, _ = WITH_RETRIES.split("[[steps]]\n")
TWICE = f"{_HEAD}[[steps]]\n{_SPIN}[[steps]]\n{_SPIN.replace('co-deposit', 'again')}"
"""Two steps of spinning, one after the other."""


class Arced:
    """An arc so long after the first step's clock began, and what a person says so long after the unit was held."""

    def __init__(self, runs: Path, *words: tuple[float, str], leave_s: float, arc_s: float = 20.0) -> None:
        self.spun = Spinning(runs, TWICE)
        self.spun.hear(HV)
        self.host = self.spun.session.host
        self.said: list[str | None] = []
        self.allowed: list[list[str]] = []
        supply, clock = self.spun.lab.scene.supplies[HV], self.spun.lab.scheduler
        self.spun.after("clock", arc_s, lambda: supply.arc(clock.now_ns, 0.2), running=True)
        for delay_s, word in words:
            self.spun.after("state", delay_s, partial(self.say, word), to="Held")
        self.spun.after("state", leave_s, self.leave, to="Held")

    def say(self, word: str) -> None:
        self.said.append(self.host.command(word, None, "Ada"))
        self.allowed.append(self.host.status()["allowed"])

    def leave(self) -> None:
        self.host.interrupt()
        self.host.interrupt()

    def times_on(self) -> int:
        """How often the emulated supply was switched on (an arc switches it off by itself); it is off now."""
        assert not self.spun.lab.scene.supplies[HV].enabled
        return [on for _, on in changes(self.spun, HV)].count(True)

    def since_held(self, kind: str, **data: str) -> list[float]:
        held_ns = self.spun.first("state", to="Held")
        return [(t_ns - held_ns) / NS for t_ns, _ in self.spun.found(kind, **data)]


@pytest.mark.parametrize("by", ["an arc", "a hold"])
def test_a_pause_that_was_accepted_is_served_after_a_hold(tmp_path: Path, by: str) -> None:
    arced = Arced(tmp_path, leave_s=400.0, arc_s=20.0 if by == "an arc" else 3600.0)
    arced.spun.after("clock", 10.0, partial(arced.say, "pause"), running=True)
    if by == "a hold":
        arced.spun.after("clock", 15.0, partial(arced.say, "hold"), running=True)
        arced.spun.after("clock", 60.0, partial(arced.say, "resume"), running=True)
    arced.spun.run()
    assert set(arced.said) == {None}
    assert states(arced.spun)[1:8] == [
        "Running", "Pausing", "Holding", "Held", "Restarting", "Running", "Pausing",
    ]  # fmt: skip
    assert "Paused" in states(arced.spun)
    # The second step never begins: high voltage was on before and after the hold, and not once more.
    assert arced.times_on() == 2
    assert not arced.spun.found("step", id="again")
    paused_ns = arced.spun.first("state", to="Paused")
    assert [t_ns for t_ns, _, on in arced.spun.outputs.changes if on and t_ns > paused_ns] == []


@pytest.mark.parametrize("word", ["hold", "pause"])
def test_a_person_who_says_hold_or_pause_after_an_arc_keeps_it_held(tmp_path: Path, word: str) -> None:
    arced = Arced(tmp_path, (5.0, word), leave_s=200.0)
    arced.spun.run()
    assert arced.said == [None]
    assert states(arced.spun)[:4] == ["Starting", "Running", "Holding", "Held"]
    assert "Restarting" not in states(arced.spun) and arced.spun.found("arc-retry") == []
    assert arced.since_held("state", to="Stopping")[0] == pytest.approx(200.0), "nor is it given up meanwhile"
    held_ns = arced.spun.first("state", to="Held")
    assert arced.times_on() == 1
    energised = [data for t_ns, data in heard(arced.spun, HV) if t_ns > held_ns and data[1:2] == b"S"]
    assert all(data.startswith(b"\x01S000000000000") for data in energised), "no voltage was asked for"


def test_what_was_kept_held_goes_on_by_a_persons_word_and_serves_the_pause(tmp_path: Path) -> None:
    words = (5.0, "pause"), (6.0, "hold"), (60.0, "resume"), (61.0, "clear"), (62.0, "resume")
    arced = Arced(tmp_path, *words, leave_s=500.0)
    arced.spun.after("state", 0.2, partial(arced.say, "look"), to="Held")
    arced.spun.run()
    look, pause, hold, early, clear, resume = arced.said
    assert (pause, clear, resume) == (None, None, None) and look is not None
    assert {"hold", "pause"} <= set(arced.allowed[0]) and "hold" not in arced.allowed[1]
    assert str(hold).startswith("spin is Held: it does not take 'hold' now")
    assert str(early).startswith(f"not resumed: arc:{HV} is latched and its cause is gone")
    assert arced.since_held("state", to="Restarting") == [pytest.approx(62.0, abs=0.2)]
    assert "Paused" in states(arced.spun) and not arced.spun.found("step", id="again")
    assert arced.times_on() == 2
