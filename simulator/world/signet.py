"""The controller's seals in a world: of the right form and size, and cheap.

Ed25519 costs 90 us to seal and 200 us to verify; a world of 5,000 nodes has 4 ms for a whole day of one node, and verifying
is tested elsewhere. So this is a MAC in the place of the signature, and identical bytes are opened once, for all who get
them. Everything else of a seal is as it always is, and a token that this signet did not make opens nowhere.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b, sha256

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from controller.protocol import keys, seal
from controller.protocol.codec import TYP_OF, encode
from controller.protocol.messages import Trust, TrustKey, Use
from controller.protocol.topics import FROM_NODE

REMEMBERED = 4_096
"""Tokens whose content is at hand: all that is on its way at a time, and each village's plan."""

FOR_EVER = 2**52
USES = (Use.PLAN, Use.CONFIG, Use.ANSWER)

_Opened = tuple[str, bytes]


class Signet:
    """Seals for one controller; `verify` is to be the engines' `seal.open_signed`."""

    def __init__(self, seed: str) -> None:
        self._secret = sha256(seed.encode()).digest()
        self._opened: OrderedDict[bytes, _Opened] = OrderedDict()
        self.root = self._public(keys.ROOT_KID)
        self._heads = {
            kid: self._head(kid, typ) for kid, typ in ((keys.ROOT_KID, "tl-trust"), *((use, f"tl-{use}") for use in USES))
        }

    def trust_keys(self) -> tuple[TrustKey, ...]:
        """The keys that a trust document shall name."""
        return tuple(TrustKey(kid=use.value, use=use, x=self._public(use.value), nbf=0, exp=FOR_EVER) for use in USES)

    def sign(self, message: msgspec.Struct) -> bytes:
        """A token of this message, sealed with the key that it needs."""
        typ = TYP_OF[type(message)]
        kid = keys.ROOT_KID if isinstance(message, Trust) else typ.removeprefix("tl-")
        payload = encode(message)
        head = b"%b.%b" % (self._heads[kid], _b64(payload))
        token = b"%b.%b" % (head, _b64(self._mac(head)))
        self._remember(token, (kid, payload))
        return token

    def verify(self, token: bytes, typ: str, key_of: Callable[[str], Ed25519PublicKey | None]) -> _Opened:
        """The (kid, payload) of a token that this signet made; SealError otherwise."""
        known = self._opened.get(token)
        if known is not None:
            return known
        header = seal.header_of(token)
        head, _, mac = token.rpartition(b".")
        if header.typ != typ or key_of(header.kid) is None or _b64(self._mac(head)) != mac:
            raise seal.SealError("seal.signature")
        opened = header.kid, _unb64(head.partition(b".")[2])
        self._remember(token, opened)
        return opened

    def _remember(self, token: bytes, opened: _Opened) -> None:
        self._opened[token] = opened
        if len(self._opened) > REMEMBERED:
            self._opened.popitem(last=False)

    def _mac(self, head: bytes) -> bytes:
        return blake2b(head, key=self._secret).digest()

    def _head(self, kid: str, typ: str) -> bytes:
        """The header as `seal.sign` writes it. It is opened once for real: from then on `seal` knows it at sight."""
        private = self._private(kid)
        token = seal.sign(typ, kid, private, b"{}")
        seal.open_signed(token, typ, {kid: private.public_key()}.get)
        return token.partition(b".")[0]

    def _private(self, kid: str) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(sha256(self._secret + kid.encode()).digest())

    def _public(self, kid: str) -> str:
        return keys.to_text(self._private(kid).public_key().public_bytes_raw())


def unsealed(typ: str, kid: str, key: bytes, payload: bytes) -> bytes:
    """A node's word as it is: in one process nobody stands between. In the place of `seal.mac`; `sealed_size` is its size."""
    return payload


def sealed_size(leaf: str, kid: str, payload: bytes) -> int:
    """How many bytes `seal.mac` would make of this word on this topic of a node's."""
    header = len('{"alg":"HS256","kid":"","typ":""}') + len(kid) + len(FROM_NODE[leaf])
    return _b64_size(header) + 1 + _b64_size(len(payload)) + 1 + _b64_size(32)


def _b64_size(size: int) -> int:
    return (size * 4 + 2) // 3


def _b64(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def _unb64(part: bytes) -> bytes:
    return urlsafe_b64decode(part + b"=" * (-len(part) % 4))
