"""Trust, config, plan: newer replaces older; moves; births and wills; downloads."""

from __future__ import annotations

from base64 import urlsafe_b64decode

import pytest

from controller.domain.airing import Klass
from controller.domain.node import Presence
from controller.protocol import messages as m
from controller.protocol import topics
from controller.protocol.keys import to_text
from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import ALL_KEYS, CLIP, HOUR, NODE, NODE_KEY, OTHER_CLIP, Harness, of, ready, trust_key

FLOORS = m.Floors(trust=1, config=99, plan=0)


@pytest.mark.wire(5, 6)
def test_a_birth_subscribes_says_its_state_and_asks() -> None:
    """First its inbox only; with a config also its units' orders and its village's plan."""
    node = Harness()
    effects = node.connect()
    assert of(ev.Subscribe, effects) == [ev.Subscribe(topics=(topics.inbox(NODE),))]
    assert [type(each).__name__ for each in node.said] == ["NodeState", "Ask"]
    node.settle_in()
    node.do(ev.Disconnected())
    assert set(of(ev.Subscribe, node.connect())[0].topics) == set(topics.subscriptions_of(NODE, ("tinh", "xa", "xom")))


@pytest.mark.wire(4, 35)
def test_a_will_is_the_last_word_of_its_own_connection_and_older_than_the_next_birth() -> None:
    """Ordered by boot, connection, counter."""
    node = Harness()
    words = []
    for _ in range(2):
        will = node.read(node.engine.will(node.now))
        assert isinstance(will, m.NodeState)
        assert not will.online
        node.settle_in()
        node.advance(1_000)
        words += [*node.heard(m.NodeState), will]
        node.said.clear()
        node.do(ev.Disconnected())
    orders = [Presence(boot=each.boot, connection=each.connection, counter=each.counter) for each in words]
    assert orders == sorted(orders)
    assert len(orders) == len(set(orders)) == 6


@pytest.mark.wire(35)
def test_boots_are_counted_on_disk() -> None:
    """A second boot is a later presence of the same life."""
    node = Harness()
    life = node.engine.life
    node.power_cut()
    assert (node.engine.boot, node.engine.life, node.kept["boot"]) == (2, life, b"2")


@pytest.mark.wire(37)
def test_new_documents_are_told_in_one_change_of_state() -> None:
    """Half a second after the first of them."""
    node = ready()
    node.plan(node.item(), version=8)
    node.advance(600)
    states = node.heard(m.NodeState)
    assert len(states) == 2
    assert states[-1].versions == m.Versions(trust=1, config=2, plan=8)


@pytest.mark.parametrize("older", [1, 2])
@pytest.mark.wire(31)
def test_an_older_or_equal_config_changes_nothing(older: int) -> None:
    """Versions only rise."""
    node = ready()
    assert of(ev.Keep, node.send(node.config(version=older, health_s=10))) == []


@pytest.mark.wire(22, 51)
def test_a_trust_below_the_floor_is_nothing() -> None:
    """A replayed trust with a key that was revoked since."""
    node = Harness()
    node.connect()
    node.send(node.trust(version=3))
    node.send(node.config())
    node.answer(floors=m.Floors(trust=7, config=0, plan=0))
    node.send(node.trust(version=6))
    assert node.engine.versions.trust == 3
    assert not node.engine.is_open
    node.send(node.trust(version=7))
    assert node.engine.is_open


@pytest.mark.wire(22)
def test_only_the_pinned_root_seals_trust() -> None:
    """Not even a key that trust itself names."""
    node = ready()
    token = node.seal("k-config", m.Trust(**node.claims("all"), version=99, keys=()))
    node.send(token)
    assert node.engine.versions.trust == 1


@pytest.mark.wire(7, 71, 51)
def test_a_move_to_another_village_drops_the_old_plan_and_its_topics() -> None:
    """Cancelled, because moved; what is addressed to the new place is heard."""
    node = ready()
    node.plan(node.item(airing="p1"))
    node.say(airing="o1", start=node.utc + HOUR, aud="xom")
    node.say(airing="o2", start=node.utc + HOUR, aud="xa")
    effects = node.send(node.config(path=("tinh", "xa", "xom-2")))
    assert node.words("p1") == ["accepted", "cancelled moved"]
    assert node.words("o1") == ["accepted", "cancelled moved"]
    assert node.words("o2") == ["accepted"]
    assert "plan" not in node.kept
    change = of(ev.Subscribe, effects)[0]
    assert change.topics == (topics.unit_order("xom-2"), topics.village_plan("xom-2"))
    assert change.drop == (topics.unit_order("xom"), topics.village_plan("xom"))


@pytest.mark.wire(28)
def test_an_older_plan_and_one_below_the_floor_are_nothing() -> None:
    """No fetch is wasted on them."""
    node = ready()
    node.plan(node.item(), version=30)
    assert of(ev.Fetch, node.plan(node.item(rev=2), version=29)) == []


@pytest.mark.wire(29)
def test_a_plan_that_does_not_match_its_head_is_an_alarm() -> None:
    """Another village's body under our head."""
    node = ready()
    assert of(ev.Alarm, node.plan(node.item(), village="elsewhere")) == [ev.Alarm(code="plan.body")]
    assert node.engine.versions.plan == 0


@pytest.mark.wire(30, 66)
def test_a_newer_plan_cancels_what_vanished_and_accepts_what_is_new() -> None:
    """What stayed is not accepted twice."""
    node = ready()
    stays, goes, comes = (node.item(airing=name) for name in ("stays", "goes", "comes"))
    node.plan(stays, goes)
    node.plan(stays, comes)
    assert node.words("stays") == ["accepted"]
    assert node.words("goes") == ["accepted", "cancelled plan"]
    assert node.words("comes") == ["accepted"]


@pytest.mark.wire(19, 30)
def test_a_plan_key_with_a_class_carries_no_other() -> None:
    """The item is refused, the rest of the plan stands."""
    node = Harness().settle_in()
    keys = (*ALL_KEYS, trust_key("k-village", m.Use.PLAN, classes=(Klass.NORMAL,)))
    node.send(node.trust(tuple(key for key in keys if key.kid != "k-village" or key.use is m.Use.PLAN)))
    node.plan(node.item(airing="n1"), node.item(airing="p1", klass=Klass.PRIORITY), kid="k-village")
    assert node.words("p1") == ["refused trust"]
    assert node.words("n1") == ["accepted"]


@pytest.mark.wire(30)
def test_an_item_beyond_its_plans_last_day_is_refused() -> None:
    """A plan is what will be heard until `valid_until`."""
    node = ready()
    node.plan(node.item(start=node.utc + 3 * HOUR), valid_until=node.utc + 2 * HOUR)
    assert node.words() == ["refused expired"]


@pytest.mark.wire(64, 53)
def test_a_stop_silences_a_planned_item_and_the_plan_does_not_wake_it() -> None:
    """The tombstone wins over any version of the plan."""
    node = ready()
    item = node.item()
    node.plan(item)
    node.stop()
    node.plan(item, node.item(airing="b1"))
    node.advance(2 * HOUR)
    assert [play.airing for play in node.plays] == ["b1"]


# ── downloads ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_clips_are_fetched_one_at_a_time_soonest_first() -> None:
    """A thin line serves the next airing, not all of them a little; held clips come last."""
    always = m.Held(sha256="cc" * 32, size=5)
    node = ready(hold=(always,))
    node.do(ev.Fetched(sha256="cc" * 32))
    node.fetches.clear()
    node.plan(*(node.item(airing=f"p{n}", start=node.utc + (9 - n) * HOUR, sha256=f"{n}" * 64) for n in range(1, 4)))
    for digit in "321":
        assert node.fetches[-1].sha256 == digit * 64
        node.do(ev.Fetched(sha256=digit * 64))
    assert len(node.fetches) == 4  # the plan's body was the first


def test_an_emergencys_clip_does_not_queue() -> None:
    """It is fetched beside the one under way."""
    node = ready()
    node.say(airing="n1", start=node.utc + HOUR, sha256="11" * 32)
    effects = node.say(airing="e1", klass=Klass.EMERGENCY, sha256="22" * 32)
    assert [fetch.sha256 for fetch in of(ev.Fetch, effects)] == ["22" * 32]


@pytest.mark.wire(42)
def test_a_failed_fetch_is_tried_again_and_after_eight_times_it_is_a_failure() -> None:
    """2, 5, 10, 20 s ...; the reason is the driver's."""
    node = ready()
    node.say(start=node.utc + 600_000, sha256=OTHER_CLIP)
    node.advance(100)
    while node.words() == ["accepted"]:
        tried = len(node.fetches)
        node.do(ev.FetchFailed(sha256=OTHER_CLIP, why="status"))
        node.advance(30_000)
        assert len(node.fetches) <= tried + 1
    assert len(node.fetches) == 8
    assert node.words() == ["accepted", "failed status"]


@pytest.mark.wire(42)
def test_a_dead_line_today_does_not_fail_tomorrows_airing() -> None:
    """It rests for an hour, then tries again."""
    node = ready()
    node.say(start=node.utc + 20 * HOUR, sha256=OTHER_CLIP)
    for _ in range(8):
        node.do(ev.FetchFailed(sha256=OTHER_CLIP, why="link"))
        node.advance(30_000)
    assert node.words() == ["accepted"]
    tried = len(node.fetches)
    node.advance(HOUR)
    assert len(node.fetches) == tried + 1


def test_a_full_disk_is_a_failure_at_once_unless_something_can_go() -> None:
    """First what nothing needs is dropped."""
    node = ready()
    node.say(start=node.utc + HOUR, sha256=OTHER_CLIP)
    assert of(ev.DropClip, node.do(ev.FetchFailed(sha256=OTHER_CLIP, why="disk"))) == [ev.DropClip(sha256=CLIP)]
    node.advance(5_000)
    assert len(node.fetches) == 2
    node.do(ev.FetchFailed(sha256=OTHER_CLIP, why="disk"))
    assert node.words() == ["accepted", "failed disk"]


@pytest.mark.wire(32)
def test_held_clips_are_kept_and_fetched_and_idle_ones_leave_beyond_a_number() -> None:
    """64 idle clips stay for tomorrow."""
    node = Harness(clips={f"{n:064x}" for n in range(100)})
    node.settle_in(hold=(m.Held(sha256=f"{5:064x}", size=9), m.Held(sha256=OTHER_CLIP, size=9)))
    assert [fetch.sha256 for fetch in node.fetches] == [OTHER_CLIP]
    assert len(node.engine.clips) == 65
    assert f"{5:064x}" in node.engine.clips


@pytest.mark.wire(38)
def test_health_comes_once_a_period_and_faster_while_it_sounds() -> None:
    """60 s idle, 10 s while playing."""
    node = ready(health_s=60)
    node.advance(60_000)
    node.said.clear()
    node.advance(600_000)
    assert len(node.heard(m.Health)) == 10
    node.say(duration=60_000)
    node.said.clear()
    node.advance(55_000)
    playing = [health for health in node.heard(m.Health) if health.playing == "a1"]
    assert len(playing) == 5
    assert playing[0].clips == 1


@pytest.mark.wire(52)
def test_floors_above_what_we_hold_silence_what_was_accepted() -> None:
    """The controller made a stricter config; until it is here nothing sounds, and that is the reason given."""
    node = ready()
    node.say(start=node.utc + 60_000)
    node.advance(2_000)
    node.send(node.seal("k-answer", m.Answer(**node.claims(), life=node.engine.life, upto=1, floors=FLOORS)))
    node.power_cut()
    node.connect()
    node.answer()
    node.advance(200_000)
    assert not node.plays
    assert node.words()[-1] == "missed floors"


@pytest.mark.wire(51, 52)
def test_floors_that_come_without_a_question_hold_at_once() -> None:
    """They only ever rise, so a replayed one does no harm."""
    node = ready()
    node.say(start=node.utc + 60_000)
    node.send(node.seal("k-answer", m.Answer(**node.claims(), life=node.engine.life, upto=1, floors=FLOORS)))
    assert not node.engine.is_open
    node.advance(200_000)
    assert not node.plays


@pytest.mark.wire(92)
def test_no_message_of_a_node_shows_its_key() -> None:
    """Neither as it is written nor as it is: not in any message of a day's work, nor in what its memory keeps."""
    node = ready()
    node.say()
    node.advance(120_000)
    node.power_cut()
    node.connect()
    node.advance(60_000)
    shown = [one.payload + b64(one.payload) for one in node.journal if isinstance(one, ev.Publish)]
    for text in (*shown, *node.kept.values()):
        assert to_text(NODE_KEY).encode() not in text
        assert NODE_KEY not in text
        assert NODE_KEY.hex().encode() not in text


def b64(token: bytes) -> bytes:
    """The payload of a token, opened."""
    return urlsafe_b64decode(token.split(b".")[1] + b"==")
