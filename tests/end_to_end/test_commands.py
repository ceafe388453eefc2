"""What commands do to a run under way: states, outputs as the emulated instruments saw them, outcome."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rig.engine.host import Result
from rig.engine.phases.spin import SpinPhase
from rig.readings import NS
from rig.records.verify import verify_run
from tests.end_to_end.quick import HV, HV_OFF, PUMPS, QUICK, changes, heard, states
from tests.end_to_end.spinning import Spinning


class Commanded:
    """A quick run in which a person gives commands at times counted from the first start of the clock."""

    def __init__(self, runs: Path, *commands: tuple[float, str], recipe: str = QUICK) -> None:
        self.spun = Spinning(runs, recipe)
        self.spun.hear(HV, "pumps.a")
        self.refused: dict[tuple[float, str], str] = {}
        for delay_s, command in commands:
            self.spun.after("clock", delay_s, partial(self.give, delay_s, command), running=True)
        self.result: Result = self.spun.run()
        self.start_s = self.spun.first("clock", running=True) / NS

    def give(self, delay_s: float, command: str) -> None:
        why = self.spun.session.host.command(command, None, "Ada")
        if why is not None:
            self.refused[delay_s, command] = why

    def switched(self, name: str) -> list[tuple[float, bool]]:
        """Changes of an output since the clock's first start, on that clock, in seconds."""
        return [(round(t - self.start_s, 3), on) for t, on in changes(self.spun, name) if t > self.start_s]

    def asked(self) -> list[str]:
        return [data["key"] for _, data in self.spun.found("question")]

    def clocks(self) -> list[tuple[float, bool, float]]:
        """(when, running, elapsed)."""
        return [
            (round(t_ns / NS - self.start_s, 3), data["running"], data["elapsed_s"])
            for t_ns, data in self.spun.found("clock")
        ]

    def ended(self) -> tuple[str, bool]:
        assert verify_run(self.result.folder).status == "good"
        return self.result.ending.outcome, self.result.ending.early


def test_a_short_hold_and_resume_lose_no_time_of_the_clock(tmp_path: Path) -> None:
    run = Commanded(tmp_path, (60.0, "hold"), (100.0, "resume"))
    assert run.ended() == ("completed", False)
    assert states(run.spun) == [
        "Starting", "Running", "Holding", "Held", "Restarting", "Running", "Completing", "Complete", "Idle",
    ]  # fmt: skip
    for pump in PUMPS:
        off, on, last = run.switched(pump)
        assert off[1] is False
        assert 60.0 < off[0] < 60.1  # at once
        assert on[1] is True
        assert 100.0 < on[0] < 102.0
        assert last[1] is False
    off, on, last = run.switched(HV)
    assert 67.0 < off[0] < 67.3  # 3 s draw-off, 20 kV at 5 kV/s
    assert on[0] > max(run.switched(pump)[1][0] for pump in PUMPS)
    assert run.asked() == ["primed", "wiped", "earthed", "mat_mass"]  # no second priming
    first, stopped, again, end = run.clocks()
    assert first == (0.0, True, 0.0)
    assert stopped == (60.0, False, 60.0)
    assert again[1:] == (True, 60.0)
    assert 180.0 < again[0] < 185.0  # ramp and a minute of jet check after the restart
    assert end[1:] == (False, 180.0)
    assert (end[0] - again[0]) + stopped[0] == pytest.approx(180.0)


def test_after_a_long_hold_the_needles_are_primed_and_wiped_again(tmp_path: Path) -> None:
    run = Commanded(tmp_path, (60.0, "hold"), (260.0, "resume"))
    assert run.ended() == ("completed", False)
    assert run.asked() == ["primed", "wiped", "earthed", "primed", "wiped", "earthed", "mat_mass"]
    # Priming runs with high voltage off.
    hv_off, hv_on, _ = run.switched(HV)
    for pump in PUMPS:
        _, prime, primed, spin, _ = run.switched(pump)
        assert hv_off[0] < prime[0] < primed[0] < spin[0] < hv_on[0]
    questions = [t_ns / NS - run.start_s for t_ns, _ in run.spun.found("question", key="wiped")]
    assert max(run.switched(pump)[2][0] for pump in PUMPS) < questions[1] < hv_on[0]
    assert run.clocks()[-1][2] == 180.0


def test_a_stop_ends_in_order_and_waits_for_proof_and_discharge(tmp_path: Path) -> None:
    run = Commanded(tmp_path, (30.0, "stop"))
    assert run.ended() == ("stopped", False)
    assert states(run.spun)[-3:] == ["Stopping", "Stopped", "Idle"]
    (pumps_off,) = {round(run.switched(pump)[0][0], 1) for pump in PUMPS}
    (hv_off,) = run.switched(HV)
    assert pumps_off == 30.0
    assert 7.0 < hv_off[0] - 30.0 < 10.0
    assert run.asked() == ["primed", "wiped"]  # nobody is sent in, and there is nothing to weigh
    end_s = run.spun.session.host.drive.now() / NS - run.start_s
    assert end_s > hv_off[0] + 30.0
    assert [(step["do"], step["outcome"]) for step in run.result.steps] == [
        ("prime", "done"),
        ("spin", "stopped"),
    ]
    assert "Ada" in str(run.result.ending.reason)


def test_completed_early_is_completed_with_earthing_and_weighing(tmp_path: Path) -> None:
    run = Commanded(tmp_path, (90.0, "complete"))
    assert run.ended() == ("completed", True)
    assert run.asked() == ["primed", "wiped", "earthed", "mat_mass"]
    (hv_off,) = run.switched(HV)
    assert 97.0 < hv_off[0] < 100.0
    earthed = run.spun.first("question", key="earthed") / NS - run.start_s
    assert earthed > hv_off[0] + 30.0
    assert run.clocks()[-1] == (90.0, False, 90.0)
    assert [(step["id"], step["outcome"]) for step in run.result.steps] == [
        ("co-deposit", "done"), ("co-deposit", "early"), ("transfer", "done"),
    ]  # fmt: skip


def test_a_pause_lets_the_step_end_and_resume_goes_on_with_the_next(tmp_path: Path) -> None:
    run = Commanded(tmp_path, (20.0, "pause"), (400.0, "resume"))
    assert run.ended() == ("completed", False)
    assert states(run.spun)[1:5] == ["Running", "Pausing", "Paused", "Running"]
    assert run.clocks()[-1] == (180.0, False, 180.0)  # the step was spun to its end
    weigh = run.spun.first("question", step="transfer") / NS - run.start_s
    assert weigh >= 400.0


def test_aborted_it_ends_at_once_and_the_supply_is_proved_off(tmp_path: Path) -> None:
    run = Commanded(tmp_path, (45.0, "abort"))
    assert run.ended() == ("aborted", False)
    assert states(run.spun)[-2:] == ["Aborting", "Aborted"]
    for name in (HV, *PUMPS):
        (off,) = run.switched(name)
        assert 45.0 <= off[0] < 45.1
    assert run.result.left is None
    assert run.spun.session.host.unit.proofs[HV].discharged(run.spun.session.host.drive.now())


def test_an_abort_in_aborted_writes_the_safe_outputs_again(tmp_path: Path) -> None:
    run = Commanded(tmp_path, (45.0, "abort"), (55.0, "abort"))
    assert run.ended() == ("aborted", False)
    again_ns = round((run.start_s + 55.0) * NS)
    offs = [t_ns for t_ns, data in heard(run.spun, HV) if data == HV_OFF and t_ns >= again_ns]
    assert offs
    assert offs[0] - again_ns < 100_000_000
    stops = [t_ns for t_ns, data in heard(run.spun, "pumps.a") if b"STP" in data and t_ns >= again_ns]
    assert stops[0] - again_ns < 100_000_000


def test_cleared_and_reset_while_it_waits_to_be_closed_nothing_starts(tmp_path: Path) -> None:
    run = Commanded(tmp_path, (45.0, "abort"), (50.0, "clear"), (55.0, "reset"), (56.0, "start"))
    assert run.ended() == ("aborted", False)
    assert states(run.spun)[-5:] == ["Aborting", "Aborted", "Clearing", "Stopped", "Idle"]
    assert "start" in run.refused[56.0, "start"]
    for name in (HV, *PUMPS):
        assert [on for _, on in run.switched(name)] == [False]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (
            "restart",
            "spin is Running: it does not take 'restart' now (it takes: pause, hold, complete, stop, abort)",
        ),
        ("resume", "spin is Running: it does not take 'resume' now"),
        ("clear", "spin is Running: it does not take 'clear' now"),
        ("reset", "spin is Running: it does not take 'reset' now"),
        ("done", "'done'"),
        ("jump", "'jump'"),
    ],
)
def test_a_refused_command_is_answered_and_journalled_and_changes_nothing(
    tmp_path: Path, command: str, says: str
) -> None:
    run = Commanded(tmp_path, (10.0, command), (20.0, "abort"))
    assert says in run.refused[10.0, command]
    (refused,) = [data for _, data in run.spun.found("refused")]
    assert (refused["command"], refused["by"]) == (command, "Ada")
    assert [on for _, on in run.switched(HV)] == [False]
    assert run.switched(HV)[0][0] > 20.0


# What nobody commanded


def test_an_error_in_a_phase_switches_everything_off_and_it_stays_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = SpinPhase._count

    def broken(self: SpinPhase, context: Any) -> Any:
        if self.elapsed_ns >= 30 * NS:
            raise ZeroDivisionError("division by zero")
        return count(self, context)

    monkeypatch.setattr(SpinPhase, "_count", broken)
    run = Commanded(tmp_path, (60.0, "resume"), (61.0, "hold"))
    assert run.ended() == ("failed", False)
    assert run.result.ending.reason == "internal error: ZeroDivisionError: division by zero"
    assert isinstance(run.result.error, ZeroDivisionError)
    for name in (HV, *PUMPS):
        ((off_s, on),) = run.switched(name)
        assert not on
        assert 30.0 < off_s < 30.3
    (error,) = run.spun.found("error")
    assert "ZeroDivisionError" in error[1]["text"]
    # Off again and again until it is proved, proved, and closed no sooner than the discharge time.
    end_s = run.spun.session.host.drive.now() / NS - run.start_s
    assert end_s > 60.0
    assert run.result.left is None


def test_an_open_door_at_the_start_is_waited_for_and_named(tmp_path: Path) -> None:
    spun = Spinning(tmp_path, QUICK, start='[inputs.bench]\ndoor_closed = "open"\n')
    contacts = spun.lab.scene.contacts
    spun.at(100.0, lambda: contacts.set(spun.lab.scheduler.now_ns, "door_closed", True))
    result = spun.run()
    assert result.ending.outcome == "completed"
    assert spun.found("trip") == []
    waiting = [data["for"] for _, data in spun.found("waiting")]
    assert waiting[0] == "inputs.bench.door_closed is not healthy"
    assert changes(spun, "pumps.a")[0][0] > 100.0


def test_a_door_opened_while_the_mat_is_weighed_is_normal_work(tmp_path: Path) -> None:
    spun = Spinning(tmp_path, QUICK)
    contacts = spun.lab.scene.contacts
    spun.after(
        "answer", 0.5, lambda: contacts.set(spun.lab.scheduler.now_ns, "door_closed", False), key="earthed"
    )
    result = spun.run()
    assert result.ending.outcome == "completed"
    assert spun.found("trip") == []


def test_a_supply_found_on_is_off_proved_and_the_run_goes_on(tmp_path: Path) -> None:
    spun = Spinning(tmp_path, QUICK, start='[hv.needle]\nvoltage = "12 kV"\n')
    result = spun.run()
    assert result.ending.outcome == "completed"
    assert spun.found("trip") == []


def test_a_supply_that_sticks_on_never_lets_the_run_begin(tmp_path: Path) -> None:
    spun = Spinning(tmp_path, QUICK, start='[hv.needle]\nvoltage = "12 kV"\n')
    spun.lab.scene.fault(0, HV, "stuck-on")
    spun.hear("pumps.a")
    result = spun.run()
    assert result.ending.outcome == "aborted"
    assert "12." in str(result.ending.reason) or "hv.needle" in str(result.ending.reason)
    assert not any(b"RUN" in data for _, data in heard(spun, "pumps.a"))
    assert result.left is not None
    assert "NOT PROVED OFF" in result.left
