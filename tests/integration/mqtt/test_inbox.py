from __future__ import annotations

import threading
import time
from random import Random

import msgspec
import pytest
from sqlalchemy import func, select

from controller.db.tables import node_status
from controller.db.tables import receipts as table
from controller.domain.delivery import State
from controller.domain.node import Node
from controller.mqtt import inbox as module
from controller.mqtt import replays
from controller.mqtt.inbox import UPTO_AFTER_MS, UPTO_BUSY_MS, Inbox
from controller.protocol import seal, topics
from controller.protocol.codec import encode
from controller.protocol.keys import node_kid
from controller.protocol.messages import Answer, Ask, Said
from controller.service.offers import Asked, Offers, Owed
from controller.service.ports import Transaction
from tests.integration.mqtt.helpers import FakeLink, Flaky, until
from tests.unit.controller.service.house import LIFE, House, ask, receipt, receipts, sealed, state

LEAF = {"Ask": "ask", "NodeState": "state", "Receipts": "receipt", "Health": "health"}


class Desk:
    """An inbox over the house's database, turned by hand: `turn()` takes home what was put."""

    def __init__(self, house: House) -> None:
        self.house, self.link, self.database = house, FakeLink(), Flaky(house.work)
        self.offers: Offers = house.offers
        self.inbox = self.new()

    def new(self) -> Inbox:
        return Inbox(
            database=self.database,
            keyring=self.house.keyring,
            offers=self.offers,
            link=self.link,
            clock=self.house.clock,
            bus=self.house.bus,
        )

    def put(self, *said: Said) -> None:
        for each in said:
            self.inbox.put(topics.said(each.node, LEAF[type(each).__name__]), sealed(self.house.keyring, each))

    def turn(self) -> None:
        self.inbox._filled.set()
        self.inbox._turn()

    def later(self, ms: int = UPTO_AFTER_MS) -> None:
        self.house.clock.advance(ms)
        self.turn()

    def answers(self) -> list[Answer]:
        """The answers that were sent, and nothing else that was sent with them."""
        opened = [self.house.opened(token) for topic, token in self.link.sent if token != self.house.keyring.trust]
        return [message for message in opened if isinstance(message, Answer)]

    def kept(self) -> int:
        with self.house.database.read() as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.fixture
def desk(house: House, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(module, "GATHER_S", 0)
    monkeypatch.setattr(module, "RETRY_S", (0.005, 0.01))
    return Desk(house)


# ── custody ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.wire(79)
def test_receipts_are_committed_and_a_little_later_each_life_is_told_how_far(desk: Desk) -> None:
    airing = desk.house.say("x1-1")
    desk.put(receipts("x1-1-l1", receipt(1, airing, "accepted"), receipt(2, airing, "cached")))
    desk.put(receipts("x1-1-l2", receipt(1, airing, "accepted")))
    desk.turn()
    assert (desk.kept(), desk.link.sent) == (3, [])
    assert desk.house.bus.airings[airing.id] == 2
    desk.later()
    assert sorted((answer.aud, answer.life, answer.upto) for answer in desk.answers()) == [
        ("x1-1-l1", LIFE, 2),
        ("x1-1-l2", LIFE, 1),
    ]
    desk.later()
    assert len(desk.link.sent) == 2


@pytest.mark.wire(79)
def test_one_word_covers_all_that_came_meanwhile(desk: Desk) -> None:
    for seq in range(1, 6):
        desk.put(receipts("x1-1-l1", receipt(seq, "a", "accepted"), first=1))
        desk.turn()
        desk.house.clock.advance(UPTO_AFTER_MS - 1)
    desk.later()
    assert [answer.upto for answer in desk.answers()] == [5]


def test_while_more_and_more_comes_it_is_told_all_the_same_after_five_seconds(desk: Desk) -> None:
    for seq in range(1, 2 + UPTO_BUSY_MS // 100):
        desk.put(receipts("x1-1-l1", receipt(seq, "a", "accepted"), first=seq))
        desk.turn()
        desk.house.clock.advance(100)
    assert [answer.upto for answer in desk.answers()] == [1 + UPTO_BUSY_MS // 100]


@pytest.mark.wire(79, 89)
def test_a_database_that_fails_for_a_while_confirms_nothing_until_it_has_committed(desk: Desk) -> None:
    airing = desk.house.say("x1-1")
    desk.database.away = 5
    desk.database.on_try = lambda: desk.house.clock.advance(10 * UPTO_BUSY_MS)
    sent: list[int] = []
    desk.database.on_try = lambda: sent.append(len(desk.link.sent))
    desk.put(receipts("x1-1-l1", receipt(1, airing, "started")), ask("x1-1-l2"))
    desk.turn()
    assert sent == [0] * 6
    assert desk.kept() == 1
    assert desk.house.states(airing)["x1-1-l1"] is State.STARTED
    assert [answer.aud for answer in desk.answers()] == ["x1-1-l2"]


@pytest.mark.wire(85)
def test_an_ask_is_answered_at_once_with_what_the_same_batch_committed(desk: Desk) -> None:
    desk.put(receipts("x1-1-l1", receipt(1, "a", "accepted")), ask("x1-1-l1"))
    desk.turn()
    assert [(answer.upto, answer.nonce) for answer in desk.answers()] == [(1, "0123456789abcdef")]
    desk.later()
    assert len(desk.answers()) == 1


def test_an_ask_that_somebody_repeats_is_not_answered_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "REMEMBERED", 4)
    first, *others = [ask("x1-1-l1", first=number) for number in range(1, 6)]
    desk.put(first, first, receipts("x1-1-l1", receipt(1, "a", "accepted")))
    desk.turn()
    desk.put(first, *others, first)
    desk.turn()
    assert len(desk.answers()) == 5
    assert dict(desk.inbox.refused) == {"ask.replayed": 3}
    with desk.house.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(node_status)).scalar_one() == 0, "an ask is no birth"


@pytest.mark.wire(79, 80)
def test_receipts_that_are_repeated_are_confirmed_again(desk: Desk) -> None:
    said = receipts("x1-1-l1", receipt(1, "a", "accepted"))
    for _ in range(2):  # the first `upto` may have been lost, and a node without a clock says the same bytes again
        desk.put(said)
        desk.later()
        desk.later()
    assert (desk.kept(), [answer.upto for answer in desk.answers()]) == (1, [1, 1])


# ── poison, strangers, floods ────────────────────────────────────────────────────────────────────────────────────────


class Poisoned(Offers):
    """Chokes on one node's asks."""

    def owed(self, tx: Transaction, asks: list[Asked]) -> list[Owed]:  # type: ignore[override]
        if any(asked.said.node == "x1-2-l1" for asked in asks):
            raise ZeroDivisionError
        return super().owed(tx, asks)


@pytest.mark.wire(89)
@pytest.mark.parametrize("place", [0, 7, 20])
def test_a_message_that_can_not_be_digested_is_put_aside_alone(desk: Desk, place: int, caplog: pytest.LogCaptureFixture) -> None:
    house = desk.house
    desk.offers = Poisoned(keyring=house.keyring, papers=house.papers, plans=house.plans, clock=house.clock)
    desk.inbox = desk.new()
    said: list[Said] = [receipts("x1-1-l1", receipt(seq, "a", "accepted"), first=1) for seq in range(1, 18)]
    said += [state("x1-1-l1"), ask("x1-1-l2"), ask("x10-1-l1")]
    said.insert(place, ask("x1-2-l1"))
    desk.put(*said)
    desk.put(receipts("x1-2-l2", receipt(1, "a", "accepted")))
    desk.turn()
    assert desk.kept() == 18
    assert dict(desk.inbox.refused) == {"poison": 1}
    assert {answer.aud for answer in desk.answers()} == {"x1-1-l2", "x10-1-l1"}
    assert caplog.text.count("can't be digested") == 1


@pytest.mark.wire(89)
def test_a_batch_of_nothing_but_poison_is_put_aside_whole(desk: Desk) -> None:
    house = desk.house
    desk.offers = Poisoned(keyring=house.keyring, papers=house.papers, plans=house.plans, clock=house.clock)
    desk.inbox = desk.new()
    desk.put(*(ask("x1-2-l1", first=number) for number in range(1, 10)))
    desk.turn()
    assert dict(desk.inbox.refused) == {"poison": 9}


def test_a_restored_database_that_misses_a_node_confirms_nothing_to_it_and_serves_the_others(desk: Desk) -> None:
    desk.put(
        state("forgotten"),
        receipts("forgotten", receipt(1, "a", "accepted")),
        ask("forgotten"),
        state("x1-1-l1"),
        receipts("x1-1-l1", receipt(1, "a", "accepted")),
    )
    desk.turn()
    desk.later()
    assert [(answer.aud, answer.upto) for answer in desk.answers()] == [("x1-1-l1", 1)]
    assert dict(desk.inbox.refused) == {"node.not-ours": 3}
    assert desk.kept() == 1


@pytest.mark.wire(13, 24)
@pytest.mark.parametrize("today", [{"generation": 2}, {"generation": 1, "retired_ms": 5}])
def test_a_key_that_was_retired_opens_nothing(desk: Desk, today: dict[str, int]) -> None:
    with desk.house.work.writing() as tx:
        tx.nodes.add([Node(id="x1-1-l1", village="x1-1", name="l1", since_ms=0, **today)])
    desk.put(state("x1-1-l1"), receipts("x1-1-l1", receipt(1, "a", "accepted")), ask("x1-1-l1"))
    desk.turn()
    desk.later()
    assert (desk.kept(), desk.link.sent, desk.inbox.refused["node.not-ours"]) == (0, [], 3)


@pytest.mark.wire(13, 24)
def test_after_a_change_of_keys_the_new_one_counts(desk: Desk) -> None:
    with desk.house.work.writing() as tx:
        tx.nodes.add([Node(id="x1-1-l1", village="x1-1", name="l1", generation=2, since_ms=0)])
    desk.put(state("x1-1-l1", generation=2), ask("x1-1-l1", generation=2))
    desk.turn()
    assert [answer.aud for answer in desk.answers()] == ["x1-1-l1"]
    assert not desk.inbox.refused


@pytest.mark.wire(3, 13, 15)
def test_what_is_not_believed_makes_a_count_and_nothing_else(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    inbox, ring = desk.inbox, desk.house.keyring
    good = sealed(ring, state("x1-1-l1"))
    inbox.put("tl/1/node/x1-1-l2/state", good)  # on another's topic
    inbox.put("tl/1/node/x1-1-l1/ask", good)  # a state is no ask
    inbox.put("tl/1/node/x1-1-l1/state", good[:-3] + b"AAA")
    inbox.put("tl/1/node/x1-1-l1/state", b"")
    inbox.put("tl/1/unit/x1/order", good)
    inbox.put("tl/1/node/x1-1-l1/inbox", good)
    inbox.put("tl/1/node/x1-1-l1/state", good + bytes(20_000))
    random = Random(5)
    for _ in range(500):
        inbox.put("tl/1/node/x1-1-l1/receipt", random.randbytes(random.randrange(300)))
    desk.turn()
    assert sum(inbox.refused.values()) == 507
    assert {"seal.key", "seal.typ", "seal.signature", "seal.size", "topic"} <= set(inbox.refused)
    assert desk.link.sent == []
    assert desk.kept() == 0
    assert caplog.records == []
    with desk.house.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(node_status)).scalar_one() == 0


@pytest.mark.wire(34)
def test_a_true_seal_over_another_nodes_name_is_not_believed(desk: Desk) -> None:
    """A node speaks for itself only, whatever its key can seal."""
    ring = desk.house.keyring
    for said in (state("x1-1-l2"), msgspec.structs.replace(state("x1-1-l1"), generation=2)):
        token = seal.mac("tl-state", node_kid("x1-1-l1", 1), ring.node_key("x1-1-l1", 1), encode(said))
        desk.inbox.put("tl/1/node/x1-1-l1/state", token)
    desk.turn()
    assert desk.inbox.refused == {"rule.not-its-own-name": 2}
    with desk.house.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(node_status)).scalar_one() == 0


def test_a_full_queue_drops_the_newest_and_counts_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_QUEUE", 3)
    desk.put(*(receipts("x1-1-l1", receipt(seq, "a", "accepted"), first=1) for seq in range(1, 6)))
    desk.turn()
    assert (desk.kept(), desk.inbox.refused["queue.full"]) == (3, 2)
    desk.put(receipts("x1-1-l1", receipt(4, "a", "accepted"), first=1))
    desk.turn()
    assert desk.kept() == 4


def test_a_queue_is_full_by_its_bytes_too_and_empties_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_QUEUE_BYTES", 40_000)
    for _ in range(10):
        desk.inbox.put("tl/1/node/x1-1-l1/state", bytes(16_000))
    assert desk.inbox.refused["queue.full"] == 7
    desk.turn()
    desk.put(receipts("x1-1-l1", receipt(1, "a", "accepted")))
    desk.turn()
    assert desk.kept() == 1


def test_messages_beyond_one_batch_go_into_the_next(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BATCH", 4)
    desk.put(*(receipts("x1-1-l1", receipt(seq, "a", "accepted"), first=1) for seq in range(1, 11)))
    desk.turn()
    assert (desk.kept(), desk.database.tries) == (10, 3)


# ── its thread ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_its_thread_brings_home_what_comes_and_confirms_when_it_is_quiet(desk: Desk) -> None:
    desk.inbox.start()
    desk.put(receipts("x1-1-l1", receipt(1, "a", "accepted")))
    until(lambda: desk.kept() == 1)
    desk.house.clock.advance(UPTO_AFTER_MS)
    until(lambda: desk.link.sent)
    desk.inbox.stop()
    assert not desk.inbox._thread.is_alive()


def test_stopping_commits_and_confirms_what_has_come(desk: Desk) -> None:
    desk.put(receipts("x1-1-l1", receipt(1, "a", "accepted")))
    desk.inbox.start()
    desk.inbox.stop()
    assert not desk.inbox._thread.is_alive()
    assert (desk.kept(), len(desk.answers())) == (1, 1)


def test_stopping_while_the_database_is_away_ends_soon_and_confirms_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BATCH", 1)
    monkeypatch.setattr(module, "RETRY_S", (3_600, 3_600))
    desk.database.away = 10_000
    desk.put(*(receipts("x1-1-l1", receipt(seq, "a", "accepted"), first=1) for seq in range(1, 51)))
    desk.inbox.start()
    until(lambda: desk.database.tries)
    began = time.monotonic()
    desk.inbox.stop()
    assert time.monotonic() - began < 5
    assert not desk.inbox._thread.is_alive()
    assert (desk.link.sent, desk.database.tries) == ([], 1)


def test_an_idle_inbox_ends_at_once(desk: Desk) -> None:
    desk.inbox.start()
    threading.Event().wait(0.05)
    began = time.monotonic()
    desk.inbox.stop()
    assert time.monotonic() - began < 2


def test_an_answer_that_can_not_be_made_hinders_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    real = desk.house.offers.answer

    def answer(owed: Owed) -> list[tuple[str, bytes]]:
        if owed.asked.said.node == "x1-1-l1":
            raise ValueError("a config of 20 kB")
        return real(owed)

    monkeypatch.setattr(desk.house.offers, "answer", answer, raising=False)
    asks: list[Ask] = [ask("x1-1-l1"), ask("x1-1-l2"), ask("x1-2-l1")]
    desk.put(*asks)
    desk.turn()
    assert {each.aud for each in desk.answers()} == {"x1-1-l2", "x1-2-l1"}
