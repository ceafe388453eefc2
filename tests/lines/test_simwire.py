"""The emulated wire to the nanosecond: bytes at the baud rate, time-outs, pieces, readers woken by arrivals."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rig.lines.errors import PortLost
from rig.lines.port import LinkSpec
from tests.lines.wire_bench import BYTE, LINK, WireBench, wire_bench

MS = 1_000_000


@pytest.fixture
def bench() -> Iterator[WireBench]:
    yield from wire_bench()


@pytest.mark.parametrize(
    ("link", "byte_ns"),
    [
        (LinkSpec(9600), 1_041_667),
        (LinkSpec(19200), 520_833),
        (LinkSpec(4800, 7, "E", 1), 2_083_333),
        (LinkSpec(9600, 8, "N", 2), 1_145_833),
    ],
)
def test_a_byte_takes_its_start_data_parity_and_stop_bits(link: LinkSpec, byte_ns: int) -> None:
    assert link.byte_ns == byte_ns


def test_a_write_returns_and_arrives_when_its_last_byte_has_left(bench: WireBench) -> None:
    times: list[int] = []

    def body() -> None:
        wire = bench.open()
        wire.write(b"abcde")
        times.append(bench.now())
        wire.write(b"f")
        times.append(bench.now())

    bench.run(body)
    assert times == [5 * BYTE, 6 * BYTE]
    assert bench.wire.heard == [(5 * BYTE, b"abcde", LINK), (6 * BYTE, b"f", LINK)]


def test_a_reply_is_complete_turnaround_and_bytes_after_the_request(bench: WireBench) -> None:
    bench.wire.answers[b"Q"] = [(b"1234", 50 * BYTE)]
    got: list[tuple[int, bytes]] = []

    def body() -> None:
        wire = bench.open()
        wire.write(b"Q")
        got.append((bench.now(), wire.read(4, MS)))
        got.append((bench.now(), b""))

    bench.run(body)
    assert got == [(1 * BYTE, b"1234"), (55 * BYTE, b"")]


def test_a_time_out_passes_exactly_and_gives_what_has_come(bench: WireBench) -> None:
    bench.wire.answers[b"Q"] = [(b"12345678", 50 * BYTE)]
    got: list[bytes] = []

    def body() -> None:
        wire = bench.open()
        wire.write(b"Q")
        got.append(wire.read(8, 52 * BYTE + BYTE // 2))  # two and a half bytes of the reply
        assert bench.now() == 53 * BYTE + BYTE // 2
        got.append(wire.read(8, MS))  # the rest is on its way
        assert bench.now() == 53 * BYTE + BYTE // 2 + MS
        got.append(wire.read(1, 7))
        assert bench.now() == 53 * BYTE + BYTE // 2 + MS + 7

    bench.run(body)
    assert got == [b"12", b"345678", b""]


def test_a_reply_in_pieces_wakes_the_reader_when_the_last_wanted_byte_is_there(bench: WireBench) -> None:
    bench.wire.answers[b"Q"] = [(b"12", 10 * BYTE), (b"34\r56", 100 * BYTE)]
    got: list[tuple[int, bytes]] = []

    def body() -> None:
        wire = bench.open()
        wire.write(b"Q")
        got.append((wire.read(64, MS, b"\r"), bench.now())[::-1])
        assert wire.waiting() == 0
        bench.runner.sleep(1e-6)
        assert wire.waiting() == 1
        got.append((wire.read(2, MS), bench.now())[::-1])

    bench.run(body)
    assert got == [(104 * BYTE, b"1234\r"), (106 * BYTE, b"56")]


def test_a_reader_is_woken_by_bytes_it_could_not_know_of(bench: WireBench) -> None:
    bench.at(0, lambda: bench.wire.say(b"late", 30 * BYTE, known_ns=30 * BYTE))
    got: list[tuple[int, bytes]] = []

    def body() -> None:
        wire = bench.open()
        data = wire.read(4, MS)
        got.append((bench.now(), data))

    bench.run(body)
    assert got == [(34 * BYTE, b"late")]


def test_bytes_that_would_come_after_the_time_out_do_not_prolong_it(bench: WireBench) -> None:
    got: list[tuple[int, bytes]] = []

    def body() -> None:
        wire = bench.open()
        bench.wire.say(b"late", 100 * BYTE)
        got.append((bench.now(), wire.read(4, 50 * BYTE)))
        got.append((bench.now(), wire.read(4, 60 * BYTE)))
        got.append((bench.now(), b""))

    bench.run(body)
    assert got == [(0, b""), (50 * BYTE, b"late"), (104 * BYTE, b"")]


def test_two_replies_at_once_follow_one_another_on_the_wire(bench: WireBench) -> None:
    bench.wire.answers[b"Q"] = [(b"AAA", 10 * BYTE), (b"BB", 11 * BYTE)]
    got: list[tuple[int, bytes]] = []

    def body() -> None:
        wire = bench.open()
        wire.write(b"Q")
        for count in (3, 2):
            data = wire.read(count, MS)
            got.append((bench.now(), data))

    bench.run(body)
    assert got == [(14 * BYTE, b"AAA"), (16 * BYTE, b"BB")]


def test_a_read_begun_inside_a_chunk_takes_the_rest_at_its_own_time(bench: WireBench) -> None:
    bench.wire.answers[b"Q"] = [(b"abcdef", 10 * BYTE)]
    got: list[tuple[int, bytes]] = []

    def body() -> None:
        wire = bench.open()
        wire.write(b"Q")
        for count in (2, 3, 1):
            data = wire.read(count, MS)
            got.append((bench.now(), data))

    bench.run(body)
    assert got == [(13 * BYTE, b"ab"), (16 * BYTE, b"cde"), (17 * BYTE, b"f")]


def test_unplugged_while_reading_the_reader_learns_it_at_that_moment(bench: WireBench) -> None:
    bench.at(20 * BYTE, bench.wire.unplug)
    times: list[int] = []

    def body() -> None:
        wire = bench.open()
        with pytest.raises(PortLost, match="the cable is out"):
            wire.read(4, MS)
        times.append(bench.now())
        with pytest.raises(PortLost):
            wire.write(b"Q")
        with pytest.raises(PortLost, match="nothing is plugged in"):
            bench.open()

    bench.run(body)
    assert times == [20 * BYTE]


def test_unplugged_while_writing_the_bytes_do_not_count_as_sent(bench: WireBench) -> None:
    bench.at(3 * BYTE, bench.wire.unplug)
    times: list[int] = []

    def body() -> None:
        wire = bench.open()
        with pytest.raises(PortLost):
            wire.write(b"12345678")
        times.append(bench.now())

    bench.run(body)
    assert times == [8 * BYTE]


def test_new_settings_change_the_pace_and_go_with_the_bytes(bench: WireBench) -> None:
    slow = LinkSpec(5_000_000)
    times: list[int] = []

    def body() -> None:
        wire = bench.open()
        wire.configure(slow)
        wire.write(b"12")
        times.append(bench.now())

    bench.run(body)
    assert times == [4 * BYTE]
    assert bench.wire.heard[0][2] == slow


def test_nothing_stands_at_an_unknown_name(bench: WireBench) -> None:
    from rig.lines.simwire import SimWire

    with pytest.raises(PortLost, match="sim://x: nothing is plugged in there"):
        SimWire(bench, "x", LINK)


def test_a_closed_port_hears_nothing_and_leaves_a_newer_one_alone(bench: WireBench) -> None:
    first = bench.open()
    second = bench.open()
    first.close()
    assert bench.wire.host is second
    second.close()
    assert bench.wire.host is None
