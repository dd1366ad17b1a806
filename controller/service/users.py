"""People who may sign in: what they are, and where. How they sign in is `sessions`."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import replace

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

MAX_NAME = 64

MAX_GRANTS = 50
"""Of one person: more is a role in a larger unit, or a click gone wrong."""

FIRST_NAME = "admin"

Wanted = tuple[Role, str | None]
"""A role, and in which unit; None is everywhere."""


class Users:
    """Keeps accounts. Thread-safe; each call is one commit. An account is named by its id or its name.

    Whoever edits an account must be an administrator wherever it has rights, before and after: nobody makes, changes or takes
    away somebody who reaches further than they do.
    """

    def __init__(self, *, database: Database, passwords: Passwords, clock: Clock) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock

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
        with self._database.reading() as tx:
            require(by, Deed.USER_EDIT, granted_in(tx, grants)[1])  # before it costs a hash
        hashed = self._passwords.hash(password)
        with self._database.writing() as tx:
            return add_account(tx, name, hashed, grants, by=by, now_ms=self._clock.now_ms(), demo=demo)

    def grant(self, name: str, grants: Collection[Wanted], *, by: Actor) -> User:
        """These are the rights of an account from now on, and no others; its sessions go on with them."""
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            user = account_of(tx, name).user
            granted, places = granted_in(tx, grants)
            if granted == user.grants:
                require(by, Deed.USER_EDIT, places)
                return user
            tx.accounts.grant(user.id, granted)
            both = [*places_of(tx, user.grants), *places]
            record(tx, by, Deed.USER_EDIT, both, subject=user.name, at_ms=now_ms, did="grant", grants=told(granted))
        return replace(user, grants=granted)

    def remove(self, name: str, *, by: Actor) -> None:
        """Take an account away, with its sessions; NotFound when there is none."""
        with self._database.writing() as tx:
            account = account_of(tx, name)
            edit(tx, account, by, self._clock.now_ms(), "remove")
            tx.accounts.remove(account.user.id)

    def set_password(self, name: str, password: str, *, by: Actor) -> User:
        """Give an account a new password; its sessions end, a demo account is none any more."""
        with self._database.reading() as tx:
            require(by, Deed.USER_EDIT, places_of(tx, account_of(tx, name).user.grants))  # before it costs a hash
        hashed = self._passwords.hash(password)
        with self._database.writing() as tx:
            account = account_of(tx, name)
            edit(tx, account, by, self._clock.now_ms(), "password")
            return renew(tx, account, hashed)

    def drop_second(self, name: str, *, by: Actor) -> User:
        """Ask an account for no second step any more: its phone is lost. Its sessions end."""
        with self._database.writing() as tx:
            account = account_of(tx, name)
            edit(tx, account, by, self._clock.now_ms(), "second-step off")
            tx.accounts.change(replace(account, second=None, second_step=None))
            tx.accounts.end_sessions_of(account.user.id, None)
        return account.user

    def first(self) -> tuple[str, str] | None:
        """When nobody can sign in yet: make one account, and say its name and password, once. Else None."""
        with self._database.reading() as tx:
            if tx.accounts.all():
                return None
        password = spoken_secret()
        return self.add(FIRST_NAME, password, [(Role.ADMIN, None)], by=OPERATOR).name, password


def add_account(
    tx: Transaction, name: str, hashed: str, grants: Collection[Wanted], *, by: Actor, now_ms: int, demo: bool = False
) -> User:
    """A new account within the caller's commit, as `Users.add`; `hashed` empty: it has no password yet."""
    name = checked_name(name)
    granted, places = granted_in(tx, grants)
    require(by, Deed.USER_EDIT, places)
    if tx.accounts.by_name(name) is not None:
        raise Conflict("user.exists", name=name)
    user = User(id=new_id(now_ms), name=name, demo=demo, grants=granted)
    tx.accounts.add(Account(user=user, password_hash=hashed), now_ms)
    record(tx, by, Deed.USER_EDIT, places, subject=name, at_ms=now_ms, did="add", grants=told(granted))
    return user


def edit(tx: Transaction, account: Account, by: Actor, now_ms: int, did: str) -> None:
    """They may edit this account, and do: into the trail with it."""
    user = account.user
    record(tx, by, Deed.USER_EDIT, places_of(tx, user.grants), subject=user.name, at_ms=now_ms, did=did)


def spoken_secret() -> str:
    """A password that one person reads to another: 16 digits, 53 bits."""
    return "-".join(f"{secrets.randbelow(10_000):04}" for _ in range(4))


def renew(tx: Transaction, account: Account, hashed: str, but: str | None = None) -> User:
    """Let this be the password. What opened a door before, opens none: sessions (but `but`), tokens, an invitation. A demo
    account is none any more."""
    changed = replace(account.user, demo=False)
    tx.accounts.change(replace(account, user=changed, password_hash=hashed, failed=0, locked_until_ms=0))
    tx.accounts.end_sessions_of(changed.id, but)
    tx.accounts.revoke_all_of(changed.id)
    tx.accounts.uninvite(changed.id)
    return changed


def account_of(tx: Transaction, name: str) -> Account:
    """An account by its id or its name; NotFound("user.unknown")."""
    account = tx.accounts.by_id(name) or tx.accounts.by_name(folded_name(name))
    if account is None:
        raise NotFound("user.unknown", name=name[:MAX_NAME])
    return account


def granted_in(tx: Transaction, wanted: Collection[Wanted]) -> tuple[tuple[Grant, ...], list[Unit | None]]:
    """Rights as they are kept, and the units that they are for."""
    if not 0 < len(wanted) <= MAX_GRANTS:
        raise Refused("user.no-role", limit=MAX_GRANTS)
    places = {unit: unit_of(tx, unit) if unit else None for _, unit in wanted}
    granted = {Grant(path=place.path if (place := places[unit]) else (), role=role) for role, unit in wanted}
    return tuple(sorted(granted)), list(places.values())


def places_of(tx: Transaction, grants: Iterable[Grant]) -> list[Unit | None]:
    """Where somebody has rights. Nobody has none; whoever reaches nothing is only an operator's to edit."""
    return [unit_of(tx, grant.unit) if grant.unit else None for grant in grants] or [None]


def told(grants: Iterable[Grant]) -> list[tuple[str, str]]:
    """Rights as the trail tells them."""
    return [(grant.role.value, grant.unit or "") for grant in grants]


def folded_name(name: str) -> str:
    """A name as it is kept and looked up: however it was typed."""
    return unicodedata.normalize("NFC", " ".join(name.split())).casefold()


def checked_name(name: str) -> str:
    """The folded name; Refused("user.name")."""
    folded = folded_name(name)
    if not 0 < len(folded) <= MAX_NAME or not folded.isprintable():
        raise Refused("user.name", limit=MAX_NAME)
    return folded
