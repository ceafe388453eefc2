"""Virtual time: the order of things at one instant, posting from outside, pacing, tasks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from rig.lines.runner import VirtualRunner
from rig.lines.scheduler import Rank, Scheduler

S = 1_000_000_000


def never() -> bool:
    return False


def note(log: list[str], text: str) -> Callable[[], None]:
    return lambda: log.append(text)


def test_at_one_instant_ranks_go_first_then_names_then_the_order_of_planning() -> None:
    scheduler, log = Scheduler(), list[str]()
    for rank, name, text in (
        (Rank.RECORD, "", "record"),
        (Rank.SCAN, "", "scan"),
        (Rank.DELIVERY, "pumps", "delivery pumps 1"),
        (Rank.DELIVERY, "hv", "delivery hv"),
        (Rank.DELIVERY, "pumps", "delivery pumps 2"),
        (Rank.EMULATOR, "", "emulator"),
        (Rank.COMMAND, "", "command"),
    ):
        scheduler.call_at(5, note(log, text), rank, name)
    scheduler.call_at(4, note(log, "earlier"), Rank.RECORD)
    scheduler.run(never)
    assert log == [
        "earlier", "command", "emulator", "delivery hv", "delivery pumps 1", "delivery pumps 2", "scan", "record",
    ]  # fmt: skip
    assert scheduler.now_ns == 5


def test_a_call_planned_for_the_past_happens_now() -> None:
    scheduler, times = Scheduler(), list[int]()

    def late() -> None:
        scheduler.call_at(3, lambda: times.append(scheduler.now_ns))

    scheduler.call_at(7, late)
    scheduler.run(never)
    assert times == [7]


def test_a_cancelled_call_neither_happens_nor_moves_time() -> None:
    scheduler, log = Scheduler(), list[str]()
    call = scheduler.call_at(9, note(log, "never"))
    scheduler.call_at(4, note(log, "done"))
    call.cancel()
    call.cancel()
    scheduler.run(never)
    assert (log, scheduler.now_ns) == (["done"], 4)


def test_stop_is_looked_at_after_each_event_but_those_of_emulators() -> None:
    scheduler, log = Scheduler(), list[str]()
    scheduler.call_at(1, note(log, "emulator"))
    scheduler.call_at(2, note(log, "scan"), Rank.SCAN)
    scheduler.call_at(3, note(log, "later"), Rank.SCAN)
    scheduler.run(lambda: bool(log))
    assert (log, scheduler.now_ns) == (["emulator", "scan"], 2)
    scheduler.run(never)
    assert log == ["emulator", "scan", "later"]


def test_posted_from_a_thread_it_runs_in_the_schedulers_thread_before_the_next_event() -> None:
    scheduler, log = Scheduler(), list[tuple[str, int]]()
    here = threading.get_ident()

    def event() -> None:
        thread = threading.Thread(
            target=lambda: scheduler.post(lambda: log.append(("posted", threading.get_ident())))
        )
        thread.start()
        thread.join()

    scheduler.call_at(1, event)
    scheduler.call_at(1, lambda: log.append(("next", threading.get_ident())))
    scheduler.run(never)
    assert log == [("posted", here), ("next", here)]


def test_paced_time_follows_the_wall_clock() -> None:
    scheduler = Scheduler()
    began_s = time.monotonic()
    walls: list[float] = []
    for t_s in (1, 2, 3):
        scheduler.call_at(t_s * S, lambda: walls.append(time.monotonic() - began_s))
    scheduler.run(lambda: len(walls) == 3, speed=20.0)
    assert scheduler.now_ns == 3 * S
    for wall_s, wanted_s in zip(walls, (0.05, 0.10, 0.15), strict=True):
        assert wanted_s - 0.001 <= wall_s < wanted_s + 0.1


def test_paced_a_command_from_outside_happens_at_its_own_time_and_does_not_wait_for_the_next_event() -> None:
    scheduler, times = Scheduler(), list[int]()
    scheduler.call_at(60 * S, lambda: None)
    timer = threading.Timer(0.05, lambda: scheduler.post(lambda: times.append(scheduler.now_ns)))
    began_s = time.monotonic()
    timer.start()
    scheduler.run(lambda: bool(times), speed=10.0)
    assert time.monotonic() - began_s < 2.0
    assert 0.4 * S < times[0] < 20 * S  # 50 ms of wall time are 0.5 s here


def test_a_cancelled_call_does_not_hold_up_the_paced_run() -> None:
    scheduler, log = Scheduler(), list[str]()
    scheduler.call_at(1, note(log, "first"))
    scheduler.call_at(3600 * S, note(log, "never")).cancel()
    scheduler.call_at(S // 100, note(log, "last"))
    scheduler.run(lambda: "last" in log, speed=1.0)
    assert log == ["first", "last"]


def test_tasks_wait_side_by_side_in_time_and_wake_together_by_name() -> None:
    scheduler, log = Scheduler(), list[tuple[int, str]]()

    def body(name: str, steps: tuple[int, ...]) -> Callable[[], None]:
        def run() -> None:
            for t_ns in steps:
                scheduler.current().wait_until(t_ns)
                log.append((scheduler.now_ns, name))

        return run

    scheduler.spawn("b", body("b", (10, 20)))
    scheduler.spawn("a", body("a", (10, 15)))
    scheduler.run(never)
    assert log == [(10, "a"), (10, "b"), (15, "a"), (20, "b")]
    assert scheduler.tasks == {}


def test_a_task_can_be_woken_before_its_time_and_only_once() -> None:
    scheduler, log = Scheduler(), list[int]()

    def body() -> None:
        for t_ns in (100, 200):
            scheduler.current().wait_until(t_ns)
            log.append(scheduler.now_ns)

    task = scheduler.spawn("a", body)
    scheduler.call_at(30, lambda: task.reschedule(40))
    scheduler.run(never)
    assert log == [40, 200]


def test_a_killed_task_never_runs_again() -> None:
    scheduler, log = Scheduler(), list[int]()

    def body() -> None:
        try:
            scheduler.current().wait_until(100)
            log.append(1)
        finally:
            log.append(2)

    task = scheduler.spawn("a", body)
    scheduler.call_at(50, task.kill)
    scheduler.run(never)
    assert log == []
    assert scheduler.tasks == {}
    del task


def test_a_blocking_call_outside_any_task_is_an_error_that_says_so() -> None:
    with pytest.raises(RuntimeError, match="outside its line's task"):
        Scheduler().current()


def test_an_error_in_a_task_reaches_whoever_runs_the_scheduler() -> None:
    scheduler = Scheduler()

    def body() -> None:
        scheduler.current().wait_until(5)
        raise KeyError("lost")

    scheduler.spawn("a", body)
    with pytest.raises(KeyError, match="lost"):
        scheduler.run(never)
    assert scheduler.now_ns == 5


def test_news_wakes_a_line_that_waits_and_is_kept_for_one_that_is_busy() -> None:
    scheduler, log = Scheduler(), list[tuple[str, int]]()
    runner = VirtualRunner(scheduler)

    def body() -> None:
        runner.wait_until(None)
        log.append(("woken", scheduler.now_ns))
        runner.sleep(20e-9)  # an exchange: news does not shorten it
        log.append(("exchanged", scheduler.now_ns))
        runner.wait_until(1000)  # the news came meanwhile
        log.append(("looked", scheduler.now_ns))
        runner.wait_until(1000)
        log.append(("timed", scheduler.now_ns))

    runner.start("a", body)
    scheduler.call_at(10, runner.notify)
    scheduler.call_at(15, runner.notify)
    scheduler.run(never)
    assert log == [("woken", 10), ("exchanged", 30), ("looked", 30), ("timed", 1000)]
