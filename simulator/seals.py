"""Opening seals for thousands of nodes in one process: identical bytes are verified once.

An order to a province comes to each of its nodes, and each real node verifies it on its own processor. Here one process
would verify it 9,000 times, which measures nothing but this process. What differs (answers, configs) is verified each time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from controller.protocol import seal

REMEMBERED = 256
"""Tokens, the last used stay: an order that is on its way to thousands is used all the time, an answer only once."""

_Opened = tuple[str, bytes]


class Seals:
    """`verify` is `seal.open_signed`, remembering what it opened by (token, typ) and the very key that proved it."""

    __slots__ = ("_known", "verified")

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[bytes, str], tuple[Ed25519PublicKey | None, _Opened]] = OrderedDict()
        self.verified = 0

    def verify(self, token: bytes, typ: str, key_of: Callable[[str], Ed25519PublicKey | None]) -> _Opened:
        """The (kid, payload) of a controller's token; SealError unless all of it is exact and the signature true."""
        name = (token, typ)
        known = self._known.get(name)
        if known is not None and known[0] is key_of(known[1][0]):
            self._known.move_to_end(name)
            return known[1]
        self.verified += 1
        opened = seal.open_signed(token, typ, key_of)
        self._known[name] = key_of(opened[0]), opened
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return opened
