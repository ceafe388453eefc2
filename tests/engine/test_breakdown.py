"""The scan after an internal error: whose it is, what goes on for the other units, and what is said to be left on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rig.engine.engine import Engine
from rig.engine.leaving import what_is_left
from rig.engine.states import State
from rig.engine.unit import Unit, UnitSpec
from rig.lines.board import Board
from rig.outputs import Output
from rig.readings import NS, Readings
from rig.safety.conditions import Interlocks, Situation
from rig.safety.guard import Permitted
from rig.safety.proof import HvProof
from tests.engine.unit_bench import Scripted


class Planted(Exception):
    """What breaks here is broken by the test."""


class Watched:
    """A unit without instruments that notes what its guard and feed are called with, and raises when told to."""

    def __init__(self, rig: Rig, name: str, outputs: Mapping[str, str]) -> None:
        self.requested: list[Mapping[str, Output]] = []
        self.fed = 0
        self.broken: set[str] = set()
        self.staying = False
        self.words: str | None = None
        self.name = name
        spec = UnitSpec(
            name,
            outputs,
            Interlocks(()),
            self._decide,
            {},
            lambda: None,
            feed=self._feed,
            stay=self._stay,
            left=self._left,
        )
        self.unit = Unit(spec, rig.engine.writer(name))
        rig.engine.add(self.unit)

    def _may_break(self, what: str) -> None:
        if what in self.broken:
            raise Planted(f"{what} of {self.name}")

    def _decide(
        self,
        requested: Mapping[str, Output],
        situation: Situation,
        state: str,
        interlocks: Interlocks,
        before: Mapping[str, Output],
    ) -> Permitted:
        self.requested.append(requested)
        self._may_break("guard")
        return Permitted({}, (), {}, ())

    def _feed(self, now_ns: int, readings: Readings, permitted: Mapping[str, Output]) -> None:
        self.fed += 1
        self._may_break("feed")

    def _stay(self, readings: Readings) -> bool:
        self._may_break("stay")
        return self.staying

    def _left(self, readings: Readings) -> str | None:
        self._may_break("left")
        return self.words


class Rig:
    """Two units, and an engine whose time the test keeps."""

    def __init__(self) -> None:
        self.now_ns = NS
        self.board = Board()
        self.engine = Engine({}, self.board, lambda: self.now_ns)
        self.engine.connecting = False
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.engine.on_event = lambda kind, data, t_ns: self.said.append((kind, data))
        self.first = Watched(self, "spin", {})
        self.second = Watched(self, "furnace.tube", {})

    def scan(self, times: int = 1) -> None:
        for _ in range(times):
            self.now_ns += NS // 10
            self.engine.scan()

    def kinds(self, kind: str) -> list[dict[str, Any]]:
        return [data for said, data in self.said if said == kind]


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize("what", ["guard", "feed"])
def test_a_broken_unit_is_evaluated_no_more_and_the_other_goes_on(rig: Rig, what: str) -> None:
    rig.scan()
    rig.first.broken.add(what)
    rig.scan()
    guarded, fed = len(rig.first.requested), rig.first.fed
    others = len(rig.second.requested), rig.second.fed
    rig.scan(5)
    assert (len(rig.first.requested), rig.first.fed) == (guarded, fed)
    assert (len(rig.second.requested), rig.second.fed) == (others[0] + 5, others[1] + 5)
    assert rig.second.requested[-1] == {}
    assert rig.engine.error == f"Planted: {what} of spin"
    assert rig.kinds("error") == [{"text": f"Planted: {what} of spin"}]


def test_a_unit_at_work_is_aborted_and_nothing_is_asked_of_its_phase(rig: Rig) -> None:
    phase = Scripted(do="heat")
    rig.second.unit.begin([phase], rig.now_ns, "Ada")
    rig.scan(2)
    assert rig.second.unit.state is State.RUNNING
    calls = list(phase.calls)
    rig.first.broken.add("guard")
    rig.scan(2)
    assert rig.second.unit.state is State.ABORTED
    assert phase.calls == calls
    assert [one["to"] for one in rig.kinds("state")][-2:] == ["Aborting", "Aborted"]
    assert rig.kinds("state")[-2]["cause"] == "internal error: Planted: guard of spin"


def test_an_error_beside_the_scan_is_no_units_and_every_unit_goes_on(rig: Rig) -> None:
    rig.scan()
    rig.engine.break_down(Planted("posted"))
    rig.scan(3)
    assert len(rig.first.requested) == len(rig.second.requested) == 4


def test_a_unit_that_breaks_later_stops_neither_the_scan_nor_the_other(rig: Rig) -> None:
    rig.engine.break_down(Planted("posted"))
    rig.first.broken = {"guard", "feed", "stay"}
    rig.scan(3)
    assert rig.second.fed == 3
    assert str(rig.engine.last_exception) == "posted"
    assert len(rig.kinds("error")) == 1


def test_a_listener_that_raises_does_not_keep_the_others_from_being_told(rig: Rig) -> None:
    def raising(kind: str, data: dict[str, Any], t_ns: int) -> None:
        raise Planted("listener")

    rig.engine.on_event = raising
    with pytest.raises(Planted, match="listener"):
        rig.engine.write("note", {})
    rig.engine.break_down(Planted("posted"))
    assert rig.engine.error == "Planted: posted"
    rig.engine.write("note", {})
    kinds = [kind for kind, _, _ in rig.engine.books._early or []]
    assert kinds == ["error", "note"]


def test_what_cannot_be_proved_ends_the_scan_only_when_nobody_has_to_stay(rig: Rig) -> None:
    unit = rig.first.unit
    unit.proofs["hv.needle"] = HvProof("hv.needle", 0.04, 30.0)
    object.__setattr__(
        unit.spec, "outputs", {"hv.needle": "hv"}
    )  # whose state cannot be looked at: it has no outlet
    rig.second.staying = True
    rig.scan(3)
    assert rig.second.fed == 3
    rig.second.staying = False
    with pytest.raises(KeyError, match=r"hv\.needle"):
        rig.scan()


def test_gas_that_flows_after_an_error_is_named_whatever_the_unit_says(rig: Rig) -> None:
    object.__setattr__(rig.second.unit.spec, "outputs", {"gas.argon": "gas", "gas.air": "gas"})
    names = {"flow": "gas.argon.flow_sccm"}
    rig.board.deliver(names, {"flow": 200.0}, rig.now_ns, no_value="no value")
    rig.engine.readings = rig.board.snapshot(rig.now_ns)
    assert what_is_left(rig.engine, [rig.second.unit], rig.now_ns) is None
    rig.engine.break_down(Planted("posted"))
    left = what_is_left(rig.engine, [rig.second.unit], rig.now_ns)
    assert left == "gas.argon 200 sccm left on; gas.air at an unknown flow; nobody is watching"
    rig.second.words = "furnace.tube at 640 °C, gas.argon 200 sccm left on"
    left = what_is_left(rig.engine, [rig.second.unit], rig.now_ns)
    assert left == f"{rig.second.words}; gas.air at an unknown flow; nobody is watching"
    rig.second.broken.add("left")
    left = what_is_left(rig.engine, [rig.second.unit], rig.now_ns)
    assert left is not None
    assert left.startswith(
        "furnace.tube in an unknown state (Planted: left of furnace.tube); gas.argon 200 sccm"
    )
