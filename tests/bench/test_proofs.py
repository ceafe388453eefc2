"""When the safety inputs were last walked through: kept, read, too old, and void when the inputs were changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rig.bench.model import Bench
from rig.bench.proofs import (
    InputProof,
    ProofsUnreadable,
    overdue,
    path_of,
    read_proofs,
    to_prove,
    write_proofs,
)
from rig.bench.rigfile import load_rig, read_rig
from tests.end_to_end.spinning import demo_text

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TAPS = 'door_closed       = { channel = 0, healthy = "closed" }'


def demo() -> Bench:
    return load_rig(None)[0]


def proof(channel: str, days: float = 0.0) -> InputProof:
    return InputProof(channel, (NOW - timedelta(days=days)).isoformat(), "Ada", 0.14, 0.2)


def test_what_is_written_is_read_and_a_later_walk_replaces_an_earlier_one(tmp_path: Path) -> None:
    door, stop = to_prove(demo())[:2]
    write_proofs(tmp_path, demo(), [proof(door, 5), proof(stop, 5)])
    write_proofs(tmp_path, demo(), [proof(door)])
    assert read_proofs(tmp_path, demo()) == {door: proof(door), stop: proof(stop, 5)}


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (29.9, None),
        (30.1, "inputs.bench.door_closed was proved 30 d ago (to be proved every 30 d)"),
        (None, "inputs.bench.door_closed was never proved (to be proved every 30 d)"),
        (-1.0, "inputs.bench.door_closed was proved in the future"),
    ],
)
def test_a_proof_grows_old(days: float | None, says: str | None) -> None:
    proofs = {channel: proof(channel) for channel in to_prove(demo())[1:]}
    if days is not None:
        proofs["inputs.bench.door_closed"] = proof("inputs.bench.door_closed", days)
    late = [str(one) for one in overdue(demo(), proofs, NOW)]
    assert (late[0].startswith(says) and len(late) == 1) if says is not None else late == []


def test_an_input_that_was_rewired_was_never_proved(tmp_path: Path) -> None:
    bench = demo()
    write_proofs(tmp_path, bench, [proof(channel) for channel in to_prove(bench)])
    module = bench.inputs["inputs.bench"]
    channels = (replace(module.channels[0], channel=6), *module.channels[1:])
    rewired = replace(bench, inputs={"inputs.bench": replace(module, channels=channels)})
    assert read_proofs(tmp_path, rewired) == {}
    assert overdue(bench, read_proofs(tmp_path, bench), NOW) == []


def test_a_damaged_file_is_said_to_be_one(tmp_path: Path) -> None:
    path = write_proofs(tmp_path, demo(), [proof("inputs.bench.door_closed")])
    assert path == path_of(tmp_path, demo())
    path.write_text('{"proofs": {"inputs.bench.door_closed": {"channel": "x"}}}')
    with pytest.raises(ProofsUnreadable, match="prove the inputs again"):
        read_proofs(tmp_path, demo())


def test_the_second_contact_of_a_door_is_a_safety_input_too() -> None:
    text = demo_text(
        **{TAPS: f'{TAPS}\nsecond = {{ channel = 5, healthy = "closed", twin = "door_closed" }}'}
    )
    bench, problems = read_rig(text, "two channels")
    assert bench is not None and not problems.has_errors
    assert "inputs.bench.second" in to_prove(bench)


def test_a_twin_that_is_not_there_is_an_error() -> None:
    bench, problems = read_rig(demo_text(**{TAPS: TAPS.replace(" }", ', twin = "dor" }')}), "two channels")
    assert bench is None
    assert any('there is no other channel "dor"' in problem.message for problem in problems)
