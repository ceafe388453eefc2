"""Ctrl-C under voltage: once in order, twice at once (safety rule 8)."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.engine.host import Result
from rig.readings import NS
from tests.end_to_end.quick import HV, PUMPS, QUICK, states
from tests.end_to_end.spinning import Spinning


def interrupted(tmp_path: Path, *delays_s: float) -> tuple[Spinning, Result, int]:
    """Interrupted at these times after the clock's start; and when for the last time, in ns."""
    spun = Spinning(tmp_path, QUICK)
    when: list[int] = []

    def interrupt() -> None:
        when.append(spun.lab.scheduler.now_ns)
        spun.session.host.interrupt()

    for delay_s in delays_s:
        spun.after("clock", delay_s, interrupt, running=True)
    return spun, spun.run(), when[-1]


def test_once_the_run_ends_in_order_and_is_watched_until_it_is_proved_and_discharged(tmp_path: Path) -> None:
    spun, result, t_ns = interrupted(tmp_path, 5.0)
    assert result.ending.outcome == "stopped" and result.left is None
    assert states(spun)[-3:] == ["Stopping", "Stopped", "Idle"]
    off_s = [(spun.outputs.off_after(t_ns, name) - t_ns) / NS for name in (HV, *PUMPS)]
    assert off_s[0] > 3.0, "draw-off and ramp"
    assert max(off_s[1:]) < 0.5
    assert (spun.lab.scheduler.now_ns - t_ns) / NS > 30.0, "the discharge time"


@pytest.mark.parametrize("again_s", [5.0, 6.0])
def test_twice_everything_is_off_at_once_and_the_host_goes(tmp_path: Path, again_s: float) -> None:
    spun, result, t_ns = interrupted(tmp_path, 5.0, again_s)
    assert result.ending.outcome == "aborted" and result.interrupted_twice
    assert "Aborting" in states(spun)
    for name in (HV, *PUMPS):
        when_ns, on = [(when_ns, on) for when_ns, which, on in spun.outputs.changes if which == name][-1]
        assert not on and when_ns - t_ns < 0.2 * NS, "pumps stopped at the first one, if there was time"
    assert (spun.lab.scheduler.now_ns - t_ns) / NS < 5.0
    assert str(result.left).startswith(f"{HV} is NOT PROVED OFF"), "nobody has waited for its read-back"
    assert str(result.left).endswith("nobody is watching")
