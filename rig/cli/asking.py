"""Asking instruments who they are on ports of one's own: no line is built, so nothing is told to be off or set up.

A line of the engine sends "off" before anything else, which is right for whoever is going to drive a rig and wrong for
whoever only asks. Here a port is opened, each driver's `identify` is called once, and the port is closed.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from rig.bench.model import Bench, is_simulated, is_visa, visa_name
from rig.cli.output import Refused
from rig.engine.connect import Carrier, link_of
from rig.engine.lock import RigLock
from rig.instruments.catalog import ATTEMPTS, CATALOG, DEADLINE_S
from rig.instruments.new_era_packets import PumpAlarm
from rig.lines.clocks import RealClock
from rig.lines.driven import Driver, Identity
from rig.lines.errors import InstrumentError, PortLost
from rig.lines.line import LinePort, Opener
from rig.lines.opening import serial_opener, visa_opener
from rig.lines.runner import Runner, ThreadRunner

TIMED_EXCHANGES: Final = 50
PROMPT: Final = ("hv", "pumps", "inputs")


@dataclass(slots=True)
class Answer:
    """What one instrument said. error: why there is no identity, or what went wrong after it."""

    name: str
    identity: Identity | None = None
    remark: str | None = None
    error: str | None = None
    exchanges_ns: list[int] = field(default_factory=list)


def ask_bench(bench: Bench, timed: Sequence[str]) -> list[Answer]:
    """Ask every instrument, line by line. `timed`: the sections whose poll is also timed.

    Raises RigBusy when a real rig is in use, and holds its lock as long as it asks; Refused when it cannot be locked.
    """
    if bench.simulated:
        return _ask_emulated(bench, timed)
    lock = RigLock(bench.name)
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    try:
        lock.acquire({"user": _user(), "since": since, "does": "identify"})
    except OSError as error:
        raise Refused(
            f"{lock.path} cannot be written: {error.strerror or error}",
            "SPINRIG_STATE names another folder for the locks of rigs",
        ) from None
    try:
        runner = ThreadRunner(RealClock())
        return [
            answer
            for where, names in bench.lines.items()
            for answer in _ask_line(bench, names, _opener(bench, where, None), runner, timed)
        ]
    finally:
        lock.release()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return "somebody"


def _ask_emulated(bench: Bench, timed: Sequence[str]) -> list[Answer]:
    from rig.simulation.laboratory import Laboratory
    from rig.simulation.liquids import scene_data

    laboratory = Laboratory(bench, scene_data(bench), seed=0)
    carrier = laboratory.carrier()
    found: dict[str, list[Answer]] = {}
    failed: list[Exception] = []

    def body(where: str, names: tuple[str, ...], runner: Runner) -> Callable[[], None]:
        def ask() -> None:
            try:
                found[where] = _ask_line(bench, names, _opener(bench, where, carrier), runner, timed)
            except Exception as error:  # raised again below, in the caller's own stack
                failed.append(error)

        return ask

    try:
        for where, names in bench.lines.items():
            runner = carrier.runner()
            runner.start(bench.line_names[where], body(where, names, runner))
        laboratory.scheduler.run(lambda: len(found) == len(bench.lines) or bool(failed))
    finally:
        laboratory.close()
    if failed:
        raise failed[0]
    return [answer for where in bench.lines for answer in found[where]]


def _opener(bench: Bench, where: str, carrier: Carrier | None) -> Opener:
    line = bench.line_names[where]
    link = link_of(bench.instruments[bench.lines[where][0]])
    if is_visa(where):
        emulated = carrier is not None and is_simulated(where)
        library: Any = carrier.visa_library(line) if carrier is not None and emulated else None
        return visa_opener(visa_name(where), link, None, library)
    if carrier is not None:
        return serial_opener(f"sim://{line}?world={carrier.world_key}", link, None)
    return serial_opener(where, link, None)


def _ask_line(
    bench: Bench, names: tuple[str, ...], opener: Opener, runner: Runner, timed: Sequence[str]
) -> list[Answer]:
    try:
        port = opener(runner)
    except PortLost as error:
        return [Answer(name, error=str(error)) for name in names]
    try:
        return [_ask(bench, name, port, timed) for name in names]
    finally:
        port.close()


def _ask(bench: Bench, name: str, port: LinePort, timed: Sequence[str]) -> Answer:
    settings = bench.instruments[name]
    section = name.partition(".")[0]
    port.deadline_s = DEADLINE_S[section]
    port.attempts = ATTEMPTS
    driver: Driver = CATALOG[settings.driver].load()(settings, port)
    answer = Answer(name)
    try:
        try:
            answer.identity = driver.identify()
        except PumpAlarm as alarm:
            # A pump that tells its alarm does not do what it was asked: once more (New Era manual 1200-01).
            answer.remark = f"it told an alarm first: {alarm}"
            answer.identity = driver.identify()
        if section in timed:
            _time(driver, port, answer)
    except InstrumentError as error:
        answer.error = str(error)
    return answer


def _time(driver: Driver, port: LinePort, answer: Answer) -> None:
    poll = driver.polls[0].name
    for _ in range(TIMED_EXCHANGES):
        began_ns = port.now_ns()
        driver.read(poll)
        answer.exchanges_ns.append(port.now_ns() - began_ns)
