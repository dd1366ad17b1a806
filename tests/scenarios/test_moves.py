"""A loudspeaker that was carried to another village obeys the new one and no longer the old."""

from __future__ import annotations

import pytest

from controller.protocol import topics
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import HOUR, NODE, Harness, of, ready

THERE = ("tinh", "xa", "xom-2")


def move(node: Harness) -> None:
    """It stands in xom-2 from now on."""
    node.send(node.config(path=THERE, since=node.utc))
    node.answer()


@pytest.mark.wire(17)
def test_a_moved_node_hears_its_old_villages_order_and_stays_silent() -> None:
    """On the old topic, which a slow broker may still serve, and in its own inbox: not its place any more."""
    node = ready()
    move(node)
    for topic in (topics.unit_order("xom"), topics.inbox(NODE)):
        node.say(topic, aud="xom")
    node.say(topics.unit_order("xom-2"), airing="there", aud="xom-2")
    node.advance(60_000)
    assert not node.words()
    assert [play.airing for play in node.plays] == ["there"]


@pytest.mark.wire(71)
def test_what_waited_from_the_old_village_is_cancelled_and_its_plan_is_not_fetched_again() -> None:
    """Each with its reason; what the commune said to all its villages waits on."""
    node = ready()
    node.plan(node.item(airing="planned"))
    node.say(airing="ordered", start=node.utc + HOUR, aud="xom")
    node.say(airing="for-all", start=node.utc + HOUR)
    node.send(node.config(path=THERE))
    assert not of(ev.Fetch, node.plan(node.item(airing="planned", rev=2)))
    node.power_cut()
    node.settle_in(path=THERE)
    node.advance(2 * HOUR)
    assert node.words("planned") == ["accepted", "cancelled moved"]
    assert node.words("ordered") == ["accepted", "cancelled moved"]
    assert [play.airing for play in node.plays] == ["for-all"]


@pytest.mark.wire(21)
def test_what_the_commune_said_before_the_move_is_not_for_those_who_came_later() -> None:
    """Kept by somebody, and played when the node is there: it was issued before `since`."""
    node = ready()
    kept = node.order(start=node.utc + HOUR)
    node.advance(10_000)
    move(node)
    node.send(kept, topics.unit_order("xa"))
    node.advance(2 * HOUR)
    assert not node.words()
    assert not node.plays


@pytest.mark.wire(71, 70)
@pytest.mark.parametrize("path", [THERE, ("tinh", "xa", "xom", "to-1")])
def test_a_power_cut_anywhere_in_a_move_leaves_no_plan_of_the_old_village(path: tuple[str, ...]) -> None:
    """The config is on disk before the old plan is gone from it; also when the old village is above the new place."""
    node = ready()
    node.plan(node.item())
    begin = len(node.journal)
    token = node.config(path=path)
    node.send(token)
    for other in node.cut_anywhere(begin):
        assert other.engine.path != path or other.engine.versions.plan == 0
        other.connect()
        other.answer()
        other.send(token)
        other.advance(2 * HOUR)
        assert other.engine.versions.plan == 0
        assert not other.plays
