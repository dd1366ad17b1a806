"""People's accounts as they are kept: who may sign in, with which rights, and their sessions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from controller.domain.rights import Actor, Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Actor):
    """A person who may sign in. A demo account has a password that everybody knows."""

    demo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user with what is kept secret about it."""

    user: User
    password_hash: str
    failed: int
    locked_until_ms: int


class Accounts(Protocol):
    """Accounts and sessions within one commit."""

    def by_name(self, name: str) -> Account | None: ...
    def by_id(self, user: str) -> Account | None: ...
    def all(self) -> list[User]: ...
    def add(self, account: Account, now_ms: int) -> None: ...
    def change(self, account: Account) -> None: ...
    def grant(self, user: str, grants: Collection[Grant]) -> None: ...
    def remove(self, user: str) -> None: ...
    def add_session(self, token_hash: str, user: str, now_ms: int, expires_ms: int) -> None: ...
    def session(self, token_hash: str, now_ms: int) -> User | None: ...
    def end_session(self, token_hash: str) -> None: ...
    def end_sessions_of(self, user: str, but: str | None) -> None: ...
    def end_expired(self, now_ms: int) -> None: ...
