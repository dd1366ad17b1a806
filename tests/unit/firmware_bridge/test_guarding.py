"""What it will not do: the wrong key, type, place, hour, length or day, and what nobody sealed."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.airing import Klass
from controller.protocol import messages as m
from controller.protocol import topics
from firmware_bridge import events as ev
from firmware_bridge.lifecycle import Airing
from firmware_bridge.memory import MAX_AIRINGS
from tests.unit.firmware_bridge.harness import HOUR, NODE, OTHER_CLIP, PATH, Harness, of, ready

NIGHT = m.Policy(hours=(m.Hours(from_minute=5 * 60, to_minute=21 * 60),))
TOPICS = [*topics.subscriptions_of(NODE, PATH), "tl/1/x", ""]


def silent(node: Harness) -> bool:
    """Nothing was said of a1, nothing waits, nothing sounds."""
    node.advance(5_000)
    return not node.words() and not node.plays


@pytest.mark.wire(56)
def test_quiet_hours_refuse_an_order_and_a_plan_with_the_right_key() -> None:
    """03:15 stays silent, whoever sealed it."""
    node = ready(policy=NIGHT)
    three = node.utc + 17 * HOUR + 15 * 60_000
    node.say(start=three)
    node.plan(node.item(airing="p1", start=three))
    assert node.words("a1") == ["refused hours"]
    assert node.words("p1") == ["refused hours"]
    node.advance(18 * HOUR)
    assert not node.plays


@pytest.mark.wire(56)
def test_an_emergency_passes_quiet_hours() -> None:
    """A flood does not wait for 05:00."""
    node = ready(policy=NIGHT)
    node.advance(17 * HOUR)
    node.answer()
    node.say(klass=Klass.EMERGENCY)
    node.advance(1_000)
    assert len(node.plays) == 1


@pytest.mark.wire(56)
def test_the_end_of_the_sound_must_be_within_hours_too() -> None:
    """20:59:40 for 30 s is refused; 20:59:30 is the last."""
    node = ready(policy=NIGHT)
    nine = node.utc - 1_010 + 11 * HOUR
    node.say(airing="late", start=nine - 20_000)
    node.say(airing="last", start=nine - 31_000)
    node.advance(100)
    assert node.words("late") == ["refused hours"]
    assert node.words("last") == ["accepted"]
    node.advance(11 * HOUR)
    assert [play.airing for play in node.plays] == ["last"]


@pytest.mark.wire(56)
def test_a_clip_that_comes_so_late_that_the_sound_would_enter_the_night_is_refused() -> None:
    """The hours are looked at again in the moment of sounding."""
    node = ready(policy=NIGHT)
    node.say(start=node.utc - 1_010 + 11 * HOUR - 40_000, sha256=OTHER_CLIP)
    node.advance(11 * HOUR - 20_000)
    node.do(ev.Fetched(sha256=OTHER_CLIP))
    assert node.words()[-1] == "refused hours"


@pytest.mark.wire(56)
def test_a_stricter_config_holds_for_what_was_accepted_before() -> None:
    """Accepted under the old hours, refused under the new ones."""
    node = ready()
    node.say(start=node.utc + 12 * HOUR)
    node.send(node.config(policy=NIGHT))
    node.advance(13 * HOUR)
    assert node.words() == ["accepted", "refused hours"]


@pytest.mark.wire(57)
def test_too_long_is_refused() -> None:
    """The config's longest sound holds for every class."""
    node = ready(policy=m.Policy(max_duration=20_000))
    node.say()
    assert node.words() == ["refused length"]


@pytest.mark.parametrize("kind", [m.Kind.LIVE, m.Kind.VOLUME, m.Kind.TEST, m.Kind.RESTART])
@pytest.mark.wire(67)
def test_what_this_node_does_not_do_is_refused_with_a_reason(kind: m.Kind) -> None:
    """Carried and checked, answered, not obeyed."""
    node = ready()
    live = m.LiveSession(session="s", key="A" * 43) if kind is m.Kind.LIVE else None
    node.say(kind=kind, live=live)
    assert node.words() == ["refused unsupported"]


@pytest.mark.wire(20, 67)
def test_an_expired_order_is_refused_and_leaves_no_record() -> None:
    """A replayed order of yesterday fills no table."""
    node = ready()
    old = node.order(exp=node.utc + 1_000)
    node.advance(10_000)
    node.send(old)
    assert node.words() == ["refused expired"]
    assert "airing/a1" not in node.kept


@pytest.mark.wire(20, 67)
def test_an_order_from_the_future_is_refused() -> None:
    """Sealed ahead of time it could be kept and played at will."""
    node = ready()
    node.say(iat=node.utc + 2 * HOUR, exp=node.utc + 3 * HOUR, start=node.utc)
    node.advance(1_000)
    assert node.words() == ["refused future"]


@pytest.mark.parametrize(("aud", "since"), [("elsewhere", 0), ("xa", 2**52)])
@pytest.mark.wire(17, 21)
def test_what_is_meant_for_others_or_was_said_before_we_stood_here_is_nothing(aud: str, since: int) -> None:
    """Units on our path only, issued after `since` only."""
    node = ready(since=since)
    node.say(aud=aud)
    node.advance(1_000)
    assert not node.plays


@pytest.mark.wire(21)
def test_what_is_addressed_to_the_node_itself_needs_no_since() -> None:
    """`since` is about units."""
    node = ready(since=2**52)
    node.send(node.order(aud=NODE))
    node.advance(1_000)
    assert len(node.plays) == 1


@pytest.mark.parametrize("typ", ["tl-plan", "tl-config", "tl-answer", "tl-trust", "tl-state", "tl-receipts"])
@pytest.mark.wire(11)
def test_an_order_under_another_type_is_nothing(typ: str) -> None:
    """Tokens do not cross types."""
    node = ready()
    order = m.Order(**node.claims("xa"), id="o", airing="a1", rev=1, kind=m.Kind.STOP)
    node.send(node.seal("k-order", order, typ=typ))
    assert silent(node)


@pytest.mark.wire(3)
def test_each_topic_carries_its_own_type_only() -> None:
    """A config on the order's topic changes nothing, nor an order on the plan's."""
    node = ready()
    before = node.engine.versions
    node.send(node.config(), topics.unit_order("xa"))
    node.send(node.order(), topics.village_plan("xom"))
    assert node.engine.versions == before
    assert silent(node)


@pytest.mark.wire(14)
def test_a_flood_costs_at_most_twenty_signatures_a_second_and_emergencies_pass() -> None:
    """False signatures under a known kid; the last seals are for emergencies."""
    node = ready()
    node.advance(5_000)
    good = node.order()
    bad = good[:-4] + (b"AAAA" if good[-4:] != b"AAAA" else b"BBBB")
    before = node.verified
    for _ in range(500):
        node.send(bad, topics.unit_order("xa"))
    assert node.verified - before <= 20
    node.say(airing="e1", klass=Klass.EMERGENCY)
    node.advance(1_000)
    assert node.engine.playing == "e1"
    assert node.engine.refused_seals >= 480


@pytest.mark.wire(69)
def test_a_full_table_refuses_and_never_forgets() -> None:
    """2,000 tombstones within their day: the next airing is refused, the first is still known."""
    node = ready()
    for number in range(2_000):
        node.now += 60
        node.stop(airing=f"t{number}")
        if number % 50 == 0:
            node.cover(number + 1)
    node.say()
    assert node.words() == ["refused full"]
    node.say(airing="t0")
    node.advance(1_000)
    assert not node.plays
    node.cover(2_003)
    node.do(ev.Disconnected())
    node.now += 50 * HOUR
    node.connect()
    node.answer()
    node.say(airing="b1")
    node.advance(1_000)
    assert [play.airing for play in node.plays] == ["b1"]


@pytest.mark.wire(15, 27)
def test_random_bytes_on_any_topic_change_nothing() -> None:
    """Not a record, not a word, not a sound."""
    node = ready()
    node.advance(5_000)
    noise = random.Random(1)
    genuine = [node.order(), node.config(), node.trust()]
    kept = dict(node.kept)
    for _ in range(2_000):
        token = bytearray(noise.choice([*genuine, noise.randbytes(noise.randrange(400))]))
        for _ in range(noise.randrange(1, 4)):
            if token:
                token[noise.randrange(len(token))] = noise.randrange(256)
        node.now += 60
        effects = node.send(bytes(token), noise.choice(TOPICS))
        assert not of(ev.Play, effects)
    assert {key: value for key, value in node.kept.items() if not key.startswith("receipt")} == kept


@given(topic=st.sampled_from(TOPICS) | st.text(max_size=40), payload=st.binary(max_size=300))
@pytest.mark.wire(27)
def test_handle_is_total(topic: str, payload: bytes) -> None:
    """Any topic, any bytes: no error, no effect that lasts."""
    node = _SHARED
    effects = node.do(ev.Arrived(topic=topic, payload=payload))
    assert not [effect for effect in effects if isinstance(effect, ev.Keep | ev.Play | ev.Fetch)]


_SHARED = ready()


@pytest.mark.wire(69)
def test_a_stop_that_finds_no_room_for_its_tombstone_is_refused() -> None:
    """What could not be remembered is not promised."""
    node = ready()
    for number in range(MAX_AIRINGS):
        node.engine._list.airings[f"t{number}"] = Airing(f"t{number}", 1, Klass.NORMAL)
    node.stop()
    assert node.words() == ["refused full"]
    assert "airing/a1" not in node.kept


@pytest.mark.wire(31)
def test_a_config_below_the_floor_is_not_taken() -> None:
    """Newer than what we hold, but older than what the controller has made."""
    node = ready()
    node.answer(floors=m.Floors(trust=0, config=9, plan=0))
    node.send(node.config(version=8))
    assert node.engine.versions.config == 2


@pytest.mark.wire(17)
def test_a_plan_for_the_commune_is_no_plan_of_our_village() -> None:
    """Even from a key that reaches it: a plan is its village's."""
    node = ready()
    head = m.PlanHead(**node.claims("xa"), version=9, sha256=OTHER_CLIP, size=10)
    assert not of(ev.Fetch, node.send(node.seal("k-plan", head)))


@pytest.mark.wire(33, 17)
def test_an_answer_to_another_life_or_another_node_covers_nothing() -> None:
    """A cloned disk, a redirected message."""
    node = ready()
    node.say(start=node.utc + HOUR)
    node.send(node.seal("k-answer", m.Answer(**node.claims(), life="0" * 16, upto=1)))
    node.send(node.seal("k-answer", m.Answer(**node.claims("xa"), life=node.engine.life, upto=1)))
    assert node.engine.outstanding == 1


@pytest.mark.wire(20)
def test_what_has_expired_is_not_taken_whatever_it_is() -> None:
    """A config, a trust, and a word that covers receipts."""
    node = ready()
    node.say(start=node.utc + HOUR)
    past = node.utc - 1_000
    node.send(node.config(iat=past - 1, exp=past))
    node.send(node.trust(iat=past - 1, exp=past))
    node.send(node.seal("k-answer", m.Answer(**node.claims(iat=past - 1, exp=past), life=node.engine.life, upto=1)))
    assert (node.engine.versions, node.engine.outstanding) == (m.Versions(trust=1, config=2), 1)
