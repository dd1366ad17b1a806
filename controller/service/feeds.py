"""Who may read a unit's calendar: calendar apps can't sign in, so a person gives them an address with a token in it.

A token is bound to one person, one unit and this one use. It is kept nowhere: it is worked out from what only the database
holds, the person's password hash. A new password, or the end of the account, makes every token of that person worthless; who
may not look at the unit any more, reads nothing by it.
"""

from __future__ import annotations

import hashlib
import hmac

from controller.domain.errors import Refused
from controller.domain.rights import Actor
from controller.service.accounts import Account, User
from controller.service.ports import Database

_USE = "calendar"


class Feeds:
    """Makes and knows tokens. Thread-safe."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    def token(self, by: Actor, unit: str) -> str:
        """The token with which a calendar app reads this unit's feed. Refused("feed.person") for who has no account."""
        account = self._account(by.id) if by.only is None else None
        if account is None:
            raise Refused("feed.person")
        return f"{by.id}.{_mac(account, unit)}"

    def who(self, token: str, unit: str) -> User | None:
        """Whose token this is; None if it is nobody's, or for something else."""
        name, _, mac = token.partition(".")
        account = self._account(name)
        if account is None or not hmac.compare_digest(mac.encode(), _mac(account, unit).encode()):
            return None
        return account.user

    def _account(self, user: str) -> Account | None:
        with self._database.reading() as tx:
            account = tx.accounts.by_id(user)
        return account if account is not None and account.password_hash else None  # without one, anybody could work it out


def _mac(account: Account, unit: str) -> str:
    return hmac.new(account.password_hash.encode(), f"{_USE}:{account.user.id}:{unit}".encode(), hashlib.sha256).hexdigest()
