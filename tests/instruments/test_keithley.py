"""The picoammeter's driver against the emulated meter, the whole way through real PyVISA."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from rig.emulators.keithley import KeithleyEmulator
from rig.instruments.keithley import LINK, RANGES_A, Keithley6485
from rig.instruments.settings import CurrentSettings
from rig.lines.errors import BadReply, NoReply, Refused
from rig.lines.simvisa import library_for
from rig.lines.visaport import open_visa
from tests.instruments.keithvais_loop import Cable, Laboratory, ScriptedPort

WHERE = "ASRL/dev/ttyUSB6::INSTR"
SETTINGS = CurrentSettings("current.collector", "keithley-6485", WHERE, range_a=2e-6)


class Electrode:
    """A collector whose current a test writes down as a function of time in s."""

    def __init__(self, current_na: Callable[[float], float]) -> None:
        self.current_na = current_na

    def mean_na(self, t_ns: int, aperture_ns: int) -> float:
        return self.current_na(t_ns / 1e9)

    def burst(self, t_ns_start: int, n: int, period_ns: int) -> list[float]:
        return [self.current_na((t_ns_start + i * period_ns) / 1e9) for i in range(n)]


class Bench:
    """A meter on a VISA serial line, its driver not set up yet."""

    def __init__(
        self,
        current_na: Callable[[float], float] = lambda t_s: 500.0,
        *,
        settings: CurrentSettings = SETTINGS,
        terminator: bytes = b"\n",
        noise: bool = False,
    ) -> None:
        self.laboratory = Laboratory()
        self.electrode = Electrode(current_na)
        self.meter = KeithleyEmulator(
            "current.collector",
            self.laboratory.scheduler,
            collector=self.electrode,
            terminator=terminator,
            noise=noise,
        )
        self.cable: Cable = self.laboratory.plug("usb6", self.meter)
        library = library_for(self.laboratory, {WHERE: "usb6"})
        self.port = open_visa(WHERE, LINK, library=library, runner=self.laboratory.runner, trace=None)
        self.driver = Keithley6485(settings, self.port)

    def set_up(self) -> Keithley6485:
        self.laboratory.run(self.driver.set_up)
        return self.driver

    def read(self, poll: str) -> dict[str, float | None]:
        return dict(self.laboratory.run(lambda: self.driver.read(poll)))

    def seconds(self, work: Callable[[], object]) -> float:
        before_ns = self.laboratory.scheduler.now_ns
        self.laboratory.run(work)
        return (self.laboratory.scheduler.now_ns - before_ns) / 1e9


# Set-up against the emulator


def test_set_up_takes_the_sheets_road_to_a_corrected_zero_and_a_fixed_range() -> None:
    bench = Bench()
    bench.set_up()
    lines = bench.cable.requests.decode().replace("\x18", "").split("\r\n")
    zero = [line for line in lines if line.startswith(("SYST:ZC", "RANG", "INIT"))]
    assert zero[:9] == [
        "SYST:ZCH ON",
        "SYST:ZCOR OFF",
        "RANG:AUTO OFF",
        "RANG 2E-9",
        "INIT",
        "SYST:ZCOR:ACQ",
        "SYST:ZCOR ON",
        "RANG 2E-6",
        "SYST:ZCH OFF",
    ]
    assert "*RST" not in lines
    state = bench.meter.set
    assert (state["zch"], state["zcor"], state["azer"], state["range_auto"]) == (False, True, True, False)
    assert bench.meter.range_a == 2e-6
    assert bench.meter.elements == ("READ",)


@pytest.mark.parametrize("range_a", RANGES_A)
def test_every_range_is_set_as_asked(range_a: float) -> None:
    settings = CurrentSettings("current.collector", "keithley-6485", WHERE, range_a=range_a)
    bench = Bench(lambda t_s: 0.4e9 * range_a, settings=settings)
    bench.set_up()
    assert bench.meter.range_a == range_a
    assert bench.read("current")["current_na"] == pytest.approx(0.4e9 * range_a, rel=1e-4)


def test_the_zero_of_the_instrument_is_taken_away() -> None:
    settings = CurrentSettings("current.collector", "keithley-6485", WHERE, range_a=2e-9)
    bench = Bench(lambda t_s: 0.1, settings=settings)
    bench.set_up()
    assert bench.read("current")["current_na"] == pytest.approx(0.1, abs=1e-6)
    bench.meter.set["zcor"] = False
    assert bench.read("current")["current_na"] == pytest.approx(0.1003, abs=1e-6)


def test_what_somebody_left_switched_on_is_switched_off() -> None:
    bench = Bench()
    bench.meter.set.update(average=True, median=True, math=True, rel=True, trig_count=7.0, delay=2.0)
    bench.set_up()
    left = bench.meter.set
    assert [left[name] for name in ("average", "median", "math", "rel", "trig_count", "delay")] == [
        False,
        False,
        False,
        False,
        1.0,
        0.0,
    ]


def test_an_error_that_the_meter_reports_after_set_up_refuses_it() -> None:
    bench = Bench()
    # A firmware that lacks a command of the set-up says so in its error queue.
    bench.cable.damage = lambda data: data.replace(b'0,"No error"', b'-113,"Undefined header"')
    with pytest.raises(Refused, match="Undefined header"):
        bench.set_up()


def test_zero_check_that_stays_on_refuses_the_set_up() -> None:
    bench = Bench()
    bench.cable.damage = lambda data: b"1\n" if data == b"0\n" else data
    with pytest.raises(Refused, match="zero check"):
        bench.set_up()


def test_a_meter_at_another_baud_rate_or_absent_says_what_to_look_at() -> None:
    bench = Bench()
    bench.cable.damage = lambda data: b""
    with pytest.raises(NoReply, match="baud rate"):
        bench.set_up()


def test_release_shunts_the_input_and_proves_it() -> None:
    bench = Bench()
    bench.set_up()
    bench.laboratory.run(bench.driver.release)
    assert bench.meter.set["zch"] is True
    assert bench.meter.set["display"] is True
    assert (bench.meter.set["nplc"], bench.meter.set["trig_count"]) == (1.0, 1.0)


# Reading against the emulator


def test_the_mean_follows_the_current_and_its_exchange_fits_its_period() -> None:
    bench = Bench()
    bench.set_up()
    assert bench.read("current") == {"current_na": pytest.approx(500.0, abs=0.1), "overload": 0.0}
    assert bench.seconds(lambda: bench.driver.read("current")) < 0.06
    bench.electrode.current_na = lambda t_s: -60.0
    assert bench.read("current")["current_na"] == pytest.approx(-60.0, abs=0.1)


@pytest.mark.parametrize("terminator", [b"\r", b"\n", b"\r\n", b"\n\r"])
def test_polls_are_quick_with_every_ending(terminator: bytes) -> None:
    bench = Bench(terminator=terminator)
    bench.set_up()
    bench.read("current")
    assert bench.seconds(lambda: bench.driver.read("current")) < 0.06
    assert bench.seconds(lambda: bench.driver.read("burst")) < 0.4


def test_a_burst_takes_less_than_0_4_s_and_leaves_the_mean_as_it_was() -> None:
    bench = Bench()
    bench.set_up()
    assert bench.seconds(lambda: bench.driver.read("burst")) < 0.35
    before_ns = bench.laboratory.scheduler.now_ns
    assert bench.read("current")["current_na"] == pytest.approx(500.0, abs=0.1)
    assert bench.laboratory.scheduler.now_ns - before_ns < 60_000_000
    assert bench.port.deadline_s == 1.0
    assert (bench.meter.set["nplc"], bench.meter.set["azer"]) == (1.0, True)


def test_at_9600_baud_a_burst_is_shorter_so_that_the_mean_stays_fresh() -> None:
    slow = CurrentSettings("current.collector", "keithley-6485", WHERE, baud=9600, range_a=2e-6)
    fast = Keithley6485(SETTINGS, ScriptedPort([]))
    assert fast.burst_samples == 80
    assert Keithley6485(slow, ScriptedPort([])).burst_samples < 25


def test_a_pulsating_jet_shows_its_line() -> None:
    bench = Bench(lambda t_s: 400.0 + 60.0 * math.sin(2 * math.pi * 120.0 * t_s), noise=True)
    bench.set_up()
    burst = bench.read("burst")
    assert burst["line_hz"] == pytest.approx(120.0, abs=3.0)
    assert burst["line_fraction"] is not None and burst["line_fraction"] > 0.9
    assert burst["noise_na"] == pytest.approx(60.0 / math.sqrt(2), rel=0.05)
    assert burst["peak_na"] == pytest.approx(60.0, rel=0.05)
    assert burst["spikes"] == 0.0


def test_a_steady_cone_jet_is_quiet() -> None:
    bench = Bench(noise=True)
    bench.set_up()
    burst = bench.read("burst")
    assert burst["noise_na"] is not None and burst["noise_na"] < 1.0
    assert (burst["line_hz"], burst["spikes"]) == (0.0, 0.0)


def test_an_arc_in_a_burst_counts_as_spikes_and_hides_what_cannot_be_told() -> None:
    bench = Bench()
    bench.set_up()
    start_s = bench.laboratory.scheduler.now_ns / 1e9
    bench.electrode.current_na = lambda t_s: 1e6 if 0.03 < t_s - start_s < 0.04 else 500.0
    burst = bench.read("burst")
    assert burst["spikes"] is not None and 8 <= burst["spikes"] <= 12
    assert [burst[name] for name in ("noise_na", "peak_na", "line_hz", "line_fraction")] == [None] * 4


def test_an_arc_makes_the_mean_an_overload_and_it_recovers() -> None:
    bench = Bench()
    bench.set_up()
    bench.electrode.current_na = lambda t_s: 1e6
    assert bench.read("current") == {"current_na": None, "overload": 1.0}
    bench.electrode.current_na = lambda t_s: 500.0
    assert bench.read("current")["current_na"] == pytest.approx(500.0, abs=0.1)


def test_a_burst_that_broke_off_does_not_spoil_the_next_mean() -> None:
    bench = Bench()
    bench.set_up()
    bench.cable.damage = lambda data: b"" if len(data) > 100 else data
    with pytest.raises(NoReply):
        bench.read("burst")
    bench.cable.damage = bytes
    assert bench.read("current")["current_na"] == pytest.approx(500.0, abs=0.1)
    assert bench.read("burst")["spikes"] == 0.0


def test_a_late_reply_is_not_taken_for_the_next_one() -> None:
    bench = Bench()
    bench.set_up()
    bench.electrode.current_na = lambda t_s: 111.0
    bench.port.deadline_s, bench.port.attempts = 0.03, 1  # a reading takes 0.04 s
    with pytest.raises(NoReply):
        bench.read("current")
    bench.port.deadline_s = 1.0
    bench.electrode.current_na = lambda t_s: 222.0
    assert bench.read("current")["current_na"] == pytest.approx(222.0, abs=0.1)


def test_replies_that_all_come_late_give_no_value_and_no_old_one_afterwards() -> None:
    bench = Bench()
    bench.set_up()
    late_ns = 0
    transmit = bench.meter.transmit
    assert transmit is not None
    bench.meter.transmit = lambda data, begins_ns: transmit(data, begins_ns + late_ns)
    began_ns = bench.laboratory.scheduler.now_ns
    bench.electrode.current_na = lambda t_s: (t_s - began_ns / 1e9) * 10.0
    late_ns = 1_500_000_000
    for _ in range(8):
        with pytest.raises(NoReply):
            bench.read("current")
    late_ns = 0
    for _ in range(8):
        asked_s = (bench.laboratory.scheduler.now_ns - began_ns) / 1e9
        try:
            value_na = bench.read("current")["current_na"]
        except NoReply:
            continue
        assert value_na is not None and value_na >= asked_s * 10.0 - 0.1
    assert bench.read("current")["overload"] == 0.0


def test_a_power_cut_of_the_meter_is_noticed_and_no_zero_passed_off() -> None:
    bench = Bench()
    bench.set_up()
    bench.meter.power(False)
    bench.meter.power(True)
    with pytest.raises(BadReply, match="lost its settings"):
        bench.read("current")
    bench.set_up()
    assert bench.read("current")["current_na"] == pytest.approx(500.0, abs=0.1)


def test_polls_name_the_channels_they_fill() -> None:
    bench = Bench()
    bench.set_up()
    for poll in bench.driver.polls:
        assert tuple(bench.read(poll.name)) == bench.driver.poll_channels[poll.name]
    filled = [name for names in bench.driver.poll_channels.values() for name in names]
    assert filled == [channel.name for channel in bench.driver.channels]
