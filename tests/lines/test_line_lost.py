"""A line whose scan has stopped, whose port is gone, or which hangs."""

from __future__ import annotations

import threading
import time
from functools import partial

from rig.lines.board import Board
from rig.lines.clocks import RealClock
from rig.lines.errors import NoReply
from rig.lines.line import Line
from rig.lines.member import Told
from rig.lines.port import Port
from rig.lines.runner import Runner, ThreadRunner
from rig.outputs import HvOutput, Output, PumpOutput
from tests.lines.line_bench import MS, Instrument, LineBench, Script, SlowPort, spec

KV = HvOutput(True, 5.0, 50.0)


def live_bench(script: Script, kind: str = "hv") -> LineBench:
    """Connected, told on, renewed up to 1000 ms."""
    bench = LineBench((script, kind)).start()
    bench.until(100)
    bench.line.set_active(script.name, True)
    bench.line.order(script.name, KV)
    bench.line.renew(1000 * MS)
    bench.until(990)
    script.log.clear()
    return bench


# Leases


def test_a_lapsed_lease_sends_off_once_and_then_nothing_at_all() -> None:
    script = Script("hv.needle")
    bench = live_bench(script)
    bench.until(60_000)
    assert script.log == [(1000, "off")]
    assert bench.reports("lapsed") == [(1000, None)]
    assert bench.reports("off")[-1] == (1020, "hv.needle")


def test_bytes_lost_on_the_way_are_not_sent_again_after_a_lapse() -> None:
    script = Script("hv.needle")
    bench = live_bench(script)
    script.mute = True
    bench.until(60_000)
    assert script.log == [(1000, "off"), (1200, "off")]  # the two attempts of one safe command
    assert bench.line.members["hv.needle"].told_state is Told.UNKNOWN


def test_a_lapse_stops_every_output_of_the_line_and_touches_no_sensor() -> None:
    a, b, sensor = Script("pumps.a"), Script("pumps.b"), Script("climate.chamber")
    bench = LineBench((a, "pump"), (sensor, "sensor"), (b, "pump")).start()
    bench.until(300)
    for script in (a, b, sensor):
        script.log.clear()
    bench.line.renew(400 * MS)
    bench.until(10_000)
    assert (a.words(), b.words(), sensor.words()) == (["off"], ["off"], [])


def test_orders_that_waited_are_forgotten_by_a_lapse() -> None:
    script = Script("hv.needle", exchange_s=0.15)
    bench = LineBench((script, "hv")).start()
    bench.until(450)
    bench.line.set_active("hv.needle", True)
    bench.line.renew(1000 * MS)
    bench.until(950)
    bench.line.order("hv.needle", KV)  # an exchange is under way beyond the lease
    bench.until(1500)
    bench.line.renew(99_000 * MS)
    bench.until(3000)
    assert "5 kV" not in script.words()
    assert script.words().count("off") == 2


def test_a_renewed_line_polls_again_and_energises_nothing_by_itself() -> None:
    script = Script("hv.needle")
    bench = live_bench(script)
    bench.until(5000)
    bench.line.renew(5200 * MS)
    bench.until(5190)
    assert script.log[0] == (1000, "off")
    assert script.words()[1:] == ["poll value"] * (len(script.log) - 1)
    assert script.said("poll value")[0] == 5000
    assert bench.line.members["hv.needle"].told is None
    bench.until(20_000)
    assert script.words().count("off") == 2  # lapsed again: once more
    assert len(bench.reports("lapsed")) == 2


def test_each_renewal_moves_the_lease_on() -> None:
    script = Script("hv.needle")
    bench = live_bench(script)
    for t_ms in range(1000, 5000, 100):
        bench.at(t_ms - 5, partial(bench.line.renew, (t_ms + 800) * MS))
    bench.until(5600)
    assert "off" not in script.words()
    bench.until(6000)
    assert script.said("off") == [5700]


# Ports that are gone


def test_a_lost_port_is_tried_again_each_second_and_begins_with_off() -> None:
    script = Script("hv.needle")
    bench = LineBench((script, "hv")).start()
    bench.until(100)
    bench.line.set_active("hv.needle", True)
    bench.line.order("hv.needle", KV)
    bench.until(500)
    tries = 0
    opener = bench.line._opener

    def counting(runner: Runner) -> object:
        nonlocal tries
        tries += 1
        return opener(runner)

    bench.line._opener = counting  # type: ignore[assignment]
    bench.unplug()
    bench.until(600)
    member = bench.line.members["hv.needle"]
    assert (member.told_state, member.connected) == (Told.UNKNOWN, False)
    assert bench.board.snapshot(600 * MS).explain("hv.needle.value") == "the cable is out"
    assert len(bench.reports("lost")) == 1
    bench.line.order("hv.needle", KV)  # whoever still orders something does so in vain
    bench.until(4600)
    assert tries == 4
    assert bench.reports("unreachable") == []  # said once, as lost; not each second again
    script.log.clear()
    bench.plug()
    bench.until(8000)
    assert script.words()[:4] == ["off", "set-up", "identify", "poll value"]
    assert "5 kV" not in script.words()
    assert (member.told, member.told_state, member.connected) == (None, Told.TOLD, True)


def test_a_port_that_was_never_there_is_reported_once() -> None:
    script = Script("hv.needle")
    bench = LineBench((script, "hv"))
    bench.unplug()
    bench.start()
    bench.until(5500)
    assert bench.reports("unreachable") == [(0, "hv.needle")]
    bench.plug()
    bench.until(7000)
    assert bench.line.members["hv.needle"].connected
    assert bench.reports("connected") == [(6060, "hv.needle")]


# A line that hangs


class HangingPort(SlowPort):
    """Hangs for so long in the next sleep, once."""

    hang_s = 0.0

    def sleep(self, seconds: float) -> None:
        hang_s, HangingPort.hang_s = HangingPort.hang_s, 0.0
        super().sleep(seconds + hang_s)


def real_line(
    name: str, script: Script, kind: str, clock: RealClock, board: Board, port: type[SlowPort]
) -> Line:
    line = Line(name, [spec(script, kind)], lambda runner: port(runner), ThreadRunner(clock), board)
    for member in line.members.values():
        line.declare_channels(member)
        member.active = False
    return line


def wait_for(what: object, condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def test_a_hung_line_is_abandoned_after_its_limit_and_never_delays_its_neighbour() -> None:
    clock, board = RealClock(), Board()
    stuck, free = Script("hv.needle", exchange_s=0.001), Script("pumps.a", exchange_s=0.001)
    hung = real_line("hung", stuck, "hv", clock, board, HangingPort)
    other = real_line("other", free, "pump", clock, board, SlowPort)
    lines = (hung, other)
    for line in lines:
        line.start()
    wait_for("connected", lambda: all(member.connected for line in lines for member in line.members.values()))
    for line in lines:
        for name in line.members:
            line.set_active(name, True)
    wait_for("polled", lambda: board.snapshot(clock.now_ns).value("hv.needle.value") == 1.0)
    assert hung.overdue(clock.now_ns) is None
    HangingPort.hang_s = 3.3
    wait_for("hanging", lambda: HangingPort.hang_s == 0.0)
    began_ns, asked = clock.now_ns, len(free.log)
    hung.order("hv.needle", KV)  # has to wait behind what hangs
    wait_for("overdue", lambda: hung.overdue(clock.now_ns) is not None)
    elapsed_ms = (clock.now_ns - began_ns) / MS
    assert 2500 <= elapsed_ms < 2900  # four exchanges with two attempts of 0.2 s, and a second
    why = hung.overdue(clock.now_ns)
    assert why is not None
    assert why.startswith("hv.needle: value has not returned for 2.6")
    hung.abandon(why)
    assert hung.overdue(clock.now_ns) is None
    assert board.snapshot(clock.now_ns).explain("hv.needle.value") == why
    assert hung.members["hv.needle"].told_state is Told.UNKNOWN
    # The neighbour was polled each 100 ms all the while, and takes orders.
    assert len(free.log) - asked >= 20
    gaps = [b - a for (a, _), (b, _) in zip(free.log[asked:], free.log[asked + 1 :], strict=False)]
    assert max(gaps) < 300
    # When the call comes back after all, the line begins again as after a lost port: off before anything else.
    hung_log = len(stuck.log)
    wait_for(
        "come back",
        lambda: (
            hung.members["hv.needle"].connected
            and not hung.abandoned
            and hung.reports[-1].what == "connected"
        ),
    )
    assert [what for _, what in stuck.log[hung_log:]][:4] == ["off", "off", "set-up", "identify"]
    assert hung.members["hv.needle"].told is None
    assert "5 kV" not in stuck.words()
    for line in lines:
        line.close()
    wait_for("closed", lambda: hung.closed and other.closed)


def test_what_comes_back_on_an_abandoned_line_makes_no_second_attempt() -> None:
    """The request may have been lost in the hang: sent again now, it would energise behind everybody's back."""
    bench_script = Script("hv.needle")
    bench = LineBench((bench_script, "hv")).start()
    bench.until(200)
    bench_script.mute = True
    bench.line.order("hv.needle", KV)
    bench.at(300, lambda: bench.line.abandon("hangs"))
    bench.until(5000)
    assert bench_script.said("5 kV") == [200]
    assert bench.reports("abandoned") == [(300, None)]
    assert bench_script.words()[bench_script.words().index("5 kV") + 1] == "off"


class StuckInClosing(SlowPort):
    """Its close does not return before `over`."""

    over = threading.Event()

    def close(self) -> None:
        self.over.wait()
        super().close()


def test_a_hung_close_is_abandoned_in_words_and_its_end_is_a_new_start() -> None:
    """In virtual time: the cable is out, and the port's close takes ten seconds."""
    script, other = Script("hv.needle"), Script("pumps.a")
    bench = LineBench((script, "hv")).start()
    beside = LineBench((other, "pump"), scheduler=bench.scheduler, name="two").start()
    bench.until(100)
    for one in (bench, beside):
        one.line.set_active(next(iter(one.scripts)), True)
    bench.line.order("hv.needle", KV)
    bench.until(500)
    port = bench.ports[0]
    closed = port.close

    def slow_close() -> None:
        bench.line._runner.sleep(10.0)
        closed()

    vars(port)["close"] = slow_close
    bench.unplug()
    late: list[str | None] = []
    for t_ms in (1500, 1700):
        bench.at(t_ms, lambda: late.append(bench.line.overdue(bench.scheduler.now_ns)))
    bench.until(1710)
    assert late == [None, "line one: closing its port has not returned for 1.2 s"]
    member = bench.line.members["hv.needle"]
    assert (member.told_state, member.connected) == (Told.UNKNOWN, False)
    bench.line.abandon(str(late[1]))
    assert bench.reports("abandoned") == [(1710, None)]
    assert [report.text for report in bench.line.reports if report.what == "abandoned"] == [late[1]]
    bench.line.off("hv.needle")  # nobody waits for it
    asked = len(other.log)
    bench.plug()
    script.log.clear()
    bench.until(10_000)
    assert script.log == [] and len(bench.ports) == 1
    assert len(other.log) - asked > 80, "the other line was polled each 100 ms"
    bench.until(13_000)
    assert script.words()[:3] == ["off", "set-up", "identify"]
    assert member.connected and not bench.line.abandoned and port.closed
    assert (member.told, member.told_state) == (None, Told.TOLD)


def test_a_close_that_raises_loses_the_port_and_not_the_line() -> None:
    script = Script("hv.needle")
    bench = LineBench((script, "hv")).start()
    bench.until(500)

    def broken() -> None:
        raise AttributeError("no such handle")

    vars(bench.ports[0])["close"] = broken
    bench.unplug()
    bench.until(2000)
    failed = [report.text for report in bench.line.reports if report.what == "failed"]
    assert failed == ["closing its port: AttributeError: no such handle"]
    bench.plug()
    bench.until(5000)
    assert bench.line.members["hv.needle"].connected and len(bench.ports) == 2


def test_a_close_that_hangs_on_leaving_keeps_only_its_own_thread() -> None:
    """What is let go by then is let go: the instruments were left as they should be before the close."""
    clock, board = RealClock(), Board()
    stuck, free = Script("hv.needle", exchange_s=0.001), Script("pumps.a", exchange_s=0.001)
    hung = real_line("hung", stuck, "hv", clock, board, StuckInClosing)
    other = real_line("other", free, "pump", clock, board, SlowPort)
    StuckInClosing.over.clear()
    try:
        for line in (hung, other):
            line.start()
        wait_for(
            "connected", lambda: hung.members["hv.needle"].connected and other.members["pumps.a"].connected
        )
        began_ns = clock.now_ns
        for line in (hung, other):
            line.close()
        wait_for("the other is closed", lambda: other.closed)
        wait_for("overdue", lambda: hung.overdue(clock.now_ns) is not None)
        assert 1000 < (clock.now_ns - began_ns) / MS < 1500
        assert stuck.words()[-1] == "release" and hung.let_go and not hung.closed
        why = hung.overdue(clock.now_ns)
        assert why is not None and why.startswith("line hung: closing its port has not returned for 1.")
        hung.abandon(why)
        assert hung.overdue(clock.now_ns) is None
    finally:
        StuckInClosing.over.set()
    wait_for("closed after all", lambda: hung.closed)


def test_a_driver_that_breaks_on_release_does_not_keep_its_neighbours_from_it() -> None:
    first, second = Script("pumps.a"), Script("pumps.b")
    bench = LineBench((first, "pump"), (second, "pump")).start()
    bench.until(500)
    first.raises = ValueError("broken")
    bench.line.close()
    bench.until(1000)
    assert bench.line.closed and bench.line.let_go
    assert second.words()[-1] == "release"
    assert [(report.member, report.text) for report in bench.line.reports if report.what == "failed"][-1] == (
        "pumps.a",
        "internal error: ValueError: broken",
    )


def test_a_slow_opening_has_its_own_longer_limit() -> None:
    script = Script("hv.needle", exchange_s=4.0)
    bench = LineBench((script, "hv")).start()
    late: list[str | None] = []
    for t_ms in (3900, 7900, 11900):
        bench.at(t_ms, lambda: late.append(bench.line.overdue(bench.scheduler.now_ns)))
    bench.until(12_500)
    assert late == [None, None, None]


def test_orders_from_many_threads_end_in_the_last_one() -> None:
    clock, board = RealClock(), Board()
    script = Script("pumps.a", exchange_s=0.0)
    line = real_line("p", script, "pump", clock, board, SlowPort)
    line.start()
    wait_for("connected", lambda: line.members["pumps.a"].connected)

    def hammer(base: int) -> None:
        for step in range(50):
            line.order("pumps.a", PumpOutput(True, base + step, 14.43, 1))

    threads = [threading.Thread(target=hammer, args=(base,)) for base in (100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = PumpOutput(True, 7.0, 14.43, 1)
    line.order("pumps.a", last)
    wait_for("told", lambda: line.members["pumps.a"].told == last)
    line.off("pumps.a")
    wait_for("off", lambda: line.members["pumps.a"].told is None)
    line.close()
    wait_for("closed", lambda: line.closed)


def test_a_broken_driver_and_a_failing_off_leave_the_output_unknown() -> None:
    class Stubborn(Instrument):
        def off(self) -> None:
            raise NoReply("will not stop")

        def apply(self, output: Output) -> None:
            raise AssertionError("never told on")

    script = Script("pumps.a")
    bench = LineBench((script, "pump"))
    member = bench.line.members["pumps.a"]
    made = bench.line.members["pumps.a"].spec

    def make(port: Port) -> Stubborn:
        return Stubborn(script, port)

    object.__setattr__(made, "make", make)
    bench.start()
    bench.until(1500)
    assert member.told_state is Told.UNKNOWN
    assert not member.connected
    assert bench.reports("unreachable")
