"""The climate transmitter's driver: lines read by name and unit, RUN mode, addresses, damaged replies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.emulators.physics.chamber import Chamber
from rig.emulators.vaisala import VaisalaEmulator
from rig.instruments.settings import ClimateSettings
from rig.instruments.vaisala import LINK, Vaisala, parse_line
from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted
from tests.instruments.keithvais_loop import Cable, Laboratory, ScriptedPort

SETTINGS = ClimateSettings("climate.chamber", "vaisala", "/dev/ttyUSB4")
ADDRESSED = ClimateSettings("climate.chamber", "vaisala", "/dev/ttyUSB4", address=5)
LINE = "RH= 98.4 %RH T= 31.1 'C"


class Bench:
    """A transmitter in a still chamber of 22.5 degC and 41.3 %RH on a serial line."""

    def __init__(self, settings: ClimateSettings = SETTINGS, **options: object) -> None:
        self.laboratory = Laboratory()
        self.chamber = Chamber(
            temperature_degc=22.5, humidity_pct=41.3, temperature_sigma=0.0, humidity_sigma=0.0
        )
        self.device = VaisalaEmulator(
            "climate.chamber",
            self.laboratory.scheduler,
            chamber=self.chamber,
            **options,  # type: ignore[arg-type]
        )
        self.cable: Cable = self.laboratory.plug("usb4", self.device)
        self.port = self.laboratory.serial_port("usb4", LINK)
        self.driver = Vaisala(settings, self.port)

    def set_up(self) -> None:
        self.laboratory.run(self.driver.set_up)

    def read(self) -> dict[str, float | None]:
        return dict(self.laboratory.run(lambda: self.driver.read("climate")))


def scripted(*pairs: tuple[bytes, bytes], settings: ClimateSettings = SETTINGS, attempts: int = 2) -> Vaisala:
    return Vaisala(settings, ScriptedPort(pairs, attempts=attempts))


# Lines, held against the manuals


@pytest.mark.parametrize(
    ("line", "temperature_degc", "humidity_pct"),
    [
        (LINE, 31.1, 98.4),  # HMT330, FORM /
        ("RH= 16.03%RH  \tT= 74.66'F ", (74.66 - 32) / 1.8, 16.03),  # HMT330, FORM example
        ("T= 22.6 'C RH= 22.8 %RH Td= 0.3 'C", 22.6, 22.8),  # HMP110, another order
        (
            "N   0 RH= 40.1 %RH T= 24.0 'C Td= 9.7 'C Tdf= 9.7 'C a= 8.7 g/m3 x= 7.5 g/kg Tw= 15.6 'C",
            24.0,
            40.1,
        ),
        ("09:31:13 RH= 19.4 %RH T=-26.0 'C", -26.0, 19.4),  # HMP260 with its time
        ("RH=100.0 %RH T=  0.0 'C ERR=0000", 0.0, 100.0),
    ],
)
def test_a_line_is_read_by_names(line: str, temperature_degc: float, humidity_pct: float) -> None:
    got = parse_line(line)
    assert got[0] == pytest.approx(temperature_degc)
    assert got[1] == pytest.approx(humidity_pct)


@pytest.mark.parametrize(
    ("line", "got"),
    [
        ("S 134 RH= 40.2 %RH T= 24.1 'C", (None, None)),  # HMT310, FST: cooling after purge
        ("H 159.0 RH= 40.2 %RH T= 24.1 'C", (None, None)),
        ("X 95.0 RH= 40.2 %RH T= 24.1 'C", (None, None)),
        ("RH= 40.2 %RH T= 24.1 'C h 115  ", (None, None)),
        ("RH= 40.2 %RH T= 24.1 'C h= 43.2 kJ/kg", (24.1, 40.2)),  # enthalpy, not heating
        ("RH=***** %RH T= 24.1 'C", (24.1, None)),
        ("RH= 40.2 %RH T=**.* 'C", (None, 40.2)),
        ("RH= 40.2 %RH T= 24.1 'C ERR=0001", (24.1, None)),
        ("RH= 40.2 %RH T= 24.1 'C ERR: 0100", (None, None)),
        ("RH= 40.2 %RH T= 24.1 'C ERR 1010", (24.1, 40.2)),  # pressure and the additional probe
    ],
)
def test_what_the_transmitter_doubts_is_no_value(line: str, got: tuple[float | None, float | None]) -> None:
    assert parse_line(line) == got


@pytest.mark.parametrize(
    "line",
    [
        "RH= 98.4 %RH",
        "T= 31.1 'C",
        "Td= 31.1 'C RH= 98.4 %RH",
        "RH= 98.4 %RH T= 31.1",
        "RH= 98.4 T= 31.1 'C",
        "RH= 98.4 % T= 31.1 'C",
        "RH= 98.4 %RH T= 31.1 K",
        "RH= 98.4 %RH T= 31 'C",
        "RH= 98. %RH T= 31.1 'C",
        "RH= 9 8.4 %RH T= 31.1 'C",
        "RH= 198.4 %RH T= 31.1 'C",
        "RH= -8.4 %RH T= 31.1 'C",
        "RH= 98.4 %RH T= 311.1 'C",
        "RH= 98.4 %RH T= 31.1 'C T= 31.2 'C",
        "RH= 98.4 %RH T= 31.1 'C ERR=00",
        "RH= 98.4 %RH T= 31.1 'C ERR=000x",
        "Unknown command",
        "",
    ],
)
def test_a_line_that_is_not_whole_gives_nothing(line: str) -> None:
    with pytest.raises(ValueError, match=r"in '|in \""):
        parse_line(line)


def test_byte_pairs() -> None:
    driver = scripted((b"SEND\r", LINE.encode() + b"\r\n"))
    assert driver.read("climate") == {"temperature_degc": 31.1, "humidity_pct": 98.4}
    driver = scripted((b"SEND 5\r", LINE.encode() + b"\r\n"), settings=ADDRESSED)
    assert driver.read("climate") == {"temperature_degc": 31.1, "humidity_pct": 98.4}


@pytest.mark.parametrize("before", [b"SEND\r\n", b"\r\n", b">", b"send\r\n>", b"\r\n\r\n>SEND\r\n"])
def test_echo_prompt_and_empty_lines_are_passed_over(before: bytes) -> None:
    assert scripted((b"SEND\r", before + LINE.encode() + b"\r\n>")).read("climate")["humidity_pct"] == 98.4


def test_a_form_that_ends_with_cr_alone_is_read_too() -> None:
    assert scripted((b"SEND\r", LINE.encode() + b"\r")).read("climate")["humidity_pct"] == 98.4


def test_a_second_attempt_after_damage_and_after_silence() -> None:
    good = (b"SEND\r", LINE.encode() + b"\r\n")
    assert scripted((b"SEND\r", b"RH= 98.4 %RH T= 3\r\n"), good).read("climate")["temperature_degc"] == 31.1
    assert scripted((b"SEND\r", b""), good).read("climate")["temperature_degc"] == 31.1


def test_silence_says_what_to_look_at() -> None:
    with pytest.raises(NoReply, match=r"climate\.chamber: SEND: .* within 1 s, 2 attempts.*4800 7E1.*POLL"):
        scripted((b"SEND\r", b""), (b"SEND\r", b"RH= 98.4 %RH T= 31.1 'C")).read("climate")


def test_no_second_attempt_while_an_off_waits() -> None:
    port = ScriptedPort([(b"SEND\r", b"")])
    port.off = True
    with pytest.raises(Preempted):
        Vaisala(SETTINGS, port).read("climate")
    assert not port.pairs


def test_an_address_beyond_99_is_refused() -> None:
    with pytest.raises(ValueError, match="address 100"):
        Vaisala(ClimateSettings("climate.chamber", "vaisala", "x", address=100), ScriptedPort([]))


# Against the emulator


def test_the_climate_of_the_chamber() -> None:
    bench = Bench()
    bench.set_up()
    assert bench.read() == {"temperature_degc": 22.5, "humidity_pct": 41.3}
    assert bench.cable.requests == b"S\r\rSEND\rSEND\r"


def test_non_metric_units_are_converted() -> None:
    bench = Bench(metric=False)
    bench.set_up()
    assert bench.read()["temperature_degc"] == pytest.approx(22.5, abs=0.03)


def test_run_mode_is_ended_before_anything_is_asked() -> None:
    bench = Bench(mode="RUN")
    bench.device.interval = (1, "S")
    bench.laboratory.wait(0.97)  # the first line is about to come
    bench.set_up()
    before = len(bench.cable.heard)
    bench.laboratory.wait(5.0)
    assert bench.read() == {"temperature_degc": 22.5, "humidity_pct": 41.3}
    assert bench.cable.heard[0][0] == b"S\r"
    assert [data for data, _ in bench.cable.heard[before:]] == [b"SEND\r"]


def test_in_poll_mode_only_the_addressed_one_answers() -> None:
    bench = Bench(ADDRESSED, mode="POLL", address=5)
    bench.set_up()
    assert bench.read() == {"temperature_degc": 22.5, "humidity_pct": 41.3}
    other = Bench(ADDRESSED, mode="POLL", address=6)
    with pytest.raises(NoReply):
        other.set_up()
    unaddressed = Bench(mode="POLL", address=5)
    with pytest.raises(NoReply, match="address"):
        unaddressed.set_up()


def test_identify_opens_and_closes_an_addressed_line() -> None:
    bench = Bench(ADDRESSED, mode="POLL", address=5)
    identity = bench.laboratory.run(bench.driver.identify)
    assert (identity.model, identity.firmware, identity.serial) == ("Vaisala HMT330", "5.16", "E2430020")
    assert bench.cable.requests == b"S\r\rOPEN 5\r?\rCLOSE\r"
    assert bench.device.mode == "POLL"
    assert bench.read() == {"temperature_degc": 22.5, "humidity_pct": 41.3}


def test_identify_alone_on_the_line_even_in_run_mode() -> None:
    bench = Bench(mode="RUN", model="HMT310")
    assert bench.laboratory.run(bench.driver.identify).model == "Vaisala HMT310"


def test_another_instrument_is_named() -> None:
    bench = Bench()
    bench.cable.damage = lambda data: b"KEITHLEY INSTRUMENTS INC.,MODEL 6485\r\n"
    with pytest.raises(BadReply, match="KEITHLEY"):
        bench.laboratory.run(bench.driver.identify)
    bench.cable.damage = lambda data: b""
    with pytest.raises(NoReply):
        bench.laboratory.run(bench.driver.identify)


def test_probe_heating_and_broken_sensors_are_no_values() -> None:
    bench = Bench(form='"RH=" 3.1 RH " " U4 "T=" T " " U2 " ERR=" ERR " " STAT #r #n')
    bench.set_up()
    assert bench.read() == {"temperature_degc": 22.5, "humidity_pct": 41.3}
    for letter in "hHSX":
        bench.device.heating = letter
        assert bench.read() == {"temperature_degc": None, "humidity_pct": None}
    bench.device.heating = None
    bench.device.broken = {"RH"}
    assert bench.read() == {"temperature_degc": 22.5, "humidity_pct": None}
    bench.device.broken = {"T"}
    assert bench.read() == {"temperature_degc": None, "humidity_pct": None}


def test_a_form_without_humidity_is_refused_by_name() -> None:
    bench = Bench(form='"T=" 3.1 T " " U2 #r #n')
    with pytest.raises(BadReply, match="no RH="):
        bench.set_up()


def test_release_leaves_it_as_it_is() -> None:
    bench = Bench()
    bench.set_up()
    before = bench.cable.requests
    bench.laboratory.run(bench.driver.release)
    assert bench.cable.requests == before


# Damage


@given(st.integers(0, len(LINE) - 1))
def test_a_line_cut_short_never_gives_a_value(cut: int) -> None:
    for end in (b"", b"\r\n"):
        try:
            values = scripted((b"SEND\r", LINE[:cut].encode() + end), attempts=1).read("climate")
        except InstrumentError:
            continue
        raise AssertionError(values)


@settings(max_examples=300)
@given(
    st.one_of(st.binary(max_size=60), st.text("RHT=%'CF 0123456789.*-\r\nNhS", max_size=60).map(str.encode))
)
def test_only_instrument_errors_escape_and_values_are_those_of_air(reply: bytes) -> None:
    try:
        values = scripted((b"SEND\r", reply + b"\r\n"), attempts=1).read("climate")
    except InstrumentError:
        return
    temperature_degc, humidity_pct = values["temperature_degc"], values["humidity_pct"]
    assert temperature_degc is None or -70 <= temperature_degc <= 180
    assert humidity_pct is None or 0 <= humidity_pct <= 100
    assert b"RH=" in reply and b"T=" in reply and b"%RH" in reply


@settings(max_examples=300)
@given(st.integers(0, len(LINE) - 1), st.characters(min_codepoint=32, max_codepoint=126), st.booleans())
def test_one_wrong_letter_in_names_or_units_gives_no_value(place: int, letter: str, insert: bool) -> None:
    damaged = LINE[:place] + letter + LINE[place if insert else place + 1 :]
    try:
        temperature_degc, humidity_pct = parse_line(damaged)
    except ValueError:
        return
    # Spaces and digits carry no check: one of them may be wrong and the line still whole. Each value is one that a
    # reader of the damaged line would read too.
    for value, text in ((temperature_degc, "T="), (humidity_pct, "RH=")):
        if value is not None and not damaged.rstrip().endswith("'F"):
            assert f"{value:g}" in damaged.split(text)[-1] or f"{value:.1f}" in damaged.split(text)[-1]
