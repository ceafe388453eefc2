"""What outlasts the program: alarms out of service and shelved, a thermocouple in doubt; a crash and a new host on the
same emulated world. What conditions take they take all the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rig.engine.drive import VirtualDrive
from rig.engine.host import Host
from rig.engine.marks import Marks, read_kept
from rig.lines.clocks import SIMULATED_ORIGIN
from rig.lines.simwire import register
from rig.readings import NS
from rig.running import FileAnswers
from rig.simulation.faults import ControllerCrashed
from tests.end_to_end.furnace_runs import ARGON, CARBONISE, FURNACE, Heating
from tests.end_to_end.quick import HV, PUMPS, QUICK, changes
from tests.end_to_end.spinning import Spinning, fault

pytestmark = pytest.mark.timeout(200)

JET, DOOR = "jet-lost:current.collector", "door"
BUTTON = f"furnace-emergency-stop:{FURNACE}"
SHORT = QUICK.replace('duration = "3 min"', 'duration = "10 s"')


def keep_in(spun: Spinning, path: Path, origin: datetime = SIMULATED_ORIGIN) -> Marks:
    """Have a run keep its marks on file, as one on a real rig does."""
    marks = Marks(path, spun.session.bench.name, origin)
    spun.session.host.marks = marks
    return marks


def tell(spun: Spinning, said: list[str | None], word: str, **request: Any) -> Callable[[], None]:
    return lambda: said.append(spun.session.host.orders.alarm(word, request, "Ada"))


def steps(spun: Spinning, tag: str) -> list[tuple[str, str, str]]:
    """(to, trigger, by) of each change."""
    return [(data["to"], data["trigger"], data["by"]) for _, data in spun.found("alarm-state", tag=tag)]


# Out of service, shelved


def test_out_of_service_lasts_from_program_to_program(tmp_path: Path) -> None:
    path, said = tmp_path / "marks.json", list[str | None]()
    first = Spinning(tmp_path / "1", SHORT)
    keep_in(first, path)
    out = tell(first, said, "out-of-service", tag=JET, reason="meter at the maker's", role="maintainer")
    first.after("state", 0.5, out, to="Running")
    first.run()
    kept = read_kept(path, first.session.bench.name).out_of_service[JET]
    assert (kept.user, kept.reason, kept.until) == ("Ada", "meter at the maker's", None)
    # The next program shows it at its start, with the same name and reason and the time it was said.
    second = Spinning(tmp_path / "2", SHORT, seed=1)
    keep_in(second, path)
    listed: list[dict[str, Any]] = []
    second.after(
        "state", 0.5, lambda: listed.extend(second.session.host.status()["alarm_list"]), to="Running"
    )
    back = tell(second, said, "into-service", tag=JET, role="maintainer")
    second.after("clock", 1.0, back, running=True)
    second.run()
    assert steps(second, JET) == [("I", "kept", "Ada"), ("A", "into-service", "Ada")]
    ((_, shown), _) = second.found("alarm-state", tag=JET)
    assert shown["reason"] == "meter at the maker's"
    (one,) = listed
    assert (one["tag"], one["state"], one["by"], one["out_of_service"]) == (JET, "I", "Ada", True)
    assert said == [None, None]
    assert read_kept(path, second.session.bench.name).out_of_service == {}


@pytest.mark.parametrize(
    ("later", "kept"),
    [(timedelta(minutes=10), True), (timedelta(hours=2), False), (timedelta(hours=-1), False)],
    ids=["before its end", "after its end", "the clock was put back"],
)
def test_a_shelf_lasts_to_its_end_and_no_longer(tmp_path: Path, later: timedelta, kept: bool) -> None:
    path, said = tmp_path / "marks.json", list[str | None]()
    first = Spinning(tmp_path / "1", SHORT)
    keep_in(first, path)
    first.after("state", 0.5, tell(first, said, "shelve", tag=JET, reason="known", minutes=60), to="Running")
    first.run()
    second = Spinning(tmp_path / "2", SHORT, seed=1)
    keep_in(second, path, SIMULATED_ORIGIN + later)
    second.run()
    assert said == [None]
    assert steps(second, JET) == ([("G", "kept", "Ada")] if kept else [])
    if kept:
        (change,) = [data for _, data in second.found("alarm-state", tag=JET)]
        shelved_s = first.found("alarm-state", tag=JET)[0][0] / NS
        assert change["until_s"] == pytest.approx(shelved_s + 3600.0 - later.total_seconds(), abs=0.01)
    assert set(read_kept(path, first.session.bench.name).shelved) == ({JET} if kept else set())


def test_a_door_out_of_service_takes_the_voltage_and_is_announced_while_it_is_on(tmp_path: Path) -> None:
    path, said = tmp_path / "marks.json", list[str | None]()
    spun = Spinning(tmp_path, QUICK)
    keep_in(spun, path)
    out = tell(spun, said, "out-of-service", tag=DOOR, reason="switch flutters", role="maintainer")
    spun.after("state", 0.5, out, to="Running")
    contacts, clock = spun.lab.scene.contacts, spun.lab.scheduler
    opened: list[float] = []

    def open_door() -> None:
        opened.append(clock.now_ns / NS)
        contacts.set(clock.now_ns, "door_closed", False)

    spun.after("clock", 5.0, open_door, running=True)
    result = spun.run()
    assert said == [None]
    ((trip_ns, _),) = spun.found("trip", tag=DOOR)
    assert 0 <= trip_ns / NS - opened[0] <= spun.reaction_s
    for name in (HV, *PUMPS):
        assert [on for _, on in changes(spun, name)][-1] is False
        assert 0 <= changes(spun, name)[-1][0] - opened[0] <= spun.reaction_s + 0.1
    assert result.ending.outcome == "aborted"
    unproved = f"{HV} is not proved off"
    assert steps(spun, DOOR) == [
        ("I", "out-of-service", "Ada"), ("A", unproved, "system"), ("B", "active", "system"),
        ("I", "nothing is live", "Ada"),
    ]  # fmt: skip
    assert set(read_kept(path, spun.session.bench.name).out_of_service) == {DOOR}, (
        "kept until it is brought back"
    )


@pytest.mark.parametrize("how", ["out of service", "shelved"])
def test_a_button_that_nobody_hears_of_stops_the_furnace_all_the_same(tmp_path: Path, how: str) -> None:
    """Nothing is live during a cold purge, so the alarm is silent; the stop is not."""
    said = list[str | None]()
    heating = Heating(tmp_path, CARBONISE)
    spun = heating.spun
    keep_in(spun, tmp_path / "marks.json")
    word, more = ("out-of-service", {"role": "maintainer"}) if how == "out of service" else ("shelve", {})
    hide = tell(spun, said, word, tag=BUTTON, reason="being replaced", **more)
    spun.after("step", 50.0, hide, id="purge", phase="started")
    contacts = spun.lab.scene.contacts

    def press() -> None:
        contacts.set(heating.now_ns(), "emergency_stop_ok", False)

    spun.after("step", 100.0, press, id="purge", phase="started")
    spun.after("step", 400.0, spun.session.host.interrupt, id="purge", phase="started")
    heating.run()
    assert said == [None]
    assert heating.tags == ["furnace-emergency-stop"]
    assert heating.result.ending.outcome == "aborted"
    assert heating.hearth.furnace.power_pct(heating.now_ns()) == 0.0 and heating.tube_at_end_degc < 30.0
    silent, *after = steps(spun, BUTTON)
    assert silent[0] == ("I" if how == "out of service" else "G")
    # Announced only when argon was left flowing after the abort, and not by the button.
    assert all(f"{ARGON} " in trigger for to, trigger, _ in after if to == "B")


def test_a_damaged_file_hides_nothing_and_is_said(tmp_path: Path) -> None:
    path = tmp_path / "marks.json"
    path.write_text('{"format": 1, "rig": "Demonstration bench", "out_of_service": {"door"')
    spun = Spinning(tmp_path, SHORT)
    marks = keep_in(spun, path)
    spun.run()
    (lost,) = [data for _, data in spun.found("alarm-state", tag="marks-lost")]
    assert lost["to"] == "B" and str(path) in lost["text"]
    assert spun.found("alarm-state", trigger="kept") == []
    assert marks.damaged is not None and path.with_suffix(".damaged").exists()
    # Nobody knows which thermocouples were in doubt: all are.
    assert set(read_kept(path, spun.session.bench.name).doubted) == {FURNACE}


# A thermocouple in doubt


class Successor:
    """The next program on the same world."""

    def __init__(self, heating: Heating, path: Path) -> None:
        self.heating = heating
        lab = heating.spun.lab
        register(lab.key, lab)  # the session that died has taken it out of reach
        self.drive = VirtualDrive(lab.scheduler)
        self.said: list[tuple[str, dict[str, Any]]] = []
        bench = heating.spun.session.bench
        self.marks = Marks(path, bench.name, SIMULATED_ORIGIN)
        answers = FileAnswers(None, yes=True)
        self.host = Host(bench, lab.carrier(), self.drive, answers, marks=self.marks)
        self.host.engine.on_event = lambda kind, data, t_ns: self.said.append((kind, data))
        self.host.connect()
        self.goes_on(10.0)

    def goes_on(self, seconds: float) -> None:
        end_ns = self.heating.now_ns() + round(seconds * NS)
        self.drive.run(self.host.engine, lambda: self.heating.now_ns() >= end_ns)

    def left(self) -> str | None:
        spec = self.host.engine.units[FURNACE].spec
        assert spec.left is not None
        return spec.left(self.host.engine.readings)

    @property
    def reading_degc(self) -> float | None:
        return self.host.engine.readings.value(f"{FURNACE}.temperature_degc")

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [data for one, data in self.said if one == kind]

    def dies(self) -> None:
        self.heating.spun.lab.crash_controller()
        self.drive.detach()


def crashed_in_doubt(tmp_path: Path) -> tuple[Heating, Path]:
    """At 640 °C the thermocouple slips out and reads 40 °C; ten minutes after the trip the program dies."""
    path = tmp_path / "marks.json"
    heating = Heating(tmp_path, CARBONISE, [fault(FURNACE, "thermocouple-out", 7000.0)])
    keep_in(heating.spun, path)
    drive, lab = heating.spun.session.drive, heating.spun.lab
    assert isinstance(drive, VirtualDrive)

    def crash() -> None:
        lab.crash_controller()
        drive.detach()
        raise ControllerCrashed("gone")

    heating.spun.after("trip", 600.0, crash)
    with pytest.raises(ControllerCrashed):
        heating.run()
    assert heating.tags[0] == "fell"
    doubt = read_kept(path, heating.spun.session.bench.name).doubted[FURNACE]
    assert doubt.why.startswith("fell")
    return heating, path


def test_after_a_restart_the_same_sensor_proves_nothing(tmp_path: Path) -> None:
    heating, path = crashed_in_doubt(tmp_path)
    next_one = Successor(heating, path)
    hearth = heating.hearth
    assert next_one.events("doubt")[0] | {"since": ""} == {
        "unit": FURNACE, "since": "", "why": "fell", "from_before": True,
    }  # fmt: skip
    listed = {one["tag"]: one for one in next_one.host.status()["alarm_list"]}
    assert listed[f"thermocouple-doubted:{FURNACE}"]["active"]
    lowest_hot_sccm, watched_s = float("inf"), 0.0
    while hearth.furnace.tube_degc(heating.now_ns()) >= 60.0:
        reading = next_one.reading_degc
        assert reading is not None and reading < 60.0, "it would be cold by its reading"
        assert "unknown temperature" in str(next_one.left())
        assert heating.controller.output_pct == 0.0
        lowest_hot_sccm = min(lowest_hot_sccm, hearth.gases[ARGON].flow_sccm(heating.now_ns()))
        next_one.goes_on(120.0)
        watched_s += 120.0
        assert watched_s < 6 * 3600.0
    assert watched_s > 3600.0
    assert lowest_hot_sccm == pytest.approx(500.0, abs=5.0), "argon flows on as long as the tube is hot"
    next_one.host.release()
    # Cold by calculation is no word of a person: the doubt is there for the next one too.
    assert set(read_kept(path, heating.spun.session.bench.name).doubted) == {FURNACE}


def test_a_person_ends_the_doubt_with_name_and_reason(tmp_path: Path) -> None:
    heating, path = crashed_in_doubt(tmp_path)
    one = Successor(heating, path)
    alarm = one.host.orders.alarm
    assert "needs the name of a person and a reason" in str(alarm("trust", {"tag": FURNACE}, "Ada"))
    assert "needs the name" in str(alarm("trust", {"tag": FURNACE, "reason": "new one"}, " "))
    assert "is not in doubt (in doubt: furnace.tube)" in str(
        alarm("trust", {"tag": "furnace.two", "reason": "x"}, "Ada")
    )
    assert alarm("clear-it", {"tag": FURNACE}, "Ada") is not None
    assert one.left() is not None
    # It survives a second crash as well.
    one.dies()
    two = Successor(heating, path)
    assert "unknown temperature" in str(two.left())
    assert (
        two.host.orders.alarm("trust", {"tag": FURNACE, "reason": "replaced, read against another"}, "Ada")
        is None
    )
    (trusted,) = two.events("trusted")
    assert (trusted["unit"], trusted["by"], trusted["why"]) == (FURNACE, "Ada", "fell")
    two.goes_on(5.0)
    facts = two.host.engine.units[FURNACE].spec.facts
    assert not facts.doubted and facts.floor_degc == pytest.approx(two.reading_degc or 0.0, abs=1.0)
    assert read_kept(path, heating.spun.session.bench.name).doubted == {}
    states = [one["state"] for one in two.host.status()["alarm_list"] if "doubted" in one["tag"]]
    assert states in ([], ["D"]), "returned, and to be acknowledged"
    two.dies()
    three = Successor(heating, path)
    assert three.events("doubt") == []
    three.host.release()


def test_what_speaks_against_it_is_cleared_before(tmp_path: Path) -> None:
    said: list[str | None] = []
    heating = Heating(tmp_path, CARBONISE, [fault(FURNACE, "sensor-break", 3000.0, duration_s=60.0)])
    spun = heating.spun
    host = spun.session.host
    trust = tell(spun, said, "trust", tag=f"thermocouple-doubted:{FURNACE}", reason="plugged in again")
    spun.after("trip", 120.0, trust)
    spun.after("trip", 200.0, lambda: said.append(host.command("clear", None, "Ada")))
    spun.after("trip", 220.0, trust)
    heating.run()
    assert said == [f"sensor-break:{FURNACE} speaks against it: clear that first", None, None]
    assert len(spun.found("doubt")) == 1 and len(spun.found("trusted")) == 1
    assert heating.tube_at_end_degc < 62.0, "it is watched until it is cold by its reading"
