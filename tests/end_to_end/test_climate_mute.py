"""A climate transmitter that is mute for 5 s costs its own line and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.measures import CLIMATE, TRIES, real_p99_ms, virtual_exchanges

QUICK = {"pumps.a", "hv.needle", "current.collector", "inputs.bench"}
OTHERS = QUICK | {"furnace.tube", "gas.argon", "oxygen.tube"}


def test_in_virtual_time_no_other_exchange_moves_by_a_nanosecond(tmp_path: Path) -> None:
    usual = virtual_exchanges(tmp_path / "usual", mute=False)
    mute = virtual_exchanges(tmp_path / "mute", mute=True)
    assert set(usual) == set(mute) == {*OTHERS, CLIMATE}
    replies = [sum(one[1] == "received" for one in lines[CLIMATE]) for lines in (usual, mute)]
    assert replies[1] < replies[0], "the fault struck"
    for line in usual:
        if line != CLIMATE:
            assert len(usual[line]) > (1000 if line in QUICK else 20)
            assert usual[line] == mute[line], line


@pytest.mark.timeout(180)
def test_on_real_lines_their_p99_stays_within_twice_the_usual(tmp_path: Path) -> None:
    seen = []
    for number in range(TRIES):
        usual = real_p99_ms(tmp_path / f"usual{number}", mute=False)
        mute = real_p99_ms(tmp_path / f"mute{number}", mute=True)
        print({line: (round(usual[line], 1), round(mute[line], 1)) for line in usual})
        assert set(usual) == OTHERS
        seen.append({line: mute[line] / usual[line] for line in usual})
        if all(share <= 2.0 for share in seen[-1].values()):
            return
    pytest.fail(f"p99 with a mute climate line, as a multiple of the usual: {seen}")
