"""What nodes say, on its way into the database: opened, checked, committed in batches, and only then confirmed.

The link's thread only enqueues. One thread takes what has come, opens the seals (a bad one makes a count, nothing else),
and commits everything in one transaction; then it answers asks, and a little later tells each life how far its receipts
are kept. A database that fails is tried again with the same batch; a message that can't be digested is put aside alone.
Who is retired, was given a newer key, or is not known here is not believed: a node nobody knows keeps its receipts.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from msgspec import Struct

from controller.domain.errors import Unavailable
from controller.mqtt.replays import Replays
from controller.protocol import seal, topics
from controller.protocol.codec import MAX_MESSAGE, TYPES, DecodeError, decode
from controller.protocol.keys import parse_node_kid
from controller.protocol.messages import Ask, Health, NodeState, Receipts, Said
from controller.service import presence
from controller.service.deliveries import Batch, hear
from controller.service.keyring import Keyring
from controller.service.offers import Asked, Offers
from controller.service.ports import Bus, Database
from scheduler.clock import Clock

log = logging.getLogger(__name__)

MAX_QUEUE = 50_000
"""Messages that wait: five of each of 10,000 nodes. Beyond it the newest is dropped; custody brings receipts again."""

MAX_QUEUE_BYTES = 64 << 20
"""Bytes that wait: far above 50,000 usual messages, far below what a small computer has, if all were as long as may be."""

MAX_BATCH = 1_000
"""Messages in one commit: large enough for 100,000 rows a second, small enough that an answer is not late by it."""

GATHER_S = 0.03
"""After a first message we let others come: a commit costs the disk the same for one row as for hundreds."""

UPTO_AFTER_MS = 400
"""`upto` may wait: one then covers several receipts of a life."""

UPTO_BUSY_MS = 5_000
"""While more comes than we can commit, it waits longer: receipts first. Nodes say theirs again after 10 s at the soonest."""

RETRY_S = (0.2, 5.0)
"""First and longest wait before a batch that the database refused is tried again."""


class Raw(Struct, frozen=True, kw_only=True, gc=False):
    """One message as it came, and our clock then."""

    topic: str
    payload: bytes
    received_ms: int


Word = tuple[Said, int]
"""A verified message, and our clock when it came."""


@dataclass(slots=True)
class Sorted:
    """The messages of one commit, by kind."""

    receipts: list[Batch] = field(default_factory=list)
    asks: list[Asked] = field(default_factory=list)
    states: list[tuple[NodeState, int]] = field(default_factory=list)
    health: list[tuple[Health, int]] = field(default_factory=list)
    strangers: int = 0


class Publish(Protocol):
    """What the inbox needs of the link."""

    def publish(self, messages: Iterable[tuple[str, bytes]], done: Callable[[bool], None] | None = None) -> None: ...


class Inbox:
    """Takes messages from the link and brings them home. `put` from the link's thread; the rest in its own."""

    def __init__(self, *, database: Database, keyring: Keyring, offers: Offers, link: Publish, clock: Clock, bus: Bus) -> None:
        self._database = database
        self._keyring = keyring
        self._offers = offers
        self._link = link
        self._clock = clock
        self._bus = bus
        self._queue: deque[Raw] = deque()
        self._bytes_in = 0  # written by the link's thread only
        self._bytes_out = 0  # written by ours only: the difference is what waits
        self._filled = threading.Event()
        self._closing = threading.Event()
        self._asks = Replays()
        self._upto: dict[tuple[str, str], int] = {}
        self._upto_first_ms = 0
        self._upto_last_ms = 0
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        self.refused: Counter[str] = Counter()
        """Messages that were not believed, by reason: they leave no other trace (rule 10)."""

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Commit what has come, then end."""
        self._closing.set()
        self._filled.set()
        self._thread.join(timeout=10)

    def put(self, topic: str, payload: bytes) -> None:
        """Enqueue what came; never blocks, never raises."""
        if len(payload) > MAX_MESSAGE:
            self.refused["seal.size"] += 1
            return
        if len(self._queue) >= MAX_QUEUE or self._bytes_in - self._bytes_out > MAX_QUEUE_BYTES:
            self.refused["queue.full"] += 1
            return
        self._bytes_in += len(payload)
        self._queue.append(Raw(topic=topic, payload=payload, received_ms=self._clock.now_ms()))
        if not self._filled.is_set():
            self._filled.set()

    def _run(self) -> None:
        while not (self._closing.is_set() and not self._queue):
            try:
                self._turn()
            except Exception:
                log.exception("the inbox fell over; it goes on with the next batch")

    def _turn(self) -> None:
        self._filled.wait(UPTO_AFTER_MS / 1000 if self._upto else None)
        self._filled.clear()
        while self._queue:
            if len(self._queue) < MAX_BATCH:
                self._closing.wait(GATHER_S)
            self._bring_home(self.open(self._take()))
            self._confirm()
        self._confirm()

    def _take(self) -> list[Raw]:
        batch = [self._queue.popleft() for _ in range(min(len(self._queue), MAX_BATCH))]
        self._bytes_out += sum(len(raw.payload) for raw in batch)
        return batch

    def open(self, batch: Iterable[Raw]) -> list[Word]:
        """The messages of a batch whose seals are true; the others are counted by reason."""
        opened = []
        for raw in batch:
            try:
                opened.append((self._said(raw), raw.received_ms))
            except (seal.SealError, DecodeError) as error:
                self.refused[error.code] += 1
        return opened

    def _said(self, raw: Raw) -> Said:
        topic = topics.parse_node_topic(raw.topic)
        if topic is None:
            raise DecodeError("topic")
        typ = topics.FROM_NODE[topic.leaf]
        if raw.payload in self._asks:
            raise DecodeError("ask.replayed")
        kid, payload = seal.open_mac(raw.payload, typ, lambda kid: self._key(topic.node, kid))
        said = decode(TYPES[typ], payload)
        assert isinstance(said, Said)  # FROM_NODE names only such types
        if parse_node_kid(kid) != (said.node, said.generation):
            raise DecodeError("rule.not-its-own-name")
        if isinstance(said, Ask):
            self._asks.add(raw.payload)
        return said

    def _key(self, node: str, kid: str) -> bytes | None:
        """A node speaks on its own topic with its own key."""
        name = parse_node_kid(kid)
        return self._keyring.node_key(*name) if name is not None and name[0] == node else None

    def _bring_home(self, words: Sequence[Word]) -> None:
        """Commit a batch and tell those concerned. What can't be digested is found by halving, and put aside alone."""
        try:
            self._commit_patiently(words)
            return
        except Exception:
            if len(words) == 1:
                self.refused["poison"] += 1
                log.exception("a message of %s can't be digested: it is put aside", words[0][0].node)
                return
        half = len(words) // 2
        self._bring_home(words[:half])
        self._bring_home(words[half:])

    def _commit_patiently(self, words: Sequence[Word]) -> None:
        """Commit; while the database is away, again and again."""
        wait_s = RETRY_S[0]
        while words:
            try:
                return self._commit(words)
            except Unavailable as error:
                log.warning("receipts wait for the database: %s", error)
                if self._closing.wait(wait_s):
                    self._queue.clear()  # nothing of it was confirmed: the nodes keep it
                    return None
                wait_s = min(wait_s * 2, RETRY_S[1])
        return None

    def _commit(self, words: Sequence[Word]) -> None:
        with self._database.writing() as tx:
            generations = tx.nodes.generations({said.node for said, _ in words})
            mine = _sorted(words, generations)
            presence.states(tx, mine.states)
            presence.asks(tx, [(asked.said, asked.received_ms) for asked in mine.asks])
            presence.health(tx, mine.health)
            taken = hear(tx, mine.receipts) if mine.receipts else None
            owed = self._offers.owed(tx, mine.asks) if mine.asks and self._offers.may_answer() else ()
        if mine.strangers:
            self.refused["node.not-ours"] += mine.strangers
        if taken is not None:
            self._upto_last_ms = self._clock.monotonic_ms()
            self._upto_first_ms = self._upto_first_ms if self._upto else self._upto_last_ms
            self._upto.update(taken.upto)
            self._bus.airing_changed(taken.airings)
        for each in owed:
            self._link.publish(self._offers.answer(each))
            self._upto.pop((each.asked.said.node, each.asked.said.life), None)  # its answer said so

    def _confirm(self) -> None:
        """Tell lives how far their receipts are kept: when no more came for a while, or it has waited long enough."""
        if not self._upto:
            return
        now_ms = self._clock.monotonic_ms()
        quiet = now_ms - self._upto_last_ms >= UPTO_AFTER_MS
        if quiet or now_ms - self._upto_first_ms >= UPTO_BUSY_MS or self._closing.is_set():
            covered, self._upto = self._upto, {}
            if self._offers.may_answer():  # else the nodes say it again, and are told then
                self._link.publish(self._offers.covers(covered))


def _sorted(words: Iterable[Word], generations: Mapping[str, int]) -> Sorted:
    """The words of nodes that are ours today, by kind."""
    mine = Sorted()
    for said, received_ms in words:
        if generations.get(said.node) != said.generation:
            mine.strangers += 1
            continue
        match said:
            case Receipts():
                mine.receipts.append(Batch(said=said, received_ms=received_ms))
            case Ask():
                mine.asks.append(Asked(said=said, received_ms=received_ms))
            case NodeState():
                mine.states.append((said, received_ms))
            case Health():
                mine.health.append((said, received_ms))
    return mine
