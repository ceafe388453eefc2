"""Serving the emulated laboratory: bytes, their time on the wire, ports that come and go, cables that are pulled."""

from __future__ import annotations

import socket
import time

import pytest
import serial

from rig.lines.clocks import RealClock
from rig.lines.errors import PortLost
from rig.lines.port import LinkSpec
from rig.lines.runner import ThreadRunner
from rig.lines.serialport import open_serial
from rig.lines.visaport import open_visa
from rig.simulation.serve import CannotServe, Server
from tests.simulation.serve_bench import laboratory, served

QUERY, VERSION = b"\x01Q51\r", b"\x01V56\r"


def open_(server: Server, name: str) -> serial.Serial:
    return serial.serial_for_url(server.urls[name], 9600, timeout=1.0)


def test_each_instrument_has_its_port_and_a_chain_shares_one() -> None:
    with served() as server:
        urls = server.urls
        assert set(urls) == set(server.laboratory.devices) == set(server.laboratory.bench.instruments)
        assert urls["pumps.a"] == urls["pumps.b"]
        # Nine instruments, of which the two pumps share a port.
        assert (len(urls), len(set(urls.values()))) == (9, 8)
        assert urls["current.collector"].startswith("ASRL/dev/") and urls["current.collector"].endswith(
            "::INSTR"
        )


@pytest.mark.parametrize("tcp_port", [None, 0])
def test_a_reply_comes_when_its_last_byte_has_arrived(tcp_port: int | None) -> None:
    with served(tcp_port) as server, open_(server, "hv.needle") as port:
        port.write(QUERY)  # the first exchange warms everything up
        port.read_until(b"\r")
        began = time.monotonic()
        port.write(QUERY)
        reply = port.read_until(b"\r")
        took_s = time.monotonic() - began
        assert reply[:1] == b"R" and len(reply) == 16
        # 5 and 16 bytes at 9600 baud, 10 ms between them.
        assert 0.0318 <= took_s < 0.2


def test_bytes_pass_untouched() -> None:
    """A pseudo-terminal would by itself echo, turn CR into LF, and act on control characters."""
    with served() as server:
        wire = server.laboratory.wire_of("inputs.bench")
        wire.heard = []
        with open_(server, "inputs.bench") as port:
            every = bytes(range(256))
            port.write(every)
            time.sleep(0.4)
            assert b"".join(data for _, data in wire.heard) == every
            assert port.in_waiting == 0
            port.write(b"$016BB\r")
            assert port.read_until(b"\r").startswith(b"!")


@pytest.mark.parametrize("tcp_port", [None, 0])
def test_clients_come_and_go(tcp_port: int | None) -> None:
    with served(tcp_port) as server:
        for _ in range(3):
            with open_(server, "hv.needle") as port:
                port.write(VERSION)
                assert port.read_until(b"\r") == b"B2567\r"
            time.sleep(0.05)  # the server sees a client leave


def test_a_second_tcp_client_is_turned_away_while_the_first_is_there() -> None:
    with served(0) as server, open_(server, "hv.needle") as port:
        port.write(VERSION)
        assert port.read_until(b"\r") == b"B2567\r"
        place = server.urls["hv.needle"].removeprefix("socket://").split(":")
        with socket.create_connection((place[0], int(place[1])), timeout=2) as second:
            assert second.recv(10) == b""
        port.write(VERSION)
        assert port.read_until(b"\r") == b"B2567\r"


def test_an_unplugged_pty_is_gone_for_the_line_that_has_it_open() -> None:
    with served() as server:
        port = open_serial(server.urls["hv.needle"], LinkSpec(9600), ThreadRunner(RealClock()), None)
        port.write(VERSION)
        assert port.read_until(b"\r") == b"B2567\r"
        server.do(lambda: server.laboratory.wire_of("hv.needle").set_fault("unplug", True))
        time.sleep(0.2)
        with pytest.raises(PortLost):
            for _ in range(3):
                port.write(VERSION)
                port.read_until(b"\r")
        port.close()
        with pytest.raises(PortLost):
            open_serial(server.urls["hv.needle"], LinkSpec(9600), ThreadRunner(RealClock()), None)


def test_an_unplugged_tcp_port_comes_back_with_its_cable() -> None:
    with served(0) as server:
        wire = server.laboratory.wire_of("hv.needle")
        host, number = server.urls["hv.needle"].removeprefix("socket://").split(":")
        with socket.create_connection((host, int(number)), timeout=2) as client:
            client.sendall(VERSION)
            assert client.recv(6) == b"B2567\r"
            server.do(lambda: wire.set_fault("unplug", True))
            assert client.recv(6) == b""
        with socket.create_connection((host, int(number)), timeout=2) as client:
            assert client.recv(6) == b"", "nobody is let in while the cable is out"
        server.do(lambda: wire.set_fault("unplug", False))
        with open_(server, "hv.needle") as port:
            port.write(VERSION)
            assert port.read_until(b"\r") == b"B2567\r"


def test_all_that_a_tcp_client_left_unread_is_thrown_away() -> None:
    """pyserial counts what waits on a socket as one byte."""
    with served(0) as server:
        port = open_serial(server.urls["hv.needle"], LinkSpec(9600), ThreadRunner(RealClock()), None)
        port.write(VERSION)
        thrown = b""
        for _ in range(50):  # a loaded machine takes its time
            time.sleep(0.1)
            thrown += port.discard_input()
            if len(thrown) >= 6:
                break
        assert thrown == b"B2567\r"
        port.write(VERSION)
        assert port.read_until(b"\r") == b"B2567\r"
        port.close()


def test_a_line_of_seven_bits_and_parity_opens_on_a_pty() -> None:
    """The system refuses such a frame on a pseudo-terminal, which carries whole bytes."""
    with served() as server:
        port = open_serial(
            server.urls["climate.chamber"], LinkSpec(4800, 7, "E"), ThreadRunner(RealClock()), None
        )
        port.write(b"SEND\r")
        assert b"RH=" in port.read_until(b"\n")
        port.close()


def test_the_meter_answers_through_visa() -> None:
    with served() as server:
        url = server.urls["current.collector"]
        port = open_visa(url, LinkSpec(57600), library=None, runner=ThreadRunner(RealClock()), trace=None)
        port.write(b"*IDN?\r")
        assert port.read_until(b"\n").startswith(b"KEITHLEY INSTRUMENTS INC.,MODEL 6485")
        port.close()


def test_emulated_time_goes_with_the_clock_on_the_wall() -> None:
    with served() as server:
        began, began_ns = time.monotonic(), server.do(lambda: server.laboratory.scheduler.now_ns)
        time.sleep(0.5)
        passed_s = (server.do(lambda: server.laboratory.scheduler.now_ns) - began_ns) / 1e9
        assert passed_s == pytest.approx(time.monotonic() - began, abs=0.05)


def test_a_tcp_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        made = laboratory()
        with pytest.raises(CannotServe, match=f"port {number} of 127.0.0.1"):
            Server(made, tcp_port=number)
        made.close()


def test_what_ends_the_laboratory_is_not_lost() -> None:
    made = laboratory()
    server = Server(made, wires=["hv.needle"])
    server.start()

    def break_it() -> None:
        raise ZeroDivisionError("an emulator broke")

    server.post(break_it)
    with pytest.raises(ZeroDivisionError, match="an emulator broke"):
        server.close()
    made.close()


def test_only_the_wires_asked_for_are_served() -> None:
    made = laboratory()
    server = Server(made, wires=["hv.needle"])
    assert list(server.urls) == ["hv.needle"]
    server.close()
    made.close()
