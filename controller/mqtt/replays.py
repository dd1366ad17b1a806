"""Asks that were answered. An ask's nonce is never used twice (WIRE-49), so the same bytes again are a stranger's replay.

Each answer costs a look into the database and a signature: whoever repeats what nodes once asked would keep us from what
they say now. A replay is known here by a look at a set, before its seal is opened.
"""

from __future__ import annotations

REMEMBERED = 131_072
"""Asks of one generation of the memory; there are two, together at most some 20 MB. A node asks every 10 minutes: of a
commune of 50 that is two weeks and more, of a province of 9,000 some hours. What is older is answered: it costs us, not them."""


class Replays:
    """Remembers the last REMEMBERED tokens it was told of, and up to as many before them. For one thread."""

    def __init__(self) -> None:
        self._new: set[int] = set()
        self._old: set[int] = set()

    def __contains__(self, token: bytes) -> bool:
        """Was it added lately? Python's keyed hash of 64 bits stands for the token."""
        name = hash(token)
        return name in self._new or name in self._old

    def add(self, token: bytes) -> None:
        """Remember a token whose seal was true."""
        if len(self._new) >= REMEMBERED:
            self._old, self._new = self._new, set()
        self._new.add(hash(token))
