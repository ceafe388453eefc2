"""VISA sessions: the port over the emulated library, and over pyvisa-py on a pty in real time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import pyvisa
from pyvisa.constants import Parity, StatusCode, StopBits

from rig.emulators.device import Device
from rig.emulators.keithley import KeithleyEmulator
from rig.instruments.keithley import Keithley6485
from rig.instruments.settings import CurrentSettings
from rig.lines.clocks import RealClock
from rig.lines.errors import PortLost
from rig.lines.port import LinkSpec
from rig.lines.runner import ThreadRunner
from rig.lines.simvisa import SimVisaLibrary, library_for
from rig.lines.trace import Trace
from rig.lines.visaport import BUS_LINK, VisaPort, open_visa
from tests.instruments.keithvais_loop import Laboratory

NAME = "ASRL/dev/ttyUSB6::INSTR"
FAST = LinkSpec(57600)


class Parrot(Device):
    """Answers each line with the same line, `delay_s` later; "mute" is heard in silence, "half" loses its end."""

    delay_s = 0.01

    def receive(self, data: bytes) -> None:
        if data.startswith(b"half"):
            self.send(data[:2], self.delay_s)
        elif not data.startswith(b"mute"):
            self.send(data, self.delay_s)


def laboratory(**devices: LinkSpec) -> Laboratory:
    made = Laboratory()
    for name, link in devices.items():
        made.plug(name, Parrot(name, made.scheduler, link))
    return made


def opened(
    made: Laboratory, resource: str = NAME, wire: str = "usb6", trace: Trace | None = None
) -> VisaPort:
    library = library_for(made, {resource: wire})
    return open_visa(resource, FAST, library=library, runner=made.runner, trace=trace)


def test_an_exchange_takes_its_bytes_time_and_the_turnaround() -> None:
    made = laboratory(usb6=FAST)
    port = opened(made)

    def exchange() -> bytes:
        port.write(b"hello\n")
        return port.read_until(b"\n")

    assert made.run(exchange) == b"hello\n"
    assert made.scheduler.now_ns == 12 * FAST.byte_ns + 10_000_000


def test_a_time_out_lasts_the_deadline_of_virtual_time_and_nothing_else() -> None:
    made = laboratory(usb6=FAST)
    port = opened(made)
    port.deadline_s = 0.3

    def exchange() -> bytes:
        port.write(b"mute\n")
        return port.read_until(b"\n")

    assert made.run(exchange) == b""
    assert made.scheduler.now_ns == 5 * FAST.byte_ns + 300_000_000


def test_a_time_out_gives_what_came() -> None:
    made = laboratory(usb6=FAST)
    port = opened(made)
    port.deadline_s = 0.2

    def exchange() -> tuple[bytes, bytes]:
        port.write(b"half\n")
        first = port.read_until(b"\n")
        port.write(b"again\n")
        return first, port.read_until(b"\n")

    assert made.run(exchange) == (b"ha", b"again\n")


def test_reading_by_number_takes_no_notice_of_line_ends() -> None:
    made = laboratory(usb6=FAST)
    port = opened(made)

    def exchange() -> tuple[bytes, bytes, bytes]:
        port.write(b"a\nb\ncd\n")
        return port.read(4), port.read(1), port.read(9)

    assert made.run(exchange) == (b"a\nb\n", b"c", b"d\n")


@pytest.mark.parametrize("end", [b"\r", b"\r\n", b"\n", b">"])
def test_any_ending(end: bytes) -> None:
    made = laboratory(usb6=FAST)
    port = opened(made)

    def exchange() -> tuple[bytes, bytes]:
        port.write(b"one" + end + b"two" + end)
        return port.read_until(end), port.read_until(end)

    assert made.run(exchange) == (b"one" + end, b"two" + end)


def test_a_limit_ends_a_read() -> None:
    made = laboratory(usb6=FAST)
    port = opened(made)

    def exchange() -> bytes:
        port.write(b"a long line\n")
        return port.read_until(b"\n", 6)

    assert made.run(exchange) == b"a long"


def test_what_was_not_read_is_discarded_once() -> None:
    made = laboratory(usb6=FAST)
    port = opened(made)

    def exchange() -> tuple[bytes, bytes, bytes]:
        port.write(b"unread\n")
        port.sleep(0.1)
        discarded = port.discard_input(), port.discard_input()
        port.write(b"next\n")
        return *discarded, port.read_until(b"\n")

    assert made.run(exchange) == (b"unread\n", b"", b"next\n")


def test_an_absent_instrument_is_not_found() -> None:
    made = laboratory(usb6=FAST)
    with pytest.raises(PortLost, match="VI_ERROR_RSRC_NFOUND"):
        open_visa(
            "GPIB0::14::INSTR",
            FAST,
            library=library_for(made, {NAME: "usb6"}),
            runner=made.runner,
            trace=None,
        )
    with pytest.raises(PortLost, match="VI_ERROR_RSRC_NFOUND"):
        opened(made, wire="nobody")


def test_a_cable_that_is_out_or_pulled_is_a_lost_port() -> None:
    made = laboratory(usb6=FAST)
    port = opened(made)
    made.cables["usb6"].in_place = False
    with pytest.raises(PortLost, match="VI_ERROR_CONN_LOST"):
        made.run(lambda: port.write(b"hello\n"))
    with pytest.raises(PortLost, match="VI_ERROR_RSRC_NFOUND"):
        opened(made)


def test_a_name_that_visa_does_not_know_is_refused() -> None:
    made = laboratory(usb6=FAST)
    with pytest.raises(ValueError, match="no VISA resource name"):
        library_for(made, {"nonsense": "usb6"})
    library = library_for(made, {NAME: "usb6"})
    with pytest.raises(PortLost, match="nonsense"):
        open_visa("nonsense", FAST, library=library, runner=made.runner, trace=None)


def test_serial_settings_reach_the_wire() -> None:
    made = laboratory(usb6=FAST)
    library = library_for(made, {NAME: "usb6"})
    wanted = LinkSpec(4800, 7, "E", 2)
    port = open_visa(NAME, wanted, library=library, runner=made.runner, trace=None)
    made.run(lambda: port.write(b"hello\n"))
    assert made.cables["usb6"].heard == [(b"hello\n", wanted)]
    assert made.scheduler.now_ns == 6 * wanted.byte_ns


def test_attributes_are_visas_own() -> None:
    made = laboratory(usb6=FAST)
    manager = pyvisa.ResourceManager(library_for(made, {NAME: "usb6"}))
    resource: Any = manager.open_resource(NAME, baud_rate=19200)
    assert (resource.baud_rate, resource.data_bits) == (19200, 8)
    assert (resource.parity, resource.stop_bits) == (Parity.none, StopBits.one)
    resource.timeout = 250
    resource.read_termination = resource.write_termination = "\r"
    assert resource.timeout == 250
    assert made.run(lambda: resource.query("text")) == "text"
    with pytest.raises(pyvisa.VisaIOError) as caught:
        made.run(lambda: resource.query("mute"))
    assert caught.value.error_code == StatusCode.error_timeout
    resource.parity = Parity.odd
    assert made.run(lambda: resource.query("odd")) == "odd"
    assert made.cables["usb6"].heard[-1][1] == LinkSpec(19200, 8, "O", 1)
    with pytest.raises(pyvisa.VisaIOError):
        resource.parity = Parity.mark
    resource.close()
    manager.close()


@pytest.mark.parametrize(
    "resource", ["GPIB0::14::INSTR", "TCPIP0::192.168.0.5::inst0::INSTR", "USB0::1::2::3::0::INSTR"]
)
def test_interfaces_that_mark_the_end_of_a_message(resource: str) -> None:
    made = laboratory(bus=BUS_LINK)
    port = opened(made, resource, "bus")

    def exchange() -> tuple[bytes, bytes, bytes]:
        port.write(b"hello\n")
        first = port.read_until(b"\n")
        port.write(b"forgotten\n")
        port.sleep(0.1)
        discarded = port.discard_input()
        port.write(b"next\n")
        return first, discarded, port.read_until(b"\n")

    assert made.run(exchange) == (b"hello\n", b"", b"next\n")
    assert {link for _, link in made.cables["bus"].heard} == {BUS_LINK}


def test_two_laboratories_side_by_side_do_not_mix() -> None:
    one, two = laboratory(usb6=FAST), laboratory(usb6=FAST)
    two.cables["usb6"].damage = bytes.upper
    ports = opened(one), opened(two)
    for _ in range(3):
        for made, port, expected in ((one, ports[0], b"hello\n"), (two, ports[1], b"HELLO\n")):
            port_now = port

            def exchange(port: VisaPort = port_now) -> bytes:
                port.write(b"hello\n")
                return port.read_until(b"\n")

            assert made.run(exchange) == expected
    libraries = library_for(one, {NAME: "usb6"}), library_for(one, {NAME: "usb6"})
    assert libraries[0] is not libraries[1]
    assert libraries[0] not in SimVisaLibrary._registry.values()
    managers = [pyvisa.ResourceManager(library) for library in libraries]
    assert managers[0] is not managers[1]
    assert managers[0].list_resources() == (NAME,)
    ports[0].close()
    ports[1].close()
    assert one.cables["usb6"].host is None


def test_two_instruments_of_one_laboratory_share_a_manager() -> None:
    made = laboratory(usb6=FAST, bus=BUS_LINK)
    library = library_for(made, {NAME: "usb6", "GPIB0::14::INSTR": "bus"})
    serial = open_visa(NAME, FAST, library=library, runner=made.runner, trace=None)
    gpib = open_visa("GPIB0::14::INSTR", FAST, library=library, runner=made.runner, trace=None)
    serial.close()

    def exchange() -> bytes:
        gpib.write(b"still here\n")
        return gpib.read_until(b"\n")

    assert made.run(exchange) == b"still here\n"
    again = open_visa(NAME, FAST, library=library, runner=made.runner, trace=None)
    made.run(lambda: again.write(b"back\n"))
    assert made.cables["usb6"].requests == b"back\n"


def test_the_trace_holds_both_directions_with_their_times() -> None:
    lines: list[dict[str, Any]] = []
    made = laboratory(usb6=FAST)
    port = opened(made, trace=Trace("usb6", lines.append))

    def exchange() -> None:
        port.write(b"hello\n")
        port.read_until(b"\n")

    made.run(exchange)
    assert [(line["t_ns"], line["direction"], line["text"]) for line in lines] == [
        (0, "sent", "hello\\x0A"),
        (made.scheduler.now_ns, "received", "hello\\x0A"),
    ]


def test_the_picoammeter_on_gpib() -> None:
    class Electrode:
        def mean_na(self, t_ns: int, aperture_ns: int) -> float:
            return 321.0

        def burst(self, t_ns_start: int, n: int, period_ns: int) -> list[float]:
            return [321.0] * n

    made = Laboratory()
    resource = "GPIB0::14::INSTR"
    meter = KeithleyEmulator("pico", made.scheduler, collector=Electrode(), bus="gpib", noise=False)
    made.plug("bus", meter)
    port = opened(made, resource, "bus")
    settings = CurrentSettings("current.collector", "keithley-6485", resource, range_a=2e-6)
    driver = Keithley6485(settings, port)
    made.run(driver.set_up)
    assert made.run(lambda: driver.read("current"))["current_na"] == pytest.approx(321.0, abs=0.1)
    assert made.run(lambda: driver.read("burst"))["spikes"] == 0.0
    assert b"\x18" not in made.cables["bus"].requests


@pytest.fixture
def far_end() -> Iterator[tuple[str, threading.Event]]:
    """A pty whose other end answers each line in capitals, "half" with two letters and "mute" not at all."""
    master, slave = os.openpty()
    stop = threading.Event()

    def answer() -> None:
        held = b""
        while not stop.is_set():
            try:
                held += os.read(master, 100)
            except OSError:
                return
            while b"\n" in held:
                line, _, held = held.partition(b"\n")
                if line == b"half":
                    os.write(master, b"HA")
                elif line != b"mute":
                    os.write(master, line.upper() + b"\n")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield os.ttyname(slave), stop
    stop.set()
    os.write(slave, b"mute\n")
    thread.join(2.0)
    os.close(slave)
    os.close(master)


def test_pyvisa_py_on_a_pty_in_real_time(far_end: tuple[str, threading.Event]) -> None:
    library = pyvisa.highlevel.open_visa_library("@py")
    clock = RealClock()
    port = open_visa(
        f"ASRL{far_end[0]}::INSTR", LinkSpec(9600), library=library, runner=ThreadRunner(clock), trace=None
    )
    port.deadline_s = 1.0
    for text in (b"hello", b"1234567890" * 10):
        port.write(text + b"\n")
        assert port.read_until(b"\n") == text.upper() + b"\n"
    port.write(b"by number\n")
    assert port.read(3) == b"BY "
    port.sleep(0.05)
    assert port.discard_input() == b"NUMBER\n"
    port.deadline_s = 0.1
    began_ns = clock.now_ns
    port.write(b"half\n")
    assert port.read_until(b"\n") == b"HA"
    assert 0.09e9 < clock.now_ns - began_ns < 1e9
    port.close()
    with pytest.raises(PortLost):
        port.write(b"hello\n")
