"""The first bytes to every output, in whatever state it is found, and the first bytes of an abort."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.engine.host import Result
from rig.readings import NS
from tests.end_to_end.quick import HV, HV_OFF, HV_RESET, PUMPS, QUICK, STOPS, changes, heard, states, traced
from tests.end_to_end.spinning import Spinning

WATCHDOG_ON, VERSION, QUERY = b"\x01C073\r", b"\x01V56\r", b"\x01Q51\r"


def connected(tmp_path: Path, start: str | None = None, prepare: object = None) -> Spinning:
    """Connected and at once released."""
    spun = Spinning(tmp_path, QUICK, start=start, trace=True)
    spun.hear()
    if callable(prepare):
        prepare(spun)
    spun.session.host.connect()
    return spun


def pump_frames(spun: Spinning) -> list[bytes]:
    return [data for _, data in heard(spun, "pumps.a")]


def test_to_each_pump_stop_comes_first_until_it_says_stopped_and_set_up_and_identity_after(
    tmp_path: Path,
) -> None:
    spun = connected(tmp_path)
    frames = pump_frames(spun)
    # The first command after power-on is not executed (manual): the stop is repeated until the status is S.
    first_other = next(i for i, frame in enumerate(frames) if frame not in STOPS)
    assert frames[:first_other] == [STOPS[0]] * 3 + [STOPS[1]] * 3
    commands = [frame[2:-3].decode() for frame in frames[first_other:]]
    assert commands[1] == "0SAF2"
    assert commands.index("0SAF2") < commands.index("0RAT" if "0RAT" in commands else "0VOL0")
    identity = [i for i, command in enumerate(commands) if command == "0VER"]
    assert identity[-1] > commands.index("0DIRINF")
    assert commands.index("1SAF2") > identity[-1]


def test_a_pump_found_running_is_stopped_by_the_first_frame_it_executes(tmp_path: Path) -> None:
    travel: list[float] = []

    def prepare(spun: Spinning) -> None:
        plunger = spun.lab.plunger("pumps.b")
        for t_s in (0.010, 0.040, 0.066, 0.079):
            spun.at(t_s, lambda: travel.append(plunger.travel_mm(spun.lab.scheduler.now_ns)))

    spun = connected(tmp_path, start='[pumps.b]\nrate = "1 ml/h"\n', prepare=prepare)
    to_b = [(t_ns / NS, data) for t_ns, data in heard(spun, "pumps.a") if data[2:3] == b"1"]
    assert {data for t_s, data in to_b if t_s < 0.079} == {STOPS[1]}
    assert travel[0] < travel[1]  # it was pumping
    assert travel[2] == travel[3]  # and stood before anything else was said to it


def test_to_the_supply_off_comes_first_then_its_watchdog_then_who_it_is(tmp_path: Path) -> None:
    spun = connected(tmp_path)
    frames = [data for _, data in heard(spun, HV)]
    assert frames[:4] == [HV_OFF, WATCHDOG_ON, VERSION, QUERY]
    assert set(frames[3:]) == {QUERY}
    assert heard(spun, HV)[0][0] < 20_000_000  # at once: nothing stands before it


def test_a_supply_found_on_is_switched_off_by_the_first_message(tmp_path: Path) -> None:
    spun = connected(tmp_path, start='[hv.needle]\nvoltage = "12 kV"\n')
    assert [data for _, data in heard(spun, HV)][:2] == [HV_OFF, WATCHDOG_ON]
    assert changes(spun, HV)[0] == (heard(spun, HV)[0][0] / NS, False)
    assert spun.session.host.unit.proofs[HV].proved


def test_a_supply_found_faulted_takes_the_reset_instead(tmp_path: Path) -> None:
    spun = connected(tmp_path, prepare=lambda s: s.lab.devices[HV]._trip())
    frames = [data for _, data in heard(spun, HV)]
    assert frames[:4] == [HV_OFF, HV_RESET, WATCHDOG_ON, VERSION]
    assert spun.session.host.engine.readings.value("hv.needle.fault") == 0.0


def test_nothing_but_queries_and_stops_until_the_run_begins(tmp_path: Path) -> None:
    spun = connected(tmp_path)
    for t_ns, data in heard(spun, HV):
        assert data in (HV_OFF, WATCHDOG_ON, VERSION, QUERY), (t_ns, data)
    assert not any(b"RUN" in data for _, data in heard(spun, "pumps.a"))
    assert changes(spun, HV) == []


# Abort


def aborted_at(tmp_path: Path, kind: str, delay_s: float, **data: object) -> tuple[Spinning, Result, int]:
    """Aborted by a person so long after an event; and when, in ns."""
    spun = Spinning(tmp_path, QUICK, trace=True)
    spun.hear()
    when: list[int] = []

    def abort() -> None:
        when.append(spun.lab.scheduler.now_ns)
        assert spun.session.host.command("abort", "test", "Ada") is None

    spun.after(kind, delay_s, abort, **data)
    return spun, spun.run(), when[0]


@pytest.mark.parametrize("delay_s", [1.0, 1.013, 1.03, 1.05, 1.0777])
def test_on_abort_high_voltage_comes_first_and_nothing_waits_for_another(
    tmp_path: Path, delay_s: float
) -> None:
    spun, result, t_ns = aborted_at(tmp_path, "clock", delay_s, running=True)
    assert result.ending.outcome == "aborted"
    assert "test" in str(result.ending.reason)
    ordered = [data["output"] for when_ns, data in spun.found("off") if when_ns == t_ns]
    assert ordered == [HV, *PUMPS, "furnace.tube"]  # an abort makes every unit safe
    for line, off in ((HV, HV_OFF), ("pumps.a", STOPS[0])):
        said = traced(result.folder, line)
        following = [entry for entry in said if entry[0] >= t_ns]
        when_ns, _, data = next(entry for entry in following if entry[1] == "sent")
        assert data == off  # the next thing its line says
        if following[0][1] == "sent":
            assert when_ns == t_ns  # an idle line says it at that very nanosecond
        else:
            assert 0 < when_ns - t_ns <= 35_000_000  # an exchange under way is let finish: 32 ms at 9600 baud
    off_ns = {name: spun.outputs.off_after(t_ns, name) - t_ns for name in (HV, *PUMPS)}
    assert max(off_ns.values()) <= 100_000_000, off_ns


def test_an_abort_has_no_ramp_and_no_draw_off(tmp_path: Path) -> None:
    spun, _, t_ns = aborted_at(tmp_path, "clock", 5.0, running=True)
    after = [data for t, data in heard(spun, HV) if t > t_ns and data != QUERY]
    assert set(after) == {HV_OFF}
    assert states(spun)[-2:] == ["Aborting", "Aborted"]
    _, stood = spun.found("clock")[-1]
    assert stood["running"] is False  # the record counts no time that was not spun
    assert 5.0 <= stood["elapsed_s"] <= 5.2


def test_an_abort_while_priming_and_while_ramping(tmp_path: Path) -> None:
    spun, result, t_ns = aborted_at(tmp_path / "a", "prime", 3.0)
    assert result.ending.outcome == "aborted"
    assert all(spun.outputs.off_after(t_ns, pump) - t_ns < 100_000_000 for pump in PUMPS)
    spun, result, t_ns = aborted_at(tmp_path / "b", "stage", 7.0, stage="ramping")
    assert result.ending.outcome == "aborted"
    assert spun.outputs.off_after(t_ns, HV) - t_ns < 100_000_000
