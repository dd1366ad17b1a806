"""How far a key reaches: for whom it speaks, what it may replace, whom it may move."""

from __future__ import annotations

import pytest

from controller.domain.airing import Klass
from controller.protocol import messages as m
from firmware_bridge import events as ev
from firmware_bridge.lifecycle import Phase
from tests.unit.firmware_bridge.harness import ALL_KEYS, PATH, of, ready, trust_key


@pytest.mark.wire(17)
def test_what_is_for_others_is_dropped_without_a_word() -> None:
    """A thief who replays another commune's order on our topics must not make us talk of it."""
    node = ready()
    refused = node.engine.refused_seals
    assert not of(ev.Keep, node.say(aud="another"))
    assert not of(ev.Keep, node.send(node.order(aud="another")))
    node.advance(1_000)
    assert node.words() == []
    assert node.engine.refused_seals == refused + 2


@pytest.mark.wire(63)
def test_only_an_emergency_replaces_a_waiting_emergency() -> None:
    """Neither the order key nor the plan key disarms one by a higher revision."""
    node = ready()
    node.say(klass=Klass.EMERGENCY, start=node.utc + 60_000)
    node.say(rev=2, start=node.utc + 9 * 60_000)
    node.plan(node.item(rev=3, start=node.utc + 9 * 60_000))
    node.advance(200)
    assert node.engine.standing("a1")[:2] == (Phase.WAITING, 1)
    node.advance(60_000)
    assert [play.airing for play in node.plays] == ["a1"]


@pytest.mark.wire(18)
def test_a_config_key_of_one_commune_takes_no_node_out_of_another() -> None:
    node = ready()
    node.send(node.trust(keys=(*ALL_KEYS, trust_key("k-village", m.Use.CONFIG, units=("elsewhere",)))))
    moved = m.Config(**node.claims(), version=node.next_version(), path=("tinh", "elsewhere", "xom-2"), since=0)
    node.send(node.seal("k-village", moved))
    assert node.engine.path == PATH
