"""The scan stands still for 4 s under voltage: the lines let go by themselves, and if they cannot, the instruments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.measures import TRIES, MachineBusy, Stopped, real_scan_stop, virtual_scan_stop

BOTH = pytest.mark.parametrize("stop", [virtual_scan_stop, real_scan_stop])


def _hold(
    stop: Callable[[Path, bool], Stopped], runs: Path, lost: bool, check: Callable[[Stopped], None]
) -> None:
    for number in range(TRIES if stop is real_scan_stop else 1):
        try:
            found = stop(runs / str(number), lost)
            print(found)
            check(found)
            return
        except (AssertionError, MachineBusy) as error:
            failure = error
    raise failure


@BOTH
@pytest.mark.timeout(180)
def test_lines_send_off_and_fall_silent(tmp_path: Path, stop: Callable[[Path, bool], Stopped]) -> None:
    _hold(stop, tmp_path, False, _off_and_silent)


def _off_and_silent(found: Stopped) -> None:
    assert found.hv_told_s is not None and 0.5 < found.hv_told_s <= 0.8
    assert found.pumps_told_s is not None and 0.5 < found.pumps_told_s <= 0.8
    assert found.hv_off_s <= 0.8 and found.pumps_off_s <= 0.9
    # Nothing on either wire from then on, until the scan is back.
    assert found.last_byte_s < 1.0
    assert found.first_byte_again_s >= found.back_s >= 4.0
    assert found.reason is not None and found.reason.startswith("lease-lapsed:hv.needle")


@BOTH
@pytest.mark.timeout(180)
def test_instruments_let_go_when_those_bytes_are_lost(
    tmp_path: Path, stop: Callable[[Path, bool], Stopped]
) -> None:
    _hold(stop, tmp_path, True, _let_go)


def _let_go(found: Stopped) -> None:
    assert found.hv_told_s is None and found.pumps_told_s is None, "nothing arrived"
    assert found.last_byte_s <= 0.05
    assert found.hv_off_after_valid_s == pytest.approx(1.5, abs=0.002)
    assert found.pumps_off_after_valid_s == pytest.approx(2.0, abs=0.002)
    assert found.hv_off_s < found.back_s and found.pumps_off_s < found.back_s
