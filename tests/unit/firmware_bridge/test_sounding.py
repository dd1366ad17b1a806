"""When it sounds: the happy path, the one moment, the one horn."""

from __future__ import annotations

import pytest

from controller.domain.airing import Klass
from controller.domain.delivery import Evidence
from controller.protocol import messages as m
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import CLIP, HOUR, MONDAY_10H, OTHER_CLIP, Harness, of, ready


def test_an_order_to_play_now_sounds_and_climbs_the_ladder() -> None:
    """Accepted, started, finished with evidence; one play of the whole clip."""
    node = ready()
    node.say(start=node.utc)
    node.advance(40_000)
    assert node.words() == ["accepted", "started", "finished"]
    assert [(play.airing, play.sha256, play.duration_ms) for play in node.plays] == [("a1", CLIP, 30_000)]
    assert node.receipts("a1")[-1].evidence is Evidence.HEARD


def test_accepted_and_started_share_one_message_when_the_sound_is_there() -> None:
    """Say now to a node that holds the clip costs one message before its end."""
    node = ready()
    node.say(start=node.utc)
    node.advance(1_000)
    assert [[item.state.value for item in batch.items] for batch in node.heard(m.Receipts)] == [["accepted", "started"]]


@pytest.mark.parametrize("way", [2, 30, 90])
def test_neighbours_begin_in_one_moment_whatever_their_bounds(way: int) -> None:
    """With u up to 100 ms everybody begins at start + 100 ms."""
    node = Harness()
    node.connect()
    node.send(node.trust())
    node.send(node.config())
    node.answer(way=way)
    start = node.utc + 3_000
    node.say(start=start)
    node.advance(10_000)
    assert [MONDAY_10H + play.at_ms - start for play in node.plays] == [100]


def test_a_clip_that_is_not_here_is_fetched_and_said_to_be_cached() -> None:
    """Fetch from the configured base; cached only because it had to be fetched."""
    node = ready(bases=("http://far/clips",))
    effects = node.say(sha256=OTHER_CLIP, size=77)
    assert of(ev.Fetch, effects) == [ev.Fetch(sha256=OTHER_CLIP, size=77, bases=("http://far/clips",), what="clip")]
    node.advance(5_000)
    assert not node.plays
    node.do(ev.Fetched(sha256=OTHER_CLIP))
    node.advance(40_000)
    assert node.words() == ["accepted", "cached", "started", "finished"]


def test_a_plan_sounds_on_the_nodes_own_clock_without_any_link() -> None:
    """The item is accepted once and plays after the link has gone."""
    node = ready()
    node.plan(node.item())
    node.do(ev.Disconnected())
    node.advance(HOUR + 60_000)
    assert len(node.plays) == 1
    node.connect()
    assert node.words() == ["accepted", "started", "finished"]


def test_an_emergency_cuts_a_normal_airing_and_not_the_other_way() -> None:
    """The normal one is cut, and says why."""
    node = ready()
    node.say()
    node.advance(5_000)
    node.say(airing="e1", klass=Klass.EMERGENCY, rank=1, start=node.utc)
    node.advance(5_000)
    assert node.words("a1")[-1] == "cut emergency"
    assert node.engine.playing == "e1"
    node.say(airing="p1", klass=Klass.PRIORITY, start=node.utc, grace=5_000)
    node.advance(20_000)
    assert node.words("p1") == ["accepted", "missed busy"]
