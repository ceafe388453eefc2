"""pyserial in front of the wire: `sim://` is opened like any port, and one deadline covers a whole reply."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import serial

from rig.lines.clocks import RealClock
from rig.lines.errors import NoReply, PortLost
from rig.lines.handlers import protocol_sim
from rig.lines.port import LinkSpec
from rig.lines.ports import resolve
from rig.lines.runner import ThreadRunner
from rig.lines.serialport import SerialPort, open_serial
from rig.lines.trace import Trace, readable
from tests.lines.wire_bench import BYTE, LINK, WireBench, wire_bench

MS = 1_000_000


@pytest.fixture
def bench() -> Iterator[WireBench]:
    yield from wire_bench()


def open_here(bench: WireBench, trace: Trace | None = None) -> SerialPort:
    return open_serial(f"sim://w?world={bench.key}", LINK, bench.runner, trace)


def test_pyserial_itself_opens_the_emulated_world(bench: WireBench) -> None:
    protocol_sim.install()
    protocol_sim.install()
    assert serial.protocol_handler_packages.count("rig.lines.handlers") == 1
    bench.wire.answers[b"Q\r"] = [(b"ok\r\n", 10 * BYTE)]
    got: list[Any] = []

    def body() -> None:
        with serial.serial_for_url(f"sim://w?world={bench.key}", baudrate=10_000_000, timeout=0.001) as port:
            assert port.write(b"Q\r") == 2
            got.append(port.read_until(b"\n"))
            port.write(b"Q\r")
            bench.runner.sleep(0.001)
            got.append(port.in_waiting)
            port.reset_input_buffer()
            got.append(port.in_waiting)
            got.append(port.read(1))
            port.timeout = None
            with pytest.raises(serial.SerialException, match="without a time-out"):
                port.read(1)
        with pytest.raises(serial.SerialException):
            port.write(b"Q\r")

    bench.run(body)
    assert got == [b"ok\r\n", 4, 0, b""]


def test_settings_of_the_port_reach_the_emulators(bench: WireBench) -> None:
    def body() -> None:
        link = LinkSpec(4800, 7, "E", 2)
        port = open_serial(f"sim://w?world={bench.key}", link, bench.runner, None)
        port.write(b"Q")

    bench.run(body)
    assert bench.wire.heard[0][2] == LinkSpec(4800, 7, "E", 2)
    assert bench.wire.heard[0][0] == LinkSpec(4800, 7, "E", 2).byte_ns


@pytest.mark.parametrize(
    ("url", "says"),
    [("sim://w?world=nowhere", "no emulated world 'nowhere'"), ("sim://x?world=wire-bench", "nothing")],
)
def test_what_cannot_be_opened_is_lost_with_its_reason(bench: WireBench, url: str, says: str) -> None:
    with pytest.raises(PortLost, match=says):
        open_serial(url, LINK, bench.runner, None)


def test_a_missing_device_is_lost_with_the_systems_reason() -> None:
    with pytest.raises(PortLost, match=r"/dev/there-is-none: .*No such file"):
        open_serial("/dev/there-is-none", LINK, ThreadRunner(RealClock()), None)


def test_an_adapter_that_is_not_plugged_in_is_named_with_those_that_are() -> None:
    assert resolve("/dev/ttyUSB7") == "/dev/ttyUSB7"
    with pytest.raises(PortLost, match=r"usb:0403:6001:NOBODY: no such USB adapter .*plugged in: "):
        resolve("usb:0403:6001:NOBODY")


def test_the_deadline_runs_from_the_end_of_the_write_over_all_reads(bench: WireBench) -> None:
    bench.wire.answers[b"Q"] = [(b"ab", 300 * BYTE), (b"cd", 800 * BYTE), (b"ef", 1100 * BYTE)]
    got: list[tuple[int, bytes]] = []

    def body() -> None:
        port = open_here(bench)
        port.deadline_s = 0.001  # 1000 bytes' time
        port.write(b"Q")
        for count in (2, 2, 2, 2):
            data = port.read(count)
            got.append((bench.now(), data))

    bench.run(body)
    # The third read has only what is left of the deadline, the fourth nothing.
    assert got == [(303 * BYTE, b"ab"), (803 * BYTE, b"cd"), (1001 * BYTE, b""), (1001 * BYTE, b"")]


def test_read_until_gives_what_came_by_the_deadline_or_up_to_its_limit(bench: WireBench) -> None:
    bench.wire.answers[b"Q"] = [(b"abcdef", 10 * BYTE)]
    got: list[bytes] = []

    def body() -> None:
        port = open_here(bench)
        port.deadline_s = 0.001
        port.write(b"Q")
        got.append(port.read_until(b"\r", 4))
        got.append(port.read_until(b"\r"))
        assert bench.now() == MS + BYTE

    bench.run(body)
    assert got == [b"abcd", b"ef"]


def test_a_new_write_renews_the_deadline_and_old_bytes_can_be_thrown_away(bench: WireBench) -> None:
    bench.wire.answers[b"1"] = [(b"old\r", 1200 * BYTE)]
    bench.wire.answers[b"2"] = [(b"new\r", 900 * BYTE)]
    got: list[bytes] = []

    def body() -> None:
        port = open_here(bench)
        port.deadline_s = 0.001
        port.write(b"1")
        got.append(port.read_until(b"\r"))
        port.sleep(0.0003)
        got.append(port.discard_input())
        got.append(port.discard_input())
        port.write(b"2")
        got.append(port.read_until(b"\r"))

    bench.run(body)
    assert got == [b"", b"old\r", b"", b"new\r"]


def test_the_trace_has_each_direction_with_the_time_it_began_or_was_complete(bench: WireBench) -> None:
    bench.wire.answers[b"\x01Q\r"] = [(b"R5\r", 100 * BYTE)]
    lines: list[dict[str, Any]] = []

    def body() -> None:
        port = open_here(bench, Trace("w", lines.append))
        port.sleep(5e-6)
        port.write(b"\x01Q\r")
        port.read_until(b"\r")

    bench.run(body)
    assert lines == [
        {"t_ns": 5 * BYTE, "line": "w", "direction": "sent", "hex": "01 51 0d", "text": "\\x01Q\\x0D"},
        {"t_ns": 111 * BYTE, "line": "w", "direction": "received", "hex": "52 35 0d", "text": "R5\\x0D"},
    ]
    assert readable(bytes([0x7F, 0x20, 0xFF])) == "\\x7F \\xFF"


def test_a_pulled_cable_is_a_lost_port_at_each_kind_of_call(bench: WireBench) -> None:
    seen: list[str] = []

    def body() -> None:
        port = open_here(bench)
        bench.wire.in_plug = False
        for call in (lambda: port.write(b"Q"), lambda: port.read(1), lambda: port.read_until(b"\r")):
            try:
                call()
            except PortLost as error:
                seen.append(str(error))
        port.close()
        port.close()

    bench.run(body)
    assert len(seen) == 3
    assert all("the cable is out" in text for text in seen)


def test_a_port_that_does_not_take_the_bytes_in_time_is_no_reply() -> None:
    class Full:
        port = "COM9"

        def write(self, data: bytes) -> None:
            raise serial.SerialTimeoutException("Write timeout")

    with pytest.raises(NoReply, match="COM9: the port did not take 3 bytes"):
        SerialPort(Full(), ThreadRunner(RealClock()), None).write(b"abc")


def test_a_real_pty_is_opened_the_same_way_and_is_lost_when_its_other_end_closes() -> None:
    controller, device = os.openpty()
    name = os.ttyname(device)
    port = open_serial(name, LinkSpec(9600), ThreadRunner(RealClock()), None)
    try:
        port.deadline_s = 2.0
        port.write(b"hello")
        assert os.read(controller, 5) == b"hello"
        os.write(controller, b"one\rtwo")
        assert port.read_until(b"\r") == b"one\r"
        assert port.read(3) == b"two"
        port.deadline_s = 0.05
        port.write(b"x")
        assert port.read(1) == b""
    finally:
        os.close(controller)
        os.close(device)
    with pytest.raises(PortLost, match=name):
        port.write(b"again")
        port.read(1)
    port.close()
