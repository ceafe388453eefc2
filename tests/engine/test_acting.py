"""Acting on the guard's answer: energising waits for its event, off goes out at once and again until it is proved."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from rig.engine.acting import GasOutlet, Outlet, describe, outlets
from rig.lines.member import Member, Report, Told
from rig.outputs import HV_OFF, PUMP_OFF, GasOutput, HvOutput, Output, PumpOutput
from rig.readings import NS, Reading, Readings
from rig.records.record import Ticket
from tests.lines.line_bench import LineBench, Script, spec

TWENTY = HvOutput(True, 20.0, 50.0)
TEN = HvOutput(True, 10.0, 50.0)
ARGON = "gas.argon"


class Mailbox:
    """A line that only writes down what is put into it."""

    def __init__(self) -> None:
        self.put: list[tuple[str, Output | str]] = []

    def order(self, member: str, output: Output) -> None:
        self.put.append((member, output))

    def off(self, member: str) -> None:
        self.put.append((member, "off"))


class Bench:
    def __init__(self, durable: bool = False) -> None:
        self.line = Mailbox()
        self.member = Member(spec(Script("hv.needle"), "hv"))
        self.outlet = Outlet("hv.needle", self.line, self.member)  # type: ignore[arg-type]
        self.journal: list[tuple[str, dict[str, Any]]] = []
        self.tickets: list[Ticket] = []
        self.proved = False
        self.now_ns = 0
        self._durable = durable

    def write(self, kind: str, data: dict[str, Any]) -> Ticket:
        self.journal.append((kind, data))
        self.tickets.append(Ticket(threading.Event() if self._durable else None))
        return self.tickets[-1]

    def scan(self, permitted: Output, after_s: float = 0.1) -> list[Output | str]:
        """What this scan put into the mailbox."""
        self.line.put.clear()
        self.outlet.act(permitted, self.proved, self.now_ns, self.write)
        self.now_ns += round(after_s * NS)
        return [what for _, what in self.line.put]

    def told(self, output: Output | None) -> None:
        """The instrument has acknowledged."""
        self.member.told, self.member.told_state = output, Told.TOLD

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.journal]


def test_nothing_energises_before_its_event_is_durable() -> None:
    bench = Bench(durable=True)
    for _ in range(5):
        assert bench.scan(TWENTY) == []
    assert bench.journal == [("energise", {"output": "hv.needle", "wanted": describe(TWENTY)})]
    bench.tickets[0].settle()
    assert bench.scan(TWENTY) == [TWENTY]
    assert bench.scan(TWENTY) == []
    assert bench.kinds() == ["energise"]


def test_what_is_ordered_is_what_is_permitted_when_the_event_is_there() -> None:
    bench = Bench(durable=True)
    bench.scan(TEN)
    bench.tickets[0].settle()
    assert bench.scan(TWENTY) == [TWENTY]


def test_an_event_that_could_not_be_recorded_energises_nothing() -> None:
    bench = Bench(durable=True)
    bench.scan(TWENTY)
    bench.tickets[0].settle("no space left on device")
    assert bench.scan(TWENTY) == []
    assert bench.outlet.failed == "its event could not be recorded (no space left on device)"
    assert bench.outlet.ordered is None


def test_an_off_while_the_event_is_waited_for_ends_the_wish() -> None:
    bench = Bench(durable=True)
    bench.scan(TWENTY)
    assert bench.scan(HV_OFF) == ["off"]
    bench.tickets[0].settle()
    bench.told(None)
    bench.proved = True
    assert bench.scan(HV_OFF) == []
    assert bench.scan(TWENTY) == []  # a new wish has an event of its own
    assert bench.kinds().count("energise") == 2


def test_a_ramp_is_ordered_step_by_step_under_one_event() -> None:
    bench = Bench()
    sent = [bench.scan(HvOutput(True, kv, 50.0)) for kv in (0.0, 0.1, 0.2, 0.2, 0.3)]
    assert [len(one) for one in sent] == [1, 1, 1, 0, 1]
    assert bench.kinds() == ["energise"]


def test_off_goes_out_in_the_same_scan_and_before_its_event_is_written() -> None:
    bench = Bench()
    bench.scan(TWENTY)
    order: list[str] = []
    bench.line.off = lambda member: order.append("off")  # type: ignore[method-assign]

    def write(kind: str, data: dict[str, Any]) -> Ticket:
        order.append(f"event {kind}")
        return Ticket()

    bench.outlet.act(HV_OFF, False, bench.now_ns, write)
    assert order == ["off", "event off"]
    assert bench.outlet.ordered is None


def test_off_is_told_again_each_second_until_it_is_proved() -> None:
    bench = Bench()
    bench.scan(TWENTY)
    bench.told(TWENTY)
    times = [scan / 10 for scan in range(35) if bench.scan(HV_OFF) == ["off"]]
    assert times == [0.0, 1.0, 2.0, 3.0]
    bench.told(None)
    assert [bench.scan(HV_OFF) for _ in range(12)].count(["off"]) == 1  # told, but not proved yet
    bench.proved = True
    assert [bench.scan(HV_OFF) for _ in range(30)] == [[]] * 30
    bench.member.told_state = Told.UNKNOWN  # its line is gone: it counts as on again
    assert bench.scan(HV_OFF) == ["off"]
    assert bench.kinds().count("off") == 1


def test_at_first_every_output_is_told_off_once_even_if_it_is() -> None:
    bench = Bench()
    bench.told(None)
    bench.proved = True
    assert bench.scan(HV_OFF) == ["off"]
    assert bench.scan(HV_OFF) == []


def test_an_abort_tells_off_again_what_is_off_already() -> None:
    bench = Bench()
    bench.told(None)
    bench.proved = True
    bench.scan(HV_OFF)
    bench.outlet.off_again()
    assert [bench.scan(HV_OFF) for _ in range(3)] == [["off"], [], []]


@pytest.mark.parametrize(
    ("told", "state", "on"),
    [
        (None, Told.TOLD, False),
        (TWENTY, Told.TOLD, True),
        (None, Told.UNKNOWN, True),
        (TEN, Told.UNKNOWN, True),
    ],
)
def test_unknown_counts_as_on(told: Output | None, state: Told, on: bool) -> None:
    bench = Bench()
    bench.member.told, bench.member.told_state = told, state
    assert bench.outlet.told_on is on
    view = bench.outlet.view(proved_off=True)
    assert view.told_on is on
    assert view.live is on


def test_a_failed_order_is_remembered_until_off_or_reconnection() -> None:
    bench = Bench()
    bench.outlet.take(Report(0, "l", "hv.needle", "failed", output=TWENTY, text="error 5"))
    assert bench.outlet.view(False).failed == "error 5"
    bench.outlet.take(Report(0, "l", "hv.needle", "told", output=TWENTY))
    assert bench.outlet.view(False).failed == "error 5"
    for cure in ("off", "connected"):
        bench.outlet.take(Report(0, "l", "hv.needle", cure))
        assert bench.outlet.view(False).failed is None
        bench.outlet.take(Report(0, "l", "hv.needle", "failed", output=TWENTY, text="error 5"))
    bench.outlet.take(Report(0, "l", "hv.needle", "off"))
    bench.outlet.take(Report(0, "l", "hv.needle", "failed", text="an off that failed"))
    assert bench.outlet.view(False).failed is None


def test_high_voltage_comes_first_among_the_outlets() -> None:
    pumps = LineBench((Script("pumps.a"), "pump"), (Script("pumps.b"), "pump"))
    hv = LineBench((Script("hv.needle"), "hv"), name="zzz")
    sensor = LineBench((Script("climate.chamber"), "sensor"))
    found = outlets({"a": pumps.line, "b": sensor.line, "zzz": hv.line})
    assert list(found) == ["hv.needle", "pumps.a", "pumps.b"]


def test_outputs_in_words_for_the_journal() -> None:
    assert describe(TWENTY) == {"on": True, "voltage_kv": 20.0, "limit_ua": 50.0}
    assert describe(PumpOutput(True, 1.0, 14.43, 2)) == {
        "running": True, "rate_ml_h": 1.0, "diameter_mm": 14.43, "batch": 2,
    }  # fmt: skip
    assert describe(None) == {"on": False}
    assert not PUMP_OFF.energised


class Gas:
    """A flow controller's outlet and what is read of it; a scan each second."""

    def __init__(self, step_sccm: float = 1.0) -> None:
        self.line = Mailbox()
        self.member = Member(spec(Script(ARGON), "gas"))
        self.member.driver = SimpleNamespace(set_step_sccm=step_sccm)  # type: ignore[assignment]
        self.outlet = GasOutlet(ARGON, self.line, self.member)  # type: ignore[arg-type]
        self.journal: list[str] = []
        self.now_ns = 0

    def told(self, sccm: float) -> None:
        """It has acknowledged."""
        output = GasOutput(sccm)
        self.member.told, self.member.told_state = output, Told.TOLD
        self.outlet.take(Report(self.now_ns, "line", ARGON, "told", output))

    def scan(self, permitted: float, shown: float | None, why: str | None = None) -> list[Output | str]:
        """What was put into the mailbox after this reading."""
        self.now_ns += NS
        self.line.put.clear()
        reading = Reading(shown, self.now_ns, why or (None if shown is not None else "no reply"))
        self.outlet.see(Readings(self.now_ns, {f"{ARGON}.setpoint_sccm": reading}, {}))
        self.outlet.act(GasOutput(permitted), True, self.now_ns, self._write)
        return [what for _, what in self.line.put]

    def _write(self, kind: str, data: dict[str, Any]) -> None:
        self.journal.append(kind)


def test_gas_is_ordered_again_each_second_until_it_is_acknowledged() -> None:
    gas = Gas()
    assert [gas.scan(200.0, 0.0) for _ in range(3)] == [[GasOutput(200.0)]] * 3
    gas.told(200.0)
    assert [gas.scan(200.0, 200.0) for _ in range(3)] == [[]] * 3
    assert gas.journal == ["energise"]


def test_gas_that_is_shown_otherwise_twice_is_ordered_again() -> None:
    gas = Gas()
    gas.scan(200.0, 0.0)
    gas.told(200.0)
    assert gas.scan(200.0, 0.0) == []
    assert gas.outlet.view(True).found is None, "one reading may be damaged: a frame has no checksum"
    assert gas.scan(200.0, 0.0) == [GasOutput(200.0)]
    assert gas.outlet.view(True).found == GasOutput(0.0)
    assert gas.scan(200.0, 0.0) == [GasOutput(200.0)]
    assert gas.scan(200.0, 200.0) == []
    assert gas.outlet.view(True).found is None
    assert gas.journal == ["energise"]


@pytest.mark.parametrize("shown", [[100.0, 150.0, 190.0, 200.0], [200.4, 200.4, 200.4], [None, None, None]])
def test_a_ramp_half_a_step_and_a_silent_controller_are_nothing_forgotten(shown: list[float | None]) -> None:
    gas = Gas()
    gas.scan(200.0, 0.0)
    gas.told(200.0)
    assert [gas.scan(200.0, sccm) for sccm in shown] == [[]] * len(shown)
    assert gas.outlet.found is None


def test_after_a_lost_line_gas_is_read_before_it_is_ordered_again() -> None:
    gas = Gas()
    gas.scan(200.0, 0.0)
    gas.told(200.0)
    gas.member.told_state = Told.UNKNOWN
    assert [gas.scan(200.0, None) for _ in range(3)] == [[]] * 3
    assert gas.scan(200.0, 200.0) == [GasOutput(200.0)], "it is as it was told, and now it is known again"
