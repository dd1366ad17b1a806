"""What an emergency cut: it goes on where it was, begins anew, or is not heard again, as its programme says.

The emergency wrote down what it cut (`cutting`). When it has begun, the rest of each clip is made, which is a clip of its own,
and is asked for as a request that goes before all others of its class. The planner makes it an airing behind the emergency.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from msgspec import Struct
from msgspec.structs import replace as changed

from audio.clip import Clip
from audio.errors import AudioError
from controller.domain.airing import Airing, Klass
from controller.domain.ids import new_id
from controller.service.airings import CANCEL
from controller.service.clips import PASSING, clip_of, row_of
from controller.service.kept import Cut, Request
from controller.service.keyring import Keyring
from controller.service.letters import stop_orders
from controller.service.names import series_of
from controller.service.planner import BY
from controller.service.ports import Bus, ClipRow, Database, Transaction
from scheduler.clock import Clock
from scheduler.programme import Resume
from scheduler.wishes import Begin

log = logging.getLogger(__name__)

SURE_MS = 1_000
"""After the emergency's start: until then it can be taken back, and nothing was cut."""

BREATH_MS = 2_000
"""Between the emergency's end and what goes on: people turn their heads."""

WAIT_MS = 1_800_000
"""Half an hour behind the emergency: what finds no place until then is no news any more."""

Rest = Callable[[Clip, int], Clip | None]
"""What is left of a clip from a moment (ms) on; None: nothing worth saying. AudioError as `audio.rest.rest_of`."""


class _Rule(Struct, frozen=True, kw_only=True):
    """How an airing goes on, and whose wish it is."""

    resume: Resume
    owner: str
    order: int


class Resuming:
    """Decides what becomes of what emergencies cut. One thread calls `step`."""

    def __init__(self, *, database: Database, keyring: Keyring, rest: Rest, clock: Clock, bus: Bus) -> None:
        self._database = database
        self._keyring = keyring
        self._rest = rest
        self._clock = clock
        self._bus = bus

    def step(self) -> int:
        """Decide about what was cut by emergencies that have begun; says about how many. What the disk has no room for waits."""
        with self._database.reading() as tx:
            waiting = [(tx.airings.get(cut.emergency), tx.airings.get(cut.airing)) for cut in tx.cuts.waiting()]
        pairs = [(emergency, airing) for emergency, airing in waiting if emergency is not None and airing is not None]
        decided = 0
        for behind_ms, (emergency, airing) in enumerate(sorted(pairs, key=_start)):
            if self._clock.now_ms() < emergency.start_ms + SURE_MS:
                continue
            try:
                self._decide(emergency, airing, behind_ms)
            except AudioError as error:
                log.warning("what %s cut waits: %s", emergency.id, error)
                continue
            decided += 1
        return decided

    def _decide(self, emergency: Airing, airing: Airing, behind_ms: int) -> None:
        is_silent, is_moved = emergency.silent_ms == emergency.start_ms, airing.start_ms >= emergency.silent_ms
        with self._database.reading() as tx:
            rule = _rule(tx, airing)
        rest = None if is_silent or is_moved or rule.resume is Resume.DROP else self._rest_of(emergency, airing, rule)
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            villages = sorted({*tx.airings.villages_of(airing.id)} & {*tx.airings.villages_of(emergency.id)})
            tx.cuts.clear(Cut(emergency=emergency.id, airing=airing.id))
            tx.replans.mark(villages, now_ms)
            if is_silent or is_moved:
                tx.planned.uncut(airing, villages)
                return
            if airing.start_ms >= emergency.start_ms:
                self._keep_silent(tx, airing, villages, now_ms)
            if rest is not None and villages and airing.cancelled_ms is None:
                tx.bulletins.add_clip(rest)
                request = _request(emergency, airing, rule, rest, villages, now_ms)
                tx.requests.add(changed(request, start_ms=request.start_ms + behind_ms))
        self._bus.outbox_filled()
        self._bus.airing_changed([airing.id])

    def _rest_of(self, emergency: Airing, airing: Airing, rule: _Rule) -> ClipRow | None:
        """The sound with which it goes on; None if nothing is left. AudioError if the disk does not serve now."""
        with self._database.reading() as tx:
            row = tx.bulletins.clip(airing.sha256)
        heard_ms = max(0, emergency.start_ms - airing.start_ms) if rule.resume is Resume.RESUME else 0
        if row is None or heard_ms >= airing.duration_ms:
            return None
        try:
            rest = self._rest(clip_of(row), heard_ms)
        except AudioError as error:
            if error.code in PASSING:
                raise
            log.warning("the rest of %s is not said: %s", airing.id, error)  # its file is lost: there is no more to say
            return None
        return None if rest is None else row_of(rest, self._clock.now_ms())

    def _keep_silent(self, tx: Transaction, airing: Airing, villages: list[str], now_ms: int) -> None:
        """It had not begun: a loudspeaker may not say it late, behind the emergency, and once more when it goes on."""
        if not villages:
            return
        there = replace(airing, rev=airing.rev + 1, units=tuple(villages))
        tx.deliveries.move_in(airing.id, villages, CANCEL, now_ms)
        tx.outbox.add(stop_orders(there, self._keyring, now_ms))


def _start(pair: tuple[Airing, Airing]) -> tuple[int, int, str]:
    """As they were wished, so they go on: each a moment behind the one before."""
    emergency, airing = pair
    return (emergency.start_ms, airing.start_ms, airing.id)


def _rule(tx: Transaction, airing: Airing) -> _Rule:
    """A programme's own; a single bulletin goes on where it was."""
    series = series_of(airing.wish) if airing.wish else ""
    if programme := tx.programmes.get(series):
        kept = programme.programme
        return _Rule(resume=kept.resume, owner=kept.owner, order=kept.order)
    if request := tx.requests.get(series):
        return _Rule(resume=Resume.RESUME, owner=request.owner, order=request.rank_order)
    draft = tx.bulletins.get(airing.bulletin)
    return _Rule(resume=Resume.RESUME, owner=draft.bulletin.owner if draft else "", order=0)


def _request(emergency: Airing, airing: Airing, rule: _Rule, rest: ClipRow, villages: list[str], now_ms: int) -> Request:
    return Request(
        id=new_id(now_ms),
        bulletin=airing.bulletin,
        owner=rule.owner,
        units=tuple(villages),
        start_ms=emergency.silent_ms + BREATH_MS,
        begin=Begin.WAIT,
        wait_ms=WAIT_MS,
        klass=Klass(airing.klass),
        level=airing.rank,
        rank_order=rule.order - 1,
        gain=airing.gain,
        grace_ms=airing.grace_ms,
        created_ms=now_ms,
        created_by=BY,
        clip=rest.sha256,
        after=emergency.id,
    )
