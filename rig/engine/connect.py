"""From what stands on the bench to open lines: one line a port, one member an instrument."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from rig.bench.model import AnyInstrument, Bench, is_simulated, is_visa, visa_name
from rig.engine import periods
from rig.instruments.catalog import ATTEMPTS, CATALOG, DEADLINE_S, DriverInfo
from rig.instruments.settings import InputsSettings
from rig.lines.board import Board
from rig.lines.driven import Driver
from rig.lines.line import Line, Opener
from rig.lines.member import MemberSpec
from rig.lines.opening import serial_opener, visa_opener
from rig.lines.port import LinkSpec, Port
from rig.lines.runner import Runner
from rig.lines.trace import Trace

TraceSink = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Carrier:
    """What lines run on: a runner for each; for an emulated bench the key of its world and its VISA library."""

    runner: Callable[[], Runner]
    world_key: str | None = None
    visa_library: Any = None


def kind_of(name: str) -> str:
    """The kind of output an instrument has: "hv", "pump", "furnace", "gas", or "sensor" for none."""
    kinds = {"hv": "hv", "pumps": "pump", "furnace": "furnace", "gas": "gas"}
    return kinds.get(name.partition(".")[0], "sensor")


def link_of(settings: AnyInstrument) -> LinkSpec:
    """Serial settings: the driver's own, at the rig file's baud rate where it gives one."""
    link = CATALOG[settings.driver].link
    return link if settings.baud is None else link._replace(baud=settings.baud)


STALE_S: Final = {"inputs": periods.INPUTS_STALE_S, "pumps": periods.PUMPS_STALE_S}
"""Where less than three poll periods is safe enough only."""


def member_spec(bench: Bench, name: str) -> MemberSpec:
    """One instrument as its line needs it. The driver is made once without a port to ask it for its channels."""
    settings = bench.instruments[name]
    info: DriverInfo = CATALOG[settings.driver]
    driver_class = info.load()

    def make(port: Port) -> Driver:
        return cast(Driver, driver_class(settings, port))

    probe = make(cast(Port, None))
    section = name.partition(".")[0]
    return MemberSpec(
        name=name,
        kind="relays" if isinstance(settings, InputsSettings) and settings.relays else kind_of(name),
        make=make,
        channels=probe.channels,
        polls=probe.polls,
        deadline_s=DEADLINE_S[section],
        attempts=ATTEMPTS,
        stale_after_s=STALE_S.get(section),
        watched=isinstance(settings, InputsSettings),
        poll_channels=getattr(probe, "poll_channels", {}),
    )


def build_lines(bench: Bench, carrier: Carrier, board: Board, sink: TraceSink | None) -> dict[str, Line]:
    """Every line of the bench, not yet started, by name."""
    lines: dict[str, Line] = {}
    names = bench.line_names
    for where, members in bench.lines.items():
        name = names[where]
        trace = Trace(name, sink) if sink is not None else None
        link = link_of(bench.instruments[members[0]])
        specs = [member_spec(bench, member) for member in members]
        line = Line(name, specs, _opener(where, name, link, carrier, trace), carrier.runner(), board)
        for member in line.members.values():
            line.declare_channels(member)
        lines[name] = line
    return lines


def _opener(where: str, name: str, link: LinkSpec, carrier: Carrier, trace: Trace | None) -> Opener:
    if is_visa(where):
        library = carrier.visa_library(name) if is_simulated(where) and carrier.visa_library else None
        return visa_opener(visa_name(where), link, trace, library)
    if is_simulated(where):
        return serial_opener(f"sim://{name}?world={carrier.world_key}", link, trace)
    return serial_opener(where, link, trace)


def monitor_steps_kv(bench: Bench) -> Mapping[str, float]:
    """The read-back's resolution step of each supply."""
    steps = {}
    for name, settings in bench.hv.items():
        info = CATALOG[settings.driver]
        # No read-back at all counts as a step of the whole range: never proved.
        steps[name] = settings.rating_kv / info.monitor_steps if info.monitor_steps else settings.rating_kv
    return steps
