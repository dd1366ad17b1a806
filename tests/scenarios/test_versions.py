"""Documents of yesterday, replayed: newer replaces older, and below a floor nothing counts."""

from __future__ import annotations

import pytest

from controller.protocol import messages as m
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import HOUR, of, ready

NIGHT = m.Policy(hours=(m.Hours(from_minute=5 * 60, to_minute=21 * 60),))


@pytest.mark.wire(28)
def test_a_plan_below_the_floor_is_refused_by_a_node_that_never_heard_a_newer_one() -> None:
    """The link was down for the plans 41 to 50; the answer says that there were some."""
    node = ready()
    node.plan(version=40)
    node.answer(floors=m.Floors(trust=0, config=0, plan=50))
    assert not of(ev.Fetch, node.plan(node.item(airing="cancelled"), version=45))
    node.plan(node.item(airing="new"), version=50)
    node.advance(2 * HOUR)
    assert [play.airing for play in node.plays] == ["new"]


@pytest.mark.wire(22, 28, 31)
def test_yesterdays_trust_config_and_plan_bring_nothing_back() -> None:
    """Neither the key that was revoked, nor the night that was open, nor the item that was taken out."""
    node = ready()
    lax, cancelled = node.config(), node.item(airing="cancelled")
    trust = node.kept["trust"]
    node.plan(cancelled, version=40)
    node.send(node.trust(revoked=("k-village",), version=41))
    node.send(node.config(policy=NIGHT, version=42))
    node.plan(version=43)
    for token in (trust, lax):
        node.send(token)
    node.plan(cancelled, version=40)
    assert node.engine.versions == m.Versions(trust=41, config=42, plan=43)
    node.say(kid="k-village", aud="xom", airing="revoked")
    node.say(airing="night", start=node.utc + 17 * HOUR)
    node.advance(18 * HOUR)
    assert node.words("cancelled") == ["accepted", "cancelled plan"]
    assert not node.words("revoked")
    assert node.words("night") == ["refused hours"]
    assert not node.plays


@pytest.mark.wire(51, 52)
def test_floors_outlive_a_power_cut() -> None:
    """A config below them is not obeyed, and all is silent, until the one comes that the floor means."""
    node = ready()
    node.answer(floors=m.Floors(trust=0, config=9, plan=0))
    node.power_cut()
    node.connect()
    node.answer()
    node.send(node.config(version=8))
    node.say()
    node.advance(5_000)
    assert node.engine.versions.config == 2
    assert not node.plays
    node.send(node.config(version=9))
    node.advance(60_000)
    assert node.words() == ["accepted", "started", "finished"]


@pytest.mark.wire(51)
def test_floors_that_are_replayed_do_not_fall() -> None:
    """Lower ones change nothing: the trust below the floor stays unheard."""
    node = ready()
    node.answer(floors=m.Floors(trust=9, config=0, plan=0))
    node.answer(floors=m.Floors(trust=0, config=0, plan=0))
    node.send(node.trust(version=8))
    node.say()
    node.advance(5_000)
    assert node.engine.versions.trust == 1
    assert not node.plays
