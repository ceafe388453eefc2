"""Who is connected, and what an attended step makes of it: alarm at once, hold after the grace, no furnace touched."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rig.cli import attending
from rig.cli.attending import READER, TerminalWatch
from rig.cli.teller import MOST_WAITING, Teller
from rig.engine.clients import SIGN_S, Clients
from rig.readings import NS, Readings
from rig.safety.attendance import NOBODY, UNATTENDED, attendance_conditions
from rig.safety.conditions import Interlocks, Situation, Then


class Desk:
    """Clients with a clock that the test turns."""

    def __init__(self, speed: float = 1.0, begun: bool = True) -> None:
        self.now_ns = 0
        self.said: list[tuple[str, str]] = []
        self.clients = Clients(lambda: self.now_ns, self._write, lambda: None)
        if begun:
            self.clients.begin(speed)

    def _write(self, kind: str, data: dict[str, Any]) -> None:
        assert kind == "client"
        self.said.append((data["client"], data["what"]))

    def after(self, seconds: float) -> int | None:
        self.now_ns += round(seconds * NS)
        return self.clients.nobody_since_ns()


def test_nobody_is_missed_where_nobody_can_connect() -> None:
    desk = Desk(begun=False)
    assert desk.after(1e6) is None
    desk.clients.begin()
    assert desk.after(1.0) == round(1e6 * NS), "from the moment on at which it is asked"


def test_the_last_one_counts_and_a_request_is_a_sign_of_life() -> None:
    desk = Desk(speed=60.0)
    for name in ("terminal", "window"):
        desk.clients.come(name)
        desk.clients.come(name)
    assert desk.clients.connected == ["terminal", "window"]
    desk.now_ns = 100 * NS
    desk.clients.go("terminal", "hung up")
    assert desk.after(1000.0) is None
    desk.clients.go("window", "closed")
    desk.clients.go("window", "closed")
    assert desk.after(50.0) == 1100 * NS
    desk.clients.sign("Ada")
    assert desk.after(60 * SIGN_S - 1) is None, "seconds of the rig, sixty in one of ours"
    desk.clients.sign("Ada")
    signed_ns = desk.now_ns
    assert desk.after(60 * SIGN_S) == signed_ns
    assert desk.said == [
        ("terminal", "connected"), ("window", "connected"), ("terminal", "gone"), ("window", "gone"),
        ("Ada", "heard"),
    ]  # fmt: skip


class Watched:
    """The conditions of one unit, scanned each second."""

    def __init__(self, grace_s: float | None) -> None:
        self.attended, self.working, self.nobody = True, True, True
        self.now_ns = 0
        conditions = attendance_conditions(
            "spin",
            lambda: self.attended,
            lambda: self.working,
            lambda: 0 if self.nobody else None,
            grace_s,
        )
        self.interlocks = Interlocks(tuple(conditions))
        self.trips: list[tuple[int, str, Then]] = []

    def scan(self, seconds: int) -> None:
        for _ in range(seconds):
            situation = Situation(Readings(self.now_ns, {}, {}), {}, False, False)
            for trip in self.interlocks.evaluate(situation):
                self.trips.append((self.now_ns // NS, trip.condition.tag, trip.condition.then))
            self.now_ns += NS


def test_the_alarm_comes_at_once_and_the_hold_after_the_grace() -> None:
    watched = Watched(300.0)
    watched.scan(400)
    assert watched.trips == [(0, f"{NOBODY}:spin", Then.NONE), (300, f"{UNATTENDED}:spin", Then.HOLD)]
    watched.nobody = False
    watched.scan(1)
    assert not watched.interlocks.latched(), "somebody is back: it ends by itself"
    assert not any(condition.takes for condition in watched.interlocks.conditions)


@pytest.mark.parametrize("change", ["attended", "working", "nobody"])
def test_the_grace_is_one_stretch_in_which_the_step_goes_on(change: str) -> None:
    watched = Watched(300.0)
    watched.scan(299)
    setattr(watched, change, False)
    watched.scan(1)
    setattr(watched, change, True)
    watched.scan(299)
    assert [tag for _, tag, _ in watched.trips if tag.startswith(UNATTENDED)] == []
    watched.scan(2)
    assert [tag for _, tag, _ in watched.trips if tag.startswith(UNATTENDED)] == [f"{UNATTENDED}:spin"]


def test_a_furnace_is_only_told_of() -> None:
    watched = Watched(None)
    watched.scan(100_000)
    assert watched.trips == [(0, f"{NOBODY}:spin", Then.NONE)]


# The terminal


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under a service manager: there is no controlling terminal."""
    real = os.open

    def opened(path: Any, *rest: Any) -> int:
        if path == "/dev/tty":
            raise OSError(6, "No such device or address")
        return real(path, *rest)

    monkeypatch.setattr(os, "open", opened)


@pytest.mark.usefixtures("no_terminal")
def test_without_a_terminal_whoever_reads_the_output_is_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    lost: list[tuple[str, str]] = []
    gone = threading.Event()
    silenced: list[int] = []
    monkeypatch.setattr(attending, "silence", lambda *numbers: silenced.extend(numbers))

    def told(client: str, why: str) -> None:
        lost.append((client, why))
        gone.set()

    with os.fdopen(writer, "w") as stream:
        monkeypatch.setattr("sys.stdout", stream)
        watch = TerminalWatch(told)
        assert watch.client == READER
        watch.start()
        assert not gone.wait(0.5)
        os.close(reader)
        assert gone.wait(5.0)
        watch.gone("SIGHUP")  # it is gone once
        watch.stop()
        assert (lost, silenced) == ([(READER, "hung up")], [1])


@pytest.mark.usefixtures("no_terminal")
def test_a_run_whose_output_goes_into_a_file_has_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lost: list[str] = []
    with (tmp_path / "log").open("w") as stream:
        monkeypatch.setattr("sys.stdout", stream)
        watch = TerminalWatch(lambda client, why: lost.append(client))
        watch.start()
        watch.gone("SIGHUP")
        watch.stop()
    assert watch.client is None and lost == []


def test_what_nobody_takes_holds_up_nothing() -> None:
    teller, begun, going = Teller(), threading.Event(), threading.Event()
    said: list[int] = []

    def stuck() -> None:
        begun.set()
        going.wait()

    assert teller.say(stuck)
    assert begun.wait(5.0)

    def word(number: int) -> Callable[[], None]:
        return lambda: said.append(number)

    taken = [teller.say(word(number)) for number in range(MOST_WAITING + 10)]
    assert taken == [True] * MOST_WAITING + [False] * 10
    going.set()
    assert teller.finish()
    assert said == list(range(MOST_WAITING))
