"""Programmes: made, changed, paused, ended. Of two who edit one, the second is told what differs and overwrites nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date

from msgspec.structs import replace

from controller.domain.errors import Conflict, NotFound, Refused
from controller.domain.ids import new_id
from controller.domain.rights import Actor, Deed
from controller.domain.unit import is_under
from controller.service.composing import checked, composed, require_yes
from controller.service.differences import differences
from controller.service.kept import KeptProgramme
from controller.service.ports import Database, Transaction
from controller.service.rights import record, require, require_near
from controller.service.units import unit_of
from scheduler.clock import Clock
from scheduler.programme import DayChange, Programme, without_day
from scheduler.recurrence import days

MAX_LIVING = 20_000
"""Twice what a province of 200 communes has with 50 each: all of them are planned together."""


class Programmes:
    """Reads and edits programmes. Thread-safe; each call is one commit. `changed` is called after one that changed something.

    What can't be kept is Refused, NotFound or Conflict with the reason (`composing.composed`), and nothing is.
    """

    def __init__(self, *, database: Database, clock: Clock, changed: Callable[[], None] = lambda: None) -> None:
        self._database = database
        self._clock = clock
        self._changed = changed

    def list(self, unit: str | None = None, *, by: Actor) -> list[KeptProgramme]:
        """The living ones, by title: all that are heard where they may look, or those heard in a unit or anywhere below it."""
        with self._database.reading() as tx:
            concern = {each.id for each in tx.units.all() if by.is_near(each)}
            found = [kept for kept in tx.programmes.living() if not concern.isdisjoint(kept.programme.units)]
            if unit is not None:
                place = unit_of(tx, unit)
                require_near(by, place)
                path = place.path
                near = {*path, *(each.id for each in tx.units.all() if is_under(each, unit))}
                found = [kept for kept in found if not near.isdisjoint(kept.programme.units)]
        return sorted(found, key=lambda kept: (kept.programme.title, kept.programme.id))

    def get(self, programme: str, *, by: Actor) -> KeptProgramme:
        """One, living or ended."""
        with self._database.reading() as tx:
            kept = _get(tx, programme)
            heard = [unit_of(tx, unit) for unit in kept.programme.units]
        if not any(map(by.is_near, heard)):
            require(by, Deed.SEE, heard)
        return kept

    def create(self, wanted: Programme, *, by: Actor) -> KeptProgramme:
        """A new one. Its id, its level and what its bulletins sound like are found here."""
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            if len(tx.programmes.living()) >= MAX_LIVING:
                raise Refused("programme.many", limit=MAX_LIVING)
            require(by, Deed.PROGRAMME_EDIT, [unit_of(tx, wanted.owner)])
            programme = composed(tx, replace(wanted, id=new_id(now_ms)))
            require_yes(tx, by, None, programme)
            kept = KeptProgramme(
                programme=programme, version=1, created_ms=now_ms, created_by=by.name, changed_ms=now_ms, changed_by=by.name
            )
            _record(tx, by, "create", kept, now_ms)
            tx.programmes.put(kept)
            tx.replans.mark(programme.units, now_ms)
        self._changed()
        return kept

    def change(self, programme: str, version: int, wanted: Programme, *, by: Actor) -> KeptProgramme:
        """Let it be `wanted`, in place of `version`.

        Conflict("programme.changed") when somebody else was first: `version`, `by`, `at_ms`, and `differences` between what
        is kept now and what was wanted.
        """

        def edit(tx: Transaction, kept: KeptProgramme) -> Programme:
            require(by, Deed.PROGRAMME_EDIT, [unit_of(tx, wanted.owner)])
            yours = composed(tx, replace(wanted, id=programme))
            if kept.version != version and yours != kept.programme:
                raise _conflict(kept, yours)
            return yours

        return self._edit(programme, by, "change", edit)

    def pause(self, programme: str, begin: date, end: date, *, by: Actor) -> KeptProgramme:
        """Silent from one local day to another, both included."""

        def edit(_: Transaction, kept: KeptProgramme) -> Programme:
            rule = kept.programme.rule
            paused = dataclasses.replace(rule, pauses=tuple(sorted({*rule.pauses, (begin, end)})))
            return checked(replace(kept.programme, rule=paused))

        return self._edit(programme, by, "pause", edit)

    def skip_day(self, programme: str, day: date, *, by: Actor) -> KeptProgramme:
        """Silent on one local day; Refused("programme.no-turn") if it would be silent anyway. Twice is once."""

        def edit(_: Transaction, kept: KeptProgramme) -> Programme:
            if day in kept.programme.rule.skips:
                return kept.programme
            _refuse_silent_day(kept.programme, day)
            return checked(without_day(kept.programme, day))

        return self._edit(programme, by, "skip", edit)

    def change_day(self, programme: str, change: DayChange, *, by: Actor) -> KeptProgramme:
        """Otherwise on one local day, or one turn of it; a change that says nothing takes that change away."""

        def edit(tx: Transaction, kept: KeptProgramme) -> Programme:
            _refuse_silent_day(kept.programme, change.day)
            others = [each for each in kept.programme.changes if (each.day, each.turn) != (change.day, change.turn)]
            if change.says_something:
                others.append(change)
            changes = tuple(sorted(others, key=lambda each: (each.day, each.turn or 0)))
            return composed(tx, replace(kept.programme, changes=changes))

        return self._edit(programme, by, "day", edit)

    def order(self, programme: str, order: int, *, by: Actor) -> KeptProgramme:
        """What the commune decided where two priority items meet: the lower goes first."""
        return self._edit(programme, by, "order", lambda tx, kept: replace(kept.programme, order=order))

    def end(self, programme: str, *, by: Actor) -> KeptProgramme:
        """It has no more turns; twice is once."""
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            kept = _get(tx, programme)
            require(by, Deed.PROGRAMME_EDIT, [unit_of(tx, kept.programme.owner)])
            if kept.ended_ms is not None:
                return kept
            kept = replace(_next(kept, kept.programme, by, now_ms), ended_ms=now_ms)
            _record(tx, by, "end", kept, now_ms)
            tx.programmes.put(kept)
            tx.replans.mark(kept.programme.units, now_ms)
        self._changed()
        return kept

    def reopen(self, programme: str, version: int, *, by: Actor) -> KeptProgramme:
        """It was ended by mistake: it lives again as it was; twice is once. Conflict as in `change` for another `version`."""
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            kept = _get(tx, programme)
            require(by, Deed.PROGRAMME_EDIT, [unit_of(tx, kept.programme.owner)])
            if kept.ended_ms is None:
                return kept
            if kept.version != version:
                raise _conflict(kept, kept.programme)
            if len(tx.programmes.living()) >= MAX_LIVING:
                raise Refused("programme.many", limit=MAX_LIVING)
            kept = replace(_next(kept, composed(tx, kept.programme), by, now_ms), ended_ms=None)
            require_yes(tx, by, None, kept.programme)
            _record(tx, by, "reopen", kept, now_ms)
            tx.programmes.put(kept)
            tx.replans.mark(kept.programme.units, now_ms)
        self._changed()
        return kept

    def _edit(
        self, programme: str, by: Actor, did: str, edit: Callable[[Transaction, KeptProgramme], Programme]
    ) -> KeptProgramme:
        """One commit: the programme as `edit` makes it, and the units of before and after marked. The same is no change."""
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            kept = _get(tx, programme)
            require(by, Deed.PROGRAMME_EDIT, [unit_of(tx, kept.programme.owner)])
            if kept.ended_ms is not None:
                raise Refused("programme.ended", programme=programme, title=kept.programme.title)
            edited = edit(tx, kept)
            if edited == kept.programme:
                return kept
            require_yes(tx, by, kept.programme, edited)
            new = _next(kept, edited, by, now_ms)
            _record(tx, by, did, new, now_ms, kept.programme.owner)
            tx.programmes.put(new)
            tx.replans.mark((*kept.programme.units, *edited.units), now_ms)
        self._changed()
        return new


def _next(kept: KeptProgramme, programme: Programme, by: Actor, now_ms: int) -> KeptProgramme:
    return replace(kept, programme=programme, version=kept.version + 1, changed_ms=now_ms, changed_by=by.name)


def _record(tx: Transaction, by: Actor, did: str, kept: KeptProgramme, now_ms: int, *others: str) -> None:
    """Into the trail of its owner, and of `others` who had it before."""
    programme = kept.programme
    detail = {"did": did, "title": programme.title, "version": kept.version}
    places = [unit_of(tx, owner) for owner in dict.fromkeys((programme.owner, *others))]
    record(tx, by, Deed.PROGRAMME_EDIT, places, subject=programme.id, at_ms=now_ms, **detail)


def _get(tx: Transaction, programme: str) -> KeptProgramme:
    kept = tx.programmes.get(programme)
    if kept is None:
        raise NotFound("programme.unknown", programme=programme)
    return kept


def _refuse_silent_day(programme: Programme, day: date) -> None:
    if next(days(programme.rule, day, day), None) is None:
        raise Refused("programme.no-turn", day=day.isoformat(), title=programme.title)


def _conflict(kept: KeptProgramme, yours: Programme) -> Conflict:
    return Conflict(
        "programme.changed",
        programme=yours.id,
        title=kept.programme.title,
        version=kept.version,
        by=kept.changed_by,
        at_ms=kept.changed_ms,
        differences=differences(kept.programme, yours),
    )
