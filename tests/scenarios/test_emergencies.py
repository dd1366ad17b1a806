"""Emergencies: two at once, one for a loudspeaker that was away, and who may touch one."""

from __future__ import annotations

import pytest

from controller.domain.airing import Klass
from controller.protocol import messages as m
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import HOUR, OTHER_CLIP, Harness, of, ready

URGENT = Klass.EMERGENCY


def order_of(node: Harness) -> list[str]:
    """What sounded, first to last."""
    return [play.airing for play in node.plays]


@pytest.mark.wire(61)
def test_of_two_emergencies_at_once_the_higher_rank_cuts_and_the_other_waits_for_nobody_below_it() -> None:
    """The province cuts the commune; a second one of the same rank waits, and sounds when the horn is free."""
    node = ready()
    node.say(airing="commune", klass=URGENT, rank=1)
    node.advance(1_000)
    node.say(airing="again", klass=URGENT, rank=1)
    node.say(airing="province", klass=URGENT, rank=3)
    node.advance(100_000)
    assert order_of(node) == ["commune", "province", "again"]
    assert node.words("commune")[-1] == "cut emergency"
    assert node.words("province")[-1] == node.words("again")[-1] == "finished"


@pytest.mark.wire(61)
def test_emergencies_that_wait_sound_by_rank_and_then_in_the_order_of_their_issue() -> None:
    """Whatever the order in which the broker brought them."""
    node = ready()
    node.say(airing="first", klass=URGENT, rank=9, duration=5_000)
    later = node.order(airing="a-later", klass=URGENT, rank=1, duration=5_000, iat=node.utc + 2_000)
    early = node.order(airing="b-early", klass=URGENT, rank=1, duration=5_000, iat=node.utc + 1_000)
    high = node.order(airing="c-high", klass=URGENT, rank=2, duration=5_000, iat=node.utc + 3_000)
    for token in (later, early, high):
        node.send(token)
    node.advance(60_000)
    assert order_of(node) == ["first", "c-high", "b-early", "a-later"]


@pytest.mark.wire(61)
def test_of_ten_emergencies_one_sounds_eight_wait_and_one_is_refused() -> None:
    """More than that is a flood, not news."""
    node = ready()
    node.say(airing="e0", klass=URGENT, rank=9, duration=5_000)
    node.advance(500)
    for number in range(1, 10):
        node.now += 100
        node.say(airing=f"e{number}", klass=URGENT, rank=1, duration=5_000, grace=HOUR)
    node.advance(120_000)
    assert node.words("e9") == ["refused full"]
    assert order_of(node) == [f"e{number}" for number in range(9)]


@pytest.mark.wire(54, 67)
def test_an_emergency_that_was_queued_for_an_hour_is_dead_when_the_node_comes_back() -> None:
    """The link was down, the broker kept the order: it lives a quarter of an hour, whatever its grace."""
    node = ready()
    node.do(ev.Disconnected())
    queued = node.order(airing="e1", klass=URGENT, grace=HOUR, exp=node.utc + 15 * 60_000)
    node.advance(HOUR)
    node.connect()
    node.send(queued)
    node.answer()
    node.advance(60_000)
    assert node.words("e1") == ["refused expired"]
    assert not node.plays


@pytest.mark.wire(45, 54)
def test_an_emergency_that_waited_an_hour_for_a_node_without_power_and_clock_is_missed() -> None:
    """It can't be judged until an answer comes; then it is dead."""
    node = ready()
    queued = node.order(airing="e1", klass=URGENT, start=node.utc + 60_000, grace=HOUR, exp=node.utc + 15 * 60_000)
    node.now += HOUR
    node.power_cut()
    node.connect()
    node.send(queued)
    node.advance(10_000)
    node.answer()
    node.advance(60_000)
    assert node.words("e1") == ["missed clock"]
    assert not node.plays


@pytest.mark.wire(70)
def test_an_emergency_that_was_accepted_before_the_power_went_for_an_hour_is_missed() -> None:
    """It waited for its clip; the word `accepted` gets its end."""
    node = ready()
    node.say(airing="e1", klass=URGENT, grace=HOUR, sha256=OTHER_CLIP, exp=node.utc + 15 * 60_000)
    node.advance(1_000)
    node.now += HOUR
    node.power_cut()
    node.settle_in()
    node.do(ev.Fetched(sha256=OTHER_CLIP))
    node.advance(60_000)
    assert node.words("e1") == ["accepted", "missed off"]
    assert not node.plays


@pytest.mark.wire(16)
def test_neither_order_nor_plan_makes_an_emergency() -> None:
    """The order key with the emergency's class; the class without its key in a plan, which no decoder lets through."""
    node = ready()
    node.say(airing="e1", kid="k-order", klass=URGENT)
    effects = node.plan(node.item(airing="e2", klass=URGENT, start=node.utc))
    node.advance(60_000)
    assert node.words("e1") == ["refused trust"]
    assert of(ev.Alarm, effects) == [ev.Alarm(code="plan.body")]
    assert node.engine.versions == m.Versions(trust=1, config=2)
    assert not node.plays


@pytest.mark.wire(65)
def test_nobody_without_the_emergency_key_stops_or_replaces_an_emergency() -> None:
    """Waiting or sounding, by order or by plan, at any revision: an alarm, and it sounds to its end."""
    node = ready()
    node.say(airing="e1", klass=URGENT, start=node.utc + 10_000)
    alarms = [*of(ev.Alarm, node.say(airing="e1", rev=9, start=node.utc - HOUR)), *of(ev.Alarm, node.stop(airing="e1", rev=9))]
    alarms += of(ev.Alarm, node.plan(node.item(airing="e1", rev=9)))
    node.advance(15_000)
    alarms += of(ev.Alarm, node.stop(airing="e1", rev=9))
    node.advance(60_000)
    assert alarms == [ev.Alarm(code="order.trust")] * 4
    assert node.words("e1") == ["accepted", "started", "finished"]
