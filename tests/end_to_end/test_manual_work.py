"""Manual work, start to end: its order, its limits, what takes it away, its record."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rig.bench.faults import Fault
from rig.engine.manual import LONGEST_S, ManualRefused, ManualWork, hv_test, jog, prime
from rig.records.verify import verify_run
from tests.end_to_end.manual_runs import a_jog, a_prime, a_test, demo, make, session_of, syringe_on

HV, A, B = "hv.needle", "pumps.a", "pumps.b"


@pytest.mark.parametrize(("work", "moved"), [(a_prime(), A), (a_jog(), B), (a_jog(True), B), (a_test(), HV)])
def test_one_instrument_moves_and_the_others_stay_as_they_are(
    work: ManualWork, moved: str, tmp_runs: Path
) -> None:
    made = make(work, tmp_runs)
    assert made.result.ending.outcome == "completed"
    assert [name for name in (HV, A, B) if made.on(name)] == [moved]
    assert [on for _, on in made.on(moved)] == [True, False]
    energised = {line["output"] for line in made.said("energise")}
    assert {name for name in energised if not name.startswith("gas.")} == {moved}


def test_the_record_says_that_it_was_manual_and_what_was_asked_for(tmp_runs: Path) -> None:
    made = make(a_jog(True), tmp_runs)
    folder = made.result.folder
    assert verify_run(folder).status == "good"
    info = json.loads((folder / "run.json").read_text())
    assert info["kind"] == "manual"
    assert info["work"]["asked"] == {
        "pump": B,
        "direction": "withdraw",
        "volume": "0.05 ml",
        "rate": "20 ml/h",
        "syringe": "BD Plastipak 10 ml",
    }
    assert [(step["id"], step["outcome"]) for step in info["steps"]] == [("jog", "done")]
    assert "Jog pumps.b" in (folder / "report.html").read_text()
    assert "no recipe" in (folder / "recipe.toml").read_text()
    assert made.session.laboratory is not None
    assert made.session.laboratory.plunger(B).content_ml(10**11) > 5.0  # drawn back on top of what was loaded


def test_a_test_of_a_supply_ends_in_proof_discharge_and_the_earthing_question(tmp_runs: Path) -> None:
    made = make(a_test(), tmp_runs)
    times = {
        (line["kind"], line["data"].get("stage") or line["data"].get("key")): line["t_s"]
        for line in made.journal
    }
    off_s = made.on(HV)[1][0]
    proved_s = next(line["t_s"] for line in made.journal if line["kind"] == "proof")
    assert times["stage", "live"] + 20 == pytest.approx(times["stage", "lowering"], abs=0.3)
    assert times["stage", "lowering"] < off_s < proved_s
    assert times["question", "earthed"] - proved_s >= 30.0
    assert times["answer", "earthed"] >= times["question", "earthed"]


def test_an_open_door_aborts_a_test_at_once(tmp_runs: Path) -> None:
    fault = Fault("inputs.bench", "open", None, "hv-test", 15.0, None, "door_closed")
    made = make(a_test(), tmp_runs, faults=(fault,))
    assert made.result.ending.outcome == "aborted"
    assert made.said("trip")[0]["tag"] == "door"
    began_s = next(line["t_s"] for line in made.journal if line["kind"] == "step")
    assert 0 < made.on(HV)[1][0] - (began_s + 15.0) < 0.5


def test_manual_work_that_nobody_answers_ends_by_itself_with_everything_off(tmp_runs: Path) -> None:
    made = make(a_test(), tmp_runs, answered=False)
    assert made.result.ending.outcome == "stopped"
    assert made.result.ending.reason == "manual work ends by itself after 10 min"
    began_s = next(line["t_s"] for line in made.journal if line["data"].get("to") == "Starting")
    ended_s = next(line["t_s"] for line in made.journal if line["data"].get("to") == "Stopping")
    assert ended_s - began_s == pytest.approx(LONGEST_S, abs=1.0)
    assert made.on(HV)[-1][1] is False


def test_an_interrupt_stops_it_in_order(tmp_runs: Path) -> None:
    session = session_of(a_test(hold="100 s"), tmp_runs)

    def look(kind: str, data: dict[str, object], t_ns: int) -> None:
        if kind == "stage" and data.get("stage") == "live":
            session.host.drive.post(session.host.interrupt)

    session.watch(look)
    result = session.run()
    assert (result.ending.outcome, result.ending.reason) == ("stopped", "interrupted")
    lines = [json.loads(line) for line in (result.folder / "journal.jsonl").read_text().splitlines()]
    changes = [line["data"]["to"] for line in lines if line["kind"] == "state"]
    assert changes == ["Starting", "Running", "Stopping", "Stopped", "Idle"]
    assert result.left is None


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: prime(demo(), "c", "1 ml", None, *syringe_on(A)), 'this rig has no pump "c"'),
        (lambda: prime(demo(), "a", "1 kV", None, *syringe_on(A)), '--volume: "1 kV" is a voltage'),
        (lambda: prime(demo(), "a", "0 ml", None, *syringe_on(A)), "moves nothing"),
        (lambda: prime(demo(), "a", "0.1 ml", "-1 ml/h", *syringe_on(A)), "moves nothing"),
        (lambda: jog(demo(), "a", "1 ml", "2 ml/h", *syringe_on(A)), "ends by itself after 10 min"),
        (lambda: jog(demo(), "a", "7 ml", "100 ml/h", *syringe_on(A)), "more than is loaded"),
        (lambda: jog(demo(), "a", "5 ml", "100 ml/h", *syringe_on(A), True), "do not go into"),
        (lambda: jog(demo(), "a", "0.1 ml", "900 ml/h", *syringe_on(A)), "outside what pumps.a can do"),
        (lambda: hv_test(demo(), "nedle", "5 kV"), 'this rig has no supply "nedle"'),
        (lambda: hv_test(demo(), "needle", "26 kV"), "whose limit is 25 kV (rig limit)"),
        (lambda: hv_test(demo(), "needle", "-5 kV"), "whose polarity is positive"),
        (lambda: hv_test(demo(), "needle", "0 kV"), "tests nothing"),
        (lambda: hv_test(demo(), "needle", "5 ml"), '--voltage: "5 ml" is a volume'),
        (lambda: hv_test(demo(), "needle", "5 kV", "9 min"), "ends by itself after 10 min"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(ask: object, says: str) -> None:
    with pytest.raises(ManualRefused, match=re.escape(says)) as refused:
        ask()  # type: ignore[operator]
    assert refused.value.hint
