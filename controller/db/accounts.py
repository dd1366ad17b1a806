"""Accounts, their grants, sessions, tokens and invitations in the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, select, update

from controller.db.people_tables import grants, invitations, sessions, tokens, users
from controller.db.tables import units
from controller.domain.rights import Deed, Grant, Role
from controller.service.accounts import Account, KeptSession, KeptToken, User

EVERYWHERE = ""
"""What the column of a grant's unit holds where the grant is for everything."""


class SqlAccounts:
    """Accounts and sessions on one connection: `service.accounts.Accounts`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_name(self, name: str) -> Account | None:
        """The account of that name, or None."""
        return self._account(select(users).where(users.c.name == name))

    def by_id(self, user: str) -> Account | None:
        """The account, or None."""
        return self._account(select(users).where(users.c.id == user))

    def all(self) -> list[User]:
        """Everybody, by name."""
        rows = self._connection.execute(select(users).order_by(users.c.name)).all()
        granted = self._grants(None)
        return [_user(row, granted.get(row.id, ())) for row in rows]

    def add(self, account: Account, now_ms: int) -> None:
        """A new account with its grants."""
        self._connection.execute(users.insert(), [_row(account) | {"created_ms": now_ms}])
        self.grant(account.user.id, account.user.grants)

    def change(self, account: Account) -> None:
        """The account as it now is, but for its grants."""
        self._connection.execute(update(users).where(users.c.id == account.user.id).values(_row(account)))

    def grant(self, user: str, granted: Collection[Grant]) -> None:
        """These are the grants of an account, and no others."""
        self._connection.execute(delete(grants).where(grants.c.user == user))
        rows = [{"user": user, "unit": grant.unit or EVERYWHERE, "role": grant.role} for grant in granted]
        if rows:
            self._connection.execute(grants.insert(), rows)

    def remove(self, user: str) -> None:
        """Take the account away, with all that opens a door for it."""
        for table in (sessions, tokens, invitations, grants):
            self._connection.execute(delete(table).where(table.c.user == user))
        self._connection.execute(delete(users).where(users.c.id == user))

    def add_session(self, session: KeptSession) -> None:
        """A new session."""
        self._connection.execute(sessions.insert(), [asdict(session)])

    def session(self, token_hash: str, now_ms: int) -> User | None:
        """Whose session it is, or None when it is over or never was."""
        mine = (sessions.c.token_hash == token_hash) & (sessions.c.expires_ms > now_ms)
        found = self._account(select(users).join(sessions, sessions.c.user == users.c.id).where(mine))
        return found.user if found else None

    def sessions_of(self, user: str, now_ms: int) -> list[KeptSession]:
        """The sessions of a user that are not over, the newest first."""
        query = select(sessions).where(sessions.c.user == user, sessions.c.expires_ms > now_ms)
        rows = self._connection.execute(query.order_by(sessions.c.created_ms.desc(), sessions.c.id))
        return [KeptSession(**row._mapping) for row in rows]

    def end_session(self, token_hash: str) -> None:
        """End one session."""
        self._connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash))

    def end_sessions_of(self, user: str, but: str | None) -> None:
        """End all sessions of a user, except the one whose hash is `but`."""
        self._connection.execute(delete(sessions).where(sessions.c.user == user, sessions.c.token_hash != (but or "")))

    def end_expired(self, now_ms: int) -> None:
        """Forget sessions that are over."""
        self._connection.execute(delete(sessions).where(sessions.c.expires_ms <= now_ms))

    def add_token(self, token: KeptToken) -> None:
        """A new token."""
        row = asdict(token) | {"deeds": " ".join(sorted(token.deeds))}
        self._connection.execute(tokens.insert(), [row])

    def token(self, token_hash: str, now_ms: int) -> tuple[KeptToken, User] | None:
        """The token and its owner, or None when it is over or never was."""
        query = select(tokens).where(tokens.c.token_hash == token_hash, tokens.c.expires_ms > now_ms)
        row = self._connection.execute(query).one_or_none()
        owner = self.by_id(row.user) if row else None
        return (_token(row), owner.user) if row and owner else None

    def tokens_of(self, user: str, now_ms: int) -> list[KeptToken]:
        """The tokens of a user that are not over, the newest first."""
        query = select(tokens).where(tokens.c.user == user, tokens.c.expires_ms > now_ms)
        rows = self._connection.execute(query.order_by(tokens.c.created_ms.desc(), tokens.c.id))
        return [_token(row) for row in rows]

    def revoke(self, token: str) -> None:
        """End one token."""
        self._connection.execute(delete(tokens).where(tokens.c.id == token))

    def revoke_all_of(self, user: str) -> None:
        """End every token of a user."""
        self._connection.execute(delete(tokens).where(tokens.c.user == user))

    def invite(self, user: str, token_hash: str, expires_ms: int) -> None:
        """The invitation of a user is this one, and no other."""
        self.uninvite(user)
        self._connection.execute(invitations.insert(), [{"user": user, "token_hash": token_hash, "expires_ms": expires_ms}])

    def invited(self, token_hash: str, now_ms: int) -> Account | None:
        """Whose invitation it is, or None when it is over or never was."""
        mine = (invitations.c.token_hash == token_hash) & (invitations.c.expires_ms > now_ms)
        return self._account(select(users).join(invitations, invitations.c.user == users.c.id).where(mine))

    def uninvite(self, user: str) -> None:
        """The user has no invitation any more."""
        self._connection.execute(delete(invitations).where(invitations.c.user == user))

    def _account(self, query: Select[Any]) -> Account | None:
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        return Account(
            user=_user(row, self._grants(row.id).get(row.id, ())),
            password_hash=row.password_hash,
            failed=row.failed,
            locked_until_ms=row.locked_until_ms,
            second=row.second,
            second_step=row.second_step,
        )

    def _grants(self, user: str | None) -> dict[str, list[Grant]]:
        """By user: one's, or (None) everybody's. A unit that is not there any more grants nothing."""
        query = select(grants, units.c.path).join(units, units.c.id == grants.c.unit, isouter=True)
        if user is not None:
            query = query.where(grants.c.user == user)
        found: dict[str, list[Grant]] = {}
        for row in self._connection.execute(query):
            if row.path is not None or row.unit == EVERYWHERE:
                path = tuple((row.path or "").strip("/").split("/")) if row.path else ()
                found.setdefault(row.user, []).append(Grant(path=path, role=Role(row.role)))
        return found


def _user(row: Row[Any], granted: Iterable[Grant]) -> User:
    return User(id=row.id, name=row.name, demo=row.demo, grants=tuple(sorted(granted)))


def _token(row: Row[Any]) -> KeptToken:
    deeds = frozenset(deed for deed in Deed if deed in row.deeds.split())  # one that is no more gives no right
    return KeptToken(**row._asdict() | {"deeds": deeds})


def _row(account: Account) -> dict[str, Any]:
    return {
        "id": account.user.id,
        "name": account.user.name,
        "demo": account.user.demo,
        "password_hash": account.password_hash,
        "failed": account.failed,
        "locked_until_ms": account.locked_until_ms,
        "second": account.second,
        "second_step": account.second_step,
    }
