"""The controller's side of a world, from its pure parts: answers, plans, custody, and a ledger that moves by the one table.

It keeps in dicts what the controller keeps in its database. A way through the broker takes time and loses nothing but what
is under way when a link breaks; so an offer need not be repeated, and what a node lacks it gets when it asks.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from controller.domain.airing import SETTLE_AFTER_MS
from controller.domain.delivery import State, Word, move
from controller.protocol import topics
from controller.protocol.codec import decode, encode
from controller.protocol.messages import Answer, Ask, Config, Floors, Hours, PlanBody, PlanHead, PlanItem, Policy, Receipts, Trust
from simulator.world.loop import Loop
from simulator.world.places import Places
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


class _Standing:
    """A village's newest plan."""

    __slots__ = ("digest", "floors", "sealed")

    def __init__(self, floors: Floors) -> None:
        self.floors = floors
        self.digest = ""
        self.sealed: bytes | None = None


class Desk:
    """One controller for all nodes of a world. `sheets` is its ledger."""

    def __init__(
        self, *, scenario: Scenario, places: Places, planner: Planner, signet: Signet, loop: Loop, witness: Witness
    ) -> None:
        self._scenario = scenario
        self._places = places
        self._planner = planner
        self._signet = signet
        self._loop = loop
        self._witness = witness
        self._version = scenario.begin_ms
        first = Floors(trust=self._version, config=self._version, plan=0)
        self._standing = {village: _Standing(first) for village in places.villages}
        self._bodies: dict[str, bytes] = {}
        self._upto: dict[tuple[int, str], int] = {}
        self._owes_cover: set[int] = set()
        claims = {"iss": ISSUER, "iat": self._version, "exp": FOR_EVER, "version": self._version}
        self._trust = signet.sign(Trust(aud="all", keys=signet.trust_keys(), **claims))
        self._claims: dict[str, Any] = claims
        self.poles: list[Pole] = []
        self.sheets: dict[str, Sheet] = {}

    # ── plans ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def plan(self, _: Any = None) -> None:
        """Publish what the planner has decided by now, and look again when it decides next."""
        for village, body in self._planner.plans(self._loop.now_ms).items():
            self._publish(village, body)
        next_ms = self._planner.next_ms()
        if next_ms is not None:
            self._loop.at(next_ms, self.plan)

    def file(self, sha256: str) -> bytes | None:
        """A plan's body by its hash; None for anything else."""
        return self._bodies.get(sha256)

    def _publish(self, village: str, body: PlanBody) -> None:
        now_ms, standing, nodes = self._loop.now_ms, self._standing[village], self._places.villages[village].nodes
        for item in body.items:
            sheet = self.sheets.get(item.airing) or self._open(item)
            for node in nodes:
                sheet.states.setdefault(node, State.PUBLISHED)
        data = encode(body)
        digest = sha256(data).hexdigest()
        self._bodies.pop(standing.digest, None)
        self._bodies[digest] = data
        head = PlanHead(
            iss=ISSUER, aud=village, iat=now_ms, exp=body.valid_until, version=body.version, sha256=digest, size=len(data)
        )
        standing.digest, standing.sealed = digest, self._signet.sign(head)
        standing.floors = msgspec.structs.replace(standing.floors, plan=body.version)
        arrives_ms = now_ms + self._scenario.link.round_trip_ms // 2
        for node in nodes:
            pole = self.poles[node]
            if pole.connection is not None:
                pole.is_owed()
                what = (pole.connection, topics.village_plan(village), (standing.sealed,))
                self._loop.at(arrives_ms, pole.arrive, what)

    def _open(self, item: PlanItem) -> Sheet:
        sheet = self.sheets[item.airing] = Sheet(item, self._planner.approved_ms(item.airing))
        self._witness.approved(item.airing, item.start, item.grace)
        self._loop.at(item.start + item.grace + item.duration + SETTLE_AFTER_MS, self._settle, sheet)
        return sheet

    def _settle(self, sheet: Sheet) -> None:
        for node, state in sheet.states.items():
            sheet.states[node] = move(state, Word.SETTLE)

    # ── what nodes say ───────────────────────────────────────────────────────────────────────────────────────────────

    def hear(self, pole: Pole, leaf: str, payload: bytes, sent_ms: int) -> None:
        """An ask is answered, receipts are entered and covered; states and health are what pages show."""
        if leaf == "ask":
            self._answer(pole, decode(Ask, payload), sent_ms)
        elif leaf == "receipt":
            self._enter(pole, decode(Receipts, payload))

    def _answer(self, pole: Pole, ask: Ask, sent_ms: int) -> None:
        there, back = pole.way()
        t_ms, standing = sent_ms + there, self._standing[pole.village]
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
                floors=standing.floors,
            )
        )
        lacking = self._lacking(pole, ask, standing)
        pole.answered(None if lacking else standing.floors, len(answer))
        assert pole.connection is not None
        self._loop.at(t_ms + back, pole.arrive, (pole.connection, topics.inbox(pole.node), (*lacking, answer)))

    def _lacking(self, pole: Pole, ask: Ask, standing: _Standing) -> list[bytes]:
        held, newest = ask.versions, standing.floors
        lacking = [self._trust] if held.trust < newest.trust else []
        if held.config < newest.config:
            lacking.append(self._config(pole))
        if held.plan < newest.plan and standing.sealed is not None:
            lacking.append(standing.sealed)
        return lacking

    def _config(self, pole: Pole) -> bytes:
        scenario = self._scenario
        hours = tuple(Hours(from_minute=minute_of(opens), to_minute=minute_of(closes)) for opens, closes in scenario.policy.hours)
        config = Config(
            aud=pole.node,
            path=self._places.villages[pole.village].path,
            since=0,
            policy=Policy(hours=hours),
            bases=BASES,
            health_s=scenario.health_s,
            **self._claims,
        )
        return self._signet.sign(config)

    def _enter(self, pole: Pole, said: Receipts) -> None:
        life = (pole.index, said.life)
        reached = max(self._upto.get(life, 0), said.from_seq - 1)
        for receipt in said.items:
            if receipt.seq == reached + 1:
                reached += 1
            sheet = self.sheets[receipt.airing]
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
