"""Every road out of a spinning step that nobody commanded: something breaks in the program, a port hangs, the disk is
full. Each is judged by what the emulated supply and pumps were told and did.

What people and signals end stands in test_commands.py and tests/cli/test_run_command.py, the stopped scan in
test_scan_stopped.py, the pulled cable in test_supply_unplugged.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from socket import create_connection
from threading import Event, Thread
from typing import Any

import pytest

from rig.engine.control import TAKEN_LATE, ControlServer, ask
from rig.engine.host import Host, Result
from rig.engine.unit import Unit
from rig.readings import NS
from rig.records.errors import RecordError
from rig.records.journal import Journal
from tests.end_to_end.quick import HV, HV_OFF, PUMPS, QUICK, STOPS, changes, heard
from tests.end_to_end.spinning import Spinning

SHORT = QUICK.replace('duration = "3 min"', 'duration = "20 s"')
BROKEN_AT_S = 5.0
"""After the start of the step's clock: 20 kV are on and both pumps run."""

LATEST_S = 0.2
"""From what broke to the last output off: a scan (0.1 s), an exchange in flight, two exchanges of two pumps."""


class Planted(Exception):
    """What breaks here is broken by the test."""


class Breaking:
    """A short run in which something is made to raise `Planted`, each time or once, from some moment on."""

    def __init__(self, runs: Path, patch: pytest.MonkeyPatch, once: bool) -> None:
        self.patch = patch
        self.spun = Spinning(runs, SHORT)
        self.spun.hear(HV, PUMPS[0])
        self.host: Host = self.spun.session.host
        self.once = once
        self.broken_ns: int | None = None

    @property
    def unit(self) -> Unit:
        return self.host.engine.units["spin"]

    def boom(self, real: Any) -> Callable[..., Any]:
        """In its place; the first call says when it broke."""

        def raising(*args: Any, **more: Any) -> Any:
            if self.once and self.broken_ns is not None:
                return real(*args, **more) if real is not None else None
            if self.broken_ns is None:
                self.broken_ns = self.spun.lab.scheduler.now_ns
            raise Planted("as planted")

        return raising

    def plant(self, owner: Any, name: str) -> None:
        """Have a method raise, on an object that is frozen, has slots, or neither."""
        try:
            object.__setattr__(owner, name, self.boom(getattr(owner, name)))
        except AttributeError:
            self.patch.setattr(type(owner), name, self.boom(getattr(type(owner), name)))

    def run(self, how: Callable[[Breaking], object]) -> Result:
        self.spun.after("clock", BROKEN_AT_S, lambda: how(self), running=True)
        return self.spun.run()

    def contact(self, name: str, healthy: bool) -> None:
        self.spun.lab.scene.contacts.set(self.spun.lab.scheduler.now_ns, name, healthy)

    def command(self, word: str) -> None:
        """Between two scans, as from outside."""
        self.host.drive.post(lambda: self._command(word))

    def _command(self, word: str) -> None:
        self.host.command(word, None, "Ada")

    def since_s(self) -> float:
        """From what broke to the end."""
        assert self.broken_ns is not None
        return (self.spun.lab.scheduler.now_ns - self.broken_ns) / NS

    def off_s(self, name: str) -> list[float]:
        """When that output went off, counted from what broke; it must not have come on again."""
        assert self.broken_ns is not None, "it never broke"
        found = [(t - self.broken_ns / NS, on) for t, on in changes(self.spun, name)]
        later = [(t, on) for t, on in found if t >= 0]
        assert not [one for one in later if one[1]], later
        return [t for t, _ in later]

    def told_s(self, name: str, off: bytes) -> list[float]:
        """When that "off" arrived on its wire, counted from what broke."""
        assert self.broken_ns is not None
        return [
            (t_ns - self.broken_ns) / NS
            for t_ns, data in heard(self.spun, name)
            if off in data and t_ns >= self.broken_ns
        ]


def break_condition(run: Breaking) -> None:
    """Some condition's test that is armed now."""
    door = next(one for one in run.unit.spec.interlocks.conditions if one.tag == "door")
    run.plant(door, "test")


def break_line_and_closing(run: Breaking) -> None:
    """A driver, and then the port's hanging up: the line's task itself ends."""
    line = run.host.lines[HV]
    run.plant(line, "_lose")
    run.plant(line.members[HV].driver, "read")


IN_THE_SCAN: dict[str, Callable[[Breaking], object]] = {
    "condition": break_condition,
    "phase": lambda run: run.plant(run.unit.phase, "running"),
    "guard": lambda run: run.plant(run.unit.spec, "decide"),
    "feed": lambda run: run.plant(run.unit.spec, "feed"),
    "step": lambda run: run.plant(run.unit, "step"),
    "act of the supply": lambda run: run.plant(run.host.engine.outlets[HV], "act"),
    "act of a pump": lambda run: run.plant(run.host.engine.outlets[PUMPS[1]], "act"),
    "proof": lambda run: run.plant(run.unit.proofs[HV], "update"),
    "reports": lambda run: run.plant(run.host.engine.hearing, "take_reports"),
    "pace": lambda run: run.plant(run.host.engine.pacing, "keep_pace"),
    "run": lambda run: run.plant(run.host.engine.runs[0], "advance"),
    "row": lambda run: run.plant(run.host.engine.books, "sample"),
    "sampler": lambda run: run.plant(run.host.engine.books.open[0].sampler, "row"),
    "record of rows": lambda run: run.plant(run.host.engine.books.open[0].record, "sample"),
    "alarms": lambda run: run.plant(run.host.engine.alarming, "scan"),
    "questions": lambda run: run.plant(run.host.engine, "on_question"),
}
GIVEN_UP = {"proof", "run", "readings"}
"""Where the scan itself cannot go on."""

BESIDE_THE_SCAN: dict[str, Callable[[Breaking], object]] = {
    "readings": lambda run: run.plant(run.host.board, "snapshot"),
    "whoever looks on": lambda run: setattr(run.host.engine, "on_scan", run.boom(None)),
    "something posted": lambda run: run.host.drive.post(run.boom(None)),
}


@pytest.mark.parametrize("once", [True, False], ids=["once", "always"])
@pytest.mark.parametrize("where", [*IN_THE_SCAN, *BESIDE_THE_SCAN])
def test_an_exception_in_or_beside_the_scan_ends_with_everything_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, once: bool
) -> None:
    run = Breaking(tmp_path, monkeypatch, once)
    result = run.run((IN_THE_SCAN | BESIDE_THE_SCAN)[where])
    assert result.ending.outcome == "failed"
    assert result.ending.reason is not None and "Planted: as planted" in result.ending.reason
    assert isinstance(result.error, Planted)
    for name in (HV, *PUMPS):
        (off_s,) = run.off_s(name)
        assert off_s <= LATEST_S, name
    assert run.told_s(HV, HV_OFF)[0] <= LATEST_S
    for stop in STOPS:
        assert run.told_s(PUMPS[0], stop)[0] <= LATEST_S
    assert len(run.spun.found("error")) == 1
    if once or where not in GIVEN_UP:
        # Supervised: read back as off, and closed no sooner than the discharge time.
        assert result.left is None
        assert run.since_s() > 30.0
    else:
        # What proves it is itself broken: the host goes and says what it could not prove.
        assert result.left is not None
        assert f"{HV} is NOT PROVED OFF" in result.left and "nobody is watching" in result.left


@pytest.mark.parametrize("member", [HV, PUMPS[0]])
@pytest.mark.parametrize("what", ["driver", "line"])
def test_an_exception_in_a_lines_task_takes_the_other_lines_outputs_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, member: str, what: str
) -> None:
    """A driver that raises each time is to the rest as if its cable were out; a task that ends, an internal error."""
    run = Breaking(tmp_path, monkeypatch, False)

    def how(run: Breaking) -> None:
        line = run.host.lines[member]
        if what == "line":
            run.plant(line, "_lose")
        run.plant(line.members[member].driver, "read")

    result = run.run(how)
    assert result.ending.outcome == ("failed" if what == "line" else "aborted")
    other = PUMPS[0] if member == HV else HV
    assert run.told_s(other, STOPS[0] if member == HV else HV_OFF)[0] <= 0.8
    for name in (HV, *PUMPS):
        (off_s, *_) = run.off_s(name)
        # What hangs on the broken line itself has its own watchdog: 1.5 s the supply, 2 s the pumps.
        own = name == member or (name in PUMPS and member in PUMPS)
        assert off_s <= (2.1 if own else 1.0), name
    if what == "line":
        assert result.left is not None and "nobody is watching" in result.left


SAID: dict[str, Callable[[Breaking], object]] = {
    "trip": lambda run: run.contact("door_closed", False),
    "line": lambda run: run.spun.lab.wire_of("climate.chamber").set_fault("unplug", True),
    "state": lambda run: run.command("hold"),
    "command": lambda run: run.command("hold"),
    "off": lambda run: run.command("abort"),
    "told": lambda run: run.command("abort"),
    "refused": lambda run: run.command("restart"),
}


@pytest.mark.parametrize("kind", SAID)
def test_a_listener_of_events_that_raises_ends_with_everything_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Whatever is being said at that moment: display, log and emulated attendant all listen."""
    run = Breaking(tmp_path, monkeypatch, False)
    raising = run.boom(None)

    def listen(said: str, about: dict[str, Any], t_ns: int) -> None:
        if said == kind:
            raising()

    def how(run: Breaking) -> None:
        run.spun.session.watch(listen)
        SAID[kind](run)

    result = run.run(how)
    assert result.ending.outcome == "failed"
    assert result.ending.reason is not None and "Planted: as planted" in result.ending.reason
    for name in (HV, *PUMPS):
        assert all(off_s <= LATEST_S for off_s in run.off_s(name)), name
        assert not run.spun.outputs.on(name)
    assert result.left is None
    assert run.since_s() > 30.0


@pytest.mark.parametrize("word", sorted(TAKEN_LATE))
def test_a_command_that_breaks_in_the_control_sockets_handler_ends_with_everything_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    """What was to make the rig safer is not lost in an error message to its client."""
    run = Breaking(tmp_path, monkeypatch, False)
    answers, result = through_the_socket(run, word)
    assert answers == [{"ok": False, "error": "internal error: as planted"}]
    assert result.ending.outcome == "failed"
    for name in (HV, *PUMPS):
        (off_s,) = run.off_s(name)
        assert off_s <= LATEST_S, name
    assert result.left is None


def test_a_question_about_the_status_that_breaks_is_told_to_its_client_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Breaking(tmp_path, monkeypatch, False)
    answers, result = through_the_socket(run, "status")
    assert answers == [{"ok": False, "error": "internal error: as planted"}]
    assert result.ending.outcome == "completed"


def through_the_socket(run: Breaking, word: str) -> tuple[list[dict[str, Any]], Result]:
    """The run in which a client says that word and the handler raises."""
    posted, answers = Event(), []

    def post(function: Callable[[], None]) -> None:
        run.host.drive.post(function)
        posted.set()

    server = ControlServer(lambda request: run.boom(None)(), post)
    owner = {"port": server.port, "token": server.token}
    client = Thread(target=lambda: answers.append(ask(owner, {"do": word})))

    def how(run: Breaking) -> None:
        client.start()
        assert posted.wait(5.0)

    try:
        result = run.run(how)
        client.join(5.0)
    finally:
        server.close()
    return answers, result


def test_nonsense_at_the_control_socket_is_answered() -> None:
    server = ControlServer(lambda request: {"ok": True}, lambda function: function())
    try:
        owner = {"port": server.port, "token": "kein Schlüssel"}
        assert ask(owner, {"do": "status"}) == {"ok": False, "error": "wrong token"}
        with create_connection(("127.0.0.1", server.port), timeout=5.0) as connection:
            stream = connection.makefile("rwb")
            for line in (b"[" * 60_000, b"\xff\xfe", b"[]", b'{"token": "\\ud800"}'):
                stream.write(line + b"\n")
                stream.flush()
                assert json.loads(stream.readline())["ok"] is False
        assert ask({"port": server.port, "token": server.token}, {"do": "status"}) == {"ok": True}
    finally:
        server.close()


# The disk


def test_a_disk_that_fills_up_before_the_step_keeps_everything_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is energised whose event is not on record."""
    run = Breaking(tmp_path, monkeypatch, False)
    run.spun.after("state", 0.0, lambda: fill_up(monkeypatch), to="Starting")
    result = run.spun.run()
    assert result.record_failed is not None and "No space left" in result.record_failed
    for name in (HV, *PUMPS):
        assert changes(run.spun, name) == []
    assert result.ending.outcome == "aborted"
    assert result.left is None


def test_a_disk_that_fills_up_under_voltage_is_loud_and_nothing_new_is_energised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Breaking(tmp_path, monkeypatch, False)

    def how(run: Breaking) -> None:
        run.broken_ns = run.spun.lab.scheduler.now_ns
        fill_up(monkeypatch)

    result = run.run(how)
    assert run.broken_ns is not None
    assert result.record_failed is not None and "No space left" in result.record_failed
    (alarm,) = [
        (t_ns, data) for t_ns, data in run.spun.found("alarm-state", tag="record-failed") if data["to"] == "B"
    ]
    assert (alarm[0] - run.broken_ns) / NS <= 5.0  # with the first event that cannot be written
    assert (alarm[1]["priority"], "No space left" in alarm[1]["text"]) == ("medium", True)
    # What is on goes on to its orderly end; nothing is switched on any more (off_s sees to that).
    for name in (HV, *PUMPS):
        assert len(run.off_s(name)) == 1
    assert result.left is None


def test_held_with_a_full_disk_it_does_not_come_on_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Breaking(tmp_path, monkeypatch, False)

    def how(run: Breaking) -> None:
        run.broken_ns = run.spun.lab.scheduler.now_ns
        fill_up(monkeypatch)
        run.command("hold")

    run.spun.after("state", 5.0, lambda: run.command("resume"), to="Held")
    result = run.run(how)
    for name in (HV, *PUMPS):
        assert len(run.off_s(name)) == 1
    assert result.ending.outcome == "aborted"
    assert result.ending.reason is not None and "could not be recorded" in result.ending.reason
    assert result.left is None


def fill_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on no byte of the journal reaches the disk."""

    def full(journal: Journal, raw: bytes) -> None:
        raise RecordError("the journal cannot be written: No space left on device")

    monkeypatch.setattr(Journal, "write", full)
