"""Clocks: one that was lost, one that is wrong, and answers that come late or twice."""

from __future__ import annotations

import pytest

from controller.protocol import messages as m
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import HOUR, Harness, of, ready

MINUTE = 60_000
MOVED = [ev.Alarm(code="clock.moved")]


def lose_the_clock(node: Harness) -> None:
    """The power goes and comes back; the RTC's battery is flat."""
    node.power_cut()
    node.connect()


def recorded_answer(node: Harness) -> bytes:
    """The controller's answer to the node's newest question, as somebody on the way may keep it."""
    nonce, floors = node.heard(m.Ask)[-1].nonce, m.Floors(trust=0, config=0, plan=0)
    return node.seal(
        "k-answer",
        m.Answer(**node.claims(), life=node.engine.life, nonce=nonce, t2=node.utc, t3=node.utc, floors=floors, upto=0),
    )


def believes(node: Harness, ahead: int) -> bool:
    """Does the node believe a time that is `ahead` of the truth?"""
    return abs(node.engine.clock.utc(node.now) - node.utc - ahead) < 100


@pytest.mark.wire(45, 54)
def test_an_order_that_expired_while_the_clock_was_lost_stays_silent() -> None:
    """It waits for the time; then it is dead, though its grace has not run out: missed, and the clock is the reason."""
    node = ready()
    dead = node.order(grace=HOUR, exp=node.utc + 5 * MINUTE)
    lose_the_clock(node)
    node.send(dead)
    node.advance(10 * MINUTE)
    assert not node.words()
    node.answer()
    node.advance(HOUR)
    assert node.words() == ["missed clock"]
    assert not node.plays


@pytest.mark.wire(67)
def test_an_expired_order_that_is_replayed_to_a_node_that_knows_the_time_stays_silent() -> None:
    """Its grace has not run out; it is dead all the same."""
    node = ready()
    dead = node.order(grace=HOUR, exp=node.utc + 5 * MINUTE)
    node.advance(10 * MINUTE)
    node.send(dead)
    node.advance(HOUR)
    assert node.words() == ["refused expired"]
    assert not node.plays


@pytest.mark.wire(46, 49)
def test_an_answer_that_is_replayed_turns_no_clock_back() -> None:
    """With the answer of an hour ago, an order of an hour ago that was held back would be in time again."""
    node = ready()
    lose_the_clock(node)
    answer, withheld = recorded_answer(node), node.order()
    node.send(answer)
    assert node.engine.is_open
    node.now += HOUR
    lose_the_clock(node)
    node.send(answer)
    node.send(withheld)
    node.advance(MINUTE)
    assert not node.engine.clock.is_trusted
    node.answer()
    node.advance(MINUTE)
    assert node.words() == ["missed clock"]
    assert not node.plays


@pytest.mark.wire(46)
def test_an_answer_that_was_delayed_by_5_s_sets_no_clock() -> None:
    """Half of it would be the error. The order waits for a quicker one and sounds once."""
    node = ready()
    lose_the_clock(node)
    node.say()
    node.answer(way=2_500)
    node.advance(1_000)
    assert not node.engine.clock.is_trusted
    assert not node.words()
    node.answer()
    node.advance(MINUTE)
    assert node.words() == ["accepted", "started", "finished"]


@pytest.mark.wire(54, 55)
def test_a_question_that_took_all_the_time_of_its_round_trip_makes_nothing_early() -> None:
    """The clock is 0.9 s fast and can't know it; it knows that it may be, and begins that much later."""
    node = ready()
    lose_the_clock(node)
    node.advance(1_800)
    node.send(recorded_answer(node))
    start = node.utc + 30_000
    node.say(start=start)
    node.do(ev.Disconnected())
    node.advance(MINUTE)
    begins = [node.utc - node.now + play.at_ms - start for play in node.plays]
    assert len(begins) == 1
    assert 0 <= begins[0] < 50


@pytest.mark.wire(45)
def test_an_rtc_that_may_be_a_minute_wrong_lets_nothing_sound_that_waits_on_disk() -> None:
    """It was accepted before the power went; without an answer it is not begun, and ends as missed when one comes."""
    node = ready()
    node.say(start=node.utc + MINUTE)
    node.booted = ev.Booted(rtc_ms=node.utc, rtc_u_ms=MINUTE)
    lose_the_clock(node)
    node.advance(10 * MINUTE)
    assert not node.plays
    node.answer()
    assert node.words() == ["accepted", "missed off"]


@pytest.mark.wire(45)
def test_an_rtc_that_may_be_a_minute_wrong_is_set_by_the_first_answer() -> None:
    """It was two hours behind: whom nobody trusts needs no three answers."""
    node = ready()
    node.booted = ev.Booted(rtc_ms=node.utc - 2 * HOUR, rtc_u_ms=MINUTE)
    lose_the_clock(node)
    node.answer()
    node.say()
    node.advance(MINUTE)
    assert node.words() == ["accepted", "started", "finished"]


@pytest.mark.wire(20, 47)
def test_a_controller_two_hours_ahead_moves_a_trusted_clock_by_its_third_answer_and_with_an_alarm() -> None:
    """Until then what it says now is from the future. After that the two agree: the plan of the true hour has gone by."""
    node = ready()
    node.plan(node.item(airing="at-eleven"))
    node.skew = 2 * HOUR
    for _ in range(2):
        assert not of(ev.Alarm, node.answer())
        assert believes(node, 0)
    node.say(airing="early", start=node.utc + node.skew)
    assert node.words("early") == ["refused future"]
    assert of(ev.Alarm, node.answer()) == MOVED
    assert believes(node, 2 * HOUR)
    node.say(airing="now", start=node.utc + node.skew)
    node.advance(MINUTE)
    assert node.words("at-eleven") == ["accepted", "missed late"]
    assert [play.airing for play in node.plays] == ["now"]


@pytest.mark.wire(47)
def test_a_controller_that_is_two_hours_ahead_for_two_answers_moves_nothing() -> None:
    """It was mended before the third: the plan sounds at its true hour."""
    node = ready()
    node.plan(node.item(airing="at-eleven"))
    for skew in (2 * HOUR, 2 * HOUR, 0, 2 * HOUR, 2 * HOUR):
        node.skew = skew
        assert not of(ev.Alarm, node.answer())
    node.skew = 0
    node.advance(HOUR + MINUTE)
    assert node.words("at-eleven") == ["accepted", "started", "finished"]


@pytest.mark.wire(47)
def test_answers_that_agree_but_not_within_ten_minutes_move_nothing() -> None:
    """The third of them comes when the first no longer counts."""
    node = ready()
    node.skew = 2 * HOUR
    for _ in range(4):
        assert not of(ev.Alarm, node.answer())
        assert believes(node, 0)
        node.advance(6 * MINUTE)


@pytest.mark.wire(45, 53)
def test_a_node_without_a_clock_takes_what_it_is_told_and_still_sounds_nothing_twice() -> None:
    """Two hours ahead: what was planned has gone by, what is said now sounds; mended, the same order sounds no second time."""
    node = ready()
    node.plan(node.item(airing="at-eleven"))
    lose_the_clock(node)
    node.skew = 2 * HOUR
    assert not of(ev.Alarm, node.answer())
    assert believes(node, 2 * HOUR)
    node.say(airing="now", start=node.utc + node.skew)
    node.advance(MINUTE)
    assert node.words("at-eleven") == ["accepted", "missed off"]
    assert node.words("now") == ["accepted", "started", "finished"]
    node.skew = 0
    alarms = [alarm for _ in range(3) for alarm in of(ev.Alarm, node.answer())]
    assert alarms == MOVED
    node.say(airing="now")
    node.plan(node.item(airing="at-eleven"), node.item(airing="anew"))
    node.advance(2 * HOUR)
    assert [play.airing for play in node.plays] == ["now", "anew"]


@pytest.mark.wire(53, 69)
def test_an_rtc_that_jumped_ahead_makes_it_forget_nothing_and_sound_nothing_twice() -> None:
    """It says that it is sure, and is three days wrong: what sounded this morning must not look long over."""
    node = ready()
    token = node.order(grace=HOUR)
    node.send(token)
    node.advance(MINUTE)
    node.booted = ev.Booted(rtc_ms=node.utc + 72 * HOUR, rtc_u_ms=5)
    lose_the_clock(node)
    node.advance(2 * MINUTE)
    assert [alarm for _ in range(3) for alarm in of(ev.Alarm, node.answer())] == MOVED
    assert believes(node, 0)
    node.send(token)
    node.advance(MINUTE)
    assert len(node.plays) == 1
