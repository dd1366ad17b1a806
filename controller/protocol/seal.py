"""Seals: JWS in compact form (RFC 7515), Ed25519 (RFC 9864) from the controller, HS256 from a node. Nothing is negotiated.

The caller names the algorithm, the `typ` and the keys; the token has no say. A protected header holds exactly `alg`, `kid`
and `typ`: anything else (`crit`, `jwk`, `b64`...) is refused, for it could change what the rest means. Why these hundred
lines and not a JOSE library: docs/adr/0003. `tests/unit/controller/protocol/test_seal.py` holds joserfc beside them.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from controller.protocol.codec import MAX_MESSAGE
from controller.protocol.messages import Kid

_HEADERS_KEPT = 65_536
"""A node's header is the same in each of its messages of a type: 10,000 nodes of 4 types fit. Then the table starts anew.
Only what a true signature covered is kept: a flood of strange headers leaves nothing here."""

_HEADER_MAX = 400
"""Bytes of a header as written: a kid of 64 and room to spare; nothing longer is decoded."""

_K = TypeVar("_K")
_URL_TO_STD = bytes.maketrans(b"-_", b"+/")


class SealError(Exception):
    """A token that is no valid seal. `code` is stable: seal.size, .form, .header, .alg, .typ, .key, .signature."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The whole of a protected header."""

    alg: str
    kid: Kid
    typ: str


def sign(typ: str, kid: str, key: Ed25519PrivateKey, payload: bytes) -> bytes:
    """Seal `payload` as the controller: a compact JWS in ASCII."""
    head = _head("Ed25519", kid, typ, payload)
    return head + b"." + _b64(key.sign(head))


def mac(typ: str, kid: str, key: bytes, payload: bytes) -> bytes:
    """Seal `payload` as a node, with its 32-byte key: a compact JWS in ASCII."""
    head = _head("HS256", kid, typ, payload)
    return head + b"." + _b64(hmac.digest(key, head, "sha256"))


def open_signed(token: bytes, typ: str, key_of: Callable[[str], Ed25519PublicKey | None]) -> tuple[str, bytes]:
    """The (kid, payload) of a controller's token; SealError unless all of it is exact and the signature true."""
    header, head, payload, signature = _split(token)
    key = _key(header, "Ed25519", typ, key_of)
    try:
        key.verify(signature, head)
    except InvalidSignature:
        raise SealError("seal.signature") from None
    _remember(header, head)
    return header.kid, payload


def open_mac(token: bytes, typ: str, key_of: Callable[[str], bytes | None]) -> tuple[str, bytes]:
    """The (kid, payload) of a node's token; SealError unless all of it is exact and the MAC true."""
    header, head, payload, signature = _split(token)
    key = _key(header, "HS256", typ, key_of)
    if not hmac.compare_digest(hmac.digest(key, head, "sha256"), signature):
        raise SealError("seal.signature")
    _remember(header, head)
    return header.kid, payload


def header_of(token: bytes) -> Header:
    """The header that a token claims, unverified: only to choose what to hold it against. SealError if it has none."""
    return _header(token[: _HEADER_MAX + 1].partition(b".")[0])


def payload_of(token: bytes) -> bytes:
    """What is inside, whoever sealed it: for what we sealed ourselves and kept; SealError if it has not the form."""
    return _split(token)[2]


def typ_of(token: bytes) -> str:
    """The `typ` that a token claims, unverified: only to choose what to hold it against."""
    return header_of(token).typ


def _head(alg: str, kid: str, typ: str, payload: bytes) -> bytes:
    return _b64(b'{"alg":"%b","kid":"%b","typ":"%b"}' % (alg.encode(), kid.encode(), typ.encode())) + b"." + _b64(payload)


def _split(token: bytes) -> tuple[Header, bytes, bytes, bytes]:
    if len(token) > MAX_MESSAGE:
        raise SealError("seal.size")
    head, dot, signature = token.rpartition(b".")
    header, middle, payload = head.partition(b".")
    if not dot or not middle or b"." in payload:
        raise SealError("seal.form")
    return _header(header), head, _unb64(payload), _unb64(signature)


_seen: dict[bytes, Header] = {}


def _header(part: bytes) -> Header:
    known = _seen.get(part)
    if known is not None:
        return known
    if len(part) > _HEADER_MAX:
        raise SealError("seal.header")
    raw = _unb64(part)
    try:
        header = _HEADER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SealError("seal.header") from None
    if b"\\" in raw or raw.count(b'"alg"') + raw.count(b'"kid"') + raw.count(b'"typ"') != 3:
        raise SealError("seal.header")  # a member twice, perhaps spelt with an escape: parsers differ about which one counts
    return header


def _remember(header: Header, head: bytes) -> None:
    part = head[: head.index(b".")]
    if part not in _seen:
        if len(_seen) >= _HEADERS_KEPT:
            _seen.clear()
        _seen[part] = header


def _key(header: Header, alg: str, typ: str, key_of: Callable[[str], _K | None]) -> _K:
    if header.alg != alg:
        raise SealError("seal.alg")
    if header.typ != typ:
        raise SealError("seal.typ")
    key = key_of(header.kid)
    if key is None:
        raise SealError("seal.key")
    return key


def _b64(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def _unb64(part: bytes) -> bytes:
    """The bytes of base64url without padding. Only their one canonical spelling: else one seal could look like many."""
    try:
        raw = a2b_base64(part.translate(_URL_TO_STD) + b"=" * (-len(part) % 4), strict_mode=True)
    except Base64Error:
        raise SealError("seal.form") from None
    if _b64(raw) != part:
        raise SealError("seal.form")
    return raw


_HEADER = msgspec.json.Decoder(Header)
