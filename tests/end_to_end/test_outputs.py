"""Contactor, lock, beacon and heartbeat on the emulated module, while one supply is tested."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from rig.bench.faults import Fault
from rig.bench.fit import reaction_times
from rig.bench.model import Bench
from rig.bench.rigfile import read_rig
from rig.emulators.adam import AdamEmulator
from rig.lines.scheduler import Rank
from rig.readings import NS
from tests.end_to_end.manual_runs import a_test, demo, session_of
from tests.end_to_end.quick import events
from tests.end_to_end.spinning import Outputs, bench_of, demo_text

OUTPUTS = """
[outputs.contactor]
module = "bench"
channel = 0
opens_on = "{opens_on}"
[outputs.door_lock]
module = "bench"
channel = 1
[outputs.beacon]
module = "bench"
channel = 2
[outputs.heartbeat]
module = "bench"
channel = 3
"""
CONTACTOR, UNLOCKED, LIT, BEAT = 1, 2, 4, 8
HV = "hv.needle"


def bench(opens_on: str = "unproved") -> Bench:
    return bench_of(demo_text() + OUTPUTS.format(opens_on=opens_on))


class Watched:
    """A test of the supply at 5 kV; `bits` are the module's outputs, each 50 ms: (seconds, bits).

    prepare: done to the emulated module before the run.
    """

    def __init__(
        self,
        runs: Path,
        opens_on: str = "unproved",
        faults: tuple[Fault, ...] = (),
        prepare: Callable[[Watched], None] | None = None,
    ) -> None:
        self.session = session_of(a_test(), runs, True, faults, bench(opens_on))
        laboratory = self.session.laboratory
        assert laboratory is not None
        module = laboratory.devices["inputs.bench"]
        assert isinstance(module, AdamEmulator)
        self.module, self.laboratory = module, laboratory
        self.bits: list[tuple[float, int]] = []
        wire = laboratory.wire_of("inputs.bench")
        wire.heard = []

        def look() -> None:
            self.bits.append((laboratory.scheduler.now_ns / NS, module.outputs))
            laboratory.scheduler.call_at(laboratory.scheduler.now_ns + NS // 20, look, Rank.COMMAND)

        look()
        self.outputs = Outputs(laboratory)
        if prepare is not None:
            prepare(self)
        self.result = self.session.run()
        self.final = module.outputs
        self.heard = wire.heard
        self.journal = events(self.result.folder)

    def at(self, t_s: float, action: Callable[[], object]) -> None:
        """Have something done at a virtual time; from `prepare`."""

        def act() -> None:
            action()

        self.laboratory.scheduler.call_at(round(t_s * NS), act, Rank.COMMAND)

    def said(self, kind: str) -> list[tuple[float, dict[str, Any]]]:
        return [(line["t_s"], line["data"]) for line in self.journal if line["kind"] == kind]

    def raised(self, tag: str) -> list[float]:
        """When an alarm was announced."""
        return [t_s for t_s, data in self.said("alarm-state") if data["tag"] == tag and data["to"] == "B"]

    def when(self, name: str) -> list[float]:
        return [t_ns / NS for t_ns, which, _ in self.outputs.changes if which == name]

    def between(self, begin_s: float, end_s: float) -> set[int]:
        return {bits & 7 for t_s, bits in self.bits if begin_s <= t_s <= end_s}


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return Watched(tmp_path_factory.mktemp("runs"))


def test_while_it_is_live_the_lock_is_shut_and_the_beacon_lit(tested: Watched) -> None:
    on_s, off_s = tested.when(HV)
    assert tested.result.ending.outcome == "completed"
    assert tested.between(on_s + 0.2, off_s) == {CONTACTOR | LIT}


def test_the_lock_opens_after_proof_and_discharge_and_the_beacon_goes_dark_with_the_proof(
    tested: Watched,
) -> None:
    off_s = tested.when(HV)[1]
    proved_s = next(line["t_s"] for line in tested.journal if line["kind"] == "proof")
    assert tested.between(proved_s + 0.5, proved_s + 29.0) == {CONTACTOR}
    unlocked_s = next(t_s for t_s, bits in tested.bits if t_s > off_s and bits & UNLOCKED)
    asked_s = next(line["t_s"] for line in tested.journal if line["kind"] == "question")
    assert unlocked_s - proved_s == pytest.approx(30.0, abs=1.0) and asked_s <= unlocked_s + 1.0


def test_the_heartbeat_beats_at_one_hertz_and_is_not_journalled(tested: Watched) -> None:
    beats = [bool(bits & BEAT) for t_s, bits in tested.bits if 10 <= t_s < 30]
    assert sum(a != b for a, b in pairwise(beats)) == pytest.approx(20, abs=1)
    switched = {line["data"]["output"] for line in tested.journal if line["kind"] == "switch"}
    assert switched == {"outputs.contactor", "outputs.door_lock", "outputs.beacon"}
    assert (
        sum(line["kind"] == "told" and line["data"]["output"] == "inputs.bench" for line in tested.journal)
        <= 2
    )


def test_at_the_end_the_contactor_is_open_and_the_lock_stays_open(tested: Watched) -> None:
    assert tested.final & (CONTACTOR | UNLOCKED | LIT | BEAT) == UNLOCKED


def test_the_door_is_locked_before_the_supply_is_switched_on(tmp_runs: Path) -> None:
    # The door stands open past the first discharge time: by then the lock has let go.
    door = Fault("inputs.bench", "open", 0.0, None, 0.0, 50.0, "door_closed")
    made = Watched(tmp_runs, faults=(door,))
    on_s = made.when(HV)[0]
    assert any(bits & UNLOCKED for bits in made.between(35.0, 50.0))
    assert on_s > 50.0
    energised_s = next(
        line["t_s"] for line in made.journal if line["kind"] == "energise" and line["data"]["output"] == HV
    )
    assert not any(bits & UNLOCKED for bits in made.between(energised_s, on_s + 5.0))
    assert made.result.ending.outcome == "completed"


def test_a_lock_that_does_not_lock_leaves_the_supply_off(
    tmp_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stubborn(self: AdamEmulator, rest: bytes) -> bytes | None:
        answer = honest(self, rest)
        self.outputs |= UNLOCKED
        return answer

    honest = AdamEmulator._set_outputs
    monkeypatch.setattr(AdamEmulator, "_set_outputs", stubborn)
    made = Watched(tmp_runs)
    assert made.when(HV) == []
    assert made.result.ending.outcome == "aborted"
    assert made.result.ending.reason == (
        "lock-open:outputs.door_lock: outputs.door_lock was told locked and reads unlocked: the door is not locked, or "
        "may not be."
    )
    assert "hv.needle" not in {data["output"] for _, data in made.said("energise")}


@pytest.mark.parametrize(("opens_on", "opens"), [("unproved", False), ("abort", True)])
def test_an_abort_opens_the_contactor_where_the_rig_file_says_so(
    opens_on: str, opens: bool, tmp_runs: Path
) -> None:
    door = Fault("inputs.bench", "open", None, "hv-test", 15.0, None, "door_closed")
    aborted = Watched(tmp_runs, opens_on, (door,))
    off_s = aborted.when(HV)[1]
    after = aborted.between(off_s, off_s + 1.0)
    assert any(not bits & CONTACTOR for bits in after) is opens
    assert all(not bits & UNLOCKED for bits in aborted.between(off_s, off_s + 25.0))


def test_a_supply_that_does_not_go_off_loses_its_mains_and_does_not_get_them_back(tmp_runs: Path) -> None:
    stuck = Fault(HV, "stuck-on", None, "hv-test", 15.0, 60.0)
    made = Watched(tmp_runs, "unproved", (stuck,))
    told_s = next(t_s for t_s, data in made.said("off") if data["output"] == HV and t_s > 10)
    # Without mains it says nothing any more: it is not called off for that, and nobody is sent to it.
    assert made.said("proof") == []
    assert made.result.left is not None and "hv.needle is NOT PROVED OFF" in made.result.left
    end_s = made.journal[-1]["t_s"]
    assert end_s - told_s > 60.0
    assert made.between(told_s + 2.0, end_s) == {LIT}
    opened = [data["on"] for _, data in made.said("switch") if data["output"] == "outputs.contactor"]
    assert opened == [True, False]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[outputs.beacon]\nmodule = "bnech"\nchannel = 0\n', "there is no [inputs.bnech]"),
        ('[outputs.beacon]\nmodule = "bench"\nchannel = 8\n', "a 4050 has 8 outputs, counted from 0"),
        ('[outputs.contactor]\nmodule = "bench"\nchannel = 0\n', '"opens_on" is missing'),
        ('[outputs.beacon]\nmodule = "bench"\nchannel = 0\nopens_on = "abort"\n', "does not open anything"),
        ('[outputs.fan]\nmodule = "bench"\nchannel = 0\n', '"kind" is missing'),
        ('[outputs.argon_valve]\nmodule = "bench"\nchannel = 0\n', '"of" is missing'),
        (
            '[outputs.valve]\nof = "gas.air"\nmodule = "bench"\nchannel = 0\n',
            "[gas.air] has no flow controller: room air comes through no valve",
        ),
        (
            '[outputs.valve]\nof = "gas.neon"\nmodule = "bench"\nchannel = 0\n',
            "[gas.neon] is not in this file",
        ),
        (
            '[outputs.contactor]\nof = "furnace.tub"\nmodule = "bench"\nchannel = 0\n',
            "[furnace.tub] is no furnace of this file",
        ),
        (
            '[outputs.contactor]\nof = "furnace.tube"\nopens_on = "abort"\nmodule = "bench"\nchannel = 0\n',
            "a heater's contactor opens whenever its heater is told off",
        ),
        (
            '[outputs.beacon]\nof = "gas.argon"\nmodule = "bench"\nchannel = 0\n',
            "a beacon belongs to the whole rig",
        ),
    ],
)
def test_what_is_wrong_with_an_output_is_said(text: str, says: str) -> None:
    found, problems = read_rig(demo_text() + "\n" + text, "outputs")
    assert found is None
    assert says in "\n".join(problem.message for problem in problems)


def test_a_modules_own_outputs_count_in_the_reaction_time() -> None:
    with_outputs, without = reaction_times(bench())[0], reaction_times(demo())[0]
    assert 0.01 < with_outputs.total_s - without.total_s < 0.1
    assert with_outputs.allowed
