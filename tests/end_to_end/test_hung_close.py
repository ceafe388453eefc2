"""A port whose close never returns, as the cable is out and as the host leaves: nobody waits for it.

In virtual time through the whole host, and as a process of its own on pseudo-terminals that is interrupted twice.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rig.readings import NS
from tests.end_to_end.killed import FURNACE, RECIPE, Emulated, Hosted
from tests.end_to_end.quick import HV, HV_OFF, PUMPS, QUICK, heard
from tests.end_to_end.spinning import Spinning

BROKEN_AT_S = 5.0
FOR_EVER_S = 1e6


class Stuck:
    """A short run; `close` makes an open port's close hang from that moment on."""

    def __init__(self, runs: Path) -> None:
        self.spun = Spinning(runs, QUICK)
        self.spun.hear(HV, PUMPS[0])
        self.host = self.spun.session.host

    def now_ns(self) -> int:
        return self.spun.lab.scheduler.now_ns

    def after(self, delay_s: float, action: Callable[[], object]) -> None:
        self.spun.after("clock", delay_s, action, running=True)

    def hang(self, name: str) -> None:
        """The line's port closes no more."""
        line = next(line for line in self.host.lines.values() if name in line.members)
        port: Any = line._port
        port.close = lambda: line._runner.sleep(FOR_EVER_S)

    def pull(self, name: str) -> None:
        """Its cable is out, and its port closes no more."""
        self.hang(name)
        self.spun.lab.wire_of(name).set_fault("unplug", True)

    def twice(self) -> None:
        self.host.interrupt()
        self.host.interrupt()

    def abandoned(self) -> list[tuple[int, str]]:
        return [(t_ns, data["text"]) for t_ns, data in self.spun.found("line", what="abandoned")]


@pytest.mark.parametrize("name", [HV, PUMPS[0]])
def test_a_pulled_cable_whose_port_does_not_close_is_given_up_in_words_and_the_rest_goes_off(
    tmp_path: Path, name: str
) -> None:
    run = Stuck(tmp_path)
    when: list[int] = []
    run.after(BROKEN_AT_S, lambda: (when.append(run.now_ns()), run.pull(name)))
    run.after(BROKEN_AT_S + 5.0, lambda: (when.append(run.now_ns()), run.twice()))
    result = run.spun.run()
    assert result.ending.outcome == "aborted"
    ((t_ns, text),) = run.abandoned()
    assert text.startswith(
        f"line {run.spun.lab.bench.line_of(name)}: closing its port has not returned for 1."
    )
    assert t_ns - when[0] < 2.5 * NS
    other, off = (PUMPS[0], b"STP") if name == HV else (HV, HV_OFF)
    told_ns = [t for t, data in heard(run.spun, other) if off in data and t >= when[0]]
    assert told_ns[0] - when[0] < 1.0 * NS, "nobody waited for the port that hangs"
    for output in (HV, *PUMPS):
        assert not run.spun.outputs.on(output), "what hangs itself is off by its own watchdog"
    assert run.now_ns() - when[1] < 2.5 * NS, "the host leaves"
    assert result.left is not None and f"{name} did not acknowledge its last off" in result.left


@pytest.mark.parametrize("name", [HV, PUMPS[0], "climate.chamber"])
def test_a_port_that_does_not_close_on_leaving_is_given_up_and_said(tmp_path: Path, name: str) -> None:
    run = Stuck(tmp_path)
    when: list[int] = []
    run.after(BROKEN_AT_S, lambda: run.hang(name))
    run.after(BROKEN_AT_S, lambda: (when.append(run.now_ns()), run.twice()))
    result = run.spun.run()
    assert result.interrupted_twice and result.ending.outcome == "aborted"
    ((_, text),) = run.abandoned()
    assert "closing its port has not returned" in text
    assert run.now_ns() - when[0] < 3.5 * NS
    assert HV_OFF in [data for t_ns, data in heard(run.spun, HV) if t_ns >= when[0]]
    for output in (HV, *PUMPS):
        assert not run.spun.outputs.on(output)
    # Everything was let go before the close: nothing is left on for its sake.
    assert "did not acknowledge" not in (result.left or "")
    assert [line.closed for line in run.host.lines.values()].count(False) == 1


@pytest.mark.timeout(120)
def test_a_process_one_of_whose_ports_never_closes_still_ends(tmp_path: Path) -> None:
    """On a pseudo-terminal: SIGINT twice in a heating step, and the furnace's port hangs in its close."""
    emulated = Emulated(tmp_path / "world", "epc3000")
    folder = tmp_path / "world"
    try:
        run = Hosted(folder, "carbonise", RECIPE, module="tests.end_to_end.test_hung_close")
        try:
            end_s = time.monotonic() + 45.0
            while not run.has_said("told", output=FURNACE):
                assert time.monotonic() < end_s and run.process.poll() is None, (
                    run.said[-3:],
                    run.complaints,
                )
                time.sleep(0.05)
            for _ in range(2):
                run.process.send_signal(signal.SIGINT)
                time.sleep(0.2)
            began_s = time.monotonic()
            code = run.ended()
            assert time.monotonic() - began_s < 8.0
        finally:
            run.close()
        end_s = time.monotonic() + 10.0
        while emulated.power_pct > 0.0:
            assert time.monotonic() < end_s, "the heater was told off before the close"
            time.sleep(0.1)
    finally:
        emulated.close()
    assert code == 130, run.complaints
    assert "closes for ever" in run.complaints
    (abandoned,) = [
        line["data"]
        for line in run.said
        if line.get("kind") == "line" and line["data"]["what"] == "abandoned"
    ]
    assert abandoned["text"].startswith(f"line {FURNACE}: closing its port has not returned")


def _main() -> int:
    """`spinrig` with a furnace's port that hangs in close."""
    import serial

    from rig.cli.main import main

    stuck = tomllib.loads(Path("rig.toml").read_text(encoding="utf-8"))["furnace"]["tube"]["port"]
    close = serial.Serial.close

    def closing(device: Any) -> None:
        if (
            device.port == stuck
            and device.is_open
            and threading.current_thread() is not threading.main_thread()
        ):
            print("closes for ever", file=sys.stderr, flush=True)
            threading.Event().wait()
        close(device)

    serial.Serial.close = closing
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(_main())
