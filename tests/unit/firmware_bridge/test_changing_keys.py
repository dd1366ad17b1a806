"""Keys are changed while things wait: by a change nothing is noticed, by a revocation nothing is lost, and nothing is twice."""

from __future__ import annotations

import pytest

from controller.protocol import messages as m
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import ALL_KEYS, HOUR, Harness, of, ready, trust_key

NEW_PLAN = trust_key("k-plan-2", m.Use.PLAN)
NEW_ORDER = trust_key("k-order-2", m.Use.ORDER)
BOTH = (*ALL_KEYS, NEW_PLAN, NEW_ORDER)


def revoke(node: Harness, kid: str) -> list[ev.Effect]:
    """The controller says that nobody shall obey `kid`."""
    return node.send(node.trust(tuple(key for key in BOTH if key.kid != kid), revoked=(kid,)))


def played(node: Harness) -> list[str]:
    return [play.airing for play in node.plays]


def test_a_plan_by_the_old_key_a_new_trust_and_a_plan_by_the_new_key_are_one_plan() -> None:
    """Every airing of both is played once, and only what is new is accepted anew."""
    node = ready()
    first, second, third = (node.item(airing=f"p{n}", start=node.utc + n * HOUR) for n in (1, 2, 3))
    node.plan(first, second)
    node.send(node.trust(BOTH))
    node.advance(HOUR + 60_000)
    node.plan(second, third, kid="k-plan-2")
    node.advance(3 * HOUR)
    assert played(node) == ["p1", "p2", "p3"]
    assert node.words("p2") == ["accepted", "started", "finished"]


def test_a_plan_by_a_key_that_no_trust_names_yet_is_nothing() -> None:
    """The trust comes first, or the plan again."""
    node = ready()
    item = node.item()
    assert of(ev.Fetch, node.plan(item, kid="k-plan-2")) == []
    node.send(node.trust(BOTH))
    node.plan(item, kid="k-plan-2")
    node.advance(100)
    assert node.words() == ["accepted"]


def test_what_a_newer_plan_holds_does_not_fall_with_the_key_of_an_older_one() -> None:
    """It waits by the newest plan that names it."""
    node = ready()
    item = node.item()
    node.plan(item)
    node.send(node.trust(BOTH))
    node.plan(item, kid="k-plan-2")
    revoke(node, "k-plan")
    node.advance(2 * HOUR)
    assert node.words() == ["accepted", "started", "finished"]


@pytest.mark.wire(23)
def test_a_revoked_plan_is_forgotten_and_its_airings_come_again_by_the_good_key() -> None:
    """Accepted twice, played once."""
    node = ready()
    item = node.item()
    node.plan(item)
    revoke(node, "k-plan")
    assert node.engine.versions.plan == 0
    assert "plan" not in node.kept
    node.plan(item, kid="k-plan-2")
    node.advance(2 * HOUR)
    assert node.words() == ["accepted", "accepted", "started", "finished"]
    assert played(node) == ["a1"]


def test_a_plan_on_its_way_falls_with_its_own_key_only() -> None:
    """Its body comes when the older plan's key is already revoked: it is taken in. One by the revoked key itself is not."""
    node = ready()
    node.plan(node.item(airing="p1"))
    node.send(node.trust(BOTH))
    fetch = of(ev.Fetch, node.plan(node.item(airing="p2"), kid="k-plan-2", fetched=False))
    assert len(fetch) == 1
    revoke(node, "k-plan")
    assert node.engine._papers.pending is not None
    revoke(node, "k-plan-2")
    assert node.engine._papers.pending is None


@pytest.mark.wire(23)
def test_an_order_by_a_revoked_key_is_forgotten_without_a_word_and_the_same_airing_by_a_good_key_is_played() -> None:
    """An end would bar it. It is gone from the disk too, so that a power cut brings nothing back."""
    node = ready()
    start = node.utc + 60_000
    node.say(start=start)
    node.advance(100)
    assert "order/a1" in node.kept
    effects = revoke(node, "k-order")
    assert "order/a1" not in node.kept
    assert not of(ev.Alarm, effects)
    assert node.words() == ["accepted"]
    node.power_cut()
    node.connect()
    node.answer()
    node.say(start=start, kid="k-order-2")
    node.advance(180_000)
    assert node.words() == ["accepted", "accepted", "started", "finished"]
    assert played(node) == ["a1"]


@pytest.mark.wire(23)
def test_an_order_by_a_revoked_key_makes_no_sound_if_nobody_seals_it_anew() -> None:
    """Neither itself, nor said again."""
    node = ready()
    token = node.order(start=node.utc + 60_000)
    node.send(token)
    revoke(node, "k-order")
    node.send(token)
    node.advance(180_000)
    assert node.words() == ["accepted"]
    assert not node.plays


def test_what_sounds_goes_on_and_is_not_played_again() -> None:
    """It was spent; the good key's order for it finds that it ended."""
    node = ready()
    start = node.utc
    node.say(start=start)
    node.advance(5_000)
    revoke(node, "k-order")
    node.say(start=start, kid="k-order-2")
    node.advance(60_000)
    node.say(start=start, kid="k-order-2")
    assert played(node) == ["a1"]
    assert node.words()[-1] == "finished"


@pytest.mark.parametrize("kid", ["k-order", "k-plan"])
def test_what_waited_for_the_time_under_a_key_that_is_now_revoked_is_only_counted(kid: str) -> None:
    """No receipt says refused: that would be an end in the controller's ledger."""
    node = Harness()
    node.connect()
    node.send(node.trust(BOTH))
    node.send(node.config())
    item = node.item()
    if kid == "k-order":
        node.say(start=item.start)
    else:
        node.plan(item)
    before = node.engine.refused_seals
    revoke(node, kid)
    assert node.engine.refused_seals == before + 1
    node.answer()
    assert not node.receipts()
    assert not node.fetches
    if kid == "k-order":
        node.say(start=item.start, kid="k-order-2")
    else:
        node.plan(item, kid="k-plan-2")
    node.advance(2 * HOUR)
    assert node.words() == ["accepted", "started", "finished"]


def test_a_config_stays_in_force_until_a_newer_one_but_not_over_a_boot() -> None:
    """Silence is not what a revocation costs, as long as the power stays on."""
    node = ready()
    keys = (*(key for key in ALL_KEYS if key.kid != "k-config"), trust_key("k-order-2", m.Use.CONFIG))
    node.send(node.trust(keys, revoked=("k-config",)))
    assert node.engine.is_open
    node.power_cut()
    assert "config" not in node.kept
    node.connect()
    node.answer()
    assert not node.engine.is_open
    node.send(node.seal("k-order-2", m.Config(**node.claims(), version=9, path=("tinh", "xa", "xom"), since=0)))
    assert node.engine.is_open
