"""Bounds, and what a foreign or repeated word of the player, the server or the controller does not do."""

from __future__ import annotations

from hashlib import sha256

from controller.domain.airing import Klass
from controller.protocol import messages as m
from controller.protocol import topics
from controller.protocol.codec import encode
from firmware_bridge import events as ev
from firmware_bridge.intake import MAX_HELD
from firmware_bridge.larder import MAX_IDLE_CLIPS
from firmware_bridge.ledger import MAX_RECEIPTS
from tests.unit.firmware_bridge.harness import ALL_KEYS, CLIP, HOUR, KEYS, NODE, OTHER_CLIP, Harness, of, ready, trust_key


def plan_body(node: Harness, version: int, *items: m.PlanItem) -> bytes:
    """What a server would serve."""
    return encode(m.PlanBody(village="xom", version=version, valid_until=node.utc + 48 * HOUR, items=items))


def head_of(node: Harness, version: int, data: bytes, size: int | None = None) -> bytes:
    """The sealed head that means `data`."""
    digest = sha256(data).hexdigest()
    return node.seal("k-plan", m.PlanHead(**node.claims("xom"), version=version, sha256=digest, size=size or len(data)))


# ── the door ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_names_of_keys_that_nobody_holds_cost_no_signature() -> None:
    """A flood under strange names leaves a second's seals for those that are known."""
    node = ready()
    node.advance(5_000)
    KEYS["k-strange"] = KEYS["k-order"]
    try:
        strange = node.order(kid="k-strange", airing="s1")
    finally:
        del KEYS["k-strange"]
    before = node.verified
    for _ in range(500):
        node.send(strange, topics.unit_order("xa"))
    node.say()
    assert node.verified == before + 1
    assert node.engine.refused_seals == 500


def test_what_is_held_for_the_time_is_bounded() -> None:
    """One more is counted; the controller offers it again."""
    node = ready()
    node.power_cut()
    node.connect()
    for number in range(MAX_HELD + 1):
        node.now += 60
        node.say(airing=f"h{number}", start=node.utc + HOUR)
    assert node.engine.refused_seals == 1
    node.answer()
    node.advance(1_000)
    assert node.words(f"h{MAX_HELD - 1}") == ["accepted"]
    assert not node.words(f"h{MAX_HELD}")


def test_a_trust_for_another_node_is_nothing() -> None:
    """Once it knows where it stands."""
    node = ready()
    node.send(node.trust(aud="cot-2"))
    node.send(node.trust(aud="xom-2"))
    assert node.engine.versions.trust == 1
    node.send(node.trust(aud=NODE))
    assert node.engine.versions.trust > 1


def test_a_stop_of_an_older_revision_stops_nothing() -> None:
    """It was meant for what the newer one replaced."""
    node = ready()
    node.say(rev=3, start=node.utc + 10_000)
    node.stop(rev=2)
    node.advance(60_000)
    assert node.words()[-1] == "finished"


def test_a_full_ledger_takes_no_refusal_either() -> None:
    """What is not to be remembered must not fill what is."""
    node = ready()
    for _ in range(MAX_RECEIPTS - node.engine.outstanding):
        node.engine._ledger.say([], "x", 1, m.ReceiptState.ACCEPTED, 0, 0)
    node.say(exp=node.utc - 60_000, iat=node.utc - 120_000)
    assert node.engine.outstanding == MAX_RECEIPTS


def test_who_replays_hears_how_it_stands_once_a_connection_though_all_is_covered() -> None:
    """Else every replay would cost the SIM card a receipt and its answer."""
    node = ready()
    token = node.order()
    node.send(token)
    node.advance(60_000)
    for upto in range(3, 8):
        node.cover(upto)
        node.send(token)
        node.advance(1_000)
    assert node.words() == ["accepted", "started", "finished", "finished"]


# ── the player ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_stop_between_the_asking_and_the_first_sample_is_a_cancel() -> None:
    """The player was asked ahead of time; nobody has heard anything."""
    node = ready()
    node.say()
    assert node.plays[0].at_ms > node.now
    node.stop()
    assert node.words()[-1] == "cancelled stop"
    assert ev.Silence(airing="a1") in node.journal


def test_the_horn_is_silenced_before_an_emergency_takes_it() -> None:
    """In this order, in one turn."""
    node = ready()
    node.say()
    node.advance(5_000)
    effects = node.say(airing="e1", klass=Klass.EMERGENCY)
    horn = [effect for effect in effects if isinstance(effect, ev.Silence | ev.Play)]
    assert [(type(effect), effect.airing) for effect in horn] == [(ev.Silence, "a1"), (ev.Play, "e1")]


def test_a_player_that_says_started_twice_says_it_once() -> None:
    """One word a step."""
    node = ready()
    node.say()
    node.advance(5_000)
    node.do(ev.SoundStarted(airing="a1"))
    node.advance(1_000)
    assert node.words() == ["accepted", "started"]


def test_the_end_of_another_sound_is_not_the_end_of_this() -> None:
    """A late word of a player about what was cut before."""
    node = ready()
    node.say()
    node.advance(5_000)
    node.say(airing="e1", klass=Klass.EMERGENCY)
    node.do(ev.SoundEnded(airing="a1"))
    node.do(ev.SoundStarted(airing="a1"))
    assert node.engine.playing == "e1"


def test_what_sounds_is_left_to_its_end_by_all_but_emergencies() -> None:
    """A priority of the highest rank waits for its turn."""
    node = ready()
    node.say()
    node.advance(5_000)
    node.say(airing="b1", klass=Klass.PRIORITY, rank=9)
    node.advance(100_000)
    assert node.words("a1")[-1] == node.words("b1")[-1] == "finished"


# ── memory ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_untrusted_clock_forgets_no_tombstone() -> None:
    """An RTC that lies by a week must not let an old order sound again."""
    node = ready()
    node.say()
    node.advance(60_000)
    node.booted = ev.Booted(rtc_ms=node.utc + 7 * 24 * HOUR, rtc_u_ms=60_000)
    node.power_cut()
    node.connect()
    node.advance(5 * 60_000)
    assert "airing/a1" in node.kept


def test_a_tombstone_of_a_plans_item_is_kept_for_a_day() -> None:
    """No expiry lengthens it, as an order's would."""
    node = ready()
    node.plan(node.item())
    node.advance(20 * HOUR)
    assert "airing/a1" in node.kept
    node.answer()
    node.advance(10 * HOUR)
    assert "airing/a1" not in node.kept


def test_an_order_on_disk_for_another_place_is_not_obeyed() -> None:
    """A record that came there with another loudspeaker's disk: true, but not for us."""
    node = ready()
    node.kept["order/b1"] = node.order(airing="b1", aud="xom-2")
    node.power_cut()
    node.connect()
    node.answer()
    node.advance(60_000)
    assert not node.plays


def test_an_older_upto_uncovers_nothing() -> None:
    """Answers come in any order; `from` only rises."""
    node = ready()
    node.say()
    node.advance(60_000)
    node.cover(3)
    node.cover(1)
    assert node.kept["from"] == b"4"


def test_what_is_covered_in_part_is_kept_in_part() -> None:
    """Up to the number that was said, and no further."""
    node = ready()
    node.say()
    node.advance(60_000)
    node.cover(2)
    assert node.engine.outstanding == 1
    assert [key for key in node.kept if key.startswith("receipt/")] == ["receipt/3"]


def test_a_power_cut_anywhere_in_a_cover_brings_no_covered_word_back() -> None:
    """Some were erased, some not yet: none of them is said again."""
    node = ready()
    node.say()
    node.advance(60_000)
    begin = len(node.journal)
    node.cover(3)
    for other in node.cut_anywhere(begin + 1):
        assert other.engine.outstanding == 0
        assert not [key for key in other.kept if key.startswith("receipt/")]


def test_a_config_on_disk_is_held_to_its_key_again_at_boot() -> None:
    """The config key was narrowed to another commune since: what it sealed is not obeyed after a power cut."""
    node = ready()
    others = [key for key in ALL_KEYS if key.kid != "k-config"]
    node.send(node.trust((*others, trust_key("k-config", m.Use.CONFIG, units=("elsewhere",)))))
    node.power_cut()
    assert node.engine.versions.config == 0


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_base_nothing_is_fetched() -> None:
    """Neither the set-up nor a config named a server."""
    node = ready()
    node.engine._errands._bases = ()
    assert not of(ev.Fetch, node.say(sha256=OTHER_CLIP))
    assert of(ev.Fetch, node.send(node.config(bases=("http://far/clips",))))


def test_a_file_that_failed_eight_times_rests_whatever_else_is_fetched() -> None:
    """Another order's clip is asked for; this one only when its hour is over."""
    node = ready()
    node.say(start=node.utc + 20 * HOUR, sha256=OTHER_CLIP)
    for _ in range(8):
        node.do(ev.FetchFailed(sha256=OTHER_CLIP, why="status"))
        node.advance(30_000)
    fetches = of(ev.Fetch, node.say(airing="b1", start=node.utc + 20 * HOUR, sha256="c3" * 32))
    assert [fetch.sha256 for fetch in fetches] == ["c3" * 32]


def test_a_plan_that_is_longer_than_its_head_says_is_an_alarm() -> None:
    """Though its hash is right: who announced less would have had us stop."""
    node = ready()
    data = plan_body(node, 50)
    node.send(head_of(node, 50, data, size=len(data) - 1))
    effects = node.do(ev.Fetched(sha256=sha256(data).hexdigest(), data=data))
    assert of(ev.Alarm, effects) == [ev.Alarm(code="plan.body")]
    assert node.engine.versions.plan == 0


def test_a_body_that_nobody_waits_for_is_no_plan() -> None:
    """The body of an older head comes after the newer head."""
    node = ready()
    old, new = plan_body(node, 50, node.item(airing="old")), plan_body(node, 51, node.item(airing="new"))
    node.send(head_of(node, 50, old))
    node.send(head_of(node, 51, new))
    assert not of(ev.Alarm, node.do(ev.Fetched(sha256=sha256(old).hexdigest(), data=old)))
    node.do(ev.Fetched(sha256=sha256(new).hexdigest(), data=new))
    node.advance(100)
    assert node.words("new") == ["accepted"]
    assert not node.words("old")


def test_a_body_that_comes_after_its_key_was_left_out_is_no_plan() -> None:
    """The head was true when it came; a newer trust names its key no more."""
    node = ready()
    data = plan_body(node, 50, node.item())
    node.send(head_of(node, 50, data))
    node.send(node.trust(keys=tuple(key for key in ALL_KEYS if key.kid != "k-plan")))
    node.do(ev.Fetched(sha256=sha256(data).hexdigest(), data=data))
    node.advance(2 * HOUR)
    assert node.engine.versions.plan == 0
    assert not node.plays


def test_a_clip_that_sounds_is_not_dropped() -> None:
    """The disk is full and everything idle goes, but not what the player reads."""
    node = Harness(clips={CLIP, *(f"{number:064x}" for number in range(MAX_IDLE_CLIPS - 1))})
    node.settle_in()
    node.say()
    node.advance(5_000)
    node.say(airing="b1", start=node.utc + HOUR, sha256=OTHER_CLIP)
    effects = node.do(ev.FetchFailed(sha256=OTHER_CLIP, why="disk"))
    assert len(of(ev.DropClip, effects)) == MAX_IDLE_CLIPS - 1
    assert CLIP in node.engine.clips
