"""03:15. In December 2025 a relay slot that was set wrong woke a commune. Here the loudspeaker itself knows the night."""

from __future__ import annotations

import pytest

from controller.domain.airing import Klass
from controller.protocol import messages as m
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import HOUR, OTHER_CLIP, Harness, ready

NIGHT = m.Policy(hours=(m.Hours(from_minute=5 * 60, to_minute=21 * 60),))


def at_three_fifteen(node: Harness) -> int:
    """The next 03:15 in UTC ms: it is 10:00."""
    return node.utc + 17 * HOUR + 15 * 60_000


@pytest.mark.wire(56)
def test_at_three_fifteen_it_is_silent_whoever_sealed_the_order_or_the_plan() -> None:
    """Both keys are the right ones. At five in the morning the same words sound."""
    node = ready(policy=NIGHT)
    three = at_three_fifteen(node)
    five = three + HOUR + 45 * 60_000
    node.say(airing="ordered", start=three, klass=Klass.PRIORITY)
    node.plan(node.item(airing="planned", start=three), node.item(airing="morning", start=five))
    node.advance(20 * HOUR)
    assert node.words("ordered") == ["refused hours"]
    assert node.words("planned") == ["refused hours"]
    assert [play.airing for play in node.plays] == ["morning"]


@pytest.mark.wire(16)
@pytest.mark.parametrize("kid", ["k-plan", "k-order", "k-emergency", "k-answer"])
def test_a_lax_config_that_another_key_sealed_opens_no_night(kid: str) -> None:
    """Only the config key speaks of hours; who may plan may not widen them."""
    node = ready(policy=NIGHT)
    lax = m.Config(**node.claims(), version=99, path=("tinh", "xa", "xom"), since=0)
    node.send(node.seal(kid, lax))
    assert node.engine.versions.config == 2
    node.plan(node.item(airing="planned", start=at_three_fifteen(node)))
    node.advance(20 * HOUR)
    assert node.words("planned") == ["refused hours"]
    assert not node.plays


@pytest.mark.wire(56)
def test_what_was_accepted_by_day_is_not_carried_into_the_night_by_a_clip_that_comes_late() -> None:
    """The hours are looked at again in the moment of sounding."""
    node = ready(policy=NIGHT)
    nine = node.utc - node.now + 11 * HOUR
    node.say(start=nine - 10 * 60_000, grace=HOUR, sha256=OTHER_CLIP)
    node.advance(11 * HOUR - 10_000)
    assert node.words() == ["accepted"]
    node.do(ev.Fetched(sha256=OTHER_CLIP))
    node.advance(HOUR)
    assert node.words()[-1] == "refused hours"
    assert not node.plays


@pytest.mark.wire(58)
def test_by_night_even_an_emergency_is_no_louder_than_the_ceiling() -> None:
    """Hours do not hold it back; the ceiling of the hour does."""
    node = ready(policy=NIGHT, ceilings=(m.Ceiling(from_minute=21 * 60, to_minute=5 * 60, gain=-120),))
    node.advance(17 * HOUR)
    node.answer()
    node.say(airing="flood", klass=Klass.EMERGENCY, gain=60)
    node.advance(60_000)
    assert [(play.airing, play.gain) for play in node.plays] == [("flood", -120)]
