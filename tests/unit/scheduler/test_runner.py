from __future__ import annotations

import logging
import threading

import pytest

from scheduler.clock import SystemClock, VirtualClock
from scheduler.runner import HELD_MS, Job, Runner


def counting(name: str, period_ms: int, done: list[str]) -> Job:
    return Job(name=name, period_ms=period_ms, run=lambda: done.append(name))


def test_every_job_is_due_at_once_and_then_at_its_own_period() -> None:
    done: list[str] = []
    clock = VirtualClock(monotonic_ms=500)
    runner = Runner(jobs=[counting("often", 100, done), counting("seldom", 250, done)], clock=clock)
    waits = []
    for _ in range(6):
        waits.append(runner.run_due())
        clock.advance(waits[-1])
    assert done == ["often", "seldom", "often", "often", "seldom", "often", "often"]
    assert waits == [100, 100, 50, 50, 100, 100]


def test_what_a_job_raises_is_logged_and_stops_neither_it_nor_the_others(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def bad() -> None:
        done.append("bad")
        raise ZeroDivisionError

    clock = VirtualClock()
    runner = Runner(jobs=[Job(name="bad", period_ms=10, run=bad), counting("good", 10, done)], clock=clock)
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            clock.advance(runner.run_due())
    assert done == ["bad", "good", "bad", "good"]
    assert "job bad failed" in caplog.text


def test_a_job_that_takes_longer_than_its_period_is_not_made_up_for() -> None:
    done: list[str] = []
    clock = VirtualClock()

    def slow() -> None:
        done.append("slow")
        clock.advance(1_000)

    runner = Runner(jobs=[Job(name="slow", period_ms=100, run=slow)], clock=clock)
    assert runner.run_due() == 1
    assert done == ["slow"]


def test_utc_set_back_by_a_day_delays_nothing() -> None:
    done: list[str] = []
    clock = VirtualClock(utc_ms=10**12)
    runner = Runner(jobs=[counting("sweep", 100, done)], clock=clock)
    runner.run_due()
    clock.step(-86_400_000)
    clock.advance(100)
    runner.run_due()
    assert done == ["sweep", "sweep"]


def test_its_thread_runs_jobs_until_it_is_stopped_and_ends_at_once_though_the_next_is_far() -> None:
    ran = threading.Event()
    runner = Runner(jobs=[Job(name="once", period_ms=3_600_000, run=ran.set)], clock=SystemClock())
    runner.start()
    assert ran.wait(10)
    runner.stop()
    assert not runner._thread.is_alive()


def test_a_job_that_may_not_run_waits_and_runs_as_soon_as_it_may() -> None:
    done: list[str] = []
    allowed: list[bool] = []
    clock = VirtualClock()
    hourly = Job(name="hourly", period_ms=3_600_000, run=lambda: done.append("hourly"), may_run=lambda: bool(allowed))
    runner = Runner(jobs=[hourly], clock=clock)
    for _ in range(5):
        wait_ms = runner.run_due()
        assert wait_ms == HELD_MS, "it is not asked again and again"
        clock.advance(wait_ms)
    assert done == []
    allowed.append(True)
    assert runner.run_due() == 3_600_000
    assert done == ["hourly"]
