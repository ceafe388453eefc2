"""One line: off before orders before polls, the newest order wins, and what happens when an exchange is broken into."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest

from rig.lines.member import Told
from rig.outputs import HV_OFF, PUMP_OFF, HvOutput, PumpOutput
from rig.readings import Quality
from tests.lines.line_bench import MS, LineBench, Script


def kv(voltage_kv: float) -> HvOutput:
    return HvOutput(True, voltage_kv, 50.0)


def flow(rate_ml_h: float) -> PumpOutput:
    return PumpOutput(True, rate_ml_h, 14.43, 1)


@pytest.fixture
def hv() -> Script:
    return Script("hv.needle")


@pytest.fixture
def chain() -> tuple[Script, Script]:
    return Script("pumps.a"), Script("pumps.b")


def two_pumps(chain: tuple[Script, Script]) -> LineBench:
    bench = LineBench((chain[0], "pump"), (chain[1], "pump")).start()
    bench.until(500)
    for script in chain:
        script.log.clear()
    return bench


def merged(chain: tuple[Script, Script]) -> list[str]:
    """What the line did, in order."""
    entries = [(t, script.name[-1] + " " + what) for script in chain for t, what in script.log]
    return [what for _, what in sorted(entries)]


def test_at_connect_every_output_is_off_before_anything_is_set_up_or_asked(
    chain: tuple[Script, Script],
) -> None:
    bench = LineBench((chain[0], "pump"), (chain[1], "pump")).start()
    bench.line.order("pumps.a", flow(1))
    bench.until(150)
    assert merged(chain)[:7] == [
        "a off", "b off", "a set-up", "a identify", "b set-up", "b identify", "a 1 ml/h",
    ]  # fmt: skip
    assert bench.reports("connected") == [(80, "pumps.a"), (120, "pumps.b")]


def test_a_sensor_is_asked_who_it_is_and_nothing_is_switched() -> None:
    script = Script("climate.chamber")
    bench = LineBench((script, "sensor")).start()
    bench.until(50)
    assert script.words() == ["set-up", "identify", "poll value"]


def test_polls_keep_their_grid_and_change_pace_when_the_output_is_active(hv: Script) -> None:
    bench = LineBench((hv, "hv")).start()
    bench.at(3000, lambda: bench.line.set_active("hv.needle", True))
    bench.until(3330)
    assert hv.said("poll value") == [60, 1060, 2060, 3000, 3100, 3200, 3300]


def test_off_goes_before_orders_and_orders_before_polls(chain: tuple[Script, Script]) -> None:
    bench = two_pumps(chain)
    # Put into the mailbox during the poll of a; the poll of b is due at 1120, while they wait.
    bench.at(1085, lambda: bench.line.order("pumps.a", flow(1)))
    bench.at(1086, lambda: bench.line.off("pumps.b"))
    bench.until(1200)
    assert merged(chain)[:4] == ["a poll value", "b off", "a 1 ml/h", "b poll value"]


def test_the_newest_order_wins(hv: Script) -> None:
    bench = LineBench((hv, "hv")).start()
    for t_ms, voltage in ((1061, 5), (1065, 6), (1070, 7)):
        bench.at(t_ms, partial(bench.line.order, "hv.needle", kv(voltage)))
    bench.until(1200)
    assert hv.words()[-2:] == ["poll value", "7 kV"]
    assert bench.line.members["hv.needle"].told == kv(7)


def test_off_clears_a_waiting_order_and_a_later_order_comes_after_it(hv: Script) -> None:
    bench = LineBench((hv, "hv")).start()
    bench.at(1061, lambda: bench.line.order("hv.needle", kv(5)))
    bench.at(1065, lambda: bench.line.off("hv.needle"))
    bench.at(2061, lambda: bench.line.off("hv.needle"))
    bench.at(2065, lambda: bench.line.order("hv.needle", kv(6)))
    bench.until(2200)
    assert [word for word in hv.words() if word in ("off", "5 kV", "6 kV")] == ["off", "off", "off", "6 kV"]


@pytest.mark.parametrize("output", [HV_OFF, PUMP_OFF])
def test_an_order_for_the_safe_side_is_an_off(hv: Script, output: HvOutput | PumpOutput) -> None:
    bench = LineBench((hv, "hv")).start()
    bench.at(200, lambda: bench.line.order("hv.needle", output))
    bench.until(300)
    assert hv.words()[-1] == "off"
    assert bench.line.members["hv.needle"].told is None


def test_what_was_told_and_since_when(hv: Script) -> None:
    bench = LineBench((hv, "hv")).start()
    member = bench.line.members["hv.needle"]
    assert member.told_state is Told.UNKNOWN  # unknown counts as on
    bench.until(100)
    assert (member.told, member.told_state, member.told_ns) == (None, Told.TOLD, 20 * MS)
    for t_ms, voltage in ((200, 1), (300, 2)):  # a ramp's steps do not move the time
        bench.at(t_ms, partial(bench.line.order, "hv.needle", kv(voltage)))
    bench.until(400)
    assert (member.told, member.told_ns) == (kv(2), 220 * MS)
    bench.at(500, lambda: bench.line.off("hv.needle"))
    bench.until(600)
    assert (member.told, member.told_ns) == (None, 520 * MS)
    assert bench.reports("told") == [(220, "hv.needle"), (320, "hv.needle")]
    assert bench.reports("off") == [(520, "hv.needle")]


def test_from_the_order_on_an_output_may_be_on_until_an_off_is_acknowledged(hv: Script) -> None:
    bench = LineBench((hv, "hv")).start()
    bench.until(500)
    member = bench.line.members["hv.needle"]
    doubtful = [member.maybe_on]
    bench.line.order("hv.needle", kv(5))
    doubtful.append(member.maybe_on)  # before a byte is sent
    assert member.told is None
    hv.mute = True
    bench.until(1500)  # it may have been carried out
    doubtful.append(member.maybe_on)
    bench.line.off("hv.needle")
    bench.until(2500)  # and so this off may not
    doubtful.append(member.maybe_on)
    hv.mute = False
    bench.line.off("hv.needle")
    bench.until(3500)
    assert [*doubtful, member.maybe_on] == [False, True, True, True, False]


def test_an_off_acknowledged_while_an_order_waits_leaves_the_output_doubtful(hv: Script) -> None:
    bench = LineBench((hv, "hv")).start()
    bench.until(500)
    member = bench.line.members["hv.needle"]
    seen: list[bool] = []
    bench.line.off("hv.needle")
    bench.at(510, lambda: bench.line.order("hv.needle", kv(5)))  # while the off is on its way
    bench.at(521, lambda: seen.append(member.maybe_on))  # it is acknowledged, and the order comes next
    bench.until(1000)
    assert seen == [True]
    assert hv.said("off")[-1] == 500
    assert hv.said("5 kV") == [520]
    assert member.told == kv(5)


def test_an_order_that_fails_leaves_the_output_unknown_and_says_so(hv: Script) -> None:
    bench = LineBench((hv, "hv")).start()
    bench.until(200)
    hv.mute = True
    bench.line.order("hv.needle", kv(3))
    bench.until(700)
    member = bench.line.members["hv.needle"]
    assert member.told_state is Told.UNKNOWN
    (report,) = [report for report in bench.line.reports if report.what == "failed"]
    assert report.output == kv(3)
    assert report.text == "hv.needle: 3 kV: no reply, 2 attempts"


def test_a_waiting_off_stops_the_second_attempt_at_anything_else(chain: tuple[Script, Script]) -> None:
    bench = two_pumps(chain)
    chain[0].mute = True
    bench.at(1090, lambda: bench.line.off("pumps.b"))  # a's poll began at 1080 and is mute
    bench.until(1300)
    assert chain[0].said("poll value")[0] == 1080
    assert chain[1].said("off") == [1280]  # after one attempt of 200 ms, not after two


def test_a_neighbours_order_that_was_broken_into_is_not_lost(chain: tuple[Script, Script]) -> None:
    bench = two_pumps(chain)
    chain[0].mute = True
    bench.line.order("pumps.a", flow(2))
    bench.at(510, lambda: bench.line.off("pumps.b"))
    bench.at(710, lambda: setattr(chain[0], "mute", False))
    bench.until(900)
    assert merged(chain)[:3] == ["a 2 ml/h", "b off", "a 2 ml/h"]
    member = bench.line.members["pumps.a"]
    assert (member.told, member.told_state) == (flow(2), Told.TOLD)
    assert bench.reports("failed") == []


def test_an_order_that_was_broken_into_gives_way_to_a_newer_one_and_to_its_own_off(
    chain: tuple[Script, Script],
) -> None:
    bench = two_pumps(chain)
    chain[0].mute = True
    bench.line.order("pumps.a", flow(2))
    bench.at(510, lambda: bench.line.off("pumps.b"))
    bench.at(520, lambda: bench.line.order("pumps.a", flow(3)))
    bench.at(710, lambda: setattr(chain[0], "mute", False))
    bench.until(900)
    assert merged(chain)[:3] == ["a 2 ml/h", "b off", "a 3 ml/h"]
    chain[0].mute = True
    bench.line.order("pumps.a", flow(4))
    bench.at(910, lambda: bench.line.off("pumps.a"))
    bench.at(1110, lambda: setattr(chain[0], "mute", False))
    bench.until(1400)
    assert "a 4 ml/h" not in merged(chain)[merged(chain).index("a off") :]
    assert bench.line.members["pumps.a"].told is None


def test_an_off_that_is_not_acknowledged_is_insisted_on_for_two_seconds_and_nothing_feeds_the_watchdog() -> (
    None
):
    script = Script("hv.needle")
    bench = LineBench((script, "hv")).start()
    bench.until(500)
    bench.line.set_active("hv.needle", True)
    bench.until(990)
    script.log.clear()
    script.mute = True
    bench.line.off("hv.needle")
    bench.until(3500)
    offs = script.said("off")
    polls = [t for t in script.said("poll value") if offs[0] < t < offs[-1]]
    assert polls == []
    assert {later - earlier for earlier, later in pairwise(offs)} == {200}
    assert 2000 <= offs[-1] - offs[0] <= 2600
    assert len(bench.reports("failed")) == 1
    script.mute = False
    bench.line.off("hv.needle")
    bench.until(4500)
    assert bench.line.members["hv.needle"].told_state is Told.TOLD


def test_while_one_pump_is_insisted_on_its_neighbour_is_stopped_too(chain: tuple[Script, Script]) -> None:
    bench = two_pumps(chain)
    chain[0].mute = True
    bench.line.off("pumps.a")
    bench.line.off("pumps.b")
    bench.until(1500)
    assert chain[1].said("off") == [900]  # after the two attempts of one off
    assert bench.line.members["pumps.b"].told is None


def test_a_poll_that_gets_no_reply_makes_its_channels_bad_with_the_reason(hv: Script) -> None:
    bench = LineBench((hv, "hv")).start()
    bench.until(500)
    assert bench.board.snapshot(500 * MS).value("hv.needle.value") == 1.0
    hv.mute = True
    bench.until(1400)
    readings = bench.board.snapshot(1400 * MS)
    assert readings.quality("hv.needle.value") is Quality.GOOD  # the first attempts are still under way
    bench.until(1500)
    readings = bench.board.snapshot(1500 * MS)
    assert readings.quality("hv.needle.value") is Quality.BAD
    assert readings.value("hv.needle.value") is None
    assert readings.explain("hv.needle.value") == "hv.needle: poll value: no reply, 2 attempts"


def test_an_instrument_that_has_no_value_is_bad_without_a_failed_exchange(hv: Script) -> None:
    hv.values = {"value": None}
    bench = LineBench((hv, "hv")).start()
    bench.until(200)
    readings = bench.board.snapshot(200 * MS)
    assert readings.quality("hv.needle.value") is Quality.BAD
    assert "no value" in readings.explain("hv.needle.value")


def test_a_driver_that_breaks_is_a_lost_line_and_starts_again_with_off(hv: Script) -> None:
    bench = LineBench((hv, "hv")).start()
    bench.until(500)
    bench.line.order("hv.needle", kv(4))
    bench.until(600)
    hv.log.clear()
    hv.raises = ZeroDivisionError("division by zero")
    bench.until(1100)
    member = bench.line.members["hv.needle"]
    assert (member.told_state, member.connected) == (Told.UNKNOWN, False)
    assert "ZeroDivisionError" in bench.board.snapshot(1100 * MS).explain("hv.needle.value")
    hv.raises = None
    bench.until(2200)
    assert [what for _, what in hv.log][:5] == ["poll value", "off", "set-up", "identify", "poll value"]
    assert member.told is None


def test_closing_releases_every_instrument_and_hangs_up(chain: tuple[Script, Script]) -> None:
    bench = two_pumps(chain)
    bench.line.order("pumps.a", flow(1))
    bench.until(600)
    bench.line.close()
    bench.until(800)
    assert merged(chain)[-2:] == ["a release", "b release"]
    assert bench.line.closed
    assert bench.ports[-1].closed
    bench.until(5000)
    assert merged(chain)[-1] == "b release"


def test_a_mute_neighbour_is_unreachable_and_the_line_says_so_and_tries_again(
    chain: tuple[Script, Script],
) -> None:
    chain[1].mute = True
    bench = LineBench((chain[0], "pump"), (chain[1], "pump")).start()
    bench.until(1000)
    assert bench.reports("unreachable") == [(460, "pumps.b")]
    (report,) = [report for report in bench.line.reports if report.what == "unreachable"]
    assert report.text == "pumps.b: off: no reply, 2 attempts"
    assert bench.line.members["pumps.b"].told_state is Told.UNKNOWN
    chain[1].mute = False
    bench.until(2000)
    assert bench.line.members["pumps.b"].connected
