"""The chamber door, opened at random moments of a spin step: how long the supply's output stays on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.measures import Doors, real_doors, virtual_doors


def _hold(doors: Doors, count: int) -> None:
    print(
        f"{len(doors.supply_ms)} doors: supply off after at most {max(doors.supply_ms):.1f} ms, pumps after at most "
        f"{max(doors.pumps_ms):.1f} ms; fit allows {doors.fit_ms:.1f} ms"
    )
    assert len(doors.supply_ms) == count
    assert min(doors.supply_ms) > 0
    assert max(doors.supply_ms) <= doors.fit_ms
    assert max(doors.pumps_ms) <= doors.fit_ms


@pytest.mark.timeout(180)
def test_80_doors_in_virtual_time(tmp_path: Path) -> None:
    doors = virtual_doors(tmp_path, 80)
    _hold(doors, 80)
    # Not every door finds the same moment of the poll: they are spread over its period.
    assert max(doors.supply_ms) - min(doors.supply_ms) > 80


@pytest.mark.timeout(180)
def test_8_doors_on_real_lines(tmp_path: Path) -> None:
    _hold(real_doors(tmp_path, 8), 8)
