"""How often everything is looked at: the next scan's distance, the polls of each instrument, every line's lease."""

from __future__ import annotations

from collections.abc import Mapping

from rig.engine import periods
from rig.engine.states import State
from rig.engine.unit import Unit
from rig.lines.line import Line
from rig.readings import Readings

ACTIVE_STATES = frozenset({State.STARTING, State.RUNNING, State.PAUSING, State.HOLDING, State.RESTARTING})

AT_THE_STATION = frozenset({"spin", "prime", "jog", "hv-test"})
"""Steps for which the spinning station is polled at its quick periods, from before anything is on."""


QUICK_LINES = frozenset({"hv", "pump", "relays"})
"""Kinds of output whose lines have the short lease while high voltage is on. A furnace keeps its own: what is heated
for hours does not go out because the station beside it stood still for a second."""


class Pacing:
    """The periods of one rig, by what is live, at work or hot."""

    def __init__(self, lines: Mapping[str, Line], units: Mapping[str, Unit]) -> None:
        self._lines = lines
        self._units = units
        self.period_ns = periods.SCAN_ACTIVE_NS
        self.watching_inputs = False
        """Somebody walks through the inputs: they are polled at their quick period with nothing on."""
        self._activity: tuple[bool, bool, tuple[bool, ...]] | None = None

    def set_activity(self, live: bool, open_run: bool, readings: Readings) -> None:
        """The quick periods for what is at work or hot, the idle ones for the rest."""
        spin = self._units.get("spin")
        phase = spin.phase if spin is not None else None
        at_work = self.watching_inputs or (
            spin is not None and spin.state in ACTIVE_STATES and (phase is None or phase.do in AT_THE_STATION)
        )
        hearths = tuple(
            unit.state is not State.IDLE
            or (unit.spec.left is not None and unit.spec.left(readings) is not None)
            for unit in self._units.values()
            if unit is not spin
        )
        now_active = (open_run, live or at_work, hearths)
        if now_active == self._activity:
            return
        self._activity = now_active
        busy: dict[str, bool] = {}
        for unit, on in zip((u for u in self._units.values() if u is not spin), hearths, strict=True):
            busy |= dict.fromkeys(unit.spec.members, on)
        for line in self._lines.values():
            for member in line.members.values():
                section = member.name.partition(".")[0]
                station = open_run if section == "climate" else live or at_work
                line.set_active(member.name, busy.get(member.name, station))

    def keep_pace(self, now_ns: int, hv_live: bool, pumps_live: bool, open_run: bool) -> None:
        """The next scan's distance, and every line's lease."""
        if hv_live:
            self.period_ns = periods.SCAN_HV_NS
        elif pumps_live or open_run:
            self.period_ns = periods.SCAN_ACTIVE_NS
        else:
            self.period_ns = periods.SCAN_IDLE_NS
        idle_ns = now_ns + periods.LEASE_SCANS * self.period_ns
        for line in self._lines.values():
            kind = line.output_kind
            if kind in QUICK_LINES and hv_live:
                line.renew(now_ns + periods.LEASE_HV_NS - periods.LEASE_MARGIN_NS)
            elif kind == "pump" and pumps_live:
                line.renew(now_ns + periods.LEASE_PUMPS_NS)
            elif kind == "furnace":
                line.renew(now_ns + periods.LEASE_FURNACE_NS)
            else:
                line.renew(idle_ns)
