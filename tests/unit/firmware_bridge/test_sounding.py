"""When it sounds: the happy path, the one moment, the one horn."""

from __future__ import annotations

import pytest

from controller.domain.airing import Klass
from controller.domain.delivery import Evidence
from controller.protocol import messages as m
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import CLIP, HOUR, MONDAY_10H, OTHER_CLIP, Harness, of, ready


@pytest.mark.wire(66)
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


def test_orders_that_are_offered_in_a_row_are_answered_in_one_message() -> None:
    """Ten orders at a birth cost one message, 50 ms later."""
    node = ready()
    for number in range(10):
        node.say(airing=f"a{number}", start=node.utc + HOUR)
    node.advance(1_000)
    assert [len(batch.items) for batch in node.heard(m.Receipts)] == [10]


@pytest.mark.parametrize("way", [2, 30, 90])
@pytest.mark.wire(55)
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


@pytest.mark.wire(54, 55)
def test_a_plan_sounds_on_the_nodes_own_clock_without_any_link() -> None:
    """The item is accepted once and plays after the link has gone."""
    node = ready()
    node.plan(node.item())
    node.do(ev.Disconnected())
    node.advance(HOUR + 60_000)
    assert len(node.plays) == 1
    node.connect()
    assert node.words() == ["accepted", "started", "finished"]


@pytest.mark.wire(60)
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


@pytest.mark.wire(61)
def test_an_emergency_is_cut_only_by_a_strictly_higher_rank() -> None:
    """Equal rank waits for the horn; higher rank takes it."""
    node = ready()
    node.say(airing="e1", klass=Klass.EMERGENCY, rank=2)
    node.advance(1_000)
    node.say(airing="e2", klass=Klass.EMERGENCY, rank=2)
    node.advance(1_000)
    assert node.engine.playing == "e1"
    node.say(airing="e3", klass=Klass.EMERGENCY, rank=3)
    node.advance(1_000)
    assert (node.engine.playing, node.words("e1")[-1]) == ("e3", "cut emergency")
    node.advance(40_000)
    assert (node.engine.playing, node.words("e3")[-1]) == ("e2", "finished")


@pytest.mark.wire(61)
def test_emergencies_wait_in_order_of_issue_and_at_most_eight() -> None:
    """The ninth that waits is refused; the others sound one after another while their grace lasts."""
    node = ready()
    node.say(airing="e0", klass=Klass.EMERGENCY, rank=2, duration=5_000)
    for number in range(1, 10):
        node.advance(200)
        node.say(airing=f"e{number}", klass=Klass.EMERGENCY, rank=1, duration=5_000, grace=30_000)
    assert node.words("e9") == ["refused full"]
    node.advance(60_000)
    assert [play.airing for play in node.plays] == ["e0", "e1", "e2", "e3", "e4", "e5", "e6"]
    assert node.words("e7") == ["accepted", "missed busy"]


@pytest.mark.wire(60)
def test_priority_goes_before_normal_but_does_not_cut_it() -> None:
    """Both due at once: priority first; one that sounds is left to its end."""
    node = ready()
    start = node.utc + 10_000
    node.say(airing="n", start=start)
    node.say(airing="p", klass=Klass.PRIORITY, start=start)
    node.advance(60_000)
    assert [play.airing for play in node.plays] == ["p", "n"]


@pytest.mark.wire(54)
def test_what_is_late_when_it_comes_is_missed() -> None:
    """Neither refused nor played: outside [start, start + grace] an item is missed."""
    node = ready()
    node.advance(120_000)
    node.say(start=node.utc - 61_000, grace=60_000)
    node.advance(1_000)
    assert node.words() == ["missed late"]


@pytest.mark.wire(73)
def test_a_clip_that_comes_too_late_is_a_miss() -> None:
    """The node waits as long as the grace lasts, not longer."""
    node = ready()
    node.say(sha256=OTHER_CLIP)
    node.advance(61_000)
    assert node.words() == ["accepted", "missed clip"]
    node.do(ev.Fetched(sha256=OTHER_CLIP))
    node.advance(1_000)
    assert not node.plays


@pytest.mark.wire(54)
def test_a_clock_that_is_too_unsure_for_the_grace_is_silent() -> None:
    """[now - u, now + u] can't fit: missed, and the clock is the reason."""
    node = Harness()
    node.connect()
    node.send(node.trust())
    node.send(node.config())
    node.answer(way=900)
    node.say(start=node.utc + 5_000, grace=1_500)
    node.advance(20_000)
    assert node.words() == ["accepted", "missed clock"]


def test_a_better_clock_saves_what_an_unsure_one_would_miss() -> None:
    """A second answer comes before the moment."""
    node = Harness()
    node.connect()
    node.send(node.trust())
    node.send(node.config())
    node.answer(way=900)
    node.say(start=node.utc + 30_000, grace=1_500)
    node.advance(12_000)
    node.answer(way=5)
    node.advance(60_000)
    assert node.words()[-1] == "finished"


@pytest.mark.wire(59)
def test_the_node_cuts_a_player_that_does_not_end() -> None:
    """Silence 2 s after its length; failed, and the player is the reason."""
    node = ready()
    node.plays_by_itself = False
    node.say()
    node.advance(300)
    node.do(ev.SoundStarted(airing="a1"))
    node.advance(33_000)
    assert ev.Silence(airing="a1") in node.journal
    assert node.words()[-1] == "failed player"


@pytest.mark.parametrize(
    ("whole", "heard", "word"), [(True, False, "finished"), (True, None, "finished"), (False, None, "cut player")]
)
def test_the_end_tells_what_the_board_heard(whole: bool, heard: bool | None, word: str) -> None:
    """Finished with its evidence; a player that broke off is a cut."""
    node = ready()
    node.plays_by_itself = False
    node.say()
    node.do(ev.SoundStarted(airing="a1"))
    node.do(ev.SoundEnded(airing="a1", whole=whole, heard=heard))
    assert node.words()[-1] == word
    expected = {False: Evidence.SILENT, None: Evidence.NOT_MEASURED}[heard] if whole else None
    assert node.receipts("a1")[-1].evidence is expected


@pytest.mark.wire(64)
def test_a_stop_before_the_sound_cancels_and_within_it_cuts() -> None:
    """Only the node's word makes cancelled or cut."""
    node = ready()
    node.say(start=node.utc + 60_000)
    node.stop()
    node.say(airing="b1")
    node.advance(3_000)
    node.stop(airing="b1")
    node.advance(120_000)
    assert node.words("a1") == ["accepted", "cancelled stop"]
    assert node.words("b1") == ["accepted", "started", "cut stop"]
    assert [play.airing for play in node.plays] == ["b1"]
    assert ev.Silence(airing="b1") in node.journal


@pytest.mark.wire(64)
def test_a_stop_that_comes_first_is_a_tombstone() -> None:
    """The order it overtook stays silent, whatever its revision."""
    node = ready()
    node.stop()
    node.say(rev=1)
    node.say(rev=3)
    node.advance(5_000)
    assert node.words()[0] == "cancelled stop"
    assert not node.plays


@pytest.mark.wire(65)
def test_only_an_emergency_key_silences_an_emergency() -> None:
    """A stop by the order key changes nothing and is an alarm."""
    node = ready()
    node.say(airing="e1", klass=Klass.EMERGENCY)
    node.advance(1_000)
    assert of(ev.Alarm, node.stop(airing="e1")) == [ev.Alarm(code="order.trust")]
    assert node.engine.playing == "e1"
    node.stop(airing="e1", klass=Klass.EMERGENCY)
    assert node.engine.playing is None


@pytest.mark.wire(53, 68)
def test_one_airing_by_three_orders_and_a_plan_sounds_once() -> None:
    """Two units, the inbox and the plan bring the same airing."""
    node = ready()
    start = node.utc + HOUR
    node.plan(node.item(start=start))
    for aud in ("tinh", "xa", "xom"):
        node.say(f"tl/1/unit/{aud}/order", aud=aud, start=start)
    node.advance(HOUR + 10_000)
    node.say(start=start)
    node.advance(60_000)
    assert len(node.plays) == 1


@pytest.mark.wire(63)
def test_a_higher_revision_replaces_what_waits() -> None:
    """The new start holds, and is accepted anew."""
    node = ready()
    node.say(start=node.utc + 60_000)
    start = node.utc + 120_000
    node.say(rev=2, start=start)
    node.advance(200_000)
    assert [MONDAY_10H + play.at_ms - start for play in node.plays] == [100]
    assert [(item.state.value, item.rev) for item in node.receipts("a1")][:2] == [("accepted", 1), ("accepted", 2)]


@pytest.mark.wire(58)
def test_the_quietest_ceiling_limits_the_gain_even_of_an_emergency() -> None:
    """Config's ceiling of the hour beats the order's gain."""
    node = ready(ceilings=(m.Ceiling(from_minute=0, to_minute=1440, gain=-90),))
    node.say(airing="e1", klass=Klass.EMERGENCY, gain=60)
    node.advance(1_000)
    assert node.plays[0].gain == -90
