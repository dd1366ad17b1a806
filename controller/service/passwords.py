"""Passwords: Argon2id (RFC 9106), made and checked a few at a time. The only importer of argon2."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from controller.domain.errors import Refused

MIN_LENGTH = 8
"""NIST SP 800-63B: length, no rules about kinds of letters."""

MAX_LENGTH = 200
"""More than any sentence a person uses; a cap on what strangers can make us hash."""

MEMORY_KIB = 19 * 1024
"""OWASP's leaner profile (19 MiB, 2 passes): the whole controller lives in 300 MB beside 9,000 loudspeakers."""

AT_ONCE = 2
"""Checks that run together: a flood of logins costs at most two times MEMORY_KIB, and one core stays free."""


class Passwords:
    """Makes and checks hashes. Thread-safe."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=memory_kib, parallelism=1)
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """The hash to keep; Refused when the password is too short or too long."""
        if len(password) < MIN_LENGTH:
            raise Refused("password.short", limit=MIN_LENGTH)
        if len(password) > MAX_LENGTH:
            raise Refused("password.long", limit=MAX_LENGTH)
        with self._turns:
            return self._hasher.hash(password)

    def matches(self, kept: str | None, password: str) -> bool:
        """Is it the password? `kept` None or empty (nobody, or nobody's password) takes as long, and is never a match."""
        if len(password) > MAX_LENGTH:
            return False
        with self._turns:
            try:
                self._hasher.verify(kept or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return bool(kept)
