"""Signing in: a password, and for who wants it a second step, open a session: a random token that we keep only hashed."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace

from controller.domain.errors import NotFound, Refused
from controller.domain.ids import new_id
from controller.domain.rights import Actor
from controller.service import second_step
from controller.service.accounts import Account, KeptSession, User
from controller.service.passwords import Passwords
from controller.service.ports import Database, Transaction
from controller.service.rights import note_own, require_person
from controller.service.users import account_of, folded_name, renew
from controller.service.vault import Vault
from scheduler.clock import Clock

SESSION_MS = 12 * 3_600_000
"""A working day: an officer signs in once in the morning."""

FREE_TRIES = 5
"""Wrong passwords or codes before we make people wait: a finger slips twice, a guesser needs thousands."""

FIRST_WAIT_MS = 30_000
LONGEST_WAIT_MS = 15 * 60_000
"""The wait doubles up to this. No longer: whoever guesses at an officer's name must not shut the officer out for a day."""

NEVER_STEP = 0
"""Before any step of this century: a secret of which no code was used yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Where a sign-in comes from, for the list of sessions: what the browser calls itself, and its address."""

    agent: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A fresh session: `token` is told to the person's browser once and kept nowhere."""

    token: str
    user: User
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """A session as its owner sees it. `here`: it is the one that asks."""

    kept: KeptSession
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondStep:
    """What an app on the phone is given, once: to be scanned, or typed."""

    address: str
    secret: str


class Sessions:
    """Signs people in and out. Thread-safe; each call is one commit."""

    def __init__(self, *, database: Database, passwords: Passwords, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._passwords = passwords
        self._vault = vault
        self._clock = clock

    def sign_in(self, name: str, password: str, code: str = "", caller: Caller | None = None) -> Session:
        """Open a session. Refused: "login.wrong"; "login.locked" after too many tries; "login.code" where a code is asked for,
        "login.code-wrong" where it is not the right one."""
        now_ms = self._clock.now_ms()
        with self._database.reading() as tx:
            account = tx.accounts.by_name(folded_name(name))
        if account is not None and now_ms < account.locked_until_ms:
            raise Refused("login.locked", seconds=-(-(account.locked_until_ms - now_ms) // 1000))
        if not self._passwords.matches(account.password_hash if account else None, password) or account is None:
            self._failed(account, now_ms)
            raise Refused("login.wrong")
        if account.has_second and not code.strip():
            raise Refused("login.code")
        with self._database.writing() as tx:
            current = account_of(tx, account.user.id)
            if current.password_hash != account.password_hash:  # it was changed while we looked
                raise Refused("login.wrong")
            if not current.has_second:
                return begin(tx, current, now_ms, caller)
            step = self._step(current, code, now_ms)
            if step is not None:
                return begin(tx, replace(current, second_step=step), now_ms, caller)
        self._failed(account, now_ms)
        raise Refused("login.code-wrong")

    def who(self, token: str) -> User | None:
        """Whose session this is, with the rights of this moment; None when it is over or never was."""
        with self._database.reading() as tx:
            return tx.accounts.session(hash_of(token), self._clock.now_ms())

    def list(self, *, by: Actor, token: str) -> list[SessionView]:
        """One's own sessions, the newest first. `token`: of the one that asks."""
        require_person(by)
        with self._database.reading() as tx:
            found = tx.accounts.sessions_of(by.id, self._clock.now_ms())
        return [SessionView(kept=each, here=each.token_hash == hash_of(token)) for each in found]

    def end(self, session: str, *, by: Actor) -> None:
        """End one of one's own sessions, by its id; NotFound("session.unknown")."""
        require_person(by)
        with self._database.writing() as tx:
            mine = tx.accounts.sessions_of(by.id, self._clock.now_ms())
            found = next((each for each in mine if each.id == session), None)
            if found is None:
                raise NotFound("session.unknown", session=session)
            tx.accounts.end_session(found.token_hash)

    def sign_out(self, token: str) -> None:
        """End the session, if it is one."""
        with self._database.writing() as tx:
            tx.accounts.end_session(hash_of(token))

    def change_password(self, *, by: Actor, old: str, new: str, token: str | None = None) -> None:
        """Set a new password; every other session of the person ends. A demo account is none any more after it."""
        proved = self._prove(by, old)
        hashed = self._passwords.hash(new)
        with self._database.writing() as tx:
            account = account_of(tx, by.id)
            if account.password_hash != proved.password_hash:  # it was changed while we looked
                raise Refused("password.wrong")
            renew(tx, account, hashed, hash_of(token) if token else None)
            note_own(tx, by, "password.change", subject=by.name, at_ms=self._clock.now_ms())

    # ── the second step ──────────────────────────────────────────────────────────────────────────────────────────────

    def offer_second(self, *, by: Actor, password: str) -> SecondStep:
        """A new secret for the app on the phone; it is asked for from `confirm_second` on. Refused("password.wrong")."""
        account = self._prove(by, password)
        if account.has_second:
            raise Refused("second.on")
        secret = second_step.new_secret()
        with self._database.writing() as tx:
            current = account_of(tx, by.id)
            sealed = self._vault.seal(secret, by.id)
            tx.accounts.change(replace(current, second=sealed, second_step=None))
        return SecondStep(address=second_step.address(secret, account.user.name), secret=second_step.text_of(secret))

    def confirm_second(self, code: str, *, by: Actor, token: str) -> None:
        """The app shows this code, so it has the secret: it is asked for from now on, and every other session ends.

        Refused("second.off") where no secret was offered, "login.code-wrong".
        """
        require_person(by)
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            account = account_of(tx, by.id)
            if account.second is None or account.has_second:
                raise Refused("second.on" if account.has_second else "second.off")
            step = self._step(account, code, now_ms)
            if step is None:
                raise Refused("login.code-wrong")
            tx.accounts.change(replace(account, second_step=step))
            tx.accounts.end_sessions_of(by.id, hash_of(token))
            note_own(tx, by, "second.on", subject=by.name, at_ms=now_ms)

    def drop_second(self, *, by: Actor, password: str) -> None:
        """Ask for no code any more. Refused("password.wrong")."""
        self._prove(by, password)
        with self._database.writing() as tx:
            tx.accounts.change(replace(account_of(tx, by.id), second=None, second_step=None))
            note_own(tx, by, "second.off", subject=by.name, at_ms=self._clock.now_ms())

    def has_second(self, *, by: Actor) -> bool:
        """Is a code asked for?"""
        with self._database.reading() as tx:
            account = tx.accounts.by_id(by.id)
        return account is not None and account.has_second

    def _step(self, account: Account, code: str, now_ms: int) -> int | None:
        secret = self._vault.open(account.second or b"", account.user.id)
        if secret is None:
            return None
        return second_step.step_of(secret, code, now_ms, account.second_step or NEVER_STEP)

    def _prove(self, by: Actor, password: str) -> Account:
        """Whoever acts is a person who knows their password: not a token, not a screen left open."""
        now_ms = self._clock.now_ms()
        with self._database.reading() as tx:
            account = tx.accounts.by_id(by.id) if by.only is None else None
        if account is None:
            raise Refused("session.person")
        if now_ms < account.locked_until_ms:
            raise Refused("login.locked", seconds=-(-(account.locked_until_ms - now_ms) // 1000))
        if not self._passwords.matches(account.password_hash, password):
            self._failed(account, now_ms)
            raise Refused("password.wrong")
        return account

    def _failed(self, account: Account | None, now_ms: int) -> None:
        if account is None:
            return
        with self._database.writing() as tx:
            current = tx.accounts.by_id(account.user.id)
            if current is not None:
                failed = current.failed + 1
                tx.accounts.change(replace(current, failed=failed, locked_until_ms=now_ms + wait_ms(failed)))


def begin(tx: Transaction, account: Account, now_ms: int, caller: Caller | None) -> Session:
    """A fresh session of this account, which has proved who it is, within the caller's commit."""
    token, where = secrets.token_urlsafe(32), caller or Caller()
    tx.accounts.end_expired(now_ms)
    tx.accounts.change(replace(account, failed=0, locked_until_ms=0))
    tx.accounts.add_session(
        KeptSession(
            id=new_id(now_ms),
            token_hash=hash_of(token),
            user=account.user.id,
            created_ms=now_ms,
            expires_ms=now_ms + SESSION_MS,
            agent=where.agent[:200],
            address=where.address[:64],
        )
    )
    return Session(token=token, user=account.user, expires_ms=now_ms + SESSION_MS)


def wait_ms(failed: int) -> int:
    """How long to wait after this many wrong passwords in a row."""
    if failed < FREE_TRIES:
        return 0
    return int(min(FIRST_WAIT_MS * 2 ** min(failed - FREE_TRIES, 20), LONGEST_WAIT_MS))


def hash_of(token: str) -> str:
    """What is kept of a token: its SHA-256. A stolen database opens no door."""
    return hashlib.sha256(token.encode()).hexdigest()
