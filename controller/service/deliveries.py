"""What became of it: receipts move deliveries by the table, and the sweeper gives every delivery an end.

A receipt that was committed is the controller's to keep: only then does `upto` tell the node that it may forget.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

from controller.domain.delivery import ENDS, TRANSITIONS, Evidence, State, Word, judge, move
from controller.domain.node import Node
from controller.protocol.codec import encode
from controller.protocol.messages import Receipt, Receipts
from controller.service.alarms import Raised, raise_alarms
from controller.service.ports import Bus, Custody, Database, Delivery, Heard, Transaction
from scheduler.clock import Clock

SETTLE = {state: row[Word.SETTLE] for state, row in TRANSITIONS.items() if Word.SETTLE in row}

WORDS = {word.value: word for word in Word}

CLONE = "node.clone"

Life = tuple[str, str]
"""A node, and one memory of it."""

LINK_UP_MS = 60_000
"""The sweeper waits this long after our own link came up: the nodes' held receipts arrive first."""

LINK_AWAY_MS = 600_000
"""Our own link may be away this long past a deadline; then unknown is the honest word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One verified message of receipts, and our clock when it came."""

    said: Receipts
    received_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a commit of receipts means for others: airings whose ledger moved, and what each life may forget."""

    airings: frozenset[str]
    upto: Mapping[tuple[str, str], int]


def hear(tx: Transaction, batches: Sequence[Batch]) -> Taken:
    """Keep receipts and move their deliveries. Any order, any repetition: the same words give the same ledger."""
    heard = [_heard(batch, receipt) for batch in batches for receipt in batch.said.items]
    custody = tx.receipts.custody({(batch.said.node, batch.said.life) for batch in batches})
    raise_alarms(tx, _clones(tx, heard, custody))
    tx.receipts.add(heard)
    changed = _moved(tx, heard)
    tx.deliveries.write(changed)
    tx.logbook.count({delivery.airing for delivery in changed if delivery.state in ENDS}, settled=True)
    after = _without_gaps(tx, _reached(batches, custody), custody)
    tx.receipts.set_custody({life: it for life, it in after.items() if it != custody[life]})
    upto = {life: it.upto for life, it in after.items()}
    return Taken(airings=frozenset(delivery.airing for delivery in changed), upto=upto)


class Sweeper:
    """Settles what nobody ended by its deadline (law 3). `link_up_ms` says since when our own link is up (monotonic)."""

    def __init__(self, *, database: Database, clock: Clock, bus: Bus) -> None:
        self._database = database
        self._clock = clock
        self._bus = bus

    def sweep(self, link_up_since_ms: int | None) -> int:
        """Settle all that is due; says how many airings. `link_up_since_ms`: monotonic ms, None while the link is down."""
        now_ms = self._clock.now_ms()
        listening = link_up_since_ms is not None and self._clock.monotonic_ms() - link_up_since_ms >= LINK_UP_MS
        deadline_ms = now_ms if listening else now_ms - LINK_AWAY_MS
        with self._database.reading() as tx:
            due = tx.airings.due_to_settle(deadline_ms)
        for airing in due:
            with self._database.writing() as tx:
                tx.deliveries.move_all(airing, SETTLE, None, now_ms)
                tx.airings.settle(airing, now_ms)
                tx.logbook.count([airing])
            self._bus.airing_changed([airing])
        return len(due)


def _clones(tx: Transaction, heard: Sequence[Heard], custody: Mapping[Life, Custody]) -> list[Raised]:
    """An alarm for each word whose number this life gave to other bytes before: two devices speak as one node (rule 9)."""
    words = {(word.node, word.life, word.seq, word.digest): word for word in heard}
    kept = tx.receipts.kept([name for name, word in words.items() if word.seq <= custody[word.node, word.life].highest])
    first: dict[tuple[str, str, int], int] = {}
    raised = []
    for name, word in words.items():
        is_kept = kept.get(name)
        if is_kept or (is_kept is None and first.setdefault(name[:3], word.digest) == word.digest):
            continue
        detail = {"life": word.life, "seq": word.seq, "airing": word.airing}
        raised.append(Raised(code=CLONE, node=word.node, at_ms=word.received_ms, detail=detail))
    return raised


def _heard(batch: Batch, receipt: Receipt) -> Heard:
    return Heard(
        node=batch.said.node,
        life=batch.said.life,
        seq=receipt.seq,
        digest=crc32(encode(receipt)) >> 1,  # 31 bits: an INTEGER in any database
        airing=receipt.airing,
        rev=receipt.rev,
        state=receipt.state.value,
        why=receipt.why,
        evidence=receipt.evidence.value if receipt.evidence else None,
        at_ms=receipt.at,
        received_ms=batch.received_ms,
    )


def _moved(tx: Transaction, heard: Iterable[Heard]) -> list[Delivery]:
    """The deliveries that these words change, as they then stand."""
    by_airing: dict[str, list[Heard]] = {}
    for word in heard:
        by_airing.setdefault(word.airing, []).append(word)
    changed: list[Delivery] = []
    for airing, words in by_airing.items():
        known = tx.deliveries.of_nodes(airing, {word.node for word in words})
        after = dict(known)
        _make_unexpected(tx, airing, words, after)
        for word in words:
            standing = after.get(word.node)
            if standing is not None:
                after[word.node] = _apply(standing, word)
        changed.extend(delivery for node, delivery in after.items() if delivery is not known.get(node))
    return changed


def _apply(standing: Delivery, word: Heard) -> Delivery:
    state = move(standing.state, WORDS[word.state])
    evidence = standing.evidence
    if word.state == State.FINISHED and state is State.FINISHED:
        evidence = judge(evidence, Evidence(word.evidence) if word.evidence else Evidence.NOT_MEASURED)
    moved = state is not standing.state
    at_ms = word.at_ms if moved else standing.at_ms
    if not moved and word.state == state:  # said twice: whichever comes first, the earlier moment holds
        at_ms = min(at_ms, word.at_ms)
    if not moved and (evidence, at_ms) == (standing.evidence, standing.at_ms):
        return standing
    return Delivery(
        airing=standing.airing,
        node=standing.node,
        village=standing.village,
        state=state,
        why=word.why if moved and state in ENDS else standing.why,
        evidence=evidence,
        at_ms=at_ms,
    )


def _make_unexpected(tx: Transaction, airing: str, words: Sequence[Heard], after: dict[str, Delivery]) -> None:
    """A word nobody expected makes a delivery (a node that was moved, a restored database), not an error."""
    strangers = {word.node for word in words} - after.keys()
    if not strangers:
        return
    state = _state_of_newcomers(tx, airing)
    for node, (row, _path) in tx.nodes.living(strangers).items():
        after[node] = newcomer(airing, row, state, words[0].received_ms)


def newcomer(airing: str, row: Node, state: State, at_ms: int) -> Delivery:
    """The delivery of an airing on a node that was not there when it was decided."""
    return Delivery(airing=airing, node=row.id, village=row.village, state=state, why="", evidence=None, at_ms=at_ms)


def _state_of_newcomers(tx: Transaction, airing: str) -> State:
    """Where such a delivery begins: among the settled ones if nobody will settle it any more, among those to be silenced if
    silence was asked for."""
    known = tx.airings.get(airing)
    if known is None or tx.airings.is_settled(airing):
        return State.UNKNOWN
    return State.PLANNED if known.cancelled_ms is None else State.CANCELLING


def _without_gaps(tx: Transaction, after: Mapping[Life, Custody], before: Mapping[Life, Custody]) -> dict[Life, Custody]:
    """Where a gap was filled, what came earlier from behind it counts too."""
    filled = {life: it.upto for life, it in after.items() if before[life].upto < it.upto < it.highest}
    return {
        **after,
        **{life: Custody(upto=upto, highest=after[life].highest) for life, upto in tx.receipts.unbroken(filled).items()},
    }


def _reached(batches: Sequence[Batch], custody: Mapping[Life, Custody]) -> dict[Life, Custody]:
    """How far each life's receipts are committed without a gap; what the node dropped before was covered earlier."""
    after = dict(custody)
    for batch in batches:
        life = (batch.said.node, batch.said.life)
        reached = max(after[life].upto, batch.said.from_seq - 1)
        for receipt in batch.said.items:
            if receipt.seq == reached + 1:
                reached += 1
        after[life] = Custody(upto=reached, highest=max(after[life].highest, batch.said.items[-1].seq))
    return after
