"""Say it now, say it at a time, stop it: the decision, its deliveries and its letters in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from controller.domain.airing import DEFAULT_GRACE_MS, DEFAULT_LEAD_MS, MIN_GRACE_MS, Airing, Mode
from controller.domain.bulletin import Bulletin, BulletinState
from controller.domain.delivery import TRANSITIONS, Word
from controller.domain.errors import Conflict, NotFound, Refused
from controller.domain.ids import new_id
from controller.domain.unit import RANK, Unit
from controller.service.keyring import Keyring
from controller.service.letters import play_orders, stop_orders
from controller.service.plans import Plans
from controller.service.ports import Bus, ClipRow, Database, Transaction
from scheduler.clock import Clock

FARTHEST_MS = 366 * 86_400_000
"""A year: further ahead it is a slip of the finger, not a plan."""

MAX_UNITS = 200
"""Units named in one airing: more is a larger unit, or a click gone wrong."""

CANCEL = {state: row[Word.CANCEL] for state, row in TRANSITIONS.items() if Word.CANCEL in row}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Where and when to say something. `at_ms` None is now; `lead_ms` lets nodes fetch, so that neighbours begin together."""

    to: tuple[str, ...]
    at_ms: int | None = None
    lead_ms: int = DEFAULT_LEAD_MS
    grace_ms: int = DEFAULT_GRACE_MS
    gain: int = 0


class Airings:
    """Decides airings. Thread-safe; each call is one commit."""

    def __init__(self, *, database: Database, keyring: Keyring, plans: Plans, clock: Clock, bus: Bus) -> None:
        self._database = database
        self._keyring = keyring
        self._plans = plans
        self._clock = clock
        self._bus = bus

    def say(self, *, bulletin: str, wish: Wish, by: str) -> Airing:
        """Air an approved bulletin; Refused, NotFound or Conflict("airing.overlap") when that can't be."""
        with self._database.writing() as tx:
            airing = self.say_within(tx, bulletin=bulletin, wish=wish, by=by)
        self._told(airing)
        return airing

    def say_within(self, tx: Transaction, *, bulletin: str, wish: Wish, by: str) -> Airing:
        """The same inside a commit that does more; the caller tells the bus after it."""
        now_ms = self._clock.now_ms()
        said, clip = sayable(tx, bulletin)
        roots = roots_of(tx, wish.to)
        airing = _decide(said, clip, roots, wish, now_ms)
        villages = tx.units.villages_with_nodes(roots)
        if not villages:
            raise Refused("airing.no-nodes", units=[root.name for root in roots])
        _refuse_overlap(tx, airing, villages)
        tx.airings.add(airing, villages, by)
        tx.deliveries.plan(airing.id, roots, now_ms)
        if airing.mode is Mode.NOW:
            tx.outbox.add(play_orders(airing, self._keyring, now_ms))
        else:
            self._plans.replan(tx, villages, now_ms)
        return airing

    def cancel(self, airing_id: str, *, by: str) -> Airing:
        """Ask for silence: a tombstone before the sound, a cut within it. Asking twice is asking once."""
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            airing = tx.airings.get(airing_id)
            if airing is None:
                raise NotFound("airing.unknown", airing=airing_id)
            if airing.cancelled_ms is not None:
                return airing
            if now_ms >= airing.ends_ms:
                raise Refused("airing.over", airing=airing_id)
            airing = replace(airing, rev=airing.rev + 1, cancelled_ms=now_ms)
            self._cancel_within(tx, airing, now_ms)
        self._told(airing)
        return airing

    def _cancel_within(self, tx: Transaction, airing: Airing, now_ms: int) -> None:
        villages = tx.airings.villages_of(airing.id)
        tx.airings.cancel(airing.id, airing.rev, now_ms)
        tx.deliveries.move_all(airing.id, CANCEL, None, now_ms)
        tx.outbox.supersede("play", [airing.id])
        tx.outbox.add(stop_orders(airing, self._keyring, now_ms))
        if airing.mode is Mode.PLANNED:
            self._plans.replan(tx, villages, now_ms)

    def _told(self, airing: Airing) -> None:
        self._bus.outbox_filled()
        self._bus.airing_changed([airing.id])


def sayable(tx: Transaction, bulletin_id: str) -> tuple[Bulletin, ClipRow]:
    """An approved bulletin with its clip; NotFound, Refused("bulletin.no-sound", "bulletin.not-approved") if it is none."""
    draft = tx.bulletins.get(bulletin_id)
    if draft is None:
        raise NotFound("bulletin.unknown", bulletin=bulletin_id)
    bulletin = draft.bulletin
    clip = tx.bulletins.clip(bulletin.clip) if bulletin.clip else None
    if clip is None:
        raise Refused("bulletin.no-sound", bulletin=bulletin_id)
    if bulletin.state is not BulletinState.APPROVED:
        raise Refused("bulletin.not-approved", bulletin=bulletin_id)
    return bulletin, clip


def roots_of(tx: Transaction, names: Sequence[str]) -> list[Unit]:
    """The units named, without those that stand under another one named."""
    if not names:
        raise Refused("airing.no-units")
    if len(names) > MAX_UNITS:
        raise Refused("airing.many-units", limit=MAX_UNITS)
    found: dict[str, Unit] = {}
    for name in dict.fromkeys(names):
        unit = tx.units.get(name)
        if unit is None:
            raise NotFound("unit.unknown", unit=name)
        found[name] = unit
    return [unit for unit in found.values() if not any(above in found for above in unit.path[:-1])]


def _decide(bulletin: Bulletin, clip: ClipRow, roots: Sequence[Unit], wish: Wish, now_ms: int) -> Airing:
    start_ms = now_ms + wish.lead_ms if wish.at_ms is None else wish.at_ms
    if start_ms < now_ms:
        raise Refused("airing.past", at_ms=start_ms)
    if start_ms > now_ms + FARTHEST_MS:
        raise Refused("airing.far", at_ms=start_ms)
    if wish.grace_ms < MIN_GRACE_MS:
        raise Refused("airing.grace", least_ms=MIN_GRACE_MS)
    return Airing(
        id=new_id(now_ms),
        bulletin=bulletin.id,
        mode=Mode.NOW if wish.at_ms is None else Mode.PLANNED,
        rev=1,
        units=tuple(root.id for root in roots),
        start_ms=start_ms,
        grace_ms=wish.grace_ms,
        duration_ms=clip.duration_ms,
        klass=bulletin.klass,
        rank=max(RANK[root.level] for root in roots),
        sha256=clip.sha256,
        size=clip.size,
        gain=wish.gain,
        language=bulletin.language,
        created_ms=now_ms,
    )


def _refuse_overlap(tx: Transaction, airing: Airing, villages: Sequence[str]) -> None:
    met = tx.airings.overlapping(villages, airing.start_ms, airing.start_ms + airing.duration_ms)
    if met is None:
        return
    other, village = met
    place = tx.units.get(village)
    there = tx.airings.get(other)
    titles = tx.bulletins.titles([there.bulletin] if there else [])
    raise Conflict(
        "airing.overlap",
        airing=other,
        title=next(iter(titles.values()), ""),
        village=place.name if place else village,
        start_ms=there.start_ms if there else 0,
        end_ms=there.start_ms + there.duration_ms if there else 0,
    )
