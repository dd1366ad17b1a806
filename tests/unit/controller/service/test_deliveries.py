from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from controller.db.tables import receipts as table
from controller.domain.delivery import Evidence, State
from controller.domain.node import Node
from controller.protocol.messages import Receipts
from controller.service.deliveries import LINK_AWAY_MS, LINK_UP_MS
from controller.service.ports import Custody, Delivery
from tests.support.people import admin
from tests.unit.controller.service.house import LIFE, NODES, NOW_MS, House, receipt, receipts

LADDER = ("accepted", "cached", "started", "finished")


def kept(house: House) -> int:
    with house.database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def delivery(house: House, airing: str, node: str) -> Delivery:
    with house.work.reading() as tx:
        return tx.deliveries.of_nodes(airing, [node])[node]


# ── the ledger ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_receipts_climb_the_ladder_and_are_all_kept(house: House) -> None:
    airing = house.say("x1-1")
    for seq, word in enumerate(LADDER, start=1):
        taken = house.hear(receipts("x1-1-l1", receipt(seq, airing, word, at=NOW_MS + seq)))
        assert taken.airings == {airing.id}
        assert house.states(airing)["x1-1-l1"] == word
    ended = delivery(house, airing.id, "x1-1-l1")
    assert (ended.at_ms, ended.evidence) == (NOW_MS + 4, Evidence.NOT_MEASURED)
    assert kept(house) == 4
    assert house.states(airing)["x1-1-l2"] is State.PLANNED


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.wire(80)
def test_any_order_and_any_repetition_of_the_same_words_gives_the_same_ledger(small: House, data: st.DataObject) -> None:
    small.clock.advance(10_000_000)
    airing = small.say("x1")
    said = {
        "x1-1-l1": [*LADDER, "finished"],
        "x1-1-l2": ["accepted", "refused"],
        "x1-2-l1": ["accepted", "cached", "started", "cut"],
        "x1-2-l2": ["cached"],
    }
    batches: list[Receipts] = []
    for node, words in said.items():
        for seq, word in enumerate(words, start=1):
            evidence = Evidence.HEARD if seq == 5 else None
            why = "hours" if word in ("refused", "cut") else ""
            batches.append(receipts(node, receipt(seq, airing, word, why=why, evidence=evidence, at=NOW_MS + seq), first=1))
    shuffled = data.draw(st.permutations(batches + data.draw(st.lists(st.sampled_from(batches), max_size=5))))
    cut = data.draw(st.integers(0, len(shuffled)))
    for part in (shuffled[:cut], shuffled[cut:]):
        if part:
            small.hear(*part)
    with small.work.reading() as tx:
        rows = {each.node: (each.state, each.why, each.evidence, each.at_ms) for each in tx.deliveries.of_airing(airing.id)}
    assert rows == {
        "x1-1-l1": (State.FINISHED, "", Evidence.HEARD, NOW_MS + 4),
        "x1-1-l2": (State.REFUSED, "hours", None, NOW_MS + 2),
        "x1-2-l1": (State.CUT, "hours", None, NOW_MS + 4),
        "x1-2-l2": (State.CACHED, "", None, NOW_MS + 1),
    }


def test_many_words_of_many_loudspeakers_in_one_commit_are_as_if_said_one_by_one(house: House) -> None:
    airing = house.say("p04")
    batches = [receipts(node, receipt(seq, airing, word), first=1) for seq, word in enumerate(LADDER, start=1) for node in NODES]
    Random(3).shuffle(batches)
    house.hear(*batches)
    assert set(house.states(airing).values()) == {State.FINISHED}


def test_an_end_stands_whatever_comes_later(house: House) -> None:
    airing = house.say("x1-1")
    house.hear(receipts("x1-1-l1", receipt(1, airing, "missed", why="clock")))
    taken = house.hear(receipts("x1-1-l1", receipt(2, airing, "finished"), receipt(3, airing, "accepted")))
    assert taken.airings == frozenset()
    assert (delivery(house, airing.id, "x1-1-l1").state, delivery(house, airing.id, "x1-1-l1").why) == (State.MISSED, "clock")


def test_evidence_is_added_to_a_finish_and_never_taken_back(house: House) -> None:
    airing = house.say("x1-1")
    house.hear(receipts("x1-1-l1", receipt(1, airing, "finished")))
    house.hear(receipts("x1-1-l1", receipt(2, airing, "finished", evidence=Evidence.SILENT)))
    house.hear(receipts("x1-1-l1", receipt(3, airing, "finished", evidence=Evidence.NOT_MEASURED)))
    assert delivery(house, airing.id, "x1-1-l1").evidence is Evidence.SILENT


@pytest.mark.wire(82)
def test_a_receipt_nobody_expected_makes_a_delivery(house: House) -> None:
    airing = house.say("x1-1")
    house.hear(receipts("x1-2-l1", receipt(1, airing, "started")))
    assert house.states(airing)["x1-2-l1"] is State.STARTED
    assert delivery(house, airing.id, "x1-2-l1").village == "x1-2"


def test_one_that_comes_after_the_airing_was_settled_waits_for_no_sweeper(house: House) -> None:
    airing = house.say("x1-1")
    house.clock.advance(airing.settles_ms - NOW_MS)
    house.sweeper.sweep(house.clock.monotonic_ms() - LINK_UP_MS)
    house.hear(receipts("x1-2-l1", receipt(1, airing, "started")))
    assert house.states(airing)["x1-2-l1"] is State.UNKNOWN
    house.hear(receipts("x1-2-l1", receipt(2, airing, "finished")))
    assert house.states(airing)["x1-2-l1"] is State.FINISHED


def test_one_of_an_airing_that_was_cancelled_asks_for_silence_there_too(house: House) -> None:
    airing = house.say("x1-1")
    house.airings.cancel(airing.id, by=admin())
    house.hear(receipts("x1-2-l1", receipt(1, airing, "accepted")))
    assert house.states(airing)["x1-2-l1"] is State.CANCELLING


def test_words_about_an_airing_that_a_restored_database_forgot_are_kept_and_never_wait(house: House) -> None:
    house.hear(receipts("x1-1-l1", receipt(1, "forgotten", "started")))
    assert kept(house) == 1
    assert delivery(house, "forgotten", "x1-1-l1").state is State.UNKNOWN


def test_words_of_a_retired_or_unknown_loudspeaker_are_kept_but_make_no_delivery(house: House) -> None:
    airing = house.say("x1-1")
    with house.work.writing() as tx:
        tx.nodes.add([Node(id="x1-2-l1", village="x1-2", name="l1", generation=1, since_ms=0, retired_ms=NOW_MS)])
    house.hear(receipts("x1-2-l1", receipt(1, airing, "started")), receipts("nobody", receipt(1, airing, "started")))
    assert set(house.states(airing)) == {"x1-1-l1", "x1-1-l2"}
    assert kept(house) == 2


@pytest.mark.wire(81)
def test_the_same_number_with_other_bytes_is_a_clones_and_both_are_kept(house: House) -> None:
    airing = house.say("x1-1")
    house.hear(receipts("x1-1-l1", receipt(1, airing, "started")))
    house.hear(receipts("x1-1-l1", receipt(1, airing, "started")))
    house.hear(receipts("x1-1-l1", receipt(1, airing, "failed")))
    assert kept(house) == 2


# ── custody ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def upto(house: House, *batches: Receipts) -> int:
    return house.hear(*batches).upto["x1-1-l1", LIFE]


def numbered(*seqs: int, first: int) -> Receipts:
    return receipts("x1-1-l1", *(receipt(seq, f"a{seq}", "accepted") for seq in seqs), first=first)


@pytest.mark.wire(79)
def test_upto_rises_as_far_as_there_is_no_gap(house: House) -> None:
    assert upto(house, numbered(1, 2, first=1)) == 2
    assert upto(house, numbered(4, 5, 7, first=1)) == 2
    assert upto(house, numbered(3, first=3)) == 5
    assert upto(house, numbered(8, first=6)) == 5
    assert upto(house, numbered(6, first=6)) == 8


@pytest.mark.wire(79)
def test_upto_never_falls_when_old_words_come_again(house: House) -> None:
    upto(house, numbered(1, 2, 3, first=1))
    assert upto(house, numbered(1, first=1)) == 3
    assert upto(house, numbered(3, 4, first=3)) == 4


@pytest.mark.wire(79)
def test_what_a_node_no_longer_holds_was_covered_before(house: House) -> None:
    """A restored database begins where the node does."""
    assert upto(house, numbered(101, 102, first=101)) == 102


def test_a_batch_whose_first_word_is_above_the_oldest_held_leaves_the_gap_open(house: House) -> None:
    assert upto(house, numbered(65, 66, first=1)) == 0


def test_each_life_is_counted_by_itself(house: House) -> None:
    upto(house, numbered(1, 2, 3, first=1))
    other = receipts("x1-1-l1", receipt(1, "a1", "accepted"), life="00000000000000bb")
    assert house.hear(other).upto == {("x1-1-l1", "00000000000000bb"): 1}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(1, 7)), life=st.integers(0, 2**63))
def test_a_node_that_repeats_what_is_not_covered_has_all_of_it_covered_in_the_end(
    small: House, order: list[int], life: int
) -> None:
    name = f"{life:016x}"
    with small.work.reading() as tx:
        covered = tx.receipts.custody({("x1-1-l1", name)})["x1-1-l1", name].upto
    for seq in order:
        said = receipts("x1-1-l1", receipt(seq, "a", "accepted"), first=covered + 1 if seq > covered else seq, life=name)
        now = small.hear(said).upto["x1-1-l1", name]
        assert now >= covered
        covered = now
    while covered < 6:
        said = receipts("x1-1-l1", *(receipt(seq, "a", "accepted") for seq in range(covered + 1, 7)), life=name)
        covered = small.hear(said).upto["x1-1-l1", name]
    assert covered == 6


@pytest.mark.wire(79, 89)
def test_a_commit_that_fails_keeps_neither_words_nor_upto(house: House) -> None:
    airing = house.say("x1-1")

    def doomed() -> None:
        with house.work.writing() as tx:
            from controller.service.deliveries import Batch, hear

            hear(tx, [Batch(said=receipts("x1-1-l1", receipt(1, airing, "started")), received_ms=NOW_MS)])
            raise RuntimeError("the power is gone")

    with pytest.raises(RuntimeError):
        doomed()
    assert kept(house) == 0
    assert house.states(airing)["x1-1-l1"] is State.PLANNED
    with house.work.reading() as tx:
        assert tx.receipts.custody({("x1-1-l1", LIFE)}) == {("x1-1-l1", LIFE): Custody(upto=0, highest=0)}


# ── the sweeper ──────────────────────────────────────────────────────────────────────────────────────────────────────


def up_for(house: House, ms: int) -> int:
    return house.clock.monotonic_ms() - ms


@pytest.mark.wire(91)
def test_nothing_is_settled_before_its_deadline(house: House) -> None:
    airing = house.say("x1-1")
    house.clock.advance(airing.settles_ms - NOW_MS - 1)
    assert house.sweeper.sweep(up_for(house, LINK_UP_MS)) == 0
    house.clock.advance(1)
    assert house.sweeper.sweep(up_for(house, LINK_UP_MS)) == 1
    assert set(house.states(airing).values()) == {State.UNKNOWN}
    assert house.bus.airings[airing.id] == 2


@pytest.mark.wire(91)
def test_it_waits_until_the_link_was_up_for_a_minute(house: House) -> None:
    airing = house.say("x1-1")
    house.clock.advance(airing.settles_ms - NOW_MS)
    assert house.sweeper.sweep(None) == 0
    assert house.sweeper.sweep(up_for(house, LINK_UP_MS - 1)) == 0
    assert house.sweeper.sweep(up_for(house, LINK_UP_MS)) == 1


@pytest.mark.wire(91)
def test_it_does_not_wait_for_a_link_for_ever(house: House) -> None:
    airing = house.say("x1-1")
    house.clock.advance(airing.settles_ms - NOW_MS + LINK_AWAY_MS - 1)
    assert house.sweeper.sweep(None) == 0
    house.clock.advance(1)
    assert house.sweeper.sweep(up_for(house, 5_000)) == 1


@pytest.mark.wire(91)
def test_ends_stand_a_settled_one_is_looked_at_once_and_a_late_true_end_replaces_unknown(house: House) -> None:
    airing = house.say("x1-1")
    house.hear(receipts("x1-1-l1", receipt(1, airing, "finished")))
    house.clock.advance(airing.settles_ms - NOW_MS)
    assert [house.sweeper.sweep(up_for(house, LINK_UP_MS)) for _ in range(2)] == [1, 0]
    assert house.states(airing) == {"x1-1-l1": State.FINISHED, "x1-1-l2": State.UNKNOWN}
    house.hear(receipts("x1-1-l2", receipt(1, airing, "accepted"), receipt(2, airing, "cut", why="power")))
    assert house.states(airing)["x1-1-l2"] is State.CUT


def test_an_asked_for_silence_that_nobody_confirmed_is_unknown_in_the_end(house: House) -> None:
    airing = house.say("x1-1")
    house.airings.cancel(airing.id, by=admin())
    house.clock.advance(airing.settles_ms - NOW_MS)
    house.sweeper.sweep(up_for(house, LINK_UP_MS))
    assert set(house.states(airing).values()) == {State.UNKNOWN}
