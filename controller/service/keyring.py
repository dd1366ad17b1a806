"""The controller's keys while it runs: what signs plans, orders, configs and answers, and the master of all node keys.

A pure holder: `controller.keyfile` reads it from disk and writes it. The root's private key is never in here: it seals the
trust document when the keys are made, and may leave the machine after that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.domain.airing import Klass
from controller.protocol import codec, keys, seal
from controller.protocol.messages import Answer, Config, Order, PlanHead, Trust, TrustKey, Use

EVERYBODY = "all"
"""The `aud` of a trust document that is for every node."""

_NODE_KEYS_KEPT = 20_000
"""Derived keys kept in memory: twice the largest province, some 4 MB. One more HKDF costs 20 us."""

_CLASSES: dict[Use, tuple[Klass, ...]] = {
    Use.PLAN: (Klass.NORMAL, Klass.PRIORITY),
    Use.ORDER: (Klass.NORMAL, Klass.PRIORITY),
    Use.LIVE: (Klass.NORMAL, Klass.PRIORITY),
    Use.EMERGENCY: (Klass.EMERGENCY,),
}
"""The classes each use may make sound: the key of everyday orders opens no night."""

_MAY_SEAL: dict[Use, type[msgspec.Struct]] = {
    Use.PLAN: PlanHead,
    Use.ORDER: Order,
    Use.EMERGENCY: Order,
    Use.LIVE: Order,
    Use.CONFIG: Config,
    Use.ANSWER: Answer,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """One Ed25519 key and what it is for. Times are UTC ms."""

    kid: str
    use: Use
    private: Ed25519PrivateKey = field(repr=False)
    nbf: int
    exp: int

    @property
    def public_text(self) -> str:
        """The public half, as in messages."""
        return keys.to_text(self.private.public_key().public_bytes_raw())


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """Who we are to our nodes. `trust` is the sealed trust document, the same bytes for all. Any thread may use it."""

    issuer: str
    master: bytes = field(repr=False)
    root_text: str
    keys: Mapping[Use, SigningKey]
    trust: bytes = field(repr=False)
    trust_version: int
    _derived: Callable[[str, int], bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        master = self.master
        cached = lru_cache(maxsize=_NODE_KEYS_KEPT)(lambda node, generation: keys.node_key(master, node, generation))
        object.__setattr__(self, "_derived", cached)

    def sign(self, use: Use, message: msgspec.Struct) -> bytes:
        """`message`, encoded and sealed with the key of `use`; ValueError if that key may not seal such a message.

        A message above the contract's 16 kB is a ValueError too: nobody could open it.
        """
        if not isinstance(message, _MAY_SEAL[use]):
            raise ValueError(f"a key for {use.value} does not seal {type(message).__name__}")
        key = self.keys[use]
        token = seal.sign(codec.TYP_OF[type(message)], key.kid, key.private, codec.encode(message))
        if len(token) > codec.MAX_MESSAGE:
            raise ValueError(f"{type(message).__name__} of {len(token)} bytes: what is big is named by its hash")
        return token

    def node_key(self, node: str, generation: int) -> bytes:
        """The 32-byte key by which one generation of a node seals; the last 20,000 asked for are remembered."""
        return self._derived(node, generation)


def seal_trust(
    root: Ed25519PrivateKey, signing: Mapping[Use, SigningKey], *, now_ms: int, version: int, iss: str, aud: str = EVERYBODY
) -> bytes:
    """The trust document that makes nodes obey `signing`, sealed by the root. It expires with the last of its keys."""
    trust = Trust(
        iss=iss,
        aud=aud,
        iat=now_ms,
        exp=max(key.exp for key in signing.values()),
        version=version,
        keys=trust_keys(signing),
    )
    return seal.sign(codec.TYP_OF[Trust], keys.ROOT_KID, root, codec.encode(trust))


def trust_keys(signing: Mapping[Use, SigningKey]) -> tuple[TrustKey, ...]:
    """What nodes shall know of `signing`, in the order of `Use`: the whole tree, and the classes that each use needs."""
    return tuple(
        TrustKey(kid=key.kid, use=use, x=key.public_text, nbf=key.nbf, exp=key.exp, classes=_CLASSES.get(use, ()))
        for use in Use
        if (key := signing.get(use)) is not None
    )
