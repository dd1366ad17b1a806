"""Disks: wiped, or copied into another loudspeaker."""

from __future__ import annotations

import random

import pytest

from controller.protocol import messages as m
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import HOUR, Harness, of, ready


def wipe(node: Harness) -> None:
    """The disk is empty when the power comes back; the RTC still knows the time."""
    node.kept = {}
    node.booted = ev.Booted(rtc_ms=node.utc, rtc_u_ms=5)
    node.boot()
    node.connect()


@pytest.mark.wire(50, 28)
def test_a_wiped_disk_obeys_no_old_plan_and_no_old_order() -> None:
    """It is silent, with keys and clock, until it hears the floors; then the plan is below its own, and the order too late."""
    node = ready()
    old_life, old_order = node.engine.life, node.order(airing="old", grace=HOUR)
    cancelled = node.item(airing="cancelled", start=node.utc + 3 * HOUR)
    node.plan(cancelled, version=40)
    node.plan(version=50)
    node.now += 2 * HOUR
    wipe(node)
    node.fetches.clear()
    assert node.engine.life != old_life
    node.send(node.trust())
    node.send(node.config())
    node.send(old_order)
    node.plan(cancelled, version=40)
    node.say(airing="b1", grace=1_000)
    node.advance(10_000)
    assert not node.words()
    node.answer(floors=m.Floors(trust=1, config=1, plan=50))
    node.plan(cancelled, version=40)
    assert not node.fetches
    node.plan(node.item(airing="new"), version=51)
    node.advance(4 * HOUR)
    assert node.words("old") == ["missed floors"]
    assert node.words("b1") == ["missed floors"]
    assert [play.airing for play in node.plays] == ["new"]


@pytest.mark.wire(50)
def test_what_begins_after_a_wiped_node_heard_the_floors_sounds_once() -> None:
    """Silent is not lost: it was held."""
    node = ready()
    wipe(node)
    node.send(node.trust())
    node.send(node.config())
    node.say(start=node.utc + 20_000)
    node.advance(5_000)
    assert not node.plays
    node.answer()
    node.advance(60_000)
    assert node.words() == ["accepted", "started", "finished"]


@pytest.mark.wire(50, 53)
@pytest.mark.parametrize("cut", [False, True])
def test_what_the_lost_memory_may_have_spent_is_not_begun_again(cut: bool) -> None:
    """It sounded, the disk was wiped, and a thief replays it in its window: an order, a plan's item, also after a power cut."""
    node = ready()
    item, order = node.item(airing="p1", start=node.utc, grace=HOUR), node.order(grace=HOUR)
    node.send(order)
    node.plan(item)
    node.advance(90_000)
    assert [play.airing for play in node.plays] == ["a1", "p1"]
    wipe(node)
    node.settle_in()
    if cut:
        node.power_cut()
        node.connect()
        node.answer()
    node.send(order)
    node.plan(item)
    node.advance(2 * HOUR)
    assert [play.airing for play in node.plays] == ["a1", "p1"]
    assert node.engine.standing("a1")[2:] == node.engine.standing("p1")[2:] == ("missed", "floors")


@pytest.mark.wire(50)
def test_a_life_born_under_a_clock_that_was_ahead_is_not_silent_until_then() -> None:
    """The controller's clock was 2 h ahead at the first answer, and was set right."""
    node = Harness(skew=2 * HOUR).settle_in()
    node.skew = 0
    for _ in range(3):
        node.advance(10_000)
        node.answer()
    node.say()
    node.advance(60_000)
    assert node.words()[-1] == "finished"


@pytest.mark.wire(33)
def test_an_answer_to_the_memory_that_was_lost_gives_no_floors() -> None:
    """Replayed with the old documents it would make the wiped node speak."""
    node = ready()
    old = node.seal(
        "k-answer", m.Answer(**node.claims(), life=node.engine.life, upto=0, floors=m.Floors(trust=0, config=0, plan=0))
    )
    wipe(node)
    node.send(node.trust())
    node.send(node.config())
    node.send(old)
    node.say()
    node.advance(60_000)
    assert not node.plays


@pytest.mark.wire(74, 75)
def test_a_copied_disk_shows_itself_by_its_numbers_and_loses_no_word() -> None:
    """Two loudspeakers of one memory: each sounds what it is told once; a number beyond its own tells a twin of the other."""
    node = ready()
    twin = Harness(kept=dict(node.kept), random=random.Random(8), version=node.version, now=node.now)
    twin.connect()
    twin.answer()
    node.say(airing="a1")
    node.advance(60_000)
    twin.say(airing="b1", start=twin.utc + HOUR)
    twin.advance(100)
    first, second = node.receipts()[0], twin.receipts()[0]
    assert (node.engine.life, first.seq) == (twin.engine.life, second.seq)
    assert first != second
    assert of(ev.Alarm, twin.cover(3)) == [ev.Alarm(code="memory.rolled-back")]
    twin.advance(60_000)
    assert (twin.receipts("b1")[-1].seq, twin.engine.outstanding) == (4, 1)
    twin.answer()
    twin.advance(HOUR)
    assert twin.words("b1")[-1] == "finished"
    assert ([play.airing for play in node.plays], [play.airing for play in twin.plays]) == (["a1"], ["b1"])
