"""People's accounts as they are kept: who may sign in, with which rights; their sessions, tokens and invitations."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from controller.domain.rights import Actor, Deed, Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Actor):
    """A person who may sign in. A demo account has a password that everybody knows."""

    demo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user with what is kept secret about it. `password_hash` empty: invited, and no password chosen yet.

    `second`: the sealed secret of the second step; it counts from the moment at which `second_step` is known.
    """

    user: User
    password_hash: str = ""
    failed: int = 0
    locked_until_ms: int = 0
    second: bytes | None = None
    second_step: int | None = None

    @property
    def has_second(self) -> bool:
        """Is a second step asked for?"""
        return self.second is not None and self.second_step is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSession:
    """A session as its owner sees it. `agent`: what the browser calls itself."""

    id: str
    token_hash: str
    user: str
    created_ms: int
    expires_ms: int
    agent: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptToken:
    """What a program signs in with, for some deeds of its owner's, until it expires."""

    id: str
    user: str
    name: str
    token_hash: str
    deeds: frozenset[Deed]
    created_ms: int
    expires_ms: int


class Accounts(Protocol):
    """Accounts, and what opens doors for them, within one commit. Secrets are known by their SHA-256 only."""

    def by_name(self, name: str) -> Account | None: ...
    def by_id(self, user: str) -> Account | None: ...
    def all(self) -> list[User]: ...
    def add(self, account: Account, now_ms: int) -> None: ...
    def change(self, account: Account) -> None: ...
    def grant(self, user: str, grants: Collection[Grant]) -> None: ...
    def remove(self, user: str) -> None: ...

    def add_session(self, session: KeptSession) -> None: ...
    def session(self, token_hash: str, now_ms: int) -> User | None: ...
    def sessions_of(self, user: str, now_ms: int) -> list[KeptSession]: ...
    def end_session(self, token_hash: str) -> None: ...
    def end_sessions_of(self, user: str, but: str | None) -> None: ...
    def end_expired(self, now_ms: int) -> None: ...

    def add_token(self, token: KeptToken) -> None: ...
    def token(self, token_hash: str, now_ms: int) -> tuple[KeptToken, User] | None: ...
    def tokens_of(self, user: str, now_ms: int) -> list[KeptToken]: ...
    def revoke(self, token: str) -> None: ...
    def revoke_all_of(self, user: str) -> None: ...

    def invite(self, user: str, token_hash: str, expires_ms: int) -> None: ...
    def invited(self, token_hash: str, now_ms: int) -> Account | None: ...
    def uninvite(self, user: str) -> None: ...
