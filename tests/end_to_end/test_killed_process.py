"""`spinrig run` killed with -9 during carbonisation beside `spinrig emulate --pty --start`, on each furnace controller.

All worlds stand beside each other, as each takes a minute of real time. What the heater gets is told by the emulated
furnace itself (`emulate --status`), not by anything on the killed side.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.killed import ARGON, FLOW_SCCM, FURNACE, NEXT, RECIPE, Emulated, Hosted

pytestmark = pytest.mark.timeout(180)

WATCHDOG_S = 60.0
STATUS_S = 0.5
OFF_LIMIT_S = 75.0
WATCHED_S = 3.0
"""So long the next command is looked at before it is interrupted."""

WORLDS = {
    "epc3000": ("epc3000", None),
    "3216": ("3216", "own end"),
    "2416": ("2416", "own end"),
    "2416, still running": ("2416", "at once"),
}
"""Controller, and how it goes on after the kill: left to its watchdog, or to its program's own end in a hurry, or taken
over at once."""


@dataclass
class Told:
    """What came of one world. Seconds are wall time, from the kill."""

    emulated: Emulated
    killed_s: float
    killed_degc: float
    killed_pct: float
    off_s: float
    after: Hosted
    began: int
    """Status lines before the next command began."""
    exit_code: int = -1


def _until(condition: Callable[[], bool], limit_s: float, what: Callable[[], str]) -> None:
    end_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end_s, what()
        time.sleep(0.05)


def _world(folder: Path, model: str, how: str | None) -> Told:
    emulated = Emulated(folder, model)
    try:
        run = Hosted(folder, "carbonise", RECIPE)
        try:
            return _killed(folder, emulated, run, how)
        finally:
            run.close()
    finally:
        emulated.close()


def _killed(folder: Path, emulated: Emulated, run: Hosted, how: str | None) -> Told:
    def ramping() -> bool:
        """The program has been running for some seconds."""
        assert run.process.poll() is None, run.complaints
        recent = emulated.seen[-4:]
        return (
            run.has_said("told", output=FURNACE)
            and len(recent) == 4
            and all(status[FURNACE]["power_pct"] > 10.0 for _, status in recent)
        )

    _until(ramping, 45.0, lambda: f"it does not heat: {run.said[-3:]} {run.complaints}")
    status = emulated.seen[-1][1][FURNACE]
    run.process.send_signal(signal.SIGKILL)
    killed_s = time.monotonic()
    if how == "own end":
        emulated.hurry()
    if how == "at once":
        time.sleep(3.0)
        assert emulated.power_pct > 10.0, "the program runs by itself"
    else:
        _until(
            lambda: emulated.power_pct == 0.0,
            OFF_LIMIT_S,
            lambda: f"{emulated.power_pct} % after {OFF_LIMIT_S} s",
        )
    off_s = next(
        (at_s for at_s, one in emulated.seen if at_s > killed_s and one[FURNACE]["power_pct"] == 0.0), 0.0
    )
    told = Told(
        emulated,
        killed_s,
        status["temperature_degc"],
        status["power_pct"],
        off_s - killed_s,
        Hosted(folder, "next", NEXT),
        len(emulated.seen),
    )
    _leave(told)
    return told


def _leave(told: Told) -> None:
    """Look on for some seconds, then leave the next command as a hurried person does: twice interrupted."""
    after = told.after
    try:
        _until(
            lambda: after.has_said("step", phase="started"),
            30.0,
            lambda: f"{after.said[-3:]} {after.complaints}",
        )
        time.sleep(WATCHED_S)
        after.process.send_signal(signal.SIGINT)
        time.sleep(1.0)
        assert after.process.poll() is None, "the tube is hot: it stays"
        after.process.send_signal(signal.SIGINT)
        told.exit_code = after.ended()
    finally:
        after.close()


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Told | BaseException]]:
    folder = tmp_path_factory.mktemp("killed")
    with ThreadPoolExecutor() as pool:
        made = {
            name: pool.submit(_world, folder / str(number), *world)
            for number, (name, world) in enumerate(WORLDS.items())
        }
    yield {name: one.exception() or one.result() for name, one in made.items()}


def _of(worlds: dict[str, Told | BaseException], name: str) -> Told:
    told = worlds[name]
    if isinstance(told, BaseException):
        raise told
    return told


@pytest.mark.parametrize("name", [name for name, (_, how) in WORLDS.items() if how != "at once"])
def test_the_heater_of_a_killed_host_ends_off(worlds: dict[str, Told | BaseException], name: str) -> None:
    told = _of(worlds, name)
    print(
        f"{name}: killed at {told.killed_degc:.1f} degC and {told.killed_pct:.0f} %, off after {told.off_s:.1f} s"
    )
    assert told.killed_degc > 255.0 and told.killed_pct > 10.0
    assert told.off_s <= (WATCHDOG_S + STATUS_S if name == "epc3000" else OFF_LIMIT_S)
    if name == "epc3000":
        assert told.off_s > 50.0
    assert max(status[FURNACE]["temperature_degc"] for _, status in told.emulated.seen) < 300.0
    powers = [
        status[FURNACE]["power_pct"]
        for at_s, status in told.emulated.seen
        if at_s > told.killed_s + told.off_s
    ]
    assert powers and set(powers) == {0.0}, "it stays off, the next command included"


@pytest.mark.parametrize("name", WORLDS)
def test_the_next_command_takes_the_hot_tube_over_and_lowers_no_gas(
    worlds: dict[str, Told | BaseException], name: str
) -> None:
    told = _of(worlds, name)
    after = told.after
    assert min(status[ARGON]["flow_sccm"] for _, status in told.emulated.seen) > FLOW_SCCM - 2.0
    assert [
        data for data in after.sent(ARGON) if data.startswith(b"ALS ") and float(data[4:]) < FLOW_SCCM
    ] == []
    asked = after.sent(FURNACE)
    first_write = next(index for index, data in enumerate(asked) if data[1] in (6, 16))
    assert first_write > 5 and {data[1] for data in asked[:first_write]} == {3}, "it reads before it writes"
    assert any(data[1] == 3 for data in asked[first_write:]), "and off is read back"
    assert told.emulated.power_pct == 0.0
    later = [status[FURNACE]["power_pct"] for _, status in told.emulated.seen[told.began :]]
    assert set(later[-10:]) == {0.0}
    assert told.exit_code == 130
    print(f"{name}: {after.complaints.strip()}")
    assert "LEFT BEHIND" in after.complaints and f"{ARGON} 200 sccm left on" in after.complaints
