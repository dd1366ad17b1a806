"""What is older or newer than it should be, or beyond what its key may say."""

from __future__ import annotations

import pytest

from controller.domain.airing import Klass
from controller.protocol import messages as m
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import ALL_KEYS, HOUR, OTHER_CLIP, of, ready, trust_key


def test_what_was_made_ahead_of_our_time_is_not_taken_whatever_it_is() -> None:
    """A config, a trust, a plan, and a word that covers receipts: kept for later by a thief, they would be true then."""
    node = ready()
    node.say(start=node.utc + HOUR)
    ahead = node.utc + 2 * HOUR
    claims = node.claims(iat=ahead, exp=ahead + HOUR)
    node.send(node.config(**claims))
    node.send(node.trust(iat=ahead, exp=ahead + HOUR))
    node.send(node.seal("k-answer", m.Answer(**claims, life=node.engine.life, upto=1)))
    head = m.PlanHead(**{**claims, "aud": "xom"}, version=99, sha256=OTHER_CLIP, size=10)
    assert not of(ev.Fetch, node.send(node.seal("k-plan", head)))
    assert (node.engine.versions, node.engine.outstanding) == (m.Versions(trust=1, config=2), 1)


def test_a_nonce_that_is_not_ours_does_not_excuse_an_old_answer() -> None:
    """Only an answer to our own question brings the time, and need not be in it."""
    node = ready()
    node.say(start=node.utc + HOUR)
    past = node.utc - HOUR
    fields = {**node.claims(iat=past, exp=past + 60_000), "nonce": "0" * 16, "t2": past, "t3": past}
    node.send(node.seal("k-answer", m.Answer(**fields, life=node.engine.life, upto=1)))
    assert node.engine.outstanding == 1


@pytest.mark.parametrize(("classes", "sounds"), [((), True), ((Klass.EMERGENCY,), True), ((Klass.NORMAL,), False)])
def test_an_emergency_key_is_held_to_its_classes_too(classes: tuple[Klass, ...], sounds: bool) -> None:
    """Use and classes both."""
    node = ready()
    others = [key for key in ALL_KEYS if key.kid != "k-emergency"]
    node.send(node.trust((*others, trust_key("k-emergency", m.Use.EMERGENCY, classes=classes))))
    node.say(airing="e1", klass=Klass.EMERGENCY)
    node.advance(1_000)
    assert bool(node.plays) is sounds
