"""An internal error over a hot tube: whoever's work broke is switched off, the furnace is still guarded.

Each run is judged by the bytes that reach the flow controller and the furnace's controller, by its alarms, and by what
the host says it leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rig.engine.unit import Unit
from rig.readings import NS
from tests.end_to_end.furnace_runs import ARGON, CARBONISE, FURNACE, Heating

pytestmark = pytest.mark.timeout(300)

BROKEN_S, LOST_S, LEAVE_S = 6000.0, 6100.0, 6160.0
"""In the soak at 800 °C, under 200 sccm of argon."""
HOT_MINIMUM_SCCM = 80.0
EXHAUST_TAG = f"furnace-exhaust:{FURNACE}"


class Planted(Exception):
    """What breaks here is broken by the test."""


def boom(*_: Any, **__: Any) -> Any:
    raise Planted("as planted")


class Broken:
    """A carbonisation in which something breaks at 800 °C; then the furnace's exhaust is lost."""

    def __init__(
        self,
        runs: Path,
        patch: pytest.MonkeyPatch,
        how: Callable[[Broken], object],
        exhaust_lost: bool = True,
    ) -> None:
        self.patch = patch
        self.heating = Heating(runs, CARBONISE)
        self.spun = self.heating.spun
        self.host = self.spun.session.host
        self.alarms: set[str] = set()
        self.spun.at(BROKEN_S, lambda: how(self))
        if exhaust_lost:
            contacts = self.spun.lab.scene.contacts
            self.spun.at(LOST_S, lambda: contacts.set(self.heating.now_ns(), "furnace_exhaust_ok", False))

    def unit(self, name: str) -> Unit:
        return self.host.engine.units[name]

    def plant(self, owner: Any, name: str) -> None:
        """Have a method raise from now on, on an object that is frozen, has slots, or neither."""
        try:
            object.__setattr__(owner, name, boom)
        except AttributeError:
            self.patch.setattr(type(owner), name, boom)

    def left_after(self, at_s: float) -> Broken:
        """Run it; at that time somebody looks at the alarms and leaves at once."""
        self.spun.at(at_s, self._look)
        self.spun.at(at_s, lambda: (self.host.interrupt(), self.host.interrupt()))
        self.heating.run()
        return self

    def _look(self) -> None:
        self.alarms = {alarm["tag"] for alarm in self.host.engine.alarming.listed()}

    def argon_after(self, at_s: float) -> list[tuple[float, float]]:
        return self.heating.argon_told(round(at_s * NS))

    def zeroed(self) -> bool:
        """Whether the controller was written to within a second of the break, and its output went to nought."""
        since_ns = round(BROKEN_S * NS)
        return (
            bool(self.heating.furnace_told(since_ns, since_ns + NS))
            and not self.heating.controller.output_pct
        )


def listener(run: Broken) -> None:
    """The display raises, and somebody's word makes it be told something."""
    run.host.engine.on_event = boom
    run.host.drive.post(lambda: run.host.command("hold", None, "Ada") and None)


ELSEWHERE: dict[str, Callable[[Broken], object]] = {
    "feed of the station": lambda run: run.plant(run.unit("spin").spec, "feed"),
    "guard of the station": lambda run: run.plant(run.unit("spin").spec, "decide"),
    "rows": lambda run: run.plant(run.host.engine.books, "sample"),
    "reports": lambda run: run.plant(run.host.engine.hearing, "take_reports"),
    "display": listener,
    "phase of the furnace": lambda run: run.plant(run.unit(FURNACE).phase, "running"),
    "step of the furnace": lambda run: run.plant(run.unit(FURNACE), "step"),
    "feed of the furnace": lambda run: run.plant(run.unit(FURNACE).spec, "feed"),
    "alarm list": lambda run: run.plant(run.host.engine.alarming, "scan"),
}
"""What leaves the furnace's guard as it is."""


@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_lost_exhaust_still_cuts_the_gas_to_the_hot_minimum_and_sends_people_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    run = Broken(tmp_path, monkeypatch, ELSEWHERE[where]).left_after(LEAVE_S)
    result = run.heating.result
    assert result.ending.outcome == "failed"
    assert result.ending.reason is not None and "Planted: as planted" in result.ending.reason
    assert len(run.spun.found("error")) == (0 if where == "display" else 1)
    assert run.zeroed()
    assert {sccm for _, sccm in run.argon_after(BROKEN_S) if sccm != HOT_MINIMUM_SCCM} == set()
    (first_s, first_sccm), *_ = run.argon_after(LOST_S)
    assert first_sccm == HOT_MINIMUM_SCCM and first_s - LOST_S < 10.0
    assert run.heating.argon_at_end_sccm == pytest.approx(HOT_MINIMUM_SCCM, abs=2.0)
    if where != "display":
        (tripped,) = run.spun.found("trip", tag=EXHAUST_TAG)
        assert "LEAVE THE ROOM" in tripped[1]["title"] + tripped[1]["text"] + tripped[1]["what_to_do"]
    if where != "alarm list":
        assert EXHAUST_TAG in run.alarms
    assert result.left is not None and f"{ARGON} 80 sccm left on" in result.left


def test_where_the_furnaces_own_guard_is_broken_its_gas_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Broken(tmp_path, monkeypatch, lambda run: run.plant(run.unit(FURNACE).spec, "decide")).left_after(
        LEAVE_S
    )
    assert run.heating.result.ending.outcome == "failed"
    assert run.zeroed()
    assert run.argon_after(BROKEN_S) == []
    assert run.heating.argon_at_end_sccm > 190.0
    left = run.heating.result.left
    assert left is not None and f"{ARGON} " in left and "nobody is watching" in left


def test_after_an_error_elsewhere_the_furnace_is_watched_until_it_is_cold_and_its_gas_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Broken(tmp_path, monkeypatch, ELSEWHERE["feed of the station"], exhaust_lost=False)
    run.heating.run()
    assert run.heating.result.ending.outcome == "failed"
    assert run.heating.tube_at_end_degc < 60.0
    flows = [sccm for _, sccm in run.argon_after(BROKEN_S)]
    assert flows == [0.0]  # kept as it was while hot, then closed
    assert run.heating.result.left is None


@pytest.mark.parametrize(
    "what",
    [
        lambda run: run.plant(run.unit(FURNACE).spec, "decide"),
        lambda run: run.plant(run.unit(FURNACE).spec, "feed"),
        lambda run: (run.plant(run.unit(FURNACE).spec, "feed"), run.plant(run.unit(FURNACE).spec, "stay")),
        lambda run: (run.plant(run.unit("spin").spec, "feed"), run.plant(run.unit(FURNACE).spec, "left")),
        lambda run: run.plant(run.host.engine.runs[0], "_put_back"),
    ],
    ids=["guard", "feed", "feed and stay", "left", "run"],
)
def test_whatever_is_broken_the_scan_goes_on_until_the_tube_is_cold_and_the_gas_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: Callable[[Broken], object]
) -> None:
    run = Broken(tmp_path, monkeypatch, what, exhaust_lost=False)
    run.heating.run()
    assert run.heating.result.ending.outcome == "failed"
    assert run.heating.tube_at_end_degc < 65.0
    left = run.heating.result.left
    if run.heating.argon_at_end_sccm > 1.0:
        assert left is not None and f"{ARGON} " in left and "nobody is watching" in left
