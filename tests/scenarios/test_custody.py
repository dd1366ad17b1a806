"""Once and told: three orders and a plan, a cancel at every moment, a power cut at every point, a broker that swallows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from controller.protocol import messages as m
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import HOUR, OTHER_CLIP, Harness, ready

ENDS = ("finished", "cut", "failed", "missed", "refused", "cancelled")


def ends(node: Harness, airing: str = "a1") -> list[str]:
    """The ends that were said of an airing, each once: to say one again is no second end."""
    return sorted({word for word in node.words(airing) if word.split()[0] in ENDS})


def cut_everywhere(story: Callable[[Harness], None]) -> Iterator[Harness]:
    """The story's node as it boots again after each single effect of the story."""
    node = ready()
    begin = len(node.journal)
    story(node)
    yield from node.cut_anywhere(begin)


def has_every_number(node: Harness) -> bool:
    """Receipts are numbered without a gap, and every one was said."""
    numbers = [receipt.seq for receipt in node.receipts()]
    return numbers == list(range(1, len(numbers) + 1))


@pytest.mark.wire(53)
def test_one_airing_by_three_orders_and_a_plan_sounds_once_wherever_the_power_goes() -> None:
    """To the province, the commune and the village, and in the plan: all of them again after each cut."""
    start = ready().utc + 60_000

    def bring(node: Harness) -> None:
        node.plan(node.item(start=start), version=50)
        for aud in ("tinh", "xa", "xom"):
            node.say(f"tl/1/unit/{aud}/order", aud=aud, start=start)

    def story(node: Harness) -> None:
        bring(node)
        node.advance(75_000)

    for other in cut_everywhere(story):
        other.settle_in()
        bring(other)
        other.advance(120_000)
        assert len(other.plays) <= 1
        assert len(ends(other)) == 1, other.words()
        assert has_every_number(other)


@pytest.mark.wire(53, 70)
def test_a_power_cut_in_the_middle_of_the_sound_is_its_end() -> None:
    """Brought again by all four ways, it stays silent: cut, by the power."""
    node = ready()
    start = node.utc + 60_000
    item = node.item(start=start)
    node.plan(item, version=50)
    node.say(start=start)
    node.advance(75_000)
    assert node.engine.playing == "a1"
    node.power_cut()
    node.settle_in()
    node.plan(item, version=51)
    for aud in ("tinh", "xa", "xom"):
        node.say(f"tl/1/unit/{aud}/order", aud=aud, start=start)
    node.advance(120_000)
    assert len(node.plays) == 1
    assert ends(node) == ["cut power"]


@pytest.mark.wire(64)
def test_a_cancel_before_the_sound_is_silence_wherever_the_power_goes() -> None:
    """Once `cancelled` was said it never sounds, though the order comes again; and there is one end."""
    start = ready().utc + 60_000

    def story(node: Harness) -> None:
        node.say(start=start)
        node.stop()

    for other in cut_everywhere(story):
        other.settle_in()
        said = any(word.startswith("cancelled") for word in other.words())
        other.say(start=start)
        if not said:
            other.stop()
        other.advance(120_000)
        assert ends(other) == ["cancelled stop"], other.words()
        assert not other.plays


@pytest.mark.wire(64)
def test_a_cancel_in_the_middle_cuts_and_nothing_starts_it_again() -> None:
    """The order, a higher revision of it, and a plan that names it come after."""
    node = ready()
    node.say()
    node.advance(10_000)
    node.stop()
    assert node.engine.playing is None
    assert ev.Silence(airing="a1") in node.journal
    node.say()
    node.say(rev=9)
    node.plan(node.item(rev=9, start=node.utc + 1_000))
    node.advance(120_000)
    assert len(node.plays) == 1
    assert ends(node) == ["cut stop"]


@pytest.mark.wire(64)
def test_a_cancel_that_overtakes_its_order_is_silence() -> None:
    """The broker changed their places: the tombstone was there first."""
    node = ready()
    node.stop()
    node.say()
    node.power_cut()
    node.settle_in()
    node.say(rev=3)
    node.advance(120_000)
    assert ends(node) == ["cancelled stop"]
    assert not node.plays


@pytest.mark.wire(64, 68)
def test_a_cancel_to_a_node_out_of_reach_tells_what_it_came_to() -> None:
    """The link was down: it has sounded before the cancel came, and says so once more."""
    node = ready()
    node.say(start=node.utc + 60_000)
    node.do(ev.Disconnected())
    node.advance(200_000)
    node.connect()
    node.stop()
    assert node.engine.outstanding == 3
    node.cover(3)
    node.stop()
    node.advance(1_000)
    assert node.words() == ["accepted", "started", "finished", "finished"]


@pytest.mark.wire(75, 76)
def test_receipts_that_a_broker_acknowledged_and_dropped_are_said_again_as_they_were() -> None:
    """For a day nothing arrives: the same numbers, the same words, until the sealed word of the controller covers them."""
    node = ready()
    node.say()
    node.advance(60_000)
    first = node.heard(m.Receipts)[-1].items
    node.said.clear()
    node.now += 24 * HOUR
    node.power_cut()
    node.connect()
    assert node.heard(m.Receipts)[-1].items[: len(first)] == first
    node.answer(upto=3)
    assert node.engine.outstanding == 0
    node.said.clear()
    node.advance(HOUR)
    assert not node.heard(m.Receipts)


@pytest.mark.wire(66)
def test_what_was_accepted_is_on_disk() -> None:
    """Wherever the power goes: an order of which `accepted` was said sounds without being offered again."""
    start = ready().utc + 60_000
    for other in cut_everywhere(lambda node: (node.say(start=start), node.advance(1_000))[1]):
        accepted = other.words() == ["accepted"]
        other.settle_in()
        other.advance(120_000)
        assert not accepted or ends(other) == ["finished"]


@pytest.mark.wire(73)
def test_a_clip_that_never_comes_has_an_end_with_its_reason() -> None:
    """Not silence without a word."""
    node = ready()
    node.say(sha256=OTHER_CLIP)
    node.advance(120_000)
    assert node.words() == ["accepted", "missed clip"]
    assert not node.plays
