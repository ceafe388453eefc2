"""The emulated ADAM-4000 module held against the manual's bytes, on a wire of its own and on a shared one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rig.emulators.adam import AdamEmulator
from rig.emulators.physics.chamber import Contacts
from tests.instruments.adamglass_loop import HandTimeline, LoopPort

NAMES = tuple(f"c{number}" for number in range(16))


def module(
    model: str = "4050", address: int = 1, checksum: bool = False, baud: int = 9600, inputs: int | None = None
) -> tuple[AdamEmulator, Contacts]:
    """A module with a contact on each input, all of them open."""
    contacts = Contacts(NAMES)
    for name in NAMES:
        contacts.set(0, name, False)
    count = (
        {"4050": 7, "4051": 16, "4052": 8, "4053": 16, "4055": 8}.get(model, 0) if inputs is None else inputs
    )
    emulator = AdamEmulator(
        "inputs", HandTimeline(), contacts=contacts, channel_names=dict(enumerate(NAMES[:count])), model=model,
        address=address, checksum=checksum, baud=baud,
    )  # fmt: skip
    return emulator, contacts


def ask(emulator: AdamEmulator, data: bytes) -> bytes:
    replies: list[bytes] = []
    emulator.transmit = lambda reply, t_ns: replies.append(reply)
    emulator.receive(data)
    return b"".join(replies)


def close(contacts: Contacts, *channels: int) -> None:
    for channel in channels:
        contacts.set(0, f"c{channel}", True)


# Pairs of the manual


def test_4050_example() -> None:
    emulator, contacts = module(address=0x33)
    close(contacts, 0, 2, 3, 4, 6)  # inputs 1 and 5 stay open, that is high
    assert ask(emulator, b"#330011\r") == b">\r"
    assert ask(emulator, b"$336\r") == b"!112200\r"


def test_4053_example() -> None:
    emulator, contacts = module("4053", address=3)
    close(contacts, 8, 14, 0, 5)
    assert ask(emulator, b"$036\r") == b"!BEDE00\r"


def test_synchronised_sample_example() -> None:
    emulator, contacts = module(address=6)
    ask(emulator, b"#060005\r")
    close(contacts, 1, 2, 3, 5)
    assert ask(emulator, b"#**") == b""
    close(contacts, 0, 4, 6)
    assert ask(emulator, b"\r") == b""
    assert ask(emulator, b"$064\r") == b"!1055100\r"
    assert ask(emulator, b"$064\r") == b"!0055100\r"
    assert ask(emulator, b"$066\r") == b"!050000\r"


def test_who_hangs_on_the_outputs_hears_of_each_change_and_one_that_sticks_stays() -> None:
    emulator, _ = module()
    heard: list[int] = []
    emulator.on_outputs.append(heard.append)
    ask(emulator, b"#010005\r")
    ask(emulator, b"#010005\r")
    emulator.stick(2, True)
    assert ask(emulator, b"#010002\r") == b">\r", "it acknowledges all the same"
    assert ask(emulator, b"$016\r")[:5] == b"!067F"
    emulator.stick(2, False)
    ask(emulator, b"#010002\r")
    emulator.power(False)
    assert heard == [0b101, 0b110, 0b010, 0]


def test_configuration_and_address_examples() -> None:
    emulator, _ = module(address=0x45)
    assert ask(emulator, b"$452\r") == b"!45400600\r"
    emulator, _ = module(address=0x23)
    assert ask(emulator, b"%2324400600\r") == b"!24\r"
    assert ask(emulator, b"$23M\r") == b""
    assert ask(emulator, b"$24M\r") == b"!244050\r"
    # Baud rate, checksum and type stay while INIT* is not grounded.
    assert ask(emulator, b"%2424400700\r") == b"?24\r"
    assert ask(emulator, b"%2424400640\r") == b"?24\r"
    assert ask(emulator, b"%2424410600\r") == b"?24\r"


def test_reset_status_example() -> None:
    emulator, _ = module(address=0x39)
    assert ask(emulator, b"$395\r") == b"!391\r"
    assert ask(emulator, b"$395\r") == b"!390\r"
    emulator.power(False)
    emulator.power(True)
    assert ask(emulator, b"$395\r") == b"!391\r"


def test_outputs_of_the_sheet() -> None:
    emulator, _ = module(address=0x14)
    assert ask(emulator, b"#140005\r") == b">\r"
    assert emulator.outputs == 0b101
    emulator, _ = module(address=0x15)
    assert ask(emulator, b"#151201\r") == b">\r"
    assert emulator.outputs == 0b100
    assert ask(emulator, b"#151200\r") == b">\r"
    assert emulator.outputs == 0


def test_checksum_of_the_sheet() -> None:
    emulator, contacts = module(checksum=True)
    close(contacts, 0, 1, 2, 3, 4, 5, 6)
    assert ask(emulator, b"$016BB\r") == b"!00000041\r"
    assert ask(emulator, b"$016\r") == b""
    assert ask(emulator, b"$016BC\r") == b""
    assert ask(emulator, b"$016bb\r") == b""
    assert ask(emulator, b"$012B7\r") == b"!01400640B0\r"
    assert ask(emulator, b"#01000014\r"[:-3] + b"44\r") == b">3E\r"


# Forms by model


@pytest.mark.parametrize(
    ("model", "all_open", "first_closed"),
    [
        ("4050", b"!007F00\r", b"!007E00\r"),
        ("4051", b"!000000\r", b"!000100\r"),
        ("4052", b"!000000\r", b"!010000\r"),
        ("4053", b"!FFFF00\r", b"!FFFE00\r"),
        ("4055", b"!000000\r", b"!000100\r"),
    ],
)
def test_forms_of_the_models_with_inputs(model: str, all_open: bytes, first_closed: bytes) -> None:
    emulator, contacts = module(model)
    assert ask(emulator, b"$016\r") == all_open
    close(contacts, 0)
    assert ask(emulator, b"$016\r") == first_closed
    unwired, _ = module(model, inputs=0)
    assert ask(unwired, b"$016\r") == all_open


@pytest.mark.parametrize(("model", "most"), [("4060", b"0F"), ("4068", b"FF")])
def test_forms_of_the_relay_modules(model: str, most: bytes) -> None:
    emulator, _ = module(model)
    assert ask(emulator, b"$016\r") == b"!000000\r"
    assert ask(emulator, b"#0100" + most + b"\r") == b">\r"
    assert ask(emulator, b"$016\r") == b"!" + most + b"0000\r"
    assert ask(emulator, b"$01M\r") == b"!01" + model.encode() + b"\r"


@pytest.mark.parametrize(
    ("model", "command"),
    [
        ("4060", b"#010010"),
        ("4060", b"#011401"),
        ("4050", b"#011801"),
        ("4050", b"#011002"),
        ("4050", b"#012001"),
        ("4051", b"#010000"),
        ("4052", b"#011000"),
        ("4050", b"$01X"),
        ("4050", b"$019"),
        ("4050", b"@01"),
        ("4050", b"~010"),
    ],
)
def test_invalid_commands(model: str, command: bytes) -> None:
    emulator, _ = module(model)
    assert ask(emulator, command + b"\r") == b"?01\r"
    assert emulator.outputs == 0


@pytest.mark.parametrize(
    "data",
    [b"$026\r", b"$01\r", b"$0166\r", b"$01m\r", b"#01\r", b"#01000\r", b"#01000g\r", b"%0102\r", b"016\r", b"\r",
     b"$016", b"!112200\r", b">\r", b"$0", b"$" * 100 + b"\r"],
)  # fmt: skip
def test_no_answer(data: bytes) -> None:
    emulator, _ = module()
    assert ask(emulator, data) == b""


def test_in_pieces_and_after_noise() -> None:
    emulator, _ = module()
    for byte in b"\xff\x00$0$016":
        assert ask(emulator, bytes((byte,))) == b""
    assert ask(emulator, b"\r") == b"!007F00\r"
    assert ask(emulator, b"\r\r") == b""
    assert ask(emulator, b"junk\r$016\r$016\r") == b"!007F00\r" * 2


def test_power() -> None:
    emulator, _ = module()
    ask(emulator, b"#0100FF\r")
    emulator.power(False)
    assert ask(emulator, b"$016\r") == b""
    assert emulator.outputs == 0
    emulator.power(True)
    assert ask(emulator, b"$016\r") == b"!007F00\r"


def test_what_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="4050 has no input 7"):
        module(inputs=8)
    with pytest.raises(ValueError, match="300 baud"):
        module(baud=300)


# A shared wire


def test_two_modules_on_one_wire() -> None:
    timeline = HandTimeline()
    contacts = Contacts(["left", "right"])
    first = AdamEmulator("a", timeline, contacts=contacts, channel_names={0: "left"}, address=1)
    second = AdamEmulator(
        "b", timeline, contacts=contacts, channel_names={0: "right"}, address=2, model="4055"
    )
    port = LoopPort(timeline, first, second)
    contacts.set(0, "left", False)
    port.write(b"$016\r")
    assert port.read_until(b"\r") == b"!007F00\r"
    port.write(b"$026\r")
    assert port.read_until(b"\r") == b"!000100\r"
    port.write(b"#**\r")
    assert port.read_until(b"\r") == b""
    for address, reply in ((b"01", b"!1007F00\r"), (b"02", b"!1000100\r")):
        port.write(b"$" + address + b"4\r")
        assert port.read_until(b"\r") == reply
    port.write(b"$03M\r")
    assert port.read_until(b"\r") == b""


def test_reply_begins_after_the_turnaround() -> None:
    emulator, _ = module()
    begins: list[int] = []
    emulator.transmit = lambda reply, t_ns: begins.append(t_ns)
    emulator.receive(b"$016\r")
    emulator.receive(b"$01M\r")
    assert begins == [10_000_000, 10_000_000]


@hypothesis_settings(max_examples=300)
@given(
    chunks=st.lists(
        st.one_of(st.binary(max_size=16), st.from_regex(rb"[$#%@~]01[0-9A-Za-z]{0,9}\r", fullmatch=True)),
        max_size=6,
    )
)
def test_any_bytes_are_survived_and_answers_are_well_formed(chunks: list[bytes]) -> None:
    emulator, _ = module()
    for chunk in chunks:
        reply = ask(emulator, chunk)
        assert reply == b"" or (reply[:1] in (b"!", b"?", b">") and reply.endswith(b"\r"))
