"""The picoammeter's driver: byte pairs, features of bursts, damaged replies, and the whole way through real PyVISA."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.emulators.keithley import KeithleyEmulator
from rig.instruments.keithley import LINK, RANGES_A, Keithley6485, nearest_range, parse_reading
from rig.instruments.settings import CurrentSettings
from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted, Refused
from rig.lines.simvisa import library_for
from rig.lines.visaport import open_visa
from tests.instruments.keithvais_loop import Cable, Laboratory, ScriptedPort

WHERE = "ASRL/dev/ttyUSB6::INSTR"
IDN = b"KEITHLEY INSTRUMENTS INC.,MODEL 6485,1381988,C01 Jun 23 2010 12:22:00/A02 /G"
SETTINGS = CurrentSettings("current.collector", "keithley-6485", WHERE, range_a=2e-6)


SYNCHRONISED = ((b"\x18", b""), (b"*ESE 1\r\n", b""), (b"*ESE?\r\n", b"1\n"))


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


def scripted(*pairs: tuple[bytes, bytes], attempts: int = 2) -> tuple[Keithley6485, ScriptedPort]:
    """A driver that has learned that replies end with LF."""
    port = ScriptedPort([(b"*IDN?\r\n", IDN + b"\n"), *pairs], attempts=attempts)
    return Keithley6485(SETTINGS, port), port


# Replies, held against the manual


def test_identity_of_a_real_6485() -> None:
    driver, port = scripted((b"*IDN?\r\n", IDN + b"\n"))
    identity = driver.identify()
    assert (identity.model, identity.serial) == ("Keithley 6485", "1381988")
    assert identity.firmware == "C01 Jun 23 2010 12:22:00/A02 /G"
    assert not port.pairs


@pytest.mark.parametrize("model", [b"MODEL 6514", b"MODEL 6485X", b"MODEL 648"])
def test_another_instrument_is_refused_by_name(model: bytes) -> None:
    other = IDN.replace(b"MODEL 6485", model)
    driver, _ = scripted((b"*IDN?\r\n", other + b"\n"), attempts=1)
    with pytest.raises(BadReply, match=model.decode()):
        driver.identify()


def test_a_reading_in_nanoamperes() -> None:
    driver, _ = scripted((b"READ?\r\n", b"+1.040564E-06\n"))
    assert driver.read("current") == {"current_na": pytest.approx(1040.564), "overload": 0.0}


@pytest.mark.parametrize("ending", [b"\r", b"\n", b"\r\n", b"\n\r"])
def test_every_ending_of_the_term_menu(ending: bytes) -> None:
    pairs = [(b"*IDN?\r\n", IDN + ending)]
    if ending == b"\r":
        pairs += [(b"\x18", b""), (b"*IDN?\r\n", IDN + ending)]
    port = ScriptedPort([*pairs, (b"READ?\r\n", b"-2.5E-07".replace(b"2.5", b"2.500000") + ending)] * 1)
    driver = Keithley6485(SETTINGS, port)
    assert driver.read("current")["current_na"] == pytest.approx(-250.0)


@pytest.mark.parametrize("text", [b"+9.9E37", b"+9.900000E+37", b"-9.9E37", b"9.90E+37"])
def test_overflow_is_an_overload_without_a_value(text: bytes) -> None:
    driver, _ = scripted((b"READ?\r\n", text + b"\n"))
    assert driver.read("current") == {"current_na": None, "overload": 1.0}


@pytest.mark.parametrize("text", [b"+9.91E37", b"+9.910000E+37"])
def test_not_a_number_is_no_overload(text: bytes) -> None:
    driver, _ = scripted((b"READ?\r\n", text + b"\n"))
    assert driver.read("current") == {"current_na": None, "overload": 0.0}


@pytest.mark.parametrize(
    "text",
    [
        b"+1.04",
        b"+1.040564",
        b"+1.040564E-0",
        b"1.040564E-06",
        b"+1.040564E-06A",
        b"+1.040564E-06A,+2.236299E+02,+1.380000E+02",
        b"+1.04056E-06",
        b"+1.040564e-06",
        b"+1.040564E-066",
        b"+1.040564E-06,+1.040564E-06",
        b"+9.0E37",
        b"",
    ],
)
def test_a_damaged_reading_gives_no_value(text: bytes) -> None:
    driver, _ = scripted((b"READ?\r\n", text + b"\n"), attempts=1)
    with pytest.raises(BadReply):
        driver.read("current")


def test_a_value_beyond_the_range_with_nothing_said_is_damage() -> None:
    driver, _ = scripted((b"READ?\r\n", b"+1.040564E-05\n"), attempts=1)
    with pytest.raises(BadReply, match="beyond the fixed range of 2e-06 A"):
        driver.read("current")


def test_a_meter_that_was_switched_off_and_on_is_named() -> None:
    text = b"+1.040564E-06A,+2.236299E+02,+1.380000E+02\n"
    driver, _ = scripted((b"READ?\r\n", text), attempts=1)
    with pytest.raises(BadReply, match="lost its settings"):
        driver.read("current")


def test_a_lost_reply_is_asked_for_again_after_a_device_clear() -> None:
    driver, port = scripted(
        (b"READ?\r\n", b""),
        (b"\x18", b""),
        (b"*ESE 1\r\n", b""),
        (b"*ESE?\r\n", b"+4.000000E-07\n1\n"),  # the reading comes late, the register in time
        (b"READ?\r\n", b"+5.000000E-07\n"),
    )
    assert driver.read("current")["current_na"] == pytest.approx(500.0)
    assert not port.pairs


def test_silence_names_instrument_question_deadline_and_attempts() -> None:
    driver, _ = scripted((b"READ?\r\n", b""), *SYNCHRONISED, (b"READ?\r\n", b"+1.0"))
    with pytest.raises(NoReply, match=r"current\.collector: READ\?: only b'\+1\.0' within 1 s, 2 attempts"):
        driver.read("current")


def test_no_second_attempt_while_an_off_waits() -> None:
    driver, port = scripted((b"READ?\r\n", b""))
    port.off = True
    with pytest.raises(Preempted):
        driver.read("current")
    assert not port.pairs


# Ranges


@pytest.mark.parametrize(
    ("wanted", "got"), [(2e-6, 2e-6), (1e-6, 2e-6), (2.1e-6, 2e-5), (1e-12, 2e-9), (0.02, 0.02)]
)
def test_the_smallest_range_that_holds_it(wanted: float, got: float) -> None:
    assert nearest_range(wanted) == got


@pytest.mark.parametrize("wanted", [0.0, -2e-6, 0.021, 1.0, math.nan])
def test_no_range_lists_those_there_are(wanted: float) -> None:
    with pytest.raises(ValueError, match=r"2e-09, 2e-08, 2e-07, 2e-06, 2e-05, 0\.0002, 0\.002, 0\.02"):
        nearest_range(wanted)


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


# Damage

READING = b"+1.040564E-06"
_shape = st.builds(
    lambda place, byte, kind: (
        READING[:place] + READING[place + 1 :]
        if kind == "drop"
        else READING[:place] + bytes((byte,)) + READING[place:]
        if kind == "insert"
        else READING[:place] + bytes((byte,)) + READING[place + 1 :]
    ),
    st.integers(0, len(READING) - 1),
    st.integers(0, 255).filter(lambda byte: not 0x30 <= byte <= 0x39),
    st.sampled_from(["drop", "insert", "replace"]),
)


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=40), _shape, st.integers(0, 12).map(lambda cut: READING[:cut])))
def test_only_instrument_errors_escape_and_nothing_damaged_becomes_a_value(reply: bytes) -> None:
    port = ScriptedPort([(b"*IDN?\r\n", IDN + b"\n"), (b"READ?\r\n", reply + b"\n")], attempts=1)
    driver = Keithley6485(SETTINGS, port)
    line = reply.partition(b"\n")[0].strip(b"\r")
    try:
        values = driver.read("current")
    except InstrumentError:
        return
    value = values["current_na"]
    if value is None:
        assert abs(float(line)) >= 9.8e37
    else:
        # Only the sign can be damaged and still be a whole reading (the protocol has no checksum).
        assert line in (READING, b"-" + READING[1:])
        assert value == pytest.approx(float(line) * 1e9)


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_buffer_is_refused_as_a_whole(data: st.DataObject) -> None:
    whole = b",".join([READING] * 80)
    kind = data.draw(st.sampled_from(["cut", "drop", "replace"]))
    place = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.sampled_from(b"ABCxyz .:;\x00\xff\r"))
    if kind == "cut":
        reply = whole[:place]
    elif kind == "drop":
        reply = whole[:place] + whole[place + 1 :]
    else:
        reply = whole[:place] + bytes((byte,)) + whole[place + 1 :]
    driver = Keithley6485(SETTINGS, ScriptedPort([]))
    stripped = reply.strip(b"\r\n")
    if stripped == whole:
        return
    with pytest.raises(ValueError, match="reading"):
        driver._parse_buffer(stripped)


@given(st.integers(-2_100_000, 2_100_000))
def test_every_reading_the_meter_can_write_is_read_back(steps: int) -> None:
    amps = steps * 1e-12
    assert parse_reading(f"{amps:+.6E}".encode()) == (float(f"{amps:+.6E}"), False)
