"""Say it now, say it at a time, stop it: the decision, its deliveries and its letters in one commit.

An order is what was asked for, at once or within seconds. A bulletin at a later time is a request: the resolver finds its place
(`asking`), it is kept together with the airings that fulfil it, and the planner keeps them true (`planner`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from controller.domain.airing import Airing, Klass, Mode
from controller.domain.bulletin import Bulletin
from controller.domain.delivery import TRANSITIONS, Word
from controller.domain.errors import Conflict, NotFound, Refused
from controller.domain.rights import Actor, Deed
from controller.domain.unit import Unit
from controller.service.asking import Foreseen, Wish, foresee, refuse_overlap, roots_of, sayable
from controller.service.consenting import require_no_yes, said_of
from controller.service.cutting import take_time
from controller.service.kept import Request
from controller.service.keyring import Keyring
from controller.service.letters import play_orders, stop_orders
from controller.service.names import turn_of
from controller.service.plans import Plans
from controller.service.ports import Bus, ClipRow, Database, Draft, Transaction
from controller.service.repeating import missed
from controller.service.rights import record, require
from controller.service.timetable import FREEZE_MS
from controller.service.units import unit_of
from scheduler.clock import Clock

CANCEL = {state: row[Word.CANCEL] for state, row in TRANSITIONS.items() if Word.CANCEL in row}


class Airings:
    """Decides airings. Thread-safe; each call is one commit."""

    def __init__(self, *, database: Database, keyring: Keyring, plans: Plans, clock: Clock, bus: Bus) -> None:
        self._database = database
        self._keyring = keyring
        self._plans = plans
        self._clock = clock
        self._bus = bus

    def say(self, *, bulletin: str, wish: Wish, by: Actor) -> Airing:
        """Air an approved bulletin; Refused, NotFound or Conflict("airing.overlap") when that can't be.

        Refused("consent.*") where a yes is wanted that nobody gave: then it can be submitted (`approvals`).
        """
        with self._database.reading() as tx:
            roots = roots_of(tx, wish.to)
            require(by, Deed.AIRING_SAY, roots)
            said, clip = sayable(tx, bulletin)
            draft = tx.bulletins.get(bulletin)
            self._require_no_yes(tx, said, clip, wish, by, is_spent=draft is not None and draft.airing is not None)
        foreseen = self.foresee(said, clip, wish, by=by.id)
        with self._database.writing() as tx:
            airing = self.say_within(tx, foreseen)
            record(tx, by, Deed.AIRING_SAY, roots, subject=airing.id, at_ms=self._clock.now_ms(), title=said.title)
        self._told(airing)
        return airing

    def foresee(self, bulletin: Bulletin, clip: ClipRow, wish: Wish, *, by: str) -> Foreseen:
        """What would come of it (`asking.foresee`). Takes its time: never within a writing transaction."""
        return foresee(self._database, bulletin, clip, wish, now_ms=self._clock.now_ms(), by=by)

    def say_within(self, tx: Transaction, foreseen: Foreseen) -> Airing:
        """Keep what was foreseen, inside a commit that may do more; the caller tells the bus after it. Gives the first airing."""
        now_ms = self._clock.now_ms()
        first, roots = foreseen.airings[0]
        sayable(tx, first.bulletin)
        if foreseen.request is None:
            self._order(tx, first, roots, foreseen.by, now_ms)
            return first
        tx.requests.add(foreseen.request)
        for airing, villages in foreseen.airings:
            here = [village.id for village in villages]
            refuse_overlap(tx, airing, here, but=foreseen.met)
            tx.airings.add(airing, here, foreseen.by)
            tx.deliveries.plan(airing.id, villages, now_ms)
        self._plans.replan(tx, sorted({village.id for _, here in foreseen.airings for village in here}), now_ms)
        tx.replans.mark(foreseen.request.units, now_ms)  # others may have to make room
        return first

    def fulfil_within(self, tx: Transaction, draft: Draft, foreseen: Foreseen, *, by: Actor) -> Draft:
        """Keep what was wished of a bulletin, by the word of `by`, inside the commit that lets it be said."""
        airing, now_ms = self.say_within(tx, foreseen), self._clock.now_ms()
        roots = [unit_of(tx, unit) for unit in foreseen.to]
        record(tx, by, Deed.AIRING_SAY, roots, subject=airing.id, at_ms=now_ms, title=draft.bulletin.title)
        said = replace(draft, airing=airing.id)
        tx.bulletins.change(said)
        return said

    def _require_no_yes(
        self, tx: Transaction, said: Bulletin, clip: ClipRow, wish: Wish, by: Actor, *, is_spent: bool = False
    ) -> None:
        """Refused("consent.*") where a yes is wanted that nobody gave, or that was given for one airing, and it was aired."""
        where = [unit_of(tx, unit) for unit in wish.to]
        if is_spent or not said.has_yes_for(where):
            require_no_yes(tx, by, where, said_of(said, clip, wish, self._clock.now_ms()))

    def _order(self, tx: Transaction, airing: Airing, roots: Sequence[Unit], by: str, now_ms: int) -> None:
        villages = tx.units.villages_with_nodes(roots)
        if not villages:
            raise Refused("airing.no-nodes", units=[root.name for root in roots])
        if airing.klass is not Klass.EMERGENCY:
            refuse_overlap(tx, airing, villages)
        tx.airings.add(airing, villages, by)
        if airing.klass is Klass.EMERGENCY:
            take_time(tx, airing, villages, now_ms)
        tx.deliveries.plan(airing.id, roots, now_ms)
        if airing.mode is Mode.NOW:
            tx.outbox.add(play_orders(airing, self._keyring, now_ms))
        else:
            self._plans.replan(tx, villages, now_ms)

    def repeat(self, airing_id: str, *, by: Actor) -> Airing:
        """Air it again where it was missed (`repeating.missed` says what is refused); the repeat under way, if there is one."""
        with self._database.reading() as tx:
            lacking = missed(tx, airing_id, by=by)
            self._require_no_yes(tx, lacking.bulletin, lacking.clip, lacking.wish, by)
        if lacking.under_way is not None:
            return lacking.under_way
        try:
            foreseen = self.foresee(lacking.bulletin, lacking.clip, lacking.wish, by=by.id)
        except (Conflict, Refused):
            with self._database.reading() as tx:
                meanwhile = missed(tx, airing_id, by=by).under_way
            if meanwhile is None:
                raise
            return meanwhile  # what is in its way is the same, pressed in another tab
        [(order, roots)] = foreseen.airings
        again = replace(order, repeats=lacking.first.id)
        with self._database.writing() as tx:
            now = missed(tx, airing_id, by=by)  # somebody else may have pressed it meanwhile
            if now.under_way is not None:
                return now.under_way
            if now.villages != lacking.villages:
                raise Conflict("airing.repeat-changed")
            self.say_within(tx, replace(foreseen, airings=((again, roots),)))
            told = {"title": lacking.bulletin.title, "repeats": lacking.first.id}
            record(tx, by, Deed.AIRING_SAY, lacking.villages, subject=again.id, at_ms=self._clock.now_ms(), **told)
        self._told(again)
        return again

    def cancel(self, airing_id: str, *, by: Actor) -> Airing:
        """Ask for silence: a tombstone before the sound, a cut within it. Asking twice is asking once.

        A request is cancelled as a whole, wherever else it sounds at another time.
        """
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            airing = tx.airings.get(airing_id)
            if airing is None:
                raise NotFound("airing.unknown", airing=airing_id)
            require(by, Deed.AIRING_CANCEL, _where(tx, airing))
            if airing.cancelled_ms is not None:
                return airing
            if now_ms >= airing.ends_ms:
                raise Refused("airing.over", airing=airing_id)
            request, others = _same_request(tx, airing, now_ms)
            asked = [unit_of(tx, unit) for unit in request.units] if request else []  # also where it has no time yet
            record(tx, by, Deed.AIRING_CANCEL, [*_where(tx, airing, *others), *asked], subject=airing.id, at_ms=now_ms)
            for each in (airing, *others):
                self._cancel_within(tx, replace(each, rev=each.rev + 1, cancelled_ms=now_ms), now_ms)
        self._told(airing, *others)
        return replace(airing, rev=airing.rev + 1, cancelled_ms=now_ms)

    def order(self, airing_id: str, order: int, *, by: Actor) -> Airing:
        """What the commune decided where two bulletins of one class meet: the lower goes first, and the planner moves the other.

        Refused("airing.fixed") for what nobody plans any more: an order, a programme's turn (its programme has the order), what
        was cancelled, what begins within seconds.
        """
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            airing = tx.airings.get(airing_id)
            if airing is None:
                raise NotFound("airing.unknown", airing=airing_id)
            require(by, Deed.AIRING_ORDER, _where(tx, airing))
            request = tx.requests.get(turn_of(airing.wish)) if airing.wish else None
            if request is None or request.cancelled_ms is not None or airing.start_ms <= now_ms + FREEZE_MS:
                raise Refused("airing.fixed")
            everywhere = [unit_of(tx, unit) for unit in request.units]
            record(tx, by, Deed.AIRING_ORDER, everywhere, subject=airing.id, at_ms=now_ms, order=order)
            tx.requests.order(request.id, order)
            tx.replans.mark(request.units, now_ms)
        return airing

    def _cancel_within(self, tx: Transaction, airing: Airing, now_ms: int) -> None:
        villages = tx.airings.villages_of(airing.id)
        tx.airings.cancel(airing.id, airing.rev, now_ms)
        tx.deliveries.move_all(airing.id, CANCEL, None, now_ms)
        tx.outbox.supersede("play", [airing.id])
        tx.outbox.add(stop_orders(airing, self._keyring, now_ms))
        if airing.mode is Mode.PLANNED:
            self._plans.replan(tx, villages, now_ms)
        if airing.klass is Klass.EMERGENCY:
            tx.requests.bring_forward(airing.id, airing.start_ms + airing.duration_ms - airing.silent_ms)
        tx.replans.mark(villages, now_ms)  # their time is free for what had none

    def _told(self, *airings: Airing) -> None:
        self._bus.outbox_filled()
        self._bus.airing_changed([airing.id for airing in airings])


def _where(tx: Transaction, *airings: Airing) -> list[Unit]:
    """The units that these airings are for."""
    return [unit_of(tx, name) for name in dict.fromkeys(unit for airing in airings for unit in airing.units)]


def _same_request(tx: Transaction, airing: Airing, now_ms: int) -> tuple[Request | None, list[Airing]]:
    """The request that this airing fulfils, which is cancelled, and its other airings."""
    request = tx.requests.get(turn_of(airing.wish)) if airing.wish else None
    if request is None:
        return None, []
    tx.requests.cancel(request.id, now_ms)
    every = tx.planned.fulfilling(airing.wish or "")
    return request, [each for each in every if each.id != airing.id and each.cancelled_ms is None and now_ms < each.ends_ms]
