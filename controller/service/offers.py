"""What a node that calls is owed: the time, the floors, the documents it lacks, the orders it has not taken.

A broker forgets; this is where it is made good. Whoever is born or asks gets, in its own inbox, everything that is still
open for it. All of it may be lost again: the node asks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.domain.delivery import State
from controller.domain.errors import Unavailable
from controller.protocol import topics
from controller.protocol.messages import Answer, Ask, Floors, Use
from controller.service.keyring import Keyring
from controller.service.letters import newest
from controller.service.papers import Living, Papers
from controller.service.plans import Plans
from controller.service.ports import Delivery, Document, Letter, Transaction
from scheduler.clock import Clock

ANSWER_VALID_MS = 60_000
"""An answer is worth its round trip (4 s); a minute covers a wrong clock on our side of it."""

UNTAKEN = (State.PLANNED, State.PUBLISHED)
"""A delivery that stands here has not been accepted: its order is offered again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One verified ask, and our clock when it came."""

    said: Ask
    received_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """All that one asking node shall get: documents and orders as sealed, and what its answer is made of."""

    asked: Asked
    floors: Floors
    upto: int
    sealed: tuple[bytes, ...]


class Offers:
    """Finds what is owed, and answers."""

    def __init__(self, *, keyring: Keyring, papers: Papers, plans: Plans, clock: Clock) -> None:
        self._keyring = keyring
        self._papers = papers
        self._plans = plans
        self._clock = clock

    def may_answer(self) -> bool:
        """May we sign at all? While our clock is behind, nodes keep what they said and ask again."""
        try:
            self._keyring.may_sign()
        except Unavailable:
            return False
        return True

    def owed(self, tx: Transaction, asks: Sequence[Asked]) -> list[Owed]:
        """What each asking node is owed, in one look; asks of retired nodes are passed over."""
        now_ms = self._clock.now_ms()
        living = tx.nodes.living({asked.said.node for asked in asks})
        asks = [asked for asked in asks if asked.said.node in living]
        reported = {asked.said.node: asked.said.versions.config for asked in asks}
        trust = self._papers.trust()
        configs = self._papers.configs(tx, living, reported, now_ms)
        self._plans.overtake(tx, _reported_plans(asks, living), now_ms)
        plans = tx.documents.get("plan", {path[-1] for _, path in living.values()})
        orders = self._open_orders(tx, living, now_ms)
        custody = tx.receipts.custody({(asked.said.node, asked.said.life) for asked in asks})
        found = []
        for asked in asks:
            said = asked.said
            plan = plans.get(living[said.node][1][-1])
            config = configs[said.node]
            floors = Floors(trust=trust.version, config=config.version, plan=plan.version if plan else 0)
            sealed = (*_lacking(said, trust, config, plan, now_ms), *orders.get(said.node, ()))
            covered = max(custody[said.node, said.life].upto, said.from_seq - 1)
            found.append(Owed(asked=asked, floors=floors, upto=covered, sealed=sealed))
        return found

    def answer(self, owed: Owed) -> list[tuple[str, bytes]]:
        """(topic, sealed) to publish for one ask: documents first, for without keys the node believes nothing."""
        said = owed.asked.said
        now_ms = self._clock.now_ms()
        answer = Answer(
            iss=self._keyring.issuer,
            aud=said.node,
            iat=now_ms,
            exp=now_ms + ANSWER_VALID_MS,
            life=said.life,
            upto=owed.upto,
            nonce=said.nonce,
            t2=owed.asked.received_ms,
            t3=now_ms,
            floors=owed.floors,
        )
        topic = topics.inbox(said.node)
        return [(topic, sealed) for sealed in (*owed.sealed[:2], self._keyring.sign(Use.ANSWER, answer), *owed.sealed[2:])]

    def covers(self, upto: Mapping[tuple[str, str], int]) -> Iterable[tuple[str, bytes]]:
        """(topic, sealed) to publish after a commit of receipts: what each life may forget."""
        now_ms = self._clock.now_ms()
        for (node, life), number in upto.items():
            answer = Answer(iss=self._keyring.issuer, aud=node, iat=now_ms, exp=now_ms + ANSWER_VALID_MS, life=life, upto=number)
            yield topics.inbox(node), self._keyring.sign(Use.ANSWER, answer)

    def _open_orders(self, tx: Transaction, living: Living, now_ms: int) -> dict[str, list[bytes]]:
        """For each node, the sealed orders whose delivery it has not taken, or whose silence it has not confirmed."""
        open_ones = tx.deliveries.open_of_nodes(living.keys(), (*UNTAKEN, State.CANCELLING))
        if not open_ones:
            return {}
        letters = newest(tx.outbox.about(("play", "stop"), {delivery.airing for delivery in open_ones}, now_ms))
        by_airing: dict[str, list[Letter]] = {}
        for letter in letters:
            by_airing.setdefault(letter.subject, []).append(letter)
        found: dict[str, list[bytes]] = {}
        for delivery in open_ones:
            node, path = living[delivery.node]
            for letter in by_airing.get(delivery.airing, ()):
                is_heard = letter.unit in path and letter.created_ms > node.since_ms  # it obeys nothing from before it came
                if is_heard and (letter.kind == "stop") == _wants_stop(delivery):
                    found.setdefault(delivery.node, []).append(letter.sealed)
        return found


def _reported_plans(asks: Iterable[Asked], living: Living) -> dict[str, int]:
    """By village the newest plan that an asking node of it holds."""
    newest: dict[str, int] = {}
    for asked in asks:
        village = living[asked.said.node][0].village
        newest[village] = max(newest.get(village, 0), asked.said.versions.plan)
    return newest


def _wants_stop(delivery: Delivery) -> bool:
    return delivery.state is State.CANCELLING


def _lacking(said: Ask, trust: Document, config: Document, plan: Document | None, now_ms: int) -> list[bytes]:
    """The documents that a node lacks by its own word, in the order in which it can believe them."""
    lacking = []
    if said.versions.trust < trust.version:
        lacking.append(trust.sealed)
    if said.versions.config < config.version:
        lacking.append(config.sealed)
    if plan is not None and said.versions.plan < plan.version and plan.valid_ms > now_ms:
        lacking.append(plan.sealed)
    return lacking
