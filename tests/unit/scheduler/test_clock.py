from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.clock import Clock, SystemClock, VirtualClock, moment, to_ms

YEAR_9000_MS = 221_845_392_000_000


def test_the_virtual_clock_stands_still_until_it_is_advanced() -> None:
    clock: Clock = VirtualClock(utc_ms=1_000, monotonic_ms=7)
    assert (clock.now_ms(), clock.monotonic_ms()) == (1_000, 7)
    assert isinstance(clock, VirtualClock)
    clock.advance(250)
    assert (clock.now_ms(), clock.monotonic_ms()) == (1_250, 257)


def test_advancing_never_goes_back_but_a_step_of_utc_may() -> None:
    clock = VirtualClock(utc_ms=60_000)
    with pytest.raises(ValueError, match="go back"):
        clock.advance(-1)
    clock.step(-45_000)
    assert (clock.now_ms(), clock.monotonic_ms()) == (15_000, 0)


def test_now_is_aware_utc_and_the_same_moment_as_now_ms() -> None:
    clock = VirtualClock(utc_ms=1_764_885_600_123)
    assert clock.now() == datetime(2025, 12, 4, 22, 0, 0, 123_000, tzinfo=UTC)
    assert clock.now().utcoffset() is not None


def test_the_system_clock_tells_the_machines_utc_and_a_monotonic_that_does_not_go_back() -> None:
    clock: Clock = SystemClock()
    before, mono = datetime.now(UTC), clock.monotonic_ms()
    now = clock.now()
    assert abs((now - before).total_seconds()) < 5
    assert now.tzinfo is UTC
    assert clock.monotonic_ms() >= mono


@given(st.integers(0, YEAR_9000_MS))
def test_ms_and_datetime_are_the_same_moment_both_ways(ms: int) -> None:
    assert to_ms(moment(ms)) == ms


def test_local_time_names_the_same_moment_and_naive_time_names_none() -> None:
    local = datetime(2025, 12, 5, 5, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    assert moment(to_ms(local)) == local
    with pytest.raises(ValueError, match="naive"):
        to_ms(datetime(2025, 12, 5, 5, 0))  # noqa: DTZ001
