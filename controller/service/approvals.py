"""Somebody says yes before a bulletin is said: submitted, approved, returned with a note, withdrawn. Each is one commit.

What was wished travels with the bulletin. The yes fulfils it in its own commit: approved means said, or planned. Nobody
approves their own where two persons are asked for. Asking twice is asking once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from controller.domain.bulletin import Act, Bulletin, BulletinState, check_note, step
from controller.domain.errors import Conflict, NotFound, Refused
from controller.domain.rights import Actor, Deed
from controller.domain.unit import Unit
from controller.service.airings import Airings
from controller.service.asking import Foreseen, Wish, roots_of, sounding, wished
from controller.service.consent import Lack
from controller.service.consenting import author_of, lacking, said_of, two_wanted
from controller.service.kept import KeptPolicy
from controller.service.ports import Bus, ClipRow, Database, Draft, Transaction
from controller.service.rights import record, require, require_near
from controller.service.units import unit_of
from scheduler.clock import Clock

SHOWN = 200
"""Bulletins that wait, newest first: more than anybody hears through in a day."""

RETURNED_MS = 30 * 86_400_000
"""What was returned stays in its author's list for a month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A bulletin before its yes, as one person sees it. `lack`: why a yes is wanted, None when nothing wants it any more.

    `may_approve`: their yes counts. `is_own`: it is theirs. `wish` None: programmes take it.
    """

    bulletin: Bulletin
    clip: ClipRow
    wish: Wish | None
    where: tuple[Unit, ...]
    author: str
    decider: str
    lack: Lack | None
    may_approve: bool
    is_own: bool


class Approvals:
    """Decides what may be said. Thread-safe; each call is one commit."""

    def __init__(self, *, database: Database, airings: Airings, clock: Clock, bus: Bus) -> None:
        self._database = database
        self._airings = airings
        self._clock = clock
        self._bus = bus

    def submit(self, bulletin_id: str, wish: Wish | None, *, by: Actor) -> Draft:
        """Ask for a yes; without a wish, the one it was brought with. Refused as `Airings.say` refuses what makes no sense."""
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            draft = _get(tx, bulletin_id)
            if wish is not None:
                wished(tx, draft.bulletin, wish, now_ms, by.id)
                require(by, Deed.AIRING_SAY, roots_of(tx, wish.to))
                draft = replace(draft, wish=msgspec.json.encode(wish).decode(), error=None)
            said = draft.bulletin
            where = [*where_of(tx, draft), unit_of(tx, said.owner)] if said.created_by != by.id else where_of(tx, draft)
            record(tx, by, Deed.BULLETIN_SUBMIT, where, subject=said.id, at_ms=now_ms, title=said.title)
            if said.created_by != by.id:  # whoever asks for it answers for it
                raise Refused("bulletin.not-yours")
            if said.has_yes or draft.airing is not None:
                raise Refused("bulletin.said", bulletin=said.id)
            if said.state is BulletinState.APPROVED and tx.bulletins.is_in_use(said.id, now_ms):
                raise Refused("bulletin.in-use", bulletin=said.id)
            at_ms = max(now_ms, (said.submitted_ms or 0) + 1)  # a yes names what it was given to
            done = replace(said, state=step(said, Act.SUBMIT), submitted_ms=at_ms, decided_ms=None, decided_by=None, note="")
            draft = replace(draft, bulletin=done)
            tx.bulletins.change(draft)
        self._bus.bulletin_changed(bulletin_id)
        return draft

    def approve(self, bulletin_id: str, seen_ms: int, *, now: bool = False, by: Actor) -> Draft:
        """Say yes: it is said as it was wished, or (`now`) at once. What can't be said then is refused, and goes on waiting.

        `seen_ms`: the `submitted_ms` of what was seen; Conflict("bulletin.changed") if it was submitted anew since.
        """
        now_ms = self._clock.now_ms()
        with self._database.reading() as tx:
            draft, clip = self._to_approve(tx, bulletin_id, by)
            if draft.bulletin.has_yes:
                return draft
            step(draft.bulletin, Act.APPROVE)
            _require_same(draft, seen_ms)
            wish = wish_of(draft)
        if wish is not None:  # whoever says yes saw what it does
            wish = replace(wish, if_clear=False)
            wish = replace(wish, at_ms=None, latest_ms=None) if now else wish
        author = draft.bulletin.created_by
        foreseen = None if wish is None else self._airings.foresee(draft.bulletin, clip, wish, by=author)
        with self._database.writing() as tx:
            draft, clip = self._to_approve(tx, bulletin_id, by)
            if draft.bulletin.has_yes:  # somebody was first; their yes counts
                return draft
            _require_same(draft, seen_ms)
            draft = self._approved(tx, draft, foreseen, by, now_ms)
        self._bus.bulletin_changed(bulletin_id)
        self._bus.outbox_filled()
        if draft.airing is not None:
            self._bus.airing_changed([draft.airing])
        return draft

    def give_back(self, bulletin_id: str, note: str, *, by: Actor) -> Draft:
        """Return it with a note that says what to change."""
        note = check_note(note)
        return self._decide(bulletin_id, Act.RETURN, Deed.BULLETIN_RETURN, note, by)

    def withdraw(self, bulletin_id: str, *, by: Actor) -> Draft:
        """Take it back before anybody decided: it is a draft again."""
        return self._decide(bulletin_id, Act.WITHDRAW, Deed.BULLETIN_WITHDRAW, "", by)

    def waiting(self, *, by: Actor) -> list[Waiting]:
        """What waits for a yes that they may give, the longest first; then their own: what waits, and what was returned."""
        now_ms = self._clock.now_ms()
        with self._database.reading() as tx:
            look = _Look(tx, by, now_ms)
            near = [draft for draft in tx.bulletins.undecided(now_ms - RETURNED_MS) if look.concerns(draft)]
            near.sort(key=lambda draft: not look.waits_for_me(draft))
            seen = [look.at(draft) for draft in near[:SHOWN]]
        return [each for each in seen if each is not None]

    def see(self, bulletin_id: str, *, by: Actor) -> Waiting | None:
        """One bulletin in this way; None once it was said, or while it has no sound."""
        now_ms = self._clock.now_ms()
        with self._database.reading() as tx:
            draft, look = _get(tx, bulletin_id), _Look(tx, by, now_ms)
            if not look.concerns(draft):
                require(by, Deed.BULLETIN_APPROVE, where_of(tx, draft))
            return look.at(draft)

    def approvers(self, bulletin_id: str, *, by: Actor) -> list[str]:
        """Who may say yes to it, by name: so that its author knows whom to call."""
        with self._database.reading() as tx:
            draft = _get(tx, bulletin_id)
            where = where_of(tx, draft)
            for unit in where:
                require_near(by, unit)
            but = draft.bulletin.created_by if two_wanted(tx, where) else None
            people = [user for user in tx.accounts.all() if user.id != but]
        return sorted(user.name for user in people if all(user.may(Deed.BULLETIN_APPROVE, unit) for unit in where))

    def count(self, *, by: Actor) -> int:
        """How many wait for a yes of theirs."""
        if not by.may_anywhere(Deed.BULLETIN_APPROVE):
            return 0
        now_ms = self._clock.now_ms()
        with self._database.reading() as tx:
            look = _Look(tx, by, now_ms)
            return sum(map(look.waits_for_me, tx.bulletins.undecided(now_ms)))

    def pending(self) -> int:
        """How many wait anywhere: a number that changes when somebody submits or decides."""
        with self._database.reading() as tx:
            return tx.bulletins.count_submitted()

    def _to_approve(self, tx: Transaction, bulletin_id: str, by: Actor) -> tuple[Draft, ClipRow]:
        """The bulletin, of which they may say that it is said."""
        where = where_of(tx, _get(tx, bulletin_id))
        require(by, Deed.BULLETIN_APPROVE, where)
        draft, clip = sounding(tx, bulletin_id)
        if draft.bulletin.created_by == by.id and two_wanted(tx, where):
            raise Refused("consent.own")
        return draft, clip

    def _approved(self, tx: Transaction, draft: Draft, foreseen: Foreseen | None, by: Actor, now_ms: int) -> Draft:
        said = draft.bulletin
        where = where_of(tx, draft)
        done = replace(said, state=step(said, Act.APPROVE), approved_ms=now_ms, decided_ms=now_ms, decided_by=by.id, note="")
        done = replace(done, yes=" ".join(unit.id for unit in where))
        record(tx, by, Deed.BULLETIN_APPROVE, where, subject=said.id, at_ms=now_ms, title=said.title)
        draft = replace(draft, bulletin=done, error=None)
        tx.bulletins.change(draft)
        if done.kind:
            tx.replans.mark([done.owner], now_ms)
        if foreseen is None:
            return draft
        author = author_of(tx, done)
        if not all(author.may(Deed.AIRING_SAY, unit_of(tx, unit)) for unit in foreseen.to):
            raise Refused("bulletin.author", name=author.name)
        return self._airings.fulfil_within(tx, draft, foreseen, by=author)

    def _decide(self, bulletin_id: str, act: Act, deed: Deed, note: str, by: Actor) -> Draft:
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            draft = _get(tx, bulletin_id)
            said = draft.bulletin
            where = where_of(tx, draft)
            require(by, deed, where)
            if act is Act.RETURN and (said.state, said.note, said.decided_by) == (BulletinState.RETURNED, note, by.id):
                return draft
            state = step(said, act)
            record(tx, by, deed, where, subject=said.id, at_ms=now_ms, title=said.title, note=note)
            decided = (now_ms, by.id) if act is Act.RETURN else (None, None)
            done = replace(said, state=state, decided_ms=decided[0], decided_by=decided[1], note=note)
            draft = replace(draft, bulletin=done)
            tx.bulletins.change(draft)
        self._bus.bulletin_changed(bulletin_id)
        return draft


class _Look:
    """One person's view of bulletins, within one transaction: what many of them share is read once."""

    def __init__(self, tx: Transaction, by: Actor, now_ms: int) -> None:
        self._tx = tx
        self._by = by
        self._now_ms = now_ms
        self._kept = tx.policies.all()
        self._units: dict[str, Unit] = {}
        self._people: dict[str, Actor] = {}

    def concerns(self, draft: Draft) -> bool:
        """Is it theirs, or may they do something with it? What was withdrawn is its author's alone."""
        if draft.bulletin.state is BulletinState.DRAFT:
            return self._is_own(draft)
        return self._is_own(draft) or self._may(Deed.BULLETIN_APPROVE, draft) or self._may(Deed.BULLETIN_WITHDRAW, draft)

    def waits_for_me(self, draft: Draft) -> bool:
        """Would their yes let it be said?"""
        return draft.bulletin.state is BulletinState.SUBMITTED and self._may_approve(draft)

    def at(self, draft: Draft) -> Waiting | None:
        """All of it; None once it was said, or while it has no sound."""
        said = draft.bulletin
        clip = self._tx.bulletins.clip(said.clip) if said.clip else None
        if clip is None or draft.airing is not None:
            return None
        wish, where, author = wish_of(draft), self._where(draft), self._author(said)
        return Waiting(
            bulletin=said,
            clip=clip,
            wish=wish,
            where=tuple(where),
            author=author.name,
            decider=self._name(said.decided_by),
            lack=lack_of(self._tx, draft, clip, self._now_ms, self._kept),
            may_approve=self._may_approve(draft),
            is_own=self._is_own(draft),
        )

    def _is_own(self, draft: Draft) -> bool:
        return draft.bulletin.created_by == self._by.id

    def _may(self, deed: Deed, draft: Draft) -> bool:
        return all(self._by.may(deed, unit) for unit in self._where(draft))

    def _may_approve(self, draft: Draft) -> bool:
        is_bound = self._is_own(draft) and two_wanted(self._tx, self._where(draft), self._kept)
        return not is_bound and self._may(Deed.BULLETIN_APPROVE, draft)

    def _where(self, draft: Draft) -> list[Unit]:
        names = _places(draft)
        for name in names:
            if name not in self._units:
                self._units[name] = unit_of(self._tx, name)
        return [self._units[name] for name in names]

    def _author(self, said: Bulletin) -> Actor:
        if said.created_by not in self._people:
            self._people[said.created_by] = author_of(self._tx, said)
        return self._people[said.created_by]

    def _name(self, user: str | None) -> str:
        account = self._tx.accounts.by_id(user) if user else None
        return account.user.name if account else ""


def wish_of(draft: Draft) -> Wish | None:
    """What was wished of it."""
    return msgspec.json.decode(draft.wish, type=Wish) if draft.wish else None


def where_of(tx: Transaction, draft: Draft) -> Sequence[Unit]:
    """The units for which it shall be said; its owner, where programmes take it."""
    return [unit_of(tx, unit) for unit in _places(draft)]


def lack_of(tx: Transaction, draft: Draft, clip: ClipRow, now_ms: int, kept: dict[str, KeptPolicy] | None = None) -> Lack | None:
    """What its author lacks to let it be said as it is wished, and taken by programmes if it is a notice; None: nothing."""
    said, wish, author = draft.bulletin, wish_of(draft), author_of(tx, draft.bulletin)
    found = None
    if wish is not None:
        found = lacking(tx, author, [unit_of(tx, unit) for unit in wish.to], said_of(said, clip, wish, now_ms), kept)
    if found is None and (said.kind or wish is None):
        found = lacking(tx, author, [unit_of(tx, said.owner)], said_of(said, clip, None, now_ms), kept)
    return found


def _places(draft: Draft) -> tuple[str, ...]:
    wish, said = wish_of(draft), draft.bulletin
    if wish is None:
        return (said.owner,)
    return (*wish.to, said.owner) if said.kind else wish.to


def _require_same(draft: Draft, seen_ms: int) -> None:
    if draft.bulletin.submitted_ms != seen_ms:
        raise Conflict("bulletin.changed", bulletin=draft.bulletin.id)


def _get(tx: Transaction, bulletin_id: str) -> Draft:
    draft = tx.bulletins.get(bulletin_id)
    if draft is None:
        raise NotFound("bulletin.unknown", bulletin=bulletin_id)
    return draft
