"""What keys.json holds, as bytes: the keys that sign, those that were revoked, a check value of the master. Pure.

{"master_check": "16 hex digits",
 "keys": [{"kid", "use", "d": private, "x": public, "nbf", "exp", "since": from when on it signs, 0 unless told}, ...],
 "revoked": [{"kid", "use", "at", "exp"}, ...]}                         absent in older files
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.protocol import keys
from controller.protocol.messages import Trust, Use
from controller.service.keyring import RevokedKey, SigningKey


class _Key(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kid: str
    use: Use
    d: str
    x: str
    nbf: int
    exp: int
    since: int = 0


class _Revoked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kid: str
    use: Use
    at: int
    exp: int


class _Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    master_check: str
    keys: list[_Key]
    revoked: list[_Revoked] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the file says."""

    master_check: str
    keys: Sequence[SigningKey]
    revoked: Sequence[RevokedKey]


def encode(master: bytes, signing: Iterable[SigningKey], revoked: Iterable[RevokedKey]) -> bytes:
    """The file's bytes."""
    rows = [
        _Key(
            kid=key.kid,
            use=key.use,
            d=keys.to_text(key.private.private_bytes_raw()),
            x=key.public_text,
            nbf=key.nbf,
            exp=key.exp,
            since=key.since,
        )
        for key in signing
    ]
    gone = [_Revoked(kid=key.kid, use=key.use, at=key.at, exp=key.exp) for key in revoked]
    document = _Keys(master_check=master_check(master), keys=rows, revoked=gone)
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def decode(data: bytes) -> Kept:
    """What the bytes say; ValueError unless there is a key for each use, each is whole, and no two have one name."""
    document = msgspec.json.decode(data, type=_Keys)
    if {row.use for row in document.keys} != set(Use) or len({row.kid for row in document.keys}) != len(document.keys):
        raise ValueError("a use without a key, or two keys of one name")
    gone = tuple(RevokedKey(kid=row.kid, use=row.use, at=row.at, exp=row.exp) for row in document.revoked)
    return Kept(master_check=document.master_check, keys=tuple(map(_signing_key, document.keys)), revoked=gone)


def master_check(master: bytes) -> str:
    """Tells one master from another, and nothing about either: 64 bits of a hash of 256 random ones."""
    return hashlib.sha256(b"tl/1/master-check" + master).hexdigest()[:16]


def named(kept: Kept, trust: Trust) -> list[SigningKey]:
    """Those of the kept keys that nodes are told to obey, with the days that they were told."""
    told = {(key.kid, key.use, key.x): key for key in trust.keys if key.kid not in trust.revoked}
    found = ((key, told.get((key.kid, key.use, key.public_text))) for key in kept.keys)
    return [replace(key, nbf=there.nbf, exp=there.exp) for key, there in found if there is not None]


def disowned(kept: Kept, trust: Trust) -> tuple[RevokedKey, ...]:
    """The keys that nodes are told not to obey; one that the file still holds as good was struck out just then."""
    known = {key.kid: key for key in kept.revoked}
    known |= {key.kid: RevokedKey(kid=key.kid, use=key.use, at=trust.iat, exp=key.exp) for key in kept.keys}
    return tuple(known[kid] for kid in trust.revoked if kid in known)


def _signing_key(row: _Key) -> SigningKey:
    private = Ed25519PrivateKey.from_private_bytes(keys.from_text(row.d))
    if keys.to_text(private.public_key().public_bytes_raw()) != row.x:
        raise ValueError("the halves of a key do not belong together")
    return SigningKey(kid=row.kid, use=row.use, private=private, nbf=row.nbf, exp=row.exp, since=row.since)
