"""Manual work on the demonstration rig in virtual time, through the same road as a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rig.bench.assignment import Assignment
from rig.bench.faults import Fault
from rig.bench.model import Bench
from rig.bench.rigfile import load_rig
from rig.bench.sheet import built_in_sheet
from rig.engine.host import Result
from rig.engine.manual import ManualWork, hv_test, jog, loaded_in, prime
from rig.running import FileAnswers, Options, Session
from tests.end_to_end.quick import events
from tests.end_to_end.spinning import Outputs


def demo() -> Bench:
    return load_rig(None)[0]


def syringe_on(pump: str) -> Any:
    found = loaded_in(built_in_sheet(), pump)
    assert found is not None
    return found


def a_prime() -> ManualWork:
    return prime(demo(), "a", "0.1 ml", "20 ml/h", *syringe_on("pumps.a"))


def a_jog(withdraw: bool = False) -> ManualWork:
    return jog(demo(), "b", "0.05 ml", "20 ml/h", *syringe_on("pumps.b"), withdraw)


def a_test(voltage: str = "5 kV", hold: str = "20 s") -> ManualWork:
    return hv_test(demo(), "needle", voltage, hold)


@dataclass
class ByHand:
    """One piece of manual work, made; `outputs` are what supply and pumps really did."""

    session: Session
    outputs: Outputs
    result: Result

    @property
    def journal(self) -> list[dict[str, Any]]:
        return events(self.result.folder)

    def said(self, kind: str) -> list[dict[str, Any]]:
        return [line["data"] for line in self.journal if line["kind"] == kind]

    def on(self, name: str) -> list[tuple[float, bool]]:
        return [(t_ns / 1e9, on) for t_ns, which, on in self.outputs.changes if which == name]


def session_of(
    work: ManualWork,
    runs: Path,
    answered: bool = True,
    faults: tuple[Fault, ...] = (),
    bench: Bench | None = None,
) -> Session:
    """answered: else nobody answers, but somebody might still come, so that an open question is waited for."""
    options = Options(
        answers=FileAnswers(None, answered, elsewhere=not answered),
        runs_dir=runs,
        seed=0,
        faults=faults,
        manual=work,
    )
    return Session(work.recipe(), bench or demo(), None, Assignment({}, proposed=False), options)


def make(work: ManualWork, runs: Path, answered: bool = True, faults: tuple[Fault, ...] = ()) -> ByHand:
    session = session_of(work, runs, answered, faults)
    assert session.laboratory is not None
    outputs = Outputs(session.laboratory)
    return ByHand(session, outputs, session.run())
