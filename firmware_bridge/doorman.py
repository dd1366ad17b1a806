"""Who may come in: opens seals and checks that the key behind one may say this, here, now. Nothing unverified gets past it.

In order, cheapest first: size, the exact `typ` for the topic, a known key; then the signature, at most SEALS_PER_S a second;
then the message itself; then the key's use, scope and days. What fails before the signature is true is only counted.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from controller.domain.airing import Klass
from controller.protocol import keys, seal, topics
from controller.protocol.codec import MAX_MESSAGE, TYPES, DecodeError, decode
from controller.protocol.messages import Answer, Config, FromController, Order, PlanHead, Trust, TrustKey, Use

SEALS_PER_S = 20
"""Ed25519 costs a small board 1 to 4 ms: a flood must not take its time from the sound."""

FOR_EMERGENCIES = 5
"""The last seals of a second are opened only for what claims an emergency key."""

FUTURE_MS = 60_000
"""A message from further in the future than a trusted clock may be wrong was made ahead: its days would not be true."""

Verify = Callable[[bytes, str, Callable[[str], Ed25519PublicKey | None]], tuple[str, bytes]]
"""As `seal.open_signed`; a simulator that stands for thousands may remember identical bytes."""

INBOX = frozenset({"tl-order", "tl-plan", "tl-config", "tl-trust", "tl-answer"})
_UNIT_ORDER = frozenset({"tl-order"})
_VILLAGE_PLAN = frozenset({"tl-plan"})
_USES: dict[type, Use] = {PlanHead: Use.PLAN, Config: Use.CONFIG, Answer: Use.ANSWER}


class Keyring:
    """The keys of one trust document that are not revoked. Shared by all nodes of a process that hold the same document."""

    __slots__ = ("keys", "public", "version")

    def __init__(self, trust: Trust) -> None:
        self.version = trust.version
        self.keys: dict[str, TrustKey] = {key.kid: key for key in trust.keys if key.kid not in trust.revoked}
        self.public = {kid: public for kid, key in self.keys.items() if (public := _public(key.x)) is not None}


class Doorman:
    """Opens what comes for one node. `refused` counts what was not let in; `life` is which memory answers must mean."""

    __slots__ = ("_root", "_stamp_ms", "_tokens", "_verify", "life", "refused", "ring")

    def __init__(self, root: str, verify: Verify) -> None:
        self._root = _roots(root)
        self._verify = verify
        self._tokens = SEALS_PER_S * 1000
        self._stamp_ms = 0
        self.ring: Keyring | None = None
        self.life = ""
        self.refused = 0

    def open(self, token: bytes, typs: frozenset[str], now_ms: int | None) -> tuple[str, FromController] | None:
        """The (kid, message) of a token that may carry one of `typs`; None if it is not to be believed.

        `now_ms` None spends no budget: for what our own disk holds.
        """
        try:
            header = seal.header_of(token)
            public = self._root if header.typ == "tl-trust" else self.ring.public if self.ring else {}
            if header.typ in typs and len(token) <= MAX_MESSAGE and header.kid in public and self._afford(header.kid, now_ms):
                kid, payload = self._verify(token, header.typ, public.get)
                return kid, _decoded(header.typ, payload)
        except (seal.SealError, DecodeError):
            pass
        return None

    def key_of(self, kid: str, message: FromController, path: tuple[str, ...], node: str) -> TrustKey | None:
        """The key, if it may say this to this place; None otherwise. Its days are checked by `is_in_time`."""
        key = self.ring.keys.get(kid) if self.ring else None
        if key is None or not _has_use(key, message) or not _reaches(key, message.aud, path, node):
            return None
        return key

    def _afford(self, kid: str, now_ms: int | None) -> bool:
        """Is there budget for one more signature?"""
        if now_ms is None:
            return True
        self._tokens = min(SEALS_PER_S * 1000, self._tokens + (now_ms - self._stamp_ms) * SEALS_PER_S)
        self._stamp_ms = now_ms
        key = self.ring.keys.get(kid) if self.ring else None
        floor = 0 if key is not None and key.use is Use.EMERGENCY else FOR_EMERGENCIES * 1000
        if self._tokens - 1000 < floor:
            return False
        self._tokens -= 1000
        return True


def is_in_time(message: FromController, utc_ms: int, u_ms: int) -> bool:
    """Has it been issued, and not expired, give or take our own error? Needs a trusted clock."""
    return message.iat <= utc_ms + u_ms + FUTURE_MS and message.exp > utc_ms - u_ms


def typs_of(path: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """What a node at this place may hear where, besides its inbox: topic -> types. One table for all nodes of a village."""
    return _typs_of(path)


def ring_of(trust: Trust) -> Keyring:
    """The keyring of a trust document; nodes of one process that hold the same document share it."""
    return _ring_of(trust)


def may_class(key: TrustKey, klass: Klass) -> bool:
    """May this key seal sound of that class, its use aside? A key without classes: all that its use is for."""
    return not key.classes or klass in key.classes


def _has_use(key: TrustKey, message: FromController) -> bool:
    if isinstance(message, Order):
        wanted = Use.EMERGENCY if message.klass is Klass.EMERGENCY else Use.ORDER
        return key.use is wanted and may_class(key, message.klass)
    return key.use is _USES.get(type(message))


def _reaches(key: TrustKey, aud: str, path: tuple[str, ...], node: str) -> bool:
    """Is `aud` this node or a unit above it, and within the key's units?"""
    if aud == node:
        above = path
    elif aud in path:
        above = path[: path.index(aud) + 1]
    else:
        return False
    return not key.units or any(unit in key.units for unit in above)


def _public(x: str) -> Ed25519PublicKey | None:
    try:
        return keys.public_key(x)
    except ValueError:
        return None


def _decode(typ: str, payload: bytes) -> FromController:
    return cast(FromController, decode(TYPES[typ], payload))


@lru_cache(maxsize=64)
def _decode_shared(typ: str, payload: bytes) -> FromController:
    return _decode(typ, payload)


def _decoded(typ: str, payload: bytes) -> FromController:
    """The message; what goes to many nodes of one process alike is decoded, and held, once."""
    return _decode(typ, payload) if typ in ("tl-config", "tl-answer") else _decode_shared(typ, payload)


@lru_cache(maxsize=16)
def _ring_of(trust: Trust) -> Keyring:
    return Keyring(trust)


@lru_cache(maxsize=16)
def _roots(root: str) -> dict[str, Ed25519PublicKey]:
    return {keys.ROOT_KID: keys.public_key(root)}


@lru_cache(maxsize=8_192)
def _typs_of(path: tuple[str, ...]) -> dict[str, frozenset[str]]:
    typs = {topics.unit_order(unit): _UNIT_ORDER for unit in path}
    if path:
        typs[topics.village_plan(path[-1])] = _VILLAGE_PLAN
    return typs
