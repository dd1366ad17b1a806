"""Power cuts, wiped disks, receipts: what it must not forget, and what it says of it."""

from __future__ import annotations

from typing import Any

import pytest

from controller.domain.airing import Klass
from controller.domain.delivery import Evidence
from controller.protocol import messages as m
from firmware_bridge import events as ev
from firmware_bridge.ledger import BATCH, IN_FLIGHT, MAX_RECEIPTS, Ledger
from firmware_bridge.memory import Remembered
from tests.unit.firmware_bridge.harness import HOUR, MONDAY_10H, OTHER_CLIP, Harness, of, ready

ENDS = ("finished", "cut", "failed", "missed", "refused", "cancelled")


@pytest.mark.wire(70, 53)
def test_a_power_cut_within_the_sound_is_a_cut_and_no_second_sound() -> None:
    """It is spent; the order, offered again, does not wake it."""
    node = ready()
    again = node.order()
    node.send(again)
    node.advance(5_000)
    node.power_cut()
    node.settle_in()
    node.send(again)
    node.advance(60_000)
    assert node.words()[-1] == "cut power"
    assert len(node.plays) == 1


@pytest.mark.wire(53, 66, 70)
def test_a_power_cut_anywhere_in_an_order_plays_at_most_once_and_tells_the_end() -> None:
    """After each single effect of an order's whole life: boot, and either it still plays or it says why not."""
    node = ready()
    begin = len(node.journal)
    token = node.order(start=node.utc + 2_000)
    node.send(token)
    node.advance(40_000)
    for other in node.cut_anywhere(begin, back_ms=38_000):
        other.settle_in()
        other.send(token)
        other.advance(120_000)
        ends = [word for word in other.words() if word.split()[0] in ENDS]
        assert len(ends) == 1, other.words()
        assert ends[0] == "finished" or "started" in node.kept["airing/a1"].decode() or ends[0] in ("cut power", "missed off")


def test_a_power_cut_anywhere_in_a_stop_never_sounds_after_cancelled_was_said() -> None:
    """The receipt is on disk before the tombstone: what lies between is mended at boot."""
    node = ready()
    token = node.order(start=node.utc + 60_000)
    node.send(token)
    begin = len(node.journal)
    node.stop()
    for other in node.cut_anywhere(begin):
        other.settle_in()
        other.send(token)
        other.advance(120_000)
        said_cancelled = any(word.startswith("cancelled") for word in other.words())
        assert said_cancelled is not bool(other.plays)


@pytest.mark.wire(66, 70)
def test_a_power_cut_anywhere_in_a_plan_loses_no_item() -> None:
    """The plan is offered again until the node says it holds it; each item sounds once."""
    node = ready()
    items = [node.item(airing=f"p{n}", start=node.utc + 60_000 * (n + 1), duration=5_000) for n in range(3)]
    begin = len(node.journal)
    node.plan(*items, version=50)
    for other in node.cut_anywhere(begin):
        other.settle_in()
        if other.engine.versions.plan < 50:
            other.plan(*items, version=50)
        other.advance(300_000)
        assert [play.airing for play in other.plays] == ["p0", "p1", "p2"]


def test_what_passed_while_the_power_was_off_is_missed_and_says_so() -> None:
    """Once the clock is trusted."""
    node = ready()
    node.plan(node.item(airing="p1", start=node.utc + 60_000))
    node.say(start=node.utc + 60_000)
    node.advance(100)
    node.now += HOUR
    node.power_cut()
    assert node.words("p1") == ["accepted"]
    node.settle_in()
    assert node.words("p1") == ["accepted", "missed off"]
    assert node.words("a1") == ["accepted", "missed off"]


@pytest.mark.wire(66, 70)
def test_an_order_that_survived_a_power_cut_says_again_that_it_was_accepted() -> None:
    """The word may have been lost between the order's record and its receipt."""
    node = ready()
    node.say(start=node.utc + HOUR)
    node.power_cut()
    node.settle_in()
    assert node.words() == ["accepted", "accepted"]


@pytest.mark.wire(50)
def test_an_empty_memory_makes_a_new_life_that_is_silent_until_it_knows_the_floors() -> None:
    """A wiped disk obeys no old plan and no old order, even with keys and clock."""
    node = ready()
    node.plan(node.item(), version=40)
    old = node.plan
    life, node.kept = node.engine.life, {}
    node.boot()
    assert node.engine.life != life
    node.booted = ev.Booted(rtc_ms=node.utc, rtc_u_ms=5)
    node.kept = {}
    node.boot()
    node.connect()
    node.send(node.trust())
    node.send(node.config())
    node.say(airing="b1", start=node.utc + 20_000)
    node.advance(5_000)
    assert not node.plays
    node.answer(floors=m.Floors(trust=1, config=1, plan=50))
    old(node.item(), version=40)
    assert node.engine.versions.plan == 0
    node.advance(20_000)
    assert [play.airing for play in node.plays] == ["b1"]


@pytest.mark.wire(52)
def test_documents_older_than_the_floors_make_it_silent() -> None:
    """A replayed trust or config of last year is not enough."""
    node = Harness()
    node.connect()
    node.send(node.trust())
    node.send(node.config())
    node.answer(floors=m.Floors(trust=1, config=9, plan=0))
    node.say()
    node.advance(2_000)
    assert not node.plays
    node.send(node.config(version=9))
    node.advance(1_000)
    assert len(node.plays) == 1


@pytest.mark.wire(50)
def test_what_waited_in_vain_for_the_floors_says_so() -> None:
    """Held, then judged too late."""
    node = Harness()
    node.connect()
    node.send(node.trust())
    node.send(node.config())
    node.answer(floors=m.Floors(trust=1, config=9, plan=0))
    node.say(grace=3_000)
    node.advance(10_000)
    node.send(node.config(version=9))
    assert node.words() == ["missed floors"]


@pytest.mark.wire(75, 76)
def test_receipts_are_said_again_until_they_are_covered() -> None:
    """10, 30, 60 s; then nothing more."""
    node = ready()
    node.say(start=node.utc + HOUR)
    node.advance(100)
    before = len(node.heard(m.Receipts))
    node.advance(150_000)
    assert len(node.heard(m.Receipts)) - before == 3
    node.cover(1)
    assert node.engine.outstanding == 0
    assert not [key for key in node.kept if key.startswith("receipt/")]
    node.advance(HOUR // 2)
    assert len(node.heard(m.Receipts)) - before == 3


@pytest.mark.wire(76)
def test_a_new_link_brings_all_that_is_uncovered_oldest_first() -> None:
    """What was said into a dead link was not said."""
    node = ready()
    node.do(ev.Disconnected())
    node.plan(*[node.item(airing=f"p{n}") for n in range(100)], fetched=True)
    said = len(node.heard(m.Receipts))
    node.connect()
    batches = node.heard(m.Receipts)[said:]
    assert [len(batch.items) for batch in batches] == [BATCH, 100 - BATCH]
    seqs = [item.seq for batch in batches for item in batch.items]
    assert seqs == sorted(seqs)


def test_a_receipt_message_stays_under_12_kb_when_sealed() -> None:
    """Full of the longest receipts there are."""
    ledger = Ledger(Remembered({"from": b"1000000"}))
    out: list[Any] = []
    for number in range(60):
        ledger.say(out, f"{number:036}", 9, m.ReceiptState.FINISHED, MONDAY_10H, 0, "", Evidence.NOT_MEASURED)
    out.clear()
    ledger.publish(out, 0, 0, ready().engine._voice)
    assert 10_000 < len(out[0].payload) <= 12_000


@pytest.mark.wire(74, 77)
def test_numbers_go_on_after_everything_was_covered_and_the_power_went() -> None:
    """No number is given twice in one life."""
    node = ready()
    node.say()
    node.advance(40_000)
    node.cover(3)
    node.power_cut()
    node.settle_in()
    node.say(airing="b1")
    node.advance(1_000)
    assert [item.seq for item in node.receipts("b1")] == [4, 5]


@pytest.mark.wire(74, 77)
def test_a_rolled_back_disk_gives_its_receipts_new_numbers() -> None:
    """The controller has heard numbers that this disk never gave."""
    node = ready()
    node.say()
    node.advance(1_000)
    effects = node.cover(70)
    assert of(ev.Alarm, effects) == [ev.Alarm(code="memory.rolled-back")]
    node.advance(60_000)
    assert [(item.seq, item.state.value) for item in node.receipts("a1")][-3:] == [
        (71, "accepted"),
        (72, "started"),
        (73, "finished"),
    ]


@pytest.mark.wire(76)
def test_a_months_receipts_do_not_pour_out_in_one_second() -> None:
    """A window of some messages; the next ones follow what is covered."""
    remembered = Remembered({})
    ledger = Ledger(remembered)
    out: list[ev.Effect] = []
    for _ in range(1_000):
        ledger.say(out, "a1", 1, m.ReceiptState.ACCEPTED, 0, 0)
    node = ready()
    out.clear()
    ledger.publish(out, 0, 0, node.engine._voice)
    assert len(out) == IN_FLIGHT // BATCH
    ledger.cover(out, BATCH, 1)
    ledger.publish(out, 1, 0, node.engine._voice)
    assert len(of(ev.Publish, out)) == IN_FLIGHT // BATCH + 1


@pytest.mark.wire(78)
def test_when_no_more_receipts_fit_nothing_new_is_accepted() -> None:
    """What we could not answer for, we do not take."""
    node = ready()
    node.plays_by_itself = False
    for _ in range(MAX_RECEIPTS - node.engine.outstanding):
        node.engine._ledger.say([], "x", 1, m.ReceiptState.ACCEPTED, 0, 0)
    node.say()
    node.advance(1_000)
    assert not node.plays
    assert node.engine.standing("a1")[1] == 0


@pytest.mark.wire(68)
def test_offering_again_what_is_known_is_answered_once_a_connection() -> None:
    """The controller that lost a receipt hears how it stands; a replayer hears nothing more."""
    node = ready()
    token = node.order()
    node.send(token)
    node.advance(40_000)
    node.cover(3)
    for _ in range(5):
        node.send(token)
    assert node.words() == ["accepted", "started", "finished", "finished"]


def test_damaged_records_do_no_harm() -> None:
    """It boots, says so, and takes a damaged airing as spent."""
    node = ready()
    node.kept |= {
        "airing/a1": b"{",
        "receipt/x": b"?",
        "receipt/5": b"[",
        "boot": b"-1",
        "from": b"",
        "floors": b"1",
        "plan": b"\n",
    }
    node.kept |= {"order/b1": b"..", "trust": b"", "config": b"a.b.c"}
    assert ev.Alarm(code="memory.damaged") in node.boot()
    node.settle_in()
    node.say()
    node.advance(1_000)
    assert not node.plays


@pytest.mark.wire(69)
def test_tombstones_outlive_their_airing_by_a_day_and_no_more() -> None:
    """By a trusted clock."""
    node = ready()
    node.say()
    node.advance(20 * HOUR)
    assert "airing/a1" in node.kept
    node.answer()
    node.advance(60 * HOUR)
    assert "airing/a1" not in node.kept


@pytest.mark.wire(75)
def test_a_word_that_was_kept_is_said_after_the_power_came_back() -> None:
    """Nothing said into the dark is lost."""
    node = ready()
    node.do(ev.Disconnected())
    node.say(sha256=OTHER_CLIP)
    node.advance(HOUR)
    node.power_cut()
    node.settle_in()
    assert node.words() == ["accepted", "missed clip"]


@pytest.mark.parametrize("key", ["trust", "config", "plan"])
@pytest.mark.wire(70)
def test_documents_are_verified_again_at_boot(key: str) -> None:
    """A bit that flipped on the disk is not obeyed."""
    node = ready()
    node.plan(node.item())
    flipped = bytearray(node.kept[key])
    flipped[200] ^= 1
    node.kept[key] = bytes(flipped)
    assert ev.Keep(key=key, value=None) in node.boot()
    assert getattr(node.engine.versions, key) == 0


def test_an_emergency_on_disk_wins_over_a_plan_that_names_it() -> None:
    """Also when the power goes: the plan's higher revision is no emergency's."""
    node = ready()
    node.say(airing="e1", klass=Klass.EMERGENCY, start=node.utc + 30_000)
    node.plan(node.item(airing="e1", rev=2))
    node.power_cut()
    node.settle_in()
    node.advance(100_000)
    assert node.words("e1")[-1] == "finished"


def test_an_order_that_was_accepted_has_an_end_however_long_the_power_was_away() -> None:
    """Three days later: missed, and its record is gone. A plan's item that old may have sounded: of it nothing is said."""
    node = ready()
    node.plan(node.item(airing="p1"))
    node.say(start=node.utc + HOUR)
    node.now += 72 * HOUR
    node.power_cut()
    node.settle_in()
    assert node.words("a1") == ["accepted", "missed off"]
    assert node.words("p1") == ["accepted"]
    assert "order/a1" not in node.kept
