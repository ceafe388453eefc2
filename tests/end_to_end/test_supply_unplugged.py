"""The supply's cable pulled after an hour of the founding recipe: pumps, watchdog, proof, and a person's word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rig.cli.main import main
from tests.end_to_end.measures import HV, Unplugged, unplugged

ATTESTED = '[co-deposit]\nattested = { name = "N. N.", reason = "mains off, output earthed" }\n'


def _hold(found: Unplugged) -> None:
    print(
        f"pumps off {found.pumps_off_s:.3f} s after it, supply off {found.off_after_valid_s:.3f} s after its "
        f"last valid message ({found.off_s:.3f} s after the unplugging); run closed {found.ended_s:.1f} s after it"
    )
    assert found.pumps_off_s <= 1.0
    assert 0 < found.off_after_valid_s <= 1.6
    ending = found.result.ending
    assert ending.outcome == "aborted"
    assert ending.reason is not None and ending.reason.startswith(f"supply-unread:{HV}")
    assert "the cable is out" in ending.reason
    alarms = [data for _, kind, data in found.events if kind == "alarm"]
    assert [alarm["tag"] for alarm in alarms] == ["hv-unproved"]
    assert found.result.info is not None and found.result.info["outcome"] == "aborted"


@pytest.mark.timeout(180)
def test_without_anybody_to_attest_it_stays_unproved_and_says_so(tmp_path: Path) -> None:
    found = unplugged(tmp_path)
    _hold(found)
    assert found.result.left is not None
    assert f"{HV} is NOT PROVED OFF" in found.result.left
    assert not [data for _, kind, data in found.events if kind == "proof" and "attested" in data]


@pytest.mark.timeout(180)
def test_a_persons_attestation_ends_it(tmp_path: Path) -> None:
    found = unplugged(tmp_path, at_s=200.0, answers=ATTESTED)
    _hold(found)
    proofs = [data for _, kind, data in found.events if kind == "proof" and "attested" in data]
    assert [proof["attested"] for proof in proofs] == [[HV]]
    assert proofs[0]["by"] == {"name": "N. N.", "reason": "mains off, output earthed"}
    assert found.result.left is not None and "off by attestation" in found.result.left
    # Asked 5 s after the abort; the discharge time counts from the person's word.
    assert 35.0 <= found.ended_s < 40.0


def test_the_command_says_so_and_exits_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faults, answers = tmp_path / "faults.toml", tmp_path / "answers.toml"
    faults.write_text(f'[[fault]]\nat = "200 s"\non = "{HV}"\nkind = "unplug"\n', encoding="utf-8")
    answers.write_text(
        ATTESTED + 'primed = true\nwiped = true\nearthed = true\n[transfer]\nmat_mass = "470 mg"\n',
        encoding="utf-8",
    )
    words = ["run", "tio2-pcnf-spin", "--runs", str(tmp_path / "runs"), "--json"]
    assert main([*words, "--faults", str(faults), "--answers", str(answers)]) == 1
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["type"], result["outcome"]) == ("result", "aborted")
    assert result["reason"].startswith(f"supply-unread:{HV}")
