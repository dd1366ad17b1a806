"""The outbox's decisions: which letters go now, and what a publish that the broker took means. `mqtt.outbox` does the sending.

A PUBACK proves that a broker took it, nothing more: the deliveries become *published*. Whether a letter goes again depends
on whether somebody it is for has not taken it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from controller.domain.delivery import State
from controller.domain.unit import Unit
from controller.service.letters import OFFERS_MS, next_offer_ms
from controller.service.offers import UNTAKEN
from controller.service.ports import Bus, Database, Letter, Transaction
from scheduler.clock import Clock

LIMIT = 200
"""Letters in one round: what a broker takes in well under a second, so that marks are never far behind publishes."""

MAX_REMEMBERED = 20_000
"""Letters whose last count is remembered: two for each node. One that is forgotten is offered once more, no harm."""

OPEN_STATES = {"play": UNTAKEN, "stop": (State.CANCELLING,)}


@dataclass(slots=True)
class Posting:
    """Chooses and marks letters. One thread uses it; `_untaken` remembers how many were open when we last looked."""

    database: Database
    clock: Clock
    bus: Bus
    _untaken: dict[int, int] = field(default_factory=dict)

    def due(self) -> tuple[list[Letter], int | None]:
        """The letters to publish now, and when the next one is due (UTC ms, None: nothing waits)."""
        now_ms = self.clock.now_ms()
        with self.database.reading() as tx:
            letters = tx.outbox.due(now_ms, LIMIT)
            verdicts = [(letter, self._wanted(tx, letter)) for letter in letters]
            next_ms = tx.outbox.next_due_ms(now_ms)
        if len(self._untaken) > MAX_REMEMBERED:
            self._untaken.clear()
        wanted = [letter for letter, verdict in verdicts if verdict == "go"]
        rest = [_put_off(letter, verdict, now_ms) for letter, verdict in verdicts if verdict != "go"]
        if rest:
            with self.database.writing() as tx:
                tx.outbox.mark(rest)
        return wanted, next_ms

    def published(self, letters: Sequence[Letter]) -> None:
        """The broker took these letters: mark them, and their deliveries."""
        now_ms = self.clock.now_ms()
        airings: set[str] = set()
        with self.database.writing() as tx:
            tx.outbox.mark([_tried(letter, now_ms) for letter in letters])
            present = tx.outbox.present([letter.id for letter in letters])
            for letter in letters:
                if letter.attempt == 0 and letter.id in present:  # a superseded plan says nothing about today's airings
                    airings.update(_mark_deliveries(tx, letter, now_ms))
                    self._untaken[letter.id] = _count_untaken(tx, letter)  # who takes it from now on is "coming"
        self.bus.airing_changed(airings)

    def _wanted(self, tx: Transaction, letter: Letter) -> str:
        """ "go", "taken" (by all it is for) or "coming" (they are just now taking it)."""
        if letter.attempt == 0:
            return "go"
        untaken = _count_untaken(tx, letter)
        before = self._untaken.pop(letter.id, None)
        if untaken == 0:
            return "taken"
        self._untaken[letter.id] = untaken
        return "coming" if before is not None and untaken < before else "go"


def _put_off(letter: Letter, verdict: str, now_ms: int) -> Letter:
    return replace(letter, next_ms=None if verdict == "taken" else now_ms + OFFERS_MS[1])


def _tried(letter: Letter, now_ms: int) -> Letter:
    attempt = letter.attempt + 1
    return replace(letter, attempt=attempt, next_ms=next_offer_ms(attempt, now_ms))


def _count_untaken(tx: Transaction, letter: Letter) -> int:
    if letter.kind in OPEN_STATES:
        return tx.deliveries.count_open(letter.subject, _unit(tx, letter), OPEN_STATES[letter.kind])
    return tx.nodes.count_behind(letter.kind, letter.subject)


def _mark_deliveries(tx: Transaction, letter: Letter, now_ms: int) -> list[str]:
    moves = {State.PLANNED: State.PUBLISHED}
    if letter.kind == "play":
        tx.deliveries.move_all(letter.subject, moves, _unit(tx, letter), now_ms)
        return [letter.subject]
    if letter.kind == "plan":
        airings = [airing.id for airing in tx.airings.coming(letter.subject, now_ms, letter.expires_ms)]
        for airing in airings:
            tx.deliveries.move_all(airing, moves, _unit(tx, letter), now_ms)
        return airings
    return []


def _unit(tx: Transaction, letter: Letter) -> Unit:
    unit = tx.units.get(letter.unit)
    if unit is None:  # units are never deleted while letters name them
        raise LookupError(letter.unit)
    return unit
