"""Which key may say what: use, scope, class and days, for what comes and for what the disk holds."""

from __future__ import annotations

import pytest

from controller.domain.airing import Klass
from controller.protocol import messages as m
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import ALL_KEYS, HOUR, Harness, of, ready, trust_key

NIGHT = m.Policy(hours=(m.Hours(from_minute=5 * 60, to_minute=21 * 60),))


@pytest.mark.parametrize("kid", ["k-plan", "k-config", "k-answer", "k-emergency"])
@pytest.mark.wire(16)
def test_a_key_of_another_use_seals_no_order(kid: str) -> None:
    """Verified, but not allowed: an alarm, a reason, no sound, no record."""
    node = ready()
    effects = node.say(kid=kid)
    assert of(ev.Alarm, effects) == [ev.Alarm(code="order.trust")]
    assert node.words() == ["refused trust"]
    assert "airing/a1" not in node.kept


@pytest.mark.wire(16)
def test_the_order_key_seals_no_emergency() -> None:
    """The emergency key is apart."""
    node = ready()
    node.say(kid="k-order", klass=Klass.EMERGENCY)
    node.advance(1_000)
    assert not node.plays


@pytest.mark.wire(67)
def test_a_refusal_for_trust_can_not_bar_the_real_order() -> None:
    """A thief with some key names an airing before its owner does."""
    node = ready()
    node.say(kid="k-plan", rev=9)
    node.say(start=node.utc + 1_000)
    node.power_cut()
    node.settle_in()
    node.advance(60_000)
    assert node.words()[-1] == "finished"


@pytest.mark.parametrize(("aud", "plays"), [("xom", True), ("xa", False), ("tinh", False)])
@pytest.mark.wire(18)
def test_a_villages_key_speaks_to_its_village_only(aud: str, plays: bool) -> None:
    """Scope: units."""
    node = ready()
    node.say(kid="k-village", aud=aud)
    node.advance(1_000)
    assert bool(node.plays) is plays


@pytest.mark.wire(19)
def test_a_key_without_the_class_seals_no_such_sound() -> None:
    """Scope: classes."""
    node = Harness()
    node.connect()
    keys = (*ALL_KEYS[1:], trust_key("k-order", m.Use.ORDER, classes=(Klass.NORMAL,)))
    node.send(node.trust(keys))
    node.send(node.config())
    node.answer()
    node.say(klass=Klass.PRIORITY)
    node.say(airing="n1")
    node.advance(1_000)
    assert [play.airing for play in node.plays] == ["n1"]


@pytest.mark.parametrize("days", [{"nbf": 4_000_000_000_000}, {"exp": 1}])
@pytest.mark.wire(20)
def test_a_key_outside_its_days_seals_nothing(days: dict[str, int]) -> None:
    """Not before, and not after."""
    node = Harness()
    node.connect()
    node.send(node.trust((*ALL_KEYS[1:], trust_key("k-order", m.Use.ORDER, **days))))
    node.send(node.config())
    node.answer()
    node.say()
    node.advance(1_000)
    assert not node.plays


@pytest.mark.wire(16, 23)
def test_a_revoked_key_is_silent_and_voids_what_waits() -> None:
    """New orders are only counted; what it sealed before and has not sounded is forgotten without a word."""
    node = ready()
    node.say(start=node.utc + 60_000)
    node.send(node.trust(revoked=("k-order",)))
    node.say(airing="b1")
    node.advance(120_000)
    assert node.words("a1") == ["accepted"]
    assert not node.words("b1")
    assert not node.plays


@pytest.mark.wire(16)
def test_a_config_key_can_not_be_the_plan_key() -> None:
    """A lax config sealed by the plan key changes nothing."""
    node = ready(policy=NIGHT)
    lax = m.Config(**node.claims(), version=99, path=("tinh", "xa", "xom"), since=0)
    node.send(node.seal("k-plan", lax))
    assert node.engine.versions.config == 2


@pytest.mark.wire(22)
def test_an_older_trust_is_not_put_back() -> None:
    """A replay of the document from before a key was revoked."""
    node = Harness()
    node.connect()
    old = node.trust()
    node.send(node.trust(revoked=("k-village",)))
    node.send(old)
    assert node.engine.versions.trust == 2


@pytest.mark.wire(20)
def test_a_config_key_outside_its_days_seals_no_config() -> None:
    """Once the clock is trusted."""
    node = ready()
    node.send(node.trust((*(key for key in ALL_KEYS if key.kid != "k-config"), trust_key("k-config", m.Use.CONFIG, exp=1))))
    node.send(node.config())
    assert node.engine.versions.config == 2


@pytest.mark.parametrize(("kid", "use"), [("k-order", m.Use.ORDER), ("k-plan", m.Use.PLAN)])
@pytest.mark.wire(70, 18)
def test_what_the_disk_holds_is_held_to_the_keys_scope_again_at_boot(kid: str, use: m.Use) -> None:
    """The key was narrowed to another commune since."""
    node = ready()
    node.say(start=node.utc + HOUR)
    node.plan(node.item(airing="p1"))
    other = "a1" if kid == "k-plan" else "p1"
    node.send(node.trust((*(key for key in ALL_KEYS if key.kid != kid), trust_key(kid, use, units=("elsewhere",)))))
    node.power_cut()
    node.connect()
    node.answer()
    node.advance(2 * HOUR)
    assert [play.airing for play in node.plays] == [other]
