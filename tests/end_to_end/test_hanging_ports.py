"""A serial port whose call never returns, on real threads and pseudo-terminals: in read, in write, and in close.

The scan never waits for a line, so that every other output is told off; what hangs itself is left to its instrument's
own watchdog.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import serial

from rig.emulators.wire import Wire
from rig.engine.states import State
from rig.readings import NS
from tests.end_to_end.measures import HV, HV_OFF, PUMPS, TRIES, MachineBusy
from tests.end_to_end.real_lines import RealLines, real_lines


class Hanging:
    """A pyserial device in which one call waits for ever; with "close" the cable is out as well."""

    def __init__(self, device: Any, call: str) -> None:
        vars(self).update(device=device, call=call, entered=threading.Event(), over=threading.Event())

    def __getattr__(self, name: str) -> Any:
        if name in {"read": ("read", "read_until"), "write": ("write",), "close": ("close",)}[self.call]:
            return self._hang
        if self.call == "close" and name in ("read", "read_until", "write"):
            raise serial.SerialException("device reports readiness to read but returned no data")
        return getattr(self.device, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.device, name, value)

    def _hang(self, *args: Any) -> Any:
        self.entered.set()
        self.over.wait()
        raise serial.SerialException("let go at the end of the test")


def _stop_in_time(lines: RealLines, hung: str, call: str) -> None:
    lab, station, host = lines.lab, lines.station, lines.session.host
    journal: list[tuple[str, Mapping[str, Any]]] = []
    lines.session.watch(lambda kind, data, t_ns: journal.append((kind, data)))
    wires = {name: lab.wire_of(name) for name in (HV, PUMPS[0])}
    for wire in wires.values():
        wire.heard = []
    station.begin()
    settled_ns = station.now_ns() + NS
    station.until(lambda: station.now_ns() > settled_ns, 5.0, "spinning")
    if station.unit.state is not State.RUNNING:
        raise MachineBusy(str(station.unit.reason))
    port: Any = host.lines[hung]._port
    port._device = device = Hanging(port._device, call)
    try:
        station.until(device.entered.is_set, 3.0, "hangs")
        hung_ns, end_ns = lines.now_ns(), station.now_ns() + 3 * NS
        station.until(lambda: station.now_ns() > end_ns, 10.0, "watched")
        off_s = {name: (lines.outputs.off_after(hung_ns, name) - hung_ns) / NS for name in (HV, *PUMPS)}
        valid_s = (max(t for t, _ in wires[hung].heard or () if t <= hung_ns) - hung_ns) / NS
        print(
            f"{hung} hangs in {call}: off after {off_s} s, its last bytes at {valid_s} s; {station.unit.reason}"
        )
        assert str(station.unit.state) in ("Aborting", "Aborted")
        _others_told(wires, hung, hung_ns)
        if hung == HV:
            # By its own watchdog (1.5 s); the pumps by the scan, which sees readings that are 0.3 s old.
            assert off_s[HV] - valid_s <= 1.6
            assert max(off_s[name] for name in PUMPS) <= 1.0
            assert station.unit.unproved, "nobody has read it back as off"
        else:
            # A pump's readings may be 1.5 s old before they trip, and they were up to 0.5 s old when the call began.
            assert off_s[HV] <= (1.6 if call != "close" else 0.5)
            assert max(off_s[name] for name in PUMPS) - valid_s <= 2.1
        if call == "close":
            said = [data["text"] for kind, data in journal if kind == "line" and data["what"] == "abandoned"]
            assert len(said) == 1 and said[0].startswith(f"line {hung}: closing its port has not returned"), (
                said
            )
        began_s = time.monotonic()
        host.release()  # and nobody has to wait for it to leave
        assert time.monotonic() - began_s <= (1.0 if call == "close" else 5.0) + 2.0
        assert [name for name, line in host.lines.items() if not line.closed] == [hung]
    finally:
        device.over.set()


def _others_told(wires: Mapping[str, Wire], hung: str, hung_ns: int) -> None:
    """Whose line lives is told off by its own bytes; on the one that hangs there are none any more."""
    for name, wire in wires.items():
        later = [data for t_ns, data in wire.heard or () if t_ns > hung_ns]
        assert any((HV_OFF if name == HV else b"STP") in data for data in later) is (name != hung)
        assert bool(later) is (name != hung)


@pytest.mark.parametrize("hung", [HV, PUMPS[0]])
@pytest.mark.parametrize("call", ["read", "write", "close"])
@pytest.mark.timeout(180)
def test_a_port_that_hangs_for_ever_keeps_nothing_on(tmp_path: Path, call: str, hung: str) -> None:
    for number in range(TRIES):
        try:
            with real_lines(tmp_path / str(number)) as lines:
                _stop_in_time(lines, hung, call)
            return
        except (AssertionError, MachineBusy) as error:
            failure = error
    raise failure
