"""People who may sign in, what they are and where, and their sessions.

A password opens a session: a random token that we keep only hashed.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from controller.domain.errors import Conflict, NotFound, Refused
from controller.domain.ids import new_id
from controller.domain.rights import OPERATOR, Actor, Deed, Grant, Role, is_within
from controller.domain.unit import Unit
from controller.service.accounts import Account, User
from controller.service.passwords import Passwords
from controller.service.ports import Database, Transaction
from controller.service.rights import record, require
from controller.service.units import unit_of
from scheduler.clock import Clock

SESSION_MS = 12 * 3_600_000
"""A working day: an officer signs in once in the morning."""

MAX_NAME = 64

MAX_GRANTS = 50
"""Of one person: more is a role in a larger unit, or a click gone wrong."""

FREE_TRIES = 5
"""Wrong passwords before we make people wait: a finger slips twice, a guesser needs thousands."""

FIRST_WAIT_MS = 30_000
LONGEST_WAIT_MS = 15 * 60_000
"""The wait doubles up to this. No longer: whoever guesses at an officer's name must not shut the officer out for a day."""

FIRST_NAME = "admin"

Wanted = tuple[Role, str | None]
"""A role, and in which unit; None is everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A fresh session: `token` is told to the person's browser once and kept nowhere."""

    token: str
    user: User
    expires_ms: int


class Users:
    """Keeps accounts, signs people in and out. Thread-safe; each call is one commit.

    Whoever edits an account must be an administrator wherever it has rights, before and after: nobody makes, changes or takes
    away somebody who reaches further than they do.
    """

    def __init__(self, *, database: Database, passwords: Passwords, clock: Clock) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock

    # ── accounts ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def list(self, *, by: Actor) -> list[User]:
        """Who has rights where `by` may look, by name; to whom it may look everywhere, everybody."""
        with self._database.reading() as tx:
            found = tx.accounts.all()
        return [user for user in found if by.reach is None or any(is_within(grant.path, by.reach) for grant in user.grants)]

    def has_demo(self) -> bool:
        """Is there an account whose password everybody knows? Then the server listens on loopback only."""
        with self._database.reading() as tx:
            return any(user.demo for user in tx.accounts.all())

    def add(self, name: str, password: str, grants: Collection[Wanted], *, by: Actor, demo: bool = False) -> User:
        """A new account with these rights; Conflict("user.exists") when the name is taken, Refused("user.no-role") for none."""
        name = _check_name(name)
        hashed = self._passwords.hash(password)
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            granted, places = _granted(tx, grants)
            if tx.accounts.by_name(name) is not None:
                raise Conflict("user.exists", name=name)
            user = User(id=new_id(now_ms), name=name, demo=demo, grants=granted)
            tx.accounts.add(Account(user=user, password_hash=hashed, failed=0, locked_until_ms=0), now_ms)
            record(tx, by, Deed.USER_EDIT, places, subject=name, at_ms=now_ms, did="add", grants=_told(granted))
        return user

    def grant(self, name: str, grants: Collection[Wanted], *, by: Actor) -> User:
        """These are the rights of an account from now on, and no others; its sessions go on with them."""
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            user = _named(tx, name).user
            granted, places = _granted(tx, grants)
            if granted == user.grants:
                require(by, Deed.USER_EDIT, places)
                return user
            tx.accounts.grant(user.id, granted)
            both = [*_places(tx, user.grants), *places]
            record(tx, by, Deed.USER_EDIT, both, subject=user.name, at_ms=now_ms, did="grant", grants=_told(granted))
        return replace(user, grants=granted)

    def remove(self, name: str, *, by: Actor) -> None:
        """Take an account away, with its sessions; NotFound when there is none."""
        with self._database.writing() as tx:
            user = _named(tx, name).user
            record(tx, by, Deed.USER_EDIT, _places(tx, user.grants), subject=user.name, at_ms=self._clock.now_ms(), did="remove")
            tx.accounts.end_sessions_of(user.id, None)
            tx.accounts.remove(user.id)

    def set_password(self, name: str, password: str, *, by: Actor) -> User:
        """Give an account a new password; its sessions end, a demo account is none any more."""
        hashed = self._passwords.hash(password)
        with self._database.writing() as tx:
            user = _named(tx, name).user
            record(
                tx, by, Deed.USER_EDIT, _places(tx, user.grants), subject=user.name, at_ms=self._clock.now_ms(), did="password"
            )
            return _renew(tx, user, hashed, None)

    def first(self) -> tuple[str, str] | None:
        """When nobody can sign in yet: make one account, and say its name and password, once. Else None."""
        with self._database.reading() as tx:
            if tx.accounts.all():
                return None
        password = "-".join(f"{secrets.randbelow(10_000):04}" for _ in range(4))
        return self.add(FIRST_NAME, password, [(Role.ADMIN, None)], by=OPERATOR).name, password

    # ── sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def sign_in(self, name: str, password: str) -> Session:
        """Open a session; Refused("login.wrong") or, after too many tries, Refused("login.locked")."""
        now_ms = self._clock.now_ms()
        with self._database.reading() as tx:
            account = tx.accounts.by_name(_fold(name))
        if account is not None and now_ms < account.locked_until_ms:
            raise Refused("login.locked", seconds=-(-(account.locked_until_ms - now_ms) // 1000))
        if not self._passwords.matches(account.password_hash if account else None, password) or account is None:
            self._failed(account, now_ms)
            raise Refused("login.wrong")
        token = secrets.token_urlsafe(32)
        with self._database.writing() as tx:
            tx.accounts.end_expired(now_ms)
            tx.accounts.change(replace(account, failed=0, locked_until_ms=0))
            tx.accounts.add_session(_hash(token), account.user.id, now_ms, now_ms + SESSION_MS)
        return Session(token=token, user=account.user, expires_ms=now_ms + SESSION_MS)

    def who(self, token: str) -> User | None:
        """Whose session this is, with the rights of this moment; None when it is over or never was."""
        with self._database.reading() as tx:
            return tx.accounts.session(_hash(token), self._clock.now_ms())

    def sign_out(self, token: str) -> None:
        """End the session, if it is one."""
        with self._database.writing() as tx:
            tx.accounts.end_session(_hash(token))

    def change_password(self, user: str, *, old: str, new: str, token: str | None = None) -> None:
        """Set a new password; every other session of the person ends. A demo account is none any more after it."""
        with self._database.reading() as tx:
            account = tx.accounts.by_id(user)
        if account is None:
            raise NotFound("user.unknown", name=user)
        if not self._passwords.matches(account.password_hash, old):
            raise Refused("password.wrong")
        hashed = self._passwords.hash(new)
        with self._database.writing() as tx:
            _renew(tx, account.user, hashed, _hash(token) if token else None)

    def _failed(self, account: Account | None, now_ms: int) -> None:
        if account is None:
            return
        with self._database.writing() as tx:
            current = tx.accounts.by_id(account.user.id) or account
            failed = current.failed + 1
            tx.accounts.change(replace(current, failed=failed, locked_until_ms=now_ms + wait_ms(failed)))


def wait_ms(failed: int) -> int:
    """How long to wait after this many wrong passwords in a row."""
    if failed < FREE_TRIES:
        return 0
    return int(min(FIRST_WAIT_MS * 2 ** min(failed - FREE_TRIES, 20), LONGEST_WAIT_MS))


def _renew(tx: Transaction, user: User, hashed: str, but: str | None) -> User:
    changed = replace(user, demo=False)
    tx.accounts.change(Account(user=changed, password_hash=hashed, failed=0, locked_until_ms=0))
    tx.accounts.end_sessions_of(user.id, but)
    return changed


def _named(tx: Transaction, name: str) -> Account:
    """An account by its id or its name."""
    account = tx.accounts.by_id(name) or tx.accounts.by_name(_fold(name))
    if account is None:
        raise NotFound("user.unknown", name=name[:MAX_NAME])
    return account


def _granted(tx: Transaction, wanted: Collection[Wanted]) -> tuple[tuple[Grant, ...], list[Unit | None]]:
    """Rights as they are kept, and the units that they are for."""
    if not 0 < len(wanted) <= MAX_GRANTS:
        raise Refused("user.no-role", limit=MAX_GRANTS)
    places = {unit: unit_of(tx, unit) if unit else None for _, unit in wanted}
    granted = {Grant(path=place.path if (place := places[unit]) else (), role=role) for role, unit in wanted}
    return tuple(sorted(granted)), list(places.values())


def _places(tx: Transaction, grants: Iterable[Grant]) -> list[Unit | None]:
    """Where somebody has rights. Nobody has none; whoever reaches nothing is only an operator's to edit."""
    return [unit_of(tx, grant.unit) if grant.unit else None for grant in grants] or [None]


def _told(grants: Iterable[Grant]) -> list[tuple[str, str]]:
    return [(grant.role.value, grant.unit or "") for grant in grants]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.split())).casefold()


def _check_name(name: str) -> str:
    folded = _fold(name)
    if not 0 < len(folded) <= MAX_NAME or not folded.isprintable():
        raise Refused("user.name", limit=MAX_NAME)
    return folded
