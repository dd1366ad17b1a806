"""What time it is, and how sure: answers, bounds, jumps, and when to ask."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.protocol import messages as m
from firmware_bridge import events as ev
from firmware_bridge.timekeeper import Timekeeper
from tests.unit.firmware_bridge.harness import HOUR, MONDAY_10H, Harness, of, ready


@given(there=st.integers(0, 2_000), here=st.integers(0, 500), back=st.integers(0, 1_400), now=st.integers(0, 10**9))
def test_the_truth_lies_within_the_bound_however_the_way_splits(there: int, here: int, back: int, now: int) -> None:
    """Cristian's bound, in whole ms, and as it grows with drift."""
    clock = Timekeeper()
    clock.asked("n", now, 0)
    t2 = MONDAY_10H + now + there
    arrived = now + there + here + back
    assert clock.answered("n", t2, t2 + here, arrived) == "taken"
    assert abs(clock.utc(arrived) - (MONDAY_10H + arrived)) <= clock.error(arrived)
    fast = arrived + 1_000_000  # by a crystal that runs 100 ppm fast
    assert abs(clock.utc(fast) - (MONDAY_10H + fast - 100)) <= clock.error(fast)


@pytest.mark.parametrize(("way", "delay", "trusted"), [(1_999, 0, True), (2_001, 0, False), (500, 3_500, False)])
@pytest.mark.wire(46)
def test_a_round_trip_of_more_than_four_seconds_proves_nothing(way: int, delay: int, trusted: bool) -> None:
    """A delayed answer sets no clock."""
    clock = Timekeeper()
    clock.asked("n", 0, 0)
    clock.answered("n", MONDAY_10H + way, MONDAY_10H + way + delay, 2 * way + delay)
    assert clock.is_trusted is trusted


@pytest.mark.wire(46)
def test_only_our_own_question_and_only_once_sets_the_clock() -> None:
    """A replayed answer, another's nonce: nothing."""
    clock = Timekeeper()
    clock.asked("mine", 0, 0)
    assert clock.answered("other", 5, 5, 10) == "ignored"
    assert clock.answered("mine", 1_000_000, 1_000_000, 10) == "taken"
    assert clock.answered("mine", 2_000_000, 2_000_000, 20) == "ignored"


@pytest.mark.parametrize(("t2", "t3"), [(10, 5), (5, 500)])
@pytest.mark.wire(46)
def test_impossible_answers_are_ignored(t2: int, t3: int) -> None:
    """Left before it came; stayed longer than the whole round trip."""
    clock = Timekeeper()
    clock.asked("n", 0, 0)
    assert clock.answered("n", t2, t3, 100) == "ignored"


@pytest.mark.wire(47)
def test_the_surer_of_two_answers_stays_until_drift_has_eaten_it() -> None:
    """u 6 now beats u 51; ten minutes later it does not."""
    clock = Timekeeper()
    for nonce, at, way, u in (("a", 0, 5, 6), ("b", 1_000, 50, 7), ("c", 600_000, 50, 51)):
        clock.asked(nonce, at, 0)
        clock.answered(nonce, MONDAY_10H + at + way, MONDAY_10H + at + way, at + 2 * way)
        assert clock.error(at + 2 * way) == u


@pytest.mark.wire(47)
def test_a_trusted_clock_jumps_only_by_three_answers_that_agree_and_that_is_an_alarm() -> None:
    """The controller's clock is 2 h ahead."""
    node = ready()
    node.skew = 2 * HOUR
    alarms = []
    for _ in range(3):
        assert abs(node.engine.clock.utc(node.now) - node.utc) < 100
        alarms += of(ev.Alarm, node.answer())
    assert alarms == [ev.Alarm(code="clock.moved")]
    assert abs(node.engine.clock.utc(node.now) - node.utc - 2 * HOUR) < 100


@pytest.mark.wire(47)
def test_answers_that_disagree_move_nothing() -> None:
    """Three strangers with three stories."""
    node = ready()
    for hours in (2, 3, 4, 5):
        node.skew = hours * HOUR
        node.answer()
    assert abs(node.engine.clock.utc(node.now) - node.utc) < 100


@pytest.mark.wire(47)
def test_strangers_ten_minutes_apart_do_not_add_up() -> None:
    """Agreement must be fresh."""
    clock = Timekeeper()
    clock.boot(MONDAY_10H, 1_000, 0)
    for at in (0, 400_000, 800_000, 1_200_000):
        clock.asked(f"n{at}", at, 0)
        assert clock.answered(f"n{at}", MONDAY_10H + at + HOUR, MONDAY_10H + at + HOUR, at + 2) == "stranger"


@pytest.mark.parametrize(("u", "trusted"), [(30_000, True), (30_001, False)])
@pytest.mark.wire(45)
def test_a_real_time_clock_is_trusted_up_to_thirty_seconds(u: int, trusted: bool) -> None:
    """Without a link."""
    node = Harness(booted=ev.Booted(rtc_ms=MONDAY_10H + 1_000, rtc_u_ms=u))
    assert node.engine.clock.is_trusted is trusted


@pytest.mark.wire(45)
def test_orders_wait_for_the_time_and_say_clock_when_it_comes_too_late() -> None:
    """An RTC was lost: held, not judged; then one is in time and one is not."""
    node = ready()
    node.power_cut()
    node.connect()
    node.say(airing="short", grace=5_000)
    node.say(airing="long", grace=60_000)
    node.advance(10_000)
    assert not node.plays
    node.answer()
    node.advance(1_000)
    assert node.words("short") == ["missed clock"]
    assert [play.airing for play in node.plays] == ["long"]


@pytest.mark.wire(45)
def test_an_order_that_died_while_we_had_no_time_is_a_miss_of_ours() -> None:
    """Not `expired`: its sender did nothing wrong."""
    node = ready()
    node.power_cut()
    node.connect()
    node.say(grace=5_000, exp=node.utc + 5_000)
    node.advance(10_000)
    node.answer()
    assert node.words() == ["missed clock"]


@pytest.mark.wire(48, 49)
def test_it_asks_until_it_is_answered_and_then_rarely() -> None:
    """2, 5, 15, 60 s; when answered well, about every ten minutes."""
    node = Harness()
    node.connect()
    node.advance(150_000)
    assert 5 <= len(node.heard(m.Ask)) <= 7
    node.settle_in()
    asked = len(node.heard(m.Ask))
    node.advance(500_000)
    assert len(node.heard(m.Ask)) == asked
    node.advance(110_000)
    assert len(node.heard(m.Ask)) > asked


@pytest.mark.wire(48)
def test_an_unsure_clock_asks_a_few_times_more() -> None:
    """u above 20 ms: again within 2 to 10 s."""
    node = ready()
    node.power_cut()
    node.connect()
    node.answer(way=60)
    asked = len(node.heard(m.Ask))
    node.advance(10_000)
    assert len(node.heard(m.Ask)) == asked + 1


def test_no_one_is_asked_on_a_dead_link() -> None:
    """And nothing is woken for."""
    node = Harness()
    node.connect()
    node.do(ev.Disconnected())
    assert node.engine.wake_ms is None
