"""Tokens: what a program signs in with. For some deeds of its owner's, in its owner's places, until it expires."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass

from controller.domain.errors import NotFound, Refused
from controller.domain.ids import new_id
from controller.domain.rights import Actor, Deed
from controller.service.accounts import KeptToken
from controller.service.ports import Database
from controller.service.rights import note_own, require_person
from controller.service.sessions import hash_of
from scheduler.clock import Clock

PREFIX = "tl_"
"""By which a token is known where it should not be: in a log, in a public repository."""

LONGEST_D = 366
"""Days: a program is looked at once a year."""

MAX_TOKENS = 50
"""Of one person."""

MAX_NAME = 40

NEVER = frozenset({Deed.USER_EDIT})
"""A program makes no people: a stolen token must not outlive itself as an account."""

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A fresh token: `secret` is told once and kept nowhere."""

    secret: str
    kept: KeptToken


class Tokens:
    """Makes, lists, ends and knows tokens. Thread-safe; each call is one commit."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, name: str, deeds: Collection[Deed], days: int, *, by: Actor) -> NewToken:
        """A new one. Looking is always in it. Refused: "session.person" for who has no account, "token.name", "token.deeds"
        for what it is never for, "token.days", "token.many"."""
        name = " ".join(name.split())
        require_person(by)
        if not 0 < len(name) <= MAX_NAME or not name.isprintable():
            raise Refused("token.name", limit=MAX_NAME)
        if not NEVER.isdisjoint(deeds):
            raise Refused("token.deeds")
        if not 1 <= days <= LONGEST_D:
            raise Refused("token.days", limit=LONGEST_D)
        now_ms, secret = self._clock.now_ms(), PREFIX + secrets.token_urlsafe(32)
        kept = KeptToken(
            id=new_id(now_ms),
            user=by.id,
            name=name,
            token_hash=hash_of(secret),
            deeds=frozenset(deeds) | {Deed.SEE},
            created_ms=now_ms,
            expires_ms=now_ms + days * _DAY_MS,
        )
        with self._database.writing() as tx:
            if tx.accounts.by_id(by.id) is None:
                raise Refused("session.person")
            if len(tx.accounts.tokens_of(by.id, now_ms)) >= MAX_TOKENS:
                raise Refused("token.many", limit=MAX_TOKENS)
            tx.accounts.add_token(kept)
            note_own(tx, by, "token.add", subject=kept.id, at_ms=now_ms, name=name, deeds=sorted(kept.deeds))
        return NewToken(secret=secret, kept=kept)

    def list(self, *, by: Actor) -> list[KeptToken]:
        """One's own, the newest first."""
        require_person(by)
        with self._database.reading() as tx:
            return tx.accounts.tokens_of(by.id, self._clock.now_ms())

    def end(self, token: str, *, by: Actor) -> None:
        """End one of one's own, by its id; NotFound("token.unknown")."""
        require_person(by)
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            if token not in {each.id for each in tx.accounts.tokens_of(by.id, now_ms)}:
                raise NotFound("token.unknown", token=token)
            tx.accounts.revoke(token)
            note_own(tx, by, "token.end", subject=token, at_ms=now_ms)

    def who(self, secret: str) -> Actor | None:
        """Whoever acts by it: its owner as they are now, for what it is for. None when it is over or never was."""
        if not secret.startswith(PREFIX):
            return None
        with self._database.reading() as tx:
            found = tx.accounts.token(hash_of(secret), self._clock.now_ms())
        if found is None:
            return None
        kept, owner = found
        return Actor(id=owner.id, name=f"{owner.name[:20]} ({kept.name})", grants=owner.grants, only=kept.deeds)
