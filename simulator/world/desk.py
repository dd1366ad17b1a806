"""The controller's side of a world, from its pure parts: answers, plans, custody, and a ledger that moves by the one table.

A desk for each village, for no village hears of another: what they share is the ledger. It keeps in dicts what the controller
keeps in its database. A way through the broker takes time and loses nothing but what
is under way when a link breaks; so an offer need not be repeated, and what a node lacks it gets when it asks.
"""

from __future__ import annotations

from hashlib import sha256

import msgspec

from controller.domain.airing import SETTLE_AFTER_MS
from controller.domain.delivery import State, Word, move
from controller.protocol import topics
from controller.protocol.codec import decode, encode
from controller.protocol.messages import Answer, Ask, Config, Floors, Hours, PlanBody, PlanHead, PlanItem, Policy, Receipts, Trust
from simulator.world.loop import Loop
from simulator.world.places import Village
from simulator.world.planner import Planner
from simulator.world.pole import Pole
from simulator.world.scenario import Scenario, minute_of
from simulator.world.signet import FOR_EVER, Signet
from simulator.world.witness import Witness

ISSUER = "the-gioi"
BASES = ("http://127.0.0.1/clips",)
ANSWER_VALID_MS = 60_000

COVER_MS = 3_000
"""After receipts `upto` waits for a moment of quiet, as the inbox does: what comes in a row is covered by one word."""

_WORDS = {word.value: word for word in Word}


class Sheet:
    """What became of one airing: a state for each node it was meant for, and why those that did not end well ended."""

    __slots__ = ("approved_ms", "item", "states", "whys")

    def __init__(self, item: PlanItem, approved_ms: int) -> None:
        self.item = item
        self.approved_ms = approved_ms
        self.states: dict[int, State] = {}
        self.whys: dict[int, str] = {}


class Ledger:
    """The sheets of a whole world, by airing. What is opened here the witness hears of."""

    def __init__(self, planner: Planner, witness: Witness) -> None:
        self._planner = planner
        self._witness = witness
        self.sheets: dict[str, Sheet] = {}

    def sheet(self, item: PlanItem) -> Sheet:
        """The sheet of an airing."""
        sheet = self.sheets.get(item.airing)
        if sheet is None:
            sheet = self.sheets[item.airing] = Sheet(item, self._planner.approved_ms(item.airing))
            self._witness.approved(item.airing, item.start, item.grace)
        return sheet


def trust_of(signet: Signet, begin_ms: int) -> Trust:
    """The trust document of a world."""
    return Trust(iss=ISSUER, aud="all", iat=begin_ms, exp=FOR_EVER, version=begin_ms, keys=signet.trust_keys())


class Desk:
    """The controller of one village. `sheets` is the ledger of the whole world; this desk writes its own nodes' lines."""

    def __init__(self, *, scenario: Scenario, village: Village, signet: Signet, loop: Loop, ledger: Ledger, trust: Trust) -> None:
        self._scenario = scenario
        self._village = village
        self._signet = signet
        self._loop = loop
        self._ledger = ledger
        self._trust = trust
        self._sealed_trust = signet.sign(trust)
        self._floors = Floors(trust=trust.version, config=trust.version, plan=0)
        self._plan: tuple[str, bytes, bytes] | None = None  # its body's hash, the body, the sealed head
        self._upto: dict[tuple[int, str], int] = {}
        self._owes_cover: set[int] = set()
        self.poles: list[Pole] = []

    # ── plans ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def file(self, sha256: str) -> bytes | None:
        """The newest plan's body by its hash; None for anything else."""
        return self._plan[1] if self._plan is not None and self._plan[0] == sha256 else None

    def publish(self, body: PlanBody) -> None:
        """A newer plan: in the ledger, and on its way to whoever is there."""
        now_ms, village = self._loop.now_ms, self._village
        for item in body.items:
            self._enter_item(item)
        data = encode(body)
        digest = sha256(data).hexdigest()
        head = PlanHead(
            iss=ISSUER, aud=village.id, iat=now_ms, exp=body.valid_until, version=body.version, sha256=digest, size=len(data)
        )
        sealed = self._signet.sign(head)
        for pole in self.poles:
            if pole.connection is not None:
                pole.is_owed()
                what = (pole.connection, topics.village_plan(village.id), (sealed,))
                self._loop.at(now_ms + self._scenario.link.round_trip_ms // 2, pole.arrive, what)
        self._plan = digest, data, sealed
        self._floors = msgspec.structs.replace(self._floors, plan=body.version)

    def _enter_item(self, item: PlanItem) -> None:
        sheet = self._ledger.sheet(item)
        nodes = self._village.nodes
        if nodes[0] not in sheet.states:
            sheet.states.update(dict.fromkeys(nodes, State.PUBLISHED))
            self._loop.at(item.start + item.grace + item.duration + SETTLE_AFTER_MS, self._settle, sheet)

    def _settle(self, sheet: Sheet) -> None:
        for node in self._village.nodes:
            sheet.states[node] = move(sheet.states[node], Word.SETTLE)

    # ── what nodes say ───────────────────────────────────────────────────────────────────────────────────────────────

    def hear(self, pole: Pole, leaf: str, payload: bytes, sent_ms: int) -> None:
        """An ask is answered, receipts are entered and covered; states and health are what pages show."""
        if leaf == "ask":
            self._answer(pole, decode(Ask, payload), sent_ms)
        elif leaf == "receipt":
            self._enter(pole, decode(Receipts, payload))

    def _answer(self, pole: Pole, ask: Ask, sent_ms: int) -> None:
        there, back = pole.way()
        t_ms, floors = sent_ms + there, self._floors
        covered = self._upto[pole.index, ask.life] = max(self._upto.get((pole.index, ask.life), 0), ask.from_seq - 1)
        answer = self._signet.sign(
            Answer(
                iss=ISSUER,
                aud=pole.node,
                iat=t_ms,
                exp=t_ms + ANSWER_VALID_MS,
                life=ask.life,
                upto=covered,
                nonce=ask.nonce,
                t2=t_ms,
                t3=t_ms,
                floors=floors,
            )
        )
        lacking = self._lacking(pole, ask)
        pole.answered(not lacking, len(answer))
        assert pole.connection is not None
        self._loop.at(t_ms + back, pole.arrive, (pole.connection, topics.inbox(pole.node), (*lacking, answer)))

    def _lacking(self, pole: Pole, ask: Ask) -> list[bytes]:
        held, newest = ask.versions, self._floors
        lacking = [self._sealed_trust] if held.trust < newest.trust else []
        if held.config < newest.config:
            lacking.append(self._config(pole))
        if held.plan < newest.plan and self._plan is not None:
            lacking.append(self._plan[2])
        return lacking

    def _config(self, pole: Pole) -> bytes:
        scenario = self._scenario
        hours = tuple(Hours(from_minute=minute_of(opens), to_minute=minute_of(closes)) for opens, closes in scenario.policy.hours)
        config = Config(
            iss=ISSUER,
            aud=pole.node,
            iat=self._trust.iat,
            exp=FOR_EVER,
            version=self._floors.config,
            path=self._village.path,
            since=0,
            policy=Policy(hours=hours),
            bases=BASES,
            health_s=scenario.health_s,
        )
        return self._signet.sign(config)

    def _enter(self, pole: Pole, said: Receipts) -> None:
        life = (pole.index, said.life)
        reached = max(self._upto.get(life, 0), said.from_seq - 1)
        for receipt in said.items:
            if receipt.seq == reached + 1:
                reached += 1
            sheet = self._ledger.sheets[receipt.airing]
            before = sheet.states[pole.index]
            after = sheet.states[pole.index] = move(before, _WORDS[receipt.state.value])
            if after is not before and receipt.why:
                sheet.whys[pole.index] = receipt.why
        self._upto[life] = reached
        if pole.index not in self._owes_cover:
            self._owes_cover.add(pole.index)
            self._loop.at(self._loop.now_ms + COVER_MS, self._cover, (pole, pole.connection, said.life))

    def _cover(self, what: tuple[Pole, int, str]) -> None:
        pole, connection, life = what
        self._owes_cover.discard(pole.index)
        now_ms = self._loop.now_ms
        answer = Answer(
            iss=ISSUER, aud=pole.node, iat=now_ms, exp=now_ms + ANSWER_VALID_MS, life=life, upto=self._upto[pole.index, life]
        )
        pole.arrive((connection, topics.inbox(pole.node), (self._signet.sign(answer),)))
