"""The oxygen analyser's driver: lines of both models, messages and codes in words, late and damaged replies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.emulators.physics.analyser import Analyser
from rig.emulators.physics.tube import Tube
from rig.emulators.rapidox import MESSAGES as EMULATED_MESSAGES
from rig.emulators.rapidox import TURNAROUND_S as EMULATED_TURNAROUND_S
from rig.emulators.rapidox import RapidoxEmulator
from rig.instruments import rapidox
from rig.instruments.rapidox import LINK, MESSAGES, POLL_BYTES, STATES, Rapidox, parse_reply
from rig.instruments.settings import OxygenSettings
from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted, Refused
from tests.instruments.keithvais_loop import Laboratory, ScriptedPort

SETTINGS = OxygenSettings("oxygen.tube", "rapidox", "/dev/ttyUSB7", watches="furnace.tube")
E_LINE = "d2.959E+05,1.426E+01,2.000E-03,23:19:40,14/01/00,ALM1&2,0"
"""1100E manual 3.8."""
ZR_LINE = "d2.959E+05,-1.426E+01,2.000E+00,,23:19:40,14/01/00,,,ALM1&2,0"
"""1100ZR-H-PFC-E manual 1.2."""


def scripted(*replies: bytes, attempts: int = 2) -> Rapidox:
    return Rapidox(SETTINGS, ScriptedPort([(b"D", reply) for reply in replies], attempts=attempts))


def reply(line: str) -> bytes:
    return line.encode() + b"\r\n"


@pytest.mark.parametrize("line", [E_LINE, ZR_LINE])
def test_lines_of_both_manuals(line: str) -> None:
    assert parse_reply(line) == (295900.0, 0)
    assert scripted(reply(line)).read("oxygen") == {"oxygen_ppm": 295900.0}
    assert scripted(reply(line)).read("state") == {"state": 0.0}


@pytest.mark.parametrize("line", [E_LINE, ZR_LINE])
@pytest.mark.parametrize("code", range(1, 7))
def test_state_codes_are_no_value_with_a_reason(line: str, code: int) -> None:
    line = f"{line[:-1]}{code}"
    with pytest.raises(Refused, match=rf"oxygen\.tube: D: .* state {code}, {STATES[code]}: no value"):
        scripted(reply(line)).read("oxygen")
    assert scripted(reply(line)).read("state") == {"state": float(code)}


@pytest.mark.parametrize("text", EMULATED_MESSAGES)
def test_messages_are_no_value_with_a_reason(text: str) -> None:
    number, meaning = MESSAGES[text]
    with pytest.raises(Refused) as failure:
        scripted(reply(f"!{text}")).read("oxygen")
    assert str(failure.value) == f"oxygen.tube: D: the analyser says '{text}': {meaning}"
    assert scripted(reply(f"!{text}")).read("state") == {"state": float(number)}


def test_a_message_that_is_in_no_manual() -> None:
    with pytest.raises(Refused, match=r"says 'Filter blocked'$"):
        scripted(b"!Filter blocked\r\n").read("oxygen")
    assert scripted(b"!Filter blocked\r\n").read("state") == {"state": 19.0}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "d",
        "2.959E+05,1.426E+01,2.000E-03,23:19:40,14/01/00,ALM1&2,0",
        E_LINE[:-1],
        E_LINE[:-2],
        E_LINE[:-1] + "7",
        E_LINE[:-1] + "00",
        E_LINE.replace("2.959E+05", "2.959E+25"),
        E_LINE.replace("2.959E+05", "-2.959E+05"),
        E_LINE.replace("2.959E+05", "nan"),
        E_LINE.replace("2.959E+05", "2959E+05"),
        E_LINE.replace("2.959E+05", ""),
        E_LINE.replace("1.426E+01", "1.426"),
        E_LINE.replace("23:19:40", "23:19"),
        E_LINE.replace("14/01/00", "14:01:00"),
        E_LINE.replace("ALM", "AML"),
        E_LINE.replace(",ALM1&2", ""),
        ZR_LINE.replace(",14/01/00", ""),
        E_LINE.replace("14/01/00", "14/01/00,14/01/00"),
    ],
)
def test_a_line_that_is_not_whole_gives_nothing(line: str) -> None:
    with pytest.raises(ValueError, match=r"in '|in \"|line: '"):
        parse_reply(line)
    with pytest.raises(BadReply, match=r"oxygen\.tube: D: "):
        scripted(reply(line), reply(line)).read("oxygen")


def test_a_second_attempt_after_damage_and_after_silence() -> None:
    for first in (b"d2.959E+05,1.4\r\n", b"", reply(E_LINE)[:-2]):
        assert scripted(first, reply(E_LINE)).read("oxygen") == {"oxygen_ppm": 295900.0}


def test_silence_says_what_to_look_at() -> None:
    with pytest.raises(NoReply, match=r"oxygen\.tube: D: no whole line within 1 s, 2 attempts; .*9600 8N1"):
        scripted(b"", b"").read("oxygen")


def test_no_second_attempt_while_an_off_waits() -> None:
    port = ScriptedPort([(b"D", b"")])
    port.off = True
    with pytest.raises(Preempted):
        Rapidox(SETTINGS, port).read("oxygen")


def test_connecting() -> None:
    driver = scripted(b"!Sensor heating\r\n", b"!Sensor heating\r\n")
    driver.set_up()
    assert driver.identify().model == "Cambridge Sensotec Rapidox 1100 series"
    assert scripted(reply(E_LINE)).identify().model == "Cambridge Sensotec Rapidox 1100E"
    assert scripted(reply(ZR_LINE)).identify().model == "Cambridge Sensotec Rapidox 1100ZR-H"
    with pytest.raises(BadReply):
        scripted(b"RH= 98.4 %RH T= 31.1 'C\r\n", b"RH= 98.4 %RH T= 31.1 'C\r\n").identify()
    driver.release()


def test_there_is_no_other_poll() -> None:
    with pytest.raises(ValueError, match=r"no poll 'flow'"):
        scripted().read("flow")


def test_every_channel_belongs_to_a_poll() -> None:
    assert {poll.name for poll in Rapidox.polls} == set(Rapidox.poll_channels)
    filled = [short for shorts in Rapidox.poll_channels.values() for short in shorts]
    assert sorted(filled) == sorted(channel.name for channel in Rapidox.channels)
    assert set(MESSAGES) == set(EMULATED_MESSAGES)


@given(st.binary(max_size=80))
@settings(max_examples=300)
def test_bytes_of_any_kind_give_a_reading_or_an_instrument_error(data: bytes) -> None:
    for poll in Rapidox.poll_channels:
        try:
            values = scripted(data + b"\r\n", data + b"\r\n").read(poll)
        except InstrumentError:
            continue
        assert set(values) == set(Rapidox.poll_channels[poll])


@given(st.sampled_from([E_LINE, ZR_LINE]), st.integers(0, 64), st.integers(0, 7))
@settings(max_examples=300)
def test_one_flipped_bit_is_seen_or_stands_in_a_digit(line: str, place: int, bit: int) -> None:
    whole = reply(line)
    place %= len(whole)
    damaged = whole[:place] + bytes((whole[place] ^ (1 << bit),)) + whole[place + 1 :]
    try:
        values = scripted(damaged, whole).read("oxygen")
    except Refused:
        assert place == len(whole) - 3  # the state code itself
        return
    if values["oxygen_ppm"] != 295900.0:
        assert whole[place : place + 1] in b"0123456789+"


# With the emulated analyser


class Bench:
    """An analyser on a closed cold tube full of air."""

    def __init__(self, **options: object) -> None:
        self.laboratory = Laboratory()
        self.tube = Tube(bore_mm=54.0, length_mm=1000.0, opened=False)
        self.device = RapidoxEmulator(
            "oxygen.tube",
            self.laboratory.scheduler,
            analyser=Analyser(self.tube, noise=0.0),
            **options,  # type: ignore[arg-type]
        )
        self.cable = self.laboratory.plug("usb7", self.device)
        self.driver = Rapidox(SETTINGS, self.laboratory.serial_port("usb7", LINK))

    def read(self, poll: str = "oxygen") -> float | None:
        values = self.laboratory.run(lambda: self.driver.read(poll))
        (value,) = values.values()
        return value


@pytest.mark.parametrize("model", ["1100E", "1100ZR-H"])
def test_air_and_then_argon(model: str) -> None:
    bench = Bench(model=model)
    bench.laboratory.run(bench.driver.set_up)
    assert bench.laboratory.run(bench.driver.identify).model.endswith(model)
    assert bench.read() == pytest.approx(209500.0, rel=1e-3)
    bench.tube.supply(bench.laboratory.scheduler.now_ns, "argon", 2000.0)
    bench.laboratory.wait(1200.0)
    assert 0.0 < (bench.read() or 0.0) < 100.0
    assert bench.read("state") == 0.0


def test_warming_up_is_not_a_failure_to_connect() -> None:
    bench = Bench(cold=True)
    bench.laboratory.run(bench.driver.set_up)
    with pytest.raises(Refused, match=r"Initialising"):
        bench.read()
    bench.laboratory.wait(30.0)
    assert bench.read("state") == 11.0
    with pytest.raises(Refused, match=r"Sensor heating.*up to 10 min"):
        bench.read()
    bench.laboratory.wait(300.0)
    assert bench.read() == pytest.approx(209500.0, rel=1e-3)


def test_a_late_reply_is_not_taken_for_the_next_one() -> None:
    bench = Bench()
    bench.laboratory.run(bench.driver.set_up)
    transmit = bench.device.transmit
    assert transmit is not None
    bench.device.transmit = lambda data, begins_ns: transmit(data, begins_ns + 1_500_000_000)
    for _ in range(4):
        with pytest.raises(NoReply):
            bench.read()
    bench.device.transmit = transmit
    bench.device.fault = 3
    with pytest.raises(Refused, match=r"state 3"):
        bench.read()


def test_figures_for_the_reaction_time() -> None:
    bench = Bench(model="1100ZR-H")
    bench.device.alarms = True
    bench.laboratory.run(bench.driver.set_up)
    replies: list[bytes] = []

    def seen(data: bytes) -> bytes:
        replies.append(data)
        return data

    bench.cable.damage = seen
    bench.cable.heard.clear()
    bench.read()
    # The cell's minus comes and goes in air.
    signs = 1 if b",-" not in replies[0] else 0
    assert (len(bench.cable.requests), len(replies[0]) + signs) == POLL_BYTES == (1, len(reply(ZR_LINE)))
    assert rapidox.TURNAROUND_S == EMULATED_TURNAROUND_S
