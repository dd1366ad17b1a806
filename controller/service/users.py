"""People who may sign in, and their sessions. A password opens a session: a random token that we keep only hashed."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from controller.domain.errors import Conflict, NotFound, Refused
from controller.domain.ids import new_id
from controller.service.passwords import Passwords
from scheduler.clock import Clock

SESSION_MS = 12 * 3_600_000
"""A working day: an officer signs in once in the morning."""

MAX_NAME = 64

FREE_TRIES = 5
"""Wrong passwords before we make people wait: a finger slips twice, a guesser needs thousands."""

FIRST_WAIT_MS = 30_000
LONGEST_WAIT_MS = 15 * 60_000
"""The wait doubles up to this. No longer: whoever guesses at an officer's name must not shut the officer out for a day."""

FIRST_NAME = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who may sign in. A demo account has a password that everybody knows."""

    id: str
    name: str
    demo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user with what is kept secret about it."""

    user: User
    password_hash: str
    failed: int
    locked_until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A fresh session: `token` is told to the person's browser once and kept nowhere."""

    token: str
    user: User
    expires_ms: int


class UserStore(Protocol):
    """Accounts and sessions within one commit."""

    def by_name(self, name: str) -> Account | None: ...
    def by_id(self, user: str) -> Account | None: ...
    def all(self) -> list[User]: ...
    def add(self, account: Account, now_ms: int) -> None: ...
    def change(self, account: Account) -> None: ...
    def remove(self, user: str) -> None: ...
    def add_session(self, token_hash: str, user: str, now_ms: int, expires_ms: int) -> None: ...
    def session(self, token_hash: str, now_ms: int) -> User | None: ...
    def end_session(self, token_hash: str) -> None: ...
    def end_sessions_of(self, user: str, but: str | None) -> None: ...
    def end_expired(self, now_ms: int) -> None: ...


class UserDatabase(Protocol):
    """Opens transactions on the accounts."""

    def reading(self) -> AbstractContextManager[UserStore]: ...
    def writing(self) -> AbstractContextManager[UserStore]: ...


class Users:
    """Signs people in and out. Thread-safe."""

    def __init__(self, *, database: UserDatabase, passwords: Passwords, clock: Clock) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock

    def list(self) -> list[User]:
        """Everybody, by name."""
        with self._database.reading() as store:
            return store.all()

    def has_demo(self) -> bool:
        """Is there an account whose password everybody knows? Then the server listens on loopback only."""
        return any(user.demo for user in self.list())

    def add(self, name: str, password: str, *, demo: bool = False) -> User:
        """A new account; Conflict("user.exists") when the name is taken."""
        name = _check_name(name)
        now_ms = self._clock.now_ms()
        user = User(id=new_id(now_ms), name=name, demo=demo)
        account = Account(user=user, password_hash=self._passwords.hash(password), failed=0, locked_until_ms=0)
        with self._database.writing() as store:
            if store.by_name(name) is not None:
                raise Conflict("user.exists", name=name)
            store.add(account, now_ms)
        return user

    def remove(self, name: str) -> None:
        """Take an account away, with its sessions; NotFound when there is none."""
        with self._database.writing() as store:
            account = store.by_name(_fold(name))
            if account is None:
                raise NotFound("user.unknown", name=name[:MAX_NAME])
            store.end_sessions_of(account.user.id, None)
            store.remove(account.user.id)

    def set_password(self, name: str, password: str) -> User:
        """Give an account a new password, as the machine's operator may; its sessions end, a demo account is none any more."""
        with self._database.reading() as store:
            account = store.by_name(_fold(name))
        if account is None:
            raise NotFound("user.unknown", name=name[:MAX_NAME])
        changed = User(id=account.user.id, name=account.user.name, demo=False)
        hashed = self._passwords.hash(password)
        with self._database.writing() as store:
            store.change(Account(user=changed, password_hash=hashed, failed=0, locked_until_ms=0))
            store.end_sessions_of(changed.id, None)
        return changed

    def first(self) -> tuple[str, str] | None:
        """When nobody can sign in yet: make one account, and say its name and password, once. Else None."""
        if self.list():
            return None
        password = "-".join(f"{secrets.randbelow(10_000):04}" for _ in range(4))
        return self.add(FIRST_NAME, password).name, password

    def sign_in(self, name: str, password: str) -> Session:
        """Open a session; Refused("login.wrong") or, after too many tries, Refused("login.locked")."""
        now_ms = self._clock.now_ms()
        with self._database.reading() as store:
            account = store.by_name(_fold(name))
        if account is not None and now_ms < account.locked_until_ms:
            raise Refused("login.locked", seconds=-(-(account.locked_until_ms - now_ms) // 1000))
        if not self._passwords.matches(account.password_hash if account else None, password) or account is None:
            self._failed(account, now_ms)
            raise Refused("login.wrong")
        token = secrets.token_urlsafe(32)
        with self._database.writing() as store:
            store.end_expired(now_ms)
            store.change(_with(account, failed=0, locked_until_ms=0))
            store.add_session(_hash(token), account.user.id, now_ms, now_ms + SESSION_MS)
        return Session(token=token, user=account.user, expires_ms=now_ms + SESSION_MS)

    def who(self, token: str) -> User | None:
        """Whose session this is; None when it is over or never was."""
        with self._database.reading() as store:
            return store.session(_hash(token), self._clock.now_ms())

    def sign_out(self, token: str) -> None:
        """End the session, if it is one."""
        with self._database.writing() as store:
            store.end_session(_hash(token))

    def change_password(self, user: str, *, old: str, new: str, token: str | None = None) -> None:
        """Set a new password; every other session of the person ends. A demo account is none any more after it."""
        with self._database.reading() as store:
            account = store.by_id(user)
        if account is None:
            raise NotFound("user.unknown", name=user)
        if not self._passwords.matches(account.password_hash, old):
            raise Refused("password.wrong")
        hashed = self._passwords.hash(new)
        changed = User(id=account.user.id, name=account.user.name, demo=False)
        with self._database.writing() as store:
            store.change(Account(user=changed, password_hash=hashed, failed=0, locked_until_ms=0))
            store.end_sessions_of(user, _hash(token) if token else None)

    def _failed(self, account: Account | None, now_ms: int) -> None:
        if account is None:
            return
        with self._database.writing() as store:
            current = store.by_id(account.user.id) or account
            failed = current.failed + 1
            store.change(_with(current, failed=failed, locked_until_ms=now_ms + wait_ms(failed)))


def wait_ms(failed: int) -> int:
    """How long to wait after this many wrong passwords in a row."""
    if failed < FREE_TRIES:
        return 0
    return int(min(FIRST_WAIT_MS * 2 ** min(failed - FREE_TRIES, 20), LONGEST_WAIT_MS))


def _with(account: Account, *, failed: int, locked_until_ms: int) -> Account:
    return Account(user=account.user, password_hash=account.password_hash, failed=failed, locked_until_ms=locked_until_ms)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.split())).casefold()


def _check_name(name: str) -> str:
    folded = _fold(name)
    if not 0 < len(folded) <= MAX_NAME or not folded.isprintable():
        raise Refused("user.name", limit=MAX_NAME)
    return folded
