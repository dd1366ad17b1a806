"""Accounts and sessions in the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from controller.db.database import Database
from controller.db.tables import sessions, users
from controller.service.users import Account, User


class SqlUsers:
    """Accounts and sessions on one connection: `service.users.UserStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_name(self, name: str) -> Account | None:
        """The account of that name, or None."""
        row = self._connection.execute(select(users).where(users.c.name == name)).one_or_none()
        return _account(row) if row else None

    def by_id(self, user: str) -> Account | None:
        """The account, or None."""
        row = self._connection.execute(select(users).where(users.c.id == user)).one_or_none()
        return _account(row) if row else None

    def all(self) -> list[User]:
        """Everybody, by name."""
        return [_user(row) for row in self._connection.execute(select(users).order_by(users.c.name))]

    def add(self, account: Account, now_ms: int) -> None:
        """A new account."""
        self._connection.execute(users.insert(), [_row(account) | {"created_ms": now_ms}])

    def change(self, account: Account) -> None:
        """The account as it now is."""
        self._connection.execute(update(users).where(users.c.id == account.user.id).values(_row(account)))

    def remove(self, user: str) -> None:
        """Take the account away; its sessions must be gone."""
        self._connection.execute(delete(users).where(users.c.id == user))

    def add_session(self, token_hash: str, user: str, now_ms: int, expires_ms: int) -> None:
        """A new session."""
        row = {"token_hash": token_hash, "user": user, "created_ms": now_ms, "expires_ms": expires_ms}
        self._connection.execute(sessions.insert(), [row])

    def session(self, token_hash: str, now_ms: int) -> User | None:
        """Whose session it is, or None when it is over or never was."""
        query = select(users).join(sessions, sessions.c.user == users.c.id)
        mine = (sessions.c.token_hash == token_hash) & (sessions.c.expires_ms > now_ms)
        row = self._connection.execute(query.where(mine)).one_or_none()
        return _user(row) if row else None

    def end_session(self, token_hash: str) -> None:
        """End one session."""
        self._connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash))

    def end_sessions_of(self, user: str, but: str | None) -> None:
        """End all sessions of a user, except the one whose hash is `but`."""
        self._connection.execute(delete(sessions).where(sessions.c.user == user, sessions.c.token_hash != (but or "")))

    def end_expired(self, now_ms: int) -> None:
        """Forget sessions that are over."""
        self._connection.execute(delete(sessions).where(sessions.c.expires_ms <= now_ms))


class UserBook:
    """Opens transactions on the accounts: `service.users.UserDatabase`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def reading(self) -> Iterator[SqlUsers]:
        """Sees one moment and changes nothing."""
        with self._database.read() as connection:
            yield SqlUsers(connection)

    @contextmanager
    def writing(self) -> Iterator[SqlUsers]:
        """Committed when the block ends well."""
        with self._database.write() as connection:
            yield SqlUsers(connection)


def _user(row: Row[Any]) -> User:
    return User(id=row.id, name=row.name, demo=row.demo)


def _account(row: Row[Any]) -> Account:
    return Account(user=_user(row), password_hash=row.password_hash, failed=row.failed, locked_until_ms=row.locked_until_ms)


def _row(account: Account) -> dict[str, Any]:
    return {
        "id": account.user.id,
        "name": account.user.name,
        "demo": account.user.demo,
        "password_hash": account.password_hash,
        "failed": account.failed,
        "locked_until_ms": account.locked_until_ms,
    }
