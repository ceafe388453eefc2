"""The ADAM-4000 driver against byte pairs of the manual, damaged replies, and emulated modules."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rig.emulators.adam import AdamEmulator
from rig.emulators.physics.chamber import Contacts
from rig.instruments import adam
from rig.instruments.adam import Adam
from rig.instruments.roles import Sensor
from rig.instruments.settings import InputChannel, InputsSettings
from rig.lines.errors import BadReply, InstrumentError, NoReply, Preempted, Refused
from tests.instruments.adamglass_loop import HandTimeline, LoopPort, ScriptPort

FOUR = (
    InputChannel("door_closed", 0),
    InputChannel("emergency_stop_ok", 1),
    InputChannel("exhaust_ok", 2),
    InputChannel("furnace_exhaust_ok", 3),
)
SETTINGS = InputsSettings(
    name="inputs.bench", driver="adam-4000", where="/dev/ttyUSB5", model="4050", address=1,
    channels=FOUR, checksum=True,
)  # fmt: skip
ASK = b"$016BB\r"
PLAIN = b"$016\r"
FENCE = b"$01MD2\r"
PLAIN_FENCE = b"$01M\r"


def framed(text: bytes) -> bytes:
    total = 0
    for byte in text:
        total = (total + byte) % 256
    return text + f"{total:02X}".encode() + b"\r"


def scripted(
    *pairs: tuple[bytes, bytes], settings: InputsSettings = SETTINGS, attempts: int = 2
) -> tuple[Adam, ScriptPort]:
    port = ScriptPort(pairs, attempts=attempts)
    return Adam(settings, port), port


def one(model: str, channel: int, healthy: str = "closed") -> InputsSettings:
    """A module with one contact."""
    return replace(SETTINGS, model=model, channels=(InputChannel("contact", channel, healthy),))


def values_of(driver: Adam) -> tuple[float | None, ...]:
    return tuple(driver.read("inputs").values())


# Byte pairs


def test_fits_the_role() -> None:
    driver: Sensor = scripted()[0]
    assert [channel.name for channel in driver.channels] == [channel.name for channel in FOUR]
    driver.set_up()
    driver.release()


def test_request_with_the_checksum_of_the_sheet() -> None:
    driver, port = scripted((ASK, framed(b"!000000")))
    assert values_of(driver) == (1.0, 1.0, 1.0, 1.0)
    assert port.done()


def test_manual_example_of_the_4050() -> None:
    settings = replace(SETTINGS, address=0x33, checksum=False)
    reply = b"!112200\r"  # outputs 0 and 4 on, inputs 1 and 5 high
    driver, port = scripted((b"$336\r", reply), (b"$336\r", reply), settings=settings)
    assert values_of(driver) == (1.0, 0.0, 1.0, 1.0)
    assert port.done()


@pytest.mark.parametrize("channel", range(16))
def test_manual_example_of_the_4053(channel: int) -> None:
    low = {8, 14, 0, 5}
    driver, _ = scripted(
        (framed(b"$036"), framed(b"!BEDE00")), settings=replace(one("4053", channel), address=3)
    )
    assert values_of(driver) == (1.0 if channel in low else 0.0,)


@pytest.mark.parametrize(
    ("model", "channel", "closed", "opened"),
    [
        ("4050", 6, b"!FF0000", b"!FF4000"),
        ("4051", 0, b"!000100", b"!FFFE00"),
        ("4051", 15, b"!800000", b"!7FFF00"),
        ("4052", 7, b"!800000", b"!7F0000"),
        ("4053", 0, b"!FFFE00", b"!000100"),
        ("4053", 8, b"!FEFF00", b"!010000"),
        ("4055", 3, b"!000800", b"!FFF700"),
    ],
)
@pytest.mark.parametrize("healthy", ["closed", "open"])
def test_what_a_closed_contact_reads(
    model: str, channel: int, closed: bytes, opened: bytes, healthy: str
) -> None:
    driver, _ = scripted((ASK, framed(closed)), (ASK, framed(opened)), settings=one(model, channel, healthy))
    expected = (1.0, 0.0) if healthy == "closed" else (0.0, 1.0)
    assert (*values_of(driver), *values_of(driver)) == expected


@pytest.mark.parametrize("model", ["4060", "4068"])
def test_modules_without_inputs(model: str) -> None:
    settings = replace(SETTINGS, model=model, channels=())
    driver, port = scripted((ASK, framed(b"!050000")), settings=settings)
    assert driver.read("inputs") == {}
    assert port.done()


def test_catalogue_numbers() -> None:
    assert (len(ASK), len(framed(b"!000000"))) == adam.POLL_BYTES
    assert str(adam.LINK) == "9600 8N1"
    assert "4053" in adam.SAFETY_REFUSED
    assert set(adam.SAFETY_REFUSED) < set(adam.MODELS) == set(adam.INPUT_COUNT)
    assert adam.INPUT_COUNT["4050"] == 7


# Settings that no module can have


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"model": "4017"}, "model '4017' is not known"),
        ({"address": 256}, "address 256"),
        ({"channels": (InputChannel("door_closed", 7),)}, r"inputs\.bench\.door_closed: channel 7"),
        ({"channels": (InputChannel("door_closed", -1),)}, "channel -1"),
        ({"model": "4060"}, "has no inputs"),
        ({"channels": (InputChannel("door_closed", 0, "shut"),)}, "'closed' or 'open'"),
    ],
)
def test_impossible_settings(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Adam(replace(SETTINGS, **changes), ScriptPort([]))  # type: ignore[arg-type]


def test_defaults_are_those_of_the_factory() -> None:
    driver, port = scripted((ASK, framed(b"!000000")), settings=replace(SETTINGS, model=None, address=None))
    assert driver.read("inputs")["door_closed"] == 1.0
    assert port.done()


# Without the checksum: two replies that agree


def plain(*replies: bytes) -> tuple[Adam, ScriptPort]:
    settings = replace(SETTINGS, channels=FOUR[:2], checksum=False)
    return scripted(*((PLAIN, reply) for reply in replies), settings=settings)


def test_two_equal_replies_read_healthy() -> None:
    driver, port = plain(b"!000000\r", b"!000000\r")
    assert values_of(driver) == (1.0, 1.0)
    assert port.done()


def test_one_reply_is_enough_for_unhealthy() -> None:
    driver, port = plain(b"!000300\r")
    assert values_of(driver) == (0.0, 0.0)
    assert port.done()


@pytest.mark.parametrize("order", [(b"!000000\r", b"!000100\r"), (b"!000100\r", b"!000000\r")])
def test_one_unhealthy_reply_of_two_is_unhealthy(order: tuple[bytes, bytes]) -> None:
    driver, port = plain(*order)
    assert values_of(driver) == (0.0, 1.0)
    assert port.done()


def test_no_second_reply_no_value() -> None:
    settings = replace(SETTINGS, channels=FOUR[:2], checksum=False)
    driver, port = scripted((PLAIN, b"!000000\r"), (PLAIN, b""), (PLAIN_FENCE, b""), settings=settings)
    with pytest.raises(NoReply):
        driver.read("inputs")
    assert port.done()


def test_the_second_question_waits_for_an_off() -> None:
    driver, port = plain(b"!000000\r")
    port.off = True
    with pytest.raises(Preempted):
        driver.read("inputs")
    assert port.done()


# Damaged, foreign and missing replies


@pytest.mark.parametrize(
    "reply",
    [
        b"!000000\r",
        b"!00000021\r"[:-1],
        framed(b"!000000")[:-3] + b"00\r",
        framed(b"!00000"),
        framed(b"!0000000"),
        framed(b">000000"),
        framed(b"!00000G"),
        framed(b"!0000a0"),
        framed(b"!000001"),
        framed(b"!000010"),
        framed(b"?02"),
        b"\r",
        b"!\r",
    ],
)
def test_a_damaged_reply_gives_no_value(reply: bytes) -> None:
    driver, port = scripted((ASK, reply), (FENCE, framed(b"!014050")), (ASK, reply))
    with pytest.raises((BadReply, NoReply)):
        driver.read("inputs")
    assert port.done()


def test_a_second_attempt_and_stale_input() -> None:
    name = (FENCE, framed(b"!014050"))
    driver, port = scripted(
        name,
        (ASK, b"!0000"),
        name,
        (ASK, framed(b"!000100") + framed(b"!000000")),
        name,
        (ASK, framed(b"!000200")),
    )
    port.input = framed(b"!000000")
    assert values_of(driver) == (0.0, 1.0, 1.0, 1.0)
    assert values_of(driver) == (1.0, 0.0, 1.0, 1.0)
    assert port.done()


def test_silence_says_how_long_and_how_often() -> None:
    driver, _ = scripted((ASK, b""), (FENCE, b""))
    with pytest.raises(NoReply, match=r"inputs\.bench: inputs \(\$AA6\): no reply within 0\.2 s, 2 attempts"):
        driver.read("inputs")


def test_no_further_attempt_while_an_off_waits() -> None:
    driver, port = scripted((ASK, b""))
    port.off = True
    with pytest.raises(Preempted):
        driver.read("inputs")
    assert port.done()


def test_invalid_command_is_a_refusal() -> None:
    driver, _ = scripted((ASK, framed(b"?01")), (ASK, framed(b"?01")))
    with pytest.raises(Refused, match="does not know the command"):
        driver.read("inputs")


def test_what_is_handed_out_is_not_kept() -> None:
    driver, _ = scripted((ASK, framed(b"!000000")), (ASK, framed(b"!000000")))
    driver.read("inputs")["door_closed"] = 0.0
    assert driver.read("inputs")["door_closed"] == 1.0


def test_another_poll_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no poll 'status'"):
        scripted()[0].read("status")


# Who is it


def test_identify() -> None:
    driver, port = scripted((framed(b"$01M"), framed(b"!014050")), (framed(b"$01F"), framed(b"!01A1.06")))
    identity = driver.identify()
    assert (identity.model, identity.firmware) == ("ADAM-4050", "A1.06")
    assert port.done()


def test_another_module_answers() -> None:
    driver, _ = scripted((framed(b"$01M"), framed(b"!014060")))
    with pytest.raises(BadReply, match="declared as ADAM-4050, but the module calls itself '4060'"):
        driver.identify()


@pytest.mark.parametrize("replies", [[framed(b"?01")], [b"", b""]])
def test_a_module_that_does_not_tell_is_not_a_failure(replies: list[bytes]) -> None:
    driver, port = scripted(*((framed(b"$01M"), reply) for reply in replies))
    assert "as declared" in driver.identify().model
    assert port.done()


def test_a_damaged_name_is_a_failure() -> None:
    driver, _ = scripted((framed(b"$01M"), b"!014050\r"), (framed(b"$01M"), b"!014050\r"))
    with pytest.raises(BadReply):
        driver.identify()


# Fuzz


class AnyReplyPort(ScriptPort):
    """Answers anything with the bytes of a list, one entry a request."""

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        self.input += self.pairs.popleft()[1] if self.pairs else b""


@hypothesis_settings(max_examples=300)
@given(
    replies=st.lists(
        st.one_of(
            st.binary(max_size=14),
            st.from_regex(rb"[!?>][0-9A-Fa-f]{2,8}\r", fullmatch=True),
            st.from_regex(rb"[!?>][0-9A-F]{2,6}", fullmatch=True).map(framed),
        ),
        max_size=6,
    ),
    checksum=st.booleans(),
    model=st.sampled_from(adam.MODELS),
)
def test_whatever_comes_back_only_instrument_errors_escape(
    replies: list[bytes], checksum: bool, model: str
) -> None:
    channels = FOUR if adam.INPUT_COUNT[model] else ()
    settings = replace(SETTINGS, checksum=checksum, model=model, channels=channels)
    driver = Adam(settings, AnyReplyPort([(b"", reply) for reply in replies]))
    for call in (lambda: driver.read("inputs"), driver.identify, lambda: driver.read("inputs")):
        try:
            answer = call()
            if isinstance(answer, dict):
                assert answer.keys() == {channel.name for channel in channels}
                assert set(answer.values()) <= {0.0, 1.0}
        except InstrumentError as error:
            assert str(error).startswith("inputs.bench: ")


@hypothesis_settings(max_examples=300)
@given(at=st.integers(0, 8), bit=st.integers(0, 7), inputs=st.integers(0, 127))
def test_a_flipped_bit_never_becomes_a_value(at: int, bit: int, inputs: int) -> None:
    good = framed(b"!00%02X00" % inputs)
    bad = good[:at] + bytes((good[at] ^ 1 << bit,)) + good[at + 1 :]
    driver, _ = scripted((ASK, bad), (FENCE, framed(b"!014050")), (ASK, bad))
    with pytest.raises((BadReply, NoReply)):
        driver.read("inputs")


@hypothesis_settings(max_examples=300)
@given(at=st.integers(0, 7), bit=st.integers(0, 7))
def test_without_checksum_one_flipped_bit_never_makes_an_open_contact_healthy(at: int, bit: int) -> None:
    good = b"!000300\r"
    bad = good[:at] + bytes((good[at] ^ 1 << bit,)) + good[at + 1 :]
    settings = replace(SETTINGS, channels=FOUR[:2], checksum=False)
    port = AnyReplyPort([(b"", reply) for reply in (bad, b"!014050\r", good, b"!014050\r", good)])
    driver = Adam(settings, port)
    try:
        assert values_of(driver) == (0.0, 0.0)
    except InstrumentError as error:
        assert "inputs.bench" in str(error)


# Against emulated modules


def looped(**changes: object) -> tuple[Adam, LoopPort, Contacts]:
    settings = replace(SETTINGS, **changes)  # type: ignore[arg-type]
    timeline = HandTimeline()
    contacts = Contacts([channel.name for channel in settings.channels])
    module = AdamEmulator(
        "inputs", timeline, contacts=contacts, model=settings.model or "4050", checksum=settings.checksum,
        channel_names={channel.channel: channel.name for channel in settings.channels},
    )  # fmt: skip
    port = LoopPort(timeline, module)
    return Adam(settings, port), port, contacts


@pytest.mark.parametrize("model", ["4050", "4051", "4052", "4053", "4055"])
@pytest.mark.parametrize("checksum", [True, False])
def test_a_cut_wire_is_unhealthy(model: str, checksum: bool) -> None:
    driver, port, contacts = looped(model=model, checksum=checksum)
    assert values_of(driver) == (1.0, 1.0, 1.0, 1.0)
    contacts.set(port.timeline.now_ns, "door_closed", False)
    assert values_of(driver) == (0.0, 1.0, 1.0, 1.0)
    assert driver.identify().model == f"ADAM-{model}"


@pytest.mark.parametrize("checksum", [True, False])
def test_garbled_replies_never_read_healthy_by_chance(checksum: bool) -> None:
    driver, port, contacts = looped(checksum=checksum)
    contacts.set(0, "door_closed", False)
    turn = iter(range(1000))

    def garble(reply: bytes) -> bytes:
        number = next(turn)
        at, bit = number % len(reply), number * 7 % 8
        return reply[:at] + bytes((reply[at] ^ 1 << bit,)) + reply[at + 1 :]

    port.damage_reply = garble
    healthy = 0
    for _ in range(60):
        try:
            healthy += driver.read("inputs")["door_closed"] == 1.0
        except InstrumentError:
            continue
    assert healthy == 0


def test_time_of_one_poll_on_the_wire() -> None:
    driver, port, _ = looped()
    driver.read("inputs")
    byte_ns = adam.LINK.byte_ns
    assert port.timeline.now_ns == 17 * byte_ns + round(adam.TURNAROUND_S * 1e9)


def test_a_dead_module_is_silence() -> None:
    driver, port, _ = looped()
    port.devices[0].power(False)
    with pytest.raises(NoReply):
        driver.read("inputs")
