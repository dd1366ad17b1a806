"""Invitations: an account is set up by a link that its owner opens, without e-mail. The link is good once, for a week."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass

from controller.domain.errors import Refused
from controller.domain.rights import Actor
from controller.service.accounts import User
from controller.service.passwords import Passwords
from controller.service.ports import Database, Transaction
from controller.service.rights import note_own
from controller.service.sessions import Caller, Session, begin, hash_of
from controller.service.users import Wanted, account_of, add_account, edit, renew
from scheduler.clock import Clock

GOOD_MS = 7 * 86_400_000
"""A week: until the next meeting of the village heads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A fresh invitation: `token` is told once, in a link or its QR code, and kept nowhere."""

    user: User
    token: str
    expires_ms: int


class Invitations:
    """Makes and takes invitations. Thread-safe; each call is one commit."""

    def __init__(self, *, database: Database, passwords: Passwords, clock: Clock) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock

    def add(self, name: str, grants: Collection[Wanted], *, by: Actor) -> Invitation:
        """A new account that has no password until its owner chooses one; refused as `Users.add`."""
        with self._database.writing() as tx:
            user = add_account(tx, name, "", grants, by=by, now_ms=self._clock.now_ms())
            return self._invite(tx, user)

    def renew(self, name: str, *, by: Actor) -> Invitation:
        """A new link for an account, in place of the one before: it was lost, or the password was. The old one opens nothing."""
        with self._database.writing() as tx:
            account = account_of(tx, name)
            edit(tx, account, by, self._clock.now_ms(), "invite")
            return self._invite(tx, account.user)

    def whose(self, token: str) -> User:
        """Whom this invites; Refused("invitation.over")."""
        with self._database.reading() as tx:
            account = tx.accounts.invited(hash_of(token), self._clock.now_ms())
        if account is None:
            raise Refused("invitation.over")
        return account.user

    def accept(self, token: str, password: str, caller: Caller | None = None) -> Session | None:
        """Choose a password and be signed in. The invitation is used up, and every other session of the account ends.

        None where the account asks for a code too: a link that was stolen takes the place of a password, never of a phone.
        """
        self.whose(token)  # before anybody's password is hashed
        hashed, now_ms = self._passwords.hash(password), self._clock.now_ms()
        with self._database.writing() as tx:
            account = tx.accounts.invited(hash_of(token), now_ms)
            if account is None:
                raise Refused("invitation.over")
            user = renew(tx, account, hashed)
            note_own(tx, user, "invitation.accept", subject=user.name, at_ms=now_ms)
            return None if account.has_second else begin(tx, account_of(tx, user.id), now_ms, caller)

    def _invite(self, tx: Transaction, user: User) -> Invitation:
        token, expires_ms = secrets.token_urlsafe(24), self._clock.now_ms() + GOOD_MS
        tx.accounts.invite(user.id, hash_of(token), expires_ms)
        return Invitation(user=user, token=token, expires_ms=expires_ms)
