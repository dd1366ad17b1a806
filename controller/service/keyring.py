"""The controller's keys while it runs: what signs plans, orders, configs and answers, and the master of all node keys.

A pure holder: `controller.keyfile` reads it from disk and writes it. The root's private key is never in here: it seals the
trust document when the keys are made or changed, and is off the machine in between.

A use may have several keys: the one that signs today, older ones that nodes still believe, and one that signs from a moment
to come. Which one signs is told by the message's own `iat`: no moment needs anybody to be awake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.domain.airing import Klass
from controller.domain.errors import Refused
from controller.protocol import codec, keys, seal
from controller.protocol.messages import Answer, Config, FromController, Order, PlanHead, Trust, TrustKey, Use

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
    """One Ed25519 key and what it is for. Times are UTC ms; `since` is from when on we sign with it."""

    kid: str
    use: Use
    private: Ed25519PrivateKey = field(repr=False, compare=False)
    nbf: int
    exp: int
    since: int = 0

    @property
    def public_text(self) -> str:
        """The public half, as in messages."""
        return keys.to_text(self.private.public_key().public_bytes_raw())


def _always() -> None:
    """Nothing holds a signature back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedKey:
    """A key that nobody shall obey again: when that was said, and when it would have ended by itself (UTC ms)."""

    kid: str
    use: Use
    at: int
    exp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """All keys as they stand together. `keys` by kid; `trust` is the sealed trust document that names them to all nodes."""

    issuer: str
    master: bytes = field(repr=False)
    root_text: str
    keys: Mapping[str, SigningKey]
    revoked: tuple[RevokedKey, ...]
    trust: bytes = field(repr=False)
    trust_version: int

    def signer(self, use: Use, at_ms: int) -> SigningKey:
        """The key that signs for `use` at that moment: the last one whose time has come; before all of them, the first."""
        mine = sorted((key for key in self.keys.values() if key.use is use), key=lambda key: key.since)
        return next((key for key in reversed(mine) if key.since <= at_ms), mine[0])


class Keyring:
    """Who we are to our nodes. Any thread may use it: a change of keys is the swap of one reference (`become`).

    `may_sign` is asked before each signature, and raises what holds it back (`service.clock_guard`).
    """

    __slots__ = ("_derived", "_held", "_may_sign")

    def __init__(self, held: KeySet, *, may_sign: Callable[[], None] = _always) -> None:
        self._held = held
        self._may_sign = may_sign
        self._derived = lru_cache(maxsize=_NODE_KEYS_KEPT)(lambda node, number: keys.node_key(held.master, node, number))

    @property
    def held(self) -> KeySet:
        """Everything at one moment; whoever needs two things that belong together takes them from here."""
        return self._held

    @property
    def issuer(self) -> str:
        """Our name in what we sign."""
        return self._held.issuer

    @property
    def master(self) -> bytes:
        """What every node's key is derived from."""
        return self._held.master

    @property
    def trail_key(self) -> bytes:
        """What chains the trail's lines: 32 bytes derived from the master, so never in the database."""
        return keys.derived(self._held.master, "trail")

    @property
    def vault_key(self) -> bytes:
        """What seals small secrets in the database (`service.vault`): 32 bytes derived from the master."""
        return keys.derived(self._held.master, "vault")

    @property
    def root_text(self) -> str:
        """The root's public half."""
        return self._held.root_text

    @property
    def keys(self) -> Mapping[str, SigningKey]:
        """Every key that nodes may obey, by kid."""
        return self._held.keys

    @property
    def trust(self) -> bytes:
        """The sealed trust document, the same bytes for all."""
        return self._held.trust

    @property
    def trust_version(self) -> int:
        """Its version."""
        return self._held.trust_version

    def may_sign(self) -> None:
        """Unavailable("clock.behind") while nothing may be signed."""
        self._may_sign()

    def become(self, held: KeySet) -> None:
        """From now on these are the keys. Refused("keys.exchanged") if they are another station's: nodes would obey neither."""
        if (held.master, held.root_text) != (self._held.master, self._held.root_text):
            raise Refused("keys.exchanged")
        self._held = held

    def sign(self, use: Use, message: FromController) -> bytes:
        """`message`, encoded and sealed with the key of `use` at its `iat`; ValueError if that may not seal such a message.

        A message above the contract's 16 kB is a ValueError too: nobody could open it.
        """
        if not isinstance(message, _MAY_SEAL[use]):
            raise ValueError(f"a key for {use.value} does not seal {type(message).__name__}")
        self._may_sign()
        key = self._held.signer(use, message.iat)
        token = seal.sign(codec.TYP_OF[type(message)], key.kid, key.private, codec.encode(message))
        if len(token) > codec.MAX_MESSAGE:
            raise ValueError(f"{type(message).__name__} of {len(token)} bytes: what is big is named by its hash")
        return token

    def node_key(self, node: str, generation: int) -> bytes:
        """The 32-byte key by which one generation of a node seals; the last 20,000 asked for are remembered."""
        return self._derived(node, generation)


def has_our_root(held: KeySet, trust: bytes) -> bool:
    """Did the root of these keys seal that trust document, of whichever day?"""
    root = keys.public_key(held.root_text)
    try:
        seal.open_signed(trust, codec.TYP_OF[Trust], lambda kid: root if kid == keys.ROOT_KID else None)
    except seal.SealError:
        return False
    return True


def seal_trust(
    root: Ed25519PrivateKey,
    signing: Iterable[SigningKey],
    revoked: Iterable[RevokedKey] = (),
    *,
    now_ms: int,
    version: int,
    iss: str,
) -> bytes:
    """The trust document that makes every node obey `signing`, sealed by the root. It expires with the last of its keys."""
    named = trust_keys(signing)
    trust = Trust(
        iss=iss,
        aud=EVERYBODY,
        iat=now_ms,
        exp=max(key.exp for key in named),
        version=version,
        keys=named,
        revoked=tuple(key.kid for key in revoked),
    )
    return seal.sign(codec.TYP_OF[Trust], keys.ROOT_KID, root, codec.encode(trust))


def trust_keys(signing: Iterable[SigningKey]) -> tuple[TrustKey, ...]:
    """What nodes shall know of `signing`: the whole tree, and the classes that each use needs."""
    return tuple(
        TrustKey(kid=key.kid, use=key.use, x=key.public_text, nbf=key.nbf, exp=key.exp, classes=_CLASSES.get(key.use, ()))
        for key in signing
    )


def kid_of(sealed: bytes) -> str:
    """By which key something of ours was sealed."""
    return seal.header_of(sealed).kid
